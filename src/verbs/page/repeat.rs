//! A page that is offered by its fingerprint alone.

use crate::state::{OpenSession, ReferenceCounts};
use crate::store::{Run, Store, TypeIndex};
use crate::values::{Fingerprint, Limits, PageLimits, PageOutcome};

/// A page that is as it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsItWas {
    of: TypeIndex,
    fingerprint: Fingerprint,
    records: u32,
    /// What it is held to now.
    limits: PageLimits,
}

/// The page with this fingerprint, if it is remembered and a push of it would find each of
/// them on record and equal. The one place that decides it.
///
/// That its records are as it left them is what remembering means, so what is left to ask is whether it would
/// still be taken: under lower limits than it came under it might not; and whether it finds all of them unchanged, as
/// it does not where the open session leaves one as it is.
///
/// What counts of the attributes of its records is on record, so no limit on them has to be remembered: where records may
/// be beyond it, they are asked.
pub(crate) fn as_it_was(
    store: &Store,
    limits: &Limits,
    may_be_beyond_limits: bool,
    of: TypeIndex,
    fingerprint: Fingerprint,
) -> Option<AsItWas> {
    let table = store.table(of)?;
    let runs = table.remembered().find(fingerprint)?;
    if table.settled().ones() > 0 && runs.iter().any(|run| table.settled().has_any(run.first, run.len)) {
        return None;
    }
    let held_to = PageLimits::of(limits);
    let keep_rules = |row| table.stored(row).attributes().keep_rules(limits);
    let would_be_taken = table.remembered().checked_under().are_within(&held_to)
        && (!may_be_beyond_limits || runs.iter().flat_map(|run| run.rows()).all(keep_rules));
    let records = runs.iter().map(|Run { len, .. }| len).sum();
    would_be_taken.then_some(AsItWas { of, fingerprint, records, limits: held_to })
}

/// Does what a push of the page would do: notes its records, all of them unchanged. Cannot fail.
pub(crate) fn repeat(page: AsItWas, store: &mut Store, session: &mut OpenSession) -> PageOutcome {
    let AsItWas { of, fingerprint, records, limits } = page;
    store.see_again(of, fingerprint, limits);
    let outcome =
        PageOutcome { total: records, updated: records, unchanged: records, ..PageOutcome::default() };
    session.count_page(of, &outcome, ReferenceCounts::default());
    outcome
}
