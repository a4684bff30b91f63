//! Clients that send a whole request and go away before its answer.

use std::time::Instant;

use serde_json::{Value, json};

use crate::connections::{LONG, connect, head, send};
use crate::given::{push, start, synced_app};
use crate::support::Server;

/// Writes a request, and closes the connection at once.
fn send_and_go(server: &Server, path: &str, headers: &str, body: &Value) {
    let body = body.to_string();
    let length = format!("Content-Length: {}\r\n", body.len());
    send(&mut connect(server), &(head("POST", path, &format!("{length}{headers}")) + &body));
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "waited in vain for {what}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn a_completion_whose_client_is_gone_is_cleaned_up_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    // The client is gone before the command is on disk.
    let server = Server::start(Some(&folder.path().join("data")), &[]);
    let (app, mut session) = synced_app(&server);
    for round in 0..20 {
        let account = json!([{"id": format!("u{round}"), "username": "x"}]);
        assert_eq!(push(&server, &app, &session, "account", &account).status, 200);
        send_and_go(&server, &format!("apps/{app}/sync/{session}/complete/"), "", &json!({}));
        let path = format!("apps/{app}/sync/{session}/");
        until("the end of a cleanup", || server.call("GET", &path, None).body["status"] == "completed");
        session = start(&server, &app);
    }
    let path = format!("apps/{app}/records/account/?state=inactive");
    assert_eq!(server.call("GET", &path, None).body["count"], 19, "all but the last one's account");
}

#[test]
fn what_a_client_made_that_is_gone_is_there_once_and_has_its_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Some(&folder.path().join("data")), &[]);
    let key = ("Idempotency-Key", "the-first-app");
    send_and_go(&server, "apps/", &format!("{}: {}\r\n", key.0, key.1), &json!({"name": "App"}));
    let count = || server.call("GET", "apps/", None).body["count"].clone();
    until("the app", || count() == 1);
    let again = || server.request("POST", "apps/", &[key], br#"{"name":"App"}"#);
    // The first one's answer may be on its way to where it is kept.
    until("its answer", || again().0.status == 201);
    let (reply, headers) = again();
    assert_eq!((reply.status, &headers["idempotent-replayed"]), (201, &"true".parse().expect("a value")));
    assert_eq!(count(), 1);
}
