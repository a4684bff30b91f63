//! Pages from any serde format, borrowing what can be borrowed
//! ([SPEC 1](crate::spec#1-nouns), [11](crate::spec#11-the-http-shape)).
//!
//! What the format cannot read is its error. What it can read and a record cannot hold is noted with the
//! page, a fault of the record for the check to tell. The parser judges no text, except to count what it
//! does not keep.

mod attributes;
mod record;
mod references;
mod tally;
mod value;

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::mem;

use serde::de::{DeserializeSeed, Deserializer, Error, Expected, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::values::{IgnoredFields, Kind, Limits, Misread, Page, Passed, Records};
use record::{Record, RecordNotes, RecordSlot};
use value::{KeySlot, Mode, Name, Noted, Read, push};

/// Parses the body of a push, `{"records": […]}`, as a page of one kind, from any serde format.
///
/// **Texts** borrow from the body where it holds them as they are. Null counts as absent (RON makes one of a
/// bare word, too). Of a field that is given twice, the later value stands.
///
/// **Fields that are not known** are ignored. A misspelt `membership` leaves an account without its groups, so
/// let [`deserialize_noting`](PageSeed::deserialize_noting) tell their names to the sender.
///
/// **A value of a wrong type stops nothing.** It is a fault of its record, which the push of the page
/// tells beside all others ([SPEC 1](crate::spec#1-nouns)). That takes a format that tells the type of
/// each value: one for people (JSON, YAML, RON), or a binary one for which the host says so
/// ([`PageSeed::self_describing`]). Any other binary format (postcard) is read in the form that serde
/// derives for a struct with the one field `records`, a list of [`Account`](crate::Account)s or
/// [`Group`](crate::Group)s. A value of a wrong type in the place of an attribute's stays where it stood
/// ([`AttributeValue::WrongType`](crate::AttributeValue)).
///
/// **Errors** are the format's, with its line and column: a body that is not well-formed, holds no list
/// `records` or two of them, or more records than the limits allow; or what is passed over, an unknown field's value or
/// one of a wrong type, is nested more than 128 deep (JSON may nest it as deep as it likes). One that comes up in the list begins
/// with the record in which the parser stopped: `record 17: …`.
///
/// **Memory** is bounded by what is sent. References that can neither be applied nor be told as faults are
/// counted, and not kept: those of an account with too many, and those of a faulty one once there are more
/// faults than a refusal lists. JSON takes at most 16 bytes of heap for each byte of the body, beside 600
/// for each record and 256 for each listed fault that the limits allow. In denser formats a byte says more,
/// and takes up to 36.
///
/// ```
/// use headcount::{Kind, Limits, Page, PageSeed, Records};
/// use serde::de::DeserializeSeed;
///
/// /// The page in a body. What follows the page must be nothing: `end` sees to it.
/// fn parse(kind: Kind, body: &str) -> Result<Page<'_>, serde_json::Error> {
///     let mut parser = serde_json::Deserializer::from_str(body);
///     let page = PageSeed::new(kind, &Limits::default()).deserialize(&mut parser)?;
///     parser.end()?;
///     Ok(page)
/// }
///
/// let page = parse(Kind::Group, r#"{"records": [{"id": "g1", "name": "Engineering", "color": "red"}]}"#)?;
/// let Records::Groups(groups) = page.records() else { panic!("a page of groups") };
/// assert_eq!(groups[0].name, "Engineering");
///
/// // A number as an id is for the push to refuse, with every other fault of the page.
/// assert_eq!(parse(Kind::Group, r#"{"records": [{"id": 7, "name": "Engineering"}]}"#)?.len(), 1);
///
/// let error = parse(Kind::Group, r#"{"records": [{"id": "g1"}, {"id": "\ud800"}]}"#).unwrap_err();
/// assert!(error.to_string().starts_with("record 1: "), "{error}");
/// # Ok::<(), serde_json::Error>(())
/// ```
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

    /// For a binary format that tells the type of each value, such as CBOR or MessagePack: records are
    /// maps with named fields, as in JSON, and a value of a wrong type stops nothing.
    ///
    /// A format for people needs no such word. One that does not tell types (postcard) fails with it.
    ///
    /// ```
    /// # use headcount::{Kind, Limits, PageSeed};
    /// # use serde::de::DeserializeSeed;
    /// let body = rmp_serde::to_vec(&serde_json::json!({"records": [{"id": "u1"}, {"id": 2}]}))?;
    /// let seed = PageSeed::new(Kind::Account, &Limits::default()).self_describing();
    /// let page = seed.deserialize(&mut rmp_serde::Deserializer::from_read_ref(&body))?;
    /// assert_eq!(page.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn self_describing(mut self) -> Self {
        self.is_self_describing = true;
        self
    }

    /// Parses a page as [`DeserializeSeed::deserialize`] does, and notes the names of fields that it does not know:
    /// those of the body, of records and of references. What stands in such a field is not looked at, nor what is
    /// beyond the limit on references. A key that is no text has no name, and is not noted.
    ///
    /// The page is the same, and costs the same where all fields are known. Names are also noted where this fails:
    /// a body that has `recods` in the place of `records` is told so.
    ///
    /// ```
    /// # use headcount::{IgnoredFields, Kind, Limits, PageSeed};
    /// let body = r#"{"records": [{"id": "u1", "username": "ann", "membership": {"team": [{"id": "g1"}]}}]}"#;
    /// let (seed, mut ignored) = (PageSeed::new(Kind::Account, &Limits::default()), IgnoredFields::new());
    /// let page = seed.deserialize_noting(&mut serde_json::Deserializer::from_str(body), &mut ignored)?;
    /// assert_eq!(page.len(), 1);
    /// assert_eq!(ignored.iter().collect::<Vec<_>>(), ["membership"]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`PageSeed`].
    pub fn deserialize_noting<'de, D: Deserializer<'de>>(
        self,
        deserializer: D,
        ignored: &mut IgnoredFields,
    ) -> Result<Page<'de>, D::Error> {
        self.read(deserializer, Some(ignored))
    }

    fn read<'de, D: Deserializer<'de>>(
        self,
        deserializer: D,
        noted: Noted<'_>,
    ) -> Result<Page<'de>, D::Error> {
        if self.is_self_describing || deserializer.is_human_readable() {
            deserializer.deserialize_any(BodyVisitor { seed: self, mode: Mode::Any, noted })
        } else {
            let body = BodyVisitor { seed: self, mode: Mode::Typed, noted };
            deserializer.deserialize_struct("Page", &["records"], body)
        }
    }
}

