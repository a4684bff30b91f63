//! What a guard is asked about: how much completing would take away.

use crate::state::OpenSession;
use crate::store::Store;
use crate::values::{Error, Guard};

/// Refuses a completion that would deactivate more full records than the guard allows.
///
/// # Errors
/// [`Error::GuardExceeded`].
pub(crate) fn expect_within(guard: Guard, store: &Store, session: &OpenSession) -> Result<(), Error> {
    let (deactivations, base) = (deactivations(store, session), session.facts().base());
    match guard.limit_passed_by(deactivations, base) {
        None => Ok(()),
        Some(limit) => Err(Error::GuardExceeded { limit, deactivations, base, guard }),
    }
}

/// Full records in scope that completing now would mark inactive.
fn deactivations(store: &Store, session: &OpenSession) -> u64 {
    let in_scope = store.tables().filter(|(index, _)| session.scope().contains(*index));
    // Each record that was pushed is active and full.
    in_scope.map(|(_, table)| table.active_full() - table.seen().ones()).sum()
}
