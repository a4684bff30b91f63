//! What goes back when a call is refused.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use headcount::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::machine::Unavailable;

/// A refusal: a status, and `{"detail": …}` with what else there is to say.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Refusal {
    /// With these words.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, body: json!({"detail": detail.into()}) }
    }

    /// 400: the body or the query is malformed.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// The engine's errors by their kind; those that carry more have it in the body.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::BusinessRule => StatusCode::UNPROCESSABLE_ENTITY,
            // A conflict, or a wrong state.
            _ => StatusCode::CONFLICT,
        };
        let mut body = json!({"detail": error.to_string()});
        match &error {
            Error::PageFaults { faults, faults_total, .. } => {
                let shown = faults.iter().map(|fault| {
                    let message = format!("found {}, expected {}", fault.found, fault.expected);
                    json!({"index": fault.index, "id": fault.id, "field": fault.field, "code": fault.code, "message": message})
                });
                body["errors"] = shown.collect();
                body["errors_total"] = json!(faults_total);
            }
            Error::GuardExceeded { deactivations, base, guard } => {
                body["deactivations"] = json!(deactivations);
                body["base"] = json!(base);
                body["max_count"] = json!(guard.max_count);
                body["max_percent"] = json!(guard.max_percent);
            }
            _ => {}
        }
        Self { status, body }
    }
}

impl From<Unavailable> for Refusal {
    fn from(Unavailable(why): Unavailable) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why)
    }
}
