//! Pages of records: applied, or refused with every fault.

use serde_json::{Value, json};

use crate::given::{complete, push, start, synced_app};
use crate::support::{KEY, Reply, Server};

#[test]
fn pages_are_pushed_or_refused_with_every_fault() {
    let server = Server::start(None, &["--body-bytes-max", "200000"]);
    let (app, session) = synced_app(&server);
    let good = json!([{"id": "u1", "email": "a@b", "memberships": {"team": [{"id": "g1", "name": "One"}]}}]);
    let reply = push(&server, &app, &session, "account", &good);
    assert_eq!(reply, Reply { status: 200, body: json!({"total": 1, "created": 1, "updated": 0}) });
    let malformed =
        push(&server, &app, &session, "account", &json!([{"id": "u1", "username": "a"}, {"email": "a"}]));
    assert_eq!((malformed.status, &malformed.body["errors_total"]), (400, &json!(2)));
    assert_eq!(malformed.body["errors"][0]["field"], "id");
    assert_eq!(
        (&malformed.body["errors"][1]["index"], &malformed.body["errors"][1]["code"]),
        (&json!(1), &json!("invalid_email"))
    );
    assert!(malformed.body["errors"][1]["message"].is_string());
    let business = json!([{"id": "u2", "username": "a", "memberships": {"nosuch": []}}]);
    let business = push(&server, &app, &session, "account", &business);
    assert_eq!((business.status, &business.body["errors"][0]["field"]), (422, &json!("memberships.nosuch")));
    let many: Vec<Value> = (0..101).map(|number| json!({"id": number.to_string(), "name": "x"})).collect();
    for (slug, records, status) in [
        ("account", json!({}), 400),
        ("team", json!(many), 400),
        ("nosuch", json!([]), 404),
        ("team", json!([]), 200),
    ] {
        let reply = push(&server, &app, &session, slug, &records);
        assert_eq!(reply.status, status, "{reply:?}");
        assert!(reply.body.get("errors").is_none());
    }
    let path = format!("/org/acme/api/v1/bridge/apps/{app}/sync/{session}/account/");
    let raw = |body: &str| server.raw("PUT", &path, Some(KEY), Some(body)).expect("a reply").status;
    assert_eq!((raw("no json"), raw(""), raw("{\"records\": []} x")), (400, 400, 400));
    assert_eq!(raw(&format!("{{\"records\": [], \"x\": \"{}\"}}", "x".repeat(300_000))), 413);
    assert_eq!(server.call("POST", &format!("apps/{app}/sync/{session}/abandon/"), None).status, 204);
    assert_eq!(push(&server, &app, &session, "account", &good).status, 400, "not in progress");
    let unknown = "00000000-0000-0000-0000-000000000000";
    assert_eq!(push(&server, &app, unknown, "account", &good).status, 404);
}

/// Pushes a page of accounts as it is written.
fn push_text(server: &Server, app: &str, session: &str, body: &str) -> Reply {
    let path = format!("/org/acme/api/v1/bridge/apps/{app}/sync/{session}/account/");
    server.raw("PUT", &path, Some(KEY), Some(body)).expect("a reply")
}

/// Index, id, field and code of each fault that a refusal lists.
fn faults(refused: &Reply) -> Value {
    let errors = refused.body["errors"].as_array().expect("a list");
    errors.iter().map(|fault| json!([fault["index"], fault["id"], fault["field"], fault["code"]])).collect()
}

