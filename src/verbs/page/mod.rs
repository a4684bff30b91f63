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
//! A strict page with a fault is refused by the check. Of a lenient one the records with a fault are taken out there, and
//! the others go on as a page of their own.
//!
//! A page that is remembered goes none of this way: `repeat` finds that it is as it was, and notes its records.
//!
//! Groups, licenses and accounts go the same way: a group is a record with fewer texts and no references.

mod attributes;
mod check;
mod commit;
mod compare;
mod faults;
mod placeholders;
mod plan;
mod raw;
mod references;
mod reject;
mod repeat;
mod resolve;
mod room;
mod steps;
mod targets;

pub(crate) use commit::{commit, commit_delta};
pub(crate) use plan::plan;
pub(crate) use reject::Rejections;
pub(crate) use repeat::{as_it_was, repeat};

use alloc::vec::Vec;

use hashbrown::HashTable;

use crate::state::{OpenSession, Registry, SettledIds};
use crate::store::{Bits, Row, Slot, Store, Table, TypeIndex};
use crate::values::{Error, Fingerprint, HashKey, IdHash, Kind, Limits, Page, PageLimits};
use check::{Check, Checked, CheckedRecord};
use compare::Comparison;
use raw::RawRecord;
use references::CheckedReference;
use targets::Targets;

/// What a page is checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageContext<'e> {
    pub(crate) store: &'e Store,
    pub(crate) registry: &'e Registry,
    pub(crate) limits: &'e Limits,
    pub(crate) key: HashKey,
    /// Whether what is on record may be beyond the limits, so that equal is not enough to be taken.
    pub(crate) checks_equal_records: bool,
    pub(crate) mode: Mode,
    /// Whose page it is; of none if it is a delta.
    pub(crate) session: Option<&'e OpenSession>,
}

/// What becomes of a page in which a record has a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is refused whole.
    Strict,
    /// The record is rejected, and the others are applied.
    Lenient,
}

/// What stays although a record does not name it (SPEC 3.6, 3a.1).
impl PageContext<'_> {
    /// Whether there can be references that do.
    fn keeps_some(self) -> bool {
        self.session.is_none_or(|session| !session.scope().is_of_all())
    }

    /// Whether references to records of this type do, unless the account names its slug.
    fn keeps(self, of: TypeIndex) -> bool {
        self.session.is_none_or(|session| !session.scope().contains(of))
    }

    /// Whether the attributes of what is on record do.
    fn keeps_attributes(self, record: &RawRecord<'_>) -> bool {
        self.session.is_none() && record.attributes.is_none()
    }
}

/// What deltas settled (SPEC 3a.3).
impl<'e> PageContext<'e> {
    /// The rows of a type that the page leaves as they are, if there are any.
    fn settled(self, of: TypeIndex) -> Option<&'e Bits> {
        let table = self.session.and_then(|_| self.store.table(of))?;
        Some(table.settled()).filter(|settled| settled.ones() > 0)
    }

    /// The ids that the page passes over, if there are any.
    fn settled_ids(self) -> Option<&'e SettledIds> {
        self.session.map(OpenSession::settled_ids).filter(|ids| !ids.is_empty())
    }

    /// Whether the record in this row has an id that the page passes over.
    fn passes_over(self, of: TypeIndex, row: Row) -> bool {
        let (ids, table) = (self.settled_ids(), self.store.table(of));
        !row.is_none()
            && ids.zip(table).is_some_and(|(ids, table)| ids.contains(of, table.stored(row).text(Slot::Id)))
    }
}

/// Lists that every page needs, kept from one to the next for their space: an unchanged page allocates
/// nothing. Each grows with the records of a page, whose number has a limit.
#[derive(Debug, Default)]
pub(crate) struct PageBuffers {
    /// By record, its row; [`Row::NONE`] for one that is not on record, until it is planned. From the check on, those
    /// that were rejected have none of these.
    rows: Vec<Row>,
    /// By record, the hash of its id.
    hashes: Vec<IdHash>,
    /// Records whose id an earlier one of the page has, ascending.
    repeats: Vec<u32>,
    /// Of the page's ids the first record with each, to find the repeats.
    firsts: HashTable<u32>,
    /// Records that are not on record to the letter, ascending.
    differing: Vec<u32>,
    targets: Targets,
}

