//! Save and load: primary facts only, indices are made anew, the digest travels inside.
//!
//! Rows are written in order, so a reference is two numbers. What a snapshot holds are types of their
//! own, whose form is a promise: the inside of the engine may change, they stay. Loading trusts nothing:
//! records are checked against every rule in the pass that takes them in, then all else of the engine, and last
//! the digest, so that a flipped bit is found in any format.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::marks::SavedMarks;
use super::remembered::SavedPages;
use super::table::{SavedTable, TableRef};
use crate::engine::Engine;
use crate::state::{
    App, ChangeLog, CloneGroupNumber, IdsInUse, Registry, SavedApp, SavedProgress, SavedRegistry, State,
};
use crate::store::{Store, Table};
use crate::values::{AppId, BrokenInvariant, COUNT_MAX, Config, DigestStream, HashKey, Limits, ensure};

/// The layout of the values below. A new one gets a new number.
const FORMAT: u32 = 5;

/// The layout before: without the progress of sessions and without attributes, and with the digest of then. It is still
/// read.
pub(super) const FORMAT_WITHOUT_PROGRESS: u32 = 4;

/// The layout before that: without rows that are gone, of which there were none. It is still read.
pub(super) const FORMAT_WITHOUT_GONE: u32 = 3;

/// Saved state, parsed but not yet trusted: [`Engine::restore`] makes an engine of it, or finds what
/// is wrong with it. It takes about the memory of the engine that it was saved from.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) format: u32,
    pub(super) digest: [u64; 2],
    pub(super) seq: u64,
    pub(super) groups: Vec<SavedRegistry>,
    pub(super) apps: Vec<SavedAppEntry>,
    pub(super) remembered: Vec<SavedPages>,
    /// Of all sessions, by app in order of creation, then oldest first.
    pub(super) sessions: Vec<SavedProgress>,
    pub(super) marks: Vec<SavedMarks>,
}

#[derive(Debug, Deserialize)]
#[serde(rename = "AppEntry")]
pub(super) struct SavedAppEntry {
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
    /// It was written by another version of this library, in a layout that this one does not know. Such a layout may
    /// be an error of the serde format before this can be told.
    #[error("the snapshot has format {found}, expected {expected}")]
    UnknownFormat {
        /// The snapshot's.
        found: u32,
        /// The newest that this version reads.
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
    /// Computes the digest, which costs less once it was [refreshed](Engine::refresh_digest), and copies what is no
    /// record: apps, types, sessions, tasks with their texts, and a note of each remembered page. Then writes as it goes.
    /// To a binary format the records go as runs of bytes of up to 1 MiB, at about the speed of copying them; to one
    /// for people each is a value.
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
                tables: app.store().numbered_tables().map(|(_, table)| TableRef(table)).collect(),
            }
        });
        SnapshotRef {
            format: FORMAT,
            digest: [(digest >> 64) as u64, digest as u64],
            seq: self.seq(),
            groups: state.groups.iter().map(|(_, group)| group.registry().save()).collect(),
            apps: apps.collect(),
            remembered: SavedPages::all(state),
            sessions: state.apps.iter().flat_map(|(_, app)| app.save_progress()).collect(),
            marks: SavedMarks::all(state),
        }
    }

    /// The engine that was saved: it behaves as that one did, given the same limits. The hash key may
    /// be another. What the limits forbid but a snapshot holds stays; they apply to commands.
    ///
    /// Goes through all records and references once, and makes the indices: a few hundred milliseconds for a million
    /// accounts. The runs of bytes that the snapshot holds are kept, and not copied.
    ///
    /// # Errors
    /// A [`RestoreError`] for what no engine could have written, or this one's format does not know.
    pub fn restore(config: Config, snapshot: Snapshot) -> Result<Self, RestoreError> {
        let Snapshot { format, digest: [high, low], seq, groups, apps, remembered, sessions, marks } =
            snapshot;
        if !(FORMAT_WITHOUT_GONE..=FORMAT).contains(&format) {
            return Err(RestoreError::UnknownFormat { found: format, expected: FORMAT });
        }
        let expected = u128::from(high) << 64 | u128::from(low);
        ensure(seq <= COUNT_MAX, "7", || "a sequence number is beyond reach")?;
        let mut loading = Loading::new(&config, format);
        let groups = loading.groups(groups)?;
        for entry in apps {
            loading.app(entry, &groups)?;
        }
        loading.pages(remembered)?;
        if format > FORMAT_WITHOUT_PROGRESS {
            loading.progress(sessions)?;
        }
        loading.marks(marks)?;
        let Loading { state, references, is_within, .. } = loading;
        let mut engine = Self::with_state(config, state, ChangeLog::resume_after(seq));
        engine.check_all_but_records(references)?;
        let was_saved_today = format > FORMAT_WITHOUT_PROGRESS;
        let stream = if was_saved_today { DigestStream::Fourth } else { DigestStream::Third };
        let found = engine.digest_of(stream);
        if found != expected {
            return Err(RestoreError::DigestMismatch { found, expected });
        }
        engine.drop_sums();
        if !is_within {
            engine.check_equal_records();
        }
        Ok(engine)
    }
}

