//! What headcount's tests, fuzz targets, benches and examples share.
#![allow(missing_docs, reason = "moved as they were")]

pub mod busy;
pub mod compare;
pub mod directory;
pub mod generate;
pub mod model;
pub mod mutate;
pub mod random;
pub mod roll;
pub mod script;
