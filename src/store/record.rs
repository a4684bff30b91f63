//! How a record lies in its bytes.
//!
//! ```text
//!  0  row              u32   which row this is: an evacuation reads it
//!  4  units            u32   the space taken, in 8-byte units
//!  8  inactive_since   i64   milliseconds, 0 while active
//! 16  references       u32   how many words; the top two bits are the account's status
//! 20  lengths      6 × u16   of the texts, in bytes
//! 32  reference words  u32   runs, one per type referred to: type number, how many, the rows
//!     texts                  id, then the fields of the kind, without gaps
//! ```
//!
//! An absent text has length 0. Numbers are little-endian.

use alloc::vec::Vec;

use super::NO_ROW;
#[cfg(feature = "serde")]
use super::arena::CHUNK_BYTES;
use super::arena::UNIT_BYTES;
use crate::values::change::RowKey;
use crate::values::record::AccountStatus;

pub(super) const HEADER_BYTES: usize = 32;
const SLOTS: usize = 6;
const STATUS_SHIFT: u32 = 30;

/// The texts of a record. Accounts have six, groups and licenses the first three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Id,
    /// Accounts: the email. Groups and licenses: the name.
    EmailOrName,
    /// Accounts: the username. Groups and licenses: the description.
    UsernameOrDescription,
    FirstName,
    LastName,
    DisplayName,
}

impl Slot {
    pub(crate) const ALL: [Self; SLOTS] = [
        Self::Id,
        Self::EmailOrName,
        Self::UsernameOrDescription,
        Self::FirstName,
        Self::LastName,
        Self::DisplayName,
    ];
}

/// A record to be written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Draft<'a> {
    /// The texts in the order of [`Slot`]; each shorter than 64 KiB, which the limits' ceilings see to.
    pub(crate) texts: [&'a str; SLOTS],
    pub(crate) status: AccountStatus,
    /// Runs, as [`reference_words`] makes them.
    pub(crate) references: &'a [u32],
}

impl Draft<'_> {
    /// Whether the record fits a chunk, and its lengths their fields. What commands bring does: the
    /// limits' ceilings see to it.
    #[cfg(feature = "serde")]
    pub(crate) fn is_storable(&self) -> bool {
        self.texts.iter().all(|text| text.len() <= usize::from(u16::MAX))
            && self.references.len() <= CHUNK_BYTES / 4
            && self.units() as usize * UNIT_BYTES <= CHUNK_BYTES
    }

    pub(super) fn units(&self) -> u32 {
        let texts: usize = self.texts.iter().map(|text| text.len()).sum();
        (HEADER_BYTES + self.references.len() * 4 + texts).div_ceil(UNIT_BYTES) as u32
    }

    /// Writes the record into new space, as active.
    pub(super) fn write(&self, row: u32, bytes: &mut [u8]) {
        let units = (bytes.len() / UNIT_BYTES) as u32;
        bytes[0..4].copy_from_slice(&row.to_le_bytes());
        bytes[4..8].copy_from_slice(&units.to_le_bytes());
        bytes[8..16].copy_from_slice(&0_i64.to_le_bytes());
        self.rewrite(bytes);
    }

    /// Writes the record into the space that it has, all but the first 16 bytes.
    pub(super) fn rewrite(&self, bytes: &mut [u8]) {
        let status = (self.status as u32) << STATUS_SHIFT;
        bytes[16..20].copy_from_slice(&(status | self.references.len() as u32).to_le_bytes());
        for (at, text) in self.texts.iter().enumerate() {
            bytes[20 + at * 2..22 + at * 2].copy_from_slice(&(text.len() as u16).to_le_bytes());
        }
        let mut at = HEADER_BYTES;
        for word in self.references {
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
            at += 4;
        }
        for text in self.texts {
            bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
            at += text.len();
        }
    }
}

pub(super) fn set_inactive_since(bytes: &mut [u8], millis: i64) {
    bytes[8..16].copy_from_slice(&millis.to_le_bytes());
}

/// A record as it lies in the arena. The slice may go on behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'t> {
    bytes: &'t [u8],
}

impl<'t> Stored<'t> {
    pub(super) const fn new(bytes: &'t [u8]) -> Self {
        Self { bytes }
    }

    fn u32(&self, at: usize) -> u32 {
        let mut word = [0; 4];
        word.copy_from_slice(&self.bytes[at..at + 4]);
        u32::from_le_bytes(word)
    }

    fn length(&self, slot: usize) -> usize {
        usize::from(u16::from_le_bytes([self.bytes[20 + slot * 2], self.bytes[21 + slot * 2]]))
    }

    pub(super) fn row(&self) -> u32 {
        self.u32(0)
    }

    pub(super) fn units(&self) -> u32 {
        self.u32(4)
    }

