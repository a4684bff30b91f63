//! Steps of a session that is under way: what a connector and its operator tell of it beside pages.

use axum::response::Response;
use headcount::Command;

use crate::answer;
use crate::call::{Asked, Done, Fields, Malformed, Object, OfSession, Write};

/// The session of the path, as the command left it.
fn session<W: Write<Path = OfSession>>(done: &Done<'_, W>) -> Option<Response> {
    let session = done.engine.app(done.at.app_id)?.session(done.at.session_id)?;
    Some(answer::ok(answer::session(session)))
}

/// Takes types out of the scope of a session.
#[derive(Debug)]
pub struct Exclude;

/// The body of [`Exclude`].
#[derive(Debug)]
pub struct Exclusion(Vec<String>);

impl Object for Exclusion {
    const FIELDS: &'static [&'static str] = &["types"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let types = fields.texts("types")?;
        fields.required("types", types).map(Self)
    }
}

impl Write for Exclude {
    const NAME: &'static str = "exclude_types";

    type Path = OfSession;
    type Query = ();
    type Body<'b> = Exclusion;

    fn command(Asked { at, body: Exclusion(types), .. }: Asked<'_, Self>) -> Command<'_> {
        let types = types.into_iter().map(Into::into).collect();
        Command::ExcludeTypes { app_id: at.app_id, session_id: at.session_id, types }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        session(done)
    }
}

/// Holds a session to its app's guard no longer.
#[derive(Debug)]
pub struct WaiveGuard;

impl Write for WaiveGuard {
    const NAME: &'static str = "waive_guard";

    type Path = OfSession;
    type Query = ();
    type Body<'b> = ();

    fn command(Asked { at, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::WaiveGuard { app_id: at.app_id, session_id: at.session_id }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        session(done)
    }
}

/// Ends a session that its connector cannot go on with.
#[derive(Debug)]
pub struct Fail;

/// The body of [`Fail`].
#[derive(Debug)]
pub struct Failure(String);

impl Object for Failure {
    const FIELDS: &'static [&'static str] = &["reason"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let reason = fields.text("reason")?;
        fields.required("reason", reason).map(Self)
    }
}

impl Write for Fail {
    const NAME: &'static str = "fail_session";

    type Path = OfSession;
    type Query = ();
    type Body<'b> = Failure;

    fn command(Asked { at, body: Failure(reason), .. }: Asked<'_, Self>) -> Command<'_> {
        Command::FailSession { app_id: at.app_id, session_id: at.session_id, reason: reason.into() }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        session(done)
    }
}

/// Keeps a text of the connector's with a session.
#[derive(Debug)]
pub struct SaveCheckpoint;

/// The body of [`SaveCheckpoint`]: nothing removes what was kept.
#[derive(Debug)]
pub struct Checkpoint(Option<String>);

impl Object for Checkpoint {
    const FIELDS: &'static [&'static str] = &["checkpoint"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        fields.optional_text("checkpoint").map(Self)
    }
}

impl Write for SaveCheckpoint {
    const NAME: &'static str = "save_checkpoint";

    type Path = OfSession;
    type Query = ();
    type Body<'b> = Checkpoint;

    fn command(Asked { at, body: Checkpoint(checkpoint), .. }: Asked<'_, Self>) -> Command<'_> {
        let checkpoint = checkpoint.map(Into::into);
        Command::SaveCheckpoint { app_id: at.app_id, session_id: at.session_id, checkpoint }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        session(done)
    }
}
