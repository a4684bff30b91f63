//! The ids of a table's records, one behind the other: what references are compared with, most of which name
//! a record that many others name too. A record itself lies two steps further away, among others' texts.

use super::super::record::{Draft, Slot};

/// An id of 1 to 23 bytes: its bytes in three words, and in the last byte how many they are. Most ids are as
/// short: of longer ones the record is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShortId([u64; 3]);

/// Where in the last word its last byte is.
const LENGTH_SHIFT: u32 = 56;

impl ShortId {
    /// The id, if it is short enough.
    #[inline]
    pub(super) fn of(id: &[u8]) -> Option<Self> {
        let word = |at: usize| id[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        // By words that overlap, since a word cannot be cut without knowing how.
        let mut words = match id.len() {
            8..=16 => [word(0), word(id.len() - 8), 0],
            // Of the middle one the last byte is in the second.
            17..24 => [word(0), word(id.len() - 8), word(8) & u64::MAX >> 8],
            1..8 => [id.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0, 0],
            _ => return None,
        };
        words[2] |= (id.len() as u64) << LENGTH_SHIFT;
        Some(Self(words))
    }
}

/// What a reference asks of the record that it leads to: its id, if it is short, and whether it wants a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target([u64; 3]);

/// In the byte of the length, which is less than 24 and never 0.
const NAMELESS: u64 = 0x80 << LENGTH_SHIFT;

impl Target {
    /// Of a row that is gone: no id is like it.
    pub(super) const NONE: Self = Self([0; 3]);

    pub(super) fn of(draft: &Draft<'_>) -> Self {
        let text = |slot: Slot| draft.texts[slot as usize].as_bytes();
        Self::new(text(Slot::Id), text(Slot::EmailOrName))
    }

    pub(super) fn new(id: &[u8], name: &[u8]) -> Self {
        let ShortId(mut words) = ShortId::of(id).unwrap_or(ShortId([0; 3]));
        words[2] |= if name.is_empty() { NAMELESS } else { 0 };
        Self(words)
    }

    #[inline]
    pub(super) const fn has_id(self, ShortId(id): ShortId) -> bool {
        let Self(own) = self;
        (own[0] == id[0]) & (own[1] == id[1]) & (own[2] & !NAMELESS == id[2])
    }

    #[inline]
    pub(super) const fn is_nameless(self) -> bool {
        self.0[2] & NAMELESS != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;

    #[test]
    fn two_short_ids_are_equal_if_the_ids_are() {
        let text = |length: usize| (0..length).map(|at| char::from(b'a' + at as u8)).collect::<String>();
        let mut ids: Vec<String> = (0..30).map(text).collect();
        // What a shorter id would be padded with, and others that differ in one place.
        ids.extend((1..24).map(|length| text(length - 1) + "\0"));
        ids.extend((0..23).map(|at| text(23).replacen(char::from(b'a' + at), "z", 1)));
        for a in &ids {
            let short = ShortId::of(a.as_bytes());
            assert_eq!(short.is_some(), (1..24).contains(&a.len()), "{a:?}");
            let Some(short) = short else { continue };
            for b in &ids {
                for name in ["", "Sales"] {
                    let target = Target::new(b.as_bytes(), name.as_bytes());
                    assert_eq!(target.is_nameless(), name.is_empty());
                    assert_eq!(target.has_id(short), a == b, "{a:?} {b:?}");
                }
            }
        }
    }
}
