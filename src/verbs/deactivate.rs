//! Marking records inactive of which somebody told that they left.

use alloc::vec::Vec;

use crate::state::{ChangeLog, OpenSession, RecordFact, Registry};
use crate::store::{Row, RowKey, Store, TypeIndex};
use crate::values::{DeactivationOutcome, Error, HashKey, Limits, Timestamp, excerpt};

/// Ids of a type that are to be deactivated, in the order in which they were given.
#[derive(Debug)]
pub(crate) struct Leavers<'i> {
    of: TypeIndex,
    /// With the row of each; [`Row::NONE`] for one that is not on record.
    ids: Vec<(&'i str, Row)>,
}

impl<'i> Leavers<'i> {
    pub(crate) fn find(
        store: &Store,
        key: HashKey,
        of: TypeIndex,
        ids: impl Iterator<Item = &'i str>,
    ) -> Self {
        let table = store.table(of);
        let row = |id| table.and_then(|table| table.find(key.id(id), id)).unwrap_or(Row::NONE);
        Self { of, ids: ids.map(|id| (id, row(id))).collect() }
    }

    /// Refuses them where the open session cannot keep those ids of which there is no full record.
    ///
    /// # Errors
    /// [`Error::ResourceTypeFull`].
    pub(crate) fn expect_room(
        &self,
        store: &Store,
        session: Option<&OpenSession>,
        registry: &Registry,
        limits: &Limits,
    ) -> Result<(), Error> {
        let Some(session) = session.filter(|session| session.scope().contains(self.of)) else {
            return Ok(());
        };
        let not_full = self.ids.iter().filter(|(_, row)| !is_full(store, self.of, *row)).map(|(id, _)| *id);
        if session.settled_ids().has_room(self.of, not_full, limits) {
            return Ok(());
        }
        Err(Error::ResourceTypeFull {
            slug: excerpt(registry.at(self.of).slug()),
            records_max: limits.records_per_type_max,
            bytes_max: limits.bytes_per_type_max,
        })
    }
}

fn is_full(store: &Store, of: TypeIndex, row: Row) -> bool {
    !row.is_none() && !store.table_of(RowKey::new(of, row)).placeholder().contains(row)
}

/// Marks each full record inactive that is active. In a session that is open, and has the type in its scope, all full
/// ones are settled from now on, and the ids of the others. Cannot fail.
pub(crate) fn deactivate(
    leavers: &Leavers<'_>,
    store: &mut Store,
    session: Option<&mut OpenSession>,
    changes: &mut ChangeLog,
    now: Timestamp,
) -> DeactivationOutcome {
    let of = leavers.of;
    let mut session = session.filter(|session| session.scope().contains(of));
    let mut outcome =
        DeactivationOutcome { total: leavers.ids.len() as u32, ..DeactivationOutcome::default() };
    for &(id, row) in &leavers.ids {
        if is_full(store, of, row) {
            let key = RowKey::new(of, row);
            if store.table_of(key).active().contains(row) {
                store.deactivate(key, now);
                changes.record(RecordFact::Deactivated, key);
                outcome.deactivated += 1;
            } else {
                outcome.unchanged += 1;
            }
            if session.is_some() {
                store.settle(of, &[row]);
            }
        } else {
            outcome.unchanged += u32::from(!row.is_none());
            outcome.unknown += u32::from(row.is_none());
            if let Some(session) = &mut session {
                session.settle_id(of, id);
            }
        }
    }
    outcome
}
