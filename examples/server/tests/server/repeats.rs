//! A body that comes again as it was is not parsed, and its page not journaled.

use serde_json::{Value, json};

use crate::given::{complete, push, start, synced_app};
use crate::support::{Reply, Server};

fn accounts() -> Value {
    let account = |number: u32| json!({"id": format!("u{number}"), "username": "x", "memberships": {"team": [{"id": "g1"}]}});
    (0..100).map(account).collect()
}

/// What a page answered, and how many bodies were parsed for it.
fn parsed(server: &Server, push: impl FnOnce() -> Reply) -> (Reply, u64) {
    let before = server.bodies_parsed();
    (push(), server.bodies_parsed() - before)
}

fn answer(created: u32, updated: u32) -> Reply {
    let body = json!({"total": created + updated, "created": created, "updated": updated});
    Reply { status: 200, body }
}

/// The lengths of the last commands in the journal, newest first.
fn journaled(data: &std::path::Path) -> Vec<u32> {
    let connection = rusqlite::Connection::open(data).expect("the data file");
    let mut lengths = connection
        .prepare("SELECT length(command) FROM journal ORDER BY id DESC LIMIT 3")
        .expect("a journal");
    let lengths = lengths.query_map([], |row| row.get(0)).expect("lengths");
    lengths.collect::<Result<_, _>>().expect("a length")
}

#[test]
fn a_body_that_comes_again_is_not_parsed_and_journaled_short_after_a_restart_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::here(&data);
    let (app, session) = synced_app(&server);
    let records = accounts();
    assert_eq!(parsed(&server, || push(&server, &app, &session, "account", &records)), (answer(100, 0), 1));
    assert!(journaled(&data)[0] > 2_000, "the whole page: {:?}", journaled(&data));
    complete(&server, &app, &session);
    let session = start(&server, &app);
    assert_eq!(parsed(&server, || push(&server, &app, &session, "account", &records)), (answer(0, 100), 0));
    assert!(journaled(&data)[0] < 100, "a fingerprint: {:?}", journaled(&data));
    drop(server);

    // The fingerprints and their key are in the file: nothing is read anew.
    let server = Server::here(&data);
    assert_eq!(parsed(&server, || push(&server, &app, &session, "account", &records)), (answer(0, 100), 0));
    let shown = server.call("GET", &format!("apps/{app}/sync/{session}/"), None);
    assert_eq!(shown.body["progress"][0]["synced_count"], 100);
    assert_eq!(shown.body["counts"]["unchanged"], 200);

    // One record changes by another page: the next time the body is read, and then no more.
    let one = json!([{"id": "u7", "username": "y"}]);
    assert_eq!(parsed(&server, || push(&server, &app, &session, "account", &one)), (answer(0, 1), 1));
    for expected in [1, 0] {
        let again = parsed(&server, || push(&server, &app, &session, "account", &records));
        assert_eq!(again, (answer(0, 100), expected));
    }
}

/// What is told of a body that is known is what would be told if it were parsed.
#[test]
fn a_body_that_is_known_is_refused_as_one_that_is_parsed() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::here(&folder.path().join("data"));
    let (app, session) = synced_app(&server);
    let (known, malformed) = (accounts(), json!([{"id": 7}]));
    assert_eq!(push(&server, &app, &session, "account", &known).status, 200);
    let told = |session: &str, slug: &str, records: &Value| {
        let reply = push(&server, &app, session, slug, records);
        (reply.status, reply.body["code"].as_str().expect("a code").to_owned())
    };
    assert_eq!(told(&session, "nosuch", &known), (404, "resource_type_not_found".into()));
    // The same bytes are another page to another type.
    assert_eq!(told(&session, "team", &known), (400, "page_faults".into()));
    assert_eq!(server.call("POST", &format!("apps/{app}/sync/{session}/abandon/"), None).status, 204);
    assert_eq!(told(&session, "account", &known), (400, "wrong_state".into()));
    let scope = server.call("POST", &format!("apps/{app}/sync/"), Some(&json!({"scope": ["team"]})));
    let scoped = scope.body["sync_id"].as_str().expect("an id");
    assert_eq!(told(scoped, "account", &known), (422, "out_of_scope".into()));
    assert_eq!(told(scoped, "account", &malformed), (400, "page_faults".into()));
}
