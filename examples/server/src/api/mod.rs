//! The calls, by noun, and where they are.

pub mod apps;
pub mod changes;
pub mod deltas;
pub mod page;
pub mod records;
mod routes;
pub mod steps;
pub mod sync;
pub mod tasks;
pub mod types;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;

use crate::call::{self, State};
use crate::openapi;

pub use routes::ROUTES;

/// All that the server answers.
pub fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/openapi.json", get(async || axum::Json(openapi::document(ROUTES))))
        .method_not_allowed_fallback(call::refuse_all_but_get)
        .fallback(move |request: Request| call::answer(Arc::clone(&state), ROUTES, request))
        .layer(middleware::from_fn(log))
}

/// Tells of each request: what it was, its status, and how long it took. (`RUST_LOG=headcount_server=debug`)
async fn log(request: Request, next: middleware::Next) -> Response {
    let (method, path, begun) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let response = next.run(request).await;
    tracing::debug!(%method, path, status = response.status().as_u16(), took = ?begun.elapsed(), "answered");
    response
}
