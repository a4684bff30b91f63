//! What the histories are written with: a method for each command, pages as connectors send them.

use std::borrow::Cow;
use std::num::NonZeroU64;

use headcount::{
    AppId, AppUpdate, Command, Completion, Fingerprint, Kind, Limits, NewResourceType, NewTask, Page,
    PageSeed, Resolution, ResourceTypeId, ResourceTypeUpdate, Scope, SessionId, TaskId, Timestamp, Uuid,
};
use serde::de::DeserializeSeed;

pub(super) const ANN: &str = r#"{"id": "ann", "email": "ann@example.com", "username": "ann", "first_name": "Ann",
    "last_name": "Lee", "display_name": "Ann Lee", "status": "active",
    "memberships": {"team": [{"id": "t1", "name": "Eins"}, {"id": "t2"}], "role": [{"id": "admin"}]},
    "assignments": {"seat": [{"id": "s1"}, {"id": "s1", "name": "Seat 1"}]}}"#;
pub(super) const BOB: &str = r#"{"id": "bob", "username": "bob", "status": "suspended",
    "memberships": {"team": [{"id": "t2", "name": "Zwei"}], "role": null}}"#;
pub(super) const ZOE: &str = r#"{"id": "zoë", "email": "zoë@例え.jp", "display_name": "Zoë 𝄞", "status": "inactive",
    "memberships": {"team": [{"id": "t1"}, {"id": "t3"}], "role": []}, "assignments": null}"#;
pub(super) const TEAMS: &str =
    r#"{"id": "t1", "name": "Une", "description": "La première"}, {"id": "t9", "name": "Neuf"}"#;

/// A number as an id. Both halves have it, so that one which is swapped shows.
pub(super) const fn uuid(number: u64) -> Uuid {
    Uuid::from_u128((number as u128) << 64 | number as u128)
}

/// A page as a connector sends it: records in JSON, with commas between.
pub(super) fn page(kind: Kind, records: &str) -> Page<'static> {
    let body = format!(r#"{{"records": [{records}]}}"#);
    let seed = PageSeed::new(kind, &Limits::default());
    let page = seed.deserialize(&mut serde_json::Deserializer::from_str(&body));
    page.expect("a body that the parser takes").into_owned()
}

/// Writes a history down, a second between commands.
pub(super) struct Writer {
    pub(super) now: i64,
    pub(super) history: Vec<(Timestamp, Command<'static>)>,
}

/// The types of every history: slug, name, kind.
pub(super) const TYPES: [(&str, &str, Kind); 5] = [
    ("account", "Account", Kind::Account),
    ("team", "Équipe", Kind::Group),
    ("seat", "Seat", Kind::License),
    ("staff", "Staff", Kind::Account),
    ("role", "Role", Kind::Group),
];

fn kind(slug: &str) -> Kind {
    TYPES.iter().find(|(other, ..)| *other == slug).map_or(Kind::Group, |(.., kind)| *kind)
}

impl Writer {
    pub(super) fn then(&mut self, command: Command<'static>) {
        self.history.push((Timestamp(self.now), command));
        self.now += 1_000;
    }

    pub(super) fn create(&mut self, app: u64, name: &'static str, clone_from: Option<u64>) {
        let clone_from = clone_from.map(|app| AppId(uuid(app)));
        self.then(Command::CreateApp { app_id: AppId(uuid(app)), name: name.into(), clone_from });
    }

    pub(super) fn update(&mut self, app: u64, update: AppUpdate<'static>) {
        self.then(Command::UpdateApp { app_id: AppId(uuid(app)), update });
    }

    pub(super) fn delete(&mut self, app: u64) {
        self.then(Command::DeleteApp { app_id: AppId(uuid(app)) });
    }

    pub(super) fn register(&mut self, app: u64, id: u64, slug: &'static str, name: &'static str, kind: Kind) {
        let new = NewResourceType::new(slug, name, kind);
        self.then(Command::RegisterResourceType {
            app_id: AppId(uuid(app)),
            resource_type_id: ResourceTypeId(uuid(id)),
            new,
        });
    }

    /// All types, with ids from this one on.
    pub(super) fn register_all(&mut self, app: u64, first: u64) {
        for (id, (slug, name, kind)) in (first..).zip(TYPES) {
            self.register(app, id, slug, name, kind);
        }
    }

    pub(super) fn update_type(&mut self, app: u64, slug: &'static str, update: ResourceTypeUpdate<'static>) {
        self.then(Command::UpdateResourceType { app_id: AppId(uuid(app)), slug: slug.into(), update });
    }

