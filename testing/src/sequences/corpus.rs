//! Sequences that were worth it: those that exercised a rule in a state in which it had seldom been.
//!
//! Every other sequence is made from one of these: its beginning, which led somewhere, and new bytes behind it; or some
//! of its bytes changed; or its beginning and the end of another. All follows from the seed alone.

use super::HOW_BYTES;
use super::coverage::Coverage;
use crate::random::Random;

/// A pair of rule and state that was seen fewer times than this is seldom.
const SELDOM: u64 = 8;

/// Of so many sequences at most: the oldest make room.
const KEPT_MAX: usize = 512;

/// Bytes of a sequence, at least and at most.
const LENGTH: std::ops::Range<usize> = 100..900;

/// Where sequences come from.
#[derive(Clone, Debug)]
pub struct Corpus {
    random: Random,
    kept: Vec<Vec<u8>>,
    is_biased: bool,
    /// What all of them exercised.
    pub coverage: Coverage,
}

impl Corpus {
    /// One without sequences. If it is not biased, each is made of new bytes alone.
    pub fn new(seed: u64, is_biased: bool) -> Self {
        Self { random: Random::new(seed), kept: Vec::new(), is_biased, coverage: Coverage::default() }
    }

    /// The bytes of the next sequence.
    pub fn next_bytes(&mut self) -> Vec<u8> {
        let length = LENGTH.start + self.random.below(LENGTH.len());
        if !self.is_biased || self.kept.is_empty() || self.random.below(2) == 0 {
            return self.random.bytes(length);
        }
        let mut bytes = self.any();
        let cut = HOW_BYTES + self.random.below(bytes.len() - HOW_BYTES);
        match self.random.below(3) {
            0 => {
                bytes.truncate(cut);
                bytes.extend(self.random.bytes(length - length.min(cut)));
            }
            1 => {
                let other = self.any();
                bytes.truncate(cut);
                bytes.extend_from_slice(&other[other.len().min(cut)..]);
            }
            _ => {
                for _ in 0..=self.random.below(8) {
                    let at = self.random.below(bytes.len());
                    bytes[at] = self.random.bytes(1)[0];
                }
            }
        }
        bytes
    }

    fn any(&mut self) -> Vec<u8> {
        self.kept[self.random.below(self.kept.len())].clone()
    }

    /// What a sequence came to: it is kept if some of that was seldom.
    pub fn note(&mut self, bytes: Vec<u8>, coverage: &Coverage) {
        if self.coverage.add(coverage, SELDOM) {
            if self.kept.len() == KEPT_MAX {
                self.kept.remove(0);
            }
            self.kept.push(bytes);
        }
    }
}
