//! Save and load (SPEC 9): primary facts only, indices are made anew, the digest travels inside.
//!
//! Rows are written in order, so a reference is two numbers. Loading trusts nothing: the pieces are
//! checked as they are parsed as far as needed to hold them at all, then the whole engine against every
//! rule (`invariants`), and last the digest, so that a flipped bit is found in any format.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::parse::Text;
use crate::save::invariants::BrokenInvariant;
use crate::state::app::{App, GroupNumber};
use crate::state::registry::{Registry, ResourceType};
use crate::state::session::Session;
use crate::state::task::Task;
use crate::store::{Draft, RowFlags, Table, is_runs, reference_words};
use crate::values::command::Guard;
use crate::values::id::AppId;
use crate::values::limits::Config;
use crate::values::time::Timestamp;

/// The layout of the values below. A new one gets a new number.
const FORMAT: u32 = 1;

/// More than any engine can count to by counting: what lies beyond is made up, and could overflow.
const COUNT_MAX: u64 = 1 << 60;

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
    groups: Vec<Vec<ResourceType>>,
    apps: Vec<SavedApp>,
}

#[derive(Debug, Deserialize)]
struct SavedApp {
    id: AppId,
    name: String,
    created_at: Timestamp,
    last_synced_at: Option<Timestamp>,
    guard: Guard,
    /// The place of its clone group in the list of groups.
    group: u64,
    tables: Vec<SavedTable>,
    sessions: VecDeque<Session>,
    tasks: Vec<Task>,
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
    /// All state as a value that any serde format can write, at a point between any two commands.
    ///
    /// Computes the digest, then writes as it goes: nothing is copied but what the format copies.
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
    pub fn snapshot(&self) -> impl Serialize + '_ {
        SnapshotRef::of(self)
    }

    /// The engine that was saved: it behaves as that one did, given the same limits. The hash key may
    /// be another. What the limits forbid but a snapshot holds stays; they apply to commands.
    ///
    /// # Errors
    /// A [`RestoreError`] for what no engine could have written, or this one's format does not know.
    pub fn restore(config: Config, snapshot: Snapshot) -> Result<Self, RestoreError> {
        if snapshot.format != FORMAT {
            return Err(RestoreError::UnknownFormat { found: snapshot.format, expected: FORMAT });
        }
        let [high, low] = snapshot.digest.map(u128::from);
        let expected = high << 64 | low;
        expect_count("7", &[snapshot.seq])?;
        let mut engine = Self::new(config);
        engine.changes = crate::values::change::ChangeLog::resume_after(snapshot.seq);
        restore_groups(&mut engine, snapshot.groups)?;
        for app in snapshot.apps {
            restore_app(&mut engine, app)?;
        }
        engine.check_invariants()?;
        let found = engine.digest();
        if found != expected {
            return Err(RestoreError::DigestMismatch { found, expected });
        }
        Ok(engine)
    }
}

fn restore_groups(engine: &mut Engine, groups: Vec<Vec<ResourceType>>) -> Result<(), BrokenInvariant> {
    for types in groups {
        for resource_type in &types {
            take_id(engine.ids.resource_types.insert(resource_type.id()), "resource type")?;
        }
        let registry = Registry::from_types(types);
        let registry = registry.ok_or_else(|| BrokenInvariant::new("10.1", "a slug stands twice".into()))?;
        engine.groups.insert(GroupNumber(engine.groups_made), registry);
        engine.groups_made += 1;
    }
    Ok(())
}

fn restore_app(engine: &mut Engine, saved: SavedApp) -> Result<(), BrokenInvariant> {
    let group = GroupNumber(saved.group);
    let types = engine.groups.get(&group).map(|registry| registry.types().len());
    let types = types.ok_or_else(|| BrokenInvariant::new("10.1", "an app has no clone group".into()))?;
    let mut app = App::new(saved.name, saved.created_at, group, engine.key);
    app.last_synced_at = saved.last_synced_at;
    app.guard = saved.guard;
    app.sessions = saved.sessions;
    for session in &app.sessions {
        expect_count("5", &session.counts.all())?;
        expect_count("5", &session.synced)?;
        take_id(engine.ids.sessions.insert(session.id), "session")?;
    }
    for task in saved.tasks {
        take_id(engine.ids.tasks.insert(task.id), "task")?;
        app.tasks.insert(task.id, task);
    }
    if saved.tables.len() > types {
        return Err(BrokenInvariant::new("10.3", "a table has no resource type".into()));
    }
    app.tables = saved.tables.into_iter().map(|table| table.0).collect();
    for table in &mut app.tables {
        if !table.rebuild_index(engine.key) {
            return Err(BrokenInvariant::new("1", "two records of a type have the same id".into()));
        }
    }
    count_referrers(&mut app.tables)?;
    take_id(engine.apps.insert(saved.id, app).is_none(), "app")
}

fn expect_count(rule: &'static str, counts: &[u64]) -> Result<(), BrokenInvariant> {
    if counts.iter().all(|&count| count <= COUNT_MAX) {
        Ok(())
    } else {
        Err(BrokenInvariant::new(rule, "a count is beyond reach".into()))
    }
}

fn take_id(is_new: bool, of: &str) -> Result<(), BrokenInvariant> {
    if is_new { Ok(()) } else { Err(BrokenInvariant::new("2", format!("a {of}'s id stands twice"))) }
}

