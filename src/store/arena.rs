//! Bytes of records in chunks.
//!
//! One growing `Vec` would cost 40 % more memory at its peak, while it moves. A place is a number of
//! 8-byte units: 17 bits within a chunk of 1 MiB, 15 bits of chunk number, so 32 GiB.

use alloc::vec::Vec;

pub(super) const UNIT_BYTES: usize = 8;
const CHUNK_UNITS_LOG2: u32 = 17;
pub(super) const CHUNK_BYTES: usize = UNIT_BYTES << CHUNK_UNITS_LOG2;
const CHUNKS_MAX: u64 = 1 << (32 - CHUNK_UNITS_LOG2);

/// A place that no record has: the last unit of the last chunk, too small for a header.
pub(super) const NOWHERE: u32 = u32::MAX;

#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    dead_bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct Arena {
    chunks: Vec<Chunk>,
    /// The chunk that grows.
    current: usize,
    /// Chunks that were released, to be used again.
    free: Vec<usize>,
}

impl Arena {
    pub(super) const fn offset(chunk: usize, byte: usize) -> u32 {
        (chunk as u32) << CHUNK_UNITS_LOG2 | (byte / UNIT_BYTES) as u32
    }

    const fn place(offset: u32) -> (usize, usize) {
        let unit = offset & ((1 << CHUNK_UNITS_LOG2) - 1);
        ((offset >> CHUNK_UNITS_LOG2) as usize, unit as usize * UNIT_BYTES)
    }

    /// The bytes from here to the end of the chunk.
    pub(super) fn at(&self, offset: u32) -> &[u8] {
        let (chunk, byte) = Self::place(offset);
        &self.chunks[chunk].bytes[byte..]
    }

    pub(super) fn at_mut(&mut self, offset: u32, units: u32) -> &mut [u8] {
        let (chunk, byte) = Self::place(offset);
        &mut self.chunks[chunk].bytes[byte..byte + units as usize * UNIT_BYTES]
    }

    /// Whether records of this many bytes together surely have room. A chunk is left when the next
    /// record does not fit, so any two chunks in a row hold more than one chunk of records; two
    /// more are for the chunk begun and for an evacuation under way.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        let used = (self.chunks.len() - self.free.len()) as u64;
        used + 2 * bytes / CHUNK_BYTES as u64 + 3 < CHUNKS_MAX
    }

    /// Whether the current chunk has room.
    pub(super) fn fits(&self, units: u32) -> bool {
        self.chunks
            .get(self.current)
            .is_some_and(|chunk| chunk.bytes.len() + units as usize * UNIT_BYTES <= CHUNK_BYTES)
    }

    /// Goes on in an empty chunk.
    pub(super) fn open_chunk(&mut self) {
        self.current = self.free.pop().unwrap_or_else(|| {
            self.chunks.push(Chunk::default());
            self.chunks.len() - 1
        });
        // The first chunk grows as it is needed: most tables are small.
        if self.chunks.len() > 1 {
            self.chunks[self.current].bytes.reserve_exact(CHUNK_BYTES);
        }
    }

    /// Takes space that fits the current chunk.
    pub(super) fn bump(&mut self, units: u32) -> u32 {
        let current = self.current;
        let bytes = &mut self.chunks[current].bytes;
        let at = bytes.len();
        bytes.resize(at + units as usize * UNIT_BYTES, 0);
        Self::offset(current, at)
    }

    /// Notes that a record is no longer here.
    pub(super) fn discard(&mut self, offset: u32, units: u32) {
        let (chunk, _) = Self::place(offset);
        self.chunks[chunk].dead_bytes += units as usize * UNIT_BYTES;
    }

    /// The chunk with the most dead bytes, if they are at least half of it.
    pub(super) fn half_dead_chunk(&self) -> Option<usize> {
        let (at, chunk) = self.chunks.iter().enumerate().max_by_key(|(_, chunk)| chunk.dead_bytes)?;
        (chunk.dead_bytes > 0 && chunk.dead_bytes * 2 >= chunk.bytes.len()).then_some(at)
    }

    /// Gives a chunk up, and its bytes to the caller.
    pub(super) fn release(&mut self, chunk: usize) -> Vec<u8> {
        self.free.push(chunk);
        core::mem::take(&mut self.chunks[chunk]).bytes
    }
}
