//! The small universe: two apps of a clone group and one alone, a type of each kind, three ids, limits so low that
//! each of them is met, and every command about them that makes a difference.
//!
//! What a host makes up is named in one way only: a new session, task, app or type has the next number that is free.
//! Another number would give the same engine under another name, so this leaves nothing out. External ids are not
//! treated so: the order of first sight tells them apart, and to let only one of them come first would have to be
//! shown to leave nothing out. They are written out instead.

use std::num::NonZeroU64;

use headcount::{
    AppId, AppUpdate, Command, Completion, Config, Fingerprint, Guard, Kind, Limits, NewResourceType,
    NewTask, Plan, Resolution, ResourceTypeId, ResourceTypeUpdate, Scope, SessionId, SessionStatus,
    TaskAction, TaskId, Timestamp, Uuid,
};

use super::pages;
use crate::model::Model;

/// A command, and when.
pub type Step = (Timestamp, Command<'static>);

/// The first app: most commands are about it.
pub const FIRST: AppId = app(1);
/// Of its clone group.
pub const CLONE: AppId = app(2);
/// Of a group of its own.
pub const ALONE: AppId = app(3);
/// An app that never is.
const NOBODY: AppId = app(99);

/// When commands come, unless they say another time.
const NOW: Timestamp = Timestamp(5);
/// Before that, and what came then.
const EARLIER: Timestamp = Timestamp(1);
const LATER: Timestamp = Timestamp(9);

const fn app(number: u128) -> AppId {
    AppId(Uuid::from_u128(number))
}

const fn resource_type(number: u128) -> ResourceTypeId {
    ResourceTypeId(Uuid::from_u128(number))
}

/// Limits so low that three ids and texts of a few characters pass them.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.records_per_page_max = 2;
    limits.references_per_account_max = 2;
    limits.faults_listed_max = 2;
    limits.records_per_type_max = 2;
    limits.sessions_per_app_max = 2;
    limits.ended_tasks_per_app_max = 1;
    limits.reason_chars_max = 4;
    limits.id_chars_max = 2;
    limits.text_chars_max = 4;
    limits.description_chars_max = 4;
    limits.slug_chars_max = 8;
    limits.opaque_bytes_max = 4;
    limits.checkpoint_bytes_max = 4;
    limits.attributes_per_record_max = 2;
    limits.attribute_name_chars_max = 4;
    limits.attribute_text_chars_max = 4;
    limits.attribute_texts_max = 1;
    limits.attribute_bytes_max = 6;
    limits
}

/// Those limits, and no guard.
pub fn config() -> Config {
    Config::new().with_limits(limits()).expect("limits that the engine can keep")
}

/// Where a search begins: a history, and its name.
#[derive(Clone, Debug)]
pub struct Root {
    /// What the history came to, in a word or two.
    pub name: &'static str,
    /// How it came to be.
    pub history: Vec<Step>,
}

/// Where searches begin. The last two have on record what it takes a search from the first many steps to get there.
pub fn roots() -> Vec<Root> {
    let nothing = Vec::new();
    let types = types();
    let roll = [types.clone(), first_roll()].concat();
    let completing = [
        Command::CompleteSession { app_id: FIRST, session_id: session(2), completion: Completion::FORCED },
        Command::RunCleanup { app_id: FIRST, session_id: session(2), budget: NonZeroU64::MIN },
    ];
    let cleanup = [roll.clone(), completing.map(|command| (NOW, command)).into()].concat();
    vec![
        Root { name: "nothing", history: nothing },
        Root { name: "types", history: types },
        Root { name: "a roll", history: roll },
        Root { name: "a cleanup", history: cleanup },
    ]
}

const fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

/// The apps and their types.
fn types() -> Vec<Step> {
    let create =
        |number, clone_from| Command::CreateApp { app_id: app(number), name: "App".into(), clone_from };
    let register = |app_id, number, slug: &'static str, kind| Command::RegisterResourceType {
        app_id,
        resource_type_id: resource_type(number),
        new: NewResourceType::new(slug, "Type", kind),
    };
    let commands = vec![
        create(1, None),
        create(2, Some(FIRST)),
        create(3, None),
        register(FIRST, 1, "account", Kind::Account),
        register(CLONE, 2, "team", Kind::Group),
        register(FIRST, 3, "seat", Kind::License),
        register(ALONE, 4, "account", Kind::Account),
    ];
    commands.into_iter().map(|command| (NOW, command)).collect()
}

