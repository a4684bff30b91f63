//! Rows that leave: the tables are made anew without them, so that rows stay dense and memory is freed.

use alloc::vec::Vec;

use super::Store;
use super::bits::Bits;
use super::key::{Row, RowKey, TypeIndex};
use super::record::Draft;
use super::table::Table;

/// Rows that are to leave, by type.
#[derive(Debug)]
pub(crate) struct Leaving {
    rows: Vec<Bits>,
}

impl Leaving {
    /// The rows of each table for which this holds.
    pub(crate) fn of(store: &Store, mut leaves: impl FnMut(&Table, Row) -> bool) -> Self {
        let rows = store.tables().map(|(_, table)| {
            let mut rows = Bits::default();
            Row::first(table.len()).filter(|&row| leaves(table, row)).for_each(|row| _ = rows.set(row));
            rows
        });
        Self { rows: rows.collect() }
    }

    /// How many leave.
    pub(crate) fn count(&self) -> u64 {
        self.rows.iter().map(Bits::ones).sum()
    }

    /// Each that leaves, by type in order of registration, in order of first sight.
    pub(crate) fn keys(&self) -> impl Iterator<Item = RowKey> {
        TypeIndex::all()
            .zip(&self.rows)
            .flat_map(|(of, rows)| rows.iter().map(move |row| RowKey::new(of, row)))
    }

    /// How many rows before this one leave its table.
    pub(crate) fn before(&self, key: RowKey) -> u32 {
        let rows = self.rows.get(key.of.at());
        rows.map_or(0, |rows| rows.iter().take_while(|&row| row < key.row).count() as u32)
    }
}

impl Store {
    /// Takes these rows out, and the references to them that others hold. None of them may have an
    /// active referrer.
    pub(crate) fn remove(&mut self, leaving: &Leaving) {
        debug_assert!(
            leaving.keys().all(|key| self.table_of(key).referrers(key.row) == 0),
            "what an active account refers to stays"
        );
        let moved: Vec<Vec<Row>> =
            self.tables.iter().zip(&leaving.rows).map(|(table, rows)| moves(table, rows)).collect();
        let mut references: Vec<RowKey> = Vec::new();
        for (table, leaving) in self.tables.iter_mut().zip(&leaving.rows) {
            let mut kept = Table::default();
            for row in Row::first(table.len()).filter(|&row| !leaving.contains(row)) {
                let stored = table.stored(row);
                references.clear();
                references.extend(
                    stored
                        .references()
                        .map(|target| RowKey::new(target.of, moved[target.of.at()][target.row.at()]))
                        .filter(|target| !target.row.is_none()),
                );
                let draft = Draft { texts: stored.texts(), status: stored.status(), references: &references };
                kept.adopt(table, row, &draft);
            }
            *table = kept;
        }
    }
}

/// Where each row of a table goes when these leave it; [`Row::NONE`] for those that leave.
fn moves(table: &Table, leaving: &Bits) -> Vec<Row> {
    let mut next = 0;
    Row::first(table.len())
        .map(|row| {
            if leaving.contains(row) {
                Row::NONE
            } else {
                next += 1;
                Row(next - 1)
            }
        })
        .collect()
}
