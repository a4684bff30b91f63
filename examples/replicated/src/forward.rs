//! A request that another node is to answer, passed on as it came.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::time::timeout;

use crate::client::{CallError, Client};

/// How many nodes have passed a request on.
const HOPS: HeaderName = HeaderName::from_static("headcount-hops");
/// From a follower to the leader, from there to where the tenant is now, and to the leader there; and once more while
/// leaders change. More would be a circle.
const HOPS_MAX: u8 = 6;

/// How long another node's answer is waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Headers that are about one connection, and not about what is said.
const OF_CONNECTION: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A request that can be sent once more for as long as nothing of its body was read.
pub struct Forwarded {
    parts: Parts,
    body: Lent,
}

impl Forwarded {
    /// Takes a request over.
    ///
    /// # Errors
    /// In words, where it was passed on too often.
    pub fn new(request: Request) -> Result<Self, String> {
        let (mut parts, body) = request.into_parts();
        let hops = parts.headers.get(&HOPS).and_then(|hops| hops.to_str().ok()?.parse().ok()).unwrap_or(0_u8);
        if hops >= HOPS_MAX {
            return Err("the request goes round in circles".to_owned());
        }
        parts.headers.insert(HOPS, HeaderValue::from(u16::from(hops) + 1));
        strip(&mut parts.headers);
        Ok(Self { parts, body: Lent(Arc::new(Mutex::new(body))) })
    }

    /// Sends it to a node, and answers with what comes back.
    ///
    /// # Errors
    /// [`CallError::Unreachable`] where nothing was sent, so that it may be sent elsewhere.
    pub async fn send(&self, client: &Client, address: &str) -> Result<Response, CallError> {
        let mut parts = self.parts.clone();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri: Result<Uri, _> = format!("http://{address}{path}").parse();
        parts.uri = uri.map_err(|error| CallError::Refused(format!("{address}: {error}")))?;
        let request = Request::from_parts(parts, Body::new(self.body.clone()));
        let late = |_| CallError::Lost(format!("no answer from {address} within {ANSWER_TIMEOUT:?}"));
        let mut response = timeout(ANSWER_TIMEOUT, client.send(request)).await.map_err(late)??;
        strip(response.headers_mut());
        Ok(response)
    }

    /// The request, to be answered here after all.
    pub fn into_request(self) -> Request {
        Request::from_parts(self.parts, Body::new(self.body))
    }
}

fn strip(headers: &mut HeaderMap) {
    for name in &OF_CONNECTION {
        headers.remove(name);
    }
}

/// A body that stays with whoever lent it.
#[derive(Clone)]
struct Lent(Arc<Mutex<Body>>);

impl Lent {
    fn lock(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}

impl std::fmt::Debug for Forwarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forwarded").field("uri", &self.parts.uri).finish_non_exhaustive()
    }
}
