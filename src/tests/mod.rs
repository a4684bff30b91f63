//! Tests of the core from within: what its commands look at, counted where they do it.

mod costs;
pub(crate) mod work;
