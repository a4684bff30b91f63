//! Counts what a page allocates. One test in a binary of its own, so that nothing else allocates.

use std::alloc::System;

use headcount::Config;
use headcount_testing::directory::{Directory, Roll};
use headcount_testing::roll;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// In stored order and in another: what an unchanged page needs is kept from the page before, and the seen bits
/// lie where the roll before left them.
#[test]
fn an_unchanged_page_allocates_nothing() {
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