/// Counts the active accounts that refer to each row, and sees to it that there is such a row.
fn count_referrers(tables: &mut [Table]) -> Result<(), BrokenInvariant> {
    let mut targets = Vec::new();
    for number in 0..tables.len() {
        for row in 0..tables[number].len() {
            let is_active = tables[number].active().contains(row);
            targets.clear();
            targets.extend(tables[number].stored(row).references());
            for target in &targets {
                let Some(table) =
                    tables.get_mut(target.table as usize).filter(|table| target.row < table.len())
                else {
                    return Err(BrokenInvariant::new("10.3", "a reference points at no record".into()));
                };
                if is_active {
                    table.add_referrer(target.row);
                }
            }
        }
    }
    Ok(())
}

/// What [`Snapshot`] is parsed from.
#[derive(Serialize)]
#[serde(rename = "Snapshot")]
struct SnapshotRef<'e> {
    format: u32,
    digest: [u64; 2],
    seq: u64,
    groups: Vec<&'e [ResourceType]>,
    apps: Vec<AppRef<'e>>,
}

#[derive(Serialize)]
#[serde(rename = "SavedApp")]
struct AppRef<'e> {
    id: AppId,
    name: &'e str,
    created_at: Timestamp,
    last_synced_at: Option<Timestamp>,
    guard: Guard,
    group: u64,
    tables: Vec<TableRef<'e>>,
    sessions: &'e VecDeque<Session>,
    tasks: Vec<&'e Task>,
}

impl<'e> SnapshotRef<'e> {
    fn of(engine: &'e Engine) -> Self {
        let digest = engine.digest();
        let places: BTreeMap<GroupNumber, u64> = engine.groups.keys().copied().zip(0..).collect();
        let apps = engine.apps.iter().map(|(&id, app)| AppRef {
            id,
            name: &app.name,
            created_at: app.created_at,
            last_synced_at: app.last_synced_at,
            guard: app.guard,
            group: places.get(&app.group).copied().unwrap_or_default(),
            tables: tables(app).iter().map(TableRef).collect(),
            sessions: &app.sessions,
            tasks: app.tasks.values().collect(),
        });
        Self {
            format: FORMAT,
            digest: [(digest >> 64) as u64, digest as u64],
            seq: engine.seq(),
            groups: engine.groups.values().map(Registry::types).collect(),
            apps: apps.collect(),
        }
    }
}

/// The app's tables but for empty ones at the end: whether they were made yet is no fact.
fn tables(app: &App) -> &[Table] {
    let used = app.tables.iter().rposition(|table| table.len() > 0).map_or(0, |last| last + 1);
    app.tables.get(..used).unwrap_or_default()
}

struct TableRef<'e>(&'e Table);

impl Serialize for TableRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = self.0;
        let mut rows = serializer.serialize_seq(Some(table.len() as usize))?;
        let mut words = Vec::new();
        for row in 0..table.len() {
            let stored = table.stored(row);
            let since = table.inactive_since(row);
            let flag = |is_set: bool, flag| if is_set { flag } else { 0 };
            let flags = flag(since.is_none(), FLAG_ACTIVE)
                | flag(table.placeholder().contains(row), FLAG_PLACEHOLDER)
                | flag(table.seen().contains(row), FLAG_SEEN);
            reference_words(stored.references(), &mut words);
            let since = since.unwrap_or(Timestamp(0));
            rows.serialize_element(&(flags, since, stored.status(), stored.texts(), &words))?;
        }
        rows.end()
    }
}

/// What a row is parsed from.
#[derive(Deserialize)]
struct SavedRow<'a>(
    u8,
    Timestamp,
    crate::values::record::AccountStatus,
    #[serde(borrow)] [Text<'a>; 6],
    Vec<u32>,
);

/// A table without its index.
#[derive(Debug)]
struct SavedTable(Table);

impl<'de> Deserialize<'de> for SavedTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowsVisitor).map(SavedTable)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Table;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Table, A::Error> {
        let mut table = Table::default();
        while let Some(row) = rows.next_element::<SavedRow<'de>>()? {
            append(&mut table, &row).map_err(A::Error::custom)?;
        }
        Ok(table)
    }
}

/// Adds a row, if it can be held at all; whether it keeps the rules is found out later.
fn append(
    table: &mut Table,
    SavedRow(flags, since, status, texts, words): &SavedRow<'_>,
) -> Result<(), &'static str> {
    if *flags > FLAG_ACTIVE | FLAG_PLACEHOLDER | FLAG_SEEN {
        return Err("unknown flags of a record");
    }
    if flags & FLAG_ACTIVE != 0 && since.as_millis() != 0 {
        return Err("a record is active, yet tells since when it is not");
    }
    if !is_runs(words) {
        return Err("the references of a record are not in runs");
    }
    let draft = Draft {
        texts: [0, 1, 2, 3, 4, 5].map(|slot: usize| &*texts[slot].0),
        status: *status,
        references: words,
    };
    if !draft.is_storable() || !table.can_append(&draft) {
        return Err("a record is too large");
    }
    let inactive_since = (flags & FLAG_ACTIVE == 0).then_some(*since);
    let (placeholder, seen) = (flags & FLAG_PLACEHOLDER != 0, flags & FLAG_SEEN != 0);
    table.append(&draft, RowFlags { inactive_since, placeholder, seen });
    Ok(())
}
