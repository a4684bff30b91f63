//! Values that are passed over: what no field is known for, and what is of a wrong type.
//!
//! Formats call back for each value within a value, on the stack. How deep that may go is bounded here, and not left to
//! the format: some have no bound, or one that a small stack does not have room for.

use core::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// How deep lists and maps may be nested in a value that is passed over. JSON is passed over without the stack, as deep
/// as it is.
const DEPTH_MAX: u8 = 128;

/// Passes over a value of any type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed {
    /// Levels that are left.
    left: u8,
}

impl Passed {
    pub(crate) const OVER: Self = Self { left: DEPTH_MAX };

    /// One level down.
    fn within<E: Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1);
        let left =
            left.ok_or_else(|| E::custom(format_args!("a value is nested more than {DEPTH_MAX} deep")))?;
        Ok(Self { left })
    }
}

impl<'de> DeserializeSeed<'de> for Passed {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_ignored_any(self)
    }
}

impl<'de> Visitor<'de> for Passed {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything at all")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.within()?.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.within()?.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let within = self.within()?;
        while list.next_element_seed(within)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let within = self.within()?;
        while map.next_key_seed(within)?.is_some() {
            map.next_value_seed(within)?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<(), A::Error> {
        let within = self.within()?;
        let ((), variant) = data.variant_seed(within)?;
        variant.newtype_variant_seed(within)
    }
}