/// A roll that completed, records of the clone, somebody who left, a task, and a second roll that has begun.
fn first_roll() -> Vec<Step> {
    let push = |slug: &'static str, page| Command::PushPage {
        app_id: FIRST,
        session_id: session(1),
        slug: slug.into(),
        page,
    };
    let new = NewTask::new(TaskAction::CreateAccount, "account");
    let commands = vec![
        Command::StartSession { app_id: FIRST, session_id: session(1), scope: Scope::All },
        push("account", pages::both_accounts()),
        push("team", pages::second_team()),
        Command::CompleteSession { app_id: FIRST, session_id: session(1), completion: Completion::GUARDED },
        Command::RunCleanup { app_id: FIRST, session_id: session(1), budget: NonZeroU64::MAX },
        Command::UpsertRecords { app_id: CLONE, slug: "account".into(), page: pages::first_account() },
        Command::CreateTask { app_id: FIRST, task_id: TaskId(Uuid::from_u128(1)), new },
        Command::StartSession { app_id: FIRST, session_id: session(2), scope: Scope::All },
    ];
    commands.into_iter().map(|command| (NOW, command)).collect()
}

/// Every command of the universe, as it is after the model's history. The same for states that are the same.
pub fn commands(model: &Model) -> Vec<Step> {
    let mut all = Alphabet { names: Names::of(model), steps: Vec::new() };
    all.of_apps();
    all.of_guards();
    all.of_types();
    all.of_sessions();
    all.of_open_sessions();
    all.of_completions(model);
    all.of_pages();
    all.of_repeats();
    all.of_deltas();
    all.of_removals();
    all.of_tasks();
    all.of_what_is_not_there();
    all.steps
}

/// What the next command can name.
struct Names {
    /// The open session of the first app, or else its newest.
    session: SessionId,
    next_session: SessionId,
    /// The task of the first app that came last.
    task: TaskId,
    next_task: TaskId,
    next_app: AppId,
    next_type: ResourceTypeId,
}

impl Names {
    fn of(model: &Model) -> Self {
        let first = model.apps.iter().find(|app| app.id == FIRST);
        let sessions = || model.apps.iter().flat_map(|app| &app.sessions);
        let tasks = || model.apps.iter().flat_map(|app| &app.tasks);
        let types = || model.groups.values().flatten();
        let newest = first.and_then(|app| app.sessions.last()).map(|session| session.id);
        let task = first.and_then(|app| app.tasks.last()).map(|task| task.id);
        let free = |taken: &dyn Fn(Uuid) -> bool| {
            let mut free = (1..).map(Uuid::from_u128).filter(|id| !taken(*id));
            free.next().expect("few are taken")
        };
        Self {
            session: newest.unwrap_or(session(99)),
            next_session: SessionId(free(&|id| sessions().any(|session| session.id.0 == id))),
            task: task.unwrap_or(TaskId(Uuid::from_u128(99))),
            next_task: TaskId(free(&|id| tasks().any(|task| task.id.0 == id))),
            next_app: AppId(free(&|id| model.apps.iter().any(|app| app.id.0 == id))),
            next_type: ResourceTypeId(free(&|id| types().any(|found| found.id.0 == id))),
        }
    }
}

struct Alphabet {
    names: Names,
    steps: Vec<Step>,
}

impl Alphabet {
    fn add(&mut self, command: Command<'static>) {
        self.steps.push((NOW, command));
    }

