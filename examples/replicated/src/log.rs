//! The log and the vote of one node, on disk before they are answered for.

use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, Mutex, PoisonError};

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{
    AnyError, Entry, LogId, LogState, OptionalSend, RaftLogReader, StorageError, StorageIOError, Vote,
};
use rusqlite::{Connection, OptionalExtension, params};
use twox_hash::XxHash3_128;

use crate::data::{self, Data, DataError};
use crate::{NodeId, Types};

type Done<T> = Result<T, StorageError<NodeId>>;

/// Bytes of entries that are sent to another node at once, if it is more than one entry.
const BYTES_SENT_MAX: usize = 4 * 1024 * 1024;
/// Purged entries that an append drops: more than it brings, so that dropping catches up, and few enough not to be
/// felt. To drop a long log at once would keep a leader from its heartbeats.
const DROPPED_PER_APPEND: u64 = 32;

/// The log of one node; clones share it.
#[derive(Clone, Debug)]
pub struct Log {
    data: Arc<Data>,
    /// How far the log is known to be committed. It may be forgotten, and so goes with whatever is written next.
    committed: Arc<Mutex<Option<LogId<NodeId>>>>,
}

impl Log {
    /// The log in a node's folder.
    ///
    /// A node that led when it stopped has to be elected again. openraft would let it lead on in its old term, with a
    /// read index of the term's first entry, so that its reads would not see what was acknowledged behind that until
    /// the next write.
    ///
    /// # Errors
    /// Where what is there is no log.
    pub fn open(data: Arc<Data>) -> Result<Self, DataError> {
        let id = data.id();
        let committed = data.with_blocking(|connection| {
            let vote: Option<Vote<NodeId>> = data::get(connection, "vote")?;
            if let Some(vote) = vote
                && vote.committed
                && vote.leader_id().voted_for() == Some(id)
            {
                data::put(connection, "vote", &Vote { committed: false, ..vote })?;
            }
            data::get(connection, "committed")
        })?;
        Ok(Self { data, committed: Arc::new(Mutex::new(committed)) })
    }

