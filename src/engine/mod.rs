//! The one place where control flows: scope → verb → changes → reply.
//!
//! Every command opens a scope, which finds what the command names and splits the state for it; checks
//! all that can be wrong; and only then changes anything, with steps that cannot fail. The verbs that it
//! calls do not call each other.

mod apps;
mod deltas;
mod members;
mod pages;
mod resource_types;
mod scope;
mod session_steps;
mod sessions;
mod tasks;

pub(crate) use scope::out_of_range;

use crate::state::{App, ChangeLog, State};
use crate::values::{Command, Config, Error, HashKey, Limits, Reply, Timestamp};
use crate::verbs::page::PageBuffers;

/// All state of one tenant, and the commands that change it.
///
/// An engine is `Send + Sync`. Any number may read at the same time; a command needs it alone. It costs little
/// when empty. See the [crate's page](crate) for a tour.
///
/// Each command takes the present time; each either succeeds or returns an [`Error`] and leaves the
/// state as it was. What it changed is in [`Engine::changes`] until the next one.
///
/// Each says what it costs. To find what it names costs the logarithm of how many apps, tasks or ids there are, a
/// hash for a slug, and for a session a look at those that the app keeps, the newest first; that is not said again.
/// No command grows with the number of records unless its documentation says so. Tests count it, at a thousand records
/// and at a hundred thousand. None costs anything for other apps, but where a type gets a new slug or kind: then it
/// looks at the apps of the clone group, and forgets their remembered pages.
///
/// # Calls that are not bounded
///
/// A page costs what is in it, and a cleanup step its budget. These calls may take longer the more there is:
///
/// | call | what it is | its cost grows with |
/// | --- | --- | --- |
/// | [`purge_inactive`](Self::purge_inactive) | command | a bit of each record of the app, its inactive records, what goes and who refers to it; now and then all records and references of the app |
/// | [`erase_record`](Self::erase_record) | command | the remembered pages of the app; of a group or license the inactive accounts and their references; now and then all records and references of the app |
/// | [`delete_app`](Self::delete_app) | command | the memory that it frees, the app's sessions and tasks |
/// | [`start_session`](Self::start_session) over a cleanup | command | what is left of the cleanup |
/// | [`update_resource_type`](Self::update_resource_type) with a new slug or kind | command | the apps of the clone group, and their remembered pages |
/// | [`push_page`](Self::push_page), [`push_lenient_page`](Self::push_lenient_page), the first with a fingerprint under lower limits | command | the remembered pages of the type |
/// | [`complete_session`](Self::complete_session) under a guard, of a session that retains records or in which deltas settled some | command | a bit of each record of the types that these are of |
/// | `Engine::restore` | makes an engine | all state |
/// | [`refresh_digest`](Self::refresh_digest) | needs the engine alone, but is no command | as `digest` |
/// | [`freeze`](Self::freeze) | needs the engine alone, but is no command | apps, types, sessions, tasks and remembered pages; little with records |
/// | `Engine::snapshot`, and writing it | read | all state |
/// | [`digest`](Self::digest), [`digest_parts`](Self::digest_parts) | read | all state if it was never refreshed; else what changed since, a little for each record, and all that is no record |
/// | [`record_digests`](Self::record_digests) | read | a bit of each record before the block |
/// | [`check_invariants`](Self::check_invariants) | read | all state |
/// | [`AppView::preview`](crate::AppView::preview) | read | a bit of each record in scope, the references of the accounts that would go, the active placeholders in scope |
/// | [`AppView::records`](crate::AppView::records) | read | a bit of each record up to the last that is shown; of those that dangle, a bit of each record of the type, and the count of each that is inactive and full |
/// | [`AppView::records_behind`](crate::AppView::records_behind) | read | a bit of each record from there up to the last that is shown |
/// | [`AppView::tasks`](crate::AppView::tasks) | read | all tasks of the app |
/// | [`index_members`](Self::index_members), the first of a type | needs the engine alone, but is no command | the references of all active accounts of the app |
/// | [`RecordView::members`](crate::RecordView::members) of a type that is not [indexed](Self::index_members) | read | the references of all active accounts of the app |
pub struct Engine {
    config: Config,
    key: HashKey,
    state: State,
    changes: ChangeLog,
    /// Whether a record may be on record that the limits would not let in: then a page is checked also
    /// where it is equal to what is there. Only an engine that was restored has any.
    checks_equal_records: bool,
    buffers: PageBuffers,
}

