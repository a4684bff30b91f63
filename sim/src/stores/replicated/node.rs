//! One node, without the HTTP in front of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headcount_replicated::data::Data;
use headcount_replicated::log::Log;
use headcount_replicated::machine::Machine;
use headcount_replicated::replica::Replica;
use headcount_replicated::{NodeId, Raft};
use openraft::{Config, ServerState, SnapshotPolicy};

use super::wires::Wires;
use crate::store::Fault;

/// Entries that are kept behind a snapshot.
const ENTRIES_KEPT: u64 = 3;
/// A node that is behind by more gets a snapshot.
const ENTRIES_BEHIND_MAX: u64 = 6;

/// A node that is up.
pub(super) struct Node {
    pub(super) raft: Raft,
    pub(super) replica: Replica,
    data: Arc<Data>,
}

impl Node {
    pub(super) async fn start(id: NodeId, folder: &Path, wires: Wires) -> Result<Self, Fault> {
        let words = |error: &dyn ToString| error.to_string();
        let data = Data::open(folder, id).map_err(|error| words(&error))?;
        let replica = Replica::new();
        let log = Log::open(Arc::clone(&data)).map_err(|error| words(&error))?;
        let machine = Machine::open(Arc::clone(&data), replica.clone()).map_err(|error| words(&error))?;
        let raft = Raft::new(id, config()?, wires, log, machine).await.map_err(|error| words(&error))?;
        Ok(Self { raft, replica, data })
    }

    pub(super) fn identity(&self) -> uuid::Uuid {
        self.data.identity()
    }

    /// Stands for election until it leads.
    pub(super) async fn win(&self, patience: Duration) -> Result<(), Fault> {
        let leads = |node: &Self| node.raft.metrics().borrow().state == ServerState::Leader;
        let begun = std::time::Instant::now();
        while !leads(self) && begun.elapsed() < patience {
            self.raft.trigger().elect().await.map_err(|error| error.to_string())?;
            // Most answer at once.
            let _ = self.has_won(Duration::from_millis(20)).await;
        }
        if leads(self) { Ok(()) } else { Err("it was not elected".to_owned()) }
    }

    pub(super) async fn has_won(&self, patience: Duration) -> Result<(), Fault> {
        let won = self.raft.wait(Some(patience)).state(ServerState::Leader, "an election").await;
        won.map(drop).map_err(|error| error.to_string())
    }

    /// Carries out all that was acknowledged.
    pub(super) async fn catch_up(&self, patience: Duration) -> Result<(), Fault> {
        let caught_up = tokio::time::timeout(patience, self.raft.ensure_linearizable()).await;
        caught_up.map_err(|late| late.to_string())?.map(drop).map_err(|error| error.to_string())
    }

    /// Whether its newest snapshot is of about all that it has carried out.
    pub(super) fn has_saved_nearly_all(&self) -> bool {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let (saved, applied) = (metrics.snapshot, metrics.last_applied);
        let index = |id: Option<openraft::LogId<NodeId>>| id.map_or(0, |id| id.index);
        index(saved) + ENTRIES_BEHIND_MAX * 2 >= index(applied)
    }

    pub(super) async fn stop(&self) {
        // It may have stopped by itself.
        let _ = self.raft.shutdown().await;
    }

    /// Ends in the middle of whatever it does. What is on disk goes to another folder.
    pub(super) async fn kill(self, to: &Path) {
        self.stop().await;
        let from = self.data.folder().to_owned();
        // What still waits for the disk waits until the copy is made, and nobody looks at it any more.
        self.data
            .with_blocking(|_| {
                copy(&from, to);
                Ok(())
            })
            .expect("a copy has no errors of SQLite");
    }
}

/// All files but what is a process's own.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder in a folder of our own");
    for entry in fs::read_dir(from).expect("a folder of our own") {
        let path: PathBuf = entry.expect("a folder of our own").path();
        let name = path.file_name().expect("a file has a name").to_owned();
        let is_of_process = ["lock", "log.sqlite-shm"].iter().any(|own| name == *own);
        if !is_of_process {
            // A snapshot that is being replaced may go meanwhile.
            let _ = fs::copy(&path, to.join(name));
        }
    }
}

fn config() -> Result<Arc<Config>, Fault> {
    let config = Config {
        cluster_name: "headcount".to_owned(),
        // Who leads is drawn by the seed, and nobody stands for election by itself.
        enable_elect: false,
        heartbeat_interval: 10,
        election_timeout_min: 20,
        election_timeout_max: 30,
        install_snapshot_timeout: 5_000,
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: ENTRIES_KEPT,
        replication_lag_threshold: ENTRIES_BEHIND_MAX,
        ..Config::default()
    };
    config.validate().map(Arc::new).map_err(|error| error.to_string())
}
