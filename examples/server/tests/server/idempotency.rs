//! `Idempotency-Key`: what is made under a key is made once.

use serde_json::{Value, json};

use crate::given::synced_app;
use crate::support::{KEY, Reply, Server};

fn keyed(server: &Server, path: &str, key: &str, body: &Value) -> (Reply, bool) {
    let (reply, headers) =
        server.request("POST", path, &[("Idempotency-Key", key)], body.to_string().as_bytes());
    (reply, headers.get("idempotent-replayed").is_some())
}

/// The calls that make something, each with a body, another one, and where a list tells how many there are.
fn makers(app: &str) -> [(String, Value, Value); 4] {
    [
        ("apps/".into(), json!({"name": "One"}), json!({"name": "Two"})),
        (
            format!("apps/{app}/resource-types/"),
            json!({"slug": "role", "name": "Role", "type": "group"}),
            json!({"slug": "roles", "name": "Role", "type": "group"}),
        ),
        (format!("apps/{app}/sync/"), json!({"scope": ["team", "account"]}), json!({})),
        (
            format!("apps/{app}/tasks/"),
            json!({"action": "create_account", "resource_type": "account", "payload": {"a": 1}}),
            json!({"action": "create_account", "resource_type": "account", "payload": {"a": 2}}),
        ),
    ]
}

fn count(server: &Server, path: &str) -> Value {
    server.call("GET", path, None).body["count"].clone()
}

#[test]
fn the_same_request_makes_one_thing_and_has_one_answer() {
    let server = Server::start(None, &[]);
    let (app, _) = synced_app(&server);
    for (path, body, other) in makers(&app) {
        let (first, is_replayed) = keyed(&server, &path, "k 1".trim_end_matches(" 1"), &body);
        assert_eq!((first.status, is_replayed), (201, false), "{path}: {first:?}");
        let made = count(&server, &path);
        let (second, is_replayed) = keyed(&server, &path, "\"k\"", &body);
        assert_eq!((&second, is_replayed), (&first, true), "{path}");
        let (refused, _) = keyed(&server, &path, "k", &other);
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (422, &json!("idempotency_key_reused")),
            "{path}"
        );
        assert_eq!(count(&server, &path), made, "{path}");
        let (another, is_replayed) = keyed(&server, &path, "l", &other);
        assert_eq!((another.status, is_replayed), (201, false), "{path}: {another:?}");
    }
}

/// The answer is that of then, also where the thing is another one by now, or gone.
#[test]
fn the_answer_of_then_is_told() {
    let server = Server::start(None, &[]);
    let (first, _) = keyed(&server, "apps/", "k", &json!({"name": "One"}));
    let path = format!("apps/{}/", first.body["id"].as_str().expect("an id"));
    assert_eq!(server.call("PATCH", &path, Some(&json!({"name": "Renamed"}))).status, 200);
    assert_eq!(keyed(&server, "apps/", "k", &json!({"name": "One"})).0, first);
    assert_eq!(server.call("DELETE", &path, None).status, 204);
    assert_eq!(keyed(&server, "apps/", "k", &json!({"name": "One"})), (first, true));
    assert_eq!(count(&server, "apps/"), json!(0));
}

#[test]
fn what_is_refused_leaves_its_key_free() {
    let server = Server::start(None, &[]);
    assert_eq!(keyed(&server, "apps/", "k", &json!({"name": ""})).0.status, 400);
    let unknown = json!({"name": "One", "clone_from": "00000000-0000-0000-0000-000000000000"});
    assert_eq!(keyed(&server, "apps/", "k", &unknown).0.status, 404);
    assert_eq!(keyed(&server, "apps/", "k", &json!({"name": "One"})).0.status, 201);
}

