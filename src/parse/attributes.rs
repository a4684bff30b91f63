//! The attributes of a record. All that is sent is kept, since of a name that is given twice the later value counts: a
//! value of a wrong type stands in its place as one, for the check to find.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess};

use super::value::{Mode, NameSlot, Read, Slot, push};
use crate::values::{Attribute, AttributeValue, Attributes, FoundType, Passed};

/// The place of the attributes. What stands there replaces what an earlier value left.
pub(super) struct AttributesSlot<'s, 'de> {
    pub(super) mode: Mode,
    pub(super) attributes: &'s mut Option<Attributes<'de>>,
    pub(super) wrong: &'s mut Option<FoundType>,
}

impl<'de> Slot<'de> for AttributesSlot<'_, 'de> {
    type Value = ();

    fn mode(&self) -> Mode {
        self.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(slot)
    }

    fn typed_some<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(slot)
    }

    fn wrong(self, found: FoundType) {
        *self.attributes = None;
        *self.wrong = Some(found);
    }

    fn null(self) {
        *self.attributes = None;
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mode = self.mode;
        let mut attributes = Vec::new();
        while let Some(name) = map.next_key_seed(Read(NameSlot { mode }))? {
            let value = map.next_value_seed(Read(ValueSlot { mode }))?;
            push(&mut attributes, Attribute { name, value });
        }
        *self.attributes = Some(attributes);
        Ok(())
    }
}

/// The place of the value of an attribute.
struct ValueSlot {
    mode: Mode,
}

impl<'de> Slot<'de> for ValueSlot {
    type Value = Option<AttributeValue<'de>>;

    fn mode(&self) -> Mode {
        self.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(slot)
    }

    fn typed_some<D: Deserializer<'de>>(_: Read<Self>, deserializer: D) -> Result<Self::Value, D::Error> {
        AttributeValue::deserialize(deserializer).map(Some)
    }

    fn wrong(self, found: FoundType) -> Self::Value {
        Some(AttributeValue::WrongType(found))
    }

    fn null(self) -> Self::Value {
        None
    }

    fn boolean(self, boolean: bool) -> Self::Value {
        Some(AttributeValue::Boolean(boolean))
    }

    fn integer(self, integer: i64) -> Self::Value {
        Some(AttributeValue::Integer(integer))
    }

    fn text(self, text: Cow<'de, str>) -> Self::Value {
        Some(AttributeValue::Text(text))
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut texts: Vec<Cow<'de, str>> = Vec::new();
        while let Some(text) = list.next_element_seed(Read(ElementSlot { mode: self.mode }))? {
            let Some(text) = text else {
                drop(texts);
                while list.next_element_seed(Passed::OVER)?.is_some() {}
                return Ok(self.wrong(FoundType::MixedList));
            };
            push(&mut texts, text);
        }
        let texts: Box<[Cow<'de, str>]> = texts.into();
        Ok(Some(AttributeValue::Texts(texts)))
    }
}

/// The place of a text in a list; none where something else stands there.
struct ElementSlot {
    mode: Mode,
}

impl<'de> Slot<'de> for ElementSlot {
    type Value = Option<Cow<'de, str>>;

    fn mode(&self) -> Mode {
        self.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(slot)
    }

    fn wrong(self, _: FoundType) -> Self::Value {
        None
    }

    fn text(self, text: Cow<'de, str>) -> Self::Value {
        Some(text)
    }
}
