//! How a snapshot is read: what its format has, and no more.
//!
//! Where fields are told by their places, the format comes first and says how many follow. Where they have names, what
//! the format has not must not be there, and what it has must.

use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::marks::SavedMarks;
use super::remembered::SavedPages;
use super::snapshot::{FORMAT_WITHOUT_GONE, FORMAT_WITHOUT_PROGRESS, SavedAppEntry, Snapshot};
use crate::state::{SavedProgress, SavedRegistry};
use crate::values::Passed;

const FIELDS: &[&str] = &["format", "digest", "seq", "groups", "apps", "remembered", "sessions", "marks"];

impl<'de> Deserialize<'de> for Snapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Snapshot", FIELDS, SnapshotVisitor)
    }
}

struct SnapshotVisitor;

impl<'de> Visitor<'de> for SnapshotVisitor {
    type Value = Snapshot;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a snapshot")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Snapshot, A::Error> {
        let format = next(&mut fields, 0)?;
        Ok(Snapshot {
            format,
            digest: next(&mut fields, 1)?,
            seq: next(&mut fields, 2)?,
            groups: next(&mut fields, 3)?,
            apps: next(&mut fields, 4)?,
            remembered: next(&mut fields, 5)?,
            sessions: if has_progress(format) { next(&mut fields, 6)? } else { Vec::new() },
            marks: if has_progress(format) { next(&mut fields, 7)? } else { Vec::new() },
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Snapshot, A::Error> {
        let mut found = Found::default();
        while let Some(name) = map.next_key()? {
            match name {
                Name::Format => found.format = Some(map.next_value()?),
                Name::Digest => found.digest = Some(map.next_value()?),
                Name::Seq => found.seq = Some(map.next_value()?),
                Name::Groups => found.groups = Some(map.next_value()?),
                Name::Apps => found.apps = Some(map.next_value()?),
                Name::Remembered => found.remembered = Some(map.next_value()?),
                Name::Sessions => found.sessions = Some(map.next_value()?),
                Name::Marks => found.marks = Some(map.next_value()?),
                Name::Unknown => map.next_value_seed(Passed::OVER)?,
            }
        }
        found.snapshot()
    }
}

/// One that is not known is read as the newest, and refused when it is restored.
const fn has_progress(format: u32) -> bool {
    format != FORMAT_WITHOUT_PROGRESS && format != FORMAT_WITHOUT_GONE
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(fields: &mut A, at: usize) -> Result<T, A::Error> {
    fields.next_element()?.ok_or_else(|| A::Error::invalid_length(at, &SnapshotVisitor))
}

/// The fields that were found so far.
#[derive(Default)]
struct Found {
    format: Option<u32>,
    digest: Option<[u64; 2]>,
    seq: Option<u64>,
    groups: Option<Vec<SavedRegistry>>,
    apps: Option<Vec<SavedAppEntry>>,
    remembered: Option<Vec<SavedPages>>,
    sessions: Option<Vec<SavedProgress>>,
    marks: Option<Vec<SavedMarks>>,
}

impl Found {
    fn snapshot<E: Error>(self) -> Result<Snapshot, E> {
        let Self { format, digest, seq, groups, apps, remembered, sessions, marks } = self;
        let missing = E::missing_field;
        let format = format.ok_or_else(|| missing("format"))?;
        Ok(Snapshot {
            format,
            digest: digest.ok_or_else(|| missing("digest"))?,
            seq: seq.ok_or_else(|| missing("seq"))?,
            groups: groups.ok_or_else(|| missing("groups"))?,
            apps: apps.ok_or_else(|| missing("apps"))?,
            remembered: remembered.ok_or_else(|| missing("remembered"))?,
            sessions: of_progress("sessions", sessions, format)?,
            marks: of_progress("marks", marks, format)?,
        })
    }
}

/// A list that is there if the format has the progress of sessions.
fn of_progress<T, E: Error>(name: &'static str, list: Option<Vec<T>>, format: u32) -> Result<Vec<T>, E> {
    match list {
        Some(list) if has_progress(format) => Ok(list),
        None if !has_progress(format) => Ok(Vec::new()),
        Some(_) => Err(E::custom(format_args!("a snapshot of this format has no {name} beside its apps"))),
        None => Err(E::missing_field(name)),
    }
}

/// The name of a field.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Name {
    Format,
    Digest,
    Seq,
    Groups,
    Apps,
    Remembered,
    Sessions,
    Marks,
    #[serde(other)]
    Unknown,
}
