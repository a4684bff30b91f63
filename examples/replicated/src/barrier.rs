//! What makes a read linearizable: it sees all that was acknowledged before it was asked for.
//!
//! A leader asks the others whether it still leads, and any other node asks the leader how far the log is; then it
//! waits until it has carried out as much. All requests that come while one round is under way share the next one.

use std::time::Duration;

use openraft::error::{CheckIsLeaderError, RaftError};
use tokio::sync::{mpsc, oneshot};

use crate::client::Client;
use crate::{Member, Raft};

/// Requests that may wait for a round.
const WAITING_MAX: usize = 4_096;
/// How long a leader's answer, and then its entries, are waited for.
const TIMEOUT: Duration = Duration::from_secs(5);

type Passed = Result<(), String>;

/// The place at which reads wait.
#[derive(Clone, Debug)]
pub struct Barrier(mpsc::Sender<oneshot::Sender<Passed>>);

impl Barrier {
    /// Of this node.
    pub fn start(raft: Raft, client: Client) -> Self {
        let (queue, mut waiting) = mpsc::channel::<oneshot::Sender<Passed>>(WAITING_MAX);
        tokio::spawn(async move {
            while let Some(first) = waiting.recv().await {
                let mut all = vec![first];
                while let Ok(next) = waiting.try_recv() {
                    all.push(next);
                }
                let passed = round(&raft, &client).await;
                for waits in all {
                    // Who waits no more needs no answer.
                    let _ = waits.send(passed.clone());
                }
            }
        });
        Self(queue)
    }

    /// Waits until this node has carried out all that was acknowledged anywhere before the call.
    ///
    /// # Errors
    /// In words, where that cannot be known now.
    pub async fn pass(&self) -> Passed {
        let (passed, waits) = oneshot::channel();
        self.0.try_send(passed).map_err(|_| "too many requests are waiting".to_owned())?;
        waits.await.unwrap_or_else(|_| Err("the node is stopping".to_owned()))
    }
}

async fn round(raft: &Raft, client: &Client) -> Passed {
    let place = match raft.get_read_log_id().await {
        Ok((place, _)) => place.map_or(0, |place| place.index),
        Err(RaftError::APIError(CheckIsLeaderError::ForwardToLeader(to))) => {
            let Member { address, data } = to.leader_node.ok_or("no node leads now")?;
            let asked = client.call::<Place>(&address, "/raft/read", Some(data), &(), TIMEOUT).await;
            asked.map_err(|error| error.to_string())??
        }
        Err(error) => return Err(error.to_string()),
    };
    let carried_out = raft.wait(Some(TIMEOUT)).applied_index_at_least(Some(place), "a read").await;
    carried_out.map(drop).map_err(|error| error.to_string())
}

/// What a leader answers: how far the log is.
type Place = Result<u64, String>;
