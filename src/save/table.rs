//! A table in a snapshot: long runs of bytes, or, in a format for people, a value for each record.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use crate::store::{AttributeViews, Draft, Row, RowFlags, Runs, Table, read_references, write_attribute};
use crate::values::{
    AccountStatus, Attribute, AttributeValue, Attributes, Limits, Text, Timestamp, attributes,
};

const FLAG_ACTIVE: u8 = 1;
const FLAG_PLACEHOLDER: u8 = 2;
const FLAG_SEEN: u8 = 4;
/// Stands alone: of a record that has gone no more is told.
const FLAG_GONE: u8 = 8;

/// Bytes that are reserved for a list of bytes before any of it is read.
const RESERVED_BYTES_MAX: usize = 4096;

/// A table to be written.
pub(super) struct TableRef<'e>(pub(super) &'e Table);

impl Serialize for TableRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serialize_rows(self.0, serializer);
        }
        // A byte is enough for one that is empty.
        if self.0.rows() == 0 {
            serializer.serialize_none()
        } else {
            serializer.serialize_some(&RunsRef(self.0))
        }
    }
}

/// What [`SavedRuns`] is parsed from.
struct RunsRef<'e>(&'e Table);

impl Serialize for RunsRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [active, placeholder, seen] = self.0.saved_bits();
        let mut table = serializer.serialize_struct("Table", 5)?;
        table.serialize_field("rows", &self.0.rows())?;
        table.serialize_field("active", &BytesRef(&active))?;
        table.serialize_field("placeholder", &BytesRef(&placeholder))?;
        table.serialize_field("seen", &BytesRef(&seen))?;
        table.serialize_field("records", &RecordsRef(self.0))?;
        table.end()
    }
}

struct RecordsRef<'e>(&'e Table);

impl Serialize for RecordsRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let runs = self.0.saved_runs();
        let mut list = serializer.serialize_seq(Some(runs.len()))?;
        let mut bytes: Vec<u8> = Vec::new();
        for rows in runs {
            self.0.write_run(rows, &mut bytes);
            list.serialize_element(&BytesRef(&bytes))?;
        }
        list.end()
    }
}

/// Bytes as such, where serde would write a list of numbers.
struct BytesRef<'e>(&'e [u8]);

impl Serialize for BytesRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

fn serialize_rows<S: Serializer>(table: &Table, serializer: S) -> Result<S::Ok, S::Error> {
    let mut rows = serializer.serialize_seq(Some(table.rows() as usize))?;
    let mut words: Vec<u32> = Vec::new();
    for row in Row::first(table.rows()) {
        if !table.has_record(row) {
            let Draft { texts, status, .. } = Draft::default();
            rows.serialize_element(&(FLAG_GONE, Timestamp(0), status, texts, [0_u32; 0].as_slice()))?;
            continue;
        }
        let stored = table.stored(row);
        let since = table.inactive_since(row);
        let flag = |is_set: bool, flag| if is_set { flag } else { 0 };
        let flags = flag(since.is_none(), FLAG_ACTIVE)
            | flag(table.placeholder().contains(row), FLAG_PLACEHOLDER)
            | flag(table.seen().contains(row), FLAG_SEEN);
        words.clear();
        words.extend(stored.reference_words());
        let (since, status, texts) = (since.unwrap_or(Timestamp(0)), stored.status(), stored.texts());
        let attributes = stored.attributes();
        if stored.attributes_run().is_empty() {
            rows.serialize_element(&(flags, since, status, texts, &words))?;
        } else {
            rows.serialize_element(&(flags, since, status, texts, &words, AttributesRef(attributes)))?;
        }
    }
    rows.end()
}

/// The attributes of a record, from name to value.
struct AttributesRef<'e>(AttributeViews<'e>);

impl Serialize for AttributesRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0)
    }
}

/// A table that was parsed, and not yet looked into; none if it is empty.
#[derive(Debug)]
pub(super) struct SavedTable(pub(super) Option<Box<Runs>>);

impl<'de> Deserialize<'de> for SavedTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_seq(RowsVisitor).map(SavedTable);
        }
        let saved = Option::<SavedRuns>::deserialize(deserializer)?;
        Ok(Self(saved.map(|saved| {
            let SavedRuns { rows, active, placeholder, seen, records } = saved;
            let records = records.into_iter().map(|Bytes(run)| run).collect();
            Box::new(Runs { rows, active: active.0, placeholder: placeholder.0, seen: seen.0, records })
        })))
    }
}

