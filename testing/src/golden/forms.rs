//! Each error, fault, change, reply and command as serde writes it, in JSON and in postcard.
//!
//! Errors, faults and commands are written here; changes and replies, which only an engine makes, come of the
//! histories.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::num::NonZeroU64;

use headcount::{
    AppId, AppUpdate, Change, Command, Completion, Engine, Error, Fault, FaultCode, Fingerprint, Guard,
    GuardLimit, Kind, NewResourceType, NewTask, Plan, Reply, Resolution, ResourceTypeId, ResourceTypeUpdate,
    Scope, SessionId, SessionStatus, TaskAction, TaskId, TaskStatus, Timestamp,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::writer::{page, uuid};
use super::{hex, histories};

const APP: AppId = AppId(uuid(1));
const TYPE: ResourceTypeId = ResourceTypeId(uuid(2));
const SESSION: SessionId = SessionId(uuid(3));
const TASK: TaskId = TaskId(uuid(4));
const FINGERPRINT: Fingerprint = Fingerprint(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210);

/// A list in JSON, a line for each value: its name, itself, its bytes in postcard.
struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, name: &str, value: &impl Serialize) {
        let bytes = postcard::to_allocvec(value).expect("a value is written to bytes");
        self.0.push(json!({"name": name, "json": value, "postcard": hex(&bytes)}).to_string());
    }

    fn text(&self) -> String {
        format!("[\n{}\n]\n", self.0.join(",\n"))
    }
}

/// What was written is read again, from both formats.
fn assert_reads<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("a value is JSON");
    assert_eq!(&serde_json::from_str::<T>(&text).expect("what serde wrote is read"), value);
    let bytes = postcard::to_allocvec(value).expect("a value is written to bytes");
    assert_eq!(&postcard::from_bytes::<T>(&bytes).expect("what serde wrote is read"), value);
}

/// Every error.
pub fn errors() -> String {
    let mut lines = Lines(Vec::new());
    let mut codes = BTreeSet::new();
    for error in every_error() {
        assert_reads(&error);
        codes.insert(error.code());
        lines.add(&format!("{}, {}", error.code(), error.kind()), &error);
    }
    let all: BTreeSet<_> = Error::CODES.iter().copied().collect();
    assert_eq!(codes, all, "each error has a form in testing/src/golden/forms.rs");
    lines.text()
}

fn every_error() -> Vec<Error> {
    let slug = || "team".to_owned();
    let guard = Guard::NONE.with_max_count(10).with_max_percent(5);
    let page_faults = |id: Option<&str>, malformed| Error::PageFaults {
        faults: vec![fault(FaultCode::DuplicateId, id)],
        faults_total: 101,
        malformed,
    };
    vec![
        Error::AppNotFound { app_id: APP },
        Error::ResourceTypeNotFound { slug: slug() },
        Error::SessionNotFound { session_id: SESSION },
        Error::TaskNotFound { task_id: TASK },
        Error::InvalidArgument {
            field: "slug".into(),
            code: FaultCode::InvalidSlug,
            found: "a b".into(),
            expected: "a slug".into(),
        },
        Error::PageTooLarge { records: 101, records_max: 100 },
        page_faults(Some("u1"), true),
        page_faults(None, false),
        Error::AppIdInUse { app_id: APP },
        Error::ResourceTypeIdInUse { resource_type_id: TYPE },
        Error::SessionIdInUse { session_id: SESSION },
        Error::TaskIdInUse { task_id: TASK },
        Error::SlugTaken { slug: slug() },
        Error::ResourceTypeHasRecords { slug: slug(), app_id: APP },
        Error::GuardExceeded { limit: GuardLimit::MaxCount, deactivations: 11, base: 200, guard },
        Error::GuardExceeded { limit: GuardLimit::MaxPercent, deactivations: 2, base: 3, guard },
        Error::TaskEnded { task_id: TASK, status: TaskStatus::Failed },
        Error::ResourceTypeFull { slug: slug(), records_max: 100, bytes_max: 1_000 },
        Error::WrongState {
            session_id: SESSION,
            status: SessionStatus::Completed,
            expected: SessionStatus::InProgress,
        },
        Error::KindMismatch { slug: slug(), found: Kind::License, expected: Kind::Group },
        Error::OutOfScope { slug: slug(), session_id: SESSION },
        Error::PageMustBePushed { slug: slug(), fingerprint: FINGERPRINT },
        Error::GuardExceededByType { slug: slug(), deactivations: 20, base: 20, guard: whole_guard() },
        Error::GuardExceededWithoutPages { slugs: vec!["account".to_owned(), slug()], guard: whole_guard() },
        Error::GuardExceededByRemovals {
            limit: GuardLimit::MaxRemovals,
            removals: 5,
            base: 1_000,
            guard: whole_guard(),
        },
        Error::PlanChanged { session_id: SESSION, found: Plan(FINGERPRINT.0), expected: Plan(1) },
        Error::RecordNotFound { slug: slug(), id: "g1".to_owned() },
        Error::RecordInUse { slug: slug(), id: "g1".to_owned(), active: true, referrers: 0 },
        Error::RecordInUse { slug: slug(), id: "g1".to_owned(), active: false, referrers: 300 },
    ]
}