impl<'de> DeserializeSeed<'de> for PageSeed {
    type Value = Page<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Page<'de>, D::Error> {
        self.read(deserializer, None)
    }
}

/// Of a text that is not repeated: serde would, at any length.
fn is_a_text<E: Error>(expected: &dyn Expected) -> E {
    E::invalid_type(Unexpected::Other("a text"), expected)
}

struct BodyVisitor<'n> {
    seed: PageSeed,
    mode: Mode,
    noted: Noted<'n>,
}

impl BodyVisitor<'_> {
    /// Reads the list of records.
    fn list<'de, R: Record<'de>, D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        misread: &mut Vec<Misread>,
    ) -> Result<Vec<R>, D::Error> {
        let bounds = Bounds::new(self.mode, &self.seed.limits);
        let records_max = self.seed.limits.records_per_page_max;
        let visitor = ListVisitor {
            records_max,
            bounds,
            misread,
            noted: self.noted.as_deref_mut(),
            records: PhantomData,
        };
        match self.mode {
            Mode::Any => deserializer.deserialize_any(visitor),
            Mode::Typed => deserializer.deserialize_seq(visitor),
        }
    }
}

impl<'de> Visitor<'de> for BodyVisitor<'_> {
    type Value = Page<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list `records`")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Page<'de>, E> {
        Err(is_a_text(&self))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Page<'de>, A::Error> {
        let mut page = None;
        loop {
            let key = KeySlot::new(self.mode, self.noted.as_deref_mut());
            match map.next_key_seed(Read(key))? {
                Some(Some(RecordsKey)) if page.is_some() => {
                    return Err(A::Error::duplicate_field("records"));
                }
                Some(Some(RecordsKey)) => page = Some(map.next_value_seed(RecordsSeed(&mut self))?),
                Some(None) => map.next_value_seed(Passed::OVER)?,
                None => break,
            }
        }
        page.ok_or_else(|| A::Error::missing_field("records"))
    }

    /// The derived form, in a format that is told types.
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Page<'de>, A::Error> {
        match self.mode {
            Mode::Any => Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self)),
            Mode::Typed => seq
                .next_element_seed(RecordsSeed(&mut self))?
                .ok_or_else(|| A::Error::missing_field("records")),
        }
    }
}

/// The key of the list of records.
struct RecordsKey;

impl Name for RecordsKey {
    fn named(name: &str) -> Option<Self> {
        (name == "records").then_some(Self)
    }
}

struct RecordsSeed<'b, 'n>(&'b mut BodyVisitor<'n>);

impl<'de> DeserializeSeed<'de> for RecordsSeed<'_, '_> {
    type Value = Page<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Page<'de>, D::Error> {
        let body = self.0;
        let mut misread = Vec::new();
        let records = match body.seed.kind {
            Kind::Account => Records::Accounts(body.list(deserializer, &mut misread)?),
            Kind::Group => Records::Groups(body.list(deserializer, &mut misread)?),
            Kind::License => Records::Licenses(body.list(deserializer, &mut misread)?),
        };
        Ok(Page::parsed(records, misread))
    }
}

/// What bounds the parts of a record.
struct Bounds {
    mode: Mode,
    references_max: u32,
    id_chars_max: u32,
    text_chars_max: u32,
    /// How many faults the refusal can still list, beside those of earlier records.
    faults_left: usize,
}

impl Bounds {
    fn new(mode: Mode, limits: &Limits) -> Self {
        Self {
            mode,
            references_max: limits.references_per_account_max,
            id_chars_max: limits.id_chars_max,
            text_chars_max: limits.text_chars_max,
            faults_left: limits.faults_listed_max as usize,
        }
    }
}

struct ListVisitor<'m, R> {
    records_max: u32,
    bounds: Bounds,
    misread: &'m mut Vec<Misread>,
    noted: Noted<'m>,
    records: PhantomData<R>,
}

impl<'de, R: Record<'de>> Visitor<'de> for ListVisitor<'_, R> {
    type Value = Vec<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {} records", self.records_max)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Vec<R>, E> {
        Err(is_a_text(&self))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Vec<R>, A::Error> {
        let mut records = Vec::new();
        let (mut record, mut notes) = (R::default(), RecordNotes::default());
        for number in 0..self.records_max {
            let noted = self.noted.as_deref_mut();
            let slot = RecordSlot { record: &mut record, notes: &mut notes, bounds: &self.bounds, noted };
            // The place that the format adds to the message stays at its end.
            let read = seq
                .next_element_seed(Read(slot))
                .map_err(|error| A::Error::custom(format_args!("record {number}: {error}")))?;
            if read.is_none() {
                return Ok(records);
            }
            let (misread, faults) = notes.finish(&mut record, number, &self.bounds);
            self.bounds.faults_left = self.bounds.faults_left.saturating_sub(faults);
            if let Some(misread) = misread {
                push(self.misread, misread);
            }
            records.push(mem::take(&mut record));
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
