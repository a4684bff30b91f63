//! A set of rows, a bit each, and how many there are, in chunks: no page moves or clears the whole.
//!
//! A set can be *begun anew* at a cost that does not grow with it: what a chunk holds counts only if it was
//! written since. The first row that comes to a chunk clears it, so the roll of a session, which is one such
//! set, allocates nothing where the roll before it reached.

use alloc::vec::Vec;

use super::chunk::Chunk;
use super::key::Row;
#[cfg(test)]
use crate::tests::work;

/// Words of 64 rows in a chunk: 65,536 rows, as in a column, and 8 KiB.
const CHUNK_WORDS: usize = 1 << 10;

#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    chunks: Vec<Words>,
    /// How often the set was begun anew.
    round: u64,
    /// Rows that are in it.
    ones: u64,
}

/// The rows of one chunk. It grows as it is needed, and moves 8 KiB at most when it does.
#[derive(Clone, Debug, Default)]
struct Words {
    words: Chunk<u64>,
    /// The round of the set in which the words were last written. What is left of an older one is not in the set.
    round: u64,
}

impl Words {
    /// The words, if they are of this round.
    fn words(&self, round: u64) -> &[u64] {
        if self.round == round { self.words.values() } else { &[] }
    }

    /// A word, to be written in this round.
    fn word_mut(&mut self, at: usize, round: u64) -> &mut u64 {
        #[cfg(test)]
        work::add(work::Kind::Word, 1);
        if self.round != round {
            self.round = round;
            if self.words.take_back() {
                #[cfg(test)]
                work::add(work::Kind::Word, self.words.values().len());
                self.words.to_mut().fill(0);
            } else {
                // A frozen copy has what is left of an older round.
                self.words = Chunk::default();
            }
        }
        let words = self.words.to_mut();
        if words.len() <= at {
            #[cfg(test)]
            work::add(work::Kind::MovedByte, size_of_val(words.as_slice()));
            let len = (words.len() * 2).min(CHUNK_WORDS).max(at + 1);
            words.reserve_exact(len - words.len());
            words.resize(len, 0);
        }
        &mut words[at]
    }
}

impl Bits {
    #[inline]
    pub(crate) fn contains(&self, row: Row) -> bool {
        self.word(row.at() / 64) & (1 << (row.0 % 64)) != 0
    }

    /// Adds the row; true if it was not there.
    pub(crate) fn set(&mut self, row: Row) -> bool {
        self.add(row.at() / 64, 1 << (row.0 % 64)) != 0
    }

    /// Adds so many rows from this one on, 64 at a time.
    pub(crate) fn set_range(&mut self, start: Row, len: u32) {
        for (at, rows) in words_of(start, len) {
            self.add(at, rows);
        }
    }

    /// Takes so many rows from this one on away, 64 at a time.
    pub(super) fn clear_range(&mut self, start: Row, len: u32) {
        for (at, rows) in words_of(start, len) {
            let word = self.word(at);
            if word & rows != 0 {
                self.set_word(at, word & !rows);
            }
        }
    }

    /// Whether any of so many rows from this one on is in it, 64 at a time.
    pub(crate) fn has_any(&self, start: Row, len: u32) -> bool {
        let (mut row, end) = (start.at(), start.at() + len as usize);
        while row < end {
            let word_end = end.min((row | 63) + 1);
            if self.word(row / 64) & u64::MAX >> (64 - (word_end - row)) << (row % 64) != 0 {
                return true;
            }
            row = word_end;
        }
        false
    }

    /// Adds the rows of a word. Answers those of them that were not there.
    fn add(&mut self, at: usize, rows: u64) -> u64 {
        let word = self.word_mut(at);
        let added = rows & !*word;
        *word |= rows;
        self.ones += u64::from(added.count_ones());
        added
    }

    /// Takes the row away; true if it was there.
    pub(crate) fn clear(&mut self, row: Row) -> bool {
        let was_there = self.contains(row);
        if was_there {
            *self.word_mut(row.at() / 64) &= !(1 << (row.0 % 64));
            self.ones -= 1;
        }
        was_there
    }

    /// Sets or clears 64 rows at once.
    pub(crate) fn set_word(&mut self, at: usize, word: u64) {
        let before = core::mem::replace(self.word_mut(at), word);
        self.ones = self.ones - u64::from(before.count_ones()) + u64::from(word.count_ones());
    }

