//! What changed, told in its order, and told again the same.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::given::{app, complete, push, start, synced_app};
use crate::support::{Reply, Server};

fn changes(server: &Server, query: &str) -> Reply {
    server.call("GET", &format!("changes/{query}"), None)
}

/// All changes behind one, a few at a time, without a gap.
fn all_behind(server: &Server, after: u64) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let last = all.last().and_then(|change| change["seq"].as_u64()).unwrap_or(after);
        let page = changes(server, &format!("?after={last}&limit=7"));
        assert_eq!(page.status, 200, "{page:?}");
        let results = page.body["results"].as_array().expect("a list");
        if results.is_empty() {
            assert_eq!(page.body["last_seq"].as_u64(), Some(last));
            return all;
        }
        for (change, expected) in results.iter().zip(last + 1..) {
            assert_eq!(change["seq"], expected, "no gap");
        }
        all.extend(results.iter().cloned());
    }
}

/// The kinds of some changes.
fn kinds(changes: &[Value]) -> Vec<&str> {
    changes.iter().map(|change| change["kind"].as_str().expect("a kind")).collect()
}

fn seq(server: &Server) -> u64 {
    changes(server, "?limit=1&after=1000000000").body["last_seq"].as_u64().expect("a number")
}

/// Makes a change of every kind.
fn busy(server: &Server) -> String {
    let (app, session) = synced_app(server);
    let call = |method: &str, path: &str, body: Value| {
        let reply = server.call(method, &format!("apps/{app}/{path}"), Some(&body));
        assert!(reply.status < 300, "{method} {path}: {reply:?}");
        reply.body
    };
    call("PATCH", "", json!({"name": "Renamed"}));
    let member = |teams: Value| json!([{"id": "u1", "username": "x", "memberships": {"team": teams}}]);
    push(server, &app, &session, "account", &member(json!([{"id": "g1"}, {"id": "g2"}])));
    push(server, &app, &session, "account", &member(json!([{"id": "g1", "name": "One"}])));
    push(server, &app, &session, "team", &json!([{"id": "g1", "name": "One"}]));
    push(
        server,
        &app,
        &session,
        "account",
        &json!([{"id": "u1", "username": "y", "email": "a@b", "memberships": {"team": [{"id": "g1"}]}}]),
    );
    call("POST", &format!("sync/{session}/exclude/"), json!({"types": ["seat"]}));
    complete(server, &app, &session);
    let session = start(server, &app);
    complete(server, &app, &session);
    let session = start(server, &app);
    push(
        server,
        &app,
        &session,
        "account",
        &json!([{"id": "u1", "username": "y", "memberships": {"team": [{"id": "g2"}]}}]),
    );
    call("POST", "purge/", json!({"inactive_before": "2101-01-01T00:00:00Z"}));
    call("PATCH", "resource-types/team/", json!({"slug": "squad"}));
    let task = call("POST", "tasks/", json!({"action": "create_account", "resource_type": "account"}));
    let task = task["id"].as_str().expect("an id");
    call("PATCH", &format!("tasks/{task}/status/"), json!({"status": "completed"}));
    let clone = server.call("POST", "apps/", Some(&json!({"name": "Clone", "clone_from": app}))).body;
    let clone = clone["id"].as_str().expect("an id");
    assert_eq!(server.call("DELETE", &format!("apps/{clone}/"), None).status, 204);
    app
}

#[test]
fn every_kind_of_change_is_told_in_its_order_with_what_it_names() {
    let server = Server::start(None, &[]);
    assert_eq!(changes(&server, "").body, json!({"results": [], "last_seq": 0}));
    let app = busy(&server);
    let all = all_behind(&server, 0);
    let document = server.raw("GET", "/openapi.json", None, None).expect("a reply").body;
    let known = document["components"]["schemas"]["Change"]["properties"]["kind"]["enum"].as_array().cloned();
    let known: BTreeSet<String> =
        known.expect("kinds").iter().map(|kind| kind.as_str().expect("a kind").to_owned()).collect();
    let told: BTreeSet<String> = kinds(&all).into_iter().map(str::to_owned).collect();
    assert_eq!(told, known);

    let names = |kind: &str| {
        let mut change = all.iter().find(|change| change["kind"] == kind).expect("a change").clone();
        let change = change.as_object_mut().expect("an object");
        for name in ["seq", "kind"] {
            change.remove(name);
        }
        let at = change.remove("at").expect("a time");
        assert!(at.as_str().is_some_and(|at| at.ends_with('Z')), "{at}");
        if kind != "app_deleted" {
            assert_eq!(change["app"], app);
        }
        change.remove("app");
        Value::Object(change.clone())
    };
    let record = |slug: &str, id: &str| json!({"slug": slug, "id": id});
    assert_eq!(names("app_created"), json!({"clone_from": null}));
    assert_eq!(all.iter().rfind(|change| change["kind"] == "app_created").expect("one")["clone_from"], app);
    assert_eq!((names("app_updated"), names("app_deleted")), (json!({}), json!({})));
    assert_eq!(names("type_registered")["resource_type"]["slug"], "account");
    assert_eq!(names("type_updated")["resource_type"]["slug"], "squad");
    let resource_type = &names("type_updated")["resource_type"]["id"];
    let types = server.call("GET", &format!("apps/{app}/resource-types/"), None).body;
    assert_eq!(resource_type, &types["results"][1]["id"]);
    assert_eq!(names("session_ended")["status"], "completed");
    assert_eq!(names("session_ended")["sync_id"], names("session_opened")["sync_id"]);
    assert_eq!(names("record_created"), json!({"record": record("account", "u1")}));
    assert_eq!(
        names("record_updated"),
        json!({"record": record("account", "u1"), "fields": ["email", "username"]})
    );
    // Under the slug of then, though the type was renamed since.
    assert_eq!(names("placeholder_made"), json!({"record": record("team", "g1")}));
    let reference = json!({"account": record("account", "u1"), "target": record("team", "g1")});
    assert_eq!(names("reference_added"), reference);
    assert!(names("task_created")["task_id"].is_string());
    assert_eq!(names("task_created"), names("task_resolved"));
}

