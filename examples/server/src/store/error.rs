//! Why a data file cannot be opened or used, in sentences for whoever starts the server.

use std::fmt;

/// Why the store cannot be opened or used.
#[derive(Debug)]
pub enum StoreError {
    /// SQLite, or the file under it.
    Sqlite(rusqlite::Error),
    /// Another server has the file open.
    InUse(String),
    /// The file, or the one beside it, cannot be used.
    Lock(String),
    /// A server of another version wrote the file, or something else did.
    OtherForm(String),
    /// What the file holds is not what a server wrote.
    Damaged(String),
    /// An entry of a tenant's journal is not what was written, or not where it was.
    DamagedJournal {
        /// Whose journal.
        tenant: String,
        /// What is wrong, and where.
        what: String,
        /// The last entry that is good.
        good: i64,
    },
    /// Entries that were acknowledged are gone, or may be.
    Lost {
        /// How that is known.
        why: String,
        /// The last entry that is there.
        good: i64,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => write!(f, "the data file: {error}"),
            Self::InUse(why) => f.write_str(why),
            Self::Lock(why) => write!(f, "the data file cannot be used: {why}"),
            Self::OtherForm(why) => write!(f, "the data file cannot be read: {why}"),
            Self::Damaged(what) => write!(f, "the data file is damaged: {what}. Restore a backup"),
            Self::DamagedJournal { tenant, what, good } => write!(
                f,
                "the data file is damaged: in the journal of tenant {tenant}, {what}. Restore a backup; or copy the file \
                 away, and start with --recover-to {tenant}={good}, which keeps what came up to there, and drops the rest \
                 of that tenant"
            ),
            Self::Lost { why, good } => write!(
                f,
                "the data file has lost entries: {why}. Restore a backup; or copy the file away, and start with \
                 --recover-to {good}, which goes on from what is there"
            ),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}
