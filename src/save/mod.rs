//! The whole state at once: summed up, checked, saved and loaded.

mod digest;
mod invariants;
mod records;
#[cfg(feature = "serde")]
mod snapshot;

pub use digest::{DigestParts, TableDigests};
#[cfg(feature = "serde")]
pub use snapshot::{RestoreError, Snapshot, SnapshotRef};