    fn word_mut(&mut self, at: usize) -> &mut u64 {
        let (chunk, at) = (at / CHUNK_WORDS, at % CHUNK_WORDS);
        if self.chunks.len() <= chunk {
            self.chunks.resize_with(chunk + 1, Words::default);
        }
        self.chunks[chunk].word_mut(at, self.round)
    }

    /// Takes all rows away, in no time: their chunks are cleared when they are next written.
    pub(crate) fn begin_anew(&mut self) {
        self.round += 1;
        self.ones = 0;
    }

    /// A copy that shares the chunks, but for those that hold no row of this round.
    pub(super) fn freeze(&mut self) -> Self {
        let Self { chunks, round, ones } = self;
        let (round, ones) = (*round, *ones);
        let share = |words: &mut Words| match words.round == round {
            true => Words { words: words.words.share(), round },
            false => Words::default(),
        };
        Self { chunks: chunks.iter_mut().map(share).collect(), round, ones }
    }

    /// Rows `64 * at ..`, none beyond the end.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        #[cfg(test)]
        work::add(work::Kind::Word, 1);
        let chunk = self.chunks.get(at / CHUNK_WORDS);
        let word = chunk.and_then(|chunk| chunk.words(self.round).get(at % CHUNK_WORDS));
        word.copied().unwrap_or(0)
    }

    pub(crate) const fn ones(&self) -> u64 {
        self.ones
    }

    /// How many rows are in both sets. Looks at the chunks that both have.
    pub(crate) fn ones_in_both(&self, other: &Self) -> u64 {
        let ones = |(a, b): (u64, u64)| {
            #[cfg(test)]
            work::add(work::Kind::Word, 2);
            u64::from((a & b).count_ones())
        };
        self.words_in_both(other).map(ones).sum()
    }

    /// The words of both, where both have any.
    fn words_in_both(&self, other: &Self) -> impl Iterator<Item = (u64, u64)> {
        self.chunks
            .iter()
            .zip(&other.chunks)
            .flat_map(|(a, b)| a.words(self.round).iter().copied().zip(b.words(other.round).iter().copied()))
    }

    /// The rows, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row> {
        self.chunks.iter().enumerate().flat_map(|(chunk, of)| {
            let words = of.words(self.round).iter().enumerate();
            words.flat_map(move |(at, &word)| {
                #[cfg(test)]
                work::add(work::Kind::Word, 1);
                Ones::of(chunk * CHUNK_WORDS + at, word)
            })
        })
    }
}

