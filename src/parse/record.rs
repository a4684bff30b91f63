//! A record, its fields in any order, each given any number of times.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::marker::PhantomData;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::references::{MapSlot, Tally};
use super::value::{Key, ListValues, MapValues, Mode, Read, Slot, TextSlot, Values, push};
use super::{Bounds, PageNotes};
use crate::values::{Account, FoundType, Group, Misread, Place, ReferenceMap, References, WrongType};

/// A field of a record.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Text(Place),
    Map(ReferenceMap),
    Unknown,
}

/// What the parser knows of a kind of records.
pub(super) trait Record<'de>: Default {
    const NAME: &'static str;
    /// In the order of the derived form.
    const FIELDS: &'static [&'static str];

    fn field(name: &str) -> Field;

    /// The text at this place.
    fn set(&mut self, place: Place, text: Option<Cow<'de, str>>);

    fn references_mut(&mut self, map: ReferenceMap) -> Option<&mut References<'de>>;
}

impl<'de> Record<'de> for Account<'de> {
    const NAME: &'static str = "Account";
    const FIELDS: &'static [&'static str] = &[
        "id",
        "email",
        "username",
        "first_name",
        "last_name",
        "display_name",
        "status",
        "memberships",
        "assignments",
    ];

    #[inline]
    fn field(name: &str) -> Field {
        match name {
            "id" => Field::Text(Place::Id),
            "email" => Field::Text(Place::Email),
            "username" => Field::Text(Place::Username),
            "first_name" => Field::Text(Place::FirstName),
            "last_name" => Field::Text(Place::LastName),
            "display_name" => Field::Text(Place::DisplayName),
            "status" => Field::Text(Place::Status),
            "memberships" => Field::Map(ReferenceMap::Memberships),
            "assignments" => Field::Map(ReferenceMap::Assignments),
            _ => Field::Unknown,
        }
    }

    #[inline]
    fn set(&mut self, place: Place, text: Option<Cow<'de, str>>) {
        match place {
            Place::Id => self.id = text.unwrap_or_default(),
            Place::Email => self.email = text,
            Place::Username => self.username = text,
            Place::FirstName => self.first_name = text,
            Place::LastName => self.last_name = text,
            Place::DisplayName => self.display_name = text,
            Place::Status => self.status = text,
            _ => debug_assert!(false, "an account has no text at {place:?}"),
        }
    }

    fn references_mut(&mut self, map: ReferenceMap) -> Option<&mut References<'de>> {
        Some(match map {
            ReferenceMap::Memberships => &mut self.memberships,
            ReferenceMap::Assignments => &mut self.assignments,
        })
    }
}

impl<'de> Record<'de> for Group<'de> {
    const NAME: &'static str = "Group";
    const FIELDS: &'static [&'static str] = &["id", "name", "description"];

    #[inline]
    fn field(name: &str) -> Field {
        match name {
            "id" => Field::Text(Place::Id),
            "name" => Field::Text(Place::Name),
            "description" => Field::Text(Place::Description),
            _ => Field::Unknown,
        }
    }

    #[inline]
    fn set(&mut self, place: Place, text: Option<Cow<'de, str>>) {
        match place {
            Place::Id => self.id = text.unwrap_or_default(),
            Place::Name => self.name = text.unwrap_or_default(),
            Place::Description => self.description = text,
            _ => debug_assert!(false, "a group has no text at {place:?}"),
        }
    }

    fn references_mut(&mut self, _: ReferenceMap) -> Option<&mut References<'de>> {
        None
    }
}

/// The place of a record.
pub(super) struct RecordSlot<'p, R> {
    pub(super) number: u32,
    pub(super) bounds: &'p Bounds,
    pub(super) notes: &'p mut PageNotes,
    pub(super) record: PhantomData<R>,
}

impl<'de, R: Record<'de>> Slot<'de> for RecordSlot<'_, R> {
    type Value = R;

    fn mode(&self) -> Mode {
        self.bounds.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<R, D::Error> {
        deserializer.deserialize_struct(R::NAME, R::FIELDS, slot)
    }

    fn wrong(self, found: FoundType) -> R {
        let mut reading = Reading::new(self.bounds);
        reading.wrong_types.push(WrongType { place: Place::Record, found });
        reading.finish(self.number, self.notes)
    }

    /// The derived form, in a format that is told types. To a person a list is no record.
    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<R, A::Error> {
        if self.bounds.mode == Mode::Any {
            IgnoredAny.visit_seq(list)?;
            return Ok(self.wrong(FoundType::List));
        }
        let mut reading = Reading::new(self.bounds);
        for name in R::FIELDS {
            reading.read(R::field(name), &mut ListValues(&mut list))?;
        }
        Ok(reading.finish(self.number, self.notes))
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<R, A::Error> {
        let mut reading = Reading::new(self.bounds);
        let key = || Key { mode: self.bounds.mode, named: R::field, unknown: Field::Unknown };
        while let Some(field) = map.next_key_seed(Read(key()))? {
            reading.read(field, &mut MapValues(&mut map))?;
        }
        Ok(reading.finish(self.number, self.notes))
    }
}

/// A record, as far as it was read.
struct Reading<'b, R> {
    record: R,
    /// Of the record, its texts and its maps: one at most for each place.
    wrong_types: Vec<WrongType>,
    memberships: Tally,
    assignments: Tally,
    bounds: &'b Bounds,
}

impl<'b, R> Reading<'b, R> {
    fn new<'de>(bounds: &'b Bounds) -> Self
    where
        R: Record<'de>,
    {
        Self {
            record: R::default(),
            wrong_types: Vec::new(),
            memberships: Tally::default(),
            assignments: Tally::default(),
            bounds,
        }
    }

