//! Which bodies are taken: JSON, as it is or compressed.

use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::Refusal;
use super::refusal::quoted;

/// The content codings that are taken beside none, as `Accept-Encoding` lists them.
pub(super) const CODINGS: &str = "gzip, zstd";

/// How a request's body was announced, before it is unpacked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Announced {
    /// Its length as it comes, compressed or not.
    pub(super) bytes: Option<u64>,
    /// Whether the client sends nothing until it is told to go on.
    pub(super) waits: bool,
}

/// Notes how the body was announced, and spells its coding as the next layer knows it: a coding is one word whatever
/// its case, and has an older name.
pub async fn announce(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let bytes = text(headers, CONTENT_LENGTH).and_then(|length| length.trim().parse().ok());
    let waits = text(headers, EXPECT).is_some();
    let coding = text(headers, CONTENT_ENCODING).map(|coding| coding.trim().to_ascii_lowercase());
    let known = match coding.as_deref() {
        Some("gzip" | "x-gzip") => Some("gzip"),
        Some("zstd") => Some("zstd"),
        _ => None,
    };
    // Of several codings, or one given twice, none is known.
    if let Some(known) = known.filter(|_| headers.get_all(CONTENT_ENCODING).iter().count() == 1) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(known));
    }
    request.extensions_mut().insert(Announced { bytes, waits });
    next.run(request).await
}

fn text(headers: &HeaderMap, name: impl axum::http::header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Refuses a coding that was not unpacked on the way: the header of one that was is gone.
pub(super) fn check_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let found: Vec<&str> =
        headers.get_all(CONTENT_ENCODING).iter().map(|value| value.to_str().unwrap_or("?")).collect();
    let found = found.join(", ");
    if found.is_empty() || found.trim().eq_ignore_ascii_case("identity") {
        return Ok(());
    }
    let detail =
        format!("the header Content-Encoding: found {}, expected gzip or zstd, or none", quoted(&found));
    Err(Refusal::unsupported_media_type(detail))
}

/// Refuses a body that says that it is no JSON. One that does not say what it is is taken for some.
pub(super) fn check_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let found = value.to_str().unwrap_or("?");
    if is_json(found) {
        return Ok(());
    }
    let detail = format!("the header Content-Type: found {}, expected application/json", quoted(found));
    Err(Refusal::unsupported_media_type(detail))
}

/// Whether a media type is JSON in UTF-8, which is what JSON is in unless something else is said.
fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_json = name == "application/json"
        || name.strip_prefix("application/").is_some_and(|subtype| subtype.ends_with("+json"));
    is_json
        && parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_names() {
        for name in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"; x=y",
            "application/merge-patch+json",
        ] {
            assert!(is_json(name), "{name}");
        }
        for name in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
            "text/json",
        ] {
            assert!(!is_json(name), "{name}");
        }
    }
}
