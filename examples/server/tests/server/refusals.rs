//! What a refusal says: the thing and its value, a code, and nothing unescaped.

use serde_json::{Value, json};

use crate::given::{app, push, synced_app, things};
use crate::support::{KEY, Server};

const UNKNOWN: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn the_detail_names_the_thing_that_is_not_there_and_its_value() {
    let server = Server::start(None, &[]);
    let things = things(&server);
    for (method, path, body, code, detail) in [
        ("GET", format!("apps/{UNKNOWN}/"), json!({}), "app_not_found", format!("no app {UNKNOWN}")),
        ("GET", "apps/no-uuid/".into(), json!({}), "app_not_found", r#"no app "no-uuid""#.into()),
        (
            "GET",
            format!("apps/{{app}}/sync/{UNKNOWN}/"),
            json!({}),
            "session_not_found",
            format!("no session {UNKNOWN} in this app"),
        ),
        (
            "POST",
            "apps/{app}/sync/x/abandon/".into(),
            json!({}),
            "session_not_found",
            r#"no session "x" in this app"#.into(),
        ),
        (
            "GET",
            format!("apps/{{app}}/tasks/{UNKNOWN}/"),
            json!({}),
            "task_not_found",
            format!("no task {UNKNOWN} in this app"),
        ),
        (
            "PUT",
            "apps/{app}/sync/{sync}/taem/".into(),
            json!({"records": []}),
            "resource_type_not_found",
            r#"no resource type "taem" in this app"#.into(),
        ),
        (
            "GET",
            "apps/{app}/records/taem/".into(),
            json!({}),
            "resource_type_not_found",
            r#"no resource type "taem" in this app"#.into(),
        ),
        // Of a body: in the same words.
        (
            "POST",
            "apps/".into(),
            json!({"name": "x", "clone_from": UNKNOWN.to_uppercase()}),
            "app_not_found",
            format!("no app {UNKNOWN}"),
        ),
        (
            "POST",
            "apps/{app}/sync/".into(),
            json!({"scope": ["account", "taem"]}),
            "resource_type_not_found",
            r#"no resource type "taem" in this app"#.into(),
        ),
        (
            "POST",
            "apps/{app}/tasks/".into(),
            json!({"action": "reset_password", "resource_type": "ta\nem"}),
            "resource_type_not_found",
            r#"no resource type "ta\nem" in this app"#.into(),
        ),
    ] {
        let refused = server.call(method, &things.path(&path, &[]), Some(&body));
        assert_eq!(refused.status, 404, "{path}");
        assert_eq!(refused.body, json!({"detail": detail, "code": code}), "{path}");
    }
    let refused = server.raw("GET", "/org/nobody/api/v1/bridge/apps/", Some(KEY), None).expect("a reply");
    assert_eq!(refused.body, json!({"detail": "no tenant \"nobody\"", "code": "tenant_not_found"}));
    let refused = server.raw("GET", "/org/acme/api/v1/bridge/apps/", Some("wrong"), None).expect("a reply");
    assert_eq!((refused.status, &refused.body["code"]), (401, &json!("unauthorized")));
}

#[test]
fn a_malformed_field_is_named_with_what_was_found_and_what_was_expected() {
    let server = Server::start(None, &[]);
    let (app, _) = synced_app(&server);
    for (method, path, body, detail) in [
        ("POST", "apps/", json!([]), "the body: found a list, expected an object"),
        ("POST", "apps/", json!({"name": 3}), "name: found 3, expected a string"),
        (
            "POST",
            "apps/",
            json!({"name": "x", "clone_from": "y\u{1b}"}),
            r#"clone_from: found "y\u{1b}", expected a UUID"#,
        ),
        ("PATCH", "apps/{app}/", json!({"guard": []}), "guard: found a list, expected an object"),
        (
            "PATCH",
            "apps/{app}/",
            json!({"guard": {"max_percent": 300}}),
            "guard.max_percent: found 300, expected a whole number from 0 to 100",
        ),
        (
            "PATCH",
            "apps/{app}/",
            json!({"guard": {"max_count": -1}}),
            "guard.max_count: found -1, expected a whole number from 0",
        ),
        (
            "POST",
            "apps/{app}/resource-types/",
            json!({"slug": "x", "name": "x", "type": "user"}),
            r#"type: found "user", expected account, group or license"#,
        ),
        (
            "POST",
            "apps/{app}/resource-types/",
            json!({"slug": "x", "name": "x"}),
            "type: found nothing, expected a value",
        ),
        (
            "POST",
            "apps/{app}/sync/",
            json!({"scope": "account"}),
            r#"scope: found "account", expected a list of strings"#,
        ),
        (
            "POST",
            "apps/{app}/purge/",
            json!({"inactive_before": "tomorrow"}),
            r#"inactive_before: found "tomorrow", expected a time such as 2025-01-15T10:00:00Z"#,
        ),
    ] {
        let refused = server.call(method, &path.replace("{app}", &app), Some(&body));
        assert_eq!(refused.status, 400, "{body}");
        assert_eq!(refused.body, json!({"detail": detail, "code": "malformed_body"}), "{body}");
    }
}

#[test]
fn a_fault_of_a_record_has_its_index_id_field_code_and_message() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let one = push(&server, &app, &session, "account", &json!([{"username": "x"}]));
    assert_eq!(
        (one.status, &one.body["code"], &one.body["errors_total"]),
        (400, &json!("page_faults"), &json!(1))
    );
    let detail = one.body["detail"].as_str().expect("a detail");
    let begin =
        "1 fault in the page, the first: record 0 (without a usable id): id: required: found nothing, ";
    assert!(detail.starts_with(begin), "{detail}");
    let names: Vec<&String> = one.body["errors"][0].as_object().expect("an object").keys().collect();
    assert_eq!(names, ["index", "id", "field", "code", "message"]);
    let fault = &one.body["errors"][0];
    assert_eq!(
        (&fault["index"], &fault["id"], &fault["field"], &fault["code"]),
        (&json!(0), &Value::Null, &json!("id"), &json!("required"))
    );
    assert!(fault["message"].is_string());

    let two = push(&server, &app, &session, "account", &json!([{"id": "u1"}, {"id": "u2", "email": "x"}]));
    assert!(two.body["detail"].as_str().is_some_and(|detail| detail.starts_with("2 faults in the page")));
    assert_eq!((&two.body["errors"][0]["id"], &two.body["errors"][1]["id"]), (&json!("u1"), &json!("u2")));
}

