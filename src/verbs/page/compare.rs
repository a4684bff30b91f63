//! Whether a record is on record to the letter: then it was checked when it was written, and nothing of it
//! is to be written again.

use alloc::vec::Vec;

use super::PageContext;
use super::raw::RawRecord;
use super::references::Slugs;
use crate::store::{References, Row, RowKey, Slot, Store, Table, TypeIndex};
use crate::values::{AccountStatus, Reference, Rule};

#[derive(Debug)]
pub(super) struct Comparison<'e, 'p> {
    store: &'e Store,
    table: Option<&'e Table>,
    slugs: Slugs<'e, 'p>,
    name_rule: Rule,
    /// The lists of one record by type, kept for their space.
    lists: Vec<(TypeIndex, &'p [Reference<'p>])>,
}

impl<'e, 'p> Comparison<'e, 'p> {
    pub(super) fn new(context: PageContext<'e>, table: Option<&'e Table>) -> Self {
        Self {
            store: context.store,
            table,
            slugs: Slugs::new(context.registry),
            name_rule: Rule::Optional { chars_max: context.limits.text_chars_max },
            lists: Vec::new(),
        }
    }

    /// Whether the record is active and full and has just these fields and, in this order, these
    /// references, none of which would give a placeholder a name. (An active account's placeholders are
    /// active.) Where it says no, the record may still be equal: the references in another order.
    pub(super) fn is_unchanged(&mut self, record: &RawRecord<'p>, row: Row) -> bool {
        let Some(table) = self.table.filter(|_| !row.is_none()) else { return false };
        let Some(status) = parse_status(record.status) else { return false };
        let stored = table.stored(row);
        if !table.active().contains(row)
            || table.placeholder().contains(row)
            || !stored.has_fields(&record.texts, status)
        {
            return false;
        }
        self.find_lists(record) && self.has_references(stored.references())
    }

    /// Finds the record's lists by type, those of one type in the order sent. False if a slug is none.
    fn find_lists(&mut self, record: &RawRecord<'p>) -> bool {
        self.lists.clear();
        for (map, list) in record.lists() {
            let Some((of, kind)) = self.slugs.find(&list.slug) else { return false };
            if kind != map.kind() {
                return false;
            }
            self.lists.push((of, list.as_slice()));
        }
        if !self.lists.is_sorted_by_key(|(of, _)| *of) {
            self.lists.sort_by_key(|(of, _)| *of);
        }
        true
    }

    /// Whether the lists hold just these references, in this order, and do nothing to their targets.
    fn has_references(&self, mut on_record: References<'_>) -> bool {
        for (of, list) in &self.lists {
            for reference in *list {
                let is_same =
                    on_record.next().is_some_and(|key| key.of == *of && self.does_nothing(key, reference));
                if !is_same {
                    return false;
                }
            }
        }
        on_record.next().is_none()
    }

    /// Whether the record is the one that the reference names, and the reference does nothing to it.
    fn does_nothing(&self, key: RowKey, reference: &Reference<'_>) -> bool {
        let target = self.store.stored(key);
        target.has_id(&reference.id)
            && reference.name.as_ref().is_none_or(|name| {
                // A name that is not needed is held to its rule all the same.
                name.is_empty()
                    || !target.slot(Slot::EmailOrName).is_empty() && self.name_rule.fault(name).is_none()
            })
    }
}

/// An account's status as sent; absent is active.
pub(super) fn parse_status(status: &str) -> Option<AccountStatus> {
    if status.is_empty() { Some(AccountStatus::default()) } else { status.parse().ok() }
}
