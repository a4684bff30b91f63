//! The page parser, in each format, and the round trips of what a host keeps.

use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::num::NonZeroU64;

use headcount::{
    Account, AppId, AppUpdate, Attribute, AttributeValue, Attributes, Command, Completion, FoundType, Group,
    Guard, Kind, Limits, NewResourceType, NewTask, Page, PageSeed, Records, Reference, ReferenceList,
    Resolution, ResourceTypeId, ResourceTypeUpdate, Scope, SessionId, TaskAction, TaskId, Timestamp, Uuid,
};
use proptest::prelude::*;
use serde::de::{Deserialize, DeserializeSeed, Deserializer};
use serde::ser::Serialize;
use serde_json::{Value, json};

fn seed(kind: Kind) -> PageSeed {
    PageSeed::new(kind, &Limits::default())
}

fn parse(kind: Kind, body: &str) -> Result<Page<'_>, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(body);
    let page = seed(kind).deserialize(&mut parser)?;
    parser.end()?;
    Ok(page)
}

fn account(body: &str) -> Account<'_> {
    let page = parse(Kind::Account, body).unwrap_or_else(|error| panic!("{body}: {error}"));
    accounts(&page)[0].clone()
}

fn accounts<'p, 'a>(page: &'p Page<'a>) -> &'p [Account<'a>] {
    let Records::Accounts(accounts) = page.records() else { panic!("{page:?}") };
    accounts
}

