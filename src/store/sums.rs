//! Sums that stand for the records of a table: what the digest is made of.
//!
//! Each record is hashed by itself, with its row, and the hashes are added up. So the sum of a table can be
//! told anew from the sums of small blocks and from those records alone whose block was written to since.
//! Whoever never asks for kept sums pays nothing for them, neither memory nor at a write.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::bits::Bits;
use super::column::Column;
use super::key::{Row, RowKey};
use super::record::Stored;
use super::table::Table;
use crate::values::{Checked, ensure, record_hash};

/// Rows that a kept sum is of: 16 bytes for four rows are 4 bytes a row.
const BLOCK_ROWS: u32 = 4;

const FLAG_INACTIVE: u8 = 1;
const FLAG_PLACEHOLDER: u8 = 2;
const FLAG_SEEN: u8 = 4;

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
    blocks: Column<u128>,
    total: u128,
    /// The blocks that were written to since.
    changed: Bits,
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

    /// Adds the next row of a table that is being loaded.
    #[cfg(feature = "serde")]
    pub(super) fn push(&mut self, row: Row, hash: u128) {
        let block = Row(row.0 / BLOCK_ROWS);
        if block.0 == self.blocks.len() {
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

/// Digests.
impl Table {
    /// Rows of a block whose sum is told to other replicas: 16 words of the roll.
    pub(crate) const TOLD_ROWS: u32 = 1 << 10;
    fn hash(&self, row: Row, more_flags: u8, canonical: &mut Canonical) -> u128 {
        let flags = flags(self.active().contains(row), self.placeholder().contains(row));
        let stored = self.stored(row);
        canonical.read(&stored);
        canonical.hash(row, flags | more_flags, &stored)
    }

    fn rows_sum(&self, rows: impl Iterator<Item = Row>, canonical: &mut Canonical) -> u128 {
        rows.fold(0, |sum, row| sum.wrapping_add(self.hash(row, 0, canonical)))
    }

    fn block_rows(&self, block: u32) -> impl Iterator<Item = Row> + use<> {
        let start = block * BLOCK_ROWS;
        (start..self.len().min(start + BLOCK_ROWS)).map(Row)
    }

    fn rows_from(&self, block: u32) -> impl Iterator<Item = Row> + use<> {
        (block * BLOCK_ROWS..self.len()).map(Row)
    }

    /// The sum of all records, but for which were seen. Costs what changed since the sums were last kept.
    pub(crate) fn sum(&self) -> u128 {
        let mut canonical = Canonical::default();
        let Some(sums) = self.sums() else {
            return self.rows_sum(Row::first(self.len()), &mut canonical);
        };
        let mut total = sums.total;
        for block in sums.changed.iter() {
            let sum = self.rows_sum(self.block_rows(block.0), &mut canonical);
            total = total.wrapping_sub(sums.blocks.at(block)).wrapping_add(sum);
        }
        total.wrapping_add(self.rows_sum(self.rows_from(sums.blocks.len()), &mut canonical))
    }

    /// Keeps the sums of the records as they are.
    pub(super) fn keep_sums(&mut self) {
        let mut kept = self.take_sums();
        let sums = kept.get_or_insert_with(Box::default);
        let mut canonical = Canonical::default();
        for block in core::mem::take(&mut sums.changed).iter() {
            let sum = self.rows_sum(self.block_rows(block.0), &mut canonical);
            let before = core::mem::replace(sums.blocks.at_mut(block), sum);
            sums.total = sums.total.wrapping_sub(before).wrapping_add(sum);
        }
        for block in sums.blocks.len()..self.len().div_ceil(BLOCK_ROWS) {
            let sum = self.rows_sum(self.block_rows(block), &mut canonical);
            sums.blocks.push(sum);
            sums.total = sums.total.wrapping_add(sum);
        }
        self.put_sums(kept);
    }

    /// Of each [`TOLD_ROWS`](Self::TOLD_ROWS) rows in turn, the sum and which were seen.
    pub(crate) fn told_blocks(&self) -> Vec<u128> {
        let mut canonical = Canonical::default();
        let mut told: Vec<u128> = alloc::vec![0; self.len().div_ceil(Self::TOLD_ROWS) as usize];
        for block in 0..self.len().div_ceil(BLOCK_ROWS) {
            let is_kept = |sums: &&Sums| !sums.changed.contains(Row(block));
            let kept = self.sums().filter(is_kept).and_then(|sums| sums.blocks.get(Row(block)));
            let sum = kept.unwrap_or_else(|| self.rows_sum(self.block_rows(block), &mut canonical));
            let told = &mut told[(block / (Self::TOLD_ROWS / BLOCK_ROWS)) as usize];
            *told = told.wrapping_add(sum);
        }
        if self.seen().ones() > 0 {
            for (block, told) in told.iter_mut().enumerate() {
                const WORDS: usize = Table::TOLD_ROWS as usize / 64;
                let words: [_; WORDS] =
                    core::array::from_fn(|at| self.seen().word(block * WORDS + at).to_le_bytes());
                *told = told.wrapping_add(record_hash(block as u64, words.as_flattened()));
            }
        }
        told
    }

    /// Of each row in one of the [`told_blocks`](Self::told_blocks), the hash; none where it is not.
    pub(crate) fn told_rows(&self, block: usize) -> Vec<u128> {
        let start = u32::try_from(block).ok().and_then(|block| block.checked_mul(Self::TOLD_ROWS));
        let Some(start) = start else { return Vec::new() };
        let mut canonical = Canonical::default();
        let seen = |row| if self.seen().contains(row) { FLAG_SEEN } else { 0 };
        let rows = (start..self.len().min(start.saturating_add(Self::TOLD_ROWS))).map(Row);
        rows.map(|row| self.hash(row, seen(row), &mut canonical)).collect()
    }

    /// Kept sums are those of the records.
    pub(super) fn check_sums(&self) -> Checked {
        let Some(sums) = self.sums() else { return Ok(()) };
        let mut canonical = Canonical::default();
        let mut total = 0_u128;
        for block in 0..sums.blocks.len() {
            let kept = sums.blocks.at(Row(block));
            total = total.wrapping_add(kept);
            let is_true = sums.changed.contains(Row(block))
                || self.rows_sum(self.block_rows(block), &mut canonical) == kept;
            ensure(is_true, "9", || alloc::format!("the kept sum of block {block} is not that of its rows"))?;
        }
        ensure(total == sums.total, "9", || "the kept sums do not add up")
    }
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
