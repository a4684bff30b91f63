//! Calls from one node to another, over HTTP without encryption.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, Method, Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::secret::Secret;

/// Tells whose data folder a call is for. A node that lost its own refuses calls that were for it.
pub const DATA: HeaderName = HeaderName::from_static("headcount-data");

/// Longer a connection is not waited for: a node that is there answers within a round trip.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a call came to nothing.
#[derive(Debug)]
pub enum CallError {
    /// There was no connection: nothing was sent.
    Unreachable(String),
    /// It was sent, and what came back is no answer: whether it was carried out is not known.
    Lost(String),
    /// The other side said no, in these words.
    Refused(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unreachable(why) | Self::Lost(why) | Self::Refused(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for CallError {}

/// Calls other nodes, over connections that are kept.
#[derive(Clone)]
pub struct Client {
    http: legacy::Client<HttpConnector, Body>,
    secret: Secret,
}

impl Client {
    /// With this secret, from this address of the machine, or from any.
    pub fn new(secret: Secret, from: Option<IpAddr>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_local_address(from);
        Self { http: legacy::Client::builder(TokioExecutor::new()).build(connector), secret }
    }

    /// Sends a request as it is, and answers with what comes back.
    ///
    /// # Errors
    /// Where there is no connection, or it broke.
    pub async fn send(&self, request: Request<Body>) -> Result<Response, CallError> {
        match self.http.request(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(error) if error.is_connect() => Err(CallError::Unreachable(told(&error))),
            Err(error) => Err(CallError::Lost(told(&error))),
        }
    }

    /// Calls a node, with the secret, and with the data folder that it must have if one is said.
    ///
    /// # Errors
    /// Where there is no answer in time, or another than 200.
    pub async fn call<A: DeserializeOwned>(
        &self,
        address: &str,
        path: &str,
        data: Option<Uuid>,
        body: &impl Serialize,
        timeout: Duration,
    ) -> Result<A, CallError> {
        let body = postcard::to_stdvec(body).map_err(|error| CallError::Refused(error.to_string()))?;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://{address}{path}"))
            .header(header::AUTHORIZATION, self.secret.header());
        if let Some(data) = data {
            request = request.header(DATA, data.to_string());
        }
        let request = request.body(body.into()).map_err(|error| CallError::Refused(error.to_string()))?;
        let answer = async {
            let response = self.send(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await.map_err(|error| CallError::Lost(told(&error)))?;
            Ok((status, body.to_bytes()))
        };
        let late = |_| CallError::Lost(format!("no answer from {address} within {timeout:?}"));
        let (status, body) = tokio::time::timeout(timeout, answer).await.map_err(late)??;
        if status != StatusCode::OK {
            let why = String::from_utf8_lossy(&body);
            return Err(CallError::Refused(format!("{address} answered {status}: {why}")));
        }
        postcard::from_bytes(&body).map_err(|error| CallError::Lost(format!("{address}: {error}")))
    }

    /// The secret that it calls with.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// An error with what is behind it.
fn told(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        told = format!("{told}: {error}");
        behind = error.source();
    }
    told
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
