//! How a tenant goes from one cluster to another while clients go on.
//!
//! The mover copies a snapshot of the tenant, and then what was carried out since, as often as it takes until little
//! is left. Then it closes the tenant where it was, copies the rest, and opens it where it is now, which is refused
//! unless both have the same digest. Between closing and opening clients are answered 503, and repeat. From then on
//! the old cluster passes requests on to the new one.
//!
//! Each step can be repeated, so a mover that was killed is started again. Only closing needs care: a tenant that is
//! closed and does not open is here again by a call that a person makes.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use openraft::{Entry, EntryPayload};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Types;
use crate::admin::{Admin, Refused, conflict, unavailable};
use crate::client::Client;
use crate::place::Standing;
use crate::proposal::{Carried, Outcome, Proposal, Step};

/// Bytes of a snapshot in an entry of the log.
const PART_BYTES: usize = 1024 * 1024;
/// Bytes of the log that are looked through for a tenant's commands in one call.
const TAIL_BYTES: usize = 4 * 1024 * 1024;
/// Commands that may be left when a tenant is closed: clients wait for so many.
const LEFT_MAX: usize = 100;
/// How long a call to a cluster may take: a snapshot of a large tenant is encoded and sent.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A tenant's commands behind a place of the log.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tail {
    carried: Vec<Carried>,
    /// The log was looked through up to here.
    through: u64,
    /// Whether that is all there is now.
    is_all: bool,
}

/// What a move came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Bytes of the snapshot.
    pub snapshot_bytes: usize,
    /// Commands that came behind it.
    pub commands: usize,
    /// Of these, those that came while the tenant was closed.
    pub commands_while_closed: usize,
    /// For how long clients were answered 503.
    pub closed_for: Duration,
    /// The digest on both sides.
    pub digest: u128,
}

/// Moves a tenant from the cluster of one node to that of another.
///
/// # Errors
/// In words. What was done is done, and the move can be started again.
pub async fn relocate(client: &Client, tenant: &str, from: &str, to: &[String]) -> Result<Moved, String> {
    let first = to.first().ok_or("no address to move to")?;
    let steps = Steps { client, tenant, from, to: first };
    steps.take(first, Step::Arrive).await?;
    let (mut through, snapshot): (u64, Vec<u8>) = steps.call(from, "departing", &()).await?;
    for (number, part) in snapshot.chunks(PART_BYTES).enumerate() {
        let offset = (number * PART_BYTES) as u64;
        steps.take(first, Step::Part { offset, bytes: part.to_vec() }).await?;
    }
    steps.take(first, Step::Restore).await?;
    let mut commands = 0;
    loop {
        let came = steps.tail(&mut through).await?;
        commands += came;
        if came <= LEFT_MAX {
            break;
        }
    }
    let closed_at = std::time::Instant::now();
    let Outcome::Closed { place, digest } = steps.take(from, Step::Close { to: to.to_vec() }).await? else {
        return Err("the tenant could not be closed".to_owned());
    };
    let mut commands_while_closed = 0;
    while through < place {
        commands_while_closed += steps.tail(&mut through).await?;
    }
    steps.take(first, Step::Open { digest }).await?;
    let (closed_for, snapshot_bytes) = (closed_at.elapsed(), snapshot.len());
    Ok(Moved {
        snapshot_bytes,
        commands: commands + commands_while_closed,
        commands_while_closed,
        closed_for,
        digest,
    })
}

/// Drops the state of a tenant that moved, where it was.
///
/// # Errors
/// In words, where it did not move.
pub async fn forget(client: &Client, tenant: &str, from: &str) -> Result<(), String> {
    let steps = Steps { client, tenant, from, to: from };
    steps.take(from, Step::Forget).await.map(drop)
}

/// The calls of a mover.
struct Steps<'m> {
    client: &'m Client,
    tenant: &'m str,
    from: &'m str,
    to: &'m str,
}