    pub(super) fn inactive_since(&self) -> i64 {
        let mut millis = [0; 8];
        millis.copy_from_slice(&self.bytes[8..16]);
        i64::from_le_bytes(millis)
    }

    pub(crate) fn status(&self) -> AccountStatus {
        match self.u32(16) >> STATUS_SHIFT {
            0 => AccountStatus::Active,
            1 => AccountStatus::Inactive,
            _ => AccountStatus::Suspended,
        }
    }

    fn reference_word_count(&self) -> usize {
        (self.u32(16) & ((1 << STATUS_SHIFT) - 1)) as usize
    }

    /// The bytes of a text; empty if it is absent.
    pub(crate) fn slot(&self, slot: Slot) -> &'t [u8] {
        let slot = slot as usize;
        let before: usize = (0..slot).map(|at| self.length(at)).sum();
        let start = HEADER_BYTES + self.reference_word_count() * 4 + before;
        &self.bytes[start..start + self.length(slot)]
    }

    /// A text; empty if it is absent. Only text was ever written here, so the check cannot fail.
    pub(crate) fn text(&self, slot: Slot) -> &'t str {
        core::str::from_utf8(self.slot(slot)).unwrap_or_default()
    }

    pub(crate) fn texts(&self) -> [&'t str; SLOTS] {
        Slot::ALL.map(|slot| self.text(slot))
    }

    /// The same record with other references.
    pub(super) fn draft<'a>(&self, references: &'a [u32]) -> Draft<'a>
    where
        't: 'a,
    {
        Draft { texts: self.texts(), status: self.status(), references }
    }

    /// Whether this is the record's id. (A group's or license's lies right behind its header.)
    #[inline]
    pub(crate) fn has_id(&self, id: &str) -> bool {
        let start = HEADER_BYTES + self.reference_word_count() * 4;
        self.length(0) == id.len() && self.bytes.get(start..start + id.len()) == Some(id.as_bytes())
    }

    /// Whether the record has these texts and this status.
    pub(crate) fn has_fields(&self, texts: &[&str; SLOTS], status: AccountStatus) -> bool {
        let mut start = HEADER_BYTES + self.reference_word_count() * 4;
        for (slot, text) in texts.iter().enumerate() {
            let length = self.length(slot);
            if length != text.len() || &self.bytes[start..start + length] != text.as_bytes() {
                return false;
            }
            start += length;
        }
        self.status() == status
    }

    /// The records referred to, by type in order of registration, each type's in the order sent.
    pub(crate) fn references(&self) -> References<'t> {
        References {
            words: &self.bytes[HEADER_BYTES..HEADER_BYTES + self.reference_word_count() * 4],
            table: 0,
            left: 0,
        }
    }
}

/// Goes through the references of a record.
#[derive(Clone, Debug)]
pub(crate) struct References<'t> {
    words: &'t [u8],
    table: u32,
    left: u32,
}

impl References<'_> {
    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.words.split_first_chunk()?;
        self.words = rest;
        Some(u32::from_le_bytes(*word))
    }
}

impl Iterator for References<'_> {
    type Item = RowKey;

    fn next(&mut self) -> Option<RowKey> {
        if self.left == 0 {
            self.table = self.word()?;
            self.left = self.word()?;
        }
        self.left -= 1;
        Some(RowKey { table: self.table, row: self.word()? })
    }
}

/// References, grouped by table already, as the words of their runs.
pub(crate) fn reference_words(references: impl Iterator<Item = RowKey>, words: &mut Vec<u32>) {
    words.clear();
    let mut run = None;
    for RowKey { table, row } in references {
        match run {
            Some((of, count)) if of == table => {
                words[count] += 1;
            }
            _ => {
                run = Some((table, words.len() + 1));
                words.extend([table, 1]);
            }
        }
        words.push(row);
    }
}

/// Whether these are words that [`reference_words`] makes: runs that are not empty, by table ascending.
#[cfg(feature = "serde")]
pub(crate) fn is_runs(mut words: &[u32]) -> bool {
    let mut before = None;
    while let Some(([table, count], rest)) = words.split_first_chunk() {
        let count = *count as usize;
        if count == 0 || count > rest.len() || before.is_some_and(|before| before >= *table) {
            return false;
        }
        before = Some(*table);
        words = &rest[count..];
    }
    words.is_empty()
}

/// The references of a record after the rows of the tables moved; those that went away are left out.
pub(super) fn moved_reference_words(stored: &Stored<'_>, moved: &[Vec<u32>], words: &mut Vec<u32>) {
    let to = |key: RowKey| {
        let row = moved.get(key.table as usize).and_then(|rows| rows.get(key.row as usize)).copied();
        RowKey { table: key.table, row: row.unwrap_or(key.row) }
    };
    reference_words(stored.references().map(to).filter(|key| key.row != NO_ROW), words);
}