    fn of_apps(&mut self) {
        let next = self.names.next_app;
        let create = |app_id, name: &'static str, clone_from| Command::CreateApp {
            app_id,
            name: name.into(),
            clone_from,
        };
        self.add(create(next, "App", None));
        self.add(create(next, "App", Some(CLONE)));
        self.add(create(next, "App", Some(NOBODY)));
        self.add(create(next, "", None));
        self.add(create(FIRST, "App", None));
        for name in ["App", "New", "a\0b", "12345"] {
            self.add(Command::UpdateApp { app_id: FIRST, update: AppUpdate::default().with_name(name) });
        }
        self.add(Command::UpdateApp { app_id: FIRST, update: AppUpdate::default() });
        for app_id in [FIRST, CLONE, ALONE] {
            self.add(Command::DeleteApp { app_id });
        }
    }

    fn of_guards(&mut self) {
        let guards = [
            Guard::NONE,
            Guard::NONE.with_max_count(0),
            Guard::NONE.with_max_percent(50),
            Guard::NONE.with_max_percent(0).with_min_count(1),
            Guard::NONE.with_max_type_percent(10),
            Guard::NONE.with_required_pages(),
            Guard::NONE.with_max_removals(0),
            Guard::NONE.with_max_removals_percent(10),
            Guard::NONE.with_max_percent(101),
        ];
        for guard in guards {
            self.add(Command::UpdateApp { app_id: FIRST, update: AppUpdate::default().with_guard(guard) });
        }
    }

    fn of_types(&mut self) {
        let next = self.names.next_type;
        for (resource_type_id, slug, name, kind) in [
            (next, "role", "Type", Kind::Group),
            (next, "team", "Type", Kind::Group),
            (next, "sp ace", "Type", Kind::Group),
            (next, "role", "", Kind::Group),
            (resource_type(1), "role", "Type", Kind::Group),
        ] {
            let new = NewResourceType::new(slug, name, kind);
            self.add(Command::RegisterResourceType { app_id: CLONE, resource_type_id, new });
        }
        let update = ResourceTypeUpdate::default;
        for (slug, update) in [
            ("team", update()),
            ("team", update().with_name("New")),
            ("team", update().with_slug("squad")),
            ("squad", update().with_slug("team")),
            ("team", update().with_slug("seat")),
            ("team", update().with_kind(Kind::License)),
            ("team", update().with_slug("longer than any")),
            ("nosuch", update()),
        ] {
            self.add(Command::UpdateResourceType { app_id: FIRST, slug: slug.into(), update });
        }
    }

    fn of_sessions(&mut self) {
        let next = self.names.next_session;
        for (app_id, scope) in [
            (FIRST, Scope::All),
            (FIRST, Scope::types(["account"])),
            (FIRST, Scope::types(["team", "seat"])),
            (FIRST, Scope::Types(Vec::new())),
            (FIRST, Scope::types(["nosuch"])),
            (CLONE, Scope::All),
        ] {
            self.add(Command::StartSession { app_id, session_id: next, scope });
        }
        // The clock of a host that was set back.
        let scope = Scope::All;
        self.steps.push((EARLIER, Command::StartSession { app_id: FIRST, session_id: next, scope }));
        let again = self.names.session;
        self.add(Command::StartSession { app_id: FIRST, session_id: again, scope: Scope::All });
        for last_activity_before in [NOW, LATER] {
            self.add(Command::ExpireSessions { last_activity_before });
        }
    }

    fn of_open_sessions(&mut self) {
        let (app_id, session_id) = (FIRST, self.names.session);
        for types in [&["seat"][..], &["account", "team"], &["account", "team", "seat"], &["nosuch"], &[]] {
            let types = types.iter().map(|slug| (*slug).into()).collect();
            self.add(Command::ExcludeTypes { app_id, session_id, types });
        }
        self.add(Command::WaiveGuard { app_id, session_id });
        for checkpoint in [None, Some("p1"), Some("12345"), Some("a\0b")] {
            let checkpoint = checkpoint.map(Into::into);
            self.add(Command::SaveCheckpoint { app_id, session_id, checkpoint });
        }
        self.add(Command::AbandonSession { app_id, session_id });
        for reason in ["lost", ""] {
            self.add(Command::FailSession { app_id, session_id, reason: reason.into() });
        }
        for budget in [NonZeroU64::MIN, NonZeroU64::MAX] {
            self.steps.push((LATER, Command::RunCleanup { app_id, session_id, budget }));
        }
    }

    /// With the plan of the moment, and with that of nothing.
    fn of_completions(&mut self, model: &Model) {
        let (app_id, session_id) = (FIRST, self.names.session);
        let app = model.apps.iter().find(|app| app.id == FIRST);
        let open = app.and_then(|app| app.sessions.iter().find(|session| session.id == session_id));
        let open = open.filter(|session| session.status == SessionStatus::InProgress);
        let plan = open.map(|session| model.plan(FIRST, session));
        let nothing = Plan::of([]);
        let mut completions = vec![Completion::GUARDED, Completion::FORCED];
        completions.push(Completion::GUARDED.with_plan(nothing));
        completions
            .extend(plan.filter(|plan| *plan != nothing).map(|plan| Completion::GUARDED.with_plan(plan)));
        for completion in completions {
            self.add(Command::CompleteSession { app_id, session_id, completion });
        }
    }

    fn of_pages(&mut self) {
        let (app_id, session_id) = (FIRST, self.names.session);
        for (slug, page) in pages::good().into_iter().chain(pages::bad()) {
            self.add(Command::PushPage { app_id, session_id, slug: slug.into(), page });
        }
        for (slug, page) in pages::lenient() {
            self.add(Command::PushLenientPage { app_id, session_id, slug: slug.into(), page });
        }
    }

    fn of_repeats(&mut self) {
        let (app_id, session_id) = (FIRST, self.names.session);
        for (slug, fingerprint) in
            [("account", pages::FIRST), ("account", pages::BOTH), ("team", Fingerprint(0))]
        {
            self.add(Command::RepeatPage { app_id, session_id, slug: slug.into(), fingerprint });
        }
    }

    fn of_deltas(&mut self) {
        for (slug, page) in pages::deltas() {
            self.add(Command::UpsertRecords { app_id: FIRST, slug: slug.into(), page });
        }
        for (slug, ids) in [
            ("account", &["1"][..]),
            ("account", &["2", "3"]),
            ("account", &["1", "1"]),
            ("account", &[]),
            ("account", &["1", "2", "3"]),
            ("account", &["1", ""]),
            ("team", &["1"]),
            ("team", &["2"]),
        ] {
            let ids = ids.iter().map(|id| (*id).into()).collect();
            self.add(Command::DeactivateRecords { app_id: FIRST, slug: slug.into(), ids });
        }
        let (slug, ids) = ("account".into(), vec!["2".into()]);
        self.steps.push((EARLIER, Command::DeactivateRecords { app_id: FIRST, slug, ids }));
    }

    fn of_removals(&mut self) {
        for inactive_before in [NOW, LATER, Timestamp(LATER.0 + 1)] {
            self.add(Command::PurgeInactive { app_id: FIRST, inactive_before });
        }
        for (slug, id) in [("account", "1"), ("account", "2"), ("team", "1"), ("team", "2"), ("team", "9")] {
            self.add(Command::EraseRecord { app_id: FIRST, slug: slug.into(), id: id.into() });
        }
    }

    fn of_tasks(&mut self) {
        let (task, next) = (self.names.task, self.names.next_task);
        let new = |slug: &'static str| NewTask::new(TaskAction::ResetPassword, slug);
        for (task_id, new) in [
            (next, new("team").with_execute_after(LATER)),
            (next, new("team").with_payload("12345")),
            (next, new("nosuch")),
            (task, new("team")),
        ] {
            self.add(Command::CreateTask { app_id: FIRST, task_id, new });
        }
        let failed = |code: &'static str| Resolution::Failed { code: code.into(), message: "no".into() };
        for resolution in [Resolution::Completed { result: Some("ok".into()) }, failed("e1"), failed("")] {
            self.add(Command::ResolveTask { app_id: FIRST, task_id: task, resolution });
        }
    }

    /// Of each sort of thing one that is not there.
    fn of_what_is_not_there(&mut self) {
        let session_id = session(99);
        self.add(Command::DeleteApp { app_id: NOBODY });
        self.add(Command::PurgeInactive { app_id: NOBODY, inactive_before: NOW });
        self.add(Command::AbandonSession { app_id: FIRST, session_id });
        self.add(Command::WaiveGuard { app_id: ALONE, session_id: self.names.session });
        let (slug, page) = ("nosuch".into(), pages::first_account());
        self.add(Command::UpsertRecords { app_id: FIRST, slug, page });
        let resolution = Resolution::Completed { result: None };
        let task_id = TaskId(Uuid::from_u128(98));
        self.add(Command::ResolveTask { app_id: FIRST, task_id, resolution });
    }
}
