//! Pages whose faulty records are rejected, each by itself.

use serde_json::{Value, json};

use crate::given::{complete, start, synced_app};
use crate::support::{Reply, Server};

fn push(server: &Server, app: &str, session: &str, query: &str, records: &Value) -> Reply {
    let path = format!("apps/{app}/sync/{session}/account/{query}");
    server.call("PUT", &path, Some(&json!({"records": records})))
}

#[test]
fn records_with_faults_are_rejected_and_what_is_on_record_of_them_is_retained() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let both = json!([{"id": "u1", "email": "a@b"}, {"id": "u2", "username": "b"}]);
    // Without a fault it is as a strict one, but for what it tells.
    let reply = push(&server, &app, &session, "?mode=lenient", &both);
    let body =
        json!({"total": 2, "created": 2, "updated": 0, "rejected": 0, "errors": [], "errors_total": 0});
    assert_eq!(reply, Reply { status: 200, body });
    complete(&server, &app, &session);
    let session = start(&server, &app);
    let faulty =
        json!([{"id": "u1", "email": "a at b"}, {"id": "u3", "username": "c"}, {"id": "", "username": "d"}]);
    for strict in ["", "?mode=strict", "?mode="] {
        let refused = push(&server, &app, &session, strict, &faulty);
        assert_eq!((refused.status, &refused.body["errors_total"]), (400, &json!(2)), "{strict}");
    }
    let reply = push(&server, &app, &session, "?mode=lenient", &faulty);
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = &reply.body;
    assert_eq!((&body["total"], &body["created"], &body["updated"]), (&json!(3), &json!(1), &json!(0)));
    assert_eq!((&body["rejected"], &body["errors_total"]), (&json!(2), &json!(2)));
    let first = &body["errors"][0];
    assert_eq!((&first["index"], &first["id"], &first["field"]), (&json!(0), &json!("u1"), &json!("email")));
    assert_eq!((&body["errors"][1]["index"], &body["errors"][1]["id"]), (&json!(2), &Value::Null));
    let shown = server.call("GET", &format!("apps/{app}/sync/{session}/"), None).body;
    let progress = &shown["progress"][0];
    assert_eq!((&progress["synced_count"], &progress["retained_count"]), (&json!(1), &json!(1)));
    assert_eq!(shown["counts"]["rejected"], 2);
    complete(&server, &app, &session);
    let active = server.call("GET", &format!("apps/{app}/records/account/?state=active"), None).body;
    let ids: Vec<&Value> = active["results"].as_array().expect("a list").iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, ["u1", "u3"], "who was rejected stays, who was not named goes");
    let refused = push(&server, &app, &session, "?mode=Lenient", &faulty);
    let detail = "mode: found \"Lenient\", expected strict or lenient";
    assert_eq!((refused.status, refused.body), (400, json!({"detail": detail, "code": "malformed_query"})));
}

#[test]
fn a_lenient_page_is_repeated_only_if_nothing_was_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::here(&folder.path().join("data"));
    let (app, session) = synced_app(&server);
    let parsed = |records: &Value, mode: &str| {
        let before = server.bodies_parsed();
        let reply = push(&server, &app, &session, mode, records);
        assert_eq!(reply.status, 200, "{reply:?}");
        (reply.body, server.bodies_parsed() - before)
    };
    let good: Value = (0..100).map(|number| json!({"id": format!("u{number}"), "username": "x"})).collect();
    assert_eq!(parsed(&good, "?mode=lenient").1, 1);
    let lenient =
        json!({"total": 100, "created": 0, "updated": 100, "rejected": 0, "errors": [], "errors_total": 0});
    assert_eq!(parsed(&good, "?mode=lenient"), (lenient, 0));
    assert_eq!(parsed(&good, ""), (json!({"total": 100, "created": 0, "updated": 100}), 0));
    let mut faulty = good;
    faulty[7]["username"] = json!(7);
    for _ in 0..2 {
        let (body, bodies) = parsed(&faulty, "?mode=lenient");
        assert_eq!((&body["rejected"], bodies), (&json!(1), 1));
    }
}
