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
        if self.is_plainly_kept(text) { None } else { self.fault_of_any(text) }
    }

    /// Whether the text keeps the rule, told in one pass over its bytes. Where it says no, the text may be fine:
    /// of characters of several bytes.
    #[inline]
    fn is_plainly_kept(self, text: &str) -> bool {
        let has_plain_address = || is_plain_email(text.as_bytes());
        match self {
            Self::Optional { .. } | Self::Required { .. } => self.plain_lengths().has(text),
            Self::Email { .. } => text.is_empty() || self.plain_lengths().has(text) && has_plain_address(),
            Self::Slug { .. } | Self::Opaque { .. } | Self::RequiredOpaque { .. } => false,
        }
    }

    /// How many bytes a text has that keeps the rule, as far as lengths tell it.
    pub(crate) const fn plain_lengths(self) -> PlainLengths {
        match self {
            Self::Optional { chars_max: max }
            | Self::Email { chars_max: max }
            | Self::Opaque { bytes_max: max } => PlainLengths { min: 0, max },
            Self::Required { chars_max: max }
            | Self::Slug { chars_max: max }
            | Self::RequiredOpaque { bytes_max: max } => PlainLengths { min: 1, max },
        }
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

/// Whether two texts are the same. Most have 4 to 64 bytes: these are compared in four blocks that overlap, of one
/// of two sizes, since a branch that depends on the length is guessed wrong too often, and a call costs more than
/// the comparison. Names of people mostly have up to 16 bytes, addresses more: each field keeps to one size.
#[inline]
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match a.len() {
            0..4 => a.iter().zip(b).all(|(a, b)| a == b),
            4..=16 => have_same_blocks::<4>(a, b),
            17..=64 => have_same_blocks::<16>(a, b),
            _ => a == b,
        }
}

/// Whether two texts of one length, one to four blocks, are the same.
#[inline]
fn have_same_blocks<const BYTES: usize>(a: &[u8], b: &[u8]) -> bool {
    let last = a.len() - BYTES;
    let is_same = |at: usize| block::<BYTES>(a, at.min(last)) == block(b, at.min(last));
    is_same(0) & is_same(BYTES) & is_same(2 * BYTES) & is_same(last)
}

/// The bytes from here on.
#[inline]
fn block<const BYTES: usize>(text: &[u8], at: usize) -> [u8; BYTES] {
    *text[at..].first_chunk().expect("a block lies within its text")
}

/// Copies a text to where it fits, by blocks that overlap, as [`is_same`] compares.
#[inline]
pub(crate) fn copy_text(text: &[u8], to: &mut [u8]) {
    match text.len() {
        4..=16 => copy_blocks::<4>(text, to),
        17..=64 => copy_blocks::<16>(text, to),
        _ => to.copy_from_slice(text),
    }
}

