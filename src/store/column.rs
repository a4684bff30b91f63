//! A value for each row, in chunks: no page pays for moving the whole, and a frozen copy shares them.

use alloc::vec::Vec;

use super::chunk::Chunk;
use super::key::Row;
#[cfg(test)]
use crate::tests::work;

const CHUNK_LOG2: u32 = 16;
const CHUNK_ROWS: u32 = 1 << CHUNK_LOG2;

/// A value for every row.
#[derive(Debug)]
pub(super) struct Column<T> {
    chunks: Vec<Chunk<T>>,
    len: u32,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Copy> Column<T> {
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn push(&mut self, value: T) {
        if self.len.is_multiple_of(CHUNK_ROWS) {
            // The first chunk grows as it is needed: most tables are small.
            let capacity = if self.len == 0 { 0 } else { CHUNK_ROWS as usize };
            self.chunks.push(Chunk::with_capacity(capacity));
        }
        self.chunks[(self.len >> CHUNK_LOG2) as usize].to_mut().push(value);
        self.len += 1;
    }

    #[inline]
    pub(super) fn get(&self, row: Row) -> Option<T> {
        self.chunks.get((row.0 >> CHUNK_LOG2) as usize)?.values().get((row.0 % CHUNK_ROWS) as usize).copied()
    }

    /// The values of the first rows, as many as lie one behind the other.
    #[inline]
    pub(super) fn first_values(&self) -> &[T] {
        self.chunks.first().map_or(&[], Chunk::values)
    }

    /// The value of a row that there is.
    #[inline]
    pub(super) fn at(&self, row: Row) -> T {
        self.chunks[(row.0 >> CHUNK_LOG2) as usize].values()[(row.0 % CHUNK_ROWS) as usize]
    }

    /// Copies the row's chunk first, if a frozen copy has it.
    pub(super) fn at_mut(&mut self, row: Row) -> &mut T {
        &mut self.chunks[(row.0 >> CHUNK_LOG2) as usize].to_mut()[(row.0 % CHUNK_ROWS) as usize]
    }

    /// A copy that shares the chunks.
    pub(super) fn freeze(&mut self) -> Self {
        let Self { chunks, len } = self;
        Self { chunks: chunks.iter_mut().map(Chunk::share).collect(), len: *len }
    }
}

/// A count for each row, 0 where none was ever noted. Only chunks with a count that was noted are there,
/// so that the last of millions of rows costs one chunk and not all before it. Within a chunk the counts double
/// as they are needed: 128 KiB at most are moved, which takes some hundredth of a millisecond.
#[derive(Debug, Default)]
pub(super) struct Counts {
    chunks: Vec<Chunk<u32>>,
}

impl Counts {
    pub(super) fn get(&self, row: Row) -> u32 {
        #[cfg(test)]
        work::add(work::Kind::Number, 1);
        let chunk = self.chunks.get((row.0 >> CHUNK_LOG2) as usize);
        chunk.and_then(|chunk| chunk.values().get((row.0 % CHUNK_ROWS) as usize)).copied().unwrap_or(0)
    }

    /// Copies the row's chunk first, if a frozen copy has it.
    #[inline]
    pub(super) fn at_mut(&mut self, row: Row) -> &mut u32 {
        #[cfg(test)]
        work::add(work::Kind::Number, 1);
        let (chunk, at) = ((row.0 >> CHUNK_LOG2) as usize, (row.0 % CHUNK_ROWS) as usize);
        if self.chunks.get(chunk).is_none_or(|counts| counts.values().len() <= at) {
            self.make_room(chunk, at);
        }
        &mut self.chunks[chunk].to_mut()[at]
    }

    #[cold]
    fn make_room(&mut self, chunk: usize, at: usize) {
        if self.chunks.len() <= chunk {
            self.chunks.resize_with(chunk + 1, Chunk::default);
        }
        let counts = self.chunks[chunk].to_mut();
        #[cfg(test)]
        work::add(work::Kind::MovedByte, size_of_val(counts.as_slice()));
        let doubled = (counts.len() * 2).min(CHUNK_ROWS as usize);
        counts.resize(doubled.max(at + 1), 0);
    }

    /// A copy that shares the chunks.
    pub(super) fn freeze(&mut self) -> Self {
        let Self { chunks } = self;
        Self { chunks: chunks.iter_mut().map(Chunk::share).collect() }
    }

    /// The bytes that the counts hold.
    #[cfg(test)]
    fn bytes_held(&mut self) -> usize {
        self.chunks.iter_mut().map(|chunk| chunk.to_mut().capacity() * 4).sum::<usize>()
            + self.chunks.capacity() * 24
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_sixteen_million_rows_costs_one_chunk() {
        let mut counts = Counts::default();
        *counts.at_mut(Row(16_000_000)) += 1;
        assert!(counts.bytes_held() <= 2 * CHUNK_ROWS as usize * 4, "{}", counts.bytes_held());
        assert_eq!((counts.get(Row(16_000_000)), counts.get(Row(15_999_999)), counts.get(Row(0))), (1, 0, 0));
    }

    #[test]
    fn counts_and_columns_are_those_of_a_plain_list() {
        let (mut counts, mut column) = (Counts::default(), Column::default());
        for row in (0..200_000_u32).map(Row) {
            column.push(row.0 * 3);
            *counts.at_mut(Row(row.0 / 7 * 7)) += 1;
        }
        assert_eq!(column.len(), 200_000);
        for row in (0..200_000_u32).map(Row) {
            assert_eq!((column.at(row), column.get(row)), (row.0 * 3, Some(row.0 * 3)));
            let expected = if row.0 % 7 == 0 { 7.min(200_000 - row.0) } else { 0 };
            assert_eq!(counts.get(row), expected, "{row:?}");
        }
        assert_eq!(column.get(Row(200_000)), None);
    }
}
