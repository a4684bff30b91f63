//! Records that leave. Their rows are gone, and no other row moves: to take records out costs what leaves and
//! who refers to it.
//!
//! A gone row keeps a few bytes. When an app has more of them than records, its rows are *numbered anew* without
//! gaps. That costs all records and references, of which there are fewer than there are gone rows to pay for it.

use alloc::vec::Vec;

use super::Store;
use super::bits::Ones;
use super::key::{Row, RowKey, TypeIndex};
use super::record::Stored;
use super::table::Table;

/// A purge that leaves a table with more rows than so many has all numbered anew, so that row numbers are never
/// used up: what a type may hold (5 GiB of records, of 40 bytes at least) has numbers behind them. Unit tests come to it sooner.
const ROWS_MAX: u32 = if cfg!(test) { 1 << 10 } else { 1 << 31 };

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
                self.release(key, &references);
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
            self.release(key, &lost);
        }
        let draft = stored.draft(&kept);
        self.table_mut(key.of).replace(key.row, &draft);
    }
}

/// Gaps.
impl Store {
    /// Whether more rows are gone than there are records, or row numbers come to an end. Facts alone decide it:
    /// row numbers show in the digest.
    pub(crate) fn has_too_many_gaps(&self) -> bool {
        self.gone() > self.records() || self.tables.iter().any(|table| table.rows() > ROWS_MAX)
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
            dense.expect_references(table.expects_references());
            for row in table.record_rows() {
                let stored = table.stored(row);
                let moves = |target: RowKey| RowKey::new(target.of, moved[target.of.at()][target.row.at()]);
                references.clear();
                references.extend(stored.references().map(moves));
                dense.adopt(table, row, &stored.draft(&references));
            }
            *table = dense;
        }
        self.index_members_anew();
    }
}

/// Where each row of a table goes when the gaps are closed; [`Row::NONE`] for those that are gone.
fn moves(table: &Table) -> Vec<Row> {
    let mut moved = alloc::vec![Row::NONE; table.rows() as usize];
    table.record_rows().zip(0..).for_each(|(row, next)| moved[row.at()] = Row(next));
    moved
}

#[cfg(test)]
mod tests {
    use super::super::record::Draft;
    use super::*;
    use crate::values::{HashKey, Kind, Timestamp};
    use alloc::string::String;
    use alloc::{format, vec};

    const ACCOUNTS: TypeIndex = TypeIndex(0);
    const TEAMS: TypeIndex = TypeIndex(1);
    const ARE_ACCOUNTS: [bool; 2] = [true, false];

    fn account(number: u32) -> RowKey {
        RowKey::new(ACCOUNTS, Row(number))
    }

    fn team(number: u32) -> RowKey {
        RowKey::new(TEAMS, Row(number))
    }

    fn id(key: RowKey) -> String {
        format!("{}-{}", key.of.0, key.row.0)
    }

    /// So many teams, and as many accounts that refer to the team of their number and the one behind.
    fn store(count: u32) -> Store {
        let (mut store, key) = (Store::default(), HashKey::new(&[0; 16]));
        let mut insert = |new: RowKey, references: &[RowKey]| {
            let id = id(new);
            let draft = Draft { texts: [&*id, "", "x", "", "", ""], references, ..Draft::default() };
            let kind = if new.of == ACCOUNTS { Kind::Account } else { Kind::Group };
            assert_eq!(store.insert(new.of, kind, key.id(&id), &draft), new.row);
        };
        (0..count).for_each(|number| insert(team(number), &[]));
        (0..count).for_each(|number| insert(account(number), &[team(number), team((number + 1) % count)]));
        store
    }

    fn take_out(store: &mut Store, records: &[RowKey]) -> Vec<RowKey> {
        let leaving = Leaving::of(store, records.to_vec(), |of| ARE_ACCOUNTS[of.at()]);
        store.take_out(&leaving);
        check(store);
        leaving.referrers().to_vec()
    }

    /// Every rule of records but for those of a page's texts: groups have names, accounts no description.
    fn check(store: &Store) {
        for (of, table) in store.tables() {
            let mut counts = vec![0; table.rows() as usize];
            let active = store.tables[ACCOUNTS.at()].active().iter().map(account_row);
            for target in active.flat_map(|key| store.stored(key).references()).filter(|key| key.of == of) {
                counts[target.row.at()] += 1;
            }
            for row in Row::first(table.rows()) {
                let (hash, key) =
                    (HashKey::new(&[0; 16]).id(&id(RowKey::new(of, row))), RowKey::new(of, row));
                assert_eq!(table.find(hash, &id(key)), Some(row).filter(|row| table.has_record(*row)));
                assert_eq!(table.referrers(row), counts[row.at()], "{key:?}");
                assert!(table.is_gone_or_placed(row) && (table.has_record(row) || counts[row.at()] == 0));
            }
            let bytes = table.record_rows().map(|row| table.stored(row).bytes());
            assert_eq!(table.bytes(), bytes.sum::<u64>());
            table.check_sums().expect("sums");
        }
    }

