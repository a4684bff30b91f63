//! Counts what a page allocates. The tests take turns, so that each counts what is its own.

use std::alloc::System;
use std::sync::{Mutex, PoisonError};

use headcount::{Config, Fingerprint, Page, Timestamp};
use headcount_testing::directory::{Directory, Roll};
use headcount_testing::roll;
use headcount_testing::small::group;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

static TURN: Mutex<()> = Mutex::new(());

/// In stored order and in another: what an unchanged page needs is kept from the page before, and the seen bits
/// lie where the roll before left them.
#[test]
fn an_unchanged_page_allocates_nothing() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = Directory::new(2_000);
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let (in_order, shuffled) = (directory.in_order(), directory.shuffled());
    for (number, numbers) in (1..).zip([&in_order, &in_order, &shuffled, &in_order]) {
        let session = roll::start(&mut engine, number).expect("a session");
        for (at, numbers) in numbers.chunks(100).enumerate() {
            let page = directory.accounts_page(Roll::Whole, numbers);
            let region = Region::new(ALLOCATOR);
            let outcome = roll::push(&mut engine, session, &page).expect("a page");
            let allocations = region.change().allocations;
            if number > 1 {
                assert_eq!(outcome.unchanged, 100);
                assert_eq!(allocations, 0, "roll {number}, page {at}");
            }
        }
        assert_eq!(roll::complete(&mut engine, session), Ok(0));
    }
}

#[test]
fn a_repeated_page_allocates_nothing() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = Directory::new(20_000);
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let pages: Vec<Vec<u32>> = directory.in_order().chunks(100).map(<[u32]>::to_vec).collect();
    let session = roll::start(&mut engine, 1).expect("a session");
    for (number, numbers) in (0..).zip(&pages) {
        let page = directory.accounts_page(Roll::Whole, numbers).with_fingerprint(Fingerprint(number));
        let _ = roll::push(&mut engine, session, &page).expect("a page");
    }
    assert_eq!(roll::complete(&mut engine, session), Ok(0));
    let session = roll::start(&mut engine, 2).expect("a session");
    let mut repeat = |number: usize| {
        let (now, fingerprint) = (Timestamp(0), Fingerprint(number as u128));
        engine.repeat_page(now, roll::APP, session, "account", fingerprint).expect("a known page")
    };
    // The last page first: then there is room for the roll.
    assert_eq!(repeat(pages.len() - 1).unchanged, 100);
    let region = Region::new(ALLOCATOR);
    for number in 0..pages.len() {
        let _ = repeat(number);
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations, change.deallocations), (0, 0, 0));
}

/// Ten of so many accounts and one of the teams go. How often a purge of them allocates, and how many bytes.
fn purging(accounts: u32) -> (usize, usize) {
    let directory = Directory::new(accounts);
    let mut engine = roll::engine(Config::new()).expect("an engine");
    for (number, gone) in [(1, 0), (2, 10)] {
        let session = roll::start(&mut engine, number).expect("a session");
        for teams in directory.team_pages() {
            let _ = roll::push(&mut engine, session, &directory.teams_page(teams)).expect("a page");
        }
        let team = if number == 1 { "one that goes" } else { "another" };
        let _ = roll::push(&mut engine, session, &Page::groups([group(team, "Name")])).expect("a page");
        let named: Vec<u32> =
            (0..accounts).filter(|account| account % (accounts / 10) >= gone / 10).collect();
        for numbers in named.chunks(100) {
            let page = directory.accounts_page(Roll::Whole, numbers);
            let _ = roll::push(&mut engine, session, &page).expect("a page");
        }
        let _ = roll::complete(&mut engine, session).expect("a cleanup");
    }
    engine.forget_changes();
    let region = Region::new(ALLOCATOR);
    let outcome = engine.purge_inactive(Timestamp(9), roll::APP, Timestamp(9)).expect("a purge");
    let change = region.change();
    assert_eq!(outcome.purged, 11);
    (change.allocations + change.reallocations, change.bytes_allocated)
}

#[test]
fn a_purge_allocates_for_what_goes_however_many_records_there_are() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (few, many) = (purging(10_000), purging(100_000));
    assert!(many.0 <= few.0 + 10, "{} allocations among 100,000 records, {} among 10,000", many.0, few.0);
    // A set of rows has 8 KiB for the 65,536 among which one of its own lies.
    assert!(many.1 <= few.1 + 64 * 1024, "{} bytes among 100,000 records, {} among 10,000", many.1, few.1);
}
