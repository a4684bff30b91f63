//! Connectors that sync while the cluster suffers, and remember what was acknowledged.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::calls::{Reply, api};
use crate::cluster::PATIENCE;

const PAGES: usize = 4;
const ACCOUNTS_PER_PAGE: usize = 20;

/// What a connector knows to be carried out, since it was told so.
#[derive(Clone, Debug, Default)]
struct Acknowledged {
    app: String,
    /// The accounts of pages that were answered with 200.
    accounts: BTreeSet<String>,
    completed: Vec<String>,
}

/// Counted over all connectors.
#[derive(Debug, Default)]
pub struct Counts {
    /// Commands that were acknowledged.
    pub acknowledged: AtomicU64,
    /// Requests that were sent again, since no answer or 503 came.
    pub repeated: AtomicU64,
    /// Reads right behind a command, through any node, that saw it.
    pub reads: AtomicU64,
    pub syncs: AtomicU64,
}

struct Shared {
    addresses: RwLock<Vec<String>>,
    stops: AtomicBool,
    /// Whoever holds it for writing keeps all connectors from beginning another request.
    gate: RwLock<()>,
    counts: Counts,
}

/// Threads that sync until they are dropped.
pub struct Connectors {
    shared: Arc<Shared>,
    known: Vec<Arc<Mutex<Acknowledged>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Connectors {
    /// So many, each with an app of its own, which call any of the addresses.
    pub fn start(count: usize, addresses: Vec<String>) -> Self {
        let shared = Arc::new(Shared {
            addresses: RwLock::new(addresses),
            stops: AtomicBool::new(false),
            gate: RwLock::default(),
            counts: Counts::default(),
        });
        let known: Vec<Arc<Mutex<Acknowledged>>> = (0..count).map(|_| Arc::default()).collect();
        let threads = known.iter().enumerate().map(|(number, known)| {
            let connector =
                Connector { number, next: number, shared: Arc::clone(&shared), known: Arc::clone(known) };
            std::thread::spawn(move || connector.run())
        });
        let threads = threads.collect();
        Self { shared, known, threads }
    }

    /// Calls other addresses from now on.
    pub fn call_at(&self, addresses: Vec<String>) {
        *self.shared.addresses.write().expect("a lock") = addresses;
    }

    /// Waits until all together have had so many more commands acknowledged.
    pub fn wait_for(&self, commands: u64) {
        let goal = self.shared.counts.acknowledged.load(Ordering::Relaxed) + commands;
        crate::cluster::until("commands to be acknowledged", || {
            (self.shared.counts.acknowledged.load(Ordering::Relaxed) >= goal).then_some(())
        });
    }

    /// Does something while no request is under way.
    pub fn while_waiting<T>(&self, work: impl FnOnce() -> T) -> T {
        let _gate = self.shared.gate.write().expect("a lock");
        work()
    }

    /// Looks whether all that was acknowledged is there, as a node shows it. Answers how many accounts and sessions.
    pub fn check(&self, address: &str) -> (usize, usize) {
        let (mut accounts, mut sessions) = (0, 0);
        for known in &self.known {
            let known = known.lock().expect("a lock").clone();
            if known.app.is_empty() {
                continue;
            }
            let found = accounts_of(address, &known.app);
            let lost: Vec<&String> = known.accounts.difference(&found).collect();
            assert!(lost.is_empty(), "{} acknowledged accounts are lost: {lost:?}", lost.len());
            accounts += known.accounts.len();
            // An app keeps its last 100 sessions, also those that a repeated start abandoned.
            for session in known.completed.iter().rev().take(40) {
                let path = format!("apps/{}/sync/{session}/", known.app);
                let status = crate::cluster::until("a cleanup", || {
                    let status = api(address, "GET", &path, None).ok()?.body["status"].clone();
                    (status != "completing").then_some(status)
                });
                assert_eq!(status, "completed", "a session whose completion was acknowledged");
                sessions += 1;
            }
        }
        (accounts, sessions)
    }

    /// Ends them, and tells what they counted.
    pub fn stop(mut self, what: &str) -> Counted {
        self.shared.stops.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("a connector that saw nothing wrong");
        }
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { acknowledged, repeated, reads, syncs } = &self.shared.counts;
        let counted = Counted { acknowledged: of(acknowledged), repeated: of(repeated), reads: of(reads) };
        println!("{what}: {counted:?}, {} syncs", of(syncs));
        counted
    }
}

/// What was counted in the end.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    pub acknowledged: u64,
    pub repeated: u64,
    pub reads: u64,
}

impl Drop for Connectors {
    fn drop(&mut self) {
        self.shared.stops.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // What it saw was told.
            let _ = thread.join();
        }
    }
}

