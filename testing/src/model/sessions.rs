//! SPEC 2 and 4: sessions.

use headcount::{
    AppId, Error, Fact, FaultCode, GuardLimit, Kind, Reply, Scope, SessionCounts, SessionId, SessionStatus,
    Timestamp,
};

use super::{Key, Model, Record, Session, invalid, observe};

impl Model {
    pub(super) fn start(
        &mut self,
        now: Timestamp,
        id: AppId,
        new: SessionId,
        scope: &Scope<'_>,
    ) -> Result<Reply, Error> {
        self.app(id)?;
        let scope = match scope {
            Scope::All => None,
            Scope::Types(slugs) => {
                if slugs.is_empty() {
                    return invalid("scope", FaultCode::Required);
                }
                let mut numbers =
                    slugs.iter().map(|slug| self.number(id, slug)).collect::<Result<Vec<_>, _>>()?;
                numbers.sort_unstable();
                numbers.dedup();
                Some(numbers)
            }
        };
        if self.apps.iter().flat_map(|app| &app.sessions).any(|session| session.id == new) {
            return Err(Error::SessionIdInUse { session_id: new });
        }
        let open = self.app(id)?.sessions.iter().find(|session| !session.status.has_ended()).cloned();
        match open {
            Some(open) if open.status == SessionStatus::Completing => {
                self.run_cleanup(now, id, open.id, u64::MAX)?;
            }
            Some(open) => {
                self.end_early(now, id, open.id, SessionStatus::Abandoned, None)?;
            }
            None => {}
        }
        let sessions_max = self.limits.sessions_per_app_max as usize;
        let app = self.app_mut(id)?;
        let mut session = Session {
            id: new,
            status: SessionStatus::InProgress,
            scope,
            started_at: now,
            ended_at: None,
            reason: None,
            base: 0,
            synced: Vec::new(),
            counts: SessionCounts::default(),
        };
        let counts = |record: &&Record| record.active && !record.placeholder && session.covers(record.key.0);
        session.base = app.records.iter().filter(counts).count() as u64;
        app.sessions.push(session);
        if app.sessions.len() > sessions_max {
            app.sessions.remove(0);
        }
        self.facts.push(Fact::SessionOpened { session_id: new });
        Ok(Reply::Done)
    }

    /// SPEC 4.8.
    pub(super) fn complete(&mut self, id: AppId, session: SessionId, force: bool) -> Result<Reply, Error> {
        let status = self.session(id, session)?.status;
        if matches!(status, SessionStatus::Completing | SessionStatus::Completed) {
            return Ok(Reply::Completion(status));
        }
        self.expect(id, session, SessionStatus::InProgress)?;
        let (app, open) = (self.app(id)?, self.session(id, session)?);
        let goes = |record: &&Record| {
            record.active && !record.placeholder && !record.pushed && open.covers(record.key.0)
        };
        let deactivations = app.records.iter().filter(goes).count() as u64;
        let (base, guard) = (open.base, app.guard);
        let over_count = guard.max_count.is_some_and(|max| deactivations > max);
        let over_percent = guard.max_percent.is_some_and(|max| deactivations * 100 > u64::from(max) * base);
        if !force && (over_count || over_percent) {
            let limit = if over_count { GuardLimit::MaxCount } else { GuardLimit::MaxPercent };
            return Err(Error::GuardExceeded { limit, deactivations, base, guard });
        }
        self.session_mut(id, session)?.status = SessionStatus::Completing;
        self.facts.push(Fact::SessionCompleting { session_id: session });
        Ok(Reply::Completion(SessionStatus::Completing))
    }

    pub(super) fn end_early(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        status: SessionStatus,
        reason: Option<String>,
    ) -> Result<Reply, Error> {
        if self.session(id, session)?.status != status {
            self.expect(id, session, SessionStatus::InProgress)?;
            self.session_mut(id, session)?.reason = reason;
            self.end(now, id, session, status)?;
        }
        Ok(Reply::Done)
    }

    pub(super) fn end(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        status: SessionStatus,
    ) -> Result<(), Error> {
        let types = self.types(self.app(id)?).len();
        for record in &mut self.app_mut(id)?.records {
            record.pushed = false;
        }
        let ended = self.session_mut(id, session)?;
        ended.status = status;
        ended.ended_at = Some(now);
        ended.synced.resize(types, 0);
        self.facts.push(Fact::SessionEnded { session_id: session, status });
        Ok(())
    }

    /// What is stale, in the order of SPEC 4.6. Placeholders are judged by what refers to them when
    /// the accounts before them are done.
    pub fn stale(&self, id: AppId, session: &Session) -> Vec<Key> {
        let app = self.app(id).expect("an app");
        let types = self.types(app);
        let mut after = app.clone();
        let mut stale = Vec::new();
        for accounts in [true, false] {
            for (number, of) in types.iter().enumerate() {
                if (of.kind == Kind::Account) != accounts || !session.covers(number) {
                    continue;
                }
                for at in 0..after.records.len() {
                    let record = &after.records[at];
                    let is_kept = record.placeholder && after.is_referred_to(&record.key);
                    if record.key.0 == number && record.active && !record.pushed && !is_kept {
                        stale.push(record.key.clone());
                        after.records[at].active = false;
                    }
                }
            }
        }
        stale
    }

    /// SPEC 4.1. The model's apps have so few records that a step ends only when its budget does.
    pub(super) fn run_cleanup(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        budget: u64,
    ) -> Result<Reply, Error> {
        self.expect(id, session, SessionStatus::Completing)?;
        let stale = self.stale(id, self.session(id, session)?);
        let marked = stale.len().min(usize::try_from(budget).unwrap_or(usize::MAX));
        for key in &stale[..marked] {
            let app = self.app_mut(id)?;
            let record = app.records.iter_mut().find(|record| record.key == *key).expect("a record");
            record.active = false;
            record.inactive_since = Some(now);
            self.forget_page_of(id, key);
            let record = self.record_key(self.app(id)?, key);
            self.facts.push(Fact::RecordDeactivated { record });
        }
        self.session_mut(id, session)?.counts.deactivated += marked as u64;
        let mut status = SessionStatus::Completing;
        if marked == stale.len() {
            status = SessionStatus::Completed;
            self.end(now, id, session, status)?;
            self.app_mut(id)?.last_synced_at = Some(now);
        }
        Ok(observe::cleanup_reply(marked as u64, status))
    }
}
