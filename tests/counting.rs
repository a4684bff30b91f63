//! Counts what a page allocates. One test in a binary of its own, so that nothing else allocates.

use std::alloc::System;

use headcount::Config;
use headcount_testing::directory::{Directory, Roll};
use headcount_testing::roll;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn an_unchanged_page_allocates_a_few_lists_and_nothing_for_a_record() {
    let directory = Directory::new(2_000);
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let numbers = directory.in_order();
    for number in 1..=2 {
        let session = roll::start(&mut engine, number).expect("a session");
        let mut later_pages = Vec::new();
        for (at, numbers) in numbers.chunks(100).enumerate() {
            let page = directory.accounts_page(Roll::Whole, numbers);
            let region = Region::new(ALLOCATOR);
            let outcome = roll::push(&mut engine, session, &page).expect("a page");
            let allocations = region.change().allocations;
            if number == 2 {
                assert_eq!(outcome.unchanged, 100);
                // The lists of a checked page and of its rows.
                assert!(allocations <= 12, "page {at}: {allocations} allocations");
                later_pages.extend((at > 0).then_some(allocations));
            }
        }
        // The first page guesses wrong once. Behind it none is special: the seen bits lie where the first roll's lay.
        assert!(later_pages.windows(2).all(|pages| pages[0] == pages[1]), "{later_pages:?}");
        assert_eq!(roll::complete(&mut engine, session), Ok(0));
    }
}
