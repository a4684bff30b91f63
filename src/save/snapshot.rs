//! Save and load: primary facts only, indices are made anew, the digest travels inside.
//!
//! Rows are written in order, so a reference is two numbers. What a snapshot holds are types of their
//! own, whose form is a promise: the inside of the engine may change, they stay. Loading trusts nothing:
//! the pieces are checked as they are parsed as far as needed to hold them at all, then the whole engine
//! against every rule, and last the digest, so that a flipped bit is found in any format.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::records;
use crate::engine::Engine;
use crate::state::{App, ChangeLog, CloneGroupNumber, IdsInUse, Registry, SavedApp, SavedRegistry, State};
use crate::store::{Draft, References, Row, RowFlags, RowKey, Store, Table, TypeIndex};
use crate::values::{
    AccountStatus, AppId, BrokenInvariant, COUNT_MAX, Config, HashKey, Limits, Text, Timestamp, ensure,
};

/// The layout of the values below. A new one gets a new number.
const FORMAT: u32 = 2;

const FLAG_ACTIVE: u8 = 1;
const FLAG_PLACEHOLDER: u8 = 2;
const FLAG_SEEN: u8 = 4;

/// Saved state, parsed but not yet trusted: [`Engine::restore`] makes an engine of it, or finds what
/// is wrong with it. It takes about the memory of the engine that it was saved from.
#[derive(Debug, Deserialize)]
pub struct Snapshot {
    format: u32,
    digest: [u64; 2],
    seq: u64,
    groups: Vec<SavedRegistry>,
    apps: Vec<SavedAppEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename = "AppEntry")]
struct SavedAppEntry {
    id: AppId,
    /// The place of its clone group in the list of groups.
    group: u64,
    app: SavedApp,
    tables: Vec<SavedTable>,
}

/// Why a snapshot gives no engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// It was written by another version of this library, in a layout that this one does not know.
    #[error("the snapshot has format {found}, expected {expected}")]
    UnknownFormat {
        /// The snapshot's.
        found: u32,
        /// This version's.
        expected: u32,
    },
    /// No engine could have been in this state.
    #[error("no engine could have written the snapshot: {0}")]
    Broken(#[from] BrokenInvariant),
    /// It is not what was saved: bits were flipped, or facts replaced by others that could be.
    #[error("the snapshot has the digest {found:032x}, expected {expected:032x}")]
    DigestMismatch {
        /// Of what is in the snapshot.
        found: u128,
        /// Of what was saved.
        expected: u128,
    },
}

impl RestoreError {
    /// A stable name for the variant.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat { .. } => "unknown_format",
            Self::Broken(_) => "broken_snapshot",
            Self::DigestMismatch { .. } => "digest_mismatch",
        }
    }
}

impl Engine {
    /// All state as a value that any serde format can write, at a point between any two commands
    /// ([SPEC 9](crate::spec#9-snapshot)).
    ///
    /// Computes the digest, then writes as it goes: no record is copied but by the format.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Snapshot, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # engine.create_app(Timestamp(0), AppId(Uuid::from_u128(1)), "Acme HR", None)?;
    /// let saved = postcard::to_allocvec(&engine.snapshot())?;
    /// let snapshot: Snapshot = postcard::from_bytes(&saved)?;
    /// let loaded = Engine::restore(Config::new().with_hash_key([7; 16]), snapshot)?;
    /// assert_eq!(loaded.digest(), engine.digest());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot(&self) -> SnapshotRef<'_> {
        let (digest, state) = (self.digest(), self.state());
        let places: BTreeMap<CloneGroupNumber, u64> =
            state.groups.iter().map(|(number, _)| number).zip(0..).collect();
        let apps = state.apps.iter().map(|(id, app)| {
            let group = *places.get(&app.group()).expect("an app's group is among the groups");
            AppEntry {
                id,
                group,
                app: app.save(),
                tables: app.store().used_tables().map(|(_, table)| TableRef(table)).collect(),
            }
        });
        SnapshotRef {
            format: FORMAT,
            digest: [(digest >> 64) as u64, digest as u64],
            seq: self.seq(),
            groups: state.groups.iter().map(|(_, group)| group.registry().save()).collect(),
            apps: apps.collect(),
        }
    }

    /// The engine that was saved: it behaves as that one did, given the same limits. The hash key may
    /// be another. What the limits forbid but a snapshot holds stays; they apply to commands.
    ///
    /// Costs a few passes over all records and references, and their digest.
    ///
    /// # Errors
    /// A [`RestoreError`] for what no engine could have written, or this one's format does not know.
    pub fn restore(config: Config, snapshot: Snapshot) -> Result<Self, RestoreError> {
        let Snapshot { format, digest: [high, low], seq, groups, apps } = snapshot;
        if format != FORMAT {
            return Err(RestoreError::UnknownFormat { found: format, expected: FORMAT });
        }
        let expected = u128::from(high) << 64 | u128::from(low);
        ensure(seq <= COUNT_MAX, "7", || "a sequence number is beyond reach")?;
        let key = HashKey::new(config.hash_key());
        let mut loading = Loading::default();
        let groups = loading.groups(groups, key)?;
        for entry in apps {
            loading.app(entry, &groups, key)?;
        }
        let mut engine = Self::with_state(config, loading.state, ChangeLog::resume_after(seq));
        engine.check_invariants()?;
        let found = engine.digest();
        if found != expected {
            return Err(RestoreError::DigestMismatch { found, expected });
        }
        if !is_within(engine.state(), config.limits()) {
            engine.check_equal_records();
        }
        Ok(engine)
    }
}

