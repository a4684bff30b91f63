//! headcount behind HTTP: the API of a sync service, in memory or on disk. An example to start from.
//!
//! A request becomes a command; one thread ([`machine`]) writes the commands of many requests to the journal in one
//! transaction ([`store`]), and a thread of each tenant applies them to its engine and answers. So what was answered is on
//! disk, and what an engine has is what its journal says. Reads look at the engine directly.
//!
//! - [`options`]: what the command line says of limits, guards and times; [`auth`]: tenants and their keys.
//! - [`store`]: journal and snapshots in SQLite; [`mod@file`]: the form of that file, its checksums, its lock, and what
//!   becomes of one that is damaged; [`replay`]: how a tenant is loaded; [`upkeep`]: how a snapshot is written, and what is
//!   old dropped, so that no command waits; [`checkpoints`]: when SQLite's log is moved into its file;
//!   [`configurations`]: under which limits what was carried out; [`maintenance`]: backups and checks.
//! - [`tenant`]: an engine, and beside it its [`feed`]: what it told of its changes.
//! - [`backend`]: what the calls talk to; [`machine`]: the one on this machine, with the tenants and the one way to
//!   change them; [`queue`]: commands that wait; [`spent`]: where time goes.
//! - [`cleanup`]: what goes on behind a completion; [`expiry`]: the end of sessions that nobody goes on with.
//! - [`fingerprint`]: what a body is known by, so that one which comes again as it was is not parsed.
//! - [`call`]: what a call is, and the one place that decides which of several errors is told.
//! - [`api`]: the calls, by noun, and where they are; [`answer`]: what they show; [`openapi`]: what they are, as
//!   JSON.

pub mod answer;
pub mod api;
pub mod auth;
pub mod backend;
pub mod call;
pub mod checkpoints;
pub mod cleanup;
pub mod configurations;
pub mod expiry;
pub mod feed;
pub mod file;
pub mod fingerprint;
pub mod machine;
pub mod maintenance;
pub mod openapi;
pub mod options;
pub mod queue;
pub mod replay;
pub mod spent;
pub mod store;
pub mod tenant;
pub mod upkeep;
mod writer;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backend::Backend;
use headcount::Config;
use tokio::net::TcpListener;

/// What a server is started with.
#[derive(Debug)]
pub struct Settings {
    /// The tenants, and who may call.
    pub keys: auth::Keys,
    /// The file of the durable store; in memory if there is none.
    pub data: Option<PathBuf>,
    /// Up to where a damaged file is gone on with; as it is, if there are none.
    pub recover_to: Vec<file::recover::RecoverTo>,
    /// Bytes that a request's body may have.
    pub body_bytes_max: usize,
    /// The limits and the default guard of all engines, each of which gets a hash key of its own. They hold for the
    /// commands to come: what the journal of a data file has is replayed under those of then.
    pub config: Config,
    /// Commands after which a tenant's state is saved, so that a start need not replay all of them.
    pub commands_per_snapshot: u64,
    /// How many of a tenant's changes are kept, to be told again.
    pub changes_kept: u64,
    /// For how long a session may be idle until it expires; for ever if that is not said.
    pub session_idle_timeout: Option<Duration>,
}

impl Settings {
    /// The body limit that the API names: 4 MiB.
    pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
    /// See [`Settings::commands_per_snapshot`].
    pub const COMMANDS_PER_SNAPSHOT: u64 = 20_000;
    /// How many changes the API promises to keep.
    pub const CHANGES_KEPT: u64 = 100_000;
    /// The time that the API names: a day.
    pub const SESSION_IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

    /// For these tenants, in memory, and else as the API says.
    pub const fn new(keys: auth::Keys) -> Self {
        Self {
            keys,
            data: None,
            recover_to: Vec::new(),
            body_bytes_max: Self::BODY_BYTES_MAX,
            config: Config::new(),
            commands_per_snapshot: Self::COMMANDS_PER_SNAPSHOT,
            changes_kept: Self::CHANGES_KEPT,
            session_idle_timeout: Some(Self::SESSION_IDLE_TIMEOUT),
        }
    }
}

/// A server that is ready to answer.
#[derive(Debug)]
pub struct Server {
    state: Arc<call::State>,
    session_idle_timeout: Option<Duration>,
}

impl Server {
    /// Opens the store and brings every tenant's engine up to it.
    ///
    /// # Errors
    /// Where the file cannot be opened or written, or holds no good state.
    pub fn open(settings: Settings) -> Result<Self, store::StoreError> {
        let Settings { keys, data, recover_to, body_bytes_max, config, commands_per_snapshot, .. } = settings;
        if let Some(data) = data.as_ref().filter(|_| !recover_to.is_empty()) {
            file::recover::recover(data, &recover_to)?;
        }
        let store = data.map(|path| store::Store::open(&path, commands_per_snapshot)).transpose()?;
        let names = keys.tenants().to_vec();
        let machine = Arc::new(machine::Machine::start(names, store, config, settings.changes_kept)?);
        let spent = machine.spent();
        let state = Arc::new(call::State { keys, backend: machine, spent, body_bytes_max });
        Ok(Self { state, session_idle_timeout: settings.session_idle_timeout })
    }

    /// One in front of a backend with the tenants of `keys`, by their places. See [`Settings`] for the rest.
    pub fn over(
        backend: Arc<dyn Backend>,
        keys: auth::Keys,
        body_bytes_max: usize,
        session_idle_timeout: Option<Duration>,
    ) -> Self {
        let spent = Arc::default();
        Self { state: Arc::new(call::State { keys, backend, spent, body_bytes_max }), session_idle_timeout }
    }

    /// Where time goes, and how many bodies were parsed.
    pub fn spent(&self) -> Arc<spent::Spent> {
        Arc::clone(&self.state.spent)
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
        cleanup::resume(&self.state.backend);
        let expiry = self.session_idle_timeout.map(|idle| expiry::spawn(&self.state.backend, idle));
        let app = api::router(Arc::clone(&self.state));
        axum::serve(listener, app).with_graceful_shutdown(stop).await?;
        if let Some(expiry) = expiry {
            expiry.abort();
        }
        let backend = Arc::clone(&self.state.backend);
        // It writes to disk, and no request is left that could wait behind it.
        tokio::task::spawn_blocking(move || backend.stop()).await.map_err(io::Error::other)
    }
}
