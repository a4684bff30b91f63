//! Removing what has long been inactive.

use crate::state::{ChangeLog, OpenSession};
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
    let references = note_lost_references(store, &leaving, changes);
    for key in leaving.keys() {
        changes.purged(key.of, store.stored(key).text(Slot::Id));
    }
    if let Some(session) = session
        && let Some(cursor) = session.cursor()
    {
        session.move_cursor_back(leaving.before(RowKey::new(cursor.of, cursor.row)));
    }
    store.remove(&leaving);
    PurgeOutcome { purged, references }
}

/// Notes the references to what leaves that are held by inactive accounts which stay.
fn note_lost_references(store: &Store, leaving: &Leaving, changes: &mut ChangeLog) -> u64 {
    let mut references = 0;
    for (of, table) in store.tables() {
        for key in Row::first(table.len()).map(|row| RowKey::new(of, row)) {
            if leaving.contains(key) {
                continue;
            }
            let stored = table.stored(key.row);
            for target in stored.references().filter(|target| leaving.contains(*target)) {
                let target_id = store.stored(target).text(Slot::Id);
                changes.reference_lost((of, stored.text(Slot::Id)), (target.of, target_id));
                references += 1;
            }
        }
    }
    references
}
