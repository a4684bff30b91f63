//! Input of somebody who means harm, or whose program is broken: each test is a promise. What it may take of the heap
//! is in `input_memory.rs`, what commands look at in `../src/tests/`.

mod clocks;
mod counters;
mod formats;
mod ids;
mod texts;

use headcount::Engine;

/// All that can be told of a state: its digest, and its snapshot to the last bit.
fn whole(engine: &Engine) -> (u128, Vec<u8>) {
    (engine.digest(), postcard::to_allocvec(&engine.snapshot()).expect("bytes"))
}
