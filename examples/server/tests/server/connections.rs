//! What a connection may take, and how it ends. By hand: no client of good manners does these things.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{KEY, Server};

/// Long enough for anything that is to happen, on a machine with other work.
pub const LONG: Duration = Duration::from_secs(20);

pub fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address.strip_prefix("http://").expect("an address"));
    let stream = stream.expect("a connection");
    stream.set_read_timeout(Some(LONG)).expect("a timeout");
    stream
}

/// The head of a request.
pub fn head(method: &str, path: &str, more: &str) -> String {
    format!(
        "{method} /org/acme/api/v1/bridge/{path} HTTP/1.1\r\nHost: here\r\nAuthorization: Api-Key {KEY}\r\n\
         Content-Type: application/json\r\n{more}\r\n"
    )
}

pub fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).expect("it is written");
}

/// All that comes until the connection ends.
fn until_its_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What comes until a text is there.
fn until(stream: &mut TcpStream, text: &str) -> String {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&seen).contains(text) {
        assert_eq!(stream.read(&mut byte).expect("more"), 1, "{}", String::from_utf8_lossy(&seen));
        seen.extend(byte);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn a_connection_that_brings_no_request_ends() {
    let server = Server::start(None, &["--idle-timeout", "300ms"]);
    let begun = Instant::now();
    let (mut silent, mut slow, mut idle) = (connect(&server), connect(&server), connect(&server));
    send(&mut slow, "GET /healthz HTTP/1.1\r\nHost: he");
    send(&mut idle, "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n");
    assert_eq!(until_its_end(&mut silent), "");
    until_its_end(&mut slow);
    assert!(until_its_end(&mut idle).starts_with("HTTP/1.1 200"));
    assert!(begun.elapsed() >= Duration::from_millis(300) && begun.elapsed() < LONG);
}

#[test]
fn a_body_that_does_not_come_is_told_and_ends_its_connection() {
    let server = Server::start(None, &["--body-timeout", "300ms"]);
    let mut stream = connect(&server);
    send(&mut stream, &head("POST", "apps/", "Content-Length: 20\r\n"));
    send(&mut stream, "{\"name\"");
    let said = until_its_end(&mut stream);
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("\"code\":\"body_timeout\"") && said.contains("expected within 300ms"), "{said}");
}

#[test]
fn a_body_whose_length_says_that_it_is_too_large_is_refused_before_it_comes() {
    let server = Server::start(None, &[]);
    for expect in ["", "Expect: 100-continue\r\n"] {
        let mut stream = connect(&server);
        send(&mut stream, &head("POST", "apps/", &format!("Content-Length: 100000000\r\n{expect}")));
        let said = until(&mut stream, "body_too_large");
        assert!(said.starts_with("HTTP/1.1 413"), "{said}");
    }
    // A client that writes all before it reads has its answer, and can go on.
    let mut stream = connect(&server);
    let length = 5 * 1024 * 1024;
    send(&mut stream, &head("POST", "apps/", &format!("Content-Length: {length}\r\n")));
    send(&mut stream, &"x".repeat(length));
    assert!(until(&mut stream, "body_too_large\"}").starts_with("HTTP/1.1 413"));
    send(&mut stream, &head("GET", "apps/", ""));
    assert!(until(&mut stream, "\r\n\r\n").starts_with("HTTP/1.1 200"));
}

#[test]
fn one_connection_too_many_is_refused_in_words() {
    let server = Server::start(None, &["--connections-max", "2"]);
    let mut held: Vec<_> = (0..2).map(|_| connect(&server)).collect();
    for stream in &mut held {
        send(stream, "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n");
        until(stream, "ok");
    }
    let mut third = connect(&server);
    send(&mut third, &head("GET", "apps/", ""));
    let said = until_its_end(&mut third);
    assert!(
        said.starts_with("HTTP/1.1 503") && said.contains("\"code\": \"too_many_connections\""),
        "{said}"
    );
    assert!(said.contains("\r\nretry-after: 1\r\n"), "{said}");
    held.pop();
    // It may not have been noticed yet that there is room.
    let begun = Instant::now();
    while server.raw("GET", "/healthz", None, None).map_or(0, |reply| reply.status) != 200 {
        assert!(begun.elapsed() < LONG, "no room");
    }
}

#[test]
fn a_client_that_does_not_read_its_answers_is_cut() {
    let server = Server::start(None, &["--connections-max", "1", "--write-timeout", "300ms"]);
    let mut stream = connect(&server);
    stream.set_write_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    // The document is long: so many fill what lies between.
    let request = "GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n".repeat(20);
    let begun = Instant::now();
    while stream.write_all(request.as_bytes()).is_ok() {
        assert!(begun.elapsed() < LONG, "all is taken");
    }
    while server.raw("GET", "/healthz", None, None).map_or(0, |reply| reply.status) != 200 {
        assert!(begun.elapsed() < LONG, "it is not cut");
    }
}

#[test]
fn five_hundred_connectors_that_come_at_once_are_all_answered() {
    rlimit::increase_nofile_limit(u64::MAX).expect("more open files");
    let mut server = Server::start(None, &[]);
    // While it stands still nothing is taken: the system holds them all.
    server.signal("STOP");
    let mut streams: Vec<_> = (0..500).map(|_| connect(&server)).collect();
    for stream in &mut streams {
        send(stream, &head("GET", "apps/", "Connection: close\r\n"));
    }
    server.signal("CONT");
    for stream in &mut streams {
        assert!(until_its_end(stream).starts_with("HTTP/1.1 200"));
    }
}

#[test]
fn a_stop_waits_for_what_is_under_way_and_no_longer_than_it_is_told() {
    let mut server = Server::start(None, &["--stop-timeout", "2s"]);
    let (mut ending, mut half, mut idle) = (connect(&server), connect(&server), connect(&server));
    send(&mut idle, "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n");
    until(&mut idle, "ok");
    for stream in [&mut ending, &mut half] {
        send(stream, &head("POST", "apps/", "Content-Length: 16\r\n"));
        send(stream, "{\"name\"");
    }
    // Both have come.
    std::thread::sleep(Duration::from_millis(200));
    server.signal("TERM");
    assert_eq!(until_its_end(&mut idle), "");
    send(&mut ending, ": \"Acme\"}");
    let said = until_its_end(&mut ending);
    assert!(said.starts_with("HTTP/1.1 201"), "{said}");
    assert_eq!(server.ends_within(LONG), Some(true));
    assert_eq!(until_its_end(&mut half), "");
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let mut server = Server::start(None, &["--stop-timeout", "1h"]);
    let mut half = connect(&server);
    send(&mut half, &head("POST", "apps/", "Content-Length: 15\r\n"));
    send(&mut half, "{\"name\"");
    std::thread::sleep(Duration::from_millis(200));
    server.signal("TERM");
    assert_eq!(server.ends_within(Duration::from_millis(500)), None, "it waits");
    server.signal("INT");
    assert_eq!(server.ends_within(LONG), Some(false));
}
