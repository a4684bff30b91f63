//! Journals made from a seed, the same everywhere: all commands, over few keys, so that they meet.

use std::num::NonZeroU64;

use headcount::{
    Account, AppId, AppUpdate, Command, Completion, Group, Guard, Kind, Limits, NewResourceType, NewTask,
    Page, PageSeed, Reference, ReferenceList, References, Resolution, ResourceTypeId, ResourceTypeUpdate,
    Scope, SessionId, TaskAction, TaskId, Timestamp, Uuid,
};
use serde::de::DeserializeSeed as _;

use crate::replay::{Journal, low_limits};

const SEEDS: u64 = 60;
const COMMANDS: usize = 250;

/// Accounts of the journal whose records fill several chunks of the tables.
const LARGE_ACCOUNTS: u64 = 800;
const LARGE_ROLLS: u64 = 3;
const PAGE: u64 = 100;

/// Bodies with values of wrong types, as a connector sends them.
const MISREAD: [&str; 3] = [
    r#"{"records": [{"id": "1", "username": 7, "name": true}, {"id": 2.5, "username": "a", "name": "b"}, null]}"#,
    r#"{"records": [{"id": "a", "username": "a", "name": "A", "memberships": {"team": {}, "role": [1, {"id": []}]}}]}"#,
    r#"{"records": [{"id": ["é"], "email": {}, "description": 1, "assignments": [{"id": "1"}]}, "☃", []]}"#,
];

