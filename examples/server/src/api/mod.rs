//! The routes, by noun, and what all of them share.

mod apps;
pub mod cleanup;
mod records;
mod sync;
mod tasks;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, patch, post, put};
use headcount::{AppId, AppView, Command, Engine, Error, Reply};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::answer::{Answer, Paging, origin};
use crate::auth::Keys;
use crate::machine::Machine;
use crate::openapi;
use crate::refusal::Refusal;

/// What the handlers share.
#[derive(Debug)]
pub struct State {
    /// Who may call.
    pub keys: Keys,
    /// What they call.
    pub machine: Machine,
    /// Bytes that a body may have.
    pub body_bytes_max: usize,
}

/// All routes.
pub fn router(state: Arc<State>) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/openapi.json", get(async || axum::Json(openapi::document())));
    for (path, methods) in routes() {
        router = router.route(&format!("{}{path}", openapi::PREFIX), methods);
    }
    router
        .fallback(async || Refusal::not_found())
        .method_not_allowed_fallback(async || {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        })
        .layer(middleware::from_fn(log))
        .with_state(state)
}

/// Tells of each request: what it was, its status, and how long it took. (`RUST_LOG=headcount_server=debug`)
async fn log(request: Request, next: middleware::Next) -> Response {
    let (method, path, begun) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let response = next.run(request).await;
    tracing::debug!(%method, path, status = response.status().as_u16(), took = ?begun.elapsed(), "answered");
    response
}

fn routes() -> Vec<(&'static str, MethodRouter<Arc<State>>)> {
    vec![
        ("apps/", post(apps::create).get(apps::list)),
        ("apps/{app}/", get(apps::read).patch(apps::update).delete(apps::delete)),
        ("apps/{app}/purge/", post(apps::purge)),
        ("apps/{app}/resource-types/", post(apps::register).get(apps::types)),
        ("apps/{app}/resource-types/{slug}/", patch(apps::update_type)),
        ("apps/{app}/sync/", post(sync::start).get(sync::list)),
        ("apps/{app}/sync/{sync}/", get(sync::read)),
        ("apps/{app}/sync/{sync}/preview/", get(sync::preview)),
        ("apps/{app}/sync/{sync}/complete/", post(sync::complete)),
        ("apps/{app}/sync/{sync}/abandon/", post(sync::abandon)),
        ("apps/{app}/sync/{sync}/{slug}/", put(sync::push)),
        ("apps/{app}/records/{slug}/", get(records::list)),
        ("apps/{app}/tasks/", post(tasks::create).get(tasks::list)),
        ("apps/{app}/tasks/{task}/", get(tasks::read)),
        ("apps/{app}/tasks/{task}/status/", patch(tasks::resolve)),
        ("digest/", get(apps::digest)),
    ]
}

/// A request whose key opens the tenant of its path: the first thing that every handler asks for.
pub struct Call {
    state: Arc<State>,
    tenant: usize,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    url: String,
}

impl FromRequestParts<Arc<State>> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, Refusal> {
        let key =
            parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let key = key.as_deref();
        if !state.keys.is_known(key) {
            return Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "no valid key: expected Authorization: Api-Key …",
            ));
        }
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Refusal::not_found())?;
        let path: Vec<_> = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let named = path.iter().find(|(name, _)| name == "tenant").map(|(_, value)| value.as_str());
        // Another tenant is as unknown as one that there is not.
        let tenant = named.and_then(|name| state.keys.tenant(name, key)).ok_or_else(Refusal::not_found)?;
        let query = form_urlencoded(parts.uri.query().unwrap_or_default());
        let url = format!("{}{}", origin(&parts.headers), parts.uri.path());
        Ok(Self { state: Arc::clone(state), tenant, path, query, url })
    }
}

/// The pairs of a query. What is not well encoded stands for itself.
fn form_urlencoded(query: &str) -> Vec<(String, String)> {
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(
        &format!("/?{query}").parse().unwrap_or_default(),
    );
    pairs.map(|pairs| pairs.0).unwrap_or_default()
}

