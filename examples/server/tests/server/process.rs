//! The server as a process, and its document.

use crate::support::Server;

#[test]
fn the_document_names_every_call() {
    let server = Server::start(None, &[]);
    let document = server.raw("GET", "/openapi.json", None, None).expect("a reply").body;
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), 24);
    for (path, item) in paths {
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