fn error(body: &str) -> String {
    match parse(Kind::Account, body) {
        Ok(page) => panic!("{body}: {page:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn absent_null_and_empty_are_one_and_unknown_fields_are_ignored() {
    let expected = Account { id: "u1".into(), username: Some("a".into()), ..Account::default() };
    assert_eq!(account(r#"{"records": [{"id": "u1", "username": "a"}]}"#), expected);
    let nulls = r#"{"before": [{}], "records": [{"id": "u1", "username": "a", "email": null, "status": null,
        "memberships": null, "assignments": {}, "unknown": {"deep": [1, 2]}}], "also": null}"#;
    assert_eq!(account(nulls), expected);
    // An id that is null or missing is a fault of the record, not of the body.
    assert_eq!(account(r#"{"records": [{"id": null}]}"#), Account::default());
    assert_eq!(account(r#"{"records": [{}]}"#), Account::default());
}

#[test]
fn a_key_stays_whatever_its_list_is() {
    let account = account(r#"{"records": [{"memberships": {"a": null, "b": [], "": 5}}]}"#);
    let list = |slug: &'static str, references| ReferenceList { slug: slug.into(), references };
    assert_eq!(account.memberships, [list("a", None), list("b", Some(vec![])), list("", None)]);
}

#[test]
fn two_lists_under_one_slug_are_kept_in_order() {
    let body =
        r#"{"records": [{"id": "u1", "memberships": {"team": [{"id": "g1"}], "team": [{"id": "g2"}]}}]}"#;
    let expected = [ReferenceList::new("team", ["g1"]), ReferenceList::new("team", ["g2"])];
    assert_eq!(account(body).memberships, expected);
}

#[test]
fn a_body_that_is_not_well_formed_or_has_no_list_of_records_is_an_error() {
    for (body, expected) in [
        ("", "EOF while parsing a value at line 1 column "),
        ("[]", "invalid type: sequence, expected an object with a list `records` at line 1 column "),
        (r#"[[{"id": "u1"}]]"#, "invalid type: sequence, expected an object"),
        ("{}", "missing field `records` at line 1 column "),
        ("null", "invalid type: null, expected an object with a list `records`"),
        (
            r#"{"records": null}"#,
            "invalid type: null, expected a list of at most 100 records at line 1 column ",
        ),
        (r#"{"records": {}}"#, "invalid type: map, expected a list"),
        (r#"{"records": [], "records": []}"#, "duplicate field `records`"),
        (r#"{"records": []"#, "EOF while parsing an object"),
        (r#"{"records": []} x"#, "trailing characters at line 1 column "),
        (r#"{"records": []}{"records": []}"#, "trailing characters"),
    ] {
        let error = error(body);
        assert!(error.starts_with(expected), "{body}: {error}");
    }
    assert!(parse(Kind::Account, r#"{"records": []}"#).is_ok());
}

/// Found by a reader: a body of one text came back whole.
#[test]
fn an_error_repeats_no_text_of_the_sender() {
    let text = "A".repeat(100_000);
    for body in [format!("\"{text}\""), format!("{{\"records\": \"{text}\"}}")] {
        assert!(error(&body).len() < 200, "{}", error(&body).len());
    }
}

#[test]
fn an_error_in_a_record_names_it_and_its_place_in_the_body() {
    for (body, expected) in [
        (
            "{\"records\": [{\"id\": \"u1\"},\n{\"id\": \"\\ud800\"}]}",
            "record 1: unexpected end of hex escape at line 2 column ",
        ),
        (
            "{\"records\": [{\"memberships\": {\"t\": [{\"id\": \"\\udc00x\"}]}}]}",
            "record 0: lone leading surrogate in hex escape at line 1 column ",
        ),
        ("{\"records\": [{}, {}, {\"id\" 5}]}", "record 2: expected `:` at line 1 column "),
        ("{\"records\": [{}, {}", "record 2: EOF while parsing a list at line 1 column "),
        ("{\"records\": [{} {}]}", "record 1: expected `,` or `]` at line 1 column "),
        ("{\"records\": [{},]}", "record 1: trailing comma at line 1 column "),
        ("{\"records\": [{\"email\": tru}]}", "record 0: expected ident at line 1 column "),
        ("{\"records\": [{\"x\": {\"y\": [1,]}}]}", "record 0: expected value at line 1 column "),
    ] {
        let error = error(body);
        assert!(error.starts_with(expected), "{body}: {error}");
    }
    let error = parse(Kind::Group, "{\"records\": [\n{\"name\": \"\\ud800\"}]}").expect_err("a surrogate");
    assert!(error.line() == 2 && error.column() > 10, "{error}");
}

#[test]
fn the_parser_stops_at_the_limit_on_records() {
    let body = |records: usize| format!("{{\"records\": [{}]}}", vec!["{}"; records].join(","));
    assert_eq!(parse(Kind::Group, &body(100)).expect("a page").len(), 100);
    // Of the record beyond the limit nothing is read.
    let error = parse(Kind::Group, &body(101).replace("{}]}", "{\"id")).expect_err("too many").to_string();
    assert!(error.starts_with("too many records, expected at most 100 at line 1 column "), "{error}");
    let mut limits = Limits::default();
    limits.records_per_page_max = 65_535;
    let body = body(65_535);
    let page =
        PageSeed::new(Kind::License, &limits).deserialize(&mut serde_json::Deserializer::from_str(&body));
    assert_eq!(page.expect("a page").len(), 65_535);
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
fn texts_borrow_from_the_body_where_it_holds_them_as_they_are() {
    let body = r#"{"records": [{"id": "u1", "email": "a@b", "first_name": "A\u00e9",
        "memberships": {"team": [{"id": "g1", "name": "One"}]}}]}"#;
    let page = parse(Kind::Account, body).expect("a page");
    let account = &accounts(&page)[0];
    let borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
    assert!(borrowed(&account.id) && account.email.as_ref().is_some_and(borrowed));
    assert!(account.first_name.as_ref().is_some_and(|name| !borrowed(name)), "an escape must be decoded");
    let list = &account.memberships[0];
    let reference = &list.as_slice()[0];
    assert!(borrowed(&list.slug) && borrowed(&reference.id) && reference.name.as_ref().is_some_and(borrowed));
    let page =
        parse(Kind::Group, r#"{"records": [{"id": "g", "name": "n", "description": "d"}]}"#).expect("a page");
    let Records::Groups(groups) = page.records() else { panic!("{page:?}") };
    assert!(borrowed(&groups[0].id) && borrowed(&groups[0].name));
    assert!(groups[0].description.as_ref().is_some_and(borrowed));
}

#[test]
fn deep_values_of_a_wrong_type_stop_nothing() {
    let deep = "[".repeat(5_000) + &"]".repeat(5_000);
    for record in [
        deep.clone(),
        format!("{{\"id\": {deep}}}"),
        format!("{{\"unknown\": {deep}}}"),
        format!("{{\"memberships\": {{\"a\": [{deep}]}}}}"),
    ] {
        assert_eq!(parse(Kind::Account, &format!("{{\"records\": [{record}]}}")).expect("a page").len(), 1);
    }
}

/// Any value, with the names that a page knows among its keys.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        prop_oneof![Just(String::new()), "[a-z\\PC\0\"\\\\]{0,8}"].prop_map(Value::from),
    ];
    let key = prop::sample::select(
        &["id", "name", "email", "memberships", "assignments", "team", "", "records"][..],
    );
    leaf.prop_recursive(4, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|entries| Value::Object(
                entries.into_iter().map(|(key, value)| (key.into(), value)).collect()
            )),
        ]
    })
}

/// What belongs there, or anything.
fn or_any(right: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    prop_oneof![6 => right, 1 => value()]
}

fn object(
    fields: &'static [&'static str],
    field: impl Strategy<Value = Value> + Clone,
) -> impl Strategy<Value = Value> {
    prop::sample::subsequence(fields, 0..=fields.len()).prop_flat_map(move |names| {
        let values = prop::collection::vec(field.clone(), names.len());
        values.prop_map(move |values| {
            Value::Object(names.iter().map(|name| name.to_string()).zip(values).collect())
        })
    })
}

fn record() -> impl Strategy<Value = Value> {
    let text = || or_any("[a-z]{0,4}".prop_map(Value::from)).boxed();
    let list = || prop::collection::vec(or_any(object(&["id", "name"], text())), 0..5).prop_map(Value::from);
    let map = object(&["team", "role", "sl ug"], or_any(list()).boxed());
    let texts = object(&["id", "email", "username", "status", "name", "description", "unknown"], text());
    let maps = object(&["memberships", "assignments"], or_any(map).boxed());
    or_any((texts, maps).prop_map(|(mut texts, mut maps)| {
        texts.as_object_mut().expect("an object").append(maps.as_object_mut().expect("an object"));
        texts
    }))
}

fn body() -> impl Strategy<Value = Value> {
    (prop::collection::vec(record(), 0..8), value())
        .prop_map(|(records, also)| json!({"also": also, "records": records}))
}

proptest! {
    #[test]
    fn no_value_of_a_well_formed_page_stops_the_parser_in_any_format_that_tells_types(
        body in body(),
        kind in prop::sample::select(Kind::ALL),
    ) {
        let text = body.to_string();
        let page = parse(kind, &text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(page.len(), body["records"].as_array().expect("a list").len());
        let mut reader = serde_json::Deserializer::from_reader(text.as_bytes());
        prop_assert_eq!(&seed(kind).deserialize(&mut reader).expect("a page").into_owned(), &page);
        // Which finds the same, and notes the same.
        let bytes = rmp_serde::to_vec(&body).expect("bytes");
        let mut parser = rmp_serde::Deserializer::from_read_ref(&bytes);
        prop_assert_eq!(&seed(kind).self_describing().deserialize(&mut parser).expect("a page"), &page);
        prop_assert_eq!(&cbor(kind, &body), &page);
        let text = ron::to_string(&body).expect("text");
        let read = ron::Options::default().from_str_seed(&text, seed(kind));
        prop_assert_eq!(&read.map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?, &page);
    }
}

fn cbor(kind: Kind, body: &Value) -> Page<'static> {
    macro_rules! parsed {
        ($kind:ident) => {{
            struct Parsed(Page<'static>);
            impl<'de> Deserialize<'de> for Parsed {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let page = seed(Kind::$kind).self_describing().deserialize(deserializer)?;
                    Ok(Self(page.into_owned()))
                }
            }
            let mut bytes = Vec::new();
            ciborium::into_writer(body, &mut bytes).expect("bytes");
            ciborium::from_reader::<Parsed, _>(&bytes[..]).expect("a page").0
        }};
    }
    match kind {
        Kind::Account => parsed!(Account),
        Kind::Group => parsed!(Group),
        Kind::License => parsed!(License),
    }
}

#[test]
fn values_that_only_other_formats_have_are_of_a_wrong_type_too() {
    // {"records": [{1: 2, "id": h'00', "memberships": {1: [], "a": [1_000("x")]}}, undefined, 2^64]}
    let body: &[u8] =
        b"\xa1\x67records\x83\xa3\x01\x02\x62id\x41\x00\x6bmemberships\xa2\x01\x80\x61a\x81\xd9\x03\xe8\x61x\
        \xf7\xc2\x49\x01\0\0\0\0\0\0\0\0";
    struct Parsed(Page<'static>);
    impl<'de> Deserialize<'de> for Parsed {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            seed(Kind::Account)
                .self_describing()
                .deserialize(deserializer)
                .map(|page| Self(page.into_owned()))
        }
    }
    let page = ciborium::from_reader::<Parsed, _>(body).expect("a page").0;
    assert_eq!(page.len(), 3);
    let list =
        |slug: &'static str, references| ReferenceList { slug: slug.into(), references: Some(references) };
    assert_eq!(accounts(&page)[0].memberships, [list("", vec![]), list("a", vec![Reference::default()])]);
}

#[test]
fn a_person_writes_a_page_in_ron_as_structs_or_as_maps() {
    let expected = parse(
        Kind::Account,
        r#"{"records": [{"id": "u1", "username": "x", "email": null, "memberships": {"team": [{"id": "g1"}]}}]}"#,
    );
    let expected = expected.expect("a page");
    for body in [
        r#"(records: [(id: "u1", username: "x", memberships: {"team": [(id: "g1")]})])"#,
        r#"Page(records: [Account(id: "u1", username: Some("x"), email: None, memberships: {"team": [(id: "g1", name: None)]})])"#,
        r#"{"records": [{"id": "u1", "username": "x", "memberships": {"team": [{"id": "g1"}]}}]}"#,
        r#"(records: [(id: "u1", username: "x", nick: 'c', memberships: Some({"team": Some([(id: r"g1")])}),)])"#,
    ] {
        let page = ron::Options::default().from_str_seed(body, seed(Kind::Account));
        assert_eq!(page.unwrap_or_else(|error| panic!("{body}: {error}")), expected, "{body}");
    }
    let body = "(records: [\n(id: \"u1\"),\n(id: 5, memberships: 5 5)])";
    let error = ron::Options::default().from_str_seed(body, seed(Kind::Account)).expect_err("no RON");
    assert!(error.code.to_string().starts_with("record 1: ") && error.span.start.line == 3, "{error}");
}

#[derive(serde::Serialize)]
struct Body<T> {
    records: Vec<T>,
}

fn some_account() -> Account<'static> {
    Account {
        id: "u1".into(),
        email: Some("a@b".into()),
        status: Some("".into()),
        memberships: vec![
            ReferenceList::new("team", [Reference::new("g1").with_name("One"), Reference::new("g2")]),
            ReferenceList { slug: "role".into(), references: None },
            ReferenceList { slug: "project".into(), references: Some(vec![]) },
        ],
        assignments: vec![ReferenceList::new("seat", ["l1"])],
        attributes: Some(some_attributes()),
        ..Account::default()
    }
}

fn some_attributes() -> Attributes<'static> {
    vec![
        Attribute::new("text", "a"),
        Attribute::new("integer", i64::MIN),
        Attribute::new("boolean", true),
        Attribute::new("texts", AttributeValue::texts(["b", ""])),
        Attribute::new("wrong", AttributeValue::WrongType(FoundType::Map)),
        Attribute { name: "null".into(), value: None },
        Attribute::new("empty", ""),
    ]
}

#[test]
fn attributes_are_read_as_they_are_sent_and_what_is_none_stands_as_such() {
    let body = r#"{"records": [{"id": "u1", "attributes": 1, "attributes": {"text": "a", "esc": "\u0062", "int": -5,
        "max": 9223372036854775807, "over": 9223372036854775808, "float": 1.0, "yes": true, "list": ["c", "\u0064"], "empty": [],
        "mixed": ["e", [2], {"f": 3}], "map": {"g": [4]}, "null": null, "text": ""}}, {"id": "u2", "attributes": null},
        {"id": "u3", "attributes": {}}]}"#;
    let page = parse(Kind::Account, body).expect("a page");
    let accounts = accounts(&page);
    let wrong = |name: &'static str, found| Attribute::new(name, AttributeValue::WrongType(found));
    let expected = vec![
        Attribute::new("text", "a"),
        Attribute::new("esc", "b"),
        Attribute::new("int", -5),
        Attribute::new("max", i64::MAX),
        wrong("over", FoundType::Number),
        wrong("float", FoundType::Number),
        Attribute::new("yes", true),
        Attribute::new("list", AttributeValue::texts(["c", "d"])),
        Attribute::new("empty", AttributeValue::Texts([].into())),
        wrong("mixed", FoundType::MixedList),
        wrong("map", FoundType::Map),
        Attribute { name: "null".into(), value: None },
        Attribute::new("text", ""),
    ];
    assert_eq!(accounts[0].attributes, Some(expected));
    assert_eq!((accounts[1].attributes.as_deref(), accounts[2].attributes.as_deref()), (None, Some(&[][..])));
    let [first, ..] = accounts[0].attributes.as_deref().expect("attributes") else { panic!("some") };
    assert!(matches!(
        (&first.name, &first.value),
        (Cow::Borrowed(_), Some(AttributeValue::Text(Cow::Borrowed(_))))
    ));
    // A value takes no more room than a text, which is part of what a page may take.
    assert_eq!(size_of::<Option<AttributeValue<'_>>>(), size_of::<Cow<'_, str>>());
}

#[test]
fn a_format_that_tells_no_types_is_parsed_in_the_derived_form() {
    let records = vec![Account::default(), some_account()];
    let expected = Page::accounts(records.clone());
    let body = Body { records };
    let bytes = postcard::to_allocvec(&body).expect("bytes");
    let mut parser = postcard::Deserializer::from_bytes(&bytes);
    let page = seed(Kind::Account).deserialize(&mut parser).expect("a page");
    assert_eq!(page, expected);
    assert!(matches!(accounts(&page)[1].id, Cow::Borrowed("u1")));
    for bytes in [rmp_serde::to_vec(&body).expect("bytes"), rmp_serde::to_vec_named(&body).expect("bytes")] {
        let mut parser = rmp_serde::Deserializer::from_read_ref(&bytes);
        assert_eq!(seed(Kind::Account).deserialize(&mut parser).expect("a page"), expected);
    }

    let attributes = Some(some_attributes());
    let full = Group { id: "g".into(), name: "n".into(), attributes, ..Group::default() };
    let records = vec![full, Group::default()];
    let bytes = postcard::to_allocvec(&Body { records: records.clone() }).expect("bytes");
    let mut parser = postcard::Deserializer::from_bytes(&bytes);
    assert_eq!(seed(Kind::License).deserialize(&mut parser).expect("a page"), Page::licenses(records));

    let bytes = postcard::to_allocvec(&Body { records: vec![Group::default(); 101] }).expect("bytes");
    let mut parser = postcard::Deserializer::from_bytes(&bytes);
    assert!(seed(Kind::Group).deserialize(&mut parser).is_err(), "too many records");
}

/// What serde writes for a value in each format is read back as the same value.
fn round_trip<T>(value: &T)
where
    T: Serialize + for<'de> Deserialize<'de> + PartialEq + Debug,
{
    fn same<T: PartialEq + Debug, E: Display>(format: &str, read: Result<T, E>, value: &T) {
        match read {
            Ok(read) => assert_eq!(&read, value, "{format}"),
            Err(error) => panic!("{format}: {value:?}: {error}"),
        }
    }
    let text = serde_json::to_string(value).expect("text");
    same("JSON", serde_json::from_str(&text), value);
    same("JSON from a reader", serde_json::from_reader(text.as_bytes()), value);
    same("JSON as a value", serde_json::from_value(serde_json::to_value(value).expect("a value")), value);
    let text = ron::to_string(value).expect("text");
    same("RON", ron::from_str(&text), value);
    let text =
        ron::ser::to_string_pretty(value, ron::ser::PrettyConfig::new().struct_names(true)).expect("text");
    same("RON for people", ron::from_str(&text), value);
    let bytes = postcard::to_allocvec(value).expect("bytes");
    same("postcard", postcard::from_bytes(&bytes), value);
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("bytes");
    same("CBOR", ciborium::from_reader(&bytes[..]), value);
    same("MessagePack", rmp_serde::from_slice(&rmp_serde::to_vec(value).expect("bytes")), value);
    same(
        "MessagePack with names",
        rmp_serde::from_slice(&rmp_serde::to_vec_named(value).expect("bytes")),
        value,
    );
}

/// A value that borrows, as one that does not: a test of formats is not one of lifetimes.
macro_rules! owned {
    ($owned:ident, $borrowed:ident) => {
        #[derive(Debug, PartialEq, serde::Serialize)]
        #[serde(transparent)]
        struct $owned($borrowed<'static>);

        impl<'de> Deserialize<'de> for $owned {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self($borrowed::deserialize(deserializer)?.into_owned()))
            }
        }
    };
}
owned!(OwnedCommand, Command);
owned!(OwnedPage, Page);
owned!(OwnedAccount, Account);
owned!(OwnedGroup, Group);

