//! Reads a long list of a server of its own while another client pushes: what that costs both.
//!
//! `cargo run --release -p headcount-server --example lists -- --accounts 1000 --references 10000 --readers 1`
//!
//! What is printed: how large the answers were and how long they took, the memory of the server, and how long pushes to
//! another app of the same tenant took, before and meanwhile.

mod measure;
#[path = "measure/served.rs"]
mod served;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Parser;
use measure::Memory;
use serde_json::{Value, json};
use served::{Error, KEY, Served, ServerOptions};

/// For how long pushes are measured while nobody reads.
const QUIET: Duration = Duration::from_secs(5);
/// Between two pushes.
const PAUSE: Duration = Duration::from_millis(1);
/// Bytes of a page's records at most: the server takes 4 MiB.
const PAGE_BYTES: usize = 3_000_000;

/// A long list, and pushes meanwhile.
#[derive(Parser)]
struct Arguments {
    /// In the list.
    #[arg(long, default_value_t = 1_000)]
    accounts: usize,
    /// Of each account.
    #[arg(long, default_value_t = 10_000)]
    references: usize,
    /// How many read the whole list at once.
    #[arg(long, default_value_t = 1)]
    readers: usize,
    #[command(flatten)]
    server: ServerOptions,
}

/// A client of the tenant.
struct Client {
    agent: ureq::Agent,
    address: String,
}

impl Client {
    fn new(address: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(true).build().into();
        Self { agent, address: format!("{address}/org/acme/api/v1/bridge") }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Result<String, Error> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.address))
            .header("Authorization", KEY)
            .header("Content-Type", "application/json")
            .body(body.to_owned())?;
        Ok(self.agent.run(request)?.body_mut().read_to_string()?)
    }

    fn get(&self, url: &str) -> Result<String, Error> {
        let request = self.agent.get(url).header("Authorization", KEY);
        Ok(request.call()?.body_mut().with_config().limit(u64::MAX).read_to_string()?)
    }

    /// An app with a session, by their ids.
    fn begin(&self) -> Result<(String, String), Error> {
        let id = |answer: String, field: &str| -> Result<String, Error> {
            let answer: Value = serde_json::from_str(&answer)?;
            Ok(answer[field].as_str().ok_or("no id")?.to_owned())
        };
        let app = id(self.send("POST", "apps/", r#"{"name": "App"}"#)?, "id")?;
        for (slug, kind) in [("account", "account"), ("team", "group")] {
            let body = json!({"slug": slug, "name": slug, "type": kind}).to_string();
            self.send("POST", &format!("apps/{app}/resource-types/"), &body)?;
        }
        let session = id(self.send("POST", &format!("apps/{app}/sync/"), "{}")?, "sync_id")?;
        Ok((app, session))
    }
}

fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
    if arguments.server.serve {
        return arguments.server.serve();
    }
    let mut served = Served::start(&arguments.server)?;
    println!("started in {:.2?}", served.started_in);
    let client = Client::new(&served.address);
    let app = fill(&client, &arguments)?;
    thread::sleep(measure::REST);
    println!("memory of the server at rest: {} MB", served.memory().now);
    let stop = Arc::new(AtomicBool::new(false));
    let pushing = push(&served.address, &stop);
    thread::sleep(QUIET);
    stop.store(true, Ordering::Relaxed);
    measure::print("pushes before", joined(pushing)?);

    stop.store(false, Ordering::Relaxed);
    let pushing = push(&served.address, &stop);
    let list = format!("{}/apps/{app}/records/account/?limit=1000", client.address);
    let begun = Instant::now();
    let readers: Vec<_> = (0..arguments.readers)
        .map(|_| {
            let (address, list) = (served.address.clone(), list.clone());
            thread::spawn(move || read(&Client::new(&address), list))
        })
        .collect();
    let mut read = Read::default();
    for reader in readers {
        read.add(joined(reader)?);
    }
    let took = begun.elapsed();
    stop.store(true, Ordering::Relaxed);
    let pushed = joined(pushing)?;
    let Memory { peak, .. } = served.memory();
    println!(
        "{} readers, {} answers of {} MB together, the largest of {} KB, in {took:.2?}",
        arguments.readers,
        read.took.len(),
        read.bytes / 1_000_000,
        read.bytes_max / 1_000
    );
    measure::print("an answer", read.took);
    measure::print("a push meanwhile", pushed);
    println!("memory of the server: at most {peak} MB since it began");
    served.terminate().map(drop)
}

fn joined<T>(thread: JoinHandle<Result<T, Error>>) -> Result<T, Error> {
    thread.join().map_err(|_| "a client panicked")?
}

/// Pushes the accounts, and answers the id of their app.
fn fill(client: &Client, arguments: &Arguments) -> Result<String, Error> {
    let Arguments { accounts, references, .. } = *arguments;
    let (app, session) = client.begin()?;
    let path = format!("apps/{app}/sync/{session}/account/");
    let per_page = (PAGE_BYTES / (references * 20 + 100)).clamp(1, 100);
    let numbers: Vec<usize> = (0..accounts).collect();
    for numbers in numbers.chunks(per_page) {
        let account = |number: &usize| {
            // Others for each, of twice as many as one has.
            let teams: Vec<Value> = (0..references)
                .map(|team| json!({"id": format!("team-{}", (team * 2 + number * 7) % (references * 2).max(1))}))
                .collect();
            json!({"id": format!("u{number}"), "username": "x", "memberships": {"team": teams}})
        };
        let records: Vec<Value> = numbers.iter().map(account).collect();
        client.send("PUT", &path, &json!({"records": records}).to_string())?;
    }
    println!("{accounts} accounts of {references} references each");
    Ok(app)
}

/// Pushes a small page to an app of its own, again and again until it is told to stop.
fn push(address: &str, stop: &Arc<AtomicBool>) -> JoinHandle<Result<Vec<Duration>, Error>> {
    let (client, stop) = (Client::new(address), Arc::clone(stop));
    thread::spawn(move || {
        let (app, session) = client.begin()?;
        let path = format!("apps/{app}/sync/{session}/account/");
        let mut took = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let account = json!({"id": "u1", "username": format!("x{}", took.len())});
            let body = json!({"records": [account]}).to_string();
            let begun = Instant::now();
            client.send("PUT", &path, &body)?;
            took.push(begun.elapsed());
            thread::sleep(PAUSE);
        }
        Ok(took)
    })
}

/// What reading came to.
#[derive(Default)]
struct Read {
    took: Vec<Duration>,
    bytes: usize,
    bytes_max: usize,
}

impl Read {
    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.bytes += other.bytes;
        self.bytes_max = self.bytes_max.max(other.bytes_max);
    }
}

/// Reads a list to its end, whatever its parts are.
fn read(client: &Client, first: String) -> Result<Read, Error> {
    let (mut read, mut next) = (Read::default(), Some(first));
    while let Some(url) = next {
        let begun = Instant::now();
        let answer = client.get(&url)?;
        read.took.push(begun.elapsed());
        read.bytes += answer.len();
        read.bytes_max = read.bytes_max.max(answer.len());
        next = next_of(&answer).map(str::to_owned);
    }
    Ok(read)
}

/// The link to the next part, which stands before the rows: to parse all of them would take longer than to make them.
fn next_of(answer: &str) -> Option<&str> {
    let (_, behind) = answer.split_once(r#""next":""#)?;
    Some(behind.split_once('"')?.0).filter(|link| link.starts_with("http"))
}
