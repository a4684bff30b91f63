//! 128 bits that stand for a stream of values.

use std::fmt;
use std::hash::Hasher as _;

use serde::Serialize;
use siphasher::sip128::{Hasher128 as _, SipHasher13};

#[derive(Default)]
pub(crate) struct Checksum(SipHasher13);

impl Checksum {
    /// The bytes, after their number.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.write(&(bytes.len() as u64).to_le_bytes());
        self.0.write(bytes);
    }

    /// The value, as postcard writes it: a format in which no number depends on the platform.
    pub(crate) fn value(&mut self, value: &impl Serialize) {
        self.bytes(&postcard::to_allocvec(value).expect("memory takes all"));
    }
}

/// The hash's bytes in their own order. (Its number is another on a big-endian machine: siphasher's
/// `as_u128` turns each half around there.)
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.finish128().as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
