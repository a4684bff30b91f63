//! From an id's hash to its row, in segments that split (extendible hashing).
//!
//! One huge table would stall a page for tens of milliseconds whenever it grows; a segment of at most
//! 28,672 rows takes a fraction of one. The top bits of the hash choose the segment, the others the
//! place in it.

use alloc::vec;
use alloc::vec::Vec;

use hashbrown::HashTable;

/// Seven eighths of 2^15: where a hash table of that size would double.
const SEGMENT_ROWS_MAX: usize = 28_672;

/// Beyond this many bits a segment grows instead: 2^18 segments hold more rows than there can be.
const DEPTH_MAX: u32 = 18;

#[derive(Debug, Default)]
struct Segment {
    rows: HashTable<u32>,
    /// How many top bits of the hash all rows of the segment share.
    depth: u32,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    segments: Vec<Segment>,
    /// By the top `depth` bits of a hash, the segment.
    directory: Vec<u32>,
    depth: u32,
}

/// The 32 bits that we keep, spread to the 64 that the table wants: low bits choose its place, the
/// top seven are the tag that is looked at before a row is.
const fn spread(hash: u32) -> u64 {
    (hash as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Index {
    fn slot(&self, hash: u32) -> usize {
        // A shift by 32 would overflow: with no depth there is one segment.
        hash.checked_shr(u32::BITS - self.depth).unwrap_or(0) as usize
    }

    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let segment = *self.directory.get(self.slot(hash))?;
        self.segments[segment as usize].rows.find(spread(hash), |&row| is_it(row)).copied()
    }

    /// Adds a row that is not there.
    pub(super) fn insert(&mut self, hash: u32, row: u32, hash_of: impl Fn(u32) -> u32) {
        if self.directory.is_empty() {
            self.segments.push(Segment::default());
            self.directory.push(0);
        }
        let mut at = self.directory[self.slot(hash)] as usize;
        while self.segments[at].rows.len() >= SEGMENT_ROWS_MAX && self.segments[at].depth < DEPTH_MAX {
            self.split(at, &hash_of);
            at = self.directory[self.slot(hash)] as usize;
        }
        self.segments[at].rows.insert_unique(spread(hash), row, |&row| spread(hash_of(row)));
    }

    /// Splits a segment in two by one more bit.
    fn split(&mut self, at: usize, hash_of: &impl Fn(u32) -> u32) {
        let depth = self.segments[at].depth + 1;
        if depth > self.depth {
            self.directory = self.directory.iter().flat_map(|&segment| [segment, segment]).collect();
            self.depth = depth;
        }
        let whole = core::mem::take(&mut self.segments[at].rows);
        let capacity = SEGMENT_ROWS_MAX / 2;
        let mut halves = vec![HashTable::with_capacity(capacity), HashTable::with_capacity(capacity)];
        for row in whole {
            let hash = hash_of(row);
            let upper = (hash >> (u32::BITS - depth)) & 1;
            halves[upper as usize].insert_unique(spread(hash), row, |&row| spread(hash_of(row)));
        }
        let new = self.segments.len() as u32;
        for (bits, segment) in self.directory.iter_mut().enumerate() {
            let upper = (bits >> (self.depth - depth)) & 1 == 1;
            if *segment == at as u32 && upper {
                *segment = new;
            }
        }
        let upper = halves.pop().unwrap_or_default();
        let lower = halves.pop().unwrap_or_default();
        self.segments[at] = Segment { rows: lower, depth };
        self.segments.push(Segment { rows: upper, depth });
    }
}
