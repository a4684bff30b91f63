//! A list ends early where its records have much, and its links lead through all of them.

use serde_json::{Value, json};

use crate::given::{push, synced_app};
use crate::support::{KEY, Server};

/// So many accounts with so many teams each.
fn with_references(server: &Server, accounts: usize, teams: usize) -> String {
    let (app, session) = synced_app(server);
    let teams: Value = (0..teams).map(|number| json!({"id": format!("g{number}")})).collect();
    for number in 0..accounts {
        let account = json!({"id": format!("u{number}"), "username": "x", "memberships": {"team": teams}});
        assert_eq!(push(server, &app, &session, "account", &json!([account])).status, 200);
    }
    app
}

/// The numbers of records on each page, and all ids.
fn walk(server: &Server, path: &str) -> (Vec<usize>, Vec<String>) {
    let (mut pages, mut ids, mut path) = (Vec::new(), Vec::new(), format!("/org/acme/api/v1/bridge/{path}"));
    loop {
        let page = server.raw("GET", &path, Some(KEY), None).expect("a reply").body;
        let results = page["results"].as_array().expect("a list");
        pages.push(results.len());
        ids.extend(results.iter().map(|record| record["id"].as_str().expect("an id").to_owned()));
        match page["next"].as_str() {
            Some(next) => path = next.strip_prefix(&server.address).expect("this server's").to_owned(),
            None => return (pages, ids),
        }
    }
}

#[test]
fn a_page_has_ten_thousand_references_at_most_and_its_links_lead_through_all_records() {
    let server = Server::start(None, &[]);
    let app = with_references(&server, 13, 3_000);
    let all: Vec<String> = (0..13).map(|number| format!("u{number}")).collect();
    let (pages, ids) = walk(&server, &format!("apps/{app}/records/account/?limit=1000"));
    assert_eq!((pages, &ids), (vec![3, 3, 3, 3, 1], &all));
    let (pages, ids) = walk(&server, &format!("apps/{app}/records/account/?limit=2"));
    assert_eq!((pages, &ids), (vec![2, 2, 2, 2, 2, 2, 1], &all));
    let (pages, ids) = walk(&server, &format!("apps/{app}/records/account/?after=u0&limit=1000"));
    assert_eq!((pages, &ids[..]), (vec![3, 3, 3, 3], &all[1..]));
    let (pages, ids) =
        walk(&server, &format!("apps/{app}/records/account/?after=u0&limit=1000&state=active"));
    assert_eq!((pages, &ids[..]), (vec![3, 3, 3, 3], &all[1..]));
}

#[test]
fn a_record_that_has_more_is_a_page_of_its_own() {
    let server = Server::start(None, &["--limit", "references_per_account_max=10001"]);
    let app = with_references(&server, 2, 10_001);
    let (pages, ids) = walk(&server, &format!("apps/{app}/records/account/"));
    assert_eq!((pages, ids), (vec![1, 1], vec!["u0".into(), "u1".into()]));
}

#[test]
fn a_page_of_long_rows_ends_early() {
    let server = Server::start(None, &[]);
    let (app, _) = synced_app(&server);
    let path = format!("apps/{app}/tasks/");
    for number in 0..100 {
        let payload = json!({"number": number, "text": "x".repeat(65_000)});
        let body = json!({"action": "create_account", "resource_type": "account", "payload": payload});
        assert_eq!(server.call("POST", &path, Some(&body)).status, 201);
    }
    let (pages, ids) = walk(&server, &format!("{path}?limit=100"));
    assert_eq!((pages.iter().sum::<usize>(), ids.len()), (100, 100));
    assert_eq!(pages.len(), 2, "{pages:?}");
}
