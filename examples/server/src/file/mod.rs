//! The data file: its form, its checksums, and who may write to it.
//!
//! - [`mod@format`]: its tables; [`chain`]: checksums that hold the one before; [`lock`]: one writer, and what it
//!   acknowledged; [`wal`]: what SQLite's write-ahead file lost.
//! - [`verify`]: compares all of it; [`mod@open`]: opens what is good, and closes it so that it is whole by itself.
//! - [`parts`]: a snapshot in parts; [`recover`]: goes on with less, where a person said so; [`backup`]: a copy beside a
//!   server that goes on; [`check`]: all that can be known of a file.

pub mod backup;
pub mod chain;
pub mod check;
pub mod format;
pub mod lock;
pub mod open;
pub mod parts;
pub mod recover;
pub mod verify;
pub mod wal;
