//! What the data file wants beside commands: a snapshot now and then, and that what it makes useless is dropped.
//!
//! No command waits for it. A snapshot is encoded from a frozen copy of the engine, on a thread of its own, which
//! sends it in parts. They are written as they come, and what is old is dropped, in steps so small that each fits into the transaction of the
//! commands at hand; where there are none, the steps have transactions of their own. A snapshot counts from the
//! transaction on that writes its row behind its last part, and until then nothing is dropped.

use std::sync::{Arc, mpsc};
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, params};

use crate::file::chain::Sum;
use crate::file::parts::{PART_BYTES, Piece};
use crate::file::verify::Header;
use crate::observe::metrics::Metrics;

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
    /// Another thread encodes it, and sends its parts. Some are in the file.
    Writing { pieces: mpsc::Receiver<Piece>, next: Option<Piece>, written: Written },
    /// It is in place. The journal is dropped through one entry, and was looked through to another.
    DroppingJournal { through: i64, passed: i64 },
    /// Parts of snapshots that are no longer are dropped.
    DroppingParts,
}

/// What is in the file of a snapshot.
#[derive(Clone, Copy, Debug)]
struct Written {
    parts: i64,
    bytes: i64,
    sum: Sum,
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
    /// The last entry of the journal that is in the snapshot, and its checksum.
    entry: i64,
    chain: Sum,
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
        self.task.as_ref().is_some_and(|task| !matches!(task.stage, Stage::Writing { next: None, .. }))
    }

    /// Begins to write a tenant's snapshot as of an entry of its journal, as its pieces come.
    pub fn begin(&mut self, tenant: &str, entry: i64, chain: Sum, pieces: mpsc::Receiver<Piece>) {
        let written = Written { parts: 0, bytes: 0, sum: Sum::START };
        let stage = Stage::Writing { pieces, next: None, written };
        let metrics = self.metrics.named(tenant);
        metrics.into_iter().for_each(|metrics| metrics.note_snapshot_under_way(true));
        self.task = Some(Task { tenant: tenant.to_owned(), entry, chain, begun: Instant::now(), stage });
    }

    /// Takes the next piece of a snapshot over, if it is there, or, where nothing else is to be done, waits for it.
    pub fn take_piece(&mut self, waits: bool) {
        let Some(Task { stage: Stage::Writing { pieces, next: next @ None, .. }, .. }) = &mut self.task
        else {
            return;
        };
        let gone = || Piece::Failed("the thread that encoded it is gone".to_owned());
        let piece = match (waits, pieces.try_recv()) {
            (_, Ok(piece)) => piece,
            (true, Err(_)) => pieces.recv().unwrap_or_else(|_| gone()),
            (false, Err(mpsc::TryRecvError::Empty)) => return,
            (false, Err(mpsc::TryRecvError::Disconnected)) => gone(),
        };
        match piece {
            Piece::Failed(why) => self.give_up(&why),
            piece => *next = Some(piece),
        }
    }

    /// Takes the next step in a transaction, if there is one.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn step(&self, transaction: &Connection) -> rusqlite::Result<Option<Progress>> {
        let Some(Task { tenant, entry, chain, stage, .. }) = &self.task else { return Ok(None) };
        match stage {
            Stage::Writing { next: Some(Piece::Part(state, sum)), written, .. } => {
                let values = params![tenant, entry, written.parts, state, sum.bytes()];
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO snapshot_part VALUES (?, ?, ?, ?, ?)")?
                    .execute(values)?;
                Ok(Some(Progress::Part))
            }
            Stage::Writing { next: Some(Piece::End), written, .. } => {
                let Written { parts, bytes, sum } = *written;
                let header = Header { tenant, entry: *entry, parts, bytes, chain: *chain };
                put_in_place(transaction, header, sum).map(|through| Some(Progress::InPlace(through)))
            }
            Stage::Writing { .. } => Ok(None),
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
        let Some(Task { tenant, entry, begun, stage, .. }) = &mut self.task else { return };
        match (progress, &mut *stage) {
            (Progress::Part, Stage::Writing { next, written, .. }) => {
                if let Some(Piece::Part(state, sum)) = next.take() {
                    let (parts, bytes) = (written.parts + 1, written.bytes + state.len() as i64);
                    *written = Written { parts, bytes, sum };
                }
            }
            (Progress::InPlace(through), Stage::Writing { written: Written { bytes, .. }, .. }) => {
                let took = begun.elapsed();
                tracing::info!(tenant, entry, bytes, ?took, "a snapshot is in place");
                let metrics = self.metrics.named(tenant);
                metrics.into_iter().for_each(|metrics| metrics.note_snapshot(bytes.unsigned_abs(), took));
                *stage = match through {
                    Some(through) => Stage::DroppingJournal { through, passed: 0 },
                    None => Stage::DroppingParts,
                };
            }
            (Progress::Passed(entry), Stage::DroppingJournal { passed, .. }) => *passed = entry,
            (Progress::Done, Stage::DroppingJournal { .. }) => *stage = Stage::DroppingParts,
            (Progress::Done, Stage::DroppingParts) => {
                let metrics = self.metrics.named(tenant);
                metrics.into_iter().for_each(|metrics| metrics.note_snapshot_under_way(false));
                self.task = None;
            }
            _ => {}
        }
    }

    /// Forgets a snapshot that cannot be written, or what was not dropped: the next one makes up for it.
    pub fn give_up(&mut self, why: &str) {
        if let Some(Task { tenant, entry, .. }) = self.task.take() {
            tracing::error!(why, tenant, entry, "no snapshot: the journal goes on");
            let metrics = self.metrics.named(&tenant);
            let metrics = metrics.into_iter();
            metrics.for_each(|metrics| {
                metrics.note_snapshot_failure();
                metrics.note_snapshot_under_way(false);
            });
        }
    }
}

/// Writes the row from which on the snapshot counts. Of a tenant's snapshots the newest two are kept. Answers the entry
/// through which the journal is then of no use.
fn put_in_place(
    transaction: &Connection,
    header: Header<'_>,
    parts_sum: Sum,
) -> rusqlite::Result<Option<i64>> {
    let Header { tenant, entry, parts, bytes, chain } = header;
    transaction.execute(
        "INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?, ?)",
        params![tenant, entry, parts, bytes, chain.bytes(), header.sum(parts_sum).bytes()],
    )?;
    let older = "SELECT entry FROM snapshot WHERE tenant = ? ORDER BY entry DESC LIMIT 1 OFFSET 1";
    let older: Option<i64> = transaction.query_row(older, [tenant], |row| row.get(0)).optional()?;
    if let Some(older) = older {
        let dropped = "DELETE FROM snapshot WHERE tenant = ? AND entry < ?";
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
            SELECT 1 FROM snapshot WHERE tenant = ?1 AND entry = part.entry) LIMIT ?2)";
    transaction.prepare_cached(drop)?.execute(params![tenant, parts_max])
}
