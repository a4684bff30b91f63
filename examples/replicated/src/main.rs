//! A node's command line, and that of who moves a tenant or begins a cluster anew.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use headcount_replicated::NodeId;
use headcount_replicated::anew::begin_anew;
use headcount_replicated::client::Client;
use headcount_replicated::moving;
use headcount_replicated::node::{Node, Settings};
use headcount_replicated::proposal::Terms;
use headcount_replicated::secret::Secret;
use headcount_server::connections::{self, ConnectionOptions};
use headcount_server::key_file::KeyOptions;
use headcount_server::observe::logging::LogOptions;
use headcount_server::options::Timeout;
use headcount_server::{options, signals};
use tikv_jemallocator::Jemalloc;

/// As the server has it: it gives memory back behind a burst.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// headcount on several machines.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    node: Option<NodeArguments>,
    // Beside the node's own and not among them: a group that has others in it is never there.
    #[command(flatten)]
    keys: KeyOptions,
    #[command(flatten)]
    connections: ConnectionOptions,
    #[command(flatten)]
    secret: SecretArguments,
    #[command(flatten)]
    log: LogOptions,
}

/// Where the cluster's secret is.
#[derive(Args, Debug)]
struct SecretArguments {
    /// The file of the secret that the nodes share, of at least 16 characters; else HEADCOUNT_CLUSTER_SECRET has it.
    #[arg(long, value_name = "FILE", global = true)]
    secret_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Moves a tenant from one cluster to another, while clients go on. Both have the same secret, and the tenant's
    /// keys.
    Move {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The address of a node of the cluster where it is.
        #[arg(long, value_name = "HOST:PORT")]
        from: String,
        /// Addresses of nodes of the cluster where it is to be; the other cluster passes requests on to them.
        #[arg(long, value_name = "HOST:PORT", required = true, value_delimiter = ',')]
        to: Vec<String>,
        /// Drop its state where it was, once it is open where it is to be.
        #[arg(long)]
        forget: bool,
    },
    /// Makes a new cluster, of one node, of a folder: from a backup, or where most nodes are lost for ever. Never do it
    /// while other nodes of the old cluster run.
    BeginAnew {
        /// The number of the node that the folder is of.
        #[arg(long)]
        id: NodeId,
        /// The folder.
        #[arg(long)]
        data: PathBuf,
        /// Where the nodes that are added will reach it.
        #[arg(long, value_name = "HOST:PORT")]
        advertise: String,
    },
}

#[derive(Args, Debug)]
struct NodeArguments {
    /// This node's number. One that lost its data comes back under another number.
    #[arg(long, required = true)]
    id: NodeId,
    /// Where to listen, for clients and for the other nodes.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "HOST:PORT")]
    listen: String,
    /// Where the other nodes reach this one, if that is not the address that it listens on.
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// From which address of this machine the other nodes are called.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<IpAddr>,
    /// The nodes that the cluster begins with, this one too, as ID=HOST:PORT,…: the same on all of them. Without it
    /// the node waits to be added. Once the cluster has begun it says nothing.
    #[arg(long, value_name = "ID=HOST:PORT", value_delimiter = ',', value_parser = peer)]
    peers: Vec<(NodeId, String)>,
    /// The folder of log, vote and snapshots.
    #[arg(long, required = true)]
    data: PathBuf,
    /// Bytes that a request's body may have.
    #[arg(long, default_value_t = headcount_server::Settings::BODY_BYTES_MAX)]
    body_bytes_max: usize,
    /// Believe X-Forwarded-Proto and X-Forwarded-Host, for the links of lists: only where a proxy sets both.
    #[arg(long)]
    trust_forwarded: bool,
    /// How many of a tenant's changes are kept, in a cluster that begins.
    #[arg(long, default_value_t = headcount_server::Settings::CHANGES_KEPT)]
    changes_kept: u64,
    #[arg(long = "limit", value_name = "NAME=VALUE", help = options::limits_help())]
    limits: Vec<String>,
    #[arg(long, value_name = "LIMITS", help = options::GUARD_HELP)]
    default_guard: Option<String>,
    /// For how long a session may be idle until it expires, such as 90m; 0 is for ever.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = Timeout::parse)]
    session_idle_timeout: Timeout,
    /// Entries of the log after which the state is saved whole.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    entries_per_snapshot: u64,
    /// Milliseconds between the signs of life of a leader. Five without one, and another is elected. No disk may take
    /// as long to sync, and no network to answer.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    heartbeat_ms: u64,
    /// How long a request waits for a leader, until it is answered 503. An election takes five to ten heartbeats.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = options::time)]
    leader_timeout: Duration,
}

