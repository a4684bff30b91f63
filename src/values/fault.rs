//! What is wrong with a record or an argument, in words that are safe to print.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::fmt::{self, Write as _};

use super::words::words;

/// How many characters of a text that was refused an error repeats.
const EXCERPT_CHARS_MAX: usize = 64;

/// One thing that is wrong with one record of a page ([SPEC 3.5](crate::spec#35-all-or-nothing)).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[error("record {index} ({}): {field}: {code}: found {found}, expected {expected}", Named(id))]
pub struct Fault {
    /// The record's place in the page, from 0.
    pub index: u32,
    /// The record's id, whole if its length is within the limit on ids, else its first 64 characters
    /// and "…". None where there is no usable one: missing, empty, of a wrong type, with a NUL.
    pub id: Option<String>,
    /// The path of the field in the record, such as `memberships.team[0].id`; empty for the record itself.
    /// A slug in it is shortened to 64 characters, and what cannot be printed is escaped.
    pub field: String,
    /// What is wrong with it.
    pub code: FaultCode,
    /// What was there, shortened to 64 characters, escaped.
    pub found: String,
    /// What should have been.
    pub expected: String,
}

struct Named<'f>(&'f Option<String>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => write!(f, "id {}", Quoted(id)),
            None => f.write_str("without a usable id"),
        }
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FaultCode {
    /// It is absent, null or empty, and must not be. An account without email and username has this
    /// on `email`.
    Required,
    /// It is longer than its limit.
    TooLong,
    /// It holds a NUL.
    Nul,
    /// It is no email address: one `@` with something on both sides, no whitespace or control characters.
    InvalidEmail,
    /// It is none of `active`, `inactive`, `suspended`.
    InvalidStatus,
    /// It holds a character that no slug has.
    InvalidSlug,
    /// A number is outside its range.
    OutOfRange,
    /// The account has more references than an account may have.
    TooManyReferences,
    /// An earlier record of the page has the same id (a business rule).
    DuplicateId,
    /// It is no slug of the app's clone group (a business rule).
    UnknownResourceType,
    /// It is the slug of a type of another kind than the map asks for (a business rule).
    WrongKind,
    /// It is of another type than the field: a number as an id, a text in the place of a map.
    WrongType,
}

words!(FaultCode, "fault code", "a code of a fault", {
    Required = 0 "required",
    TooLong = 1 "too_long",
    Nul = 2 "nul",
    InvalidEmail = 3 "invalid_email",
    InvalidStatus = 4 "invalid_status",
    InvalidSlug = 5 "invalid_slug",
    OutOfRange = 6 "out_of_range",
    TooManyReferences = 7 "too_many_references",
    DuplicateId = 8 "duplicate_id",
    UnknownResourceType = 9 "unknown_resource_type",
    WrongKind = 10 "wrong_kind",
    WrongType = 11 "wrong_type",
});

impl FaultCode {
    /// Whether the field is malformed (HTTP 400), rather than against a business rule (HTTP 422).
    pub const fn is_malformed(self) -> bool {
        !matches!(self, Self::DuplicateId | Self::UnknownResourceType | Self::WrongKind)
    }
}

/// The text, if it is short, or its beginning: an error must not be a way to store what was refused.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => {
            let mut beginning = text[..end].to_owned();
            beginning.push('…');
            beginning
        }
    }
}

/// A sender's slug as part of a path: an excerpt without line breaks or escape codes, so that a path
/// may be printed as it is.
pub(crate) fn path_segment(slug: &str) -> String {
    Escaped(&excerpt(slug)).to_string()
}

/// A sender's text in quotes, shortened: what an error tells of it.
pub(crate) fn quoted(text: &str) -> String {
    Quoted(&excerpt(text)).to_string()
}

/// Prints a text in quotes, so that no character of it can end the line, hide or colour what follows.
pub(super) struct Quoted<'t>(pub(super) &'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Escaped(self.0))
    }
}

struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '\n' => f.write_str("\\n"),
            '\r' => f.write_str("\\r"),
            '\t' => f.write_str("\\t"),
            '"' | '\\' => write!(f, "\\{char}"),
            char if is_unseen(char) => write!(f, "\\u{{{:x}}}", u32::from(char)),
            char => f.write_char(char),
        })
    }
}

/// Control characters, and those that change the direction or the shape of what stands around them. Our own
/// list: that of the compiler's changes with its version, and replicas are to answer alike.
const fn is_unseen(char: char) -> bool {
    matches!(
        char,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_prints_no_line_break_and_no_escape_code_of_the_sender() {
        assert_eq!(path_segment("team"), "team");
        assert_eq!(path_segment("équipe"), "équipe");
        assert_eq!(path_segment("a\nERROR \u{1b}[31m\u{202e}"), "a\\nERROR \\u{1b}[31m\\u{202e}");
    }

    #[test]
    fn an_excerpt_ends_after_64_characters() {
        assert_eq!(excerpt(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(excerpt(&"é".repeat(65)), "é".repeat(64) + "…");
    }
}
