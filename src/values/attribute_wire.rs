//! The value of an attribute as serde has it: in a format for people what it is, in any other told by a number, since
//! such a format may not say what comes.

use alloc::borrow::{Cow, ToOwned};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::attribute::AttributeValue;
use super::found_type::FoundType;
use super::wire::Text;

/// What [`Tagged`] is read from.
#[derive(Serialize)]
#[serde(rename = "AttributeValue", rename_all = "snake_case")]
enum TaggedRef<'s, 'a> {
    Text(&'s str),
    Integer(i64),
    Boolean(bool),
    Texts(&'s [Cow<'a, str>]),
    WrongType(FoundType),
}

#[derive(Deserialize)]
#[serde(rename = "AttributeValue", rename_all = "snake_case")]
enum Tagged<'a> {
    #[serde(borrow)]
    Text(Text<'a>),
    Integer(i64),
    Boolean(bool),
    #[serde(borrow)]
    Texts(Vec<Text<'a>>),
    WrongType(FoundType),
}

/// In a format for people, the one key of the map that stands in the place of a value that was of a wrong type: no map is
/// a value.
const WRONG_TYPE: &str = "wrong_type";

impl Serialize for AttributeValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return match self {
                Self::Text(text) => TaggedRef::Text(text),
                Self::Integer(integer) => TaggedRef::Integer(*integer),
                Self::Boolean(boolean) => TaggedRef::Boolean(*boolean),
                Self::Texts(texts) => TaggedRef::Texts(texts),
                Self::WrongType(found) => TaggedRef::WrongType(*found),
            }
            .serialize(serializer);
        }
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::Texts(texts) => serializer.collect_seq(&**texts),
            Self::WrongType(found) => serializer.collect_map([(WRONG_TYPE, *found)]),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for AttributeValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(ValueVisitor);
        }
        Ok(match Tagged::deserialize(deserializer)? {
            Tagged::Text(Text(text)) => Self::Text(text),
            Tagged::Integer(integer) => Self::Integer(integer),
            Tagged::Boolean(boolean) => Self::Boolean(boolean),
            Tagged::Texts(texts) => Self::texts(texts.into_iter().map(|Text(text)| text)),
            Tagged::WrongType(found) => Self::WrongType(found),
        })
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = AttributeValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, an integer of 64 bits, a boolean or a list of texts")
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<Self::Value, E> {
        Ok(AttributeValue::Boolean(boolean))
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Self::Value, E> {
        Ok(AttributeValue::Integer(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Self::Value, E> {
        let integer = i64::try_from(integer);
        integer.map(AttributeValue::Integer).map_err(|_| E::custom("the integer has more than 64 bits"))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(AttributeValue::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(AttributeValue::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(Text(text)) = list.next_element::<Text<'de>>()? {
            texts.push(text);
        }
        Ok(AttributeValue::texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let is_it = map.next_key::<Text<'de>>()?.is_some_and(|key| key.0 == WRONG_TYPE);
        let found = if is_it { Some(map.next_value()?) } else { None };
        match (found, map.next_key::<Text<'de>>()?) {
            (Some(found), None) => Ok(AttributeValue::WrongType(found)),
            _ => Err(A::Error::custom("the value of an attribute is no map")),
        }
    }
}
