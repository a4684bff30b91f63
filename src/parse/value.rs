//! One value of whatever type, at a place that wants one type.

use alloc::borrow::{Cow, ToOwned};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use crate::values::{FoundType, IgnoredFields, Passed};

/// How values are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The format tells the type of each value, so that a wrong one can be noted and passed over.
    Any,
    /// The format is told the type of each value, in the derived form of records; it may know no other.
    Typed,
}

/// A place for a value, and what becomes of a value of each type there. A type that the place does
/// not want is `wrong`.
pub(super) trait Slot<'de>: Sized {
    type Value;

    fn mode(&self) -> Mode;

    /// Asks for the type of the derived form.
    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Self::Value, D::Error>;

    /// Asks for the type within an option, where the derived form has one.
    fn typed_some<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Self::Value, D::Error> {
        Self::typed(slot, deserializer)
    }

    fn wrong(self, found: FoundType) -> Self::Value;

    fn null(self) -> Self::Value {
        self.wrong(FoundType::Null)
    }

    fn boolean(self, _: bool) -> Self::Value {
        self.wrong(FoundType::Boolean)
    }

    fn integer(self, _: i64) -> Self::Value {
        self.wrong(FoundType::Number)
    }

    fn text(self, _: Cow<'de, str>) -> Self::Value {
        self.wrong(FoundType::Text)
    }

    /// A text that the format cannot lend.
    fn passing_text(self, text: &str) -> Self::Value {
        self.text(Cow::Owned(text.to_owned()))
    }

    fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Passed::OVER.visit_seq(list)?;
        Ok(self.wrong(FoundType::List))
    }

    fn map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Passed::OVER.visit_map(map)?;
        Ok(self.wrong(FoundType::Map))
    }
}

/// Reads a value into a slot. It takes a value of any type, so that none stops the parser.
pub(super) struct Read<S>(pub(super) S);

impl<'de, S: Slot<'de>> DeserializeSeed<'de> for Read<S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        match self.0.mode() {
            Mode::Any => deserializer.deserialize_any(self),
            Mode::Typed => S::typed(self, deserializer),
        }
    }
}

impl<S> Read<S> {
    /// An integer, if it has no more than 64 bits.
    fn integer_that_fits<'de>(self, integer: impl TryInto<i64>) -> <S as Slot<'de>>::Value
    where
        S: Slot<'de>,
    {
        match integer.try_into() {
            Ok(integer) => self.0.integer(integer),
            Err(_) => self.0.wrong(FoundType::Number),
        }
    }
}

