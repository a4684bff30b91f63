//! Keys, limits, a default guard and a timeout, as the command line says them; and what a restart with others does.

use std::path::Path;
use std::time::Duration;

use headcount::{AppId, Command, Scope, SessionId, Timestamp, Uuid};
use headcount_server::file::chain::Witness;
use headcount_server::store::{Entry, Store};
use serde_json::{Value, json};

use crate::given::{app, complete, push, start, synced_app};
use crate::support::{KEY, READ_ONLY_KEY, Reply, Server};

fn named(server: &Server, chars: usize) -> Reply {
    server.call("POST", "apps/", Some(&json!({"name": "x".repeat(chars)})))
}

/// All that there is to be seen of a tenant.
fn state(server: &Server) -> (Value, Value) {
    let digest = server.call("GET", "digest/", None).body;
    (digest, server.call("GET", "changes/?limit=1000", None).body)
}

#[test]
fn a_read_only_key_reads_and_does_not_write() {
    let server = Server::start(None, &["--read-only-key", "acme=another", "--read-only-key", "other=others"]);
    let app = app(&server, "App");
    let told = |method: &str, path: &str, key: &str| {
        let reply = server.raw(method, &format!("/org/{path}"), Some(key), Some("")).expect("a reply");
        (reply.status, reply.body["code"].as_str().unwrap_or_default().to_owned())
    };
    for key in [READ_ONLY_KEY, "another"] {
        let path = format!("acme/api/v1/bridge/apps/{app}/");
        assert_eq!(told("GET", &path, key).0, 200);
        assert_eq!(told("HEAD", &path, key).0, 200);
        // Whatever it would write to, and wherever.
        for path in [
            &*path,
            "acme/api/v1/bridge/apps/no-uuid/",
            "other/api/v1/bridge/apps/x/",
            "x/api/v1/bridge/apps/x/",
        ] {
            assert_eq!(told("DELETE", path, key), (403, "read_only_key".into()), "{path}");
        }
        // What no call is writes nothing.
        assert_eq!(told("DELETE", "acme/api/v1/bridge/nosuch/", key), (404, "path_not_found".into()));
        assert_eq!(told("DELETE", "acme/api/v1/bridge/apps/", key), (405, "method_not_allowed".into()));
        assert_eq!(told("GET", "other/api/v1/bridge/apps/", key), (404, "tenant_not_found".into()));
    }
    assert_eq!(told("GET", "acme/api/v1/bridge/apps/", "others"), (404, "tenant_not_found".into()));
    assert_eq!(told("GET", "other/api/v1/bridge/apps/", "others").0, 200);
    assert_eq!(told("DELETE", &format!("acme/api/v1/bridge/apps/{app}/"), KEY).0, 204);
}

#[test]
fn what_the_command_line_says_wrongly_is_refused_in_words() {
    for (options, expected) in [
        (&["--limit", "max=1"][..], "no limit \"max\", expected one of records_per_page_max, "),
        (&["--limit", "text_chars_max=0"], "limit text_chars_max: found \"0\", expected 1 to 16383"),
        (
            &["--limit", "text_chars_max=1", "--limit", "text_chars_max=2"],
            "the limit text_chars_max is given twice",
        ),
        (
            &["--default-guard", "max_percent=101"],
            "guard max_percent: found \"101\", expected a whole number from 0 to 100",
        ),
        (&["--read-only-key", "nobody=key"], "no tenant \"nobody\" for a read-only key"),
        (&["--read-only-key", "acme=other-key"], "a key of tenant \"acme\" is read-only and is not"),
        (&["--read-only-key", "acme"], "found no key, expected TENANT=KEY"),
        (&["--session-idle-timeout", "soon"], "found \"soon\", expected a time such as 24h"),
    ] {
        let said = Server::try_start(None, options).err().expect("no server");
        assert!(said.contains(expected), "{options:?}: {said}");
    }
}

#[test]
fn limits_hold_for_what_comes_and_a_replay_is_under_those_of_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let few: &[&str] = &["--limit", "text_chars_max=10", "--limit", "records_per_page_max=2"];
    let many: &[&str] = &["--limit", "text_chars_max=300", "--limit", "records_per_page_max=150"];
    let records = |count: usize| -> Value {
        (0..count).map(|number| json!({"id": number.to_string(), "username": "x"})).collect()
    };
    // Each start says other limits. What was taken under one stays, and what was refused does.
    let mut expected = None;
    let starts = [(&[][..], 255, 100), (few, 10, 2), (many, 300, 150), (few, 10, 2), (&[], 255, 100)];
    for (options, chars_max, records_max) in starts {
        let server = Server::start(Some(&data), options);
        let found = state(&server);
        assert_eq!(*expected.get_or_insert(found.clone()), found, "{options:?}");
        assert_eq!(named(&server, chars_max).status, 201);
        assert_eq!(named(&server, chars_max + 1).status, 400);
        let (app, session) = synced_app(&server);
        assert_eq!(push(&server, &app, &session, "account", &records(records_max)).status, 200);
        assert_eq!(push(&server, &app, &session, "account", &records(records_max + 1)).status, 400);
        complete(&server, &app, &session);
        expected = Some(state(&server));
        // One without a word, one with its time to save.
        if chars_max == 10 {
            server.kill();
        } else {
            assert!(server.terminate());
        }
    }
    // From a snapshot behind some of the starts, and from none.
    let copy = folder.path().join("copy");
    std::fs::copy(&data, &copy).expect("a copy");
    let server = Server::start(Some(&copy), &["--commands-per-snapshot", "1"]);
    assert_eq!(Some(state(&server)), expected);
    named(&server, 255);
    let expected_of_copy = state(&server);
    assert!(server.terminate());
    assert_eq!(state(&Server::start(Some(&copy), few)), expected_of_copy);
    assert_eq!(Some(state(&Server::start(Some(&data), many))), expected);
}

