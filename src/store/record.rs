//! How a record lies in its bytes.
//!
//! ```text
//!  0  row              u32   which row this is: the emptying of a chunk reads it
//!  4  units            u32   the space taken, in 8-byte units
//!  8  inactive_since   i64   milliseconds, 0 while active
//! 16  references       u32   how many words; the top two bits are the account's status, the next is set if there are
//!                            attributes
//! 20  lengths      6 × u16   of the texts, in bytes
//! 32  reference words  u32   runs, one per type referred to: type, how many, the rows
//!     texts                  id, then the fields of the kind, without gaps
//!     attributes             how many bytes, u16, then they, as in `attributes.rs`; nothing of both if there are none
//! ```
//!
//! An absent text has length 0. Numbers are little-endian. Behind all that there may be space that is not used.
//! This is also the form in which a snapshot holds a record, so another form wants another format of snapshots.

use alloc::vec::Vec;

use super::arena::{CHUNK_BYTES, UNIT_BYTES};
use super::attributes::{self, AttributeViews};
use super::key::{Row, RowKey, TypeIndex};
use crate::values::{AccountStatus, Attribute, copy_text, is_same};

const HEADER_BYTES: usize = 32;
/// Where it is told no more where the record lies, but what it says.
const CONTENTS_AT: usize = 8;
const SLOTS: usize = 6;
/// What comes from memory at once.
const LINE_BYTES: usize = 64;
const STATUS_SHIFT: u32 = 30;
const HAS_ATTRIBUTES: u32 = 1 << 29;
/// What the length of the attributes takes.
const ATTRIBUTES_HEAD_BYTES: usize = 2;

/// The texts of a record, in their order. Accounts have six, groups and licenses the first three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Id = 0,
    /// Accounts: the email. Groups and licenses: the name.
    EmailOrName = 1,
    /// Accounts: the username. Groups and licenses: the description.
    UsernameOrDescription = 2,
    FirstName = 3,
    LastName = 4,
    DisplayName = 5,
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
    /// Each once, by type ascending.
    pub(crate) references: &'a [RowKey],
    /// As they are [written](super::write_attribute), shorter than 64 KiB.
    pub(crate) attributes: &'a [u8],
}

impl<'a> Draft<'a> {
    /// What a record can take at most: a chunk. What a page brings of one takes less, as the limits' ceilings see to;
    /// with references that stay it may take more.
    pub(crate) const BYTES_MAX: u64 = CHUNK_BYTES as u64;

    /// A placeholder, whose name may be empty.
    pub(crate) fn placeholder(id: &'a str, name: &'a str) -> Self {
        Self { texts: [id, name, "", "", "", ""], ..Self::default() }
    }

    /// How many bytes the record takes, if it fits a chunk, and its lengths their fields. What is written does.
    #[cfg(feature = "serde")]
    pub(crate) fn storable_bytes(&self) -> Option<u64> {
        let fits = |length: usize| length <= usize::from(u16::MAX);
        let has_lengths = self.texts.iter().all(|text| fits(text.len())) && fits(self.attributes.len());
        let has_references = self.references.len() <= CHUNK_BYTES / 4;
        Some(self.bytes()).filter(|&bytes| has_lengths && has_references && bytes <= Self::BYTES_MAX)
    }

    /// How many bytes the record takes: what [`Limits::bytes_per_type_max`](crate::Limits) counts.
    pub(crate) fn bytes(&self) -> u64 {
        let texts: usize = self.texts.iter().map(|text| text.len()).sum();
        let bytes = HEADER_BYTES + self.reference_words() * 4 + texts + self.attributes_bytes();
        bytes.next_multiple_of(UNIT_BYTES) as u64
    }

    const fn attributes_bytes(&self) -> usize {
        if self.attributes.is_empty() { 0 } else { ATTRIBUTES_HEAD_BYTES + self.attributes.len() }
    }

