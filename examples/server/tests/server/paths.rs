//! Paths: no slug is reserved, what is encoded is decoded after the split, and methods.

use serde_json::{Value, json};

use crate::given::{app, documented, push, start, things};
use crate::support::{KEY, Server};

#[test]
fn a_type_takes_its_pages_whatever_its_slug_is() {
    let server = Server::start(None, &[]);
    let app = app(&server, "App");
    let slugs = [
        "preview",
        "complete",
        "abandon",
        "exclude",
        "waive-guard",
        "fail",
        "checkpoint",
        "sync",
        "status",
        "apps",
        "resource-types",
        "deactivate",
        "-",
        "_",
    ];
    for slug in slugs {
        let body = json!({"slug": slug, "name": slug, "type": "group"});
        assert_eq!(server.call("POST", &format!("apps/{app}/resource-types/"), Some(&body)).status, 201);
    }
    let session = start(&server, &app);
    let page = json!({"records": [{"id": "1", "name": "One"}]});
    for slug in slugs {
        let pushed = server.call("PUT", &format!("apps/{app}/sync/{session}/{slug}/"), Some(&page));
        assert_eq!((pushed.status, &pushed.body["created"]), (200, &json!(1)), "{slug}: {pushed:?}");
        let list = server.call("GET", &format!("apps/{app}/records/{slug}/"), None);
        assert_eq!(list.body["count"], 1, "{slug}");
        let renamed = server.call("PATCH", &format!("apps/{app}/resource-types/{slug}/"), Some(&json!({})));
        assert_eq!((renamed.status, &renamed.body["slug"]), (200, &json!(slug)));
    }
    // The calls of these names are there as before.
    let path = format!("apps/{app}/sync/{session}/");
    assert_eq!(server.call("GET", &format!("{path}preview/"), None).body["total"], 0);
    assert_eq!(server.call("POST", &format!("{path}complete/"), None).status, 202);
}

#[test]
fn a_record_is_read_whatever_its_id_is() {
    let server = Server::start(None, &[]);
    let things = things(&server);
    let ids = [
        "deactivate",
        "members",
        "a/b",
        "..",
        ".",
        "%2F",
        "a+b",
        "é",
        " ",
        "?x=1",
        "#",
        "\u{1}",
        "u1/members",
    ];
    let records: Value = ids.iter().map(|id| json!({"id": id, "name": "One"})).collect();
    assert_eq!(push(&server, &things.app, &things.session, "team", &records).status, 200);
    for id in ids {
        // Each byte of it encoded.
        let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let path = format!("apps/{}/records/team/{encoded}/", things.app);
        let read = server.call("GET", &path, None);
        assert_eq!((read.status, &read.body["id"]), (200, &json!(id)), "{path}");
        assert_eq!(server.call("GET", &format!("{path}members/"), None).body["count"], 0, "{path}");
    }
    for plain in ["deactivate", "members", "a+b"] {
        let read = server.call("GET", &format!("apps/{}/records/team/{plain}/", things.app), None);
        assert_eq!((read.status, &read.body["id"]), (200, &json!(plain)));
    }
}

#[test]
fn a_path_is_split_and_then_decoded() {
    let server = Server::start(None, &[]);
    let things = things(&server);
    let path = |slug: &str| things.path("apps/{app}/sync/{sync}/{slug}/", &[("slug", slug)]);
    let page = json!({"records": []});
    for (slug, named) in [
        ("a%2Fb", "a/b"),
        ("%2E%2E", ".."),
        ("%2e", "."),
        ("%252F", "%2F"),
        ("a+b", "a+b"),
        ("%C3%A9", "é"),
        ("%0A%1B", "\n\u{1b}"),
    ] {
        let refused = server.call("PUT", &path(slug), Some(&page));
        let detail = format!("no resource type {named:?} in this app");
        assert_eq!(refused.status, 404, "{slug}");
        assert_eq!(refused.body, json!({"detail": detail, "code": "resource_type_not_found"}), "{slug}");
    }
    // An encoded letter is the letter, in a name and in the word of a call.
    assert_eq!(server.call("PUT", &path("%61ccount"), Some(&page)).status, 200);
    assert_eq!(
        server.call("GET", &things.path("apps/{app}/s%79nc/{sync}/previe%77/", &[]), None).status,
        200
    );
    let other = server.raw("GET", "/org/%61cme/api/v1/bridge/apps/", Some(KEY), None).expect("a reply");
    assert_eq!(other.status, 200);
}

#[test]
fn what_does_not_decode_to_utf_8_is_not_found() {
    let server = Server::start(None, &[]);
    let things = things(&server);
    for name in ["app", "sync", "slug", "id", "task"] {
        for (method, template) in documented(&server) {
            if template.contains(&format!("{{{name}}}")) {
                let path = things.path(&template, &[(name, "%C3%28")]);
                let refused = server.raw(&method, &path, Some(KEY), None).expect("a reply");
                assert_eq!(
                    (refused.status, &refused.body["code"]),
                    (404, &json!("path_not_found")),
                    "{path}"
                );
            }
        }
    }
}

