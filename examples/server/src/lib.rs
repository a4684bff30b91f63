//! headcount behind HTTP: the API of a sync service, in memory or on disk. An example to start from.
//!
//! A request becomes a command; one thread ([`machine`]) writes the commands of many requests to the journal in one
//! transaction ([`store`]), and a thread of each tenant applies them to its engine and answers. So what was answered is on
//! disk, and what an engine has is what its journal says. Reads look at the engine directly.
//!
//! - [`options`]: what the command line says of limits, guards and times; [`auth`]: tenants and their keys;
//!   [`key_file`]: both from the command line, and from a file.
//! - [`store`]: journal and snapshots in SQLite; [`mod@file`]: the form of that file, its checksums, its lock, and what
//!   becomes of one that is damaged; [`replay`]: how a tenant is loaded; [`upkeep`]: how a snapshot is written, and what is
//!   old dropped, so that no command waits; [`checkpoints`]: when SQLite's log is moved into its file;
//!   [`configurations`]: under which limits what was carried out; [`maintenance`]: backups and checks.
//! - [`tenant`]: an engine, and beside it its [`feed`]: what it told of its changes.
//! - [`backend`]: what the calls talk to; [`machine`]: the one on this machine, with the tenants and the one way to
//!   change them; [`queue`]: commands that wait; [`spent`]: where time goes.
//! - [`cleanup`]: what goes on behind a completion; [`expiry`]: the end of sessions that nobody goes on with;
//!   [`mod@detached`]: what goes on where its connection is cut.
//! - [`fingerprint`]: what a body is known by, so that one which comes again as it was is not parsed.
//! - [`observe`]: what somebody who runs the server sees of it: log, figures, readiness; [`console`]: a page to look with.
//! - [`connections`]: how many there are, and how long one may keep the server waiting; [`signals`]: how the process is
//!   asked to end.
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
pub mod connections;
pub mod console;
pub mod detached;
pub mod expiry;
pub mod feed;
pub mod file;
pub mod fingerprint;
pub mod key_file;
pub mod machine;
pub mod maintenance;
pub mod observe;
pub mod openapi;
pub mod options;
pub mod queue;
pub mod replay;
pub mod signals;
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
use observe::metrics::Metrics;
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
    /// Whether `X-Forwarded-Proto` and `X-Forwarded-Host` are believed: only where a proxy sets them.
    pub trusts_forwarded: bool,
    /// What connections may take.
    pub connections: connections::Settings,
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
            trusts_forwarded: false,
            connections: connections::Settings::DEFAULT,
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
    state: call::State,
    connections: connections::Settings,
    metrics_listener: Option<TcpListener>,
    session_idle_timeout: Option<Duration>,
}

impl Server {
    /// Opens the store and brings every tenant's engine up to it.
    ///
    /// # Errors
    /// Where the file cannot be opened or written, or holds no good state.
    pub fn open(settings: Settings) -> Result<Self, store::StoreError> {
        let Settings { keys, data, recover_to, body_bytes_max, config, session_idle_timeout, .. } = settings;
        let commands_per_snapshot = settings.commands_per_snapshot;
        if let Some(data) = data.as_ref().filter(|_| !recover_to.is_empty()) {
            file::recover::recover(data, &recover_to)?;
        }
        let store = data.map(|path| store::Store::open(&path, commands_per_snapshot)).transpose()?;
        let names = keys.tenants().to_vec();
        let machine = Arc::new(machine::Machine::start(names, store, config, settings.changes_kept)?);
        let (spent, metrics) = (machine.spent(), machine.metrics());
        let mut server = Self::observed(machine, metrics, keys, body_bytes_max, session_idle_timeout);
        server.state.spent = spent;
        let server = server.with_connections(settings.connections);
        Ok(if settings.trusts_forwarded { server.with_trusted_proxy() } else { server })
    }

    /// One in front of a backend with the tenants of `keys`, by their places. See [`Settings`] for the rest.
    pub fn over(
        backend: Arc<dyn Backend>,
        keys: auth::Keys,
        body_bytes_max: usize,
        session_idle_timeout: Option<Duration>,
    ) -> Self {
        let metrics = Arc::new(Metrics::new(keys.tenants()));
        Self::observed(backend, metrics, keys, body_bytes_max, session_idle_timeout)
    }

    fn observed(
        backend: Arc<dyn Backend>,
        metrics: Arc<Metrics>,
        keys: auth::Keys,
        body_bytes_max: usize,
        session_idle_timeout: Option<Duration>,
    ) -> Self {
        let state = call::State::new(backend, metrics, keys, body_bytes_max);
        let connections = connections::Settings::DEFAULT;
        Self { state, connections, metrics_listener: None, session_idle_timeout }
    }

    /// With an address that is Prometheus's alone: whoever reaches it is told the figures of all tenants.
    #[must_use]
    pub fn with_metrics_on(mut self, listener: TcpListener) -> Self {
        self.metrics_listener = Some(listener);
        self
    }

    /// With other connections than the default ones.
    #[must_use]
    pub fn with_connections(mut self, connections: connections::Settings) -> Self {
        self.state.body_timeout = connections.body_timeout;
        self.connections = connections;
        self
    }

    /// Behind a proxy that sets `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[must_use]
    pub fn with_trusted_proxy(mut self) -> Self {
        self.state.trusts_forwarded = true;
        self
    }

    /// Where time goes, and how many bodies were parsed.
    pub fn spent(&self) -> Arc<spent::Spent> {
        Arc::clone(&self.state.spent)
    }

    /// Answers until `stop` is ready, then finishes what is under way, or cuts it where that takes too long. Every
    /// command that was taken is carried out, also one whose client is gone.
    ///
    /// # Errors
    /// Where the last of them cannot be waited for.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let Self { state, connections, metrics_listener, session_idle_timeout } = self;
        let state = Arc::new(state);
        if let Some(listener) = metrics_listener {
            // It has nothing to finish, and ends with the process.
            tokio::spawn(axum::serve(listener, api::observers(Arc::clone(&state))).into_future());
        }
        let backend = Arc::clone(&state.backend);
        cleanup::resume(&backend);
        let expiry = session_idle_timeout.map(|idle| expiry::spawn(&backend, idle));
        connections::serve(listener, api::router(state), connections, stop).await;
        if let Some(expiry) = expiry {
            expiry.abort();
        }
        // It writes to disk, and no request is left that could wait behind it.
        tokio::task::spawn_blocking(move || backend.stop()).await.map_err(io::Error::other)
    }
}
