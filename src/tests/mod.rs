//! Tests of the core from within: what its commands look at, counted where they do it.

mod broken;
mod costs;
mod costs_of_records;
mod costs_of_whole;
pub(crate) mod work;
