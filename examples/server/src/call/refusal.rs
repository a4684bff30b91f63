//! What goes back when a call is refused: `{"detail", "code"}`, and what else there is to say.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headcount::{Error, ErrorKind, Fault, ParseError};
use serde_json::{Map, Value, json};

use super::{Method, media};
use crate::answer;
use crate::auth;
use crate::backend::Unavailable;
use crate::feed::Forgotten;

/// How many characters of a text that was sent a detail repeats: as many as an id may have.
const QUOTED_CHARS_MAX: usize = 255;

/// A status and a body. Only [`call`](super) makes one, save for what the engine says.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
    /// What else the body says.
    more: Vec<(&'static str, Value)>,
    /// What its head says.
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), more: Vec::new(), headers: Vec::new() }
    }

    fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        let value =
            HeaderValue::from_str(value).expect("the names of methods and codings are a header's value");
        self.headers.push((name, value));
        self
    }

    /// No key, or one that is not good for anything.
    pub fn unauthorized() -> Self {
        let detail = "no valid key, expected the header Authorization: Api-Key …";
        let challenge = format!("{} realm=\"headcount\"", auth::SCHEME);
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .with_header(header::WWW_AUTHENTICATE, &challenge)
    }

    pub(super) fn read_only_key() -> Self {
        Self::new(StatusCode::FORBIDDEN, "read_only_key", "the key is read-only, expected one that may write")
    }

    /// The changes that are asked for are no longer kept.
    pub fn forgotten(Forgotten { oldest }: Forgotten, after: u64) -> Self {
        let detail =
            format!("the changes behind {after} are no longer kept, expected {} or later", oldest - 1);
        let refusal = Self::new(StatusCode::GONE, "changes_forgotten", detail);
        Self { more: vec![("oldest", oldest.into())], ..refusal }
    }

    pub(super) fn missing(missing: Missing) -> Self {
        Self::new(StatusCode::NOT_FOUND, missing.code, missing.detail)
    }

    pub(super) fn method_not_allowed(method: &str, allowed: &[Method]) -> Self {
        let allowed = Method::allow(allowed);
        let detail = format!("no method {} here, expected {allowed}", quoted(method));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
            .with_header(header::ALLOW, &allowed)
    }

    pub(super) fn malformed_header(Malformed(detail): Malformed) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_header", detail)
    }

    pub(super) fn malformed_query(Malformed(detail): Malformed) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
    }

    pub(super) fn malformed_body(Malformed(detail): Malformed) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_body", detail)
    }

    pub(super) fn body_too_large(bytes_max: usize) -> Self {
        let detail = format!("the body is too large, expected at most {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    /// Of a body that is not taken, in these words.
    pub(super) fn unsupported_media_type(detail: String) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
            .with_header(header::ACCEPT_ENCODING, media::CODINGS)
    }

    pub(super) fn body_timeout(timeout: Duration) -> Self {
        let detail = format!("the body did not come whole, expected within {timeout:?}");
        // What is left of it would be read as the next request.
        Self::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
            .with_header(header::CONNECTION, "close")
    }

    pub(super) fn key_of_another_body() -> Self {
        let detail =
            "the Idempotency-Key was sent with another body, expected a key of its own for each request";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)
    }

    pub(super) fn key_under_way() -> Self {
        let detail =
            "a request with this Idempotency-Key is under way, expected to be sent again behind its end";
        Self::new(StatusCode::CONFLICT, "idempotency_key_in_use", detail)
            .with_header(header::RETRY_AFTER, "1")
    }

    pub(super) fn not_a_reply() -> Self {
        tracing::error!("the engine gave a reply that is none to the command");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server has a bug: this is no answer")
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let said = [("detail", self.detail.into()), ("code", self.code.into())];
        let body: Map<String, Value> =
            said.into_iter().chain(self.more).map(|(name, value)| (name.to_owned(), value)).collect();
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().extend(self.headers);
        response
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
        let refusal = Self::new(status, error.code(), error.to_string());
        match &error {
            Error::PageFaults { faults, faults_total, .. } => refusal.with_faults(faults, *faults_total),
            error => refusal.with_guard(error),
        }
    }
}

impl Refusal {
    fn with_faults(mut self, faults: &[Fault], total: u64) -> Self {
        self.more.push(("errors", answer::faults(faults)));
        self.more.push(("errors_total", total.into()));
        self
    }

