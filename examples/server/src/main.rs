//! The server's command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use headcount::Config;
use headcount_server::{Server, Settings};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// headcount behind HTTP.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 is any that is free.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A tenant: its name with --api-key, or name=key; may be given again.
    #[arg(long = "tenant", required = true)]
    tenants: Vec<String>,
    /// The key of the tenants that are given without one.
    #[arg(long, env = "HEADCOUNT_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// The file to keep journal and snapshots in; without it, all is lost when the server stops.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Bytes that a request's body may have.
    #[arg(long, default_value_t = Settings::BODY_BYTES_MAX)]
    body_bytes_max: usize,
    /// Commands after which a tenant's state is saved whole.
    #[arg(long, default_value_t = Settings::COMMANDS_PER_SNAPSHOT)]
    commands_per_snapshot: u64,
}

impl Arguments {
    fn tenants(&self) -> Result<Vec<(String, String)>, String> {
        let key = self.api_key.clone().filter(|key| !key.is_empty());
        let mut tenants: Vec<(String, String)> = Vec::new();
        for tenant in &self.tenants {
            let (name, key) = match tenant.split_once('=') {
                Some((name, key)) => (name.to_owned(), key.to_owned()),
                None => (tenant.clone(), key.clone().ok_or_else(|| format!("tenant {tenant} has no key"))?),
            };
            let is_slug = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '-' || char == '_');
            if name.is_empty()
                || !is_slug
                || key.is_empty()
                || tenants.iter().any(|(other, _)| *other == name)
            {
                return Err(format!(
                    "tenant {name:?} is not well named, is there twice, or has an empty key"
                ));
            }
            tenants.push((name, key));
        }
        Ok(tenants)
    }
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
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
    let tenants = arguments.tenants()?;
    let name = tenants.first().map(|(name, _)| name.clone()).unwrap_or_default();
    if arguments.data.is_none() {
        tracing::warn!("in memory only: all is lost when this process ends (give --data FILE to keep it)");
    }
    let server = Server::open(Settings {
        tenants,
        data: arguments.data,
        body_bytes_max: arguments.body_bytes_max,
        config: Config::new(),
        commands_per_snapshot: arguments.commands_per_snapshot,
    })?;
    // Before it is told that the server is there: whoever is told may end it at once.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = TcpListener::bind(arguments.listen).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");
    println!(
        "try: curl -X POST http://{address}/org/{name}/api/v1/bridge/apps/ \
         -H 'Authorization: Api-Key KEY' -H 'Content-Type: application/json' -d '{{\"name\": \"Acme HR\"}}'"
    );
    let stop = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping: what is under way is finished");
    };
    server.serve(listener, stop).await?;
    Ok(())
}
