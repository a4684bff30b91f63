//! Pages of records: applied, or refused with every fault.

use serde_json::{Value, json};

use crate::given::{push, synced_app};
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

#[test]
fn what_stops_the_parser_outside_of_a_record_says_where_and_repeats_little() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let text = "x\\n".repeat(10_000);
    for (body, begin, end) in [
        ("{}".into(), "missing field `records`", "at line 1 column 2"),
        ("[]".into(), "invalid type: sequence, expected an object", "at line 1 column 2"),
        (r#"{"records": {"id": "u1"}}"#.into(), "invalid type: map, expected a list of", "column 12"),
        (format!("\"{text}\""), r#"invalid type: string "x\nx\n"#, "… at line 1 column 30002"),
        (
            format!(r#"{{"records": "{text}"}}"#),
            r#"invalid type: string "x\nx\n"#,
            "… at line 1 column 30014",
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