    /// Reads the value of a field, in the place of an earlier one.
    #[inline]
    fn read<'de, V: Values<'de>>(&mut self, field: Field, values: &mut V) -> Result<(), V::Error>
    where
        R: Record<'de>,
    {
        match field {
            Field::Text(place) => {
                let is_optional = !matches!(place, Place::Id | Place::Name);
                let text = values.next(Read(TextSlot { mode: self.bounds.mode, is_optional }))?;
                let (text, wrong) = match text {
                    Some(Err(found)) => (None, Some(found)),
                    text => (text.and_then(Result::ok).flatten(), None),
                };
                self.note(place, wrong);
                self.record.set(place, text);
            }
            Field::Map(map) => {
                let read = values.next(Read(MapSlot { map, bounds: self.bounds }))?.unwrap_or_default();
                self.note(Place::Map(map), read.wrong);
                *match map {
                    ReferenceMap::Memberships => &mut self.memberships,
                    ReferenceMap::Assignments => &mut self.assignments,
                } = read.tally;
                if let Some(lists) = self.record.references_mut(map) {
                    *lists = read.lists;
                }
            }
            Field::Unknown => _ = values.next(PhantomData::<IgnoredAny>)?,
        }
        Ok(())
    }

    /// Notes what stood at a place, if it was wrong. What an earlier value was counts no more.
    #[inline]
    fn note(&mut self, place: Place, wrong: Option<FoundType>) {
        if !self.wrong_types.is_empty() {
            self.wrong_types.retain(|wrong| wrong.place != place);
        }
        if let Some(found) = wrong {
            push(&mut self.wrong_types, WrongType { place, found });
        }
    }

    /// The record. What was not read or not kept of it is noted with the page.
    #[inline]
    fn finish<'de>(self, number: u32, notes: &mut PageNotes) -> R
    where
        R: Record<'de>,
    {
        let sent = self.memberships.sent() + self.assignments.sent();
        let is_whole = self.wrong_types.is_empty()
            && self.memberships.is_whole()
            && self.assignments.is_whole()
            && sent <= u64::from(self.bounds.references_max);
        if is_whole { self.record } else { self.finish_misread(sent, number, notes) }
    }

    #[cold]
    fn finish_misread<'de>(self, sent: u64, number: u32, notes: &mut PageNotes) -> R
    where
        R: Record<'de>,
    {
        let Self { mut record, mut wrong_types, memberships, assignments, bounds } = self;
        let mut misread = Misread {
            record: number,
            wrong_types: Vec::new(),
            references_dropped: memberships.dropped.saturating_add(assignments.dropped),
            faults_dropped: memberships.list_faults_dropped + assignments.list_faults_dropped,
        };
        let has_too_many = sent > u64::from(bounds.references_max);
        let mut faults = memberships.empty_ids as usize + assignments.empty_ids as usize;
        wrong_types.reserve_exact(memberships.wrong_types.len() + assignments.wrong_types.len());
        for tally in [&memberships, &assignments] {
            let listed =
                tally.wrong_types.iter().filter(|wrong| !has_too_many || !wrong.place.is_in_reference());
            wrong_types.extend(listed);
            if !has_too_many {
                misread.faults_dropped += tally.reference_faults_dropped;
            }
        }
        if has_too_many {
            // One fault stands for all that is in them.
            faults = 1;
            misread.references_dropped = u32::try_from(sent).unwrap_or(u32::MAX);
            for map in [ReferenceMap::Memberships, ReferenceMap::Assignments] {
                let lists = record.references_mut(map).into_iter().flatten();
                for references in lists.filter_map(|list| list.references.as_mut()) {
                    *references = Vec::new();
                }
            }
        }
        wrong_types.sort_unstable();
        misread.wrong_types = wrong_types;
        faults += misread.wrong_types.len();
        notes.faults = notes.faults.saturating_add(faults);
        if misread != (Misread { record: number, ..Misread::default() }) {
            push(&mut notes.misread, misread);
        }
        record
    }
}
