//! Writes what a page was planned to change. Cannot fail.

use super::PageBuffers;
use super::plan::{Plan, Step};
use crate::state::{ChangeLog, OpenSession};
use crate::store::{Draft, RowKey, Store};
use crate::values::PageOutcome;

/// Takes the steps of a plan, made for this very state.
pub(crate) fn commit(
    plan: Plan<'_, '_>,
    buffers: &PageBuffers,
    store: &mut Store,
    session: &mut OpenSession,
    changes: &mut ChangeLog,
) -> PageOutcome {
    let Plan { of, kind, fingerprint, some_stay, steps, references, entries, outcome, reference_counts } =
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
    if let Some((fingerprint, limits)) = fingerprint {
        // Where some stay, what the page is equal to depends on the scope: nothing is remembered of it.
        store.remember(of, fingerprint, limits, if some_stay { &[] } else { &buffers.rows });
    }
    session.count_page(of, &outcome, reference_counts);
    changes.put_entries(entries);
    outcome
}
