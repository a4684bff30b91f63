//! A naive model of the engine, written from SPEC, for tests and fuzzing to compare the engine with.
//!
//! Lists of structs that are searched from the front, everything copied, nothing clever: each function
//! is to be read beside the rule that it names.

mod apps;
mod attributes;
mod check;
mod deltas;
mod guard;
mod lenient;
mod observe;
mod purge;
mod push;
mod repeat;
mod sessions;
mod state;
mod tasks;
mod upsert;
mod whole;

use std::borrow::Cow;
use std::collections::BTreeMap;

use headcount::{
    AppId, Command, Config, Error, Fact, FaultCode, Guard, Limits, NewResourceType, RecordKey, Reply,
    SessionId, SessionStatus, TaskId, Timestamp,
};

pub use lenient::without;
pub use observe::{observe, observe_without_moments, reply_without_prose, without_prose};
pub use repeat::RememberedPage;
pub use state::{App, Key, Place, Record, Session, Task, Type};

/// All state of one tenant.
#[derive(Clone, Debug)]
pub struct Model {
    /// The limits that input is held to.
    pub limits: Limits,
    /// The guard of a new app.
    pub default_guard: Guard,
    /// In order of creation.
    pub apps: Vec<App>,
    /// By clone group, the types in order of registration.
    pub groups: BTreeMap<u64, Vec<Type>>,
    /// Clone groups ever made: the last one's key.
    pub groups_made: u64,
    /// By app, its tasks that ended, the first to end first.
    pub tasks_ended: BTreeMap<AppId, Vec<TaskId>>,
    /// The pages that are known by their fingerprints, as they came.
    pub remembered: Vec<RememberedPage>,
    /// The sequence number of the last change.
    pub seq: u64,
    /// What the last command changed.
    pub facts: Vec<Fact<'static>>,
}

/// SPEC 1: null and empty are one.
fn present(text: &Option<Cow<'_, str>>) -> Option<String> {
    text.as_ref().filter(|text| !text.is_empty()).map(|text| text.to_string())
}

fn invalid<T>(field: impl Into<Cow<'static, str>>, code: FaultCode) -> Result<T, Error> {
    Err(Error::InvalidArgument { field: field.into(), code, found: String::new(), expected: String::new() })
}

impl Model {
    /// A tenant without apps.
    pub fn new(config: &Config) -> Self {
        Self {
            limits: *config.limits(),
            default_guard: config.guard(),
            apps: Vec::new(),
            groups: BTreeMap::new(),
            groups_made: 0,
            tasks_ended: BTreeMap::new(),
            remembered: Vec::new(),
            seq: 0,
            facts: Vec::new(),
        }
    }

    /// Carries out a command. An error has changed nothing: the model checks first, too.
    pub fn apply(&mut self, now: Timestamp, command: &Command<'_>) -> Result<Reply, Error> {
        self.facts.clear();
        let reply = self.dispatch(now, command);
        assert!(reply.is_ok() || self.facts.is_empty(), "the model changed something and failed");
        self.seq += self.facts.len() as u64;
        reply
    }

