//! Bad input: every error, every fault and every limit is reached; each says what was wrong, where and what
//! was expected, and leaves the state as it was.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::num::NonZeroU64;

use headcount::{
    Account, AppId, AppUpdate, Attribute, AttributeValue, Attributes, Command, Completion, Config, Engine,
    Error, ErrorKind, FaultCode, Fingerprint, FoundType, Group, Guard, Kind, Limits, NewResourceType,
    NewTask, Page, PageSeed, Plan, Reference, ReferenceList, References, Resolution, ResourceTypeId,
    ResourceTypeUpdate, Scope, SessionId, TaskAction, TaskId, TaskQuery, Timestamp, Uuid,
};

use serde::de::DeserializeSeed;

const NOW: Timestamp = Timestamp(0);
const APP: AppId = AppId(Uuid::from_u128(1));
const CLONE: AppId = AppId(Uuid::from_u128(2));
const NOBODY: AppId = AppId(Uuid::from_u128(99));
const OPEN: SessionId = SessionId(Uuid::from_u128(1));
const SCOPED: SessionId = SessionId(Uuid::from_u128(2));
const TASK: TaskId = TaskId(Uuid::from_u128(1));
const ENDED: TaskId = TaskId(Uuid::from_u128(2));

/// Two apps of one group; the first with an open session, records of all types, a guard and two tasks, the
/// second with a session that is scoped to accounts.
fn engine() -> Engine {
    let mut limits = Limits::default();
    limits.records_per_type_max = 3;
    let mut engine = Engine::new(Config::new().with_limits(limits).expect("limits"));
    let types = [("account", Kind::Account), ("team", Kind::Group), ("seat", Kind::License)];
    let mut commands = vec![
        Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None },
        Command::CreateApp { app_id: CLONE, name: "Clone".into(), clone_from: Some(APP) },
    ];
    commands.extend((1..).zip(types).map(|(id, (slug, kind))| register(id, slug, kind)));
    commands.extend([
        Command::StartSession { app_id: APP, session_id: OPEN, scope: Scope::All },
        push("account", Page::accounts([account("u1"), account("u2")])),
        Command::CompleteSession { app_id: APP, session_id: OPEN, completion: Completion::GUARDED },
        Command::RunCleanup { app_id: APP, session_id: OPEN, budget: NonZeroU64::MAX },
        Command::DeleteApp { app_id: CLONE },
        Command::CreateApp { app_id: CLONE, name: "Clone".into(), clone_from: Some(APP) },
        Command::StartSession { app_id: CLONE, session_id: SCOPED, scope: Scope::types(["account"]) },
        Command::UpdateApp { app_id: APP, update: AppUpdate::default().with_guard(guard(Some(0), None)) },
        create_task(TASK, "account"),
        create_task(ENDED, "account"),
        Command::ResolveTask {
            app_id: APP,
            task_id: ENDED,
            resolution: Resolution::Completed { result: None },
        },
    ]);
    for command in &commands {
        let _ = engine.apply(NOW, command).expect("a command");
    }
    // The first session is completed now; the one that is in progress is the second.
    let _ = engine
        .apply(NOW, &Command::StartSession { app_id: APP, session_id: session(3), scope: Scope::All })
        .expect("a session");
    engine
}

const fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

const fn guard(max_count: Option<u64>, max_percent: Option<u8>) -> Guard {
    let mut guard = Guard::NONE;
    (guard.max_count, guard.max_percent) = (max_count, max_percent);
    guard
}

fn register(id: u128, slug: &str, kind: Kind) -> Command<'static> {
    let id = ResourceTypeId(Uuid::from_u128(id));
    Command::RegisterResourceType {
        app_id: APP,
        resource_type_id: id,
        new: NewResourceType { slug: slug.to_owned().into(), name: "Type".into(), kind },
    }
}

fn push(slug: &'static str, page: Page<'static>) -> Command<'static> {
    Command::PushPage { app_id: APP, session_id: OPEN, slug: slug.into(), page }
}

