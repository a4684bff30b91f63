//! headcount behind HTTP: the API of a sync service, in memory or on disk. An example to start from.
//!
//! A request becomes a command; one thread ([`machine`]) writes the commands of many requests to the
//! journal in one transaction ([`store`]), then applies them to the tenants' engines, then answers. So
//! what was answered is on disk, and what an engine has is what its journal says. Reads look at the
//! engine directly.
//!
//! - [`auth`]: tenants and their keys.
//! - [`store`]: journal and snapshots in SQLite; [`upkeep`]: how a snapshot is written, and what is old dropped, so
//!   that no command waits; [`checkpoints`]: when SQLite's log is moved into its file.
//! - [`machine`]: engines, and the one way to change them; [`cleanup`]: what goes on behind a completion.
//! - [`fingerprint`]: what a body is known by, so that one which comes again as it was is not parsed.
//! - [`call`]: what a call is, and the one place that decides which of several errors is told.
//! - [`api`]: the calls, by noun, and where they are; [`answer`]: what they show; [`openapi`]: what they are, as
//!   JSON.

pub mod answer;
pub mod api;
pub mod auth;
pub mod call;
pub mod checkpoints;
pub mod cleanup;
pub mod fingerprint;
pub mod machine;
pub mod openapi;
pub mod store;
pub mod upkeep;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use headcount::Config;
use tokio::net::TcpListener;

/// What a server is started with.
#[derive(Debug)]
pub struct Settings {
    /// Each tenant with its key.
    pub tenants: Vec<(String, String)>,
    /// The file of the durable store; in memory if there is none.
    pub data: Option<PathBuf>,
    /// Bytes that a request's body may have.
    pub body_bytes_max: usize,
    /// The limits of all engines, each of which gets a hash key of its own. They decide what is refused, and what
    /// the journal of a data file has behind the last snapshot is replayed under them: a file wants the same ones
    /// at each start.
    pub config: Config,
    /// Commands after which a tenant's state is saved, so that a start need not replay all of them.
    pub commands_per_snapshot: u64,
}

impl Settings {
    /// The body limit that the API names: 4 MiB.
    pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
    /// See [`Settings::commands_per_snapshot`].
    pub const COMMANDS_PER_SNAPSHOT: u64 = 20_000;
}

/// A server that is ready to answer.
#[derive(Debug)]
pub struct Server {
    state: Arc<call::State>,
}

impl Server {
    /// Opens the store and brings every tenant's engine up to it.
    ///
    /// # Errors
    /// Where the file cannot be opened or written, or holds no good state.
    pub fn open(settings: Settings) -> Result<Self, store::StoreError> {
        let names: Vec<String> = settings.tenants.iter().map(|(name, _)| name.clone()).collect();
        let store = settings
            .data
            .map(|path| store::Store::open(&path, settings.commands_per_snapshot))
            .transpose()?;
        let machine = machine::Machine::start(names, store, settings.config)?;
        let keys = auth::Keys::new(settings.tenants);
        let machine = Arc::new(machine);
        Ok(Self { state: Arc::new(call::State { keys, machine, body_bytes_max: settings.body_bytes_max }) })
    }

    /// What it changes the engines with, and what that took.
    pub fn machine(&self) -> Arc<machine::Machine> {
        Arc::clone(&self.state.machine)
    }

    /// Answers until `stop` is ready, then finishes what is under way.
    ///
    /// # Errors
    /// Of the listener.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        cleanup::resume(&self.state.machine);
        let app = api::router(Arc::clone(&self.state));
        axum::serve(listener, app).with_graceful_shutdown(stop).await?;
        let machine = Arc::clone(&self.state.machine);
        // It writes to disk, and no request is left that could wait behind it.
        tokio::task::spawn_blocking(move || machine.stop()).await.map_err(io::Error::other)
    }
}
