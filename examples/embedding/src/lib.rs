//! The code of the guide `EMBEDDING.md`: its larger example, [`Projection`], and as doctests the others.

mod projection;

pub use projection::{Projection, ProjectionError};

#[cfg(doctest)]
#[doc = include_str!("../../../EMBEDDING.md")]
struct Guide;