fn create_task(task: TaskId, slug: &'static str) -> Command<'static> {
    Command::CreateTask { app_id: APP, task_id: task, new: NewTask::new(TaskAction::ResetPassword, slug) }
}

fn account(id: &'static str) -> Account<'static> {
    Account { id: id.into(), username: Some("x".into()), ..Account::default() }
}

fn group(id: &str) -> Group<'static> {
    Group { id: id.to_owned().into(), name: "Name".into(), ..Group::default() }
}

/// One command for each error, on [`engine`]'s state.
fn refused() -> Vec<(&'static str, ErrorKind, Command<'static>)> {
    use ErrorKind::{BusinessRule, Conflict, Invalid, NotFound, WrongState};
    let open = |slug: &'static str, page| Command::PushPage {
        app_id: APP,
        session_id: session(3),
        slug: slug.into(),
        page,
    };
    let scoped = |slug: &'static str, page| Command::PushPage {
        app_id: CLONE,
        session_id: SCOPED,
        slug: slug.into(),
        page,
    };
    let kind = |kind| ResourceTypeUpdate::default().with_kind(kind);
    let erase =
        |id: &'static str| Command::EraseRecord { app_id: APP, slug: "account".into(), id: id.into() };
    vec![
        ("app_not_found", NotFound, Command::DeleteApp { app_id: NOBODY }),
        ("resource_type_not_found", NotFound, open("nosuch", Page::groups([]))),
        ("session_not_found", NotFound, Command::AbandonSession { app_id: APP, session_id: SCOPED }),
        (
            "task_not_found",
            NotFound,
            Command::ResolveTask {
                app_id: CLONE,
                task_id: TASK,
                resolution: Resolution::Completed { result: None },
            },
        ),
        (
            "invalid_argument",
            Invalid,
            Command::CreateApp { app_id: NOBODY, name: "".into(), clone_from: None },
        ),
        ("page_too_large", Invalid, open("team", Page::groups(vec![group("g"); 101]))),
        ("page_faults", Invalid, open("team", Page::groups([group("")]))),
        ("page_faults", BusinessRule, open("team", Page::groups([group("g"), group("g")]))),
        ("app_id_in_use", Conflict, Command::CreateApp { app_id: APP, name: "x".into(), clone_from: None }),
        ("resource_type_id_in_use", Conflict, register(1, "other", Kind::Group)),
        (
            "session_id_in_use",
            Conflict,
            Command::StartSession { app_id: CLONE, session_id: OPEN, scope: Scope::All },
        ),
        ("task_id_in_use", Conflict, create_task(TASK, "account")),
        ("slug_taken", Conflict, register(9, "team", Kind::Group)),
        (
            "resource_type_has_records",
            Conflict,
            Command::UpdateResourceType { app_id: CLONE, slug: "account".into(), update: kind(Kind::Group) },
        ),
        (
            "guard_exceeded",
            Conflict,
            Command::CompleteSession { app_id: APP, session_id: session(3), completion: Completion::GUARDED },
        ),
        (
            "task_ended",
            Conflict,
            Command::ResolveTask {
                app_id: APP,
                task_id: ENDED,
                resolution: Resolution::Failed { code: "c".into(), message: "m".into() },
            },
        ),
        (
            "resource_type_full",
            Conflict,
            open("team", Page::groups(["a", "b", "c", "d"].map(group).to_vec())),
        ),
        ("wrong_state", WrongState, push("team", Page::groups([]))),
        ("kind_mismatch", BusinessRule, open("team", Page::licenses([]))),
        ("out_of_scope", BusinessRule, scoped("team", Page::groups([]))),
        (
            "plan_changed",
            Conflict,
            Command::CompleteSession {
                app_id: APP,
                session_id: session(3),
                completion: Completion::FORCED.with_plan(Plan(1)),
            },
        ),
        (
            "page_must_be_pushed",
            Conflict,
            Command::RepeatPage {
                app_id: APP,
                session_id: session(3),
                slug: "team".into(),
                fingerprint: Fingerprint(1),
            },
        ),
        ("record_not_found", NotFound, erase("nobody")),
        ("record_in_use", Conflict, erase("u1")),
    ]
}

