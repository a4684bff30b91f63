//! Records: listed, read, purged and erased.

use serde_json::{Value, json};

use crate::given::{complete, push, start, synced_app};
use crate::support::{KEY, Server};

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
            "last_name": null, "display_name": null, "status": "active", "attributes": {},
            "memberships": {"team": [{"id": "g1", "name": "One"}]}, "assignments": {},
        })
    );
    let team = json!({"id": "g1", "active": true, "placeholder": true, "inactive_since": null, "name": "One", "description": null, "attributes": {}});
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

/// Accounts `u00` to `u09`, of which the even ones are inactive; each has the team of its number. Teams are inactive.
fn ten(server: &Server) -> String {
    let (app, session) = synced_app(server);
    let account = |number: usize| json!({"id": format!("u{number:02}"), "username": "x", "memberships": {"team": [{"id": format!("g/{number}")}]}});
    let all: Value = (0..10).map(account).collect();
    let teams: Value = (0..10).map(|number| json!({"id": format!("g/{number}"), "name": "x"})).collect();
    push(server, &app, &session, "account", &all);
    push(server, &app, &session, "team", &teams);
    complete(server, &app, &session);
    let session = start(server, &app);
    let odd: Value = (0..10).filter(|number| number % 2 == 1).map(account).collect();
    push(server, &app, &session, "account", &odd);
    complete(server, &app, &session);
    app
}

#[test]
fn records_are_listed_from_behind_one_whatever_becomes_of_others() {
    let server = Server::start(None, &[]);
    let app = ten(&server);
    let list = |query: &str| server.call("GET", &format!("apps/{app}/records/{query}"), None).body;
    let ids = |page: &Value| -> Vec<String> {
        let results = page["results"].as_array().expect("a list");
        results.iter().map(|record| record["id"].as_str().expect("an id").to_owned()).collect()
    };
    // The record itself need not be in the state that is asked for.
    let first = list("account/?state=active&after=u00&limit=2");
    assert_eq!((ids(&first), &first["count"]), (vec!["u01".into(), "u03".into()], &json!(5)));
    assert_eq!(first["previous"], Value::Null);
    let next = first["next"].as_str().expect("a link").to_owned();
    assert!(next.ends_with("account/?state=active&after=u03&limit=2"), "{next}");
    // An offset would move; the cursor does not.
    assert_eq!(server.call("DELETE", &format!("apps/{app}/records/account/u00/"), None).status, 204);
    let follow = |link: &str| {
        let path = link.strip_prefix(&server.address).expect("this server's");
        server.raw("GET", path, Some(KEY), None).expect("a reply").body
    };
    let second = follow(&next);
    assert_eq!(ids(&second), ["u05", "u07"]);
    let last = follow(second["next"].as_str().expect("a link"));
    assert_eq!((ids(&last), &last["next"]), (vec!["u09".into()], &Value::Null));
    // Just as many as fit are no reason for another page.
    assert_eq!(list("account/?state=active&after=u05&limit=2")["next"], Value::Null);
    let none = list("account/?state=active&after=u09&limit=2");
    assert_eq!((ids(&none).len(), &none["count"], &none["next"]), (0, &json!(5), &Value::Null));
    // An id in a link is encoded.
    let teams = list("team/?after=g%2F0&limit=1");
    assert_eq!(ids(&teams), ["g/1"]);
    assert_eq!(ids(&follow(teams["next"].as_str().expect("a link"))), ["g/2"]);
    let unknown = server.call("GET", &format!("apps/{app}/records/account/?after=u00"), None);
    let detail = "no record \"u00\" of resource type \"account\" in this app";
    assert_eq!((unknown.status, unknown.body), (404, json!({"detail": detail, "code": "record_not_found"})));
    let both = server.call("GET", &format!("apps/{app}/records/account/?after=u01&offset=0"), None);
    let detail = "offset: found one beside after, expected none";
    assert_eq!((both.status, both.body), (400, json!({"detail": detail, "code": "malformed_query"})));
}

#[test]
fn a_record_that_active_accounts_refer_to_dangles_and_is_not_erased() {
    let server = Server::start(None, &[]);
    let app = ten(&server);
    let dangling = server.call("GET", &format!("apps/{app}/records/team/?state=dangling&limit=2"), None).body;
    assert_eq!((&dangling["count"], &dangling["results"][0]["id"]), (&json!(5), &json!("g/1")));
    assert!(dangling["next"].as_str().is_some_and(|next| next.ends_with("?state=dangling&limit=2&offset=2")));
    let behind = format!("apps/{app}/records/team/?state=dangling&after=g%2F4");
    assert_eq!(server.call("GET", &behind, None).body["results"][0]["id"], "g/5");
    let erase = |path: &str| server.call("DELETE", &format!("apps/{app}/records/{path}/"), None);
    for used in ["team/g%2F1", "account/u01"] {
        let refused = erase(used);
        assert_eq!((refused.status, &refused.body["code"]), (409, &json!("record_in_use")), "{used}");
    }
    assert_eq!(erase("team/g%2F0").status, 204);
    // With it the references of those that do not count.
    let holder = server.call("GET", &format!("apps/{app}/records/account/u00/"), None).body;
    assert_eq!(holder["memberships"], json!({}));
    let gone = erase("team/g%2F0");
    assert_eq!((gone.status, &gone.body["code"]), (404, &json!("record_not_found")));
    let members = server.call("GET", &format!("apps/{app}/records/team/g%2F1/members/"), None).body;
    let member = json!({"slug": "account", "id": "u01", "email": null, "username": "x"});
    assert_eq!((&members["count"], &members["results"]), (&json!(1), &json!([member])));
}

#[test]
fn attributes_are_shown_as_they_were_sent() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let sent = json!({
        "department": "Sales", "number": i64::MIN, "text": "1", "flag": true, "regions": ["EU", "US"], "none": null,
        "empty": "", "nothing": [],
    });
    let accounts = json!([{"id": "u1", "username": "x", "attributes": sent}]);
    assert_eq!(push(&server, &app, &session, "account", &accounts).status, 200);
    assert_eq!(
        push(&server, &app, &session, "team", &json!([{"id": "g1", "name": "x", "attributes": {"a": 1}}]))
            .status,
        200
    );
    let shown = |path: &str| {
        server.call("GET", &format!("apps/{app}/records/{path}/"), None).body["attributes"].clone()
    };
    let expected = json!({"department": "Sales", "number": i64::MIN, "text": "1", "flag": true, "regions": ["EU", "US"]});
    assert_eq!((shown("account/u1"), shown("team/g1")), (expected, json!({"a": 1})));
    let faulty = json!([{"id": "u1", "username": "x", "attributes": {"a": 1.5, "b": {}}}]);
    let refused = push(&server, &app, &session, "account", &faulty);
    assert_eq!((refused.status, &refused.body["errors_total"]), (400, &json!(2)));
    assert_eq!(refused.body["errors"][0]["field"], "attributes.a");
    let changed = json!([{"id": "u1", "username": "x", "attributes": {"a": 2}}]);
    push(&server, &app, &session, "account", &changed);
    let changes = server.call("GET", "changes/?limit=1000", None).body;
    let newest = changes["results"].as_array().and_then(|results| results.last()).expect("a change");
    assert_eq!((&newest["kind"], &newest["fields"]), (&json!("record_updated"), &json!(["attributes"])));
}
