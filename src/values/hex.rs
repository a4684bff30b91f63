//! 128 bits as 32 hexadecimal digits, and in serde.

use super::words::ParseError;

/// What is written so in lower case, in either case.
pub(super) fn parse(what: &'static str, text: &str) -> Result<u128, ParseError> {
    let is_hex = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten();
    number.ok_or_else(|| ParseError::new(what, text, "32 hexadecimal digits"))
}

/// The digits in formats for people, in others 16 bytes, the highest first.
#[cfg(feature = "serde")]
pub(crate) fn serialize<S: serde::Serializer>(number: u128, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.collect_str(&format_args!("{number:032x}"))
    } else {
        serde::Serialize::serialize(&number.to_be_bytes(), serializer)
    }
}

/// What [`serialize`] writes, of something of this name.
#[cfg(feature = "serde")]
pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(
    what: &'static str,
    deserializer: D,
) -> Result<u128, D::Error> {
    use serde::Deserialize;
    if deserializer.is_human_readable() {
        let text = super::wire::Text::deserialize(deserializer)?;
        parse(what, &text.0).map_err(serde::de::Error::custom)
    } else {
        <[u8; 16]>::deserialize(deserializer).map(u128::from_be_bytes)
    }
}
