//! The whole state.
pub(crate) mod digest;
pub(crate) mod invariants;
#[cfg(feature = "serde")]
pub(crate) mod snapshot;
