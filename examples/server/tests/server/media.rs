//! Bodies and answers, compressed and of other types.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::given::{app, synced_app};
use crate::support::{KEY, Reply, Server, resident_kib};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 19).expect("memory")
}

fn post(server: &Server, coding: &str, body: &[u8]) -> Reply {
    server.request("POST", "apps/", &[("Content-Encoding", coding)], body).0
}

#[test]
fn a_body_is_taken_as_it_is_and_compressed() {
    let server = Server::start(None, &[]);
    let body = br#"{"name": "Acme"}"#;
    for (coding, packed) in [
        ("gzip", gzip(body)),
        ("GZip", gzip(body)),
        ("x-gzip", gzip(body)),
        ("zstd", zstd(body)),
        ("identity", body.to_vec()),
    ] {
        let reply = post(&server, coding, &packed);
        assert_eq!((reply.status, &reply.body["name"]), (201, &json!("Acme")), "{coding}");
    }
    for (coding, body) in [("gzip", &body[..]), ("zstd", body), ("gzip", &gzip(body)[..20])] {
        let reply = post(&server, coding, body);
        let detail = "the body broke off, or is not packed as its Content-Encoding says";
        assert_eq!((reply.status, reply.body["detail"].as_str()), (400, Some(detail)), "{coding}");
    }
}

/// A page is known by its bytes when they are unpacked.
#[test]
fn a_page_that_comes_compressed_is_the_same_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::here(&folder.path().join("data"));
    let (app, session) = synced_app(&server);
    let path = format!("apps/{app}/sync/{session}/account/");
    let page = br#"{"records": [{"id": "u1", "username": "x"}]}"#;
    assert_eq!(server.request("PUT", &path, &[], page).0.status, 200);
    let parsed = server.bodies_parsed();
    for (coding, packed) in [("gzip", gzip(page)), ("zstd", zstd(page))] {
        let (reply, _) = server.request("PUT", &path, &[("Content-Encoding", coding)], &packed);
        assert_eq!((reply.status, reply.body), (200, json!({"total": 1, "created": 0, "updated": 1})));
    }
    assert_eq!(server.bodies_parsed(), parsed);
}

#[test]
fn a_body_that_grows_beyond_the_limit_is_too_large() {
    let server = Server::start(None, &[]);
    let before = resident_kib(server.id());
    let zeros = vec![b'0'; 100 * 1024 * 1024];
    for (coding, packed) in [("gzip", gzip(&zeros)), ("zstd", zstd(&zeros))] {
        assert!(packed.len() < 200_000);
        for _ in 0..4 {
            let reply = post(&server, coding, &packed);
            assert_eq!((reply.status, &reply.body["code"]), (413, &json!("body_too_large")), "{coding}");
        }
    }
    let grown = resident_kib(server.id()).saturating_sub(before);
    assert!(grown < 50 * 1024, "it was unpacked: {grown} KiB");
}

#[test]
fn what_is_no_json_is_refused_in_words() {
    let server = Server::start(None, &[]);
    let body = br#"{"name": "Acme"}"#;
    for (name, value, detail) in [
        (
            "Content-Encoding",
            "br",
            "the header Content-Encoding: found \"br\", expected gzip or zstd, or none",
        ),
        (
            "Content-Encoding",
            "gzip, zstd",
            "the header Content-Encoding: found \"gzip, zstd\", expected gzip or zstd, or none",
        ),
        (
            "Content-Type",
            "application/x-www-form-urlencoded",
            "the header Content-Type: found \"application/x-www-form-urlencoded\", expected application/json",
        ),
        (
            "Content-Type",
            "application/json; charset=latin1",
            "the header Content-Type: found \"application/json; charset=latin1\", expected application/json",
        ),
    ] {
        let (reply, headers) = server.request("POST", "apps/", &[(name, value)], body);
        assert_eq!(reply.status, 415, "{value}");
        assert_eq!(reply.body, json!({"detail": detail, "code": "unsupported_media_type"}));
        assert_eq!(headers.get("accept-encoding").and_then(|value| value.to_str().ok()), Some("gzip, zstd"));
        // In its turn.
        let (reply, _) = server.request("POST", "apps/no-uuid/sync/", &[(name, value)], body);
        assert_eq!(reply.status, 404, "{value}");
    }
    // Where nothing comes there is nothing to be said of it.
    let path = format!("apps/{}/sync/", app(&server, "Acme"));
    assert_eq!(server.request("POST", &path, &[("Content-Type", "text/plain")], b"").0.status, 201);
}

#[test]
fn a_long_answer_is_compressed_for_those_who_take_it() {
    let server = Server::start(None, &[]);
    (0..20).for_each(|number| drop(app(&server, &format!("App {number}"))));
    let plain = server.call("GET", "apps/", None).body;
    for (accepted, coding) in [("gzip", "gzip"), ("zstd;q=1, gzip;q=0.5", "zstd"), ("br", "")] {
        let bytes = get(&server, "apps/", accepted, coding);
        let unpacked = match coding {
            "gzip" => {
                let mut unpacked = Vec::new();
                flate2::read::GzDecoder::new(&*bytes).read_to_end(&mut unpacked).expect("gzip");
                unpacked
            }
            "zstd" => zstd::decode_all(&*bytes).expect("zstd"),
            _ => bytes,
        };
        assert_eq!(serde_json::from_slice::<Value>(&unpacked).expect("JSON"), plain, "{accepted}");
    }
    // A short one is not worth it.
    get(&server, "digest/", "gzip", "");
}

/// The bytes of an answer, which is to have this coding.
fn get(server: &Server, path: &str, accepted: &str, coding: &str) -> Vec<u8> {
    let request = ureq::get(format!("{}/org/acme/api/v1/bridge/{path}", server.address));
    let request =
        request.header("Authorization", format!("Api-Key {KEY}")).header("Accept-Encoding", accepted);
    let mut response = request.call().expect("an answer");
    let found = response.headers().get("content-encoding").and_then(|coding| coding.to_str().ok());
    assert_eq!(found.unwrap_or_default(), coding, "{accepted}");
    response.body_mut().read_to_vec().expect("a body")
}
