//! The hot paths of the engine, on the synthetic directory.
//!
//! `cargo bench`. Sizes are small enough for a few minutes; `--example big_roll` shows the large ones.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use headcount::{Config, Engine, Page, SessionId, Snapshot};
use headcount_testing::directory::{Directory, PAGE, Roll};
use headcount_testing::roll;
use std::hint::black_box;

const ACCOUNTS: u32 = 50_000;
const DIRECTORY: Directory = Directory::new(ACCOUNTS);

fn account_pages(roll: Roll, order: &[u32]) -> Vec<Page<'static>> {
    let named = DIRECTORY.named(roll, order);
    named.chunks(PAGE as usize).map(|numbers| DIRECTORY.accounts_page(roll, numbers)).collect()
}

fn team_pages() -> Vec<Page<'static>> {
    DIRECTORY.team_pages().map(|numbers| DIRECTORY.teams_page(numbers)).collect()
}

fn empty() -> Engine {
    roll::engine(Config::new().with_hash_key([9; 16])).expect("an engine")
}

fn start(engine: &mut Engine, number: u32) -> SessionId {
    roll::start(engine, number).expect("a session")
}

fn push_all(engine: &mut Engine, session: SessionId, pages: &[Page<'_>]) {
    for page in pages {
        let _ = black_box(roll::push(engine, session, page).expect("a page"));
    }
}

fn complete(engine: &mut Engine, session: SessionId) -> u64 {
    roll::complete(engine, session).expect("a cleanup")
}

/// An engine that has called the roll of the whole directory once.
fn filled() -> Engine {
    let mut engine = empty();
    let session = start(&mut engine, 1);
    push_all(&mut engine, session, &team_pages());
    push_all(&mut engine, session, &account_pages(Roll::Whole, &DIRECTORY.in_order()));
    complete(&mut engine, session);
    engine
}

fn push(c: &mut Criterion) {
    let mut group = c.benchmark_group("push");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(ACCOUNTS)));
    let (in_order, shuffled) = (DIRECTORY.in_order(), DIRECTORY.shuffled());
    let whole = account_pages(Roll::Whole, &in_order);
    let teams = team_pages();
    for (name, teams_first) in [("cold", true), ("accounts_before_groups", false)] {
        let set_up = || {
            let mut engine = empty();
            let session = start(&mut engine, 1);
            if teams_first {
                push_all(&mut engine, session, &teams);
            }
            (engine, session)
        };
        let run = |(mut engine, session): (Engine, SessionId)| {
            push_all(&mut engine, session, &whole);
            engine
        };
        group.bench_function(name, |b| b.iter_batched(set_up, run, BatchSize::PerIteration));
    }
    let mut engine = filled();
    let mut number = 1;
    for (name, pages) in [
        ("unchanged", vec![whole.clone()]),
        ("unchanged_shuffled", vec![account_pages(Roll::Whole, &shuffled)]),
        // There and back, so that each roll finds 1% changed.
        ("changed_1_percent", vec![account_pages(Roll::Later, &in_order), whole.clone()]),
    ] {
        let mut rolls = pages.iter().cycle();
        group.bench_function(name, |b| {
            b.iter(|| {
                number += 1;
                let session = start(&mut engine, number);
                push_all(&mut engine, session, rolls.next().expect("a cycle"));
            });
        });
    }
    group.finish();
}

fn complete_stale(c: &mut Criterion) {
    let mut group = c.benchmark_group("complete");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(ACCOUNTS)));
    for (name, one_in) in [("stale_0.1_percent", 1_000), ("stale_50_percent", 2)] {
        let named: Vec<u32> = (0..ACCOUNTS).filter(|number| number % one_in != 0).collect();
        let pages: Vec<_> = named
            .chunks(PAGE as usize)
            .map(|numbers| DIRECTORY.accounts_page(Roll::Whole, numbers))
            .collect();
        let teams = team_pages();
        let set_up = || {
            let mut engine = filled();
            let session = start(&mut engine, 2);
            push_all(&mut engine, session, &teams);
            push_all(&mut engine, session, &pages);
            (engine, session)
        };
        let run = |(mut engine, session): (Engine, SessionId)| {
            black_box(complete(&mut engine, session));
            engine
        };
        group.bench_function(name, |b| b.iter_batched(set_up, run, BatchSize::PerIteration));
    }
    group.finish();
}

fn whole_state(c: &mut Criterion) {
    let mut group = c.benchmark_group("state");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(ACCOUNTS)));
    let engine = filled();
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    group.bench_function("digest", |b| b.iter(|| engine.digest()));
    group.bench_function("save", |b| b.iter(|| postcard::to_allocvec(&engine.snapshot()).expect("bytes")));
    group.bench_function("load", |b| {
        b.iter(|| {
            let snapshot: Snapshot = postcard::from_bytes(&saved).expect("a snapshot");
            Engine::restore(Config::new(), snapshot).expect("an engine")
        });
    });
    group.finish();
}

criterion_group!(benches, push, complete_stale, whole_state);
criterion_main!(benches);
