//! Pages from any serde format, borrowing what can be borrowed
//! ([SPEC 1](crate::spec#1-nouns), [11](crate::spec#11-the-http-shape-of-it-for-the-frontend-that-embeds-the-engine)).
//!
//! What the format cannot read is its error. What it can read and a record cannot hold is noted with the
//! page, a fault of the record for the check to tell. The parser judges no text, except to count what it
//! does not keep.

mod record;
mod references;
mod value;

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::values::{Kind, Limits, Misread, Page, Records};
use record::{Record, RecordSlot};
use value::{Key, Mode, Read, push};

#[derive(Clone, Copy, Debug)]
pub struct PageSeed {
    kind: Kind,
    limits: Limits,
    is_self_describing: bool,
}

impl PageSeed {
    /// For a page of records of this kind, under these limits.
    pub const fn new(kind: Kind, limits: &Limits) -> Self {
        Self { kind, limits: *limits, is_self_describing: false }
    }

    #[must_use]
    pub const fn self_describing(mut self) -> Self {
        self.is_self_describing = true;
        self
    }
}

impl<'de> DeserializeSeed<'de> for PageSeed {
    type Value = Page<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Page<'de>, D::Error> {
        if self.is_self_describing || deserializer.is_human_readable() {
            deserializer.deserialize_any(BodyVisitor { seed: self, mode: Mode::Any })
        } else {
            let body = BodyVisitor { seed: self, mode: Mode::Typed };
            deserializer.deserialize_struct("Page", &["records"], body)
        }
    }
}

struct BodyVisitor {
    seed: PageSeed,
    mode: Mode,
}

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Page<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list `records`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<'de>, A::Error> {
        let mut page = None;
        let key = || Key { mode: self.mode, named: |name| name == "records", unknown: false };
        while let Some(is_records) = map.next_key_seed(Read(key()))? {
            if !is_records {
                map.next_value::<IgnoredAny>()?;
            } else if page.is_some() {
                return Err(A::Error::duplicate_field("records"));
            } else {
                page = Some(map.next_value_seed(RecordsSeed(&self))?);
            }
        }
        page.ok_or_else(|| A::Error::missing_field("records"))
    }

    /// The derived form, in a format that is told types.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Page<'de>, A::Error> {
        match self.mode {
            Mode::Any => Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self)),
            Mode::Typed => {
                seq.next_element_seed(RecordsSeed(&self))?.ok_or_else(|| A::Error::missing_field("records"))
            }
        }
    }
}

struct RecordsSeed<'b>(&'b BodyVisitor);

impl<'de> DeserializeSeed<'de> for RecordsSeed<'_> {
    type Value = Page<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Page<'de>, D::Error> {
        let BodyVisitor { seed, mode } = self.0;
        let mut bounds = Bounds::new(*mode, &seed.limits);
        let mut notes = PageNotes::default();
        let limit = seed.limits.records_per_page_max;
        let records = match seed.kind {
            Kind::Account => Records::Accounts(deserializer.deserialize_seq(ListVisitor::new(
                limit,
                &mut bounds,
                &mut notes,
            ))?),
            Kind::Group => Records::Groups(deserializer.deserialize_seq(ListVisitor::new(
                limit,
                &mut bounds,
                &mut notes,
            ))?),
            Kind::License => Records::Licenses(deserializer.deserialize_seq(ListVisitor::new(
                limit,
                &mut bounds,
                &mut notes,
            ))?),
        };
        Ok(Page::parsed(records, notes.misread))
    }
}

/// What bounds the parts of a record.
struct Bounds {
    mode: Mode,
    references_max: u32,
    id_chars_max: u32,
    text_chars_max: u32,
    faults_listed_max: usize,
    /// How many faults the refusal can still list, beside those of earlier records.
    faults_left: usize,
}

impl Bounds {
    fn new(mode: Mode, limits: &Limits) -> Self {
        let faults_listed_max = limits.faults_listed_max as usize;
        Self {
            mode,
            references_max: limits.references_per_account_max,
            id_chars_max: limits.id_chars_max,
            text_chars_max: limits.text_chars_max,
            faults_listed_max,
            faults_left: faults_listed_max,
        }
    }
}

/// What was noted of the records so far.
#[derive(Default)]
struct PageNotes {
    misread: Vec<Misread>,
    /// Faults that the refusal of the page will have for certain.
    faults: usize,
}

struct ListVisitor<'p, R> {
    records_max: u32,
    bounds: &'p mut Bounds,
    notes: &'p mut PageNotes,
    records: PhantomData<R>,
}

impl<'p, R> ListVisitor<'p, R> {
    const fn new(records_max: u32, bounds: &'p mut Bounds, notes: &'p mut PageNotes) -> Self {
        Self { records_max, bounds, notes, records: PhantomData }
    }
}

impl<'de, R: Record<'de>> Visitor<'de> for ListVisitor<'_, R> {
    type Value = Vec<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {} records", self.records_max)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<R>, A::Error> {
        let mut records = Vec::new();
        for number in 0..self.records_max {
            self.bounds.faults_left = self.bounds.faults_listed_max.saturating_sub(self.notes.faults);
            let slot = RecordSlot { number, bounds: self.bounds, notes: self.notes, record: PhantomData };
            // The place that the format adds to the message stays at its end.
            let record = seq
                .next_element_seed(Read(slot))
                .map_err(|error| A::Error::custom(format_args!("record {number}: {error}")))?;
            let Some(record) = record else { return Ok(records) };
            push(&mut records, record);
        }
        seq.next_element_seed(NoRecord { records_max: self.records_max })?;
        Ok(records)
    }
}

/// The place of a record beyond the limit, of which nothing is read.
struct NoRecord {
    records_max: u32,
}

impl<'de> DeserializeSeed<'de> for NoRecord {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(D::Error::custom(format_args!("too many records, expected at most {}", self.records_max)))
    }
}
