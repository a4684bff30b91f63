//! What was acknowledged is on disk: after kills, with a full disk, and with a file that cannot be written.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{KEY, Server, call};
use serde_json::{Value, json};

/// What a connector knows to be on disk, since it was told so.
#[derive(Clone, Debug, Default)]
struct Acknowledged {
    app: String,
    /// The accounts of pages that were answered with 200.
    accounts: Vec<String>,
    pages: u64,
    completed: Vec<String>,
}

/// Pushes pages and completes sessions until told to stop or the server is gone.
fn connector(
    address: &str,
    number: usize,
    round: usize,
    stop: &AtomicBool,
    known: &Mutex<Acknowledged>,
) -> Option<()> {
    let call = |method: &str, path: &str, body: Option<Value>| {
        let path = format!("/org/acme/api/v1/bridge/{path}");
        call(address, method, &path, Some(KEY), body.map(|body| body.to_string()).as_deref()).ok()
    };
    if known.lock().expect("a lock").app.is_empty() {
        let app = call("POST", "apps/", Some(json!({"name": format!("App {number}")})))?;
        let app = app.body["id"].as_str()?.to_owned();
        for (slug, kind) in [("account", "account"), ("team", "group")] {
            let body = json!({"slug": slug, "name": slug, "type": kind});
            (call("POST", &format!("apps/{app}/resource-types/"), Some(body))?.status == 201).then_some(())?;
        }
        known.lock().expect("a lock").app = app;
    }
    let app = known.lock().expect("a lock").app.clone();
    for sync in 0.. {
        let session = call("POST", &format!("apps/{app}/sync/"), None)?.body["sync_id"].as_str()?.to_owned();
        for page in 0..8 {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let ids: Vec<String> =
                (0..20).map(|account| format!("r{round}-s{sync}-p{page}-u{account}")).collect();
            let records: Vec<Value> = ids
                .iter()
                .map(|id| json!({"id": id, "username": "x", "memberships": {"team": [{"id": format!("g{page}")}]}}))
                .collect();
            let path = format!("apps/{app}/sync/{session}/account/");
            (call("PUT", &path, Some(json!({"records": records})))?.status == 200).then_some(())?;
            let mut known = known.lock().expect("a lock");
            known.accounts.extend(ids);
            known.pages += 1;
        }
        (call("POST", &format!("apps/{app}/sync/{session}/complete/"), None)?.status == 202).then_some(())?;
        known.lock().expect("a lock").completed.push(session);
    }
    None
}

/// All ids of an app's accounts, active or not.
fn accounts(server: &Server, app: &str) -> std::collections::BTreeSet<String> {
    let mut found = std::collections::BTreeSet::new();
    for offset in (0..).step_by(1_000) {
        let page =
            server.call("GET", &format!("apps/{app}/records/account/?limit=1000&offset={offset}"), None).body;
        found.extend(
            page["results"]
                .as_array()
                .expect("records")
                .iter()
                .filter_map(|record| Some(record["id"].as_str()?.to_owned())),
        );
        if page["next"].is_null() {
            break;
        }
    }
    found
}