impl core::fmt::Debug for Engine {
    /// A summary: the records would fill pages. What each app has: `{:?}` of [`Engine::apps`].
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let tables = self.state.apps.iter().flat_map(|(_, app)| app.store().tables());
        let records: u64 = tables.map(|(_, table)| u64::from(table.records())).sum();
        f.debug_struct("Engine")
            .field("apps", &self.state.apps.len())
            .field("records", &records)
            .field("seq", &self.changes.seq())
            .field("changes", &self.changes.entries().len())
            .finish_non_exhaustive()
    }
}

/// Making one, and replaying.
impl Engine {
    /// An engine without apps. Allocates nothing.
    ///
    /// ```
    /// use headcount::{Config, Engine};
    /// let engine = Engine::new(Config::new().with_hash_key([9; 16]));
    /// assert_eq!(engine.apps().count(), 0);
    /// ```
    pub fn new(config: Config) -> Self {
        Self::with_state(config, State::default(), ChangeLog::default())
    }

    pub(crate) fn with_state(config: Config, state: State, changes: ChangeLog) -> Self {
        let key = HashKey::new(config.hash_key());
        Self { config, key, state, changes, checks_equal_records: false, buffers: PageBuffers::default() }
    }

    /// An engine for whoever looks at the whole state and gives no command: it shares the records' chunks with this
    /// one, and cannot find an id.
    pub(crate) fn frozen_copy(&mut self) -> Self {
        let Self { config, key, state, changes, checks_equal_records, buffers: _ } = self;
        Self {
            config: *config,
            key: *key,
            state: state.freeze(),
            changes: ChangeLog::resume_after(changes.seq()),
            checks_equal_records: *checks_equal_records,
            buffers: PageBuffers::default(),
        }
    }

    /// Lets pages be checked also where they are equal to what is on record.
    #[cfg(feature = "serde")]
    pub(crate) const fn check_equal_records(&mut self) {
        self.checks_equal_records = true;
    }

    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// Keeps the sums that the digest is made of.
    pub(crate) fn keep_sums(&mut self) {
        self.state.apps.values_mut().for_each(App::keep_sums);
    }

    /// Keeps them no more.
    #[cfg(feature = "serde")]
    pub(crate) fn drop_sums(&mut self) {
        self.state.apps.values_mut().for_each(App::drop_sums);
    }

    pub(crate) const fn change_log(&self) -> &ChangeLog {
        &self.changes
    }

    pub(crate) const fn key(&self) -> HashKey {
        self.key
    }

