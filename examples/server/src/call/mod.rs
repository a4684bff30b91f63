//! What a call is: a description of its path, its query and its body, and what it answers.
//!
//! A call implements [`Read`] or [`Write`] and never sees the request. [`answer()`] takes the request apart as the
//! call's types say, and so is the only place that decides which of several errors is told:
//!
//! 1. 401: no valid key; 403: a key that may not write, where the call would.
//! 2. 404: a tenant, a path or a thing of the path that there is not; 405: a method that the path does not have.
//! 3. 400: a malformed query, then a malformed header, then a malformed body; 408, 413 and 415: a body that did not
//!    come, is too large or is not taken.
//! 4. 404: a thing of the body that there is not.
//! 5. 409 or 422: what the engine says of it.
//!
//! Fields of a body that are not known are ignored, and the header `Ignored-Fields` of the answer names them, whatever
//! the answer is. A body that has any is read each time it comes.
//!
//! A body that is known by its fingerprint was taken before, and was not malformed: it is not read again, and what the
//! engine says of it is told at the same place.
//!
//! The types keep it so. What a path names is found by a [`Path`], which can only say that something is
//! [`Missing`]; a [`Query`] and a [`Body`] can only say that they are [`Malformed`]; a [`Read`] or [`Write`] gets
//! them when all are good, and can only pass on what the engine or the feed says.

mod body;
mod idempotency;
mod ignored;
mod media;
mod order;
mod origin;
mod path;
mod query;
mod refusal;
mod route;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use headcount::{AppId, Command, Engine, Fingerprint, Reply, SessionId};
use uuid::Uuid;

use crate::auth::Keys;
use crate::backend::Backend;
use crate::connections;
use crate::observe::health::Health;
use crate::observe::metrics::Metrics;
use crate::observe::observed::Observed;
use crate::spent::Spent;

pub use body::{Body, Fields, Object};
pub use idempotency::{Answers, Made};
pub use media::announce;
pub use order::{answer, refuse_all_but_get};
pub use path::{
    OfApp, OfMembers, OfPage, OfRecord, OfSession, OfTask, OfTasks, OfTenant, OfType, PageView, Path,
};
pub use query::{Paging, Query, QueryValues};
pub use refusal::{Malformed, Missing, Refusal};
pub use route::{Answer, Method, PREFIX, QueryNames, Route};
pub use rows::Rows;

/// What all calls share.
#[derive(Debug)]
pub struct State {
    /// Who may call.
    pub keys: Keys,
    /// What they call.
    pub backend: Arc<dyn Backend>,
    /// Where time goes.
    pub spent: Arc<Spent>,
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// Whether commands are taken.
    pub health: Arc<Health>,
    /// Bytes that a body may have.
    pub body_bytes_max: usize,
    /// For how long a body may take to come.
    pub body_timeout: Duration,
    /// Whether `X-Forwarded-Proto` and `X-Forwarded-Host` are believed.
    pub trusts_forwarded: bool,
    /// What was answered under an `Idempotency-Key`.
    pub answers: Arc<Answers>,
}

impl State {
    /// Of calls on this backend, whose tenants are those of the keys, by their places; what they do is noted in these
    /// figures. What may be set otherwise is as it is where nothing is said.
    pub fn new(backend: Arc<dyn Backend>, metrics: Arc<Metrics>, keys: Keys, body_bytes_max: usize) -> Self {
        let observed = Observed::new(backend, Arc::clone(&metrics));
        Self {
            keys,
            health: observed.health(),
            backend: Arc::new(observed),
            spent: Arc::default(),
            metrics,
            body_bytes_max,
            body_timeout: connections::Settings::DEFAULT.body_timeout,
            trusts_forwarded: false,
            answers: Arc::default(),
        }
    }
}

/// A call that changes nothing. It has no body.
pub trait Read: 'static {
    /// What the API's document calls it: a name that no other call has.
    const NAME: &'static str;

    /// What the path names.
    type Path: Path;
    /// The parameters that the call knows.
    type Query: Query;

    /// The answer. `url` is the call's own address without its query, for the links of a list.
    ///
    /// # Errors
    /// What the engine says, or in its place the feed.
    fn answer(at: <Self::Path as Path>::View<'_>, query: Self::Query, url: &str)
    -> Result<Response, Refusal>;
}

/// A call that carries out one command.
pub trait Write: Sized + 'static {
    /// What the API's document calls it: a name that no other call has.
    const NAME: &'static str;

    /// What the path names.
    type Path: Path;
    /// The parameters that the call knows.
    type Query: Query;
    /// What the body says.
    type Body<'b>: Body<'b, Self::Path>;

    /// The status that tells of a session in the wrong state.
    const WRONG_STATE: StatusCode = StatusCode::CONFLICT;

    /// Whether a body is known by its fingerprint, so that one which was taken before need not be read: see
    /// [`repeat`](Self::repeat).
    const IS_FINGERPRINTED: bool = false;

    /// Whether it makes a thing under [`Asked::fresh_id`], and so knows the header `Idempotency-Key`: see
    /// [`made`](Self::made).
    const MAKES: bool = false;

    /// What is there already under an id that a key names. A call that makes nothing finds nothing.
    fn made(_engine: &Engine, _at: &Self::Path, _id: Uuid, _body: &Self::Body<'_>) -> Made {
        Made::Nothing
    }

    /// The command that does what the body with this fingerprint asks for, if the engine knows the body. A call
    /// that has none is not fingerprinted.
    fn repeat<'b>(_at: &'b Self::Path, _engine: &Engine, _fingerprint: Fingerprint) -> Option<Command<'b>> {
        None
    }

    /// The command that the request asks for.
    fn command(asked: Asked<'_, Self>) -> Command<'_>;

    /// The answer to the command's reply; none to a reply that the engine never gives to this command.
    fn answer(done: &Done<'_, Self>) -> Option<Response>;

    /// The cleanup that the command began.
    fn cleanup(_done: &Done<'_, Self>) -> Option<(AppId, SessionId)> {
        None
    }
}

/// A request to write whose path, query and body are good.
#[derive(Debug)]
pub struct Asked<'b, W: Write> {
    /// What the path names.
    pub at: &'b W::Path,
    /// What the query says.
    pub query: W::Query,
    /// What the body says.
    pub body: W::Body<'b>,
    /// An id for what the command makes: one that is not in use, or that an `Idempotency-Key` names.
    pub fresh_id: Uuid,
    /// What the body is known by, if bodies of the call are.
    pub fingerprint: Option<Fingerprint>,
}

/// A command that was carried out, and the engine as it left it.
#[derive(Debug)]
pub struct Done<'e, W: Write> {
    /// The tenant's engine.
    pub engine: &'e Engine,
    /// What the path names.
    pub at: &'e W::Path,
    /// What the query says.
    pub query: W::Query,
    /// The id that the command was given: see [`Asked::fresh_id`].
    pub fresh_id: Uuid,
    /// What the engine answered.
    pub reply: Reply,
}
