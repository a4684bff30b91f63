//! One app: its name and guard, its records, sessions and tasks.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::clone_group::CloneGroupNumber;
use super::registry::Registry;
use super::session::{Ending, Figures, Marked, OpenSession, SessionRef, TypeFigures, TypeScope};
use super::sessions::Sessions;
use super::task::Tasks;
use crate::store::{RowKey, Store, Table, TypeIndex};
use crate::values::{
    Checked, ConfigurationStatus, DigestHasher, DigestStream, Guard, Limits, Rule, SessionId, SessionStatus,
    Timestamp, ensure, ensure_text,
};

#[derive(Debug)]
pub(crate) struct App {
    name: String,
    created_at: Timestamp,
    /// Set by the first completed session; until then the configuration is being checked.
    last_synced_at: Option<Timestamp>,
    guard: Guard,
    group: CloneGroupNumber,
    /// Its roll is that of the open session; while none is open, it marks no row.
    store: Store,
    sessions: Sessions,
    tasks: Tasks,
}

impl App {
    pub(crate) fn new(name: String, created_at: Timestamp, guard: Guard, group: CloneGroupNumber) -> Self {
        Self {
            name,
            created_at,
            last_synced_at: None,
            guard,
            group,
            store: Store::default(),
            sessions: Sessions::default(),
            tasks: Tasks::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    pub(crate) const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    pub(crate) const fn last_synced_at(&self) -> Option<Timestamp> {
        self.last_synced_at
    }

    pub(crate) const fn configuration_status(&self) -> ConfigurationStatus {
        match self.last_synced_at {
            None => ConfigurationStatus::CheckingConfiguration,
            Some(_) => ConfigurationStatus::Configured,
        }
    }

    pub(crate) const fn guard(&self) -> Guard {
        self.guard
    }

    pub(crate) const fn set_guard(&mut self, guard: Guard) {
        self.guard = guard;
    }

    pub(crate) const fn group(&self) -> CloneGroupNumber {
        self.group
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(crate) const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    pub(crate) const fn tasks_mut(&mut self) -> &mut Tasks {
        &mut self.tasks
    }

    /// The records, and the session in which they may be changed.
    pub(crate) const fn store_and_session(&mut self) -> (&mut Store, Option<&mut OpenSession>) {
        (&mut self.store, self.sessions.open_mut())
    }

    /// Numbers the records anew where too many rows are gone; a cleanup stands where it stood.
    pub(crate) fn close_gaps_if_many(&mut self) {
        if !self.store.has_too_many_gaps() {
            return;
        }
        if let Some(session) = self.sessions.open_mut()
            && let Some(cursor) = session.cursor()
        {
            session.move_cursor_back(self.store.gone_before(RowKey::new(cursor.of, cursor.row)));
        }
        self.store.close_gaps();
    }

    /// Forgets the pages that are remembered by their fingerprints.
    pub(crate) fn forget_pages(&mut self) {
        self.store.forget_pages();
    }

    /// Keeps the sums of its records, which the digest is made of.
    pub(crate) fn keep_sums(&mut self) {
        self.store.keep_sums();
    }

    /// Keeps them no more.
    #[cfg(feature = "serde")]
    pub(crate) fn drop_sums(&mut self) {
        self.store.drop_sums();
    }

    /// Opens a session, while there are so many types; none may be open. Answers the ids of those that are forgotten
    /// for it.
    pub(crate) fn start_session(
        &mut self,
        id: SessionId,
        scope: TypeScope,
        now: Timestamp,
        types: usize,
        sessions_max: usize,
    ) -> Vec<SessionId> {
        let of = |index| TypeFigures {
            base: self.store.table(index).map_or(0, Table::active_full),
            references: self.store.held(index),
            ..TypeFigures::NONE
        };
        let figures = Figures::new(TypeIndex::all().take(types).map(of).collect());
        self.sessions.start(OpenSession::start(id, scope, figures, now), sessions_max)
    }

    /// Ends the open session and its roll. How much it marked of each of the `types` types is kept.
    pub(crate) fn end_session(&mut self, ending: Ending, now: Timestamp, types: usize) -> SessionId {
        if ending == Ending::Completed {
            self.last_synced_at = Some(now);
        }
        let marked = self.marked(types);
        self.store.begin_roll();
        self.sessions.end(ending, now, marked)
    }

    /// How many records of each type the roll of the open session has marked.
    fn marked(&self, types: usize) -> Vec<Marked> {
        TypeIndex::all().take(types).map(|index| Marked::of(self.store.table(index))).collect()
    }

    /// A copy as of now: sessions and tasks are copied, records share their chunks.
    pub(super) fn freeze(&mut self) -> Self {
        let Self { name, created_at, last_synced_at, guard, group, store, sessions, tasks } = self;
        Self {
            name: name.clone(),
            created_at: *created_at,
            last_synced_at: *last_synced_at,
            guard: *guard,
            group: *group,
            store: store.freeze(),
            sessions: sessions.clone(),
            tasks: tasks.clone(),
        }
    }

    /// Hashes what the app is, but for its records.
    pub(crate) fn digest(&self, hasher: &mut DigestHasher) {
        let Self { name, created_at, last_synced_at, guard, group: _, store: _, sessions, tasks } = self;
        hasher.text(name.as_bytes());
        hasher.i64(created_at.as_millis());
        hasher.optional_time(*last_synced_at);
        digest_guard(guard, hasher);
        sessions.digest(hasher);
        tasks.digest(hasher);
    }

    /// Checks what the app is, but for its records.
    pub(crate) fn validate(&self, registry: &Registry, seq: u64) -> Checked {
        let Self { name, created_at: _, last_synced_at, guard, group: _, store, sessions, tasks } = self;
        ensure_text(Rule::Required { chars_max: Limits::CEILINGS.text_chars_max }, "an app's name", name)?;
        let out_of_range = guard.percentage_out_of_range();
        ensure(out_of_range.is_none(), "4.8", || alloc::format!("of a guard: {out_of_range:?}"))?;
        let types = registry.len();
        ensure(store.tables().count() <= types, "10.3", || "a table has no resource type")?;
        sessions.validate(&self.marked(store.tables().count()), types, seq)?;
        let completed = |session: &SessionRef<'_>| session.status() == SessionStatus::Completed;
        let last_completed = sessions.iter().rev().find(completed);
        let is_synced = last_completed.is_none_or(|session| session.ended_at() == *last_synced_at);
        ensure(is_synced, "4.1", || "its last_synced_at is not when its last session completed")?;
        ensure(
            last_synced_at.is_none() || sessions.len() > 0,
            "5",
            || "it was synced, but there is no session",
        )?;
        tasks.validate(types)
    }

    /// How many changes the app's state was told by, at least.
    pub(crate) fn changes_told(&self) -> u64 {
        let created = 1;
        let of_session = |session: SessionRef<'_>| {
            1 + session.facts().changes_told() + u64::from(session.status().has_ended())
        };
        let sessions = self.sessions.iter().map(of_session);
        // A record that has gone was told of twice.
        let records = self.store.tables().map(|(_, table)| u64::from(table.rows()) + table.gone().ones());
        created + sessions.sum::<u64>() + records.sum::<u64>() + self.tasks.changes_told()
    }
}

/// Hashes a guard. Once it had two limits.
fn digest_guard(guard: &Guard, hasher: &mut DigestHasher) {
    let Guard {
        max_count,
        max_percent,
        max_type_percent,
        min_count,
        require_pages,
        max_removals,
        max_removals_percent,
    } = *guard;
    hasher.optional_number(max_count);
    hasher.optional_number(max_percent.map(u64::from));
    if hasher.stream() == DigestStream::Fourth {
        hasher.optional_number(max_type_percent.map(u64::from));
        hasher.u64(min_count);
        hasher.flag(require_pages);
        hasher.optional_number(max_removals);
        hasher.optional_number(max_removals_percent.map(u64::from));
    }
}

#[cfg(feature = "serde")]
fn not_marked() -> crate::values::BrokenInvariant {
    crate::values::BrokenInvariant::new("3.5", "something is retained or settled in no session")
}

#[cfg(feature = "serde")]
use super::session::SavedProgress;

/// What a snapshot holds of an app, but for its records.
#[cfg(feature = "serde")]
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename = "App")]
pub(crate) struct SavedApp {
    name: String,
    created_at: Timestamp,
    last_synced_at: Option<Timestamp>,
    guard: Guard,
    sessions: super::sessions::SavedSessions,
    tasks: super::task::SavedTasks,
}

