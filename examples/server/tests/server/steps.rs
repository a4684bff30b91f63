//! Steps of a session: exclusion, waiver, failure, checkpoint; plan and guard.

use serde_json::{Value, json};

use crate::given::{complete, push, start, synced_app};
use crate::support::{Reply, Server};

/// A session of an app, to be taken further.
struct Steps<'s> {
    server: &'s Server,
    path: String,
}

impl Steps<'_> {
    fn new<'s>(server: &'s Server, app: &str, session: &str) -> Steps<'s> {
        Steps { server, path: format!("apps/{app}/sync/{session}/") }
    }

    fn take(&self, step: &str, body: &Value) -> Reply {
        let body = (!body.is_null()).then_some(body);
        self.server.call("POST", &format!("{}{step}/", self.path), body)
    }

    /// The session that a step answers with, which is the one that is read.
    fn taken(&self, step: &str, body: &Value) -> Value {
        let reply = self.take(step, body);
        assert_eq!((reply.status, &reply.body), (200, &self.shown()), "{step}");
        reply.body
    }

    fn shown(&self) -> Value {
        self.server.call("GET", &self.path, None).body
    }
}

fn told(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.body["code"].as_str().expect("a code"))
}

/// Of each type whether it is in scope.
fn scope(session: &Value) -> Vec<bool> {
    let progress = session["progress"].as_array().expect("a list");
    progress.iter().map(|of| of["in_scope"].as_bool().expect("a flag")).collect()
}

#[test]
fn types_are_taken_out_of_the_scope_of_a_session() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let steps = Steps::new(&server, &app, &session);
    assert_eq!(scope(&steps.shown()), [true, true, true]);
    let excluded = steps.taken("exclude", &json!({"types": ["team", "team"]}));
    assert_eq!(scope(&excluded), [true, false, true]);
    // A repeat is safe, and no activity.
    assert_eq!(steps.taken("exclude", &json!({"types": ["team"]})), excluded);
    assert_eq!(told(&push(&server, &app, &session, "team", &json!([]))), (422, "out_of_scope"));
    let none_left = steps.take("exclude", &json!({"types": ["account", "seat"]}));
    assert_eq!(told(&none_left), (400, "invalid_argument"));
    let unknown = steps.take("exclude", &json!({"types": ["seat", "taem"]}));
    let detail = "no resource type \"taem\" in this app";
    assert_eq!(unknown.body, json!({"detail": detail, "code": "resource_type_not_found"}));
    assert_eq!(scope(&steps.shown()), [true, false, true]);
    complete(&server, &app, &session);
    assert_eq!(scope(&steps.shown()), [true, false, true]);
    assert_eq!(steps.taken("exclude", &json!({"types": ["team"]}))["status"], "completed");
    let ended = steps.take("exclude", &json!({"types": ["seat"]}));
    assert_eq!(told(&ended), (409, "wrong_state"));
}

#[test]
fn a_session_keeps_a_checkpoint_until_it_is_removed() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let steps = Steps::new(&server, &app, &session);
    assert_eq!(steps.shown()["checkpoint"], Value::Null);
    assert_eq!(steps.shown()["last_activity_at"], steps.shown()["started_at"]);
    let saved = steps.taken("checkpoint", &json!({"checkpoint": "accounts, behind page 17"}));
    assert_eq!(saved["checkpoint"], "accounts, behind page 17");
    for nothing in [json!({"checkpoint": ""}), json!({"checkpoint": null}), json!({})] {
        steps.taken("checkpoint", &json!({"checkpoint": "é".repeat(2_048)}));
        assert_eq!(steps.taken("checkpoint", &nothing)["checkpoint"], Value::Null);
    }
    let long = steps.take("checkpoint", &json!({"checkpoint": "x".repeat(4_097)}));
    assert_eq!(told(&long), (400, "invalid_argument"));
    // A body that did not come is no wish to remove it.
    steps.taken("checkpoint", &json!({"checkpoint": "x"}));
    assert_eq!(told(&steps.take("checkpoint", &Value::Null)), (400, "malformed_body"));
    assert_eq!(steps.shown()["checkpoint"], "x");
}