/// With every limit.
fn whole_guard() -> Guard {
    Guard::NONE
        .with_max_count(300)
        .with_max_percent(10)
        .with_max_type_percent(20)
        .with_min_count(5)
        .with_required_pages()
        .with_max_removals(4)
        .with_max_removals_percent(50)
}

fn fault(code: FaultCode, id: Option<&str>) -> Fault {
    Fault {
        index: 300,
        id: id.map(str::to_owned),
        field: "memberships.team[0].id".to_owned(),
        code,
        found: "what was found".to_owned(),
        expected: "what was expected".to_owned(),
    }
}

/// Every fault.
pub fn faults() -> String {
    let mut lines = Lines(Vec::new());
    for &code in FaultCode::ALL {
        let fault = fault(code, Some("u1"));
        assert_reads(&fault);
        let sort = if code.is_malformed() { "malformed" } else { "against a business rule" };
        lines.add(&format!("{code}, {sort}"), &fault);
    }
    lines.add("required, without an id", &fault(FaultCode::Required, None));
    lines.text()
}

/// Every change, and every reply: the first of each form that the histories come to.
pub fn changes_and_replies() -> (String, String) {
    let (mut changes, mut replies) = (Lines(Vec::new()), Lines(Vec::new()));
    let mut forms = BTreeSet::new();
    for journal in histories::all() {
        let mut engine = Engine::new(journal.config());
        for (now, command) in &journal.history {
            let reply = engine.apply(*now, command);
            for change in engine.changes() {
                let fact = serde_json::to_value(&change.fact).expect("a fact is a value");
                if forms.insert((name(&fact), form(&fact))) {
                    changes.add(&name(&fact), &change);
                    let read: Change<'_> = change.clone().into_owned();
                    assert_reads(&Read(read));
                }
            }
            let Ok(reply) = reply.map(with_made_up_words) else { continue };
            let value = serde_json::to_value(&reply).expect("a reply is a value");
            if forms.insert((format!("reply {}", name(&value)), form(&value))) {
                assert_reads::<Reply>(&reply);
                replies.add(&name(&value), &reply);
            }
        }
    }
    (changes.text(), replies.text())
}

/// What the faults in a reply say to people is no promise.
fn with_made_up_words(mut reply: Reply) -> Reply {
    if let Reply::LenientPage(outcome) = &mut reply {
        for found in &mut outcome.faults {
            let made_up = fault(found.code, None);
            (found.found, found.expected) = (made_up.found, made_up.expected);
        }
    }
    reply
}

/// A change that owns what it is read from.
#[derive(Debug, PartialEq, Serialize)]
#[serde(transparent)]
struct Read(Change<'static>);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Change::deserialize(deserializer).map(|change| Self(change.into_owned()))
    }
}

