//! What is plugged in here breaks no promise, and a seed is a history. The long runs are commands: see the README.

use headcount_sim::memory::Memory;
use headcount_sim::stores::replicated::Cluster;
use headcount_sim::stores::server::Server;
use headcount_sim::{Failure, Group, Reached, Store, check, run};

fn clean(ran: Result<Reached, Failure>) -> Reached {
    let reached = ran.unwrap_or_else(|failure| panic!("{failure}"));
    println!("{reached}");
    reached
}

#[test]
fn the_reference_store_keeps_its_promises_and_everything_is_reached() {
    let reached = clean(check(0..250, |_| Memory::default()));
    assert_eq!(reached.missing(), []);
    for (group, what) in [
        (Group::Requests, "answered from what is remembered"),
        (Group::Requests, "refused, the disk is full"),
        (Group::Recoveries, "the first few of what was open are there"),
    ] {
        assert!(reached.count(group, what) > 0, "{what}");
    }
}

#[test]
fn the_servers_store_keeps_its_promises() {
    let reached = clean(check(0..40, Server::new));
    assert!(reached.count(Group::Snapshots, "done") > 5);
    assert!(reached.count(Group::Crashes, "in the journal") > 10);
    assert!(reached.count(Group::Requests, "refused, the disk is full") > 0);
}

#[test]
fn the_cluster_keeps_its_promises() {
    let reached = clean(check(0..2, Cluster::new));
    assert!(reached.total(Group::Crashes) > 3);
}

/// What makes a failure come again.
#[test]
fn a_seed_is_the_same_history_each_time() {
    fn twice<S: Store>(seed: u64, make: impl Fn(u64) -> S) -> (Reached, Vec<String>) {
        let first = run(seed, &mut make(seed)).expect("a clean seed");
        assert_eq!(first, run(seed, &mut make(seed)).expect("a clean seed"), "seed {seed}");
        first
    }
    for seed in 0..20 {
        let _ = twice(seed, |_| Memory::default());
        if seed < 4 {
            let _ = twice(seed, Server::new);
        }
    }
    assert_ne!(twice(1, |_| Memory::default()).1, twice(2, |_| Memory::default()).1);
}

/// Among what is told is where the host ends, what comes and what is recovered.
#[test]
fn a_trace_tells_what_happened() {
    let (_, trace) = run(3, &mut Memory::default()).expect("a clean seed");
    for words in ["request ", "ENDS: ", "recovers "] {
        assert!(trace.iter().any(|line| line.contains(words)), "{words}: {trace:#?}");
    }
}
