//! One node, put together.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use headcount_server::auth::Keys;
use headcount_server::observe::metrics::Metrics;
use headcount_server::{api, call, connections};
use openraft::{Config, SnapshotPolicy};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::admin::{self, Admin};
use crate::backend::Backend;
use crate::barrier::Barrier;
use crate::client::Client;
use crate::data::{Data, DataError};
use crate::duties::Duties;
use crate::front::{self, Front};
use crate::log::Log;
use crate::machine::Machine;
use crate::network::Network;
use crate::peers::{self, Peers};
use crate::proposal::{Foundation, Terms};
use crate::proposer::Proposer;
use crate::replica::Replica;
use crate::secret::Secret;
use crate::{Member, NodeId, Raft, begin};

/// An election waits for as many heartbeats at least, so that a few that are late elect nobody; and for at most twice
/// as many, at random, so that two candidates seldom meet.
const HEARTBEATS_PER_ELECTION: u64 = 5;
/// Entries that are sent to another node at once at most; bytes are bounded too.
const ENTRIES_SENT_MAX: u64 = 64;
/// Entries that are kept behind a snapshot, for nodes that were away for a short while.
const ENTRIES_KEPT: u64 = 1_000;
/// How long a part of a snapshot may take, and the last one with its installation.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(120);

/// What a node is started with.
#[derive(Debug)]
pub struct Settings {
    /// Its number.
    pub id: NodeId,
    /// Where the others reach it: host and port.
    pub advertise: String,
    /// From which address of the machine it calls the others; from any if none is said.
    pub from: Option<IpAddr>,
    /// The nodes that the cluster begins with, by their addresses; none if this one is to be added to a cluster.
    pub peers: BTreeMap<NodeId, String>,
    /// Its folder.
    pub data: PathBuf,
    /// What the nodes share.
    pub secret: Secret,
    /// The tenants, and who may call.
    pub keys: Keys,
    /// What the cluster begins with, if this is its first leader.
    pub terms: Terms,
    /// Bytes that a request's body may have.
    pub body_bytes_max: usize,
    /// Whether `X-Forwarded-Proto` and `X-Forwarded-Host` are believed.
    pub trusts_forwarded: bool,
    /// What connections may take, those of the other nodes among them.
    pub connections: connections::Settings,
    /// For how long a session may be idle until it expires; for ever if that is not said.
    pub session_idle_timeout: Option<Duration>,
    /// Entries of the log after which the state is saved.
    pub entries_per_snapshot: u64,
    /// How long a request waits for a leader, until it is answered that there is none.
    pub leader_timeout: Duration,
    /// How often a leader is heard of at least. No disk and no round trip between the nodes may take as long.
    pub heartbeat: Duration,
}