impl Steps<'_> {
    async fn call<A: DeserializeOwned>(
        &self,
        address: &str,
        call: &str,
        body: &impl Serialize,
    ) -> Result<A, String> {
        let path = format!("/cluster/tenants/{}/{call}", self.tenant);
        self.client.call(address, &path, None, body, TIMEOUT).await.map_err(|error| error.to_string())
    }

    async fn take(&self, address: &str, step: Step) -> Result<Outcome, String> {
        match self.call(address, "step", &step).await? {
            Outcome::Refused(why) => Err(format!("{address}: {why}")),
            outcome => Ok(outcome),
        }
    }

    /// Copies all commands behind a place. Answers how many.
    async fn tail(&self, through: &mut u64) -> Result<usize, String> {
        let mut count = 0;
        loop {
            let tail: Tail = self.call(self.from, "tail", &*through).await?;
            *through = tail.through;
            count += tail.carried.len();
            if !tail.carried.is_empty() {
                self.take(self.to, Step::Tail(tail.carried)).await?;
            }
            if tail.is_all {
                return Ok(count);
            }
        }
    }
}

fn answer(value: &impl Serialize) -> Result<Response, Refused> {
    Ok(postcard::to_stdvec(value).map_err(unavailable)?.into_response())
}

fn asked<Q: DeserializeOwned>(body: &Bytes) -> Result<Q, Refused> {
    postcard::from_bytes(body).map_err(|error| Refused(StatusCode::BAD_REQUEST, error.to_string()))
}

pub(crate) async fn departing(
    State(admin): State<Admin>,
    Path(tenant): Path<String>,
) -> Result<Response, Refused> {
    let replica = admin.front.replica.clone();
    let departing = move || replica.find(&tenant).map(|_| replica.departing(&tenant));
    let departing = tokio::task::spawn_blocking(departing).await.map_err(unavailable)?;
    let departing = departing.ok_or_else(|| Refused(StatusCode::NOT_FOUND, "no such tenant".to_owned()))?;
    answer(&departing.map_err(unavailable)?)
}

pub(crate) async fn tail(
    State(admin): State<Admin>,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    let after: u64 = asked(&body)?;
    // What is not carried out yet may never be, and what came behind the tenant's closing was not.
    let last = admin.front.replica.applied().last.map_or(0, |last| last.index);
    let last = match admin.front.replica.find(&tenant).map(|place| place.about().standing) {
        Some(Standing::Gone { at, .. }) => last.min(at),
        _ => last,
    };
    if last <= after {
        return answer(&Tail { carried: Vec::new(), through: after, is_all: true });
    }
    let entries = admin.log.entries(after + 1, last + 1, TAIL_BYTES).await.map_err(unavailable)?;
    let through = match entries.first() {
        Some(first) if first.log_id.index == after + 1 => {
            entries.last().map_or(after, |last| last.log_id.index)
        }
        _ => {
            let why = format!("the log behind entry {after} is purged: start again with a new snapshot");
            return Err(Refused(StatusCode::GONE, why));
        }
    };
    let carried = entries.into_iter().flat_map(|entry| of_tenant(&tenant, entry)).collect();
    answer(&Tail { carried, through, is_all: through == last })
}

/// A tenant's commands in an entry.
fn of_tenant(tenant: &str, entry: Entry<Types>) -> Vec<Carried> {
    let EntryPayload::Normal(Proposal::Commands { now, commands }) = entry.payload else { return Vec::new() };
    let of_tenant = (0_u32..).zip(commands).filter(|(_, proposed)| proposed.tenant == tenant);
    let place = entry.log_id.index;
    of_tenant.map(|(at, proposed)| Carried { place: (place, at), now, command: proposed.command }).collect()
}

pub(crate) async fn step(
    State(admin): State<Admin>,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    if admin.front.replica.find(&tenant).is_none() {
        return Err(conflict(format!("no tenant {tenant:?} is known here: give the nodes its key first")));
    }
    let step: Step = asked(&body)?;
    answer(&admin.proposer.propose(Proposal::Move { tenant, step }).await.map_err(unavailable)?)
}
