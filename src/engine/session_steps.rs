//! Commands about sessions that are under way: what a connector and its host tell of them beside pages.

use alloc::borrow::ToOwned;

use super::Engine;
use super::scope::{expect_text, find_types, missing};
use crate::state::{Ending, State};
use crate::values::{AppId, Error, ExpiryOutcome, Fact, Rule, SessionId, SessionStatus, Timestamp, present};

/// The reason of a session that expired.
const EXPIRED: &str = "expired";

/// Sessions that are under way ([SPEC 2](crate::spec#2-commands), [5](crate::spec#5-progress)).
impl Engine {
    /// Keeps a text of the connector's with a session in progress, so that a connector that starts anew reads where it
    /// stood, and goes on in the same session. The text is opaque to the engine, at most 4,096 bytes; none, or an empty
    /// one, removes it. One that is equal counts as [activity](crate::SessionView::last_activity_at) too.
    ///
    /// Costs grow with the text, which is copied. No change tells of it.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Scope, SessionId, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// engine.save_checkpoint(now, app_id, session_id, Some("accounts, behind page 17"))?;
    /// let session = engine.app(app_id).unwrap().session(session_id).unwrap();
    /// assert_eq!(session.checkpoint(), Some("accounts, behind page 17"));
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `checkpoint` (at most 4,096 bytes);
    /// [`WrongState`](Error::WrongState) unless in progress ([SPEC 2](crate::spec#2-save-checkpoint)).
    pub fn save_checkpoint(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        checkpoint: Option<&str>,
    ) -> Result<(), Error> {
        let rule = Rule::Opaque { bytes_max: self.limits().checkpoint_bytes_max };
        let scope = self.scope(now, app_id)?;
        let session = scope.find_session(session_id)?;
        let checkpoint = present(checkpoint);
        checkpoint.map_or(Ok(()), |checkpoint| expect_text(rule, "checkpoint", checkpoint))?;
        session.expect(SessionStatus::InProgress)?;
        let (_, session) = scope.app.store_and_session();
        let session = session.expect("a session in progress is the open one");
        session.set_checkpoint(checkpoint);
        session.note_activity(now);
        Ok(())
    }

    /// Takes types out of the scope of a session in progress, for good: its connector could not list them, so the
    /// cleanup leaves them alone. What was pushed of them stays pushed and counted; no further pages of them are taken.
    /// At least one type must stay in scope. What is out of scope already is passed over: if all of them are, nothing
    /// changes, in whatever state the session is.
    ///
    /// Costs grow with the number of types, and not with the records.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Kind, NewResourceType, ResourceTypeId, Scope, SessionId};
    /// # use headcount::{Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # for (id, slug, kind) in [(1, "account", Kind::Account), (2, "license", Kind::License)] {
    /// #     let id = ResourceTypeId(Uuid::from_u128(id));
    /// #     engine.register_resource_type(now, app_id, id, &NewResourceType::new(slug, slug, kind))?;
    /// # }
    /// engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// engine.exclude_types(now, app_id, session_id, &["license"])?; // their API answers 503
    /// let session = engine.app(app_id).unwrap().session(session_id).unwrap();
    /// assert_eq!(session.excluded().map(|of| of.slug()).collect::<Vec<_>>(), ["license"]);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `types` if there are none;
    /// [`ResourceTypeNotFound`](Error::ResourceTypeNotFound); [`WrongState`](Error::WrongState) unless in progress;
    /// [`InvalidArgument`](Error::InvalidArgument) for `types` if no type would be left in scope
    /// ([SPEC 4.5](crate::spec#45-scope)).
    pub fn exclude_types<S: AsRef<str>>(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        types: &[S],
    ) -> Result<(), Error> {
        let scope = self.scope(now, app_id)?;
        let session = scope.find_session(session_id)?;
        if types.is_empty() {
            return Err(missing("types", "no slug", "at least one slug"));
        }
        let in_scope = session.facts().scope();
        let mut excluded = find_types(scope.registry, types)?;
        excluded.retain(|index| in_scope.contains(*index));
        if excluded.is_empty() {
            return Ok(());
        }
        session.expect(SessionStatus::InProgress)?;
        let mut left = scope.registry.indexed().map(|(index, _)| index).filter(|of| in_scope.contains(*of));
        if left.all(|index| excluded.contains(&index)) {
            return Err(missing("types", "all that are in scope", "at least one that stays in scope"));
        }
        let (store, session) = scope.app.store_and_session();
        let session = session.expect("a session in progress is the open one");
        session.exclude(&excluded);
        excluded.iter().for_each(|index| store.clear_settled(*index));
        session.note_activity(now);
        scope.changes.fact(Fact::SessionChanged { session_id });
        Ok(())
    }

    /// Holds a session in progress to its app's [`Guard`](crate::Guard) no longer: somebody looked at what it would take
    /// away, and says that it is right. Of one whose guard was waived: no change, in whatever state it is.
    ///
    /// Costs nothing that grows.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Scope, SessionId, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// engine.waive_guard(now, app_id, session_id)?;
    /// assert!(engine.app(app_id).unwrap().session(session_id).unwrap().guard_waived());
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound);
    /// [`WrongState`](Error::WrongState) unless in progress or waived ([SPEC 4.8](crate::spec#48-guard)).
    pub fn waive_guard(&mut self, now: Timestamp, app_id: AppId, session_id: SessionId) -> Result<(), Error> {
        let scope = self.scope(now, app_id)?;
        let session = scope.find_session(session_id)?;
        if session.facts().guard_waived() {
            return Ok(());
        }
        session.expect(SessionStatus::InProgress)?;
        let (_, session) = scope.app.store_and_session();
        let session = session.expect("a session in progress is the open one");
        session.waive_guard();
        session.note_activity(now);
        scope.changes.fact(Fact::SessionChanged { session_id });
        Ok(())
    }

    /// Ends the sessions of all apps that are in progress and whose last activity was before a time: as in error, with
    /// the reason `expired`. There is no cleanup. Answers how many.
    ///
    /// Costs grow with the number of apps; for each session that expires, with the number of types.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Scope, SessionId, SessionStatus, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(86_400_000), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// engine.start_session(Timestamp(0), app_id, session_id, &Scope::All)?;
    /// let an_hour_ago = Timestamp(now.as_millis() - 3_600_000);
    /// assert_eq!(engine.expire_sessions(now, an_hour_ago).expired, 1);
    /// let session = engine.app(app_id).unwrap().session(session_id).unwrap();
    /// assert_eq!((session.status(), session.reason()), (SessionStatus::Error, Some("expired")));
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// The rule is [SPEC 2](crate::spec#2-expire-sessions).
    pub fn expire_sessions(&mut self, now: Timestamp, last_activity_before: Timestamp) -> ExpiryOutcome {
        self.changes.begin_of_all_apps();
        let State { apps, groups, .. } = &mut self.state;
        let mut outcome = ExpiryOutcome::default();
        for (app_id, app) in apps.iter_mut() {
            let in_progress = app.sessions().in_progress();
            if in_progress.is_none_or(|open| open.facts().last_activity_at() >= last_activity_before) {
                continue;
            }
            let ending = Ending::Error { reason: EXPIRED.to_owned() };
            let status = ending.status();
            let session_id = app.end_session(ending, now, groups.get(app.group()).registry().len());
            self.changes.fact_of(app_id, Fact::SessionEnded { session_id, status });
            outcome.expired += 1;
        }
        outcome
    }
}
