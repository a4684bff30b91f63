//! The records of one type of one app.
//!
//! A record is a *row*, numbered in order of first sight. What is asked of every row often lies in
//! dense columns: where the record is and 32 bits of its id's hash ([`Place`], [`IdHash`]), whether it
//! is active, a placeholder, seen or retained in the present roll, gone (bits), how many active accounts refer to it. The
//! record itself, texts and references, lies in the arena. The index leads from an id's hash to its
//! row; it is never iterated, so its order shows nowhere.
//!
//! A table does not know what a session is: it knows a roll, the rows that it has seen or retains.

mod find;
mod gone;
mod short_id;
mod targets;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
#[cfg(feature = "serde")]
use alloc::vec::Vec;

use super::arena::{Arena, Place};
use super::bits::Bits;
use super::column::{Column, Counts};
use super::flags::Flags;
use super::index::Index;
use super::key::Row;
use super::record::{self, Draft, Stored};
use super::remembered::RememberedPages;
#[cfg(feature = "serde")]
use super::remembered::Run;
use super::roll::Roll;
use super::sums::Sums;
#[cfg(test)]
use crate::tests::work;
#[cfg(feature = "serde")]
use crate::values::{Checked, ensure};
use crate::values::{Fingerprint, IdHash, PageLimits, Timestamp};
use short_id::Target;

/// Where a record lies, and what its id hashes to (so that no rehash reads the ids).
#[derive(Clone, Copy, Debug)]
struct Entry {
    place: Place,
    hash: IdHash,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    arena: Arena,
    entries: Column<Entry>,
    index: Index,
    flags: Flags,
    roll: Roll,
    /// Rows whose record has gone.
    gone: Bits,
    /// Of groups and licenses, what references are compared with.
    targets: Option<Column<Target>>,
    /// Active accounts that refer to the row. The store keeps it: references lead from table to table.
    referrers: Counts,
    /// What the records take, each as its draft says.
    bytes: u64,
    /// The row after the last one of the last page: where a connector with a stable order goes on.
    /// It only makes pages faster; nothing shows it.
    guess: Row,
    remembered: RememberedPages,
    /// Kept once they were asked for.
    sums: Option<Box<Sums>>,
}

/// Reading.
impl Table {
    pub(crate) const fn active(&self) -> &Bits {
        self.flags.active()
    }

    pub(crate) const fn placeholder(&self) -> &Bits {
        self.flags.placeholder()
    }

    /// Rows that a page of the present roll named.
    pub(crate) const fn seen(&self) -> &Bits {
        self.roll.seen()
    }

    /// Rows that the present roll keeps though it has not seen them: none that it has seen is among them.
    pub(crate) const fn retained(&self) -> &Bits {
        self.roll.retained()
    }

    /// Rows that the present roll leaves as they are, whatever it says of them.
    pub(crate) const fn settled(&self) -> &Bits {
        self.roll.settled()
    }

    /// The pages that are known by their fingerprints.
    pub(crate) const fn remembered(&self) -> &RememberedPages {
        &self.remembered
    }

    /// What the records take, each as its draft says: a fact, wherever they lie.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Active rows that are full records.
    pub(crate) const fn active_full(&self) -> u64 {
        self.flags.active_full()
    }

    /// Whether these are counted right.
    pub(super) fn are_flags_counted(&self) -> bool {
        self.flags.are_counted()
    }

    pub(crate) fn referrers(&self, row: Row) -> u32 {
        self.referrers.get(row)
    }

