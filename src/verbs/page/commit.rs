//! Writes what a page was planned to change. Cannot fail.

use super::PageBuffers;
use super::plan::Plan;
use super::reject::Rejections;
use super::steps::Step;
use crate::state::{ChangeLog, OpenSession};
use crate::store::{Draft, RowKey, Slot, Store};
use crate::values::{LenientOutcome, PageOutcome};

/// Takes the steps of a plan of a session's page, made for this very state.
pub(crate) fn commit(
    mut plan: Plan<'_, '_>,
    rejections: Rejections,
    buffers: &PageBuffers,
    (store, session): (&mut Store, &mut OpenSession),
    changes: &mut ChangeLog,
) -> LenientOutcome {
    write(&mut plan, store, changes);
    let Plan { of, fingerprint, some_stay, outcome: mut page, reference_counts, .. } = plan;
    store.see(of, &buffers.rows);
    store.retain(of, &rejections.rows);
    if let Some((fingerprint, limits)) = fingerprint {
        // A page that has lost a record is never known again, nor what was known by its fingerprint before. Where
        // references stay, what the page is equal to depends on the scope, and where something is settled, on the
        // session: nothing is remembered of these either.
        let says_all = rejections.is_empty() && !some_stay && page.settled == 0;
        store.remember(of, fingerprint, limits, if says_all { &buffers.rows } else { &[] });
    }
    session.count_page(of, &page, reference_counts);
    let Rejections { records: rejected, retained, rows: _, faults, faults_total } = rejections;
    session.count_rejected(rejected);
    page.total += rejected;
    LenientOutcome { page, rejected, retained, faults, faults_total }
}

/// Takes the steps of a plan of a delta. In a session that is open, and has the type in its scope, its records are
/// settled from now on.
pub(crate) fn commit_delta(
    mut plan: Plan<'_, '_>,
    buffers: &PageBuffers,
    store: &mut Store,
    session: Option<&mut OpenSession>,
    changes: &mut ChangeLog,
) -> PageOutcome {
    write(&mut plan, store, changes);
    let Plan { of, outcome, .. } = plan;
    if let Some(session) = session.filter(|session| session.scope().contains(of)) {
        store.settle(of, &buffers.rows);
        if !session.settled_ids().is_empty() {
            let ids = buffers.rows.iter().map(|row| store.stored(RowKey::new(of, *row)).text(Slot::Id));
            ids.for_each(|id| session.unsettle_id(of, id));
        }
    }
    outcome
}

fn write(plan: &mut Plan<'_, '_>, store: &mut Store, changes: &mut ChangeLog) {
    let (of, kind, references) = (plan.of, plan.kind, &plan.references);
    for step in core::mem::take(&mut plan.steps) {
        match step {
            Step::MakePlaceholder { key, hash, id, name } => {
                let row = store.insert_placeholder(key.of, hash, &Draft::placeholder(id, name));
                debug_assert_eq!(row, key.row, "a row has the number that was planned for it");
            }
            Step::Wake { key } => store.wake(key),
            Step::NamePlaceholder { key, id, name } => {
                store.name_placeholder(key, &Draft::placeholder(id, name));
            }
            Step::Insert { row: planned, hash, contents } => {
                let row = store.insert(of, kind, hash, &contents.draft(references));
                debug_assert_eq!(row, planned, "a row has the number that was planned for it");
            }
            Step::Upsert { row, contents } => {
                let draft = contents.as_ref().map(|contents| contents.draft(references));
                store.upsert(RowKey::new(of, row), draft.as_ref());
            }
        }
    }
    changes.put_entries(core::mem::take(&mut plan.entries));
}
