//! The bodies of the fuzz targets, so that tests on stable run them too.

mod commands;
mod journal;
pub mod journal_file;
mod page;
mod repeat;
mod snapshot;

pub use commands::commands;
pub use journal::journal;
pub(crate) use journal_file::written;
pub use page::page_json;
pub use repeat::{Repeats, repeat, repeats};
pub(crate) use snapshot::changed;
pub use snapshot::snapshot;

/// A fuzz target: its name, and what it does with an input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its binary in `fuzz/`, and of its folder of seeds.
    pub name: &'static str,
    /// Panics on a finding.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "commands", run: commands },
    Target { name: "page_json", run: page_json },
    Target { name: "snapshot", run: snapshot },
    Target { name: "repeat", run: repeat },
    Target { name: "journal", run: journal },
];
