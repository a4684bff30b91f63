//! Writes what a page was planned to change. Cannot fail.

use super::PageBuffers;
use super::plan::{Plan, Step};
use super::reject::Rejections;
use crate::state::{ChangeLog, OpenSession};
use crate::store::{Draft, RowKey, Store};
use crate::values::LenientOutcome;

/// Takes the steps of a plan, made for this very state.
pub(crate) fn commit(
    plan: Plan<'_, '_>,
    rejections: Rejections,
    buffers: &PageBuffers,
    (store, session): (&mut Store, &mut OpenSession),
    changes: &mut ChangeLog,
) -> LenientOutcome {
    let Plan { of, kind, fingerprint, steps, references, entries, outcome: mut page, reference_counts } =
        plan;
    for step in steps {
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
                let row = store.insert(of, kind, hash, &contents.draft(&references));
                debug_assert_eq!(row, planned, "a row has the number that was planned for it");
            }
            Step::Upsert { row, contents } => {
                let draft = contents.as_ref().map(|contents| contents.draft(&references));
                store.upsert(RowKey::new(of, row), draft.as_ref());
            }
        }
    }
    store.see(of, &buffers.rows);
    store.retain(of, &rejections.rows);
    match fingerprint {
        // A page that has lost a record is never known again, nor what was known by its fingerprint before.
        Some((fingerprint, _)) if !rejections.is_empty() => store.forget_page(of, fingerprint),
        Some((fingerprint, limits)) => store.remember(of, fingerprint, limits, &buffers.rows),
        None => {}
    }
    session.count_page(of, &page, reference_counts);
    let Rejections { records: rejected, retained, rows: _, faults, faults_total } = rejections;
    session.count_rejected(rejected);
    changes.put_entries(entries);
    page.total += rejected;
    LenientOutcome { page, rejected, retained, faults, faults_total }
}
