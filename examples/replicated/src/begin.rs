//! How a cluster comes to be.
//!
//! The nodes that it begins with know each other's addresses. The one with the lowest number asks all others who they
//! are, and when each has answered, and none belongs to a cluster yet, it writes the first entry: these members, with
//! what their data folders are known by. A node that lost its folder finds that its cluster has begun without it, and
//! does not begin another one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::Client;
use crate::peers::Hello;
use crate::{Member, NodeId, Raft};

/// How often the others are asked.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// Begins a cluster of these nodes, given by their addresses, or waits until it has begun. A node that belongs to one
/// returns at once.
///
/// # Errors
/// In words, where an address is that of another node, or this node's data folder is not the one that its cluster
/// knows.
pub async fn begin(
    raft: &Raft,
    client: &Client,
    (id, me): (NodeId, &Member),
    peers: &BTreeMap<NodeId, String>,
) -> Result<(), String> {
    let mut was_told = false;
    while !raft.is_initialized().await.map_err(|error| error.to_string())? {
        let mut members = BTreeMap::from([(id, me.clone())]);
        for (peer, address) in peers.iter().filter(|(peer, _)| **peer != id) {
            let Ok(hello) = Hello::of(client, address).await else { continue };
            if hello.id != *peer {
                return Err(format!("the node at {address} is node {}, expected node {peer}", hello.id));
            }
            if let Some(known) = hello.members.get(&id)
                && known.data != me.data
            {
                return Err(format!(
                    "the cluster has begun, and knows node {id} with another data folder, which is gone: remove node \
                     {id} from the cluster, and add this one under a new id"
                ));
            }
            if !hello.has_begun {
                members.insert(*peer, Member { address: address.clone(), data: hello.data });
            }
        }
        let begins = peers.keys().next() == Some(&id) && members.len() == peers.len();
        if begins {
            tracing::info!(members = ?members.keys().collect::<Vec<_>>(), "the cluster begins");
            raft.initialize(members).await.map_err(|error| error.to_string())?;
            return Ok(());
        }
        if !std::mem::replace(&mut was_told, true) {
            tracing::info!("waiting for the other nodes, or to be added to a cluster");
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    Ok(())
}
