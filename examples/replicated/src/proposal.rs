//! What the log carries. All that decides what becomes of it is in it: the time by the leader's clock, the ids of new
//! things, which the server put into the commands, and the limits. So every node makes the same of it, now and when
//! it is carried out again after a start.

use headcount::{Config, Timestamp};
use serde::{Deserialize, Serialize};

/// An entry of the log, but for those of Raft's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Proposal {
    /// Commands of clients, which came at about the same time.
    Commands {
        /// When, by the leader's clock. Clocks differ, and leaders change: see [`Place`](crate::place::Place).
        now: Timestamp,
        /// In the order in which they are carried out.
        commands: Vec<Proposed>,
    },
    /// What the cluster begins with. Only the first one counts, since each new leader that sees none proposes one.
    Found(Foundation),
    /// Other limits, or another default guard, for what comes behind.
    Configure(Terms),
    /// A step on a tenant's way from one cluster to another.
    Move {
        /// The tenant's name.
        tenant: String,
        /// Which.
        step: Step,
    },
}

/// A client's command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proposed {
    /// What the node that proposed it knows whoever waits for it by.
    pub id: u128,
    /// The tenant's name.
    pub tenant: String,
    /// The command, in postcard.
    #[serde(with = "serde_bytes")]
    pub command: Vec<u8>,
}

/// Limits, default guard, and how many changes are kept: what decides how commands are carried out and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Without its hash key, which each node has for itself and which shows in no state.
    pub config: Config,
    /// How many of a tenant's changes are kept, to be told again.
    pub changes_kept: u64,
}

/// What a cluster begins with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foundation {
    /// The terms until others are proposed.
    pub terms: Terms,
    /// The key of fingerprints. It is one for all nodes and for ever: a page that was pushed through one leader is
    /// known to the next one.
    pub fingerprint_key: [u8; 16],
}

impl std::fmt::Debug for Foundation {
    /// The key is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Foundation").field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// A step on a tenant's way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// To here: makes room for its snapshot. What came of one before is dropped.
    Arrive,
    /// To here: a part of its snapshot. One that came already is passed over.
    Part {
        /// The bytes before it.
        offset: u64,
        /// The part.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// To here: the snapshot is whole.
    Restore,
    /// To here: what was carried out there since.
    Tail(Vec<Carried>),
    /// To here: it is all here, and answers from now on.
    Open {
        /// What its digest was there at last.
        digest: u128,
    },
    /// From here: no command is carried out any more.
    Close {
        /// Where it goes: addresses of nodes of the other cluster.
        to: Vec<String>,
    },
    /// From here: it stays after all.
    Reopen,
    /// From here: its state is dropped. Where it went stays known.
    Forget,
}

/// A command that another cluster carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Its place there: of the entry in the log, and of the command in the entry.
    pub place: (u64, u32),
    /// Its time there.
    pub now: Timestamp,
    /// The command, in postcard.
    #[serde(with = "serde_bytes")]
    pub command: Vec<u8>,
}

/// What carrying out an entry answers to whoever proposed it. Clients' commands are answered one by one instead, while
/// the engine is as they left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It cannot be, for the reason said.
    Refused(String),
    /// The tenant is closed.
    Closed {
        /// The place in the log up to which its commands were carried out.
        place: u64,
        /// The digest of its engine.
        digest: u128,
    },
}