#[test]
fn every_error_is_reached_and_leaves_the_state_as_it_was() {
    let mut engine = engine();
    let mut reached = BTreeSet::new();
    for (code, kind, command) in refused() {
        let saved = |engine: &Engine| postcard::to_allocvec(&engine.snapshot()).expect("bytes");
        let before = (engine.digest(), saved(&engine));
        let error = engine.apply(NOW, &command).expect_err(code);
        assert_eq!((error.code(), error.kind()), (code, kind), "{error}");
        assert_eq!((engine.digest(), saved(&engine)), before, "{code}: to the last bit");
        assert_eq!(engine.changes().len(), 0, "{code}");
        engine.check_invariants().expect("every rule");
        assert_eq!(error, error.clone());
        let text = serde_json::to_string(&error).expect("text");
        assert!(text.contains(code), "serde names the variant as the code does: {text}");
        assert_eq!(serde_json::from_str::<Error>(&text).expect("an error"), error);
        let bytes = postcard::to_allocvec(&error).expect("bytes");
        assert_eq!(postcard::from_bytes::<Error>(&bytes).expect("an error"), error);
        reached.insert(code.to_owned());
    }
    let all: BTreeSet<String> = Error::CODES.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(reached, all, "an error is not reached");
}

type Faulty = (FaultCode, &'static str, Page<'static>);

fn one(account: Account<'static>) -> Page<'static> {
    Page::accounts([account])
}

fn text(text: &'static str) -> Option<Cow<'static, str>> {
    Some(text.into())
}

const WRONG: AttributeValue<'_> = AttributeValue::WrongType(FoundType::Number);

fn attributed(attributes: Attributes<'static>) -> Account<'static> {
    Account { attributes: Some(attributes), ..account("u1") }
}

fn numbered(count: u32) -> Attributes<'static> {
    (0..count).map(|number| Attribute::new(number.to_string(), true)).collect()
}

/// Whose names and texts have so many bytes, 1,000 to 1,999 each.
fn long_attributes(bytes: usize) -> Attributes<'static> {
    let count = bytes / 1_000;
    let long = |number: usize| {
        let name = format!("{number:03}");
        let rest = if number == 0 { bytes % 1_000 } else { 0 };
        // In two texts, since one is at most 1,024 long.
        let texts = ["x".repeat(997), "x".repeat(rest)];
        Attribute::new(name, AttributeValue::texts(texts.into_iter().filter(|text| !text.is_empty())))
    };
    (0..count).map(long).collect()
}

fn to(slug: &'static str, id: &'static str) -> References<'static> {
    vec![ReferenceList::new(slug, [id])]
}

