//! Bytes as a journal: what can be read is carried out, twice, and replays to the same. `cargo fuzz run journal`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headcount_testing::fuzz::journal(bytes));
