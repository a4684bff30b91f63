//! The calls, by noun, and where they are.

pub mod apps;
mod beside;
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

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::routing::get;

use crate::call::{self, State};
use crate::observe::requests;
use crate::openapi;

pub use beside::observers;
pub use routes::ROUTES;

/// All that the server answers.
pub fn router(state: Arc<State>) -> Router {
    let metrics = Arc::clone(&state.metrics);
    Router::new()
        .merge(beside::router(Arc::clone(&state)))
        .route("/openapi.json", get(async || axum::Json(openapi::document(ROUTES))))
        .method_not_allowed_fallback(call::refuse_all_but_get)
        .fallback(move |request: Request| call::answer(Arc::clone(&state), ROUTES, request))
        // The outermost, so that every answer has an id.
        .layer(middleware::from_fn_with_state(metrics, requests::layer))
}
