//! The one place where control flows: look up → check → apply → changes → reply.
//!
//! Every command looks up what it names, checks all that can be wrong, and only then changes anything,
//! with steps that cannot fail. The parts that it calls do not call each other.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::num::NonZeroU64;

use indexmap::IndexMap;

use crate::app::{App, GroupNumber};
use crate::change::{ChangeLog, Fact};
use crate::command::{
    AppUpdate, CleanupOutcome, Command, NewTask, PageOutcome, PurgeOutcome, Reply, Resolution,
    ResourceTypeUpdate, Scope,
};
use crate::error::{Error, ErrorKind, FaultCode, shorten};
use crate::hash::HashKey;
use crate::id::{AppId, ResourceTypeId, SessionId, TaskId};
use crate::input::{Kind, Page};
use crate::limits::{Config, Limits};
use crate::page;
use crate::reconcile;
use crate::registry::{Registry, ResourceType};
use crate::session::{Session, SessionStatus};
use crate::task::{Ending, Task};
use crate::text::{Rule, present};
use crate::time::Timestamp;
use crate::upsert::Upsert;

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

/// Apps (SPEC 2).
impl Engine {
    /// Creates an app, in a clone group of its own or in that of `clone_from`, whose resource types it
    /// then has at once, and none of its records, sessions, tasks or guard.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound) for `clone_from`; [`InvalidArgument`](Error::InvalidArgument)
    /// for `name` (1..=255); [`AppIdInUse`](Error::AppIdInUse).
    pub fn create_app(
        &mut self,
        now: Timestamp,
        app: AppId,
        name: &str,
        clone_from: Option<AppId>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let source = clone_from.map(|source| find_app(&self.apps, source)).transpose()?;
        let group = source.map(|source| source.group);
        self.name_rule().check("name", name)?;
        if self.apps.contains_key(&app) {
            return Err(Error::AppIdInUse { app });
        }
        let group = group.unwrap_or_else(|| {
            let group = GroupNumber(self.groups_made);
            self.groups_made += 1;
            self.groups.insert(group, Registry::default());
            group
        });
        self.apps.insert(app, App::new(name.to_owned(), now, group, self.key));
        self.changes.fact(Fact::AppCreated { clone_from });
        Ok(())
    }

    /// Changes an app's name, its guard, or both. What is as it was is no change.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`InvalidArgument`](Error::InvalidArgument) for `name`
    /// (1..=255) or `guard.max_percent` (0..=100).
    pub fn update_app(&mut self, _now: Timestamp, app: AppId, update: &AppUpdate<'_>) -> Result<(), Error> {
        self.changes.begin(app);
        let rule = self.name_rule();
        let found = find_app_mut(&mut self.apps, app)?;
        let name = present(update.name.as_deref());
        if let Some(name) = name {
            rule.check("name", name)?;
        }
        if let Some(percent) =
            update.guard.and_then(|guard| guard.max_percent).filter(|&percent| percent > 100)
        {
            return Err(out_of_range("guard.max_percent", u64::from(percent), "0 to 100"));
        }
        let name = name.filter(|&name| name != found.name);
        let guard = update.guard.filter(|&guard| guard != found.guard);
        if name.is_some() || guard.is_some() {
            if let Some(name) = name {
                found.name = name.to_owned();
            }
            found.guard = guard.unwrap_or(found.guard);
            self.changes.fact(Fact::AppUpdated);
        }
        Ok(())
    }

    /// Deletes an app with its records, sessions and tasks, whose ids are free then. The other apps
    /// of its clone group work on; the last one takes the resource types with it.
    ///
    /// Costs what freeing its memory costs.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound).
    pub fn delete_app(&mut self, _now: Timestamp, app: AppId) -> Result<(), Error> {
        self.changes.begin(app);
        let gone = self.apps.shift_remove(&app).ok_or(Error::AppNotFound { app })?;
        for session in &gone.sessions {
            self.ids.sessions.remove(&session.id);
        }
        for task in gone.tasks.keys() {
            self.ids.tasks.remove(task);
        }
        if self.apps.values().all(|other| other.group != gone.group) {
            let registry = self.groups.remove(&gone.group).unwrap_or_default();
            for resource_type in registry.types() {
                self.ids.resource_types.remove(&resource_type.id());
            }
        }
        self.changes.fact(Fact::AppDeleted);
        Ok(())
    }

