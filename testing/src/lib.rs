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

pub mod busy;
pub mod compare;
pub mod copy;
pub mod directory;
pub mod explore;
pub mod fuzz;
pub mod generate;
pub mod golden;
pub mod lenient;
pub mod model;
pub mod mutate;
pub mod random;
pub mod reached;
pub mod regression;
pub mod roll;
pub mod scenario;
pub mod seeds;
pub mod sequences;
pub mod small;
pub mod tidy;