#[test]
fn a_value_of_a_wrong_type_is_a_fault_of_its_record_beside_all_others() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let records = json!([
        {"id": "u0", "username": "a"},
        {"id": 7, "username": "b"},
        {"id": "u2", "username": "c", "memberships": {"team": {"id": "g1"}}},
        null,
        ["u4"],
        {"id": "u5", "username": true, "assignments": []},
        {"id": "u6", "email": "x", "memberships": {"team": [{"id": 1}, "g2", {"id": "g3", "name": []}]}},
        {"id": "u0", "username": "d"},
    ]);
    let refused = push(&server, &app, &session, "account", &records);
    assert_eq!((refused.status, &refused.body["code"]), (400, &json!("page_faults")));
    assert_eq!(
        faults(&refused),
        json!([
            [1, null, "id", "wrong_type"],
            [2, "u2", "memberships.team", "wrong_type"],
            [3, null, "", "wrong_type"],
            [4, null, "", "wrong_type"],
            [5, "u5", "username", "wrong_type"],
            [5, "u5", "assignments", "wrong_type"],
            [6, "u6", "email", "invalid_email"],
            [6, "u6", "memberships.team[0].id", "wrong_type"],
            [6, "u6", "memberships.team[1]", "wrong_type"],
            [6, "u6", "memberships.team[2].name", "wrong_type"],
            [7, "u0", "id", "duplicate_id"],
        ])
    );
    assert_eq!(refused.body["errors_total"], 11);
    assert_eq!(refused.body["errors"][0]["message"], "found a number, expected a text");
    assert_eq!(refused.body["errors"][1]["message"], "found a map, expected a list of references");
    let path = format!("apps/{app}/records/account/");
    assert_eq!(server.call("GET", &path, None).body["count"], 0, "nothing of it was applied");
}

#[test]
fn what_stops_the_parser_names_the_record_that_it_stopped_in() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let first = r#"{"id": "u0", "username": "a"}"#;
    for (rest, why) in [
        (r#"{"id": "u1", "username": "\ud800"}]}"#, "unexpected end of hex escape"),
        (r#"{"id": "u1", "username": "\udc00 b"}]}"#, "lone leading surrogate in hex escape"),
        (r#"{"id": "u1", "memberships": {"team": [{"id": "\ud800"}]}}]}"#, "unexpected end of hex escape"),
        (r#"{"id": "u1" "username": "b"}]}"#, "expected `,` or `}`"),
        (r#"{"id": "u1", "username": "b"#, "EOF while parsing a string"),
    ] {
        let refused = push_text(&server, &app, &session, &format!(r#"{{"records": [{first}, {rest}"#));
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("malformed_body")), "{rest}");
        assert!(refused.body.get("errors").is_none());
        let detail = refused.body["detail"].as_str().expect("a detail");
        let (begin, place) =
            (format!("the body: record 1: {why} at line 1 column "), detail.rsplit(' ').next());
        assert!(detail.starts_with(&begin), "{detail}");
        assert!(
            place.is_some_and(|column| column.parse::<u32>().is_ok_and(|column| column > 44)),
            "{detail}"
        );
    }
}

#[test]
fn what_stops_the_parser_outside_of_a_record_says_where_and_repeats_little() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let text = "x\\n".repeat(10_000);
    for (body, begin, end) in [
        ("{}".into(), "missing field `records`", "at line 1 column 2"),
        ("[]".into(), "invalid type: sequence, expected an object", "at line 1 column 2"),
        (r#"{"records": {"id": "u1"}}"#.into(), "invalid type: map, expected a list of", "column 13"),
        (format!("\"{text}\""), "invalid type: a text, expected an object", "at line 1 column 30002"),
        (
            format!(r#"{{"records": "{text}"}}"#),
            "invalid type: a text, expected a list of",
            "at line 1 column 30014",
        ),
    ] {
        let body: String = body;
        let refused = push_text(&server, &app, &session, &body);
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("malformed_body")));
        let detail = refused.body["detail"].as_str().expect("a detail");
        assert!(detail.starts_with(&format!("the body: {begin}")) && detail.ends_with(end), "{detail}");
        assert!(detail.chars().count() < 320 && !detail.contains('\n'), "{detail}");
    }
}

#[test]
fn the_id_of_a_fault_is_whole_within_the_limit_on_ids() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    // Distinguished names, alike for far more than 64 characters.
    let name = |number: usize| {
        let begin = format!("{number},ou=Ingénierie,{}", "dc=example,".repeat(30));
        let id: String = format!("cn={}{begin}", "é".repeat(100)).chars().take(255).collect();
        assert_eq!(id.chars().count(), 255);
        id
    };
    let too_long = "é".repeat(256);
    let records = json!([{"id": name(1)}, {"id": name(2)}, {"id": too_long, "username": "x"}]);
    let refused = push(&server, &app, &session, "account", &records);
    let shortened = format!("{}…", "é".repeat(64));
    assert_eq!(
        faults(&refused),
        json!([
            [0, name(1), "email", "required"],
            [1, name(2), "email", "required"],
            [2, shortened, "id", "too_long"],
        ])
    );
    assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.contains(&name(1))));
}