#[cfg(feature = "serde")]
impl SavedApp {
    pub(crate) fn session_ids(&self) -> impl Iterator<Item = SessionId> {
        self.sessions.ids()
    }

    pub(crate) fn task_ids(&self) -> impl Iterator<Item = crate::values::TaskId> {
        self.tasks.ids()
    }
}

#[cfg(feature = "serde")]
impl App {
    pub(crate) fn save(&self) -> SavedApp {
        let Self { name, created_at, last_synced_at, guard, group: _, store: _, sessions, tasks } = self;
        SavedApp {
            name: name.clone(),
            created_at: *created_at,
            last_synced_at: *last_synced_at,
            guard: *guard,
            sessions: sessions.save(),
            tasks: tasks.save(),
        }
    }

    /// The app that was saved, whose sessions' and tasks' ids are known to differ, and of which there are so many types.
    ///
    /// # Errors
    /// If a count is beyond reach, or tasks that ended are not among its tasks.
    pub(crate) fn load(
        saved: SavedApp,
        group: CloneGroupNumber,
        store: Store,
        types: usize,
    ) -> Result<Self, crate::values::BrokenInvariant> {
        let SavedApp { name, created_at, last_synced_at, guard, sessions, tasks } = saved;
        let (sessions, tasks) = (Sessions::load(sessions, types)?, Tasks::load(tasks)?);
        Ok(Self { name, created_at, last_synced_at, guard, group, store, sessions, tasks })
    }

