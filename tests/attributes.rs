//! Attributes of records (SPEC 3.10): their limits, what is equal, what is kept, and what a record without any costs.

use headcount::{
    Account, Attribute, AttributeValue, AttributeView, Attributes, Config, Engine, Error, FaultCode,
    Fingerprint, FoundType, Kind, Limits, Page, PageOutcome, Scope,
};
use headcount_testing::small::{
    self, APP, NOW, SESSION, account, config, group, member, parsed, push, push_in, reload, session, told,
};
use serde_json::{Value, json};

fn with(attributes: Attributes<'static>) -> Page<'static> {
    Page::accounts([Account { attributes: Some(attributes), ..account("u1") }])
}

fn sent(record: &str) -> Page<'static> {
    parsed(Kind::Account, &format!(r#"{{"records": [{record}]}}"#)).into_owned()
}

/// The attributes of an account, as JSON.
fn shown(engine: &Engine, id: &str) -> Value {
    let record = engine.app(APP).and_then(|app| app.record("account", id)).expect("an account");
    Value::Object(record.attributes().map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

fn faults(refused: Result<PageOutcome, Error>) -> Vec<(String, FaultCode)> {
    match refused {
        Err(Error::PageFaults { faults, faults_total, malformed: true }) => {
            assert_eq!(faults_total, faults.len() as u64);
            faults.into_iter().map(|fault| (fault.field, fault.code)).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// Attributes so many, whose names and texts have so many bytes, at least four for each.
fn of_bytes(count: usize, bytes: usize) -> Attributes<'static> {
    let rest = |number: usize| bytes / count + usize::from(number < bytes % count) - 4;
    (0..count)
        .map(|number| {
            // Of the shortest texts, which take the most beside their own bytes.
            let texts = AttributeValue::texts(vec!["x"; rest(number)]);
            Attribute::new(format!("{number:04}"), texts)
        })
        .collect()
}

#[test]
fn each_limit_is_kept_at_it_and_not_one_beyond() {
    for char in ["a", "𝄞"] {
        let long = |length: usize| char.repeat(length);
        let texts = |count: usize| AttributeValue::texts(vec![char; count]);
        type Make<'m> = &'m dyn Fn(usize) -> Attributes<'static>;
        let numbered: Make<'_> = &|count| (0..count).map(|at| Attribute::new(at.to_string(), 1)).collect();
        let name: Make<'_> = &|length| vec![Attribute::new(long(length), true)];
        let text: Make<'_> = &|length| vec![Attribute::new("a", long(length))];
        let list: Make<'_> = &|count| vec![Attribute::new("a", texts(count))];
        let in_list: Make<'_> = &|length| vec![Attribute::new("a", AttributeValue::texts([long(length)]))];
        let name_path = format!("attributes.{}…", long(64));
        for (make, limit, path, code) in [
            (numbered, 64, "attributes", FaultCode::TooManyAttributes),
            (name, 100, &*name_path, FaultCode::TooLong),
            (text, 1_024, "attributes.a", FaultCode::TooLong),
            (list, 100, "attributes.a", FaultCode::TooLong),
            (in_list, 1_024, "attributes.a[0]", FaultCode::TooLong),
        ] {
            let mut engine = small::engine(Config::new());
            assert_eq!(push(&mut engine, &with(make(limit))).map(|outcome| outcome.created), Ok(1), "{path}");
            engine.check_invariants().expect("every rule");
            assert_eq!(faults(push(&mut engine, &with(make(limit + 1)))), [(path.to_owned(), code)]);
        }
    }
    let limits = |limits: &mut Limits| limits.attribute_texts_max = 16_383;
    let mut engine = small::engine(config(limits));
    assert_eq!(push(&mut engine, &with(of_bytes(64, 16_384))).map(|outcome| outcome.created), Ok(1));
    let refused = faults(push(&mut engine, &with(of_bytes(64, 16_385))));
    assert_eq!(refused, [("attributes".to_owned(), FaultCode::AttributesTooLarge)]);
}

#[test]
fn what_counts_as_absent_is_not_looked_at_and_does_not_count() {
    let mut engine = small::engine(Config::new());
    let mut attributes: Attributes<'_> = (0..64).map(|at| Attribute::new(at.to_string(), 1)).collect();
    let absent = [None, Some(AttributeValue::from("")), Some(AttributeValue::texts([""; 0]))];
    for (value, name) in absent.into_iter().cycle().zip((0..300).map(|at| "x\0".repeat(at))) {
        attributes.push(Attribute { name: name.into(), value });
    }
    let page = with(attributes);
    assert_eq!(push(&mut engine, &page).map(|outcome| outcome.created), Ok(1));
    assert_eq!(shown(&engine, "u1").as_object().map(|shown| shown.len()), Some(64));
    assert_eq!(push(&mut engine, &page).map(|outcome| outcome.unchanged), Ok(1));
}

/// However they are sent, equal attributes are no change, and others are one, of one field.
#[test]
fn order_and_overridden_values_are_no_change_and_types_are() {
    let first =
        r#"{"id": "u1", "username": "x", "attributes": {"a": 1, "b": "x", "c": ["x", "y"], "d": true}}"#;
    for (again, is_equal) in [
        (r#"{"d": true, "c": ["x", "y"], "b": "x", "a": 1}"#, true),
        (r#"{"a": 1, "b": "x", "c": ["x", "y"], "d": true, "e": null, "f": "", "g": []}"#, true),
        (r#"{"a": {}, "b": "x", "c": ["x", "y"], "a": 1, "d": false, "d": true}"#, true),
        (r#"{"a": null, "a": 1, "b": "x", "c": ["x", "y"], "d": true}"#, true),
        (r#"{"a": 1, "a": null, "b": "x", "c": ["x", "y"], "d": true}"#, false),
        (r#"{"a": 1, "b": "x", "c": ["x", "y"]}"#, false),
        (r#"{"a": "1", "b": "x", "c": ["x", "y"], "d": true}"#, false),
        (r#"{"a": 1, "b": ["x"], "c": ["x", "y"], "d": true}"#, false),
        (r#"{"a": 1, "b": "x", "c": ["y", "x"], "d": true}"#, false),
        (r#"{"a": 1, "b": "x", "c": ["x", "y"], "d": 1}"#, false),
        (r#"{"a": 1, "b": "x", "c": ["x", "y"], "d": true, "e": 0}"#, false),
        (r#"{"A": 1, "b": "x", "c": ["x", "y"], "d": true}"#, false),
        ("{}", false),
        ("null", false),
    ] {
        let mut engine = small::engine(Config::new());
        let _ = push(&mut engine, &sent(first)).expect("a page");
        let page = sent(&format!(r#"{{"id": "u1", "username": "x", "attributes": {again}}}"#));
        let outcome = push(&mut engine, &page).expect("a page");
        assert_eq!((outcome.updated, outcome.unchanged == 1), (1, is_equal), "{again}");
        let expected: &[&str] = if is_equal { &[] } else { &["record_updated u1 attributes"] };
        assert_eq!(told(&engine), expected, "{again}");
        engine.check_invariants().expect("every rule");
    }
}

#[test]
fn attributes_are_shown_in_the_order_of_their_names_and_pushed_as_they_were_shown() {
    let mut engine = small::engine(Config::new());
    let page = sent(
        r#"{"id": "u1", "username": "x", "attributes": {"é": -1, "b": ["y", "x"], "B": true, "a": "x"}}"#,
    );
    let _ = push(&mut engine, &page).expect("a page");
    let record = engine.app(APP).and_then(|app| app.record("account", "u1")).expect("an account");
    let names: Vec<&str> = record.attributes().map(|(name, _)| name).collect();
    assert_eq!(names, ["B", "a", "b", "é"], "of their bytes");
    let (_, texts) = record.attributes().nth(2).expect("a list");
    let AttributeView::Texts(texts) = texts else { panic!("{texts:?}") };
    assert_eq!((texts.len(), texts.collect::<Vec<_>>()), (2, vec!["y", "x"]));
    assert_eq!(
        format!("{:?}", record.attributes()),
        r#"{"B": Boolean(true), "a": Text("x"), "b": Texts(["y", "x"]), "é": Integer(-1)}"#
    );
    let copied = record.attributes().map(|(name, value)| Attribute::new(name, value).into_owned());
    let page = with(copied.collect());
    assert_eq!(push(&mut engine, &page).map(|outcome| outcome.unchanged), Ok(1));
}

#[test]
fn a_placeholder_has_none_and_gets_those_of_its_own_record() {
    let mut engine = small::engine(Config::new());
    let _ = push(&mut engine, &Page::accounts([member("u1", ["g1"])])).expect("a page");
    let attributes = Some(vec![Attribute::new("cost_center", 4711)]);
    let full = headcount::Group { attributes, ..group("g1", "One") };
    let _ = push(&mut engine, &Page::groups([full])).expect("a page");
    assert_eq!(told(&engine), ["placeholder_filled g1", "record_updated g1 name attributes"]);
    let team = engine.app(APP).and_then(|app| app.record("team", "g1")).expect("a team");
    assert_eq!(team.attributes().collect::<Vec<_>>(), [("cost_center", AttributeView::Integer(4711))]);
    engine.check_invariants().expect("every rule");
}

/// Those that stay when something else of their record is written anew: references that a purge takes, rows that are
/// numbered anew.
#[test]
fn attributes_stay_when_a_purge_writes_their_record_anew() {
    let mut engine = small::engine(Config::new());
    let attributes = r#"{"level": 3, "desks": ["B-12"]}"#;
    let page = sent(&format!(
        r#"{{"id": "u1", "username": "x", "memberships": {{"team": [{{"id": "g1"}}]}}, "attributes": {attributes}}}"#
    ));
    let _ = push(&mut engine, &page).expect("a page");
    let others = (0..50).map(|number| group(&format!("t{number}"), "Team"));
    let _ = push(&mut engine, &Page::groups(others)).expect("a page");
    assert_eq!(small::complete(&mut engine, SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    assert_eq!(small::complete(&mut engine, session(2), NOW), 52);
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(3), &Page::accounts([account("u2")])).expect("a page");
    let later = headcount::Timestamp(1);
    let outcome = engine.purge_inactive(NOW, APP, later).expect("a purge");
    assert_eq!(outcome.purged, 52, "u1 is inactive too");
    // Once more, with the account active: the team alone goes.
    let mut engine = small::engine(Config::new());
    let _ = push(&mut engine, &page).expect("a page");
    let others = (0..50).map(|number| group(&format!("t{number}"), "Team"));
    let _ = push(&mut engine, &Page::groups(others)).expect("a page");
    assert_eq!(small::complete(&mut engine, SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(2), &page).expect("a page");
    assert_eq!(small::complete(&mut engine, session(2), NOW), 50);
    assert_eq!(engine.purge_inactive(NOW, APP, later).expect("a purge").purged, 50);
    assert_eq!(shown(&engine, "u1"), serde_json::from_str::<Value>(attributes).expect("JSON"));
    engine.check_invariants().expect("every rule");
}

#[test]
fn a_page_with_attributes_beyond_lowered_limits_must_be_pushed_and_is_then_refused() {
    let page = |attributes| with(attributes).with_fingerprint(Fingerprint(1));
    let fine = || vec![Attribute::new("name", AttributeValue::texts(["text", "text"]))];
    for lower in [
        (|limits| limits.attribute_name_chars_max = 3) as fn(&mut Limits),
        |limits| limits.attribute_text_chars_max = 3,
        |limits| limits.attribute_texts_max = 1,
        |limits| limits.attribute_bytes_max = 11,
    ] {
        let mut engine = small::engine(Config::new());
        let _ = push(&mut engine, &page(fine())).expect("a page");
        let other = Page::groups([group("g1", "One")]).with_fingerprint(Fingerprint(2));
        let _ = push(&mut engine, &other).expect("a page");
        let mut lowered = reload(&engine, config(lower));
        let is_known = |engine: &mut Engine, slug, fingerprint| {
            let is_known = engine.remembers_page(APP, slug, fingerprint);
            let repeated = engine.repeat_page(NOW, APP, SESSION, slug, fingerprint);
            assert_eq!(
                repeated.map_err(|error| error.code()).err(),
                (!is_known).then_some("page_must_be_pushed")
            );
            is_known
        };
        assert!(!is_known(&mut lowered, "account", Fingerprint(1)));
        assert!(is_known(&mut lowered, "team", Fingerprint(2)), "it says nothing that is beyond a limit");
        assert_eq!(push(&mut lowered, &page(fine())).expect_err("beyond the limit").code(), "page_faults");
        // What is on record stays. Under the old limits it is known again.
        assert_eq!(shown(&lowered, "u1"), json!({"name": ["text", "text"]}));
        assert!(is_known(&mut reload(&lowered, Config::new()), "account", Fingerprint(1)));
        // Another page of the type is taken under the lower limits, and known beside those before.
        let within = Page::accounts([account("u2")]).with_fingerprint(Fingerprint(3));
        let _ = push(&mut lowered, &within).expect("a page");
        assert!(is_known(&mut lowered, "account", Fingerprint(3)));
        assert!(is_known(&mut reload(&lowered, Config::new()), "account", Fingerprint(1)));
    }
}

/// A page of wrong types is journaled as it was sent, and refused wherever it is read.
#[test]
fn a_value_of_a_wrong_type_is_a_fault_however_it_came() {
    let page = with(vec![
        Attribute::new("map", AttributeValue::WrongType(FoundType::Map)),
        Attribute::new("fine", 1),
        Attribute::new("list", AttributeValue::WrongType(FoundType::MixedList)),
    ]);
    let json = serde_json::to_string(&page).expect("JSON");
    let bytes = postcard::to_allocvec(&page).expect("bytes");
    let read: [Page<'_>; 2] =
        [serde_json::from_str(&json).expect("a page"), postcard::from_bytes(&bytes).expect("a page")];
    for page in read.iter().chain([&page]) {
        let mut engine = small::engine(Config::new());
        let expected = ["attributes.list", "attributes.map"];
        let expected = expected.map(|path| (path.to_owned(), FaultCode::WrongType));
        assert_eq!(faults(push(&mut engine, page)), expected);
    }
}
