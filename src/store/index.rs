//! From an id's hash to its row, in segments that split (extendible hashing).
//!
//! One huge table would stall a page for tens of milliseconds whenever it grows; a segment of at most
//! 7,168 rows takes a fraction of one. The top bits of the hash choose the segment, the others the
//! place in it.

use alloc::vec::Vec;

use hashbrown::HashTable;
#[cfg(feature = "serde")]
use hashbrown::hash_table::Entry;

use super::key::Row;
#[cfg(test)]
use crate::tests::work;
use crate::values::{IdHash, spread};

/// Seven eighths of 2^13: where a hash table of that size would double. Unit tests split sooner.
const SEGMENT_ROWS_MAX: usize = if cfg!(test) { 448 } else { 7_168 };

/// Rows in a segment that is made at once, on average: none of them is likely to be about to split.
#[cfg(feature = "serde")]
const SEGMENT_ROWS_FILLED: u32 = SEGMENT_ROWS_MAX as u32 * 6 / 7;

/// Beyond this many bits a segment grows instead: 2^20 segments hold more rows than there can be.
const DEPTH_MAX: u32 = 20;

#[derive(Debug, Default)]
struct Segment {
    rows: HashTable<Row>,
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

impl Index {
    /// The index of these rows. None if two of them have one hash and are the same.
    ///
    /// Row by row it takes twice as long: most of an insertion is waiting for memory that is anywhere. So rows are
    /// first laid out by segment, and each segment is made as large as it gets, and filled while it is in the cache.
    #[cfg(feature = "serde")]
    pub(super) fn build(
        rows: impl Iterator<Item = Row> + Clone,
        count: u32,
        hash_of: impl Fn(Row) -> IdHash,
        is_same: impl Fn(Row, Row) -> bool,
    ) -> Option<Self> {
        let mut depth = 0;
        while count >> depth > SEGMENT_ROWS_FILLED && depth < DEPTH_MAX {
            depth += 1;
        }
        let mut index = Self { depth, directory: (0..1 << depth).collect(), ..Self::default() };
        let mut ends: Vec<u32> = alloc::vec![0; 1 << depth];
        rows.clone().for_each(|row| ends[index.slot(hash_of(row))] += 1);
        let counts = ends.clone();
        let mut sum = 0;
        for end in &mut ends {
            sum += core::mem::replace(end, sum);
        }
        let mut sorted: Vec<(IdHash, Row)> = alloc::vec![(IdHash(0), Row(0)); count as usize];
        for row in rows {
            let hash = hash_of(row);
            let next = &mut ends[index.slot(hash)];
            sorted[*next as usize] = (hash, row);
            *next += 1;
        }
        let mut left = sorted.as_slice();
        for count in counts {
            let (of_segment, behind) = left.split_at(count as usize);
            left = behind;
            let mut segment = HashTable::with_capacity(of_segment.len());
            for &(hash, row) in of_segment {
                let is_it = |&other: &Row| hash_of(other) == hash && is_same(other, row);
                match segment.entry(spread(hash), is_it, |&row| spread(hash_of(row))) {
                    Entry::Occupied(_) => return None,
                    Entry::Vacant(place) => _ = place.insert(row),
                }
            }
            index.segments.push(Segment { rows: segment, depth });
        }
        Some(index)
    }