/// A page about which nothing can be wrong but that there is no room for it.
#[derive(Debug)]
pub(crate) struct CheckedPage<'p> {
    kind: Kind,
    of: TypeIndex,
    /// What it is to be remembered by, and what it was held to.
    fingerprint: Option<(Fingerprint, PageLimits)>,
    /// Those that differ from what is on record.
    records: Vec<CheckedRecord<'p>>,
    /// Of all these records, one behind the other.
    references: Vec<CheckedReference<'p>>,
    /// Likewise, as they will be stored.
    attributes: Vec<u8>,
    /// The types whose slug an account names with a list, an empty one too; where references may stay.
    named: Vec<TypeIndex>,
    /// Whether a record that does not differ has references on record that it does not name.
    some_stay: bool,
}

/// Resolves, compares and checks a page for a type, whatever is wrong with the first of it. What is rejected of it is
/// taken out of the buffers' lists.
///
/// # Errors
/// [`Error::PageTooLarge`]; of a strict page [`Error::PageFaults`].
pub(crate) fn check<'p>(
    context: PageContext<'_>,
    of: TypeIndex,
    page: &'p Page<'p>,
    buffers: &mut PageBuffers,
) -> Result<(CheckedPage<'p>, Rejections), Error> {
    let records_max = context.limits.records_per_page_max;
    if page.len() > records_max as usize {
        return Err(Error::PageTooLarge { records: page.len() as u64, records_max });
    }
    // A page of another kind than the type's is about to be refused: nothing of it is on record.
    let table = context.store.table(of).filter(|_| context.registry.at(of).kind() == page.kind());
    resolve::resolve(page, table, context.key, buffers);
    let some_stay = find_differing(context, table, page, buffers);
    let mut check = Check::new(context, page.kind(), buffers.differing.len());
    for &at in &buffers.differing {
        let is_repeat = buffers.repeats.binary_search(&at).is_ok();
        check.record(at, &RawRecord::at(page, at as usize), is_repeat, page.misread(at));
    }
    let Checked { records, references, attributes, named, rejected, faults } = check.finish();
    let rejections = match context.mode {
        Mode::Strict => faults.into_result().map(|()| Rejections::default())?,
        Mode::Lenient => {
            let is_passed_over = |row| context.passes_over(of, row);
            Rejections::take_out(&rejected, faults, buffers, is_passed_over)
        }
    };
    // A delta has none.
    let fingerprint = page.fingerprint().filter(|_| context.session.is_some());
    let fingerprint = fingerprint.map(|fingerprint| (fingerprint, PageLimits::of(context.limits)));
    let kind = page.kind();
    let page = CheckedPage { kind, of, fingerprint, records, references, attributes, named, some_stay };
    Ok((page, rejections))
}

/// Compares each record with what is on record. Answers whether one that does not differ has references there that it
/// does not name.
#[inline(never)]
fn find_differing<'p>(
    context: PageContext<'_>,
    table: Option<&Table>,
    page: &'p Page<'p>,
    buffers: &mut PageBuffers,
) -> bool {
    let PageBuffers { rows, repeats, differing, .. } = buffers;
    differing.clear();
    let Some(table) = table.filter(|_| !context.checks_equal_records) else {
        differing.extend(0..page.len() as u32);
        return false;
    };
    let mut comparison = Comparison::new(context);
    for (at, &row) in (0..).zip(&*rows) {
        let may_be_equal =
            !row.is_none() && page.misread(at).is_none() && repeats.binary_search(&at).is_err();
        if !(may_be_equal && comparison.is_unchanged(&RawRecord::at(page, at as usize), table, row)) {
            differing.push(at);
        }
    }
    comparison.some_stay()
}