#[derive(Deserialize)]
#[serde(rename = "Table")]
struct SavedRuns {
    rows: u32,
    active: Bytes,
    placeholder: Bytes,
    seen: Bytes,
    records: Vec<Bytes>,
}

struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BytesVisitor).map(Self)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    /// Of formats that have no bytes.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<u8>, A::Error> {
        let told = list.size_hint().unwrap_or(0);
        let mut bytes: Vec<u8> = Vec::with_capacity(told.min(RESERVED_BYTES_MAX));
        while let Some(byte) = list.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

/// What a row is parsed from in a format for people. The last is there only if the record has attributes.
struct SavedRow<'a>(u8, Timestamp, AccountStatus, [Text<'a>; 6], Vec<u32>, Option<SavedAttributes<'a>>);

impl<'de> Deserialize<'de> for SavedRow<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(6, RowVisitor)
    }
}

struct SavedAttributes<'a>(Option<Attributes<'a>>);

impl<'de> Deserialize<'de> for SavedAttributes<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        attributes::deserialize(deserializer).map(Self)
    }
}

impl SavedAttributes<'_> {
    /// Writes them as they are stored. False if they are not as a record has them: one at least, by name ascending, none
    /// that counts as absent, and no more than there is room for.
    fn write(&self, run: &mut Vec<u8>) -> bool {
        let Some(attributes) = self.0.as_deref().filter(|attributes| !attributes.is_empty()) else {
            return false;
        };
        let is_ascending = attributes.windows(2).all(|pair| pair[0].name < pair[1].name);
        let bytes: usize = attributes.iter().map(Attribute::bytes).sum();
        is_ascending
            && bytes <= Limits::CEILINGS.attribute_bytes_max as usize
            && attributes.iter().all(|attribute| match attribute.present() {
                None | Some(AttributeValue::WrongType(_)) => false,
                Some(AttributeValue::Texts(texts)) if texts.iter().any(|text| text.is_empty()) => false,
                Some(value) => {
                    write_attribute(&attribute.name, value, run);
                    true
                }
            })
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = SavedRow<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<SavedRow<'de>, A::Error> {
        Ok(SavedRow(
            next(&mut parts)?,
            next(&mut parts)?,
            next(&mut parts)?,
            next(&mut parts)?,
            next(&mut parts)?,
            parts.next_element()?,
        ))
    }
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(parts: &mut A) -> Result<T, A::Error> {
    parts.next_element()?.ok_or_else(|| A::Error::custom("a record lacks a part"))
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Option<Box<Runs>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let mut runs: Option<Box<Runs>> = None;
        let (mut references, mut run) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next_element::<SavedRow<'de>>()? {
            let runs = runs.get_or_insert_with(Box::default);
            let SavedRow(flags, since, status, texts, words, attributes) = row;
            if flags == FLAG_GONE {
                let has_text = texts.iter().any(|text| !text.0.is_empty());
                if has_text
                    || status != AccountStatus::default()
                    || since != Timestamp(0)
                    || !words.is_empty()
                    || attributes.is_some()
                {
                    return Err(A::Error::custom("of a record that has gone more is told"));
                }
                runs.push_gone().map_err(A::Error::custom)?;
                continue;
            }
            if flags > FLAG_ACTIVE | FLAG_PLACEHOLDER | FLAG_SEEN {
                return Err(A::Error::custom("unknown flags of a record"));
            }
            if flags & FLAG_ACTIVE != 0 && since.as_millis() != 0 {
                return Err(A::Error::custom("a record is active, yet tells since when it is not"));
            }
            if !read_references(&words, &mut references) {
                return Err(A::Error::custom("the references of a record are not in runs"));
            }
            run.clear();
            if attributes.is_some_and(|attributes| !attributes.write(&mut run)) {
                return Err(A::Error::custom("the attributes of a record are not as it has them"));
            }
            let texts = core::array::from_fn(|slot| &*texts[slot].0);
            let draft = Draft { texts, status, references: &references, attributes: &run };
            let inactive_since = (flags & FLAG_ACTIVE == 0).then_some(since);
            let (is_placeholder, is_seen) = (flags & FLAG_PLACEHOLDER != 0, flags & FLAG_SEEN != 0);
            let flags = RowFlags { inactive_since, is_placeholder, is_seen };
            runs.push(&draft, flags).map_err(A::Error::custom)?;
        }
        Ok(runs)
    }
}