/// The name of the variant that a value was written from.
fn name(value: &Value) -> String {
    match value {
        Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// The value with its names and types only, and whether a number is zero.
fn form(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", form(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(form).collect::<Vec<_>>().join(", ")),
        Value::String(text) if text.parse::<SessionStatus>().is_ok() => text.clone(),
        Value::String(_) => "text".to_owned(),
        Value::Number(number) if number.as_u64() != Some(0) => "number".to_owned(),
        other => other.to_string(),
    }
}

/// Every command with each form of its arguments.
pub fn commands() -> String {
    let mut lines = Lines(Vec::new());
    for (name, command) in every_command() {
        let text = serde_json::to_string(&command).expect("a command is JSON");
        let read: Command<'_> = serde_json::from_str(&text).expect("what serde wrote is read");
        assert_eq!(read, command);
        let bytes = postcard::to_allocvec(&command).expect("a command is written to bytes");
        let read: Command<'_> = postcard::from_bytes(&bytes).expect("what serde wrote is read");
        assert_eq!(read, command);
        lines.add(name, &command);
    }
    lines.text()
}

/// The name of a form, and a command of it.
pub type Named = (&'static str, Command<'static>);

/// Each by the name of its form.
pub fn every_command() -> Vec<Named> {
    let mut commands = of_apps();
    commands.extend(of_types());
    commands.extend(of_sessions());
    commands.extend(pushes());
    commands.extend(of_tasks());
    commands.extend(of_fingerprints());
    commands.extend(of_activity());
    commands.push((
        "erase_record",
        Command::EraseRecord { app_id: APP, slug: "account".into(), id: "CN=Zoë, OU=𝄞".into() },
    ));
    commands.extend(of_attributes());
    commands.extend(lenient_pushes());
    commands.extend(of_deltas());
    commands
}

fn of_apps() -> Vec<Named> {
    let create = |clone_from| Command::CreateApp { app_id: APP, name: "Acme HR".into(), clone_from };
    let update = |update| Command::UpdateApp { app_id: APP, update };
    let guarded = |guard| update(AppUpdate::default().with_guard(guard));
    vec![
        ("create_app", create(None)),
        ("create_app, a clone", create(Some(AppId(uuid(9))))),
        ("update_app, nothing", update(AppUpdate::default())),
        ("update_app, name", update(AppUpdate::default().with_name("Acme"))),
        ("update_app, no guard", guarded(Guard::NONE)),
        ("update_app, a guard's count", guarded(Guard::NONE.with_max_count(300))),
        ("update_app, a guard's percentage", guarded(Guard::NONE.with_max_percent(10))),
        ("delete_app", Command::DeleteApp { app_id: APP }),
        (
            "purge_inactive",
            Command::PurgeInactive { app_id: APP, inactive_before: Timestamp(-1_736_935_200_000) },
        ),
    ]
}

fn of_types() -> Vec<Named> {
    let register = |kind| Command::RegisterResourceType {
        app_id: APP,
        resource_type_id: TYPE,
        new: NewResourceType::new("team", "Team", kind),
    };
    let update = |update| Command::UpdateResourceType { app_id: APP, slug: "team".into(), update };
    vec![
        ("register_resource_type, account", register(Kind::Account)),
        ("register_resource_type, group", register(Kind::Group)),
        ("register_resource_type, license", register(Kind::License)),
        ("update_resource_type, nothing", update(ResourceTypeUpdate::default())),
        ("update_resource_type, name", update(ResourceTypeUpdate::default().with_name("Squad"))),
        ("update_resource_type, slug", update(ResourceTypeUpdate::default().with_slug("squad"))),
        ("update_resource_type, kind", update(ResourceTypeUpdate::default().with_kind(Kind::License))),
    ]
}

fn of_sessions() -> Vec<Named> {
    let (app_id, session_id) = (APP, SESSION);
    let start = |scope| Command::StartSession { app_id, session_id, scope };
    let complete = |completion| Command::CompleteSession { app_id, session_id, completion };
    let budget = NonZeroU64::MIN.saturating_add(999);
    vec![
        ("start_session, all types", start(Scope::All)),
        ("start_session, some types", start(Scope::types(["account", "team"]))),
        ("complete_session, guarded", complete(Completion::GUARDED)),
        ("complete_session, forced", complete(Completion::FORCED)),
        ("abandon_session", Command::AbandonSession { app_id, session_id }),
        ("fail_session", Command::FailSession { app_id, session_id, reason: "the API answers 503".into() }),
        ("run_cleanup", Command::RunCleanup { app_id, session_id, budget }),
    ]
}

fn of_activity() -> Vec<Named> {
    let (app_id, session_id) = (APP, SESSION);
    let guarded = |guard| Command::UpdateApp { app_id, update: AppUpdate::default().with_guard(guard) };
    let complete = |completion| Command::CompleteSession { app_id, session_id, completion };
    let save = |checkpoint| Command::SaveCheckpoint { app_id, session_id, checkpoint };
    vec![
        ("expire_sessions", Command::ExpireSessions { last_activity_before: Timestamp(1_736_935_200_000) }),
        ("save_checkpoint", save(Some("accounts, behind “page 17”".into()))),
        ("save_checkpoint, none", save(None)),
        ("update_app, a guard with every limit", guarded(whole_guard())),
        ("update_app, a guard that requires pages", guarded(Guard::NONE.with_required_pages())),
        ("complete_session, guarded, a plan", complete(Completion::GUARDED.with_plan(Plan(FINGERPRINT.0)))),
        ("complete_session, forced, a plan", complete(Completion::FORCED.with_plan(Plan(1)))),
        ("waive_guard", Command::WaiveGuard { app_id, session_id }),
        (
            "exclude_types",
            Command::ExcludeTypes { app_id, session_id, types: vec!["team".into(), "seat".into()] },
        ),
    ]
}

fn pushes() -> Vec<Named> {
    let push = |slug: &'static str, kind, records: &'static str| Command::PushPage {
        app_id: APP,
        session_id: SESSION,
        slug: slug.into(),
        page: page(kind, records),
    };
    let full = r#"{"id": "u1", "email": "zoë@example.com", "username": "zoë", "first_name": "Zoë",
        "last_name": "王", "display_name": "𝄞", "status": "suspended",
        "memberships": {"team": [{"id": "g1", "name": "One"}, {"id": "g2"}], "role": null, "project": []},
        "assignments": {"seat": [{"id": "s1"}]}}"#;
    let misread = r#"{"id": 7, "username": true, "status": ["active"], "email": 2.5, "memberships": {"team": {}},
        "assignments": [{"id": "s1"}]}, {"id": "u2", "username": "b", "memberships": {"team": [null, {"id": 1}]}}, 3"#;
    vec![
        ("push_page, no records", push("account", Kind::Account, "")),
        ("push_page, an account of one field", push("account", Kind::Account, r#"{"id": "u1"}"#)),
        ("push_page, an account of all fields", push("account", Kind::Account, full)),
        ("push_page, accounts with values of wrong types", push("account", Kind::Account, misread)),
        (
            "push_page, groups",
            push(
                "team",
                Kind::Group,
                r#"{"id": "g1", "name": "One", "description": "The first"}, {"id": "g2"}"#,
            ),
        ),
        (
            "push_page, groups with values of wrong types",
            push("team", Kind::Group, r#"{"id": "g1", "name": 1}"#),
        ),
        ("push_page, licenses", push("seat", Kind::License, r#"{"id": "s1", "name": "Seat"}"#)),
    ]
}

fn lenient_pushes() -> Vec<Named> {
    let push =
        |page| Command::PushLenientPage { app_id: APP, session_id: SESSION, slug: "team".into(), page };
    let faulty = page(Kind::Group, r#"{"id": "g1", "name": "One"}, {"id": "g2", "name": 2}"#);
    vec![
        ("push_lenient_page", push(faulty)),
        ("push_lenient_page, with a fingerprint", push(page(Kind::Group, "").with_fingerprint(FINGERPRINT))),
    ]
}

fn of_fingerprints() -> Vec<Named> {
    let (app_id, session_id, slug) = (APP, SESSION, || "team".into());
    let group = page(Kind::Group, r#"{"id": "g1", "name": "One"}"#).with_fingerprint(FINGERPRINT);
    vec![
        (
            "push_page, with a fingerprint",
            Command::PushPage { app_id, session_id, slug: slug(), page: group },
        ),
        ("repeat_page", Command::RepeatPage { app_id, session_id, slug: slug(), fingerprint: FINGERPRINT }),
    ]
}

fn of_attributes() -> Vec<Named> {
    let push = |slug: &'static str, page| Command::PushPage {
        app_id: APP,
        session_id: SESSION,
        slug: slug.into(),
        page,
    };
    let every_type = r#"{"id": "u1"}, {"id": "u2", "attributes": {"text": "zoë", "integer": -300, "boolean": true,
        "texts": ["a", ""], "null": null, "wrong": 2.5, "twice": 1, "twice": "2"}}, {"id": "u3", "attributes": {}}"#;
    let misread = r#"{"id": "u1", "attributes": 7}"#;
    let group = r#"{"id": "g1", "name": "One", "attributes": {"cost_center": 4711}}"#;
    vec![
        ("push_page, accounts with attributes", push("account", page(Kind::Account, every_type))),
        ("push_page, a number as attributes", push("account", page(Kind::Account, misread))),
        ("push_page, groups with attributes", push("team", page(Kind::Group, group))),
        (
            "push_page, licenses with attributes and a fingerprint",
            push("seat", page(Kind::License, group).with_fingerprint(FINGERPRINT)),
        ),
    ]
}

fn of_deltas() -> Vec<Named> {
    let account = page(Kind::Account, r#"{"id": "u1", "username": "zoë", "memberships": {"team": []}}"#);
    let deactivate = |ids| Command::DeactivateRecords { app_id: APP, slug: "account".into(), ids };
    vec![
        ("upsert_records", Command::UpsertRecords { app_id: APP, slug: "account".into(), page: account }),
        ("deactivate_records, no ids", deactivate(Vec::new())),
        ("deactivate_records", deactivate(vec!["u1".into(), "zoë".into()])),
    ]
}

fn of_tasks() -> Vec<Named> {
    let create = |new| Command::CreateTask { app_id: APP, task_id: TASK, new };
    let resolve = |resolution| Command::ResolveTask { app_id: APP, task_id: TASK, resolution };
    let later = NewTask::new(TaskAction::ResetPassword, "staff")
        .with_payload(r#"{"id": "u1"}"#)
        .with_execute_after(Timestamp(1_736_935_200_000));
    vec![
        ("create_task", create(NewTask::new(TaskAction::CreateAccount, "account"))),
        ("create_task, later", create(later)),
        ("resolve_task, completed", resolve(Resolution::Completed { result: None })),
        (
            "resolve_task, completed with a result",
            resolve(Resolution::Completed { result: Some("ok".into()) }),
        ),
        (
            "resolve_task, failed",
            resolve(Resolution::Failed { code: "locked".into(), message: "The account is locked".into() }),
        ),
    ]
}
