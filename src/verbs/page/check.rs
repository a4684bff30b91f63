//! From a raw record to what will be stored of it, or to every fault in it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::PageContext;
use super::compare::parse_status;
use super::faults::{Faults, Finding};
use super::raw::RawRecord;
use super::references::{CheckedReference, Slugs, merge};
use crate::store::TypeIndex;
use crate::values::{
    AccountStatus, Error, FaultCode, Kind, Misread, Place, ReferenceList, ReferenceMap, Rule, WrongType,
    describe, path_segment,
};

/// A record as it will be stored: nothing about it can fail any more.
#[derive(Debug)]
pub(super) struct CheckedRecord<'p> {
    /// In the order of [`Slot`](crate::store::Slot). What is absent is empty.
    pub(super) texts: [&'p str; 6],
    pub(super) status: AccountStatus,
    /// Where its references are in the page's list: by type, each once.
    pub(super) references: Range<usize>,
}

/// What the records of a page are checked with, and what came of those before.
#[derive(Debug)]
pub(super) struct Check<'e, 'p> {
    context: PageContext<'e>,
    slugs: Slugs<'e, 'p>,
    faults: Faults,
    records: Vec<CheckedRecord<'p>>,
    references: Vec<CheckedReference<'p>>,
}

/// The fields of an account behind its email that are plain texts.
const ACCOUNT_TEXTS: [(usize, Place); 4] =
    [(2, Place::Username), (3, Place::FirstName), (4, Place::LastName), (5, Place::DisplayName)];

impl<'e, 'p> Check<'e, 'p> {
    pub(super) fn new(context: PageContext<'e>) -> Self {
        Self {
            context,
            slugs: Slugs::new(context.registry),
            faults: Faults::new(context.limits.faults_listed_max as usize),
            records: Vec::new(),
            references: Vec::new(),
        }
    }

    /// The checked records, and their references.
    pub(super) fn finish(self) -> Result<(Vec<CheckedRecord<'p>>, Vec<CheckedReference<'p>>), Error> {
        self.faults.into_result()?;
        Ok((self.records, self.references))
    }

    /// Checks the record in this place of the page, whatever is wrong with the first of it.
    pub(super) fn record(
        &mut self,
        index: u32,
        raw: &RawRecord<'p>,
        is_repeat: bool,
        misread: Option<&Misread>,
    ) {
        let start = self.references.len();
        let faults_before = self.faults.total();
        let mut check = RecordCheck { check: self, index, raw, misread, faults_before };
        let status = check.fields(is_repeat);
        merge(&mut self.references, start);
        let references = start..self.references.len();
        self.records.push(CheckedRecord { texts: raw.texts, status, references });
    }
}

/// One record under check.
struct RecordCheck<'c, 'e, 'p> {
    check: &'c mut Check<'e, 'p>,
    index: u32,
    raw: &'c RawRecord<'p>,
    misread: Option<&'c Misread>,
    faults_before: u64,
}

impl<'p> RecordCheck<'_, '_, 'p> {
    fn fields(&mut self, is_repeat: bool) -> AccountStatus {
        if self.is_wrong_type(Place::Record) {
            return AccountStatus::default();
        }
        self.id(is_repeat);
        if self.raw.kind != Kind::Account {
            self.group();
            return AccountStatus::default();
        }
        self.login();
        let limits = self.check.context.limits;
        for (slot, place) in ACCOUNT_TEXTS {
            self.text(place, Rule::Optional { chars_max: limits.text_chars_max }, self.raw.texts[slot]);
        }
        let status = self.status();
        self.maps();
        status
    }

    fn id(&mut self, is_repeat: bool) {
        let id = self.raw.id();
        let rule = Rule::Required { chars_max: self.check.context.limits.id_chars_max };
        // Ids that are wrong are not looked for twice.
        if self.text(Place::Id, rule, id) && is_repeat {
            let (found, expected) =
                (|| describe(id, FaultCode::DuplicateId), || "each id once in a page".into());
            self.add(FaultCode::DuplicateId, &|| "id".into(), &found, &expected);
        }
    }

