//! Every call of the API, with its statuses and bodies.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{KEY, Reply, Server};

fn app(server: &Server, name: &str) -> String {
    let reply = server.call("POST", "apps/", Some(&json!({"name": name})));
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.body["id"].as_str().expect("an id").to_owned()
}

/// An app with an account, a group and a license type, and an open session.
fn synced_app(server: &Server) -> (String, String) {
    let app = app(server, "App");
    for (slug, kind) in [("account", "account"), ("team", "group"), ("seat", "license")] {
        let body = json!({"slug": slug, "name": slug, "type": kind});
        assert_eq!(server.call("POST", &format!("apps/{app}/resource-types/"), Some(&body)).status, 201);
    }
    let session = start(server, &app);
    (app, session)
}

fn start(server: &Server, app: &str) -> String {
    let reply = server.call("POST", &format!("apps/{app}/sync/"), None);
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.body["sync_id"].as_str().expect("an id").to_owned()
}

fn push(server: &Server, app: &str, session: &str, slug: &str, records: &Value) -> Reply {
    server.call("PUT", &format!("apps/{app}/sync/{session}/{slug}/"), Some(&json!({"records": records})))
}

fn complete(server: &Server, app: &str, session: &str) {
    assert_eq!(server.call("POST", &format!("apps/{app}/sync/{session}/complete/"), None).status, 202);
    for _ in 0..500 {
        if server.call("GET", &format!("apps/{app}/sync/{session}/"), None).body["status"] == "completed" {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the cleanup does not end");
}

#[test]
fn apps_are_created_read_changed_and_deleted() {
    let server = Server::start(None, &[]);
    let created = server.call("POST", "apps/", Some(&json!({"name": "Acme HR", "unknown": 1})));
    assert_eq!(created.status, 201);
    let names: Vec<&String> = created.body.as_object().expect("an object").keys().collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert_eq!(created.body["configuration_status"], "CHECKING_CONFIGURATION");
    assert_eq!(created.body["last_synced_at"], Value::Null);
    assert!(created.body["created_at"].as_str().is_some_and(|at| at.ends_with('Z')));
    let id = created.body["id"].as_str().expect("an id");
    let path = format!("apps/{id}/");
    assert_eq!(server.call("GET", &path, None).body["guard"], Value::Null);
    // In any usual spelling.
    assert_eq!(server.call("GET", &format!("apps/{}/", id.to_uppercase()), None).status, 200);
    let guarded = server.call("PATCH", &path, Some(&json!({"guard": {"max_percent": 10}})));
    assert_eq!(
        (guarded.status, &guarded.body["guard"]),
        (200, &json!({"max_count": null, "max_percent": 10}))
    );
    assert_eq!(server.call("PATCH", &path, Some(&json!({"name": "New"}))).body["guard"]["max_percent"], 10);
    assert_eq!(server.call("PATCH", &path, Some(&json!({"guard": null}))).body["guard"], Value::Null);
    assert_eq!(server.call("PATCH", &path, Some(&json!({}))).status, 200);
    for bad in [
        json!({"guard": {"max_percent": 101}}),
        json!({"guard": {"max_percent": 300}}),
        json!({"guard": {"max_count": -1}}),
        json!({"guard": 3}),
        json!({"name": 3}),
        json!([]),
    ] {
        assert_eq!(server.call("PATCH", &path, Some(&bad)).status, 400, "{bad}");
    }
    let clone = server.call("POST", "apps/", Some(&json!({"name": "Clone", "clone_from": id})));
    assert_eq!(clone.status, 201);
    let unknown = "00000000-0000-0000-0000-000000000000";
    for (body, status) in [
        (json!({"name": "x", "clone_from": unknown}), 404),
        (json!({"name": "", "clone_from": unknown}), 404),
        (json!({"name": "x", "clone_from": "no uuid"}), 400),
        (json!({"name": ""}), 400),
        (json!({}), 400),
        (json!({"name": "é".repeat(256)}), 400),
    ] {
        let reply = server.call("POST", "apps/", Some(&body));
        assert_eq!(reply.status, status, "{body}");
        assert!(reply.body["detail"].is_string());
    }
    assert_eq!(server.call("GET", "apps/?limit=1&offset=1", None).body["results"][0]["name"], "Clone");
    assert_eq!(server.call("DELETE", &path, None), Reply { status: 204, body: Value::Null });
    for method in ["GET", "PATCH", "DELETE"] {
        assert_eq!(server.call(method, &path, Some(&json!({}))).status, 404);
    }
}

#[test]
fn keys_open_their_tenant_and_no_other() {
    let server = Server::start(None, &[]);
    let app = app(&server, "Mine");
    let mine = format!("/org/acme/api/v1/bridge/apps/{app}/");
    let status = |path: &str, key| server.raw("GET", path, key, None).expect("a reply").status;
    assert_eq!(status(&mine, Some(KEY)), 200);
    assert_eq!(status(&mine, None), 401);
    assert_eq!(status(&mine, Some("wrong")), 401);
    assert_eq!(status(&mine, Some("other-key")), 404);
    assert_eq!(status(&format!("/org/other/api/v1/bridge/apps/{app}/"), Some("other-key")), 404);
    assert_eq!(status("/org/nobody/api/v1/bridge/apps/", Some(KEY)), 404);
    assert_eq!(status("/healthz", None), 200);
    // 401 comes before 404, and 404 before 400.
    assert_eq!(status("/org/acme/api/v1/bridge/apps/no-uuid/", None), 401);
    assert_eq!(server.call("POST", "apps/no-uuid/tasks/", Some(&json!([]))).status, 404);
}

#[test]
fn types_are_registered_listed_and_changed() {
    let server = Server::start(None, &[]);
    let app = app(&server, "App");
    let path = format!("apps/{app}/resource-types/");
    let team = json!({"slug": "team", "name": "Team", "type": "group"});
    let created = server.call("POST", &path, Some(&team));
    assert_eq!(created.status, 201);
    assert_eq!(
        (&created.body["slug"], &created.body["name"], &created.body["type"]),
        (&json!("team"), &json!("Team"), &json!("group"))
    );
    assert!(created.body["id"].is_string() && created.body["created_at"].is_string());
    assert_eq!(server.call("POST", &path, Some(&team)).status, 409);
    for bad in [
        json!({"slug": "a b", "name": "x", "type": "group"}),
        json!({"slug": "x", "name": "x", "type": "user"}),
        json!({"slug": "x", "name": "x"}),
    ] {
        assert_eq!(server.call("POST", &path, Some(&bad)).status, 400, "{bad}");
    }
    assert_eq!(server.call("GET", &path, None).body["count"], 1);
    let changed = server.call(
        "PATCH",
        &format!("{path}team/"),
        Some(&json!({"slug": "squad", "name": "Squad", "type": "license"})),
    );
    assert_eq!(
        (changed.status, &changed.body["slug"], &changed.body["type"]),
        (200, &json!("squad"), &json!("license"))
    );
    assert_eq!(server.call("PATCH", &format!("{path}team/"), Some(&json!({}))).status, 404);
}

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
        ("account", json!([null]), 400),
        ("account", json!([["u1"]]), 400),
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

#[test]
fn sessions_are_completed_guarded_previewed_and_listed() {
    let server = Server::start(None, &[]);
    let (app, first) = synced_app(&server);
    let accounts = json!([{"id": "u1", "username": "a", "assignments": {"seat": [{"id": "l1"}]}}, {"id": "u2", "username": "b"}]);
    push(&server, &app, &first, "account", &accounts);
    complete(&server, &app, &first);
    assert_eq!(server.call("GET", &format!("apps/{app}/"), None).body["configuration_status"], "CONFIGURED");
    server.call("PATCH", &format!("apps/{app}/"), Some(&json!({"guard": {"max_count": 0}})));
    let session = start(&server, &app);
    push(&server, &app, &session, "account", &json!([{"id": "u2", "username": "b"}]));
    let path = format!("apps/{app}/sync/{session}/");
    let preview = server.call("GET", &format!("{path}preview/"), None);
    assert_eq!(preview.body, json!({"total": 2, "by_type": {"account": 1, "team": 0, "seat": 1}}));
    let refused = server.call("POST", &format!("{path}complete/"), Some(&json!({"force": null})));
    assert_eq!(refused.status, 409);
    let figures =
        ["deactivations", "base", "max_count", "max_percent"].map(|name| refused.body[name].clone());
    assert_eq!(figures, [json!(1), json!(2), json!(0), Value::Null]);
    assert_eq!(server.call("POST", &format!("{path}complete/"), Some(&json!({"force": true}))).status, 202);
    complete(&server, &app, &session);
    let shown = server.call("GET", &path, None).body;
    assert_eq!(
        shown["progress"][0],
        json!({"slug": "account", "name": "account", "type": "account", "synced_count": 1})
    );
    assert_eq!((&shown["counts"]["unchanged"], &shown["counts"]["deactivated"]), (&json!(1), &json!(2)));
    assert!(shown["started_at"].is_string() && shown["ended_at"].is_string());
    assert_eq!(server.call("GET", &format!("{path}preview/"), None).status, 409);
    assert_eq!(server.call("POST", &format!("{path}abandon/"), None).status, 409);
    let list = server.call("GET", &format!("apps/{app}/sync/?limit=1"), None).body;
    assert_eq!(
        (&list["count"], &list["results"][0]["sync_id"], &list["previous"]),
        (&json!(2), &json!(session), &Value::Null)
    );
    let next = list["next"]
        .as_str()
        .expect("an address")
        .strip_prefix(&server.address)
        .expect("this server's")
        .to_owned();
    let older = server.raw("GET", &next, Some(KEY), None).expect("a reply").body;
    assert_eq!((&older["results"][0]["sync_id"], &older["next"]), (&json!(first), &Value::Null));
    assert!(older["previous"].as_str().is_some_and(|url| url.ends_with("limit=1&offset=0")));
    for (body, status) in [
        (json!({"scope": ["account"]}), 201),
        (json!({"scope": []}), 400),
        (json!({"scope": ["nosuch"]}), 404),
        (json!({"scope": null}), 201),
    ] {
        assert_eq!(server.call("POST", &format!("apps/{app}/sync/"), Some(&body)).status, status, "{body}");
    }
}

#[test]
fn records_are_listed_and_purged() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    push(
        &server,
        &app,
        &session,
        "account",
        &json!([
            {"id": "u1", "email": "a@b", "memberships": {"team": [{"id": "g1", "name": "One"}]}},
            {"id": "u2", "username": "b", "status": "suspended"},
        ]),
    );
    complete(&server, &app, &session);
    let list = |query: &str| server.call("GET", &format!("apps/{app}/records/{query}"), None);
    assert_eq!(
        list("account/").body["results"][0],
        json!({
            "id": "u1", "active": true, "placeholder": false, "email": "a@b", "username": null, "first_name": null,
            "last_name": null, "display_name": null, "status": "active",
            "memberships": {"team": [{"id": "g1", "name": "One"}]}, "assignments": {},
        })
    );
    let team = json!({"id": "g1", "active": true, "placeholder": true, "name": "One", "description": null});
    assert_eq!(list("team/?state=placeholder").body["results"], json!([team]));
    let second = start(&server, &app);
    complete(&server, &app, &second);
    assert_eq!(list("account/?state=inactive").body["count"], 2);
    assert_eq!(list("account/?state=active").body["count"], 0);
    for (query, status) in [
        ("nosuch/", 404),
        ("account/?state=x", 400),
        ("account/?limit=0", 400),
        ("account/?limit=1001", 400),
        ("account/?offset=x", 400),
        ("nosuch/?limit=0", 404),
    ] {
        assert_eq!(list(query).status, status, "{query}");
    }
    let purge = |body: &Value| server.call("POST", &format!("apps/{app}/purge/"), Some(body));
    assert_eq!(purge(&json!({"inactive_before": "2001-01-01T00:00:00+02:00"})).body, json!({"purged": 0}));
    assert_eq!(purge(&json!({"inactive_before": "2101-01-01T00:00:00Z"})).body, json!({"purged": 3}));
    assert_eq!(purge(&json!({"inactive_before": "tomorrow"})).status, 400);
    assert_eq!(purge(&json!({})).status, 400);
}

#[test]
fn tasks_are_created_listed_and_resolved() {
    let server = Server::start(None, &[]);
    let (app, _) = synced_app(&server);
    let path = format!("apps/{app}/tasks/");
    let body = json!({"action": "create_account", "resource_type": "account", "payload": {"a": 1}, "execute_after": "2100-01-01T00:00:00Z"});
    let created = server.call("POST", &path, Some(&body));
    assert_eq!(
        (created.status, &created.body["status"], &created.body["payload"]),
        (201, &json!("scheduled"), &json!({"a": 1}))
    );
    assert_eq!(
        (&created.body["execute_after"], &created.body["error"]),
        (&json!("2100-01-01T00:00:00Z"), &Value::Null)
    );
    for (body, status) in [
        (json!({"action": "fly", "resource_type": "account"}), 400),
        (json!({"action": "create_account"}), 400),
        (json!({"action": "create_account", "resource_type": "nosuch"}), 404),
        (json!({"action": "fly", "resource_type": "nosuch", "payload": []}), 404),
        (json!({"action": "create_account", "resource_type": "account", "payload": []}), 400),
        (json!({"action": "create_account", "resource_type": "account", "execute_after": "x"}), 400),
    ] {
        assert_eq!(server.call("POST", &path, Some(&body)).status, status, "{body}");
    }
    let second = server
        .call("POST", &path, Some(&json!({"action": "reset_password", "resource_type": "account"})))
        .body;
    assert_eq!(second["payload"], Value::Null);
    assert_eq!(server.call("GET", &format!("{path}?status=pending"), None).body["count"], 1);
    assert_eq!(server.call("GET", &format!("{path}?status=x"), None).status, 400);
    let task = format!("{path}{}/", second["id"].as_str().expect("an id"));
    assert_eq!(server.call("GET", &task, None).body["action"], "reset_password");
    let resolve = |body: &Value| server.call("PATCH", &format!("{task}status/"), Some(body));
    assert_eq!(resolve(&json!({"status": "completed", "error": {"code": "x", "message": "y"}})).status, 400);
    assert_eq!(resolve(&json!({"status": "failed", "result": {}})).status, 400);
    assert_eq!(resolve(&json!({"status": "failed", "error": {"code": "x"}})).status, 400);
    assert_eq!(resolve(&json!({"status": "done"})).status, 400);
    assert_eq!(resolve(&json!({})).body["status"], "pending");
    let failed = resolve(&json!({"status": "failed", "error": {"code": "x", "message": "y"}}));
    assert_eq!((failed.status, &failed.body["error"]), (200, &json!({"code": "x", "message": "y"})));
    assert_eq!(resolve(&json!({"status": "completed"})).status, 409);
    let first = format!("{path}{}/status/", created.body["id"].as_str().expect("an id"));
    let completed =
        server.call("PATCH", &first, Some(&json!({"status": "completed", "result": {"ok": true}})));
    assert_eq!(
        (&completed.body["status"], &completed.body["result"]),
        (&json!("completed"), &json!({"ok": true}))
    );
    assert_eq!(server.call("GET", &format!("{path}00000000-0000-0000-0000-000000000000/"), None).status, 404);
}

#[test]
fn the_document_names_every_call() {
    let server = Server::start(None, &[]);
    let document = server.raw("GET", "/openapi.json", None, None).expect("a reply").body;
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), 16);
    for (path, item) in paths {
        for method in item.as_object().expect("methods").keys() {
            let unknown = path
                .replace("{tenant}", "acme")
                .replace("{app}", "x")
                .replace("{sync}", "x")
                .replace("{slug}", "x")
                .replace("{task}", "x");
            let reply = server.raw(&method.to_uppercase(), &unknown, None, None).expect("a reply");
            assert_eq!(reply.status, 401, "{method} {path} is a route that wants a key");
        }
    }
}

#[test]
fn a_terminated_server_ends_well() {
    assert!(Server::start(None, &[]).terminate());
}
