//! Commands about sessions: roll calls, and what they leave behind.

use alloc::borrow::ToOwned;
use core::num::NonZeroU64;

use super::Engine;
use super::scope::{CommandScope, expect_text, find_types, missing};
use crate::state::{Ending, Registry, TypeScope};
use crate::values::{
    AppId, CleanupOutcome, Completion, Error, Fact, Rule, Scope, SessionId, SessionStatus, Timestamp,
};
use crate::verbs::{cleanup, guard, preview};

/// Sessions ([SPEC 2](crate::spec#2-commands), [4](crate::spec#4-completing)).
impl Engine {
    /// Opens a session. An earlier one of the app that is in progress becomes abandoned; one that is
    /// completing is first cleaned up to the end, with this command's `now`.
    ///
    /// Costs grow with the number of types, and not with the records: how many are active is known, and what the
    /// last roll saw is forgotten at once. Where a cleanup is to be ended, costs what is left of it: a host that
    /// minds runs it first. An app keeps its last 100 sessions; the id of one that it forgets is free.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Scope, SessionId, SessionStatus, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let (first_id, second_id) = (SessionId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// engine.start_session(now, app_id, first_id, &Scope::All)?;
    /// engine.start_session(now, app_id, second_id, &Scope::All)?;
    /// let first = engine.app(app_id).unwrap().session(first_id).unwrap();
    /// assert_eq!(first.status(), SessionStatus::Abandoned);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`InvalidArgument`](Error::InvalidArgument) for an empty
    /// `scope`; [`ResourceTypeNotFound`](Error::ResourceTypeNotFound) for a slug in it;
    /// [`SessionIdInUse`](Error::SessionIdInUse).
    pub fn start_session(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        scope: &Scope<'_>,
    ) -> Result<(), Error> {
        let sessions_max = self.limits().sessions_per_app_max as usize;
        let mut command = self.scope(now, app_id)?;
        let type_scope = type_scope(command.registry, scope)?;
        if command.ids.sessions.contains(&session_id) {
            return Err(Error::SessionIdInUse { session_id });
        }
        match command.app.sessions().open().map(|open| open.status()) {
            Some(SessionStatus::Completing) => _ = command.clean_up(u64::MAX),
            Some(_) => command.end_session(Ending::Abandoned),
            None => {}
        }
        let forgotten =
            command.app.start_session(session_id, type_scope, now, command.registry.len(), sessions_max);
        for forgotten in &forgotten {
            command.ids.sessions.remove(forgotten);
        }
        command.ids.sessions.insert(session_id);
        command.changes.fact(Fact::SessionOpened { session_id });
        Ok(())
    }

    /// Accepts the session's roll as the whole truth: from now on [`Engine::run_cleanup`] marks
    /// inactive what was not pushed. Answers the status: completing, or completed if it was already.
    ///
    /// The app's [`Guard`](crate::Guard) may refuse it, unless it was [waived](Self::waive_guard); to force a completion
    /// waives it. With a [plan](crate::Completion::with_plan) it is refused if other records would be marked by now. Costs
    /// grow with the number of types, and not with the records, but for a bit of each record of a type of which the session
    /// retains some or deltas settled some; to hold a plan against them costs what a [preview](crate::AppView::preview) and
    /// its plan cost.
    ///
    /// ```
    /// # use headcount::{AppId, Completion, Config, Engine, Scope, SessionId, SessionStatus, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// let status = engine.complete_session(now, app_id, session_id, Completion::GUARDED)?;
    /// assert_eq!(status, SessionStatus::Completing);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) if abandoned or in error; [`PlanChanged`](Error::PlanChanged);
    /// [`GuardExceededWithoutPages`](Error::GuardExceededWithoutPages), [`GuardExceeded`](Error::GuardExceeded),
    /// [`GuardExceededByType`](Error::GuardExceededByType).
    pub fn complete_session(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        completion: Completion,
    ) -> Result<SessionStatus, Error> {
        let scope = self.scope(now, app_id)?;
        let session = scope.find_session(session_id)?;
        let status = session.status();
        if matches!(status, SessionStatus::Completing | SessionStatus::Completed) {
            return Ok(status);
        }
        session.expect(SessionStatus::InProgress)?;
        let app_guard = scope.app.guard();
        let (store, session) = scope.app.store_and_session();
        let session = session.expect("a session in progress is the open one");
        if let Some(plan) = completion.plan {
            preview::expect_plan(plan, store, session, scope.registry)?;
        }
        if completion.force && !session.facts().guard_waived() {
            session.waive_guard();
            scope.changes.fact(Fact::SessionChanged { session_id });
        }
        if !session.facts().guard_waived() {
            guard::expect_completion_within(app_guard, store, scope.registry, session)?;
        }
        session.note_activity(now);
        session.begin_cleanup();
        scope.changes.fact(Fact::SessionCompleting { session_id });
        Ok(SessionStatus::Completing)
    }

