//! The page parser, and the round trips of everything that serde can write.

use std::borrow::Cow;

use headcount::{
    Account, AppId, Change, Command, Completion, Config, Engine, Kind, Limits, NewResourceType, Page,
    PageSeed, Reference, Reply, Scope, SessionId, Timestamp, Uuid,
};
use serde::de::DeserializeSeed;

fn parse(kind: Kind, body: &str) -> Result<Page<'_>, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(body);
    let page = PageSeed::new(kind, &Limits::default()).deserialize(&mut parser)?;
    parser.end()?;
    Ok(page)
}

fn account(body: &str) -> Account<'_> {
    match parse(Kind::Account, body) {
        Ok(Page::accounts(mut accounts)) => accounts.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn absent_null_and_empty_are_one_and_unknown_fields_are_ignored() {
    let expected = Account { id: "u1".into(), username: Some("a".into()), ..Account::default() };
    assert_eq!(account(r#"{"records": [{"id": "u1", "username": "a"}]}"#), expected);
    let nulls = r#"{"records": [{"id": "u1", "username": "a", "email": null, "status": null,
        "memberships": null, "assignments": {"seat": null}, "unknown": {"deep": [1, 2]}}], "also": null}"#;
    assert_eq!(account(nulls), expected);
    // An id that is null or missing is a fault of the record, not of the body.
    assert_eq!(account(r#"{"records": [{"id": null}]}"#), Account::default());
    assert_eq!(account(r#"{"records": [{}]}"#), Account::default());
}

#[test]
fn a_wrong_type_is_a_fault_of_the_whole_body() {
    for body in [
        "",
        "[]",
        "{}",
        "null",
        r#"{"records": null}"#,
        r#"{"records": {}}"#,
        r#"{"records": [null]}"#,
        r#"{"records": [1]}"#,
        // Which serde would take for structs.
        r#"[[{"id": "u1"}]]"#,
        r#"{"records": [["u1", "a@b"]]}"#,
        r#"{"records": [{"id": "u1", "memberships": {"team": [["g1"]]}}]}"#,
        r#"{"records": [{"id": 1}]}"#,
        r#"{"records": [{"id": "u1", "memberships": []}]}"#,
        r#"{"records": [{"id": "u1", "memberships": {"team": {}}}]}"#,
        r#"{"records": [{"id": "u1", "memberships": {"team": [null]}}]}"#,
        r#"{"records": [{"id": "u1", "memberships": {"team": ["g1"]}}]}"#,
        r#"{"records": [{"id": "u1", "id": "u2"}]}"#,
        r#"{"records": [], "records": []}"#,
        r#"{"records": []"#,
        r#"{"records": []} x"#,
    ] {
        assert!(parse(Kind::Account, body).is_err(), "{body}");
    }
    assert!(parse(Kind::Account, r#"{"records": []}"#).is_ok());
}

#[test]
fn texts_borrow_from_the_body_where_it_holds_them_as_they_are() {
    let body = r#"{"records": [{"id": "u1", "email": "a@b", "first_name": "A\u00e9",
        "memberships": {"team": [{"id": "g1", "name": "One"}]}}]}"#;
    let account = account(body);
    let borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
    assert!(borrowed(&account.id) && account.email.as_ref().is_some_and(borrowed));
    assert!(account.first_name.as_ref().is_some_and(|name| !borrowed(name)), "an escape must be decoded");
    let (slug, list) = &account.memberships[0];
    assert!(borrowed(slug) && borrowed(&list[0].id) && list[0].name.as_ref().is_some_and(borrowed));
}

#[test]
fn the_parser_stops_at_the_limit_on_records() {
    let body = |records: usize| format!("{{\"records\": [{}]}}", vec!["{}"; records].join(","));
    assert_eq!(parse(Kind::Group, &body(100)).expect("a page").len(), 100);
    let error = parse(Kind::Group, &body(101)).expect_err("too many").to_string();
    assert!(error.contains("too many records, expected at most 100"), "{error}");
}

#[test]
fn the_kind_of_the_page_is_what_was_asked_for() {
    for kind in [Kind::Account, Kind::Group, Kind::License] {
        let body = r#"{"records": [{"id": "x", "name": "Name", "description": "Some"}]}"#;
        let page = parse(kind, body).expect("a page");
        assert_eq!((page.kind(), page.len(), page.is_empty()), (kind, 1, false));
    }
}

#[test]
fn two_lists_under_one_slug_count_as_one() {
    let body =
        r#"{"records": [{"id": "u1", "memberships": {"team": [{"id": "g1"}], "team": [{"id": "g2"}]}}]}"#;
    assert_eq!(account(body).memberships.len(), 2);
}

#[test]
fn replies_changes_and_commands_round_trip_in_both_formats() {
    let (app, session) = (AppId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
    let reference = Reference { id: "g1".into(), name: None };
    let pushed = Account {
        id: "u1".into(),
        email: Some("a@b".into()),
        memberships: vec![("team".into(), vec![reference])],
        ..Account::default()
    };
    let commands = [
        Command::CreateApp { app_id: app, name: "App".into(), clone_from: None },
        register(app, 1, "account", Kind::Account),
        register(app, 2, "team", Kind::Group),
        Command::StartSession { app_id: app, session_id: session, scope: Scope::types(["account", "team"]) },
        Command::PushPage {
            app_id: app,
            session_id: session,
            slug: "account".into(),
            page: Page::accounts([pushed]),
        },
        Command::CompleteSession { app_id: app, session_id: session, completion: Completion::FORCED },
        Command::RunCleanup { app_id: app, session_id: session, budget: std::num::NonZeroU64::MAX },
        Command::PurgeInactive { app_id: app, inactive_before: Timestamp(5) },
    ];
    let mut engine = Engine::new(Config::new());
    for command in commands {
        let bytes = postcard::to_allocvec(&command).expect("bytes");
        assert_eq!(postcard::from_bytes::<Command<'_>>(&bytes).expect("a command"), command);
        let text = serde_json::to_string(&command).expect("text");
        assert_eq!(serde_json::from_str::<Command<'_>>(&text).expect("a command").into_owned(), command);
        let reply = engine.apply(Timestamp(1), &command).expect("a reply");
        let text = serde_json::to_string(&reply).expect("text");
        assert_eq!(serde_json::from_str::<Reply>(&text).expect("a reply"), reply);
        for change in engine.changes() {
            let bytes = postcard::to_allocvec(&change).expect("bytes");
            assert_eq!(postcard::from_bytes::<Change<'_>>(&bytes).expect("a change"), change);
            let text = serde_json::to_string(&change).expect("text");
            assert_eq!(serde_json::from_str::<Change<'_>>(&text).expect("a change").into_owned(), change);
        }
    }
}

fn register(app: AppId, id: u128, slug: &'static str, kind: Kind) -> Command<'static> {
    let id = headcount::ResourceTypeId(Uuid::from_u128(id));
    Command::RegisterResourceType {
        app_id: app,
        resource_type_id: id,
        new: NewResourceType { slug: slug.into(), name: "Type".into(), kind },
    }
}