#[test]
fn changes_are_asked_for_from_behind_one_and_a_few_at_a_time() {
    let server = Server::start(None, &[]);
    busy(&server);
    let last = seq(&server);
    let all = changes(&server, "?after=0&limit=1000").body;
    assert_eq!(all["results"].as_array().map(Vec::len), Some(last as usize));
    for after in 0..=last {
        let page = changes(&server, &format!("?after={after}&limit=2")).body;
        let expected: Vec<&Value> =
            all["results"].as_array().expect("a list").iter().skip(after as usize).take(2).collect();
        assert_eq!(page, json!({"results": expected, "last_seq": last}));
    }
    for after in [last, last + 1, u64::MAX] {
        let none = changes(&server, &format!("?after={after}"));
        assert_eq!((none.status, none.body), (200, json!({"results": [], "last_seq": last})));
    }
    let default = changes(&server, "").body;
    assert_eq!(default["results"].as_array().map(Vec::len), Some(50.min(last as usize)));
    // Another tenant has changes of its own.
    let other = server.raw("GET", "/org/other/api/v1/bridge/changes/", Some("other-key"), None);
    assert_eq!(other.expect("a reply").body, json!({"results": [], "last_seq": 0}));
}

#[test]
fn what_changes_nothing_tells_nothing() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let records = json!([{"id": "u1", "username": "x"}]);
    push(&server, &app, &session, "account", &records);
    let before = seq(&server);
    push(&server, &app, &session, "account", &records);
    let same = json!([{"username": "x", "id": "u1"}]);
    push(&server, &app, &session, "account", &same);
    assert_eq!(push(&server, &app, &session, "account", &json!([{"id": "u1"}])).status, 400);
    assert_eq!(seq(&server), before);
}

/// What is told, and what is told again after each kind of end.
fn told_again(data: &Path, options: &[&str]) {
    let server = Server::start(Some(data), options);
    busy(&server);
    let told = all_behind(&server, 0);
    assert!(server.terminate());
    let server = Server::start(Some(data), options);
    assert_eq!(all_behind(&server, 0), told, "after a stop");
    busy(&server);
    let told = all_behind(&server, 0);
    server.kill();
    let server = Server::start(Some(data), options);
    // The last cleanup may have gone on.
    assert_eq!(all_behind(&server, 0)[..told.len()], told, "after a kill");
}

#[test]
fn what_was_told_is_told_again_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    told_again(&folder.path().join("replayed"), &[]);
    told_again(&folder.path().join("saved"), &["--commands-per-snapshot", "3"]);
}

#[test]
fn what_is_no_longer_kept_is_said_to_be_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let options = ["--changes-kept", "10", "--commands-per-snapshot", "3"];
    let server = Server::start(Some(&data), &options);
    busy(&server);
    let last = seq(&server);
    let oldest = last - 9;
    let expect_gone = |server: &Server, oldest: u64| {
        for after in [0, oldest - 2] {
            let gone = changes(server, &format!("?after={after}&limit=1"));
            let detail =
                format!("the changes behind {after} are no longer kept, expected {} or later", oldest - 1);
            assert_eq!(gone.status, 410, "{gone:?}");
            assert_eq!(gone.body, json!({"detail": detail, "code": "changes_forgotten", "oldest": oldest}));
        }
    };
    expect_gone(&server, oldest);
    let kept = all_behind(&server, oldest - 1);
    assert_eq!(kept.len(), 10);
    assert!(server.terminate());
    let server = Server::start(Some(&data), &options);
    expect_gone(&server, oldest);
    assert_eq!(all_behind(&server, oldest - 1), kept);
    assert!(server.terminate());
    // Fewer are kept from now on; more brings none back.
    let server = Server::start(Some(&data), &["--changes-kept", "4"]);
    expect_gone(&server, last - 3);
    assert!(server.terminate());
    let server = Server::start(Some(&data), &["--changes-kept", "0"]);
    let gone = changes(&server, &format!("?after={}", last - 1));
    assert_eq!((gone.status, &gone.body["oldest"]), (410, &json!(last + 1)));
    assert_eq!(changes(&server, &format!("?after={last}")).body, json!({"results": [], "last_seq": last}));
    app(&server, "App");
    assert_eq!(seq(&server), last + 1);
}

/// More changes in one command than are kept, and than stand together.
#[test]
fn of_a_command_that_changes_more_than_is_kept_the_last_are_told() {
    let server = Server::start(None, &["--changes-kept", "300"]);
    let (app, session) = synced_app(&server);
    let teams: Vec<Value> = (0..500).map(|team| json!({"id": format!("g{team}")})).collect();
    let account = json!([{"id": "u1", "username": "x", "memberships": {"team": teams}}]);
    push(&server, &app, &session, "account", &account);
    let last = seq(&server);
    assert_eq!(changes(&server, &format!("?after={}", last - 301)).body["oldest"], last - 299);
    let told = all_behind(&server, last - 300);
    assert_eq!(told.len(), 300);
    assert!(kinds(&told).contains(&"reference_added"));
}
