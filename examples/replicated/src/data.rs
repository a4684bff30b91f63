//! The folder of a node: one SQLite file for log and vote, and beside it the files of snapshots.
//!
//! SQLite rather than redb: the durable server keeps its journal in it, so that one copy of it is linked, one set of
//! tools opens every file, and its behaviour on a full disk is known. WAL with `synchronous = FULL`: what a
//! transaction wrote is on disk when it returns.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::NodeId;

/// Why a folder cannot be opened or used.
#[derive(Debug)]
pub enum DataError {
    /// A file of it.
    Io(PathBuf, io::Error),
    /// SQLite, or the file under it.
    Sqlite(rusqlite::Error),
    /// Another process has it.
    InUse(PathBuf),
    /// It is the folder of another node.
    OtherNode {
        /// Whose it is.
        found: NodeId,
        /// Whose it should be.
        expected: NodeId,
    },
    /// What it holds is nothing that a node wrote.
    Damaged(String),
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Sqlite(error) => write!(f, "the log's file: {error}"),
            Self::InUse(path) => write!(f, "{} is in use by another process", path.display()),
            Self::OtherNode { found, expected } => {
                write!(f, "the data folder is that of node {found}, expected one of node {expected}")
            }
            Self::Damaged(what) => write!(f, "the data folder is damaged: {what}"),
        }
    }
}

impl std::error::Error for DataError {}

impl From<rusqlite::Error> for DataError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS log (place INTEGER PRIMARY KEY, entry BLOB NOT NULL, checksum BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;";

/// An open folder. No other process can open it.
#[derive(Debug)]
pub struct Data {
    folder: PathBuf,
    connection: Mutex<Connection>,
    id: NodeId,
    identity: Uuid,
    /// Held while the process lives; one that is killed leaves none behind.
    _lock: File,
}

impl Data {
    /// Opens the folder of a node, or makes it.
    ///
    /// # Errors
    /// Where it cannot be read or written, or is another node's or another process'.
    pub fn open(folder: &Path, id: NodeId) -> Result<Arc<Self>, DataError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| DataError::Io(path, error)
        };
        fs::create_dir_all(folder).map_err(io(folder))?;
        let lock_path = folder.join("lock");
        let lock = File::create(&lock_path).map_err(io(&lock_path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => DataError::InUse(folder.to_owned()),
            TryLockError::Error(error) => DataError::Io(lock_path, error),
        })?;
        let connection = Connection::open(folder.join("log.sqlite"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        let identity = identity(&connection, id)?;
        sync_folder(folder).map_err(io(folder))?;
        let connection = Mutex::new(connection);
        Ok(Arc::new(Self { folder: folder.to_owned(), connection, id, identity, _lock: lock }))
    }

    /// The number of the node whose folder it is.
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// What the folder is known by, for as long as it is there.
    pub const fn identity(&self) -> Uuid {
        self.identity
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Does something with the SQLite file, on a thread that may wait for the disk. One at a time.
    ///
    /// # Errors
    /// Of what is done.
    pub async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Connection) -> Result<T, DataError> + Send + 'static,
    ) -> Result<T, DataError> {
        let data = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || data.with_blocking(work)).await;
        done.unwrap_or_else(|error| Err(DataError::Damaged(format!("the disk's thread ended: {error}"))))
    }

    /// The same on this thread.
    ///
    /// # Errors
    /// Of what is done.
    pub fn with_blocking<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        work(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The identity that the folder has, or gets now.
fn identity(connection: &Connection, id: NodeId) -> Result<Uuid, DataError> {
    if let Some((found, identity)) = get::<(NodeId, Uuid)>(connection, "node")? {
        return if found == id { Ok(identity) } else { Err(DataError::OtherNode { found, expected: id }) };
    }
    let identity = Uuid::new_v4();
    put(connection, "node", &(id, identity))?;
    Ok(identity)
}

/// Reads what is kept under a name.
///
/// # Errors
/// Of SQLite; where what is kept is something else.
pub fn get<T: DeserializeOwned>(connection: &Connection, name: &str) -> Result<Option<T>, DataError> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT value FROM kept WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    let Some(bytes) = bytes else { return Ok(None) };
    match postcard::take_from_bytes(&bytes) {
        Ok((value, [])) => Ok(Some(value)),
        // Of what is kept as another type some bytes may be left.
        Ok((_, rest)) => Err(DataError::Damaged(format!("{name}: {} bytes too many", rest.len()))),
        Err(error) => Err(encoding(name, &error)),
    }
}

/// Keeps something under a name.
///
/// # Errors
/// Of SQLite.
pub fn put<T: Serialize>(connection: &Connection, name: &str, value: &T) -> Result<(), DataError> {
    let bytes = postcard::to_stdvec(value).map_err(|error| encoding(name, &error))?;
    connection.prepare_cached("INSERT OR REPLACE INTO kept VALUES (?, ?)")?.execute(params![name, bytes])?;
    Ok(())
}

/// What is to be said of bytes that are not what they should be.
pub(crate) fn encoding(what: &str, error: &postcard::Error) -> DataError {
    DataError::Damaged(format!("{what}: {error}"))
}

/// Makes what was done to the names in a folder durable.
///
/// # Errors
/// Of the file system.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
