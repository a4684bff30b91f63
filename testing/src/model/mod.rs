//! A naive model of the engine, written from SPEC, for tests and fuzzing to compare the engine with.
//!
//! Lists of structs that are searched from the front, everything copied, nothing clever: each function
//! is to be read beside the rule that it names.

mod check;
mod observe;
mod push;

use std::collections::BTreeMap;

use headcount::{
    AccountStatus, AppId, Command, Error, Fact, FaultCode, Field, Guard, Kind, Limits, RecordKey, Reply,
    Resolution, ResourceTypeId, Scope, SessionCounts, SessionId, SessionStatus, TaskAction, TaskId,
    TaskStatus, Timestamp,
};

pub use observe::{observe, without_prose};

/// All state of one tenant.
#[derive(Clone, Debug)]
pub struct Model {
    pub limits: Limits,
    /// In order of creation.
    pub apps: Vec<App>,
    /// By clone group, the types in order of registration.
    pub groups: BTreeMap<u64, Vec<Type>>,
    pub groups_made: u64,
    pub seq: u64,
    /// What the last command changed.
    pub facts: Vec<Fact<'static>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    pub id: ResourceTypeId,
    pub slug: String,
    pub name: String,
    pub kind: Kind,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub struct App {
    pub id: AppId,
    pub name: String,
    pub created_at: Timestamp,
    pub last_synced_at: Option<Timestamp>,
    pub guard: Guard,
    pub group: u64,
    /// In order of first sight.
    pub records: Vec<Record>,
    /// Oldest first.
    pub sessions: Vec<Session>,
    pub tasks: Vec<Task>,
}

/// Names a record within its app: the number of its type, and its external id.
pub type Key = (usize, String);

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub key: Key,
    pub active: bool,
    pub placeholder: bool,
    pub inactive_since: Option<Timestamp>,
    pub fields: BTreeMap<Field, String>,
    pub status: AccountStatus,
    /// In the order sent, by type in order of registration.
    pub references: Vec<Key>,
    /// Whether the open session got it.
    pub pushed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub status: SessionStatus,
    pub scope: Option<Vec<usize>>,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub reason: Option<String>,
    pub base: u64,
    /// By type; of an ended session, the types of then.
    pub synced: Vec<u64>,
    pub counts: SessionCounts,
}

impl Session {
    pub fn covers(&self, number: usize) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.contains(&number))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub id: TaskId,
    pub action: TaskAction,
    pub number: usize,
    pub payload: Option<String>,
    pub execute_after: Option<Timestamp>,
    pub created_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub result: Option<String>,
    pub error: Option<(String, String)>,
}

impl Task {
    /// SPEC 6: reading takes `now`.
    pub fn status(&self, now: Timestamp) -> TaskStatus {
        match (self.resolved_at, &self.error) {
            (Some(_), None) => TaskStatus::Completed,
            (Some(_), Some(_)) => TaskStatus::Failed,
            _ if self.execute_after.is_some_and(|due| now < due) => TaskStatus::Scheduled,
            _ => TaskStatus::Pending,
        }
    }
}

/// SPEC 1: null and empty are one.
fn present(text: &Option<std::borrow::Cow<'_, str>>) -> Option<String> {
    text.as_ref().filter(|text| !text.is_empty()).map(|text| text.to_string())
}

fn invalid<T>(field: &'static str, code: FaultCode) -> Result<T, Error> {
    Err(Error::InvalidArgument { field: field.into(), code, found: String::new(), expected: String::new() })
}

