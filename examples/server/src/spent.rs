//! Where time went: told in the log when the server stops.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Times in nanoseconds, and counts.
#[derive(Debug, Default)]
pub struct Spent {
    commands: AtomicU64,
    transactions: AtomicU64,
    disk: AtomicU64,
    engine: AtomicU64,
    parse: AtomicU64,
    hash: AtomicU64,
    bodies: AtomicU64,
}

fn add(to: &AtomicU64, took: Duration) {
    to.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
}

impl Spent {
    /// Notes a transaction of so many commands.
    pub fn note_transaction(&self, commands: usize, took: Duration) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
        self.commands.fetch_add(commands as u64, Ordering::Relaxed);
        add(&self.disk, took);
    }

    /// Notes what an engine took for a command.
    pub fn note_engine(&self, took: Duration) {
        add(&self.engine, took);
    }

    /// Notes that a request's body was parsed, and how long it took.
    pub fn note_parse(&self, took: Duration) {
        self.bodies.fetch_add(1, Ordering::Relaxed);
        add(&self.parse, took);
    }

    /// Notes that a request's body was hashed, and how long it took.
    pub fn note_hash(&self, took: Duration) {
        add(&self.hash, took);
    }

    /// How many bodies were parsed.
    pub fn bodies_parsed(&self) -> u64 {
        self.bodies.load(Ordering::Relaxed)
    }

    /// Tells it all.
    pub fn log(&self, is_durable: bool) {
        let spent = |of: &AtomicU64| Duration::from_nanos(of.load(Ordering::Relaxed));
        tracing::info!(
            commands = self.commands.load(Ordering::Relaxed),
            transactions = self.transactions.load(Ordering::Relaxed),
            bodies = self.bodies_parsed(),
            parse = ?spent(&self.parse),
            hash = ?spent(&self.hash),
            engine = ?spent(&self.engine),
            disk = ?spent(&self.disk),
            durable = is_durable,
            "stopped"
        );
    }
}
