//! The header that names the fields of a body which the server does not know.

use serde_json::{Value, json};

use crate::given::{complete, start, synced_app};
use crate::support::{KEY, Server};

/// The status of an answer, and its header.
fn told(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Option<String>) {
    let path = format!("/org/acme/api/v1/bridge/{path}");
    let (reply, headers) = server.with_body(method, &path, KEY, Some(&body.to_string()));
    let header = headers.get("ignored-fields").map(|value| value.to_str().expect("plain text").to_owned());
    (reply.status, header)
}

fn named(status: u16, names: &str) -> (u16, Option<String>) {
    (status, Some(names.to_owned()))
}

#[test]
fn a_page_names_what_it_says_in_vain_in_either_mode_and_as_a_delta() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let page = json!({"records": [
        {"id": "u1", "username": "a", "membership": {"team": []}},
        {"id": "u2", "username": "a", "membership": {}, "memberships": {"team": [{"id": "g1", "first name": "x"}]}},
    ], "größe": 2});
    let names = r#"membership, "first name", %"gr%c3%b6%c3%9fe""#;
    let pages = format!("apps/{app}/sync/{session}/account/");
    for path in [&*pages, &format!("{pages}?mode=lenient"), &format!("apps/{app}/records/account/")] {
        assert_eq!(told(&server, "PUT", path, &page), named(200, names), "{path}");
    }
    let known = json!({"records": [{"id": "u1", "username": "a"}]});
    assert_eq!(told(&server, "PUT", &pages, &known), (200, None));
    // What is refused has it too, and there it may be why.
    let page = json!({"records": [{"id": "u1", "user_name": "a"}]});
    assert_eq!(told(&server, "PUT", &pages, &page), named(400, "user_name"));
    let page = json!({"recods": [{"id": "u1"}]});
    assert_eq!(told(&server, "PUT", &pages, &page), named(400, "recods"));
    let page = json!({"records": [{"id": "u1", "username": "a", "memberships": {"nosuch": []}, "x": 1}]});
    assert_eq!(told(&server, "PUT", &pages, &page), named(422, "x"));
    let many: serde_json::Map<String, Value> =
        (0..20).map(|number| (format!("x{number}"), json!(1))).collect();
    let sixteen: Vec<String> = (0..16).map(|number| format!("x{number}")).collect();
    assert_eq!(told(&server, "PUT", &pages, &many.into()), named(400, &sixteen.join(", ")));
}

#[test]
fn a_page_that_comes_again_names_it_again_after_a_restart_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::here(&data);
    let (app, session) = synced_app(&server);
    let account = |number: u32| json!({"id": format!("u{number}"), "username": "x", "membership": {}});
    let page = json!({"records": (0..100).map(account).collect::<Value>()});
    let push = |server: &Server, session: &str, page: &Value| {
        let before = server.bodies_parsed();
        let told = told(server, "PUT", &format!("apps/{app}/sync/{session}/account/"), page);
        (told, server.bodies_parsed() - before)
    };
    for _ in 0..2 {
        assert_eq!(push(&server, &session, &page), (named(200, "membership"), 1));
    }
    complete(&server, &app, &session);
    drop(server);
    let server = Server::here(&data);
    let session = start(&server, &app);
    for _ in 0..2 {
        assert_eq!(push(&server, &session, &page), (named(200, "membership"), 1));
    }
    // A page without such a field is known by its fingerprint, as ever.
    let good: Value = (0..100).map(|number| json!({"id": format!("u{number}"), "username": "x"})).collect();
    for expected in [1, 0] {
        assert_eq!(push(&server, &session, &json!({ "records": good })), ((200, None), expected));
    }
}

#[test]
fn every_call_with_a_body_names_it() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let app_path = format!("apps/{app}/");
    let sync = format!("{app_path}sync/{session}/");
    let task = json!({"action": "reset_password", "resource_type": "account", "payload": {"any": 1}});
    let task = server.call("POST", &format!("{app_path}tasks/"), Some(&task)).body["id"].clone();
    let status = format!("{app_path}tasks/{}/status/", task.as_str().expect("an id"));
    for (method, path, body, status, names) in [
        ("POST", "apps/", json!({"name": "x", "clone": 1}), 201, "clone"),
        ("POST", "apps/", json!({"clone": 1}), 400, "clone"),
        (
            "PATCH",
            &*app_path,
            json!({"nmae": "x", "guard": {"max_cuont": 1, "max_count": 2}}),
            200,
            "nmae, max_cuont",
        ),
        ("POST", &format!("{app_path}purge/"), json!({"before": "2025-01-15T10:00:00Z"}), 400, "before"),
        (
            "POST",
            &format!("{app_path}resource-types/"),
            json!({"slug": "b", "name": "B", "type": "group", "kind": 1}),
            201,
            "kind",
        ),
        ("PATCH", &format!("{app_path}resource-types/team/"), json!({"title": "x"}), 200, "title"),
        ("POST", &format!("{sync}exclude/"), json!({"types": ["seat"], "why": 1}), 200, "why"),
        ("POST", &format!("{sync}checkpoint/"), json!({"chekpoint": "x"}), 200, "chekpoint"),
        ("POST", &format!("{app_path}records/account/deactivate/"), json!({"ids": [], "id": 1}), 200, "id"),
        (
            "POST",
            &format!("{app_path}tasks/"),
            json!({"action": "reset_password", "resource_type": "account", "payload": {"any": 1}, "after": 1}),
            201,
            "after",
        ),
        (
            "PATCH",
            &*status,
            json!({"status": "failed", "error": {"code": "x", "message": "y", "more": 1}}),
            200,
            "more",
        ),
        ("POST", &format!("{sync}complete/"), json!({"forse": true}), 202, "forse"),
        ("POST", &format!("{sync}fail/"), json!({"reason": "x", "reasons": 1}), 409, "reasons"),
        ("POST", &format!("{app_path}sync/"), json!({"scpoe": ["team"]}), 201, "scpoe"),
    ] {
        assert_eq!(told(&server, method, path, &body), named(status, names), "{method} {path}");
    }
}

/// The log has what the answer says, and none of it can begin a line of its own.
#[test]
fn the_log_names_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let server = Server::logged(&path, &["--log-level", "info"]);
    let body = json!({"name": "App", "a\nERROR": 1, "clonefrom": 1});
    assert_eq!(server.call("POST", "apps/", Some(&body)).status, 201);
    let log = std::fs::read_to_string(&path).expect("text");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("clonefrom")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains("%0aERROR") && lines[0].contains("/bridge/apps/"), "{log}");
}
