//! What a leader does unasked: it founds the cluster, goes on with cleanups, and expires idle sessions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use headcount::{AppId, Command, Engine, Reply, SessionId, SessionStatus};
use headcount_server::backend::{Backend, Encoded};
use headcount_server::{cleanup, expiry};
use openraft::ServerState;
use tokio::task::JoinHandle;

use crate::Raft;
use crate::proposal::{Foundation, Proposal};
use crate::proposer::Proposer;
use crate::replica::Replica;

/// How often a founding that did not succeed is tried again.
const TRY_EVERY: Duration = Duration::from_millis(200);

/// How often it is looked for cleanups that nobody goes on with: their leader lost the lead, or their tenant came from
/// another cluster.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the duties need.
pub struct Duties {
    /// This node's part in the consensus.
    pub raft: Raft,
    /// Its copy of the state.
    pub replica: Replica,
    /// The way into the log.
    pub proposer: Proposer,
    /// The tenants.
    pub backend: Arc<dyn Backend>,
    /// What the cluster begins with, if this node is the first to lead it.
    pub foundation: Foundation,
    /// For how long a session may be idle.
    pub session_idle_timeout: Option<Duration>,
}

impl Duties {
    /// Does them while this node leads. Ends when the node does.
    ///
    /// # Errors
    /// In words, where the node cannot go on: its disk failed, for example.
    pub async fn attend(self) -> Result<(), String> {
        let mut metrics = self.raft.server_metrics();
        let mut leading: Option<(u64, JoinHandle<()>)> = None;
        loop {
            let (leads, term) = {
                let metrics = metrics.borrow_and_update();
                (metrics.state == ServerState::Leader, metrics.vote.leader_id().term)
            };
            // Another term may begin before the end of the last one was seen.
            if let Some((_, task)) = leading.take_if(|(of, _)| !leads || *of != term) {
                task.abort();
            }
            if leads && leading.is_none() {
                leading = Some((term, self.lead()));
            }
            if metrics.changed().await.is_err() {
                // Nobody measures any more.
                leading.iter().for_each(|(_, task)| task.abort());
                let state = self.raft.metrics().borrow().running_state.clone();
                return state.map_err(|error| error.to_string());
            }
        }
    }

    fn lead(&self) -> JoinHandle<()> {
        let (raft, replica, proposer) = (self.raft.clone(), self.replica.clone(), self.proposer.clone());
        let (backend, foundation) = (Arc::clone(&self.backend), self.foundation.clone());
        let idle = self.session_idle_timeout;
        tokio::spawn(async move {
            tracing::info!("this node leads");
            // What earlier leaders did is known here once this has passed.
            while raft.ensure_linearizable().await.is_err()
                || (replica.foundation().is_none()
                    && proposer.propose(Proposal::Found(foundation.clone())).await.is_err())
            {
                tokio::time::sleep(TRY_EVERY).await;
            }
            let _expiring = idle.map(|idle| Expiring(expiry::spawn(&backend, idle)));
            loop {
                for tenant in 0..backend.tenants() {
                    let completing = backend.read(tenant, |tenant| completing(&tenant.engine));
                    for (app_id, session_id) in completing {
                        clean_up(&*backend, tenant, app_id, session_id).await;
                    }
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
    }
}

/// The sessions that are completing. Goes through all apps.
fn completing(engine: &Engine) -> Vec<(AppId, SessionId)> {
    // An open session is its app's newest.
    let newest = engine.apps().filter_map(|app| Some((app.id(), app.sessions().next_back()?)));
    let completing = newest.filter(|(_, session)| session.status() == SessionStatus::Completing);
    completing.map(|(app, session)| (app, session.id())).collect()
}

/// Goes on with a cleanup, to its end or until that cannot be.
async fn clean_up(backend: &dyn Backend, tenant: usize, app_id: AppId, session_id: SessionId) {
    let command = Command::RunCleanup { app_id, session_id, budget: cleanup::BUDGET };
    let Ok(command) = Encoded::new(&command) else { return };
    while let Ok(Ok(Reply::Cleanup(step))) = backend.apply(tenant, command.clone(), |_, reply| reply).await {
        if step.status.has_ended() {
            return;
        }
    }
}

/// A task that ends when this is dropped.
struct Expiring(JoinHandle<()>);

impl Drop for Expiring {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for Duties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duties").finish_non_exhaustive()
    }
}
