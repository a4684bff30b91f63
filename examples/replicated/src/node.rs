//! One node: its server, its part in the consensus, its engine; and a client that finds the leader.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use axum::{Json, Router};
use headcount::Timestamp;
use openraft::error::{ClientWriteError, RaftError};
use openraft::{Config, SnapshotPolicy};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::ask::{Answer, Ask, Request, Stamped};
use crate::log::Log;
use crate::machine::Machine;
use crate::network::{Network, post as send};
use crate::{NodeId, Raft};

/// Anything that goes wrong outside of the engine.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A node that runs in this process.
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// Where the others reach it.
    pub address: String,
    /// Its part in the consensus.
    pub raft: Raft,
    /// Its engine.
    pub machine: Machine,
    /// Its log.
    pub log: Log,
    serving: JoinHandle<()>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("id", &self.id).field("address", &self.address).finish_non_exhaustive()
    }
}

/// What a node says to a client.
#[derive(Debug, Serialize, Deserialize)]
pub enum Told {
    /// It was carried out, on most nodes.
    Answer(Answer),
    /// Another node leads, if one is known.
    Elsewhere(Option<String>),
    /// The request is malformed, or could not be carried out now.
    Refused(String),
}

impl Node {
    /// Starts a node on any free port of the loopback.
    ///
    /// # Errors
    /// Where there is no port, or openraft does not start.
    pub async fn start(id: NodeId) -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let config = Config {
            heartbeat_interval: 100,
            election_timeout_min: 400,
            election_timeout_max: 800,
            install_snapshot_timeout: 5_000,
            // When to take snapshots the demonstration says itself.
            snapshot_policy: SnapshotPolicy::Never,
            max_in_snapshot_log_to_keep: 0,
            ..Config::default()
        };
        let (log, machine) = (Log::default(), Machine::new());
        let raft = Raft::new(id, Arc::new(config.validate()?), Network, log.clone(), machine.clone()).await?;
        let router = Router::new()
            .route(
                "/raft/append",
                post(async |State(raft): State<Raft>, Json(body)| Json(raft.append_entries(body).await)),
            )
            .route(
                "/raft/vote",
                post(async |State(raft): State<Raft>, Json(body)| Json(raft.vote(body).await)),
            )
            .route(
                "/raft/snapshot",
                post(async |State(raft): State<Raft>, Json(body)| Json(raft.install_snapshot(body).await)),
            )
            .route(
                "/ask",
                post(async |State(raft): State<Raft>, Json(request)| Json(ask(&raft, request).await)),
            )
            .layer(DefaultBodyLimit::disable())
            .with_state(raft.clone());
        let serving = tokio::spawn(async move { _ = axum::serve(listener, router).await });
        Ok(Self { id, address, raft, machine, log, serving })
    }

    /// Ends the node at once: it answers nobody any more.
    ///
    /// # Errors
    /// Where openraft's own task panicked.
    pub async fn kill(self) -> Result<(), Error> {
        self.serving.abort();
        Ok(self.raft.shutdown().await?)
    }
}

/// The leader's part: time and id into the request, the request into the log, the answer back.
async fn ask(raft: &Raft, request: Request) -> Told {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let stamped = Stamped { request, now: Timestamp(now), id: Uuid::new_v4() };
    if let Err(error) = stamped.command() {
        return Told::Refused(error.to_string());
    }
    match raft.client_write(stamped).await {
        Ok(written) => Told::Answer(written.data),
        Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))) => {
            Told::Elsewhere(to.leader_node.map(|node| node.addr))
        }
        Err(error) => Told::Refused(error.to_string()),
    }
}

/// A client: it sends a request again, with its number, until somebody answers it.
#[derive(Debug)]
pub struct Client {
    id: Uuid,
    number: u64,
    addresses: Vec<String>,
    leader: String,
    /// Requests that were sent again.
    pub retries: u64,
}

impl Client {
    /// Of the nodes at these addresses.
    pub fn new(addresses: Vec<String>) -> Self {
        let leader = addresses.first().cloned().unwrap_or_default();
        Self { id: Uuid::new_v4(), number: 0, addresses, leader, retries: 0 }
    }

    /// Asks until it is answered.
    ///
    /// # Errors
    /// The engine's, or where nobody answers for half a minute.
    pub async fn ask(&mut self, ask: Ask) -> Result<Answer, Error> {
        self.number += 1;
        let request = Request { client: self.id, number: self.number, ask };
        for attempt in 0..150_usize {
            let url = format!("{}/ask", self.leader);
            match send::<_, Told>(url, &request, Duration::from_secs(2)).await {
                Ok(Told::Answer(answer)) => {
                    if let Some(Err(error)) = &answer.reply {
                        return Err(error.clone().into());
                    }
                    return Ok(answer);
                }
                Ok(Told::Elsewhere(Some(leader))) if leader != self.leader => {
                    self.leader = leader;
                    continue;
                }
                Ok(Told::Refused(why)) => return Err(why.into()),
                // No leader is known yet, or the one that was is gone: the next node may know.
                Ok(Told::Elsewhere(_)) | Err(_) => {
                    self.retries += 1;
                    self.leader = self.addresses[attempt % self.addresses.len()].clone();
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
        Err("nobody answers".into())
    }
}