#[inline]
fn copy_blocks<const BYTES: usize>(text: &[u8], to: &mut [u8]) {
    let last = text.len() - BYTES;
    for at in [0, BYTES.min(last), (2 * BYTES).min(last), last] {
        to[at..at + BYTES].copy_from_slice(&block::<BYTES>(text, at));
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

/// A byte, eight times.
const fn repeat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The top bit of each byte that is 0.
const fn zeros(word: u64) -> u64 {
    !((word & repeat(0x7f)).wrapping_add(repeat(0x7f)) | word | repeat(0x7f))
}

/// How many bytes a text may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainLengths {
    min: u32,
    max: u32,
}

impl PlainLengths {
    /// Whether a text is so long and has no NUL. Without a branch: most texts are plain.
    #[inline]
    pub(crate) fn has(self, text: &str) -> bool {
        self.fits(text) & !has_nul(text)
    }

    /// Whether a text is so long.
    #[inline]
    pub(crate) const fn fits(self, text: &str) -> bool {
        let length = text.len();
        (length >= self.min as usize) & (length <= self.max as usize)
    }
}

/// By blocks that overlap, as [`is_same`] compares.
#[inline]
fn has_nul(text: &str) -> bool {
    let bytes = text.as_bytes();
    // The top bit of the lowest byte that is 0, and none if there is no such byte.
    let zeros = |word: u64| word.wrapping_sub(repeat(1)) & !word & repeat(0x80);
    match bytes.len() {
        0..4 => bytes.contains(&0),
        4..8 => {
            let word = |at: usize| u64::from(u32::from_le_bytes(block(bytes, at)));
            zeros(word(0) | word(bytes.len() - 4) << 32) != 0
        }
        8..=32 => {
            let last = bytes.len() - 8;
            let zeros_at = |at: usize| zeros(u64::from_le_bytes(block(bytes, at.min(last))));
            zeros_at(0) | zeros_at(8) | zeros_at(16) | zeros_at(last) != 0
        }
        33..=64 => {
            let last = bytes.len() - 16;
            let (first, second) = (block::<16>(bytes, 0), block::<16>(bytes, 16.min(last)));
            let (third, fourth) = (block::<16>(bytes, 32.min(last)), block::<16>(bytes, last));
            let mut found = false;
            for at in 0..16 {
                found |= first[at].min(second[at]).min(third[at]).min(fourth[at]) == 0;
            }
            found
        }
        _ => bytes.iter().fold(false, |found, byte| found | (*byte == 0)),
    }
}

/// Whether this is plainly an email address: one `@`, with something on both sides, and no character that could be
/// blank. Of less than eight bytes it does not tell.
#[inline]
pub(crate) fn is_plain_email(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else { return false };
    let (mut ats, mut odd) = (0, 0);
    let mut look_at = |word: u64| {
        ats += zeros(word ^ repeat(b'@')).count_ones();
        // The top bit of each byte that is none of '!'..='~'. Below 0x80 no byte borrows from the next.
        odd |= word | word.wrapping_sub(repeat(b'!')) | word.wrapping_add(repeat(1));
    };
    let (words, rest) = bytes.as_chunks();
    words.iter().for_each(|word| look_at(u64::from_le_bytes(*word)));
    // The last word without what was looked at: another character stands there.
    let kept_bits = rest.len() as u32 * 8;
    let rest = u64::from_le_bytes(*last).checked_shr(u64::BITS - kept_bits).unwrap_or(0);
    look_at(rest | repeat(b'a').checked_shl(kept_bits).unwrap_or(0));
    let has_sides = bytes.first() != Some(&b'@') && bytes.last() != Some(&b'@');
    ats == 1 && has_sides && (odd & repeat(0x80) == 0 || bytes.iter().all(|byte| is_plain_byte(*byte)))
}

/// Whether a byte is of no character that is blank or for control: a visible one of ASCII, or none that a
/// character from U+0080 to U+00BF or from U+1000 to U+3FFF begins with.
const fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0x80..=0xC1 | 0xC3..=0xE0 | 0xE4..)
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
                let mut copy = [0xff; 60];
                copy_text(text.as_bytes(), &mut copy[..length]);
                assert!(copy.starts_with(text.as_bytes()) && copy[length..].iter().all(|byte| *byte == 0xff));
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
        // Wherever in a word the character stands, in the last one too.
        for length in 8..40 {
            for at in 0..length {
                let with = |byte: u8| {
                    let mut text = alloc::vec![b'x'; length];
                    text[length / 2] = b'@';
                    text[at] = byte;
                    alloc::string::String::from_utf8(text).expect("it is ASCII")
                };
                for byte in 0..0x80 {
                    let text = with(byte);
                    let expected = is_email(&text);
                    assert_eq!(is_plain_email(text.as_bytes()), expected, "{text:?}");
                }
            }
        }
        // Of characters of several bytes, what is plainly an address is one; letters of Europe plainly are.
        for char in ('\u{80}'..='\u{3100}').chain(['\u{feff}', '\u{10ffff}']) {
            let text = alloc::format!("anna{char}@example.com");
            assert!(!is_plain_email(text.as_bytes()) || is_email(&text), "{text:?}");
            assert!(!('\u{c0}'..'\u{1000}').contains(&char) || is_plain_email(text.as_bytes()), "{text:?}");
        }
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
