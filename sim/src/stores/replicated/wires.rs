//! What is between the nodes in the place of a network: calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headcount_replicated::{Member, NodeId, Raft, Types};
use openraft::AnyError;
use openraft::error::{InstallSnapshotError, RPCError, RaftError, RemoteError, Unreachable};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};

/// How long a node that is not there is left alone.
const BACKOFF: Duration = Duration::from_millis(5);

/// The nodes that are up.
#[derive(Clone, Default)]
pub(super) struct Wires(Arc<Mutex<BTreeMap<NodeId, Raft>>>);

/// The way to one of them.
pub(super) struct Wire {
    target: NodeId,
    wires: Wires,
}

impl Wires {
    pub(super) fn connect(&self, id: NodeId, raft: &Raft) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, raft.clone());
    }

    pub(super) fn disconnect(&self, id: NodeId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

type Sent<A, E = RaftError<NodeId>> = Result<A, RPCError<NodeId, Member, E>>;

impl Wire {
    #[expect(clippy::result_large_err, reason = "the error is the library's")]
    fn raft<E: std::error::Error>(&self) -> Sent<Raft, E> {
        let up = self.wires.0.lock().unwrap_or_else(PoisonError::into_inner);
        let raft = up.get(&self.target).cloned();
        raft.ok_or_else(|| RPCError::Unreachable(Unreachable::new(&AnyError::error("the node is down"))))
    }

    #[expect(clippy::result_large_err, reason = "the error is the library's")]
    fn answer<A, E: std::error::Error>(&self, answer: Result<A, E>) -> Sent<A, E> {
        answer.map_err(|error| RPCError::RemoteError(RemoteError::new(self.target, error)))
    }
}

impl RaftNetworkFactory<Types> for Wires {
    type Network = Wire;

    async fn new_client(&mut self, target: NodeId, _: &Member) -> Wire {
        Wire { target, wires: self.clone() }
    }
}

impl RaftNetwork<Types> for Wire {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        _: RPCOption,
    ) -> Sent<AppendEntriesResponse<NodeId>> {
        self.answer(self.raft()?.append_entries(request).await)
    }

    async fn install_snapshot(
        &mut self,
        request: InstallSnapshotRequest<Types>,
        _: RPCOption,
    ) -> Sent<InstallSnapshotResponse<NodeId>, RaftError<NodeId, InstallSnapshotError>> {
        self.answer(self.raft()?.install_snapshot(request).await)
    }

    async fn vote(&mut self, request: VoteRequest<NodeId>, _: RPCOption) -> Sent<VoteResponse<NodeId>> {
        self.answer(self.raft()?.vote(request).await)
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(BACKOFF))
    }
}
