//! Deltas: upserts and deactivations outside of any session.

use serde_json::{Value, json};

use crate::given::{complete, push, synced_app};
use crate::support::{Reply, Server};

fn figures(created: u32, updated: u32) -> Reply {
    let body = json!({"total": created + updated, "created": created, "updated": updated});
    Reply { status: 200, body }
}

#[test]
fn records_are_upserted_and_deactivated_without_a_session() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    complete(&server, &app, &session);
    let path = format!("apps/{app}/records/account/");
    let upsert = |records: Value| server.call("PUT", &path, Some(&json!({"records": records})));
    let account =
        |name: &str| json!([{"id": "u1", "username": name, "memberships": {"team": [{"id": "g1"}]}}]);
    assert_eq!(upsert(account("x")), figures(1, 0));
    assert_eq!(upsert(account("y")), figures(0, 1));
    // What it does not name stays.
    assert_eq!(upsert(json!([{"id": "u1", "username": "y"}])), figures(0, 1));
    let shown = server.call("GET", &format!("{path}u1/"), None).body;
    assert_eq!((&shown["username"], &shown["memberships"]["team"][0]["id"]), (&json!("y"), &json!("g1")));
    let faulty = upsert(json!([{"id": "u1"}]));
    assert_eq!((faulty.status, &faulty.body["errors_total"]), (400, &json!(1)));
    let rule = upsert(json!([{"id": "u1", "username": "y", "memberships": {"nosuch": []}}]));
    assert_eq!((rule.status, &rule.body["errors"][0]["field"]), (422, &json!("memberships.nosuch")));
    let many: Value = (0..101).map(|number| json!({"id": number.to_string(), "username": "x"})).collect();
    assert_eq!(upsert(many).status, 400);

    let deactivate =
        |ids: Value| server.call("POST", &format!("{path}deactivate/"), Some(&json!({ "ids": ids })));
    let body = json!({"total": 3, "deactivated": 1, "unchanged": 1, "unknown": 1});
    assert_eq!(deactivate(json!(["u1", "u1", "nobody"])), Reply { status: 200, body });
    assert_eq!(server.call("GET", &format!("{path}u1/"), None).body["active"], false);
    let body = json!({"total": 0, "deactivated": 0, "unchanged": 0, "unknown": 0});
    assert_eq!(deactivate(json!([])), Reply { status: 200, body });
    assert_eq!(deactivate(json!(["x".repeat(256)])).status, 400);
    let many: Value = (0..101).map(|number| number.to_string()).collect();
    assert_eq!(deactivate(many).status, 400);
    // It is a change as any other.
    let changes = server.call("GET", "changes/?limit=1000", None).body;
    let newest = changes["results"].as_array().and_then(|results| results.last()).expect("a change");
    assert_eq!((&newest["kind"], &newest["record"]["id"]), (&json!("record_deactivated"), &json!("u1")));
}

#[test]
fn a_page_that_is_older_than_a_delta_does_not_undo_it() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let listed = json!([{"id": "u1", "username": "x"}, {"id": "u2", "username": "x"}]);
    push(&server, &app, &session, "account", &json!([{"id": "u1", "username": "x"}]));
    let path = format!("apps/{app}/records/account/deactivate/");
    assert_eq!(server.call("POST", &path, Some(&json!({"ids": ["u1", "u2"]}))).body["unknown"], 1);
    // The one is settled, and the other passed over.
    let reply = push(&server, &app, &session, "account", &listed);
    assert_eq!(reply, Reply { status: 200, body: json!({"total": 2, "created": 0, "updated": 1}) });
    let shown = server.call("GET", &format!("apps/{app}/sync/{session}/"), None).body;
    assert_eq!(shown["counts"]["settled"], 2);
    complete(&server, &app, &session);
    let active = server.call("GET", &format!("apps/{app}/records/account/?state=active"), None).body;
    assert_eq!(active["count"], 0);
}

#[test]
fn a_delta_for_which_there_is_no_room_is_refused_whole() {
    let server = Server::start(None, &["--limit", "records_per_type_max=1"]);
    let (app, session) = synced_app(&server);
    let path = format!("apps/{app}/records/account/");
    let both = json!([{"id": "u1", "username": "x"}, {"id": "u2", "username": "x"}]);
    let leavers = json!({"ids": ["u1", "u2"]});
    for (method, path, body) in
        [("PUT", path.clone(), json!({ "records": both })), ("POST", format!("{path}deactivate/"), leavers)]
    {
        let refused = server.call(method, &path, Some(&body));
        assert_eq!((refused.status, &refused.body["code"]), (409, &json!("resource_type_full")), "{method}");
    }
    // Neither is there a record, nor is a page passed over.
    let account = json!([{"id": "u1", "username": "x"}]);
    assert_eq!(push(&server, &app, &session, "account", &account), figures(1, 0));
}

#[test]
fn deltas_and_what_they_settled_are_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(Some(&data), &[]);
    let (app, session) = synced_app(&server);
    let path = format!("apps/{app}/records/account/");
    let alice = |name: &str| json!([{"id": "u1", "username": name}]);
    assert_eq!(server.call("PUT", &path, Some(&json!({"records": alice("alice")}))), figures(1, 0));
    let left = server.call("POST", &format!("{path}deactivate/"), Some(&json!({"ids": ["u2"]})));
    assert_eq!((left.status, &left.body["unknown"]), (200, &json!(1)));
    let digest = server.call("GET", "digest/", None);
    server.kill();

    let server = Server::start(Some(&data), &[]);
    assert_eq!(server.call("GET", "digest/", None), digest);
    assert_eq!(push(&server, &app, &session, "account", &alice("al")), figures(0, 1));
    assert_eq!(server.call("GET", &format!("{path}u1/"), None).body["username"], "alice");
    let late = push(&server, &app, &session, "account", &json!([{"id": "u2", "username": "bob"}]));
    assert_eq!(late, Reply { status: 200, body: json!({"total": 1, "created": 0, "updated": 0}) });
}