    fn slot(&self, hash: IdHash) -> usize {
        // A shift by 32 would overflow: with no depth there is one segment.
        hash.0.checked_shr(u32::BITS - self.depth).unwrap_or(0) as usize
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(super) fn find(&self, hash: IdHash, mut is_it: impl FnMut(Row) -> bool) -> Option<Row> {
        let segment = *self.directory.get(self.slot(hash))?;
        self.segments[segment as usize].rows.find(spread(hash), |&row| is_it(row)).copied()
    }

    /// Adds a row that is not there.
    pub(super) fn insert(&mut self, hash: IdHash, row: Row, hash_of: impl Fn(Row) -> IdHash) {
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

    /// Takes out a row that is there.
    pub(super) fn remove(&mut self, hash: IdHash, row: Row) {
        let segment = self.directory[self.slot(hash)] as usize;
        let found = self.segments[segment].rows.find_entry(spread(hash), |&other| other == row);
        found.expect("a row is in the index until it goes").remove();
    }

    /// Splits a segment in two by one more bit.
    fn split(&mut self, at: usize, hash_of: &impl Fn(Row) -> IdHash) {
        let depth = self.segments[at].depth + 1;
        if depth > self.depth {
            self.directory = self.directory.iter().flat_map(|&segment| [segment, segment]).collect();
            self.depth = depth;
        }
        let whole = core::mem::take(&mut self.segments[at].rows);
        #[cfg(test)]
        work::add(work::Kind::MovedByte, whole.len() * size_of::<Row>());
        let capacity = SEGMENT_ROWS_MAX / 2;
        let mut halves = [HashTable::with_capacity(capacity), HashTable::with_capacity(capacity)];
        for row in whole {
            let hash = hash_of(row);
            let upper = (hash.0 >> (u32::BITS - depth)) & 1;
            halves[upper as usize].insert_unique(spread(hash), row, |&row| spread(hash_of(row)));
        }
        let new = self.segments.len() as u32;
        for (bits, segment) in self.directory.iter_mut().enumerate() {
            let upper = (bits >> (self.depth - depth)) & 1 == 1;
            if *segment == at as u32 && upper {
                *segment = new;
            }
        }
        let [lower, upper] = halves;
        self.segments[at] = Segment { rows: lower, depth };
        self.segments.push(Segment { rows: upper, depth });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::format;
    use alloc::string::String;

    use crate::values::HashKey;

    /// Rows whose hashes a function gives, beside std's map from hash to rows.
    fn agrees_with_a_map(hashes: &[u32]) {
        let mut index = Index::default();
        let mut map = BTreeMap::<u32, Vec<Row>>::new();
        for (row, &hash) in (0..).map(Row).zip(hashes) {
            let found = index.find(IdHash(hash), |other| hashes[other.at()] == hash && other == row);
            assert_eq!(found, None);
            index.insert(IdHash(hash), row, |row| IdHash(hashes[row.at()]));
            map.entry(hash).or_default().push(row);
        }
        for (&hash, rows) in &map {
            for &row in rows {
                assert_eq!(index.find(IdHash(hash), |other| other == row), Some(row));
            }
            let mut seen = Vec::new();
            index.find(IdHash(hash), |other| {
                seen.extend((hashes[other.at()] == hash).then_some(other));
                false
            });
            seen.sort_unstable();
            assert_eq!(&seen, rows, "hash {hash:08x}");
            let other = hash ^ 1;
            let is_it = |row: Row| hashes[row.at()] == other;
            assert_eq!(index.find(IdHash(other), is_it).is_some(), map.contains_key(&other));
        }
        takes_out_what_a_map_takes_out(index, hashes);
    }

    /// All rows are in the index. Two of three go, and then come back in another order.
    fn takes_out_what_a_map_takes_out(mut index: Index, hashes: &[u32]) {
        let rows = || (0..hashes.len() as u32).map(Row);
        let goes = |row: &Row| row.0 % 3 != 1;
        rows().filter(goes).for_each(|row| index.remove(IdHash(hashes[row.at()]), row));
        let find = |index: &Index, row: Row| index.find(IdHash(hashes[row.at()]), |other| other == row);
        for row in rows() {
            assert_eq!(find(&index, row), Some(row).filter(|row| !goes(row)), "{row:?}");
        }
        for row in rows().rev().filter(goes) {
            index.insert(IdHash(hashes[row.at()]), row, |row| IdHash(hashes[row.at()]));
        }
        assert!(rows().all(|row| find(&index, row) == Some(row)));
    }

    #[test]
    fn an_index_finds_what_a_map_finds_over_many_splits() {
        let spread: Vec<u32> = (0..40_000_u32).map(|row| row.wrapping_mul(2_654_435_761)).collect();
        agrees_with_a_map(&spread);
    }

    #[test]
    fn an_index_finds_what_a_map_finds_when_top_bits_agree_or_hashes_repeat() {
        // All in one half: the directory doubles while the other half stays whole.
        let lopsided: Vec<u32> = (0..20_000_u32).map(|row| row | 0xFFFF_0000 & row << 20).collect();
        agrees_with_a_map(&lopsided);
        let few: Vec<u32> = (0..2_000_u32).map(|row| row % 97).collect();
        agrees_with_a_map(&few);
    }

    #[test]
    fn rows_of_one_hash_beyond_a_segment_are_found_all_the_same() {
        let rows = SEGMENT_ROWS_MAX + 100;
        let mut index = Index::default();
        for row in (0..rows as u32).map(Row) {
            index.insert(IdHash(7), row, |_| IdHash(7));
        }
        let last = Row(rows as u32 - 1);
        assert_eq!(index.find(IdHash(7), |row| row == last), Some(last));
    }

    /// Rows that are looked at to find each of these ids once, where this is the host's key.
    fn looked_at(ids: &[String], key: [u8; 16]) -> usize {
        let key = HashKey::new(&key);
        let hash = |row: Row| key.id(&ids[row.at()]);
        let rows = || (0..ids.len() as u32).map(Row);
        let mut index = Index::default();
        rows().for_each(|row| index.insert(hash(row), row, hash));
        let mut looked_at = 0;
        for row in rows() {
            let found = index.find(hash(row), |other| {
                looked_at += 1;
                other == row
            });
            assert_eq!(found, Some(row));
        }
        looked_at
    }

    /// Somebody who knows the key chooses ids that have one place and one tag in a table. Ids come from strangers, so the
    /// key is the host's own.
    #[test]
    fn ids_that_collide_under_a_known_key_cost_nothing_under_another() {
        const IDS: usize = 48;
        let known = HashKey::new(&[0; 16]);
        let collides = |id: &String| {
            let hash = spread(known.id(id));
            hash >> 57 == 1 && hash & 0xff == 1
        };
        let ids: Vec<String> =
            (0_u32..).map(|number| format!("u{number:x}")).filter(collides).take(IDS).collect();
        let at_worst = looked_at(&ids, [0; 16]);
        assert!(at_worst > IDS * IDS / 4, "{at_worst}: they do not collide, so this shows nothing");
        let looked_at = looked_at(&ids, *b"the host's own..");
        assert!(looked_at <= IDS * 2, "{looked_at} rows were looked at to find {IDS} ids");
    }
}
