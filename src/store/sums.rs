//! Sums that stand for the records of a table: what the digest is made of.
//!
//! Each record is hashed by itself, with its row, and the hashes are added up. So the sum of a table can be
//! told anew from the sums of small blocks and from those records alone whose block was written to since.
//! Whoever never asks for kept sums pays nothing for them, neither memory nor at a write.

use alloc::vec::Vec;

use super::bits::Bits;
use super::column::Column;
use super::key::{Row, RowKey};
use super::record::Stored;
use crate::values::record_hash;

/// Rows that a kept sum is of: 16 bytes for four rows are 4 bytes a row.
pub(super) const BLOCK_ROWS: u32 = 4;

const FLAG_INACTIVE: u8 = 1;
const FLAG_PLACEHOLDER: u8 = 2;
pub(super) const FLAG_SEEN: u8 = 4;
pub(super) const FLAG_RETAINED: u8 = 8;

/// More references than so many are sorted, fewer are counted.
const COUNTED_MAX: usize = 16;

/// A record in the form that is hashed: its references in order, since they are a set.
#[derive(Debug, Default)]
pub(super) struct Canonical {
    /// Those of the record that was read last, ascending.
    references: Vec<RowKey>,
    /// Whether they stand so in the record.
    are_in_order: bool,
    bytes: Vec<u8>,
}

impl Canonical {
    /// Reads the references of a record, which are told in order.
    pub(super) fn read(&mut self, stored: &Stored<'_>) -> &[RowKey] {
        self.references.clear();
        stored.read_references(&mut self.references);
        self.are_in_order = self.references.is_sorted_by_key(|key| key.number());
        if !self.are_in_order {
            self.sort();
        }
        &self.references
    }

    /// Sorts the references. A few are put where they belong by counting how many go before them: there is no branch
    /// in it that is guessed wrong half of the time, so that five take 10 ns and not 40.
    fn sort(&mut self) {
        let references = self.references.as_mut_slice();
        if references.len() > COUNTED_MAX {
            references.sort_unstable_by_key(|key| key.number());
            return;
        }
        let (mut keys, mut places) = ([RowKey::default(); COUNTED_MAX], [0; COUNTED_MAX]);
        for (at, &key) in references.iter().enumerate() {
            keys[at] = key;
            for other in 0..at {
                let goes_before = key.number() < keys[other].number();
                places[other] += usize::from(goes_before);
                places[at] += usize::from(!goes_before);
            }
        }
        keys.iter().zip(places).take(references.len()).for_each(|(key, place)| references[place] = *key);
    }

    /// The hash of a row and its record, which was read last.
    pub(super) fn hash(&mut self, row: Row, flags: u8, stored: &Stored<'_>) -> u128 {
        let seed = u64::from(row.0) << 8 | u64::from(flags);
        if self.are_in_order {
            return record_hash(seed, stored.contents());
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(stored.contents());
        let mut words = Stored::reference_words_mut(&mut self.bytes);
        for run in self.references.chunk_by(|a, b| a.of == b.of) {
            // The type and the number of the run are what they were.
            words.nth(1);
            run.iter().zip(&mut words).for_each(|(key, word)| word.copy_from_slice(&key.row.0.to_le_bytes()));
        }
        record_hash(seed, &self.bytes)
    }
}

/// The sums as of when they were last asked for.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) blocks: Column<u128>,
    pub(super) total: u128,
    /// The blocks that were written to since.
    pub(super) changed: Bits,
}

impl Sums {
    /// A copy that shares the chunks.
    pub(super) fn freeze(&mut self) -> Self {
        let Self { blocks, total, changed } = self;
        Self { blocks: blocks.freeze(), total: *total, changed: changed.freeze() }
    }

    /// Notes that a row is written to. Rows behind the last block are no part of it yet.
    pub(super) fn note(&mut self, row: Row) {
        let block = Row(row.0 / BLOCK_ROWS);
        if block.0 < self.blocks.len() {
            self.changed.set(block);
        }
    }

    /// Adds the next row with a record of a table that is being loaded.
    #[cfg(feature = "serde")]
    pub(super) fn push(&mut self, row: Row, hash: u128) {
        let block = Row(row.0 / BLOCK_ROWS);
        while self.blocks.len() <= block.0 {
            self.blocks.push(0);
        }
        let sum = self.blocks.at_mut(block);
        *sum = sum.wrapping_add(hash);
        self.total = self.total.wrapping_add(hash);
    }
}

/// The flags of a row that are hashed with its record.
pub(super) fn flags(is_active: bool, is_placeholder: bool) -> u8 {
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    flag(!is_active, FLAG_INACTIVE) | flag(is_placeholder, FLAG_PLACEHOLDER)
}

#[cfg(test)]
mod tests {
    use super::super::key::TypeIndex;
    use super::*;

    #[test]
    fn references_are_sorted_however_many_there_are_and_if_some_stand_twice() {
        let mut canonical = Canonical::default();
        for count in 0..40_u32 {
            for seed in 1..20_u32 {
                let key = |at: u32| {
                    let mixed = (at + 1).wrapping_mul(seed.wrapping_mul(0x9E37_79B9)) >> 7;
                    RowKey::new(TypeIndex(mixed % 3), Row(mixed % 11))
                };
                let mut expected: Vec<RowKey> = (0..count).map(key).collect();
                canonical.references.clone_from(&expected);
                canonical.sort();
                expected.sort_unstable();
                assert_eq!(canonical.references, expected);
            }
        }
    }
}