    const fn name_rule(&self) -> Rule {
        Rule::Required { chars_max: self.config.limits().text_chars_max }
    }
}

/// Resource types (SPEC 2).
impl Engine {
    /// Registers a resource type through any app of a clone group; all its apps have it at once.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`InvalidArgument`](Error::InvalidArgument) for `slug`
    /// (1..=100 of `a-z A-Z 0-9 - _`) or `name` (1..=255);
    /// [`ResourceTypeIdInUse`](Error::ResourceTypeIdInUse); [`SlugTaken`](Error::SlugTaken).
    pub fn register_resource_type(
        &mut self,
        now: Timestamp,
        app: AppId,
        id: ResourceTypeId,
        slug: &str,
        name: &str,
        kind: Kind,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let (slug_rule, name_rule) = (self.slug_rule(), self.name_rule());
        let group = find_app(&self.apps, app)?.group;
        slug_rule.check("slug", slug)?;
        name_rule.check("name", name)?;
        if self.ids.resource_types.contains(&id) {
            return Err(Error::ResourceTypeIdInUse { id });
        }
        let registry = self.groups.entry(group).or_default();
        if registry.find(slug).is_some() {
            return Err(Error::SlugTaken { slug: shorten(slug) });
        }
        registry.add(ResourceType::new(id, slug, name, kind, now));
        self.ids.resource_types.insert(id);
        self.changes.fact(Fact::ResourceTypeRegistered { resource_type: id });
        Ok(())
    }

    /// Changes a type's name, slug or kind through any app of its clone group, for all of them. What
    /// is as it was is no change.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`ResourceTypeNotFound`](Error::ResourceTypeNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `name` (1..=255) or `slug` (1..=100 of
    /// `a-z A-Z 0-9 - _`); [`SlugTaken`](Error::SlugTaken) by another type;
    /// [`ResourceTypeHasRecords`](Error::ResourceTypeHasRecords) for a new kind, while an app of the
    /// group has a record of the type.
    pub fn update_resource_type(
        &mut self,
        _now: Timestamp,
        app: AppId,
        slug: &str,
        update: &ResourceTypeUpdate<'_>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let (slug_rule, name_rule) = (self.slug_rule(), self.name_rule());
        let group = find_app(&self.apps, app)?.group;
        let registry = self.groups.entry(group).or_default();
        let (number, found) = find_type(registry, slug)?;
        let id = found.id();
        let name = present(update.name.as_deref());
        if let Some(name) = name {
            name_rule.check("name", name)?;
        }
        let new_slug = present(update.slug.as_deref());
        if let Some(slug) = new_slug {
            slug_rule.check("slug", slug)?;
        }
        let name = name.filter(|&name| name != found.name());
        let new_slug = new_slug.filter(|&slug| slug != found.slug());
        let kind = update.kind.filter(|&kind| kind != found.kind());
        if let Some(taken) = new_slug.filter(|slug| registry.find(slug).is_some()) {
            return Err(Error::SlugTaken { slug: shorten(taken) });
        }
        let mut group_apps = self.apps.iter().filter(|(_, other)| other.group == group);
        if let Some((&app, _)) = group_apps.find(|(_, app)| kind.is_some() && app.has_records(number)) {
            return Err(Error::ResourceTypeHasRecords { slug: shorten(slug), app });
        }
        if name.is_some() || new_slug.is_some() || kind.is_some() {
            registry.update(number, name, new_slug, kind);
            self.changes.fact(Fact::ResourceTypeUpdated { resource_type: id });
        }
        Ok(())
    }

    const fn slug_rule(&self) -> Rule {
        Rule::Slug { chars_max: self.config.limits().slug_chars_max }
    }
}

