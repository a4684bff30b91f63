//! Removing records: what has long been inactive, and one that somebody wants forgotten.

use alloc::vec::Vec;

use crate::state::{ChangeLog, Gone, Registry};
use crate::store::{Leaving, Ones, Row, RowKey, Slot, Store};
use crate::values::{PurgeOutcome, Timestamp};

/// Removes what became inactive before a time and has no active account referring to it.
pub(crate) fn purge(
    store: &mut Store,
    registry: &Registry,
    changes: &mut ChangeLog,
    before: Timestamp,
) -> PurgeOutcome {
    let records = long_inactive(store, before);
    if records.is_empty() {
        return PurgeOutcome::default();
    }
    remove(store, registry, changes, records)
}

/// Removes one record, which is inactive and has no active account referring to it.
pub(crate) fn erase(
    store: &mut Store,
    registry: &Registry,
    changes: &mut ChangeLog,
    record: RowKey,
) -> PurgeOutcome {
    debug_assert!(!store.table_of(record).active().contains(record.row), "what is active is refused before");
    remove(store, registry, changes, alloc::vec![record])
}

/// Removes these records, ascending, to which no active account refers, with the references that accounts which stay
/// hold to them.
fn remove(
    store: &mut Store,
    registry: &Registry,
    changes: &mut ChangeLog,
    records: Vec<RowKey>,
) -> PurgeOutcome {
    let leaving = Leaving::of(store, records, |of| registry.is_account(of));
    let keep = |key: &RowKey| changes.keep(key.of, store.stored(*key).text(Slot::Id));
    let gone: Vec<Gone> = leaving.records().iter().map(keep).collect();
    let references = note_lost_references(store, &leaving, &gone, changes);
    let purged = gone.len() as u64;
    gone.into_iter().for_each(|gone| changes.purged(gone));
    store.take_out(&leaving);
    store.forget_pages();
    PurgeOutcome { purged, references }
}

/// The records that are to go, by type in order of registration, in order of first sight. Reads those that are
/// inactive.
fn long_inactive(store: &Store, before: Timestamp) -> Vec<RowKey> {
    let mut records = Vec::new();
    for (of, table) in store.tables() {
        let goes = |row: &Row| {
            table.inactive_since(*row).is_some_and(|since| since < before) && table.referrers(*row) == 0
        };
        for word in 0..table.words() {
            let inactive = Ones::of(word, table.inactive_word(word));
            records.extend(inactive.filter(goes).map(|row| RowKey::new(of, row)));
        }
    }
    records
}

/// Notes the references to what leaves that are held by accounts which stay. `gone` are the records that leave.
fn note_lost_references(store: &Store, leaving: &Leaving, gone: &[Gone], changes: &mut ChangeLog) -> u64 {
    let mut references = 0;
    for &key in leaving.referrers() {
        let stored = store.stored(key);
        let account = changes.keep(key.of, stored.text(Slot::Id));
        for target in stored.references().filter_map(|target| leaving.find(target)) {
            changes.reference_lost(account, gone[target]);
            references += 1;
        }
    }
    references
}
