//! Changes projected into SQL tables: the larger example of the guide `EMBEDDING.md`.
//!
//! [`Projection`] follows an engine command by command. Copy it, and make its tables your own. [`Host`] puts it behind a
//! [`journal`], and says what a crash between any two of its steps does.

mod host;
#[path = "../../quickstart/examples/journal/file.rs"]
pub mod journal;
mod projection;

pub use host::{Host, HostError, Step};
pub use projection::{Projection, ProjectionError};
