//! The page at `/`, for a person who wants to see what is there. It is one text, the same for everybody: what it shows it
//! asks of the API, with the key that the person gives it.
//!
//! The policy names the script and the style by their hashes, so a browser runs these two and nothing else, whatever a
//! connector sent as an id or a name; and lets the page ask nobody but this server.

use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// The page. Its files are this one and nothing else.
pub const PAGE: &str = include_str!("console.html");

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let [script, style] = ["script", "style"].map(|tag| hash(within(tag)));
    let policy = format!(
        "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    );
    HeaderValue::try_from(policy).expect("a policy is made of ASCII")
});

/// The text of the page's one element with this tag.
fn within(tag: &str) -> &'static str {
    let (_, behind) = PAGE.split_once(&format!("<{tag}>")).expect("the page has a script and a style");
    let (text, _) = behind.split_once(&format!("</{tag}>")).expect("what the page opens it closes");
    text
}

/// As a policy names it.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// The page with the headers that make it harmless.
pub async fn page() -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    (headers, Html(PAGE)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_one_script_and_one_style_and_nothing_from_elsewhere() {
        for tag in ["script", "style"] {
            // Also none with an attribute, such as a source.
            assert_eq!(PAGE.matches(&format!("<{tag}")).count(), 1, "{tag}");
            assert_eq!(PAGE.matches(&format!("</{tag}>")).count(), 1, "{tag}");
        }
        for foreign in ["http:", "https:", "//cdn", "@import", "url(", "src=", "import("] {
            assert!(!PAGE.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn the_page_makes_no_text_into_html_or_script() {
        let sinks = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "srcdoc",
        ];
        for sink in sinks {
            assert!(!PAGE.contains(sink), "{sink}");
        }
        // The policy would forbid them.
        for attribute in [" style=\"", " onclick=\"", " onload=\"", " onerror=\"", "javascript:"] {
            assert!(!PAGE.contains(attribute), "{attribute}");
        }
    }

    #[test]
    fn the_policy_names_script_and_style_by_their_hashes() {
        // Of the empty text, as FIPS 180 has it.
        assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        let policy = POLICY.to_str().expect("ASCII");
        for tag in ["script", "style"] {
            assert!(policy.contains(&format!("{tag}-src '{}';", hash(within(tag)))), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