impl Call {
    fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    /// An id of the path: what is no UUID is unknown.
    fn id<T: From<Uuid>>(&self, name: &str) -> Result<T, Refusal> {
        Uuid::parse_str(self.path(name)).map(T::from).map_err(|_| Refusal::not_found())
    }

    fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(other, _)| other == name)?;
        Some(found.1.as_str()).filter(|value| !value.is_empty())
    }

    fn paging(&self) -> Result<Paging, Refusal> {
        Paging::parse(self.query("limit"), self.query("offset"))
    }

    /// The list's address, up to where its paging is to follow.
    fn list_url(&self, filter: Option<(&str, &str)>) -> String {
        match filter {
            None => format!("{}?", self.url),
            Some((name, value)) => format!("{}?{name}={value}&", self.url),
        }
    }

    /// Reads the tenant's engine.
    fn read<T>(&self, read: impl FnOnce(&Engine) -> T) -> T {
        read(&self.state.machine.read(self.tenant))
    }

    /// Reads the app of the path.
    fn read_app<T>(&self, read: impl FnOnce(AppView<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let app: AppId = self.id("app")?;
        self.read(|engine| engine.app(app).ok_or_else(Refusal::not_found).and_then(read))
    }

    /// Carries out a command, and answers what `then` makes of its reply.
    async fn apply<T: Send + 'static>(
        &self,
        command: &Command<'_>,
        then: impl FnOnce(&Engine, Reply) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let then = move |engine: &Engine, reply: Result<Reply, Error>| reply.map(|reply| then(engine, reply));
        Ok(self.state.machine.apply(self.tenant, command, then).await??)
    }

    /// Carries out a command and answers with the app as it is then.
    async fn answer_with<F>(&self, command: &Command<'_>, app: AppId, show: F) -> Result<Value, Refusal>
    where
        F: FnOnce(AppView<'_>, Reply) -> Option<Value> + Send + 'static,
    {
        let show = move |engine: &Engine, reply| engine.app(app).and_then(|app| show(app, reply));
        self.apply(command, show).await?.ok_or_else(Refusal::not_found)
    }
}

/// A body that came whole, or why not.
type Body = Result<Whole, Refusal>;

/// The bytes of a body within the limit.
struct Whole(Vec<u8>);

/// How many times the limit is read of a larger body before the answer: a client that is still writing when
/// the connection closes would not see it.
const DRAINED_LIMITS: usize = 4;

impl FromRequest<Arc<State>> for Whole {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<State>) -> Result<Self, Refusal> {
        let max = state.body_bytes_max;
        let mut body = request.into_body();
        let (mut bytes, mut seen) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::malformed("the body broke off"))?;
            let Some(data) = frame.data_ref() else { continue };
            seen += data.len();
            if seen <= max {
                bytes.extend_from_slice(data);
            } else if seen > max.saturating_mul(DRAINED_LIMITS) {
                break;
            }
        }
        if seen > max {
            let detail = format!("the body is too large, expected at most {max} bytes");
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        Ok(Self(bytes))
    }
}

/// A small body: an object, or nothing where that will do. Null and absent are one.
fn object<T: DeserializeOwned>(body: Body, may_be_empty: bool) -> Result<T, Refusal> {
    let Whole(bytes) = body?;
    let fields: Map<String, Value> = if may_be_empty && bytes.iter().all(u8::is_ascii_whitespace) {
        Map::new()
    } else {
        serde_json::from_slice(&bytes).map_err(|error| Refusal::malformed(format!("the body: {error}")))?
    };
    serde_json::from_value(fields.into()).map_err(|error| Refusal::malformed(format!("the body: {error}")))
}

/// Where nothing is to be said.
fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn ok(body: Value) -> Answer {
    Ok::<Response, _>(crate::answer::json(StatusCode::OK, body))
}