impl Model {
    pub fn new(limits: Limits) -> Self {
        Self { limits, apps: Vec::new(), groups: BTreeMap::new(), groups_made: 0, seq: 0, facts: Vec::new() }
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
            Command::CreateApp { app, name, clone_from } => self.create_app(now, *app, name, *clone_from),
            Command::UpdateApp { app, update } => self.update_app(*app, present(&update.name), update.guard),
            Command::DeleteApp { app } => self.delete_app(*app),
            Command::RegisterResourceType { app, id, slug, name, kind } => {
                let created_at = now;
                let new =
                    Type { id: *id, slug: slug.to_string(), name: name.to_string(), kind: *kind, created_at };
                self.register(*app, new)
            }
            Command::UpdateResourceType { app, slug, update } => {
                self.update_type(*app, slug, present(&update.name), present(&update.slug), update.kind)
            }
            Command::StartSession { app, session, scope } => self.start(now, *app, *session, scope),
            Command::PushPage { app, session, slug, page } => self.push(*app, *session, slug, page),
            Command::CompleteSession { app, session, force } => self.complete(*app, *session, *force),
            Command::AbandonSession { app, session } => {
                self.end_early(now, *app, *session, SessionStatus::Abandoned, None)
            }
            Command::FailSession { app, session, reason } => {
                self.session(*app, *session)?;
                check::opaque("reason", reason, true, &self.limits)?;
                self.end_early(now, *app, *session, SessionStatus::Error, Some(reason.to_string()))
            }
            Command::RunCleanup { app, session, budget } => {
                self.run_cleanup(now, *app, *session, budget.get())
            }
            Command::CreateTask { app, task, new } => self.create_task(now, *app, *task, new),
            Command::ResolveTask { app, task, resolution } => self.resolve_task(now, *app, *task, resolution),
            Command::PurgeInactive { app, inactive_before } => self.purge(*app, *inactive_before),
            _ => unreachable!("a command that the model does not know"),
        }
    }

    // Looking up.

    fn app_at(&self, id: AppId) -> Result<usize, Error> {
        self.apps.iter().position(|app| app.id == id).ok_or(Error::AppNotFound { app: id })
    }

    fn app(&self, id: AppId) -> Result<&App, Error> {
        Ok(&self.apps[self.app_at(id)?])
    }

    fn app_mut(&mut self, id: AppId) -> Result<&mut App, Error> {
        let at = self.app_at(id)?;
        Ok(&mut self.apps[at])
    }

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
        found.ok_or(Error::SessionNotFound { session: id })
    }

    fn session_mut(&mut self, app: AppId, id: SessionId) -> Result<&mut Session, Error> {
        let found = self.app_mut(app)?.sessions.iter_mut().find(|session| session.id == id);
        found.ok_or(Error::SessionNotFound { session: id })
    }

    fn expect(&self, app: AppId, id: SessionId, expected: SessionStatus) -> Result<(), Error> {
        let status = self.session(app, id)?.status;
        if status == expected { Ok(()) } else { Err(Error::WrongState { session: id, status, expected }) }
    }

    fn record_key(&self, app: &App, key: &Key) -> RecordKey<'static> {
        RecordKey { resource_type: self.types(app)[key.0].id, id: key.1.clone().into() }
    }

    // SPEC 2: apps and types.

    fn create_app(
        &mut self,
        now: Timestamp,
        id: AppId,
        name: &str,
        from: Option<AppId>,
    ) -> Result<Reply, Error> {
        let group = from.map(|from| self.app(from).map(|app| app.group)).transpose()?;
        check::name("name", name, &self.limits)?;
        if self.app_at(id).is_ok() {
            return Err(Error::AppIdInUse { app: id });
        }
        let group = group.unwrap_or_else(|| {
            self.groups_made += 1;
            self.groups.insert(self.groups_made, Vec::new());
            self.groups_made
        });
        self.apps.push(App {
            id,
            name: name.to_owned(),
            created_at: now,
            last_synced_at: None,
            guard: Guard::NONE,
            group,
            records: Vec::new(),
            sessions: Vec::new(),
            tasks: Vec::new(),
        });
        self.facts.push(Fact::AppCreated { clone_from: from });
        Ok(Reply::Done)
    }

    fn update_app(&mut self, id: AppId, name: Option<String>, guard: Option<Guard>) -> Result<Reply, Error> {
        let before = self.app(id)?.clone();
        if let Some(name) = &name {
            check::name("name", name, &self.limits)?;
        }
        if guard.and_then(|guard| guard.max_percent).is_some_and(|percent| percent > 100) {
            return invalid("guard.max_percent", FaultCode::OutOfRange);
        }
        let app = self.app_mut(id)?;
        app.name = name.unwrap_or_else(|| before.name.clone());
        app.guard = guard.unwrap_or(before.guard);
        if *app != before {
            self.facts.push(Fact::AppUpdated);
        }
        Ok(Reply::Done)
    }

    fn delete_app(&mut self, id: AppId) -> Result<Reply, Error> {
        let at = self.app_at(id)?;
        let gone = self.apps.remove(at);
        if !self.apps.iter().any(|app| app.group == gone.group) {
            self.groups.remove(&gone.group);
        }
        self.facts.push(Fact::AppDeleted);
        Ok(Reply::Done)
    }

    fn register(&mut self, app: AppId, new: Type) -> Result<Reply, Error> {
        let group = self.app(app)?.group;
        check::slug("slug", &new.slug, &self.limits)?;
        check::name("name", &new.name, &self.limits)?;
        if self.groups.values().flatten().any(|other| other.id == new.id) {
            return Err(Error::ResourceTypeIdInUse { id: new.id });
        }
        if self.number(app, &new.slug).is_ok() {
            return Err(Error::SlugTaken { slug: new.slug });
        }
        self.facts.push(Fact::ResourceTypeRegistered { resource_type: new.id });
        self.groups.get_mut(&group).expect("its group").push(new);
        Ok(Reply::Done)
    }

    fn update_type(
        &mut self,
        app: AppId,
        slug: &str,
        name: Option<String>,
        new_slug: Option<String>,
        kind: Option<Kind>,
    ) -> Result<Reply, Error> {
        let number = self.number(app, slug)?;
        let group = self.app(app)?.group;
        let before = self.groups[&group][number].clone();
        if let Some(name) = &name {
            check::name("name", name, &self.limits)?;
        }
        if let Some(slug) = &new_slug {
            check::slug("slug", slug, &self.limits)?;
            if self.number(app, slug).is_ok_and(|other| other != number) {
                return Err(Error::SlugTaken { slug: slug.clone() });
            }
        }
        if kind.is_some_and(|kind| kind != before.kind) {
            let in_group = self.apps.iter().filter(|app| app.group == group);
            for app in in_group {
                if app.records.iter().any(|record| record.key.0 == number) {
                    return Err(Error::ResourceTypeHasRecords { slug: slug.to_owned(), app: app.id });
                }
            }
        }
        let after = Type {
            name: name.unwrap_or_else(|| before.name.clone()),
            slug: new_slug.unwrap_or_else(|| before.slug.clone()),
            kind: kind.unwrap_or(before.kind),
            ..before
        };
        if after != before {
            self.facts.push(Fact::ResourceTypeUpdated { resource_type: before.id });
            self.groups.get_mut(&group).expect("its group")[number] = after;
        }
        Ok(Reply::Done)
    }

    // SPEC 2 and 4: sessions.

    fn start(
        &mut self,
        now: Timestamp,
        id: AppId,
        new: SessionId,
        scope: &Scope<'_>,
    ) -> Result<Reply, Error> {
        self.app(id)?;
        let scope = match scope {
            Scope::All => None,
            Scope::Types(slugs) => {
                let mut numbers =
                    slugs.iter().map(|slug| self.number(id, slug)).collect::<Result<Vec<_>, _>>()?;
                numbers.sort_unstable();
                numbers.dedup();
                if numbers.is_empty() {
                    return invalid("scope", FaultCode::Required);
                }
                Some(numbers)
            }
        };
        if self.apps.iter().flat_map(|app| &app.sessions).any(|session| session.id == new) {
            return Err(Error::SessionIdInUse { session: new });
        }
        let open = self.app(id)?.sessions.iter().find(|session| !session.status.has_ended()).cloned();
        match open {
            Some(open) if open.status == SessionStatus::Completing => {
                self.run_cleanup(now, id, open.id, u64::MAX)?;
            }
            Some(open) => {
                self.end_early(now, id, open.id, SessionStatus::Abandoned, None)?;
            }
            None => {}
        }
        let sessions_max = self.limits.sessions_per_app_max as usize;
        let app = self.app_mut(id)?;
        let mut session = Session {
            id: new,
            status: SessionStatus::InProgress,
            scope,
            started_at: now,
            ended_at: None,
            reason: None,
            base: 0,
            synced: Vec::new(),
            counts: SessionCounts::default(),
        };
        let counts = |record: &&Record| record.active && !record.placeholder && session.covers(record.key.0);
        session.base = app.records.iter().filter(counts).count() as u64;
        app.sessions.push(session);
        if app.sessions.len() > sessions_max {
            app.sessions.remove(0);
        }
        self.facts.push(Fact::SessionOpened { session: new });
        Ok(Reply::Done)
    }

    /// SPEC 4.8.
    fn complete(&mut self, id: AppId, session: SessionId, force: bool) -> Result<Reply, Error> {
        let status = self.session(id, session)?.status;
        if matches!(status, SessionStatus::Completing | SessionStatus::Completed) {
            return Ok(Reply::Completion(status));
        }
        self.expect(id, session, SessionStatus::InProgress)?;
        let (app, open) = (self.app(id)?, self.session(id, session)?);
        let goes = |record: &&Record| {
            record.active && !record.placeholder && !record.pushed && open.covers(record.key.0)
        };
        let deactivations = app.records.iter().filter(goes).count() as u64;
        let (base, guard) = (open.base, app.guard);
        let over_count = guard.max_count.is_some_and(|max| deactivations > max);
        let over_percent = guard.max_percent.is_some_and(|max| deactivations * 100 > u64::from(max) * base);
        if !force && (over_count || over_percent) {
            return Err(Error::GuardExceeded { deactivations, base, guard });
        }
        self.session_mut(id, session)?.status = SessionStatus::Completing;
        self.facts.push(Fact::SessionCompleting { session });
        Ok(Reply::Completion(SessionStatus::Completing))
    }

    fn end_early(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        status: SessionStatus,
        reason: Option<String>,
    ) -> Result<Reply, Error> {
        if self.session(id, session)?.status != status {
            self.expect(id, session, SessionStatus::InProgress)?;
            self.session_mut(id, session)?.reason = reason;
            self.end(now, id, session, status)?;
        }
        Ok(Reply::Done)
    }

    fn end(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        status: SessionStatus,
    ) -> Result<(), Error> {
        let types = self.types(self.app(id)?).len();
        for record in &mut self.app_mut(id)?.records {
            record.pushed = false;
        }
        let ended = self.session_mut(id, session)?;
        ended.status = status;
        ended.ended_at = Some(now);
        ended.synced.resize(types, 0);
        self.facts.push(Fact::SessionEnded { session, status });
        Ok(())
    }

    /// What is stale, in the order of SPEC 4.6. Placeholders are judged by what refers to them when
    /// the accounts before them are done.
    pub fn stale(&self, id: AppId, session: &Session) -> Vec<Key> {
        let app = self.app(id).expect("an app");
        let types = self.types(app);
        let mut after = app.clone();
        let mut stale = Vec::new();
        for accounts in [true, false] {
            for (number, of) in types.iter().enumerate() {
                if (of.kind == Kind::Account) != accounts || !session.covers(number) {
                    continue;
                }
                for at in 0..after.records.len() {
                    let record = &after.records[at];
                    let is_kept = record.placeholder && after.is_referred_to(&record.key);
                    if record.key.0 == number && record.active && !record.pushed && !is_kept {
                        stale.push(record.key.clone());
                        after.records[at].active = false;
                    }
                }
            }
        }
        stale
    }

    /// SPEC 4.1. The model's apps have so few records that a step ends only when its budget does.
    fn run_cleanup(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        budget: u64,
    ) -> Result<Reply, Error> {
        self.expect(id, session, SessionStatus::Completing)?;
        let stale = self.stale(id, self.session(id, session)?);
        let marked = stale.len().min(usize::try_from(budget).unwrap_or(usize::MAX));
        for key in &stale[..marked] {
            let app = self.app_mut(id)?;
            let record = app.records.iter_mut().find(|record| record.key == *key).expect("a record");
            record.active = false;
            record.inactive_since = Some(now);
            let record = self.record_key(self.app(id)?, key);
            self.facts.push(Fact::RecordDeactivated { record });
        }
        self.session_mut(id, session)?.counts.deactivated += marked as u64;
        let mut status = SessionStatus::Completing;
        if marked == stale.len() {
            status = SessionStatus::Completed;
            self.end(now, id, session, status)?;
            self.app_mut(id)?.last_synced_at = Some(now);
            self.facts.push(Fact::AppUpdated);
        }
        Ok(observe::cleanup_reply(marked as u64, status))
    }

    // SPEC 6: tasks.

    fn create_task(
        &mut self,
        now: Timestamp,
        id: AppId,
        task: TaskId,
        new: &headcount::NewTask<'_>,
    ) -> Result<Reply, Error> {
        let number = self.number(id, &new.resource_type)?;
        check::opaque("payload", new.payload.as_deref().unwrap_or_default(), false, &self.limits)?;
        if self.apps.iter().flat_map(|app| &app.tasks).any(|other| other.id == task) {
            return Err(Error::TaskIdInUse { task });
        }
        let created = Task {
            id: task,
            action: new.action,
            number,
            payload: present(&new.payload),
            execute_after: new.execute_after,
            created_at: now,
            resolved_at: None,
            result: None,
            error: None,
        };
        self.app_mut(id)?.tasks.push(created);
        self.facts.push(Fact::TaskCreated { task });
        Ok(Reply::Done)
    }

    fn resolve_task(
        &mut self,
        now: Timestamp,
        id: AppId,
        task: TaskId,
        resolution: &Resolution<'_>,
    ) -> Result<Reply, Error> {
        let limits = self.limits;
        let tasks = &mut self.app_mut(id)?.tasks;
        let found = tasks.iter_mut().find(|other| other.id == task).ok_or(Error::TaskNotFound { task })?;
        let (result, error) = match resolution {
            Resolution::Completed { result } => {
                check::opaque("result", result.as_deref().unwrap_or_default(), false, &limits)?;
                (present(result), None)
            }
            Resolution::Failed { code, message } => {
                check::opaque("code", code, true, &limits)?;
                check::opaque("message", message, true, &limits)?;
                (None, Some((code.to_string(), message.to_string())))
            }
        };
        if found.resolved_at.is_some() {
            return Err(Error::TaskEnded { task, status: found.status(now) });
        }
        (found.resolved_at, found.result, found.error) = (Some(now), result, error);
        self.facts.push(Fact::TaskResolved { task });
        Ok(Reply::Done)
    }

    // SPEC 2: purge.

    fn purge(&mut self, id: AppId, before: Timestamp) -> Result<Reply, Error> {
        let app = self.app(id)?.clone();
        let goes = |record: &&Record| {
            record.inactive_since.is_some_and(|since| since < before) && !app.is_referred_to(&record.key)
        };
        let mut gone: Vec<Key> = app.records.iter().filter(goes).map(|record| record.key.clone()).collect();
        // By type in order of registration; within a type the order of first sight stays.
        gone.sort_by_key(|key| key.0);
        let mut accounts: Vec<&Record> =
            app.records.iter().filter(|record| !gone.contains(&record.key)).collect();
        accounts.sort_by_key(|record| record.key.0);
        let mut references = 0;
        for account in accounts {
            for target in account.references.iter().filter(|target| gone.contains(target)) {
                let (account, target) = (self.record_key(&app, &account.key), self.record_key(&app, target));
                self.facts.push(Fact::ReferenceRemoved { account, target });
                references += 1;
            }
        }
        for key in &gone {
            let record = self.record_key(&app, key);
            self.facts.push(Fact::RecordPurged { record });
        }
        let app = self.app_mut(id)?;
        app.records.retain(|record| !gone.contains(&record.key));
        for record in &mut app.records {
            record.references.retain(|target| !gone.contains(target));
        }
        Ok(observe::purge_reply(gone.len() as u64, references))
    }
}

impl App {
    /// Whether an active account refers to the record.
    pub fn is_referred_to(&self, key: &Key) -> bool {
        self.records.iter().any(|record| record.active && record.references.contains(key))
    }
}
