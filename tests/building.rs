//! What a host writes by hand: records made step by step, pages of any number of them, values that print themselves,
//! iterators that are kept.

use std::borrow::Cow;
use std::time::Duration;

use headcount::{
    Account, AccountStatus, AppId, AppView, Apps, Attribute, AttributeValue, Change, ChangeDisplay, Command,
    Completion, Config, Engine, Fact, Field, Fields, Group, LenientOutcome, License, Members, Owned, Page,
    PageOutcome, Pages, Preview, RecordFilter, RecordKey, RecordView, Reference, ReferenceList,
    ReferenceViews, Reply, ResourceTypeId, ResourceTypes, Scope, SessionCounts, SessionId, SessionViews,
    TaskId, Timestamp,
};
use headcount_testing::small::{self, APP, NOW, SESSION, complete, push, push_in, session};

#[test]
fn a_record_that_is_made_step_by_step_is_that_of_its_fields() {
    let (design, name) = (String::from("g2"), String::from("Design"));
    let made = Account::new("u1")
        .with_email("a@acme.com")
        .with_username(String::from("alice"))
        .with_first_name("Alice")
        .with_last_name(Cow::Borrowed("Smith"))
        .with_display_name("Alice Smith")
        .with_status(AccountStatus::Suspended)
        .member_of("team", "g1")
        .member_of("project", String::from("p1"))
        .member_of("team", Reference::new(&design).with_name(&name))
        .member_of("team", (&design, &name))
        .with_memberships("role", Vec::<&str>::new())
        .assigned("seat", "pro")
        .with_assignments("badge", ["b1", "b2"])
        .with_attribute("level", 3)
        .with_attribute("desks", vec![String::from("B-12")]);
    let named = || Reference { id: "g2".into(), name: Some("Design".into()) };
    let list = |slug, references| ReferenceList { slug: Cow::Borrowed(slug), references: Some(references) };
    let expected = Account {
        id: "u1".into(),
        email: Some("a@acme.com".into()),
        username: Some("alice".into()),
        first_name: Some("Alice".into()),
        last_name: Some("Smith".into()),
        display_name: Some("Alice Smith".into()),
        status: Some("suspended".into()),
        memberships: vec![
            list("team", vec![Reference::new("g1"), named(), named()]),
            list("project", vec![Reference::new("p1")]),
            list("role", vec![]),
        ],
        assignments: vec![
            list("seat", vec![Reference::new("pro")]),
            list("badge", vec![Reference::new("b1"), Reference::new("b2")]),
        ],
        attributes: Some(vec![
            Attribute::new("level", 3_i64),
            Attribute::new("desks", AttributeValue::texts(["B-12"])),
        ]),
    };
    assert_eq!(made, expected);
    let mut null =
        Account { memberships: vec![ReferenceList { slug: "team".into(), references: None }], ..made };
    null = null.member_of("team", "g1");
    assert_eq!(null.memberships, [list("team", vec![Reference::new("g1")])], "a null list is filled");

    let license: License<'_> =
        Group::new("pro", String::from("Pro")).with_description("All of it").with_attribute("price", 12_u32);
    let attributes = Some(vec![Attribute::new("price", 12_i64)]);
    assert_eq!(
        license,
        Group { id: "pro".into(), name: "Pro".into(), description: Some("All of it".into()), attributes }
    );
}

/// The texts are borrowed where they can be, and an owned one makes a record that can be sent anywhere.
#[test]
fn a_record_borrows_what_it_is_given_borrowed() {
    let id = String::from("u1");
    let borrowed = Account::new(&id).with_username(&*id).member_of("team", &id);
    assert!(matches!(borrowed.id, Cow::Borrowed(_)));
    let owned: Account<'static> =
        Account::new(id.clone()).with_username(id.clone()).member_of("team", id.clone());
    assert_eq!(owned, borrowed);
}

