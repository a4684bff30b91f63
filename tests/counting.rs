//! Counts what a page allocates. The tests take turns, so that each counts what is its own.

use std::alloc::System;
use std::sync::{Mutex, PoisonError};

use headcount::{Config, Fingerprint, Timestamp};
use headcount_testing::directory::{Directory, Roll};
use headcount_testing::roll;
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