#[test]
fn a_slug_with_line_breaks_is_escaped_in_field_message_and_detail() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let forged = "x\r\n2026-01-01 admin logged in\u{1b}[2J\u{202e}";
    let records = json!([{"id": "u1", "username": "a", "memberships": {forged: [{"id": 3}]}}]);
    let refused = push(&server, &app, &session, "account", &records);
    let field = r"memberships.x\r\n2026-01-01 admin logged in\u{1b}[2J\u{202e}";
    assert_eq!(
        faults(&refused),
        json!([[0, "u1", field, "unknown_resource_type"], [0, "u1", format!("{field}[0].id"), "wrong_type"]])
    );
    let messages = refused.body["errors"].as_array().expect("a list").iter().map(|fault| &fault["message"]);
    for said in messages.chain([&refused.body["detail"]]) {
        let said = said.as_str().expect("a text");
        assert!(!said.chars().any(|char| char.is_control() || char == '\u{202e}'), "{said:?}");
    }
    let long = json!([{"id": "u1", "username": "a", "memberships": {"x".repeat(10_000): []}}]);
    let refused = push(&server, &app, &session, "account", &long);
    assert_eq!(refused.body["errors"][0]["field"], format!("memberships.{}…", "x".repeat(64)));
}

#[test]
fn a_type_beyond_its_limit_takes_what_is_on_record_and_nothing_more() {
    for limit in ["records_per_type_max=1", "bytes_per_type_max=1"] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let server = Server::start(Some(&data), &["--commands-per-snapshot", "1"]);
        let (app, session) = synced_app(&server);
        let account = |id: &str| json!({"id": id, "username": "x", "memberships": {"team": [{"id": "g1"}, {"id": "g2"}]}});
        let both = json!([account("u1"), account("u2")]);
        assert_eq!(push(&server, &app, &session, "account", &both).body["created"], 2);
        complete(&server, &app, &session);
        // The snapshot behind the page is written before this is carried out.
        let session = start(&server, &app);
        assert!(server.terminate());

        // The roll can be called again.
        let server = Server::start(Some(&data), &["--limit", limit]);
        let unchanged = push(&server, &app, &session, "account", &both);
        assert_eq!(unchanged, Reply { status: 200, body: json!({"total": 2, "created": 0, "updated": 2}) });
        let fewer = json!([{"id": "u1", "username": "x", "memberships": {"team": [{"id": "g2"}]}}]);
        assert_eq!(push(&server, &app, &session, "account", &fewer).status, 200);

        // One more record, or a placeholder for one, is refused with the whole page.
        let placeholder = json!([{"id": "u2", "username": "x", "memberships": {"team": [{"id": "g3"}]}}]);
        for (slug, records, full) in [
            ("account", json!([account("u2"), account("u3")]), "account"),
            ("account", placeholder, "team"),
            ("team", json!([{"id": "g3", "name": "Three"}]), "team"),
        ] {
            let refused = push(&server, &app, &session, slug, &records);
            assert_eq!((refused.status, &refused.body["code"]), (409, &json!("resource_type_full")));
            let detail = refused.body["detail"].as_str().expect("a detail");
            assert!(detail.starts_with(&format!("no room in resource type \"{full}\", ")), "{detail}");
        }
        complete(&server, &app, &session);
        let list = server.call("GET", &format!("apps/{app}/records/account/?state=active"), None).body;
        let second = &list["results"][1]["memberships"]["team"];
        assert_eq!((&list["count"], second.as_array().map(Vec::len)), (&json!(2), Some(2)));
    }
}
