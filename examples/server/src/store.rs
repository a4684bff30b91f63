//! Journal and snapshots in one SQLite file.
//!
//! WAL with `synchronous = FULL`: a transaction that was committed survives a crash of the machine. A
//! snapshot is of one tenant at one place of the journal; the newest two are kept, and the journal from the
//! older one on, so that a snapshot that turns out to be damaged costs time and nothing else.

use std::fmt;
use std::path::Path;

use headcount::{Command, Config, Engine, Snapshot, Timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

/// Why the store cannot be opened or used.
#[derive(Debug)]
pub enum StoreError {
    /// SQLite, or the file under it.
    Sqlite(rusqlite::Error),
    /// What the file holds is no state that a server wrote.
    Damaged(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => write!(f, "the data file: {error}"),
            Self::Damaged(what) => write!(f, "the data file is damaged: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// A command as it is journaled: the tenant's name, the time, and the bytes.
pub struct Entry<'e> {
    /// Whose engine it is for.
    pub tenant: &'e str,
    /// When.
    pub now: Timestamp,
    /// The command, in postcard.
    pub command: &'e [u8],
}

/// The open file.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// The place of the newest entry that is known to be in the journal.
    written: i64,
    commands_per_snapshot: u64,
    /// Set when it is not known what the file holds: only a new start can tell.
    broken: bool,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, now INTEGER NOT NULL, command BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS snapshot (
        tenant TEXT NOT NULL, journal_id INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (tenant, journal_id)
    ) STRICT;";

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// Where it cannot be opened, or cannot be written.
    pub fn open(path: &Path, commands_per_snapshot: u64) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        let written =
            connection.query_row("SELECT coalesce(max(id), 0) FROM journal", [], |row| row.get(0))?;
        Ok(Self { connection, written, commands_per_snapshot: commands_per_snapshot.max(1), broken: false })
    }

    /// Limits the file to so many pages of 4 KiB: what tests simulate a full disk with.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        Ok(self.connection.pragma_update(None, "max_page_count", pages)?)
    }

    /// The tenant's engine: its newest good snapshot, and the journal from there on. Also the place of the
    /// journal that the snapshot was of.
    ///
    /// # Errors
    /// Where no snapshot is good and the journal does not go back to the beginning, or an entry is damaged.
    pub fn load(&self, tenant: &str, config: Config) -> Result<(Engine, i64), StoreError> {
        let mut snapshots = self
            .connection
            .prepare("SELECT journal_id, state FROM snapshot WHERE tenant = ? ORDER BY journal_id DESC")?;
        let mut rows = snapshots.query([tenant])?;
        let mut tried = 0;
        let mut found = None;
        while let (None, Some(row)) = (&found, rows.next()?) {
            let (place, state): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let restored = postcard::from_bytes::<Snapshot>(&state)
                .map_err(|error| error.to_string())
                .and_then(|snapshot| Engine::restore(config, snapshot).map_err(|error| error.to_string()));
            match restored {
                Ok(engine) => found = Some((engine, place)),
                Err(error) => {
                    tracing::error!(tenant, place, error, "a snapshot is damaged: trying an older one")
                }
            }
            tried += 1;
        }
        if found.is_none() && tried >= 2 {
            // The journal is pruned behind the older of two snapshots.
            return Err(StoreError::Damaged(format!("no snapshot of {tenant} is good")));
        }
        let (mut engine, place) = found.unwrap_or_else(|| (Engine::new(config), 0));
        self.replay(tenant, &mut engine, place)?;
        Ok((engine, place))
    }

    fn replay(&self, tenant: &str, engine: &mut Engine, after: i64) -> Result<(), StoreError> {
        let mut entries = self
            .connection
            .prepare("SELECT id, now, command FROM journal WHERE tenant = ? AND id > ? ORDER BY id")?;
        let mut rows = entries.query(params![tenant, after])?;
        while let Some(row) = rows.next()? {
            let (id, now): (i64, i64) = (row.get(0)?, row.get(1)?);
            let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let command: Command<'_> = postcard::from_bytes(bytes)
                .map_err(|error| StoreError::Damaged(format!("entry {id} of the journal: {error}")))?;
            // What was refused then is refused now.
            let _ = engine.apply(Timestamp(now), &command);
        }
        Ok(())
    }

    /// Writes entries to disk, all or none. `Ok` is the place of the last one, and means that they are there.
    ///
    /// # Errors
    /// The words to refuse the commands with. They are then not in the journal, or, after an error that leaves
    /// that open, the store takes nothing more until the next start has found out.
    pub fn append(&mut self, entries: &[Entry<'_>]) -> Result<i64, String> {
        if self.broken {
            return Err("the data file could not be written before; restart the server".to_owned());
        }
        match self.try_append(entries) {
            Ok(written) => {
                self.written = written;
                Ok(written)
            }
            Err(error) => {
                let is_full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
                self.broken = !(is_full && self.holds_nothing_new());
                tracing::error!(%error, broken = self.broken, "the journal could not be written");
                Err(format!("the command could not be written to disk: {error}"))
            }
        }
    }

    fn try_append(&mut self, entries: &[Entry<'_>]) -> rusqlite::Result<i64> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO journal (tenant, now, command) VALUES (?, ?, ?)")?;
            for entry in entries {
                insert.execute(params![entry.tenant, entry.now.as_millis(), entry.command])?;
            }
        }
        let written = transaction.last_insert_rowid();
        transaction.commit()?;
        Ok(written)
    }

    /// Whether a transaction that failed has surely left nothing behind.
    fn holds_nothing_new(&self) -> bool {
        let newest = self
            .connection
            .query_row("SELECT max(id) FROM journal", [], |row| row.get::<_, Option<i64>>(0))
            .optional();
        self.connection.is_autocommit()
            && newest.is_ok_and(|newest| newest.flatten().unwrap_or(0) <= self.written)
    }

    /// Whether so many commands since the last snapshot want another one.
    pub const fn wants_snapshot(&self, commands: u64) -> bool {
        !self.broken && commands >= self.commands_per_snapshot
    }

    /// Saves a tenant's state as of a place of the journal, and drops what is then of no use.
    ///
    /// # Errors
    /// Of SQLite: nothing is changed then.
    pub fn save(&mut self, tenant: &str, engine: &Engine, place: i64) -> Result<(), StoreError> {
        let state = postcard::to_stdvec(&engine.snapshot())
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        let transaction = self.connection.transaction()?;
        transaction
            .execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", params![tenant, place, state])?;
        let kept: Vec<i64> = transaction
            .prepare("SELECT journal_id FROM snapshot WHERE tenant = ? ORDER BY journal_id DESC LIMIT 2")?
            .query_map([tenant], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        if let [_, older] = kept[..] {
            transaction.execute(
                "DELETE FROM snapshot WHERE tenant = ? AND journal_id < ?",
                params![tenant, older],
            )?;
            transaction
                .execute("DELETE FROM journal WHERE tenant = ? AND id <= ?", params![tenant, older])?;
        }
        transaction.commit()?;
        Ok(())
    }
}
