//! Digests of a table, out of the sums that it keeps and of the records that changed since.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::key::Row;
use super::sums::{BLOCK_ROWS, Canonical, FLAG_SEEN, Sums, flags};
use super::table::Table;
use crate::values::{Checked, ensure, record_hash};

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
        self.keep_sum_of_pages();
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
