//! Commands made from a stream of choices, over key spaces so small that everything collides: what the
//! model tests and the fuzzer share. Good input and bad, right order and wrong.

use std::borrow::Cow;
use std::num::NonZeroU64;

use headcount::{
    Account, AppId, AppUpdate, Attribute, AttributeValue, Attributes, Command, Completion, Config, Engine,
    Fingerprint, FoundType, Group, Guard, Kind, Limits, NewResourceType, NewTask, Page, Plan, Reference,
    ReferenceList, References, Resolution, ResourceTypeId, ResourceTypeUpdate, Scope, SessionId, TaskAction,
    TaskId, Timestamp, Uuid,
};

/// Where choices come from: a list that was drawn, or a fuzzer's bytes. All zeros when it is used up.
pub struct Choices<'b> {
    bytes: &'b [u8],
}

type Text = Cow<'static, str>;

/// The app that most commands are about.
pub const FIRST: AppId = AppId(Uuid::from_u128(1));

const SLUGS: [&str; 6] = ["account", "team", "license", "staff", "role", "nosuch"];
const KINDS: [Kind; 5] = [Kind::Account, Kind::Group, Kind::License, Kind::Account, Kind::Group];

/// Limits so low that commands reach them.
pub fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.records_per_page_max = 5;
    limits.references_per_account_max = 6;
    limits.faults_listed_max = 4;
    limits.records_per_type_max = 5;
    limits.sessions_per_app_max = 2;
    limits.ended_tasks_per_app_max = 2;
    limits.reason_chars_max = 8;
    limits.id_chars_max = 4;
    limits.text_chars_max = 10;
    limits.description_chars_max = 12;
    limits.slug_chars_max = 8;
    limits.opaque_bytes_max = 8;
    limits.checkpoint_bytes_max = 8;
    limits.attributes_per_record_max = 3;
    limits.attribute_name_chars_max = 4;
    limits.attribute_text_chars_max = 9;
    limits.attribute_texts_max = 2;
    limits.attribute_bytes_max = 16;
    limits
}

/// A configuration with those [`limits`], and a default guard that now and then refuses something.
pub fn config() -> Config {
    let config = Config::new().with_limits(limits()).expect("limits that the engine can keep");
    config.with_guard(Guard::NONE.with_max_type_percent(90).with_min_count(2)).expect("a percentage")
}

/// Two apps of one clone group, one of another, and types of all kinds: where histories begin.
pub fn prologue() -> Vec<(Timestamp, Command<'static>)> {
    let app = |number| AppId(Uuid::from_u128(number));
    let create =
        |number, clone_from| Command::CreateApp { app_id: app(number), name: "App".into(), clone_from };
    let mut commands = vec![create(1, None), create(2, Some(app(1))), create(3, None)];
    for (id, at, through) in [(1, 0, 1), (2, 1, 2), (3, 2, 1), (4, 3, 1), (5, 0, 3), (6, 1, 3)] {
        let id = ResourceTypeId(Uuid::from_u128(id));
        let (slug, kind) = (SLUGS[at].into(), KINDS[at]);
        commands.push(Command::RegisterResourceType {
            app_id: app(through),
            resource_type_id: id,
            new: NewResourceType { slug, name: "Type".into(), kind },
        });
    }
    commands.into_iter().map(|command| (Timestamp(0), command)).collect()
}

impl<'b> Choices<'b> {
    /// Choices that these bytes make.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }

    /// Whether every byte has made its choice.
    pub const fn is_used_up(&self) -> bool {
        self.bytes.is_empty()
    }

    fn below(&mut self, bound: u8) -> u8 {
        let Some((byte, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        byte % bound
    }

    fn one_in(&mut self, bound: u8) -> bool {
        self.below(bound) == bound - 1
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 1).then(|| make(self))
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len() as u8);
        of[usize::from(at)]
    }

    fn uuid(&mut self, bound: u8) -> Uuid {
        Uuid::from_u128(u128::from(self.below(bound)) + 1)
    }

