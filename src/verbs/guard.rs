//! What a guard is asked about: how much a completion, or a page, would take away.

use alloc::vec::Vec;

use crate::state::{OpenSession, Registry, SessionRef};
use crate::store::{Store, TypeIndex};
use crate::values::{Error, Guard, excerpt};

/// Refuses a completion that takes away more than the guard allows, or of which pages are missing that it requires.
///
/// # Errors
/// Of the limits that are passed the first: [`Error::GuardExceededWithoutPages`], [`Error::GuardExceeded`],
/// [`Error::GuardExceededByType`].
pub(crate) fn expect_completion_within(
    guard: Guard,
    store: &Store,
    registry: &Registry,
    session: &OpenSession,
) -> Result<(), Error> {
    if guard.require_pages {
        expect_pages(guard, registry, session)?;
    }
    let (base, scope) = (session.facts().base(), session.scope());
    let in_scope = || store.tables().filter(|(index, _)| scope.contains(*index));
    let deactivations = in_scope().map(|(_, table)| table.stale_full()).sum();
    if let Some(limit) = guard.limit_passed_by(deactivations, base) {
        return Err(Error::GuardExceeded { limit, deactivations, base, guard });
    }
    for (index, table) in in_scope() {
        let (deactivations, base) = (table.stale_full(), session.facts().figures().of(index).base);
        if guard.type_limit_passed_by(deactivations, base).is_some() {
            let slug = excerpt(registry.at(index).slug());
            return Err(Error::GuardExceededByType { slug, deactivations, base, guard });
        }
    }
    Ok(())
}

/// Refuses a session that got no page of a type of which there was something.
fn expect_pages(guard: Guard, registry: &Registry, session: &OpenSession) -> Result<(), Error> {
    let figures = session.facts().figures().iter();
    let missing = figures
        .filter(|(index, of)| session.scope().contains(*index) && of.base > 0 && of.pages == 0)
        .map(|(index, _)| excerpt(registry.at(index).slug()));
    let slugs: Vec<_> = missing.collect();
    if slugs.is_empty() { Ok(()) } else { Err(Error::GuardExceededWithoutPages { slugs, guard }) }
}

/// Refuses a page that takes so many references from active accounts, and with them passes what the guard allows
/// in a session.
///
/// # Errors
/// [`Error::GuardExceededByRemovals`].
pub(crate) fn expect_removals_within(
    guard: Guard,
    registry: &Registry,
    session: SessionRef<'_>,
    more: u64,
) -> Result<(), Error> {
    if more == 0 || session.facts().guard_waived() {
        return Ok(());
    }
    let facts = session.facts();
    let counts = |index: TypeIndex| facts.scope().contains(index) && registry.is_account(index);
    let (mut removals, mut base) = (more, 0);
    for (_, of) in facts.figures().iter().filter(|(index, _)| counts(*index)) {
        removals += of.removals;
        base += of.references;
    }
    match guard.removals_limit_passed_by(removals, base) {
        None => Ok(()),
        Some(limit) => Err(Error::GuardExceededByRemovals { limit, removals, base, guard }),
    }
}