#[test]
fn pages_of_any_number_are_pushed_one_after_the_other() {
    let mut engine = small::engine(small::config(|limits| limits.records_per_page_max = 7));
    let accounts =
        (0..50).map(|number| Account::new(format!("u{number}")).with_username("x").member_of("team", "g1"));
    let mut sizes = Vec::new();
    for page in Page::split_accounts(accounts, engine.config().limits()) {
        sizes.push(push(&mut engine, &page).expect("a page").total);
    }
    assert_eq!(sizes, [7, 7, 7, 7, 7, 7, 7, 1]);
    let team = engine.app(APP).and_then(|app| app.record("team", "g1")).expect("a placeholder");
    assert_eq!(team.member_count(), 50);
}

#[test]
fn moments_are_added_to_and_do_not_pass_the_ends_of_time() {
    let day = Duration::from_secs(86_400);
    let at = Timestamp::since_epoch(Duration::from_millis(1_736_935_200_000));
    assert_eq!(at, Timestamp::from(1_736_935_200_000));
    assert_eq!(i64::from(at.saturating_add(day)) - i64::from(at), 86_400_000);
    assert_eq!(at.saturating_add(day).saturating_sub(day), at);
    assert_eq!(at.saturating_add(Duration::from_micros(999)), at, "whole milliseconds");
    for far in [Duration::MAX, Duration::from_millis(u64::MAX)] {
        assert_eq!(at.saturating_add(far), Timestamp(i64::MAX));
        assert_eq!(at.saturating_sub(far), Timestamp(i64::MIN));
        assert_eq!(Timestamp::since_epoch(far), Timestamp(i64::MAX));
    }
    assert_eq!(Timestamp(i64::MIN).saturating_add(Duration::from_millis(u64::MAX)), Timestamp(i64::MAX));
}

/// What changed, as a log has it.
fn told(engine: &Engine) -> Vec<String> {
    engine.changes().map(|change| engine.display(&change).to_string()).collect()
}

