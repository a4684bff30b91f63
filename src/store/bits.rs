//! A set of rows, a bit each, and how many there are.

use alloc::vec::Vec;

use super::key::Row;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    ones: u64,
}

impl Bits {
    #[inline]
    pub(crate) fn contains(&self, row: Row) -> bool {
        self.word(row.at() / 64) & (1 << (row.0 % 64)) != 0
    }

    /// Adds the row; true if it was not there.
    pub(crate) fn set(&mut self, row: Row) -> bool {
        let at = row.at() / 64;
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        let added = !self.contains(row);
        self.words[at] |= 1 << (row.0 % 64);
        self.ones += u64::from(added);
        added
    }

    /// Takes the row away.
    pub(crate) fn clear(&mut self, row: Row) {
        if self.contains(row) {
            self.words[row.at() / 64] &= !(1 << (row.0 % 64));
            self.ones -= 1;
        }
    }

    /// Sets or clears 64 rows at once.
    pub(crate) fn set_word(&mut self, at: usize, word: u64) {
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        self.ones = self.ones - u64::from(self.words[at].count_ones()) + u64::from(word.count_ones());
        self.words[at] = word;
    }

    /// Rows `64 * at ..`, none beyond the end.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or(0)
    }

    pub(crate) const fn ones(&self) -> u64 {
        self.ones
    }

    pub(crate) fn ones_in_both(&self, other: &Self) -> u64 {
        self.words.iter().zip(&other.words).map(|(a, b)| u64::from((a & b).count_ones())).sum()
    }

    /// The rows, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row> {
        (0..self.words.len()).flat_map(|at| Ones::of(at, self.words[at]))
    }
}

/// The rows of one word, ascending.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ones {
    base: u32,
    word: u64,
}

impl Ones {
    pub(crate) const fn of(at: usize, word: u64) -> Self {
        Self { base: at as u32 * 64, word }
    }

    /// Passes over whole words' worth at once where it can.
    pub(crate) const fn len(&self) -> u32 {
        self.word.count_ones()
    }
}

impl Iterator for Ones {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.word == 0 {
            return None;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some(Row(self.base + bit))
    }
}
