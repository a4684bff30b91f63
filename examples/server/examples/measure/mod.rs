//! What the examples that measure share: how long pushes took, and what memory a process has.

use std::time::Duration;

/// For how long nothing is asked for until memory counts as that of a server at rest: its allocator gives back what a
/// burst took within ten seconds.
pub(crate) const REST: Duration = Duration::from_secs(12);

/// Resident memory of a process, in MB; zeros where Linux tells nothing of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// What it has now.
    pub(crate) now: u64,
    /// What it had at most, since it began or since its peak was forgotten.
    pub(crate) peak: u64,
}

impl Memory {
    /// Of the process with this number.
    pub(crate) fn of(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let megabytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kibibytes: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            kibibytes.unwrap_or(0) * 1_024 / 1_000_000
        };
        Self { now: megabytes("VmRSS:"), peak: megabytes("VmHWM:") }
    }
}

/// Prints the middle one, the slowest of 99 and of 999, and the slowest, in milliseconds.
pub(crate) fn print(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |thousandths: usize| {
        let place = (took.len() * thousandths / 1_000).min(took.len().saturating_sub(1));
        took.get(place).map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
    };
    println!(
        "{what} ({}): p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, slowest {:.2} ms",
        took.len(),
        at(500),
        at(990),
        at(999),
        at(1_000)
    );
}
