//! The references of an account: kept up to what can be applied or listed, counted beyond.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::marker::PhantomData;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Bounds;
use super::value::{Key, ListValues, MapValues, Mode, Read, Slot, TextSlot, Values, push};
use crate::values::{FoundType, Place, Reference, ReferenceList, ReferenceMap, References, Rule, WrongType};

/// What was read of one map of an account. A map that is sent twice is read twice; the later one
/// stands, so that what each of them holds is counted by itself.
#[derive(Default)]
pub(super) struct Lists<'de> {
    pub(super) lists: References<'de>,
    pub(super) tally: Tally,
    /// What stood there, if it was no map.
    pub(super) wrong: Option<FoundType>,
}

/// What is known of a map's references beside those that are kept.
#[derive(Default)]
pub(super) struct Tally {
    /// Of lists and of what is in them; as many as can be listed.
    pub(super) wrong_types: Vec<WrongType>,
    /// References that are kept, though their id is empty.
    pub(super) empty_ids: u32,
    pub(super) kept: u32,
    /// References that are not kept: the first that there is no room for, and all behind it.
    pub(super) dropped: u32,
    /// Faults of those.
    pub(super) reference_faults_dropped: u64,
    /// Lists of a wrong type that are not among `wrong_types`.
    pub(super) list_faults_dropped: u64,
}

impl Tally {
    /// References sent.
    pub(super) const fn sent(&self) -> u64 {
        self.kept as u64 + self.dropped as u64
    }

    /// Whether all that was sent is kept, of the right types.
    pub(super) const fn is_whole(&self) -> bool {
        self.wrong_types.is_empty()
            && self.empty_ids == 0
            && self.dropped == 0
            && self.list_faults_dropped == 0
    }

    /// Faults that the check will find in what is kept.
    fn noted(&self) -> usize {
        self.wrong_types.len() + self.empty_ids as usize
    }

    fn take_wrong_list(&mut self, place: Place, found: FoundType, bounds: &Bounds) {
        if self.noted() < bounds.faults_left {
            push(&mut self.wrong_types, WrongType { place, found });
        } else {
            self.list_faults_dropped += 1;
        }
    }

    /// The reference, if it is kept. One that has a fault and costs the sender next to nothing (a wrong
    /// type, an empty id) is kept only while its fault may be listed.
    #[inline]
    fn take<'de>(
        &mut self,
        read: ReadReference<'de>,
        place: (ReferenceMap, u32, u32),
        bounds: &Bounds,
    ) -> Option<Reference<'de>> {
        let is_sound = read.wrong.is_none() && read.wrong_id.is_none() && read.wrong_name.is_none();
        if self.dropped > 0
            || ((!is_sound || read.reference.id.is_empty()) && self.noted() >= bounds.faults_left)
        {
            self.dropped = self.dropped.saturating_add(1);
            self.reference_faults_dropped += read.faults(bounds);
            return None;
        }
        if !is_sound {
            self.note(&read, place);
        }
        if read.wrong.is_none() && read.wrong_id.is_none() && read.reference.id.is_empty() {
            self.empty_ids += 1;
        }
        self.kept += 1;
        Some(read.reference)
    }

    fn note(&mut self, read: &ReadReference<'_>, (map, list, number): (ReferenceMap, u32, u32)) {
        let places = [
            (Place::Reference(map, list, number), read.wrong),
            (Place::ReferenceId(map, list, number), read.wrong_id),
            (Place::ReferenceName(map, list, number), read.wrong_name),
        ];
        for (place, wrong) in places {
            if let Some(found) = wrong {
                push(&mut self.wrong_types, WrongType { place, found });
            }
        }
    }
}

/// The place of one map of an account.
pub(super) struct MapSlot<'b> {
    pub(super) map: ReferenceMap,
    pub(super) bounds: &'b Bounds,
}

impl<'b> MapSlot<'b> {
    fn list_slot<'t>(&self, lists: usize, tally: &'t mut Tally) -> ListSlot<'b, 't> {
        ListSlot { map: self.map, number: lists as u32, bounds: self.bounds, tally }
    }
}

