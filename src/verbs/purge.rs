//! Removing what has long been inactive.

use alloc::vec::Vec;

use crate::state::{ChangeLog, Gone, OpenSession};
use crate::store::{Leaving, Row, RowKey, Slot, Store};
use crate::values::{PurgeOutcome, Timestamp};

/// Removes what became inactive before a time and has no active account referring to it.
pub(crate) fn purge(
    store: &mut Store,
    session: Option<&mut OpenSession>,
    changes: &mut ChangeLog,
    before: Timestamp,
) -> PurgeOutcome {
    let leaving = Leaving::of(store, |table, row| {
        table.inactive_since(row).is_some_and(|since| since < before) && table.referrers(row) == 0
    });
    let purged = leaving.count();
    if purged == 0 {
        return PurgeOutcome::default();
    }
    let gone: Vec<(RowKey, Gone)> =
        leaving.keys().map(|key| (key, changes.keep(key.of, store.stored(key).text(Slot::Id)))).collect();
    let references = note_lost_references(store, &gone, changes);
    for (_, gone) in gone {
        changes.purged(gone);
    }
    if let Some(session) = session
        && let Some(cursor) = session.cursor()
    {
        session.move_cursor_back(leaving.before(RowKey::new(cursor.of, cursor.row)));
    }
    store.remove(&leaving);
    PurgeOutcome { purged, references }
}

/// Notes the references to what leaves that are held by inactive accounts which stay. `gone` is what leaves,
/// ascending.
fn note_lost_references(store: &Store, gone: &[(RowKey, Gone)], changes: &mut ChangeLog) -> u64 {
    let find = |key: RowKey| gone.binary_search_by_key(&key, |(key, _)| *key).ok().map(|at| gone[at].1);
    let mut references = 0;
    for (of, table) in store.tables() {
        for key in Row::first(table.len()).map(|row| RowKey::new(of, row)) {
            let stored = table.stored(key.row);
            let mut account = None;
            for target in stored.references().filter_map(find) {
                // One that leaves itself takes its references with it untold.
                if account.is_none() && find(key).is_some() {
                    break;
                }
                let account = *account.get_or_insert_with(|| changes.keep(of, stored.text(Slot::Id)));
                changes.reference_lost(account, target);
                references += 1;
            }
        }
    }
    references
}
