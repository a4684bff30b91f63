//! Runs seeds, and tells what they reached:
//!
//! ```sh
//! cargo run --release -p headcount-sim -- --seeds 100000
//! cargo run --release -p headcount-sim --features server -- --store server --seeds 100000 --threads 2
//! cargo run --release -p headcount-sim --features replicated -- --store replicated --seeds 200
//! cargo run --release -p headcount-sim -- --seed 17       # this one alone, told line by line
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headcount_sim::memory::Memory;
use headcount_sim::{Failure, Reached, Store, check, run};
use lexopt::prelude::*;

const USAGE: &str = "usage: headcount-sim [--store memory|server|replicated] [--seeds N] [--from SEED] [--threads N] [--seed SEED]";

struct Wanted {
    store: String,
    from: u64,
    seeds: u64,
    threads: u64,
    seed: Option<u64>,
}

fn wanted() -> Result<Wanted, lexopt::Error> {
    let mut wanted = Wanted { store: "memory".to_owned(), from: 0, seeds: 1_000, threads: 1, seed: None };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("store") => wanted.store = parser.value()?.string()?,
            Long("from") => wanted.from = parser.value()?.parse()?,
            Long("seeds") => wanted.seeds = parser.value()?.parse()?,
            Long("threads") => wanted.threads = parser.value()?.parse::<u64>()?.max(1),
            Long("seed") => wanted.seed = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(wanted)
}

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(error) => return refuse(&format!("{error}\n{USAGE}")),
    };
    match wanted.store.as_str() {
        "memory" => simulate(&wanted, |_| Memory::default()),
        #[cfg(feature = "server")]
        "server" => simulate(&wanted, headcount_sim::stores::server::Server::new),
        #[cfg(feature = "replicated")]
        "replicated" => simulate(&wanted, headcount_sim::stores::replicated::Cluster::new),
        store if ["server", "replicated"].contains(&store) => refuse(&format!(
            "this was built without it: cargo run --release -p headcount-sim --features {store} -- --store {store}"
        )),
        _ => refuse(USAGE),
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

fn simulate<S: Store>(wanted: &Wanted, make: impl Fn(u64) -> S + Sync) -> ExitCode {
    let begun = Instant::now();
    let ran = match wanted.seed {
        Some(seed) => run(seed, &mut make(seed)).map(|(reached, trace)| {
            trace.iter().for_each(|line| println!("  {line}"));
            reached
        }),
        None => run_all(wanted, make),
    };
    match ran {
        Ok(reached) => {
            let (seconds, seeds) = (begun.elapsed().as_secs_f64(), reached.seeds as f64);
            println!(
                "{reached} on the store {}, {seconds:.1} s, {:.0} a second",
                wanted.store,
                seeds / seconds
            );
            println!("no promise was broken");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let again = format!("to see it again: --store {} --seed {}", wanted.store, failure.seed);
            refuse(&format!("{failure}\n{again}"))
        }
    }
}

/// Runs the seeds, each thread every so manyth one, until one fails. Tells every minute how far they came.
fn run_all<S: Store>(wanted: &Wanted, make: impl Fn(u64) -> S + Sync) -> Result<Reached, Failure> {
    let (done, begun) = (AtomicU64::new(0), Instant::now());
    let seeds = |thread: u64| {
        let (done, step) = (&done, usize::try_from(wanted.threads).expect("few threads"));
        let seeds = wanted.from..wanted.from + wanted.seeds;
        seeds.skip(thread as usize).step_by(step).inspect(|_| _ = done.fetch_add(1, Ordering::Relaxed))
    };
    std::thread::scope(|scope| {
        let work = |thread| {
            scope.spawn({
                let (seeds, make) = (seeds(thread), &make);
                move || check(seeds, make)
            })
        };
        let threads: Vec<_> = (0..wanted.threads).map(work).collect();
        let mut told = Instant::now();
        while !threads.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            std::thread::sleep(Duration::from_millis(20));
            if told.elapsed() >= Duration::from_secs(60) {
                told = Instant::now();
                let (done, seconds) = (done.load(Ordering::Relaxed), begun.elapsed().as_secs_f64());
                println!(
                    "{done} of {} seeds, {seconds:.0} s, {:.0} a second",
                    wanted.seeds,
                    done as f64 / seconds
                );
            }
        }
        let mut reached = Reached::default();
        for thread in threads {
            reached.add(&thread.join().expect("what panics in a seed is caught there")?);
        }
        Ok(reached)
    })
}
