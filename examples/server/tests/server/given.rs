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

/// One of each thing that a path can name, some that have ended, and a tenant to ask. The account `u1` is
/// inactive; the session has the account `u2` and the team `g1`, which has no members.
pub struct Things {
    pub app: String,
    /// In progress.
    pub session: String,
    /// A session that was completed, and one that was abandoned.
    pub completed: String,
    pub abandoned: String,
    /// Pending.
    pub task: String,
    /// Completed.
    pub ended_task: String,
}

/// The types are those of [`synced_app`].
pub fn things(server: &Server) -> Things {
    let (app, first) = synced_app(server);
    let pushed = |session: &str, slug: &str, record: Value| {
        assert_eq!(push(server, &app, session, slug, &json!([record])).status, 200);
    };
    pushed(&first, "account", json!({"id": "u1", "username": "x"}));
    complete(server, &app, &first);
    let completed = start(server, &app);
    complete(server, &app, &completed);
    let abandoned = start(server, &app);
    let session = start(server, &app);
    pushed(&session, "account", json!({"id": "u2", "username": "x"}));
    pushed(&session, "team", json!({"id": "g1", "name": "One"}));
    let task = || {
        let body = json!({"action": "create_account", "resource_type": "account"});
        let reply = server.call("POST", &format!("apps/{app}/tasks/"), Some(&body));
        reply.body["id"].as_str().expect("an id").to_owned()
    };
    let (task, ended_task) = (task(), task());
    let path = format!("apps/{app}/tasks/{ended_task}/status/");
    assert_eq!(server.call("PATCH", &path, Some(&json!({"status": "completed"}))).status, 200);
    Things { app, session, completed, abandoned, task, ended_task }
}

impl Things {
    /// A path of the API's document, with the names of these things in it, or of those that are given.
    pub fn path(&self, template: &str, others: &[(&str, &str)]) -> String {
        // An account has no members.
        let (slug, id) = if template.ends_with("members/") { ("team", "g1") } else { ("account", "u1") };
        let names = [
            ("tenant", "acme"),
            ("app", &self.app),
            ("sync", &self.session),
            ("slug", slug),
            ("id", id),
            ("task", &self.task),
        ];
        let mut path = template.to_owned();
        for (name, value) in others.iter().copied().chain(names) {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        path
    }
}

/// Method and path of each call that the API's document has.
pub fn documented(server: &Server) -> Vec<(String, String)> {
    let document = server.raw("GET", "/openapi.json", None, None).expect("a reply").body;
    let mut calls = Vec::new();
    let paths = document["paths"].as_object().expect("paths").iter();
    for (path, item) in paths.filter(|(path, _)| path.starts_with("/org/")) {
        let methods = item.as_object().expect("methods").keys();
        calls.extend(methods.map(|method| (method.to_uppercase(), path.clone())));
    }
    calls
}
