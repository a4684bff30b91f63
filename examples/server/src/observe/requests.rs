//! An id for each request: in the header of its answer, and in each line that is logged of it. And how many there are.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::metrics::{Metrics, UnderWay};

/// The header that the id comes and goes in.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Characters that a client's id may have.
const CHARS_MAX: usize = 128;

/// The methods that are counted by their names; what else is asked for is one.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Gives a request its id, counts it, and tells of it: what it was, its status, and how long it took until the answer
/// began; or that it was cut off before that. A fault of the server's own is a warning, all else is told at the level
/// `debug`.
pub async fn layer(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let id = id(request.headers());
    // Of the highest level, so that a line of any level has it.
    let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
    let asked = Asked {
        under_way: Some(metrics.begin_request()),
        metrics: &metrics,
        span: span.clone(),
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        begun: Instant::now(),
    };
    let mut response = next.run(request).instrument(span).await;
    asked.answered(response.status());
    response.headers_mut().insert(HEADER, id);
    response
}

/// A request that is under way. Where it is dropped before it was answered, it is cut off, and that is told.
struct Asked<'m> {
    metrics: &'m Metrics,
    under_way: Option<UnderWay<'m>>,
    span: Span,
    method: Method,
    path: String,
    begun: Instant,
}

impl Asked<'_> {
    fn answered(mut self, status: StatusCode) {
        drop(self.under_way.take());
        let Self { metrics, span, method, path, begun, .. } = &self;
        let (status, took) = (status.as_u16(), begun.elapsed());
        let named = METHODS.iter().find(|named| **named == method.as_str());
        metrics.note_request(named.unwrap_or(&"other"), status, took);
        span.in_scope(|| {
            if status >= 500 {
                tracing::warn!(%method, path, status, ?took, "answered");
            } else {
                tracing::debug!(%method, path, status, ?took, "answered");
            }
        });
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if self.under_way.take().is_some() {
            self.metrics.note_abandoned_request();
            let Self { span, method, path, begun, .. } = self;
            let took = begun.elapsed();
            span.in_scope(|| tracing::debug!(%method, path, ?took, "cut off"));
        }
    }
}

/// The client's id, if it sent one that can stand in a header and in a log, or else a new one.
fn id(headers: &HeaderMap) -> HeaderValue {
    let mut sent = headers.get_all(HEADER).iter();
    match (sent.next(), sent.next()) {
        (Some(one), None) if is_sane(one.as_bytes()) => one.clone(),
        _ => {
            let made = Uuid::new_v4().to_string();
            HeaderValue::try_from(made).expect("a UUID is made of digits, letters and hyphens")
        }
    }
}

/// Whether an id is short, and of characters that mean nothing to a log, a shell or a page.
fn is_sane(id: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte);
    (1..=CHARS_MAX).contains(&id.len()) && id.iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_request_that_is_cut_off_is_counted_once() {
        let metrics = Arc::new(Metrics::default());
        let never = get(async || std::future::pending::<()>().await);
        let router = Router::new().route("/never", never).route("/", get(async || "ok"));
        let router = router.layer(from_fn_with_state(Arc::clone(&metrics), layer));
        let ask = |path: &str| {
            let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
            router.clone().oneshot(request)
        };
        let given_up = tokio::time::timeout(Duration::from_millis(20), ask("/never")).await;
        assert!(given_up.is_err());
        assert_eq!(ask("/").await.expect("an answer").status(), StatusCode::OK);
        assert_eq!((metrics.requests_abandoned.get(), metrics.requests_under_way.get()), (1, 0));
        assert_eq!(metrics.requests().into_values().collect::<Vec<_>>(), [1]);
    }

    fn given(ids: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for id in ids {
            headers.append(HEADER, HeaderValue::from_bytes(id.as_bytes()).expect("a header's value"));
        }
        id(&headers).to_str().expect("an id of ASCII").to_owned()
    }

    #[test]
    fn a_sane_id_is_kept() {
        for id in ["a", "7f9c-1", "Root=1-67891233-abcdef012345678912345678", &*"x".repeat(CHARS_MAX)] {
            assert_eq!(given(&[id]), id);
        }
    }

    #[test]
    fn another_id_is_made_in_the_place_of_one_that_is_not_sane() {
        let too_long = "x".repeat(CHARS_MAX + 1);
        for ids in
            [&[][..], &[""], &["a b"], &["a\tb"], &["<b>"], &["\"x\""], &["é"], &[&too_long], &["a", "b"]]
        {
            let made = given(ids);
            assert!(Uuid::parse_str(&made).is_ok(), "{ids:?}: {made}");
            assert_ne!(given(ids), made, "{ids:?}");
        }
    }
}
