//! Sessions, from start to end.

use serde_json::{Value, json};

use crate::given::{complete, push, start, synced_app};
use crate::support::{KEY, Server};

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
    let preview = server.call("GET", &format!("{path}preview/"), None).body;
    assert_eq!(
        (&preview["total"], &preview["by_type"]),
        (&json!(2), &json!({"account": 1, "team": 0, "seat": 1}))
    );
    let refused = server.call("POST", &format!("{path}complete/"), Some(&json!({"force": null})));
    assert_eq!(refused.status, 409);
    let Value::Object(mut figures) = refused.body else { panic!("no object") };
    assert!(figures.remove("detail").is_some_and(|detail| detail.is_string()));
    let guard = json!({
        "max_count": 0, "max_percent": null, "max_type_percent": null, "min_count": 0, "require_pages": false,
        "max_removals": null, "max_removals_percent": null
    });
    let expected = json!({"code": "guard_exceeded", "limit": "max_count", "guard": guard, "deactivations": 1, "base": 2});
    assert_eq!(Value::Object(figures), expected);
    assert_eq!(server.call("POST", &format!("{path}complete/"), Some(&json!({"force": true}))).status, 202);
    complete(&server, &app, &session);
    let shown = server.call("GET", &path, None).body;
    assert_eq!(
        shown["progress"][0],
        json!({
            "slug": "account", "name": "account", "type": "account", "synced_count": 1, "retained_count": 0,
            "pages": 1, "in_scope": true
        })
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
fn a_session_shows_its_scope_and_no_reason_without_an_error() {
    let server = Server::start(None, &[]);
    let (app, _) = synced_app(&server);
    let path = format!("apps/{app}/sync/");
    let scoped = server.call("POST", &path, Some(&json!({"scope": ["team", "account", "team"]})));
    let id = scoped.body["sync_id"].as_str().expect("an id");
    let shown = server.call("GET", &format!("{path}{id}/"), None).body;
    let in_scope = |slug: &str| {
        let progress = shown["progress"].as_array().expect("a list");
        progress.iter().find(|progress| progress["slug"] == slug).map(|progress| progress["in_scope"].clone())
    };
    assert_eq!(
        ["account", "team", "seat"].map(in_scope),
        [Some(json!(true)), Some(json!(true)), Some(json!(false))]
    );
    assert_eq!(shown["reason"], Value::Null);
    let refused = push(&server, &app, id, "seat", &json!([]));
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("out_of_scope")));
}
