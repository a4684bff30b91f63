//! Bytes of records in chunks.
//!
//! One growing `Vec` would cost 40 % more memory at its peak, while it moves. A place is a number of
//! 8-byte units: 17 bits within a chunk of 1 MiB, 15 bits of chunk number, so 32 GiB.
//!
//! A record that outgrows its space is written anew, and its old space is dead; so is what is left of a chunk
//! that the next record does not fit. A chunk of which a quarter died, or of which less than half is used, is
//! *emptied*: what is alive moves to the chunk that grows, a few records for each that is written or dies, so
//! that no single command pays for the whole ([`Arena::next_to_move`]).

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::chunk::Chunk;
#[cfg(test)]
use crate::tests::work;

pub(super) const UNIT_BYTES: usize = 8;
const CHUNK_UNITS_LOG2: u32 = 17;
pub(super) const CHUNK_BYTES: usize = UNIT_BYTES << CHUNK_UNITS_LOG2;
/// One less than there are numbers: in the chunk of the last lies [`Place::NONE`].
const CHUNKS_MAX: usize = (1 << (u32::BITS - CHUNK_UNITS_LOG2)) - 1;

/// While chunks wait to be emptied, so many of their bytes are passed for each byte that dies or is taken.
/// To make such a chunk takes a quarter of one, so four times that keeps up, and six times catches up.
const BYTES_PASSED_PER_BYTE: usize = 6;

/// The place of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(u32);

impl Place {
    /// Where no record lies: there is never such a chunk.
    pub(super) const NONE: Self = Self(u32::MAX);

    #[inline]
    pub(super) const fn is_none(self) -> bool {
        self.0 == Self::NONE.0
    }

    const fn new(chunk: usize, byte: usize) -> Self {
        Self((chunk as u32) << CHUNK_UNITS_LOG2 | (byte / UNIT_BYTES) as u32)
    }

    #[inline]
    const fn chunk(self) -> usize {
        (self.0 >> CHUNK_UNITS_LOG2) as usize
    }

    #[inline]
    const fn byte(self) -> usize {
        (self.0 & ((1 << CHUNK_UNITS_LOG2) - 1)) as usize * UNIT_BYTES
    }
}

#[derive(Debug, Default)]
struct Space {
    bytes: Chunk<u8>,
    dead_bytes: usize,
    /// Whether it waits to be emptied, or is being emptied.
    is_victim: bool,
}

#[derive(Debug, Default)]
pub(super) struct Arena {
    chunks: Vec<Space>,
    /// The chunk that grows.
    current: usize,
    /// Chunks that were given up, to be used again.
    free: Vec<usize>,
    /// Chunks to be emptied. The first of them is being emptied, up to `emptied_bytes`.
    victims: VecDeque<usize>,
    emptied_bytes: usize,
    /// How many bytes of victims may still be passed.
    credit_bytes: usize,
}

impl Arena {
    /// The bytes from here to the end of the chunk.
    #[inline]
    pub(super) fn at(&self, place: Place) -> &[u8] {
        #[cfg(test)]
        work::add(work::Kind::Record, 1);
        &self.chunks[place.chunk()].bytes.values()[place.byte()..]
    }

    /// The same, of a place that may be [none](Place::NONE): to look costs no more.
    #[inline]
    pub(super) fn get(&self, place: Place) -> Option<&[u8]> {
        let chunk = self.chunks.get(place.chunk())?;
        chunk.bytes.values().get(place.byte()..)
    }

    /// Copies the chunk first, if a frozen copy has it: who may write elsewhere asks
    /// [`is_own`](Self::is_own) before.
    pub(super) fn at_mut(&mut self, place: Place, units: u32) -> &mut [u8] {
        let byte = place.byte();
        &mut self.chunks[place.chunk()].bytes.to_mut()[byte..byte + units as usize * UNIT_BYTES]
    }

    /// Whether no frozen copy has the chunk of this place, so that writing there copies none.
    pub(super) fn is_own(&mut self, place: Place) -> bool {
        self.chunks[place.chunk()].bytes.take_back()
    }

    /// Takes space for a new record, or a new form of one.
    pub(super) fn allocate(&mut self, units: u32) -> Place {
        let place = self.bump(units);
        self.add_credit(units);
        place
    }

    /// Takes space.
    pub(super) fn bump(&mut self, units: u32) -> Place {
        let bytes = units as usize * UNIT_BYTES;
        debug_assert!(bytes <= CHUNK_BYTES, "the ceilings of the limits keep a record within a chunk");
        let fits = |chunk: &Space| chunk.bytes.values().len() + bytes <= CHUNK_BYTES;
        if !self.chunks.get(self.current).is_some_and(fits) {
            self.open_chunk();
        }
        let chunk = self.chunks[self.current].bytes.to_mut();
        let at = chunk.len();
        chunk.resize(at + bytes, 0);
        Place::new(self.current, at)
    }