    fn time(&mut self) -> Timestamp {
        Timestamp(i64::from(self.below(12)) - 2)
    }

    /// Mostly one of a few good texts, now and then one that breaks a rule.
    fn text(&mut self, good: &[&'static str]) -> Text {
        if self.one_in(96) {
            self.pick(&["", "a\0b", "longer than any limit", "éééé", "éééééééééé", "a b"]).into()
        } else {
            self.pick(good).into()
        }
    }

    fn name(&mut self) -> Text {
        self.text(&["Ann", "Bob"])
    }

    fn slug(&mut self) -> Text {
        if self.one_in(12) {
            self.text(&["nosuch", "UP_-9", "sp ace"])
        } else {
            self.pick(&SLUGS[..5]).into()
        }
    }

    fn external_id(&mut self) -> Text {
        self.text(&["1", "2", "3", "4", "5", "6"])
    }

    fn references(&mut self, slugs: &[&'static str]) -> References<'static> {
        (0..self.below(3))
            .map(|_| {
                let slug = if self.one_in(40) { self.slug() } else { self.pick(slugs).into() };
                if self.one_in(20) {
                    return ReferenceList { slug, references: None };
                }
                let list = (0..self.below(4))
                    .map(|_| Reference { id: self.external_id(), name: self.maybe(Self::name) })
                    .collect();
                ReferenceList { slug, references: Some(list) }
            })
            .collect()
    }

    fn account(&mut self) -> Account<'static> {
        Account {
            id: self.external_id(),
            email: if self.one_in(40) {
                self.maybe(|one| one.text(&["a@", "@", "a@b@c"]))
            } else {
                Some(self.text(&["a@b", "c@d"]))
            },
            username: self.one_in(4).then(|| self.name()),
            first_name: self.one_in(4).then(|| self.name()),
            last_name: self.one_in(4).then(|| self.name()),
            display_name: self.one_in(4).then(|| self.name()),
            status: self.one_in(4).then(|| self.text(&["active", "inactive", "suspended"])),
            memberships: self.references(&["team", "role"]),
            assignments: if self.one_in(3) { self.references(&["license"]) } else { Vec::new() },
            attributes: self.attributes(),
        }
    }

    fn attributes(&mut self) -> Option<Attributes<'static>> {
        let count = match self.below(120) {
            0..=99 => return None,
            119 => 6,
            count => count % 4,
        };
        Some((0..count).map(|_| self.attribute()).collect())
    }

    /// Of a few names and values, so that one is often sent again, and twice in a record.
    fn attribute(&mut self) -> Attribute<'static> {
        let name = self.text(&["a", "b", "c", "d"]);
        let value = match self.below(50) {
            0..=11 => AttributeValue::Text(self.text(&["1", "more"])),
            12..=22 => AttributeValue::Integer(i64::from(self.below(2))),
            23..=32 => AttributeValue::Boolean(self.below(2) == 1),
            33..=43 => {
                let count = if self.one_in(30) { 3 } else { self.below(3) };
                AttributeValue::texts((0..count).map(|_| self.text(&["1", "more"])))
            }
            44 => AttributeValue::from(""),
            49 => AttributeValue::WrongType(FoundType::Number),
            _ => return Attribute { name, value: None },
        };
        Attribute { name, value: Some(value) }
    }

