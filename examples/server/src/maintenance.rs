//! What is done with a data file beside serving it.

use std::path::PathBuf;

use clap::Subcommand;

use crate::file::backup::backup;
use crate::file::check::check;
use crate::store::StoreError;

/// A task that ends by itself.
#[derive(Debug, Subcommand)]
pub enum Maintenance {
    /// Copies a data file, also while a server has it open: what was acknowledged before is in the copy, which is looked
    /// at before it is in its place.
    Backup {
        /// Where the copy is to be; nothing may be there.
        to: PathBuf,
        /// What is copied.
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
    },
    /// Reads all of a data file, also while a server has it open: every checksum, and what the engines make of it.
    Check {
        /// What is read.
        file: PathBuf,
    },
}

impl Maintenance {
    /// Does it, and says what came of it. Whether all is well.
    ///
    /// # Errors
    /// Where it could not be done, or what was read is damaged.
    pub fn run(&self) -> Result<bool, StoreError> {
        match self {
            Self::Backup { to, data } => {
                let last_entry = backup(data, to)?;
                println!("{}: good, up to entry {last_entry}", to.display());
                Ok(true)
            }
            Self::Check { file } => {
                let report = check(file)?;
                print!("{report}");
                println!(
                    "{}: {}",
                    file.display(),
                    if report.has_damage() { "a snapshot is damaged" } else { "good" }
                );
                Ok(!report.has_damage())
            }
        }
    }
}
