//! The order of errors: every call, with each kind of fault alone and with all that come after it.

use serde_json::{Value, json};

use crate::given::{Things, documented, synced_app, things};
use crate::support::{KEY, READ_ONLY_KEY, Reply, Server};

const UNKNOWN: &str = "00000000-0000-0000-0000-000000000000";

/// A call, and the bodies that are at fault. Without a fault it answers with `status`.
struct Call {
    method: &'static str,
    path: &'static str,
    status: u16,
    body: &'static str,
    /// Each is a 400.
    malformed: &'static [&'static str],
    /// Each names a thing that is not there, and nothing else is wrong with it.
    unknown: &'static [(&'static str, &'static str)],
    /// What the engine refuses, and its status and code.
    refused: &'static [Refused],
}

struct Refused {
    body: &'static str,
    ended: Ended,
    status: u16,
    code: &'static str,
}

/// How the session of the path has ended, and then the task too; or that the record is still active.
#[derive(Clone, Copy, Debug)]
enum Ended {
    No,
    Never,
    Abandoned,
    Completed,
}

/// What no call that takes a body takes for one.
const NO_OBJECT: &[&str] = &["no json", "[]", "3", "null", "{\"a\": ", "{} {}", "{}{}", "{} x", "\u{0}"];

const fn read(path: &'static str) -> Call {
    Call { method: "GET", path, status: 200, body: "", malformed: &[], unknown: &[], refused: &[] }
}

const fn write(method: &'static str, path: &'static str, status: u16, body: &'static str) -> Call {
    Call { method, path, status, body, malformed: &[], unknown: &[], refused: &[] }
}

