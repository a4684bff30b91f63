//! What was acknowledged is on disk: after a stop, with a full disk, and with a file that cannot be written.

use headcount::Timestamp;
use headcount_server::file::chain::Witness;
use headcount_server::store::{Entry, Store};
use rusqlite::Connection;
use serde_json::json;

use crate::support::Server;

#[test]
fn a_stop_and_a_start_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(Some(&data), &["--commands-per-snapshot", "5"]);
    for number in 0..20 {
        assert_eq!(server.call("POST", "apps/", Some(&json!({"name": format!("App {number}")}))).status, 201);
    }
    let digest = server.call("GET", "digest/", None);
    assert!(server.terminate());
    let server = Server::start(Some(&data), &[]);
    assert_eq!(server.call("GET", "digest/", None), digest);
    assert_eq!(server.call("GET", "apps/", None).body["count"], 20);
}

#[test]
fn a_damaged_snapshot_is_passed_over_for_the_one_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(Some(&data), &["--commands-per-snapshot", "5"]);
    for number in 0..23 {
        assert_eq!(server.call("POST", "apps/", Some(&json!({"name": format!("App {number}")}))).status, 201);
    }
    let digest = server.call("GET", "digest/", None);
    assert!(server.terminate());
    let damage = |which: &str| {
        let sql = format!("UPDATE snapshot_part SET state = zeroblob(length(state)) WHERE entry = {which}");
        Connection::open(&data).and_then(|file| file.execute(&sql, [])).expect("an update")
    };
    assert_eq!(damage("(SELECT max(entry) FROM snapshot)"), 1);
    let server = Server::start(Some(&data), &[]);
    assert_eq!(server.call("GET", "digest/", None), digest);
    assert!(server.terminate());
    // There are two again.
    assert_eq!(damage("entry"), 2);
    let error = Server::try_start(Some(&data), &[]).err().expect("no good snapshot");
    assert!(error.contains("no snapshot is good"), "{error}");
}

#[test]
fn a_file_that_cannot_be_opened_is_told_at_once() {
    let error = Server::try_start(Some(std::path::Path::new("/nonexistent/folder/data")), &[]).err();
    assert!(error.is_some_and(|error| error.contains("the data file")));
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::write(&data, "this is no database, and long enough to be looked at as one").expect("a file");
    let error = Server::try_start(Some(&data), &[]).err();
    assert!(error.is_some_and(|error| error.contains("the data file")));
}

/// A full disk, as SQLite reports it: nothing is acknowledged, nothing is changed, and when there is room
/// again it goes on.
#[test]
fn a_full_disk_refuses_commands_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut store = Store::open(&data, 1_000).expect("a store");
    let command = vec![0; 2_000];
    let entry = [Entry { tenant: "acme", now: Timestamp(0), witness: Witness::default(), command: &command }];
    assert_eq!(store.append(&entry), Ok(1));
    let pages: u32 = Connection::open(&data)
        .and_then(|file| file.query_row("PRAGMA page_count", [], |row| row.get(0)))
        .expect("a count");
    store.limit_pages(pages + 4).expect("a limit");
    let mut written = 1;
    let refused = (0..100).find_map(|_| store.append(&entry).map(|place| written = place).err());
    assert!(refused.is_some_and(|why| why.contains("could not be written to disk")));
    store.limit_pages(1_000_000).expect("a limit");
    assert_eq!(store.append(&entry), Ok(written + 1), "nothing was left behind");
}

/// What the lock keeps from happening, if somebody came by it: the numbers of the entries are the second lock.
#[test]
fn an_entry_of_another_writer_is_not_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut store = Store::open(&data, 1_000).expect("a store");
    let entry = [Entry { tenant: "acme", now: Timestamp(0), witness: Witness::default(), command: &[0] }];
    assert_eq!(store.append(&entry), Ok(1));
    let other = "INSERT INTO journal SELECT 2, tenant, behind, now, applied, seq, command, sum FROM journal";
    let written = Connection::open(&data).and_then(|file| file.execute(other, []));
    assert_eq!(written.expect("a row"), 1);
    assert!(store.append(&entry).is_err_and(|why| why.contains("could not be written to disk")));
    assert!(store.append(&entry).is_err_and(|why| why.contains("restart the server")));
}