    /// Its limits (and, unseen, its hash key). Costs nothing.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    const fn limits(&self) -> &Limits {
        self.config.limits()
    }

    /// Gives back the memory of the last command's changes, which [`Engine::changes`] then has no more.
    /// Their sequence numbers stay taken.
    ///
    /// The next command does the same, but keeps the space of up to 65,536 changes. After a purge or a long cleanup,
    /// a tenant that then rests would else keep a note of each record. Costs what freeing them costs.
    pub fn forget_changes(&mut self) {
        self.changes.forget();
    }

    /// Carries out a command: the same code as its method's, so a journal of commands and times,
    /// replayed, gives the same replies, changes and digest ([SPEC 2](crate::spec#2-one-code-path),
    /// [10.7](crate::spec#107-replay)). Costs what its method costs.
    ///
    /// ```
    /// use headcount::{AppId, Command, Config, Engine, Reply, Timestamp, Uuid};
    /// let mut engine = Engine::new(Config::new());
    /// let app_id = AppId(Uuid::from_u128(1));
    /// let command = Command::CreateApp { app_id, name: "Acme HR".into(), clone_from: None };
    /// assert_eq!(engine.apply(Timestamp(0), &command), Ok(Reply::Done));
    /// ```
    ///
    /// # Errors
    /// Those of the command's method.
    pub fn apply(&mut self, now: Timestamp, command: &Command<'_>) -> Result<Reply, Error> {
        match command {
            Command::CreateApp { app_id, name, clone_from } => {
                self.create_app(now, *app_id, name, *clone_from).map(done)
            }
            Command::UpdateApp { app_id, update } => self.update_app(now, *app_id, update).map(done),
            Command::DeleteApp { app_id } => self.delete_app(now, *app_id).map(done),
            Command::RegisterResourceType { app_id, resource_type_id, new } => {
                self.register_resource_type(now, *app_id, *resource_type_id, new).map(done)
            }
            Command::UpdateResourceType { app_id, slug, update } => {
                self.update_resource_type(now, *app_id, slug, update).map(done)
            }
            Command::CreateTask { app_id, task_id, new } => {
                self.create_task(now, *app_id, *task_id, new).map(done)
            }
            Command::ResolveTask { app_id, task_id, resolution } => {
                self.resolve_task(now, *app_id, *task_id, resolution).map(done)
            }
            Command::PurgeInactive { app_id, inactive_before } => {
                self.purge_inactive(now, *app_id, *inactive_before).map(Reply::Purge)
            }
            Command::EraseRecord { app_id, slug, id } => {
                self.erase_record(now, *app_id, slug, id).map(Reply::Purge)
            }
            Command::UpsertRecords { app_id, slug, page } => {
                self.upsert_records(now, *app_id, slug, page).map(Reply::Page)
            }
            Command::DeactivateRecords { app_id, slug, ids } => {
                self.deactivate_records(now, *app_id, slug, ids).map(Reply::Deactivation)
            }
            of_sessions => self.apply_to_sessions(now, of_sessions),
        }
    }

    /// Carries out a command about sessions. It names the others too: so the compiler finds one that neither has.
    fn apply_to_sessions(&mut self, now: Timestamp, command: &Command<'_>) -> Result<Reply, Error> {
        match command {
            Command::StartSession { app_id, session_id, scope } => {
                self.start_session(now, *app_id, *session_id, scope).map(done)
            }
            Command::PushPage { app_id, session_id, slug, page } => {
                self.push_page(now, *app_id, *session_id, slug, page).map(Reply::Page)
            }
            Command::CompleteSession { app_id, session_id, completion } => {
                self.complete_session(now, *app_id, *session_id, *completion).map(Reply::Completion)
            }
            Command::AbandonSession { app_id, session_id } => {
                self.abandon_session(now, *app_id, *session_id).map(done)
            }
            Command::FailSession { app_id, session_id, reason } => {
                self.fail_session(now, *app_id, *session_id, reason).map(done)
            }
            Command::RunCleanup { app_id, session_id, budget } => {
                self.run_cleanup(now, *app_id, *session_id, *budget).map(Reply::Cleanup)
            }
            Command::RepeatPage { app_id, session_id, slug, fingerprint } => {
                self.repeat_page(now, *app_id, *session_id, slug, *fingerprint).map(Reply::Page)
            }
            Command::ExpireSessions { last_activity_before } => {
                Ok(Reply::Expiry(self.expire_sessions(now, *last_activity_before)))
            }
            Command::SaveCheckpoint { app_id, session_id, checkpoint } => {
                self.save_checkpoint(now, *app_id, *session_id, checkpoint.as_deref()).map(done)
            }
            Command::ExcludeTypes { app_id, session_id, types } => {
                self.exclude_types(now, *app_id, *session_id, types).map(done)
            }
            Command::WaiveGuard { app_id, session_id } => {
                self.waive_guard(now, *app_id, *session_id).map(done)
            }
            Command::PushLenientPage { app_id, session_id, slug, page } => {
                self.push_lenient_page(now, *app_id, *session_id, slug, page).map(Reply::LenientPage)
            }
            Command::CreateApp { .. }
            | Command::UpdateApp { .. }
            | Command::DeleteApp { .. }
            | Command::RegisterResourceType { .. }
            | Command::UpdateResourceType { .. }
            | Command::CreateTask { .. }
            | Command::ResolveTask { .. }
            | Command::PurgeInactive { .. }
            | Command::EraseRecord { .. }
            | Command::UpsertRecords { .. }
            | Command::DeactivateRecords { .. } => {
                unreachable!("what is about no session is carried out by apply")
            }
        }
    }
}

/// What is answered where there is nothing to tell.
const fn done((): ()) -> Reply {
    Reply::Done
}