/// `HEADCOUNT_KILLS` makes it longer.
#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_half_applied_when_the_process_is_killed() {
    let kills: usize =
        std::env::var("HEADCOUNT_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(8);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let known: Vec<_> = (0..4).map(|_| Arc::new(Mutex::new(Acknowledged::default()))).collect();
    for round in 0..kills {
        let server = Server::start(Some(&data), &["--commands-per-snapshot", "150"]);
        let stop = Arc::new(AtomicBool::new(false));
        let connectors: Vec<_> = known
            .iter()
            .enumerate()
            .map(|(number, known)| {
                let (address, stop, known) = (server.address.clone(), Arc::clone(&stop), Arc::clone(known));
                std::thread::spawn(move || connector(&address, number, round, &stop, &known))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(250 + 90 * round as u64 % 400));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        connectors.into_iter().for_each(|connector| _ = connector.join().expect("a connector"));
        check(&Server::start(Some(&data), &[]), &known);
    }
    // A start replays; the same file loaded twice gives the same digest.
    let digest = |server: &Server| server.call("GET", "digest/", None).body;
    let (first, second) = (Server::start(Some(&data), &[]), tempfile::tempdir().expect("a folder"));
    wait_for_cleanups(&first, &known);
    let expected = digest(&first);
    first.kill();
    std::fs::copy(&data, second.path().join("data")).expect("a copy");
    let wal = folder.path().join("data-wal");
    if wal.exists() {
        std::fs::copy(wal, second.path().join("data-wal")).expect("a copy");
    }
    assert_eq!(digest(&Server::start(Some(&data), &[])), expected);
    assert_eq!(digest(&Server::start(Some(&second.path().join("data")), &[])), expected);
    let pages: u64 = known.iter().map(|known| known.lock().expect("a lock").pages).sum();
    println!("{kills} kills, {pages} acknowledged pages checked after each");
    assert!(pages > 0);
}

fn check(server: &Server, known: &[Arc<Mutex<Acknowledged>>]) {
    for known in known {
        let known = known.lock().expect("a lock").clone();
        if known.app.is_empty() {
            continue;
        }
        let there = accounts(server, &known.app);
        for account in &known.accounts {
            assert!(there.contains(account), "{account} was acknowledged and is lost");
        }
        // Pages have twenty accounts: one that was not acknowledged is there whole, or not at all.
        let mut pages = std::collections::BTreeMap::<&str, usize>::new();
        for id in &there {
            *pages.entry(id.rsplit_once("-u").expect("an id").0).or_default() += 1;
        }
        assert!(pages.values().all(|accounts| *accounts == 20), "a page is half applied: {pages:?}");
        for session in &known.completed {
            let status = server.call("GET", &format!("apps/{}/sync/{session}/", known.app), None);
            assert!(
                status.status == 404
                    || status.body["status"] == "completing"
                    || status.body["status"] == "completed",
                "{status:?}"
            );
        }
    }
}

fn wait_for_cleanups(server: &Server, known: &[Arc<Mutex<Acknowledged>>]) {
    for known in known {
        let app = known.lock().expect("a lock").app.clone();
        for _ in 0..500 {
            let list = server.call("GET", &format!("apps/{app}/sync/?limit=1"), None).body;
            if list["results"][0]["status"] != "completing" {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

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
        let connection = rusqlite::Connection::open(&data).expect("the file");
        let sql = format!(
            "UPDATE snapshot SET state = zeroblob(length(state)) WHERE journal_id = (SELECT {which}(journal_id) FROM snapshot)"
        );
        assert_eq!(connection.execute(&sql, []).expect("an update"), 1);
    };
    damage("max");
    let server = Server::start(Some(&data), &[]);
    assert_eq!(server.call("GET", "digest/", None), digest);
    server.kill();
    damage("min");
    let error = Server::try_start(Some(&data), &[]).err().expect("no good snapshot");
    assert!(error.contains("no snapshot of acme is good"), "{error}");
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
    use headcount::Timestamp;
    use headcount_server::store::{Entry, Store};
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(&folder.path().join("data"), 1_000).expect("a store");
    let command = vec![0; 2_000];
    let entry = || [Entry { tenant: "acme", now: Timestamp(0), command: &command }];
    assert_eq!(store.append(&entry()), Ok(1));
    store.limit_pages(12).expect("a limit");
    let written = AtomicU64::new(1);
    let refused = (0..100).find_map(|_| match store.append(&entry()) {
        Ok(place) => {
            written.store(place as u64, Ordering::Relaxed);
            None
        }
        Err(why) => Some(why),
    });
    assert!(refused.is_some_and(|why| why.contains("could not be written to disk")));
    store.limit_pages(1_000_000).expect("a limit");
    assert_eq!(
        store.append(&entry()),
        Ok(written.load(Ordering::Relaxed) as i64 + 1),
        "nothing was left behind"
    );
}
