//! What the tests begin with.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Reply, Server};

pub fn app(server: &Server, name: &str) -> String {
    let reply = server.call("POST", "apps/", Some(&json!({"name": name})));
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.body["id"].as_str().expect("an id").to_owned()
}

/// An app with an account, a group and a license type, and an open session.
pub fn synced_app(server: &Server) -> (String, String) {
    let app = app(server, "App");
    for (slug, kind) in [("account", "account"), ("team", "group"), ("seat", "license")] {
        let body = json!({"slug": slug, "name": slug, "type": kind});
        assert_eq!(server.call("POST", &format!("apps/{app}/resource-types/"), Some(&body)).status, 201);
    }
    let session = start(server, &app);
    (app, session)
}

pub fn start(server: &Server, app: &str) -> String {
    let reply = server.call("POST", &format!("apps/{app}/sync/"), None);
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.body["sync_id"].as_str().expect("an id").to_owned()
}

pub fn push(server: &Server, app: &str, session: &str, slug: &str, records: &Value) -> Reply {
    server.call("PUT", &format!("apps/{app}/sync/{session}/{slug}/"), Some(&json!({"records": records})))
}

pub fn complete(server: &Server, app: &str, session: &str) {
    assert_eq!(server.call("POST", &format!("apps/{app}/sync/{session}/complete/"), None).status, 202);
    for _ in 0..500 {
        if server.call("GET", &format!("apps/{app}/sync/{session}/"), None).body["status"] == "completed" {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the cleanup does not end");
}
