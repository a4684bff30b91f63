//! A record, its fields in any order, each given any number of times.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::mem;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::Bounds;
use super::attributes::AttributesSlot;
use super::references::MapSlot;
use super::tally::Tally;
use super::value::{KeySlot, ListValues, MapValues, Mode, Name, Noted, Read, Slot, TextSlot, Values, push};
use crate::values::{
    Account, Attributes, FoundType, Group, Misread, Passed, Place, ReferenceMap, References, WrongType,
};

/// A field of a record.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Text(Place),
    Map(ReferenceMap),
    Attributes,
}

/// A field of one kind of records.
struct FieldOf<R>(Field, PhantomData<R>);

impl<'de, R: Record<'de>> Name for FieldOf<R> {
    #[inline]
    fn named(name: &str) -> Option<Self> {
        R::field(name).map(|field| Self(field, PhantomData))
    }
}

/// A text of a record.
pub(super) enum TextMut<'r, 'de> {
    Required(&'r mut Cow<'de, str>),
    Optional(&'r mut Option<Cow<'de, str>>),
}

/// What the parser knows of a kind of records.
pub(super) trait Record<'de>: Default {
    const NAME: &'static str;
    /// In the order of the derived form.
    const FIELDS: &'static [&'static str];

    fn field(name: &str) -> Option<Field>;

    /// The text at this place.
    fn text_mut(&mut self, place: Place) -> Option<TextMut<'_, 'de>>;

    fn references_mut(&mut self, map: ReferenceMap) -> Option<&mut References<'de>>;

    fn attributes_mut(&mut self) -> &mut Option<Attributes<'de>>;
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
        "attributes",
    ];

    #[inline]
    fn field(name: &str) -> Option<Field> {
        Some(match name {
            "id" => Field::Text(Place::Id),
            "email" => Field::Text(Place::Email),
            "username" => Field::Text(Place::Username),
            "first_name" => Field::Text(Place::FirstName),
            "last_name" => Field::Text(Place::LastName),
            "display_name" => Field::Text(Place::DisplayName),
            "status" => Field::Text(Place::Status),
            "memberships" => Field::Map(ReferenceMap::Memberships),
            "assignments" => Field::Map(ReferenceMap::Assignments),
            "attributes" => Field::Attributes,
            _ => return None,
        })
    }

    #[inline]
    fn text_mut(&mut self, place: Place) -> Option<TextMut<'_, 'de>> {
        Some(TextMut::Optional(match place {
            Place::Id => return Some(TextMut::Required(&mut self.id)),
            Place::Email => &mut self.email,
            Place::Username => &mut self.username,
            Place::FirstName => &mut self.first_name,
            Place::LastName => &mut self.last_name,
            Place::DisplayName => &mut self.display_name,
            Place::Status => &mut self.status,
            _ => return None,
        }))
    }

    fn references_mut(&mut self, map: ReferenceMap) -> Option<&mut References<'de>> {
        Some(match map {
            ReferenceMap::Memberships => &mut self.memberships,
            ReferenceMap::Assignments => &mut self.assignments,
        })
    }

    fn attributes_mut(&mut self) -> &mut Option<Attributes<'de>> {
        &mut self.attributes
    }
}

impl<'de> Record<'de> for Group<'de> {
    const NAME: &'static str = "Group";
    const FIELDS: &'static [&'static str] = &["id", "name", "description", "attributes"];

    #[inline]
    fn field(name: &str) -> Option<Field> {
        Some(match name {
            "id" => Field::Text(Place::Id),
            "name" => Field::Text(Place::Name),
            "description" => Field::Text(Place::Description),
            "attributes" => Field::Attributes,
            _ => return None,
        })
    }

    #[inline]
    fn text_mut(&mut self, place: Place) -> Option<TextMut<'_, 'de>> {
        Some(match place {
            Place::Id => TextMut::Required(&mut self.id),
            Place::Name => TextMut::Required(&mut self.name),
            Place::Description => TextMut::Optional(&mut self.description),
            _ => return None,
        })
    }

    fn references_mut(&mut self, _: ReferenceMap) -> Option<&mut References<'de>> {
        None
    }

    fn attributes_mut(&mut self) -> &mut Option<Attributes<'de>> {
        &mut self.attributes
    }
}

/// The place of a record.
pub(super) struct RecordSlot<'s, R> {
    /// The record so far.
    pub(super) record: &'s mut R,
    pub(super) notes: &'s mut RecordNotes,
    pub(super) bounds: &'s Bounds,
    pub(super) noted: Noted<'s>,
}

/// What is noted of one record.
#[derive(Default)]
pub(super) struct RecordNotes {
    /// Of the record, its texts and its maps: one at most for each place.
    wrong_types: Vec<WrongType>,
    memberships: Tally,
    assignments: Tally,
}