/// Whether a page could bring every record under these limits.
fn is_within(state: &State, limits: &Limits) -> bool {
    state.apps.iter().all(|(_, app)| {
        let registry = state.groups.get(app.group()).registry();
        app.store().tables().all(|(of, table)| records::are_within(table, registry.is_account(of), limits))
    })
}

#[derive(Default)]
struct Loading {
    state: State,
}

impl Loading {
    fn groups(
        &mut self,
        groups: Vec<SavedRegistry>,
        key: HashKey,
    ) -> Result<Vec<CloneGroupNumber>, BrokenInvariant> {
        let mut numbers = Vec::new();
        for saved in groups {
            let registry = Registry::load(saved, key)?;
            for resource_type in registry.types() {
                take_id(self.state.ids.resource_types.insert(resource_type.id()), "resource type")?;
            }
            numbers.push(self.state.groups.add(registry));
        }
        Ok(numbers)
    }

    fn app(
        &mut self,
        entry: SavedAppEntry,
        groups: &[CloneGroupNumber],
        key: HashKey,
    ) -> Result<(), BrokenInvariant> {
        let SavedAppEntry { id, group, app: saved, tables } = entry;
        let group = usize::try_from(group).ok().and_then(|group| groups.get(group).copied());
        let group = group.ok_or_else(|| BrokenInvariant::new("10.1", "an app has no clone group"))?;
        take_id(!self.state.apps.contains(id), "app")?;
        let IdsInUse { sessions, tasks, .. } = &mut self.state.ids;
        saved.session_ids().try_for_each(|id| take_id(sessions.insert(id), "session"))?;
        saved.task_ids().try_for_each(|id| take_id(tasks.insert(id), "task"))?;
        let types = self.state.groups.get(group).registry().len();
        ensure(tables.len() <= types, "10.3", || "a table has no resource type")?;
        ensure(tables.last().is_none_or(|table| table.0.is_some()), "9", || "the last table is empty")?;
        let tables =
            tables.into_iter().map(|table| table.0.map_or_else(Table::default, |table| *table)).collect();
        let store = Store::load(tables, key).map_err(|(rule, detail)| BrokenInvariant::new(rule, detail))?;
        let ordinal = self.state.apps.push(id, App::load(saved, group, store)?);
        self.state.groups.join(group, ordinal);
        Ok(())
    }
}

fn take_id(is_new: bool, of: &str) -> Result<(), BrokenInvariant> {
    ensure(is_new, "2", || format!("the id of a {of} stands twice"))
}

/// All state, borrowed from an engine: what [`Snapshot`] is parsed from. See [`Engine::snapshot`].
#[derive(Serialize)]
#[serde(rename = "Snapshot")]
pub struct SnapshotRef<'e> {
    format: u32,
    digest: [u64; 2],
    seq: u64,
    groups: Vec<SavedRegistry>,
    apps: Vec<AppEntry<'e>>,
}

/// What [`SavedAppEntry`] is parsed from.
#[derive(Serialize)]
struct AppEntry<'e> {
    id: AppId,
    group: u64,
    app: SavedApp,
    tables: Vec<TableRef<'e>>,
}