impl<'de> Slot<'de> for MapSlot<'_> {
    type Value = Lists<'de>;

    fn mode(&self) -> Mode {
        self.bounds.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Lists<'de>, D::Error> {
        deserializer.deserialize_seq(slot)
    }

    fn wrong(self, found: FoundType) -> Lists<'de> {
        Lists { wrong: Some(found), ..Lists::default() }
    }

    fn null(self) -> Lists<'de> {
        Lists::default()
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lists<'de>, A::Error> {
        let mut read = Lists::default();
        while let Some(slug) = map.next_key_seed(Read(SlugSlot { mode: self.bounds.mode }))? {
            let list = self.list_slot(read.lists.len(), &mut read.tally);
            let references = map.next_value_seed(Read(list))?;
            push(&mut read.lists, ReferenceList { slug, references });
        }
        Ok(read)
    }

    /// The derived form: a list of slugs, each with its references.
    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Lists<'de>, A::Error> {
        if self.bounds.mode == Mode::Any {
            IgnoredAny.visit_seq(list)?;
            return Ok(self.wrong(FoundType::List));
        }
        let mut read = Lists::default();
        loop {
            let entry = EntrySlot(self.list_slot(read.lists.len(), &mut read.tally));
            let Some(entry) = list.next_element_seed(Read(entry))? else { return Ok(read) };
            push(&mut read.lists, entry);
        }
    }
}

/// The place of a slug. A key of another type, which some formats have, is as good as an empty one.
struct SlugSlot {
    mode: Mode,
}

impl<'de> Slot<'de> for SlugSlot {
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

/// The place of a list with its slug, in the derived form.
struct EntrySlot<'b, 't>(ListSlot<'b, 't>);

#[derive(Clone, Copy)]
enum EntryField {
    Slug,
    References,
    Unknown,
}

impl EntryField {
    fn named(name: &str) -> Self {
        match name {
            "slug" => Self::Slug,
            "references" => Self::References,
            _ => Self::Unknown,
        }
    }
}

impl<'b, 't> EntrySlot<'b, 't> {
    fn read<'de, V: Values<'de>>(
        &mut self,
        entry: &mut ReferenceList<'de>,
        field: EntryField,
        values: &mut V,
    ) -> Result<(), V::Error> {
        let ListSlot { map, number, bounds, ref mut tally } = self.0;
        match field {
            EntryField::Slug => {
                entry.slug = values.next(Read(SlugSlot { mode: bounds.mode }))?.unwrap_or_default();
            }
            EntryField::References => {
                entry.references = values.next(Read(ListSlot { map, number, bounds, tally }))?.flatten();
            }
            EntryField::Unknown => _ = values.next(PhantomData::<IgnoredAny>)?,
        }
        Ok(())
    }
}

impl<'de> Slot<'de> for EntrySlot<'_, '_> {
    type Value = ReferenceList<'de>;

    fn mode(&self) -> Mode {
        self.0.bounds.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_struct("ReferenceList", &["slug", "references"], slot)
    }

    fn wrong(self, found: FoundType) -> Self::Value {
        ReferenceList { references: self.0.wrong(found), ..ReferenceList::default() }
    }

    fn list<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entry = ReferenceList::default();
        for field in [EntryField::Slug, EntryField::References] {
            self.read(&mut entry, field, &mut ListValues(&mut list))?;
        }
        Ok(entry)
    }

    fn map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entry = ReferenceList::default();
        let mode = self.mode();
        let key = || Key { mode, named: EntryField::named, unknown: EntryField::Unknown };
        while let Some(field) = map.next_key_seed(Read(key()))? {
            self.read(&mut entry, field, &mut MapValues(&mut map))?;
        }
        Ok(entry)
    }
}

/// The place of one list of a map.
struct ListSlot<'b, 't> {
    map: ReferenceMap,
    number: u32,
    bounds: &'b Bounds,
    tally: &'t mut Tally,
}