    fn reference_words(&self) -> usize {
        // Where one run ends and the next begins is summed up: a branch for each would be guessed wrong.
        let is_next_run = |pair: &[RowKey]| usize::from(pair[0].of != pair[1].of);
        let runs = usize::from(!self.references.is_empty())
            + self.references.windows(2).map(is_next_run).sum::<usize>();
        self.references.len() + ReferenceRuns::HEAD_WORDS * runs
    }

    /// Writes the record into new space.
    pub(super) fn write(&self, row: Row, inactive_since: i64, bytes: &mut [u8]) {
        let units = (bytes.len() / UNIT_BYTES) as u32;
        bytes[0..4].copy_from_slice(&row.0.to_le_bytes());
        bytes[4..8].copy_from_slice(&units.to_le_bytes());
        bytes[8..16].copy_from_slice(&inactive_since.to_le_bytes());
        self.rewrite(bytes);
    }

    /// Writes the record into the space that it has, all but the first 16 bytes.
    pub(super) fn rewrite(&self, bytes: &mut [u8]) {
        debug_assert!(
            self.references.windows(2).all(|pair| pair[0].of <= pair[1].of),
            "references stand by type"
        );
        let (header, rest) = bytes.split_first_chunk_mut::<HEADER_BYTES>().expect("a record has a header");
        let reference_words = self.reference_words();
        let status = u32::from(self.status.number()) << STATUS_SHIFT;
        let has_attributes = if self.attributes.is_empty() { 0 } else { HAS_ATTRIBUTES };
        header[16..20].copy_from_slice(&(status | has_attributes | reference_words as u32).to_le_bytes());
        for (at, text) in self.texts.iter().enumerate() {
            header[20 + at * 2..22 + at * 2].copy_from_slice(&(text.len() as u16).to_le_bytes());
        }
        let (words, mut rest) = rest.split_at_mut(reference_words * 4);
        let mut words = words.as_chunks_mut().0;
        for run in self.references.chunk_by(|a, b| a.of == b.of) {
            let (head, rows) = words.split_at_mut(ReferenceRuns::HEAD_WORDS);
            let (rows, behind) = rows.split_at_mut(run.len());
            head.copy_from_slice(&[run[0].of.0.to_le_bytes(), (run.len() as u32).to_le_bytes()]);
            rows.iter_mut().zip(run).for_each(|(word, key)| *word = key.row.0.to_le_bytes());
            words = behind;
        }
        for text in self.texts {
            let (to, behind) = rest.split_at_mut(text.len());
            copy_text(text.as_bytes(), to);
            rest = behind;
        }
        if !self.attributes.is_empty() {
            let (head, rest) = rest.split_at_mut(ATTRIBUTES_HEAD_BYTES);
            head.copy_from_slice(&(self.attributes.len() as u16).to_le_bytes());
            rest[..self.attributes.len()].copy_from_slice(self.attributes);
        }
    }
}

/// The space that a record of so many bytes takes.
pub(super) const fn units(bytes: u64) -> u32 {
    (bytes / UNIT_BYTES as u64) as u32
}

pub(super) fn set_inactive_since(bytes: &mut [u8], millis: i64) {
    bytes[8..16].copy_from_slice(&millis.to_le_bytes());
}

/// A record as it lies in the arena. The slice may go on behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'t> {
    header: &'t [u8; HEADER_BYTES],
    bytes: &'t [u8],
}