    #[inline]
    pub(crate) fn stored(&self, row: Row) -> Stored<'_> {
        debug_assert!(self.has_record(row), "nobody reads a record that has gone");
        Stored::new(self.arena.at(self.entries.at(row).place))
    }

    /// When the row became inactive, if it is.
    pub(crate) fn inactive_since(&self, row: Row) -> Option<Timestamp> {
        (!self.active().contains(row)).then(|| Timestamp(self.stored(row).inactive_since()))
    }

    /// Rows `64 * word ..` that are active and that the present roll does not keep.
    pub(crate) fn stale_word(&self, word: usize) -> u64 {
        self.active().word(word) & !self.roll.kept_word(word)
    }

    /// Full records that are active and that the present roll does not keep, of a type in its scope. Looks at a bit of
    /// each record where some are retained or settled, and at none else: what was seen is then active and full.
    pub(crate) fn stale_full(&self) -> u64 {
        if !self.roll.keeps_more_than_seen() {
            return self.active_full() - self.seen().ones();
        }
        let stale = |word| self.stale_word(word) & !self.placeholder().word(word);
        (0..self.words()).map(|word| u64::from(stale(word).count_ones())).sum()
    }

    /// Whether the row is a placeholder that an active account refers to.
    pub(crate) fn is_kept_alive(&self, row: Row) -> bool {
        self.placeholder().contains(row) && self.referrers(row) > 0
    }
}

/// Writing: each step alone. What holds among tables is the store's to keep.
impl Table {
    /// Adds an active row whose id the table does not have.
    pub(super) fn insert(&mut self, hash: IdHash, draft: &Draft<'_>) -> Row {
        let row = Row(self.entries.len());
        debug_assert!(!row.is_none(), "the limits keep row numbers below that of no row");
        let bytes = draft.bytes();
        let units = record::units(bytes);
        let place = self.arena.allocate(units);
        draft.write(row, 0, self.arena.at_mut(place, units));
        self.entries.push(Entry { place, hash });
        self.push_target(Target::of(draft));
        self.bytes += bytes;
        self.note_write(row);
        self.empty_chunks();
        let entries = &self.entries;
        self.index.insert(hash, row, |row| entries.at(row).hash);
        self.flags.set_active(row);
        row
    }

    /// Writes the record anew, in place where it fits, leaves little unused, and no frozen copy is there.
    pub(super) fn replace(&mut self, row: Row, draft: &Draft<'_>) {
        self.remembered.forget_page_of(row);
        self.note_write(row);
        self.set_target(row, Target::of(draft));
        let before = self.stored(row);
        let (units_before, since) = (before.units(), before.inactive_since());
        let bytes = draft.bytes();
        self.bytes = self.bytes - before.bytes() + bytes;
        let place = self.entries.at(row).place;
        let units = record::units(bytes);
        let is_fit = units <= units_before && (units_before - units) * 4 <= units_before;
        if is_fit && self.arena.is_own(place) {
            draft.rewrite(self.arena.at_mut(place, units_before));
            return;
        }
        let new_place = self.arena.allocate(units);
        draft.write(row, since, self.arena.at_mut(new_place, units));
        self.entries.at_mut(row).place = new_place;
        self.arena.discard(place, units_before);
        self.empty_chunks();
    }

    /// Moves what is alive out of chunks that are to be emptied, as far as the arena has credit for it.
    fn empty_chunks(&mut self) {
        while let Some(place) = self.arena.next_to_move() {
            let stored = Stored::new(self.arena.at(place));
            let (row, units) = (stored.row(), stored.units());
            if self.entries.at(row).place == place {
                let space = stored.space().to_vec();
                #[cfg(test)]
                work::add(work::Kind::MovedByte, space.len());
                let new_place = self.arena.bump(units);
                self.arena.at_mut(new_place, units).copy_from_slice(&space);
                self.entries.at_mut(row).place = new_place;
            }
            self.arena.passed(units);
        }
    }

    /// Each step that changes what the digest says of a row tells it here.
    fn note_write(&mut self, row: Row) {
        if let Some(sums) = &mut self.sums {
            sums.note(row);
        }
    }

    pub(super) fn sums(&self) -> Option<&Sums> {
        self.sums.as_deref()
    }

    pub(super) const fn take_sums(&mut self) -> Option<Box<Sums>> {
        self.sums.take()
    }

    pub(super) fn put_sums(&mut self, sums: Option<Box<Sums>>) {
        self.sums = sums;
    }

