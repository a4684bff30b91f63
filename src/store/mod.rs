//! The records of one type of one app.
//!
//! A record is a *row*, numbered in order of first sight. What is asked of every row often lies in
//! dense columns: where the record is and 32 bits of its id's hash ([`Row`]), whether it is active,
//! a placeholder, seen in the present roll (bits), how many active accounts refer to it. The record
//! itself, text and references, lies in the arena ([`Arena`], [`Stored`]). The [`Index`] leads from
//! an id's hash to its row; it is never iterated, so its order shows nowhere.
//!
//! A table does not know what a session is: it knows a roll, the set of rows seen in it.

mod arena;
mod bits;
mod column;
mod index;
mod record;

use alloc::vec::Vec;

pub(crate) use bits::{Bits, Ones};
#[cfg(feature = "serde")]
pub(crate) use record::is_runs;
pub(crate) use record::{Draft, Slot, Stored, reference_words};

#[cfg(feature = "serde")]
use crate::values::hash::HashKey;
use crate::values::time::Timestamp;
use arena::Arena;
use column::Column;
use index::Index;

/// No row: what staging answers for an id that the table does not have.
pub(crate) const NO_ROW: u32 = u32::MAX;

/// A page that guessed wrong this often stops guessing: it does not come in the stored order.
const GUESS_MISSES_MAX: u32 = 2;

/// Where a record lies, and what its id hashes to (so that no rehash reads the ids).
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    offset: u32,
    hash: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    arena: Arena,
    rows: Column<Row>,
    index: Index,
    active: Bits,
    placeholder: Bits,
    seen: Bits,
    /// Active accounts that refer to the row. Shorter than `rows` where nothing is referred to.
    referrers: Column<u32>,
    /// The row after the last one of the last page: where a connector with a stable order goes on.
    /// It only makes pages faster; nothing shows it.
    guess: u32,
}

impl Table {
    /// Rows, active and not.
    pub(crate) fn len(&self) -> u32 {
        self.rows.len()
    }

    pub(crate) fn active(&self) -> &Bits {
        &self.active
    }

    pub(crate) fn placeholder(&self) -> &Bits {
        &self.placeholder
    }

    pub(crate) fn seen(&self) -> &Bits {
        &self.seen
    }

    /// Active rows that are full records.
    pub(crate) fn active_full(&self) -> u64 {
        self.active.ones() - self.active.ones_in_both(&self.placeholder)
    }

    pub(crate) fn referrers(&self, row: u32) -> u32 {
        self.referrers.get(row).unwrap_or(0)
    }

