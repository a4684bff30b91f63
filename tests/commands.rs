//! Commands as values (SPEC 2, one code path): each can be written to any format and read back, borrowing or not.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use headcount::{
    Account, AppUpdate, Attribute, AttributeValue, Command, Completion, Fingerprint, FoundType, Group, Guard,
    Kind, NewResourceType, NewTask, Page, Plan, Reference, ReferenceList, Resolution, ResourceTypeId,
    ResourceTypeUpdate, Scope, TaskAction, Timestamp, Uuid,
};
use headcount_testing::small::{APP, SESSION, account, app, group, parsed, task};
use serde::{Deserialize, Deserializer};

fn push(slug: &'static str, page: Page<'static>) -> Command<'static> {
    Command::PushPage { app_id: APP, session_id: SESSION, slug: slug.into(), page }
}

fn push_leniently(slug: &'static str, page: Page<'static>) -> Command<'static> {
    Command::PushLenientPage { app_id: APP, session_id: SESSION, slug: slug.into(), page }
}

fn upsert(slug: &'static str, page: Page<'static>) -> Command<'static> {
    Command::UpsertRecords { app_id: APP, slug: slug.into(), page }
}

/// An account with every field, two lists under one slug, a list that is null, and names.
fn a_full_account() -> Account<'static> {
    let text = |text: &'static str| Some(text.into());
    Account {
        id: "CN=Élise \"E\" Müller\\, OU=\u{1F3E2}\n".into(),
        email: text("a@b"),
        username: text("user"),
        first_name: text("Élise"),
        last_name: text(""),
        display_name: text("\u{0}\u{202e}"),
        status: text("suspended"),
        memberships: vec![
            ReferenceList::new("team", ["g1"]),
            ReferenceList::new("team", [Reference::new("g2").with_name("Name")]),
            ReferenceList { slug: "role".into(), references: None },
        ],
        assignments: vec![ReferenceList::new("seat", [] as [&str; 0])],
        attributes: Some(vec![
            Attribute::new("text", "\u{0}\u{202e}"),
            Attribute::new("integer", i64::MIN),
            Attribute::new("boolean", false),
            Attribute::new("texts", AttributeValue::texts(["a", ""])),
            Attribute::new("wrong", AttributeValue::WrongType(FoundType::Other)),
            Attribute { name: "\n".into(), value: None },
            Attribute::new("text", ""),
        ]),
    }
}

/// Each variant, those with alternatives more than once.
fn every_command() -> Vec<Command<'static>> {
    let (app_id, session_id, task_id) = (APP, SESSION, task(7));
    let resource_type_id = ResourceTypeId(Uuid::from_u128(u128::MAX));
    let full = Group { description: Some("Text".into()), ..group("g1", "Name") };
    let misread =
        r#"{"records": [{"id": 7}, null, {"id": "u", "memberships": {"team": [1, {"name": []}], "x": 0}}]}"#;
    let guard = Guard::NONE.with_max_count(u64::MAX).with_max_percent(100);
    let create_task = |new| Command::CreateTask { app_id, task_id, new };
    let new_task = NewTask::new(TaskAction::UnsuspendAccount, "account");
    let resolve = |resolution| Command::ResolveTask { app_id, task_id, resolution };
    let update_type = |update| Command::UpdateResourceType { app_id, slug: "team".into(), update };
    vec![
        Command::CreateApp { app_id, name: "App".into(), clone_from: None },
        Command::CreateApp { app_id, name: "".into(), clone_from: Some(app(2)) },
        Command::UpdateApp { app_id, update: AppUpdate::default() },
        Command::UpdateApp { app_id, update: AppUpdate::default().with_name("New").with_guard(guard) },
        Command::DeleteApp { app_id },
        Command::RegisterResourceType {
            app_id,
            resource_type_id,
            new: NewResourceType::new("s", "S", Kind::License),
        },
        update_type(ResourceTypeUpdate::default()),
        update_type(ResourceTypeUpdate::default().with_name("N").with_slug("s").with_kind(Kind::Account)),
        Command::StartSession { app_id, session_id, scope: Scope::All },
        Command::StartSession { app_id, session_id, scope: Scope::types(["account", "team"]) },
        push("account", Page::accounts([a_full_account(), account("u2")])),
        push("account", Page::accounts([])),
        push("account", parsed(Kind::Account, misread)),
        push("team", Page::groups([full.clone(), group("", "")])),
        push("seat", Page::licenses([full])),
        Command::CompleteSession { app_id, session_id, completion: Completion::GUARDED },
        Command::CompleteSession { app_id, session_id, completion: Completion::FORCED },
        Command::AbandonSession { app_id, session_id },
        Command::FailSession { app_id, session_id, reason: "lost".into() },
        Command::RunCleanup { app_id, session_id, budget: NonZeroU64::MAX },
        create_task(new_task.clone()),
        create_task(new_task.with_payload("{\"a\": 1}").with_execute_after(Timestamp(i64::MIN))),
        resolve(Resolution::Completed { result: None }),
        resolve(Resolution::Completed { result: Some("ok".into()) }),
        resolve(Resolution::Failed { code: "code".into(), message: "message".into() }),
        Command::PurgeInactive { app_id, inactive_before: Timestamp(-1) },
        push("team", Page::groups([group("g1", "Name")]).with_fingerprint(Fingerprint(u128::MAX))),
        push("account", Page::accounts([a_full_account()]).with_fingerprint(Fingerprint(1))),
        push("account", parsed(Kind::Account, misread).with_fingerprint(Fingerprint(0))),
        Command::RepeatPage { app_id, session_id, slug: "team".into(), fingerprint: Fingerprint(1 << 127) },
        Command::ExpireSessions { last_activity_before: Timestamp(i64::MAX) },
        Command::SaveCheckpoint { app_id, session_id, checkpoint: None },
        Command::SaveCheckpoint { app_id, session_id, checkpoint: Some("page 17".into()) },
        Command::ExcludeTypes { app_id, session_id, types: Vec::new() },
        Command::WaiveGuard { app_id, session_id },
        Command::CompleteSession { app_id, session_id, completion: Completion::GUARDED.with_plan(Plan(7)) },
        Command::CompleteSession {
            app_id,
            session_id,
            completion: Completion::FORCED.with_plan(Plan(u128::MAX)),
        },
        Command::UpdateApp { app_id, update: AppUpdate::default().with_guard(guard.with_required_pages()) },
        Command::ExcludeTypes { app_id, session_id, types: vec!["team".into(), "é".into()] },
        Command::EraseRecord { app_id, slug: "account".into(), id: "CN=\"E\"\\\u{0}".into() },
        Command::EraseRecord { app_id, slug: "".into(), id: "".into() },
        push_leniently("account", Page::accounts([a_full_account(), account("u2")])),
        push_leniently("account", parsed(Kind::Account, misread).with_fingerprint(Fingerprint(1))),
        push_leniently("team", Page::groups([])),
        upsert("account", Page::accounts([a_full_account(), account("u2")])),
        upsert("account", parsed(Kind::Account, misread)),
        upsert("team", Page::groups([group("g1", "Name")]).with_fingerprint(Fingerprint(1))),
        Command::DeactivateRecords { app_id, slug: "account".into(), ids: Vec::new() },
        Command::DeactivateRecords { app_id, slug: "".into(), ids: vec!["u1".into(), "é".into()] },
    ]
}

