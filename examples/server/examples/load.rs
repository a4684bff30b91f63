//! Loads a server on loopback: connectors that push full pages as fast as they are answered.
//!
//! `cargo run --release -p headcount-server --example load -- --connectors 50 --seconds 60 [--data FILE]`
//!
//! The server is a process of its own. What is printed: how long pushes took, those too that came while a snapshot was
//! under way; the server's memory before, meanwhile, and when it has nothing to do; and, with a data file, what a start
//! behind a kill takes, and one behind a stop.

mod measure;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use headcount_server::auth::Keys;
use headcount_server::{Server, Settings, connections};
use measure::Memory;
use serde_json::{Value, json};
use tikv_jemallocator::Jemalloc;
use tokio::signal::unix::{SignalKind, signal};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

const KEY: &str = "Api-Key key";

/// How often it is looked what the server is at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A load on loopback.
#[derive(Clone, Parser)]
struct Arguments {
    /// Connectors, each with an app of its own.
    #[arg(long, default_value_t = 50)]
    connectors: usize,
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The server's data file; in memory without it.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Pages in a roll: each connector pushes its roll again and again.
    #[arg(long, default_value_t = 50)]
    pages: usize,
    /// How many changes the server keeps.
    #[arg(long, default_value_t = Settings::CHANGES_KEPT)]
    changes_kept: u64,
    /// Commands after which the server saves its state.
    #[arg(long, default_value_t = Settings::COMMANDS_PER_SNAPSHOT)]
    commands_per_snapshot: u64,
    /// Be the server, until SIGTERM.
    #[arg(long, hide = true)]
    serve: bool,
}

/// How long a push took, and whether a snapshot was under way.
struct Push {
    micros: u32,
    is_beside_snapshot: bool,
}

/// What connectors and the one that looks tell each other.
#[derive(Default)]
struct Shared {
    is_done: AtomicBool,
    is_saving: AtomicBool,
}

fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
    if arguments.serve {
        return serve(arguments);
    }
    let mut served = Served::start(&arguments)?;
    let (at_start, begun, shared) = (served.memory().now, Instant::now(), Arc::new(Shared::default()));
    let connectors: Vec<_> = (0..arguments.connectors)
        .map(|number| {
            let (address, shared) = (served.address.clone(), Arc::clone(&shared));
            thread::spawn(move || connector(&address, number, arguments.pages, &shared))
        })
        .collect();
    let looking = {
        let (address, process, shared) = (served.address.clone(), served.process.id(), Arc::clone(&shared));
        thread::spawn(move || look(&address, process, &shared))
    };
    thread::sleep(Duration::from_secs(arguments.seconds));
    shared.is_done.store(true, Ordering::Relaxed);
    let mut pushes = Vec::new();
    for connector in connectors {
        pushes.extend(connector.join().map_err(|_| "a connector panicked")??);
    }
    let took = begun.elapsed();
    let seen = looking.join().map_err(|_| "who looked panicked")??;
    let peak = served.memory().peak;
    print(&arguments, took, &pushes, &seen);
    thread::sleep(measure::REST);
    println!(
        "memory of the server: {at_start} MB at its start, at most {peak} MB, at most {} MB while a snapshot was under \
         way, {} MB at rest behind it",
        seen.saving_mb_max,
        served.memory().now
    );
    if arguments.data.is_some() { start_again(&arguments, served) } else { served.terminate().map(drop) }
}

