//! Every sequence of commands up to a length, over a universe so small that all of them can be taken: what random
//! histories find by chance is found here for certain, or is not there.
//!
//! - [`universe`] says what there is, and which commands.
//! - [`search`](search()) takes them all, on the engine and on the model.
//! - [`race`] takes one roll with deltas in every order, and asks no model.

mod pages;
pub mod race;
mod search;
pub mod universe;

use std::collections::BTreeMap;

pub use search::{Bounds, Found, search};

use crate::reached::{self, Reached};

/// What no search comes to, and why. Everything else is reached.
pub const UNREACHED: &[(Reached, &str)] = &[];

/// What is not as [`UNREACHED`] says, a line each: what is missing, and what is reached that was not to be.
pub fn surprises(found: &BTreeMap<Reached, u64>) -> Vec<String> {
    let is_excused = |what: &Reached| UNREACHED.iter().any(|(excused, _)| excused == what);
    let missing = |what: &Reached| !found.contains_key(what) && !is_excused(what);
    let all = reached::all();
    let missing = all.iter().filter(|what| missing(what)).map(|what| format!("{what} is never reached"));
    let there = all.iter().filter(|what| found.contains_key(what) && is_excused(what));
    missing.chain(there.map(|what| format!("{what} is reached"))).collect()
}
