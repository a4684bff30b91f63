//! Commands about sessions: roll calls, and what they leave behind.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::num::NonZeroU64;

use super::{Engine, find_app_mut, find_type};
use crate::state::app::App;
use crate::state::registry::Registry;
use crate::state::session::{Session, SessionStatus};
use crate::values::change::{ChangeLog, Fact};
use crate::values::command::{CleanupOutcome, PageOutcome, PurgeOutcome, Scope};
use crate::values::error::{Error, ErrorKind, FaultCode, shorten};
use crate::values::id::{AppId, SessionId};
use crate::values::record::Page;
use crate::values::text::Rule;
use crate::values::time::Timestamp;
use crate::verbs::upsert::Upsert;
use crate::verbs::{page, reconcile};

/// Sessions (SPEC 2, 3, 4).
impl Engine {
    /// Opens a session. An earlier one of the app that is in progress becomes abandoned; one that is
    /// completing is first cleaned up to the end.
    ///
    /// Costs little, but where a cleanup is to be ended as much as what is left of it: a host that
    /// minds runs it first. An app remembers its last 100 sessions; the id of one that it forgets is
    /// free.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`ResourceTypeNotFound`](Error::ResourceTypeNotFound) for
    /// a slug in the scope; [`InvalidArgument`](Error::InvalidArgument) for an empty `scope`;
    /// [`SessionIdInUse`](Error::SessionIdInUse).
    pub fn start_session(
        &mut self,
        now: Timestamp,
        app: AppId,
        session: SessionId,
        scope: &Scope<'_>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let sessions_max = self.limits().sessions_per_app_max as usize;
        let found = find_app_mut(&mut self.apps, app)?;
        let registry = self.groups.entry(found.group).or_default();
        let scope = scope_numbers(registry, scope)?;
        if self.ids.sessions.contains(&session) {
            return Err(Error::SessionIdInUse { session });
        }
        match found.open_session().map(|open| open.status) {
            Some(SessionStatus::Completing) => {
                step(found, registry, &mut self.changes, now, u64::MAX);
            }
            Some(_) => end(found, registry, &mut self.changes, now, SessionStatus::Abandoned),
            None => {}
        }
        let mut opened = Session::start(session, scope, now);
        opened.base = reconcile::active_full(&found.tables, &opened);
        found.sessions.push_back(opened);
        self.ids.sessions.insert(session);
        while found.sessions.len() > sessions_max {
            if let Some(forgotten) = found.sessions.pop_front() {
                self.ids.sessions.remove(&forgotten.id);
            }
        }
        self.changes.fact(Fact::SessionOpened { session });
        Ok(())
    }

    /// Pushes a page of records: each is upserted whole, and what accounts refer to that does not
    /// exist yet becomes a placeholder. One bad record and the page is refused whole (SPEC 3).
    ///
    /// Costs grow with the page alone; an unchanged record is compared in place and copies nothing.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound),
    /// [`ResourceTypeNotFound`](Error::ResourceTypeNotFound); [`WrongState`](Error::WrongState) unless
    /// in progress; [`PageTooLarge`](Error::PageTooLarge); [`PageFaults`](Error::PageFaults) with every
    /// fault in it; [`KindMismatch`](Error::KindMismatch); [`OutOfScope`](Error::OutOfScope);
    /// [`ResourceTypeFull`](Error::ResourceTypeFull).
    pub fn push_page(
        &mut self,
        _now: Timestamp,
        app: AppId,
        session: SessionId,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<PageOutcome, Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let registry = self.groups.entry(found.group).or_default();
        let pushed_in = found.session_mut(session)?;
        let (number, resource_type) = find_type(registry, slug)?;
        pushed_in.expect(SessionStatus::InProgress)?;
        let checked = match page::check(page, registry, self.config.limits(), self.key) {
            Err(error) if error.kind() == ErrorKind::Invalid => return Err(error),
            // A fault against a business rule waits for the rules about the page itself.
            checked => checked,
        };
        if page.kind() != resource_type.kind() {
            let (found, expected) = (page.kind(), resource_type.kind());
            return Err(Error::KindMismatch { slug: shorten(slug), found, expected });
        }
        if !pushed_in.covers(number) {
            return Err(Error::OutOfScope { slug: shorten(slug), session });
        }
        let checked = checked?;
        found.make_tables(registry.types().len());
        let records_max = self.config.limits().records_per_type_max;
        // Only the newest session can be in progress.
        let Some(session) = found.sessions.back_mut() else { return Err(Error::SessionNotFound { session }) };
        let mut upsert = Upsert {
            tables: &mut found.tables,
            session,
            changes: &mut self.changes,
            key: self.key,
            records_per_type_max: records_max,
        };
        upsert.apply(number, &checked).map_err(|full| Error::ResourceTypeFull {
            slug: registry.get(full.table).map(|full| shorten(full.slug())).unwrap_or_default(),
            records_max,
        })
    }

