//! The whole state at once: summed up, checked, saved and loaded.

mod digest;
mod frozen;
mod invariants;
#[cfg(feature = "serde")]
mod layout;
mod marks;
mod remembered;
#[cfg(feature = "serde")]
mod snapshot;
#[cfg(feature = "serde")]
mod table;

pub use digest::{DigestParts, TableDigests};
pub use frozen::FrozenEngine;
#[cfg(feature = "serde")]
pub use snapshot::{RestoreError, Snapshot, SnapshotRef};
