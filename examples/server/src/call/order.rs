//! The one place where a request is taken apart, and so the one that owns the order of errors: see
//! [`call`](super).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body as Stream;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use headcount::{Engine, Error, ErrorKind, Fingerprint, IgnoredFields, Limits, Reply};
use uuid::Uuid;

use super::body::Room;
use super::idempotency::{self, Begun};
use super::media::{self, Announced};
use super::origin::origin;
use super::path::Segments;
use super::{
    Asked, Body, Done, Made, Method, Missing, Path, Read, Refusal, Route, State, Write, ignored, query,
};
use crate::auth::Access;
use crate::backend::Encoded;
use crate::cleanup;
use crate::detached::detached;
use crate::tenant::Tenant;

/// A request whose key is good and whose path is a call's.
pub(super) struct Incoming {
    state: Arc<State>,
    tenant: usize,
    /// The call's path, as its route has it.
    path: &'static str,
    /// The values of the path's parameters.
    values: Vec<String>,
    query: String,
    url: String,
    headers: HeaderMap,
    announced: Announced,
}

type Answer = Result<Response, Refusal>;

/// An answer that is waited for: for a disk, say.
type Awaited = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What carries out a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Handler {
    Read(fn(&Incoming) -> Answer),
    Write(fn(Incoming, Stream) -> Awaited),
}

/// Answers a request by the call that it asks for.
pub async fn answer(state: Arc<State>, routes: &'static [Route], request: Request) -> Response {
    let (mut parts, stream) = request.into_parts();
    let answer = match admit(state, routes, &mut parts) {
        Err(refusal) => Err(refusal),
        Ok((incoming, Handler::Read(read))) => match incoming.catch_up().await {
            Ok(()) => read(&incoming),
            Err(refusal) => Err(refusal),
        },
        // Its connection may be cut meanwhile, and it is done all the same: what comes behind its command, too.
        Ok((incoming, Handler::Write(write))) => {
            detached(write(incoming, stream)).await.unwrap_or_else(|error| Err(error.into()))
        }
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

/// Refuses a request whose path has GET and nothing else, and asks for something else.
pub async fn refuse_all_but_get(request: Request) -> Response {
    Refusal::method_not_allowed(request.method().as_str(), &[Method::Get]).into_response()
}

/// Steps 1 and 2, but for what the path's parameters name: key, tenant, path, method.
fn admit(
    state: Arc<State>,
    routes: &'static [Route],
    parts: &mut Parts,
) -> Result<(Incoming, Handler), Refusal> {
    let path = parts.uri.path();
    let no_path = || Refusal::missing(Missing::path(path));
    let segments = Segments::of(path);
    if !segments.is_of_api() {
        return Err(no_path());
    }
    let key = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let access = state.keys.access(key).ok_or_else(Refusal::unauthorized)?;

    let fitting: Vec<_> =
        routes.iter().filter_map(|route| Some((route, segments.values(route.path)?))).collect();
    let method = parts.method.as_str();
    let asked = fitting.iter().filter(|(route, _)| route.method.is_asked_by(method));
    let asked = asked.max_by_key(|(route, _)| route.literals());
    if access == Access::ReadOnly && asked.is_some_and(|(route, _)| route.writes()) {
        return Err(Refusal::read_only_key());
    }
    let name = segments.tenant().ok_or_else(no_path)?;
    // Another tenant is as unknown as one that there is not.
    let tenant = state.keys.tenant(name, key).ok_or_else(|| Refusal::missing(Missing::tenant(name)))?;
    if fitting.is_empty() {
        return Err(if is_call(&format!("{path}/"), routes) {
            Refusal::missing(Missing::slash(path))
        } else {
            no_path()
        });
    }
    let Some((route, values)) = asked else {
        let allowed: Vec<Method> = fitting.iter().map(|(route, _)| route.method).collect();
        return Err(Refusal::method_not_allowed(method, &allowed));
    };
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let url = format!("{}{path}", origin(&parts.headers, state.trusts_forwarded));
    let announced = parts.extensions.get().copied().unwrap_or_default();
    let headers = std::mem::take(&mut parts.headers);
    let incoming = Incoming { state, tenant, path: route.path, values, query, url, headers, announced };
    Ok((incoming, route.handler))
}

/// Whether a path is one of the calls'.
fn is_call(path: &str, routes: &[Route]) -> bool {
    let segments = Segments::of(path);
    routes.iter().any(|route| segments.values(route.path).is_some())
}

impl Incoming {
    /// Waits until the tenant has all that was acknowledged.
    async fn catch_up(&self) -> Result<(), Refusal> {
        Ok(self.state.backend.catch_up(self.tenant).await?)
    }

    /// The rest of step 2: the things that the path names.
    fn find<'e, P: Path>(&self, tenant: &'e Tenant) -> Result<P::View<'e>, Refusal> {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        P::find(tenant, &values).map_err(Refusal::missing)
    }

    /// The first part of step 3.
    fn query<Q: query::Query>(&self) -> Result<Q, Refusal> {
        query::read(&self.query).map_err(Refusal::malformed_query)
    }

    /// The body, if it comes whole and is taken; otherwise what is to be said of it in its turn.
    async fn receive(&self, stream: Stream) -> Result<Vec<u8>, Refusal> {
        media::check_coding(&self.headers)?;
        let room = Room { bytes_max: self.state.body_bytes_max, timeout: self.state.body_timeout };
        let body = room.receive(stream, self.announced).await?;
        if !body.is_empty() {
            media::check_type(&self.headers)?;
        }
        Ok(body)
    }

    /// The id that the request's `Idempotency-Key` names; none without one.
    fn keyed_id(&self) -> Result<Option<Uuid>, Refusal> {
        let Some(key) = idempotency::key(&self.headers).map_err(Refusal::malformed_header)? else {
            return Ok(None);
        };
        let tenant = self.state.keys.tenants()[self.tenant].as_str();
        let whose = [tenant, self.path].into_iter().chain(self.values.iter().map(String::as_str));
        Ok(Some(idempotency::id(whose, key)))
    }
}