/// One page for each fault.
fn faulty() -> Vec<Faulty> {
    let long: &'static str = "a".repeat(256).leak();
    let many = vec![ReferenceList::new("team", vec![Reference::new("g"); 10_001])];
    vec![
        (FaultCode::Required, "email", one(Account { username: text(""), ..account("u1") })),
        (
            FaultCode::Required,
            "memberships.team[0].id",
            one(Account { memberships: to("team", ""), ..account("u1") }),
        ),
        (FaultCode::TooLong, "id", one(account(long))),
        (FaultCode::TooLong, "first_name", one(Account { first_name: text(long), ..account("u1") })),
        (FaultCode::Nul, "last_name", one(Account { last_name: text("a\0"), ..account("u1") })),
        (FaultCode::InvalidEmail, "email", one(Account { email: text("a@b@c"), ..account("u1") })),
        (FaultCode::InvalidStatus, "status", one(Account { status: text("Active"), ..account("u1") })),
        (FaultCode::TooManyReferences, "memberships", one(Account { memberships: many, ..account("u1") })),
        (FaultCode::DuplicateId, "id", Page::accounts([account("u1"), account("u1")])),
        (
            FaultCode::UnknownResourceType,
            "memberships.no",
            one(Account { memberships: to("no", "g"), ..account("u1") }),
        ),
        (
            FaultCode::WrongKind,
            "assignments.team",
            one(Account { assignments: to("team", "g"), ..account("u1") }),
        ),
        (FaultCode::WrongType, "id", parsed(r#"{"records": [{"id": 1, "username": "x"}]}"#)),
        (FaultCode::TooManyAttributes, "attributes", one(attributed(numbered(65)))),
        (FaultCode::AttributesTooLarge, "attributes", one(attributed(long_attributes(16_385)))),
        (FaultCode::WrongType, "attributes.a", one(attributed(vec![Attribute::new("a", WRONG)]))),
    ]
}

/// A page of accounts as a connector sends it.
fn parsed(body: &'static str) -> Page<'static> {
    let seed = PageSeed::new(Kind::Account, &Limits::default());
    seed.deserialize(&mut serde_json::Deserializer::from_str(body)).expect("a page")
}

#[test]
fn every_fault_is_reached_and_says_which_record_and_which_field() {
    let mut engine = engine();
    let mut reached = BTreeSet::new();
    for (code, field, page) in faulty() {
        let slug = if page.kind() == Kind::Account { "account" } else { "team" };
        let error = engine.push_page(NOW, APP, session(3), slug, &page).expect_err(field);
        let Error::PageFaults { faults, faults_total: 1, malformed } = &error else { panic!("{error}") };
        assert_eq!((faults[0].code, faults[0].field.as_str()), (code, field));
        assert_eq!(*malformed, code.is_malformed());
        assert_eq!(faults[0].index as usize, page.len() - 1);
        assert!(!faults[0].expected.is_empty() && !faults[0].found.is_empty());
        assert!(error.to_string().contains(&faults[0].expected), "{error}");
        reached.insert(code.as_str().to_owned());
    }
    // Two are of arguments alone.
    for (code, command) in [
        (FaultCode::InvalidSlug, register(9, "a b", Kind::Group)),
        (
            FaultCode::OutOfRange,
            Command::UpdateApp {
                app_id: APP,
                update: AppUpdate::default().with_guard(guard(None, Some(101))),
            },
        ),
    ] {
        let error = engine.apply(NOW, &command).expect_err("an error");
        assert!(matches!(error, Error::InvalidArgument { code: found, .. } if found == code), "{error}");
        reached.insert(code.as_str().to_owned());
    }
    let all: BTreeSet<String> = FaultCode::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(reached, all, "a fault is not reached");
}

#[test]
fn a_checkpoint_has_4_096_bytes_at_most() {
    let mut engine = engine();
    let longest = "é".repeat(2_048);
    engine.save_checkpoint(NOW, APP, session(3), Some(&longest)).expect("a checkpoint at the limit");
    let too_long = format!("{longest}x");
    for (code, checkpoint) in [(FaultCode::TooLong, too_long.as_str()), (FaultCode::Nul, "a\0b")] {
        let error = engine.save_checkpoint(NOW, APP, session(3), Some(checkpoint)).expect_err("an error");
        assert!(matches!(error, Error::InvalidArgument { code: found, .. } if found == code), "{error}");
        // An argument is told before the state.
        assert_eq!(engine.save_checkpoint(NOW, APP, OPEN, Some(checkpoint)), Err(error));
    }
    let kept = engine.app(APP).and_then(|app| app.session(session(3))).expect("a session");
    assert_eq!(kept.checkpoint(), Some(&*longest));
}

#[test]
fn an_error_repeats_only_the_beginning_of_what_was_refused() {
    let mut engine = engine();
    let huge: Cow<'static, str> = "é".repeat(500_000).into();
    let huge_account = Account {
        id: huge.clone(),
        email: Some(huge.clone()),
        memberships: vec![ReferenceList { slug: huge.clone(), references: Some(vec![]) }],
        ..Account::default()
    };
    let commands = [
        Command::CreateApp { app_id: NOBODY, name: huge.clone(), clone_from: None },
        Command::RegisterResourceType {
            app_id: APP,
            resource_type_id: ResourceTypeId(Uuid::nil()),
            new: NewResourceType { slug: huge.clone(), name: "x".into(), kind: Kind::Group },
        },
        Command::UpdateResourceType {
            app_id: APP,
            slug: huge.clone(),
            update: ResourceTypeUpdate::default(),
        },
        Command::StartSession {
            app_id: APP,
            session_id: session(9),
            scope: Scope::Types(vec![huge.clone()]),
        },
        Command::PushPage { app_id: APP, session_id: session(3), slug: huge.clone(), page: Page::groups([]) },
        Command::PushPage {
            app_id: APP,
            session_id: session(3),
            slug: "account".into(),
            page: one(huge_account),
        },
        Command::EraseRecord { app_id: APP, slug: "account".into(), id: huge.clone() },
        Command::EraseRecord { app_id: APP, slug: huge.clone(), id: "u1".into() },
        Command::FailSession { app_id: APP, session_id: session(3), reason: huge },
    ];
    for command in &commands {
        let error = engine.apply(NOW, command).expect_err("an error");
        assert!(error.to_string().len() < 1_000, "{}", error.to_string().len());
        assert!(serde_json::to_string(&error).expect("text").len() < 5_000);
    }
}

/// A page of one account or group that is `length` characters of `char` long in one field.
fn sized(field: &str, char: &str, length: usize) -> (&'static str, Page<'static>) {
    let text: Cow<'static, str> = char.repeat(length).into();
    let mut account = account("u1");
    let mut group = group("g1");
    match field {
        "id" => account.id = text,
        "email" => account.email = Some(format!("{}@b", char.repeat(length - 2)).into()),
        "username" => account.username = Some(text),
        "first_name" => account.first_name = Some(text),
        "last_name" => account.last_name = Some(text),
        "display_name" => account.display_name = Some(text),
        "reference id" => account.memberships = vec![ReferenceList::new("team", [Reference::new(text)])],
        "reference name" => {
            account.memberships = vec![ReferenceList::new("team", [Reference::new("g").with_name(text)])];
        }
        "references" => {
            account.memberships = vec![ReferenceList::new("team", vec![Reference::new("g"); length])];
        }
        "group id" => group.id = text,
        "name" => group.name = text,
        "description" => group.description = Some(text),
        other => panic!("no field: {other}"),
    }
    if field.starts_with("group") || ["name", "description"].contains(&field) {
        ("team", Page::groups([group]))
    } else {
        ("account", one(account))
    }
}

#[test]
fn each_limit_of_a_record_is_kept_at_it_and_not_one_beyond() {
    for (field, limit) in [
        ("id", 255),
        ("email", 255),
        ("username", 255),
        ("first_name", 255),
        ("last_name", 255),
        ("display_name", 255),
        ("reference id", 255),
        ("reference name", 255),
        ("references", 10_000),
        ("group id", 255),
        ("name", 255),
        ("description", 4_096),
    ] {
        // Four bytes a character: lengths count Unicode scalar values.
        for char in ["a", "𝄞"] {
            let mut engine = engine();
            let (slug, page) = sized(field, char, limit);
            let _ = engine
                .push_page(NOW, APP, session(3), slug, &page)
                .unwrap_or_else(|error| panic!("{field}: {error}"));
            engine.check_invariants().expect("every rule");
            let (slug, page) = sized(field, char, limit + 1);
            let error = engine.push_page(NOW, APP, session(3), slug, &page).expect_err(field);
            assert_eq!(error.kind(), ErrorKind::Invalid, "{field}: {error}");
        }
    }
}

#[test]
fn each_limit_of_an_argument_is_kept_at_it_and_not_one_beyond() {
    let long = |length: usize| -> Cow<'static, str> { "a".repeat(length).into() };
    type Make<'m> = &'m dyn Fn(Cow<'static, str>) -> Command<'static>;
    let name: Make<'_> =
        &|name| Command::UpdateApp { app_id: APP, update: AppUpdate::default().with_name(name) };
    let slug: Make<'_> = &|slug| Command::UpdateResourceType {
        app_id: APP,
        slug: "team".into(),
        update: ResourceTypeUpdate::default().with_slug(slug),
    };
    let type_name: Make<'_> = &|name| Command::UpdateResourceType {
        app_id: APP,
        slug: "seat".into(),
        update: ResourceTypeUpdate::default().with_name(name),
    };
    let payload: Make<'_> = &|payload| Command::CreateTask {
        app_id: APP,
        task_id: TaskId(Uuid::from_u128(payload.len() as u128)),
        new: NewTask::new(TaskAction::ResetPassword, "seat").with_payload(payload),
    };
    let result: Make<'_> = &|result| Command::ResolveTask {
        app_id: APP,
        task_id: TASK,
        resolution: Resolution::Completed { result: Some(result) },
    };
    let reason: Make<'_> = &|reason| Command::FailSession { app_id: APP, session_id: session(3), reason };
    for (limit, make) in
        [(255, name), (100, slug), (255, type_name), (65_536, payload), (65_536, result), (1_024, reason)]
    {
        let mut engine = engine();
        let beyond = make(long(limit + 1));
        let error = engine.apply(NOW, &beyond).expect_err("one beyond");
        assert!(matches!(error, Error::InvalidArgument { code: FaultCode::TooLong, .. }), "{error}");
        let _ = engine.apply(NOW, &make(long(limit))).expect("at the limit");
        engine.check_invariants().expect("every rule");
    }
}