    fn group(&mut self) -> Group<'static> {
        Group {
            id: self.external_id(),
            name: self.name(),
            description: self.one_in(3).then(|| self.text(&["Some"])),
            attributes: self.attributes(),
        }
    }

    fn list<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        let length = if self.one_in(40) { 6 } else { self.below(5) };
        (0..length).map(|_| make(self)).collect()
    }

    /// The slug of a type, mostly one that there is, and a page for it.
    fn page(&mut self) -> (Text, Page<'static>) {
        let at = self.below(5);
        let slug = if self.one_in(40) { self.slug() } else { SLUGS[usize::from(at)].into() };
        let kind = if self.one_in(60) { self.pick(&KINDS) } else { KINDS[usize::from(at)] };
        let page = match kind {
            Kind::Account => Page::accounts(self.list(Self::account)),
            Kind::Group => Page::groups(self.list(Self::group)),
            Kind::License => Page::licenses(self.list(Self::group)),
        };
        (slug, page)
    }

    fn push(&mut self, app: AppId, session: SessionId) -> Command<'static> {
        let (slug, page) = self.page();
        // So few that one stands for several pages, which are then the same to the engine and to the model.
        let page = match self.below(3) {
            0 => page,
            _ => page.with_fingerprint(self.fingerprint()),
        };
        match self.below(3) {
            0 => Command::PushLenientPage { app_id: app, session_id: session, slug, page },
            _ => Command::PushPage { app_id: app, session_id: session, slug, page },
        }
    }

    fn delta(&mut self, app_id: AppId) -> Command<'static> {
        if self.below(2) == 0 {
            let (slug, page) = self.page();
            return Command::UpsertRecords { app_id, slug, page };
        }
        let slug = if self.one_in(20) { self.slug() } else { self.pick(&SLUGS[..3]).into() };
        Command::DeactivateRecords { app_id, slug, ids: self.list(Self::external_id) }
    }

    fn fingerprint(&mut self) -> Fingerprint {
        Fingerprint(u128::from(self.below(3)) << 120)
    }

    fn repeat(&mut self, app: AppId, session: SessionId) -> Command<'static> {
        let slug = if self.one_in(20) { self.slug() } else { self.pick(&SLUGS[..3]).into() };
        Command::RepeatPage { app_id: app, session_id: session, slug, fingerprint: self.fingerprint() }
    }

    fn guard(&mut self) -> Guard {
        let mut guard = Guard::NONE;
        guard.max_count = self.maybe(|one| u64::from(one.below(4)));
        guard.max_percent = self.maybe(|one| one.below(103));
        if self.below(2) == 1 {
            guard.max_type_percent = self.maybe(|one| one.below(103));
            guard.min_count = u64::from(self.below(3));
            guard.require_pages = self.below(3) == 1;
            guard.max_removals = self.maybe(|one| u64::from(one.below(4)));
            guard.max_removals_percent = self.maybe(|one| one.below(103));
        }
        guard
    }

    /// What is told of a session beside pages.
    fn step_of_session(&mut self, app_id: AppId, session_id: SessionId) -> Command<'static> {
        match self.below(8) {
            0 => Command::ExpireSessions { last_activity_before: self.time() },
            1..=3 => {
                let types = (0..self.below(3)).map(|_| self.slug()).collect();
                Command::ExcludeTypes { app_id, session_id, types }
            }
            4 | 5 => Command::WaiveGuard { app_id, session_id },
            _ => {
                let checkpoint = self.maybe(|one| one.text(&["page 1", "page 2"]));
                Command::SaveCheckpoint { app_id, session_id, checkpoint }
            }
        }
    }

    fn task(&mut self, app: AppId) -> Command<'static> {
        let task = TaskId(self.uuid(4));
        if self.below(2) == 0 {
            let action = self.pick(&[TaskAction::CreateAccount, TaskAction::ResetPassword]);
            let payload = self.maybe(|one| one.text(&["{}"]));
            let mut new = NewTask::new(action, self.slug());
            new.payload = payload;
            new.execute_after = self.maybe(Self::time);
            Command::CreateTask { app_id: app, task_id: task, new }
        } else {
            let resolution = if self.below(2) == 0 {
                Resolution::Completed { result: self.maybe(|one| one.text(&["ok"])) }
            } else {
                Resolution::Failed { code: self.text(&["e1"]), message: self.text(&["no"]) }
            };
            Command::ResolveTask { app_id: app, task_id: task, resolution }
        }
    }

    /// With a plan now and then: that of nothing, or one that is none.
    fn completion(&mut self) -> Completion {
        let completion = if self.below(2) == 1 { Completion::FORCED } else { Completion::GUARDED };
        match self.below(12) {
            11 => completion.with_plan(Plan::of([])),
            10 => completion.with_plan(Plan(u128::from(self.below(2)))),
            _ => completion,
        }
    }

    fn of_registry(&mut self, app: AppId) -> Command<'static> {
        if self.below(2) == 0 {
            let (id, slug, name) = (ResourceTypeId(self.uuid(9)), self.slug(), self.name());
            return Command::RegisterResourceType {
                app_id: app,
                resource_type_id: id,
                new: NewResourceType { slug, name, kind: self.pick(&KINDS) },
            };
        }
        let mut update = ResourceTypeUpdate::default();
        update.name = self.maybe(Self::name);
        update.slug = self.one_in(3).then(|| self.slug());
        update.kind = self.one_in(3).then(|| self.pick(&KINDS));
        Command::UpdateResourceType { app_id: app, slug: self.slug(), update }
    }

    fn of_app(&mut self, app: AppId) -> Command<'static> {
        match self.below(5) {
            0 if self.one_in(4) => Command::DeleteApp { app_id: app },
            1 | 2 => {
                let clone_from = self.maybe(|one| AppId(one.uuid(4)));
                Command::CreateApp { app_id: app, name: self.name(), clone_from }
            }
            _ => {
                let mut update = AppUpdate::default();
                update.name = self.maybe(Self::name);
                update.guard = self.maybe(Self::guard);
                Command::UpdateApp { app_id: app, update }
            }
        }
    }

    /// The next command, and when. Most are about the first app, and its open session where there is one:
    /// what is deep in a history would hardly be reached otherwise.
    pub fn command(&mut self, open: Option<SessionId>) -> (Timestamp, Command<'static>) {
        let now = self.time();
        let app = AppId(if self.below(6) == 0 { self.uuid(4) } else { FIRST.0 });
        let any = SessionId(self.uuid(3));
        let session = open.filter(|_| self.below(8) > 0).unwrap_or(any);
        let command = match self.below(42) {
            0..=10 => self.push(app, session),
            11 | 12 => self.repeat(app, session),
            13..=15 => {
                let scope = match self.below(4) {
                    0 => Scope::types((0..self.below(3)).map(|_| self.slug())),
                    _ => Scope::All,
                };
                Command::StartSession { app_id: app, session_id: any, scope }
            }
            16..=19 => {
                Command::CompleteSession { app_id: app, session_id: session, completion: self.completion() }
            }
            20..=23 => {
                let budget = NonZeroU64::MIN.saturating_add(u64::from(self.below(4)) * 3);
                Command::RunCleanup { app_id: app, session_id: session, budget }
            }
            24 => Command::AbandonSession { app_id: app, session_id: session },
            25 => Command::FailSession { app_id: app, session_id: session, reason: self.text(&["lost"]) },
            26 | 27 => Command::PurgeInactive { app_id: app, inactive_before: self.time() },
            28 => self.task(app),
            29 | 30 => self.of_registry(app),
            31 | 32 => self.step_of_session(app, session),
            33..=38 => self.delta(app),
            39 | 40 => Command::EraseRecord { app_id: app, slug: self.slug(), id: self.external_id() },
            _ => self.of_app(app),
        };
        (now, command)
    }
}

/// The open session of the first app.
pub fn open_session(engine: &Engine) -> Option<SessionId> {
    let newest = engine.app(FIRST)?.sessions().next_back()?;
    (!newest.status().has_ended()).then(|| newest.id())
}

/// The history that these bytes stand for: the prologue, then commands until they are used up.
pub fn history(bytes: &[u8]) -> Vec<(Timestamp, Command<'static>)> {
    let mut engine = Engine::new(config());
    let mut history = prologue();
    for (now, command) in &history {
        let _ = engine.apply(*now, command).expect("a prologue");
    }
    let mut choices = Choices::new(bytes);
    while !choices.is_used_up() {
        let (now, command) = choices.command(open_session(&engine));
        let _ = engine.apply(now, &command);
        history.push((now, command));
    }
    history
}
