//! Digests of a table, out of the sums that it keeps and of the records that changed since.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::bits::{Bits, Ones};
use super::key::Row;
use super::sums::{BLOCK_ROWS, Canonical, FLAG_RETAINED, FLAG_SEEN, Sums, flags};
use super::table::Table;
use crate::values::{Checked, ensure, record_hash};

/// Digests.
impl Table {
    /// Records of a block whose sum is told to other replicas: 16 words of the roll.
    pub(crate) const TOLD_RECORDS: u32 = 1 << 10;

    fn hash(&self, row: Row, more_flags: u8, canonical: &mut Canonical) -> u128 {
        let flags = flags(self.active().contains(row), self.placeholder().contains(row));
        let stored = self.stored(row);
        canonical.read(&stored);
        canonical.hash(row, flags | more_flags, &stored)
    }

    fn rows_sum(&self, rows: impl Iterator<Item = Row>, canonical: &mut Canonical) -> u128 {
        rows.fold(0, |sum, row| sum.wrapping_add(self.hash(row, 0, canonical)))
    }

    /// The rows of a block that have a record.
    fn block_rows(&self, block: u32) -> Ones {
        let start = block * BLOCK_ROWS;
        let of_block = ((1 << BLOCK_ROWS) - 1) << (start % 64);
        Ones::of(start as usize / 64, self.record_word(start as usize / 64) & of_block)
    }

    fn block_sum(&self, block: u32, canonical: &mut Canonical) -> u128 {
        self.rows_sum(self.block_rows(block), canonical)
    }

    /// The sum of all records, but for which were seen. Costs what changed since the sums were last kept.
    pub(crate) fn sum(&self) -> u128 {
        let mut canonical = Canonical::default();
        let Some(sums) = self.sums() else {
            return self.rows_sum(self.record_rows(), &mut canonical);
        };
        let mut total = sums.total;
        for block in sums.changed.iter() {
            let sum = self.block_sum(block.0, &mut canonical);
            total = total.wrapping_sub(sums.blocks.at(block)).wrapping_add(sum);
        }
        let behind = sums.blocks.len()..self.rows().div_ceil(BLOCK_ROWS);
        behind.fold(total, |total, block| total.wrapping_add(self.block_sum(block, &mut canonical)))
    }

    /// Keeps the sums of the records as they are.
    pub(super) fn keep_sums(&mut self) {
        let mut kept = self.take_sums();
        let sums = kept.get_or_insert_with(Box::default);
        let mut canonical = Canonical::default();
        for block in core::mem::take(&mut sums.changed).iter() {
            let sum = self.block_sum(block.0, &mut canonical);
            let before = core::mem::replace(sums.blocks.at_mut(block), sum);
            sums.total = sums.total.wrapping_sub(before).wrapping_add(sum);
        }
        for block in sums.blocks.len()..self.rows().div_ceil(BLOCK_ROWS) {
            let sum = self.block_sum(block, &mut canonical);
            sums.blocks.push(sum);
            sums.total = sums.total.wrapping_add(sum);
        }
        self.put_sums(kept);
        self.keep_sum_of_pages();
    }

    /// Of each [`TOLD_RECORDS`](Self::TOLD_RECORDS) records in turn, the sum and which were seen and are retained.
    pub(crate) fn told_blocks(&self) -> Vec<u128> {
        let mut canonical = Canonical::default();
        let blocks = self.records().div_ceil(Self::TOLD_RECORDS) as usize;
        let mut told: Vec<u128> = alloc::vec![0; blocks];
        let mut place = 0;
        for block in 0..self.rows().div_ceil(BLOCK_ROWS) {
            let rows = self.block_rows(block);
            let (start, end) = (place, place + rows.len());
            place = end;
            if start == end {
                continue;
            }
            if start / Self::TOLD_RECORDS == (end - 1) / Self::TOLD_RECORDS {
                let is_kept = |sums: &&Sums| !sums.changed.contains(Row(block));
                let kept = self.sums().filter(is_kept).and_then(|sums| sums.blocks.get(Row(block)));
                let sum = kept.unwrap_or_else(|| self.block_sum(block, &mut canonical));
                add_told(&mut told, start, sum);
                continue;
            }
            // Behind a gap, the records of a block may be told in two.
            for (row, place) in rows.zip(start..) {
                add_told(&mut told, place, self.hash(row, 0, &mut canonical));
            }
        }
        for (marks, of) in [(self.seen(), 0), (self.retained(), 1_u64 << 32)] {
            if marks.ones() == 0 {
                continue;
            }
            let marked = self.by_place(marks);
            for (block, words) in marked.chunks(Self::TOLD_RECORDS as usize / 64).enumerate() {
                let words: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                told[block] = told[block].wrapping_add(record_hash(of | block as u64, &words));
            }
        }
        told
    }

    /// Which records have a mark, 64 a word, by their places in the order of first sight: as many words as the
    /// [`told_blocks`](Self::told_blocks) have.
    fn by_place(&self, marks: &Bits) -> Vec<u64> {
        let blocks = self.records().div_ceil(Self::TOLD_RECORDS) as usize;
        let mut words: Vec<u64> = alloc::vec![0; blocks * Self::TOLD_RECORDS as usize / 64];
        let mut start = 0;
        for at in 0..self.words() {
            let (records, marked) = (self.record_word(at), marks.word(at));
            for row in Ones::of(at, marked) {
                let before = records & ((1 << (row.0 % 64)) - 1);
                let place = start + before.count_ones() as usize;
                words[place / 64] |= 1 << (place % 64);
            }
            start += records.count_ones() as usize;
        }
        words
    }

    /// Of each record in one of the [`told_blocks`](Self::told_blocks), the hash; none where it is not.
    pub(crate) fn told_rows(&self, block: usize) -> Vec<u128> {
        let first = u32::try_from(block).ok().and_then(|block| block.checked_mul(Self::TOLD_RECORDS));
        let Some(mut left) = first.filter(|first| *first < self.records()) else { return Vec::new() };
        let of_word = |at| Ones::of(at, self.record_word(at));
        let mut word = 0;
        while of_word(word).len() <= left {
            left -= of_word(word).len();
            word += 1;
        }
        let rows = (word..self.words()).flat_map(of_word).skip(left as usize);
        let mut canonical = Canonical::default();
        let mark = |row| match (self.seen().contains(row), self.retained().contains(row)) {
            (true, _) => FLAG_SEEN,
            (false, true) => FLAG_RETAINED,
            (false, false) => 0,
        };
        rows.take(Self::TOLD_RECORDS as usize).map(|row| self.hash(row, mark(row), &mut canonical)).collect()
    }

    /// Kept sums are those of the records.
    pub(super) fn check_sums(&self) -> Checked {
        let Some(sums) = self.sums() else { return Ok(()) };
        let mut canonical = Canonical::default();
        let mut total = 0_u128;
        for block in 0..sums.blocks.len() {
            let kept = sums.blocks.at(Row(block));
            total = total.wrapping_add(kept);
            let is_true = sums.changed.contains(Row(block)) || self.block_sum(block, &mut canonical) == kept;
            ensure(is_true, "9", || alloc::format!("the kept sum of block {block} is not that of its rows"))?;
        }
        ensure(total == sums.total, "9", || "the kept sums do not add up")
    }
}

/// Adds to the sum of the told block in which the record with this place is.
fn add_told(told: &mut [u128], place: u32, sum: u128) {
    let told = &mut told[(place / Table::TOLD_RECORDS) as usize];
    *told = told.wrapping_add(sum);
}
