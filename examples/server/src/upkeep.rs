//! What the data file wants beside commands: a snapshot now and then, and that what it makes useless is dropped.
//!
//! No command waits for it. A snapshot is encoded from a frozen copy of the engine, on a thread of its own. It is
//! then written, and what is old is dropped, in steps so small that each fits into the transaction of the
//! commands at hand; where there are none, the steps have transactions of their own. A snapshot counts from the
//! transaction on that writes its last part, and until then nothing is dropped.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, params};

use crate::observe::metrics::Metrics;
use crate::tenant::FrozenTenant;

/// Bytes of a snapshot in one transaction: about what the pages of as many connectors are.
const PART_BYTES: usize = 256 * 1024;
/// About what a step writes, whichever it is.
pub const STEP_BYTES: usize = PART_BYTES;
/// Rows of the journal that one transaction drops or passes: more than the commands that one brings, so that it
/// catches up, and few enough to take a millisecond or so.
const ROWS_PER_STEP: i64 = 128;
/// Parts of old snapshots that one transaction drops.
const PARTS_PER_STEP: i64 = 4;

/// Where a snapshot and what follows from it stand.
#[derive(Debug)]
enum Stage {
    /// Another thread encodes it.
    Encoding(mpsc::Receiver<Result<Vec<u8>, String>>),
    /// So many bytes are in the file, in so many parts.
    Writing { state: Vec<u8>, written: usize, parts: i64 },
    /// It is in place. The journal is dropped through one entry, and was looked through to another.
    DroppingJournal { through: i64, passed: i64 },
    /// Parts of snapshots that are no longer are dropped.
    DroppingParts,
}

/// What a step did, to be noted once it is durable.
#[derive(Debug)]
pub enum Progress {
    /// Another part is in the file.
    Part,
    /// The snapshot counts. The journal is of use only behind this entry, if it is told.
    InPlace(Option<i64>),
    /// The journal was looked through to this entry.
    Passed(i64),
    /// Some of what was to be dropped is dropped.
    Dropped,
    /// There is nothing left of the stage.
    Done,
}

#[derive(Debug)]
struct Task {
    tenant: String,
    /// The last entry of the journal that is in the snapshot.
    place: i64,
    begun: Instant,
    stage: Stage,
}

/// At most one snapshot at a time, and what follows from it.
#[derive(Debug, Default)]
pub struct Upkeep {
    task: Option<Task>,
    metrics: Arc<Metrics>,
}

impl Upkeep {
    /// Counts in these figures from now on, under the names of their tenants.
    pub fn count_in(&mut self, metrics: Arc<Metrics>) {
        self.metrics = metrics;
    }

    /// Whether a snapshot can be begun.
    pub fn is_idle(&self) -> bool {
        self.task.is_none()
    }

    /// Whether there is something to be written.
    pub fn has_step(&self) -> bool {
        self.task.as_ref().is_some_and(|task| !matches!(task.stage, Stage::Encoding(_)))
    }

    /// Begins to encode a tenant's snapshot as of a place of the journal.
    ///
    /// # Errors
    /// Where there is no thread for it.
    pub fn begin(&mut self, tenant: &str, frozen: FrozenTenant, place: i64) -> std::io::Result<()> {
        let (sender, encoded) = mpsc::channel();
        thread::Builder::new().name("snapshot".into()).spawn(move || {
            let state = frozen.to_bytes().map_err(|error| error.to_string());
            // From here on no command copies what it writes to.
            drop(frozen);
            // Nobody waits for it any more where the machine was dropped without a stop.
            let _ = sender.send(state);
        })?;
        let stage = Stage::Encoding(encoded);
        self.task = Some(Task { tenant: tenant.to_owned(), place, begun: Instant::now(), stage });
        Ok(())
    }

    /// Takes an encoded snapshot over, if it is there, or, where nothing else is to be done, waits for it.
    pub fn take_encoded(&mut self, waits: bool) {
        let Some(Task { stage, .. }) = &mut self.task else { return };
        let Stage::Encoding(encoded) = stage else { return };
        let gone = |_| Err("the thread that encoded it is gone".to_owned());
        let state = match (waits, encoded.try_recv()) {
            (_, Ok(state)) => state,
            (true, Err(_)) => encoded.recv().unwrap_or_else(gone),
            (false, Err(mpsc::TryRecvError::Empty)) => return,
            (false, Err(mpsc::TryRecvError::Disconnected)) => gone(mpsc::RecvError),
        };
        match state {
            Ok(state) => *stage = Stage::Writing { state, written: 0, parts: 0 },
            Err(why) => self.give_up(&why),
        }
    }

