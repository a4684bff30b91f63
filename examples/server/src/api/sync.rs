//! Sync sessions: start, push, complete, and the cleanup in the background.

use std::time::Instant;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use headcount::{AppId, Command, Error, PageSeed, Reply, Scope, SessionId, SessionStatus};
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Body, Call, Whole, cleanup, no_content, object, ok};
use crate::answer::{self, Answer};
use crate::refusal::Refusal;

#[derive(Deserialize)]
struct StartBody {
    scope: Option<Vec<String>>,
}

pub(super) async fn start(call: Call, body: Body) -> Answer {
    let app = call.id("app")?;
    call.read_app(|_| Ok(()))?;
    let session = SessionId(Uuid::new_v4());
    let scope = object::<StartBody>(body, true)?.scope.map_or(Scope::All, Scope::types);
    call.apply(&Command::StartSession { app, session, scope }, |_, _| ()).await?;
    Ok(answer::json(StatusCode::CREATED, json!({"sync_id": session})))
}

pub(super) async fn push(call: Call, body: Body) -> Answer {
    let (app, session) = (call.id("app")?, call.id("sync")?);
    let slug = call.path("slug");
    // What is not found is told before what is malformed; the type's kind is what to parse the page as.
    let (kind, limits) = call.read(|engine| {
        let view = engine.app(app).filter(|app| app.session(session).is_some());
        let kind = view.and_then(|app| app.resource_type(slug)).map(|of| of.kind());
        (kind, *engine.config().limits())
    });
    let kind = kind.ok_or_else(Refusal::not_found)?;
    let Whole(body) = body?;
    let begun = Instant::now();
    let mut parser = serde_json::Deserializer::from_slice(&body);
    let page = PageSeed::new(kind, &limits).deserialize(&mut parser);
    let page = page.and_then(|page| parser.end().map(|()| page));
    call.state.machine.note_parse(begun.elapsed());
    let page = page.map_err(|error| Refusal::malformed(format!("the body: {error}")))?;
    let command = Command::PushPage { app, session, slug: slug.into(), page };
    let reply = call.state.machine.apply(call.tenant, &command, |_, reply| reply).await?;
    match reply {
        Ok(Reply::Page(outcome)) => {
            ok(json!({"total": outcome.total, "created": outcome.created, "updated": outcome.updated}))
        }
        // To a push a session that is not in progress is a mistake in the request.
        Err(error @ Error::WrongState { .. }) => Err(Refusal::malformed(error.to_string())),
        Err(error) => Err(error.into()),
        Ok(_) => Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "not the reply to a push")),
    }
}

#[derive(Deserialize)]
struct CompleteBody {
    force: Option<bool>,
}

/// The app and the session of the path, if they are there.
fn found(call: &Call) -> Result<(AppId, SessionId), Refusal> {
    let (app, session) = (call.id("app")?, call.id("sync")?);
    call.read_app(|app| app.session(session).map(|_| ()).ok_or_else(Refusal::not_found))?;
    Ok((app, session))
}

pub(super) async fn complete(call: Call, body: Body) -> Answer {
    let (app, session) = found(&call)?;
    let force = object::<CompleteBody>(body, true)?.force.unwrap_or(false);
    let command = Command::CompleteSession { app, session, force };
    let status = call.apply(&command, |_, reply| match reply {
        Reply::Completion(status) => status,
        _ => SessionStatus::Completing,
    });
    if status.await? == SessionStatus::Completing {
        cleanup::spawn(&call.state, call.tenant, app, session);
    }
    Ok::<Response, Refusal>(StatusCode::ACCEPTED.into_response())
}

pub(super) async fn abandon(call: Call) -> Answer {
    let (app, session) = (call.id("app")?, call.id("sync")?);
    call.apply(&Command::AbandonSession { app, session }, |_, _| ()).await?;
    no_content()
}

pub(super) async fn read(call: Call) -> Answer {
    let session = call.id("sync")?;
    ok(call.read_app(|app| app.session(session).map(answer::session).ok_or_else(Refusal::not_found))?)
}

pub(super) async fn preview(call: Call) -> Answer {
    let session = call.id("sync")?;
    ok(call.read_app(|app| {
        let preview = app.preview(session)?;
        let by_type: Map<String, Value> =
            preview.by_type().map(|(of, count)| (of.slug().to_owned(), count.into())).collect();
        Ok(json!({"total": preview.total(), "by_type": by_type}))
    })?)
}

pub(super) async fn list(call: Call) -> Answer {
    let paging = call.paging()?;
    let (count, results) = call.read_app(|app| {
        let newest_first = app.sessions().rev().skip(paging.offset).take(paging.limit);
        Ok((app.sessions().len(), newest_first.map(answer::session).collect()))
    })?;
    Ok(paging.page(count, &call.list_url(None), results))
}