impl<'t> Stored<'t> {
    #[inline]
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        let header = bytes.first_chunk().expect("a record begins with its header");
        Self { header, bytes }
    }

    #[inline]
    fn u32(&self, at: usize) -> u32 {
        let header = self.header;
        u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    }

    #[inline]
    fn length(&self, slot: usize) -> usize {
        usize::from(u16::from_le_bytes([self.header[20 + slot * 2], self.header[21 + slot * 2]]))
    }

    pub(super) fn row(&self) -> Row {
        Row(self.u32(0))
    }

    pub(super) fn units(&self) -> u32 {
        self.u32(4)
    }

    /// The bytes of the space taken.
    pub(super) fn space(&self) -> &'t [u8] {
        &self.bytes[..self.units() as usize * UNIT_BYTES]
    }

    /// Reads a byte of each part of the record that comes from memory at once, so that those of many records come
    /// together: who reads it next need not wait.
    #[inline]
    pub(super) fn touch(&self) {
        let space = self.space();
        for at in (LINE_BYTES..space.len()).step_by(LINE_BYTES) {
            core::hint::black_box(space[at]);
        }
    }

    /// How many bytes the record takes, whatever space it has: what a draft of it would say.
    pub(crate) fn bytes(&self) -> u64 {
        self.end().next_multiple_of(UNIT_BYTES) as u64
    }

    /// Where its texts end.
    fn texts_end(&self) -> usize {
        self.texts_at() + self.text_lengths().into_iter().map(usize::from).sum::<usize>()
    }

    /// Where it ends.
    fn end(&self) -> usize {
        if self.has_any_attributes() {
            self.texts_end() + ATTRIBUTES_HEAD_BYTES + self.attributes_run().len()
        } else {
            self.texts_end()
        }
    }

    pub(super) fn inactive_since(&self) -> i64 {
        i64::from_le_bytes(core::array::from_fn(|at| self.header[8 + at]))
    }

    pub(crate) fn status(&self) -> AccountStatus {
        match self.u32(16) >> STATUS_SHIFT {
            0 => AccountStatus::Active,
            1 => AccountStatus::Inactive,
            2 => AccountStatus::Suspended,
            other => unreachable!("no draft has the status {other}"),
        }
    }

    #[inline]
    fn reference_word_count(&self) -> usize {
        (self.u32(16) & (HAS_ATTRIBUTES - 1)) as usize
    }

    #[inline]
    fn has_any_attributes(&self) -> bool {
        self.u32(16) & HAS_ATTRIBUTES != 0
    }

    /// The attributes as they were written; nothing if there are none.
    pub(crate) fn attributes_run(&self) -> &'t [u8] {
        if !self.has_any_attributes() {
            return &[];
        }
        let run = self.bytes[self.texts_end()..].split_first_chunk();
        let (length, run) = run.expect("attributes begin with their length");
        &run[..usize::from(u16::from_le_bytes(*length))]
    }

    /// The attributes, by name.
    pub(crate) fn attributes(&self) -> AttributeViews<'t> {
        AttributeViews::new(self.attributes_run())
    }

    /// Whether these are plainly the record's attributes. Where it says no, they may still be: see
    /// [`are_in`](attributes::are_in). Where there are none and none are sent, it looks at a bit.
    #[inline]
    pub(crate) fn plainly_has_attributes(&self, attributes: &[Attribute<'_>]) -> bool {
        if attributes.is_empty() {
            !self.has_any_attributes()
        } else {
            attributes::are_in(self.attributes_run(), attributes)
        }
    }

    /// Where the texts begin.
    #[inline]
    fn texts_at(&self) -> usize {
        HEADER_BYTES + self.reference_word_count() * 4
    }

    /// Space that every record takes.
    #[cfg(feature = "serde")]
    pub(super) const BYTES_MIN: u64 = HEADER_BYTES as u64;

    /// The record that these bytes from outside begin with. None unless they are just what [`Draft::write`] writes
    /// of a record in one of these rows into as little space as it needs; but what its texts say is not looked at.
    #[cfg(feature = "serde")]
    pub(super) fn parse(bytes: &'t [u8], rows: core::ops::Range<u32>) -> Option<Self> {
        let stored = Self { header: bytes.first_chunk()?, bytes };
        let is_head = rows.contains(&stored.row().0)
            && stored.u32(16) >> STATUS_SHIFT < 3
            && stored.reference_word_count() <= CHUNK_BYTES / 4;
        if !is_head || !stored.has_whole_attributes() {
            return None;
        }
        let (end, space) = (stored.end(), stored.bytes());
        let units = u64::from(stored.units());
        let is_whole = units * UNIT_BYTES as u64 == space && space <= bytes.len() as u64;
        let is_it = is_whole
            && bytes[end..space as usize].iter().all(|byte| *byte == 0)
            && are_runs(&bytes[HEADER_BYTES..stored.texts_at()]);
        is_it.then_some(stored)
    }

    /// Whether the attributes that it says it has are there and as they are written. Its bytes may be from outside.
    #[cfg(feature = "serde")]
    fn has_whole_attributes(&self) -> bool {
        if !self.has_any_attributes() {
            return true;
        }
        let behind = self.bytes.get(self.texts_end()..).and_then(|behind| behind.split_first_chunk());
        let run = behind.and_then(|(length, run)| run.get(..usize::from(u16::from_le_bytes(*length))));
        run.is_some_and(attributes::are_written_so)
    }

    /// Adds the record to a run, in as little space as it needs: its own may be larger, and not be clean.
    #[cfg(feature = "serde")]
    pub(super) fn write_to(&self, run: &mut Vec<u8>) {
        let (start, end) = (run.len(), self.end());
        let bytes = end.next_multiple_of(UNIT_BYTES);
        run.extend_from_slice(&self.bytes[..bytes]);
        let record = &mut run[start..];
        record[4..8].copy_from_slice(&units(bytes as u64).to_le_bytes());
        record[end..].fill(0);
    }

    /// All texts of a record whose bytes may be from outside, if they are texts.
    pub(crate) fn checked_texts(&self) -> Option<[&'t str; SLOTS]> {
        let mut left = core::str::from_utf8(&self.bytes[self.texts_at()..self.texts_end()]).ok()?;
        let mut texts = [""; SLOTS];
        for (text, length) in texts.iter_mut().zip(self.text_lengths()) {
            // None where a text would end within a character.
            (*text, left) = left.split_at_checked(usize::from(length))?;
        }
        Some(texts)
    }

    /// The lengths of all texts in bytes.
    pub(super) fn text_lengths(&self) -> [u16; SLOTS] {
        core::array::from_fn(|slot| self.length(slot) as u16)
    }

    /// Adds the records referred to, by type in order of registration: a run at a time, which is faster than
    /// [one by one](Self::references).
    pub(super) fn read_references(&self, references: &mut Vec<RowKey>) {
        for (of, rows) in self.runs() {
            references.extend(rows.iter().map(|row| RowKey::new(of, Row(u32::from_le_bytes(*row)))));
        }
    }

    /// All that the record says, and nothing of where it lies: its time, status, references, texts and attributes.
    pub(super) fn contents(&self) -> &'t [u8] {
        &self.bytes[CONTENTS_AT..self.end()]
    }

    /// The words of the references in what [`contents`](Self::contents) were.
    pub(super) fn reference_words_mut(contents: &mut [u8]) -> core::slice::IterMut<'_, [u8; 4]> {
        contents[HEADER_BYTES - CONTENTS_AT..].as_chunks_mut().0.iter_mut()
    }

    /// The bytes of a text; none if it is absent.
    #[inline]
    pub(crate) fn slot(&self, slot: Slot) -> &'t [u8] {
        let slot = slot as usize;
        let before: usize = (0..slot).map(|at| self.length(at)).sum();
        let start = self.texts_at() + before;
        &self.bytes[start..start + self.length(slot)]
    }

    /// A text; empty if it is absent.
    pub(crate) fn text(&self, slot: Slot) -> &'t str {
        core::str::from_utf8(self.slot(slot)).expect("only texts are written here")
    }

    pub(crate) fn texts(&self) -> [&'t str; SLOTS] {
        Slot::ALL.map(|slot| self.text(slot))
    }

    /// The same record with these references, to be written.
    pub(super) fn draft<'a>(&self, references: &'a [RowKey]) -> Draft<'a>
    where
        't: 'a,
    {
        let (texts, status, attributes) = (self.texts(), self.status(), self.attributes_run());
        Draft { texts, status, references, attributes }
    }

    /// Whether this is the record's id. (A group's or license's lies right behind its header.)
    #[inline]
    pub(crate) fn has_id(&self, id: &str) -> bool {
        let start = self.texts_at();
        self.length(0) == id.len()
            && self.bytes.get(start..start + id.len()).is_some_and(|stored| is_same(stored, id.as_bytes()))
    }

    /// Whether the record has a text in this place.
    #[inline]
    pub(crate) fn has(&self, slot: Slot) -> bool {
        self.length(slot as usize) > 0
    }

    /// Whether the record, which has this id, has these texts and this status.
    #[inline]
    pub(crate) fn has_fields(&self, texts: &[&str; SLOTS], status: AccountStatus) -> bool {
        let has_lengths = (0..SLOTS).all(|slot| self.length(slot) == texts[slot].len());
        if !has_lengths || self.u32(16) >> STATUS_SHIFT != u32::from(status.number()) {
            return false;
        }
        let mut start = self.texts_at() + texts[0].len();
        let mut is_next = |text: &str| {
            let stored = self.bytes.get(start..start + text.len());
            start += text.len();
            stored.is_some_and(|stored| is_same(stored, text.as_bytes()))
        };
        let [_, second, third, first_name, last_name, display_name] = *texts;
        is_next(second)
            && is_next(third)
            && is_next(first_name)
            && is_next(last_name)
            && is_next(display_name)
    }

    /// The records referred to, by type in order of registration.
    pub(crate) fn references(&self) -> impl Iterator<Item = RowKey> + use<'t> {
        let key = |of, row: &[u8; 4]| RowKey::new(of, Row(u32::from_le_bytes(*row)));
        self.runs().flat_map(move |(of, rows)| rows.iter().map(move |row| key(of, row)))
    }

    /// The words of the runs.
    #[cfg(feature = "serde")]
    pub(crate) fn reference_words(&self) -> impl Iterator<Item = u32> + use<'t> {
        self.runs().words.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word))
    }

    /// The same, the references to each type together.
    #[inline]
    pub(crate) fn runs(&self) -> ReferenceRuns<'t> {
        ReferenceRuns { words: &self.bytes[HEADER_BYTES..self.texts_at()] }
    }
}