    /// Takes the next step in a transaction, if there is one.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn step(&self, transaction: &Connection) -> rusqlite::Result<Option<Progress>> {
        let Some(Task { tenant, place, stage, .. }) = &self.task else { return Ok(None) };
        match stage {
            Stage::Encoding(_) => Ok(None),
            Stage::Writing { state, written, parts } => {
                let rest = &state[*written..];
                if rest.len() > PART_BYTES {
                    let values = params![tenant, place, parts, &rest[..PART_BYTES]];
                    transaction
                        .prepare_cached("INSERT OR REPLACE INTO snapshot_part VALUES (?, ?, ?, ?)")?
                        .execute(values)?;
                    return Ok(Some(Progress::Part));
                }
                put_in_place(transaction, tenant, *place, rest)
                    .map(|through| Some(Progress::InPlace(through)))
            }
            Stage::DroppingJournal { through, passed } => {
                drop_journal(transaction, tenant, *passed, *through).map(Some)
            }
            Stage::DroppingParts => {
                let dropped = drop_parts(transaction, tenant, PARTS_PER_STEP)?;
                Ok(Some(if dropped == 0 { Progress::Done } else { Progress::Dropped }))
            }
        }
    }

    /// Notes a step that is durable.
    pub fn advance(&mut self, progress: Progress) {
        let Some(Task { tenant, place, begun, stage }) = &mut self.task else { return };
        match (progress, &mut *stage) {
            (Progress::Part, Stage::Writing { written, parts, .. }) => {
                *written += PART_BYTES;
                *parts += 1;
            }
            (Progress::InPlace(through), Stage::Writing { state, .. }) => {
                let (bytes, took) = (state.len(), begun.elapsed());
                tracing::info!(tenant, place, bytes, ?took, "a snapshot is in place");
                let metrics = self.metrics.named(tenant);
                metrics.into_iter().for_each(|metrics| metrics.note_snapshot(bytes as u64, took));
                *stage = match through {
                    Some(through) => Stage::DroppingJournal { through, passed: 0 },
                    None => Stage::DroppingParts,
                };
            }
            (Progress::Passed(entry), Stage::DroppingJournal { passed, .. }) => *passed = entry,
            (Progress::Done, Stage::DroppingJournal { .. }) => *stage = Stage::DroppingParts,
            (Progress::Done, Stage::DroppingParts) => self.task = None,
            _ => {}
        }
    }

    /// Forgets a snapshot that cannot be written, or what was not dropped: the next one makes up for it.
    pub fn give_up(&mut self, why: &str) {
        if let Some(Task { tenant, place, .. }) = self.task.take() {
            tracing::error!(why, tenant, place, "no snapshot: the journal goes on");
            let metrics = self.metrics.named(&tenant);
            metrics.into_iter().for_each(|metrics| metrics.note_snapshot_failure());
        }
    }
}

/// Writes the last part, from which on the snapshot counts. Of a tenant's snapshots the newest two are kept.
/// Answers the entry through which the journal is then of no use.
fn put_in_place(
    transaction: &Connection,
    tenant: &str,
    place: i64,
    last_part: &[u8],
) -> rusqlite::Result<Option<i64>> {
    transaction
        .execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", params![tenant, place, last_part])?;
    let older = "SELECT journal_id FROM snapshot WHERE tenant = ? ORDER BY journal_id DESC LIMIT 1 OFFSET 1";
    let older: Option<i64> = transaction.query_row(older, [tenant], |row| row.get(0)).optional()?;
    if let Some(older) = older {
        let dropped = "DELETE FROM snapshot WHERE tenant = ? AND journal_id < ?";
        transaction.execute(dropped, params![tenant, older])?;
    }
    Ok(older)
}

/// Drops a tenant's entries among the next few of the journal.
fn drop_journal(
    transaction: &Connection,
    tenant: &str,
    passed: i64,
    through: i64,
) -> rusqlite::Result<Progress> {
    // Other tenants' entries are passed once, and not again in each step.
    let next = "SELECT max(id) FROM (SELECT id FROM journal WHERE id > ? AND id <= ? ORDER BY id LIMIT ?)";
    let last: Option<i64> = transaction
        .prepare_cached(next)?
        .query_row(params![passed, through, ROWS_PER_STEP], |row| row.get(0))?;
    let Some(last) = last else { return Ok(Progress::Done) };
    transaction
        .prepare_cached("DELETE FROM journal WHERE id > ? AND id <= ? AND tenant = ?")?
        .execute(params![passed, last, tenant])?;
    Ok(Progress::Passed(last))
}

/// Drops parts of a tenant's snapshots that are not, or no longer, in place. Answers how many.
pub fn drop_parts(transaction: &Connection, tenant: &str, parts_max: i64) -> rusqlite::Result<usize> {
    let drop = "DELETE FROM snapshot_part WHERE rowid IN (
        SELECT rowid FROM snapshot_part AS part WHERE tenant = ?1 AND NOT EXISTS (
            SELECT 1 FROM snapshot WHERE tenant = ?1 AND journal_id = part.journal_id) LIMIT ?2)";
    transaction.prepare_cached(drop)?.execute(params![tenant, parts_max])
}
