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
use axum::body::Body;
use axum::extract::Request;
use axum::middleware;
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::decompression::RequestDecompressionLayer;

use crate::call::{self, State};
use crate::observe::requests;
use crate::openapi;

pub use beside::observers;
pub use routes::ROUTES;

/// Bytes of an answer below which it is sent as it is: it fits one packet.
const COMPRESSED_MIN: u16 = 1_024;

/// All that the server answers.
pub fn router(state: Arc<State>) -> Router {
    let metrics = Arc::clone(&state.metrics);
    Router::new()
        .merge(beside::router(Arc::clone(&state)))
        .route("/openapi.json", get(async || axum::Json(openapi::document(ROUTES))))
        .method_not_allowed_fallback(call::refuse_all_but_get)
        .fallback(move |request: Request| call::answer(Arc::clone(&state), ROUTES, request))
        // From the inside out.
        .layer(
            ServiceBuilder::new()
                .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
                .map_request(|request: Request<_>| request.map(Body::new)),
        )
        .layer(middleware::from_fn(call::announce))
        .layer(compression())
        // The outermost, so that every answer has an id.
        .layer(middleware::from_fn_with_state(metrics, requests::layer))
}

/// Compresses answers for clients that say that they take it. The fastest way: what it saves beyond that is little, and
/// other requests wait for the time that it takes.
fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESSED_MIN).and(NotForContentType::SSE))
}