    pub(super) fn keep_sum_of_pages(&mut self) {
        self.remembered.keep_sum();
    }

    pub(super) fn set_placeholder(&mut self, row: Row) {
        self.note_write(row);
        self.flags.set_placeholder(row);
    }

    pub(super) fn set_full(&mut self, row: Row) {
        self.note_write(row);
        self.flags.set_full(row);
    }

    pub(super) fn set_active(&mut self, row: Row) {
        if self.flags.set_active(row) {
            self.set_inactive_since(row, 0);
        }
    }

    pub(super) fn set_inactive(&mut self, row: Row, since: Timestamp) {
        self.remembered.forget_page_of(row);
        self.flags.set_inactive(row);
        self.set_inactive_since(row, since.as_millis());
    }

    fn set_inactive_since(&mut self, row: Row, millis: i64) {
        self.note_write(row);
        self.leave_frozen(row);
        let units = self.stored(row).units();
        record::set_inactive_since(self.arena.at_mut(self.entries.at(row).place, units), millis);
    }

    /// Moves a record out of a chunk that a frozen copy has, so that it can be written. To copy its bytes costs
    /// far less than to copy those of its chunk, of which the next page is likely to write none.
    fn leave_frozen(&mut self, row: Row) {
        let place = self.entries.at(row).place;
        if self.arena.is_own(place) {
            return;
        }
        let stored = self.stored(row);
        let (units, space) = (stored.units(), stored.space().to_vec());
        #[cfg(test)]
        work::add(work::Kind::MovedByte, space.len());
        let new_place = self.arena.allocate(units);
        self.arena.at_mut(new_place, units).copy_from_slice(&space);
        self.entries.at_mut(row).place = new_place;
        self.arena.discard(place, units);
        self.empty_chunks();
    }

    pub(super) fn add_referrer(&mut self, row: Row) {
        *self.referrers.at_mut(row) += 1;
    }

    pub(super) fn remove_referrer(&mut self, row: Row) {
        let count = self.referrers.at_mut(row);
        *count = count.checked_sub(1).expect("a reference that goes was counted when it came");
    }

    /// Notes that a page of the present roll named so many rows from this one on.
    pub(super) fn set_seen(&mut self, start: Row, len: u32) {
        self.roll.see(start, len);
    }

    /// Notes that the present roll keeps a row though it may not see it.
    pub(super) fn retain(&mut self, row: Row) {
        self.roll.retain(row);
    }

    /// Notes that the present roll leaves the row as it is.
    pub(super) fn set_settled(&mut self, row: Row) {
        self.roll.settle(row);
    }

    /// Lets the present roll take all rows as they come.
    pub(super) fn clear_settled(&mut self) {
        self.roll.settle_none();
    }

    /// Begins an empty roll. Costs nothing: what the last one marked is cleared as the next one comes to it.
    pub(super) fn begin_roll(&mut self) {
        self.roll.begin_anew();
    }

    /// Notes the last row of a page: the next page is likely to go on behind it.
    pub(super) fn guess_after(&mut self, row: Row) {
        self.guess = Row(row.0.wrapping_add(1));
    }

    /// Remembers a page that named these rows.
    pub(super) fn remember(&mut self, fingerprint: Fingerprint, limits: PageLimits, rows: &[Row]) {
        self.remembered.remember(fingerprint, limits, rows);
    }

    /// Notes that the rows of a remembered page are in the present roll.
    pub(super) fn see_again(&mut self, fingerprint: Fingerprint, limits: PageLimits) {
        self.remembered.hold_to(limits);
        let runs = self.remembered.find(fingerprint).expect("a page that is repeated is remembered");
        for run in runs {
            self.roll.see(run.first, run.len);
            self.guess = Row(run.first.0 + run.len);
        }
    }

    pub(super) fn forget_pages(&mut self) {
        self.remembered.forget_all();
    }