    /// What is saved of each session behind all else, oldest first.
    pub(crate) fn save_progress(&self) -> impl Iterator<Item = SavedProgress> {
        self.sessions.save_progress()
    }

    /// Takes it, for as many sessions as there are.
    ///
    /// # Errors
    /// If it is not that of so many, or a figure is none that these sessions can have.
    pub(crate) fn load_progress(&mut self, saved: &mut impl Iterator<Item = SavedProgress>) -> Checked {
        self.sessions.load_progress(saved)
    }

    /// Takes what is marked of a type in the open session: rows that it retains, and what deltas settled, rows and ids,
    /// ascending.
    ///
    /// # Errors
    /// If there is no such session, there are no such rows, or an id stands twice.
    pub(crate) fn load_marks(
        &mut self,
        of: TypeIndex,
        (retained, settled): (&[crate::store::Run], &[crate::store::Run]),
        ids: &[String],
    ) -> Checked {
        if !retained.is_empty() || !settled.is_empty() {
            self.store.load_marks(of, retained, settled)?;
        }
        let session = self.sessions.open_mut().ok_or_else(not_marked)?;
        let can_be_settled = session.scope().contains(of) || settled.is_empty() && ids.is_empty();
        ensure(can_be_settled, "3a.3", || "something is settled out of scope")?;
        ensure(ids.is_sorted_by(|a, b| a < b), "9", || "settled ids are not in their order")?;
        ids.iter().for_each(|id| session.settle_id(of, id));
        Ok(())
    }

    /// Remembers loaded pages of a type of which there is a table.
    pub(crate) fn load_pages(&mut self, of: TypeIndex, pages: crate::store::RememberedPages) {
        self.store.load_pages(of, pages);
    }
}
