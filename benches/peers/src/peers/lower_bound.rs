//! The lower bound: what no keeper of the roll can do without.
//!
//! A record comes encoded already, which is not timed. Pushing it is a keyed SipHash-1-3 of its id, a
//! probe, one comparison of bytes, and a bit; a new or changed one is copied. Nothing is checked, no
//! reference is resolved, no placeholder is known. The tables have their final size from the start.
//!
//! *Plain* goes record by record. *Staged* takes a page in steps (all hashes, all slots, all rows, all
//! first bytes), so that loads of different records wait for memory together.

use std::hash::Hasher as _;
use std::hint::black_box;

use headcount::{Account, Group, Page, Records};
use siphasher::sip::SipHasher13;

use super::{Peer, references, status_code, status_name, texts, type_index};
use crate::Result;
use crate::directory::{ACCOUNT, SLUGS};
use crate::state::State;

/// Texts of a record, the id first; a group has three.
const TEXTS: usize = 6;
/// Their lengths, the status, and the number of references.
const HEADER: usize = 2 * TEXTS + 4;
/// Beyond any row.
const NO_ROW: u32 = u32::MAX;

/// A table of accounts and one for each type of groups.
pub(super) struct LowerBound {
    tables: [Table; 1 + SLUGS.len()],
    is_staged: bool,
    page: EncodedPage,
}

/// Records in their stored form, one after the other.
#[derive(Default)]
struct EncodedPage {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl EncodedPage {
    fn records(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }

    fn put(&mut self, texts: [&str; TEXTS], status: u8, references: &[(usize, &str)]) {
        for text in texts {
            self.bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
        }
        self.bytes.extend_from_slice(&[status, references.len() as u8, 0, 0]);
        for text in texts {
            self.bytes.extend_from_slice(text.as_bytes());
        }
        for &(type_index, id) in references {
            self.bytes.extend_from_slice(&[type_index as u8, id.len() as u8]);
            self.bytes.extend_from_slice(id.as_bytes());
        }
        // Rows count in units of 8 bytes.
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        self.ends.push(self.bytes.len());
    }

    fn put_account(&mut self, account: &Account<'_>) {
        let [email, username, first, last, display] = texts(account).map(|text| text.unwrap_or(""));
        let references: Vec<(usize, &str)> =
            references(account).map(|(type_index, reference)| (type_index, &*reference.id)).collect();
        self.put([&account.id, email, username, first, last, display], status_code(account), &references);
    }

    fn put_group(&mut self, group: &Group<'_>) {
        let description = group.description.as_deref().unwrap_or("");
        self.put([&group.id, &group.name, description, "", "", ""], 0, &[]);
    }
}

fn id_of(record: &[u8]) -> &[u8] {
    let length = usize::from(u16::from_le_bytes([record[0], record[1]]));
    &record[HEADER..HEADER + length]
}

fn hash_of(record: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210);
    hasher.write(id_of(record));
    hasher.finish()
}

/// Records by id: open addressing over an arena.
struct Table {
    /// The high half of a hash, and a row from 1; 0 is empty.
    slots: Vec<u64>,
    slot_bits: u32,
    /// Where a record begins in units of 8 bytes, and its length.
    rows: Vec<(u32, u32)>,
    arena: Vec<u8>,
    seen: Vec<u64>,
    active: Vec<u64>,
}

impl Table {
    fn with_capacity(records: usize, bytes_per_record: usize) -> Self {
        let slots = (records * 3 / 2).next_power_of_two().max(64);
        Self {
            slots: vec![0; slots],
            slot_bits: slots.ilog2(),
            rows: Vec::with_capacity(records),
            arena: Vec::with_capacity(records * bytes_per_record),
            seen: vec![0; records.div_ceil(64)],
            active: vec![0; records.div_ceil(64)],
        }
    }

    fn record(&self, row: u32) -> &[u8] {
        let (start, length) = self.rows[row as usize];
        &self.arena[start as usize * 8..][..length as usize]
    }

    fn first_slot(&self, hash: u64) -> usize {
        (hash >> (64 - self.slot_bits)) as usize
    }

    /// The first row whose hash could be this one, and its slot; or the empty slot.
    fn candidate(&self, hash: u64, from: usize) -> (usize, u32) {
        let mut at = from;
        loop {
            let slot = self.slots[at & (self.slots.len() - 1)];
            if slot == 0 {
                return (at, NO_ROW);
            }
            if (slot ^ hash) >> 32 == 0 {
                return (at, slot as u32 - 1);
            }
            at += 1;
        }
    }

    fn append(&mut self, record: &[u8]) -> (u32, u32) {
        let start = (self.arena.len() / 8) as u32;
        self.arena.extend_from_slice(record);
        (start, record.len() as u32)
    }

