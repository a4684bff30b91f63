//! A page, from raw to applied.
//!
//! ```text
//! resolve   the row of each id
//! compare   each record with its stored bytes: equal and active = unchanged, and done with
//! check     the others: normalized once into what will be stored, or every fault
//! plan      what each record and reference will change, and whether there is room. Reads only; the last
//!           step that can refuse
//! commit    writes the plan. Cannot fail
//! ```
//!
//! Groups, licenses and accounts go the same way: a group is a record with fewer texts and no references.

mod check;
mod commit;
mod compare;
mod faults;
mod plan;
mod raw;
mod references;
mod resolve;
mod room;

pub(crate) use commit::commit;
pub(crate) use plan::plan;

use alloc::vec::Vec;

use crate::state::Registry;
use crate::store::{Store, TypeIndex};
use crate::values::{Error, HashKey, Kind, Limits, Page};
use check::{Check, CheckedRecord};
use compare::Comparison;
use raw::RawRecord;
use references::CheckedReference;
use resolve::Resolved;

/// What a page is checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageContext<'e> {
    pub(crate) store: &'e Store,
    pub(crate) registry: &'e Registry,
    pub(crate) limits: &'e Limits,
    pub(crate) key: HashKey,
    /// Whether what is on record may be beyond the limits, so that equal is not enough to be taken.
    pub(crate) checks_equal_records: bool,
}

/// A page about which nothing can be wrong but that there is no room for it.
#[derive(Debug)]
pub(crate) struct CheckedPage<'p> {
    kind: Kind,
    of: TypeIndex,
    resolved: Resolved,
    /// By record; none where it is unchanged.
    records: Vec<Option<CheckedRecord<'p>>>,
    /// Of all records, one behind the other.
    references: Vec<CheckedReference<'p>>,
}

/// Resolves, compares and checks a page for a type, whatever is wrong with the first of it.
///
/// # Errors
/// [`Error::PageTooLarge`], [`Error::PageFaults`].
pub(crate) fn check<'p>(
    context: PageContext<'_>,
    of: TypeIndex,
    page: &'p Page<'p>,
) -> Result<CheckedPage<'p>, Error> {
    let records_max = context.limits.records_per_page_max;
    if page.len() > records_max as usize {
        return Err(Error::PageTooLarge { records: page.len() as u64, records_max });
    }
    let raw = RawRecord::all(page);
    // A page of another kind than the type's is about to be refused: nothing of it is on record.
    let table = context.store.table(of).filter(|_| context.registry.at(of).kind() == page.kind());
    let resolved = Resolved::of(&raw, table, context.key);
    let mut comparison = Comparison::new(context, table);
    let mut check = Check::new(context, raw.len());
    for (at, record) in raw.iter().enumerate() {
        let misread = page.misread(at as u32);
        let is_repeat = resolved.is_repeat(at);
        let may_be_equal = !is_repeat && misread.is_none() && !context.checks_equal_records;
        if may_be_equal && comparison.is_unchanged(record, resolved.row(at)) {
            check.pass();
        } else {
            check.record(record, is_repeat, misread);
        }
    }
    let (records, references) = check.finish()?;
    Ok(CheckedPage { kind: page.kind(), of, resolved, records, references })
}
