//! The calls of whoever runs the cluster, under `/cluster/`, in JSON, with the cluster's secret.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use headcount_server::options;
use openraft::ChangeMembers;
use openraft::error::{ClientWriteError, RaftError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::front::{self, Front};
use crate::moving;
use crate::peers::Hello;
use crate::place::Standing;
use crate::proposal::{Outcome, Proposal, Step, Terms};
use crate::proposer::Proposer;
use crate::{Member, NodeId};

/// What the calls need.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Which node leads.
    pub front: Front,
    /// The way into the log.
    pub proposer: Proposer,
    /// The log itself.
    pub log: crate::log::Log,
    /// This node, as the others know it.
    pub me: Member,
}

/// A call that cannot be carried out: why, and whether it is the caller's mistake.
pub(crate) struct Refused(pub(crate) StatusCode, pub(crate) String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, detail) = self;
        let code = match status {
            StatusCode::BAD_REQUEST => "malformed",
            StatusCode::CONFLICT => "conflict",
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::GONE => "gone",
            _ => "unavailable",
        };
        (status, Json(json!({"detail": detail, "code": code}))).into_response()
    }
}

pub(crate) fn conflict(why: impl ToString) -> Refused {
    Refused(StatusCode::CONFLICT, why.to_string())
}

pub(crate) fn unavailable(why: impl ToString) -> Refused {
    Refused(StatusCode::SERVICE_UNAVAILABLE, why.to_string())
}

type Answer<T = Value> = Result<T, Refused>;

/// The calls. Those that change the cluster are passed on to the leader.
pub fn router(admin: Admin) -> Router {
    let by_leader = Router::new()
        .route("/cluster/nodes/", post(add))
        .route("/cluster/nodes/{id}/", delete(remove))
        .route("/cluster/terms/", put(set_terms))
        .route("/cluster/tenants/{tenant}/reopen/", post(reopen))
        .route("/cluster/tenants/{tenant}/departing", post(moving::departing))
        .route("/cluster/tenants/{tenant}/tail", post(moving::tail))
        .route("/cluster/tenants/{tenant}/step", post(moving::step))
        .layer(from_fn_with_state(admin.front.clone(), front::by_leader));
    by_leader
        .route("/cluster/", get(status))
        .route("/cluster/digests/", get(digests))
        .route("/cluster/snapshot/", post(snapshot))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(from_fn_with_state(admin.clone(), admit))
        .with_state(admin)
}

async fn admit(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    if admin.front.client.secret().opens(request.headers()) {
        return next.run(request).await;
    }
    let body = json!({"detail": "expected the header Authorization: Cluster …", "code": "unauthorized"});
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

async fn status(State(admin): State<Admin>) -> Json<Value> {
    let metrics = admin.front.raft.metrics().borrow().clone();
    let voters: BTreeSet<NodeId> = metrics.membership_config.voter_ids().collect();
    let nodes = metrics.membership_config.nodes().map(|(id, Member { address, data })| {
        json!({"id": id, "address": address, "data": data, "votes": voters.contains(id)})
    });
    let tenants = admin.front.replica.places().into_iter().map(|(name, place)| {
        let (standing, to) = match place.about().standing {
            Standing::Here => ("here", Vec::new()),
            Standing::Arriving { meanwhile, .. } => ("arriving", meanwhile),
            Standing::Gone { to, .. } => ("gone", to),
        };
        json!({"name": name, "standing": standing, "to": to})
    });
    let terms = admin.front.replica.foundation().map(|foundation| foundation.terms);
    let place = |id: Option<openraft::LogId<NodeId>>| id.map(|id| id.index);
    Json(json!({
        "id": metrics.id,
        "address": admin.me.address,
        "data": admin.me.data,
        "role": format!("{:?}", metrics.state).to_lowercase(),
        "term": metrics.current_term,
        "leader": metrics.current_leader,
        "last": metrics.last_log_index,
        "applied": place(metrics.last_applied),
        "snapshot": place(metrics.snapshot),
        "purged": place(metrics.purged),
        "nodes": nodes.collect::<Value>(),
        "tenants": tenants.collect::<Value>(),
        "terms": terms.map(|Terms { config, changes_kept }| json!({
            "limits": config.limits(), "default_guard": config.guard(), "changes_kept": changes_kept,
        })),
    }))
}

async fn digests(State(admin): State<Admin>) -> Answer<Json<Value>> {
    let replica = admin.front.replica.clone();
    let digests = tokio::task::spawn_blocking(move || replica.digests()).await.map_err(unavailable)?;
    let of = |(name, (digest, seq))| (name, json!({"digest": format!("{digest:032x}"), "seq": seq}));
    let tenants: Map<String, Value> = digests.tenants.into_iter().map(of).collect();
    Ok(Json(json!({"applied": digests.place, "tenants": tenants})))
}

async fn snapshot(State(admin): State<Admin>) -> Answer<StatusCode> {
    admin.front.raft.trigger().snapshot().await.map_err(unavailable)?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize)]