    fn push(&mut self, record: &[u8], hash: u64, (mut at, mut row): (usize, u32)) {
        loop {
            if row == NO_ROW {
                row = self.rows.len() as u32;
                let place = self.append(record);
                self.rows.push(place);
                let mask = self.slots.len() - 1;
                self.slots[at & mask] = hash >> 32 << 32 | u64::from(row + 1);
                break;
            }
            let stored = self.record(row);
            if stored == record {
                break;
            }
            if id_of(stored) == id_of(record) {
                self.rows[row as usize] = self.append(record);
                break;
            }
            (at, row) = self.candidate(hash, at + 1);
        }
        self.seen[row as usize / 64] |= 1 << (row % 64);
    }

    fn push_plain(&mut self, page: &EncodedPage) {
        for record in page.records() {
            let hash = hash_of(record);
            let candidate = self.candidate(hash, self.first_slot(hash));
            self.push(record, hash, candidate);
        }
    }

    fn push_staged(&mut self, page: &EncodedPage) {
        let hashes: Vec<u64> = page.records().map(hash_of).collect();
        let candidates: Vec<(usize, u32)> =
            hashes.iter().map(|&hash| self.candidate(hash, self.first_slot(hash))).collect();
        let known = candidates.iter().filter(|(_, row)| *row != NO_ROW);
        let places: Vec<(u32, u32)> = known.map(|(_, row)| self.rows[*row as usize]).collect();
        // Safe code has no prefetch: a byte of each cache line is added up instead.
        let lines = places.iter().flat_map(|&(start, length)| {
            self.arena[start as usize * 8..][..length as usize]
                .iter()
                .step_by(64)
                .map(|byte| u64::from(*byte))
        });
        black_box(lines.sum::<u64>());
        for ((record, &hash), &found) in page.records().zip(&hashes).zip(&candidates) {
            // An earlier record of the page may have taken the slot.
            let candidate = if found.1 == NO_ROW { self.candidate(hash, found.0) } else { found };
            self.push(record, hash, candidate);
        }
    }

    fn complete(&mut self) -> u64 {
        let mut gone = Vec::new();
        for (word, (active, seen)) in self.active.iter_mut().zip(&self.seen).enumerate() {
            let mut stale = *active & !seen;
            while stale != 0 {
                gone.push(word * 64 + stale.trailing_zeros() as usize);
                stale &= stale - 1;
            }
            *active = *seen;
        }
        let gone = gone.into_iter().map(|row| id_of(self.record(row as u32)).len());
        gone.filter(|length| *length > 0).count() as u64
    }

    fn active_records(&self) -> impl Iterator<Item = &[u8]> {
        let is_active = |row: &u32| self.active[*row as usize / 64] >> (row % 64) & 1 == 1;
        (0..self.rows.len() as u32).filter(is_active).map(|row| self.record(row))
    }
}

impl LowerBound {
    pub(super) fn new(accounts: u32, is_staged: bool) -> Self {
        let accounts = accounts as usize;
        let groups = || Table::with_capacity(accounts / 20 + 20, 96);
        let tables = [Table::with_capacity(accounts, 320), groups(), groups()];
        Self { tables, is_staged, page: EncodedPage::default() }
    }
}

impl Peer for LowerBound {
    fn start(&mut self, _number: u32) -> Result<()> {
        self.tables.iter_mut().for_each(|table| table.seen.fill(0));
        Ok(())
    }

    fn prepare(&mut self, _slug: &str, page: &Page<'_>) {
        self.page.bytes.clear();
        self.page.ends.clear();
        match page.records() {
            Records::Accounts(accounts) => {
                accounts.iter().for_each(|account| self.page.put_account(account));
            }
            Records::Groups(groups) | Records::Licenses(groups) => {
                groups.iter().for_each(|group| self.page.put_group(group));
            }
        }
    }

    fn push(&mut self, slug: &str, _page: &Page<'_>) -> Result<()> {
        let table = if slug == ACCOUNT { 0 } else { 1 + type_index(slug) };
        if self.is_staged {
            self.tables[table].push_staged(&self.page);
        } else {
            self.tables[table].push_plain(&self.page);
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<u64> {
        Ok(self.tables.iter_mut().map(Table::complete).sum())
    }

    fn state(&mut self) -> Result<State> {
        let mut state = State::default();
        for record in self.tables[0].active_records() {
            let (header, mut rest) = record.split_at(HEADER);
            let mut take = |length: usize| -> Result<&str> {
                let (text, after) = rest.split_at(length);
                rest = after;
                Ok(std::str::from_utf8(text)?)
            };
            let mut fields = [""; TEXTS + 1];
            for (field, length) in fields.iter_mut().zip(header.chunks_exact(2).take(TEXTS)) {
                *field = take(usize::from(u16::from_le_bytes([length[0], length[1]])))?;
            }
            fields[TEXTS] = status_name(header[2 * TEXTS]);
            state.add_account(&fields);
            for _ in 0..header[2 * TEXTS + 1] {
                let [type_index, length] = take(2)?.as_bytes() else {
                    return Err("a short reference".into());
                };
                let id = take(usize::from(*length))?;
                state.add_membership(fields[0], SLUGS[usize::from(*type_index)], id);
            }
        }
        Ok(state)
    }
}
