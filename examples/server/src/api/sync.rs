//! Sync sessions: start, push, complete.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use headcount::{
    AppId, AppView, Command, Completion, Engine, Fingerprint, LenientOutcome, Page, Reply, ResourceType,
    Scope, SessionId, SessionStatus, SessionView, Uuid,
};
use serde_json::{Map, Value, json};

use super::page::PageBody;
use crate::answer;
use crate::call::{
    Asked, Done, Fields, Made, Malformed, Object, OfApp, OfPage, OfSession, Paging, Query, QueryValues, Read,
    Refusal, Rows, Write,
};

/// Starts a session.
#[derive(Debug)]
pub struct Start;

/// The body of [`Start`].
#[derive(Debug)]
pub struct NewSession {
    scope: Option<Vec<String>>,
}

impl Object for NewSession {
    const FIELDS: &'static [&'static str] = &["scope"];
    const MAY_BE_ABSENT: bool = true;

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        Ok(Self { scope: fields.texts("scope")? })
    }
}

impl Write for Start {
    const NAME: &'static str = "start_session";

    type Path = OfApp;
    type Query = ();
    type Body<'b> = NewSession;

    const MAKES: bool = true;

    fn made(engine: &Engine, at: &OfApp, id: Uuid, body: &NewSession) -> Made {
        let made = engine.app(at.app_id).and_then(|app| app.session(SessionId(id)));
        let Some(made) = made else { return Made::Nothing };
        let asked: Option<BTreeSet<&str>> =
            body.scope.as_ref().map(|slugs| slugs.iter().map(String::as_str).collect());
        let opened_for = made.scope().map(|types| types.map(ResourceType::slug).collect());
        if asked == opened_for { Made::Same(started(SessionId(id))) } else { Made::Other }
    }

    fn command(Asked { at, body, fresh_id, .. }: Asked<'_, Self>) -> Command<'_> {
        let scope = body.scope.map_or(Scope::All, Scope::types);
        Command::StartSession { app_id: at.app_id, session_id: SessionId(fresh_id), scope }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        Some(started(SessionId(done.fresh_id)))
    }
}

fn started(id: SessionId) -> Response {
    answer::json(StatusCode::CREATED, json!({"sync_id": id}))
}

/// Pushes a page.
#[derive(Debug)]
pub struct Push;

/// What becomes of a page that has records with faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is refused.
    Strict,
    /// They are rejected.
    Lenient,
}

impl Query for Mode {
    const NAMES: &'static [&'static str] = &["mode"];

    fn read(values: &QueryValues) -> Result<Self, Malformed> {
        match values.get("mode") {
            None | Some("strict") => Ok(Self::Strict),
            Some("lenient") => Ok(Self::Lenient),
            Some(other) => Err(Malformed::text("mode", other, "strict or lenient")),
        }
    }
}

impl Write for Push {
    const NAME: &'static str = "push_page";

    type Path = OfPage;
    type Query = Mode;
    type Body<'b> = PageBody<'b>;

    /// To push to a session that is not in progress is a mistake in the request.
    const WRONG_STATE: StatusCode = StatusCode::BAD_REQUEST;

    /// Most pages are those of the last roll, and parsing costs more than all else that is done with one.
    const IS_FINGERPRINTED: bool = true;

    /// In either mode: a page that is remembered has no record with a fault.
    fn repeat<'b>(at: &'b OfPage, engine: &Engine, fingerprint: Fingerprint) -> Option<Command<'b>> {
        let (app_id, session_id, slug) = (at.app_id, at.session_id, at.slug.as_str());
        let is_known = engine.remembers_page(app_id, slug, fingerprint);
        is_known.then(|| Command::RepeatPage { app_id, session_id, slug: slug.into(), fingerprint })
    }

    fn command<'b>(asked: Asked<'b, Self>) -> Command<'b> {
        let Asked { at, query: mode, body: PageBody(page), fingerprint, .. } = asked;
        let page = fingerprint.into_iter().fold(page, Page::with_fingerprint);
        let (app_id, session_id, slug) = (at.app_id, at.session_id, at.slug.as_str().into());
        match mode {
            Mode::Strict => Command::PushPage { app_id, session_id, slug, page },
            Mode::Lenient => Command::PushLenientPage { app_id, session_id, slug, page },
        }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let repeated;
        let outcome = match &done.reply {
            Reply::Page(outcome) => {
                repeated = LenientOutcome::from(*outcome);
                &repeated
            }
            Reply::LenientPage(outcome) => outcome,
            _ => return None,
        };
        let mut body = answer::page(&outcome.page);
        if done.query == Mode::Lenient {
            body["rejected"] = outcome.rejected.into();
            body["errors"] = answer::faults(&outcome.faults);
            body["errors_total"] = outcome.faults_total.into();
        }
        Some(answer::ok(body))
    }
}

