//! All tables of one app, one for each type that ever had a record.
//!
//! References lead from table to table, so what must agree among tables is kept here and nowhere else:
//!
//! - a row's *referrers* are the active accounts that refer to it; where the type's *members* are indexed, it is these;
//! - a reference points at a record that there is;
//! - an active account's references point at active rows or at full ones;
//! - the *seen* rows, those of the present roll, and the *settled* ones, which it leaves as they are, are full records;
//!   in a type that is in the roll's scope, a seen row that is not active is settled;
//! - none of the seen rows is *retained*: kept though it could not be read;
//! - the rows of remembered pages are active full records, and they are as those pages left them;
//! - a row that is *gone* has no record, and is in no other set of rows.

mod arena;
mod attributes;
mod bits;
mod check;
mod chunk;
mod column;
mod digests;
mod flags;
mod index;
mod key;
#[cfg(feature = "serde")]
mod load;
mod members;
mod purge;
mod record;
mod remembered;
mod roll;
mod sums;
mod table;

use alloc::vec::Vec;

pub(crate) use attributes::write_attribute;
pub use attributes::{AttributeTexts, AttributeView, AttributeViews};
pub(crate) use bits::{Bits, Ones};
pub(crate) use key::{Row, RowKey, TypeIndex};
#[cfg(feature = "serde")]
pub(crate) use load::{RowFlags, Runs, read_references};
pub(crate) use members::Referring;
pub(crate) use purge::Leaving;
pub(crate) use record::{Draft, ReferenceRuns, Slot, Stored};
pub(crate) use remembered::{RememberedPages, Run};
pub(crate) use table::Table;

#[cfg(feature = "serde")]
use crate::values::{BrokenInvariant, Checked};
use crate::values::{Fingerprint, IdHash, Kind, PageLimits, Timestamp};
use members::MemberIndex;

#[derive(Debug, Default)]
pub(crate) struct Store {
    /// By type. Shorter than the registry where the last types never had a record.
    tables: Vec<Table>,
    /// By type as the tables: how many references its active accounts hold.
    held: Vec<u64>,
    /// Of the types that somebody asked it for.
    members: MemberIndex,
    /// References of one account at a time, kept for its space.
    scratch: Vec<RowKey>,
}

/// Reading.
impl Store {
    /// The table of a type, if one was made.
    pub(crate) fn table(&self, of: TypeIndex) -> Option<&Table> {
        self.tables.get(of.at())
    }

    /// The table of a type of which there is a row.
    pub(crate) fn table_of(&self, key: RowKey) -> &Table {
        &self.tables[key.of.at()]
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = (TypeIndex, &Table)> {
        TypeIndex::all().zip(&self.tables)
    }

    /// The tables up to the last one with a record.
    pub(crate) fn used_tables(&self) -> impl Iterator<Item = (TypeIndex, &Table)> {
        self.tables_up_to(|table| table.records() > 0)
    }

    /// The tables up to the last one that gave out a row: whether those behind it were made is no fact.
    #[cfg(feature = "serde")]
    pub(crate) fn numbered_tables(&self) -> impl Iterator<Item = (TypeIndex, &Table)> {
        self.tables_up_to(|table| table.rows() > 0)
    }

    fn tables_up_to(&self, is_used: fn(&Table) -> bool) -> impl Iterator<Item = (TypeIndex, &Table)> {
        let used = self.tables.iter().rposition(is_used).map_or(0, |last| last + 1);
        self.tables().take(used)
    }

    pub(crate) fn stored(&self, key: RowKey) -> Stored<'_> {
        self.table_of(key).stored(key.row)
    }

    /// How many references the active accounts of a type hold.
    pub(crate) fn held(&self, of: TypeIndex) -> u64 {
        self.held.get(of.at()).copied().unwrap_or(0)
    }

    /// Whether there is a record of the type, active or not.
    pub(crate) fn has_records(&self, of: TypeIndex) -> bool {
        self.table(of).is_some_and(|table| table.records() > 0)
    }
}

/// Writing. Each step leaves what is said above true.
impl Store {
    /// The table of a type that is about to have a record.
    fn table_to_grow(&mut self, of: TypeIndex, kind: Kind) -> &mut Table {
        if self.tables.len() <= of.at() {
            self.tables.resize_with(of.at() + 1, Table::default);
            self.held.resize(of.at() + 1, 0);
        }
        let table = self.table_mut(of);
        if table.rows() == 0 {
            table.expect_references(kind != Kind::Account);
        }
        table
    }