type Commands = Vec<(Timestamp, Command<'static>)>;

/// Those of each clone group at the start, and what their records are.
const TYPES: [(&str, Kind); 6] = [
    ("account", Kind::Account),
    ("staff", Kind::Account),
    ("team", Kind::Group),
    ("role", Kind::Group),
    ("license", Kind::License),
    ("seat", Kind::License),
];
const APPS: u64 = 4;
const IDS: [&str; 12] = ["1", "2", "3", "a", "A", "é", "☃", "𝄞𝄞", "id-9", " x", "tooo long", "z"];
const NAMES: [&str; 6] = ["Ann", "Bob", "Zoë", "王", "", "a name beyond the lowered limit"];
const ACTIONS: [TaskAction; 3] =
    [TaskAction::CreateAccount, TaskAction::SuspendAccount, TaskAction::ResetPassword];

/// Every other with low limits.
pub(crate) fn journals() -> impl Iterator<Item = Journal> {
    let small = (1..=SEEDS).map(|seed| {
        let limits = if seed % 2 == 0 { low_limits() } else { Limits::default() };
        Journal::generated(format!("seed {seed}"), limits, &history(seed))
    });
    let large = || Journal::generated("large".to_owned(), Limits::default(), &large());
    small.chain(std::iter::once_with(large))
}

fn history(seed: u64) -> Commands {
    let mut maker = Maker {
        state: seed,
        now: -1_000,
        sessions: 0,
        newest: [0; APPS as usize],
        phases: [Phase::Ended; APPS as usize],
    };
    let mut commands = maker.prologue();
    while commands.len() < COMMANDS {
        let command = maker.command();
        commands.push((maker.time(), command));
    }
    commands
}

struct Maker {
    state: u64,
    now: i64,
    sessions: u64,
    /// By app, the number of the session that was started last.
    newest: [u64; APPS as usize],
    /// By app, how far that one is, if nothing was refused.
    phases: [Phase; APPS as usize],
}

#[derive(Clone, Copy)]
enum Phase {
    Ended,
    Open,
    Completing,
}

impl Maker {
    /// Splitmix.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(2).then(|| make(self))
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len() as u64);
        of[at as usize]
    }

    /// Mostly later than the last, now and then far away.
    fn time(&mut self) -> Timestamp {
        self.now += self.below(20) as i64;
        let far = self.pick(&[i64::MIN, i64::MAX, -1, 0]);
        Timestamp(if self.one_in(50) { far } else { self.now })
    }

    fn prologue(&mut self) -> Commands {
        let app = |number| AppId(uuid(number));
        let create =
            |number, clone_from| Command::CreateApp { app_id: app(number), name: "App".into(), clone_from };
        let mut commands =
            vec![create(1, None), create(2, Some(app(1))), create(3, None), create(4, Some(app(3)))];
        for through in [1, 3] {
            for (number, (slug, kind)) in (1..).zip(TYPES) {
                commands.push(Command::RegisterResourceType {
                    app_id: app(through),
                    resource_type_id: ResourceTypeId(uuid(10 * through + number)),
                    new: NewResourceType { slug: slug.into(), name: slug.into(), kind },
                });
            }
        }
        commands.into_iter().map(|command| (self.time(), command)).collect()
    }

    /// Mostly one that fits, since deep in a history hardly anything else would be carried out.
    fn command(&mut self) -> Command<'static> {
        let number = if self.one_in(2) { 1 } else { 1 + self.below(APPS) };
        let at = number as usize - 1;
        let app = AppId(uuid(number));
        let session = SessionId(uuid(if self.one_in(20) { self.sessions } else { self.newest[at] }));
        if self.one_in(4) {
            return self.between_rolls(app);
        }
        if self.one_in(12) {
            return self.any(app, at, session);
        }
        let step = self.below(16);
        match self.phases[at] {
            Phase::Ended => self.start(app, at),
            Phase::Open if step < 12 => self.push(app, session),
            Phase::Open => {
                self.phases[at] = Phase::Completing;
                Command::CompleteSession {
                    app_id: app,
                    session_id: session,
                    completion: if self.one_in(2) { Completion::FORCED } else { Completion::GUARDED },
                }
            }
            // Some cleanups are left for the next start to finish.
            Phase::Completing if step == 0 => self.start(app, at),
            Phase::Completing => {
                if step < 9 {
                    self.phases[at] = Phase::Ended;
                }
                let budget = NonZeroU64::MIN.saturating_add(self.below(5));
                Command::RunCleanup { app_id: app, session_id: session, budget }
            }
        }
    }

    fn any(&mut self, app: AppId, at: usize, session: SessionId) -> Command<'static> {
        match self.below(6) {
            0 => self.start(app, at),
            1 => self.push(app, session),
            2 => Command::RunCleanup { app_id: app, session_id: session, budget: NonZeroU64::MAX },
            3 => {
                Command::CompleteSession { app_id: app, session_id: session, completion: Completion::GUARDED }
            }
            4 => {
                self.phases[at] = Phase::Ended;
                Command::AbandonSession { app_id: app, session_id: session }
            }
            _ => {
                self.phases[at] = Phase::Ended;
                Command::FailSession { app_id: app, session_id: session, reason: self.name().into() }
            }
        }
    }

    fn between_rolls(&mut self, app: AppId) -> Command<'static> {
        match self.below(16) {
            0..=3 => Command::PurgeInactive {
                app_id: app,
                inactive_before: Timestamp(self.now - self.below(50) as i64),
            },
            4..=8 => self.task(app),
            9..=11 => self.of_registry(app),
            _ => self.of_app(app),
        }
    }

    fn id(&mut self) -> &'static str {
        let bound = if self.one_in(200) { IDS.len() } else { 9 };
        self.pick(&IDS[..bound])
    }

    fn name(&mut self) -> &'static str {
        let bound = if self.one_in(200) { NAMES.len() } else { 4 };
        self.pick(&NAMES[..bound])
    }

    fn slug(&mut self) -> &'static str {
        if self.one_in(30) { "unknown" } else { self.pick(&TYPES).0 }
    }

    fn start(&mut self, app: AppId, at: usize) -> Command<'static> {
        self.sessions += 1;
        self.newest[at] = self.sessions;
        self.phases[at] = Phase::Open;
        let slugs = 1 + self.below(3);
        let scope = if self.one_in(3) { Scope::types((0..slugs).map(|_| self.slug())) } else { Scope::All };
        Command::StartSession { app_id: app, session_id: SessionId(uuid(self.sessions)), scope }
    }

    fn push(&mut self, app: AppId, session: SessionId) -> Command<'static> {
        let (slug, kind) = self.pick(&TYPES);
        let kind = if self.one_in(60) { Kind::Group } else { kind };
        let mut ids: Vec<&str> = IDS[..9].iter().copied().filter(|_| self.one_in(3)).collect();
        if self.one_in(20) {
            ids.push(self.id());
        }
        let page = match kind {
            _ if self.one_in(40) => parsed(kind, self.pick(&MISREAD)),
            Kind::Account => Page::accounts(ids.into_iter().map(|id| self.account(id))),
            Kind::Group => Page::groups(ids.into_iter().map(|id| self.group(id))),
            Kind::License => Page::licenses(ids.into_iter().map(|id| self.group(id))),
        };
        Command::PushPage { app_id: app, session_id: session, slug: slug.into(), page }
    }

    fn group(&mut self, id: &'static str) -> Group<'static> {
        Group {
            id: id.into(),
            name: self.name().into(),
            description: self.one_in(4).then(|| self.name().into()),
        }
    }

    fn account(&mut self, id: &'static str) -> Account<'static> {
        let emails = if self.one_in(200) { &["@", "a@b@c"] } else { &["a@b", "ë@c"] };
        Account {
            id: id.into(),
            email: self.maybe(|maker| maker.pick(emails).into()),
            username: Some(self.name().into()),
            first_name: self.one_in(4).then(|| self.name().into()),
            last_name: self.one_in(4).then(|| self.name().into()),
            display_name: self.one_in(4).then(|| self.name().into()),
            status: self.one_in(4).then(|| self.pick(&["active", "inactive", "suspended"]).into()),
            memberships: self.references(&["team", "role"]),
            assignments: self.references(&["license", "seat"]),
        }
    }

    fn references(&mut self, slugs: &[&'static str]) -> References<'static> {
        let lists = self.below(3);
        (0..lists)
            .map(|_| {
                let slug = if self.one_in(200) { self.slug() } else { self.pick(slugs) };
                let count = self.below(4);
                let reference = |maker: &mut Self| Reference {
                    id: maker.id().into(),
                    name: maker.maybe(|maker| maker.name().into()),
                };
                ReferenceList::new(slug, (0..count).map(|_| reference(self)).collect::<Vec<_>>())
            })
            .collect()
    }

    fn task(&mut self, app: AppId) -> Command<'static> {
        let task = TaskId(uuid(1 + self.below(12)));
        if self.one_in(2) {
            let mut new = NewTask::new(self.pick(&ACTIONS), self.slug());
            new.payload = self.maybe(|maker| maker.name().into());
            new.execute_after = self.maybe(|maker| maker.time());
            return Command::CreateTask { app_id: app, task_id: task, new };
        }
        let resolution = if self.one_in(2) {
            Resolution::Completed { result: self.maybe(|maker| maker.name().into()) }
        } else {
            Resolution::Failed { code: "e1".into(), message: self.name().into() }
        };
        Command::ResolveTask { app_id: app, task_id: task, resolution }
    }

    fn of_registry(&mut self, app: AppId) -> Command<'static> {
        if self.one_in(2) {
            let id = ResourceTypeId(uuid(10 + self.below(40)));
            let kind = self.pick(&TYPES).1;
            return Command::RegisterResourceType {
                app_id: app,
                resource_type_id: id,
                new: NewResourceType {
                    slug: self.pick(&["more", "other", "sp ace"]).into(),
                    name: self.name().into(),
                    kind,
                },
            };
        }
        let mut update = ResourceTypeUpdate::default();
        update.name = self.maybe(|maker| maker.name().into());
        update.slug = self.one_in(6).then(|| self.pick(&["more", "renamed"]).into());
        update.kind = self.one_in(6).then(|| self.pick(&TYPES).1);
        Command::UpdateResourceType {
            app_id: app,
            slug: self.pick(&["more", "other", "team"]).into(),
            update,
        }
    }

    fn of_app(&mut self, app: AppId) -> Command<'static> {
        match self.below(8) {
            0 if self.one_in(4) => Command::DeleteApp { app_id: app },
            1..=3 => {
                let clone_from = self.maybe(|maker| AppId(uuid(1 + maker.below(APPS))));
                Command::CreateApp { app_id: app, name: self.name().into(), clone_from }
            }
            _ => {
                let guard = |maker: &mut Self| {
                    let mut guard = Guard::NONE;
                    guard.max_count = maker.maybe(|maker| 2 + maker.below(6));
                    guard.max_percent = maker.maybe(|maker| 40 + maker.below(70) as u8);
                    guard
                };
                let mut update = AppUpdate::default();
                update.name = self.maybe(|maker| maker.name().into());
                update.guard = self.maybe(guard);
                Command::UpdateApp { app_id: app, update }
            }
        }
    }
}

