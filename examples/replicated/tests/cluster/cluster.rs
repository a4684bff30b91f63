//! Nodes as processes.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::calls::{KEY, SECRET, admin};

/// How long anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps other tests from running for as long as it lives: nodes that wait for a processor are voted out.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A port that is free. Not one of those that the system gives to connections: a node that was killed comes back on
/// its own.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let first = 20_000 + (std::process::id() % 100) as u16 * 100;
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Does something again until it answers.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// How a cluster is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
}

impl Options {
    pub fn with(arguments: &[&str]) -> Self {
        Self { arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(), ..Self::default() }
    }
}

pub struct Node {
    pub id: u64,
    /// Where it listens.
    pub address: String,
    /// Where the others reach it.
    pub advertised: String,
    pub options: Options,
    peers: String,
    data: PathBuf,
    process: Option<Child>,
}

/// Some nodes; those that still run are killed when it is dropped.
pub struct Cluster {
    pub nodes: BTreeMap<u64, Node>,
    folder: TempDir,
}

impl Node {
    /// Starts the process, and waits until it listens.
    pub fn start(&mut self) {
        assert!(self.process.is_none(), "node {} runs", self.id);
        let log = File::options().create(true).append(true).open(self.log()).expect("a log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_headcount-replicated"));
        command
            .args(["--id", &self.id.to_string(), "--listen", &self.address])
            .args(["--advertise", &self.advertised, "--tenant", "acme", "--data"])
            .arg(&self.data)
            .args(&self.options.arguments)
            .env("HEADCOUNT_API_KEY", KEY)
            .env("HEADCOUNT_CLUSTER_SECRET", SECRET)
            .envs(self.options.environment.iter().cloned())
            .stdout(Stdio::null())
            .stderr(log);
        if !self.peers.is_empty() {
            command.args(["--peers", &self.peers]);
        }
        self.process = Some(command.spawn().expect("a process"));
    }

    /// What it wrote.
    pub fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("a process");
        process.kill().expect("SIGKILL");
        process.wait().expect("an end");
    }

    /// SIGTERM; whether it then ended well.
    pub fn terminate(&mut self) -> bool {
        let mut process = self.process.take().expect("a process");
        let pid = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        process.wait().expect("an end").success()
    }

    /// Waits until the process ends by itself; whether it ended well.
    pub fn wait(&mut self) -> bool {
        let mut process = self.process.take().expect("a process");
        until("the end of a process", || process.try_wait().expect("a status")).success()
    }

    /// Loses its folder.
    pub fn lose_data(&self) {
        assert!(self.process.is_none(), "node {} runs", self.id);
        std::fs::remove_dir_all(&self.data).expect("a folder");
    }

    /// Becomes a cluster of its own.
    pub fn begin_anew(&self) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_headcount-replicated"))
            .args(["begin-anew", "--id", &self.id.to_string(), "--advertise", &self.advertised, "--data"])
            .arg(&self.data)
            .output()
            .expect("an end");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    pub fn forget_peers(&mut self) {
        self.peers.clear();
    }

    pub fn runs(&self) -> bool {
        self.process.is_some()
    }

    pub fn status(&self) -> Option<Value> {
        admin(&self.address, "GET", "", None).ok().filter(|reply| reply.status == 200).map(|reply| reply.body)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.log()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!(
                "the last of node {}:\n{}",
                self.id,
                lines[lines.len().saturating_sub(30)..].join("\n")
            );
        }
    }
}

impl Cluster {
    /// So many nodes that begin a cluster, once they have.
    pub fn start(count: u64, options: &Options) -> Self {
        let advertised = (1..=count).map(|id| (id, format!("127.0.0.1:{}", free_port()))).collect();
        Self::start_at(&advertised, &advertised, |_| options.clone())
    }

    /// The same, where nodes listen elsewhere than the others reach them.
    pub fn start_at(
        listen: &BTreeMap<u64, String>,
        advertised: &BTreeMap<u64, String>,
        options: impl Fn(u64) -> Options,
    ) -> Self {
        let mut cluster = Self { nodes: BTreeMap::new(), folder: tempfile::tempdir().expect("a folder") };
        let peers: Vec<String> = advertised.iter().map(|(id, address)| format!("{id}={address}")).collect();
        for (id, address) in listen {
            cluster.add(*id, address, &advertised[id], &peers.join(","), options(*id));
        }
        cluster.leader();
        cluster
    }

    fn add(&mut self, id: u64, address: &str, advertised: &str, peers: &str, options: Options) {
        let mut node = Node {
            id,
            address: address.to_owned(),
            advertised: advertised.to_owned(),
            options,
            peers: peers.to_owned(),
            data: self.folder.path().join(format!("node{id}")),
            process: None,
        };
        node.start();
        self.nodes.insert(id, node);
    }

    /// Starts a node that waits to be added, without what one of its number had before.
    pub fn start_again(&mut self, id: u64, options: &Options) -> String {
        std::fs::remove_dir_all(self.folder.path().join(format!("node{id}"))).expect("a folder");
        self.start_new(id, options)
    }

    /// Starts a node that waits to be added.
    pub fn start_new(&mut self, id: u64, options: &Options) -> String {
        let address = format!("127.0.0.1:{}", free_port());
        self.add(id, &address, &address, "", options.clone());
        until("a new node", || self.nodes[&id].status());
        address
    }

    pub fn node(&mut self, id: u64) -> &mut Node {
        self.nodes.get_mut(&id).expect("a node")
    }

    /// The addresses of all nodes, whether they run or not.
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.values().map(|node| node.address.clone()).collect()
    }

    /// The leader, once all nodes that run agree on one that runs.
    pub fn leader(&self) -> u64 {
        until("a leader", || {
            let running = self.nodes.values().filter(|node| node.runs());
            let known: Option<Vec<u64>> = running.map(|node| node.status()?["leader"].as_u64()).collect();
            let known = known?;
            let leader = *known.first()?;
            (known.iter().all(|other| *other == leader) && self.nodes.get(&leader)?.runs()).then_some(leader)
        })
    }

    /// Waits until all nodes that run have carried out as much, and compares their digests there. Tells what they
    /// agree on.
    pub fn agree(&self, phase: &str) -> Value {
        let begun = Instant::now();
        let (place, tenants) = loop {
            let running = self.nodes.values().filter(|node| node.runs());
            let digests: Vec<_> =
                running.map(|node| (node.id, admin(&node.address, "GET", "digests/", None))).collect();
            let told = digests.iter().filter_map(|(_, reply)| reply.as_ref().ok()).map(|reply| &reply.body);
            let told: Vec<&Value> = told.filter(|body| body["applied"].is_u64()).collect();
            if told.len() == digests.len() && told.iter().all(|body| body["applied"] == told[0]["applied"]) {
                for other in &told {
                    assert_eq!(other["tenants"], told[0]["tenants"], "{phase}: digests differ");
                }
                break (told[0]["applied"].clone(), told[0]["tenants"].clone());
            }
            assert!(begun.elapsed() < PATIENCE, "{phase}: the nodes do not come to one place: {digests:?}");
            std::thread::sleep(Duration::from_millis(30));
        };
        let nodes = self.nodes.values().filter(|node| node.runs()).count();
        println!("{phase}: {nodes} nodes at {place} agree on {}", tenants["acme"]["digest"]);
        json!({"applied": place, "tenants": tenants})
    }
}
