//! The rules for text, one place for pages and arguments.

use alloc::format;
use alloc::string::String;

use super::fault::FaultCode;
use super::quote::quoted;

/// A rule that a text is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Up to so many characters; may be empty.
    Optional { chars_max: u32 },
    /// One character at least, up to so many.
    Required { chars_max: u32 },
    /// As `Required`, of `a-z A-Z 0-9 - _`.
    Slug { chars_max: u32 },
    /// As `Optional`; if not empty, an email address.
    Email { chars_max: u32 },
    /// Up to so many bytes; may be empty.
    Opaque { bytes_max: u32 },
    /// One character at least, up to so many bytes.
    RequiredOpaque { bytes_max: u32 },
}

impl Rule {
    /// The first thing that is wrong with the text.
    #[inline]
    pub(crate) fn fault(self, text: &str) -> Option<FaultCode> {
        // Nearly every text is short and plain: told here, in one pass over its bytes.
        let is_plain = match self {
            Self::Optional { chars_max } => text.len() <= chars_max as usize && !has_nul(text),
            Self::Required { chars_max } => {
                !text.is_empty() && text.len() <= chars_max as usize && !has_nul(text)
            }
            Self::Email { chars_max } => text.len() <= chars_max as usize && is_plain_email(text),
            _ => false,
        };
        if is_plain { None } else { self.fault_of_any(text) }
    }

    fn fault_of_any(self, text: &str) -> Option<FaultCode> {
        let (required, too_long) = match self {
            Self::Optional { chars_max } | Self::Email { chars_max } => (false, is_longer(text, chars_max)),
            Self::Required { chars_max } | Self::Slug { chars_max } => (true, is_longer(text, chars_max)),
            Self::Opaque { bytes_max } => (false, text.len() > bytes_max as usize),
            Self::RequiredOpaque { bytes_max } => (true, text.len() > bytes_max as usize),
        };
        if text.is_empty() {
            required.then_some(FaultCode::Required)
        } else if too_long {
            Some(FaultCode::TooLong)
        } else if has_nul(text) {
            Some(FaultCode::Nul)
        } else {
            match self {
                Self::Slug { .. } if !text.bytes().all(is_slug_byte) => Some(FaultCode::InvalidSlug),
                Self::Email { .. } if !is_email(text) => Some(FaultCode::InvalidEmail),
                _ => None,
            }
        }
    }

    /// What the rule asks for, in words.
    pub(crate) fn expected(self) -> String {
        match self {
            Self::Optional { chars_max } => format!("at most {chars_max} characters, no NUL"),
            Self::Required { chars_max } => format!("1 to {chars_max} characters, no NUL"),
            Self::Slug { chars_max } => format!("1 to {chars_max} of a-z A-Z 0-9 - _"),
            Self::Email { chars_max } => {
                format!(
                    "at most {chars_max} characters, one @ with something on both sides, no whitespace or control characters"
                )
            }
            Self::Opaque { bytes_max } => format!("at most {bytes_max} bytes, no NUL"),
            Self::RequiredOpaque { bytes_max } => format!("1 to {bytes_max} bytes, no NUL"),
        }
    }
}

/// What the text is, in words: how long, if that is what is wrong with it, else the text.
pub(crate) fn describe(text: &str, code: FaultCode) -> String {
    match code {
        FaultCode::Required => "nothing".into(),
        FaultCode::TooLong => {
            format!("{} characters ({} bytes), {}", text.chars().count(), text.len(), quoted(text))
        }
        _ => quoted(text),
    }
}

/// Nothing, if the text is empty: in optional fields the two are one.
pub(crate) fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn is_longer(text: &str, chars_max: u32) -> bool {
    let max = chars_max as usize;
    // No text has more characters than bytes, so most need no counting.
    text.len() > max && text.chars().nth(max).is_some()
}

/// Without an early exit, which is what lets it look at many bytes at once: texts are short.
fn has_nul(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | (byte == 0))
}

const fn is_slug_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_email(text: &str) -> bool {
    let ats = text.bytes().fold(0, |ats, byte| ats + u32::from(byte == b'@'));
    let has_sides = !text.starts_with('@') && !text.ends_with('@');
    let is_plain = text.bytes().fold(true, |plain, byte| plain & byte.is_ascii_graphic());
    ats == 1 && has_sides && (is_plain || !text.chars().any(|char| is_blank(char) || char.is_control()))
}

/// Nothing, or an email of visible ASCII alone, as nearly all are: told in one pass over its bytes.
fn is_plain_email(text: &str) -> bool {
    let look = |(ats, plain), byte: u8| (ats + u32::from(byte == b'@'), plain & byte.is_ascii_graphic());
    let (ats, is_plain) = text.bytes().fold((0, true), look);
    text.is_empty() || is_plain && ats == 1 && !text.starts_with('@') && !text.ends_with('@')
}

/// Whitespace as Unicode has it. Our own list, so that no version of the compiler takes what another refuses.
const fn is_blank(char: char) -> bool {
    matches!(
        char,
        '\t'..='\r'
            | ' '
            | '\u{85}'
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_has_one_at_with_something_on_both_sides_and_no_blank() {
        let rule = Rule::Email { chars_max: 255 };
        for good in ["a@b", "é@ü", "a.b+c@d.e", ""] {
            assert_eq!(rule.fault(good), None, "{good:?}");
        }
        for bad in ["a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a@\u{a0}b", "a@b\u{7f}", "é\u{85}@b"] {
            assert_eq!(rule.fault(bad), Some(FaultCode::InvalidEmail), "{bad:?}");
        }
        assert_eq!(rule.fault("a@\0"), Some(FaultCode::Nul));
    }

    #[test]
    fn lengths_count_unicode_scalar_values() {
        let rule = Rule::Required { chars_max: 3 };
        assert_eq!(rule.fault("ééé"), None);
        assert_eq!(rule.fault("éééé"), Some(FaultCode::TooLong));
        assert_eq!(rule.fault(""), Some(FaultCode::Required));
    }
}
