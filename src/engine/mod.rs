//! The one place where control flows: look up → check → apply → changes → reply.
//!
//! Every command looks up what it names, checks all that can be wrong, and only then changes anything,
//! with steps that cannot fail. The parts that it calls do not call each other.

mod apps;
mod sessions;
mod tasks;

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::state::app::{App, GroupNumber};
use crate::state::registry::{Registry, ResourceType};
use crate::values::change::ChangeLog;
use crate::values::command::{Command, Reply};
use crate::values::error::{Error, FaultCode, shorten};
use crate::values::hash::HashKey;
use crate::values::id::{AppId, ResourceTypeId, SessionId, TaskId};
use crate::values::limits::{Config, Limits};
use crate::values::time::Timestamp;

/// All state of one tenant, and the commands that change it.
///
/// An engine is `Send + Sync`: many may read one at a time, a command needs it alone. It costs little
/// when empty. See the [crate's page](crate) for a tour.
///
/// Each command takes the present time; each either succeeds or returns an [`Error`] and leaves the
/// state as it was. What it changed is in [`Engine::changes`] until the next one.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) key: HashKey,
    /// In order of creation.
    pub(crate) apps: IndexMap<AppId, App, HashKey>,
    /// The registry of each clone group that has an app.
    pub(crate) groups: BTreeMap<GroupNumber, Registry>,
    pub(crate) groups_made: u64,
    pub(crate) ids: Ids,
    pub(crate) changes: ChangeLog,
}

/// The ids in use, apart from those of apps.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    pub(crate) resource_types: BTreeSet<ResourceTypeId>,
    pub(crate) sessions: BTreeSet<SessionId>,
    pub(crate) tasks: BTreeSet<TaskId>,
}

impl core::fmt::Debug for Engine {
    /// A summary: the records would fill pages.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Engine")
            .field("apps", &self.apps.len())
            .field("seq", &self.seq())
            .finish_non_exhaustive()
    }
}

/// Making one, and replaying.
impl Engine {
    /// An engine without apps.
    pub fn new(config: Config) -> Self {
        let key = HashKey::new(config.hash_key());
        Self {
            config,
            key,
            apps: IndexMap::with_hasher(key),
            groups: BTreeMap::new(),
            groups_made: 0,
            ids: Ids::default(),
            changes: ChangeLog::default(),
        }
    }

    /// Its limits (and, unseen, its hash key).
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Carries out a command: the same code as its method's, so a journal of commands and times,
    /// replayed, gives the same replies, changes and digest (SPEC 2, 10.7).
    ///
    /// # Errors
    /// Those of the command's method.
    pub fn apply(&mut self, now: Timestamp, command: &Command<'_>) -> Result<Reply, Error> {
        let done = |()| Reply::Done;
        match command {
            Command::CreateApp { app, name, clone_from } => {
                self.create_app(now, *app, name, *clone_from).map(done)
            }
            Command::UpdateApp { app, update } => self.update_app(now, *app, update).map(done),
            Command::DeleteApp { app } => self.delete_app(now, *app).map(done),
            Command::RegisterResourceType { app, id, slug, name, kind } => {
                self.register_resource_type(now, *app, *id, slug, name, *kind).map(done)
            }
            Command::UpdateResourceType { app, slug, update } => {
                self.update_resource_type(now, *app, slug, update).map(done)
            }
            Command::StartSession { app, session, scope } => {
                self.start_session(now, *app, *session, scope).map(done)
            }
            Command::PushPage { app, session, slug, page } => {
                self.push_page(now, *app, *session, slug, page).map(Reply::Page)
            }
            Command::CompleteSession { app, session, force } => {
                self.complete_session(now, *app, *session, *force).map(Reply::Completion)
            }
            Command::AbandonSession { app, session } => self.abandon_session(now, *app, *session).map(done),
            Command::FailSession { app, session, reason } => {
                self.fail_session(now, *app, *session, reason).map(done)
            }
            Command::RunCleanup { app, session, budget } => {
                self.run_cleanup(now, *app, *session, *budget).map(Reply::Cleanup)
            }
            Command::CreateTask { app, task, new } => self.create_task(now, *app, *task, new).map(done),
            Command::ResolveTask { app, task, resolution } => {
                self.resolve_task(now, *app, *task, resolution).map(done)
            }
            Command::PurgeInactive { app, inactive_before } => {
                self.purge_inactive(now, *app, *inactive_before).map(Reply::Purge)
            }
        }
    }

    const fn limits(&self) -> &Limits {
        self.config.limits()
    }
}

pub(crate) fn out_of_range(field: &'static str, found: u64, expected: &str) -> Error {
    Error::InvalidArgument {
        field: field.into(),
        code: FaultCode::OutOfRange,
        found: alloc::format!("{found}"),
        expected: expected.to_owned(),
    }
}

fn find_app(apps: &IndexMap<AppId, App, HashKey>, app: AppId) -> Result<&App, Error> {
    apps.get(&app).ok_or(Error::AppNotFound { app })
}

fn find_app_mut(apps: &mut IndexMap<AppId, App, HashKey>, app: AppId) -> Result<&mut App, Error> {
    apps.get_mut(&app).ok_or(Error::AppNotFound { app })
}

fn find_type<'r>(registry: &'r Registry, slug: &str) -> Result<(u32, &'r ResourceType), Error> {
    registry.find(slug).ok_or_else(|| Error::ResourceTypeNotFound { slug: shorten(slug) })
}