/// A server that knew no options wrote no note: what it took was taken under the defaults.
/// Under which limits its commands were carried out is a part of what they came to.
#[test]
fn a_file_without_its_configuration_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    assert!(Server::start(Some(&data), &[]).terminate());
    let file = rusqlite::Connection::open(&data).expect("the file");
    file.execute("DROP TABLE configuration", []).expect("a table");
    drop(file);
    let refused = Server::try_start(Some(&data), &[]).err().expect("a file with something missing");
    assert!(refused.contains("no such table: configuration"), "{refused}");
}

#[test]
fn a_list_of_tasks_has_no_more_than_the_engine_lists() {
    let server = Server::start(None, &["--limit", "tasks_listed_max=2"]);
    let (app, _) = synced_app(&server);
    let path = format!("apps/{app}/tasks/");
    for _ in 0..3 {
        let body = json!({"action": "create_account", "resource_type": "account"});
        assert_eq!(server.call("POST", &path, Some(&body)).status, 201);
    }
    let list = server.call("GET", &path, None).body;
    assert_eq!((&list["count"], list["results"].as_array().map(Vec::len)), (&json!(3), Some(2)));
    assert!(list["next"].as_str().is_some_and(|next| next.ends_with("limit=2&offset=2")));
}

#[test]
fn a_new_app_has_the_default_guard_of_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let guard =
        |server: &Server, app: &str| server.call("GET", &format!("apps/{app}/"), None).body["guard"].clone();
    let server =
        Server::start(Some(&data), &["--default-guard", "max_percent=10,min_count=20,require_pages=true"]);
    let guarded = app(&server, "App");
    let shown = json!({
        "max_count": null, "max_percent": 10, "max_type_percent": null, "min_count": 20,
        "require_pages": true, "max_removals": null, "max_removals_percent": null
    });
    assert_eq!(guard(&server, &guarded), shown);
    let clone = server.call("POST", "apps/", Some(&json!({"name": "Clone", "clone_from": guarded}))).body;
    assert_eq!(guard(&server, clone["id"].as_str().expect("an id")), shown);
    assert!(server.terminate());
    let server = Server::start(Some(&data), &[]);
    assert_eq!(guard(&server, &guarded), shown);
    let free = app(&server, "App");
    assert_eq!(guard(&server, &free), Value::Null);
    assert!(server.terminate());
    let server = Server::start(Some(&data), &["--default-guard", "max_count=1"]);
    assert_eq!((guard(&server, &guarded), guard(&server, &free)), (shown, Value::Null));
}

const APP: AppId = AppId(Uuid::from_u128(1));

/// A file with an app whose session had its last activity in 1970.
fn with_an_idle_session(data: &Path) {
    let mut store = Store::open(data, 1_000).expect("a store");
    let commands = [
        Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None },
        Command::StartSession { app_id: APP, session_id: SessionId(Uuid::from_u128(1)), scope: Scope::All },
    ];
    for command in commands {
        let command = postcard::to_stdvec(&command).expect("bytes");
        store
            .append(&[Entry {
                tenant: "acme",
                now: Timestamp(0),
                witness: Witness::default(),
                command: &command,
            }])
            .expect("an entry");
    }
}

fn newest_session(server: &Server) -> Value {
    server.call("GET", &format!("apps/{APP}/sync/"), None).body["results"][0].clone()
}

#[test]
fn a_session_that_nobody_goes_on_with_expires() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    with_an_idle_session(&data);
    let server = Server::start(Some(&data), &[]);
    let fresh = app(&server, "Fresh");
    let session = start(&server, &fresh);
    let expired = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        Some(newest_session(&server)).filter(|session| session["status"] != "in_progress")
    });
    let expired = expired.expect("it expires");
    assert_eq!((&expired["status"], &expired["reason"]), (&json!("error"), &json!("expired")));
    let path = format!("apps/{fresh}/sync/{session}/");
    assert_eq!(server.call("GET", &path, None).body["status"], "in_progress", "it was started just now");
    // It was journaled as every command.
    assert!(server.terminate());
    let server = Server::start(Some(&data), &["--session-idle-timeout", "0"]);
    assert_eq!(newest_session(&server), expired);
}

#[test]
fn a_server_that_expires_none_leaves_them_in_progress() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    with_an_idle_session(&data);
    let server = Server::start(Some(&data), &["--session-idle-timeout", "0"]);
    let before = server.call("GET", "digest/", None);
    // Where it does expire, it has done so by now.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(newest_session(&server)["status"], "in_progress");
    assert_eq!(server.call("GET", "digest/", None), before);
}
