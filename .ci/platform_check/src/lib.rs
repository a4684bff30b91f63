//! Replays journals and says in one text what came of them: digests, replies, changes, snapshots. The text
//! must be the same, byte for byte, on every platform; `.ci/platforms` builds it for several and compares.
//!
//! The journals are the golden ones of `tests/golden/journals`, and others that `generate` makes. Together they come to
//! every command, change, error and fault that there is: what they do not is a fault of this program.
#![deny(unsafe_code)]

mod checksum;
mod generate;
mod replay;

#[path = "../../../testing/src/reached.rs"]
#[allow(dead_code, reason = "the tests of the core use more of it")]
mod reached;

mod golden {
    include!(concat!(env!("OUT_DIR"), "/golden.rs"));
}

use std::collections::BTreeSet;
use std::fmt::Write as _;

use reached::Reached;

/// Begins a line that tells of a difference within one platform, between two hash keys, say.
pub const FAULT: &str = "fault:";

/// One line for each journal, and one that tells what they come to.
pub fn report() -> String {
    let golden =
        golden::GOLDEN.iter().map(|&(name, bytes, limits)| replay::Journal::golden(name, bytes, limits));
    let mut text = String::new();
    let mut reached = BTreeSet::new();
    for journal in golden.chain(generate::journals()) {
        let line = replay::report(&journal, &mut reached).unwrap_or_else(|fault| format!("{FAULT} {fault}"));
        writeln!(text, "journal {}: {line}", journal.name).expect("a String takes all");
    }
    // That a session has a status is no outcome of a step.
    let wanted = reached::all().into_iter().filter(|what| !matches!(what, Reached::Session(_)));
    let (found, missing): (Vec<_>, Vec<_>) = wanted.partition(|what| reached.contains(what));
    writeln!(text, "reached: {} outcomes of steps", found.len()).expect("a String takes all");
    for what in missing {
        writeln!(text, "{FAULT} no journal comes to {what}").expect("a String takes all");
    }
    text
}

/// What kind of machine this is: no part of the report.
pub fn platform() -> String {
    let endian = if cfg!(target_endian = "big") { "big" } else { "little" };
    format!("{}, {endian}-endian, {} bits", std::env::consts::ARCH, usize::BITS)
}

/// The report for a host without C strings: where two numbers are, the place and the length of the text.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "a name for the host, that no other symbol of this program has")]
#[unsafe(no_mangle)]
pub extern "C" fn platform_check_report() -> *const [usize; 2] {
    let text = report().leak();
    Box::leak(Box::new([text.as_ptr() as usize, text.len()]))
}