    /// Goes on in an empty chunk.
    fn open_chunk(&mut self) {
        let left = self.current;
        self.current = self.free.pop().unwrap_or_else(|| {
            let has_numbers_left = self.chunks.len() < CHUNKS_MAX;
            assert!(has_numbers_left, "the limit on bytes of a type keeps it within its chunks");
            self.chunks.push(Space::default());
            self.chunks.len() - 1
        });
        // The first chunk grows as it is needed: most tables are small.
        if self.chunks.len() > 1 {
            self.chunks[self.current].bytes = Chunk::with_capacity(CHUNK_BYTES);
            self.note_dead(left);
        }
    }

    /// Notes that a record is no longer here.
    pub(super) fn discard(&mut self, place: Place, units: u32) {
        self.chunks[place.chunk()].dead_bytes += units as usize * UNIT_BYTES;
        if place.chunk() != self.current {
            self.note_dead(place.chunk());
        }
        self.add_credit(units);
    }

    fn add_credit(&mut self, units: u32) {
        if !self.victims.is_empty() {
            self.credit_bytes += units as usize * UNIT_BYTES * BYTES_PASSED_PER_BYTE;
        }
    }

    /// Lets a chunk that grows no more wait to be emptied, if it is worth it.
    fn note_dead(&mut self, at: usize) {
        let chunk = &mut self.chunks[at];
        let bytes = chunk.bytes.values().len();
        let alive_bytes = bytes - chunk.dead_bytes;
        let is_worth_it = chunk.dead_bytes * 4 >= bytes || alive_bytes * 2 <= CHUNK_BYTES;
        if !chunk.is_victim && is_worth_it && bytes > 0 {
            chunk.is_victim = true;
            self.victims.push_back(at);
        }
    }

    /// The place of the next record in the chunk that is being emptied, dead or alive, as long as there
    /// is credit. The caller moves it if it is alive, and says [`passed`](Self::passed) in any case.
    pub(super) fn next_to_move(&self) -> Option<Place> {
        let chunk = *self.victims.front()?;
        (self.credit_bytes > 0).then(|| Place::new(chunk, self.emptied_bytes))
    }

    /// Goes on behind the record that [`next_to_move`](Self::next_to_move) told of; gives the chunk up
    /// where that was its last.
    pub(super) fn passed(&mut self, units: u32) {
        let bytes = units as usize * UNIT_BYTES;
        self.credit_bytes = self.credit_bytes.saturating_sub(bytes);
        self.emptied_bytes += bytes;
        let Some(&chunk) = self.victims.front() else { return };
        if self.emptied_bytes == self.chunks[chunk].bytes.values().len() {
            self.chunks[chunk] = Space::default();
            self.victims.pop_front();
            self.free.push(chunk);
            self.emptied_bytes = 0;
        }
        if self.victims.is_empty() {
            self.credit_bytes = 0;
        }
    }

    /// A copy that shares the chunks, to be read only: it has no space of its own.
    pub(super) fn freeze(&mut self) -> Self {
        let Self { chunks, current, free: _, victims: _, emptied_bytes: _, credit_bytes: _ } = self;
        let share = |Space { bytes, dead_bytes, is_victim }: &mut Space| Space {
            bytes: bytes.share(),
            dead_bytes: *dead_bytes,
            is_victim: *is_victim,
        };
        Self { chunks: chunks.iter_mut().map(share).collect(), current: *current, ..Self::default() }
    }

    /// The place of a record in the chunk that is [adopted](Self::adopt) next.
    #[cfg(feature = "serde")]
    pub(super) fn place_to_come(&self, byte: usize) -> Place {
        Place::new(self.chunks.len(), byte)
    }

    /// Takes a chunk that was filled elsewhere; what comes next goes on in it, or in one behind it.
    #[cfg(feature = "serde")]
    pub(super) fn adopt(&mut self, bytes: Vec<u8>) {
        debug_assert!(bytes.len() <= CHUNK_BYTES && self.chunks.len() < CHUNKS_MAX, "it was measured before");
        self.current = self.chunks.len();
        self.chunks.push(Space { bytes: Chunk::Own(bytes), ..Space::default() });
    }

