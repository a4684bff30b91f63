//! What is wrong with a record or an argument.

use alloc::string::String;
use core::fmt;

use super::quote::Quoted;
use super::words::words;

/// One thing that is wrong with one record of a page ([SPEC 3.5](crate::spec#35-all-or-nothing)).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[error("record {index} ({}): {}{code}: found {found}, expected {expected}", Named(id), Within(field))]
pub struct Fault {
    /// The record's place in the page, from 0.
    pub index: u32,
    /// The record's id, whole if its length is within the limit on ids, else its first 64 characters
    /// and "…". None where there is no usable one: missing, empty, of a wrong type, with a NUL.
    pub id: Option<String>,
    /// The path of the field in the record, such as `memberships.team[0].id`; empty for the record itself.
    /// A slug or a name in it is shortened to 64 characters, and what cannot be printed is escaped.
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

/// The path of a field, unless it is the record itself.
struct Within<'f>(&'f str);

impl fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}: ", self.0) }
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
    /// It is longer than its limit: a text, or the list of an attribute.
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
    /// The record has more attributes than a record may have.
    TooManyAttributes,
    /// The names and texts of the record's attributes have more bytes than they may have.
    AttributesTooLarge,
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
    TooManyAttributes = 12 "too_many_attributes",
    AttributesTooLarge = 13 "attributes_too_large",
});

impl FaultCode {
    /// Whether the field is malformed (HTTP 400), rather than against a business rule (HTTP 422).
    pub const fn is_malformed(self) -> bool {
        !matches!(self, Self::DuplicateId | Self::UnknownResourceType | Self::WrongKind)
    }
}
