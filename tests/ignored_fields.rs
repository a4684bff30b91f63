//! The names of fields that the page parser does not know, in each format.

use headcount::{Account, IgnoredFields, Kind, Limits, Page, PageSeed};
use serde::de::{DeserializeSeed, Deserializer};
use serde_json::{Value, json};

fn seed(kind: Kind) -> PageSeed {
    PageSeed::new(kind, &Limits::default())
}

fn names(ignored: &IgnoredFields) -> Vec<String> {
    ignored.iter().map(str::to_owned).collect()
}

/// The names in a body, whether it is a page or not. To note them changes neither.
fn noted(kind: Kind, body: &str) -> Vec<String> {
    let mut ignored = IgnoredFields::new();
    let mut parser = serde_json::Deserializer::from_str(body);
    let page = seed(kind).deserialize_noting(&mut parser, &mut ignored).map_err(|error| error.to_string());
    let same = seed(kind).deserialize(&mut serde_json::Deserializer::from_str(body));
    assert_eq!(page, same.map_err(|error| error.to_string()), "{body}");
    names(&ignored)
}

#[test]
fn a_field_is_named_at_the_top_in_records_and_in_references() {
    let body = r#"{"cursor": 1, "records": [{"id": "u1", "membership": {"team": [{"id": "g1"}]}},
        {"memberships": {"team": [{"id": "g1", "nmae": "One"}]}, "asignments": {"inner": 1}}], "total": {"count": 1}}"#;
    assert_eq!(noted(Kind::Account, body), ["cursor", "membership", "nmae", "asignments", "total"]);
    // What an account has and a group has not.
    let body = r#"{"records": [{"id": "g1", "name": "One", "memberships": {"team": []}, "email": "a@b"}]}"#;
    for kind in [Kind::Group, Kind::License] {
        assert_eq!(noted(kind, body), ["memberships", "email"]);
    }
    assert_eq!(noted(Kind::Account, body), ["name"]);
}

#[test]
fn what_is_known_or_no_field_is_not_named() {
    let body = r#"{"records": [{"id": "u1", "email": "a@b", "username": "a", "first_name": null, "last_name": "b",
        "display_name": "c", "status": "active", "memberships": {"no such type": [{"id": "g", "name": "n"}]},
        "assignments": {"": []}, "attributes": {"any name": "x"}}, 7, {"email": {"in what is of a wrong type": 1}},
        {"memberships": {"team": [["id"], "x"]}, "assignments": [{"id": 1}]}]}"#;
    assert_eq!(noted(Kind::Account, body), Vec::<String>::new());
    assert_eq!(
        noted(Kind::Group, r#"{"records": [{"id": "g", "name": "n", "description": "d"}]}"#),
        Vec::<String>::new()
    );
}

#[test]
fn a_name_stands_once_in_order_of_first_sight_sixteen_at_most_each_with_64_characters() {
    let field = |number: usize| format!("\"x{number:02}\": [], \"x{:02}\": 1", number / 2);
    let fields: Vec<String> = (0..30).map(field).collect();
    let body = format!("{{\"records\": [{{{0}}}, {{{0}}}]}}", fields.join(", "));
    let expected: Vec<String> = (0..16).map(|number| format!("x{number:02}")).collect();
    assert_eq!(noted(Kind::Account, &body), expected);
    let long = "é".repeat(100);
    let body = format!("{{\"records\": [{{\"{long}1\": 1}}, {{\"{long}2\": 1, \"\": 1, \"a\\n\": 1}}]}}");
    assert_eq!(noted(Kind::Group, &body), [&*format!("{}…", "é".repeat(64)), "", "a\n"]);
}

#[test]
fn names_are_told_of_a_body_that_is_no_page_as_far_as_it_was_read() {
    assert_eq!(noted(Kind::Account, r#"{"recods": [{"id": "u1", "unread": 1}]}"#), ["recods"]);
    assert_eq!(noted(Kind::Account, r#"{"records": [{"a": 1}, {"b": 1, "id" "#), ["a", "b"]);
    assert_eq!(noted(Kind::Account, r#"{"records": [{"a": 1}]} x"#), ["a"]);
    assert_eq!(noted(Kind::Account, "[]"), Vec::<String>::new());
}

#[test]
fn of_references_beyond_the_limit_nothing_is_looked_at() {
    let mut limits = Limits::default();
    limits.references_per_account_max = 1;
    let body =
        r#"{"records": [{"memberships": {"t": [{"a": 1}, {"b": 1}]}, "assignments": {"t": [{"c": 1}]}}]}"#;
    let mut ignored = IgnoredFields::new();
    let mut parser = serde_json::Deserializer::from_str(body);
    PageSeed::new(Kind::Account, &limits).deserialize_noting(&mut parser, &mut ignored).expect("a page");
    // Each map is counted by itself.
    assert_eq!(names(&ignored), ["a", "c"]);
}

/// Of a format that tells the type of each value, or names its fields.
#[test]
fn other_formats_name_fields_too() {
    let body: Value = json!({"more": 1, "records": [{"id": "u1", "nmae": "x",
        "memberships": {"team": [{"id": "g1", "role": "x"}]}}]});
    let expected = ["more", "nmae", "role"];

    let named = rmp_serde::to_vec_named(&body).expect("bytes");
    for seed in [seed(Kind::Account), seed(Kind::Account).self_describing()] {
        let mut ignored = IgnoredFields::new();
        let mut parser = rmp_serde::Deserializer::from_read_ref(&named);
        seed.deserialize_noting(&mut parser, &mut ignored).expect("a page");
        assert_eq!(names(&ignored), expected);
    }

    /// A page, for a reader that takes no seed.
    struct Parsed(IgnoredFields);
    impl<'de> serde::Deserialize<'de> for Parsed {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let mut ignored = IgnoredFields::new();
            seed(Kind::Account).self_describing().deserialize_noting(deserializer, &mut ignored)?;
            Ok(Self(ignored))
        }
    }
    let mut bytes = Vec::new();
    ciborium::into_writer(&body, &mut bytes).expect("bytes");
    let Parsed(ignored) = ciborium::from_reader(&bytes[..]).expect("a page");
    assert_eq!(names(&ignored), expected);
    let Parsed(ignored) = ron::from_str(&ron::to_string(&body).expect("text")).expect("a page");
    assert_eq!(names(&ignored), expected);
}

/// A key that is no text has no name. The derived form of a format that counts fields has no unknown ones.
#[test]
fn what_has_no_name_is_not_named() {
    let body = b"\x82\x05\x01\xa7records\x91\x82\xa2id\xa2u1\x07\x01";
    let mut ignored = IgnoredFields::new();
    let mut parser = rmp_serde::Deserializer::from_read_ref(&body[..]);
    let page = seed(Kind::Account).self_describing().deserialize_noting(&mut parser, &mut ignored);
    assert_eq!(page.expect("a page").len(), 1);
    assert!(ignored.is_empty());

    let accounts = vec![Account { id: "u1".into(), username: Some("x".into()), ..Account::default() }];
    let body = postcard::to_allocvec(&accounts).expect("bytes");
    let mut parser = postcard::Deserializer::from_bytes(&body);
    let page = seed(Kind::Account).deserialize_noting(&mut parser, &mut ignored).expect("a page");
    assert_eq!(page, Page::accounts(accounts));
    assert!(ignored.is_empty());
}
