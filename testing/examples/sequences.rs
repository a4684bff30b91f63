//! Random sequences of commands on engine, model, replica, copy and journal:
//!
//! ```sh
//! cargo run --release -p headcount-testing --example sequences -- --sequences 1000000 --threads 2 --seed 1
//! cargo run --release -p headcount-testing --example sequences -- --replay 0a1b2c…
//! ```
//!
//! Each thread has a seed of its own, which follows from the one given, so a run can be had again. A sequence in
//! which something differs is printed as bytes, which `--replay` takes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headcount_testing::sequences::corpus::Corpus;
use headcount_testing::sequences::coverage::Coverage;
use headcount_testing::sequences::run;
use lexopt::prelude::*;

const USAGE: &str = "usage: sequences [--sequences N] [--threads N] [--seed N] [--unbiased] [--replay HEX]";

struct Wanted {
    sequences: u64,
    threads: u64,
    seed: u64,
    is_biased: bool,
    replay: Option<Vec<u8>>,
}

fn wanted() -> Result<Wanted, lexopt::Error> {
    let mut wanted = Wanted { sequences: 10_000, threads: 2, seed: 1, is_biased: true, replay: None };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("sequences") => wanted.sequences = parser.value()?.parse()?,
            Long("threads") => wanted.threads = parser.value()?.parse()?,
            Long("seed") => wanted.seed = parser.value()?.parse()?,
            Long("unbiased") => wanted.is_biased = false,
            Long("replay") => wanted.replay = Some(parser.value()?.parse_with(unhex)?),
            other => return Err(other.unexpected()),
        }
    }
    wanted.threads = wanted.threads.max(1);
    Ok(wanted)
}

fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.as_bytes().chunks(2);
    let byte =
        |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    digits.map(|pair| byte(pair).ok_or_else(|| "hexadecimal digits are wanted".to_owned())).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(bytes) = &wanted.replay {
        println!("{}", run(bytes));
        return ExitCode::SUCCESS;
    }
    let (began, done, failed) = (Instant::now(), AtomicU64::new(0), AtomicBool::new(false));
    let coverage = std::thread::scope(|scope| {
        let work = |thread| {
            let (wanted, done, failed) = (&wanted, &done, &failed);
            scope.spawn(move || sequences(wanted, thread, done, failed))
        };
        let threads: Vec<_> = (0..wanted.threads).map(work).collect();
        tell(&wanted, began, &done, || threads.iter().all(std::thread::ScopedJoinHandle::is_finished));
        let mut coverage = Coverage::default();
        for thread in threads {
            coverage.add(&thread.join().expect("it catches what panics"), 0);
        }
        coverage
    });
    println!("{coverage}\n\n{} pairs of a rule and a state", coverage.pairs());
    coverage.missing().iter().for_each(|rule| println!("not exercised: {rule}"));
    let (done, seconds) = (done.into_inner(), began.elapsed().as_secs_f64());
    println!("{done} sequences, {seconds:.1} s, {:.0} a second, seed {}", done as f64 / seconds, wanted.seed);
    if failed.into_inner() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// One thread's part of them, until one fails.
fn sequences(wanted: &Wanted, thread: u64, done: &AtomicU64, failed: &AtomicBool) -> Coverage {
    let mut corpus = Corpus::new(wanted.seed.wrapping_mul(1_000_003).wrapping_add(thread), wanted.is_biased);
    let share = wanted.sequences / wanted.threads + u64::from(thread < wanted.sequences % wanted.threads);
    for _ in 0..share {
        if failed.load(Ordering::Relaxed) {
            break;
        }
        let bytes = corpus.next_bytes();
        let Ok(coverage) = catch_unwind(AssertUnwindSafe(|| run(&bytes))) else {
            failed.store(true, Ordering::Relaxed);
            eprintln!("to see it again: --replay {}", hex(&bytes));
            break;
        };
        corpus.note(bytes, &coverage);
        done.fetch_add(1, Ordering::Relaxed);
    }
    corpus.coverage
}

/// Tells every minute how far they came.
fn tell(wanted: &Wanted, began: Instant, done: &AtomicU64, is_over: impl Fn() -> bool) {
    let (mut told, minute) = (began, Duration::from_secs(60));
    while !is_over() {
        std::thread::sleep(Duration::from_millis(50));
        if told.elapsed() >= minute {
            told = Instant::now();
            let (done, seconds) = (done.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
            println!(
                "{done} of {} sequences, {seconds:.0} s, {:.0} a second",
                wanted.sequences,
                done as f64 / seconds
            );
        }
    }
}
