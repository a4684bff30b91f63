//! Changes projected into SQL tables: the larger example of the guide `EMBEDDING.md`.
//!
//! [`Projection`] follows an engine command by command. Copy it, and make its tables your own.

mod projection;

pub use projection::{Projection, ProjectionError};
