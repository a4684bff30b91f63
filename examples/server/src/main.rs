//! The server's command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use headcount_server::connections::{self, ConnectionOptions};
use headcount_server::file::recover::RecoverTo;
use headcount_server::key_file::KeyOptions;
use headcount_server::maintenance::Maintenance;
use headcount_server::observe::logging::LogOptions;
use headcount_server::options::Timeout;
use headcount_server::{Server, Settings, options, signals};
use tikv_jemallocator::Jemalloc;

/// It gives memory back to the system within ten seconds of a burst, also where nothing is asked for any more: on a thread
/// of its own. (The C library's and mimalloc keep a good part: a test tells.)
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// headcount behind HTTP.
#[derive(Debug, Parser)]
#[command(version, subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    maintenance: Option<Maintenance>,
    /// Where to listen: an address or the name of a host, and a port, of which 0 is any that is free.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    #[command(flatten)]
    keys: KeyOptions,
    /// The file to keep journal and snapshots in; without it, all is lost when the server stops.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Goes on with a damaged data file from what came up to an entry of its journal, and drops the rest: of all
    /// tenants, or of the one that is named, and may then be given again. Copy the file away before.
    #[arg(long, value_name = "[TENANT=]ENTRY", requires = "data")]
    recover_to: Vec<RecoverTo>,
    /// Bytes that a request's body may have.
    #[arg(long, default_value_t = Settings::BODY_BYTES_MAX)]
    body_bytes_max: usize,
    /// Believe X-Forwarded-Proto and X-Forwarded-Host, for the links of lists: only where a proxy sets both.
    #[arg(long)]
    trust_forwarded: bool,
    /// Commands after which a tenant's state is saved whole.
    #[arg(long, default_value_t = Settings::COMMANDS_PER_SNAPSHOT)]
    commands_per_snapshot: u64,
    /// How many of a tenant's changes are kept, to be told again; 0 keeps none.
    #[arg(long, default_value_t = Settings::CHANGES_KEPT)]
    changes_kept: u64,
    #[arg(long = "limit", value_name = "NAME=VALUE", help = options::limits_help())]
    limits: Vec<String>,
    #[arg(long, value_name = "LIMITS", help = options::GUARD_HELP)]
    default_guard: Option<String>,
    /// For how long a session may be idle until it expires, such as 90m; 0 is for ever.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = Timeout::parse)]
    session_idle_timeout: Timeout,
    /// Where to tell Prometheus the figures of all tenants, to whoever reaches it: /metrics there wants no key. (On the
    /// address of --listen it wants a tenant's, and tells of that tenant.)
    #[arg(long, value_name = "HOST:PORT")]
    metrics_listen: Option<String>,
    #[command(flatten)]
    connections: ConnectionOptions,
    #[command(flatten)]
    log: LogOptions,
}

impl Arguments {
    fn settings(self) -> Result<Settings, String> {
        Ok(Settings {
            data: self.data,
            recover_to: self.recover_to,
            body_bytes_max: self.body_bytes_max,
            trusts_forwarded: self.trust_forwarded,
            connections: self.connections.settings().within_open_files(),
            config: options::config(&self.limits, self.default_guard.as_deref())?,
            commands_per_snapshot: self.commands_per_snapshot,
            changes_kept: self.changes_kept,
            session_idle_timeout: self.session_idle_timeout.0,
            ..Settings::new(self.keys.read()?)
        })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.log.begin();
    if let Some(maintenance) = &arguments.maintenance {
        return match maintenance.run() {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => fail(&error),
        };
    }
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
    eprintln!("headcount-server: {error}");
    ExitCode::FAILURE
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let (listen, metrics_listen) = (arguments.listen.clone(), arguments.metrics_listen.clone());
    let settings = arguments.settings()?;
    let name = settings.keys.tenants().first().cloned().unwrap_or_default();
    if settings.data.is_none() {
        tracing::warn!("in memory only: all is lost when this process ends (give --data FILE to keep it)");
    }
    let mut server = Server::open(settings)?;
    // Before it is told that the server is there: whoever is told may end it at once.
    let stop = signals::stop()?;
    let listener = connections::bind(&listen).await?;
    let address = listener.local_addr()?;
    if let Some(listen) = metrics_listen {
        let listener = connections::bind(&listen).await?;
        tracing::info!(address = %listener.local_addr()?, "figures are told");
        server = server.with_metrics_on(listener);
    }
    println!("listening on http://{address}");
    println!(
        "try: curl -X POST http://{address}/org/{name}/api/v1/bridge/apps/ \
         -H 'Authorization: Api-Key KEY' -H 'Content-Type: application/json' -d '{{\"name\": \"Acme HR\"}}'"
    );
    server.serve(listener, stop).await?;
    Ok(())
}
