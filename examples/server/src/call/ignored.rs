//! The header that names the fields of a body which were ignored.

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use headcount::IgnoredFields;
use sfv::{ListSerializer, RefBareItem, StringRef, TokenRef};

/// A list of RFC 9651. Each name is a token if it can be one (`membership`), else a string, and a display string if it
/// has other characters than the printable ones of ASCII.
const HEADER: HeaderName = HeaderName::from_static("ignored-fields");

/// Names the fields that were ignored in the answer, if there are any, and in the log.
pub(super) fn tell(ignored: &IgnoredFields, url: &str, response: &mut Response) {
    let Some(value) = value(ignored) else { return };
    tracing::info!(url, fields = %value, "fields of the body are not known, and were ignored");
    // A list has no character that a header cannot have.
    let header = HeaderValue::from_str(&value).ok();
    response.headers_mut().extend(header.map(|value| (HEADER, value)));
}

fn value(ignored: &IgnoredFields) -> Option<String> {
    let mut list = ListSerializer::new();
    for name in ignored.iter() {
        let item = match (TokenRef::from_str(name), StringRef::from_str(name)) {
            (Ok(token), _) => RefBareItem::Token(token),
            (_, Ok(string)) => RefBareItem::String(string),
            _ => RefBareItem::DisplayString(name),
        };
        let _ = list.bare_item(item);
    }
    list.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_told_so_that_it_can_be_read_back() {
        let mut ignored = IgnoredFields::new();
        assert_eq!(value(&ignored), None);
        for name in ["membership", "", "first name", "a\"b\\c", "1st", "größe", "a\r\nSet-Cookie: b"] {
            ignored.note(name);
        }
        let expected =
            r#"membership, "", "first name", "a\"b\\c", "1st", %"gr%c3%b6%c3%9fe", %"a%0d%0aSet-Cookie: b""#;
        assert_eq!(value(&ignored).as_deref(), Some(expected));
    }
}