impl<'de, S: Slot<'de>> Visitor<'de> for Read<S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<S::Value, E> {
        Ok(self.0.boolean(boolean))
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<S::Value, E> {
        Ok(self.0.integer(integer))
    }

    fn visit_i128<E: Error>(self, integer: i128) -> Result<S::Value, E> {
        Ok(self.integer_that_fits(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<S::Value, E> {
        Ok(self.integer_that_fits(integer))
    }

    fn visit_u128<E: Error>(self, integer: u128) -> Result<S::Value, E> {
        Ok(self.integer_that_fits(integer))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<S::Value, E> {
        Ok(self.0.wrong(FoundType::Number))
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<S::Value, E> {
        Ok(self.0.text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<S::Value, E> {
        Ok(self.0.passing_text(text))
    }

    fn visit_string<E: Error>(self, text: alloc::string::String) -> Result<S::Value, E> {
        Ok(self.0.text(Cow::Owned(text)))
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<S::Value, E> {
        Ok(self.0.wrong(FoundType::Other))
    }

    fn visit_none<E: Error>(self) -> Result<S::Value, E> {
        Ok(self.0.null())
    }

    fn visit_unit<E: Error>(self) -> Result<S::Value, E> {
        Ok(self.0.null())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        match self.0.mode() {
            Mode::Any => deserializer.deserialize_any(self),
            Mode::Typed => S::typed_some(self, deserializer),
        }
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.visit_some(deserializer)
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<S::Value, A::Error> {
        self.0.list(list)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<S::Value, A::Error> {
        self.0.map(map)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<S::Value, A::Error> {
        Passed::OVER.visit_enum(data)?;
        Ok(self.0.wrong(FoundType::Other))
    }
}

/// A text of a record: one that must be there, for which nothing is as good as an empty one, or one
/// that may be absent.
pub(super) trait Text<'de>: Default {
    /// Whether it is an option in the derived form.
    const IS_OPTION: bool;

    fn of(text: Cow<'de, str>) -> Self;
}

impl<'de> Text<'de> for Cow<'de, str> {
    const IS_OPTION: bool = false;

    #[inline]
    fn of(text: Cow<'de, str>) -> Self {
        text
    }
}

impl<'de> Text<'de> for Option<Cow<'de, str>> {
    const IS_OPTION: bool = true;

    #[inline]
    fn of(text: Cow<'de, str>) -> Self {
        Some(text)
    }
}

/// The place of a text. What stands there replaces what an earlier value of the field left: the text,
/// and what was wrong with it.
pub(super) struct TextSlot<'s, T> {
    pub(super) mode: Mode,
    pub(super) text: &'s mut T,
    pub(super) wrong: &'s mut Option<FoundType>,
}

impl<'de, T: Text<'de>> Slot<'de> for TextSlot<'_, T> {
    type Value = ();

    #[inline]
    fn mode(&self) -> Mode {
        self.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<(), D::Error> {
        if T::IS_OPTION { deserializer.deserialize_option(slot) } else { deserializer.deserialize_str(slot) }
    }

    fn typed_some<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(slot)
    }

    fn wrong(self, found: FoundType) {
        *self.text = T::default();
        *self.wrong = Some(found);
    }

    fn null(self) {
        *self.text = T::default();
        *self.wrong = None;
    }

    #[inline]
    fn text(self, text: Cow<'de, str>) {
        *self.text = T::of(text);
        *self.wrong = None;
    }
}

/// What a key of a map stands for.
pub(super) trait Name: Sized {
    /// None of a name that is not known.
    fn named(name: &str) -> Option<Self>;
}

/// Where the names of unknown fields go, if anybody asks for them.
pub(super) type Noted<'n> = Option<&'n mut IgnoredFields>;

/// The place of a key: none of one that is not known. One that is no text has no name.
pub(super) struct KeySlot<'n, N> {
    mode: Mode,
    noted: Noted<'n>,
    name: PhantomData<N>,
}

impl<'n, N: Name> KeySlot<'n, N> {
    pub(super) const fn new(mode: Mode, noted: Noted<'n>) -> Self {
        Self { mode, noted, name: PhantomData }
    }

    #[inline]
    fn named(self, name: &str) -> Option<N> {
        let named = N::named(name);
        if let (None, Some(noted)) = (&named, self.noted) {
            noted.note(name);
        }
        named
    }
}

impl<'de, N: Name> Slot<'de> for KeySlot<'_, N> {
    type Value = Option<N>;

    fn mode(&self) -> Mode {
        self.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Option<N>, D::Error> {
        deserializer.deserialize_identifier(slot)
    }

    fn wrong(self, _: FoundType) -> Option<N> {
        None
    }

    #[inline]
    fn text(self, name: Cow<'de, str>) -> Option<N> {
        self.named(&name)
    }

    #[inline]
    fn passing_text(self, name: &str) -> Option<N> {
        self.named(name)
    }
}

/// The place of a key that may be any text. One of another type, which some formats have, is as good as an empty one.
pub(super) struct NameSlot {
    pub(super) mode: Mode,
}

impl<'de> Slot<'de> for NameSlot {
    type Value = Cow<'de, str>;

    fn mode(&self) -> Mode {
        self.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(slot)
    }

    fn wrong(self, _: FoundType) -> Cow<'de, str> {
        Cow::Borrowed("")
    }

    #[inline]
    fn text(self, text: Cow<'de, str>) -> Cow<'de, str> {
        text
    }
}

/// The values of a struct, whether it is written as a map or as a list.
pub(super) trait Values<'de> {
    type Error: Error;

    /// The next value, none behind the last one of a list.
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Self::Error>;
}

/// Values each of which follows its key.
pub(super) struct MapValues<'m, A>(pub(super) &'m mut A);

impl<'de, A: MapAccess<'de>> Values<'de> for MapValues<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_value_seed(seed).map(Some)
    }
}

/// Values in the order of their fields.
pub(super) struct ListValues<'l, A>(pub(super) &'l mut A);

impl<'de, A: SeqAccess<'de>> Values<'de> for ListValues<'_, A> {
    type Error = A::Error;

    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(seed)
    }
}

/// Adds to a list that grows by halves, from two: of what a list holds at least two thirds are in use,
/// which is part of the bound that [`PageSeed`](crate::PageSeed) states.
#[inline]
pub(super) fn push<T>(list: &mut Vec<T>, element: T) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 2).max(2));
    }
    list.push(element);
}