struct NewNode {
    id: NodeId,
    address: String,
}

/// Adds a node that runs and has caught up, or tells the others where one is now.
async fn add(
    State(admin): State<Admin>,
    Json(NewNode { id, address }): Json<NewNode>,
) -> Answer<Json<Value>> {
    let raft = &admin.front.raft;
    let hello = Hello::of(&admin.front.client, &address).await;
    let hello = hello.map_err(|error| conflict(format!("the node at {address}: {error}")))?;
    if hello.id != id {
        return Err(conflict(format!("the node at {address} is node {}, expected node {id}", hello.id)));
    }
    let nodes: BTreeMap<NodeId, Member> = {
        let metrics = raft.metrics();
        let metrics = metrics.borrow();
        metrics.membership_config.nodes().map(|(id, member)| (*id, member.clone())).collect()
    };
    let member = Member { address, data: hello.data };
    match nodes.get(&id) {
        Some(known) if known.data != member.data => {
            let why = format!("node {id} is known with another data folder: remove it, and take another id");
            return Err(conflict(why));
        }
        Some(known) if *known != member => {
            let moved = ChangeMembers::SetNodes(BTreeMap::from([(id, member.clone())]));
            raft.change_membership(moved, true).await.map_err(changing)?;
        }
        None if hello.has_begun && !hello.members.iter().any(|(id, known)| nodes.get(id) == Some(known)) => {
            return Err(conflict(format!("node {id} belongs to another cluster")));
        }
        _ => {}
    }
    raft.add_learner(id, member, true).await.map_err(changing)?;
    raft.change_membership(ChangeMembers::AddVoterIds(BTreeSet::from([id])), false)
        .await
        .map_err(changing)?;
    Ok(status(State(admin)).await)
}

async fn remove(State(admin): State<Admin>, Path(id): Path<NodeId>) -> Answer<Json<Value>> {
    let raft = &admin.front.raft;
    let (votes, is_known) = {
        let metrics = raft.metrics();
        let metrics = metrics.borrow();
        let members = metrics.membership_config.membership();
        (members.voter_ids().any(|voter| voter == id), members.get_node(&id).is_some())
    };
    if !is_known {
        return Err(Refused(StatusCode::NOT_FOUND, format!("no node {id} in this cluster")));
    }
    let nodes = BTreeSet::from([id]);
    let change = if votes { ChangeMembers::RemoveVoters(nodes) } else { ChangeMembers::RemoveNodes(nodes) };
    raft.change_membership(change, false).await.map_err(changing)?;
    Ok(status(State(admin)).await)
}

fn changing(error: RaftError<NodeId, ClientWriteError<NodeId, Member>>) -> Refused {
    match error {
        RaftError::APIError(ClientWriteError::ChangeMembershipError(error)) => conflict(error),
        error => unavailable(error),
    }
}

#[derive(Deserialize)]
struct NewTerms {
    #[serde(default)]
    limits: BTreeMap<String, u64>,
    default_guard: Option<String>,
    changes_kept: u64,
}

/// Sets all terms: what is not named has its default again.
async fn set_terms(State(admin): State<Admin>, Json(new): Json<NewTerms>) -> Answer<Json<Value>> {
    let limits: Vec<String> = new.limits.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let config = options::config(&limits, new.default_guard.as_deref());
    let config = config.map_err(|why| Refused(StatusCode::BAD_REQUEST, why))?;
    let terms = Terms { config, changes_kept: new.changes_kept };
    admin.proposer.propose(Proposal::Configure(terms)).await.map_err(unavailable)?;
    Ok(status(State(admin)).await)
}

/// A tenant that was closed and did not open elsewhere is here again.
async fn reopen(State(admin): State<Admin>, Path(tenant): Path<String>) -> Answer<Json<Value>> {
    match admin.proposer.propose(Proposal::Move { tenant, step: Step::Reopen }).await {
        Ok(Outcome::Refused(why)) => Err(conflict(why)),
        Ok(_) => Ok(status(State(admin)).await),
        Err(why) => Err(unavailable(why)),
    }
}
