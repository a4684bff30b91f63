//! A value for each row, in chunks: no page pays for moving the whole.

use alloc::vec::Vec;

const CHUNK_LOG2: u32 = 16;
const CHUNK: u32 = 1 << CHUNK_LOG2;

#[derive(Debug, Default)]
pub(super) struct Column<T> {
    chunks: Vec<Vec<T>>,
    len: u32,
}

impl<T: Copy + Default> Column<T> {
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn push(&mut self, value: T) {
        if self.len.is_multiple_of(CHUNK) {
            // The first chunk grows as it is needed: most tables are small.
            let capacity = if self.len == 0 { 0 } else { CHUNK as usize };
            self.chunks.push(Vec::with_capacity(capacity));
        }
        self.chunks[(self.len >> CHUNK_LOG2) as usize].push(value);
        self.len += 1;
    }

    pub(super) fn get(&self, row: u32) -> Option<T> {
        self.chunks.get((row >> CHUNK_LOG2) as usize)?.get((row % CHUNK) as usize).copied()
    }

    /// The value of a row that there is.
    pub(super) fn at(&self, row: u32) -> T {
        self.chunks[(row >> CHUNK_LOG2) as usize][(row % CHUNK) as usize]
    }

    pub(super) fn at_mut(&mut self, row: u32) -> &mut T {
        &mut self.chunks[(row >> CHUNK_LOG2) as usize][(row % CHUNK) as usize]
    }

    /// The value of any row: the column grows to have it.
    pub(super) fn at_mut_or_default(&mut self, row: u32) -> &mut T {
        while self.len <= row {
            self.push(T::default());
        }
        self.at_mut(row)
    }
}
