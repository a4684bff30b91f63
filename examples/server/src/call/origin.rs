//! The address that a client knows the server by: what the links of a list begin with.

use axum::http::HeaderMap;
use axum::http::header::{HOST, HeaderName};
use axum::http::uri::{Authority, Scheme};

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Scheme and host. What a proxy says of the request that it got is believed only if `trusts_forwarded`: anybody can
/// send those headers.
pub(super) fn origin(headers: &HeaderMap, trusts_forwarded: bool) -> String {
    let forwarded = |name| trusts_forwarded.then(|| first(headers, &name)).flatten();
    let scheme = forwarded(FORWARDED_PROTO).filter(|scheme| {
        [Scheme::HTTP, Scheme::HTTPS].iter().any(|known| known.as_str().eq_ignore_ascii_case(scheme))
    });
    let host = forwarded(FORWARDED_HOST).filter(|host| host.parse::<Authority>().is_ok());
    let host = host.or_else(|| first(headers, &HOST)).unwrap_or("localhost");
    format!("{}://{host}", scheme.unwrap_or("http").to_ascii_lowercase())
}

/// The first of the values that a header lists: that of the proxy which is nearest to the client.
fn first<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let value = headers.get(name)?.to_str().ok()?;
    value.split(',').next().map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_proxy_is_believed_if_it_is_trusted_and_says_what_can_be() {
        for (proto, host, trusted) in [
            ("https", "sync.example.org", "https://sync.example.org"),
            ("HTTPS, http", "a.example:8443, b.example", "https://a.example:8443"),
            ("", "", "http://here:1"),
            ("gopher", "a b", "http://here:1"),
            ("https", "a/../b", "https://here:1"),
        ] {
            let headers: HeaderMap = [(FORWARDED_PROTO, proto), (FORWARDED_HOST, host), (HOST, "here:1")]
                .map(|(name, value)| (name, HeaderValue::from_static(value)))
                .into_iter()
                .collect();
            assert_eq!(origin(&headers, true), trusted, "{proto} {host}");
            assert_eq!(origin(&headers, false), "http://here:1");
        }
        assert_eq!(origin(&HeaderMap::new(), true), "http://localhost");
    }
}
