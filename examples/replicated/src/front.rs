//! In front of the server's router: which node answers a request.
//!
//! What writes is answered by the leader, to which any other node passes it on. What reads is answered by the node
//! that is asked, once that has caught up with all that was acknowledged; with the header `Headcount-Read: local` at
//! once, from what the node has. What is about a tenant that went to another cluster is passed on to there.

use std::fmt;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::barrier::Barrier;
use crate::client::{CallError, Client};
use crate::forward::Forwarded;
use crate::place::Standing;
use crate::replica::Replica;
use crate::{Member, NodeId, Raft};

/// A request with the value `local` is read from what the node has.
const READ: HeaderName = HeaderName::from_static("headcount-read");

/// How often a leader is looked for at least.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What stands in front of a node's router; clones share it.
#[derive(Clone)]
pub struct Front {
    /// This node's number.
    pub id: NodeId,
    /// Its part in the consensus.
    pub raft: Raft,
    /// How it reaches other nodes.
    pub client: Client,
    /// Where reads wait.
    pub barrier: Barrier,
    /// Its copy of the state.
    pub replica: Replica,
    /// How long a request waits for a leader.
    pub leader_timeout: Duration,
}

/// Who is to answer.
enum Answerer {
    Here(Request),
    /// It did.
    Elsewhere(Response),
}

/// Answers a request of a client's, here or elsewhere.
pub async fn through(State(front): State<Front>, request: Request, next: Next) -> Response {
    let Some(tenant) = tenant(request.uri().path()) else { return next.run(request).await };
    let answerer = if !matches!(*request.method(), Method::GET | Method::HEAD) {
        front.leader(request).await
    } else if is_local(request.headers()) {
        Ok(Answerer::Here(request))
    } else {
        front.catch_up().await.map(|()| Answerer::Here(request))
    };
    let answerer = match answerer {
        Ok(Answerer::Here(request)) => front.where_it_is(&tenant, request).await,
        elsewhere => elsewhere,
    };
    match answerer {
        Ok(Answerer::Here(request)) => next.run(request).await,
        Ok(Answerer::Elsewhere(response)) => response,
        Err(why) => unavailable(&why),
    }
}

/// Has a request answered by the leader, whatever it is about.
pub async fn by_leader(State(front): State<Front>, request: Request, next: Next) -> Response {
    match front.leader(request).await {
        Ok(Answerer::Here(request)) => next.run(request).await,
        Ok(Answerer::Elsewhere(response)) => response,
        Err(why) => unavailable(&why),
    }
}

/// The tenant that a path of the API names.
fn tenant(path: &str) -> Option<String> {
    let name = path.strip_prefix("/org/")?.split('/').next()?;
    percent_decode_str(name).decode_utf8().ok().map(String::from)
}

fn is_local(headers: &HeaderMap) -> bool {
    headers.get(&READ).is_some_and(|read| read == "local")
}

/// 503: the same request may be answered soon.
fn unavailable(why: &str) -> Response {
    let body = json!({"detail": why, "code": "unavailable"});
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], Json(body)).into_response()
}

impl Front {
    /// Waits until this node may answer for all that was acknowledged.
    async fn catch_up(&self) -> Result<(), String> {
        let until = Instant::now() + self.leader_timeout;
        loop {
            let passed = self.barrier.pass().await;
            if passed.is_ok() || Instant::now() >= until {
                return passed;
            }
            self.look_again(until).await;
        }
    }

    /// Waits for what may be another leader.
    async fn look_again(&self, until: Instant) {
        let mut metrics = self.raft.server_metrics();
        // It is looked again in any case: a leader may come into reach without a change.
        let _ = timeout_at(until.min(Instant::now() + LOOK_EVERY), metrics.changed()).await;
    }

    /// The leader, as this node knows it.
    fn known_leader(&self) -> Option<(NodeId, Member)> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let leader = metrics.current_leader?;
        Some((leader, metrics.membership_config.membership().get_node(&leader)?.clone()))
    }

    async fn leader(&self, request: Request) -> Result<Answerer, String> {
        let until = Instant::now() + self.leader_timeout;
        let forwarded = Forwarded::new(request)?;
        let mut why = "no node leads now".to_owned();
        loop {
            match self.known_leader() {
                Some((leader, _)) if leader == self.id => match self.barrier.pass().await {
                    Ok(()) => return Ok(Answerer::Here(forwarded.into_request())),
                    Err(error) => why = error,
                },
                Some((_, Member { address, .. })) => match forwarded.send(&self.client, &address).await {
                    Ok(response) => return Ok(Answerer::Elsewhere(response)),
                    Err(CallError::Unreachable(error)) => why = error,
                    Err(error) => return Err(lost(&error)),
                },
                None => {}
            }
            if Instant::now() >= until {
                return Err(why);
            }
            self.look_again(until).await;
        }
    }

    /// Has a request answered where its tenant is.
    async fn where_it_is(&self, tenant: &str, request: Request) -> Result<Answerer, String> {
        let to = match self.replica.find(tenant).map(|place| place.about().standing) {
            None | Some(Standing::Here) => return Ok(Answerer::Here(request)),
            Some(Standing::Arriving { meanwhile, .. }) => meanwhile,
            Some(Standing::Gone { to, .. }) => to,
        };
        let forwarded = Forwarded::new(request)?;
        let mut why = "the tenant is on its way to this cluster".to_owned();
        for address in to {
            match forwarded.send(&self.client, &address).await {
                Ok(response) => return Ok(Answerer::Elsewhere(response)),
                Err(CallError::Unreachable(error)) => why = error,
                Err(error) => return Err(lost(&error)),
            }
        }
        Err(why)
    }
}

fn lost(error: &CallError) -> String {
    format!("the answer was lost ({error}): send the request again, it may or may not be carried out")
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_named_by_the_second_part_of_a_path() {
        for (path, expected) in [
            ("/org/acme/api/v1/bridge/apps/", Some("acme")),
            ("/org/%61cme/", Some("acme")),
            ("/org/acme", Some("acme")),
            ("/organ/acme/", None),
            ("/healthz", None),
        ] {
            assert_eq!(tenant(path).as_deref(), expected, "{path}");
        }
    }
}
