//! A line of the log for each step of a session.

use std::time::Duration;

use headcount::{AppId, Engine, Error, Fact, SessionCounts, SessionId, SessionStatus, SessionView};

use super::about::{About, Step};

/// A session that ended.
pub(super) struct Ended {
    pub(super) status: SessionStatus,
    /// How long it was open.
    pub(super) took: Duration,
}

/// What a step of a session did beside its answer.
#[derive(Default)]
pub(super) struct Done {
    pub(super) started: u64,
    pub(super) ended: Vec<Ended>,
    /// Records that a cleanup marked inactive.
    pub(super) deactivated: u64,
}

/// Tells of a step that was taken: of what it changed of sessions. Goes through all changes of the command.
pub(super) fn tell(tenant: &str, about: About, engine: &Engine) -> Done {
    let mut done = Done::default();
    for change in engine.changes() {
        let app = change.app_id;
        let view = |session| engine.app(app)?.session(session);
        match change.fact {
            Fact::RecordDeactivated { .. } => done.deactivated += 1,
            Fact::SessionOpened { session_id: session } => {
                done.started += 1;
                let slugs =
                    |view: SessionView<'_>| Some(view.scope()?.map(|of| of.slug().to_owned()).collect());
                let scope: Option<Vec<String>> = view(session).and_then(slugs);
                tracing::info!(tenant, %app, %session, ?scope, "session started");
            }
            Fact::SessionCompleting { session_id: session } => {
                let is_forced = about.step == Step::Complete { is_forced: true };
                tracing::info!(tenant, %app, %session, is_forced, "session completing");
            }
            Fact::SessionChanged { session_id: session } => {
                tracing::info!(tenant, %app, %session, step = about.step.as_str(), "session changed");
            }
            Fact::SessionEnded { session_id, status } => {
                // An app keeps the session that ended last.
                done.ended.extend(view(session_id).map(|view| tell_end(tenant, app, view, status)));
            }
            _ => {}
        }
    }
    done
}

fn tell_end(tenant: &str, app: AppId, view: SessionView<'_>, status: SessionStatus) -> Ended {
    let (session, started_at) = (view.id(), view.started_at());
    let ended_at = view.ended_at().unwrap_or(started_at);
    let millis = ended_at.as_millis().saturating_sub(started_at.as_millis());
    let took = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    let pages: u64 = view.progress().map(|of| of.pages).sum();
    let SessionCounts {
        created,
        updated,
        unchanged,
        reactivated,
        filled,
        placeholders,
        deactivated,
        references_added,
        references_removed,
        rejected,
        settled,
        ..
    } = view.counts();
    tracing::info!(
        tenant,
        %app,
        %session,
        %status,
        reason = view.reason(),
        ?took,
        pages,
        created,
        updated,
        unchanged,
        reactivated,
        filled,
        placeholders,
        deactivated,
        references_added,
        references_removed,
        rejected,
        settled,
        "session ended"
    );
    Ended { status, took }
}

/// Tells of a step that was refused: with the limit and its figures, where that is a guard's.
pub(super) fn tell_refusal(tenant: &str, about: About, error: &Error) {
    let (step, code) = (about.step.as_str(), error.code());
    let app = about.app_id.as_ref().map(AppId::to_string);
    let session = about.session_id.as_ref().map(SessionId::to_string);
    let (app, session) = (app.as_deref(), session.as_deref());
    if let Some(limit) = error.guard_limit() {
        let (figure, base, slug) = match error {
            Error::GuardExceeded { deactivations, base, .. } => (Some(*deactivations), Some(*base), None),
            Error::GuardExceededByType { slug, deactivations, base, .. } => {
                (Some(*deactivations), Some(*base), Some(slug.as_str()))
            }
            Error::GuardExceededByRemovals { removals, base, .. } => (Some(*removals), Some(*base), None),
            _ => (None, None, None),
        };
        tracing::warn!(
            tenant, app, session, step, %limit, figure, base, resource_type = slug, detail = %error,
            "session refused by its guard"
        );
        return;
    }
    match about.step {
        // Its client was told, and a connector that is wrong is wrong with many pages.
        Step::Page(_) | Step::Deactivate => {
            tracing::debug!(tenant, app, session, step, code, detail = %error, "page refused");
        }
        _ => tracing::info!(tenant, app, session, step, code, detail = %error, "step refused"),
    }
}
