//! Bytes as a snapshot: an error, or an engine that keeps every rule. `cargo fuzz run snapshot`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headcount_testing::fuzz::snapshot(bytes));