#[test]
fn a_key_is_a_tenants_and_a_paths() {
    let server = Server::start(None, &[]);
    let (app, _) = synced_app(&server);
    let (other_app, _) = synced_app(&server);
    let body = json!({"action": "create_account", "resource_type": "account"});
    let (first, _) = keyed(&server, &format!("apps/{app}/tasks/"), "k", &body);
    let (second, is_replayed) = keyed(&server, &format!("apps/{other_app}/tasks/"), "k", &body);
    assert_eq!((second.status, is_replayed), (201, false));
    assert_ne!(first.body["id"], second.body["id"]);
    let ours = keyed(&server, "apps/", "k", &json!({"name": "One"})).0;
    let request = ureq::post(format!("{}/org/other/api/v1/bridge/apps/", server.address));
    let request = request.header("Authorization", "Api-Key other-key").header("Idempotency-Key", "k");
    let request = request.header("Content-Type", "application/json");
    let theirs: Value =
        request.send("{\"name\":\"One\"}").expect("an answer").body_mut().read_json().expect("JSON");
    assert_ne!(ours.body["id"], theirs["id"]);
}

#[test]
fn a_key_that_is_none_is_told_in_its_turn() {
    let server = Server::start(None, &[]);
    for key in ["", "a b", &"x".repeat(256)] {
        let (refused, _) = keyed(&server, "apps/", key, &json!({}));
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("malformed_header")), "{key:?}");
        assert_eq!(keyed(&server, "apps/?x=1", key, &json!({})).0.body["code"], "malformed_query");
    }
    // A call that makes nothing knows no key.
    assert_eq!(server.request("GET", "apps/", &[("Idempotency-Key", "a b")], b"").0.status, 200);
}

/// A kill forgets the answers, and not what was made.
#[test]
fn nothing_is_made_twice_behind_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(Some(&data), &[]);
    let (app, _) = synced_app(&server);
    let before: Vec<Reply> =
        makers(&app).iter().map(|(path, body, _)| keyed(&server, path, "k", body).0).collect();
    let digest = server.call("GET", "digest/", None);
    server.kill();
    let server = Server::start(Some(&data), &[]);
    for ((path, body, other), first) in makers(&app).iter().zip(before) {
        // The other body comes first: nothing but the thing knows the key now.
        let (refused, _) = keyed(&server, path, "k", other);
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (422, &json!("idempotency_key_reused")),
            "{path}"
        );
        assert_eq!(keyed(&server, path, "k", body), (first, true), "{path}");
    }
    assert_eq!(server.call("GET", "digest/", None), digest);
}

/// Requests with one key at one time make one thing; those that come while it is made are told so.
#[test]
fn of_many_at_once_one_is_carried_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Some(&folder.path().join("data")), &[]);
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let request = || keyed(&server, "apps/", "k", &json!({"name": "One"})).0;
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(request)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a reply")).collect()
    });
    let made: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert!(!made.is_empty() && made.iter().all(|reply| *reply == made[0]));
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!((reply.status, &reply.body["code"]), (409, &json!("idempotency_key_in_use")));
    }
    assert_eq!(count(&server, "apps/"), json!(1));
}

/// A client that breaks off, and sends its request again.
#[test]
fn a_request_whose_client_is_gone_is_not_carried_out_twice() {
    use std::io::Write;
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Some(&folder.path().join("data")), &[]);
    for number in 0..50 {
        let body = format!("{{\"name\":\"App {number}\"}}");
        let address = server.address.strip_prefix("http://").expect("an address");
        let mut stream = std::net::TcpStream::connect(address).expect("a connection");
        let request = format!(
            "POST /org/acme/api/v1/bridge/apps/ HTTP/1.1\r\nHost: here\r\nAuthorization: Api-Key {KEY}\r\n\
             Content-Type: application/json\r\nIdempotency-Key: {number}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it is written");
        std::thread::sleep(std::time::Duration::from_micros(number * 20));
        drop(stream);
        let again = || {
            server.request("POST", "apps/", &[("Idempotency-Key", &number.to_string())], body.as_bytes()).0
        };
        let mut reply = again();
        while reply.body["code"] == "idempotency_key_in_use" {
            reply = again();
        }
        assert_eq!(reply.status, 201, "{reply:?}");
    }
    assert_eq!(count(&server, "apps/"), json!(50));
}
