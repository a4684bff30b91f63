//! headcount as the state machine of a Raft cluster, with openraft.
//!
//! A client asks the leader for something, without ids or time. The leader stamps both into a command
//! ([`ask`]), the log orders it, and every node applies it to its engine ([`machine`]): equal commands, so
//! equal engines. The log ([`log`]) is kept in memory here; a node of a real cluster keeps its own, and its
//! vote, on disk before it answers. Nodes talk JSON over HTTP ([`network`]). [`node`] puts it together.

pub mod ask;
pub mod log;
pub mod machine;
pub mod network;
pub mod node;

use std::io::Cursor;

openraft::declare_raft_types!(
    /// What the log carries, and what applying it answers.
    pub Types:
        D = ask::Stamped,
        R = ask::Answer,
);

/// The nodes' numbers.
pub type NodeId = u64;

/// One node's part in the consensus.
pub type Raft = openraft::Raft<Types>;
