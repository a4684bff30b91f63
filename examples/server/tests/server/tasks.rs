//! Provisioning tasks.

use serde_json::{Value, json};

use crate::given::synced_app;
use crate::support::{KEY, Server};

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
        (json!({"action": "fly", "resource_type": "nosuch", "payload": []}), 400),
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
    assert_eq!(resolve(&json!({})).status, 400);
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

/// Digits, the order of fields, fields that are there twice, and what lies between them.
#[test]
fn payload_and_result_come_back_byte_for_byte() {
    let server = Server::start(None, &[]);
    let (app, _) = synced_app(&server);
    let path = format!("/org/acme/api/v1/bridge/apps/{app}/tasks/");
    let payload = "{ \"z\": 1.50,\n\"a\": 12345678901234567890123,  \"z\": [1e3 , \"\\u00e9\\/\"] }";
    let text = |method: &str, path: &str, body: &str| {
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", server.address));
        let request = request.header("Authorization", format!("Api-Key {KEY}"));
        let request = request.header("Content-Type", "application/json").body(body.to_owned());
        let mut response =
            ureq::Agent::new_with_defaults().run(request.expect("a request")).expect("a reply");
        response.body_mut().read_to_string().expect("a text")
    };
    let body = format!(
        "{{\"payload\": {payload} , \"action\": \"create_account\", \"resource_type\": \"account\"}}"
    );
    let created = text("POST", &path, &body);
    assert!(created.contains(&format!("\"payload\":{payload},")), "{created}");
    let created: Value = serde_json::from_str(&created).expect("JSON");
    let task = format!("{path}{}/", created["id"].as_str().expect("an id"));
    let resolved = text(
        "PATCH",
        &format!("{task}status/"),
        &format!("{{\"status\": \"completed\", \"result\":{payload}}}"),
    );
    for told in [resolved, text("GET", &task, ""), text("GET", &path, "")] {
        assert!(told.contains(&format!("\"payload\":{payload},\"result\":{payload},")), "{told}");
    }
    let twice =
        "{\"payload\": {}, \"payload\": {}, \"action\": \"create_account\", \"resource_type\": \"account\"}";
    assert_eq!(server.raw("POST", &path, Some(KEY), Some(twice)).expect("a reply").status, 400);
}