    /// Accepts the session's roll as the whole truth: from now on [`Engine::run_cleanup`] marks
    /// inactive what was not pushed. Answers the status: completing, or completed if it was already.
    ///
    /// The app's [`Guard`](crate::Guard) may refuse it, unless by `force`.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) if abandoned or in error; [`GuardExceeded`](Error::GuardExceeded).
    pub fn complete_session(
        &mut self,
        _now: Timestamp,
        app: AppId,
        session: SessionId,
        force: bool,
    ) -> Result<SessionStatus, Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let guard = found.guard;
        let completing = find_session(found, session)?;
        if matches!(completing.status, SessionStatus::Completing | SessionStatus::Completed) {
            return Ok(completing.status);
        }
        completing.expect(SessionStatus::InProgress)?;
        let deactivations = reconcile::deactivations(&found.tables, completing);
        if !force && guard.is_passed_by(deactivations, completing.base) {
            return Err(Error::GuardExceeded { deactivations, base: completing.base, guard });
        }
        found.session_mut(session)?.status = SessionStatus::Completing;
        self.changes.fact(Fact::SessionCompleting { session });
        Ok(SessionStatus::Completing)
    }

    /// Ends a session without cleanup: what was pushed stays as it is. Of an abandoned one: no change.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) unless in progress or abandoned.
    pub fn abandon_session(&mut self, now: Timestamp, app: AppId, session: SessionId) -> Result<(), Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let abandoned = find_session(found, session)?;
        if abandoned.status != SessionStatus::Abandoned {
            abandoned.expect(SessionStatus::InProgress)?;
            let registry = self.groups.entry(found.group).or_default();
            end(found, registry, &mut self.changes, now, SessionStatus::Abandoned);
        }
        Ok(())
    }

    /// Ends a session that the host cannot go on with, without cleanup, as in error. Of one that is
    /// in error: no change, its reason stays.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `reason` (not empty, at most 64 KiB);
    /// [`WrongState`](Error::WrongState) unless in progress or in error: a cleanup can always go on.
    pub fn fail_session(
        &mut self,
        now: Timestamp,
        app: AppId,
        session: SessionId,
        reason: &str,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let rule = Rule::RequiredOpaque { bytes_max: self.limits().opaque_bytes_max };
        let found = find_app_mut(&mut self.apps, app)?;
        let failed = found.session_mut(session)?;
        rule.check("reason", reason)?;
        if failed.status != SessionStatus::Error {
            failed.expect(SessionStatus::InProgress)?;
            failed.reason = Some(reason.to_owned());
            let registry = self.groups.entry(found.group).or_default();
            end(found, registry, &mut self.changes, now, SessionStatus::Error);
        }
        Ok(())
    }

    /// Runs a step of the cleanup of a completing session: marks at most `budget` records inactive.
    /// The last step completes the session and sets the app's last_synced_at to its `now`.
    ///
    /// A step also ends after passing over 4,096 rows for each record of its budget, so that its time
    /// is bounded whatever is stale; it may mark none and still not be the last. Budgets of any size
    /// come to the same end by the same changes (SPEC 4.6).
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) unless completing.
    pub fn run_cleanup(
        &mut self,
        now: Timestamp,
        app: AppId,
        session: SessionId,
        budget: NonZeroU64,
    ) -> Result<CleanupOutcome, Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let cleaned = find_session(found, session)?;
        cleaned.expect(SessionStatus::Completing)?;
        let before = cleaned.counts.deactivated;
        let registry = self.groups.entry(found.group).or_default();
        step(found, registry, &mut self.changes, now, budget.get());
        let cleaned = find_session(found, session)?;
        Ok(CleanupOutcome { deactivated: cleaned.counts.deactivated - before, status: cleaned.status })
    }

    /// Removes the app's records that became inactive before a time and that no active account refers
    /// to, and the references that inactive accounts hold to them; frees their memory.
    ///
    /// Costs grow with all records and references of the app: it makes its tables anew.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound).
    pub fn purge_inactive(
        &mut self,
        _now: Timestamp,
        app: AppId,
        inactive_before: Timestamp,
    ) -> Result<PurgeOutcome, Error> {
        self.changes.begin(app);
        let found = find_app_mut(&mut self.apps, app)?;
        let registry = self.groups.entry(found.group).or_default();
        Ok(reconcile::purge(found, registry, &mut self.changes, inactive_before))
    }
}

/// The numbers of the types in a scope, ascending, each once; `None` is all.
fn scope_numbers(registry: &Registry, scope: &Scope<'_>) -> Result<Option<Vec<u32>>, Error> {
    let Scope::Types(slugs) = scope else { return Ok(None) };
    let numbers: Result<BTreeSet<u32>, Error> =
        slugs.iter().map(|slug| find_type(registry, slug).map(|(number, _)| number)).collect();
    let numbers: Vec<u32> = numbers?.into_iter().collect();
    if numbers.is_empty() {
        return Err(Error::InvalidArgument {
            field: "scope".into(),
            code: FaultCode::Required,
            found: "no slug".to_owned(),
            expected: "at least one slug, or no scope".to_owned(),
        });
    }
    Ok(Some(numbers))
}

/// Runs a cleanup step of the app's open session, which is completing.
fn step(app: &mut App, registry: &Registry, changes: &mut ChangeLog, now: Timestamp, budget: u64) {
    let Some(session) = app.sessions.back_mut() else { return };
    if reconcile::cleanup_step(&mut app.tables, session, registry, changes, now, budget) {
        end(app, registry, changes, now, SessionStatus::Completed);
        app.last_synced_at = Some(now);
        changes.fact(Fact::AppUpdated);
    }
}

/// Ends the app's open session, and its roll.
fn end(app: &mut App, registry: &Registry, changes: &mut ChangeLog, now: Timestamp, status: SessionStatus) {
    let Some(session) = app.sessions.back_mut() else { return };
    session.end(status, now, registry.types().len());
    changes.fact(Fact::SessionEnded { session: session.id, status });
    for table in &mut app.tables {
        table.clear_seen();
    }
}

fn find_session(app: &App, session: SessionId) -> Result<&Session, Error> {
    app.session(session).ok_or(Error::SessionNotFound { session })
}
