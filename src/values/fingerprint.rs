//! What a page is remembered by.

use core::fmt;
use core::str::FromStr;

use super::hex;
use super::words::ParseError;

/// 128 bits that stand for the bytes that a page was read from
/// ([SPEC 3.9](crate::spec#39-fingerprints)).
///
/// The host computes them. The engine takes two pages of a type with one fingerprint for the same page, so
/// it must not be possible for whoever sends pages to make two with one fingerprint: a cryptographic hash,
/// or a hash under a key that is kept from the sender. The engine keeps the pages of each app and type apart, so
/// neither the app nor the slug need be hashed.
///
/// Prints itself as 32 hexadecimal digits in lower case, and is parsed from 32 of either case.
///
/// ```
/// use headcount::Fingerprint;
/// let fingerprint = Fingerprint(0xfeed);
/// assert_eq!(fingerprint.to_string(), "0000000000000000000000000000feed");
/// assert_eq!("0000000000000000000000000000FEED".parse(), Ok(fingerprint));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        hex::parse("fingerprint", text).map(Self)
    }
}

/// The text in formats for people, in others 16 bytes, the highest first.
#[cfg(feature = "serde")]
impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        hex::serialize(self.0, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hex::deserialize("fingerprint", deserializer).map(Self)
    }
}
