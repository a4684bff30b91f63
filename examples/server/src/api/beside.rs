//! What the server answers beside the API: whether it is well, its figures, and its page.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

use crate::backend::Unavailable;
use crate::call::{Refusal, State};
use crate::console;
use crate::machine::now;
use crate::observe::scrape::{Held, Scrape};

/// On the address of the API. Its figures are for who has a tenant's key, and are that tenant's: which others there are
/// is nobody's business.
pub(super) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/", get(console::page))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(tenants_metrics))
        .with_state(state)
}

/// On an address of its own, for whoever reaches it: the figures of all tenants and of the process.
pub fn observers(state: Arc<State>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(all_metrics))
        .with_state(state)
}

/// The process answers.
async fn healthz() -> &'static str {
    "ok"
}

/// Commands would be taken.
async fn readyz(Shared(state): Shared<Arc<State>>) -> Response {
    match state.health.ready(&state.backend).await {
        Ok(()) => "ready".into_response(),
        Err(why) => Refusal::from(why).into_response(),
    }
}

async fn tenants_metrics(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let opened = state.keys.opened(key);
    if opened.is_empty() {
        return Refusal::unauthorized().into_response();
    }
    metrics(state, opened, None).await
}

async fn all_metrics(Shared(state): Shared<Arc<State>>) -> Response {
    let (tenants, is_ready) = (state.backend.tenants(), state.health.ready(&state.backend).await.is_ok());
    metrics(state, (0..tenants).collect(), Some(is_ready)).await
}

async fn metrics(state: Arc<State>, tenants: Vec<usize>, is_ready: Option<bool>) -> Response {
    // It waits for the locks of tenants whose commands are carried out.
    let told = tokio::task::spawn_blocking(move || {
        let held = |tenant| state.backend.read(tenant, |tenant| Held::of(&tenant.engine, now()));
        let shown = tenants.into_iter().map(|tenant| (tenant, held(tenant))).collect();
        Scrape { metrics: Arc::clone(&state.metrics), shown, is_ready }.text()
    });
    match told.await {
        Ok(text) => ([(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))], text).into_response(),
        Err(error) => Refusal::from(Unavailable(error.to_string())).into_response(),
    }
}
