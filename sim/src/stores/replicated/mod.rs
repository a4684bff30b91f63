//! The nodes of `examples/replicated`, three of them in one process: their log and vote, their snapshots, and the state
//! that they make of it, all on disk, with openraft between them and no network.
//!
//! A command is acknowledged when most nodes have it on disk. A crash takes all nodes, or the leader, or a node that follows;
//! one node may be away until the next crash, and then gets what it missed, as entries or as a snapshot. Whoever leads next is
//! drawn. What is shown is what the leader has, behind a read that is linearizable.
//!
//! A node that crashes stops in the middle of whatever it does, and its folder is copied as it is. openraft has tasks and
//! timers of its own, so a seed is not the same each time, as it is with other stores.

mod node;
mod wires;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use headcount::{Config, Engine, Timestamp};
use headcount_replicated::proposal::{Foundation, Outcome, Proposal, Proposed, Terms};
use headcount_replicated::{Member, NodeId};
use headcount_server::backend::{CarriedOut, Unavailable};
use headcount_testing::random::Random;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::store::{Answer, AppendError, During, Entry, Fault, Store};
use node::Node;
use wires::Wires;

const TENANT: &str = "acme";
const NODES: [NodeId; 3] = [1, 2, 3];
const CHANGES_KEPT: u64 = 60;
/// For an entry to be on most disks, or a node to lead.
const PATIENCE: Duration = Duration::from_secs(20);
/// For one node to be elected. Others refuse it for as long as they may have another leader.
const ELECTION: Duration = Duration::from_millis(500);

/// Three nodes with one tenant.
pub struct Cluster {
    runtime: Runtime,
    folder: TempDir,
    wires: Wires,
    up: BTreeMap<NodeId, Node>,
    /// Whose folder is where; none before the cluster began.
    folders: BTreeMap<NodeId, std::path::PathBuf>,
    leader: NodeId,
    /// A node that is away.
    away: Option<NodeId>,
    /// What was answered to entries that were not asked for yet.
    answers: VecDeque<Answer>,
    /// What tells one command from another on its way.
    commands: u128,
    copies: u32,
}

impl Cluster {
    /// An empty one, in memory where the system has a folder for that.
    ///
    /// # Panics
    /// Where there is no room for a folder, or no thread.
    pub fn new(_: u64) -> Self {
        // Nothing goes on between two calls, but for what already waits for the disk.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        Self {
            runtime: runtime.expect("a runtime for the nodes"),
            folder: super::folder(),
            wires: Wires::default(),
            up: BTreeMap::new(),
            folders: BTreeMap::new(),
            leader: NODES[0],
            away: None,
            answers: VecDeque::new(),
            commands: 0,
            copies: 0,
        }
    }

    fn new_folder(&mut self, id: NodeId) -> std::path::PathBuf {
        self.copies += 1;
        self.folder.path().join(format!("node-{id}-{}", self.copies))
    }

    fn lead(&self) -> &Node {
        &self.up[&self.leader]
    }

    /// Starts the nodes that are down and not away.
    fn start(&mut self) -> Result<(), Fault> {
        for id in NODES {
            if Some(id) == self.away || self.up.contains_key(&id) {
                continue;
            }
            let known = self.folders.get(&id).cloned();
            let folder = known.unwrap_or_else(|| self.new_folder(id));
            let node = self.runtime.block_on(Node::start(id, &folder, self.wires.clone()))?;
            self.wires.connect(id, &node.raft);
            self.folders.insert(id, folder);
            self.up.insert(id, node);
        }
        Ok(())
    }

    /// Writes the first entries, of a cluster that has not begun.
    fn begin(&mut self, config: Config) -> Result<(), Fault> {
        let member =
            |(id, node): (&NodeId, &Node)| (*id, Member { address: String::new(), data: node.identity() });
        let members: BTreeMap<NodeId, Member> = self.up.iter().map(member).collect();
        let terms = Terms { config: config.with_hash_key([0; 16]), changes_kept: CHANGES_KEPT };
        let foundation = Foundation { terms, fingerprint_key: [7; 16] };
        let node = &self.up[&self.leader];
        self.runtime.block_on(async {
            node.raft.initialize(members).await.map_err(|error| error.to_string())?;
            node.has_won(PATIENCE).await?;
            let found = node.raft.client_write(Proposal::Found(foundation)).await;
            found.map(drop).map_err(|error| error.to_string())
        })
    }

    /// Has a node elected, the one that was drawn, or else another one, that then carries out all that was acknowledged.
    /// One that was elected may have to give way to one that stood for election just before.
    fn elect(&mut self) -> Result<(), Fault> {
        let begun = Instant::now();
        let mut candidates: VecDeque<NodeId> = self.up.keys().copied().collect();
        while candidates.front().is_some_and(|id| *id != self.leader) && self.up.contains_key(&self.leader) {
            candidates.rotate_left(1);
        }
        let mut why = String::new();
        while begun.elapsed() < PATIENCE {
            let candidate = candidates[0];
            let node = &self.up[&candidate];
            let led = async {
                node.win(ELECTION).await?;
                node.catch_up(PATIENCE).await
            };
            match self.runtime.block_on(led) {
                Ok(()) => {
                    self.leader = candidate;
                    return Ok(());
                }
                Err(error) => why = error,
            }
            candidates.rotate_left(1);
        }
        Err(format!("no node leads after {PATIENCE:?}: {why}"))
    }

    /// Takes a node away, in the middle of what it does.
    fn kill(&mut self, id: NodeId) {
        self.wires.disconnect(id);
        let Some(node) = self.up.remove(&id) else { return };
        let folder = self.new_folder(id);
        self.runtime.block_on(node.kill(&folder));
        self.folders.insert(id, folder);
    }
}