#[test]
fn a_page_of_100_records_is_taken_and_one_of_101_is_not() {
    let mut engine = Engine::new(Config::new());
    for command in [
        Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None },
        register(1, "team", Kind::Group),
        Command::StartSession { app_id: APP, session_id: OPEN, scope: Scope::All },
    ] {
        let _ = engine.apply(NOW, &command).expect("a command");
    }
    let groups: Vec<_> = (0..101).map(|number| group(&number.to_string())).collect();
    let error =
        engine.push_page(NOW, APP, OPEN, "team", &Page::groups(groups.clone())).expect_err("one beyond");
    assert_eq!(error, Error::PageTooLarge { records: 101, records_max: 100 });
    assert_eq!(
        engine
            .push_page(NOW, APP, OPEN, "team", &Page::groups(groups[..100].to_vec()))
            .expect("a page")
            .created,
        100
    );
}

#[test]
fn an_app_remembers_100_sessions() {
    let mut engine = Engine::new(Config::new());
    engine.create_app(NOW, APP, "App", None).expect("an app");
    for number in 0..150 {
        engine.start_session(NOW, APP, session(number), &Scope::All).expect("a session");
    }
    let sessions: Vec<_> = engine.app(APP).expect("an app").sessions().map(|session| session.id()).collect();
    assert_eq!(sessions, (50..150).map(session).collect::<Vec<_>>());
}