    fn group(&mut self) {
        let limits = self.check.context.limits;
        let [_, name, description, ..] = self.raw.texts;
        self.text(Place::Name, Rule::Required { chars_max: limits.text_chars_max }, name);
        let rule = Rule::Optional { chars_max: limits.description_chars_max };
        self.text(Place::Description, rule, description);
    }

    /// An account needs an email or a username.
    fn login(&mut self) {
        let [_, email, username, ..] = self.raw.texts;
        let is_absent = email.is_empty() && username.is_empty();
        if is_absent && !self.has_wrong_type(Place::Email) && !self.has_wrong_type(Place::Username) {
            let expected = || "an email or a username".into();
            self.add(FaultCode::Required, &|| "email".into(), &|| "nothing".into(), &expected);
        } else {
            let rule = Rule::Email { chars_max: self.check.context.limits.text_chars_max };
            self.text(Place::Email, rule, email);
        }
    }

    fn status(&mut self) -> AccountStatus {
        if self.is_wrong_type(Place::Status) {
            return AccountStatus::default();
        }
        let text = self.raw.status;
        parse_status(text).unwrap_or_else(|| {
            let rule = Rule::Optional { chars_max: self.check.context.limits.text_chars_max };
            let code = rule.fault(text).unwrap_or(FaultCode::InvalidStatus);
            let expected = || "active, inactive or suspended".into();
            self.add(code, &|| "status".into(), &|| describe(text, code), &expected);
            AccountStatus::default()
        })
    }

    fn maps(&mut self) {
        let kept: u64 = self.raw.lists().map(|(_, list)| list.as_slice().len() as u64).sum();
        let dropped = self.misread.map_or(0, |misread| u64::from(misread.references_dropped));
        let max = self.check.context.limits.references_per_account_max;
        let is_too_many = kept + dropped > u64::from(max);
        if is_too_many {
            self.add_too_many(kept + dropped, max);
        }
        for (map, lists) in self.raw.maps() {
            if self.is_wrong_type(Place::Map(map)) {
                continue;
            }
            for (number, list) in (0..).zip(lists) {
                let of = self.list_type(map, list);
                if self.is_wrong_type(Place::List(map, number)) || is_too_many {
                    continue;
                }
                self.references(map, number, list, of);
            }
        }
        if let Some(misread) = self.misread {
            self.check.faults.add_unlisted(misread.faults_dropped);
            // What a parser with lower limits than ours dropped, nobody could find fault with.
            if dropped > 0 && self.check.faults.total() == self.faults_before {
                self.add_too_many(kept + dropped, max);
            }
        }
    }

    fn add_too_many(&mut self, sent: u64, max: u32) {
        let (found, expected) = (|| format!("{sent} references"), || format!("at most {max} references"));
        self.add(FaultCode::TooManyReferences, &|| "memberships".into(), &found, &expected);
    }

    /// The type that a key of a map names.
    fn list_type(&mut self, map: ReferenceMap, list: &'p ReferenceList<'p>) -> Option<TypeIndex> {
        let slug = &*list.slug;
        let field = || format!("{}.{}", map.as_str(), path_segment(slug));
        let expected = || format!("the slug of a {} type", map.kind());
        match self.check.slugs.find(slug) {
            Some((of, kind)) if kind == map.kind() => return Some(of),
            Some((_, kind)) => {
                let found = || format!("the slug of a type of kind {kind}");
                self.add(FaultCode::WrongKind, &field, &found, &expected);
            }
            None => {
                let found = || describe(slug, FaultCode::UnknownResourceType);
                self.add(FaultCode::UnknownResourceType, &field, &found, &expected);
            }
        }
        None
    }

