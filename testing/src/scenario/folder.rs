//! The folder of scenarios: every text in it and below it is one.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// A scenario in a file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its path below the folder without its ending, `/` between folders: the name of its test.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What is done with a scenario whose expectations do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It fails.
    Check,
    /// Its file is rewritten.
    Update,
}

impl Mode {
    /// `Update` if the environment has `UPDATE_EXPECT=1`.
    pub fn from_env() -> Self {
        if env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
            Self::Update
        } else {
            Self::Check
        }
    }
}

/// All scenarios in a folder and the folders in it, by name.
pub fn walk(folder: &Path) -> io::Result<Vec<Scenario>> {
    let mut scenarios = Vec::new();
    collect(folder, "", &mut scenarios)?;
    scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(scenarios)
}

fn collect(folder: &Path, prefix: &str, scenarios: &mut Vec<Scenario>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let name = format!("{prefix}{stem}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), scenarios)?;
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            scenarios.push(Scenario { name, path });
        }
    }
    Ok(())
}

impl Scenario {
    /// Its text.
    pub fn read(&self) -> io::Result<String> {
        fs::read_to_string(&self.path)
    }

    /// Runs it.
    pub fn test(&self, mode: Mode) -> Result<(), String> {
        let at = |wrong: String| format!("{}: {wrong}", self.path.display());
        let text = self.read().map_err(|error| at(error.to_string()))?;
        match mode {
            Mode::Check => super::run(&text).map_err(at),
            Mode::Update => {
                let updated = super::update(&text).map_err(at)?;
                if updated == text {
                    return Ok(());
                }
                fs::write(&self.path, updated).map_err(|error| at(error.to_string()))
            }
        }
    }
}
