//! The server as a process, and its document.

use std::process::{Command, Output};

use crate::support::{KEY, Server};

/// What the server says where it does not start, or tells something and ends.
fn said(options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headcount-server"));
    command.args(options).env_remove("HEADCOUNT_API_KEY").env("RUST_LOG", "warn").output().expect("a process")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn it_tells_its_version() {
    let output = said(&["--version"]);
    let expected = concat!("headcount-server ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((output.status.success(), String::from_utf8_lossy(&output.stdout).as_ref()), (true, expected));
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = said(&["--tenant", "acme=key", "--listen", &address]);
    assert!(!output.status.success());
    assert!(errors(&output).contains(&format!("cannot listen at {address}: ")), "{}", errors(&output));
    let output = said(&["--tenant", "acme=key", "--listen", "nowhere"]);
    assert!(errors(&output).contains("listen: \"nowhere\" is no HOST:PORT"), "{}", errors(&output));
}

#[test]
fn a_host_is_listened_at_by_its_name() {
    let server = Server::start(None, &["--listen", "localhost:0"]);
    assert_eq!(server.raw("GET", "/healthz", None, None).expect("a reply").status, 200);
}

#[test]
fn tenants_and_keys_come_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys");
    std::fs::write(&path, "# tenants\nglobex=globex-key\nread-only globex=look\n").expect("a file");
    let path = path.to_str().expect("a path");
    let server = Server::start(None, &["--keys", path]);
    let status = |method: &str, key: &str| {
        let reply =
            server.raw(method, "/org/globex/api/v1/bridge/apps/", Some(key), Some("{\"name\":\"x\"}"));
        reply.expect("a reply").status
    };
    assert_eq!(
        [("POST", "globex-key"), ("GET", "look"), ("POST", "look")].map(|(m, k)| status(m, k)),
        [201, 200, 403]
    );
    assert_eq!(status("GET", KEY), 404, "the key of another tenant");
    // It is enough, and its faults are told without a key.
    std::fs::write(path, "secret").expect("a file");
    let output = said(&["--keys", path, "--listen", "127.0.0.1:0"]);
    let expected = format!("keys {path}: line 1: expected TENANT=KEY");
    assert!(
        errors(&output).contains(&expected) && !errors(&output).contains("secret"),
        "{}",
        errors(&output)
    );
    assert!(errors(&said(&[])).contains("--tenant"));
}

#[test]
fn a_data_file_that_is_not_there_is_made_and_that_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    // It ends before it listens, for want of an address, and behind the file.
    let start = || {
        let data = data.to_str().expect("a path");
        errors(&said(&["--tenant", "acme=key", "--data", data, "--listen", "nowhere"]))
    };
    assert!(start().contains("THERE IS NO SUCH DATA FILE"));
    assert!(data.exists());
    assert!(!start().contains("THERE IS NO SUCH DATA FILE"));
}

#[test]
fn the_document_names_every_call() {
    let server = Server::start(None, &[]);
    let document = server.raw("GET", "/openapi.json", None, None).expect("a reply").body;
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), 28);
    for (path, item) in paths {
        if !path.starts_with("/org/") {
            let wanted = if path == "/metrics" { 401 } else { 200 };
            assert_eq!(server.raw("GET", path, None, None).expect("a reply").status, wanted, "{path}");
            continue;
        }
        for method in item.as_object().expect("methods").keys() {
            let unknown = path
                .replace("{tenant}", "acme")
                .replace("{app}", "x")
                .replace("{sync}", "x")
                .replace("{slug}", "x")
                .replace("{id}", "x")
                .replace("{task}", "x");
            let reply = server.raw(&method.to_uppercase(), &unknown, None, None).expect("a reply");
            assert_eq!(reply.status, 401, "{method} {path} is a route that wants a key");
        }
    }
}

#[test]
fn a_terminated_server_ends_well() {
    assert!(Server::start(None, &[]).terminate());
}
