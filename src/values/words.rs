//! Enums that are written as words and as numbers, and what is told of a text that is none.

use alloc::string::String;

use super::quote::excerpt;

/// A text that is not what it was to be parsed as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: found {}, expected {expected}", super::quote::Quoted(found))]
#[non_exhaustive]
pub struct ParseError {
    /// What the text was to be, such as `kind` or `timestamp`.
    pub what: &'static str,
    /// The text, shortened to 64 characters.
    pub found: String,
    /// What would have done.
    pub expected: &'static str,
}

impl ParseError {
    pub(super) fn new(what: &'static str, text: &str, expected: &'static str) -> Self {
        Self { what, found: excerpt(text), expected }
    }
}

/// Gives an enum its words and numbers. Both are promises: serde writes the words into formats for
/// people, the digest is fed with the numbers.
macro_rules! words {
    ($name:ident, $what:literal, $expected:literal, { $($variant:ident = $number:literal $word:literal,)+ }) => {
        impl $name {
            /// Each of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it, which serde writes too. It never changes.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The number for it, which the digest is fed with. It never changes.
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$variant => $number,)+
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::values::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::values::words::ParseError::new($what, text, $expected)),
                }
            }
        }
    };
}

pub(super) use words;
