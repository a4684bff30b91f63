//! A cluster of one, made of what one node's folder holds: from a backup, or where most nodes are lost for ever.
//!
//! All entries of the log are carried out, also those of which it is not known whether most nodes had them. The folder
//! gets another identity, so that no node of the old cluster, should one come back, takes it for the old one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use openraft::{Membership, StoredMembership};
use uuid::Uuid;

use crate::data::{self, Data, DataError};
use crate::log::Log;
use crate::machine::Machine;
use crate::replica::Replica;
use crate::snapshots::{Meta, Snapshots};
use crate::{Member, NodeId};

/// Entries that are carried out at once.
const ENTRIES_BYTES: usize = 4 * 1024 * 1024;

/// Makes the folder that of the only node of a new cluster, which the others will reach at an address. Answers how many
/// entries the log has.
///
/// # Errors
/// Where the folder cannot be used, is in use, or holds no node's state.
pub async fn begin_anew(folder: &Path, id: NodeId, address: &str) -> Result<u64, DataError> {
    let data = Data::open(folder, id)?;
    let (replica, log) = (Replica::new(), Log::open(Arc::clone(&data))?);
    Machine::open(Arc::clone(&data), replica.clone())?;
    loop {
        let next = replica.applied().last.map_or(0, |last| last.index + 1);
        let entries = log.entries(next, u64::MAX, ENTRIES_BYTES).await?;
        if entries.is_empty() {
            break;
        }
        replica.apply(entries.into_iter()).map_err(DataError::Damaged)?;
    }
    let Some(last) = replica.applied().last else {
        return Err(DataError::Damaged("there is nothing in it".to_owned()));
    };
    let member = Member { address: address.to_owned(), data: Uuid::new_v4() };
    let identity = member.data;
    let members = Membership::new(vec![BTreeSet::from([id])], BTreeMap::from([(id, member)]));
    let meta = Meta {
        last_log_id: Some(last),
        last_membership: StoredMembership::new(Some(last), members),
        snapshot_id: format!("{}-{}", last.index, Uuid::new_v4().simple()),
    };
    let snapshots = Snapshots::open(Arc::clone(&data))?;
    let file = snapshots.create()?;
    replica.freeze().write(file.reopened()?).map_err(|error| file.wrong(error))?;
    snapshots.keep(&meta, &file)?;
    data.with_blocking(|connection| {
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM log", [])?;
        data::put(&transaction, "purged", &last)?;
        data::put(&transaction, "committed", &last)?;
        data::put(&transaction, "node", &(id, identity))?;
        Ok(transaction.commit()?)
    })?;
    Ok(last.index)
}
