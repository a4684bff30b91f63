//! From a raw record to what will be stored of it, or to every fault in it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::PageContext;
use super::attributes::AttributeCheck;
use super::compare::parse_status;
use super::faults::{Faults, Finding};
use super::raw::RawRecord;
use super::references::{CheckedReference, Slugs, merge};
use crate::store::TypeIndex;
use crate::values::{
    AccountStatus, FaultCode, Kind, Limits, Misread, Place, PlainLengths, ReferenceList, ReferenceMap, Rule,
    WrongType, describe, is_plain_email, path_segment,
};

/// A record as it will be stored: nothing about it can fail any more.
#[derive(Debug)]
pub(super) struct CheckedRecord<'p> {
    /// In the order of [`Slot`](crate::store::Slot). What is absent is empty.
    pub(super) texts: [&'p str; 6],
    pub(super) status: AccountStatus,
    /// Where its references are in the page's list: by type, each once.
    pub(super) references: Range<usize>,
    /// Where its attributes are in the page's. None if those on record stay.
    pub(super) attributes: Option<Range<usize>>,
    /// Where the types that it names are in the page's list: ascending, one for each list.
    pub(super) named: Range<usize>,
}

/// What the records of a page are checked with, and what came of those before.
#[derive(Debug)]
pub(super) struct Check<'e, 'p> {
    context: PageContext<'e>,
    rules: TextRules,
    slugs: Slugs<'e, 'p>,
    attributes: AttributeCheck,
    found: Checked<'p>,
}

/// What came of the records of a page.
#[derive(Debug)]
pub(super) struct Checked<'p> {
    /// Those without a fault.
    pub(super) records: Vec<CheckedRecord<'p>>,
    /// Of all these records, one behind the other.
    pub(super) references: Vec<CheckedReference<'p>>,
    /// Likewise, as they will be stored.
    pub(super) attributes: Vec<u8>,
    /// Likewise, the types that they name; where references may stay.
    pub(super) named: Vec<TypeIndex>,
    /// The places of the others, ascending.
    pub(super) rejected: Vec<u32>,
    pub(super) faults: Faults,
}

/// Of an account, for the room that is made at first.
const REFERENCES_EXPECTED: usize = 8;

/// What the texts of a page are held to.
#[derive(Debug)]
struct TextRules {
    /// By slot.
    fields: [Rule; 6],
    reference_id: Rule,
    reference_name: Rule,
    /// By slot, how long texts are that keep these rules.
    field_lengths: [PlainLengths; 6],
}

impl TextRules {
    fn new(kind: Kind, limits: &Limits) -> Self {
        let id = Rule::Required { chars_max: limits.id_chars_max };
        let text = Rule::Optional { chars_max: limits.text_chars_max };
        let fields = match kind {
            Kind::Account => {
                let email = Rule::Email { chars_max: limits.text_chars_max };
                [id, email, text, text, text, text]
            }
            Kind::Group | Kind::License => {
                let name = Rule::Required { chars_max: limits.text_chars_max };
                let description = Rule::Optional { chars_max: limits.description_chars_max };
                [id, name, description, text, text, text]
            }
        };
        let field_lengths = fields.map(Rule::plain_lengths);
        Self { fields, reference_id: id, reference_name: text, field_lengths }
    }
}

/// The fields of an account behind its email, which are plain texts, by slot.
const ACCOUNT_TEXTS: [(usize, Place); 4] =
    [(2, Place::Username), (3, Place::FirstName), (4, Place::LastName), (5, Place::DisplayName)];

impl<'e, 'p> Check<'e, 'p> {
    pub(super) fn new(context: PageContext<'e>, kind: Kind, records: usize) -> Self {
        Self {
            context,
            rules: TextRules::new(kind, context.limits),
            slugs: Slugs::new(context.registry),
            attributes: AttributeCheck::new(context.limits),
            found: Checked {
                records: Vec::with_capacity(records),
                references: Vec::with_capacity(if kind == Kind::Account {
                    records * REFERENCES_EXPECTED
                } else {
                    0
                }),
                attributes: Vec::new(),
                named: Vec::new(),
                rejected: Vec::new(),
                faults: Faults::new(context.limits.faults_listed_max as usize),
            },
        }
    }