impl fmt::Debug for SnapshotRef<'_> {
    /// A summary: the records would fill pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotRef")
            .field("format", &self.format)
            .field("seq", &self.seq)
            .field("apps", &self.apps.len())
            .finish_non_exhaustive()
    }
}

struct TableRef<'e>(&'e Table);

impl Serialize for TableRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = self.0;
        let mut rows = serializer.serialize_seq(Some(table.len() as usize))?;
        let mut words: Vec<u32> = Vec::new();
        for row in Row::first(table.len()) {
            let stored = table.stored(row);
            let since = table.inactive_since(row);
            let flag = |is_set: bool, flag| if is_set { flag } else { 0 };
            let flags = flag(since.is_none(), FLAG_ACTIVE)
                | flag(table.placeholder().contains(row), FLAG_PLACEHOLDER)
                | flag(table.seen().contains(row), FLAG_SEEN);
            write_runs(stored.references(), &mut words);
            let since = since.unwrap_or(Timestamp(0));
            rows.serialize_element(&(flags, since, stored.status(), stored.texts(), &words))?;
        }
        rows.end()
    }
}

/// Writes references as runs: a type, how many, their rows.
fn write_runs(references: References<'_>, words: &mut Vec<u32>) {
    words.clear();
    let mut run: Option<(TypeIndex, usize)> = None;
    for key in references {
        let count_at = match run {
            Some((of, count_at)) if of == key.of => count_at,
            _ => {
                words.extend([key.of.0, 0]);
                words.len() - 1
            }
        };
        run = Some((key.of, count_at));
        words[count_at] += 1;
        words.push(key.row.0);
    }
}

/// Reads what [`write_runs`] wrote. False if it is not that: runs that are not empty, by type ascending.
fn read_runs(mut words: &[u32], references: &mut Vec<RowKey>) -> bool {
    references.clear();
    let mut before = None;
    while let Some(([of, count], rest)) = words.split_first_chunk() {
        let Some((rows, rest)) = rest.split_at_checked(*count as usize) else { return false };
        if rows.is_empty() || before.is_some_and(|before| before >= *of) {
            return false;
        }
        before = Some(*of);
        references.extend(rows.iter().map(|&row| RowKey::new(TypeIndex(*of), Row(row))));
        words = rest;
    }
    words.is_empty()
}

/// What a row is parsed from.
#[derive(Deserialize)]
struct SavedRow<'a>(u8, Timestamp, AccountStatus, #[serde(borrow)] [Text<'a>; 6], Vec<u32>);

/// A table without its index; none if it is empty: in dense formats a byte is enough for one.
#[derive(Debug)]
struct SavedTable(Option<Box<Table>>);

impl<'de> Deserialize<'de> for SavedTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowsVisitor).map(SavedTable)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Option<Box<Table>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let mut table = None;
        let mut references = Vec::new();
        while let Some(row) = rows.next_element::<SavedRow<'de>>()? {
            load_row(table.get_or_insert_with(Box::default), &row, &mut references)
                .map_err(A::Error::custom)?;
        }
        Ok(table)
    }
}

/// Adds a row, if it can be held at all; whether it keeps the rules is found out later.
fn load_row(
    table: &mut Table,
    SavedRow(flags, since, status, texts, words): &SavedRow<'_>,
    references: &mut Vec<RowKey>,
) -> Result<(), &'static str> {
    if *flags > FLAG_ACTIVE | FLAG_PLACEHOLDER | FLAG_SEEN {
        return Err("unknown flags of a record");
    }
    if flags & FLAG_ACTIVE != 0 && since.as_millis() != 0 {
        return Err("a record is active, yet tells since when it is not");
    }
    if !read_runs(words, references) {
        return Err("the references of a record are not in runs");
    }
    let texts = core::array::from_fn(|slot| &*texts[slot].0);
    let draft = Draft { texts, status: *status, references };
    let Some(bytes) = draft.storable_bytes() else { return Err("a record is too large") };
    let ceilings = Limits::CEILINGS;
    if table.len() >= ceilings.records_per_type_max || table.bytes() + bytes > ceilings.bytes_per_type_max {
        return Err("a type has more records than it can");
    }
    let inactive_since = (flags & FLAG_ACTIVE == 0).then_some(*since);
    let (is_placeholder, is_seen) = (flags & FLAG_PLACEHOLDER != 0, flags & FLAG_SEEN != 0);
    table.load(&draft, RowFlags { inactive_since, is_placeholder, is_seen });
    Ok(())
}