fn serve(arguments: Arguments) -> Result<(), Error> {
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    let keys = Keys::new(vec![("acme".into(), "key".into())], Vec::new())?;
    let Arguments { data, changes_kept, commands_per_snapshot, .. } = arguments;
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

/// The server's process.
struct Served {
    process: Child,
    address: String,
    /// How long it took until it listened.
    started_in: Duration,
}

impl Served {
    fn start(arguments: &Arguments) -> Result<Self, Error> {
        let begun = Instant::now();
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--serve")
            .args(["--changes-kept", &arguments.changes_kept.to_string()])
            .args(["--commands-per-snapshot", &arguments.commands_per_snapshot.to_string()])
            .stdout(Stdio::piped());
        if let Some(data) = &arguments.data {
            command.arg("--data").arg(data);
        }
        let mut process = command.spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ").ok_or("the server did not start")?.to_owned();
        Ok(Self { process, address, started_in: begun.elapsed() })
    }

    fn memory(&self) -> Memory {
        Memory::of(self.process.id())
    }

    fn kill(&mut self) -> Result<(), Error> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// How long it took to end.
    fn terminate(&mut self) -> Result<Duration, Error> {
        let begun = Instant::now();
        Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status()?;
        if self.process.wait()?.success() { Ok(begun.elapsed()) } else { Err("it did not end well".into()) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}

/// Kills the server and starts it, ends it and starts it.
fn start_again(arguments: &Arguments, mut served: Served) -> Result<(), Error> {
    let print = |what: &str, served: &Served| {
        let Memory { now, peak } = served.memory();
        println!("{what}: {:.2?}, at most {peak} MB of memory, {now} MB when it listens", served.started_in);
    };
    served.kill()?;
    served = Served::start(arguments)?;
    print("a start behind a kill", &served);
    println!("a stop: {:.2?}", served.terminate()?);
    served = Served::start(arguments)?;
    print("a start behind a stop", &served);
    let bytes = arguments.data.as_ref().map(std::fs::metadata).transpose()?.map_or(0, |file| file.len());
    println!("the data file: {} MB", bytes / 1_000_000);
    served.terminate().map(drop)
}

/// What was seen of the server.
#[derive(Default)]
struct Seen {
    snapshots: u64,
    snapshot_bytes: u64,
    saving_mb_max: u64,
}

/// Looks what the server is at, until all is done.
fn look(address: &str, process: u32, shared: &Shared) -> Result<Seen, Error> {
    let agent = ureq::Agent::new_with_defaults();
    let mut seen = Seen::default();
    while !shared.is_done.load(Ordering::Relaxed) {
        let request = agent.get(format!("{address}/metrics")).header("Authorization", KEY);
        let text = request.call()?.body_mut().read_to_string()?;
        let value = |name: &str| {
            let series = format!("{name}{{tenant=\"acme\"}} ");
            let value: Option<f64> =
                text.lines().find_map(|line| line.strip_prefix(&series)?.trim().parse().ok());
            value.map_or(0, |value| value as u64)
        };
        seen.snapshots = value("headcount_snapshot_seconds_count");
        seen.snapshot_bytes = value("headcount_snapshot_bytes");
        let is_saving = value("headcount_snapshot_under_way") > 0;
        shared.is_saving.store(is_saving, Ordering::Relaxed);
        if is_saving {
            seen.saving_mb_max = seen.saving_mb_max.max(Memory::of(process).now);
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(seen)
}

/// Pushes its roll until told to stop; how long each page took. Any answer but the right one is an error.
fn connector(address: &str, number: usize, pages: usize, shared: &Shared) -> Result<Vec<Push>, Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(true).build().into();
    let address = format!("{address}/org/acme/api/v1/bridge");
    let post = |path: &str, body: &Value| -> Result<Value, Error> {
        let request = agent
            .post(format!("{address}/{path}"))
            .header("Authorization", KEY)
            .header("Content-Type", "application/json");
        let text = request.send(body.to_string())?.body_mut().read_to_string()?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    };
    let app = post("apps/", &json!({"name": format!("Connector {number}")}))?;
    let app = app["id"].as_str().ok_or("no id")?.to_owned();
    for (slug, kind) in [("account", "account"), ("team", "group")] {
        post(&format!("apps/{app}/resource-types/"), &json!({"slug": slug, "name": slug, "type": kind}))?;
    }
    let bodies: Vec<String> = (0..pages).map(page).collect();
    let mut pushes = Vec::new();
    while !shared.is_done.load(Ordering::Relaxed) {
        let session = post(&format!("apps/{app}/sync/"), &json!({}))?;
        let session = session["sync_id"].as_str().ok_or("no session")?.to_owned();
        for body in &bodies {
            let was_saving = shared.is_saving.load(Ordering::Relaxed);
            let begun = Instant::now();
            let url = format!("{address}/apps/{app}/sync/{session}/account/");
            let request =
                agent.put(url).header("Authorization", KEY).header("Content-Type", "application/json");
            let text = request.send(body)?.body_mut().read_to_string()?;
            let micros = u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX);
            let is_beside_snapshot = was_saving || shared.is_saving.load(Ordering::Relaxed);
            pushes.push(Push { micros, is_beside_snapshot });
            if !text.starts_with("{\"total\":100") {
                return Err(format!("a page was answered with {text}").into());
            }
            if shared.is_done.load(Ordering::Relaxed) {
                return Ok(pushes);
            }
        }
        post(&format!("apps/{app}/sync/{session}/complete/"), &json!({}))?;
    }
    Ok(pushes)
}

/// A full page of accounts with five memberships each.
fn page(number: usize) -> String {
    let account = |account: usize| {
        let id = number * 100 + account;
        let teams: Vec<Value> =
            (0..5).map(|team| json!({"id": format!("g{}", (id * 7 + team * 31) % 400)})).collect();
        json!({
            "id": format!("00u{id:012}"),
            "email": format!("first.last.{id}@synthetic.example"),
            "first_name": "First",
            "last_name": format!("Last {id}"),
            "display_name": format!("First Last {id}"),
            "memberships": {"team": teams},
        })
    };
    json!({"records": (0..100).map(account).collect::<Vec<_>>()}).to_string()
}

fn print(arguments: &Arguments, took: Duration, pushes: &[Push], seen: &Seen) {
    let mode = if arguments.data.is_some() { "with a data file" } else { "in memory" };
    let per_second = pushes.len() as f64 / took.as_secs_f64();
    println!("{mode}: {} connectors for {took:.1?}, no error", arguments.connectors);
    println!("{per_second:.0} pages/s, {:.0} records/s", per_second * 100.0);
    let times = |is_counted: fn(&Push) -> bool| {
        let counted = pushes.iter().filter(|push| is_counted(push));
        counted.map(|push| Duration::from_micros(u64::from(push.micros))).collect()
    };
    measure::print("all", times(|_| true));
    if arguments.data.is_some() {
        println!("{} snapshots, the last of {} MB", seen.snapshots, seen.snapshot_bytes / 1_000_000);
        measure::print("while one was under way", times(|push| push.is_beside_snapshot));
    }
}
