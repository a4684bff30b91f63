//! The server as a process, and its document.

use crate::support::Server;

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