/// Rolls of accounts with texts as long as they may be, each of which changes one account in four, drops
/// one in eight, and then purges: the tables grow over several chunks and take them back.
fn large() -> Commands {
    let app = AppId(uuid(1));
    let mut commands = vec![Command::CreateApp { app_id: app, name: "Large".into(), clone_from: None }];
    for (number, (slug, kind)) in (1..).zip(TYPES) {
        let id = ResourceTypeId(uuid(number));
        commands.push(Command::RegisterResourceType {
            app_id: app,
            resource_type_id: id,
            new: NewResourceType { slug: slug.into(), name: slug.into(), kind },
        });
    }
    for roll in 1..=LARGE_ROLLS {
        let session = SessionId(uuid(roll));
        commands.push(Command::StartSession { app_id: app, session_id: session, scope: Scope::All });
        for first in (0..LARGE_ACCOUNTS).step_by(PAGE as usize) {
            let numbers = (first..first + PAGE).filter(|number| number % 8 != roll);
            let page = Page::accounts(numbers.map(|number| large_account(number, roll)));
            commands.push(Command::PushPage {
                app_id: app,
                session_id: session,
                slug: "account".into(),
                page,
            });
        }
        commands.push(Command::CompleteSession {
            app_id: app,
            session_id: session,
            completion: Completion::FORCED,
        });
        for _ in 0..4 {
            commands.push(Command::RunCleanup {
                app_id: app,
                session_id: session,
                budget: NonZeroU64::MIN.saturating_add(LARGE_ACCOUNTS / 2),
            });
        }
        commands.push(Command::PurgeInactive { app_id: app, inactive_before: Timestamp(i64::MAX) });
    }
    commands.into_iter().zip(1_700_000_000_000..).map(|(command, now)| (Timestamp(now), command)).collect()
}

