//! The calls of the README run as they stand there.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::given::app;
use crate::support::{KEY, Server};

/// The blocks of a file that begin with this line.
fn blocks(file: &str, fence: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a file");
    let begin = format!("{fence}\n");
    text.split(&begin).skip(1).map(|block| block.split("```").next().expect("an end").to_owned()).collect()
}

/// Runs the blocks with this fence, one behind the other, and answers what they said.
fn run(fence: &str, environment: &[(&str, &Path)]) -> String {
    let blocks = blocks("README.md", fence).concat();
    assert!(!blocks.is_empty(), "no {fence}");
    let script = format!("set -euo pipefail\n{blocks}");
    let mut command = Command::new("bash");
    command.args(["-c", &script]).envs(environment.iter().copied());
    let output = command.output().expect("bash, with curl and gzip");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    said.into_owned()
}

#[test]
fn a_backup_and_a_restore_go_as_the_readme_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, backups) = (folder.path().join("data"), folder.path().join("backups"));
    std::fs::create_dir(&backups).expect("a folder");
    let program = Path::new(env!("CARGO_BIN_EXE_headcount-server")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let environment =
        [("DATA", data.as_path()), ("BACKUPS", backups.as_path()), ("PATH", Path::new(path.as_str()))];
    let server = Server::start(Some(&data), &[]);
    app(&server, "Before");
    let digest = server.call("GET", "digest/", None).body["digest"].clone();
    let said = run("```sh backup", &environment);
    assert!(said.contains(digest.as_str().expect("a digest")), "{said}");
    app(&server, "Behind the backup");
    assert!(server.terminate());
    run("```sh restore", &environment);
    let server = Server::start(Some(&data), &[]);
    assert_eq!(server.call("GET", "digest/", None).body["digest"], digest);
    assert_eq!(server.call("GET", "apps/", None).body["count"], 1);
}

#[test]
fn the_calls_of_the_readme_are_answered() {
    let server = Server::start(None, &[]);
    run("```sh calls", &[("URL", Path::new(&server.address)), ("KEY", Path::new(KEY))]);
    let apps = server.call("GET", "apps/", None).body;
    let app = apps["results"][0]["id"].as_str().expect("an app");
    let active = server.call("GET", &format!("apps/{app}/records/account/?state=active"), None).body;
    let ids: Vec<_> =
        active["results"].as_array().expect("a list").iter().map(|of| of["id"].clone()).collect();
    assert_eq!(ids, [json!("u1"), json!("u3"), json!("u4")]);
}
