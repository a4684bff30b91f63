//! Checks of a source tree, as functions of its texts: what is banned, how long things are, who imports whom.

pub mod bans;
pub mod checks;
mod code;
pub mod imports;
mod map;
pub mod size;

use std::collections::BTreeMap;
use std::path::Path;
use std::{fmt, fs, io};

pub use map::Map;

/// The texts of a source tree, by their paths below its root: `table/mod.rs`.
pub type Sources = BTreeMap<String, String>;

/// What is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The path of the file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and why it is.
    pub what: String,
}

impl Fault {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// The Rust files in a folder and the folders in it.
pub fn read(folder: &Path) -> io::Result<Sources> {
    let mut sources = Sources::new();
    collect(folder, "", &mut sources)?;
    Ok(sources)
}

fn collect(folder: &Path, prefix: &str, sources: &mut Sources) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.insert(format!("{prefix}{name}"), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}