    /// With the limit of a guard that was passed, and its figures, if that is why.
    fn with_guard(mut self, error: &Error) -> Self {
        let (guard, figures) = match error {
            Error::GuardExceeded { deactivations, base, guard, .. } => {
                (guard, vec![("deactivations", json!(deactivations)), ("base", json!(base))])
            }
            Error::GuardExceededByType { slug, deactivations, base, guard } => {
                let figures =
                    [("deactivations", json!(deactivations)), ("base", json!(base)), ("type", json!(slug))];
                (guard, figures.into())
            }
            Error::GuardExceededWithoutPages { slugs, guard } => {
                (guard, vec![("types_without_pages", json!(slugs))])
            }
            Error::GuardExceededByRemovals { removals, base, guard, .. } => {
                (guard, vec![("removals", json!(removals)), ("base", json!(base))])
            }
            _ => return self,
        };
        self.more.extend(error.guard_limit().map(|limit| ("limit", json!(limit.as_str()))));
        self.more.push(("guard", answer::guard(*guard)));
        self.more.extend(figures);
        self
    }
}

impl From<Unavailable> for Refusal {
    fn from(Unavailable(why): Unavailable) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", why)
    }
}

/// A thing that a path names and is not there. The engine says the same of one that a body names.
#[derive(Debug)]
pub struct Missing {
    code: &'static str,
    detail: String,
}

impl Missing {
    /// No call has this path.
    pub fn path(path: &str) -> Self {
        Self { code: "path_not_found", detail: format!("no call has the path {}", quoted(path)) }
    }

    /// A call has this path with a slash at its end.
    pub fn slash(path: &str) -> Self {
        let Self { code, detail } = Self::path(path);
        Self { code, detail: format!("{detail}, expected {}", quoted(&format!("{path}/"))) }
    }

    /// No tenant has this name, or another one's key was given.
    pub fn tenant(name: &str) -> Self {
        Self { code: "tenant_not_found", detail: format!("no tenant {}", quoted(name)) }
    }

    /// No app has this id, which is an id or what was sent for one.
    pub fn app(id: impl Display) -> Self {
        Self { code: "app_not_found", detail: format!("no app {id}") }
    }

    /// The app has no session with this id.
    pub fn session(id: impl Display) -> Self {
        Self { code: "session_not_found", detail: format!("no session {id} in this app") }
    }

    /// The app has no task with this id.
    pub fn task(id: impl Display) -> Self {
        Self { code: "task_not_found", detail: format!("no task {id} in this app") }
    }

    /// The app has no record with this id.
    pub fn record(slug: &str, id: &str) -> Self {
        let detail = format!("no record {} of resource type {} in this app", quoted(id), quoted(slug));
        Self { code: "record_not_found", detail }
    }

    /// The record is an account, and so nothing that accounts refer to.
    pub fn members(id: &str) -> Self {
        let detail = format!("no members of account {}, expected a group or a license", quoted(id));
        Self { code: "members_not_found", detail }
    }

    /// The app's clone group has no type with this slug.
    pub fn resource_type(slug: &str) -> Self {
        let detail = format!("no resource type {} in this app", quoted(slug));
        Self { code: "resource_type_not_found", detail }
    }
}

/// What is wrong with a query or a body.
#[derive(Debug)]
pub struct Malformed(pub(super) String);

impl Malformed {
    /// In these words. What was sent is repeated by `quoted` alone.
    pub fn new(detail: impl Into<String>) -> Self {
        Self(detail.into())
    }

    /// Where a parser stopped, and why. Of a text in the place of something else it would repeat all.
    pub fn unparsed(error: &serde_json::Error) -> Self {
        let why = error.to_string();
        Self(match why.char_indices().nth(QUOTED_CHARS_MAX) {
            None => format!("the body: {why}"),
            Some((end, _)) => {
                let (why, line, column) = (why.get(..end).unwrap_or_default(), error.line(), error.column());
                format!("the body: {why}… at line {line} column {column}")
            }
        })
    }

    /// A field or parameter that is not as it should be.
    pub fn field(name: &str, found: impl Display, expected: impl Display) -> Self {
        Self(format!("{name}: found {found}, expected {expected}"))
    }

    /// A text that was sent and is not as it should be.
    pub fn text(name: &str, sent: &str, expected: impl Display) -> Self {
        Self::field(name, quoted(sent), expected)
    }
}

/// What a text stands for, where the core knows how it is written.
pub(super) fn parsed<T: FromStr<Err = ParseError>>(name: &str, text: &str) -> Result<T, Malformed> {
    text.parse().map_err(|error: ParseError| Malformed::text(name, text, error.expected))
}

/// A text that was sent, in quotation marks, without line breaks and escape codes, and not longer than an id.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_was_sent_is_quoted_escaped_and_short() {
        assert_eq!(quoted("a\n\u{1b}[31m\u{202e}\u{9b}b"), r#""a\n\u{1b}[31m\u{202e}\u{9b}b""#);
        assert_eq!(quoted(&"é".repeat(255)).chars().count(), 257);
        assert_eq!(quoted(&"é".repeat(256)), format!("\"{}\"…", "é".repeat(255)));
    }
}
