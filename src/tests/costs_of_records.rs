//! What it costs to erase a record, counted at two sizes.

use super::costs::{APP, FEW, MANY, NOW, accounts, clean_up, complete, engine, push, start, total};
use super::work::{self, Work};
use crate::*;

/// An engine of so many accounts, of which the first twenty are inactive, and so is their team.
fn engine_without_a_team(count: u32) -> Engine {
    let mut engine = engine(count);
    start(&mut engine, 2);
    for first in (20..count).step_by(10_000) {
        let _ = push(&mut engine, 2, &accounts(first..count.min(first + 10_000), "x"));
    }
    complete(&mut engine, 2);
    assert_eq!(clean_up(&mut engine, 2, u64::MAX).deactivated, 21);
    engine
}

fn erase(engine: &mut Engine, slug: &str, id: &str) -> (PurgeOutcome, Work) {
    let (outcome, work) = work::of(|| engine.erase_record(NOW, APP, slug, id));
    (outcome.expect("it is inactive, and nobody refers to it"), work)
}

#[test]
fn to_erase_an_account_looks_at_no_other_and_a_group_at_those_that_are_inactive() {
    // Not many: in unit tests a table with more than 1,024 rows is numbered anew.
    for count in [200, FEW] {
        let mut engine = engine_without_a_team(count);
        let (outcome, work) = erase(&mut engine, "account", "u0000007");
        assert_eq!((outcome.purged, outcome.references), (1, 0));
        assert!(total(&work) <= 100, "{work:?} at {count} records");
        let (outcome, work) = erase(&mut engine, "team", "g0");
        assert_eq!((outcome.purged, outcome.references), (1, 19));
        assert!(work.records <= 20 * 20, "{work:?} at {count} records");
        // What is active and what is gone of each word, and a few for each that refers to it.
        assert!(work.words <= 2 * u64::from(count / 64 + 1) + 20 * 40, "{work:?} at {count} records");
    }
}