    fn committed(&self) -> Option<LogId<NodeId>> {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entries from one place to before another, at most about so many bytes of them, but one at least.
    ///
    /// # Errors
    /// Of the disk; where an entry is not as it was written.
    pub async fn entries(
        &self,
        from: u64,
        before: u64,
        bytes_max: usize,
    ) -> Result<Vec<Entry<Types>>, DataError> {
        self.data.with(move |connection| read(connection, from, before, bytes_max)).await
    }
}

/// A place as SQLite counts, up to where it can.
fn row(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// What an entry's bytes are checked by: the place is among it, so that none stands in another's place.
fn checksum(place: i64, bytes: &[u8]) -> [u8; 16] {
    XxHash3_128::oneshot_with_seed(place.cast_unsigned(), bytes).to_le_bytes()
}

fn checked(place: i64, bytes: &[u8], sum: &[u8]) -> Result<Entry<Types>, DataError> {
    if checksum(place, bytes) != sum {
        return Err(DataError::Damaged(format!("entry {place} of the log is not as it was written")));
    }
    postcard::from_bytes(bytes).map_err(|error| data::encoding(&format!("entry {place} of the log"), &error))
}

fn purged(connection: &Connection) -> Result<Option<LogId<NodeId>>, DataError> {
    data::get(connection, "purged")
}

fn read(
    connection: &Connection,
    from: u64,
    before: u64,
    bytes_max: usize,
) -> Result<Vec<Entry<Types>>, DataError> {
    // What is purged may not be dropped yet, and is no longer there.
    let from = from.max(purged(connection)?.map_or(0, |purged| purged.index + 1));
    let sql = "SELECT place, entry, checksum FROM log WHERE place >= ? AND place < ? ORDER BY place";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![row(from), row(before)])?;
    let (mut entries, mut bytes) = (Vec::new(), 0);
    while let Some(found) = rows.next()? {
        let place: i64 = found.get(0)?;
        let blob = |at| found.get_ref(at)?.as_blob().map_err(rusqlite::Error::from);
        let entry = blob(1)?;
        bytes += entry.len();
        if bytes > bytes_max && !entries.is_empty() {
            break;
        }
        entries.push(checked(place, entry, blob(2)?)?);
    }
    Ok(entries)
}

fn append(
    connection: &mut Connection,
    entries: &[Entry<Types>],
    committed: Option<LogId<NodeId>>,
) -> Result<(), DataError> {
    let purged = purged(connection)?;
    let transaction = connection.transaction()?;
    {
        let mut insert =
            transaction.prepare_cached("INSERT INTO log (place, entry, checksum) VALUES (?, ?, ?)")?;
        for entry in entries {
            let place = row(entry.log_id.index);
            let bytes = postcard::to_stdvec(entry).map_err(|error| data::encoding("an entry", &error))?;
            insert.execute(params![place, bytes, checksum(place, &bytes)])?;
        }
        if let Some(purged) = purged {
            let drop = "DELETE FROM log WHERE place <= ?1 AND place < (SELECT min(place) FROM log) + ?2";
            let at_most = DROPPED_PER_APPEND + entries.len() as u64;
            transaction.prepare_cached(drop)?.execute(params![row(purged.index), row(at_most)])?;
        }
    }
    if let Some(committed) = committed {
        data::put(&transaction, "committed", &committed)?;
    }
    Ok(transaction.commit()?)
}

fn truncate(connection: &Connection, from: u64) -> Result<(), DataError> {
    connection.execute("DELETE FROM log WHERE place >= ?", [row(from)])?;
    Ok(())
}

/// What of the log there is: the last entry, and that up to which all are purged.
fn state(connection: &Connection) -> Result<LogState<Types>, DataError> {
    let purged = purged(connection)?;
    let behind = purged.map_or(-1, |purged| row(purged.index));
    let sql = "SELECT place, entry, checksum FROM log WHERE place > ? ORDER BY place DESC LIMIT 1";
    let columns = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let last: Option<(i64, Vec<u8>, Vec<u8>)> = connection.query_row(sql, [behind], columns).optional()?;
    let last = last.map(|(place, bytes, sum)| checked(place, &bytes, &sum)).transpose()?;
    let last_log_id = last.map(|entry| entry.log_id).or(purged);
    Ok(LogState { last_purged_log_id: purged, last_log_id })
}

fn reading(error: DataError) -> StorageError<NodeId> {
    StorageIOError::read_logs(AnyError::new(&error)).into()
}

fn writing(error: DataError) -> StorageError<NodeId> {
    StorageIOError::write_logs(AnyError::new(&error)).into()
}

/// The places of a range: from the first to before the second.
fn places(range: &impl RangeBounds<u64>) -> (u64, u64) {
    let from = match range.start_bound() {
        Bound::Included(place) => *place,
        Bound::Excluded(place) => place.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let before = match range.end_bound() {
        Bound::Included(place) => place.saturating_add(1),
        Bound::Excluded(place) => *place,
        Bound::Unbounded => u64::MAX,
    };
    (from, before)
}

impl RaftLogReader<Types> for Log {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Done<Vec<Entry<Types>>> {
        let (from, before) = places(&range);
        self.entries(from, before, usize::MAX).await.map_err(reading)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Done<Vec<Entry<Types>>> {
        let entries = self.entries(start, end, BYTES_SENT_MAX).await.map_err(reading)?;
        // What begins behind a gap would be appended behind that gap.
        Ok(if entries.first().is_some_and(|first| first.log_id.index == start) {
            entries
        } else {
            Vec::new()
        })
    }
}

impl RaftLogStorage<Types> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Done<LogState<Types>> {
        self.data.with(|connection| state(connection)).await.map_err(reading)
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<NodeId>) -> Done<()> {
        let vote = *vote;
        let saved = self.data.with(move |connection| data::put(connection, "vote", &vote)).await;
        saved.map_err(|error| StorageIOError::write_vote(AnyError::new(&error)).into())
    }

    async fn read_vote(&mut self) -> Done<Option<Vote<NodeId>>> {
        let read = self.data.with(|connection| data::get(connection, "vote")).await;
        read.map_err(|error| StorageIOError::read_vote(AnyError::new(&error)).into())
    }

    async fn save_committed(&mut self, committed: Option<LogId<NodeId>>) -> Done<()> {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner) = committed;
        Ok(())
    }

    async fn read_committed(&mut self) -> Done<Option<LogId<NodeId>>> {
        Ok(self.committed())
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<Types>) -> Done<()>
    where
        I: IntoIterator<Item = Entry<Types>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let (entries, committed): (Vec<_>, _) = (entries.into_iter().collect(), self.committed());
        // openraft 0.9 waits for the callback before it does anything else, so nothing is won by returning sooner.
        let appended = self.data.with(move |connection| append(connection, &entries, committed)).await;
        appended.map_err(writing)?;
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, from: LogId<NodeId>) -> Done<()> {
        self.data.with(move |connection| truncate(connection, from.index)).await.map_err(writing)
    }

    async fn purge(&mut self, to: LogId<NodeId>) -> Done<()> {
        self.data.with(move |connection| data::put(connection, "purged", &to)).await.map_err(writing)
    }
}
