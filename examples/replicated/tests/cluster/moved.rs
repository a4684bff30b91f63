//! A tenant goes from one cluster to another while connectors sync: by snapshot, then by the rest of the log.

use std::process::Command;

use serde_json::{Value, json};

use crate::calls::{SECRET, admin, api};
use crate::cluster::{Cluster, Options};
use crate::connectors::Connectors;

fn standing(address: &str) -> Value {
    admin(address, "GET", "", None).expect("a status").body["tenants"][0]["standing"].clone()
}

/// Runs the mover, and answers what it said.
fn relocate(from: &str, to: &[String], more: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_headcount-replicated"))
        .args(["move", "--tenant", "acme", "--from", from, "--to", &to.join(",")])
        .args(more)
        .env("HEADCOUNT_CLUSTER_SECRET", SECRET)
        .output()
        .expect("a mover");
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(said.into_owned()) } else { Err(wrong.into_owned()) }
}

#[test]
fn a_tenant_moves_while_connectors_sync() {
    let _alone = crate::cluster::alone();
    let options = Options::with(&["--heartbeat-ms", "200"]);
    let (first, second) = (Cluster::start(3, &options), Cluster::start(1, &options));
    let (from, to) = (first.addresses(), second.addresses());
    // They call the first cluster all the time.
    let connectors = Connectors::start(4, from.clone());
    connectors.wait_for(150);
    let said = relocate(&from[1], &to, &[]).expect("a move");
    println!("{said}");
    assert_eq!((standing(&from[0]), standing(&to[0])), (json!("gone"), json!("here")));
    let before = first.agree("where it was");
    connectors.wait_for(100);
    connectors.while_waiting(|| {
        let (accounts, sessions) = connectors.check(&to[0]);
        println!("{accounts} accounts and {sessions} sessions, where it is now");
        // Through the other cluster, too. By now a connector may have noted what was answered just before.
        connectors.check(&from[2]);
        assert_eq!(first.agree("where it was, later")["tenants"], before["tenants"]);
        let digest = before["tenants"]["acme"]["digest"].as_str().expect("a digest");
        assert!(said.contains(digest), "{digest} is not in {said}");
    });

    // It is moved once more by somebody who does not know, and back by somebody who does.
    let refused = relocate(&from[0], &to, &[]).expect_err("it is there");
    assert!(refused.contains("there is such a tenant here already"), "{refused}");
    println!("{}", relocate(&to[0], &from, &["--forget"]).expect("a move back"));
    assert_eq!((standing(&from[0]), standing(&to[0])), (json!("here"), json!("gone")));
    connectors.wait_for(100);
    connectors.while_waiting(|| {
        first.agree("back where it was");
        connectors.check(&from[0]);
        connectors.check(&to[0]);
    });
    let counted = connectors.stop("moves");
    assert!(counted.acknowledged > 350);
    let reopened = admin(&to[0], "POST", "tenants/acme/reopen/", None).expect("a reply");
    assert_eq!(reopened.status, 409, "its state was dropped: {:?}", reopened.body);
}

#[test]
fn a_tenant_that_cannot_open_elsewhere_is_here_again_when_somebody_says_so() {
    let _alone = crate::cluster::alone();
    let options = Options::with(&["--heartbeat-ms", "100"]);
    let other = Options::with(&["--heartbeat-ms", "100", "--limit", "text_chars_max=9"]);
    let (first, second) = (Cluster::start(1, &options), Cluster::start(1, &other));
    let (from, to) = (first.addresses(), second.addresses());
    let app = api(&from[0], "POST", "apps/", Some(&json!({"name": "Acme HR"}))).expect("an app");
    assert_eq!(app.status, 201);
    let refused = relocate(&from[0], &to, &[]).expect_err("other terms");
    assert!(refused.contains("differ between the two clusters"), "{refused}");
    assert_eq!(standing(&from[0]), "here");
    // What did not come is not shown, and is dropped when it comes anew.
    let path = format!("apps/{}/", app.body["id"].as_str().expect("an id"));
    let unavailable = api(&to[0], "GET", &path, None).expect("a reply");
    assert_eq!((unavailable.status, &unavailable.body["code"]), (503, &json!("unavailable")));
    let terms = json!({"changes_kept": 100_000});
    assert_eq!(admin(&to[0], "PUT", "terms/", Some(&terms)).expect("a reply").status, 200);
    relocate(&from[0], &to, &[]).expect("a move");
    assert_eq!(api(&from[0], "GET", &path, None).expect("a reply").status, 200);
    // Somebody takes it back: from now on both have it, which is why no mover does that by itself.
    assert_eq!(admin(&from[0], "POST", "tenants/acme/reopen/", None).expect("a reply").status, 200);
    assert_eq!(standing(&from[0]), "here");
}