    pub(super) fn start(&mut self, app: u64, session: u64, slugs: &[&'static str]) {
        let scope = if slugs.is_empty() { Scope::All } else { Scope::types(slugs.iter().copied()) };
        self.then(Command::StartSession {
            app_id: AppId(uuid(app)),
            session_id: SessionId(uuid(session)),
            scope,
        });
    }

    pub(super) fn push(&mut self, app: u64, session: u64, slug: &'static str, records: &str) {
        self.push_as(app, session, slug, page(kind(slug), records));
    }

    pub(super) fn push_as(&mut self, app: u64, session: u64, slug: &'static str, page: Page<'static>) {
        self.then(Command::PushPage {
            app_id: AppId(uuid(app)),
            session_id: SessionId(uuid(session)),
            slug: slug.into(),
            page,
        });
    }

    pub(super) fn push_leniently(&mut self, app: u64, session: u64, slug: &'static str, records: &str) {
        self.push_leniently_as(app, session, slug, page(kind(slug), records));
    }

    pub(super) fn push_leniently_as(
        &mut self,
        app: u64,
        session: u64,
        slug: &'static str,
        page: Page<'static>,
    ) {
        self.then(Command::PushLenientPage {
            app_id: AppId(uuid(app)),
            session_id: SessionId(uuid(session)),
            slug: slug.into(),
            page,
        });
    }

    pub(super) fn repeat(&mut self, app: u64, session: u64, slug: &'static str, fingerprint: Fingerprint) {
        self.then(Command::RepeatPage {
            app_id: AppId(uuid(app)),
            session_id: SessionId(uuid(session)),
            slug: slug.into(),
            fingerprint,
        });
    }

    pub(super) fn complete(&mut self, app: u64, session: u64, completion: Completion) {
        self.then(Command::CompleteSession {
            app_id: AppId(uuid(app)),
            session_id: SessionId(uuid(session)),
            completion,
        });
    }

    pub(super) fn cleanup(&mut self, app: u64, session: u64, budget: u64) {
        let budget = NonZeroU64::new(budget).expect("a budget is not zero");
        self.then(Command::RunCleanup {
            app_id: AppId(uuid(app)),
            session_id: SessionId(uuid(session)),
            budget,
        });
    }

    /// Completes a session to the end.
    pub(super) fn finish(&mut self, app: u64, session: u64) {
        self.complete(app, session, Completion::FORCED);
        self.cleanup(app, session, 1_000);
    }

    pub(super) fn abandon(&mut self, app: u64, session: u64) {
        self.then(Command::AbandonSession { app_id: AppId(uuid(app)), session_id: SessionId(uuid(session)) });
    }

    pub(super) fn fail(&mut self, app: u64, session: u64, reason: &'static str) {
        self.then(Command::FailSession {
            app_id: AppId(uuid(app)),
            session_id: SessionId(uuid(session)),
            reason: reason.into(),
        });
    }

    pub(super) fn save_checkpoint(&mut self, app: u64, session: u64, checkpoint: Option<&'static str>) {
        self.then(Command::SaveCheckpoint {
            app_id: AppId(uuid(app)),
            session_id: SessionId(uuid(session)),
            checkpoint: checkpoint.map(Into::into),
        });
    }

    pub(super) fn exclude(&mut self, app: u64, session: u64, slugs: &[&'static str]) {
        self.then(Command::ExcludeTypes {
            app_id: AppId(uuid(app)),
            session_id: SessionId(uuid(session)),
            types: slugs.iter().map(|slug| (*slug).into()).collect(),
        });
    }

    pub(super) fn waive(&mut self, app: u64, session: u64) {
        self.then(Command::WaiveGuard { app_id: AppId(uuid(app)), session_id: SessionId(uuid(session)) });
    }

    pub(super) fn upsert(&mut self, app: u64, slug: &'static str, records: &str) {
        let page = page(kind(slug), records);
        self.then(Command::UpsertRecords { app_id: AppId(uuid(app)), slug: slug.into(), page });
    }

    pub(super) fn deactivate(&mut self, app: u64, slug: &'static str, ids: &[&'static str]) {
        let ids = ids.iter().map(|id| (*id).into()).collect();
        self.then(Command::DeactivateRecords { app_id: AppId(uuid(app)), slug: slug.into(), ids });
    }

    pub(super) fn expire(&mut self, last_activity_before: i64) {
        self.then(Command::ExpireSessions { last_activity_before: Timestamp(last_activity_before) });
    }

    pub(super) fn purge(&mut self, app: u64, inactive_before: i64) {
        self.then(Command::PurgeInactive {
            app_id: AppId(uuid(app)),
            inactive_before: Timestamp(inactive_before),
        });
    }

    pub(super) fn erase(&mut self, app: u64, slug: &'static str, id: impl Into<Cow<'static, str>>) {
        self.then(Command::EraseRecord { app_id: AppId(uuid(app)), slug: slug.into(), id: id.into() });
    }

    pub(super) fn task(&mut self, app: u64, task: u64, new: NewTask<'static>) {
        self.then(Command::CreateTask { app_id: AppId(uuid(app)), task_id: TaskId(uuid(task)), new });
    }

    pub(super) fn resolve(&mut self, app: u64, task: u64, resolution: Resolution<'static>) {
        self.then(Command::ResolveTask { app_id: AppId(uuid(app)), task_id: TaskId(uuid(task)), resolution });
    }
}
