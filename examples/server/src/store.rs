//! Journal and snapshots in one SQLite file.
//!
//! WAL with `synchronous = FULL`: a transaction that was committed survives a crash of the machine. A
//! snapshot is of one tenant at one place of its journal; the newest two are kept, and the journal from the
//! older one on, so that a snapshot that turns out to be damaged costs time and nothing else. Snapshots are
//! written in parts and the journal is dropped in parts, beside the commands ([`upkeep`]). What the file looks like, and
//! how it is known to be whole, is in [`file`](crate::file).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, mpsc};

use headcount::{Config, Timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::checkpoints::Checkpoints;
use crate::configurations::Configurations;
use crate::file::chain::{Row, Sum, Witness};
use crate::file::format::About;
use crate::file::lock::{Lock, Mark};
use crate::file::open::{self, DataFile};
use crate::file::parts::Piece;
use crate::file::verify::Standings;
use crate::fingerprint::FingerprintKey;
use crate::observe::metrics::Metrics;
use crate::replay;
use crate::upkeep::{self, Progress, Upkeep};

pub use crate::replay::Loaded;

mod error;

pub use error::StoreError;

/// A command as it is journaled.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'e> {
    /// Whose engine it is for.
    pub tenant: &'e str,
    /// When.
    pub now: Timestamp,
    /// What the tenant's engine came to so far.
    pub witness: Witness,
    /// The command, in postcard.
    pub command: &'e [u8],
}

/// Where a tenant's journal ends: its last entry, and the checksum of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// 0 where there is none.
    pub entry: i64,
    /// Of that entry, and so of all before.
    pub sum: Sum,
}

