//! Golden files: what was promised, written down once. `tests/golden/README.md` tells their rules.
//!
//! - [`histories`] are the journals that the golden ones were written from.
//! - [`journal`] tells what comes of a journal, a line for each command.
//! - [`snapshot`] holds what must load for ever.
//! - [`forms`] is each error, fault, change, reply and command as serde writes it, [`codes`] each code and number.

pub mod codes;
pub mod forms;
pub mod histories;
mod histories_of_attributes;
mod histories_of_steps;
pub mod journal;
pub mod snapshot;
mod writer;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use crate::scenario::Mode;

/// What may become of a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: it is read for ever.
    Frozen,
    /// Lines may be added. Those that are there stay as they are, in their order.
    Grows,
}

/// The folder of golden files.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// Whether files may be written.
    pub mode: Mode,
}

impl Folder {
    /// The bytes of a file, if it is there.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        match fs::read(self.path.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("tests/golden/{name}: {error}")),
        }
    }

    /// The names of the files in a folder with this ending, without it.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn stems(&self, folder: &str, ending: &str) -> Result<Vec<String>, String> {
        let at = |error: io::Error| format!("tests/golden/{folder}: {error}");
        let mut stems = Vec::new();
        for entry in fs::read_dir(self.path.join(folder)).map_err(at)? {
            let name = entry.map_err(at)?.file_name().to_string_lossy().into_owned();
            stems.extend(name.strip_suffix(ending).map(str::to_owned));
        }
        stems.sort();
        Ok(stems)
    }

    /// Holds what came against the file; writes the file if that is what the mode says and its policy allows.
    ///
    /// # Errors
    /// Which promise is broken, where it differs. `promise` says which it is, given the line that was promised and the
    /// one that came, none in a file of bytes.
    pub fn pin(
        &self,
        name: &str,
        policy: Policy,
        came: &[u8],
        promise: impl Fn(Option<(&str, &str)>) -> String,
    ) -> Result<(), String> {
        let Some(promised) = self.read(name)? else {
            return match self.mode {
                Mode::Update => self.write(name, came),
                Mode::Check => Err(format!("tests/golden/{name} is missing: {WRITE}")),
            };
        };
        if promised == came {
            return Ok(());
        }
        let bytes = (&promised, came);
        let (Ok(promised), Ok(came)) = (str::from_utf8(&promised), str::from_utf8(came)) else {
            let (promised, came) = bytes;
            let at = promised.iter().zip(came).take_while(|(a, b)| a == b).count();
            return Err(broken(name, &format!(", from byte {at} on"), &promise(None)));
        };
        if let Some((line, promised, came)) = first_difference(promised, came, policy) {
            let told = format!(", line {line}\n  promised: {promised}\n  came:     {came}");
            return Err(broken(name, &told, &promise(Some((promised, came)))));
        }
        match self.mode {
            Mode::Update => self.write(name, came.as_bytes()),
            Mode::Check => Err(format!("tests/golden/{name} lacks what is new: {WRITE}")),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.path.join(name);
        let folder = path.parent().expect("the folder of golden files is above");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, bytes))
            .map_err(|error| format!("tests/golden/{name}: {error}"))
    }
}

const WRITE: &str = "UPDATE_EXPECT=1 cargo test --test golden";

/// The message of a test that found a promise broken.
pub fn broken(name: &str, told: &str, promise: &str) -> String {
    format!(
        "a promise is broken: {promise}\n  tests/golden/{name}{told}\n  \
         tests/golden/README.md says what to do; UPDATE_EXPECT changes no such file"
    )
}

/// The number of the first promised line that did not come in its place, it, and what came there. In a file that
/// grows, lines that are new may stand between.
fn first_difference<'t>(
    promised: &'t str,
    came: &'t str,
    policy: Policy,
) -> Option<(usize, &'t str, &'t str)> {
    // The last of a list has no comma until there is a next.
    let same = |promised: &str, came: &str| match policy {
        Policy::Frozen => promised == came,
        Policy::Grows => promised.trim_end_matches(',') == came.trim_end_matches(','),
    };
    let mut rest = came.lines();
    for (number, line) in (1..).zip(promised.lines()) {
        let before = rest.clone();
        let is_there = match policy {
            Policy::Frozen => rest.next().is_some_and(|next| same(line, next)),
            Policy::Grows => rest.any(|next| same(line, next)),
        };
        if !is_there {
            return Some((number, line, before.clone().next().unwrap_or("(nothing)")));
        }
    }
    let more = rest.next().filter(|_| policy == Policy::Frozen)?;
    Some((promised.lines().count() + 1, "(nothing)", more))
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes all");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_file_differs_in_any_line() {
        let first = |promised, came| first_difference(promised, came, Policy::Frozen);
        assert_eq!(first("a\nb\n", "a\nb\n"), None);
        assert_eq!(first("a\nb\n", "a\nc\n"), Some((2, "b", "c")));
        assert_eq!(first("a\nb\n", "a\n"), Some((2, "b", "(nothing)")));
        assert_eq!(first("a\n", "a\nb\n"), Some((2, "(nothing)", "b")));
    }

    #[test]
    fn a_file_grows_by_lines_and_loses_or_changes_none() {
        let first = |promised, came| first_difference(promised, came, Policy::Grows);
        assert_eq!(first("[\na\n]\n", "[\na,\nb\n]\n"), None);
        assert_eq!(first("[\na,\nb\n]\n", "[\na,\nx,\nb\n]\n"), None);
        assert_eq!(first("[\na,\nb\n]\n", "[\nb,\na\n]\n"), Some((3, "b", "]")));
        assert_eq!(first("[\na,\nb\n]\n", "[\na,\nc\n]\n"), Some((3, "b", "c")));
    }
}
