//! The two hashes: one keyed by the host for the tables, one with a fixed key for the digest.

use core::hash::{BuildHasher, Hasher};

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher13x128};
use twox_hash::XxHash3_128;

use super::time::Timestamp;
#[cfg(test)]
use crate::tests::work;

/// The host's key. Ids come from strangers, so an unkeyed hash could be flooded.
#[derive(Clone, Copy, Default)]
pub(crate) struct HashKey([u8; 16]);

impl HashKey {
    pub(crate) const fn new(key: &[u8; 16]) -> Self {
        Self(*key)
    }

    /// The hash of an external id.
    pub(crate) fn id(&self, id: &str) -> IdHash {
        self.id_bytes(id.as_bytes())
    }

    /// The hash of an external id, given its bytes.
    pub(crate) fn id_bytes(&self, id: &[u8]) -> IdHash {
        // The lower half: 32 bits are what the tables keep.
        IdHash(SipHasher13::new_with_key(&self.0).hash(id) as u32)
    }
}

/// The 32 bits of an external id's hash that the tables keep beside the row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IdHash(pub(crate) u32);

/// The 32 bits of a hash, spread over the 64 that a hash table wants: low bits choose a place in it, the
/// top seven are the tag that is looked at first. The factor is 2^64 divided by the golden ratio.
#[inline]
pub(crate) const fn spread(hash: IdHash) -> u64 {
    (hash.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
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

/// The hash of one record: XXH3 with 128 bits, which is the same on all platforms. SipHash takes four times as long,
/// and with it a digest and each load.
pub(crate) fn record_hash(seed: u64, bytes: &[u8]) -> u128 {
    #[cfg(test)]
    work::add(work::Kind::HashedByte, bytes.len());
    XxHash3_128::oneshot_with_seed(seed, bytes)
}

/// SipHash-1-3-128 with a key of zeros, over a byte stream in which every number is little-endian and
/// every text is preceded by its length: the same on all platforms.
pub(crate) struct DigestHasher {
    hasher: SipHasher13x128,
    stream: DigestStream,
}

/// The byte streams that there were. What a digest of an older one is to be compared with was saved by an older
/// version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DigestStream {
    /// Up to snapshots of format 4. Of a session it has neither progress by type nor activity, of a guard two limits.
    #[cfg(feature = "serde")]
    Third,
    /// Today's.
    Fourth,
}

impl DigestHasher {
    /// Of today's stream.
    pub(crate) fn new() -> Self {
        Self::of(DigestStream::Fourth)
    }

    pub(crate) fn of(stream: DigestStream) -> Self {
        Self { hasher: SipHasher13x128::new(), stream }
    }

    pub(crate) const fn stream(&self) -> DigestStream {
        self.stream
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        #[cfg(test)]
        work::add(work::Kind::HashedByte, bytes.len());
        self.hasher.write(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn u128(&mut self, value: u128) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        self.u64(text.len() as u64);
        self.bytes(text);
    }

    pub(crate) fn optional_text(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        self.text(text.unwrap_or("").as_bytes());
    }

    pub(crate) fn optional_time(&mut self, time: Option<Timestamp>) {
        self.flag(time.is_some());
        self.i64(time.map_or(0, Timestamp::as_millis));
    }

    pub(crate) fn optional_number(&mut self, number: Option<u64>) {
        self.flag(number.is_some());
        self.u64(number.unwrap_or(0));
    }

    pub(crate) fn finish(&self) -> u128 {
        // By its bytes: the crate's own conversion to a number swaps them on big-endian machines.
        u128::from_le_bytes(self.hasher.finish128().as_bytes())
    }
}
