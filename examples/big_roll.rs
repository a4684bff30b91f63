//! Calls the roll of a synthetic directory, large as you like, and tells what it cost.
//!
//! `cargo run --release --example big_roll -- --accounts 1000000`

use std::error::Error;
use std::time::{Duration, Instant};

use headcount::{Config, Engine, Page};
use headcount_test_allocator::{Counts, TestAllocator};
use headcount_testing::directory::{Directory, PAGE, Roll};
use headcount_testing::roll;
use indicatif::{ProgressBar, ProgressStyle};

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

/// What one roll cost.
struct Cost {
    name: &'static str,
    records: u64,
    pushing: Duration,
    slowest_page: Duration,
    completing: Duration,
    changes: u64,
    deactivated: u64,
    heap_bytes: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = arguments()?;
    let in_order = directory.in_order();
    let mut costs = Vec::new();
    {
        let before = Counts::now().held();
        let mut engine = roll::engine(Config::new().with_hash_key([42; 16]))?;
        let shuffled = directory.shuffled();
        let kept = Counts::now().held() - before;
        let rolls = [
            ("first roll", Roll::Whole, &in_order),
            ("unchanged", Roll::Whole, &in_order),
            ("unchanged, shuffled", Roll::Whole, &shuffled),
            ("1% changed, 0.5% gone", Roll::Later, &in_order),
        ];
        for (number, (name, roll, order)) in (1..).zip(rolls) {
            costs.push(call_roll(&mut engine, &directory, number, name, roll, order, false, before + kept)?);
        }
        engine.check_invariants()?;
    }
    let before = Counts::now().held();
    let mut engine = roll::engine(Config::new().with_hash_key([43; 16]))?;
    costs.push(call_roll(
        &mut engine,
        &directory,
        1,
        "accounts before groups",
        Roll::Whole,
        &in_order,
        true,
        before,
    )?);
    engine.check_invariants()?;
    print(&directory, &costs);
    Ok(())
}

fn arguments() -> Result<Directory, Box<dyn Error>> {
    let mut directory = Directory::new(100_000);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        use lexopt::prelude::*;
        match argument {
            Long("accounts") => directory.accounts = arguments.value()?.parse()?,
            Long("memberships") => directory.memberships = arguments.value()?.parse()?,
            Long("attributes") => directory.attributes = arguments.value()?.parse()?,
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(directory)
}

/// One session: pages made one at a time outside of what is timed, pushed, completed.
#[allow(clippy::too_many_arguments, reason = "a row of the table each")]
fn call_roll(
    engine: &mut Engine,
    directory: &Directory,
    number: u32,
    name: &'static str,
    roll: Roll,
    order: &[u32],
    accounts_first: bool,
    heap_before: usize,
) -> Result<Cost, Box<dyn Error>> {
    let session = roll::start(engine, number)?;
    let named = directory.named(roll, order);
    let records = named.len() as u64 + u64::from(directory.teams());
    let mut cost = Cost {
        name,
        records,
        pushing: Duration::ZERO,
        slowest_page: Duration::ZERO,
        completing: Duration::ZERO,
        changes: 0,
        deactivated: 0,
        heap_bytes: 0,
    };
    let bar = ProgressBar::new(records).with_message(name);
    bar.set_style(ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len}")?);
    let account_pages = named.chunks(PAGE as usize).map(|numbers| directory.accounts_page(roll, numbers));
    let team_pages = directory.team_pages().map(|numbers| directory.teams_page(numbers));
    let pages: Box<dyn Iterator<Item = Page<'static>>> = if accounts_first {
        Box::new(account_pages.chain(team_pages))
    } else {
        Box::new(team_pages.chain(account_pages))
    };
    for page in pages {
        let begun = Instant::now();
        let outcome = roll::push(engine, session, &page)?;
        let took = begun.elapsed();
        cost.pushing += took;
        cost.slowest_page = cost.slowest_page.max(took);
        cost.changes += engine.changes().len() as u64;
        bar.inc(u64::from(outcome.total));
    }
    bar.finish_and_clear();
    let begun = Instant::now();
    cost.deactivated = roll::complete(engine, session)?;
    cost.completing = begun.elapsed();
    cost.changes += engine.changes().len() as u64;
    drop(named);
    cost.heap_bytes = Counts::now().held().saturating_sub(heap_before);
    Ok(cost)
}

fn print(directory: &Directory, costs: &[Cost]) {
    println!(
        "{} accounts of {} memberships and {} attributes, {} teams; engine time alone, pages of {PAGE}",
        directory.accounts,
        directory.memberships,
        directory.attributes,
        directory.teams()
    );
    println!(
        "{:24}{:>12}{:>10}{:>14}{:>14}{:>12}{:>12}{:>14}",
        "roll",
        "records/s",
        "ns/record",
        "slowest page",
        "complete",
        "changes",
        "deactivated",
        "heap B/record"
    );
    for cost in costs {
        println!(
            "{:24}{:>12.0}{:>10.0}{:>11.2} ms{:>11.2} ms{:>12}{:>12}{:>14.0}",
            cost.name,
            cost.records as f64 / cost.pushing.as_secs_f64(),
            cost.pushing.as_nanos() as f64 / cost.records as f64,
            cost.slowest_page.as_secs_f64() * 1e3,
            cost.completing.as_secs_f64() * 1e3,
            cost.changes,
            cost.deactivated,
            cost.heap_bytes as f64 / cost.records as f64,
        );
    }
    if let Some(peak) = peak_memory() {
        println!("peak memory of the whole process: {peak}");
    }
}

/// As the system tells it, where it does.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.trim_start_matches("VmHWM:").trim().to_owned())
}