/// Sessions (SPEC 2, 3, 4).
impl Engine {
    /// Opens a session. An earlier one of the app that is in progress becomes abandoned; one that is
    /// completing is first cleaned up to the end.
    ///
    /// Costs little, but where a cleanup is to be ended as much as what is left of it: a host that
    /// minds runs it first. An app remembers its last 100 sessions; the id of one that it forgets is
    /// free.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`ResourceTypeNotFound`](Error::ResourceTypeNotFound) for
    /// a slug in the scope; [`InvalidArgument`](Error::InvalidArgument) for an empty `scope`;
    /// [`SessionIdInUse`](Error::SessionIdInUse).
    pub fn start_session(
        &mut self,
        now: Timestamp,
        app: AppId,
        session: SessionId,
        scope: &Scope<'_>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let sessions_max = self.limits().sessions_per_app_max as usize;
        let found = find_app_mut(&mut self.apps, app)?;
        let registry = self.groups.entry(found.group).or_default();
        let scope = scope_numbers(registry, scope)?;
        if self.ids.sessions.contains(&session) {
            return Err(Error::SessionIdInUse { session });
        }
        match found.open_session().map(|open| open.status) {
            Some(SessionStatus::Completing) => {
                step(found, registry, &mut self.changes, now, u64::MAX);
            }
            Some(_) => end(found, registry, &mut self.changes, now, SessionStatus::Abandoned),
            None => {}
        }
        let mut opened = Session::start(session, scope, now);
        opened.base = reconcile::active_full(&found.tables, &opened);
        found.sessions.push_back(opened);
        self.ids.sessions.insert(session);
        while found.sessions.len() > sessions_max {
            if let Some(forgotten) = found.sessions.pop_front() {
                self.ids.sessions.remove(&forgotten.id);
            }
        }
        self.changes.fact(Fact::SessionOpened { session });
        Ok(())
    }

    /// Pushes a page of records: each is upserted whole, and what accounts refer to that does not
    /// exist yet becomes a placeholder. One bad record and the page is refused whole (SPEC 3).
    ///
    /// Costs grow with the page alone; an unchanged record is compared in place and copies nothing.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound),
    /// [`ResourceTypeNotFound`](Error::ResourceTypeNotFound); [`WrongState`](Error::WrongState) unless
    /// in progress; [`PageTooLarge`](Error::PageTooLarge); [`PageFaults`](Error::PageFaults) with every
    /// fault in it; [`KindMismatch`](Error::KindMismatch); [`OutOfScope`](Error::OutOfScope);
    /// [`ResourceTypeFull`](Error::ResourceTypeFull).
    pub fn push_page(
        &mut self,
        _now: Timestamp,
        app: AppId,
        session: SessionId,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<PageOutcome, Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let registry = self.groups.entry(found.group).or_default();
        let pushed_in = found.session_mut(session)?;
        let (number, resource_type) = find_type(registry, slug)?;
        pushed_in.expect(SessionStatus::InProgress)?;
        let checked = match page::check(page, registry, self.config.limits(), self.key) {
            Err(error) if error.kind() == ErrorKind::Invalid => return Err(error),
            // A fault against a business rule waits for the rules about the page itself.
            checked => checked,
        };
        if page.kind() != resource_type.kind() {
            let (found, expected) = (page.kind(), resource_type.kind());
            return Err(Error::KindMismatch { slug: shorten(slug), found, expected });
        }
        if !pushed_in.covers(number) {
            return Err(Error::OutOfScope { slug: shorten(slug), session });
        }
        let checked = checked?;
        found.make_tables(registry.types().len());
        let records_max = self.config.limits().records_per_type_max;
        // Only the newest session can be in progress.
        let Some(session) = found.sessions.back_mut() else { return Err(Error::SessionNotFound { session }) };
        let mut upsert = Upsert {
            tables: &mut found.tables,
            session,
            changes: &mut self.changes,
            key: self.key,
            records_per_type_max: records_max,
        };
        upsert.apply(number, &checked).map_err(|full| Error::ResourceTypeFull {
            slug: registry.get(full.table).map(|full| shorten(full.slug())).unwrap_or_default(),
            records_max,
        })
    }