    pub(super) fn finish(self) -> Checked<'p> {
        Checked { attributes: self.attributes.into_runs(), ..self.found }
    }

    /// Checks the record in this place of the page, whatever is wrong with the first of it.
    pub(super) fn record(
        &mut self,
        index: u32,
        raw: &RawRecord<'p>,
        is_repeat: bool,
        misread: Option<&Misread>,
    ) {
        let start = self.found.references.len();
        let can_be_plain = misread.is_none() && !is_repeat;
        let attributes_before = self.attributes.len();
        let plain = can_be_plain.then(|| self.plain(raw)).flatten().or_else(|| {
            self.found.references.truncate(start);
            let faults_before = self.found.faults.total();
            let checked = RecordCheck { check: self, index, raw, misread, faults_before }.fields(is_repeat);
            let has_faults = self.found.faults.total() > faults_before;
            debug_assert!(has_faults || can_be_plain, "what was misread or stands twice is a fault");
            (!has_faults).then_some(checked)
        });
        let Some((status, attributes)) = plain else {
            self.found.references.truncate(start);
            self.attributes.truncate(attributes_before);
            self.found.rejected.push(index);
            return;
        };
        merge(&mut self.found.references, start);
        let references = start..self.found.references.len();
        let attributes = (!self.context.keeps_attributes(raw)).then_some(attributes);
        let named = &mut self.found.named;
        let start = named.len();
        if self.context.keeps_some() {
            named.extend(raw.named(&mut self.slugs));
            named[start..].sort_unstable();
        }
        let named = start..named.len();
        self.found.records.push(CheckedRecord { texts: raw.texts, status, references, attributes, named });
    }
}