    fn table_mut(&mut self, of: TypeIndex) -> &mut Table {
        &mut self.tables[of.at()]
    }

    /// Adds a full, active record whose id the table does not have.
    pub(crate) fn insert(&mut self, of: TypeIndex, kind: Kind, hash: IdHash, draft: &Draft<'_>) -> Row {
        let row = self.table_to_grow(of, kind).insert(hash, draft);
        self.hold(RowKey::new(of, row), draft.references);
        row
    }

    /// Adds an active placeholder whose id the table does not have.
    pub(crate) fn insert_placeholder(&mut self, of: TypeIndex, hash: IdHash, draft: &Draft<'_>) -> Row {
        debug_assert!(draft.references.is_empty(), "a placeholder refers to nothing");
        let table = self.table_to_grow(of, Kind::Group);
        let row = table.insert(hash, draft);
        table.set_placeholder(row);
        row
    }

    /// Makes a record that was pushed active and full, and gives it new contents where there are any.
    pub(crate) fn upsert(&mut self, key: RowKey, draft: Option<&Draft<'_>>) {
        let table = self.table_of(key);
        let was_active = table.active().contains(key.row);
        let mut on_record = core::mem::take(&mut self.scratch);
        on_record.clear();
        on_record.extend(self.stored(key).references());
        let references = draft.map_or(&*on_record, |draft| draft.references);
        if !was_active {
            self.hold(key, references);
        } else if references != on_record {
            self.exchange(key, &on_record, references);
        }
        self.scratch = on_record;
        let table = self.table_mut(key.of);
        if let Some(draft) = draft {
            table.replace(key.row, draft);
        }
        table.set_active(key.row);
        table.set_full(key.row);
    }

    /// Makes an inactive placeholder active.
    pub(crate) fn wake(&mut self, key: RowKey) {
        debug_assert!(self.table_of(key).placeholder().contains(key.row), "only placeholders are woken");
        self.table_mut(key.of).set_active(key.row);
    }

    /// Gives a nameless placeholder a name.
    pub(crate) fn name_placeholder(&mut self, key: RowKey, draft: &Draft<'_>) {
        debug_assert!(self.table_of(key).placeholder().contains(key.row), "only placeholders are named");
        self.table_mut(key.of).replace(key.row, draft);
    }

    /// Makes an active record inactive; its references count no more. Answers how many it has.
    pub(crate) fn deactivate(&mut self, key: RowKey, now: Timestamp) -> usize {
        debug_assert!(self.table_of(key).active().contains(key.row), "only what is active goes");
        self.table_mut(key.of).set_inactive(key.row, now);
        let mut references = core::mem::take(&mut self.scratch);
        references.clear();
        references.extend(self.stored(key).references());
        self.release(key, &references);
        let released = references.len();
        self.scratch = references;
        released
    }

    /// Takes the references of an active account.
    fn hold(&mut self, account: RowKey, references: &[RowKey]) {
        self.count(account.of, references);
        if let Some(members) = &mut self.members {
            members.add(account, references);
        }
    }

    /// Takes back what [`hold`](Self::hold) took.
    fn release(&mut self, account: RowKey, references: &[RowKey]) {
        self.count_off(account.of, references);
        if let Some(members) = &mut self.members {
            members.remove(account, references);
        }
    }

    /// Takes back what an active account held before, and takes what it holds now.
    fn exchange(&mut self, account: RowKey, before: &[RowKey], after: &[RowKey]) {
        self.count_off(account.of, before);
        self.count(account.of, after);
        if let Some(members) = &mut self.members {
            members.exchange(account, before, after);
        }
    }

    /// Counts the references of an active account of this type.
    fn count(&mut self, of: TypeIndex, references: &[RowKey]) {
        self.held[of.at()] += references.len() as u64;
        for target in references {
            self.table_mut(target.of).add_referrer(target.row);
        }
    }

    /// Takes back what [`count`](Self::count) counted.
    fn count_off(&mut self, of: TypeIndex, references: &[RowKey]) {
        self.held[of.at()] -= references.len() as u64;
        for target in references {
            self.table_mut(target.of).remove_referrer(target.row);
        }
    }
}

