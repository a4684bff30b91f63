//! How openraft reaches the other nodes: postcard over HTTP.

use std::num::NonZeroU64;
use std::time::Duration;

use openraft::AnyError;
use openraft::error::{
    InstallSnapshotError, NetworkError, PayloadTooLarge, RPCError, RaftError, RemoteError, Unreachable,
};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::client::{CallError, Client};
use crate::{Member, NodeId, Types};

/// How long a node that cannot be reached is left alone.
const BACKOFF: Duration = Duration::from_millis(200);

/// Makes ways to other nodes.
#[derive(Clone, Debug)]
pub struct Network(pub Client);

/// The way to one other node.
#[derive(Debug)]
pub struct Way {
    target: NodeId,
    member: Member,
    client: Client,
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Way;

    async fn new_client(&mut self, target: NodeId, member: &Member) -> Way {
        Way { target, member: member.clone(), client: self.0.clone() }
    }
}

impl Way {
    async fn send<A, E>(
        &self,
        path: &str,
        body: &impl Serialize,
        option: &RPCOption,
    ) -> Result<A, RPCError<NodeId, Member, E>>
    where
        A: DeserializeOwned,
        E: std::error::Error + DeserializeOwned,
    {
        let Member { address, data } = &self.member;
        let answer: Result<Result<A, E>, CallError> =
            self.client.call(address, path, Some(*data), body, option.hard_ttl()).await;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(RPCError::RemoteError(RemoteError::new(self.target, error))),
            Err(error @ CallError::Lost(_)) => Err(RPCError::Network(NetworkError::new(&error))),
            Err(CallError::Refused(why)) => {
                tracing::error!(node = self.target, why, "a node refuses what the cluster sends it");
                Err(RPCError::Unreachable(Unreachable::new(&AnyError::error(why))))
            }
            Err(error) => Err(RPCError::Unreachable(Unreachable::new(&error))),
        }
    }
}

type Sent<A, E = RaftError<NodeId>> = Result<A, RPCError<NodeId, Member, E>>;

impl RaftNetwork<Types> for Way {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Sent<AppendEntriesResponse<NodeId>> {
        let count = request.entries.len() as u64;
        let sent = timeout(option.soft_ttl(), self.send("/raft/append", &request, &option)).await;
        match (sent, NonZeroU64::new(count / 2)) {
            (Ok(sent), _) => sent,
            // What does not arrive within a heartbeat would be sent again and again: fewer entries may.
            (Err(_), Some(fewer)) => {
                Err(RPCError::PayloadTooLarge(PayloadTooLarge::new_entries_hint(fewer.get())))
            }
            (Err(late), None) => Err(RPCError::Network(NetworkError::new(&late))),
        }
    }

    async fn install_snapshot(
        &mut self,
        request: InstallSnapshotRequest<Types>,
        option: RPCOption,
    ) -> Sent<InstallSnapshotResponse<NodeId>, RaftError<NodeId, InstallSnapshotError>> {
        self.send("/raft/snapshot", &request, &option).await
    }

    async fn vote(&mut self, request: VoteRequest<NodeId>, option: RPCOption) -> Sent<VoteResponse<NodeId>> {
        self.send("/raft/vote", &request, &option).await
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(BACKOFF))
    }
}