impl<'p> Check<'_, 'p> {
    /// The status and the attributes of a record with which plainly nothing is wrong, which is nearly every one; its
    /// references are added to the list. Of all others each fault is told elsewhere.
    #[inline]
    fn plain(&mut self, raw: &RawRecord<'p>) -> Option<(AccountStatus, Range<usize>)> {
        let mut is_plain = true;
        let [id, email, others @ ..] = raw.texts;
        let [id_lengths, email_lengths, other_lengths @ ..] = self.rules.field_lengths;
        is_plain &= id_lengths.has(id);
        for (lengths, text) in other_lengths.into_iter().zip(others) {
            is_plain &= lengths.has(text);
        }
        is_plain &= if raw.kind == Kind::Account && !email.is_empty() {
            email_lengths.fits(email) && is_plain_email(email.as_bytes())
        } else {
            email_lengths.has(email) && (raw.kind != Kind::Account || !others[0].is_empty())
        };
        let (id_lengths, name_lengths) =
            (self.rules.reference_id.plain_lengths(), self.rules.reference_name.plain_lengths());
        let status = parse_status(raw.status)?;
        let mut references_left = self.context.limits.references_per_account_max as usize;
        for (map, lists) in raw.maps() {
            for list in lists {
                let (of, _) = self.slugs.find(&list.slug).filter(|(_, kind)| *kind == map.kind())?;
                references_left = references_left.checked_sub(list.as_slice().len())?;
                for reference in list.as_slice() {
                    let (id, name) = (&*reference.id, reference.name.as_deref().unwrap_or(""));
                    is_plain &= id_lengths.has(id) & name_lengths.has(name);
                    self.found.references.push(CheckedReference::new(of, id, name));
                }
            }
        }
        if !is_plain {
            return None;
        }
        let attributes = self.attributes.add(raw.all_attributes(), &mut |_| is_plain = false);
        is_plain.then_some((status, attributes))
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
    /// Its status and its attributes.
    fn fields(&mut self, is_repeat: bool) -> (AccountStatus, Range<usize>) {
        if self.is_wrong_type(Place::Record) {
            return (AccountStatus::default(), 0..0);
        }
        self.id(is_repeat);
        let status = if self.raw.kind == Kind::Account { self.account() } else { self.group() };
        (status, self.attributes())
    }

    fn account(&mut self) -> AccountStatus {
        self.login();
        for (slot, place) in ACCOUNT_TEXTS {
            self.field(place, slot);
        }
        let status = self.status();
        self.maps();
        status
    }

    fn id(&mut self, is_repeat: bool) {
        let id = self.raw.id();
        // Ids that are wrong are not looked for twice.
        if self.field(Place::Id, 0) && is_repeat {
            let (found, expected) =
                (|| describe(id, FaultCode::DuplicateId), || "each id once in a page".into());
            self.add(FaultCode::DuplicateId, &|| "id".into(), &found, &expected);
        }
    }

    fn group(&mut self) -> AccountStatus {
        self.field(Place::Name, 1);
        self.field(Place::Description, 2);
        AccountStatus::default()
    }

    fn attributes(&mut self) -> Range<usize> {
        if self.is_wrong_type(Place::Attributes) {
            return 0..0;
        }
        let (raw, index) = (self.raw, self.index);
        let Check { attributes, found, context, .. } = &mut *self.check;
        let id_chars_max = context.limits.id_chars_max;
        attributes.add(raw.all_attributes(), &mut |finding| {
            found.faults.add(index, raw.usable_id(), id_chars_max, finding);
        })
    }

    /// An account needs an email or a username.
    fn login(&mut self) {
        let [_, email, username, ..] = self.raw.texts;
        let is_absent = email.is_empty() && username.is_empty();
        if is_absent && !self.has_wrong_type(Place::Email) && !self.has_wrong_type(Place::Username) {
            let expected = || "an email or a username".into();
            self.add(FaultCode::Required, &|| "email".into(), &|| "nothing".into(), &expected);
        } else {
            self.field(Place::Email, 1);
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
            self.check.found.faults.add_unlisted(misread.faults_dropped);
            // What a parser with lower limits than ours dropped, nobody could find fault with.
            if dropped > 0 && self.check.found.faults.total() == self.faults_before {
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
        let TextRules { reference_id, reference_name, .. } = self.check.rules;
        for (at, reference) in (0..).zip(list.as_slice()) {
            if self.is_wrong_type(Place::Reference(map, number, at)) {
                continue;
            }
            let name = reference.name.as_deref().unwrap_or("");
            let has_id = self.text(Place::ReferenceId(map, number, at), reference_id, &reference.id);
            let has_name = self.text(Place::ReferenceName(map, number, at), reference_name, name);
            if let Some(of) = of.filter(|_| has_id && has_name) {
                self.check.found.references.push(CheckedReference::new(of, &reference.id, name));
            }
        }
    }

    /// Whether the text in a slot of the record keeps its rule; its fault is noted.
    fn field(&mut self, place: Place, slot: usize) -> bool {
        self.text(place, self.check.rules.fields[slot], self.raw.texts[slot])
    }

    /// Whether the text at a place keeps the rule; its fault is noted.
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
        let id_chars_max = self.check.context.limits.id_chars_max;
        let finding = Finding { code, field, found, expected };
        self.check.found.faults.add(self.index, self.raw.usable_id(), id_chars_max, &finding);
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
        Place::Attributes => "attributes".into(),
    }
}

/// What belongs at a place, in words.
const fn expected_type(place: Place) -> &'static str {
    match place {
        Place::Record => "an object",
        Place::Map(_) => "a map from slugs to lists of references",
        Place::List(..) => "a list of references",
        Place::Reference(..) => "an object with an id",
        Place::Attributes => "a map from names to values",
        _ => "a text",
    }
}