const CALLS: &[Call] = &[
    Call {
        malformed: &[
            "",
            "{}",
            r#"{"name": 3}"#,
            r#"{"name": ""}"#,
            r#"{"name": "", "clone_from": "00000000-0000-0000-0000-000000000000"}"#,
            r#"{"name": "a\u0000", "clone_from": "00000000-0000-0000-0000-000000000000"}"#,
            r#"{"name": "x", "clone_from": "no-uuid"}"#,
        ],
        unknown: &[(
            r#"{"name": "x", "clone_from": "00000000-0000-0000-0000-000000000000"}"#,
            "app_not_found",
        )],
        ..write("POST", "apps/", 201, r#"{"name": "x"}"#)
    },
    read("apps/"),
    read("apps/{app}/"),
    Call {
        malformed: &["", r#"{"guard": 3}"#, r#"{"name": []}"#, r#"{"guard": {"max_percent": 101}}"#],
        ..write("PATCH", "apps/{app}/", 200, "{}")
    },
    write("DELETE", "apps/{app}/", 204, ""),
    Call {
        malformed: &["", "{}", r#"{"inactive_before": "tomorrow"}"#],
        ..write("POST", "apps/{app}/purge/", 200, r#"{"inactive_before": "2025-01-15T10:00:00+02:00"}"#)
    },
    Call {
        malformed: &[
            "",
            "{}",
            r#"{"slug": "a b", "name": "x", "type": "group"}"#,
            r#"{"slug": "team", "name": "", "type": "group"}"#,
            r#"{"slug": "x", "name": "x", "type": "user"}"#,
        ],
        refused: &[Refused {
            body: r#"{"slug": "team", "name": "x", "type": "group"}"#,
            ended: Ended::No,
            status: 409,
            code: "slug_taken",
        }],
        ..write("POST", "apps/{app}/resource-types/", 201, r#"{"slug": "new", "name": "x", "type": "group"}"#)
    },
    read("apps/{app}/resource-types/"),
    Call {
        malformed: &[
            "",
            r#"{"type": "user"}"#,
            r#"{"slug": "a b"}"#,
            r#"{"slug": "team", "name": "a\u0000"}"#,
        ],
        refused: &[Refused {
            body: r#"{"slug": "team"}"#,
            ended: Ended::No,
            status: 409,
            code: "slug_taken",
        }],
        ..write("PATCH", "apps/{app}/resource-types/{slug}/", 200, "{}")
    },
    Call {
        malformed: &[r#"{"scope": []}"#, r#"{"scope": "account"}"#, r#"{"scope": ["nosuch", 3]}"#],
        unknown: &[(r#"{"scope": ["account", "nosuch"]}"#, "resource_type_not_found")],
        ..write("POST", "apps/{app}/sync/", 201, "")
    },
    read("apps/{app}/sync/"),
    read("apps/{app}/sync/{sync}/"),
    Call {
        refused: &[Refused { body: "", ended: Ended::Abandoned, status: 409, code: "wrong_state" }],
        ..read("apps/{app}/sync/{sync}/preview/")
    },
    Call {
        malformed: &["", "{}", r#"{"types": null}"#, r#"{"types": []}"#, r#"{"types": ["nosuch", 3]}"#],
        unknown: &[(r#"{"types": ["team", "nosuch"]}"#, "resource_type_not_found")],
        refused: &[
            Refused {
                body: r#"{"types": ["team"]}"#,
                ended: Ended::Abandoned,
                status: 409,
                code: "wrong_state",
            },
            // It is looked at behind the state.
            Refused {
                body: r#"{"types": ["account", "team", "seat"]}"#,
                ended: Ended::No,
                status: 400,
                code: "invalid_argument",
            },
        ],
        ..write("POST", "apps/{app}/sync/{sync}/exclude/", 200, r#"{"types": ["team", "team"]}"#)
    },
    Call {
        refused: &[Refused { body: "", ended: Ended::Completed, status: 409, code: "wrong_state" }],
        ..write("POST", "apps/{app}/sync/{sync}/waive-guard/", 200, "")
    },
    Call {
        malformed: &["", "{}", r#"{"reason": null}"#, r#"{"reason": ""}"#, r#"{"reason": 3}"#],
        refused: &[Refused {
            body: r#"{"reason": "x"}"#,
            ended: Ended::Completed,
            status: 409,
            code: "wrong_state",
        }],
        ..write("POST", "apps/{app}/sync/{sync}/fail/", 200, r#"{"reason": "x"}"#)
    },
    Call {
        malformed: &["", r#"{"checkpoint": 3}"#, r#"{"checkpoint": "a\u0000"}"#],
        refused: &[Refused { body: "{}", ended: Ended::Abandoned, status: 409, code: "wrong_state" }],
        ..write("POST", "apps/{app}/sync/{sync}/checkpoint/", 200, r#"{"checkpoint": "x"}"#)
    },
    Call {
        malformed: &[r#"{"force": 1}"#, r#"{"plan": 1}"#, r#"{"plan": "0123"}"#],
        refused: &[
            Refused { body: "", ended: Ended::Abandoned, status: 409, code: "wrong_state" },
            Refused {
                body: r#"{"plan": "00000000000000000000000000000000", "force": true}"#,
                ended: Ended::No,
                status: 409,
                code: "plan_changed",
            },
        ],
        ..write("POST", "apps/{app}/sync/{sync}/complete/", 202, "")
    },
    Call {
        refused: &[Refused { body: "", ended: Ended::Completed, status: 409, code: "wrong_state" }],
        ..write("POST", "apps/{app}/sync/{sync}/abandon/", 204, "")
    },
    Call {
        malformed: &[
            "",
            "{}",
            r#"{"records": {}}"#,
            r#"{"records": []} x"#,
            r#"{"records": []}{"records": []}"#,
            r#"{"records": [{"id": "", "username": "x", "memberships": {"nosuch": []}}]}"#,
        ],
        refused: &[
            Refused { body: r#"{"records": []}"#, ended: Ended::Abandoned, status: 400, code: "wrong_state" },
            Refused {
                body: r#"{"records": [{"id": "u", "username": "x", "memberships": {"nosuch": []}}]}"#,
                ended: Ended::No,
                status: 422,
                code: "page_faults",
            },
        ],
        ..write("PUT", "apps/{app}/sync/{sync}/{slug}/", 200, r#"{"records": []}"#)
    },
    read("apps/{app}/records/{slug}/"),
    Call {
        malformed: &[
            "",
            "{}",
            r#"{"records": {}}"#,
            r#"{"records": []} x"#,
            r#"{"records": [{"id": "", "username": "x", "memberships": {"nosuch": []}}]}"#,
        ],
        refused: &[Refused {
            body: r#"{"records": [{"id": "u", "username": "x", "memberships": {"nosuch": []}}]}"#,
            ended: Ended::No,
            status: 422,
            code: "page_faults",
        }],
        ..write("PUT", "apps/{app}/records/{slug}/", 200, r#"{"records": []}"#)
    },
    Call {
        malformed: &["", "{}", r#"{"ids": null}"#, r#"{"ids": ["u1", 3]}"#, r#"{"ids": ["u1", ""]}"#],
        ..write("POST", "apps/{app}/records/{slug}/deactivate/", 200, r#"{"ids": ["u1"]}"#)
    },
    read("apps/{app}/records/{slug}/{id}/"),
    read("apps/{app}/records/{slug}/{id}/members/"),
    Call {
        refused: &[Refused { body: "", ended: Ended::Never, status: 409, code: "record_in_use" }],
        ..write("DELETE", "apps/{app}/records/{slug}/{id}/", 204, "")
    },
    Call {
        malformed: &[
            "",
            "{}",
            r#"{"action": "fly", "resource_type": "nosuch"}"#,
            r#"{"action": "create_account", "resource_type": "nosuch", "payload": []}"#,
            r#"{"action": "create_account", "resource_type": "nosuch", "execute_after": "x"}"#,
        ],
        unknown: &[(r#"{"action": "create_account", "resource_type": "nosuch"}"#, "resource_type_not_found")],
        ..write(
            "POST",
            "apps/{app}/tasks/",
            201,
            r#"{"action": "create_account", "resource_type": "account"}"#,
        )
    },
    read("apps/{app}/tasks/"),
    read("apps/{app}/tasks/{task}/"),
    Call {
        malformed: &[
            "",
            "{}",
            r#"{"status": "done"}"#,
            r#"{"status": "failed"}"#,
            r#"{"status": "failed", "result": {}}"#,
            r#"{"status": "completed", "error": {"code": "x", "message": "y"}}"#,
        ],
        refused: &[Refused {
            body: r#"{"status": "completed"}"#,
            ended: Ended::Abandoned,
            status: 409,
            code: "task_ended",
        }],
        ..write("PATCH", "apps/{app}/tasks/{task}/status/", 200, r#"{"status": "completed"}"#)
    },
    read("changes/"),
    read("digest/"),
];

/// One fault of a request. In the order in which they are told.
#[derive(Clone, Debug)]
enum Fault {
    Key(Option<&'static str>),
    /// A parameter of the path, with a value that names nothing.
    Name(&'static str, &'static str),
    Query(&'static str),
    Body(&'static str),
    /// The engine's.
    State(&'static str, Ended),
}

/// A fault with the status and the code that tell of it.
type Told = (Fault, u16, &'static str);

/// The faults that a call can have, by step: the earlier step is told.
fn steps(call: &Call) -> Vec<Vec<Told>> {
    let would_write = call.method != "GET";
    let mut steps = vec![
        vec![(Fault::Key(None), 401, "unauthorized"), (Fault::Key(Some("wrong")), 401, "unauthorized")],
        would_write.then_some((Fault::Key(Some(READ_ONLY_KEY)), 403, "read_only_key")).into_iter().collect(),
        vec![
            (Fault::Name("tenant", "nobody"), 404, "tenant_not_found"),
            (Fault::Name("tenant", "other"), 404, "tenant_not_found"),
            (Fault::Name("tenant", "%FF"), 404, "path_not_found"),
        ],
    ];
    for (name, code) in [
        ("app", "app_not_found"),
        ("sync", "session_not_found"),
        ("task", "task_not_found"),
        ("slug", "resource_type_not_found"),
        ("id", "record_not_found"),
    ] {
        if call.path.contains(&format!("{{{name}}}")) {
            let is_text = matches!(name, "slug" | "id");
            let values = if is_text { ["nosuch", "no%2Fslug"] } else { [UNKNOWN, "no-uuid"] };
            steps.push(values.map(|value| (Fault::Name(name, value), 404, code)).into());
        }
    }
    let is_list = matches!(
        call.path,
        "apps/"
            | "apps/{app}/tasks/"
            | "apps/{app}/sync/"
            | "apps/{app}/resource-types/"
            | "apps/{app}/sync/{sync}/preview/"
            | "apps/{app}/records/{slug}/"
            | "apps/{app}/records/{slug}/{id}/members/"
    );
    let mut queries = vec!["nosuch=1", "%FF=1"];
    if call.method == "GET" && is_list {
        queries.extend(["limit=0", "limit=1001", "offset=x", "limit=1&limit=1"]);
    }
    if call.method == "GET" && call.path == "apps/{app}/records/{slug}/" {
        queries.extend(["after=u1&offset=0", "after=nosuch&offset=0", "after=nosuch&limit=0"]);
    }
    if call.path == "apps/{app}/sync/{sync}/{slug}/" {
        queries.extend(["mode=x", "mode=strict&mode=lenient"]);
    }
    if call.path == "changes/" {
        queries.extend(["limit=0", "after=-1", "after=x", "after=1&after=1", "offset=0"]);
    }
    steps.push(queries.into_iter().map(|query| (Fault::Query(query), 400, "malformed_query")).collect());
    let takes_body = !call.malformed.is_empty();
    let malformed = NO_OBJECT.iter().filter(|_| takes_body).chain(call.malformed);
    // Which of its codes tells of it depends on who finds it: the server, or the engine.
    steps.push(malformed.map(|body| (Fault::Body(body), 400, "")).collect());
    steps.push(call.unknown.iter().map(|(body, code)| (Fault::Body(body), 404, *code)).collect());
    let refused = call
        .refused
        .iter()
        .map(|refused| (Fault::State(refused.body, refused.ended), refused.status, refused.code));
    steps.push(refused.collect());
    steps
}

/// Sends the call with some faults; of two that are of the same part of a request the first counts.
fn send(server: &Server, things: &Things, call: &Call, faults: &[Fault]) -> Reply {
    let (mut key, mut names, mut query, mut body) = (None, Vec::new(), None, None);
    for fault in faults {
        match fault {
            Fault::Key(given) => key = key.or(Some(*given)),
            Fault::Name(name, value) => names.push((*name, *value)),
            Fault::Query(given) => query = query.or(Some(*given)),
            Fault::Body(given) => body = body.or(Some(*given)),
            Fault::State(given, ended) => {
                body = body.or(Some(*given));
                names.extend(match ended {
                    Ended::No => vec![],
                    Ended::Never => vec![("id", "u2")],
                    Ended::Abandoned => vec![("sync", &*things.abandoned), ("task", &*things.ended_task)],
                    Ended::Completed => vec![("sync", &*things.completed), ("task", &*things.ended_task)],
                });
            }
        }
    }
    let template = format!("/org/{{tenant}}/api/v1/bridge/{}", call.path);
    let path = format!("{}?{}", things.path(&template, &names), query.unwrap_or_default());
    server
        .raw(call.method, &path, key.unwrap_or(Some(KEY)), Some(body.unwrap_or(call.body)))
        .expect("a reply")
}

#[test]
fn of_several_errors_the_first_in_order_is_told_on_every_call() {
    let server = Server::start(None, &[]);
    let mut requests = 0;
    for call in CALLS {
        let things = things(&server);
        let steps = steps(call);
        for (at, step) in steps.iter().enumerate() {
            for (fault, status, code) in step {
                let later: Vec<&Fault> = steps[at + 1..].iter().flatten().map(|(fault, ..)| fault).collect();
                // Alone, with each later one, and with all of them.
                let mut combinations = vec![vec![fault.clone()]];
                combinations.extend(later.iter().map(|later| vec![fault.clone(), (*later).clone()]));
                combinations.push([fault].into_iter().chain(later).cloned().collect());
                for faults in combinations {
                    let reply = send(&server, &things, call, &faults);
                    let what = format!("{} {} with {faults:?}: {reply:?}", call.method, call.path);
                    assert_eq!(reply.status, *status, "{what}");
                    assert!(code.is_empty() || reply.body["code"] == *code, "expected {code}: {what}");
                    assert!(reply.body["detail"].is_string() && reply.body["code"].is_string(), "{what}");
                    requests += 1;
                }
            }
        }
        if call.method == "GET" {
            let read_only = send(&server, &things, call, &[Fault::Key(Some(READ_ONLY_KEY))]);
            assert_eq!(read_only.status, call.status, "{}", call.path);
        }
        assert_eq!(send(&server, &things, call, &[]).status, call.status, "{} {}", call.method, call.path);
    }
    println!("{requests} requests");
}

/// An account is there, and has no members: before a malformed query.
#[test]
fn an_account_has_no_members() {
    let server = Server::start(None, &[]);
    let things = things(&server);
    for query in ["", "?limit=0"] {
        let path = format!("apps/{}/records/account/u1/members/{query}", things.app);
        let refused = server.call("GET", &path, None);
        assert_eq!((refused.status, &refused.body["code"]), (404, &json!("members_not_found")));
    }
}

#[test]
fn every_call_of_the_document_is_in_the_table() {
    let server = Server::start(None, &[]);
    let mut table: Vec<_> = CALLS
        .iter()
        .map(|call| (call.method.to_owned(), format!("/org/{{tenant}}/api/v1/bridge/{}", call.path)))
        .collect();
    let mut documented = documented(&server);
    table.sort();
    documented.sort();
    assert_eq!(table, documented);
}

#[test]
fn a_body_that_the_call_does_not_take_is_not_looked_at() {
    let server = Server::start(None, &[]);
    let things = things(&server);
    let path = things.path("/org/acme/api/v1/bridge/apps/{app}/sync/{sync}/abandon/", &[]);
    assert_eq!(server.raw("POST", &path, Some(KEY), Some("no json")).expect("a reply").status, 204);
}

#[test]
fn an_argument_that_only_the_engine_knows_to_be_too_long_is_told_before_what_is_not_there() {
    let server = Server::start(None, &[]);
    let (app, _) = synced_app(&server);
    let body =
        json!({"action": "create_account", "resource_type": "nosuch", "payload": {"x": "y".repeat(65_536)}});
    let refused = server.call("POST", &format!("apps/{app}/tasks/"), Some(&body));
    assert_eq!((refused.status, &refused.body["code"]), (400, &json!("invalid_argument")));
}

#[test]
fn a_body_that_is_too_large_is_told_after_path_and_query() {
    let server = Server::start(None, &["--body-bytes-max", "100"]);
    let large = json!({"name": "x".repeat(200)});
    let refused = |path: &str| server.call("POST", path, Some(&large));
    assert_eq!(refused(&format!("apps/{UNKNOWN}/sync/?x=1")).body["code"], "app_not_found");
    assert_eq!(refused("apps/?x=1").body["code"], "malformed_query");
    let too_large = refused("apps/");
    assert_eq!(too_large.status, 413);
    let detail = "the body is too large, expected at most 100 bytes";
    assert_eq!(too_large.body, json!({"detail": detail, "code": "body_too_large"}));
    assert_eq!(server.call("GET", "apps/", None).body["results"], Value::Array(Vec::new()));
}
