//! openraft's own tests of a storage, over ours; and what it does not test: a start over the same folder.

use std::sync::Arc;

use headcount_replicated::data::Data;
use headcount_replicated::log::Log;
use headcount_replicated::machine::Machine;
use headcount_replicated::replica::Replica;
use headcount_replicated::{NodeId, Types};
use openraft::entry::RaftEntry;
use openraft::storage::{RaftLogStorage, RaftLogStorageExt};
use openraft::testing::{StoreBuilder, Suite};
use openraft::{
    AnyError, CommittedLeaderId, Entry, LogId, RaftLogReader, StorageError, StorageIOError, Vote,
};
use tempfile::TempDir;

struct Stores;

fn open(folder: &TempDir) -> Result<(Log, Machine), headcount_replicated::data::DataError> {
    let data = Data::open(folder.path(), 0)?;
    Ok((Log::open(Arc::clone(&data))?, Machine::open(data, Replica::new())?))
}

impl StoreBuilder<Types, Log, Machine, TempDir> for Stores {
    async fn build(&self) -> Result<(TempDir, Log, Machine), StorageError<NodeId>> {
        let folder = tempfile::tempdir().expect("a folder");
        let (log, machine) = open(&folder).map_err(|error| StorageIOError::read(AnyError::new(&error)))?;
        Ok((folder, log, machine))
    }
}

#[test]
fn openraft_finds_nothing_wrong_with_the_storage() {
    Suite::test_all(Stores).expect("a good storage");
}

#[tokio::test]
async fn a_vote_outlives_its_process_and_a_folder_has_one_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let vote = Vote::new(7, 3);
    let (mut log, machine) = open(&folder).expect("a node's folder");
    log.save_vote(&vote).await.expect("a saved vote");
    let taken = open(&folder).expect_err("two owners").to_string();
    assert!(taken.ends_with("is in use by another process"), "{taken}");
    drop((log, machine));
    let other = Data::open(folder.path(), 1).expect_err("another node's folder").to_string();
    assert_eq!(other, "the data folder is that of node 0, expected one of node 1");
    let (mut log, _) = open(&folder).expect("the same folder");
    assert_eq!(log.read_vote().await.expect("a vote"), Some(vote));
}

#[tokio::test]
async fn who_led_when_it_stopped_has_to_be_elected_again() {
    let folder = tempfile::tempdir().expect("a folder");
    for (saved, expected) in [
        (Vote::new_committed(7, 0), Vote::new(7, 0)),
        (Vote::new_committed(8, 3), Vote::new_committed(8, 3)),
        (Vote::new(9, 0), Vote::new(9, 0)),
    ] {
        let (mut log, machine) = open(&folder).expect("a node's folder");
        log.save_vote(&saved).await.expect("a saved vote");
        drop((log, machine));
        let (mut log, _) = open(&folder).expect("the same folder");
        assert_eq!(log.read_vote().await.expect("a vote"), Some(expected));
    }
}

#[tokio::test]
async fn how_far_the_log_is_committed_is_known_after_a_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = |index| LogId::new(CommittedLeaderId::new(7, 0), index);
    let entry = |index| Entry::<Types>::new_blank(id(index));
    let (mut log, machine) = open(&folder).expect("a node's folder");
    assert_eq!(log.read_committed().await.expect("none"), None);
    log.blocking_append([entry(0), entry(1)]).await.expect("entries");
    log.save_committed(Some(id(1))).await.expect("saved");
    // It goes with what is written next.
    log.blocking_append([entry(2)]).await.expect("an entry");
    drop((log, machine));
    let (mut log, _) = open(&folder).expect("the same folder");
    assert_eq!(log.read_committed().await.expect("a place"), Some(id(1)));
    assert_eq!(log.try_get_log_entries(..).await.expect("entries").len(), 3);
    log.purge(id(1)).await.expect("purged");
    assert_eq!(log.limited_get_log_entries(1, 3).await.expect("none behind a gap").len(), 0);
    assert_eq!(log.limited_get_log_entries(2, 3).await.expect("an entry").len(), 1);
}