/// Freezing.
impl Store {
    /// A copy of all records as they are: see [`Table::freeze`]. Nobody reads members in it.
    pub(crate) fn freeze(&mut self) -> Self {
        let Self { tables, held, members: _, scratch: _ } = self;
        let tables = tables.iter_mut().map(Table::freeze).collect();
        Self { tables, held: held.clone(), members: None, scratch: Vec::new() }
    }
}

/// The digest.
impl Store {
    /// Keeps the sums of all tables, so that what is summed up next is what changes from now on.
    pub(crate) fn keep_sums(&mut self) {
        self.tables.iter_mut().for_each(Table::keep_sums);
    }
}

/// The roll: the rows seen since it began, and those that it retains.
impl Store {
    /// Notes that a page named these rows of a type, in its order.
    pub(crate) fn see(&mut self, of: TypeIndex, rows: &[Row]) {
        let Some(&last) = rows.last() else { return };
        let table = self.table_mut(of);
        let is_whole = |row| table.active().contains(row) && !table.placeholder().contains(row);
        debug_assert!(
            rows.iter().all(|&row| is_whole(row) || table.settled().contains(row)),
            "what was pushed is active and full, unless it is left as it is"
        );
        // A page in stored order is one run: a word or three.
        for run in rows.chunk_by(|row, next| next.0 == row.0 + 1) {
            table.set_seen(run[0], run.len() as u32);
        }
        table.guess_after(last);
    }

    /// Notes that the roll keeps these rows of a type, which it need not see.
    pub(crate) fn retain(&mut self, of: TypeIndex, rows: &[Row]) {
        for &row in rows {
            self.table_mut(of).retain(row);
        }
    }

    /// Notes that the present roll leaves these rows of a type as they are, which are full records.
    pub(crate) fn settle(&mut self, of: TypeIndex, rows: &[Row]) {
        if let Some(table) = self.tables.get_mut(of.at()) {
            debug_assert!(
                !rows.iter().any(|&row| table.placeholder().contains(row)),
                "a full record is settled"
            );
            rows.iter().for_each(|&row| table.set_settled(row));
        }
    }

    /// Lets the present roll take the rows of a type as they come.
    pub(crate) fn clear_settled(&mut self, of: TypeIndex) {
        self.tables.get_mut(of.at()).into_iter().for_each(Table::clear_settled);
    }

    /// Begins an empty roll.
    pub(crate) fn begin_roll(&mut self) {
        self.tables.iter_mut().for_each(Table::begin_roll);
    }
}

/// Pages that are remembered by their fingerprints.
impl Store {
    /// Notes that a page with a fingerprint named these rows of a type and left them as it says.
    pub(crate) fn remember(
        &mut self,
        of: TypeIndex,
        fingerprint: Fingerprint,
        limits: PageLimits,
        rows: &[Row],
    ) {
        if let Some(table) = self.tables.get_mut(of.at()) {
            table.remember(fingerprint, limits, rows);
        }
    }

    /// Notes that a remembered page of the type was named again, and would be taken under these limits: its rows
    /// are in the present roll.
    pub(crate) fn see_again(&mut self, of: TypeIndex, fingerprint: Fingerprint, limits: PageLimits) {
        self.table_mut(of).see_again(fingerprint, limits);
    }

    /// Forgets the pages of all types.
    pub(crate) fn forget_pages(&mut self) {
        self.tables.iter_mut().for_each(Table::forget_pages);
    }
}

/// Loading.
#[cfg(feature = "serde")]
impl Store {
    /// Takes what the roll retains and leaves as it is of a type.
    ///
    /// # Errors
    /// If there is no table of it, or it has no such rows.
    pub(crate) fn load_marks(&mut self, of: TypeIndex, retained: &[Run], settled: &[Run]) -> Checked {
        let none = || BrokenInvariant::new("9", "a set of rows is of no table");
        self.tables.get_mut(of.at()).ok_or_else(none)?.load_marks(retained, settled)
    }

    /// Remembers loaded pages of a type of which there is a table.
    pub(crate) fn load_pages(&mut self, of: TypeIndex, pages: RememberedPages) {
        self.table_mut(of).load_pages(pages);
    }
}