impl Store for Cluster {
    fn open(&mut self, config: Config) -> Result<(), Fault> {
        let is_new = self.folders.is_empty();
        self.start()?;
        self.answers.clear();
        if is_new {
            self.begin(config)?;
            self.runtime.block_on(self.lead().catch_up(PATIENCE))
        } else {
            self.elect()
        }
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), AppendError> {
        let unknown = |why: String| AppendError::Unknown(why);
        let Some(now) = entries.first().map(|entry| entry.now) else { return Ok(()) };
        assert!(entries.iter().all(|entry| entry.now == now), "what comes at once has one time");
        let (answer, answered) = mpsc::channel();
        let mut commands = Vec::new();
        for entry in entries {
            self.commands += 1;
            let answer = answer.clone();
            let then = move |carried_out: Result<CarriedOut<'_>, Unavailable>| {
                // Nobody asks any more where the host has ended.
                let _ = answer.send(carried_out.map(|CarriedOut { reply, .. }| reply));
            };
            self.lead().replica.wait_for(self.commands, Box::new(then));
            let command =
                postcard::to_allocvec(&entry.command).map_err(|error| unknown(error.to_string()))?;
            commands.push(Proposed { id: self.commands, tenant: TENANT.to_owned(), command });
        }
        let raft = self.lead().raft.clone();
        let written = async {
            let written = timeout(PATIENCE, raft.client_write(Proposal::Commands { now, commands })).await;
            written.map_err(|late| late.to_string())?.map_err(|error| error.to_string())
        };
        let written = self.runtime.block_on(written).map_err(unknown)?;
        assert_eq!(written.data, Outcome::Done, "commands are answered one by one");
        for _ in entries {
            match answered.try_recv() {
                Ok(Ok(answer)) => self.answers.push_back(answer),
                Ok(Err(Unavailable(why))) => return Err(unknown(why)),
                Err(_) => return Err(unknown("a command was written, and got no answer".to_owned())),
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, _: &Entry<'_>) -> Result<Answer, Fault> {
        self.answers.pop_front().ok_or_else(|| "the cluster did not answer".to_owned())
    }

    fn show(&self, reader: &mut dyn FnMut(&Engine)) {
        reader(&self.lead().replica.place(TENANT).read().engine);
    }

    /// On all nodes that are there.
    fn snapshot(&mut self) -> Result<(), Fault> {
        for node in self.up.values() {
            self.runtime.block_on(node.raft.trigger().snapshot()).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn upkeep(&mut self) -> Result<bool, Fault> {
        self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
        // A node that follows may have less, and save that.
        Ok(!self.lead().has_saved_nearly_all())
    }

    fn stop(&mut self) -> Result<(), Fault> {
        // What is acknowledged is on disk.
        Ok(())
    }

    fn crash(&mut self, during: During<'_>, random: &mut Random) {
        match during {
            During::Nothing => {}
            During::Append(entries) => self.append_in_part(entries, random),
            During::Upkeep => drop(self.upkeep()),
        }
        let (leader, away) = (self.leader, self.away.take());
        let down: Vec<NodeId> = match random.below(4) {
            0 => vec![leader],
            1 => NODES.into_iter().filter(|id| *id != leader).take(1).collect(),
            _ => NODES.to_vec(),
        };
        down.into_iter().for_each(|id| self.kill(id));
        let drawn = NODES[random.below(NODES.len())];
        // Most nodes have to be up, so one that was away is not away together with another one.
        self.away =
            (random.below(3) == 0 && !self.up.contains_key(&drawn) && away.is_none_or(|id| id == drawn))
                .then_some(drawn);
        self.leader = NODES[random.below(NODES.len())];
    }

    /// It does not let a tenant's time run backwards.
    fn clock(&self, reading: Timestamp) -> Timestamp {
        self.lead().replica.place(TENANT).about().last.max(reading)
    }
}

impl Cluster {
    /// Begins to append, and is gone before it is known what became of it.
    fn append_in_part(&self, entries: &[Entry<'_>], random: &mut Random) {
        let Some(now) = entries.first().map(|entry| entry.now) else { return };
        let commands = entries.iter().filter_map(|entry| {
            let command = postcard::to_allocvec(&entry.command).ok()?;
            Some(Proposed { id: 0, tenant: TENANT.to_owned(), command })
        });
        let proposal = Proposal::Commands { now, commands: commands.collect() };
        let time = Duration::from_micros(random.below(2_000) as u64);
        // It ends where it is.
        drop(self.runtime.block_on(async { timeout(time, self.lead().raft.client_write(proposal)).await }));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in self.up.values() {
            self.runtime.block_on(node.stop());
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("up", &self.up.keys())
            .field("leader", &self.leader)
            .finish_non_exhaustive()
    }
}