impl<'de> Slot<'de> for ListSlot<'_, '_> {
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

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut references = Vec::new();
        let reference = || Read(ReferenceSlot { mode: self.bounds.mode });
        while self.tally.sent() < u64::from(self.bounds.references_max) {
            let Some(read) = list.next_element_seed(reference())? else { return Ok(Some(references)) };
            let place = (self.map, self.number, references.len() as u32);
            if let Some(reference) = self.tally.take(read, place, self.bounds) {
                push(&mut references, reference);
            }
        }
        // What is beyond the limit is counted, and not looked at.
        while match self.bounds.mode {
            Mode::Any => list.next_element::<IgnoredAny>()?.is_some(),
            Mode::Typed => list.next_element_seed(reference())?.is_some(),
        } {
            self.tally.dropped = self.tally.dropped.saturating_add(1);
        }
        Ok(Some(references))
    }
}

/// A reference and what of it was of a wrong type.
#[derive(Default)]
struct ReadReference<'de> {
    reference: Reference<'de>,
    wrong: Option<FoundType>,
    wrong_id: Option<FoundType>,
    wrong_name: Option<FoundType>,
}

impl ReadReference<'_> {
    /// The faults that the check would find, if the reference were kept.
    fn faults(&self, bounds: &Bounds) -> u64 {
        if self.wrong.is_some() {
            return 1;
        }
        let id = Rule::Required { chars_max: bounds.id_chars_max };
        let name = Rule::Optional { chars_max: bounds.text_chars_max };
        let has_name_fault = self.reference.name.as_deref().is_some_and(|text| name.fault(text).is_some());
        u64::from(self.wrong_id.is_some() || id.fault(&self.reference.id).is_some())
            + u64::from(self.wrong_name.is_some() || has_name_fault)
    }
}

/// The place of a reference.
struct ReferenceSlot {
    mode: Mode,
}

#[derive(Clone, Copy)]
enum ReferenceField {
    Id,
    Name,
    Unknown,
}

impl ReferenceField {
    #[inline]
    fn named(name: &str) -> Self {
        match name {
            "id" => Self::Id,
            "name" => Self::Name,
            _ => Self::Unknown,
        }
    }
}

impl ReferenceSlot {
    #[inline]
    fn read<'de, V: Values<'de>>(
        &self,
        read: &mut ReadReference<'de>,
        field: ReferenceField,
        values: &mut V,
    ) -> Result<(), V::Error> {
        match field {
            ReferenceField::Id => {
                let text = values.next(Read(TextSlot { mode: self.mode, is_optional: false }))?;
                (read.reference.id, read.wrong_id) = match text {
                    Some(Err(found)) => (Cow::Borrowed(""), Some(found)),
                    text => (text.and_then(Result::ok).flatten().unwrap_or_default(), None),
                };
            }
            ReferenceField::Name => {
                let text = values.next(Read(TextSlot { mode: self.mode, is_optional: true }))?;
                (read.reference.name, read.wrong_name) = match text {
                    Some(Err(found)) => (None, Some(found)),
                    text => (text.and_then(Result::ok).flatten(), None),
                };
            }
            ReferenceField::Unknown => _ = values.next(PhantomData::<IgnoredAny>)?,
        }
        Ok(())
    }
}

impl<'de> Slot<'de> for ReferenceSlot {
    type Value = ReadReference<'de>;

    fn mode(&self) -> Mode {
        self.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_struct("Reference", &["id", "name"], slot)
    }

    fn wrong(self, found: FoundType) -> Self::Value {
        ReadReference { wrong: Some(found), ..ReadReference::default() }
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        if self.mode == Mode::Any {
            IgnoredAny.visit_seq(list)?;
            return Ok(self.wrong(FoundType::List));
        }
        let mut read = ReadReference::default();
        for field in [ReferenceField::Id, ReferenceField::Name] {
            self.read(&mut read, field, &mut ListValues(&mut list))?;
        }
        Ok(read)
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut read = ReadReference::default();
        let key = || Key { mode: self.mode, named: ReferenceField::named, unknown: ReferenceField::Unknown };
        while let Some(field) = map.next_key_seed(Read(key()))? {
            self.read(&mut read, field, &mut MapValues(&mut map))?;
        }
        Ok(read)
    }
}