#[test]
fn what_is_written_in_any_format_is_read_back() {
    let uuid = Uuid::from_u128;
    let (app_id, session_id, task_id) = (AppId(uuid(1)), SessionId(uuid(2)), TaskId(uuid(3)));
    let resource_type_id = ResourceTypeId(uuid(4));
    let misread = parse(
        Kind::Account,
        r#"{"records": [5, {"id": 1, "assignments": 5, "memberships": {"a": 1, "b": [null, {"id": []}]}}]}"#,
    );
    let misread = misread.expect("a page").into_owned();
    let attributes = Some(some_attributes());
    let group = Group { id: "g".into(), name: "n".into(), description: Some("d".into()), attributes };
    let pages = [
        Page::accounts([Account::default(), some_account()]),
        Page::groups([group.clone(), Group::default()]),
        Page::licenses(vec![]),
        Page::licenses([group.clone()]).with_fingerprint(headcount::Fingerprint(7)),
        misread,
    ];
    for account in [Account::default(), some_account()] {
        round_trip(&OwnedAccount(account));
    }
    for group in [Group::default(), group] {
        round_trip(&OwnedGroup(group));
    }
    let mut commands = vec![
        Command::CreateApp { app_id, name: "App \"1\"\n".into(), clone_from: None },
        Command::CreateApp { app_id, name: "App".into(), clone_from: Some(app_id) },
        Command::UpdateApp { app_id, update: AppUpdate::default() },
        Command::UpdateApp {
            app_id,
            update: AppUpdate::default().with_name("x").with_guard(Guard::default().with_max_percent(5)),
        },
        Command::DeleteApp { app_id },
        Command::RegisterResourceType {
            app_id,
            resource_type_id,
            new: NewResourceType::new("team", "Team", Kind::Group),
        },
        Command::UpdateResourceType {
            app_id,
            slug: "team".into(),
            update: ResourceTypeUpdate::default().with_slug("t").with_kind(Kind::License),
        },
        Command::StartSession { app_id, session_id, scope: Scope::All },
        Command::StartSession { app_id, session_id, scope: Scope::types(["account", "team"]) },
        Command::CompleteSession { app_id, session_id, completion: Completion::FORCED },
        Command::AbandonSession { app_id, session_id },
        Command::FailSession { app_id, session_id, reason: "why".into() },
        Command::RunCleanup { app_id, session_id, budget: NonZeroU64::MAX },
        Command::CreateTask {
            app_id,
            task_id,
            new: NewTask::new(TaskAction::CreateAccount, "account").with_payload("{}"),
        },
        Command::ResolveTask { app_id, task_id, resolution: Resolution::Completed { result: None } },
        Command::ResolveTask {
            app_id,
            task_id,
            resolution: Resolution::Failed { code: "c".into(), message: "m".into() },
        },
        Command::PurgeInactive { app_id, inactive_before: Timestamp(-5) },
        Command::EraseRecord { app_id, slug: "account".into(), id: "u1".into() },
    ];
    for page in pages {
        round_trip(&OwnedPage(page.clone()));
        commands.push(Command::PushPage { app_id, session_id, slug: "team".into(), page });
    }
    for command in commands {
        round_trip(&OwnedCommand(command));
    }
}

#[test]
fn a_person_may_leave_out_what_is_absent() {
    let account: Account<'_> = serde_json::from_str(r#"{"id": "u1"}"#).expect("an account");
    assert_eq!(account, Account { id: "u1".into(), ..Account::default() });
    let account: Account<'_> = ron::from_str(
        r#"(id: "u1", email: Some("a@b"), memberships: {"team": Some([(id: "g1")]), "role": None})"#,
    )
    .expect("an account");
    assert_eq!(
        account.memberships,
        [ReferenceList::new("team", ["g1"]), ReferenceList { slug: "role".into(), references: None }]
    );
    let page: Page<'_> =
        serde_json::from_str(r#"{"records": {"groups": [{"id": "g1", "name": "n"}]}}"#).expect("a page");
    assert_eq!(page.len(), 1);
}