#[test]
fn a_method_that_a_path_does_not_have_is_answered_with_those_that_it_has() {
    let server = Server::start(None, &[]);
    let things = things(&server);
    for (method, template, allow) in [
        ("PUT", "apps/", "POST, GET, HEAD"),
        ("POST", "apps/{app}/", "GET, HEAD, PATCH, DELETE"),
        ("GET", "apps/{app}/purge/", "POST"),
        ("GET", "apps/{app}/sync/{sync}/{slug}/", "PUT"),
        ("POST", "apps/{app}/sync/{sync}/preview/", "GET, HEAD, PUT"),
        ("GET", "apps/{app}/sync/{sync}/complete/", "POST, PUT"),
        ("OPTIONS", "digest/", "GET, HEAD"),
        // Whether or not the app is there: no app has it.
        ("DELETE", "apps/no-uuid/tasks/", "POST, GET, HEAD"),
    ] {
        let path = format!("/org/acme/api/v1/bridge/{}", things.path(template, &[]));
        let (refused, headers) = server.with_headers(method, &path, Some(KEY));
        assert_eq!((refused.status, &refused.body["code"]), (405, &json!("method_not_allowed")), "{path}");
        assert_eq!(refused.body["detail"], format!("no method \"{method}\" here, expected {allow}"));
        assert_eq!(headers.get("allow").and_then(|allow| allow.to_str().ok()), Some(allow), "{path}");
        // Whoever has no key is not told.
        assert_eq!(server.raw(method, &path, None, None).expect("a reply").status, 401);
    }
    let (refused, headers) = server.with_headers("POST", "/healthz", None);
    assert_eq!((refused.status, &refused.body["code"]), (405, &json!("method_not_allowed")));
    assert_eq!(headers.get("allow").and_then(|allow| allow.to_str().ok()), Some("GET, HEAD"));
}

#[test]
fn head_is_get_without_a_body() {
    let server = Server::start(None, &[]);
    let (reply, headers) = server.with_headers("HEAD", "/org/acme/api/v1/bridge/apps/", Some(KEY));
    assert_eq!((reply.status, reply.body), (200, Value::Null));
    assert!(headers.contains_key("content-length"));
}

#[test]
fn a_slash_that_is_missing_is_told() {
    let server = Server::start(None, &[]);
    for (method, path) in [("GET", "apps"), ("POST", "apps/x/sync"), ("GET", "apps/x/records/account/u%2F1")]
    {
        let path = format!("/org/acme/api/v1/bridge/{path}");
        let refused = server.raw(method, &path, Some(KEY), None).expect("a reply");
        let detail = format!("no call has the path \"{path}\", expected \"{path}/\"");
        assert_eq!(
            (refused.status, refused.body),
            (404, json!({"detail": detail, "code": "path_not_found"}))
        );
    }
    let refused = server.raw("GET", "/org/acme/api/v1/bridge/nosuch", Some(KEY), None).expect("a reply");
    assert_eq!(refused.body["detail"], "no call has the path \"/org/acme/api/v1/bridge/nosuch\"");
}

#[test]
fn a_missing_key_is_answered_with_the_scheme() {
    let server = Server::start(None, &[]);
    let (refused, headers) = server.with_headers("GET", "/org/acme/api/v1/bridge/apps/", None);
    assert_eq!(refused.status, 401);
    let challenge = headers.get("www-authenticate").and_then(|value| value.to_str().ok());
    assert_eq!(challenge, Some("Api-Key realm=\"headcount\""));
}

#[test]
fn the_links_of_a_list_lead_through_a_proxy_that_is_trusted() {
    let forwarded = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "sync.example.org")];
    for (options, origin) in [(&["--trust-forwarded"][..], Some("https://sync.example.org")), (&[], None)] {
        let server = Server::start(None, options);
        (0..2).for_each(|_| drop(server.call("POST", "apps/", Some(&json!({"name": "App"})))));
        let (list, _) = server.request("GET", "apps/?limit=1", &forwarded, b"");
        let expected = format!(
            "{}/org/acme/api/v1/bridge/apps/?limit=1&offset=1",
            origin.unwrap_or(server.address.as_str())
        );
        assert_eq!(list.body["next"], expected);
    }
}

#[test]
fn a_path_that_no_call_has_is_not_found() {
    let server = Server::start(None, &[]);
    for path in ["", "apps", "nosuch/", "apps//", "apps/x/y/", "apps/../apps/", "%2F"] {
        let path = format!("/org/acme/api/v1/bridge/{path}");
        let refused = server.raw("GET", &path, Some(KEY), None).expect("a reply");
        assert_eq!(refused.status, 404, "{path}");
        assert_eq!(server.raw("GET", &path, None, None).expect("a reply").status, 401, "{path}");
    }
    let refused = server.raw("GET", "/no%0Athing", None, None).expect("a reply");
    assert_eq!(refused.status, 404);
    let detail = "no call has the path \"/no%0Athing\"";
    assert_eq!(refused.body, json!({"detail": detail, "code": "path_not_found"}));
}
