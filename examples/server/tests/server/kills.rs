//! SIGKILL in the middle of pushes, again and again: what was acknowledged is there, whole, and nothing else is.
//!
//! `HEADCOUNT_KILLS=1000 cargo test --release -p headcount-server --test server -- --nocapture kill` runs it longer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{KEY, Server, call};

const CONNECTORS: usize = 4;
const PAGES: usize = 8;
const ACCOUNTS: usize = 20;

/// What a connector knows. Each page that it sends has a stamp of its own in all records, larger than those before.
#[derive(Debug, Default)]
struct Known {
    app: String,
    stamp: u64,
    /// Of each page, the stamps that were sent last and acknowledged last.
    pages: [(u64, u64); PAGES],
    acknowledged: u64,
    /// The sessions whose completion was acknowledged, and the newest one with its pages.
    completed: Vec<String>,
    newest: Option<(String, u64)>,
}

/// Pushes pages and completes sessions until the server is gone.
fn connector(address: &str, number: usize, stop: &AtomicBool, known: &Mutex<Known>) -> Option<()> {
    let call = |method: &str, path: &str, body: Option<Value>| {
        let path = format!("/org/acme/api/v1/bridge/{path}");
        call(address, method, &path, Some(KEY), body.map(|body| body.to_string()).as_deref()).ok()
    };
    let known = || known.lock().expect("a lock");
    if known().app.is_empty() {
        let app = call("POST", "apps/", Some(json!({"name": format!("App {number}")})))?;
        let app = app.body["id"].as_str()?.to_owned();
        for (slug, kind) in [("account", "account"), ("team", "group")] {
            let body = json!({"slug": slug, "name": slug, "type": kind});
            (call("POST", &format!("apps/{app}/resource-types/"), Some(body))?.status == 201).then_some(())?;
        }
        known().app = app;
    }
    let app = known().app.clone();
    while !stop.load(Ordering::Relaxed) {
        let session = call("POST", &format!("apps/{app}/sync/"), None)?.body["sync_id"].as_str()?.to_owned();
        known().newest = Some((session.clone(), 0));
        for page in 0..PAGES {
            let stamp = known().send(page);
            let records: Vec<Value> = (0..ACCOUNTS)
                .map(|account| {
                    json!({"id": format!("p{page}-u{account}"), "username": format!("{stamp}"),
                        "memberships": {"team": [{"id": format!("g{}", stamp % 7)}]}})
                })
                .collect();
            let path = format!("apps/{app}/sync/{session}/account/");
            (call("PUT", &path, Some(json!({"records": records})))?.status == 200).then_some(())?;
            known().acknowledge(page, stamp);
        }
        (call("POST", &format!("apps/{app}/sync/{session}/complete/"), None)?.status == 202).then_some(())?;
        let mut known = known();
        known.completed.push(session);
        known.newest = None;
    }
    None
}

impl Known {
    fn send(&mut self, page: usize) -> u64 {
        self.stamp += 1;
        self.pages[page].0 = self.stamp;
        self.stamp
    }

    fn acknowledge(&mut self, page: usize, stamp: u64) {
        self.pages[page].1 = stamp;
        self.acknowledged += 1;
        if let Some((_, pages)) = &mut self.newest {
            *pages += 1;
        }
    }

    /// Compares what the server has with what the connector knows.
    fn check(&mut self, server: &Server) {
        if self.app.is_empty() {
            return;
        }
        let list = server.call("GET", &format!("apps/{}/records/account/?limit=1000", self.app), None).body;
        let mut found = BTreeMap::<usize, Vec<u64>>::new();
        for record in list["results"].as_array().expect("records") {
            let id = record["id"].as_str().expect("an id");
            let page = id[1..].split_once('-').and_then(|(page, _)| page.parse().ok()).expect("a page");
            let stamp = record["username"].as_str().and_then(|stamp| stamp.parse().ok()).expect("a stamp");
            found.entry(page).or_default().push(stamp);
        }
        for (page, (sent, acknowledged)) in self.pages.iter_mut().enumerate() {
            let stamps = found.remove(&page).unwrap_or_default();
            let stamp = stamps.first().copied().unwrap_or(0);
            assert!(stamps.is_empty() || stamps.len() == ACCOUNTS, "page {page} is half applied: {stamps:?}");
            assert!(stamps.iter().all(|other| *other == stamp), "page {page} is half applied: {stamps:?}");
            assert!(stamp >= *acknowledged, "page {page}: {acknowledged} was acknowledged, found {stamp}");
            assert!(stamp <= *sent, "page {page}: {sent} was sent, found {stamp}");
            // What was not acknowledged and is there stays there.
            *acknowledged = stamp;
        }
        assert!(found.is_empty(), "nobody pushed {found:?}");
        self.check_sessions(server);
    }

    fn check_sessions(&mut self, server: &Server) {
        let session = |id: &str| server.call("GET", &format!("apps/{}/sync/{id}/", self.app), None);
        if let Some((id, acknowledged)) = &self.newest {
            let found = session(id).body;
            let progress = found["progress"]
                .as_array()
                .and_then(|types| types.iter().find(|of| of["slug"] == "account"));
            let (pages, synced) =
                progress.map(|of| (of["pages"].as_u64(), of["synced_count"].as_u64())).expect("progress");
            let pages = pages.expect("a count");
            assert!(
                (*acknowledged..=acknowledged + 1).contains(&pages),
                "{acknowledged} pages, found {pages}"
            );
            assert_eq!(synced, Some(pages * ACCOUNTS as u64), "{found}");
        }
        for id in self.completed.drain(..).rev().take(3) {
            let found = session(&id);
            let status = found.body["status"].as_str().unwrap_or_default();
            assert!(found.status == 404 || ["completing", "completed"].contains(&status), "{found:?}");
        }
    }
}

/// The digest of a file, by the command that reads all of it.
fn checked(data: &Path) -> String {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_headcount-server")).arg("check").arg(data).output();
    let output = output.expect("a process");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged_and_leaves_nothing_half_applied() {
    let kills: u64 = std::env::var("HEADCOUNT_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(12);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let known: Vec<_> = (0..CONNECTORS).map(|_| Arc::new(Mutex::new(Known::default()))).collect();
    let check = |server: &Server| known.iter().for_each(|known| known.lock().expect("a lock").check(server));
    for round in 0..kills {
        // Few commands, so that kills fall into snapshots too.
        let server = Server::start(Some(&data), &["--commands-per-snapshot", "40"]);
        check(&server);
        let stop = Arc::new(AtomicBool::new(false));
        let connectors: Vec<_> = known
            .iter()
            .enumerate()
            .map(|(number, known)| {
                let (address, stop, known) = (server.address.clone(), Arc::clone(&stop), Arc::clone(known));
                std::thread::spawn(move || connector(&address, number, &stop, &known))
            })
            .collect();
        // Another moment each time, spread evenly over a third of a second.
        std::thread::sleep(Duration::from_millis(20 + round * 0x9E37_79B9 % 320));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        connectors.into_iter().for_each(|connector| _ = connector.join().expect("a connector"));
    }
    let server = Server::start(Some(&data), &[]);
    check(&server);
    assert!(server.terminate());
    let report = checked(&data);
    assert!(!report.contains("DAMAGED"), "{report}");
    let pages: u64 = known.iter().map(|known| known.lock().expect("a lock").acknowledged).sum();
    println!("{kills} kills, {pages} pages acknowledged; each was there, whole, after each kill\n{report}");
    assert!(pages > 0);
}