    fn dispatch(&mut self, now: Timestamp, command: &Command<'_>) -> Result<Reply, Error> {
        match command {
            Command::CreateApp { app_id: app, name, clone_from } => {
                self.create_app(now, *app, name, *clone_from)
            }
            Command::UpdateApp { app_id: app, update } => {
                self.update_app(*app, present(&update.name), update.guard)
            }
            Command::DeleteApp { app_id: app } => self.delete_app(*app),
            Command::RegisterResourceType {
                app_id: app,
                resource_type_id: id,
                new: NewResourceType { slug, name, kind },
            } => {
                let created_at = now;
                let new =
                    Type { id: *id, slug: slug.to_string(), name: name.to_string(), kind: *kind, created_at };
                self.register(*app, new)
            }
            Command::UpdateResourceType { app_id: app, slug, update } => {
                self.update_type(*app, slug, present(&update.name), present(&update.slug), update.kind)
            }
            Command::StartSession { app_id: app, session_id: session, scope } => {
                self.start(now, *app, *session, scope)
            }
            Command::PushPage { app_id: app, session_id: session, slug, page } => {
                self.push(now, *app, *session, slug, page)
            }
            Command::CompleteSession { app_id: app, session_id: session, completion } => {
                self.complete(now, *app, *session, *completion)
            }
            Command::AbandonSession { app_id: app, session_id: session } => {
                self.end_early(now, *app, *session, SessionStatus::Abandoned, None)
            }
            Command::FailSession { app_id: app, session_id: session, reason } => {
                self.session(*app, *session)?;
                check::reason("reason", reason, &self.limits)?;
                self.end_early(now, *app, *session, SessionStatus::Error, Some(reason.to_string()))
            }
            Command::RunCleanup { app_id: app, session_id: session, budget } => {
                self.run_cleanup(now, *app, *session, budget.get())
            }
            Command::CreateTask { app_id: app, task_id: task, new } => {
                self.create_task(now, *app, *task, new)
            }
            Command::ResolveTask { app_id: app, task_id: task, resolution } => {
                self.resolve_task(now, *app, *task, resolution)
            }
            Command::PurgeInactive { app_id: app, inactive_before } => self.purge(*app, *inactive_before),
            Command::RepeatPage { app_id: app, session_id: session, slug, fingerprint } => {
                self.repeat(now, *app, *session, slug, *fingerprint)
            }
            Command::ExpireSessions { last_activity_before } => self.expire(now, *last_activity_before),
            Command::SaveCheckpoint { app_id: app, session_id: session, checkpoint } => {
                self.save_checkpoint(now, *app, *session, present(checkpoint))
            }
            Command::WaiveGuard { app_id: app, session_id: session } => self.waive_guard(now, *app, *session),
            Command::PushLenientPage { app_id: app, session_id: session, slug, page } => {
                self.push_leniently(now, *app, *session, slug, page)
            }
            Command::ExcludeTypes { app_id: app, session_id: session, types } => {
                self.exclude(now, *app, *session, types)
            }
            Command::EraseRecord { app_id: app, slug, id } => self.erase(*app, slug, id),
            Command::UpsertRecords { app_id: app, slug, page } => self.upsert_records(*app, slug, page),
            Command::DeactivateRecords { app_id: app, slug, ids } => {
                self.deactivate_records(now, *app, slug, ids)
            }
            _ => unreachable!("a command that the model does not know"),
        }
    }

    // Looking up.

    fn app_at(&self, id: AppId) -> Result<usize, Error> {
        self.apps.iter().position(|app| app.id == id).ok_or(Error::AppNotFound { app_id: id })
    }

    fn app(&self, id: AppId) -> Result<&App, Error> {
        Ok(&self.apps[self.app_at(id)?])
    }

    fn app_mut(&mut self, id: AppId) -> Result<&mut App, Error> {
        let at = self.app_at(id)?;
        Ok(&mut self.apps[at])
    }

    /// The types of an app, in order of registration.
    pub fn types(&self, app: &App) -> &[Type] {
        &self.groups[&app.group]
    }

    fn number(&self, app: AppId, slug: &str) -> Result<usize, Error> {
        let types = self.types(self.app(app)?);
        let found = types.iter().position(|found| found.slug == slug);
        found.ok_or_else(|| Error::ResourceTypeNotFound { slug: check::short(slug) })
    }

    fn session(&self, app: AppId, id: SessionId) -> Result<&Session, Error> {
        let found = self.app(app)?.sessions.iter().find(|session| session.id == id);
        found.ok_or(Error::SessionNotFound { session_id: id })
    }

    fn session_mut(&mut self, app: AppId, id: SessionId) -> Result<&mut Session, Error> {
        let found = self.app_mut(app)?.sessions.iter_mut().find(|session| session.id == id);
        found.ok_or(Error::SessionNotFound { session_id: id })
    }

    fn expect(&self, app: AppId, id: SessionId, expected: SessionStatus) -> Result<(), Error> {
        let status = self.session(app, id)?.status;
        if status == expected { Ok(()) } else { Err(Error::WrongState { session_id: id, status, expected }) }
    }

    fn record_key(&self, app: &App, key: &Key) -> RecordKey<'static> {
        RecordKey { resource_type_id: self.types(app)[key.0].id, id: key.1.clone().into() }
    }
}
