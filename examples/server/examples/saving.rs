//! A large tenant is saved while it and a small one are pushed to: how long each push takes, and what memory it takes.
//!
//! `cargo run --release -p headcount-server --example saving -- --accounts 1000000 [--in-memory]`
//!
//! What is printed: how long pushes take where nothing else is done, and while a snapshot is under way; the memory at rest,
//! at a snapshot, and at a start from what was saved; how long a stop and that start take.

mod measure;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use headcount::{
    Account, AppId, Command, Config, Kind, NewResourceType, Page, Reference, ReferenceList, ResourceTypeId,
    Scope, SessionId, Uuid,
};
use headcount_server::backend::{Backend, Encoded};
use headcount_server::machine::Machine;
use headcount_server::observe::metrics::Metrics;
use headcount_server::store::Store;
use measure::Memory;
use rusqlite::Connection;
use tikv_jemallocator::Jemalloc;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

const APP: AppId = AppId(Uuid::from_u128(1));
const SESSION: SessionId = SessionId(Uuid::from_u128(2));

/// The tenants, by their places.
const TENANTS: [&str; 2] = ["large", "small"];
const LARGE: usize = 0;
const SMALL: usize = 1;

/// Pushes to each tenant while nothing else is done.
const QUIET: u64 = 1_000;
const CHANGES_KEPT: u64 = 100_000;

#[derive(Parser)]
struct Arguments {
    /// Of the large tenant, each with five memberships.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u64,
    /// Without a data file, and so without snapshots.
    #[arg(long)]
    in_memory: bool,
    /// Start from this data file, and end.
    #[arg(long, hide = true, requires = "digest")]
    start_from: Option<PathBuf>,
    /// To which digest that is to come.
    #[arg(long, hide = true)]
    digest: Option<String>,
}

fn own_memory() -> Memory {
    Memory::of(std::process::id())
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
    metrics: Arc<Metrics>,
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

impl Pushed<'_> {
    /// A page of each tenant, so many times, or for as long as a snapshot is under way. Scattered, so that as much as
    /// can be is copied.
    fn push_both(
        &self,
        pages: u64,
        is_enough: impl Fn(u64) -> bool,
    ) -> Result<[Vec<Duration>; 2], Box<dyn Error>> {
        let mut took = [Vec::new(), Vec::new()];
        for push in (1..).take_while(|push| !is_enough(*push)) {
            took[LARGE].push(self.apply(LARGE, &page(push * 7_919 % pages, push))?);
            took[SMALL].push(self.apply(SMALL, &page(push % 10, push))?);
        }
        Ok(took)
    }
}

fn print(when: &str, [of_large, of_small]: [Vec<Duration>; 2]) {
    measure::print(&format!("{when}, the large tenant"), of_large);
    measure::print(&format!("{when}, the small tenant"), of_small);
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { accounts, in_memory, start_from, digest } = Arguments::parse();
    if let Some(data) = start_from {
        return start(&data, digest.as_deref());
    }
    let pages = accounts / 100;
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    // Due with the first push behind all pages and those that are not disturbed.
    let commands_per_snapshot = pages + 4 + QUIET + 1;
    let store = (!in_memory).then(|| Store::open(&data, commands_per_snapshot)).transpose()?;
    let names = TENANTS.map(str::to_owned).to_vec();
    let machine = Machine::start(names, store, Config::new(), CHANGES_KEPT)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let pushed = Pushed { machine: &machine, metrics: machine.metrics(), runtime };
    [LARGE, SMALL].into_iter().try_for_each(|tenant| pushed.begin(tenant))?;
    for number in 0..pages {
        pushed.apply(LARGE, &page(number, 0))?;
    }
    println!("{accounts} accounts, {}", if in_memory { "in memory" } else { "with a data file" });
    thread::sleep(measure::REST);
    println!("memory at rest: {} MB", own_memory().now);
    print("undisturbed", pushed.push_both(pages, |push| push > QUIET)?);
    if in_memory {
        machine.stop();
        return Ok(());
    }
    save(&pushed, pages, &data)?;
    let digest = pushed.machine.read(LARGE, |tenant| tenant.engine.digest());
    let begun = Instant::now();
    machine.stop();
    drop(machine);
    println!("stop, with a snapshot of each tenant: {:.1} s", begun.elapsed().as_secs_f64());
    // In a process of its own, whose memory is that of a start alone.
    let digest = format!("{digest:032x}");
    let started = Program::new(std::env::current_exe()?)
        .arg("--start-from")
        .arg(&data)
        .args(["--digest", &digest])
        .status()?;
    if started.success() { Ok(()) } else { Err("it does not start".into()) }
}

/// Pushes for as long as a snapshot is under way.
fn save(pushed: &Pushed<'_>, pages: u64, data: &Path) -> Result<(), Box<dyn Error>> {
    let metrics = pushed.metrics.tenant(LARGE);
    thread::sleep(measure::REST);
    forget_peak()?;
    let at_rest = own_memory().now;
    pushed.apply(LARGE, &page(0, 1))?;
    let begun = Instant::now();
    while !metrics.is_snapshot_under_way() {
        if begun.elapsed() > Duration::from_secs(10) {
            return Err("no snapshot is begun".into());
        }
        thread::yield_now();
    }
    let took = pushed.push_both(pages, |_| !metrics.is_snapshot_under_way())?;
    let (seconds, peak) = (begun.elapsed().as_secs_f64(), own_memory().peak);
    let sql = "SELECT max(bytes) FROM snapshot WHERE tenant = 'large'";
    let bytes: i64 = Connection::open(data)?.query_row(sql, [], |row| row.get(0))?;
    println!("a snapshot of {} MB, and what it makes useless dropped: {seconds:.1} s", bytes / 1_000_000);
    print("meanwhile", took);
    thread::sleep(measure::REST);
    println!(
        "memory: {at_rest} MB before, at most {peak} MB meanwhile, {} MB at rest behind it",
        own_memory().now
    );
    Ok(())
}

/// Starts from a data file, tells what that took, and compares what it came to.
fn start(data: &Path, digest: Option<&str>) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::metadata(data)?.len() / 1_000_000;
    let begun = Instant::now();
    let store = Store::open(data, u64::MAX)?;
    let looked = begun.elapsed().as_secs_f64();
    let names = TENANTS.map(str::to_owned).to_vec();
    let machine = Machine::start(names, Some(store), Config::new(), CHANGES_KEPT)?;
    let took = begun.elapsed().as_secs_f64();
    let Memory { now, peak } = own_memory();
    println!(
        "start: {took:.1} s, of which {looked:.1} s to look at {bytes} MB; at most {peak} MB of memory, {now} MB then"
    );
    let machine: &dyn Backend = &machine;
    let found = machine.read(LARGE, |tenant| format!("{:032x}", tenant.engine.digest()));
    machine.stop();
    if digest == Some(&*found) { Ok(()) } else { Err("what was saved is not what is loaded".into()) }
}
