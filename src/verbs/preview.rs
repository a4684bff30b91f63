//! What completing now would mark inactive.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::state::{OpenSession, Registry};
use crate::store::{Bits, Ones, RowKey, Slot, Store, Table, TypeIndex};
use crate::values::{Error, Plan};

/// By type, the rows that completing now would mark inactive.
pub(crate) fn stale(store: &Store, session: &OpenSession, registry: &Registry) -> Vec<Bits> {
    let mut stale: Vec<Bits> = store.tables().map(|_| Bits::default()).collect();
    // The references that the accounts would take with them, of each placeholder.
    let mut lost = BTreeMap::<RowKey, u32>::new();
    for (of, table) in in_scope(store, session).filter(|(of, _)| registry.is_account(*of)) {
        let rows = &mut stale[of.at()];
        each_word(table, |at, word| rows.set_word(at, word));
        for key in rows.iter().flat_map(|row| table.stored(row).references()) {
            if store.table_of(key).placeholder().contains(key.row) {
                *lost.entry(key).or_insert(0) += 1;
            }
        }
    }
    for (of, table) in in_scope(store, session).filter(|(of, _)| !registry.is_account(*of)) {
        let rows = &mut stale[of.at()];
        each_word(table, |at, mut word| {
            for row in Ones::of(at, word & table.placeholder().word(at)) {
                let lost = lost.get(&RowKey::new(of, row)).copied().unwrap_or(0);
                if table.referrers(row) > lost {
                    word &= !(1 << (row.0 % 64));
                }
            }
            if word != 0 {
                rows.set_word(at, word);
            }
        });
    }
    stale
}

/// The plan of rows by type.
pub(crate) fn plan(store: &Store, registry: &Registry, rows: &[Bits]) -> Plan {
    let of_types = TypeIndex::all().zip(rows).flat_map(|(of, rows)| {
        rows.iter().map(move |row| (registry.at(of).id(), store.stored(RowKey::new(of, row)).text(Slot::Id)))
    });
    Plan::of(of_types)
}

/// Refuses a completion that would mark other records inactive than those of a plan.
///
/// # Errors
/// [`Error::PlanChanged`].
pub(crate) fn expect_plan(
    expected: Plan,
    store: &Store,
    session: &OpenSession,
    registry: &Registry,
) -> Result<(), Error> {
    let found = plan(store, registry, &stale(store, session, registry));
    if found == expected {
        Ok(())
    } else {
        Err(Error::PlanChanged { session_id: session.id(), found, expected })
    }
}

fn in_scope<'e>(store: &'e Store, session: &OpenSession) -> impl Iterator<Item = (TypeIndex, &'e Table)> {
    store.tables().filter(|(of, _)| session.scope().contains(*of))
}

fn each_word(table: &Table, mut visit: impl FnMut(usize, u64)) {
    for at in 0..table.words() {
        let word = table.stale_word(at);
        if word != 0 {
            visit(at, word);
        }
    }
}
