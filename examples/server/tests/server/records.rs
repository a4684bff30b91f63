//! Records, listed and purged.

use serde_json::{Value, json};

use crate::given::{complete, push, start, synced_app};
use crate::support::Server;

#[test]
fn records_are_listed_and_purged() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    push(
        &server,
        &app,
        &session,
        "account",
        &json!([
            {"id": "u1", "email": "a@b", "memberships": {"team": [{"id": "g1", "name": "One"}]}},
            {"id": "u2", "username": "b", "status": "suspended"},
        ]),
    );
    complete(&server, &app, &session);
    let list = |query: &str| server.call("GET", &format!("apps/{app}/records/{query}"), None);
    assert_eq!(
        list("account/").body["results"][0],
        json!({
            "id": "u1", "active": true, "placeholder": false, "inactive_since": null, "email": "a@b", "username": null, "first_name": null,
            "last_name": null, "display_name": null, "status": "active",
            "memberships": {"team": [{"id": "g1", "name": "One"}]}, "assignments": {},
        })
    );
    let team = json!({"id": "g1", "active": true, "placeholder": true, "inactive_since": null, "name": "One", "description": null});
    assert_eq!(list("team/?state=placeholder").body["results"], json!([team]));
    let second = start(&server, &app);
    complete(&server, &app, &second);
    let inactive = list("account/?state=inactive").body;
    assert_eq!(inactive["count"], 2);
    assert!(inactive["results"][0]["inactive_since"].as_str().is_some_and(|at| at.ends_with('Z')));
    assert_eq!(list("account/?state=active").body["count"], 0);
    for (query, status) in [
        ("nosuch/", 404),
        ("account/?state=x", 400),
        ("account/?limit=0", 400),
        ("account/?limit=1001", 400),
        ("account/?offset=x", 400),
        ("nosuch/?limit=0", 404),
    ] {
        assert_eq!(list(query).status, status, "{query}");
    }
    let purge = |body: &Value| server.call("POST", &format!("apps/{app}/purge/"), Some(body));
    assert_eq!(purge(&json!({"inactive_before": "2001-01-01T00:00:00+02:00"})).body, json!({"purged": 0}));
    assert_eq!(purge(&json!({"inactive_before": "2101-01-01T00:00:00Z"})).body, json!({"purged": 3}));
    assert_eq!(purge(&json!({"inactive_before": "tomorrow"})).status, 400);
    assert_eq!(purge(&json!({})).status, 400);
}
