//! Bytes as the body of a push: an error, or a page that the engine keeps every rule with. `cargo fuzz run page_json`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headcount_testing::fuzz::page_json(bytes));
