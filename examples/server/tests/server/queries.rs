//! Query parameters.

use serde_json::json;

use crate::given::{documented, synced_app, things};
use crate::support::{KEY, Server};

#[test]
fn a_parameter_that_the_call_does_not_know_is_named_on_every_call() {
    let server = Server::start(None, &[]);
    let things = things(&server);
    let calls = documented(&server);
    assert_eq!(calls.len(), 32);
    for (method, template) in calls {
        let path = format!("{}?stat=inactive", things.path(&template, &[]));
        let refused = server.raw(&method, &path, Some(KEY), Some("")).expect("a reply");
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (400, &json!("malformed_query")),
            "{method} {template}"
        );
        let detail = refused.body["detail"].as_str().expect("a detail");
        assert!(detail.starts_with("no query parameter \"stat\" in this call, expected "), "{detail}");
    }
}

#[test]
fn a_filter_that_is_misspelt_or_given_twice_does_not_answer_for_everybody() {
    let server = Server::start(None, &[]);
    let (app, _) = synced_app(&server);
    for (query, detail) in [
        ("stat=inactive", "no query parameter \"stat\" in this call, expected state, limit, offset, after"),
        ("email=x", "no query parameter \"email\" in this call, expected state, limit, offset, after"),
        ("state=inactive&state=active", "the query parameter \"state\" is given twice"),
        ("state=Inactive", "state: found \"Inactive\", expected active, inactive, placeholder or dangling"),
    ] {
        let refused = server.call("GET", &format!("apps/{app}/records/account/?{query}"), None);
        assert_eq!(refused.status, 400, "{query}");
        assert_eq!(refused.body, json!({"detail": detail, "code": "malformed_query"}), "{query}");
    }
    assert_eq!(server.call("GET", &format!("apps/{app}/records/account/?state=&limit=&"), None).status, 200);
}