/// A node's number and its address.
fn peer(text: &str) -> Result<(NodeId, String), String> {
    let found = text.split_once('=').and_then(|(id, address)| Some((id.parse().ok()?, address.to_owned())));
    found.ok_or_else(|| format!("found {text:?}, expected ID=HOST:PORT"))
}

impl SecretArguments {
    fn read(&self) -> Result<Secret, String> {
        match &self.secret_file {
            Some(path) => Secret::read(path),
            // Not an option: it would stand in the list of processes.
            None => match std::env::var("HEADCOUNT_CLUSTER_SECRET") {
                Ok(secret) => Secret::new(&secret),
                Err(_) => Err("no secret, expected --secret-file or HEADCOUNT_CLUSTER_SECRET".to_owned()),
            },
        }
    }
}

impl NodeArguments {
    fn settings(
        self,
        secret: Secret,
        keys: KeyOptions,
        connections: ConnectionOptions,
    ) -> Result<Settings, String> {
        let peers: BTreeMap<NodeId, String> = self.peers.into_iter().collect();
        if !peers.is_empty() && !peers.contains_key(&self.id) {
            return Err(format!("node {} is not among the peers, which are all nodes that begin", self.id));
        }
        let keys = keys.read()?;
        let config = options::config(&self.limits, self.default_guard.as_deref())?;
        let advertise = self.advertise.or_else(|| peers.get(&self.id).cloned()).unwrap_or(self.listen);
        Ok(Settings {
            id: self.id,
            advertise,
            from: self.from,
            peers,
            data: self.data,
            secret,
            keys,
            terms: Terms { config, changes_kept: self.changes_kept },
            body_bytes_max: self.body_bytes_max,
            trusts_forwarded: self.trust_forwarded,
            connections: connections.settings().within_open_files(),
            session_idle_timeout: self.session_idle_timeout.0,
            entries_per_snapshot: self.entries_per_snapshot,
            leader_timeout: self.leader_timeout,
            heartbeat: Duration::from_millis(self.heartbeat_ms),
        })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // openraft tells much, and its words for a node that is away are errors.
    arguments.log.begin_without(&["openraft"]);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("headcount-replicated: {error}");
    ExitCode::FAILURE
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { other, node, keys, connections, secret, log: _ } = arguments;
    if let Some(Other::BeginAnew { id, data, advertise }) = other {
        let entries = begin_anew(&data, id, &advertise).await?;
        println!(
            "node {id} is a cluster of its own, with {entries} entries behind it: start it without --peers"
        );
        return Ok(());
    }
    let secret = secret.read()?;
    match (other, node) {
        (Some(Other::Move { tenant, from, to, forget }), _) => {
            let client = Client::new(secret, None);
            let moved = moving::relocate(&client, &tenant, &from, &to).await?;
            println!(
                "moved {tenant}: a snapshot of {} bytes, {} commands behind it, {} of these while it was closed for \
                 {:?}; the digest on both sides is {:032x}",
                moved.snapshot_bytes,
                moved.commands,
                moved.commands_while_closed,
                moved.closed_for,
                moved.digest
            );
            if forget {
                moving::forget(&client, &tenant, &from).await?;
            }
            Ok(())
        }
        (None, Some(node)) => {
            let listen = node.listen.clone();
            serve(&listen, node.settings(secret, keys, connections)?).await
        }
        _ => Err("no node and nothing to move: see --help".into()),
    }
}

async fn serve(listen: &str, settings: Settings) -> Result<(), Box<dyn std::error::Error>> {
    let id = settings.id;
    // Before it is told that the node is there: whoever is told may end it at once.
    let stop = signals::stop()?;
    let listener = connections::bind(listen).await?;
    let node = Node::start(settings).await?;
    println!("node {id} listens on http://{}", listener.local_addr()?);
    node.serve(listener, stop).await?;
    Ok(())
}
