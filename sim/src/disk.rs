//! A disk in memory, which loses what was not synced: what the reference store lies on.

use std::collections::BTreeMap;

use headcount_testing::random::Random;

/// Files by name. A file's name is there, and goes, at once and for ever; what is in it is only durable once it is
/// [synced](Self::sync).
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
    is_full: bool,
    /// So many writes, syncs and removals happen until the machine stops.
    left: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct File {
    bytes: Vec<u8>,
    /// So many of them survive a crash as they are.
    synced: usize,
}

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Disk {
    /// The names that begin so, in order.
    pub fn names(&self, beginning: &str) -> Vec<String> {
        self.files.keys().filter(|name| name.starts_with(beginning)).cloned().collect()
    }

    /// What is in a file; nothing where there is none.
    pub fn read(&self, name: &str) -> &[u8] {
        self.files.get(name).map_or(&[], |file| &file.bytes)
    }

    /// Makes a file, if there is none, and writes at its end.
    ///
    /// # Errors
    /// Where the disk is full. A part may have been written.
    pub fn append(&mut self, name: &str, bytes: &[u8]) -> Result<(), Full> {
        if self.has_stopped() {
            return Ok(());
        }
        let written = if self.is_full { bytes.len() / 2 } else { bytes.len() };
        self.files.entry(name.to_owned()).or_default().bytes.extend_from_slice(&bytes[..written]);
        if written < bytes.len() { Err(Full) } else { Ok(()) }
    }

    /// Waits until all of a file is durable.
    pub fn sync(&mut self, name: &str) {
        if self.has_stopped() {
            return;
        }
        if let Some(file) = self.files.get_mut(name) {
            file.synced = file.bytes.len();
        }
    }

    /// Cuts a file off.
    pub fn truncate(&mut self, name: &str, length: usize) {
        if self.has_stopped() {
            return;
        }
        if let Some(file) = self.files.get_mut(name) {
            file.bytes.truncate(length);
            file.synced = file.synced.min(length);
        }
    }

    /// Removes a file.
    pub fn remove(&mut self, name: &str) {
        if !self.has_stopped() {
            self.files.remove(name);
        }
    }

    /// Lets it be full, or no more.
    pub const fn fill(&mut self, is_full: bool) {
        self.is_full = is_full;
    }

    /// Lets the machine stop after so many writes, syncs and removals: what comes then does nothing, and nobody notices
    /// until the [crash](Self::crash).
    pub const fn stop_after(&mut self, steps: usize) {
        self.left = Some(steps);
    }

    fn has_stopped(&mut self) -> bool {
        match &mut self.left {
            None => false,
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
        }
    }

    /// The machine stops: of what was not synced any part is left, and the last of that may be something else.
    pub fn crash(&mut self, random: &mut Random) {
        self.left = None;
        for file in self.files.values_mut() {
            let open = file.bytes.len() - file.synced;
            if open == 0 {
                continue;
            }
            let left = match random.below(4) {
                0 => 0,
                1 => open,
                _ => random.below(open + 1),
            };
            file.bytes.truncate(file.synced + left);
            if left > 0 && random.below(3) == 0 {
                // A sector that did not come.
                let from = file.synced + random.below(left);
                file.bytes[from..].fill(0);
            }
            file.synced = file.bytes.len();
        }
    }
}