pub(super) fn read<R: Read>(incoming: &Incoming) -> Answer {
    incoming.state.backend.read(incoming.tenant, |tenant| {
        let at = incoming.find::<R::Path>(tenant)?;
        let query = incoming.query()?;
        R::answer(at, query, &incoming.url)
    })
}

pub(super) fn write_boxed<W: Write>(incoming: Incoming, stream: Stream) -> Awaited {
    Box::pin(write::<W>(incoming, stream))
}

async fn write<W: Write>(incoming: Incoming, stream: Stream) -> Answer {
    // It is received before the path is looked at, so that a client that sends it to an unknown app does not
    // find the connection closed in the middle; what is wrong with it is told in its turn.
    let received = if <W::Body<'_> as Body<'_, W::Path>>::IS_TAKEN {
        incoming.receive(stream).await
    } else {
        Ok(Vec::new())
    };
    incoming.catch_up().await?;
    let asked = Asking::<W>::new(&incoming, received)?;
    if let Some(command) = asked.repeat()? {
        let answer = carry_out(&asked, command).await;
        // What was known when it was looked up may be so no more.
        if !matches!(answer, Err(Told::MustBePushed)) {
            return Ok(answer?);
        }
    }
    let mut noted = IgnoredFields::new();
    let answer = carry_out_body(&incoming, &asked, &mut noted).await;
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    ignored::tell(&noted, &incoming.url, &mut response);
    Ok(response)
}

/// Does what the body says, once for each key of a request. Notes the fields that are not known.
async fn carry_out_body<W: Write>(
    incoming: &Incoming,
    asked: &Asking<'_, W>,
    noted: &mut IgnoredFields,
) -> Answer {
    let command = asked.command(noted)?;
    let Some(id) = asked.keyed_id else { return Ok(carry_out(asked, command).await?) };
    match incoming.state.answers.begin(id, &asked.body)? {
        Begun::Answered(answer) => Ok(answer),
        Begun::Anew(under_way) => {
            let answer = match asked.made(id)? {
                Some(made) => idempotency::replayed(made),
                None => match carry_out(asked, command).await {
                    Ok(answer) => answer,
                    // Another one with the key was on its way, whose client did not wait for its answer.
                    Err(told) => idempotency::replayed(asked.made(id)?.ok_or(told)?),
                },
            };
            Ok(under_way.keep(answer).await)
        }
    }
}

/// A request to write whose path and query are good, and whose body came whole.
struct Asking<'r, W: Write> {
    state: &'r State,
    tenant: usize,
    at: Arc<W::Path>,
    query: &'r Incoming,
    limits: Limits,
    body: Vec<u8>,
    fingerprint: Option<Fingerprint>,
    fresh_id: Uuid,
    /// The same, if a key names it.
    keyed_id: Option<Uuid>,
}

/// What is told in the place of an answer.
enum Told {
    Refused(Refusal),
    /// The command stood for a body, which is now to be read.
    MustBePushed,
}

impl From<Told> for Refusal {
    fn from(told: Told) -> Self {
        match told {
            Told::Refused(refusal) => refusal,
            Told::MustBePushed => Self::not_a_reply(),
        }
    }
}