#[test]
fn changes_print_themselves_with_names_in_one_line_each() {
    let mut engine = small::engine(Config::new());
    let alice = Account::new("u1").with_username("alice").member_of("team", "g1\nERROR \u{1b}[31m");
    let _ = push(&mut engine, &Page::accounts([alice.clone()])).expect("a page");
    let first = engine.seq() - 2;
    let expected = [
        format!(r#"change {first} of "Synthetic": account "u1" was created"#),
        format!(
            r#"change {} of "Synthetic": team "g1\nERROR \u{{1b}}[31m" was made as a placeholder"#,
            first + 1
        ),
        format!(
            r#"change {} of "Synthetic": account "u1" was added to team "g1\nERROR \u{{1b}}[31m""#,
            first + 2
        ),
    ];
    assert_eq!(told(&engine), expected);
    let renamed =
        Account { memberships: vec![ReferenceList::new("team", ["g2"])], ..alice }.with_email("a@acme.com");
    let _ = push(&mut engine, &Page::accounts([renamed.with_last_name("Smith")])).expect("a page");
    assert_eq!(
        told(&engine)[0],
        format!(r#"change {} of "Synthetic": account "u1" was updated: email, last_name"#, first + 3)
    );

    // Who has nothing but the values is told the ids.
    let (type_id, change) = (ResourceTypeId::from_u128(2), engine.changes().last().expect("a change"));
    let key = RecordKey { resource_type_id: type_id, id: "g1".into() };
    assert_eq!(key.to_string(), format!("record \"g1\" of type {type_id}"));
    assert!(
        change
            .to_string()
            .starts_with(&format!("change {} of app {APP}: record \"u1\" of type ", change.seq))
    );
    let app = engine.app(APP).expect("an app");
    assert_eq!(app.display(&key).to_string(), "team \"g1\"");
    let unknown = RecordKey { resource_type_id: ResourceTypeId::from_u128(77), ..key };
    assert_eq!(app.display(&unknown).to_string(), unknown.to_string());

    engine.delete_app(NOW, APP).expect("it goes");
    assert_eq!(told(&engine), [format!("change {} of app {APP}: the app was deleted", engine.seq())]);
}

/// Each fact is a line of its own words.
#[test]
fn no_two_facts_print_alike() {
    let record = || RecordKey { resource_type_id: ResourceTypeId::from_u128(1), id: "u1".into() };
    let target = || RecordKey { resource_type_id: ResourceTypeId::from_u128(2), id: "g1".into() };
    let (session_id, task_id, resource_type_id) =
        (SESSION, TaskId::from_u128(1), ResourceTypeId::from_u128(1));
    let facts = [
        Fact::AppCreated { clone_from: None },
        Fact::AppCreated { clone_from: Some(APP) },
        Fact::AppUpdated,
        Fact::AppDeleted,
        Fact::ResourceTypeRegistered { resource_type_id },
        Fact::ResourceTypeUpdated { resource_type_id },
        Fact::SessionOpened { session_id },
        Fact::SessionChanged { session_id },
        Fact::SessionCompleting { session_id },
        Fact::SessionEnded { session_id, status: headcount::SessionStatus::Completed },
        Fact::SessionEnded { session_id, status: headcount::SessionStatus::Error },
        Fact::RecordCreated { record: record() },
        Fact::RecordUpdated { record: record(), fields: [Field::Name].into_iter().collect() },
        Fact::RecordDeactivated { record: record() },
        Fact::RecordReactivated { record: record() },
        Fact::RecordPurged { record: record() },
        Fact::PlaceholderMade { record: record() },
        Fact::PlaceholderNamed { record: record() },
        Fact::PlaceholderWoken { record: record() },
        Fact::PlaceholderFilled { record: record() },
        Fact::ReferenceAdded { account: record(), target: target() },
        Fact::ReferenceRemoved { account: record(), target: target() },
        Fact::TaskCreated { task_id },
        Fact::TaskResolved { task_id },
    ];
    let lines: std::collections::BTreeSet<String> = facts.iter().map(Fact::to_string).collect();
    assert_eq!(lines.len(), facts.len(), "{lines:#?}");
    assert!(lines.iter().all(|line| !line.contains('\n')));
}

#[test]
fn outcomes_print_what_happened_and_leave_out_what_did_not() {
    let mut engine = small::engine_with_an_account();
    let account = |id| small::account(id);
    let outcome =
        push(&mut engine, &Page::accounts([small::member("u1", ["g1"]), account("u2")])).expect("a page");
    assert_eq!(outcome.to_string(), "2 records: 1 created, 1 updated, of them 1 unchanged");
    assert_eq!(Reply::Page(outcome).to_string(), outcome.to_string());
    assert_eq!(PageOutcome::default().to_string(), "0 records: none taken");
    let mut bad = account("u2");
    bad.username = Some("\0".into());
    let page = Page::accounts([bad, small::member("u3", ["g9"])]);
    let outcome = engine.push_lenient_page(NOW, APP, SESSION, "account", &page).expect("a page");
    let expected = "2 records: 1 created; 1 placeholders; 1 rejected with 1 faults, 1 of them retained";
    assert_eq!(outcome.to_string(), expected);
    assert_eq!(LenientOutcome::from(PageOutcome::default()).to_string(), "0 records: none taken");
    assert_eq!(SessionCounts::default().to_string(), "nothing yet");
    let counts = engine.app(APP).and_then(|app| app.session(SESSION)).expect("a session").counts();
    let expected = "3 created, 1 updated, 1 unchanged, 2 placeholders, 2 references added, 1 rejected";
    assert_eq!(counts.to_string(), expected);
    let outcome = engine.deactivate_records(NOW, APP, "account", &["u1", "nobody"]).expect("a delta");
    assert_eq!(outcome.to_string(), "2 ids: 1 deactivated, 1 unknown");
    engine.complete_session(NOW, APP, SESSION, Completion::GUARDED).expect("no guard");
    let step = engine.run_cleanup(NOW, APP, SESSION, std::num::NonZeroU64::MAX).expect("a cleanup");
    assert_eq!(step.to_string(), "1 deactivated; the session is completed");
    let purged = engine.purge_inactive(NOW, APP, Timestamp(9)).expect("a purge");
    assert_eq!(purged.to_string(), "2 records removed, and 0 references to them");
    assert_eq!(engine.expire_sessions(NOW, NOW).to_string(), "0 sessions expired");
    assert_eq!(Reply::Done.to_string(), "done");
}

/// Which fields are in a set, in the order of their bits, and as a text.
#[test]
fn a_set_of_fields_is_gone_through_and_printed() {
    let all: Fields = Field::ALL.iter().copied().collect();
    assert!(all.into_iter().eq(Field::ALL.iter().copied()));
    assert_eq!(all.iter().len(), Field::ALL.len());
    let some: Fields = [Field::Status, Field::Email].into_iter().collect();
    assert_eq!((some.to_string(), some.iter().len()), ("email, status".to_owned(), 2));
    assert_eq!(Fields::default().to_string(), "");
}

/// Types that a caller can name, keep in a struct, and clone.
struct Kept<'a> {
    apps: Apps<'a>,
    types: ResourceTypes<'a>,
    sessions: SessionViews<'a>,
    members: Members<'a>,
    references: ReferenceViews<'a>,
    pages: Pages<'a, std::vec::IntoIter<Account<'a>>>,
}

#[test]
fn iterators_have_names_and_are_kept() {
    let engine = small::engine_with_an_account();
    let app: AppView<'_> = engine.app(APP).expect("an app");
    let record = |slug, id| -> RecordView<'_> { app.record(slug, id).expect("a record") };
    let kept = Kept {
        apps: engine.apps(),
        types: app.resource_types(),
        sessions: app.sessions(),
        members: record("team", "g1").members(),
        references: record("account", "u1").references(),
        pages: Page::split_accounts(vec![Account::new("u1")], engine.config().limits()),
    };
    let debugged = format!("{:?} {:?}", kept.apps, kept.members);
    assert!(debugged.contains("\"Synthetic\"") && debugged.contains("left: 1"), "{debugged}");
    assert_eq!((kept.apps.len(), kept.types.len(), kept.members.len()), (1, 3, 1));
    assert_eq!(kept.types.clone().rev().map(|of| of.slug()).collect::<Vec<_>>(), ["seat", "team", "account"]);
    assert_eq!(kept.sessions.clone().next_back().map(|session| session.id()), Some(SESSION));
    assert_eq!(kept.references.clone().chain(kept.members.clone()).count(), 2);
    assert_eq!(format!("{:?}", kept.references), r#"[("team", "g1")]"#);
    assert_eq!(kept.pages.clone().count(), kept.pages.count());
    let preview: Preview<'_> = app.preview(SESSION).expect("in progress");
    let by_type: Vec<_> = preview.by_type().map(|(of, count)| (of.slug(), count)).collect();
    assert_eq!(by_type, [("account", 0), ("team", 0), ("seat", 0)]);
    assert_eq!(preview.records().count(), 0);
    let progress = app.session(SESSION).expect("a session").progress();
    assert_eq!((progress.len(), progress.clone().count()), (3, 3));
}

/// Whoever looks at a value in a debugger or a log sees what it is about.
#[test]
fn debug_shows_what_a_person_wants_to_know() {
    let mut engine = small::engine_with_an_account();
    let shown = |text: String, expected: &[&str]| {
        expected.iter().for_each(|part| assert!(text.contains(part), "no {part} in {text}"));
    };
    shown(format!("{engine:?}"), &["apps: 1", "records: 2", "changes: 3"]);
    let app = engine.app(APP).expect("an app");
    shown(
        format!("{app:?}"),
        &["\"Synthetic\"", "\"team\": RecordCounts { active: 1", "InProgress", "1 created"],
    );
    let team = app.record("team", "g1").expect("a placeholder");
    shown(format!("{team:?}"), &["\"team\"", "\"g1\"", "is_placeholder: true", "members: 1"]);
    let account = app.record("account", "u1").expect("an account");
    shown(format!("{account:?}"), &["\"u1\"", "username: \"x\"", "is_active: true", "references: 1"]);
    assert!(!format!("{account:?}").contains("email"), "what it lacks is left out");
    engine.fail_session(NOW, APP, SESSION, "lost").expect("in progress");
    let session = engine.app(APP).and_then(|app| app.session(SESSION)).expect("it is kept");
    shown(format!("{session:?}"), &["Error", "\"lost\"", "1 created"]);
    engine.start_session(NOW, APP, session_two(), &Scope::All).expect("a session");
    let preview = engine.app(APP).expect("an app").preview(session_two()).expect("in progress");
    shown(format!("{preview:?}"), &["total: 2", "\"account\": 1", "\"team\": 1"]);

    let account =
        Account::new("u1").with_email("a@b").member_of("team", ("g1", "One")).with_attribute("level", 3);
    let expected = r#"Account { id: "u1", email: "a@b", memberships: {"team": ["g1" ("One")]}, attributes: {"level": 3} }"#;
    assert_eq!(format!("{account:?}"), expected);
    assert_eq!(format!("{:?}", Group::new("g1", "One")), r#"Group { id: "g1", name: "One" }"#);
    assert_eq!(format!("{:?}", Reference::new("g1")), r#""g1""#);
}

fn session_two() -> SessionId {
    session(2)
}

/// What an owning decoder asks for, of each value that borrows.
#[test]
fn an_owned_value_is_read_where_nothing_can_be_borrowed() {
    fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
        serde_json::from_reader(text.as_bytes()).expect("a value")
    }
    let account =
        Account::new("u1").with_email("a@acme.com").member_of("team", "g1").with_attribute("level", 3);
    let text = |value: &dyn Fn() -> serde_json::Result<String>| value().expect("text");
    let Owned(read_account): Owned<Account<'static>> = read(&text(&|| serde_json::to_string(&account)));
    assert_eq!(read_account, account);
    let group = Group::new("g1", "One");
    assert_eq!(read::<Owned<Group<'static>>>(&text(&|| serde_json::to_string(&group))).0, group);
    let reference = Reference::from(("g1", "One"));
    assert_eq!(read::<Owned<Reference<'static>>>(&text(&|| serde_json::to_string(&reference))).0, reference);
    let page = Page::accounts([account]);
    assert_eq!(read::<Owned<Page<'static>>>(&text(&|| serde_json::to_string(&page))).0, page);
    let command = Command::PushPage { app_id: APP, session_id: SESSION, slug: "account".into(), page };
    assert_eq!(read::<Owned<Command<'static>>>(&text(&|| serde_json::to_string(&command))).0, command);
    let engine = small::engine_with_an_account();
    for change in engine.changes() {
        let Owned(read_change): Owned<Change<'static>> = read(&text(&|| serde_json::to_string(&change)));
        assert_eq!(read_change, change);
    }
}

/// A table with columns that are no field of a record, fields that are empty, and texts that look like numbers.
#[test]
fn rows_of_csv_are_records() {
    let file =
        "id,teams,email,username,status,first_name\n007,g1;g2,a@acme.com,,active,1\n8,,,\"b, or not\",,\n";
    let mut rows = csv::Reader::from_reader(file.as_bytes());
    let accounts: Result<Vec<_>, _> = rows.deserialize::<Owned<Account<'static>>>().collect();
    let accounts: Vec<Account<'_>> =
        accounts.expect("rows").into_iter().map(|Owned(account)| account).collect();
    let expected = [
        Account::new("007").with_email("a@acme.com").with_status(AccountStatus::Active).with_first_name("1"),
        Account::new("8").with_username("b, or not"),
    ];
    assert_eq!(accounts, expected);
    let mut engine = small::engine(Config::new());
    assert_eq!(push(&mut engine, &Page::accounts(accounts)).map(|outcome| outcome.created), Ok(2));
    assert_eq!(complete(&mut engine, SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(2), &Page::accounts([])).expect("a page");
    let all = engine.app(APP).and_then(|app| app.records("account", RecordFilter::All)).expect("a type");
    assert_eq!(all.map(|record| record.id()).collect::<Vec<_>>(), ["007", "8"]);
}

#[test]
fn ids_are_made_of_numbers() {
    assert_eq!(AppId::from_u128(1), APP);
    assert_eq!(SessionId::from_u128(7).to_string(), "00000000-0000-0000-0000-000000000007");
}

/// The display of a change can be kept as long as the change and the engine.
#[test]
fn what_displays_a_change_is_a_value() {
    let engine = small::engine_with_an_account();
    let changes: Vec<Change<'_>> = engine.changes().collect();
    let shown: Vec<ChangeDisplay<'_>> = changes.iter().map(|change| engine.display(change)).collect();
    assert_eq!(shown.len(), 3);
    assert!(shown.iter().all(|change| change.to_string().starts_with("change ")));
}
