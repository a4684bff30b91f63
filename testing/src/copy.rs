//! A copy of the state that is told only what changed (SPEC 7).

use std::collections::{BTreeMap, BTreeSet};

use headcount::{
    AppId, AppView, Engine, Fact, RecordFilter, RecordKey, RecordView, ResourceTypeId, SessionStatus,
    SessionView, TaskView,
};

type Key = (AppId, ResourceTypeId, String);

/// A record as text, but for its references.
type Row = String;

/// Apps, types, records, references, sessions and tasks.
#[derive(Debug, Default, PartialEq)]
pub struct Copy {
    apps: BTreeMap<AppId, String>,
    types: BTreeMap<(AppId, ResourceTypeId), String>,
    records: BTreeMap<Key, Row>,
    references: BTreeSet<(Key, Key)>,
    sessions: BTreeMap<(AppId, headcount::SessionId), SessionRow>,
    tasks: BTreeMap<(AppId, headcount::TaskId), String>,
}

/// Status, what it was opened for, and what was excluded since.
type SessionRow = (SessionStatus, Option<Vec<ResourceTypeId>>, Vec<ResourceTypeId>);

fn session_row(session: SessionView<'_>) -> SessionRow {
    let scope = session.scope().map(|types| types.map(|of| of.id()).collect());
    (session.status(), scope, session.excluded().map(|of| of.id()).collect())
}

fn app_row(app: AppView<'_>) -> String {
    format!("{} {:?} {:?} {:?}", app.name(), app.created_at(), app.last_synced_at(), app.guard())
}

fn task_row(task: TaskView<'_>) -> String {
    let status = task.status(headcount::Timestamp(0));
    let about = (task.action(), task.resource_type().id(), task.payload(), task.execute_after());
    format!("{status} {about:?} {:?} {:?} {:?}", task.resolved_at(), task.result(), task.error())
}

fn row(record: RecordView<'_>) -> Row {
    let flags = (record.is_active(), record.is_placeholder(), record.inactive_since(), record.status());
    let texts = (record.name(), record.description(), record.email(), record.username());
    let more = (record.first_name(), record.last_name(), record.display_name());
    format!("{flags:?} {texts:?} {more:?} {:?}", record.attributes())
}

fn key(app: AppId, record: &RecordKey<'_>) -> Key {
    (app, record.resource_type_id, record.id.to_string())
}

impl Copy {
    /// The copy of an engine, made at once.
    pub fn of(engine: &Engine) -> Self {
        let mut copy = Self::default();
        for app in engine.apps() {
            copy.apps.insert(app.id(), app_row(app));
            for found in app.resource_types() {
                copy.types.insert((app.id(), found.id()), format!("{found:?}"));
                for record in app.records(found.slug(), RecordFilter::All).expect("a type") {
                    let from = (app.id(), found.id(), record.id().to_owned());
                    for target in record.references() {
                        let to = (app.id(), target.resource_type().id(), target.id().to_owned());
                        copy.references.insert((from.clone(), to));
                    }
                    copy.records.insert(from, row(record));
                }
            }
            for session in app.sessions() {
                copy.sessions.insert((app.id(), session.id()), session_row(session));
            }
            for task in app.tasks(&headcount::TaskQuery::at(headcount::Timestamp(0))).expect("a page").tasks {
                copy.tasks.insert((app.id(), task.id()), task_row(task));
            }
        }
        copy
    }

    /// Takes over what the last command changed.
    pub fn follow(&mut self, engine: &Engine) {
        for change in engine.changes() {
            let id = change.app_id;
            match change.fact {
                Fact::AppDeleted => self.forget(id),
                Fact::AppCreated { .. } | Fact::AppUpdated => {
                    let app = engine.app(id).expect("an app");
                    self.apps.insert(id, app_row(app));
                    self.types
                        .extend(app.resource_types().map(|found| ((id, found.id()), format!("{found:?}"))));
                }
                Fact::ResourceTypeRegistered { resource_type_id: resource_type }
                | Fact::ResourceTypeUpdated { resource_type_id: resource_type } => {
                    let app = engine.app(id).expect("an app");
                    let found = app.resource_type_by_id(resource_type).expect("a type");
                    let shared = app.clone_group().map(|app| ((app, found.id()), format!("{found:?}")));
                    self.types.extend(shared);
                }
                Fact::SessionOpened { session_id: session }
                | Fact::SessionChanged { session_id: session }
                | Fact::SessionCompleting { session_id: session } => {
                    let app = engine.app(id).expect("an app");
                    let row = app.session(session).map(session_row);
                    self.sessions.insert((id, session), row.expect("a session"));
                    // The history has its limit, which a copy has too.
                    self.sessions.retain(|&(of, known), _| of != id || app.session(known).is_some());
                }
                Fact::SessionEnded { session_id: session, status } => {
                    let (kept, ..) = self.sessions.get_mut(&(id, session)).expect("it was opened");
                    *kept = status;
                    if status == SessionStatus::Completed {
                        // It implies the app's status and last_synced_at.
                        self.apps.insert(id, app_row(engine.app(id).expect("an app")));
                    }
                }
                Fact::RecordCreated { record }
                | Fact::RecordUpdated { record, .. }
                | Fact::RecordDeactivated { record }
                | Fact::RecordReactivated { record }
                | Fact::PlaceholderMade { record }
                | Fact::PlaceholderNamed { record }
                | Fact::PlaceholderWoken { record }
                | Fact::PlaceholderFilled { record } => self.read(engine, id, &record),
                Fact::RecordPurged { record } => {
                    let gone = key(id, &record);
                    self.references.retain(|(account, _)| *account != gone);
                    self.records.remove(&gone);
                }
                Fact::ReferenceAdded { account, target } => {
                    assert!(self.references.insert((key(id, &account), key(id, &target))));
                }
                Fact::ReferenceRemoved { account, target } => {
                    assert!(self.references.remove(&(key(id, &account), key(id, &target))));
                }
                Fact::TaskCreated { task_id: task } | Fact::TaskResolved { task_id: task } => {
                    let app = engine.app(id).expect("an app");
                    let found = app.task(task).expect("a task");
                    self.tasks.insert((id, task), task_row(found));
                    // Ended tasks have their limit, which a copy has too.
                    self.tasks.retain(|&(of, known), _| of != id || app.task(known).is_some());
                }
                other => panic!("a change that the copy does not know: {other:?}"),
            }
        }
    }

    fn read(&mut self, engine: &Engine, id: AppId, record: &RecordKey<'_>) {
        let app = engine.app(id).expect("an app");
        let slug = app.resource_type_by_id(record.resource_type_id).expect("a type").slug();
        let found = app.record(slug, &record.id).expect("a record");
        self.records.insert(key(id, record), row(found));
    }

    fn forget(&mut self, id: AppId) {
        self.apps.remove(&id);
        self.types.retain(|(app, _), _| *app != id);
        self.records.retain(|(app, ..), _| *app != id);
        self.references.retain(|((app, ..), _)| *app != id);
        self.sessions.retain(|(app, _), _| *app != id);
        self.tasks.retain(|(app, _), _| *app != id);
    }
}
