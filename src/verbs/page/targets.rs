//! Which row each reference of a page leads to.

use alloc::vec::Vec;

use super::references::CheckedReference;
use crate::store::{Row, Store, Table};
use crate::values::{HashKey, IdHash};

/// Beyond this many, rows that were found are forgotten for others: 64 KiB.
const REMEMBERED_MAX: usize = 1 << 14;

/// The rows that references lead to, and those found last: many accounts refer to the same groups, and to
/// compare an id with the one that was found last costs a third of what finding it does.
///
/// What is remembered only makes pages faster: each row is compared with the id before it is believed.
#[derive(Debug, Default)]
pub(super) struct Targets {
    rows: Vec<Row>,
    /// By mark. As many as there can be different ones, up to a bound.
    remembered: Vec<Row>,
    /// References whose row was not remembered, and the hashes of their ids.
    missed: Vec<(u32, IdHash)>,
}

impl Targets {
    /// By reference, the row; [`Row::NONE`] where it is not on record.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Finds the rows of a page's references. In passes, whose lookups do not depend on each other and so
    /// wait for memory together: all that are remembered, all index probes of the others, all ids that these
    /// lead to.
    pub(super) fn find(&mut self, store: &Store, key: HashKey, references: &[CheckedReference<'_>]) {
        self.rows.clear();
        self.missed.clear();
        if references.is_empty() {
            return;
        }
        self.make_room(store, references);
        let mask = self.remembered.len() - 1;
        let remembered = |reference: &CheckedReference<'_>| reference.mark as usize & mask;
        let table = |reference: &CheckedReference<'_>| store.table(reference.of);
        // Those of one account to one type stand together.
        let (mut of, mut targets) = (references[0].of, None);
        for (at, reference) in (0..).zip(references) {
            if targets.is_none() || of != reference.of {
                of = reference.of;
                targets = table(reference).map(Table::targets);
            }
            let row = self.remembered[remembered(reference)];
            if !targets.is_some_and(|targets| targets.has_id(row, reference.id)) {
                self.missed.push((at, key.id(reference.id)));
            }
            self.rows.push(row);
        }
        for &(at, hash) in &self.missed {
            let reference = &references[at as usize];
            self.rows[at as usize] = table(reference).map_or(Row::NONE, |table| table.candidate(hash));
        }
        for &(at, hash) in &self.missed {
            let (reference, row) = (&references[at as usize], &mut self.rows[at as usize]);
            *row = table(reference).map_or(Row::NONE, |table| table.confirm(*row, hash, reference.id));
            self.remembered[remembered(reference)] = *row;
        }
    }

    /// Remembers as many rows as the tables that are referred to have, in powers of two.
    fn make_room(&mut self, store: &Store, references: &[CheckedReference<'_>]) {
        let rows = |reference: &CheckedReference<'_>| store.table(reference.of).map_or(0, Table::records);
        let wanted = references.first().map_or(0, rows) as usize;
        let room = wanted.clamp(64, REMEMBERED_MAX).next_power_of_two();
        if self.remembered.len() < room {
            self.remembered.clear();
            self.remembered.resize(room, Row::NONE);
        }
    }
}
