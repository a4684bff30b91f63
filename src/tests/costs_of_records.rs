//! What it costs to erase a record, to read lists from behind one, and to hold a completion to a guard, counted at two
//! sizes.

use alloc::format;

use super::costs::{APP, FEW, MANY, NOW, accounts, app, clean_up, complete, engine, push, start, total};
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

#[test]
fn to_read_from_behind_a_record_looks_at_none_before_it() {
    let engine = engine(MANY);
    for id in ["u0000007", "u0050000", "u0099900"] {
        for filter in [RecordFilter::All, RecordFilter::Active] {
            let behind = || app(&engine).records_behind("account", filter, id).expect("it is on record");
            let (shown, work) = work::of(|| behind().take(50).count());
            assert_eq!((shown, work.numbers), (50, 0));
            assert!(work.records <= 2 && work.words <= 8, "{work:?} behind {id}");
        }
    }
}

#[test]
fn to_count_what_dangles_costs_a_bit_of_each_record_and_the_count_of_each_that_is_inactive_and_full() {
    for count in [FEW, MANY] {
        let engine = engine_without_a_team(count);
        let dangling = |slug| app(&engine).records(slug, RecordFilter::Dangling).expect("the type").len();
        let (none, work) = work::of(|| dangling("account"));
        assert_eq!((none, work.records, work.numbers), (0, 0, 20));
        assert!(work.words <= 3 * u64::from(count / 64 + 1), "{work:?} at {count} records");
        // Its one inactive record is a placeholder.
        assert_eq!(work::of(|| dangling("team")).1.numbers, 0);
    }
}

/// Where deltas settled something, a guard is held to a bit of each record of its type, and else to none.
#[test]
fn what_a_guard_holds_a_completion_to_is_counted_unless_deltas_came() {
    for count in [FEW, MANY] {
        let mut engine = engine(count);
        let guard =
            AppUpdate::default().with_guard(Guard::NONE.with_max_percent(100).with_max_type_percent(100));
        engine.update_app(NOW, APP, &guard).expect("a guard");
        start(&mut engine, 2);
        let (_, work) = work::of(|| complete(&mut engine, 2));
        assert_eq!(work, Work::default(), "no delta came");
        start(&mut engine, 3);
        let _ = engine.deactivate_records(NOW, APP, "account", &["u0000001"]).expect("a delta");
        let (_, work) = work::of(|| complete(&mut engine, 3));
        assert_eq!((work.records, work.numbers), (0, 0));
        // Active, seen, settled and placeholders of each word, for both percentages.
        assert!(work.words <= 2 * 4 * u64::from(count / 64 + 1), "{work:?} at {count} records");
        let (_, work) = work::of(|| start(&mut engine, 4));
        assert!(count == FEW || work.words > 0, "the cleanup is ended first");
        let (_, work) = work::of(|| start(&mut engine, 5));
        assert_eq!(work, Work::default(), "what was settled goes at once");
    }
}

/// Of teams of twenty, the last one.
#[test]
fn members_that_are_indexed_cost_what_is_read_and_are_kept_up_by_what_changes() {
    let works = [FEW, MANY].map(|count| {
        let mut engine = engine(count);
        let (_, made) = work::of(|| engine.index_members(APP, "team"));
        assert!(made.records >= u64::from(count), "each account is looked at once");
        let (_, again) = work::of(|| engine.index_members(APP, "team"));
        assert_eq!(again, Work::default(), "it is there");
        let last = format!("g{}", count / 20 - 1);
        let team = app(&engine).record("team", &last).expect("a placeholder");
        let (found, read) = work::of(|| team.members().count());
        let (page, part) = work::of(|| team.members().take(5).count());
        assert_eq!((found, page), (20, 5));
        assert_eq!((read.records, read.words), (0, 0), "no account is looked for");
        let behind = format!("u{:07}", count - 3);
        let (rest, from_behind) =
            work::of(|| team.members_behind("account", &behind).map(|members| members.count()));
        assert!(
            rest == Some(2) && from_behind.words <= 2,
            "{from_behind:?}: the account itself is looked up"
        );
        start(&mut engine, 2);
        let _ = push(&mut engine, 2, &accounts(0..1, "x"));
        let (_, unchanged) = work::of(|| push(&mut engine, 2, &accounts(0..100, "x")));
        // Other texts, and the same teams.
        let (_, renamed) = work::of(|| push(&mut engine, 2, &accounts(0..100, "y")));
        let moved =
            Page::accounts((0..100_u32).map(|number| {
                Account::new(format!("u{number:07}")).with_username("y").member_of("team", "g0")
            }));
        let (_, moved) = work::of(|| push(&mut engine, 2, &moved));
        engine.check_invariants().expect("an index that is kept");
        [read, part, from_behind, unchanged, renamed, moved]
    });
    assert_eq!(works[0], works[1], "at {FEW} and at {MANY} accounts");
}

/// An index changes nothing of what a page does that changes no reference.
#[test]
fn an_index_costs_a_page_nothing_that_changes_no_reference() {
    let works = [false, true].map(|is_indexed| {
        let mut engine = engine(FEW);
        if is_indexed {
            engine.index_members(APP, "team").expect("a type");
        }
        start(&mut engine, 2);
        let pages = [accounts(0..100, "x"), accounts(0..100, "x"), accounts(100..200, "y")];
        pages.map(|page| work::of(|| push(&mut engine, 2, &page)).1)
    });
    assert_eq!(works[0], works[1]);
}
