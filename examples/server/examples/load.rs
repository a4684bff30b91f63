//! Loads a server of its own, on loopback: connectors that push full pages as fast as they are answered.
//!
//! `cargo run --release -p headcount-server --example load -- --connectors 50 --seconds 60 [--data FILE]`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use headcount_server::auth::Keys;
use headcount_server::{Server, Settings};
use serde_json::{Value, json};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A load on loopback.
#[derive(Parser)]
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
}

fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let mode = if arguments.data.is_some() { "with a data file" } else { "in memory" };
    let keys = Keys::new(vec![("acme".into(), "key".into())], Vec::new())?;
    let changes_kept = arguments.changes_kept;
    let server = Server::open(Settings { data: arguments.data, changes_kept, ..Settings::new(keys) })?;
    let runtime = tokio::runtime::Runtime::new()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = format!("http://{}/org/acme/api/v1/bridge", listener.local_addr()?);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = runtime.spawn(server.serve(listener, async { _ = stopped.await }));

    let (done, begun) = (Arc::new(AtomicBool::new(false)), Instant::now());
    let connectors: Vec<_> = (0..arguments.connectors)
        .map(|number| {
            let (address, done) = (address.clone(), Arc::clone(&done));
            thread::spawn(move || connector(&address, number, arguments.pages, &done))
        })
        .collect();
    thread::sleep(Duration::from_secs(arguments.seconds));
    done.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    for connector in connectors {
        latencies.extend(connector.join().map_err(|_| "a connector panicked")??);
    }
    let took = begun.elapsed();
    drop(stop);
    runtime.block_on(serving)??;
    print(mode, arguments.connectors, took, latencies);
    Ok(())
}

/// Pushes its roll until told to stop; how long each page took. Any answer but the right one is an error.
fn connector(address: &str, number: usize, pages: usize, done: &AtomicBool) -> Result<Vec<Duration>, Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(true).build().into();
    let post = |path: &str, body: &Value| -> Result<Value, Error> {
        let request = agent
            .post(format!("{address}/{path}"))
            .header("Authorization", "Api-Key key")
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
    let mut latencies = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let session = post(&format!("apps/{app}/sync/"), &json!({}))?;
        let session = session["sync_id"].as_str().ok_or("no session")?.to_owned();
        for body in &bodies {
            let begun = Instant::now();
            let url = format!("{address}/apps/{app}/sync/{session}/account/");
            let text = agent
                .put(url)
                .header("Authorization", "Api-Key key")
                .send(body)?
                .body_mut()
                .read_to_string()?;
            latencies.push(begun.elapsed());
            if !text.starts_with("{\"total\":100") {
                return Err(format!("a page was answered with {text}").into());
            }
            if done.load(Ordering::Relaxed) {
                return Ok(latencies);
            }
        }
        post(&format!("apps/{app}/sync/{session}/complete/"), &json!({}))?;
    }
    Ok(latencies)
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

fn print(mode: &str, connectors: usize, took: Duration, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let at = |part: f64| latencies.get((latencies.len() as f64 * part) as usize).copied().unwrap_or_default();
    let per_second = latencies.len() as f64 / took.as_secs_f64();
    println!("{mode}: {connectors} connectors, {} pages in {took:.1?}, no error", latencies.len());
    println!("{per_second:.0} pages/s, {:.0} records/s", per_second * 100.0);
    println!(
        "p50 {:.1?}  p99 {:.1?}  p99.9 {:.1?}  slowest {:.1?}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0 - 1e-9)
    );
}
