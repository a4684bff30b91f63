//! Tests of the core from within: what its commands look at, counted where they do it.

mod costs;
mod costs_of_records;
pub(crate) mod work;
