//! Journal and snapshots in one SQLite file.
//!
//! WAL with `synchronous = FULL`: a transaction that was committed survives a crash of the machine. A
//! snapshot is of one tenant at one place of the journal; the newest two are kept, and the journal from the
//! older one on, so that a snapshot that turns out to be damaged costs time and nothing else. Snapshots are
//! written in parts and the journal is dropped in parts, beside the commands ([`upkeep`]).

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use headcount::{Command, Config, Timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::checkpoints::Checkpoints;
use crate::configurations::{self, Configurations};
use crate::fingerprint::FingerprintKey;
use crate::observe::metrics::Metrics;
use crate::tenant::{FrozenTenant, Tenant};
use crate::upkeep::{self, Progress, Upkeep};

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
    upkeep: Upkeep,
    checkpoints: Checkpoints,
    /// Set when it is not known what the file holds: only a new start can tell.
    broken: bool,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, now INTEGER NOT NULL, command BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS snapshot_part (
        tenant TEXT NOT NULL, journal_id INTEGER NOT NULL, part INTEGER NOT NULL, state BLOB NOT NULL,
        PRIMARY KEY (tenant, journal_id, part)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS snapshot (
        tenant TEXT NOT NULL, journal_id INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (tenant, journal_id)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;";

/// What a file holds of a tenant.
#[derive(Debug)]
pub struct Loaded {
    /// As of the end of the journal.
    pub tenant: Tenant,
    /// The place of the journal that its snapshot was of.
    pub place: i64,
    /// Commands behind that snapshot.
    pub commands_since: u64,
}

/// Under which configuration a replay is.
struct Replay {
    configurations: Configurations,
    /// That of this start.
    given: Config,
    in_force: Config,
}

impl Replay {
    /// The configuration of an entry of the journal.
    fn of(&self, entry: i64) -> Config {
        self.configurations.of(entry, self.given)
    }

    /// The configuration to begin with behind a place of the journal.
    fn begin_behind(&mut self, place: i64) -> Config {
        self.in_force = self.of(place + 1);
        self.in_force
    }

    /// The tenant under a configuration, if it is another one than so far.
    fn under(&mut self, config: Config, tenant: Tenant) -> Result<Tenant, StoreError> {
        if config == self.in_force {
            return Ok(tenant);
        }
        self.in_force = config;
        tenant.with_config(config).map_err(StoreError::Damaged)
    }
}

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
        connection.execute_batch(configurations::SCHEMA)?;
        let written =
            connection.query_row("SELECT coalesce(max(id), 0) FROM journal", [], |row| row.get(0))?;
        let checkpoints = Checkpoints::start(path, &connection)?;
        Ok(Self {
            connection,
            written,
            commands_per_snapshot: commands_per_snapshot.max(1),
            upkeep: Upkeep::default(),
            checkpoints,
            broken: false,
        })
    }

    /// Counts in these figures from now on, under the names of their tenants.
    pub fn count_in(&mut self, metrics: Arc<Metrics>) {
        self.upkeep.count_in(metrics);
    }

    /// The key of the file's fingerprints, made when it is first asked for: under another key no page would be
    /// known that the engines remember.
    ///
    /// # Errors
    /// Of SQLite; where what is kept is no key.
    pub fn fingerprint_key(&self) -> Result<FingerprintKey, StoreError> {
        self.connection.execute(
            "INSERT OR IGNORE INTO secret VALUES ('fingerprint key', ?)",
            [FingerprintKey::random().as_bytes()],
        )?;
        let kept: Vec<u8> = self.connection.query_row(
            "SELECT value FROM secret WHERE name = 'fingerprint key'",
            [],
            |row| row.get(0),
        )?;
        let key = kept.try_into().map_err(|_| StoreError::Damaged("the key of fingerprints".to_owned()))?;
        Ok(FingerprintKey::new(key))
    }

    /// Limits the file to so many pages of 4 KiB: what tests simulate a full disk with.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        Ok(self.connection.pragma_update(None, "max_page_count", pages)?)
    }

    /// Notes that commands are carried out under this configuration from now on.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn note_configuration(&self, config: &Config) -> Result<(), StoreError> {
        Configurations::note(&self.connection, self.written, config)
    }

    /// The tenant: its newest good snapshot, and the journal from there on, each command under the configuration of
    /// then. What comes behind is to be carried out under this one.
    ///
    /// # Errors
    /// Where no snapshot is good and the journal does not go back to the beginning, or an entry is damaged.
    pub fn load(&self, name: &str, config: Config, changes_kept: u64) -> Result<Loaded, StoreError> {
        let mut replay = Replay {
            configurations: Configurations::read(&self.connection)?,
            given: config,
            in_force: config,
        };
        let mut snapshots = self
            .connection
            .prepare("SELECT journal_id, state FROM snapshot WHERE tenant = ? ORDER BY journal_id DESC")?;
        let mut rows = snapshots.query([name])?;
        let mut tried = 0;
        let mut found = None;
        while let (None, Some(row)) = (&found, rows.next()?) {
            let (place, last_part): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let state = self.with_parts(name, place, last_part)?;
            match Tenant::from_bytes(&state, replay.begin_behind(place), changes_kept) {
                Ok(tenant) => found = Some((tenant, place)),
                Err(error) => {
                    tracing::error!(name, place, error, "a snapshot is damaged: trying an older one")
                }
            }
            tried += 1;
        }
        if found.is_none() && tried >= 2 {
            // The journal is pruned behind the older of two snapshots.
            return Err(StoreError::Damaged(format!("no snapshot of {name} is good")));
        }
        let (tenant, place) = found.unwrap_or_else(|| (Tenant::new(replay.begin_behind(0), changes_kept), 0));
        let (tenant, commands_since) = self.replay(name, tenant, place, &mut replay)?;
        let tenant = replay.under(config, tenant)?;
        // What a stop in the middle of a snapshot left.
        upkeep::drop_parts(&self.connection, name, -1)?;
        Ok(Loaded { tenant, place, commands_since })
    }

    /// A whole snapshot, given its last part. (One that is small has no other; nor had any before there were parts.)
    fn with_parts(&self, tenant: &str, place: i64, mut last_part: Vec<u8>) -> rusqlite::Result<Vec<u8>> {
        let sql = "SELECT state FROM snapshot_part WHERE tenant = ? AND journal_id = ? ORDER BY part";
        let mut parts = self.connection.prepare_cached(sql)?;
        let mut rows = parts.query(params![tenant, place])?;
        let mut state = Vec::new();
        while let Some(row) = rows.next()? {
            state.extend_from_slice(row.get_ref(0)?.as_blob()?);
        }
        state.append(&mut last_part);
        Ok(state)
    }

    /// Answers how many commands it carried out.
    fn replay(
        &self,
        name: &str,
        mut tenant: Tenant,
        after: i64,
        replay: &mut Replay,
    ) -> Result<(Tenant, u64), StoreError> {
        let mut entries = self
            .connection
            .prepare("SELECT id, now, command FROM journal WHERE tenant = ? AND id > ? ORDER BY id")?;
        let mut rows = entries.query(params![name, after])?;
        let mut commands = 0;
        while let Some(row) = rows.next()? {
            let (id, now): (i64, i64) = (row.get(0)?, row.get(1)?);
            let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let command: Command<'_> = postcard::from_bytes(bytes)
                .map_err(|error| StoreError::Damaged(format!("entry {id} of the journal: {error}")))?;
            tenant = replay.under(replay.of(id), tenant)?;
            // What was refused then is refused now.
            let _ = tenant.carry_out(Timestamp(now), &command);
            commands += 1;
        }
        Ok((tenant, commands))
    }

    /// Writes entries to disk, all or none. `Ok` is the place of the last one, and means that they are there. Where
    /// a snapshot is under way, a step of it goes with them.
    ///
    /// # Errors
    /// The words to refuse the commands with. They are then not in the journal, or, after an error that leaves
    /// that open, the store takes nothing more until the next start has found out.
    pub fn append(&mut self, entries: &[Entry<'_>]) -> Result<i64, String> {
        if self.broken {
            return Err("the data file could not be written before; restart the server".to_owned());
        }
        self.upkeep.take_encoded(false);
        if entries.is_empty() && !self.upkeep.has_step() {
            return Ok(self.written);
        }
        let mut result = self.try_append(entries, true);
        if let Err(error) = &result
            && self.upkeep.has_step()
            && self.holds_nothing_new()
        {
            // What can wait is not to be the reason why commands are refused.
            self.upkeep.give_up(&error.to_string());
            result = self.try_append(entries, false);
        }
        match result {
            Ok((written, progress)) => {
                self.written = written;
                let bytes: usize = entries.iter().map(|entry| entry.command.len()).sum();
                let step_bytes = progress.as_ref().map_or(0, |_| upkeep::STEP_BYTES);
                progress.into_iter().for_each(|progress| self.upkeep.advance(progress));
                self.checkpoints.note(&self.connection, bytes + step_bytes);
                Ok(written)
            }
            Err(error) => {
                let is_full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
                self.broken = !(is_full && self.holds_nothing_new());
                self.upkeep.give_up("the file could not be written");
                tracing::error!(%error, broken = self.broken, "the journal could not be written");
                Err(format!("the command could not be written to disk: {error}"))
            }
        }
    }

    fn try_append(
        &mut self,
        entries: &[Entry<'_>],
        with_step: bool,
    ) -> rusqlite::Result<(i64, Option<Progress>)> {
        let transaction = self.connection.transaction()?;
        let mut written = self.written;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO journal (tenant, now, command) VALUES (?, ?, ?)")?;
            for entry in entries {
                written = insert.insert(params![entry.tenant, entry.now.as_millis(), entry.command])?;
            }
        }
        let progress = if with_step { self.upkeep.step(&transaction)? } else { None };
        transaction.commit()?;
        Ok((written, progress))
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

    /// Whether so many commands since the last snapshot want another one, and none is under way.
    pub fn wants_snapshot(&self, commands: u64) -> bool {
        !self.broken && commands >= self.commands_per_snapshot && self.upkeep.is_idle()
    }

    /// Begins to save a tenant's state as of a place of the journal, at which it was frozen. It is encoded on
    /// another thread, then written with what is appended, and counts once the last part of it is on disk.
    ///
    /// # Errors
    /// Where there is no thread to encode it.
    pub fn begin_snapshot(&mut self, tenant: &str, frozen: FrozenTenant, place: i64) -> io::Result<()> {
        self.upkeep.begin(tenant, frozen, place)
    }

    /// The place of the newest entry of the journal.
    pub const fn place(&self) -> i64 {
        self.written
    }

    /// What is to be done beside commands.
    pub fn upkeep(&self) -> &Upkeep {
        &self.upkeep
    }

    /// Waits until a snapshot that is under way is encoded.
    pub fn wait_for_encoded(&mut self) {
        self.upkeep.take_encoded(true);
    }

    /// Ends the snapshot that is under way, and what follows from it.
    pub fn finish_upkeep(&mut self) {
        while !self.upkeep.is_idle() && !self.broken {
            self.wait_for_encoded();
            // An error was told, and ends it.
            let _ = self.append(&[]);
        }
    }
}
