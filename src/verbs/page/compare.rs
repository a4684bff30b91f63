//! Whether a record is on record to the letter: then it was checked when it was written, and nothing of it
//! is to be written again.

use super::PageContext;
use super::raw::RawRecord;
use super::references::Slugs;
use crate::store::{Row, Slot, Store, Stored, Table};
use crate::values::{AccountStatus, Reference, Rule};

/// Of more runs of references than this, a record is looked at as if it differed.
const RUNS_MAX: usize = u64::BITS as usize;

#[derive(Debug)]
pub(super) struct Comparison<'e, 'p> {
    store: &'e Store,
    slugs: Slugs<'e, 'p>,
    name_rule: Rule,
}

impl<'e, 'p> Comparison<'e, 'p> {
    pub(super) fn new(context: PageContext<'e>) -> Self {
        Self {
            store: context.store,
            slugs: Slugs::new(context.registry),
            name_rule: Rule::Optional { chars_max: context.limits.text_chars_max },
        }
    }

    /// Whether the record, which has this row, is active and full and has just these fields and, in this
    /// order, these references, none of which would give a placeholder a name. (An active account's
    /// placeholders are active.) Where it says no, the record may still be equal: the references in another
    /// order.
    #[inline]
    pub(super) fn is_unchanged(&mut self, record: &RawRecord<'p>, table: &Table, row: Row) -> bool {
        let Some(status) = parse_status(record.status) else { return false };
        let stored = table.stored(row);
        stored.has_fields(&record.texts, status)
            && table.active().contains(row)
            && !table.placeholder().contains(row)
            && self.has_references(record, &stored)
    }

    /// Whether the record's lists hold just the references on record, those to one type in this order, and
    /// do nothing to their targets.
    #[inline]
    fn has_references(&mut self, record: &RawRecord<'p>, stored: &Stored<'_>) -> bool {
        let runs = stored.runs();
        // The runs that a list was found equal to: two lists under one slug are not two runs.
        let mut equal = 0_u64;
        for (map, list) in record.lists() {
            let Some((of, kind)) = self.slugs.find(&list.slug) else { return false };
            if kind != map.kind() {
                return false;
            }
            let list = list.as_slice();
            if list.is_empty() {
                continue;
            }
            let run = runs.take(RUNS_MAX).enumerate().find(|(_, (run_of, _))| *run_of == of);
            let Some((number, (_, rows))) = run else { return false };
            let Some(table) = self.store.table(of) else { return false };
            let is_equal = rows.len() == list.len()
                && equal & 1 << number == 0
                && rows.iter().zip(list).all(|(row, reference)| {
                    self.does_nothing(&table.stored(Row(u32::from_le_bytes(*row))), reference)
                });
            if !is_equal {
                return false;
            }
            equal |= 1 << number;
        }
        runs.count() == equal.count_ones() as usize
    }

    /// Whether a record is the one that the reference names, and the reference does nothing to it.
    #[inline]
    fn does_nothing(&self, target: &Stored<'_>, reference: &Reference<'_>) -> bool {
        target.has_id(&reference.id)
            && reference.name.as_ref().is_none_or(|name| {
                // A name that is not needed is held to its rule all the same.
                name.is_empty() || target.has(Slot::EmailOrName) && self.name_rule.fault(name).is_none()
            })
    }
}

/// An account's status as sent; absent is active.
pub(super) fn parse_status(status: &str) -> Option<AccountStatus> {
    if status.is_empty() { Some(AccountStatus::default()) } else { status.parse().ok() }
}