impl<'r, W: Write> Asking<'r, W> {
    /// Steps 2 and 3, but for what the body says.
    fn new(incoming: &'r Incoming, received: Result<Vec<u8>, Refusal>) -> Result<Self, Refusal> {
        let State { backend, spent, .. } = &*incoming.state;
        let (at, limits) = backend.read(incoming.tenant, |tenant| {
            let at = W::Path::of(&incoming.find::<W::Path>(tenant)?);
            Ok::<_, Refusal>((at, *tenant.engine.config().limits()))
        })?;
        incoming.query::<W::Query>()?;
        let keyed_id = if W::MAKES { incoming.keyed_id()? } else { None };
        let body = received?;
        let fingerprint = W::IS_FINGERPRINTED.then(|| {
            let begun = Instant::now();
            let fingerprint = backend.fingerprint(&body);
            spent.note_hash(begun.elapsed());
            fingerprint
        });
        let (state, tenant) = (&*incoming.state, incoming.tenant);
        let (at, fresh_id) = (Arc::new(at), keyed_id.unwrap_or_else(Uuid::new_v4));
        Ok(Self { state, tenant, at, query: incoming, limits, body, fingerprint, fresh_id, keyed_id })
    }

    /// The answer of a request with the same key, if what it made is there.
    fn made(&self, id: Uuid) -> Result<Option<Response>, Refusal> {
        let body = Body::read(&self.body, &*self.at, &self.limits, &mut IgnoredFields::new())
            .map_err(Refusal::malformed_body)?;
        match self.state.backend.read(self.tenant, |tenant| W::made(&tenant.engine, &self.at, id, &body)) {
            Made::Nothing => Ok(None),
            Made::Same(answer) => Ok(Some(answer)),
            Made::Other => Err(Refusal::key_of_another_body()),
        }
    }

    /// The command that does what the body asks for, if the body is known.
    fn repeat(&self) -> Result<Option<Encoded>, Refusal> {
        let Some(fingerprint) = self.fingerprint else { return Ok(None) };
        let command = self.state.backend.read(self.tenant, |tenant| {
            let command = W::repeat(&self.at, &tenant.engine, fingerprint);
            command.map(|command| Encoded::new(&command))
        });
        Ok(command.transpose()?)
    }

    /// The command that query and body ask for. Notes the fields of the body that are not known: a body that has any
    /// is given no fingerprint, so that it is read again when it comes again, and they are told again.
    fn command(&self, ignored: &mut IgnoredFields) -> Result<Encoded, Refusal> {
        let query = self.query.query()?;
        let begun = Instant::now();
        let body = Body::read(&self.body, &*self.at, &self.limits, ignored).map_err(Refusal::malformed_body);
        self.state.spent.note_parse(begun.elapsed());
        let (fresh_id, fingerprint) = (self.fresh_id, self.fingerprint.filter(|_| ignored.is_empty()));
        let asked = Asked { at: &*self.at, query, body: body?, fresh_id, fingerprint };
        Ok(Encoded::new(&W::command(asked))?)
    }
}

/// Carries out a command, and begins the cleanup that it asks for.
async fn carry_out<W: Write>(asked: &Asking<'_, W>, command: Encoded) -> Result<Response, Told> {
    let (at, fresh_id, tenant) = (Arc::clone(&asked.at), asked.fresh_id, asked.tenant);
    let query = asked.query.query().map_err(Told::Refused)?;
    let reply = move |engine: &Engine, reply: Result<Reply, Error>| match reply {
        Ok(reply) => {
            let done = Done::<W> { engine, at: &at, query, fresh_id, reply };
            let answer = W::answer(&done).map(|answer| (answer, W::cleanup(&done)));
            answer.ok_or_else(|| Told::Refused(Refusal::not_a_reply()))
        }
        Err(Error::PageMustBePushed { .. }) => Err(Told::MustBePushed),
        Err(error) => Err(Told::Refused(refused::<W>(error))),
    };
    let backend = &asked.state.backend;
    let carried_out = backend.apply(tenant, command, reply).await;
    let (answer, cleanup) = carried_out.map_err(|error| Told::Refused(error.into()))??;
    if let Some((app_id, session_id)) = cleanup {
        cleanup::spawn(backend, tenant, app_id, session_id);
    }
    Ok(answer)
}

/// Steps 4 and 5, and what of step 3 only the engine knows. It tells what is malformed, then what a body names and
/// is not there, then all else.
fn refused<W: Write>(error: Error) -> Refusal {
    let is_wrong_state = error.kind() == ErrorKind::WrongState;
    let refusal = Refusal::from(error);
    if is_wrong_state { refusal.with_status(W::WRONG_STATE) } else { refusal }
}