    fn account_row(row: Row) -> RowKey {
        RowKey::new(ACCOUNTS, row)
    }

    fn references(store: &Store, key: RowKey) -> Vec<RowKey> {
        store.stored(key).references().collect()
    }

    #[test]
    fn accounts_go_without_a_look_at_others_and_take_their_references_along() {
        let mut store = store(100);
        store.keep_sums();
        assert_eq!(take_out(&mut store, &[account(7), account(8), account(99)]), []);
        assert_eq!([7, 8, 9].map(|number| store.table_of(team(0)).referrers(Row(number))), [1, 0, 1]);
    }

    #[test]
    fn a_record_that_active_accounts_refer_to_goes_and_they_lose_the_reference() {
        let mut store = store(100);
        store.keep_sums();
        store.deactivate(account(10), Timestamp(5));
        // One of the two is inactive; an account that goes itself is none of them.
        assert_eq!(take_out(&mut store, &[account(9), team(10)]), [account(10)]);
        assert_eq!(take_out(&mut store, &[team(50)]), [account(49), account(50)]);
        assert_eq!(references(&store, account(49)), [team(49)]);
        assert_eq!(references(&store, account(50)), [team(51)]);
        let table = store.table_of(account(0));
        assert!(table.active().contains(Row(49)) && table.inactive_since(Row(10)) == Some(Timestamp(5)));
    }

    #[test]
    fn what_goes_while_a_frozen_copy_is_there_stays_in_it() {
        let mut store = store(300);
        let frozen = store.freeze();
        let teams: Vec<RowKey> = (0..300).filter(|number| number % 4 > 0).map(team).collect();
        assert_eq!(take_out(&mut store, &teams).len(), 300);
        assert_eq!(frozen.gone(), 0);
        for number in 0..300 {
            assert_eq!(references(&frozen, account(number)).len(), 2);
            assert_eq!(frozen.stored(team(number)).text(super::super::Slot::Id), id(team(number)));
        }
        let again = store.freeze();
        assert_eq!((again.gone(), again.records()), (225, 375));
    }

    #[test]
    fn gaps_are_closed_before_row_numbers_are_used_up_however_few_they_are() {
        for (rows, is_many) in [(ROWS_MAX, false), (ROWS_MAX + 1, true)] {
            let mut store = store(rows);
            let _ = take_out(&mut store, &[account(0)]);
            assert_eq!(store.has_too_many_gaps(), is_many, "{rows} rows");
            store.close_gaps();
            assert_eq!(store.table_of(account(0)).rows(), rows - 1);
        }
    }

    #[test]
    fn gaps_are_closed_in_the_order_of_rows() {
        let mut store = store(100);
        let most: Vec<RowKey> = (0..100).filter(|number| number % 10 != 3).map(account).collect();
        let _ = take_out(&mut store, &most);
        assert!(!store.has_too_many_gaps(), "90 are gone, and there are 110");
        let teams: Vec<RowKey> = (0..100).filter(|number| number % 10 == 3).map(team).collect();
        assert_eq!(take_out(&mut store, &teams).len(), 10);
        assert!(!store.has_too_many_gaps(), "100 are gone, and there are 100");
        let _ = take_out(&mut store, &[account(3)]);
        assert!(store.has_too_many_gaps());
        assert_eq!([0, 3, 4, 13, 14, 100].map(|row| store.gone_before(account(row))), [0, 3, 4, 13, 13, 91]);
        store.close_gaps();
        assert_eq!((store.gone(), store.records()), (0, 99));
        let ids: Vec<&str> =
            Row::first(9).map(|row| store.stored(account(row.0)).text(super::super::Slot::Id)).collect();
        assert_eq!(ids, ["0-13", "0-23", "0-33", "0-43", "0-53", "0-63", "0-73", "0-83", "0-93"]);
        let [target] = references(&store, account(0))[..] else { panic!("one team is left of two") };
        assert_eq!(store.stored(target).text(super::super::Slot::Id), "1-14");
    }
}
