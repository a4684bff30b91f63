//! The calls of the README run as they stand there.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::{KEY, Server};

/// The blocks of a file that begin with this line.
fn blocks(file: &str, fence: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a file");
    let begin = format!("{fence}\n");
    text.split(&begin).skip(1).map(|block| block.split("```").next().expect("an end").to_owned()).collect()
}

#[test]
fn the_calls_of_the_readme_are_answered() {
    let server = Server::start(None, &[]);
    let blocks = blocks("README.md", "```sh calls");
    assert!(blocks.len() > 5);
    let script = format!("set -euo pipefail\n{}", blocks.concat());
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("URL", &server.address)
        .env("KEY", KEY)
        .output()
        .expect("bash, with curl and gzip");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    let apps = server.call("GET", "apps/", None).body;
    let app = apps["results"][0]["id"].as_str().expect("an app");
    let active = server.call("GET", &format!("apps/{app}/records/account/?state=active"), None).body;
    let ids: Vec<_> =
        active["results"].as_array().expect("a list").iter().map(|of| of["id"].clone()).collect();
    assert_eq!(ids, [json!("u1"), json!("u3"), json!("u4")]);
}
