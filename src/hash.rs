//! The two hashes: one keyed by the host for the tables, one with a fixed key for the digest.

use core::hash::{BuildHasher, Hasher};

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher13x128};

/// The host's key. Ids come from strangers, so an unkeyed hash could be flooded.
#[derive(Clone, Copy, Default)]
pub(crate) struct HashKey([u8; 16]);

impl HashKey {
    pub(crate) const fn new(key: &[u8; 16]) -> Self {
        Self(*key)
    }

    /// The 32 bits of an id's hash that the tables keep beside the row.
    pub(crate) fn id(&self, id: &str) -> u32 {
        SipHasher13::new_with_key(&self.0).hash(id.as_bytes()) as u32
    }
}

impl core::fmt::Debug for HashKey {
    /// A secret of the host's.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HashKey")
    }
}

impl BuildHasher for HashKey {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_key(&self.0)
    }
}

/// SipHash-1-3-128 with a key of zeros, over a byte stream in which every number is little-endian and
/// every text is preceded by its length: the same on all platforms.
pub(crate) struct DigestHasher(SipHasher13x128);

impl DigestHasher {
    pub(crate) fn new() -> Self {
        Self(SipHasher13x128::new())
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        self.u64(text.len() as u64);
        self.bytes(text);
    }

    pub(crate) fn finish(&self) -> u128 {
        u128::from_le_bytes(self.0.finish128().as_bytes())
    }
}
