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

/// Who pages through members while some come and some go sees each that is there all the while, once.
#[test]
fn members_are_listed_from_behind_one_whatever_becomes_of_others() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let member = |number: usize| json!({"id": format!("u/{number}"), "username": "x", "memberships": {"team": [{"id": "g1"}]}});
    push(&server, &app, &session, "account", &(0..7).map(member).collect());
    let path = format!("apps/{app}/records/team/g1/members/");
    let list = |query: &str| server.call("GET", &format!("{path}{query}"), None);
    let shown = |page: &Value| -> Vec<String> {
        let results = page["results"].as_array().expect("a list").iter();
        results.map(|account| account["id"].as_str().expect("an id").to_owned()).collect()
    };
    let follow = |page: &Value| {
        let link = page["next"].as_str().expect("a link");
        let path = link.strip_prefix(&server.address).expect("this server's");
        server.raw("GET", path, Some(KEY), None).expect("a reply").body
    };
    let leaves = |id: &str| {
        let record = json!({"records": [{"id": id, "username": "x", "memberships": {"team": []}}]});
        let reply = server.call("PUT", &format!("apps/{app}/records/account/"), Some(&record));
        assert_eq!(reply.status, 200, "{reply:?}");
    };
    let first = list("?limit=2").body;
    assert_eq!((shown(&first), &first["count"]), (vec!["u/0".into(), "u/1".into()], &json!(7)));
    let next = first["next"].as_str().expect("a link");
    assert!(next.ends_with("members/?after_type=account&after=u%2F1&limit=2"), "{next}");
    // The first leaves, and so does the one that the next part begins behind.
    leaves("u/0");
    leaves("u/1");
    let second = follow(&first);
    assert_eq!((shown(&second), &second["count"]), (vec!["u/2".into(), "u/3".into()], &json!(5)));
    assert_eq!(second["previous"], Value::Null);
    push(&server, &app, &session, "account", &json!([member(7)]));
    let third = follow(&second);
    let last = follow(&third);
    assert_eq!(
        (shown(&third), shown(&last)),
        (vec!["u/4".into(), "u/5".into()], vec!["u/6".into(), "u/7".into()])
    );
    // Just as many as fit are no reason for another part.
    assert_eq!(last["next"], Value::Null);
    let at_an_offset = list("?limit=2&offset=3").body;
    assert_eq!(shown(&at_an_offset), ["u/5", "u/6"]);
    let previous = at_an_offset["previous"].as_str().expect("a link");
    assert!(previous.ends_with("?limit=2&offset=1"), "{previous}");
    assert_eq!(shown(&follow(&at_an_offset)), ["u/7"]);
    for (query, status, code) in [
        ("?after_type=account&after=nobody", 404, "record_not_found"),
        ("?after_type=nosuch&after=u%2F1", 404, "resource_type_not_found"),
        ("?after=u%2F1", 400, "malformed_query"),
        ("?after_type=account", 400, "malformed_query"),
        ("?after_type=account&after=u%2F1&offset=0", 400, "malformed_query"),
    ] {
        let refused = list(query);
        assert_eq!((refused.status, refused.body["code"].as_str()), (status, Some(code)), "{query}");
    }
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
