//! What memory a server takes, and that it gives it back.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{KEY, Server, call, resident_kib};

const MIB: u64 = 1024;

/// Bodies of many connectors at once are not kept.
#[test]
fn memory_is_given_back_behind_a_burst() {
    let server = Server::start(None, &[]);
    let before = resident_kib(server.id());
    let body = format!("{{\"name\": \"{}\"}}", "x".repeat(3_900_000));
    let (mut peak, pid) = (0, server.id());
    std::thread::scope(|scope| {
        let connectors: Vec<_> = (0..64)
            .map(|_| {
                let (address, body) = (&server.address, &body);
                scope.spawn(move || {
                    for _ in 0..3 {
                        let path = "/org/acme/api/v1/bridge/apps/";
                        let reply = call(address, "POST", path, Some(KEY), Some(body)).expect("a reply");
                        assert_eq!(reply.status, 400, "a name is not as long as that");
                    }
                })
            })
            .collect();
        while !connectors.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            peak = peak.max(resident_kib(pid));
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    assert!(peak > before + 64 * MIB, "there was no burst: {before} KiB before, {peak} KiB at most");
    let begun = Instant::now();
    let mut after = resident_kib(server.id());
    while after > before + 32 * MIB && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(100));
        after = resident_kib(server.id());
    }
    println!("{before} KiB before, {peak} at most, {after} KiB after {:?}", begun.elapsed());
    assert!(after <= before + 32 * MIB, "{before} KiB before, {after} KiB after");
}

/// The figure that the README tells.
#[test]
fn an_idle_connection_takes_little() {
    rlimit::increase_nofile_limit(u64::MAX).expect("more open files");
    let server = Server::start(None, &[]);
    let address = server.address.strip_prefix("http://").expect("an address").to_owned();
    let used = || {
        let mut stream = TcpStream::connect(&address).expect("a connection");
        let request = format!(
            "GET /org/acme/api/v1/bridge/apps/ HTTP/1.1\r\nHost: here\r\nAuthorization: Api-Key {KEY}\r\n\r\n"
        );
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("it is written");
        assert!(std::io::Read::read(&mut stream, &mut [0; 4096]).expect("an answer") > 0);
        stream
    };
    let first: Vec<_> = (0..100).map(|_| used()).collect();
    let before = resident_kib(server.id());
    let idle: Vec<_> = (0..800).map(|_| used()).collect();
    let each = (resident_kib(server.id()) - before) as f64 / idle.len() as f64;
    println!("{each:.1} KiB for each of {} idle connections", first.len() + idle.len());
    assert!(each < 24.0, "{each} KiB");
}