    /// The bytes that the arena holds.
    #[cfg(test)]
    pub(super) fn bytes_held(&mut self) -> usize {
        self.chunks.iter_mut().map(|chunk| chunk.bytes.to_mut().capacity()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    /// Records of a number and their size, beside a map from number to place: the least that a table is.
    #[derive(Default)]
    struct Records {
        arena: Arena,
        places: BTreeMap<u32, Place>,
        passed_bytes: usize,
    }

    impl Records {
        fn units_at(&self, place: Place) -> (u32, u32) {
            let bytes = self.arena.at(place);
            let word = |at| u32::from_le_bytes(core::array::from_fn(|byte| bytes[at + byte]));
            (word(0), word(4))
        }

        fn write(&mut self, number: u32, units: u32) {
            let place = self.arena.allocate(units);
            let bytes = self.arena.at_mut(place, units);
            bytes[..4].copy_from_slice(&number.to_le_bytes());
            bytes[4..8].copy_from_slice(&units.to_le_bytes());
            if let Some(old) = self.places.insert(number, place) {
                let (_, units) = self.units_at(old);
                self.arena.discard(old, units);
            }
            while let Some(from) = self.arena.next_to_move() {
                let (number, units) = self.units_at(from);
                if self.places[&number] == from {
                    let to = self.arena.bump(units);
                    let copy = self.arena.at(from)[..units as usize * UNIT_BYTES].to_vec();
                    self.arena.at_mut(to, units).copy_from_slice(&copy);
                    self.places.insert(number, to);
                }
                self.arena.passed(units);
                self.passed_bytes += units as usize * UNIT_BYTES;
            }
        }

        fn bytes_alive(&self) -> usize {
            self.places.values().map(|&place| self.units_at(place).1 as usize * UNIT_BYTES).sum()
        }
    }

    #[test]
    fn one_record_written_again_and_again_takes_a_few_chunks() {
        let mut records = Records::default();
        for round in 0..10_000 {
            records.write(0, 100 + round % 2 * 10_000);
        }
        assert!(records.arena.bytes_held() <= 3 * CHUNK_BYTES, "{}", records.arena.bytes_held());
    }

    /// Found by a reader: what is left of a chunk that a large record does not fit was never reclaimed.
    #[test]
    fn the_ends_of_chunks_that_large_records_do_not_fit_are_reclaimed() {
        let mut records = Records::default();
        for round in 0..600 {
            records.write(1 + round, 7_114);
            records.write(0, 124_000 + round);
        }
        let (alive, held) = (records.bytes_alive(), records.arena.bytes_held());
        assert!(held <= 2 * alive + 4 * CHUNK_BYTES, "{held} bytes held for {alive} alive");
    }

    /// Found by a reader: one page tipped a hundred chunks, and emptied them all.
    #[test]
    fn chunks_that_become_half_dead_together_are_emptied_one_after_the_other() {
        let mut records = Records::default();
        // Half of a chunk in one record, and the other half in small ones.
        for chunk in 0..50 {
            records.write(chunk * 1_000, 65_000);
            for number in 1..=660 {
                records.write(chunk * 1_000 + number, 100);
            }
        }
        for chunk in 0..50 {
            let before = records.passed_bytes;
            records.write(chunk * 1_000, 1);
            let passed = records.passed_bytes - before;
            assert!(passed <= 7 * 65_001 * UNIT_BYTES, "{passed} bytes passed");
        }
        for _ in 0..400 {
            records.write(1, 10_000);
            records.write(1, 100);
        }
        let (alive, held) = (records.bytes_alive(), records.arena.bytes_held());
        assert!(held <= 2 * alive + 4 * CHUNK_BYTES, "{held} bytes held for {alive} alive");
    }

    #[test]
    fn the_arena_holds_little_more_than_what_is_alive_whatever_dies() {
        let mut records = Records::default();
        let mut random = 1_u64;
        let mut next = move |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((random >> 33) % below) as u32
        };
        // Large records that become small ones free much and take little.
        for number in 0..2_000 {
            records.write(number, 1_000);
        }
        for _ in 0..20_000 {
            let (number, units) = (next(2_000), 10 + next(40));
            let before = records.passed_bytes;
            let dead = records.units_at(records.places[&number]).1 as usize * UNIT_BYTES;
            records.write(number, units);
            let passed = records.passed_bytes - before;
            let written = units as usize * UNIT_BYTES;
            assert!(passed <= 6 * (dead + written) + 8_000, "{passed} bytes passed for {dead} that died");
        }
        let (alive, held) = (records.bytes_alive(), records.arena.bytes_held());
        assert!(held <= alive * 3 / 2 + 4 * CHUNK_BYTES, "{held} bytes held for {alive} alive");
        assert!(records.places.iter().all(|(&number, &place)| records.units_at(place).0 == number));
    }
}
