//! Rows whose record has gone.
//!
//! A row that is gone keeps its number and a few bytes, so that no other row has to move: the order of first
//! sight, references, cursors and whatever else names rows stay as they are. Nothing else is left of it: it is in
//! no set of rows but that of the gone, the index does not lead to it, and its record lies nowhere.

use super::super::arena::Place;
use super::super::bits::{Bits, Ones};
use super::super::key::Row;
#[cfg(feature = "serde")]
use super::Entry;
use super::Table;
use super::short_id::Target;
#[cfg(feature = "serde")]
use crate::values::IdHash;

/// A page passes over at most so many words of gone rows for its next guess, so that it costs what is in it and not
/// what was purged. To look at them costs about what a hash and its lookup do.
const GUESS_WORDS_MAX: usize = 64;

impl Table {
    /// Row numbers that were given out, those of gone rows among them.
    pub(crate) const fn rows(&self) -> u32 {
        self.entries.len()
    }

    /// Records that there are, active and not.
    pub(crate) const fn records(&self) -> u32 {
        self.rows() - self.gone.ones() as u32
    }

    pub(crate) const fn gone(&self) -> &Bits {
        &self.gone
    }

    /// Words of 64 rows.
    pub(crate) const fn words(&self) -> usize {
        self.rows().div_ceil(64) as usize
    }

    /// Rows `64 * word ..` that have a record.
    pub(crate) fn record_word(&self, word: usize) -> u64 {
        let rows = match u64::from(self.rows()).saturating_sub(word as u64 * 64) {
            0 => 0,
            left if left >= 64 => u64::MAX,
            left => (1 << left) - 1,
        };
        rows & !self.gone.word(word)
    }

    /// Rows `64 * word ..` that have a record which is not active.
    pub(crate) fn inactive_word(&self, word: usize) -> u64 {
        self.record_word(word) & !self.active().word(word)
    }

    /// Whether the row has a record.
    #[inline]
    pub(crate) fn has_record(&self, row: Row) -> bool {
        row.0 < self.rows() && !self.gone.contains(row)
    }

    /// The rows that have a record, in order of first sight.
    pub(crate) fn record_rows(&self) -> impl Iterator<Item = Row> + Clone {
        (0..self.words()).flat_map(|word| Ones::of(word, self.record_word(word)))
    }

    /// The first row from this one on that has a record; [`Row::NONE`] if there is none close by.
    pub(super) fn next_record(&self, from: Row) -> Row {
        let first = from.at() / 64;
        let end = self.words().min(first + GUESS_WORDS_MAX);
        let records = |word| match word == first {
            true => self.record_word(word) & u64::MAX << (from.0 % 64),
            false => self.record_word(word),
        };
        let next = (first..end).find_map(|word| Ones::of(word, records(word)).next());
        next.unwrap_or(Row::NONE)
    }

    /// Takes a record out, to which no active account refers any more. Its row is gone for good.
    pub(in crate::store) fn take_out(&mut self, row: Row) {
        debug_assert!(self.has_record(row), "a record goes once");
        debug_assert!(self.referrers(row) == 0, "who referred to what goes was counted off");
        self.remembered.forget_page_of(row);
        self.note_write(row);
        let (stored, entry) = (self.stored(row), self.entries.at(row));
        let (units, bytes) = (stored.units(), stored.bytes());
        self.index.remove(entry.hash, row);
        self.flags.set_inactive(row);
        self.flags.set_full(row);
        self.seen.clear(row);
        self.settled.clear(row);
        self.gone.set(row);
        self.set_target(row, Target::NONE);
        self.entries.at_mut(row).place = Place::NONE;
        self.bytes -= bytes;
        self.arena.discard(entry.place, units);
        self.empty_chunks();
    }

    /// Whether a row is either gone or has a place for its record.
    pub(in crate::store) fn is_gone_or_placed(&self, row: Row) -> bool {
        self.gone.contains(row) == self.entries.at(row).place.is_none()
    }

    /// Adds gone rows up to before this one, of a table that is being loaded.
    #[cfg(feature = "serde")]
    pub(in crate::store) fn push_gone_before(&mut self, row: Row) {
        let (first, len) = (Row(self.rows()), row.0 - self.rows());
        // Nobody asks for the hash of a row that is gone.
        (0..len).for_each(|_| {
            self.entries.push(Entry { place: Place::NONE, hash: IdHash(0) });
            self.push_target(Target::NONE);
        });
        self.gone.set_range(first, len);
    }
}