/// Completes a session.
#[derive(Debug)]
pub struct Complete;

impl Object for Completion {
    const FIELDS: &'static [&'static str] = &["force", "plan"];
    const MAY_BE_ABSENT: bool = true;

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let force = fields.flag("force")?.unwrap_or(false);
        let completion = if force { Self::FORCED } else { Self::GUARDED };
        Ok(fields.parsed("plan")?.map_or(completion, |plan| completion.with_plan(plan)))
    }
}

impl Write for Complete {
    const NAME: &'static str = "complete_session";

    type Path = OfSession;
    type Query = ();
    type Body<'b> = Completion;

    fn command(Asked { at, body: completion, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::CompleteSession { app_id: at.app_id, session_id: at.session_id, completion }
    }

    fn answer(_: &Done<'_, Self>) -> Option<Response> {
        Some(StatusCode::ACCEPTED.into_response())
    }

    fn cleanup(done: &Done<'_, Self>) -> Option<(AppId, SessionId)> {
        let is_to_run = matches!(done.reply, Reply::Completion(SessionStatus::Completing));
        is_to_run.then_some((done.at.app_id, done.at.session_id))
    }
}

/// Abandons a session.
#[derive(Debug)]
pub struct Abandon;

impl Write for Abandon {
    const NAME: &'static str = "abandon_session";

    type Path = OfSession;
    type Query = ();
    type Body<'b> = ();

    fn command(Asked { at, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::AbandonSession { app_id: at.app_id, session_id: at.session_id }
    }

    fn answer(_: &Done<'_, Self>) -> Option<Response> {
        Some(answer::no_content())
    }
}

/// Reads a session.
#[derive(Debug)]
pub struct Get;

impl Read for Get {
    const NAME: &'static str = "read_session";

    type Path = OfSession;
    type Query = ();

    fn answer((_, session): (AppView<'_>, SessionView<'_>), (): (), _: &str) -> Result<Response, Refusal> {
        Ok(answer::ok(answer::session(session)))
    }
}

/// Shows what completing now would mark inactive.
#[derive(Debug)]
pub struct Preview;

impl Read for Preview {
    const NAME: &'static str = "preview_session";

    type Path = OfSession;
    type Query = Paging;

    fn answer(
        (app, session): (AppView<'_>, SessionView<'_>),
        paging: Paging,
        url: &str,
    ) -> Result<Response, Refusal> {
        let preview = app.preview(session.id())?;
        let records = preview.records().skip(paging.offset).take(paging.limit);
        let rows = Rows::of(records.map(answer::marked));
        let by_type: Map<String, Value> =
            preview.by_type().map(|(of, count)| (of.slug().to_owned(), count.into())).collect();
        let figures = [
            ("total", preview.total().into()),
            ("by_type", by_type.into()),
            ("plan", preview.plan().to_string().into()),
        ];
        let links = paging.links(preview.total() as usize, url, None, rows.len());
        let fields: Vec<(&str, Value)> = links.into_iter().chain(figures).collect();
        Ok(rows.answer(&fields))
    }
}

/// Lists an app's sessions, newest first.
#[derive(Debug)]
pub struct List;

impl Read for List {
    const NAME: &'static str = "list_sessions";

    type Path = OfApp;
    type Query = Paging;

    fn answer(app: AppView<'_>, paging: Paging, url: &str) -> Result<Response, Refusal> {
        let newest_first = app.sessions().rev().skip(paging.offset).take(paging.limit);
        Ok(paging.page(app.session_count(), url, None, Rows::of(newest_first.map(answer::session))))
    }
}
