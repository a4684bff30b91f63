//! Records that leave. Their rows are gone, and no other row moves: to take records out costs what leaves and
//! who refers to it.
//!
//! A gone row keeps a few bytes. When an app has more of them than records, its rows are *numbered anew* without
//! gaps. That costs all records and references, of which there are fewer than there are gone rows to pay for it.

use alloc::vec::Vec;

use super::Store;
use super::bits::Ones;
use super::key::{Row, RowKey, TypeIndex};
use super::record::{Draft, Stored};
use super::table::Table;

/// Beyond so many rows a table is numbered anew, so that row numbers are never used up: what a type may hold
/// (5 GiB of records, of 40 bytes at least) fits behind them.
const ROWS_MAX: u32 = 1 << 31;

/// Records that are to leave, and the accounts that stay and refer to them.
#[derive(Debug)]
pub(crate) struct Leaving {
    /// By type in order of registration, in order of first sight.
    records: Vec<RowKey>,
    /// In the same order.
    referrers: Vec<RowKey>,
}

impl Leaving {
    /// These records, ascending, given of a type whether it is of accounts.
    ///
    /// Where only accounts leave, nobody refers to them. Else it reads the references of the inactive accounts,
    /// and those of the active ones if they refer to what leaves.
    pub(crate) fn of(
        store: &Store,
        records: Vec<RowKey>,
        mut is_account: impl FnMut(TypeIndex) -> bool,
    ) -> Self {
        debug_assert!(records.is_sorted_by(|a, b| a < b), "a record leaves once");
        let mut leaving = Self { records, referrers: Vec::new() };
        if leaving.records.iter().all(|key| is_account(key.of)) {
            return leaving;
        }
        let is_referred_to = |key: &RowKey| store.table_of(*key).referrers(key.row) > 0;
        let are_referred_to = leaving.records.iter().any(is_referred_to);
        for (of, table) in store.tables().filter(|(of, _)| is_account(*of)) {
            for word in 0..table.words() {
                let read = if are_referred_to { table.record_word(word) } else { table.inactive_word(word) };
                let refers = |row: &Row| {
                    table.stored(*row).references().any(|target| leaving.has(target))
                        && !leaving.has(RowKey::new(of, *row))
                };
                let found: Vec<RowKey> =
                    Ones::of(word, read).filter(refers).map(|row| RowKey::new(of, row)).collect();
                leaving.referrers.extend(found);
            }
        }
        leaving
    }

    /// The records, by type in order of registration, in order of first sight.
    pub(crate) fn records(&self) -> &[RowKey] {
        &self.records
    }

    /// The accounts that stay and lose a reference, in the same order.
    pub(crate) fn referrers(&self) -> &[RowKey] {
        &self.referrers
    }

    /// The place of a record in [`records`](Self::records), if it leaves.
    pub(crate) fn find(&self, key: RowKey) -> Option<usize> {
        self.records.binary_search(&key).ok()
    }

    fn has(&self, key: RowKey) -> bool {
        self.find(key).is_some()
    }
}

/// Taking records out.
impl Store {
    /// Takes these records out, active or not, and the references to them that others hold.
    pub(crate) fn take_out(&mut self, leaving: &Leaving) {
        for &key in &leaving.records {
            if self.table_of(key).active().contains(key.row) {
                let references: Vec<RowKey> = self.stored(key).references().collect();
                self.release(&references);
            }
        }
        for &key in &leaving.referrers {
            self.lose_references(key, leaving);
        }
        for key in &leaving.records {
            self.table_mut(key.of).take_out(key.row);
        }
    }

    /// Writes an account anew without its references to what leaves.
    fn lose_references(&mut self, key: RowKey, leaving: &Leaving) {
        let space = self.stored(key).space().to_vec();
        let stored = Stored::new(&space);
        let (lost, kept): (Vec<RowKey>, Vec<RowKey>) =
            stored.references().partition(|target| leaving.has(*target));
        if self.table_of(key).active().contains(key.row) {
            self.release(&lost);
        }
        let draft = Draft { texts: stored.texts(), status: stored.status(), references: &kept };
        self.table_mut(key.of).replace(key.row, &draft);
    }
}

/// Gaps.
impl Store {
    /// Whether more rows are gone than there are records, or row numbers come to an end. Facts alone decide it:
    /// row numbers show in the digest.
    pub(crate) fn has_too_many_gaps(&self) -> bool {
        let are_used_up = self.tables.iter().any(|table| table.rows() > ROWS_MAX);
        self.gone() > self.records() || are_used_up
    }

    /// Rows that are gone, of all types.
    pub(crate) fn gone(&self) -> u64 {
        self.tables.iter().map(|table| table.gone().ones()).sum()
    }

    /// Records that there are, of all types.
    pub(super) fn records(&self) -> u64 {
        self.tables.iter().map(|table| u64::from(table.records())).sum()
    }

    /// How many rows before this one are gone from its table.
    pub(crate) fn gone_before(&self, key: RowKey) -> u32 {
        let gone = self.table(key.of).map(Table::gone);
        gone.map_or(0, |gone| gone.iter().take_while(|&row| row < key.row).count() as u32)
    }

    /// Makes the tables anew, their rows numbered without gaps, in the order that they had.
    pub(crate) fn close_gaps(&mut self) {
        debug_assert!(
            self.tables.iter().all(|table| table.remembered().is_empty()),
            "pages name rows: they are forgotten when a record is purged"
        );
        let moved: Vec<Vec<Row>> = self.tables.iter().map(moves).collect();
        let mut references: Vec<RowKey> = Vec::new();
        for table in &mut self.tables {
            let mut dense = Table::default();
            for row in table.record_rows() {
                let stored = table.stored(row);
                let moves = |target: RowKey| RowKey::new(target.of, moved[target.of.at()][target.row.at()]);
                references.clear();
                references.extend(stored.references().map(moves));
                let draft = Draft { texts: stored.texts(), status: stored.status(), references: &references };
                dense.adopt(table, row, &draft);
            }
            *table = dense;
        }
    }
}

/// Where each row of a table goes when the gaps are closed; [`Row::NONE`] for those that are gone.
fn moves(table: &Table) -> Vec<Row> {
    let mut moved = alloc::vec![Row::NONE; table.rows() as usize];
    table.record_rows().zip(0..).for_each(|(row, next)| moved[row.at()] = Row(next));
    moved
}