    /// Accepts the session's roll as the whole truth: from now on [`Engine::run_cleanup`] marks
    /// inactive what was not pushed. Answers the status: completing, or completed if it was already.
    ///
    /// The app's [`Guard`](crate::Guard) may refuse it, unless by `force`.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) if abandoned or in error; [`GuardExceeded`](Error::GuardExceeded).
    pub fn complete_session(
        &mut self,
        _now: Timestamp,
        app: AppId,
        session: SessionId,
        force: bool,
    ) -> Result<SessionStatus, Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let guard = found.guard;
        let completing = find_session(found, session)?;
        if matches!(completing.status, SessionStatus::Completing | SessionStatus::Completed) {
            return Ok(completing.status);
        }
        completing.expect(SessionStatus::InProgress)?;
        let deactivations = reconcile::deactivations(&found.tables, completing);
        if !force && guard.is_passed_by(deactivations, completing.base) {
            return Err(Error::GuardExceeded { deactivations, base: completing.base, guard });
        }
        found.session_mut(session)?.status = SessionStatus::Completing;
        self.changes.fact(Fact::SessionCompleting { session });
        Ok(SessionStatus::Completing)
    }

    /// Ends a session without cleanup: what was pushed stays as it is. Of an abandoned one: no change.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) unless in progress or abandoned.
    pub fn abandon_session(&mut self, now: Timestamp, app: AppId, session: SessionId) -> Result<(), Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let abandoned = find_session(found, session)?;
        if abandoned.status != SessionStatus::Abandoned {
            abandoned.expect(SessionStatus::InProgress)?;
            let registry = self.groups.entry(found.group).or_default();
            end(found, registry, &mut self.changes, now, SessionStatus::Abandoned);
        }
        Ok(())
    }

    /// Ends a session that the host cannot go on with, without cleanup, as in error. Of one that is
    /// in error: no change, its reason stays.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `reason` (not empty, at most 64 KiB);
    /// [`WrongState`](Error::WrongState) unless in progress or in error: a cleanup can always go on.
    pub fn fail_session(
        &mut self,
        now: Timestamp,
        app: AppId,
        session: SessionId,
        reason: &str,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let rule = Rule::RequiredOpaque { bytes_max: self.limits().opaque_bytes_max };
        let found = find_app_mut(&mut self.apps, app)?;
        let failed = found.session_mut(session)?;
        rule.check("reason", reason)?;
        if failed.status != SessionStatus::Error {
            failed.expect(SessionStatus::InProgress)?;
            failed.reason = Some(reason.to_owned());
            let registry = self.groups.entry(found.group).or_default();
            end(found, registry, &mut self.changes, now, SessionStatus::Error);
        }
        Ok(())
    }

    /// Runs a step of the cleanup of a completing session: marks at most `budget` records inactive.
    /// The last step completes the session and sets the app's last_synced_at to its `now`.
    ///
    /// A step also ends after passing over 4,096 rows for each record of its budget, so that its time
    /// is bounded whatever is stale; it may mark none and still not be the last. Budgets of any size
    /// come to the same end by the same changes (SPEC 4.6).
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) unless completing.
    pub fn run_cleanup(
        &mut self,
        now: Timestamp,
        app: AppId,
        session: SessionId,
        budget: NonZeroU64,
    ) -> Result<CleanupOutcome, Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let cleaned = find_session(found, session)?;
        cleaned.expect(SessionStatus::Completing)?;
        let before = cleaned.counts.deactivated;
        let registry = self.groups.entry(found.group).or_default();
        step(found, registry, &mut self.changes, now, budget.get());
        let cleaned = find_session(found, session)?;
        Ok(CleanupOutcome { deactivated: cleaned.counts.deactivated - before, status: cleaned.status })
    }

    /// Removes the app's records that became inactive before a time and that no active account refers
    /// to, and the references that inactive accounts hold to them; frees their memory.
    ///
    /// Costs grow with all records and references of the app: it makes its tables anew.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound).
    pub fn purge_inactive(
        &mut self,
        _now: Timestamp,
        app: AppId,
        inactive_before: Timestamp,
    ) -> Result<PurgeOutcome, Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let registry = self.groups.entry(found.group).or_default();
        Ok(reconcile::purge(found, registry, &mut self.changes, inactive_before))
    }
}

