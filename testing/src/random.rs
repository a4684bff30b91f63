//! Bytes and numbers out of a seed, the same on every machine.

/// Numbers that follow from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Those of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next one.
    pub const fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 27)
    }

    /// One below a bound, which is not 0.
    pub const fn below(&mut self, bound: usize) -> usize {
        // Some are likelier than others, by less than a millionth: nobody minds.
        ((self.number() >> 20) % bound as u64) as usize
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.number().to_le_bytes()[0]).collect()
    }
}

/// Bytes that stand for a history, the same for a seed everywhere.
pub fn bytes(seed: u64, count: usize) -> Vec<u8> {
    Random::new(seed).bytes(count)
}