/// The ids of an app's accounts, active or not.
fn accounts_of(address: &str, app: &str) -> BTreeSet<String> {
    let (mut found, mut after) = (BTreeSet::new(), None::<String>);
    loop {
        let behind = after.map(|id| format!("&after={id}")).unwrap_or_default();
        let path = format!("apps/{app}/records/account/?limit=1000{behind}");
        let page = api(address, "GET", &path, None).expect("a page");
        assert_eq!(page.status, 200, "{:?}", page.body);
        let ids = page.body["results"].as_array().expect("records").iter();
        let ids: Vec<String> = ids.filter_map(|record| Some(record["id"].as_str()?.to_owned())).collect();
        after = ids.last().cloned();
        found.extend(ids);
        if page.body["next"].is_null() {
            return found;
        }
    }
}

struct Connector {
    number: usize,
    /// Which address is called next.
    next: usize,
    shared: Arc<Shared>,
    known: Arc<Mutex<Acknowledged>>,
}

impl Connector {
    fn run(mut self) {
        // A connector that is stopped leaves off wherever it is.
        let _ = self.sync();
    }

    /// Sends a request again, to one node after the other, until it is answered. Nothing if it is to stop.
    fn answered(&mut self, method: &str, path: &str, body: Option<&Value>) -> Option<Reply> {
        let begun = Instant::now();
        let shared = Arc::clone(&self.shared);
        while !shared.stops.load(Ordering::Relaxed) {
            let gate = shared.gate.read().expect("a lock");
            let address = {
                let addresses = shared.addresses.read().expect("a lock");
                addresses[self.next % addresses.len()].clone()
            };
            self.next += 1;
            match api(&address, method, path, body) {
                Ok(reply) if reply.status != 503 => return Some(reply),
                unanswered => {
                    assert!(begun.elapsed() < PATIENCE, "{method} {path}: {unanswered:?}");
                    shared.counts.repeated.fetch_add(1, Ordering::Relaxed);
                }
            }
            drop(gate);
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    /// The body of a command's answer, which must have this status.
    fn command(&mut self, method: &str, path: &str, body: Option<&Value>, status: u16) -> Option<Value> {
        let reply = self.answered(method, path, body)?;
        assert_eq!(reply.status, status, "{method} {path}: {:?}", reply.body);
        self.shared.counts.acknowledged.fetch_add(1, Ordering::Relaxed);
        Some(reply.body)
    }

    fn register(&mut self) -> Option<String> {
        let app =
            self.command("POST", "apps/", Some(&json!({"name": format!("App {}", self.number)})), 201)?;
        let app = app["id"].as_str()?.to_owned();
        for (slug, kind) in [("account", "account"), ("team", "group")] {
            let body = json!({"slug": slug, "name": slug, "type": kind});
            let reply = self.answered("POST", &format!("apps/{app}/resource-types/"), Some(&body))?;
            // 409: the one that got no answer was carried out.
            assert!(matches!(reply.status, 201 | 409), "{:?}", reply.body);
        }
        self.known.lock().expect("a lock").app = app.clone();
        Some(app)
    }

    fn sync(&mut self) -> Option<()> {
        let app = self.register()?;
        for sync in 0_u64.. {
            let session = self.command("POST", &format!("apps/{app}/sync/"), None, 201)?;
            let session = session["sync_id"].as_str()?.to_owned();
            for page in 0..PAGES {
                self.push(&app, &session, sync, page)?;
            }
            self.command("POST", &format!("apps/{app}/sync/{session}/complete/"), None, 202)?;
            self.known.lock().expect("a lock").completed.push(session);
            self.shared.counts.syncs.fetch_add(1, Ordering::Relaxed);
        }
        None
    }

    /// Pushes a page of which some accounts are new each time, and reads one of them through another node.
    fn push(&mut self, app: &str, session: &str, sync: u64, page: usize) -> Option<()> {
        let ids: Vec<String> = (0..ACCOUNTS_PER_PAGE)
            .map(|account| {
                if account < 2 {
                    format!("s{sync}-p{page}-u{account}")
                } else {
                    format!("p{page}-u{account}")
                }
            })
            .collect();
        let record = |id: &String| {
            let team = json!([{"id": format!("g{page}")}]);
            json!({"id": id, "username": format!("name {sync}"), "memberships": {"team": team}})
        };
        let records: Vec<Value> = ids.iter().map(record).collect();
        let path = format!("apps/{app}/sync/{session}/account/");
        self.command("PUT", &path, Some(&json!({"records": records})), 200)?;
        let read = format!("apps/{app}/records/account/{}/", ids[0]);
        self.known.lock().expect("a lock").accounts.extend(ids);
        let reply = self.answered("GET", &read, None)?;
        assert_eq!(reply.status, 200, "a read behind an acknowledged page: {:?}", reply.body);
        self.shared.counts.reads.fetch_add(1, Ordering::Relaxed);
        Some(())
    }
}