    /// Ends a session without cleanup: what was pushed stays as it is. Of an abandoned one: no change.
    ///
    /// Costs grow with the number of types, and not with the records.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Scope, SessionId, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// engine.abandon_session(now, app_id, session_id)?;
    /// engine.abandon_session(now, app_id, session_id)?; // a retry is safe
    /// assert_eq!(engine.changes().count(), 0);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) unless in progress or abandoned.
    pub fn abandon_session(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
    ) -> Result<(), Error> {
        let mut scope = self.scope(now, app_id)?;
        let session = scope.find_session(session_id)?;
        if session.status() != SessionStatus::Abandoned {
            session.expect(SessionStatus::InProgress)?;
            scope.end_session(Ending::Abandoned);
        }
        Ok(())
    }

    /// Ends a session that the host cannot go on with, without cleanup, as in error. Of one that is
    /// in error: no change, its reason stays.
    ///
    /// Costs grow with the number of types, and not with the records.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Scope, SessionId, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// engine.fail_session(now, app_id, session_id, "the connector was lost")?;
    /// let session = engine.app(app_id).unwrap().session(session_id).unwrap();
    /// assert_eq!(session.reason(), Some("the connector was lost"));
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `reason` (1..=1,024);
    /// [`WrongState`](Error::WrongState) unless in progress or in error: a cleanup can always go on.
    pub fn fail_session(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        reason: &str,
    ) -> Result<(), Error> {
        let rule = Rule::Required { chars_max: self.limits().reason_chars_max };
        let mut scope = self.scope(now, app_id)?;
        let session = scope.find_session(session_id)?;
        expect_text(rule, "reason", reason)?;
        if session.status() != SessionStatus::Error {
            session.expect(SessionStatus::InProgress)?;
            scope.end_session(Ending::Error { reason: reason.to_owned() });
        }
        Ok(())
    }

    /// Runs a step of the cleanup of a completing session: marks at most `budget` records inactive.
    /// The last step completes the session and sets the app's last_synced_at to its `now`.
    ///
    /// Costs what the budget allows: at most about 0.4 us for each unit of it, plus the references of one account
    /// (50,000 of one page at most: about a millisecond). One change is kept for each record that is marked. 1,000 to 5,000 is a
    /// good budget. While a [frozen copy](Engine::freeze) is there, what a step is the first to write to is copied too.
    ///
    /// For each unit a step may pass 4,096 records, 64 at a time. A placeholder that stays counts as 128 of them, and
    /// so does each reference of an account that is marked; the last account of a step is finished, however many it
    /// has. So a step may mark fewer than its budget, even none, and still not be the last. Budgets of any size come
    /// to the same end by the same changes ([SPEC 4.1](crate::spec#41-completing-in-steps),
    /// [4.6](crate::spec#46-order-of-marking)).
    ///
    /// ```
    /// # use headcount::{AppId, Completion, Config, Engine, Scope, SessionId, Timestamp, Uuid};
    /// # use std::num::NonZeroU64;
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// # engine.complete_session(now, app_id, session_id, Completion::GUARDED)?;
    /// let budget = NonZeroU64::new(1_000).unwrap();
    /// while !engine.run_cleanup(now, app_id, session_id, budget)?.status.has_ended() {}
    /// assert_eq!(engine.app(app_id).unwrap().last_synced_at(), Some(now));
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) unless completing. Between two steps a `start_session` may have run the
    /// rest of the cleanup, and the app may have been deleted, or the session forgotten: then nothing is left to do.
    pub fn run_cleanup(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        budget: NonZeroU64,
    ) -> Result<CleanupOutcome, Error> {
        let mut scope = self.scope(now, app_id)?;
        scope.find_session(session_id)?.expect(SessionStatus::Completing)?;
        Ok(scope.clean_up(budget.get()))
    }
}

impl CommandScope<'_> {
    /// Runs a step of the cleanup of the app's open session, which is completing.
    fn clean_up(&mut self, budget: u64) -> CleanupOutcome {
        let before = self.deactivated();
        let is_done = cleanup::step(self.app, self.registry, self.changes, self.now, budget);
        let deactivated = self.deactivated() - before;
        if is_done {
            self.end_session(Ending::Completed);
        }
        let status = if is_done { SessionStatus::Completed } else { SessionStatus::Completing };
        CleanupOutcome { deactivated, status }
    }

    fn deactivated(&self) -> u64 {
        let open = self.app.sessions().open().expect("a completing session is the open one");
        open.facts().counts().deactivated
    }
}

/// The types that a scope names, each once.
fn type_scope(registry: &Registry, scope: &Scope<'_>) -> Result<TypeScope, Error> {
    let Scope::Types(slugs) = scope else { return Ok(TypeScope::new(None)) };
    if slugs.is_empty() {
        return Err(missing("scope", "no slug", "at least one slug, or no scope"));
    }
    Ok(TypeScope::new(Some(find_types(registry, slugs)?)))
}