/// Why a node does not start, or ended.
#[derive(Debug)]
pub enum NodeError {
    /// Its folder.
    Data(DataError),
    /// Its part in the consensus, in openraft's words.
    Raft(String),
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(error) => error.fmt(f),
            Self::Raft(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for NodeError {}

impl From<DataError> for NodeError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

/// A node that is ready to answer.
pub struct Node {
    raft: Raft,
    client: Client,
    me: (NodeId, Member),
    peers: BTreeMap<NodeId, String>,
    duties: Duties,
    router: Router,
    connections: connections::Settings,
}

impl Node {
    /// Opens the folder, and carries out what is known to be committed.
    ///
    /// # Errors
    /// Where the folder cannot be used, or holds what no node wrote.
    pub async fn start(settings: Settings) -> Result<Self, NodeError> {
        let Settings { id, secret, keys, terms, .. } = settings;
        let folder = settings.data;
        let data = tokio::task::spawn_blocking(move || Data::open(&folder, id)).await;
        let data = data.map_err(|error| NodeError::Raft(error.to_string()))??;
        let me = Member { address: settings.advertise, data: data.identity() };
        let replica = Replica::new();
        let (log, machine) = (Log::open(Arc::clone(&data))?, Machine::open(data, replica.clone())?);
        let client = Client::new(secret.clone(), settings.from);
        let config = config(settings.heartbeat, settings.entries_per_snapshot)?;
        let raft = Raft::new(id, config, Network(client.clone()), log.clone(), machine).await;
        let raft = raft.map_err(|error| NodeError::Raft(error.to_string()))?;

        let proposer = Proposer::start(raft.clone(), replica.clone());
        let backend = Arc::new(Backend::new(keys.tenants(), replica.clone(), proposer.clone()));
        let barrier = Barrier::start(raft.clone(), client.clone());
        let front = Front {
            id,
            raft: raft.clone(),
            client: client.clone(),
            barrier,
            replica: replica.clone(),
            leader_timeout: settings.leader_timeout,
        };
        let metrics = Arc::new(Metrics::new(keys.tenants()));
        let mut state = call::State::new(backend.clone(), metrics, keys, settings.body_bytes_max);
        state.body_timeout = settings.connections.body_timeout;
        state.trusts_forwarded = settings.trusts_forwarded;
        let answers_others = peers::router(Peers { raft: raft.clone(), id, data: me.data, secret });
        let answers_admin =
            admin::router(Admin { front: front.clone(), proposer: proposer.clone(), log, me: me.clone() });
        let router = api::router(Arc::new(state))
            .layer(from_fn_with_state(front, front::through))
            .merge(answers_others)
            .merge(answers_admin);
        let fingerprint_key = *headcount_server::fingerprint::FingerprintKey::random().as_bytes();
        let duties = Duties {
            raft: raft.clone(),
            replica,
            proposer,
            backend,
            foundation: Foundation { terms, fingerprint_key },
            session_idle_timeout: settings.session_idle_timeout,
        };
        let (me, peers, connections) = ((id, me), settings.peers, settings.connections);
        Ok(Self { raft, client, me, peers, duties, router, connections })
    }

    /// Begins the cluster if it has not begun, and answers until `stop` is ready, or the node cannot go on. Requests that
    /// are then under way are finished, or cut where that takes too long.
    ///
    /// # Errors
    /// Where the node cannot go on, or its cluster began without it.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), NodeError> {
        let Self { raft, client, me, peers, duties, router, connections } = self;
        let (end, ended) = oneshot::channel::<()>();
        let listening = connections::serve(listener, router, connections, async { _ = ended.await });
        let beginning = async {
            begin::begin(&raft, &client, (me.0, &me.1), &peers).await.map_err(NodeError::Raft)?;
            std::future::pending().await
        };
        let attending = async { duties.attend().await.map_err(NodeError::Raft) };
        let going_on = async {
            let ended = tokio::select! {
                ended = beginning => ended,
                ended = attending => ended,
                () = stop => Ok(()),
            };
            drop(end);
            ended
        };
        let (ended, ()) = tokio::join!(going_on, listening);
        // What is acknowledged is on disk, here and elsewhere, so that nothing is left to be saved.
        let shut_down = raft.shutdown().await.map_err(|error| NodeError::Raft(error.to_string()));
        ended.and(shut_down)
    }
}

fn config(heartbeat: Duration, entries_per_snapshot: u64) -> Result<Arc<Config>, NodeError> {
    let heartbeat = heartbeat.as_millis() as u64;
    let config = Config {
        cluster_name: "headcount".to_owned(),
        heartbeat_interval: heartbeat,
        election_timeout_min: heartbeat * HEARTBEATS_PER_ELECTION,
        election_timeout_max: heartbeat * HEARTBEATS_PER_ELECTION * 2,
        install_snapshot_timeout: SNAPSHOT_TIMEOUT.as_millis() as u64,
        max_payload_entries: ENTRIES_SENT_MAX,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(entries_per_snapshot),
        max_in_snapshot_log_to_keep: ENTRIES_KEPT.min(entries_per_snapshot),
        // A node that is behind by more gets a snapshot, which must then be newer than that.
        replication_lag_threshold: entries_per_snapshot * 2,
        ..Config::default()
    };
    config.validate().map(Arc::new).map_err(|error| NodeError::Raft(error.to_string()))
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("me", &self.me).finish_non_exhaustive()
    }
}