    pub(crate) fn stored(&self, row: u32) -> Stored<'_> {
        Stored::new(self.arena.at(self.rows.at(row).offset))
    }

    /// The row of this id.
    pub(crate) fn find(&self, hash: u32, id: &str) -> Option<u32> {
        self.index.find(hash, |row| self.rows.at(row).hash == hash && self.stored(row).has_id(id))
    }

    /// Whether this many more records, of this many bytes together, have room in the arena.
    pub(crate) fn has_room(&self, records: u64, bytes: u64) -> bool {
        self.arena.has_room(records * record::HEADER_BYTES as u64 * 2 + bytes)
    }

    /// The rows of many ids at once, [`NO_ROW`] where there is none.
    ///
    /// Two passes, since the lookups of a pass do not depend on each other and so wait for memory
    /// together: first all index probes, by hash bits alone, then all ids that they lead to.
    pub(crate) fn stage<'p>(&mut self, wanted: &[u32], id: impl Fn(usize) -> &'p str) -> Vec<u32> {
        let mut guess = self.guess;
        let mut misses = 0;
        let mut rows: Vec<u32> = Vec::with_capacity(wanted.len());
        for &hash in wanted {
            let guessed =
                misses < GUESS_MISSES_MAX && self.rows.get(guess).is_some_and(|row| row.hash == hash);
            let row = if guessed { guess } else { self.candidate(hash) };
            misses += u32::from(!guessed);
            guess = row.wrapping_add(1);
            rows.push(row);
        }
        for (at, row) in rows.iter_mut().enumerate() {
            *row = self.confirm(*row, wanted[at], id(at));
        }
        self.guess = guess;
        rows
    }

    /// A row whose id has this hash: almost always the row looked for. To be confirmed.
    pub(crate) fn candidate(&self, hash: u32) -> u32 {
        self.index.find(hash, |row| self.rows.at(row).hash == hash).unwrap_or(NO_ROW)
    }

    /// The row of this id, given a candidate for it.
    pub(crate) fn confirm(&self, candidate: u32, hash: u32, id: &str) -> u32 {
        if candidate == NO_ROW || self.stored(candidate).has_id(id) {
            candidate
        } else {
            self.find(hash, id).unwrap_or(NO_ROW)
        }
    }

    /// Adds an active record whose id the table does not have.
    pub(crate) fn insert(&mut self, hash: u32, draft: &Draft<'_>) -> u32 {
        let row = self.rows.len();
        let offset = self.allocate(draft.units());
        draft.write(row, self.arena.at_mut(offset, draft.units()));
        self.rows.push(Row { offset, hash });
        let rows = &self.rows;
        self.index.insert(hash, row, |row| rows.at(row).hash);
        self.active.set(row);
        row
    }

    /// Adds an active placeholder.
    pub(crate) fn insert_placeholder(&mut self, hash: u32, draft: &Draft<'_>) -> u32 {
        let row = self.insert(hash, draft);
        self.placeholder.set(row);
        row
    }

    /// Writes the record anew, in place where it fits and leaves little unused.
    pub(crate) fn replace(&mut self, row: u32, draft: &Draft<'_>) {
        let offset = self.rows.at(row).offset;
        let units_before = self.stored(row).units();
        let units = draft.units();
        if units <= units_before && units * 2 >= units_before {
            draft.rewrite(self.arena.at_mut(offset, units_before));
            return;
        }
        self.arena.discard(offset, units_before);
        // The old copy must not look alive to an evacuation that the allocation may start.
        self.rows.at_mut(row).offset = arena::NOWHERE;
        let since = Stored::new(self.arena.at(offset)).inactive_since();
        let offset = self.allocate(units);
        draft.write(row, self.arena.at_mut(offset, units));
        record::set_inactive_since(self.arena.at_mut(offset, units), since);
        self.rows.at_mut(row).offset = offset;
    }

    /// Marks a placeholder full.
    pub(crate) fn fill(&mut self, row: u32) {
        self.placeholder.clear(row);
    }

    pub(crate) fn activate(&mut self, row: u32) {
        self.active.set(row);
        self.set_inactive_since(row, 0);
    }

    pub(crate) fn deactivate(&mut self, row: u32, now: Timestamp) {
        self.active.clear(row);
        self.set_inactive_since(row, now.as_millis());
    }

    /// When the row became inactive, if it is.
    pub(crate) fn inactive_since(&self, row: u32) -> Option<Timestamp> {
        (!self.active.contains(row)).then(|| Timestamp(self.stored(row).inactive_since()))
    }

    fn set_inactive_since(&mut self, row: u32, millis: i64) {
        let units = self.stored(row).units();
        record::set_inactive_since(self.arena.at_mut(self.rows.at(row).offset, units), millis);
    }

    pub(crate) fn add_referrer(&mut self, row: u32) {
        *self.referrers.at_mut_or_default(row) += 1;
    }

    pub(crate) fn remove_referrer(&mut self, row: u32) {
        let count = self.referrers.at_mut_or_default(row);
        debug_assert!(*count > 0, "a reference that was counted");
        *count = count.saturating_sub(1);
    }

    /// Notes that the row is in the present roll; true for the first time.
    pub(crate) fn mark_seen(&mut self, row: u32) -> bool {
        self.seen.set(row)
    }

    /// Begins an empty roll.
    pub(crate) fn clear_seen(&mut self) {
        self.seen = Bits::default();
    }

    /// Rows `64 * word ..`, all that there are.
    pub(crate) fn rows_of_word(&self, word: usize) -> u64 {
        match (u64::from(self.len())).saturating_sub(word as u64 * 64) {
            0 => 0,
            left if left >= 64 => u64::MAX,
            left => (1 << left) - 1,
        }
    }

    /// Rows `64 * word ..` that are active and not seen.
    pub(crate) fn stale_word(&self, word: usize) -> u64 {
        self.active.word(word) & !self.seen.word(word)
    }

    /// The table without these rows, the others in the same order, and where each row went
    /// ([`NO_ROW`] for those that went away). `moved` tells the same of the tables referred to.
    pub(crate) fn without(&self, gone: &Bits, moved: &[Vec<u32>]) -> Self {
        let mut table = Self::default();
        let mut words = Vec::new();
        for row in (0..self.len()).filter(|&row| !gone.contains(row)) {
            let stored = self.stored(row);
            record::moved_reference_words(&stored, moved, &mut words);
            let kept = table.insert(self.rows.at(row).hash, &stored.draft(&words));
            if let Some(since) = self.inactive_since(row) {
                table.deactivate(kept, since);
            }
            if self.placeholder.contains(row) {
                table.placeholder.set(kept);
            }
            if self.seen.contains(row) {
                table.seen.set(kept);
            }
            if self.referrers(row) > 0 {
                *table.referrers.at_mut_or_default(kept) = self.referrers(row);
            }
        }
        table
    }

    /// Makes the index for rows that were added without one. False if two have the same id.
    #[cfg(feature = "serde")]
    pub(crate) fn rebuild_index(&mut self, key: HashKey) -> bool {
        self.index = Index::default();
        for row in 0..self.len() {
            let hash = key.id(self.stored(row).text(Slot::Id));
            self.rows.at_mut(row).hash = hash;
            if self.find(hash, self.stored(row).text(Slot::Id)).is_some() {
                return false;
            }
            let rows = &self.rows;
            self.index.insert(hash, row, |row| rows.at(row).hash);
        }
        true
    }

    /// Whether one more record has room.
    #[cfg(feature = "serde")]
    pub(crate) fn can_append(&self, draft: &Draft<'_>) -> bool {
        self.len() < NO_ROW - 1 && self.has_room(1, u64::from(draft.units()) * arena::UNIT_BYTES as u64)
    }

    /// Adds a record as a snapshot tells it; the index is made when all are there.
    #[cfg(feature = "serde")]
    pub(crate) fn append(&mut self, draft: &Draft<'_>, flags: RowFlags) {
        let row = self.rows.len();
        let offset = self.allocate(draft.units());
        draft.write(row, self.arena.at_mut(offset, draft.units()));
        self.rows.push(Row { offset, hash: 0 });
        match flags.inactive_since {
            None => _ = self.active.set(row),
            Some(since) => self.set_inactive_since(row, since.as_millis()),
        }
        if flags.placeholder {
            self.placeholder.set(row);
        }
        if flags.seen {
            self.seen.set(row);
        }
    }

    /// Space for a record. When the chunk is full, one that is half dead is evacuated into the new
    /// one, so that a table under churn never takes much more than twice what is alive in it.
    fn allocate(&mut self, units: u32) -> u32 {
        if !self.arena.fits(units) {
            let victim = self.arena.half_dead_chunk();
            self.arena.open_chunk();
            if let Some(victim) = victim {
                self.evacuate(victim);
                if !self.arena.fits(units) {
                    self.arena.open_chunk();
                }
            }
        }
        self.arena.bump(units)
    }

    fn evacuate(&mut self, chunk: usize) {
        let bytes = self.arena.release(chunk);
        let mut at = 0;
        while at < bytes.len() {
            let stored = Stored::new(&bytes[at..]);
            let end = at + stored.units() as usize * arena::UNIT_BYTES;
            let row = stored.row();
            if self.rows.get(row).is_some_and(|row| row.offset == Arena::offset(chunk, at)) {
                // The live part is at most half a chunk, and the chunk it goes to is new.
                let offset = self.arena.bump(stored.units());
                self.arena.at_mut(offset, stored.units()).copy_from_slice(&bytes[at..end]);
                self.rows.at_mut(row).offset = offset;
            }
            at = end;
        }
    }
}

/// What a snapshot tells of a row beside its record.
#[cfg(feature = "serde")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowFlags {
    pub(crate) inactive_since: Option<Timestamp>,
    pub(crate) placeholder: bool,
    pub(crate) seen: bool,
}

/// Where each row of a table goes when these rows leave it.
pub(crate) fn moves(rows: u32, gone: &Bits) -> Vec<u32> {
    let mut next = 0;
    (0..rows)
        .map(|row| {
            if gone.contains(row) {
                NO_ROW
            } else {
                next += 1;
                next - 1
            }
        })
        .collect()
}
