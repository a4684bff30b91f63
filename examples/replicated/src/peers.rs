//! What a node answers to the others: only with the secret, and only what is for this very data folder.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::client::{CallError, Client, DATA};
use crate::secret::Secret;
use crate::{Member, NodeId, Raft};

/// How long a greeting is waited for.
const HELLO_TIMEOUT: Duration = Duration::from_secs(2);

/// Who a node is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// Its number.
    pub id: NodeId,
    /// What its data folder is known by.
    pub data: Uuid,
    /// Whether it belongs to a cluster, or did.
    pub has_begun: bool,
    /// The members that it knows of.
    pub members: BTreeMap<NodeId, Member>,
}

impl Hello {
    /// Asks the node at an address who it is.
    ///
    /// # Errors
    /// Where it does not answer, or not with these words.
    pub async fn of(client: &Client, address: &str) -> Result<Self, CallError> {
        client.call(address, "/raft/hello", None, &(), HELLO_TIMEOUT).await
    }
}

/// What the answers need.
#[derive(Clone)]
pub struct Peers {
    /// This node's part in the consensus.
    pub raft: Raft,
    /// Its number, and what its data folder is known by.
    pub id: NodeId,
    /// See [`Hello::data`].
    pub data: Uuid,
    /// Who may ask.
    pub secret: Secret,
}

/// The answers, under `/raft/`.
pub fn router(peers: Peers) -> Router {
    let peers = Arc::new(peers);
    let raft = Router::new()
        .route(
            "/append",
            post(async |State(peers): State<Arc<Peers>>, body: Bytes| {
                answer(&body, async |request| peers.raft.append_entries(request).await).await
            }),
        )
        .route(
            "/vote",
            post(async |State(peers): State<Arc<Peers>>, body: Bytes| {
                answer(&body, async |request| peers.raft.vote(request).await).await
            }),
        )
        .route(
            "/snapshot",
            post(async |State(peers): State<Arc<Peers>>, body: Bytes| {
                answer(&body, async |request| peers.raft.install_snapshot(request).await).await
            }),
        )
        .route(
            "/read",
            post(async |State(peers): State<Arc<Peers>>, body: Bytes| {
                answer(&body, async |(): ()| read_place(&peers.raft).await).await
            }),
        )
        .route(
            "/hello",
            post(async |State(peers): State<Arc<Peers>>, body: Bytes| {
                answer(&body, async |(): ()| hello(&peers).await).await
            }),
        );
    Router::new()
        .nest("/raft", raft)
        .layer(from_fn_with_state(Arc::clone(&peers), admit))
        // Only nodes come this far, and a snapshot's part with many changes at once is large.
        .layer(DefaultBodyLimit::disable())
        .with_state(peers)
}

/// Passes on what has the secret and is for this data folder.
async fn admit(State(peers): State<Arc<Peers>>, request: Request, next: Next) -> Response {
    if !peers.secret.opens(request.headers()) {
        return (StatusCode::UNAUTHORIZED, "the cluster's secret is another one").into_response();
    }
    let data = request.headers().get(&DATA).map(|data| data.to_str().unwrap_or_default());
    if data.is_some_and(|data| data.parse() != Ok(peers.data)) {
        let why =
            "this node has another data folder than the cluster knows: remove it, and add it under a new id";
        return (StatusCode::CONFLICT, why).into_response();
    }
    next.run(request).await
}

async fn answer<Q: DeserializeOwned, A: Serialize>(
    body: &Bytes,
    asked: impl AsyncFnOnce(Q) -> A,
) -> Response {
    let request = match postcard::from_bytes(body) {
        Ok(request) => request,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    match postcard::to_stdvec(&asked(request).await) {
        Ok(bytes) => bytes.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// How far another node must have carried out the log to read what was acknowledged before it asked.
async fn read_place(raft: &Raft) -> Result<u64, String> {
    let (place, _) = raft.get_read_log_id().await.map_err(|error| error.to_string())?;
    Ok(place.map_or(0, |place| place.index))
}

async fn hello(peers: &Peers) -> Hello {
    let members = {
        let metrics = peers.raft.metrics();
        let metrics = metrics.borrow();
        metrics.membership_config.nodes().map(|(id, member)| (*id, member.clone())).collect()
    };
    // A node that is going down belongs to its cluster.
    let has_begun = peers.raft.is_initialized().await.unwrap_or(true);
    Hello { id: peers.id, data: peers.data, has_begun, members }
}