#[test]
fn a_session_that_failed_shows_its_first_reason() {
    let server = Server::start(None, &[]);
    let (app, session) = synced_app(&server);
    let steps = Steps::new(&server, &app, &session);
    let long = steps.take("fail", &json!({"reason": "x".repeat(1_025)}));
    assert_eq!(told(&long), (400, "invalid_argument"));
    let failed = steps.taken("fail", &json!({"reason": "é".repeat(1_024)}));
    assert_eq!((&failed["status"], &failed["reason"]), (&json!("error"), &json!("é".repeat(1_024))));
    assert!(failed["ended_at"].is_string());
    assert_eq!(steps.taken("fail", &json!({"reason": "another"})), failed);
    assert_eq!(told(&steps.take("complete", &Value::Null)), (409, "wrong_state"));
}

/// Two accounts on record, of which the session has one; the guard lets none go.
fn guarded(server: &Server) -> (String, String) {
    let (app, first) = synced_app(server);
    let accounts = json!([{"id": "u1", "email": "a@b"}, {"id": "u2", "username": "b"}]);
    push(server, &app, &first, "account", &accounts);
    push(server, &app, &first, "team", &json!([{"id": "g1", "name": "One"}]));
    complete(server, &app, &first);
    server.call("PATCH", &format!("apps/{app}/"), Some(&json!({"guard": {"max_count": 0}})));
    let session = start(server, &app);
    push(server, &app, &session, "account", &json!([{"id": "u2", "username": "b"}]));
    (app, session)
}

#[test]
fn a_guard_is_waived_by_itself_or_by_force() {
    let server = Server::start(None, &[]);
    let (app, session) = guarded(&server);
    let steps = Steps::new(&server, &app, &session);
    assert_eq!(told(&steps.take("complete", &Value::Null)), (409, "guard_exceeded"));
    assert_eq!(steps.shown()["guard_waived"], false);
    let waived = steps.taken("waive-guard", &Value::Null);
    assert_eq!((&waived["guard_waived"], &waived["status"]), (&json!(true), &json!("in_progress")));
    assert_eq!(steps.take("complete", &Value::Null).status, 202);
    complete(&server, &app, &session);
    assert_eq!(steps.taken("waive-guard", &Value::Null)["guard_waived"], true);

    let (app, session) = guarded(&server);
    let steps = Steps::new(&server, &app, &session);
    assert_eq!(steps.take("complete", &json!({"force": true})).status, 202);
    assert_eq!(steps.shown()["guard_waived"], true);
}

#[test]
fn a_session_is_completed_as_its_preview_was_looked_at() {
    let server = Server::start(None, &[]);
    let (app, session) = guarded(&server);
    let steps = Steps::new(&server, &app, &session);
    let preview = |query: &str| server.call("GET", &format!("{}preview/{query}", steps.path), None).body;
    let looked_at = preview("");
    let plan = looked_at["plan"].as_str().expect("a plan").to_owned();
    let marked = [
        json!({"slug": "account", "id": "u1", "email": "a@b", "username": null, "name": null}),
        json!({"slug": "team", "id": "g1", "email": null, "username": null, "name": "One"}),
    ];
    let expected = json!({
        "count": 2, "next": null, "previous": null, "results": marked, "total": 2,
        "by_type": {"account": 1, "team": 1, "seat": 0}, "plan": plan,
    });
    assert_eq!(looked_at, expected);
    // Paged, in the order of marking; figures and plan are those of all.
    let second = preview("?limit=1&offset=1");
    assert_eq!((&second["results"], &second["total"]), (&json!([marked[1]]), &json!(2)));
    assert_eq!((&second["plan"], &second["next"]), (&json!(plan), &Value::Null));
    assert!(second["previous"].as_str().is_some_and(|url| url.ends_with("preview/?limit=1&offset=0")));

    // A plan does not waive the guard, and force does not waive the plan.
    let planned = |force: bool, plan: &str| steps.take("complete", &json!({"force": force, "plan": plan}));
    assert_eq!(told(&planned(false, &plan)), (409, "guard_exceeded"));
    push(&server, &app, &session, "team", &json!([{"id": "g1", "name": "One"}]));
    let changed = planned(true, &plan);
    assert_eq!(told(&changed), (409, "plan_changed"));
    assert_eq!(steps.shown()["guard_waived"], false, "what is refused waives nothing");
    let plan = preview("")["plan"].as_str().expect("a plan").to_uppercase();
    assert_eq!(planned(true, &plan).status, 202);
    assert_eq!(planned(true, "00000000000000000000000000000000").status, 202, "it is looked at once");
}

