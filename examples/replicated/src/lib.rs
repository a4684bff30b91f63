//! headcount as the state machine of a Raft cluster, with openraft: the server's API in front of nodes that each
//! keep everything. An example to start from.
//!
//! A request comes to any node. Its command, with time and ids already in it, becomes an entry of the log; once most
//! nodes have the entry on disk, every node carries the command out: equal commands, so equal engines.
//!
//! - [`proposal`]: what the log carries. [`replica`]: what all entries so far make, the same on every node; [`place`]:
//!   one tenant of it.
//! - On disk: [`data`], the folder of a node; [`log`], its log and vote; [`snapshots`], the files that stand in the
//!   place of old entries; [`frames`], how such a file is written. [`machine`] hands the replica to openraft.
//! - Between nodes: [`client`] and [`network`] call, [`peers`] answers, [`secret`] says who may. [`begin`] is how a
//!   cluster comes to be.
//! - For clients: [`proposer`] gathers commands into entries, [`barrier`] makes reads linearizable, [`forward`] brings
//!   a request to the node that can answer it, [`front`] decides which that is. [`backend`] puts all of it under the
//!   server's router.
//! - For whoever runs it: [`node`] puts a node together, [`duties`] is what a leader does unasked, [`admin`] its calls,
//!   [`moving`] how a tenant goes from one cluster to another, [`anew`] how one folder becomes a cluster.

pub mod admin;
pub mod anew;
pub mod backend;
pub mod barrier;
pub mod begin;
pub mod client;
pub mod data;
pub mod duties;
pub mod forward;
pub mod frames;
pub mod front;
pub mod log;
pub mod machine;
pub mod moving;
pub mod network;
pub mod node;
pub mod peers;
pub mod place;
pub mod proposal;
pub mod proposer;
pub mod replica;
pub mod secret;
pub mod snapshots;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

openraft::declare_raft_types!(
    /// What the log carries and what carrying it out answers, who the nodes are, and what a snapshot is.
    pub Types:
        D = proposal::Proposal,
        R = proposal::Outcome,
        NodeId = u64,
        Node = Member,
        Entry = openraft::Entry<Types>,
        SnapshotData = snapshots::SnapshotFile,
);

/// The nodes' numbers.
pub type NodeId = u64;

/// One node's part in the consensus.
pub type Raft = openraft::Raft<Types>;

/// A node as the others know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Where it listens: host and port.
    pub address: String,
    /// What its data folder is known by. A node that lost its data is another one: it could vote twice in one term,
    /// so the others do not speak to it under its old number.
    pub data: Uuid,
}