struct Loading {
    format: u32,
    key: HashKey,
    limits: Limits,
    state: State,
    /// How many references there are.
    references: u64,
    /// Whether a page could bring every record under the limits.
    is_within: bool,
}

impl Loading {
    fn new(config: &Config, format: u32) -> Self {
        let (key, limits) = (HashKey::new(config.hash_key()), *config.limits());
        Self { format, key, limits, state: State::default(), references: 0, is_within: true }
    }

    fn groups(&mut self, groups: Vec<SavedRegistry>) -> Result<Vec<CloneGroupNumber>, BrokenInvariant> {
        let mut numbers = Vec::new();
        for saved in groups {
            let registry = Registry::load(saved, self.key)?;
            for resource_type in registry.types() {
                take_id(self.state.ids.resource_types.insert(resource_type.id()), "resource type")?;
            }
            numbers.push(self.state.groups.add(registry));
        }
        Ok(numbers)
    }

    fn app(&mut self, entry: SavedAppEntry, groups: &[CloneGroupNumber]) -> Result<(), BrokenInvariant> {
        let SavedAppEntry { id, group, app: saved, tables } = entry;
        let group = usize::try_from(group).ok().and_then(|group| groups.get(group).copied());
        let group = group.ok_or_else(|| BrokenInvariant::new("10.1", "an app has no clone group"))?;
        take_id(!self.state.apps.contains(id), "app")?;
        let IdsInUse { sessions, tasks, .. } = &mut self.state.ids;
        saved.session_ids().try_for_each(|id| take_id(sessions.insert(id), "session"))?;
        saved.task_ids().try_for_each(|id| take_id(tasks.insert(id), "task"))?;
        let are_accounts = self.state.groups.get(group).registry().are_accounts();
        ensure(tables.len() <= are_accounts.len(), "10.3", || "a table has no resource type")?;
        ensure(tables.last().is_none_or(|table| table.0.is_some()), "9", || "the last table is empty")?;
        let tables = tables.into_iter().map(|SavedTable(runs)| runs).collect();
        let loaded = Store::load(tables, &are_accounts, self.key);
        let loaded = loaded.map_err(|broken| broken.within(format!("app {id}")))?;
        let may_be_gone = self.format != FORMAT_WITHOUT_GONE || loaded.store.gone() == 0;
        ensure(may_be_gone, "9", || "a table has other records than it tells")?;
        let may_have_attributes = self.format > FORMAT_WITHOUT_PROGRESS || !loaded.has_attributes();
        ensure(may_have_attributes, "9", || "a record of this format has no attributes")?;
        self.references += loaded.references;
        self.is_within &= loaded.is_within(&are_accounts, &self.limits);
        let ordinal = self.state.apps.push(id, App::load(saved, group, loaded.store, are_accounts.len())?);
        self.state.groups.join(group, ordinal);
        Ok(())
    }

    /// What was saved of sessions beside all else.
    fn progress(&mut self, sessions: Vec<SavedProgress>) -> Result<(), BrokenInvariant> {
        let mut sessions = sessions.into_iter();
        self.state.apps.values_mut().try_for_each(|app| app.load_progress(&mut sessions))?;
        ensure(sessions.next().is_none(), "5", || "progress is told of no session")
    }

    /// Marks, by app and type ascending.
    fn marks(&mut self, saved: Vec<SavedMarks>) -> Result<(), BrokenInvariant> {
        let mut before = None;
        for marks in saved {
            let place = (marks.app, marks.of);
            let is_next = before.is_none_or(|before| before < place);
            let app = self.app_at(place.0).filter(|_| is_next).ok_or_else(marks_twice)?;
            marks.load(app)?;
            before = Some(place);
        }
        Ok(())
    }

    /// The app in this place of their order.
    fn app_at(&mut self, place: u64) -> Option<&mut App> {
        let id = usize::try_from(place).ok().and_then(|at| self.state.apps.iter().nth(at)).map(|(id, _)| id);
        id.and_then(|id| self.state.apps.get_mut(id))
    }

    /// Pages, by app and type ascending.
    fn pages(&mut self, remembered: Vec<SavedPages>) -> Result<(), BrokenInvariant> {
        let mut before = None;
        for pages in remembered {
            let place = (pages.app, pages.of);
            let is_next = before.is_none_or(|before| before < place);
            let app = self.app_at(place.0).filter(|_| is_next).ok_or_else(remembers_twice)?;
            let rows = app.store().table(pages.of).map(Table::rows).ok_or_else(remembers_twice)?;
            app.load_pages(place.1, pages.load(rows)?);
            before = Some(place);
        }
        Ok(())
    }
}

fn marks_twice() -> BrokenInvariant {
    BrokenInvariant::new("3a.3", "something is marked of no app, or twice of a type")
}

fn remembers_twice() -> BrokenInvariant {
    BrokenInvariant::new("3.9", "pages are remembered of no records, or twice of a type")
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
    remembered: Vec<SavedPages>,
    sessions: Vec<SavedProgress>,
    marks: Vec<SavedMarks>,
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
