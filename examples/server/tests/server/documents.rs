//! The Python of the two guides runs against the server with nothing changed but address and key.

use std::path::Path;
use std::process::Command;

use crate::support::{KEY, Server};

fn run(server: &Server, script: &str) -> String {
    let source =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script));
    let source = source.expect("a script");
    let source =
        source.replace("https://developer.idenhq.com", &server.address).replace("<your-api-key>", KEY);
    let output =
        Command::new("python3").args(["-c", &source]).output().expect("python3 with the package requests");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script}\n{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn both_guides(server: &Server) {
    let text = run(server, "getting_started.py");
    for line in [
        "Registered: team",
        "Groups: {'total': 2, 'created': 2, 'updated': 0}",
        "Accounts: {'total': 2, 'created': 2, 'updated': 0}",
        " Status: completed",
        " Team: 2 records",
        " Account: 2 records",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let text = run(server, "cloning_apps.py");
    assert!(
        text.contains("Created clone: Jira - Legal") && text.contains("Created clone: Jira - Finance"),
        "{text}"
    );
    let apps = server.call("GET", "apps/", None);
    assert_eq!(apps.body["count"], 4);
    let legal = apps.body["results"][3]["id"].as_str().expect("an id").to_owned();
    let types = server.call("GET", &format!("apps/{legal}/resource-types/"), None);
    assert_eq!(types.body["count"], 4);
    let carol = server.call("GET", &format!("apps/{legal}/records/account/"), None);
    assert_eq!(carol.body["results"][0]["memberships"]["project"][0]["name"], "Contracts");
}

#[test]
fn the_guides_run_against_a_server_in_memory() {
    both_guides(&Server::start(None, &[]));
}

#[test]
fn the_guides_run_against_a_server_with_a_data_file() {
    let folder = tempfile::tempdir().expect("a folder");
    both_guides(&Server::start(Some(&folder.path().join("data")), &[]));
}
