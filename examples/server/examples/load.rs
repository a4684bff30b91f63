//! Loads a server on loopback: connectors that push full pages as fast as they are answered.
//!
//! `cargo run --release -p headcount-server --example load -- --connectors 50 --seconds 60 [--data FILE]`
//!
//! The server is a process of its own. What is printed: how long pushes took, those too that came while a snapshot was
//! under way; the server's memory before, meanwhile, and when it has nothing to do; and, with a data file, what a start
//! behind a kill takes, and one behind a stop.

mod measure;
#[path = "measure/served.rs"]
mod served;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use measure::Memory;
use serde_json::{Value, json};
use served::{Error, KEY, Served, ServerOptions};

/// How often it is looked what the server is at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A load on loopback.
#[derive(Parser)]
struct Arguments {
    /// Connectors, each with an app of its own.
    #[arg(long, default_value_t = 50)]
    connectors: usize,
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Pages in a roll: each connector pushes its roll again and again.
    #[arg(long, default_value_t = 50)]
    pages: usize,
    #[command(flatten)]
    server: ServerOptions,
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
    if arguments.server.serve {
        return arguments.server.serve();
    }
    let mut served = Served::start(&arguments.server)?;
    let (at_start, begun, shared) = (served.memory().now, Instant::now(), Arc::new(Shared::default()));
    let connectors: Vec<_> = (0..arguments.connectors)
        .map(|number| {
            let (address, shared) = (served.address.clone(), Arc::clone(&shared));
            thread::spawn(move || connector(&address, number, arguments.pages, &shared))
        })
        .collect();
    let looking = {
        let (address, process, shared) = (served.address.clone(), served.id(), Arc::clone(&shared));
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
    if arguments.server.data.is_some() {
        start_again(&arguments.server, served)
    } else {
        served.terminate().map(drop)
    }
}

/// Kills the server and starts it, ends it and starts it.
fn start_again(options: &ServerOptions, mut served: Served) -> Result<(), Error> {
    let print = |what: &str, served: &Served| {
        let Memory { now, peak } = served.memory();
        println!("{what}: {:.2?}, at most {peak} MB of memory, {now} MB when it listens", served.started_in);
    };
    served.kill()?;
    served = Served::start(options)?;
    print("a start behind a kill", &served);
    println!("a stop: {:.2?}", served.terminate()?);
    served = Served::start(options)?;
    print("a start behind a stop", &served);
    let bytes = options.data.as_ref().map(std::fs::metadata).transpose()?.map_or(0, |file| file.len());
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
    let mode = if arguments.server.data.is_some() { "with a data file" } else { "in memory" };
    let per_second = pushes.len() as f64 / took.as_secs_f64();
    println!("{mode}: {} connectors for {took:.1?}, no error", arguments.connectors);
    println!("{per_second:.0} pages/s, {:.0} records/s", per_second * 100.0);
    let times = |is_counted: fn(&Push) -> bool| {
        let counted = pushes.iter().filter(|push| is_counted(push));
        counted.map(|push| Duration::from_micros(u64::from(push.micros))).collect()
    };
    measure::print("all pushes", times(|_| true));
    if arguments.server.data.is_some() {
        println!("{} snapshots, the last of {} MB", seen.snapshots, seen.snapshot_bytes / 1_000_000);
        measure::print("those while one was under way", times(|push| push.is_beside_snapshot));
    }
}
