//! SPEC 2 and 4: sessions.

use std::collections::BTreeSet;

use headcount::{
    AppId, Completion, Error, Fact, FaultCode, Kind, Plan, Reply, Scope, SessionCounts, SessionId,
    SessionStatus, Timestamp,
};

use super::{App, Key, Model, Place, Record, Session, check, invalid, observe};

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
        let types = self.types(self.app(id)?).len();
        let app = self.app_mut(id)?;
        let full = |number: usize| {
            let counts = |record: &&Record| record.key.0 == number && record.active && !record.placeholder;
            app.records.iter().filter(counts).count() as u64
        };
        let held = |number: usize| {
            let of_type = app.records.iter().filter(|record| record.key.0 == number && record.active);
            of_type.map(|record| record.references.len() as u64).sum()
        };
        let session = Session {
            id: new,
            status: SessionStatus::InProgress,
            scope,
            excluded: Vec::new(),
            started_at: now,
            ended_at: None,
            reason: None,
            last_activity_at: now,
            guard_waived: false,
            checkpoint: None,
            bases: (0..types).map(full).collect(),
            reference_bases: (0..types).map(held).collect(),
            removals: vec![0; types],
            pages: Vec::new(),
            in_scope: Vec::new(),
            synced: Vec::new(),
            retained: Vec::new(),
            counts: SessionCounts::default(),
            settled_ids: BTreeSet::new(),
            came_to: None,
        };
        app.sessions.push(session);
        if app.sessions.len() > sessions_max {
            app.sessions.remove(0);
        }
        self.facts.push(Fact::SessionOpened { session_id: new });
        Ok(Reply::Done)
    }

    /// SPEC 2: save checkpoint.
    pub(super) fn save_checkpoint(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        checkpoint: Option<String>,
    ) -> Result<Reply, Error> {
        self.session(id, session)?;
        if let Some(checkpoint) = &checkpoint {
            check::checkpoint("checkpoint", checkpoint, &self.limits)?;
        }
        self.expect(id, session, SessionStatus::InProgress)?;
        let open = self.session_mut(id, session)?;
        open.checkpoint = checkpoint;
        open.last_activity_at = now;
        Ok(Reply::Done)
    }

    /// SPEC 4.5.
    pub(super) fn exclude(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        slugs: &[std::borrow::Cow<'_, str>],
    ) -> Result<Reply, Error> {
        let open = self.session(id, session)?.clone();
        if slugs.is_empty() {
            return invalid("types", FaultCode::Required);
        }
        let numbers = slugs.iter().map(|slug| self.number(id, slug)).collect::<Result<Vec<_>, _>>()?;
        // SPEC 2, repeats: in whatever state.
        if !numbers.iter().any(|number| open.covers(*number)) {
            return Ok(Reply::Done);
        }
        self.expect(id, session, SessionStatus::InProgress)?;
        let types = self.types(self.app(id)?).len();
        if !(0..types).any(|number| open.covers(number) && !numbers.contains(&number)) {
            return invalid("types", FaultCode::Required);
        }
        let was = open;
        let open = self.session_mut(id, session)?;
        open.excluded.extend(numbers.into_iter().filter(|number| was.covers(*number)));
        open.excluded.sort_unstable();
        open.excluded.dedup();
        open.last_activity_at = now;
        // SPEC 3a.3: a type excluded settles nothing.
        let covered = open.clone();
        open.settled_ids.retain(|key| covered.covers(key.0));
        for record in &mut self.app_mut(id)?.records {
            record.settled &= covered.covers(record.key.0);
        }
        self.facts.push(Fact::SessionChanged { session_id: session });
        Ok(Reply::Done)
    }

    /// SPEC 2: expire sessions. The facts are of several apps: by app in order of creation.
    pub(super) fn expire(&mut self, now: Timestamp, before: Timestamp) -> Result<Reply, Error> {
        let mut expired = 0;
        let ids: Vec<AppId> = self.apps.iter().map(|app| app.id).collect();
        for id in ids {
            let sessions = self.app(id)?.sessions.clone();
            let is_idle = |session: &&Session| {
                session.status == SessionStatus::InProgress && session.last_activity_at < before
            };
            for session in sessions.iter().filter(is_idle) {
                self.end_early(now, id, session.id, SessionStatus::Error, Some("expired".to_owned()))?;
                expired += 1;
            }
        }
        Ok(observe::expiry_reply(expired))
    }

    /// SPEC 4.1 and 4.8.
    pub(super) fn complete(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        completion: Completion,
    ) -> Result<Reply, Error> {
        let status = self.session(id, session)?.status;
        if matches!(status, SessionStatus::Completing | SessionStatus::Completed) {
            return Ok(Reply::Completion(status));
        }
        self.expect(id, session, SessionStatus::InProgress)?;
        let found = self.plan(id, self.session(id, session)?);
        if let Some(expected) = completion.plan.filter(|plan| *plan != found) {
            return Err(Error::PlanChanged { session_id: session, found, expected });
        }
        if completion.force && !self.session(id, session)?.guard_waived {
            self.session_mut(id, session)?.guard_waived = true;
            self.facts.push(Fact::SessionChanged { session_id: session });
        }
        if !self.session(id, session)?.guard_waived {
            self.expect_completion(id, session)?;
        }
        let open = self.session_mut(id, session)?;
        open.status = SessionStatus::Completing;
        open.last_activity_at = now;
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
        let retained = self.app(id)?.retained(types);
        for record in &mut self.app_mut(id)?.records {
            (record.pushed, record.retained, record.settled) = (false, false, false);
        }
        let ended = self.session_mut(id, session)?;
        ended.retained = retained;
        ended.status = status;
        ended.ended_at = Some(now);
        ended.synced.resize(types, 0);
        ended.pages.resize(types, 0);
        ended.settled_ids.clear();
        ended.came_to = None;
        self.facts.push(Fact::SessionEnded { session_id: session, status });
        Ok(())
    }

    /// SPEC 4.7.
    pub fn plan(&self, id: AppId, session: &Session) -> Plan {
        let types = self.types(self.app(id).expect("an app"));
        let mut stale = self.stale(id, session);
        // Whatever the order.
        stale.sort();
        Plan::of(stale.iter().map(|(number, id)| (types[*number].id, id.as_str())))
    }

    /// What is stale, in the order of SPEC 4.6, from where a cleanup stands. Placeholders are judged by what refers to
    /// them when the accounts before them are done.
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
                    let is_referred_to = record.placeholder && after.is_referred_to(&record.key);
                    let is_kept = record.pushed || record.retained || record.settled || is_referred_to;
                    let is_passed = session.came_to.is_some_and(|came_to| self.place(app, at) < came_to);
                    if record.key.0 == number && record.active && !is_kept && !is_passed {
                        stale.push(record.key.clone());
                        after.records[at].active = false;
                    }
                }
            }
        }
        stale
    }

    /// The place of a record in the order of SPEC 4.6.
    pub(super) fn place(&self, app: &App, at: usize) -> Place {
        let number = app.records[at].key.0;
        let before = app.records[..at].iter().filter(|record| record.key.0 == number).count();
        (self.types(app)[number].kind != Kind::Account, number, before)
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
        if let Some(next) = stale.get(marked) {
            let app = self.app(id)?;
            let place = self.place(app, app.at(next).expect("a record"));
            self.session_mut(id, session)?.came_to = Some(place);
        }
        let mut status = SessionStatus::Completing;
        if marked == stale.len() {
            status = SessionStatus::Completed;
            self.end(now, id, session, status)?;
            self.app_mut(id)?.last_synced_at = Some(now);
        }
        Ok(observe::cleanup_reply(marked as u64, status))
    }
}
