//! The replica as openraft sees it. It is in memory: a start takes the newest snapshot and carries out the entries
//! behind it again.

use std::sync::Arc;

use openraft::storage::{RaftSnapshotBuilder, RaftStateMachine};
use openraft::{
    AnyError, Entry, LogId, OptionalSend, Snapshot, StorageError, StorageIOError, StoredMembership,
};
use tokio::task::spawn_blocking;

use crate::data::{Data, DataError};
use crate::proposal::Outcome;
use crate::replica::{Applied, Frozen, Replica};
use crate::snapshots::{Meta, SnapshotFile, Snapshots};
use crate::{Member, NodeId, Types};

type Done<T> = Result<T, StorageError<NodeId>>;

/// The state machine of one node; clones share it.
#[derive(Clone, Debug)]
pub struct Machine {
    replica: Replica,
    snapshots: Snapshots,
}

/// A copy of the state, to be saved while entries go on.
pub struct Builder {
    frozen: Option<Frozen>,
    snapshots: Snapshots,
}

impl Machine {
    /// As of the newest snapshot in a node's folder.
    ///
    /// # Errors
    /// Of the disk; where the snapshot is damaged.
    pub fn open(data: Arc<Data>, replica: Replica) -> Result<Self, DataError> {
        let snapshots = Snapshots::open(data)?;
        if let Some((meta, path)) = snapshots.newest()? {
            let restored = std::fs::File::open(&path).and_then(|file| replica.restore(applied(&meta), file));
            restored.map_err(|error| DataError::Io(path, error))?;
        }
        Ok(Self { replica, snapshots })
    }
}

/// What a snapshot says of itself.
fn applied(meta: &Meta) -> Applied {
    Applied { last: meta.last_log_id, membership: meta.last_membership.clone() }
}

fn reading(error: &(impl std::error::Error + 'static)) -> StorageError<NodeId> {
    StorageIOError::read_snapshot(None, AnyError::new(error)).into()
}

fn writing(error: &(impl std::error::Error + 'static)) -> StorageError<NodeId> {
    StorageIOError::write_snapshot(None, AnyError::new(error)).into()
}

/// Does what waits for the disk on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DataError> + Send + 'static,
) -> Result<T, DataError> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(DataError::Damaged(format!("the disk's thread ended: {error}"))))
}

impl RaftSnapshotBuilder<Types> for Builder {
    async fn build_snapshot(&mut self) -> Done<Snapshot<Types>> {
        let (frozen, snapshots) = (self.frozen.take(), self.snapshots.clone());
        let built = blocking(move || {
            let frozen = frozen.expect("a builder builds once: openraft asks for a new one each time");
            save(frozen, &snapshots)?;
            newest(&snapshots)?.ok_or_else(|| DataError::Damaged("the snapshot is gone".to_owned()))
        });
        built.await.map_err(|error| writing(&error))
    }
}

/// Writes a snapshot, and makes it the newest.
fn save(frozen: Frozen, snapshots: &Snapshots) -> Result<(), DataError> {
    let begun = std::time::Instant::now();
    let Applied { last, membership } = frozen.applied.clone();
    let place = last.map_or(0, |last| last.index);
    let snapshot_id = format!("{place}-{}", uuid::Uuid::new_v4().simple());
    let meta = Meta { last_log_id: last, last_membership: membership, snapshot_id };
    let file = snapshots.create()?;
    frozen.write(file.reopened()?).map_err(|error| file.wrong(error))?;
    // From here on no command copies what it writes to.
    drop(frozen);
    snapshots.keep(&meta, &file)?;
    tracing::info!(place, took = ?begun.elapsed(), "a snapshot is in place");
    Ok(())
}

/// The newest snapshot, open.
fn newest(snapshots: &Snapshots) -> Result<Option<Snapshot<Types>>, DataError> {
    let Some((meta, path)) = snapshots.newest()? else { return Ok(None) };
    Ok(Some(Snapshot { meta, snapshot: Box::new(SnapshotFile::open(&path)?) }))
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> Done<(Option<LogId<NodeId>>, StoredMembership<NodeId, Member>)> {
        let Applied { last, membership } = self.replica.applied();
        Ok((last, membership))
    }

    async fn apply<I>(&mut self, entries: I) -> Done<Vec<Outcome>>
    where
        I: IntoIterator<Item = Entry<Types>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let outcomes = self.replica.apply(entries.into_iter());
        outcomes.map_err(|why| StorageIOError::write_state_machine(AnyError::error(why)).into())
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder { frozen: Some(self.replica.freeze()), snapshots: self.snapshots.clone() }
    }

    async fn begin_receiving_snapshot(&mut self) -> Done<Box<SnapshotFile>> {
        let snapshots = self.snapshots.clone();
        let created = blocking(move || snapshots.create()).await;
        created.map(Box::new).map_err(|error| writing(&error))
    }

    async fn install_snapshot(&mut self, meta: &Meta, snapshot: Box<SnapshotFile>) -> Done<()> {
        let (snapshots, replica, meta) = (self.snapshots.clone(), self.replica.clone(), meta.clone());
        let installed = blocking(move || {
            // Restored before it is kept, so that none is kept which cannot be.
            let restored = replica.restore(applied(&meta), snapshot.reopened()?);
            restored.map_err(|error| snapshot.wrong(error))?;
            snapshots.keep(&meta, &snapshot)?;
            tracing::info!(place = meta.last_log_id.map_or(0, |last| last.index), "came by snapshot");
            Ok(())
        });
        installed.await.map_err(|error| writing(&error))
    }

    async fn get_current_snapshot(&mut self) -> Done<Option<Snapshot<Types>>> {
        let snapshots = self.snapshots.clone();
        blocking(move || newest(&snapshots)).await.map_err(|error| reading(&error))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}