/// Tasks (SPEC 6).
impl Engine {
    /// Creates a task for the app's connector: pending, or scheduled until its `execute_after`.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`ResourceTypeNotFound`](Error::ResourceTypeNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `payload` (at most 64 KiB);
    /// [`TaskIdInUse`](Error::TaskIdInUse).
    pub fn create_task(
        &mut self,
        now: Timestamp,
        app: AppId,
        task: TaskId,
        new: &NewTask<'_>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let rule = Rule::Opaque { bytes_max: self.limits().opaque_bytes_max };
        let found = find_app_mut(&mut self.apps, app)?;
        let registry = self.groups.entry(found.group).or_default();
        let (table, _) = find_type(registry, &new.resource_type)?;
        let payload = present(new.payload.as_deref());
        rule.check("payload", payload.unwrap_or_default())?;
        if self.ids.tasks.contains(&task) {
            return Err(Error::TaskIdInUse { task });
        }
        let created = Task {
            id: task,
            action: new.action,
            table,
            payload: payload.map(ToOwned::to_owned),
            execute_after: new.execute_after,
            created_at: now,
            ending: None,
        };
        found.tasks.insert(task, created);
        self.ids.tasks.insert(task);
        self.changes.fact(Fact::TaskCreated { task });
        Ok(())
    }

    /// Ends a task, also one that is not due yet.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`TaskNotFound`](Error::TaskNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `result` (at most 64 KiB), `code` or `message`
    /// (not empty, at most 64 KiB); [`TaskEnded`](Error::TaskEnded).
    pub fn resolve_task(
        &mut self,
        now: Timestamp,
        app: AppId,
        task: TaskId,
        resolution: &Resolution<'_>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let bytes_max = self.limits().opaque_bytes_max;
        let found = find_app_mut(&mut self.apps, app)?;
        let resolved = found.tasks.get_mut(&task).ok_or(Error::TaskNotFound { task })?;
        let ending = match resolution {
            Resolution::Completed { result } => {
                let result = present(result.as_deref());
                Rule::Opaque { bytes_max }.check("result", result.unwrap_or_default())?;
                Ending::Completed { result: result.map(ToOwned::to_owned) }
            }
            Resolution::Failed { code, message } => {
                Rule::RequiredOpaque { bytes_max }.check("code", code)?;
                Rule::RequiredOpaque { bytes_max }.check("message", message)?;
                Ending::Failed { code: code.clone().into_owned(), message: message.clone().into_owned() }
            }
        };
        if resolved.ending.is_some() {
            return Err(Error::TaskEnded { task, status: resolved.status(now) });
        }
        resolved.ending = Some((now, ending));
        self.changes.fact(Fact::TaskResolved { task });
        Ok(())
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

fn find_session(app: &App, session: SessionId) -> Result<&Session, Error> {
    app.session(session).ok_or(Error::SessionNotFound { session })
}

fn find_type<'r>(registry: &'r Registry, slug: &str) -> Result<(u32, &'r ResourceType), Error> {
    registry.find(slug).ok_or_else(|| Error::ResourceTypeNotFound { slug: shorten(slug) })
}

/// The numbers of the types in a scope, ascending, each once; `None` is all.
fn scope_numbers(registry: &Registry, scope: &Scope<'_>) -> Result<Option<Vec<u32>>, Error> {
    let Scope::Types(slugs) = scope else { return Ok(None) };
    let numbers: Result<BTreeSet<u32>, Error> =
        slugs.iter().map(|slug| find_type(registry, slug).map(|(number, _)| number)).collect();
    let numbers: Vec<u32> = numbers?.into_iter().collect();
    if numbers.is_empty() {
        return Err(Error::InvalidArgument {
            field: "scope".into(),
            code: FaultCode::Required,
            found: "no slug".to_owned(),
            expected: "at least one slug, or no scope".to_owned(),
        });
    }
    Ok(Some(numbers))
}

/// Runs a cleanup step of the app's open session, which is completing.
fn step(app: &mut App, registry: &Registry, changes: &mut ChangeLog, now: Timestamp, budget: u64) {
    let Some(session) = app.sessions.back_mut() else { return };
    if reconcile::cleanup_step(&mut app.tables, session, registry, changes, now, budget) {
        end(app, registry, changes, now, SessionStatus::Completed);
        app.last_synced_at = Some(now);
        changes.fact(Fact::AppUpdated);
    }
}

/// Ends the app's open session, and its roll.
fn end(app: &mut App, registry: &Registry, changes: &mut ChangeLog, now: Timestamp, status: SessionStatus) {
    let Some(session) = app.sessions.back_mut() else { return };
    session.end(status, now, registry.types().len());
    changes.fact(Fact::SessionEnded { session: session.id, status });
    for table in &mut app.tables {
        table.clear_seen();
    }
}
