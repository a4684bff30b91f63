//! How a node reaches the others: JSON over HTTP.

use std::time::Duration;

use openraft::BasicNode;
use openraft::error::{InstallSnapshotError, NetworkError, RPCError, RaftError, RemoteError, Unreachable};
use openraft::network::{RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{NodeId, Types};

/// Makes connections.
#[derive(Clone, Copy, Debug, Default)]
pub struct Network;

/// The way to one other node.
#[derive(Debug)]
pub struct Peer {
    target: NodeId,
    address: String,
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Peer;

    async fn new_client(&mut self, target: NodeId, node: &BasicNode) -> Peer {
        Peer { target, address: node.addr.clone() }
    }
}

/// Posts a value and parses the answer. Blocking calls have threads of their own in tokio.
///
/// # Errors
/// Where the other side does not answer in time, or not as it should.
pub async fn post<Q: Serialize, A: DeserializeOwned + Send + 'static>(
    url: String,
    body: &Q,
    timeout: Duration,
) -> Result<A, std::io::Error> {
    let body = serde_json::to_string(body)?;
    let call = move || -> Result<A, std::io::Error> {
        let config = ureq::Agent::config_builder().timeout_global(Some(timeout)).build();
        let agent: ureq::Agent = config.into();
        let sent = agent.post(&url).header("Content-Type", "application/json").send(body);
        let mut answered = sent.map_err(std::io::Error::other)?;
        let text = answered
            .body_mut()
            .with_config()
            .limit(u64::MAX)
            .read_to_string()
            .map_err(std::io::Error::other)?;
        Ok(serde_json::from_str(&text)?)
    };
    tokio::task::spawn_blocking(call).await.map_err(std::io::Error::other)?
}

impl Peer {
    async fn send<Q, A, E>(
        &self,
        path: &str,
        body: &Q,
        option: &RPCOption,
    ) -> Result<A, RPCError<NodeId, BasicNode, E>>
    where
        Q: Serialize,
        A: DeserializeOwned + Send + 'static,
        E: std::error::Error + DeserializeOwned + Send + 'static,
    {
        let url = format!("{}/raft/{path}", self.address);
        let answer: Result<Result<A, E>, std::io::Error> = post(url, body, option.hard_ttl()).await;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(RPCError::RemoteError(RemoteError::new(self.target, error))),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Err(RPCError::Network(NetworkError::new(&error)))
            }
            Err(error) => Err(RPCError::Unreachable(Unreachable::new(&error))),
        }
    }
}

type Sent<A, E = RaftError<NodeId>> = Result<A, RPCError<NodeId, BasicNode, E>>;

impl RaftNetwork<Types> for Peer {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Sent<AppendEntriesResponse<NodeId>> {
        self.send("append", &request, &option).await
    }

    async fn install_snapshot(
        &mut self,
        request: InstallSnapshotRequest<Types>,
        option: RPCOption,
    ) -> Sent<InstallSnapshotResponse<NodeId>, RaftError<NodeId, InstallSnapshotError>> {
        self.send("snapshot", &request, &option).await
    }

    async fn vote(&mut self, request: VoteRequest<NodeId>, option: RPCOption) -> Sent<VoteResponse<NodeId>> {
        self.send("vote", &request, &option).await
    }
}