/// The open file.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    about: About,
    heads: BTreeMap<String, Head>,
    /// As of the start.
    standings: Standings,
    commands_per_snapshot: u64,
    upkeep: Upkeep,
    checkpoints: Option<Checkpoints>,
    /// Set when it is not known what the file holds: only a new start can tell.
    broken: bool,
    /// The last to go: until then nobody else opens the file.
    lock: Lock,
}

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// Where another server has it open, it cannot be opened or written, or is damaged. It is then as it was.
    pub fn open(path: &Path, commands_per_snapshot: u64) -> Result<Self, StoreError> {
        let mut file = DataFile::open(path)?;
        Configurations::read(&file.connection)?;
        read_fingerprint_key(&file.connection)?;
        file.begin()?;
        if file.is_new {
            tracing::warn!(data = %file.path.display(), "THERE IS NO SUCH DATA FILE: a new one is made, and every tenant is empty");
        }
        let DataFile { connection, lock, path, about, standings, .. } = file;
        let checkpoints = Some(Checkpoints::start(&path, &connection)?);
        let head = |(tenant, standing): (&String, &crate::file::verify::Standing)| {
            (tenant.clone(), Head { entry: standing.entry, sum: standing.sum })
        };
        Ok(Self {
            heads: standings.iter().map(head).collect(),
            connection,
            about,
            standings,
            commands_per_snapshot: commands_per_snapshot.max(1),
            upkeep: Upkeep::default(),
            checkpoints,
            broken: false,
            lock,
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
        if let Some(key) = read_fingerprint_key(&self.connection)? {
            return Ok(key);
        }
        let key = FingerprintKey::random();
        let values = params![FINGERPRINT_KEY, key.as_bytes(), secret_sum(key.as_bytes()).bytes()];
        self.connection.execute("INSERT INTO secret VALUES (?, ?, ?)", values)?;
        Ok(key)
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
        Configurations::note(&self.connection, self.about.last_entry, config)
    }

    /// The tenant as of the end of its journal. What comes behind is to be carried out under this configuration.
    ///
    /// # Errors
    /// Where what the file has of it cannot be carried out, or comes to something else than it came to before.
    pub fn load(&self, name: &str, config: Config, changes_kept: u64) -> Result<Loaded, StoreError> {
        let loaded = replay::load(&self.connection, self.standings.get(name), name, config, changes_kept)?;
        replay::drop_useless(&self.connection, self.standings.get(name), name)?;
        Ok(loaded)
    }

    /// The tenants of which the file has anything.
    pub fn tenants(&self) -> impl Iterator<Item = &str> {
        self.heads.keys().map(String::as_str)
    }

    /// Writes entries to disk, all or none. `Ok` means that they are there; their numbers follow one upon the other, up
    /// to the one that is answered. Where a snapshot is under way, a step of it goes with them.
    ///
    /// # Errors
    /// The words to refuse the commands with. They are then not in the journal, or, after an error that leaves
    /// that open, the store takes nothing more until the next start has found out.
    pub fn append(&mut self, entries: &[Entry<'_>]) -> Result<i64, String> {
        if self.broken {
            return Err("the data file could not be written before; restart the server".to_owned());
        }
        self.upkeep.take_piece(false);
        if entries.is_empty() && !self.upkeep.has_step() {
            return Ok(self.about.last_entry);
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
            Ok((about, heads, progress)) => {
                self.about = about;
                self.heads.extend(heads);
                if !entries.is_empty() {
                    self.lock.note(Mark { file_id: about.file_id, entry: about.last_entry });
                }
                let bytes: usize = entries.iter().map(|entry| entry.command.len()).sum();
                let step_bytes = progress.as_ref().map_or(0, |_| upkeep::STEP_BYTES);
                progress.into_iter().for_each(|progress| self.upkeep.advance(progress));
                let checkpoints = self.checkpoints.iter_mut();
                checkpoints.for_each(|checkpoints| checkpoints.note(&self.connection, bytes + step_bytes));
                Ok(about.last_entry)
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

    fn try_append(&mut self, entries: &[Entry<'_>], with_step: bool) -> rusqlite::Result<Appended> {
        let transaction = self.connection.transaction()?;
        let mut about = self.about;
        let mut heads = BTreeMap::<String, Head>::new();
        for Entry { tenant, now, witness, command } in entries.iter().copied() {
            let before = heads.get(tenant).or_else(|| self.heads.get(tenant)).copied();
            let Head { entry: behind, sum } = before.unwrap_or(Head { entry: 0, sum: Sum::START });
            about.last_entry += 1;
            let row = Row { entry: about.last_entry, tenant, behind, now, witness, command };
            let sum = row.sum(sum);
            // A number that is there is another writer's: then this one has to stop.
            transaction.prepare_cached("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?.execute(
                params![
                    row.entry,
                    tenant,
                    behind,
                    now.as_millis(),
                    witness.entry,
                    witness.seq.cast_signed(),
                    command,
                    sum.bytes()
                ],
            )?;
            match heads.get_mut(tenant) {
                Some(head) => *head = Head { entry: row.entry, sum },
                None => _ = heads.insert(tenant.to_owned(), Head { entry: row.entry, sum }),
            }
        }
        for (tenant, Head { entry, sum }) in &heads {
            let write = "INSERT OR REPLACE INTO head VALUES (?, ?, ?)";
            transaction.prepare_cached(write)?.execute(params![tenant, entry, sum.bytes()])?;
        }
        if !entries.is_empty() {
            about.write(&transaction)?;
        }
        let progress = if with_step { self.upkeep.step(&transaction)? } else { None };
        transaction.commit()?;
        Ok((about, heads, progress))
    }

    /// Whether a transaction that failed has surely left nothing behind.
    fn holds_nothing_new(&self) -> bool {
        self.connection.is_autocommit()
            && About::read(&self.connection).is_ok_and(|about| about == self.about)
    }

    /// Whether so many commands since the last snapshot want another one, and none is under way.
    pub fn wants_snapshot(&self, commands: u64) -> bool {
        commands >= self.commands_per_snapshot && self.can_begin_snapshot()
    }

    /// Whether a snapshot can be begun.
    pub fn can_begin_snapshot(&self) -> bool {
        !self.broken && self.upkeep.is_idle()
    }

    /// Begins to save a tenant's state as of the last entry of its journal. Its parts come from another thread, are
    /// written with what is appended, and count once all of them are on disk.
    pub fn begin_snapshot(&mut self, tenant: &str, pieces: mpsc::Receiver<Piece>) {
        if let Some(Head { entry, sum }) = self.heads.get(tenant) {
            self.upkeep.begin(tenant, *entry, *sum, pieces);
        }
    }

    /// The number of the newest entry of the journal.
    pub const fn place(&self) -> i64 {
        self.about.last_entry
    }

    /// What is to be done beside commands.
    pub fn upkeep(&self) -> &Upkeep {
        &self.upkeep
    }

    /// Waits until the next piece of a snapshot that is under way is encoded.
    pub fn wait_for_piece(&mut self) {
        self.upkeep.take_piece(true);
    }

    /// Ends the snapshot that is under way, and what follows from it.
    pub fn finish_upkeep(&mut self) {
        while !self.upkeep.is_idle() && !self.broken {
            self.wait_for_piece();
            // An error was told, and ends it.
            let _ = self.append(&[]);
        }
    }

    /// Folds the write-ahead file in, and says that the file is whole by itself: a copy of it is a backup.
    pub fn close(mut self) {
        // Its connection would keep the write-ahead file.
        self.checkpoints = None;
        if self.broken {
            return;
        }
        match open::close(&self.connection, self.about) {
            Ok(()) => self.lock.sync(),
            Err(error) => tracing::error!(%error, "the data file is whole only with its write-ahead file"),
        }
    }
}

/// What a transaction wrote, to be noted once it is durable.
type Appended = (About, BTreeMap<String, Head>, Option<Progress>);

const FINGERPRINT_KEY: &str = "fingerprint key";

fn secret_sum(key: &[u8]) -> Sum {
    Sum::START.then(&[FINGERPRINT_KEY.as_bytes(), key])
}

/// The key of a file's fingerprints, if it has one.
///
/// # Errors
/// Of SQLite; where what is kept is no key.
pub fn read_fingerprint_key(connection: &Connection) -> Result<Option<FingerprintKey>, StoreError> {
    let sql = "SELECT name, value, sum FROM secret";
    let kept = connection.query_row(sql, [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
    });
    let Some((name, value, sum)) = kept.optional()? else { return Ok(None) };
    if name != FINGERPRINT_KEY || Sum::read(&sum) != Some(secret_sum(&value)) {
        return Err(StoreError::Damaged("the key of fingerprints".to_owned()));
    }
    let key = value.try_into().map_err(|_| StoreError::Damaged("the key of fingerprints".to_owned()))?;
    Ok(Some(FingerprintKey::new(key)))
}