/// A command is named in JSON as its method is in Rust, and none is left out above.
#[test]
fn every_command_is_among_those_that_are_tried() {
    let name = |command: &Command<'_>| {
        let value = serde_json::to_value(command).expect("a value");
        value.as_object().and_then(|fields| fields.keys().next()).expect("a variant").clone()
    };
    let tried: BTreeSet<String> = every_command().iter().map(name).collect();
    let methods = include_str!("../src/values/command.rs").lines();
    let methods = methods.filter_map(|line| line.strip_prefix("    /// [`Engine::")?.split('`').next());
    assert_eq!(tried, methods.map(str::to_owned).collect());
    assert!(tried.len() >= 15, "{tried:?}");
}

#[test]
fn a_command_reads_back_from_json() {
    for command in every_command() {
        let text = serde_json::to_string(&command).expect("text");
        let read: Command<'_> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(read, command);
        assert_eq!(read.into_owned(), command);
    }
}

#[test]
fn a_command_reads_back_from_ron() {
    for command in every_command() {
        for text in [
            ron::to_string(&command),
            ron::ser::to_string_pretty(&command, ron::ser::PrettyConfig::default()),
        ] {
            let text = text.expect("text");
            let read: Command<'_> = ron::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(read, command);
        }
    }
}

#[test]
fn a_command_reads_back_from_postcard() {
    for command in every_command() {
        let bytes = postcard::to_allocvec(&command).expect("bytes");
        let (read, rest): (Command<'_>, _) = postcard::take_from_bytes(&bytes).expect("a command");
        assert_eq!((read, rest), (command, &[][..]));
    }
}

/// For a decoder that reads from a stream, of which nothing can be borrowed.
#[derive(Debug)]
struct Owned(Command<'static>);

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Command::deserialize(deserializer).map(|command| Self(command.into_owned()))
    }
}

#[test]
fn a_command_reads_back_from_cbor_and_messagepack() {
    for command in every_command() {
        let mut bytes = Vec::new();
        ciborium::into_writer(&command, &mut bytes).expect("bytes");
        let read: Result<Owned, _> = ciborium::from_reader(&*bytes);
        assert_eq!(read.unwrap_or_else(|error| panic!("{error}: {command:?}")).0, command);
        for bytes in [rmp_serde::to_vec(&command), rmp_serde::to_vec_named(&command)] {
            let bytes = bytes.expect("bytes");
            let read: Command<'_> =
                rmp_serde::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {command:?}"));
            assert_eq!(read, command);
        }
    }
}

/// A journal is read at the cost of its bytes: what lies there as it is needs no copy.
#[test]
fn the_texts_of_a_command_borrow_from_what_it_is_read_from() {
    let command = push("account", Page::accounts([account("u1")]));
    let bytes = postcard::to_allocvec(&command).expect("bytes");
    let read: Command<'_> = postcard::from_bytes(&bytes).expect("a command");
    let Command::PushPage { page, .. } = &read else { panic!("a push") };
    let headcount::Records::Accounts(accounts) = page.records() else { panic!("accounts") };
    let within = |text: &str| bytes.as_ptr_range().contains(&text.as_ptr());
    assert!(within(&accounts[0].id) && accounts[0].username.as_deref().is_some_and(within));
}
