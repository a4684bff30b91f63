//! Random commands, the engine beside the reference model: `cargo fuzz run commands`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headcount_testing::fuzz::commands(bytes));
