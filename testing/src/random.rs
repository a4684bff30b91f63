//! Bytes out of a seed, the same on every machine.

/// Bytes that stand for a history, the same for a seed everywhere.
pub fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).to_le_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}