impl<'de, R: Record<'de>> Slot<'de> for RecordSlot<'_, R> {
    type Value = ();

    fn mode(&self) -> Mode {
        self.bounds.mode
    }

    fn typed<D: Deserializer<'de>>(slot: Read<Self>, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_struct(R::NAME, R::FIELDS, slot)
    }

    fn wrong(self, found: FoundType) {
        self.notes.note(Place::Record, Some(found));
    }

    /// The derived form, in a format that is told types. To a person a list is no record.
    fn list<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        if self.bounds.mode == Mode::Any {
            Passed::OVER.visit_seq(list)?;
            self.wrong(FoundType::List);
            return Ok(());
        }
        for field in R::FIELDS.iter().filter_map(|name| R::field(name)) {
            self.field(field, &mut ListValues(&mut list))?;
        }
        Ok(())
    }

    fn map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        loop {
            let key = KeySlot::<FieldOf<R>>::new(self.bounds.mode, self.noted.as_deref_mut());
            match map.next_key_seed(Read(key))? {
                Some(Some(FieldOf(field, _))) => self.field(field, &mut MapValues(&mut map))?,
                Some(None) => map.next_value_seed(Passed::OVER)?,
                None => return Ok(()),
            }
        }
    }
}

impl<R> RecordSlot<'_, R> {
    /// Reads the value of a field, in the place of an earlier one.
    #[inline]
    fn field<'de, V: Values<'de>>(&mut self, field: Field, values: &mut V) -> Result<(), V::Error>
    where
        R: Record<'de>,
    {
        let mode = self.bounds.mode;
        let mut wrong = None;
        let place = match field {
            Field::Text(place) => {
                match self.record.text_mut(place) {
                    Some(TextMut::Optional(text)) => {
                        values.next(Read(TextSlot { mode, text, wrong: &mut wrong }))?
                    }
                    Some(TextMut::Required(text)) => {
                        values.next(Read(TextSlot { mode, text, wrong: &mut wrong }))?
                    }
                    None => return Ok(()),
                };
                place
            }
            Field::Map(map) => {
                let Some(lists) = self.record.references_mut(map) else { return Ok(()) };
                let tally = match map {
                    ReferenceMap::Memberships => &mut self.notes.memberships,
                    ReferenceMap::Assignments => &mut self.notes.assignments,
                };
                let noted = self.noted.as_deref_mut();
                let slot = MapSlot { map, bounds: self.bounds, lists, tally, wrong: &mut wrong, noted };
                values.next(Read(slot))?;
                Place::Map(map)
            }
            Field::Attributes => {
                let attributes = self.record.attributes_mut();
                values.next(Read(AttributesSlot { mode, attributes, wrong: &mut wrong }))?;
                Place::Attributes
            }
        };
        if wrong.is_some() || !self.notes.wrong_types.is_empty() {
            self.notes.note(place, wrong);
        }
        Ok(())
    }
}

impl RecordNotes {
    /// Notes what stood at a place, if it was wrong. What an earlier value was counts no more.
    #[cold]
    fn note(&mut self, place: Place, wrong: Option<FoundType>) {
        self.wrong_types.retain(|wrong| wrong.place != place);
        if let Some(found) = wrong {
            push(&mut self.wrong_types, WrongType { place, found });
        }
    }

    /// What the page keeps of the notes, and how many faults of the record are certain. The references
    /// of an account that has too many are let go.
    #[inline]
    pub(super) fn finish<'de, R: Record<'de>>(
        &mut self,
        record: &mut R,
        number: u32,
        bounds: &Bounds,
    ) -> (Option<Misread>, usize) {
        let sent = self.memberships.sent() + self.assignments.sent();
        let is_whole = self.wrong_types.is_empty()
            && self.memberships.is_whole()
            && self.assignments.is_whole()
            && sent <= u64::from(bounds.references_max);
        if is_whole {
            self.memberships.kept = 0;
            self.assignments.kept = 0;
            return (None, 0);
        }
        mem::take(self).misread(record, number, bounds)
    }

