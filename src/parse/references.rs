//! The references of an account.

use alloc::vec::Vec;
use core::mem;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::Bounds;
use super::tally::{ReadReference, Tally};
use super::value::{
    KeySlot, ListValues, MapValues, Mode, Name, NameSlot, Noted, Read, Slot, TextSlot, Values, push,
};
use crate::values::{FoundType, Passed, Place, Reference, ReferenceList, ReferenceMap, References};

/// The place of one map of an account. What stands there replaces what an earlier value left.
pub(super) struct MapSlot<'s, 'de> {
    pub(super) map: ReferenceMap,
    pub(super) bounds: &'s Bounds,
    pub(super) lists: &'s mut References<'de>,
    pub(super) tally: &'s mut Tally,
    pub(super) wrong: &'s mut Option<FoundType>,
    pub(super) noted: Noted<'s>,
}

impl<'de> MapSlot<'_, 'de> {
    fn clear(&mut self) {
        *self.lists = Vec::new();
        *self.tally = Tally::default();
        *self.wrong = None;
    }

    fn list_slot(&mut self) -> ListSlot<'_> {
        let number = self.lists.len() as u32;
        let noted = self.noted.as_deref_mut();
        ListSlot { map: self.map, number, bounds: self.bounds, tally: self.tally, noted }
    }
}

impl<'de> Slot<'de> for MapSlot<'_, 'de> {
    type Value = ();

    fn mode(&self) -> Mode {
        self.bounds.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(slot)
    }

    fn wrong(mut self, found: FoundType) {
        self.clear();
        *self.wrong = Some(found);
    }

    fn null(mut self) {
        self.clear();
    }

    fn map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.clear();
        while let Some(slug) = map.next_key_seed(Read(NameSlot { mode: self.bounds.mode }))? {
            let references = map.next_value_seed(Read(self.list_slot()))?;
            push(self.lists, ReferenceList { slug, references });
        }
        Ok(())
    }
}

/// The place of one list of a map.
struct ListSlot<'s> {
    map: ReferenceMap,
    number: u32,
    bounds: &'s Bounds,
    tally: &'s mut Tally,
    noted: Noted<'s>,
}

impl<'de> Slot<'de> for ListSlot<'_> {
    type Value = Option<Vec<Reference<'de>>>;

    fn mode(&self) -> Mode {
        self.bounds.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(slot)
    }

    fn typed_some<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(slot)
    }

    fn wrong(self, found: FoundType) -> Self::Value {
        self.tally.take_wrong_list(Place::List(self.map, self.number), found, self.bounds);
        None
    }

    fn null(self) -> Self::Value {
        None
    }

    fn list<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut references = Vec::new();
        let mut read = ReadReference::default();
        // Held back until another follows it: a list of one has room for one, not for the four that a
        // vector begins with, since a map may have many such lists.
        let mut last = None;
        loop {
            if self.tally.sent() >= u64::from(self.bounds.references_max) {
                self.drop_rest(list)?;
                break;
            }
            let noted = self.noted.as_deref_mut();
            let slot = ReferenceSlot { mode: self.bounds.mode, read: &mut read, noted };
            if list.next_element_seed(Read(slot))?.is_none() {
                break;
            }
            let number = references.len() as u32 + u32::from(last.is_some());
            if self.tally.takes(&read, (self.map, self.number, number), self.bounds)
                && let Some(before) = last.replace(mem::take(&mut read.reference))
            {
                references.push(before);
            }
        }
        if references.is_empty() {
            references.reserve_exact(usize::from(last.is_some()));
        }
        references.extend(last);
        Ok(Some(references))
    }
}

impl ListSlot<'_> {
    /// Counts what is beyond the limit, and looks at none of it.
    #[cold]
    fn drop_rest<'de, A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut read = ReadReference::default();
        while match self.bounds.mode {
            Mode::Any => list.next_element_seed(Passed::OVER)?.is_some(),
            Mode::Typed => {
                let slot = ReferenceSlot { mode: Mode::Typed, read: &mut read, noted: None };
                list.next_element_seed(Read(slot))?.is_some()
            }
        } {
            self.tally.dropped = self.tally.dropped.saturating_add(1);
        }
        Ok(())
    }
}

/// The place of a reference.
struct ReferenceSlot<'s, 'de> {
    mode: Mode,
    read: &'s mut ReadReference<'de>,
    noted: Noted<'s>,
}

#[derive(Clone, Copy)]
enum ReferenceField {
    Id,
    Name,
}

impl Name for ReferenceField {
    #[inline]
    fn named(name: &str) -> Option<Self> {
        match name {
            "id" => Some(Self::Id),
            "name" => Some(Self::Name),
            _ => None,
        }
    }
}

impl<'de> ReferenceSlot<'_, 'de> {
    #[inline]
    fn field<V: Values<'de>>(&mut self, field: ReferenceField, values: &mut V) -> Result<(), V::Error> {
        let Self { mode, ref mut read, .. } = *self;
        match field {
            ReferenceField::Id => {
                let text = &mut read.reference.id;
                values.next(Read(TextSlot { mode, text, wrong: &mut read.wrong_id }))?;
            }
            ReferenceField::Name => {
                let text = &mut read.reference.name;
                values.next(Read(TextSlot { mode, text, wrong: &mut read.wrong_name }))?;
            }
        }
        Ok(())
    }
}

impl<'de> Slot<'de> for ReferenceSlot<'_, 'de> {
    type Value = ();

    fn mode(&self) -> Mode {
        self.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_struct("Reference", &["id", "name"], slot)
    }

    fn wrong(self, found: FoundType) {
        *self.read = ReadReference { wrong: Some(found), ..ReadReference::default() };
    }

    fn list<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        if self.mode == Mode::Any {
            Passed::OVER.visit_seq(list)?;
            self.wrong(FoundType::List);
            return Ok(());
        }
        *self.read = ReadReference::default();
        for field in [ReferenceField::Id, ReferenceField::Name] {
            self.field(field, &mut ListValues(&mut list))?;
        }
        Ok(())
    }

    fn map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        *self.read = ReadReference::default();
        loop {
            let key = KeySlot::new(self.mode, self.noted.as_deref_mut());
            match map.next_key_seed(Read(key))? {
                Some(Some(field)) => self.field(field, &mut MapValues(&mut map))?,
                Some(None) => map.next_value_seed(Passed::OVER)?,
                None => return Ok(()),
            }
        }
    }
}