/// Goes through the references of a record, those to one type at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReferenceRuns<'t> {
    words: &'t [u8],
}

impl ReferenceRuns<'_> {
    /// The words of a run before its rows.
    pub(crate) const HEAD_WORDS: usize = 2;

    /// The words of all runs that are left.
    pub(crate) const fn words(&self) -> usize {
        self.words.len() / 4
    }
}

impl<'t> Iterator for ReferenceRuns<'t> {
    type Item = (TypeIndex, &'t [[u8; 4]]);

    /// A type, and the numbers of the rows.
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (of, rest) = self.words.split_first_chunk()?;
        let (rows, rest) = rest.split_first_chunk().expect("a run tells how many rows it has");
        let (rows, rest) = rest.split_at(u32::from_le_bytes(*rows) as usize * 4);
        self.words = rest;
        Some((TypeIndex(u32::from_le_bytes(*of)), rows.as_chunks().0))
    }
}

/// Whether these are words of references: runs that are not empty, by type ascending.
#[cfg(feature = "serde")]
fn are_runs(words: &[u8]) -> bool {
    let (mut words, mut before) = (words.as_chunks().0, None);
    while let [of, count, rest @ ..] = words {
        let (of, count) = (u32::from_le_bytes(*of), u32::from_le_bytes(*count) as usize);
        let Some((_, behind)) = rest.split_at_checked(count) else { return false };
        if count == 0 || before.is_some_and(|before| before >= of) {
            return false;
        }
        before = Some(of);
        words = behind;
    }
    words.is_empty()
}