    #[cold]
    fn misread<'de, R: Record<'de>>(
        self,
        record: &mut R,
        number: u32,
        bounds: &Bounds,
    ) -> (Option<Misread>, usize) {
        let Self { mut wrong_types, mut memberships, mut assignments } = self;
        let mut references_dropped = memberships.dropped.saturating_add(assignments.dropped);
        let mut faults_dropped = memberships.list_faults_dropped + assignments.list_faults_dropped;
        let faults;
        wrong_types.reserve_exact(memberships.wrong_types.len() + assignments.wrong_types.len());
        wrong_types.append(&mut memberships.wrong_types);
        wrong_types.append(&mut assignments.wrong_types);
        let sent = memberships.sent() + assignments.sent();
        if sent > u64::from(bounds.references_max) {
            // One fault stands for all that is in them.
            wrong_types.retain(|wrong| !wrong.place.is_in_reference());
            faults = wrong_types.len() + 1;
            references_dropped = u32::try_from(sent).unwrap_or(u32::MAX);
            for map in [ReferenceMap::Memberships, ReferenceMap::Assignments] {
                let lists = record.references_mut(map).into_iter().flatten();
                for references in lists.filter_map(|list| list.references.as_mut()) {
                    *references = Vec::new();
                }
            }
        } else {
            faults = wrong_types.len() + memberships.empty_ids as usize + assignments.empty_ids as usize;
            faults_dropped += memberships.reference_faults_dropped + assignments.reference_faults_dropped;
        }
        wrong_types.sort_unstable();
        let misread = Misread { record: number, wrong_types, references_dropped, faults_dropped };
        let is_told = misread != Misread { record: number, ..Misread::default() };
        (is_told.then_some(misread), faults)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec;

    use serde::de::DeserializeSeed;

    use super::*;
    use crate::parse::PageSeed;
    use crate::values::{Kind, Limits, Page, Records, Reference};

    fn page(kind: Kind, body: &str) -> Page<'_> {
        let mut parser = serde_json::Deserializer::from_str(body);
        let page = PageSeed::new(kind, &Limits::default()).deserialize(&mut parser);
        let page = page.unwrap_or_else(|error| panic!("{body}: {error}"));
        parser.end().unwrap_or_else(|error| panic!("{body}: {error}"));
        page
    }

    /// What was misread of the one record of a page.
    fn wrong_types(kind: Kind, record: &str) -> Vec<WrongType> {
        let body = format!("{{\"records\": [{record}]}}");
        let misread = page(kind, &body).misread(0).cloned().unwrap_or_default();
        assert_eq!((misread.references_dropped, misread.faults_dropped), (0, 0), "{record}");
        misread.wrong_types
    }

    const VALUES: [(&str, FoundType); 6] = [
        ("null", FoundType::Null),
        ("true", FoundType::Boolean),
        ("-1.5e3", FoundType::Number),
        ("\"\\u0041 text\"", FoundType::Text),
        ("[1, [{\"a\": []}], \"x\"]", FoundType::List),
        ("{\"a\": {\"b\": [1]}, \"id\": \"x\"}", FoundType::Map),
    ];

    #[test]
    fn a_value_of_a_wrong_type_is_noted_in_each_place_and_stands_as_absent() {
        use FoundType::{List, Map, Null, Text};
        let text: &[FoundType] = &[Null, Text];
        let (memberships, assignments) = (ReferenceMap::Memberships, ReferenceMap::Assignments);
        let account: &[(&str, Place, &[FoundType])] = &[
            ("$", Place::Record, &[Map]),
            ("{\"id\": $}", Place::Id, text),
            ("{\"email\": $}", Place::Email, text),
            ("{\"username\": $}", Place::Username, text),
            ("{\"first_name\": $}", Place::FirstName, text),
            ("{\"last_name\": $}", Place::LastName, text),
            ("{\"display_name\": $}", Place::DisplayName, text),
            ("{\"status\": $}", Place::Status, text),
            ("{\"memberships\": $}", Place::Map(memberships), &[Null, Map]),
            ("{\"assignments\": $}", Place::Map(assignments), &[Null, Map]),
            ("{\"assignments\": {\"s\": [], \"t\": $}}", Place::List(assignments, 1), &[Null, List]),
            ("{\"memberships\": {\"t\": [{}, $]}}", Place::Reference(memberships, 0, 1), &[Map]),
            ("{\"memberships\": {\"t\": [{\"id\": $}]}}", Place::ReferenceId(memberships, 0, 0), text),
            ("{\"assignments\": {\"t\": [{\"name\": $}]}}", Place::ReferenceName(assignments, 0, 0), text),
            ("{\"attributes\": $}", Place::Attributes, &[Null, Map]),
            (
                "{\"unknown\": $}",
                Place::Record,
                &[Null, FoundType::Boolean, FoundType::Number, Text, List, Map],
            ),
        ];
        let group: &[(&str, Place, &[FoundType])] = &[
            ("$", Place::Record, &[Map]),
            ("{\"id\": $}", Place::Id, text),
            ("{\"name\": $}", Place::Name, text),
            ("{\"description\": $}", Place::Description, text),
            ("{\"attributes\": $}", Place::Attributes, &[Null, Map]),
            (
                "{\"memberships\": $}",
                Place::Record,
                &[Null, FoundType::Boolean, FoundType::Number, Text, List, Map],
            ),
        ];
        for (kind, places) in [(Kind::Account, account), (Kind::Group, group), (Kind::License, group)] {
            for (record, place, right) in places {
                for (value, found) in VALUES {
                    // A map in the place of a map of lists holds lists of wrong types.
                    if matches!(
                        (place, found),
                        (Place::Map(_) | Place::List(..), FoundType::Map | FoundType::List)
                    ) {
                        continue;
                    }
                    let record = record.replace('$', value);
                    let expected = if right.contains(&found) {
                        vec![]
                    } else {
                        vec![WrongType { place: *place, found }]
                    };
                    assert_eq!(wrong_types(kind, &record), expected, "{kind} {record}");
                }
            }
        }
        for (kind, list) in [("memberships", memberships), ("assignments", assignments)] {
            let place = Place::Map(list);
            assert_eq!(
                wrong_types(Kind::Account, &format!("{{\"{kind}\": [[]]}}")),
                [WrongType { place, found: List }]
            );
            let place = Place::List(list, 0);
            assert_eq!(
                wrong_types(Kind::Account, &format!("{{\"{kind}\": {{\"a\": {{}}}}}}")),
                [WrongType { place, found: Map }]
            );
        }
    }

