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

/// Whether two texts are the same. Most have 8 to 32 bytes: these are compared in four blocks that overlap,
/// whatever the length, since a branch that depends on it is guessed wrong too often, and a call costs more
/// than the comparison.
#[inline]
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match a.len() {
            0..4 => a.iter().zip(b).all(|(a, b)| a == b),
            4..8 => have_same_blocks::<4>(a, b),
            8..=32 => have_same_blocks::<8>(a, b),
            33..=64 => have_same_blocks::<16>(a, b),
            _ => a == b,
        }
}

/// Whether two texts of one length, one to four blocks, are the same.
#[inline]
fn have_same_blocks<const BYTES: usize>(a: &[u8], b: &[u8]) -> bool {
    let last = a.len() - BYTES;
    let block = |text: &[u8], at: usize| -> [u8; BYTES] {
        *text[at.min(last)..].first_chunk().expect("a block fits behind each place up to the last")
    };
    let is_same = |at| block(a, at) == block(b, at);
    is_same(0) & is_same(BYTES) & is_same(2 * BYTES) & is_same(last)
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

/// Eight bytes at a time, the last eight once more: texts are short.
fn has_nul(text: &str) -> bool {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    let bytes = text.as_bytes();
    let Some(last) = bytes.last_chunk() else { return bytes.contains(&0) };
    // The top bit of the lowest byte that is 0 is set, and none if there is no such byte.
    let zeros = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        word.wrapping_sub(ONES) & !word & (ONES << 7)
    };
    bytes.as_chunks().0.iter().fold(zeros(last), |found, word| found | zeros(word)) != 0
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
    fn a_nul_is_found_wherever_it_stands() {
        for length in 0..40 {
            for at in 0..=length {
                let text: alloc::vec::Vec<u8> = (0..length)
                    .map(|place| if place == at { 0 } else { 1 + place as u8 * 6 % 127 })
                    .collect();
                let text = core::str::from_utf8(&text).expect("all of them are ASCII");
                assert_eq!(has_nul(text), at < length, "{length} {at}");
            }
        }
    }

    #[test]
    fn texts_are_the_same_if_no_byte_differs() {
        for length in 0..100_usize {
            let text: alloc::vec::Vec<u8> = (0..length as u8).collect();
            assert!(is_same(&text, &text.clone()), "{length}");
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert!(!is_same(&text, &other) && !is_same(&text, &text[..at]), "{length} {at}");
            }
        }
    }

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