    fn references(
        &mut self,
        map: ReferenceMap,
        number: u32,
        list: &'p ReferenceList<'p>,
        of: Option<TypeIndex>,
    ) {
        let limits = self.check.context.limits;
        let id_rule = Rule::Required { chars_max: limits.id_chars_max };
        let name_rule = Rule::Optional { chars_max: limits.text_chars_max };
        let key = self.check.context.key;
        for (at, reference) in (0..).zip(list.as_slice()) {
            if self.is_wrong_type(Place::Reference(map, number, at)) {
                continue;
            }
            let name = reference.name.as_deref().unwrap_or("");
            let has_id = self.text(Place::ReferenceId(map, number, at), id_rule, &reference.id);
            let has_name = self.text(Place::ReferenceName(map, number, at), name_rule, name);
            if let Some(of) = of.filter(|_| has_id && has_name) {
                let (id, hash) = (&*reference.id, key.id(&reference.id));
                self.check.references.push(CheckedReference { of, hash, id, name });
            }
        }
    }

    /// Whether the text at a place keeps the rule; its fault is noted.
    #[inline]
    fn text(&mut self, place: Place, rule: Rule, text: &str) -> bool {
        if self.misread.is_some() && self.is_wrong_type(place) {
            return false;
        }
        match rule.fault(text) {
            None => true,
            Some(code) => {
                let raw = self.raw;
                self.add(code, &|| path(raw, place), &|| describe(text, code), &|| rule.expected());
                false
            }
        }
    }

    /// Whether a value of a wrong type stood at a place; its fault is noted.
    fn is_wrong_type(&mut self, place: Place) -> bool {
        let Some(found) = self.wrong_type(place).map(|wrong| wrong.found) else { return false };
        let raw = self.raw;
        let expected = || expected_type(place).into();
        self.add(FaultCode::WrongType, &|| path(raw, place), &|| found.as_str().into(), &expected);
        true
    }

    fn has_wrong_type(&self, place: Place) -> bool {
        self.wrong_type(place).is_some()
    }

    fn wrong_type(&self, place: Place) -> Option<WrongType> {
        let wrong_types = &self.misread?.wrong_types;
        let at = wrong_types.binary_search_by_key(&place, |wrong| wrong.place).ok()?;
        wrong_types.get(at).copied()
    }

    fn add(
        &mut self,
        code: FaultCode,
        field: &dyn Fn() -> String,
        found: &dyn Fn() -> String,
        expected: &dyn Fn() -> String,
    ) {
        let id = self.raw.id();
        let is_usable = !id.is_empty() && !id.contains('\0');
        let id_chars_max = self.check.context.limits.id_chars_max;
        let finding = Finding { code, field, found, expected };
        self.check.faults.add(self.index, Some(id).filter(|_| is_usable), id_chars_max, &finding);
    }
}

/// The path of a place, such as `memberships.team[0].id`; empty for the record itself.
fn path(raw: &RawRecord<'_>, place: Place) -> String {
    let list = |map: ReferenceMap, number: u32| {
        let lists =
            raw.maps().into_iter().find(|(other, _)| *other == map).map_or(&[][..], |(_, lists)| lists);
        let slug = lists.get(number as usize).map_or("", |list| &*list.slug);
        format!("{}.{}", map.as_str(), path_segment(slug))
    };
    match place {
        Place::Record => String::new(),
        Place::Id => "id".into(),
        Place::Email => "email".into(),
        Place::Username => "username".into(),
        Place::FirstName => "first_name".into(),
        Place::LastName => "last_name".into(),
        Place::DisplayName => "display_name".into(),
        Place::Status => "status".into(),
        Place::Name => "name".into(),
        Place::Description => "description".into(),
        Place::Map(map) => map.as_str().into(),
        Place::List(map, number) => list(map, number),
        Place::Reference(map, number, at) => format!("{}[{at}]", list(map, number)),
        Place::ReferenceId(map, number, at) => format!("{}[{at}].id", list(map, number)),
        Place::ReferenceName(map, number, at) => format!("{}[{at}].name", list(map, number)),
    }
}

/// What belongs at a place, in words.
const fn expected_type(place: Place) -> &'static str {
    match place {
        Place::Record => "an object",
        Place::Map(_) => "a map from slugs to lists of references",
        Place::List(..) => "a list of references",
        Place::Reference(..) => "an object with an id",
        _ => "a text",
    }
}
