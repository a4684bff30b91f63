//! A large tenant is saved while it and a small one are pushed to: how long each push takes, and what memory it takes.
//!
//! `cargo run --release -p headcount-server --example saving -- --accounts 1000000`

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Parser;
use headcount::{
    Account, AppId, Command, Config, Kind, NewResourceType, Page, Reference, ReferenceList, ResourceTypeId,
    Scope, SessionId, Uuid,
};
use headcount_server::backend::{Backend, Encoded};
use headcount_server::machine::Machine;
use headcount_server::store::Store;
use rusqlite::Connection;

const APP: AppId = AppId(Uuid::from_u128(1));
const SESSION: SessionId = SessionId(Uuid::from_u128(2));

#[derive(Parser)]
struct Arguments {
    /// Of the large tenant, each with five memberships.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u64,
}

/// Of this process, in MB: now, and at most since [`forget_peak`].
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

fn forget_peak() -> std::io::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5")
}

fn page(number: u64, stamp: u64) -> Command<'static> {
    let account = |account: u64| Account {
        id: format!("user-{account:09}").into(),
        email: Some(format!("user-{account}@example.com").into()),
        display_name: Some(format!("User {account} of {stamp}").into()),
        memberships: vec![ReferenceList::new(
            "team",
            (0..5).map(|team| Reference::new(format!("team-{}", (account * 7 + team * 31) % 50_000))),
        )],
        ..Account::default()
    };
    let page = Page::accounts((number * 100..number * 100 + 100).map(account));
    Command::PushPage { app_id: APP, session_id: SESSION, slug: "account".into(), page }
}

struct Pushed<'m> {
    machine: &'m dyn Backend,
    runtime: tokio::runtime::Runtime,
}

impl Pushed<'_> {
    fn apply(&self, tenant: usize, command: &Command<'_>) -> Result<Duration, Box<dyn Error>> {
        let command = Encoded::new(command).map_err(|error| error.0)?;
        let begun = Instant::now();
        let done = self.runtime.block_on(self.machine.apply(tenant, command, |_, reply| reply));
        let _ = done.map_err(|error| error.0)??;
        Ok(begun.elapsed())
    }

    fn begin(&self, tenant: usize) -> Result<(), Box<dyn Error>> {
        self.apply(tenant, &Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None })?;
        for (id, slug, kind) in [(1, "account", Kind::Account), (2, "team", Kind::Group)] {
            let (resource_type_id, new) =
                (ResourceTypeId(Uuid::from_u128(id)), NewResourceType::new(slug, slug, kind));
            self.apply(tenant, &Command::RegisterResourceType { app_id: APP, resource_type_id, new })?;
        }
        self.apply(tenant, &Command::StartSession { app_id: APP, session_id: SESSION, scope: Scope::All })?;
        Ok(())
    }
}

fn snapshots(data: &Path) -> rusqlite::Result<i64> {
    Connection::open(data)?
        .query_row("SELECT count(*) FROM snapshot WHERE tenant = 'large'", [], |row| row.get(0))
}

/// The middle one, that of a thousand, and the slowest, in milliseconds.
fn told(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |part: usize| {
        took.get((took.len() * part / 1_000).min(took.len() - 1)).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    };
    println!(
        "{what}: {} pushes, p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, slowest {:.2} ms",
        took.len(),
        at(500),
        at(990),
        at(999),
        at(1_000)
    );
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { accounts } = Arguments::parse();
    let pages = accounts / 100;
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    // Due with the first push behind all pages.
    let store = Store::open(&data, pages + 4 + 200)?;
    let machine = Machine::start(vec!["large".into(), "small".into()], Some(store), Config::new(), 100_000)?;
    let pushed =
        Pushed { machine: &machine, runtime: tokio::runtime::Builder::new_current_thread().build()? };
    (0..2).try_for_each(|tenant| pushed.begin(tenant))?;
    for number in 0..pages {
        pushed.apply(0, &page(number, 0))?;
    }
    let quiet: Result<Vec<_>, _> =
        (0..200).map(|push| pushed.apply(push % 2, &page(0, push as u64))).collect();
    told("before", quiet?);
    forget_peak()?;
    let at_rest = memory().0;
    let (mut of_large, mut of_small, begun) = (Vec::new(), Vec::new(), Instant::now());
    for push in 1.. {
        // Scattered, so that as much as can be is copied.
        of_large.push(pushed.apply(0, &page(push * 7_919 % pages, push))?);
        of_small.push(pushed.apply(1, &page(push % 10, push))?);
        if push % 50 == 0 && snapshots(&data)? > 0 {
            break;
        }
    }
    println!("{accounts} accounts: saved in {:.1} s", begun.elapsed().as_secs_f64());
    told("meanwhile, the large tenant", of_large);
    told("meanwhile, the small tenant", of_small);
    println!("memory: {at_rest} MB at rest, at most {} MB meanwhile", memory().1);
    let digest = pushed.machine.read(0, |tenant| tenant.engine.digest());
    machine.stop();
    drop(machine);
    let bytes = std::fs::metadata(&data)?.len() / 1_000_000;
    forget_peak()?;
    let (before, begun) = (memory().0, Instant::now());
    let store = Store::open(&data, 1_000_000)?;
    let opened = begun.elapsed();
    let loaded = store.load("large", Config::new(), 100_000)?;
    println!(
        "restart: {bytes} MB looked at in {:.1} s, loaded in {:.1} s, {before} MB before, at most {} MB",
        opened.as_secs_f64(),
        begun.elapsed().saturating_sub(opened).as_secs_f64(),
        memory().1
    );
    assert_eq!(loaded.tenant.engine.digest(), digest, "what was saved is what is loaded");
    Ok(())
}