#[test]
fn a_limit_of_zero_or_beyond_its_ceiling_is_refused() {
    for (set, found) in [(0, 0), (Limits::CEILINGS.id_chars_max + 1, 16_384)] {
        let mut limits = Limits::default();
        limits.id_chars_max = set;
        let refused = Config::new().with_limits(limits).expect_err("a limit that cannot be kept");
        assert_eq!((refused.limit, refused.found, refused.max), ("id_chars_max", found, 16_383));
    }
    for limits in [Limits::DEFAULTS, Limits::CEILINGS] {
        assert_eq!(Config::new().with_limits(limits).expect("limits").limits(), &limits);
    }
}

#[test]
fn a_record_at_every_ceiling_fits() {
    let mut engine = Engine::new(Config::new().with_limits(Limits::CEILINGS).expect("the ceilings"));
    for command in [
        Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None },
        register(1, "account", Kind::Account),
        register(2, "team", Kind::Group),
        Command::StartSession { app_id: APP, session_id: OPEN, scope: Scope::All },
    ] {
        let _ = engine.apply(NOW, &command).expect("a command");
    }
    let long = || Some(Cow::Owned("𝄞".repeat(Limits::CEILINGS.text_chars_max as usize)));
    let ids = 0..Limits::CEILINGS.references_per_account_max;
    let list = ids.map(|id| Reference { id: id.to_string().into(), name: None }).collect();
    // Of texts so short that most of what they take is beside them: 1,024 names of four bytes, and sixteen of one.
    let texts = || AttributeValue::texts(vec!["x"; 16]);
    let attributes = (0..Limits::CEILINGS.attributes_per_record_max)
        .map(|number| Attribute::new(format!("{number:04}"), texts()));
    let largest = Account {
        id: long().unwrap_or_default(),
        username: long(),
        first_name: long(),
        last_name: long(),
        display_name: long(),
        memberships: vec![ReferenceList { slug: "team".into(), references: Some(list) }],
        attributes: Some(attributes.collect()),
        ..Account::default()
    };
    for last in ["a", "b", "c"] {
        let changed = Account { email: Some(format!("{last}@b").into()), ..largest.clone() };
        let _ = engine.push_page(NOW, APP, OPEN, "account", &one(changed)).expect("the largest account");
    }
    engine.check_invariants().expect("every rule");
    assert_eq!(
        engine.app(APP).and_then(|app| app.record("account", &largest.id)).expect("it").reference_count(),
        50_000
    );
}

#[test]
fn a_list_of_tasks_has_1_to_1000_of_them() {
    let engine = engine();
    let app = engine.app(APP).expect("an app");
    for limit in [0, 1_001] {
        let error = app.tasks(&TaskQuery::at(NOW).with_limit(limit)).expect_err("an error");
        assert!(matches!(error, Error::InvalidArgument { code: FaultCode::OutOfRange, .. }), "{error}");
    }
    assert_eq!(app.tasks(&TaskQuery::at(NOW).with_limit(1_000)).expect("a page").total, 2);
}
