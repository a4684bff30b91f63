//! Pages by their fingerprints beside pages in full: two engines that must stay equal. `cargo fuzz run repeat`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headcount_testing::fuzz::repeat(bytes));
