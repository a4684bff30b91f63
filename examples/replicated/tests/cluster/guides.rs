//! The Python of the vendor's two guides runs against a cluster with nothing changed but address and key, whichever
//! node it calls.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::calls::{KEY, SECRET, api, call};
use crate::cluster::{Cluster, Options};

fn run(address: &str, script: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/tests/python");
    let source = std::fs::read_to_string(folder.join(script)).expect("a script");
    let source = source
        .replace("https://developer.idenhq.com", &format!("http://{address}"))
        .replace("<your-api-key>", KEY);
    let output = Command::new("python3").args(["-c", &source]).output();
    let output = output.expect("python3 with the package requests");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script}\n{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Runs the blocks of the README that say so, as they stand there.
fn calls_of_the_readme(address: &str) {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).expect("a file");
    let blocks: Vec<&str> =
        readme.split("```sh calls\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("secret"), SECRET).expect("a file");
    let output = Command::new("bash")
        .args(["-c", &format!("set -euo pipefail\n{}", blocks.concat())])
        .current_dir(folder.path())
        .env("NODE", format!("http://{address}"))
        .env("HEADCOUNT_API_KEY", KEY)
        .output()
        .expect("bash, with curl");
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{wrong}");
    // Made once; and in two lists, with one of each run of the guide before.
    assert_eq!(said.matches("Acme HR").count(), 9, "{said}");
    assert!(said.contains("\"records_per_page_max\":500"), "{said}");
}

#[test]
fn the_guides_run_against_any_node() {
    let _alone = crate::cluster::alone();
    let cluster = Cluster::start(3, &Options::with(&["--heartbeat-ms", "200"]));
    let leader = cluster.leader();
    for (at, node) in cluster.nodes.values().enumerate() {
        let text = run(&node.address, "getting_started.py");
        for line in [
            "Groups: {'total': 2, 'created': 2, 'updated': 0}",
            "Accounts: {'total': 2, 'created': 2, 'updated': 0}",
            " Status: completed",
            " Account: 2 records",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        let text = run(&node.address, "cloning_apps.py");
        assert!(text.contains("Created clone: Jira - Finance"), "{text}");
        let apps = api(&node.address, "GET", "apps/", None).expect("apps").body;
        assert_eq!(apps["count"], json!(4 * (at + 1)), "through node {}, where {leader} leads", node.id);
    }
    cluster.agree("the guides, through each node");
    let node = &cluster.nodes[&(leader % 3 + 1)];
    let at = |path: &str, key: &str| {
        call(&node.address, "GET", path, &[("Authorization", key)], None).expect("a reply").status
    };
    assert_eq!(at("/healthz", ""), 200);
    assert_eq!(at("/openapi.json", ""), 200);
    assert_eq!(at("/org/acme/api/v1/bridge/apps/", "Api-Key another"), 401);
    calls_of_the_readme(&node.address);
    // A list's links lead to the address that the client knows.
    let page = api(&node.address, "GET", "apps/?limit=1", None).expect("a page").body;
    let next = page["next"].as_str().expect("a link");
    assert!(next.starts_with(&format!("http://{}/org/acme/", node.address)), "{next}");
}