    /// Adds to this table, which is being made, a row of another one, with these references.
    pub(super) fn adopt(&mut self, from: &Self, row: Row, draft: &Draft<'_>) {
        let kept = self.insert(from.entries.at(row).hash, draft);
        if let Some(since) = from.inactive_since(row) {
            self.set_inactive(kept, since);
        }
        if from.placeholder().contains(row) {
            self.flags.set_placeholder(kept);
        }
        self.roll.adopt(kept, &from.roll, row);
        if from.referrers(row) > 0 {
            *self.referrers.at_mut(kept) = from.referrers(row);
        }
    }
}

/// Freezing.
impl Table {
    /// A copy of the records as they are, which shares all chunks with this table, and has no index: who saves,
    /// sums up or checks goes through the rows. Costs a few instructions for each chunk.
    pub(super) fn freeze(&mut self) -> Self {
        let Self {
            arena,
            entries,
            index: _,
            targets: _,
            flags,
            roll,
            gone,
            referrers,
            bytes,
            guess,
            sums,
            remembered,
        } = self;
        Self {
            arena: arena.freeze(),
            entries: entries.freeze(),
            index: Index::default(),
            targets: None,
            flags: flags.freeze(),
            roll: roll.freeze(),
            gone: gone.freeze(),
            referrers: referrers.freeze(),
            bytes: *bytes,
            guess: *guess,
            sums: sums.as_mut().map(|sums| Box::new(sums.freeze())),
            remembered: remembered.freeze(),
        }
    }
}

/// Loading.
#[cfg(feature = "serde")]
impl Table {
    /// A table whose records are to come.
    pub(super) fn of_rows(active: Bits, placeholder: Bits, seen: Bits, is_account: bool) -> Self {
        let targets = (!is_account).then(Column::default);
        Self { flags: Flags::new(active, placeholder), roll: Roll::of_seen(seen), targets, ..Self::default() }
    }

    /// Adds the rows that the present roll retains, and those that it leaves as they are.
    ///
    /// # Errors
    /// If they are not the fewest runs, or beyond the table; if one that is retained was seen, or has no record.
    pub(super) fn load_marks(&mut self, retained: &[Run], settled: &[Run]) -> Checked {
        let retained = Run::bits(retained, self.rows())?;
        let settled = Run::bits(settled, self.rows())?;
        let can_be = retained.iter().all(|row| self.has_record(row) && !self.seen().contains(row));
        ensure(can_be, "3.5", || "a record is retained that is not there, or was pushed")?;
        self.roll.load(retained, settled);
        Ok(())
    }

    pub(super) fn load_pages(&mut self, pages: RememberedPages) {
        self.remembered = pages;
    }

    /// Adds the row whose record lies here in the run that is [taken](Self::take_run) next.
    pub(super) fn push_row(&mut self, at: usize, stored: &Stored<'_>, hash: IdHash) {
        self.entries.push(Entry { place: self.arena.place_to_come(at), hash });
        if let Some(targets) = &mut self.targets {
            targets.push(Target::new(stored.slot(record::Slot::Id), stored.slot(record::Slot::EmailOrName)));
        }
        self.bytes += stored.bytes();
    }

    /// Takes the records of the rows that were added last.
    pub(super) fn take_run(&mut self, run: Vec<u8>) {
        self.arena.adopt(run);
    }

    /// Makes the index of a table that has none. False if two rows have the same id.
    pub(super) fn index_all(&mut self) -> bool {
        let hash = |row| self.entries.at(row).hash;
        let is_same =
            |a: Row, b: Row| self.stored(a).slot(record::Slot::Id) == self.stored(b).slot(record::Slot::Id);
        let index = Index::build(self.record_rows(), self.records(), hash, is_same);
        index.map(|index| self.index = index).is_some()
    }

    /// Notes by how many each row is referred to.
    pub(super) fn set_referrers(&mut self, counts: &[u32]) {
        for (row, &count) in (0..).map(Row).zip(counts).filter(|(_, count)| **count > 0) {
            *self.referrers.at_mut(row) = count;
        }
    }
}
