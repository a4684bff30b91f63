//! From ids to rows. A frozen copy has no way there.

use alloc::vec::Vec;

use super::super::arena::Place;
use super::super::key::Row;
use super::super::record::Stored;
use super::Table;
use crate::values::{HashKey, IdHash};

/// A page that guessed wrong this often stops guessing: it does not come in the stored order.
const GUESS_MISSES_MAX: u32 = 2;

impl Table {
    /// The row of this id.
    pub(crate) fn find(&self, hash: IdHash, id: &str) -> Option<Row> {
        debug_assert!(self.can_find(), "nobody looks for an id in a frozen copy");
        self.index.find(hash, |row| self.entries.at(row).hash == hash && self.stored(row).has_id(id))
    }

    /// Whether there is an index, where there is something to be found.
    const fn can_find(&self) -> bool {
        !self.index.is_empty() || self.rows() == 0
    }

    /// Whether the row, which may be gone or never have been, has a record with this id: the record is asked.
    #[inline]
    pub(super) fn has_stored_id(&self, row: Row, id: &str) -> bool {
        self.entries.get(row).is_some_and(|entry| self.is_at(entry.place, id))
    }

    /// Whether there is a record in this place, which may be none, and it has this id.
    #[inline]
    fn is_at(&self, place: Place, id: &str) -> bool {
        self.arena.get(place).is_some_and(|bytes| Stored::new(bytes).has_id(id))
    }

    /// Finds the rows of the ids of a page, [`Row::NONE`] where there is none, and the ids' hashes.
    ///
    /// A connector with a stable order names the row behind the last one: the guess is compared by the id's
    /// own bytes, and nothing is hashed.
    pub(crate) fn resolve<'p>(
        &self,
        mut ids: impl Iterator<Item = &'p str> + Clone,
        key: HashKey,
        rows: &mut Vec<Row>,
        hashes: &mut Vec<IdHash>,
    ) {
        let mut guess = self.guess;
        let mut misses = 0;
        while misses < GUESS_MISSES_MAX {
            let Some(id) = ids.next() else { return };
            let mut guessed = self.entries.get(guess).filter(|entry| self.is_at(entry.place, id));
            if guessed.is_none() && self.gone.contains(guess) {
                guess = self.next_record(guess);
                guessed = self.entries.get(guess).filter(|entry| self.is_at(entry.place, id));
            }
            let (row, hash) = match guessed {
                Some(entry) => (guess, entry.hash),
                None => {
                    misses += 1;
                    let hash = key.id(id);
                    (self.find(hash, id).unwrap_or(Row::NONE), hash)
                }
            };
            // Of a record that is new the next may be the one that was guessed.
            if !row.is_none() {
                guess = Row(row.0.wrapping_add(1));
            }
            rows.push(row);
            hashes.push(hash);
        }
        self.stage(ids, key, rows, hashes);
    }

    /// Finds rows by hash. In three passes, since the lookups of one pass do not depend on each other and so
    /// wait for memory together: all hashes, all index probes by hash bits alone, all ids that they lead to.
    fn stage<'p>(
        &self,
        ids: impl Iterator<Item = &'p str> + Clone,
        key: HashKey,
        rows: &mut Vec<Row>,
        hashes: &mut Vec<IdHash>,
    ) {
        let from = rows.len();
        hashes.extend(ids.clone().map(|id| key.id(id)));
        rows.extend(hashes[from..].iter().map(|&hash| self.candidate(hash)));
        for ((row, &hash), id) in rows[from..].iter_mut().zip(&hashes[from..]).zip(ids) {
            *row = self.confirm(*row, hash, id);
            if !row.is_none() {
                self.stored(*row).touch();
            }
        }
    }

    /// A row whose id has this hash: almost always the row looked for. To be confirmed.
    pub(crate) fn candidate(&self, hash: IdHash) -> Row {
        debug_assert!(self.can_find(), "nobody looks for an id in a frozen copy");
        self.index.find(hash, |row| self.entries.at(row).hash == hash).unwrap_or(Row::NONE)
    }

    /// The row of this id, given a candidate for it.
    pub(crate) fn confirm(&self, candidate: Row, hash: IdHash, id: &str) -> Row {
        if candidate.is_none() || self.has_id(candidate, id) {
            candidate
        } else {
            self.find(hash, id).unwrap_or(Row::NONE)
        }
    }
}