/// So many rows from this one on as words: where each is, and which of its rows.
fn words_of(start: Row, len: u32) -> impl Iterator<Item = (usize, u64)> {
    let (mut row, end) = (start.at(), start.at() + len as usize);
    core::iter::from_fn(move || {
        let at = row / 64;
        let word_end = end.min((row | 63) + 1);
        let count = word_end.checked_sub(row).filter(|count| *count > 0)?;
        let rows = u64::MAX >> (64 - count) << (row % 64);
        row = word_end;
        Some((at, rows))
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    const CHUNK_ROWS: u32 = CHUNK_WORDS as u32 * 64;

    /// Where each chunk lies, and how many bytes it holds.
    fn places(bits: &Bits) -> Vec<(*const u64, usize)> {
        bits.chunks
            .iter()
            .map(|chunk| (chunk.words.values().as_ptr(), chunk.words.values().len() * 8))
            .collect()
    }

    /// The bytes of chunks that are where they were not before: at least what was moved.
    fn bytes_moved(before: &[(*const u64, usize)], after: &[(*const u64, usize)]) -> usize {
        let before: BTreeSet<_> = before.iter().collect();
        after.iter().filter(|place| !before.contains(place)).map(|(_, bytes)| bytes).sum()
    }

    fn agrees_with_a_set(bits: &Bits, set: &BTreeSet<u32>) {
        assert_eq!(bits.ones(), set.len() as u64);
        assert!(bits.iter().map(|row| row.0).eq(set.iter().copied()));
        for &row in set {
            for row in [row.saturating_sub(1), row, row + 1, row + CHUNK_ROWS] {
                assert_eq!(bits.contains(Row(row)), set.contains(&row), "{row}");
            }
            let at = row as usize / 64;
            let rows = (0..64).filter(|bit| set.contains(&(at as u32 * 64 + bit)));
            assert_eq!(bits.word(at), rows.fold(0, |word, bit| word | 1 << bit));
        }
    }

    #[test]
    fn bits_are_those_of_a_set_of_numbers_over_many_rounds() {
        let (mut bits, mut set) = (Bits::default(), BTreeSet::new());
        let mut random = 1_u64;
        let mut next = move |below: u32| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((random >> 33) % u64::from(below)) as u32
        };
        for _ in 0..12 {
            for _ in 0..60 {
                let row = next(3 * CHUNK_ROWS);
                match next(6) {
                    0 => _ = bits.clear(Row(row + next(2))),
                    1 => bits.set_word(row as usize / 64, u64::from(row) << 20),
                    2 => {
                        let len = next(300);
                        bits.set_range(Row(row), len);
                        set.extend(row..row + len);
                    }
                    _ => assert_eq!(bits.set(Row(row)), set.insert(row), "{row}"),
                }
                // What is taken away is told by the bits alone, at one word.
                let word = row / 64 * 64;
                set.retain(|row| !(word..word + 128).contains(row) || bits.contains(Row(*row)));
                set.extend((word..word + 64).filter(|&row| bits.contains(Row(row))));
            }
            agrees_with_a_set(&bits, &set);
            bits.begin_anew();
            set.clear();
            agrees_with_a_set(&bits, &set);
        }
    }

    #[test]
    fn a_range_is_the_rows_from_its_first_to_before_its_end() {
        for (start, len) in [(0, 0), (0, 1), (63, 1), (63, 2), (64, 64), (1, 200), (CHUNK_ROWS - 70, 140)] {
            let mut bits = Bits::default();
            assert!(!bits.has_any(Row(start), len + 1));
            bits.set(Row(start + len / 2));
            assert_eq!(bits.has_any(Row(start), len), len > 0);
            assert!(!bits.has_any(Row(start), len / 2) && !bits.has_any(Row(start + len / 2 + 1), len));
            bits.set_range(Row(start), len);
            let rows: BTreeSet<u32> = (start..start + len).chain([start + len / 2]).collect();
            agrees_with_a_set(&bits, &rows);
        }
    }

    #[test]
    fn a_range_that_is_taken_away_leaves_what_is_around_it() {
        for (start, len) in [(0, 0), (0, 1), (63, 1), (63, 2), (64, 64), (1, 200), (CHUNK_ROWS - 70, 140)] {
            let mut bits = Bits::default();
            bits.set_range(Row(0), start + len + 3);
            bits.clear_range(Row(start), len);
            bits.clear_range(Row(start + len + 3), 500);
            let rows: BTreeSet<u32> = (0..start).chain(start + len..start + len + 3).collect();
            agrees_with_a_set(&bits, &rows);
        }
    }

    #[test]
    fn no_row_moves_more_than_one_chunk() {
        let mut bits = Bits::default();
        let mut moved_most = 0;
        for row in (0..40 * CHUNK_ROWS).step_by(1_000) {
            let before = places(&bits);
            bits.set(Row(row));
            moved_most = moved_most.max(bytes_moved(&before, &places(&bits)));
        }
        assert_eq!(moved_most, CHUNK_WORDS * 8);
    }

    #[test]
    fn to_begin_anew_touches_no_word_and_the_next_round_moves_none() {
        let mut bits = Bits::default();
        bits.set_range(Row(0), 10 * CHUNK_ROWS);
        let before = places(&bits);
        bits.begin_anew();
        assert!(bits.chunks.iter().all(|chunk| chunk.words.values().iter().all(|&word| word == u64::MAX)));
        assert_eq!((bits.ones(), bits.iter().count(), bits.word(77)), (0, 0, 0));
        bits.set(Row(3 * CHUNK_ROWS + 5));
        let cleared =
            bits.chunks.iter().filter(|chunk| chunk.words.values().iter().any(|&word| word != u64::MAX));
        assert_eq!(cleared.count(), 1, "only the chunk that was written");
        assert_eq!((bits.ones(), bits.iter().count()), (1, 1));
        bits.set_range(Row(0), 10 * CHUNK_ROWS);
        assert_eq!(bytes_moved(&before, &places(&bits)), 0);
    }

    #[test]
    fn sets_are_compared_where_both_have_a_chunk() {
        let (mut many, mut few) = (Bits::default(), Bits::default());
        many.set_range(Row(0), 10 * CHUNK_ROWS);
        few.set_range(Row(2 * CHUNK_ROWS - 7), 10);
        assert_eq!((many.ones_in_both(&few), few.ones_in_both(&many)), (10, 10));
        let looked_at = many.words_in_both(&few).count();
        assert!(looked_at <= 2 * CHUNK_WORDS, "{looked_at} words");
        few.begin_anew();
        assert_eq!((many.ones_in_both(&few), few.ones_in_both(&many)), (0, 0));
        assert_eq!(many.words_in_both(&few).count(), 0);
    }
}
