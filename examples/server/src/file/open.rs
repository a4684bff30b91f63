//! How a data file is opened: looked at as it lies there, and written to only when it is good.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::format::{self, About};
use super::lock::{self, Lock, Mark};
use super::verify::{self, Standings};
use super::wal::{self, Wal};
use crate::store::StoreError;

/// A data file that is good, and that nobody else writes to.
#[derive(Debug)]
pub struct DataFile {
    /// With which it is written.
    pub connection: Connection,
    /// Held for as long as it is open.
    pub lock: Lock,
    /// Where it is.
    pub path: PathBuf,
    /// What it says of itself.
    pub about: About,
    /// What it holds, by tenant.
    pub standings: Standings,
    /// Whether it was made just now.
    pub is_new: bool,
}

impl DataFile {
    /// Opens a file, or makes it, and looks at all that it holds.
    ///
    /// # Errors
    /// Where another server has it open, it cannot be opened or written, is of another form, or is damaged. It is then
    /// as it was.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = lock::real_path(path)
            .map_err(|error| StoreError::Lock(format!("the folder of {}: {error}", path.display())))?;
        let lock = Lock::take(&path)?;
        let wal_path = lock::beside(&path, "-wal");
        let has_wal = wal_path.exists();
        let wal = wal::scan(&wal_path)
            .map_err(|error| StoreError::Lock(format!("the write-ahead file: {error}")))?;
        let mut connection = connect(&path)?;
        let is_new = format::prepare(&mut connection)?;
        let about = About::read(&connection)?;
        if !is_new {
            compare_with_mark(about, lock.mark(), has_wal, wal, &path)?;
            verify::check_structure(&connection)?;
        }
        let standings = verify::verify(&connection, about)?;
        Ok(Self { connection, lock, path, about, standings, is_new })
    }

    /// Says in the file that it is open, so that a copy that lacks what lies beside it is told from a whole one.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn begin(&mut self) -> Result<(), StoreError> {
        // It is good: from now on SQLite may do what it does.
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.about.is_open = true;
        self.about.write(&self.connection)?;
        fold(&self.connection)?;
        self.lock.note(Mark { file_id: self.about.file_id, entry: self.about.last_entry });
        self.lock.sync();
        Ok(())
    }
}

/// Says in a file that it is closed, and folds the write-ahead file in: from then on it is whole by itself.
///
/// # Errors
/// Of SQLite.
pub fn close(connection: &Connection, about: About) -> Result<(), StoreError> {
    About { is_open: false, ..about }.write(connection)?;
    fold(connection)
}

/// Moves all of the write-ahead file into the file.
fn fold(connection: &Connection) -> Result<(), StoreError> {
    let is_busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy {
        tracing::warn!("somebody reads the data file: its write-ahead file stays, and belongs to it");
    }
    Ok(())
}

/// A connection that leaves the file as it is when it is dropped.
///
/// # Errors
/// Of SQLite.
pub fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// A connection that only reads, also beside a server.
///
/// # Errors
/// Of SQLite.
pub fn connect_to_read(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(path, flags)?)
}

/// Whether the file has all that was acknowledged.
fn compare_with_mark(
    about: About,
    mark: Option<Mark>,
    has_wal: bool,
    wal: Wal,
    path: &Path,
) -> Result<(), StoreError> {
    let last = about.last_entry;
    // Of another file that lay here before it says nothing.
    let acknowledged = mark.filter(|mark| mark.file_id == about.file_id).map(|mark| mark.entry);
    let lost = |why: String| Err(StoreError::Lost { why, good: last });
    let missing = match acknowledged {
        Some(entry) if entry > last => {
            format!(": entries up to {entry} were acknowledged, and {last} is the last one")
        }
        _ => String::new(),
    };
    match wal {
        Wal::Damaged(frame) => {
            return lost(format!("frame {frame} of its write-ahead file is damaged{missing}"));
        }
        Wal::NoHeader if !missing.is_empty() || acknowledged.is_none() => {
            return lost(format!("the beginning of its write-ahead file is damaged{missing}"));
        }
        _ if !missing.is_empty() => {
            return lost(format!(
                "the end of its journal is missing{missing}. (Or an older copy was put in its place)"
            ));
        }
        _ => {}
    }
    if about.is_open && !has_wal && acknowledged.is_none() {
        return lost(format!(
            "it was copied from under a server that had it open, without {}-wal, so that what was written last is \
             missing: copy it with `headcount-server backup`",
            path.display()
        ));
    }
    match wal {
        Wal::Torn(frames) => tracing::warn!(
            frames,
            last_entry = last,
            "the end of the write-ahead file was torn: what was being written when the server ended was never \
             acknowledged, and is dropped"
        ),
        Wal::NoHeader => {
            tracing::warn!("the write-ahead file was torn before anything was in it, and is dropped")
        }
        Wal::Whole | Wal::Damaged(_) => {}
    }
    Ok(())
}