#[test]
fn each_limit_of_a_guard_tells_its_figures() {
    let server = Server::start(None, &[]);
    let (app, first) = synced_app(&server);
    let member = |id: &str, teams: &[&str]| {
        let teams: Vec<Value> = teams.iter().map(|id| json!({"id": id})).collect();
        json!({"id": id, "username": "x", "memberships": {"team": teams}})
    };
    let both = json!([member("u1", &["g1", "g2"]), member("u2", &["g1"])]);
    push(&server, &app, &first, "account", &both);
    push(&server, &app, &first, "team", &json!([{"id": "g1", "name": "1"}, {"id": "g2", "name": "2"}]));
    complete(&server, &app, &first);
    let refused = |guard: Value, push_first: &[(&str, Value)]| {
        let patched = server.call("PATCH", &format!("apps/{app}/"), Some(&json!({ "guard": guard })));
        assert_eq!(patched.status, 200);
        let session = start(&server, &app);
        for (slug, records) in push_first {
            let pushed = push(&server, &app, &session, slug, records);
            if pushed.status != 200 {
                return pushed;
            }
        }
        server.call("POST", &format!("apps/{app}/sync/{session}/complete/"), None)
    };
    let one = json!([member("u1", &["g1", "g2"])]);
    let none = json!([member("u1", &[])]);
    for (guard, pushed, limit, figures) in [
        (
            json!({"max_count": 2}),
            vec![("account", one.clone())],
            "max_count",
            json!({"deactivations": 3, "base": 4}),
        ),
        (
            json!({"max_percent": 74}),
            vec![("account", one.clone())],
            "max_percent",
            json!({"deactivations": 3, "base": 4}),
        ),
        (
            json!({"max_type_percent": 50}),
            vec![("account", one.clone())],
            "max_type_percent",
            json!({"deactivations": 2, "base": 2, "type": "team"}),
        ),
        (
            json!({"require_pages": true, "max_count": 0}),
            vec![("account", one)],
            "require_pages",
            json!({"types_without_pages": ["team"]}),
        ),
        (
            json!({"max_removals": 1}),
            vec![("account", none.clone())],
            "max_removals",
            json!({"removals": 2, "base": 3}),
        ),
        (
            json!({"max_removals_percent": 66, "min_count": 1}),
            vec![("account", none)],
            "max_removals_percent",
            json!({"removals": 2, "base": 3}),
        ),
    ] {
        let reply = refused(guard.clone(), &pushed);
        assert_eq!(told(&reply), (409, "guard_exceeded"), "{limit}: {reply:?}");
        let Value::Object(mut body) = reply.body else { panic!("no object") };
        assert!(body.remove("detail").is_some_and(|detail| detail.is_string()));
        assert_eq!(
            (body.remove("code"), body.remove("limit")),
            (Some(json!("guard_exceeded")), Some(json!(limit)))
        );
        let shown = body.remove("guard").expect("a guard");
        assert_eq!(shown.as_object().map(serde_json::Map::len), Some(7), "all of its limits");
        for (name, value) in guard.as_object().expect("an object") {
            assert_eq!(&shown[name], value);
        }
        assert_eq!(Value::Object(body), figures, "{limit}");
    }
    assert_eq!(refused(json!({"max_count": 3, "max_removals": 2}), &[("account", both)]).status, 202);
}