fn large_account(number: u64, roll: u64) -> Account<'static> {
    let version = if number.is_multiple_of(4) { roll } else { 0 };
    let long = |text: &str| Some(text.repeat(255).into());
    // Some twice, in a list longer than those that are compared in pairs.
    let teams = (0..20).map(|place| (number * 7 + place % 17 * 13 + version) % 40);
    let team = |number: u64| Reference {
        id: number.to_string().into(),
        name: Some(format!("Team {number}").into()),
    };
    Account {
        id: number.to_string().into(),
        email: None,
        username: Some(format!("user {number}, version {version}").into()),
        first_name: long(if version.is_multiple_of(2) { "é" } else { "☃" }),
        last_name: long("𝄞"),
        display_name: long("n"),
        status: None,
        memberships: vec![ReferenceList::new("team", teams.map(team))],
        assignments: Vec::new(),
    }
}

fn parsed(kind: Kind, body: &'static str) -> Page<'static> {
    let seed = PageSeed::new(kind, &Limits::default());
    seed.deserialize(&mut serde_json::Deserializer::from_str(body)).expect("a list of records")
}

fn uuid(number: u64) -> Uuid {
    // Distinct in both halves, so that a swapped one would show.
    Uuid::from_u128(u128::from(number) << 64 | u128::from(number))
}
