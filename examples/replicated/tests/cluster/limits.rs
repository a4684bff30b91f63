//! What a connection to a node may take, and how it ends: as with the server, whose listener it is.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, Options, until};

/// Writes this, and answers what comes until the connection ends, or nothing comes for a while.
fn exchange(stream: &mut TcpStream, text: &str) -> String {
    stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
    stream.write_all(text.as_bytes()).expect("it is written");
    let (mut said, mut bytes) = (Vec::new(), [0; 4_096]);
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        said.extend_from_slice(&bytes[..count]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn a_node_bounds_its_connections_and_ends_in_time() {
    let _alone = crate::cluster::alone();
    let options = ["--heartbeat-ms", "100", "--connections-max", "3", "--stop-timeout", "500ms"];
    let mut cluster = Cluster::start(1, &Options::with(&options));
    let address = cluster.nodes[&1].address.clone();
    let connect = || TcpStream::connect(&address).expect("a connection");
    let health = "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n";
    // Those of the calls before may not have ended yet.
    let mut held = Vec::new();
    until("room", || {
        let mut stream = connect();
        let has_room = exchange(&mut stream, health).starts_with("HTTP/1.1 200");
        has_room.then(|| held.push(stream));
        (held.len() == 3).then_some(())
    });
    let said = exchange(&mut connect(), health);
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("too_many_connections"), "{said}");
    // Half a request keeps the node from ending for as long as it says, and no longer.
    let mut half = held.pop().expect("a connection");
    half.write_all(b"POST /cluster/snapshot/ HTTP/1.1\r\nHost: here\r\n").expect("it is written");
    let begun = Instant::now();
    assert!(cluster.node(1).terminate(), "it ended well");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn the_log_of_a_node_is_what_its_options_say() {
    let _alone = crate::cluster::alone();
    let options = ["--heartbeat-ms", "100", "--log-format", "json", "--log-level", "info"];
    let cluster = Cluster::start(1, &Options::with(&options));
    let log = std::fs::read_to_string(cluster.nodes[&1].log()).expect("a log");
    let mut lines = 0;
    for line in log.lines() {
        let told: serde_json::Value = serde_json::from_str(line).expect("an object a line");
        let target = told["target"].as_str().expect("a target");
        assert!(!target.starts_with("openraft"), "openraft tells too much: {line}");
        lines += 1;
    }
    assert!(lines > 0, "nothing is told");
}
