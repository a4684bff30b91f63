//! What the peers keep on the heap. The program `headcount-peers-heap` counts it and writes it as JSON;
//! here is what it writes, and how the benchmark asks for it.

use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::Result;

/// What one peer takes for a directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Heap {
    /// The peer.
    pub name: String,
    /// Bytes after the first roll.
    pub live: u64,
    /// The most that there were during that roll; `None` where nobody counts it.
    pub peak: Option<u64>,
    /// Bytes after 20 more rolls that each changed 5% of the accounts; of headcount alone.
    pub churned: Option<u64>,
    /// The payload then.
    pub churned_payload: Option<u64>,
}

/// What the peers take for a directory, and what it holds itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeapReport {
    /// Accounts in the directory.
    pub accounts: u32,
    /// Bytes of the texts of all records, the ids in references among them.
    pub payload: u64,
    /// Of each peer within the process.
    pub peers: Vec<Heap>,
}

impl HeapReport {
    /// What a peer takes.
    pub fn of(&self, name: &str) -> Option<&Heap> {
        self.peers.iter().find(|heap| heap.name == name)
    }

    /// Runs the program that counts.
    ///
    /// # Errors
    /// Where it cannot be run, or fails.
    pub fn count(program: &Path, accounts: u32) -> Result<Self> {
        let output = Command::new(program).arg(accounts.to_string()).output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", program.display(), String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}
