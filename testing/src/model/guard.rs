//! SPEC 4.8: what one session may take away.

use headcount::{AppId, Error, Fact, GuardLimit, Kind, Reply, SessionId, SessionStatus, Timestamp};

use super::{Model, Record};

/// figure × 100 > percentage × base, but for figures up to min_count.
fn passes(figure: u64, min_count: u64, percentage: Option<u8>, base: u64) -> bool {
    figure > min_count && percentage.is_some_and(|percentage| figure * 100 > u64::from(percentage) * base)
}

impl Model {
    pub(super) fn waive_guard(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
    ) -> Result<Reply, Error> {
        // SPEC 2, repeats: in whatever state.
        if self.session(id, session)?.guard_waived {
            return Ok(Reply::Done);
        }
        self.expect(id, session, SessionStatus::InProgress)?;
        let open = self.session_mut(id, session)?;
        open.guard_waived = true;
        open.last_activity_at = now;
        self.facts.push(Fact::SessionChanged { session_id: session });
        Ok(Reply::Done)
    }

    pub(super) fn expect_completion(&self, id: AppId, session: SessionId) -> Result<(), Error> {
        let (app, open) = (self.app(id)?, self.session(id, session)?);
        let guard = app.guard;
        let types = self.types(app);
        let base_of = |number: usize| open.bases.get(number).copied().unwrap_or(0);
        let pages_of = |number: usize| open.pages.get(number).copied().unwrap_or(0);
        let slugs: Vec<String> = (0..types.len())
            .filter(|&number| open.covers(number) && base_of(number) > 0 && pages_of(number) == 0)
            .map(|number| types[number].slug.clone())
            .collect();
        if guard.require_pages && !slugs.is_empty() {
            return Err(Error::GuardExceededWithoutPages { slugs, guard });
        }
        let goes_of = |number: usize| {
            let of_type = app.records.iter().filter(|record| record.key.0 == number);
            let goes = |record: &&Record| {
                let is_kept = record.pushed || record.retained || record.settled;
                record.active && !record.placeholder && !is_kept
            };
            of_type.filter(goes).count() as u64
        };
        let in_scope: Vec<usize> = (0..types.len()).filter(|&number| open.covers(number)).collect();
        let deactivations: u64 = in_scope.iter().map(|&number| goes_of(number)).sum();
        let base: u64 = in_scope.iter().map(|&number| base_of(number)).sum();
        if guard.max_count.is_some_and(|max| deactivations > max) {
            return Err(Error::GuardExceeded { limit: GuardLimit::MaxCount, deactivations, base, guard });
        }
        if passes(deactivations, guard.min_count, guard.max_percent, base) {
            return Err(Error::GuardExceeded { limit: GuardLimit::MaxPercent, deactivations, base, guard });
        }
        for number in in_scope {
            let (deactivations, base) = (goes_of(number), base_of(number));
            if passes(deactivations, guard.min_count, guard.max_type_percent, base) {
                let slug = types[number].slug.clone();
                return Err(Error::GuardExceededByType { slug, deactivations, base, guard });
            }
        }
        Ok(())
    }

    /// A page would take so many references from accounts which are active.
    pub(super) fn expect_removals(&self, id: AppId, session: SessionId, taken: u64) -> Result<(), Error> {
        let (app, open) = (self.app(id)?, self.session(id, session)?);
        if taken == 0 || open.guard_waived {
            return Ok(());
        }
        let (guard, types) = (app.guard, self.types(app));
        let counts = |number: &usize| open.covers(*number) && types[*number].kind == Kind::Account;
        let sum = |figures: &[u64]| -> u64 {
            (0..figures.len()).filter(counts).map(|number| figures[number]).sum()
        };
        let (removals, base) = (taken + sum(&open.removals), sum(&open.reference_bases));
        let limit = if guard.max_removals.is_some_and(|max| removals > max) {
            GuardLimit::MaxRemovals
        } else if passes(removals, guard.min_count, guard.max_removals_percent, base) {
            GuardLimit::MaxRemovalsPercent
        } else {
            return Ok(());
        };
        Err(Error::GuardExceededByRemovals { limit, removals, base, guard })
    }
}
