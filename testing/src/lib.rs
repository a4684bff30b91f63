//! What headcount's tests, fuzz targets, benches and examples share. Never published.
//!
//! - [`model`] is the contract once more, naive; [`compare`] runs the engine beside it.
//! - [`copy`] is built from changes alone.
//! - [`generate`] and [`busy`] make histories of commands from bytes, [`random`] makes bytes from a seed.
//! - [`lenient`] holds lenient pages against strict ones.
//! - [`mutate`] changes snapshots in some places.
//! - [`explore`] takes every sequence of commands in a small universe.
//! - [`fuzz`] has the bodies of the fuzz targets, [`seeds`] their seeds, [`reached`] what histories come to.
//! - [`golden`] is what was promised: journals, snapshots, codes and forms, held against files.
//! - [`regression`] lets a property that failed once be tried with the same input for ever.
//! - [`directory`] is a synthetic directory of any size, [`roll`] pushes it.
//! - [`scenario`] runs the scenarios.
//! - [`sequences`] runs random histories on engine, model, replica, copy and journal.
//! - [`small`] is a small engine to try one thing on.
//! - [`tidy`] checks a source tree: what is banned, how long things are, who imports whom.
//!
//! Without the feature `all` there are those alone that need little beside the core.

pub mod busy;
pub mod compare;
pub mod copy;
pub mod directory;
#[cfg(feature = "all")]
pub mod explore;
#[cfg(feature = "all")]
pub mod fuzz;
pub mod generate;
#[cfg(feature = "all")]
pub mod golden;
#[cfg(feature = "all")]
pub mod lenient;
pub mod model;
#[cfg(feature = "all")]
pub mod mutate;
pub mod random;
#[cfg(feature = "all")]
pub mod reached;
#[cfg(feature = "all")]
pub mod regression;
#[cfg(feature = "all")]
pub mod roll;
#[cfg(feature = "all")]
pub mod scenario;
#[cfg(feature = "all")]
pub mod seeds;
#[cfg(feature = "all")]
pub mod sequences;
#[cfg(feature = "all")]
pub mod small;
#[cfg(feature = "all")]
pub mod tidy;
