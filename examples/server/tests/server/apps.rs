//! Apps, their resource types, and keys.

use serde_json::{Value, json};

use crate::given::app;
use crate::support::{KEY, Reply, Server};

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
        (
            200,
            &json!({
                "max_count": null, "max_percent": 10, "max_type_percent": null, "min_count": 0,
                "require_pages": false, "max_removals": null, "max_removals_percent": null
            })
        )
    );
    let whole = json!({
        "max_count": 1, "max_percent": 2, "max_type_percent": 3, "min_count": 4, "require_pages": true,
        "max_removals": 5, "max_removals_percent": 6
    });
    let guarded = server.call("PATCH", &path, Some(&json!({ "guard": whole })));
    assert_eq!((guarded.status, &guarded.body["guard"]), (200, &whole));
    let none =
        server.call("PATCH", &path, Some(&json!({"guard": {"require_pages": false, "max_count": null}})));
    assert_eq!(
        (none.status, &none.body["guard"]),
        (200, &Value::Null),
        "a guard of which nothing is set is none"
    );
    server.call("PATCH", &path, Some(&json!({"guard": {"max_percent": 10}})));
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
        (json!({"name": "", "clone_from": unknown}), 400),
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