#[test]
fn the_detail_repeats_nothing_that_could_forge_a_line_of_a_log() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let forged = "x\n2026-01-01 admin logged in\u{1b}[2J\u{202e}";
    let records = json!([{"id": forged, "username": "x", "memberships": {forged: [{"id": "1"}]}}]);
    let refused = push(&server, &app, &session, "account", &records);
    assert_eq!(refused.status, 422);
    let mut details = vec![refused];
    for (path, body) in [
        ("tasks/", json!({"action": forged, "resource_type": "account"})),
        ("tasks/", json!({"action": "reset_password", "resource_type": forged})),
        ("resource-types/", json!({"slug": forged, "name": "x", "type": "group"})),
        ("sync/", json!({"scope": [forged]})),
        ("sync/?a%0Ab%1B=1", json!({})),
        ("purge/", json!({"inactive_before": forged})),
    ] {
        details.push(server.call("POST", &format!("apps/{app}/{path}"), Some(&body)));
    }
    for refused in details {
        let detail = refused.body["detail"].as_str().expect("a detail");
        assert!(!detail.chars().any(|char| char.is_control() || char == '\u{202e}'), "{detail:?}");
    }
}

#[test]
fn what_a_body_says_beside_the_known_is_ignored_and_null_is_absent() {
    let server = Server::start(None, &[]);
    let app = app(&server, "App");
    let path = format!("apps/{app}/");
    let body = json!({"nmae": 3, "name": null});
    assert_eq!(server.call("PATCH", &path, Some(&body)).body["name"], "App");
    let body = json!({"name": "x", "clone_from": "", "guard": "ignored here"});
    assert_eq!(server.call("POST", "apps/", Some(&body)).status, 201);
    let body = json!({"slug": "a", "name": "A", "type": "account", "clone_from": 7});
    assert_eq!(server.call("POST", &format!("{path}resource-types/"), Some(&body)).status, 201);
    let body =
        json!({"action": "reset_password", "resource_type": "a", "payload": "", "execute_after": null});
    assert_eq!(server.call("POST", &format!("{path}tasks/"), Some(&body)).status, 201);
}
