//! A server in a process of its own: the example itself, started once more.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use headcount_server::auth::Keys;
use headcount_server::{Server, Settings, connections};
use tikv_jemallocator::Jemalloc;
use tokio::signal::unix::{SignalKind, signal};

use crate::measure::Memory;

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// The key of the tenant `acme`, as its header has it.
pub(crate) const KEY: &str = "Api-Key key";

/// What the server is told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServerOptions {
    /// The server's data file; in memory without it.
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// How many changes the server keeps.
    #[arg(long, default_value_t = Settings::CHANGES_KEPT)]
    changes_kept: u64,
    /// Commands after which the server saves its state.
    #[arg(long, default_value_t = Settings::COMMANDS_PER_SNAPSHOT)]
    commands_per_snapshot: u64,
    /// Be the server, until SIGTERM.
    #[arg(long, hide = true)]
    pub(crate) serve: bool,
}

impl ServerOptions {
    /// Serves until SIGTERM.
    pub(crate) fn serve(self) -> Result<(), Error> {
        tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
        let keys = Keys::new(vec![("acme".into(), "key".into())], Vec::new())?;
        let Self { data, changes_kept, commands_per_snapshot, .. } = self;
        let settings = Settings { data, changes_kept, commands_per_snapshot, ..Settings::new(keys) };
        tokio::runtime::Runtime::new()?.block_on(async {
            let server = Server::open(settings)?;
            let mut terminate = signal(SignalKind::terminate())?;
            let listener = connections::bind("127.0.0.1:0").await?;
            println!("listening on http://{}", listener.local_addr()?);
            server.serve(listener, async move { _ = terminate.recv().await }).await?;
            Ok(())
        })
    }
}

/// The server's process. It is killed when this is dropped.
pub(crate) struct Served {
    process: Child,
    /// Where it listens.
    pub(crate) address: String,
    /// How long it took until it listened.
    pub(crate) started_in: Duration,
}

impl Served {
    pub(crate) fn start(options: &ServerOptions) -> Result<Self, Error> {
        let begun = Instant::now();
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--serve")
            .args(["--changes-kept", &options.changes_kept.to_string()])
            .args(["--commands-per-snapshot", &options.commands_per_snapshot.to_string()])
            .stdout(Stdio::piped());
        if let Some(data) = &options.data {
            command.arg("--data").arg(data);
        }
        let mut process = command.spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ").ok_or("the server did not start")?.to_owned();
        Ok(Self { process, address, started_in: begun.elapsed() })
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn memory(&self) -> Memory {
        Memory::of(self.id())
    }

    pub(crate) fn kill(&mut self) -> Result<(), Error> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Ends it, and tells how long that took.
    pub(crate) fn terminate(&mut self) -> Result<Duration, Error> {
        let begun = Instant::now();
        Command::new("kill").args(["-TERM", &self.id().to_string()]).status()?;
        if self.process.wait()?.success() { Ok(begun.elapsed()) } else { Err("it did not end well".into()) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}
