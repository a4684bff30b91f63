//! Commands on their way into the log. Those that come while an entry is on its way are gathered into the next one: a
//! disk and a round trip are waited for once for all of them.

use std::fmt;

use headcount_server::backend::Then;
use headcount_server::machine::now;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::Raft;
use crate::proposal::{Outcome, Proposal, Proposed};
use crate::replica::Replica;

/// Commands of an entry at most.
const COMMANDS_MAX: usize = 512;
/// Bytes of an entry's commands at which no other is added.
const BYTES_MAX: usize = 1024 * 1024;
/// Commands that may wait for the next entry.
const WAITING_MAX: usize = 2_048;

/// The way into the log.
#[derive(Clone)]
pub struct Proposer {
    raft: Raft,
    replica: Replica,
    queue: mpsc::Sender<Proposed>,
}

impl Proposer {
    /// Of this node.
    pub fn start(raft: Raft, replica: Replica) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(gather(raft.clone(), replica.clone(), waiting));
        Self { raft, replica, queue }
    }

    /// Has a tenant's command carried out, and hands `then` its reply and the engine as it left it, or the words that
    /// say why there is none. Whether the command was carried out is then not known, unless the words say so.
    pub fn submit(&self, tenant: &str, command: Vec<u8>, then: Then) {
        let id = Uuid::new_v4().as_u128();
        // Before it is proposed: it may be carried out at once.
        self.replica.wait_for(id, then);
        let proposed = Proposed { id, tenant: tenant.to_owned(), command };
        if self.queue.try_send(proposed).is_err() {
            self.replica.refuse(id, "too many commands are waiting: nothing was done");
        }
    }

    /// Has an entry carried out that is no client's command.
    ///
    /// # Errors
    /// In words, where this node does not lead, or most nodes cannot be reached.
    pub async fn propose(&self, proposal: Proposal) -> Result<Outcome, String> {
        self.raft.client_write(proposal).await.map(|written| written.data).map_err(|error| error.to_string())
    }
}

/// Makes entries of commands, one after the other.
async fn gather(raft: Raft, replica: Replica, mut waiting: mpsc::Receiver<Proposed>) {
    while let Some(first) = waiting.recv().await {
        let mut bytes = first.command.len();
        let mut commands = vec![first];
        while commands.len() < COMMANDS_MAX && bytes < BYTES_MAX {
            let Ok(next) = waiting.try_recv() else { break };
            bytes += next.command.len();
            commands.push(next);
        }
        let ids: Vec<u128> = commands.iter().map(|command| command.id).collect();
        if let Err(error) = raft.client_write(Proposal::Commands { now: now(), commands }).await {
            let why = format!(
                "the cluster did not take the command ({error}): send it again, it may or may not be carried out"
            );
            // Those that were carried out before this node lost the lead are answered already.
            ids.into_iter().for_each(|id| replica.refuse(id, &why));
        }
    }
}

impl fmt::Debug for Proposer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proposer").finish_non_exhaustive()
    }
}