    #[test]
    fn what_is_of_a_wrong_type_keeps_its_place_and_what_is_beside_it() {
        let body = r#"{"records": [7, {"id": "u2", "email": 5, "username": "x",
            "memberships": {"a": null, "b": "c", "d": [1, {"id": 2, "name": "n"}, {"id": "g", "name": []}]}}]}"#;
        let page = page(Kind::Account, body);
        let Records::Accounts(accounts) = page.records() else { panic!("accounts") };
        assert_eq!(accounts[0], Account::default());
        assert_eq!((&*accounts[1].id, accounts[1].username.as_deref()), ("u2", Some("x")));
        let memberships = &accounts[1].memberships;
        assert_eq!((&*memberships[0].slug, &memberships[0].references), ("a", &None));
        assert_eq!((&*memberships[1].slug, &memberships[1].references), ("b", &None));
        let named = Reference::default().with_name("n");
        assert_eq!(memberships[2].as_slice(), [Reference::default(), named, Reference::new("g")]);
        let noted: Vec<_> =
            page.misread(1).expect("notes").wrong_types.iter().map(|wrong| wrong.place).collect();
        let map = ReferenceMap::Memberships;
        assert_eq!(
            noted,
            [
                Place::Email,
                Place::List(map, 1),
                Place::Reference(map, 2, 0),
                Place::ReferenceId(map, 2, 1),
                Place::ReferenceName(map, 2, 2),
            ]
        );
        assert_eq!(page.misread(0).expect("notes").wrong_types[0].place, Place::Record);
    }

    #[test]
    fn of_a_field_given_twice_the_later_value_stands_alone() {
        let wrong = |found| vec![WrongType { place: Place::Email, found }];
        for (record, expected, email) in [
            (r#"{"email": 1, "email": "a@b"}"#, vec![], Some("a@b")),
            (r#"{"email": "a@b", "email": 1}"#, wrong(FoundType::Number), None),
            (r#"{"email": 1, "email": [], "id": "x"}"#, wrong(FoundType::List), None),
            (r#"{"email": "a@b", "email": null}"#, vec![], None),
            (r#"{"memberships": {"a": 1, "b": [1]}, "memberships": null}"#, vec![], None),
            (r#"{"memberships": 1, "memberships": {}}"#, vec![], None),
            (r#"{"memberships": {"a": [{"id": 1, "id": "g"}]}}"#, vec![], None),
            (r#"{"memberships": {"a": [{"name": 1, "name": null}]}}"#, vec![], None),
        ] {
            let body = format!("{{\"records\": [{record}]}}");
            let page = page(Kind::Account, &body);
            let Records::Accounts(accounts) = page.records() else { panic!("accounts") };
            assert_eq!(accounts[0].email.as_deref(), email, "{record}");
            assert_eq!(wrong_types(Kind::Account, record), expected, "{record}");
        }
        let body =
            r#"{"records": [{"memberships": {"a": [{"id": "g1"}]}, "memberships": {"b": [{"id": "g2"}]}}]}"#;
        let page = page(Kind::Account, body);
        let Records::Accounts(accounts) = page.records() else { panic!("accounts") };
        assert_eq!(accounts[0].memberships.len(), 1);
        assert_eq!(accounts[0].memberships[0].as_slice(), [Reference::new("g2")]);
    }

    #[test]
    fn a_page_of_right_types_has_no_notes() {
        let record = r#"{"id": "", "memberships": {"a": [{"id": ""}, {}], "b": null}, "assignments": null}"#;
        // Each has two faults that the check will find; all are kept, since all can be listed.
        let records: Vec<String> = (0..50).map(|_| record.to_string()).collect();
        let body = format!("{{\"records\": [{}]}}", records.join(","));
        let page = page(Kind::Account, &body);
        assert!((0..50).all(|record| page.misread(record).is_none()));
    }
}
