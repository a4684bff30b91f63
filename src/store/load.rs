//! Tables as a snapshot holds them: a few long runs of bytes, to be written in a pass and to be trusted in nothing.
//!
//! The records stand one behind the other in the form in which they are stored, each in as little space as it needs.
//! Each tells its row; the rows that none tells are gone.
//! Loading looks at every byte of them once, and then keeps the runs: a run is a chunk of the arena.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use super::Store;
use super::arena::CHUNK_BYTES;
use super::bits::Bits;
use super::check::{Directory, Referrers};
use super::key::{Row, RowKey, TypeIndex};
use super::record::{Draft, Slot, Stored};
use super::sums::{self, Canonical, Sums};
use super::table::Table;
use crate::values::{BrokenInvariant, Checked, HashKey, Limits, Timestamp, ensure};

/// What a snapshot holds of a table.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// Those that are gone among them.
    pub(crate) rows: u32,
    /// Sets of rows, eight a byte; nothing where there is none.
    pub(crate) active: Vec<u8>,
    pub(crate) placeholder: Vec<u8>,
    pub(crate) seen: Vec<u8>,
    /// The records in order of first sight. Each run is as long as it can be within a chunk.
    pub(crate) records: Vec<Vec<u8>>,
}

/// What is told of a row beside its record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowFlags {
    pub(crate) inactive_since: Option<Timestamp>,
    pub(crate) is_placeholder: bool,
    pub(crate) is_seen: bool,
}

impl Runs {
    /// Adds a record that is told by its fields.
    ///
    /// # Errors
    /// If it could not even be held; whether it keeps the rules is found out later.
    pub(crate) fn push(&mut self, draft: &Draft<'_>, flags: RowFlags) -> Result<(), &'static str> {
        let bytes = draft.storable_bytes().ok_or("a record is too large")? as usize;
        let RowFlags { inactive_since, is_placeholder, is_seen } = flags;
        let row = self.push_row([inactive_since.is_none(), is_placeholder, is_seen])?;
        if self.records.last().is_none_or(|run| run.len() + bytes > CHUNK_BYTES) {
            self.records.push(Vec::new());
        }
        let run = self.records.last_mut().expect("a run that the record fits");
        let start = run.len();
        run.resize(start + bytes, 0);
        draft.write(row, inactive_since.map_or(0, Timestamp::as_millis), &mut run[start..]);
        Ok(())
    }

    /// Adds a row whose record has gone.
    ///
    /// # Errors
    /// If there are too many.
    pub(crate) fn push_gone(&mut self) -> Result<(), &'static str> {
        self.push_row([false; 3]).map(|_| ())
    }

    /// Adds a row, given whether it is active, a placeholder and seen.
    fn push_row(&mut self, is_set: [bool; 3]) -> Result<Row, &'static str> {
        if self.rows >= Limits::CEILINGS.records_per_type_max {
            return Err("a type has more records than it can");
        }
        let row = Row(self.rows);
        self.rows += 1;
        let sets = [&mut self.active, &mut self.placeholder, &mut self.seen];
        sets.into_iter().zip(is_set).for_each(|(bits, is_set)| set_bit(bits, row, is_set));
        Ok(row)
    }

    fn bytes(&self) -> u64 {
        self.records.iter().map(|run| run.len() as u64).sum()
    }

    fn check_size(&self) -> Checked {
        let bytes = self.bytes();
        ensure(self.rows > 0, "9", || "a table has other records than it tells")?;
        let ceilings = Limits::CEILINGS;
        let fits = self.rows <= ceilings.records_per_type_max && bytes <= ceilings.bytes_per_type_max;
        ensure(fits, "3.2", || "a type has more records than it can")
    }
}

/// Adds a row to a set that may have been empty up to here.
fn set_bit(bytes: &mut Vec<u8>, row: Row, is_set: bool) {
    let len = row.at() / 8 + 1;
    if is_set || !bytes.is_empty() {
        bytes.resize(len, 0);
        bytes[len - 1] |= u8::from(is_set) << (row.0 % 8);
    }
}

/// The set of so many rows in these bytes, if it is written as [`bytes_of`] writes it.
fn bits_of(bytes: &[u8], rows: u32) -> Option<Bits> {
    let mut bits = Bits::default();
    if bytes.is_empty() {
        return Some(bits);
    }
    for (at, bytes) in bytes.chunks(8).enumerate() {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        bits.set_word(at, u64::from_le_bytes(word));
    }
    let used_bits = (rows - 1) % 8 + 1;
    let has_none_beyond = bytes.last().is_some_and(|last| u32::from(*last) >> used_bits == 0);
    let is_it = bytes.len() == rows.div_ceil(8) as usize && has_none_beyond && bits.ones() > 0;
    is_it.then_some(bits)
}

/// A set of so many rows as bytes; none if it is empty.
fn bytes_of(bits: &Bits, rows: u32) -> Vec<u8> {
    if bits.ones() == 0 {
        return Vec::new();
    }
    let words = (0..rows.div_ceil(64) as usize).map(|at| bits.word(at).to_le_bytes());
    let mut bytes: Vec<u8> = words.flatten().collect();
    bytes.truncate(rows.div_ceil(8) as usize);
    bytes
}

/// Saving.
impl Table {
    /// The sets of rows: active, placeholder, seen.
    pub(crate) fn saved_bits(&self) -> [Vec<u8>; 3] {
        [self.active(), self.placeholder(), self.seen()].map(|bits| bytes_of(bits, self.rows()))
    }

    /// The rows of each run in turn: as many as a chunk has room for.
    pub(crate) fn saved_runs(&self) -> Vec<core::ops::Range<u32>> {
        let (mut runs, mut start, mut bytes) = (Vec::new(), 0, 0);
        for row in self.record_rows() {
            let more = self.stored(row).bytes() as usize;
            if bytes + more > CHUNK_BYTES {
                runs.push(start..row.0);
                (start, bytes) = (row.0, 0);
            }
            bytes += more;
        }
        if bytes > 0 {
            runs.push(start..self.rows());
        }
        runs
    }

    /// Writes a run in the place of what is in `run`.
    pub(crate) fn write_run(&self, rows: core::ops::Range<u32>, run: &mut Vec<u8>) {
        run.clear();
        let rows = rows.map(Row).filter(|row| self.has_record(*row));
        rows.for_each(|row| self.stored(row).write_to(run));
    }
}

/// A store that was loaded, and what was learnt of it on the way.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) store: Store,
    /// How many references there are.
    pub(crate) references: u64,
    longest: Vec<Longest>,
}

impl Loaded {
    /// Whether a record has attributes.
    pub(crate) fn has_attributes(&self) -> bool {
        self.longest.iter().any(|longest| longest.has_attributes)
    }

    /// Whether a page could bring every record under these limits.
    pub(crate) fn is_within(&self, are_accounts: &[bool], limits: &Limits) -> bool {
        let tables = self.store.tables.iter().zip(&self.longest).zip(are_accounts);
        tables
            .into_iter()
            .all(|((table, longest), is_account)| are_within(table, longest, *is_account, limits))
    }
}

impl Store {
    /// A store of saved tables, by type, given of each registered type whether it is of accounts. Every rule that
    /// shows in records was checked, indices and referrers were made anew, and the sums of the digest are kept until
    /// somebody [drops](Self::drop_sums) them.
    ///
    /// # Errors
    /// The rule that is broken, and how.
    pub(crate) fn load(
        tables: Vec<Option<Box<Runs>>>,
        are_accounts: &[bool],
        key: HashKey,
    ) -> Result<Loaded, BrokenInvariant> {
        check_sizes(&tables)?;
        let rows = tables.iter().map(|runs| runs.as_ref().map_or(0, |runs| runs.rows));
        let directory = Directory::new(are_accounts, rows);
        let referrers = Referrers::new(&directory);
        let mut loader = Loader { key, directory, referrers, canonical: Canonical::default() };
        let mut store = Self::default();
        let mut longest = Vec::new();
        for (of, runs) in TypeIndex::all().zip(tables) {
            let (table, of_table, held) = runs.map_or_else(
                || Ok((Table::default(), Longest::default(), 0)),
                |runs| {
                    let loaded = loader.table(of, *runs);
                    loaded.map_err(|broken| broken.within(format!("type {}", of.0)))
                },
            )?;
            store.tables.push(table);
            store.held.push(held);
            longest.push(of_table);
        }
        for (of, table) in TypeIndex::all().zip(&mut store.tables) {
            let counted = loader.referrers.of(of);
            table.check_flags(of, counted)?;
            table.set_referrers(counted);
        }
        store.check_gone(&loader.directory, &loader.referrers)?;
        Ok(Loaded { store, references: loader.referrers.references, longest })
    }

    /// Keeps no sums: whoever wants them asks for them.
    pub(crate) fn drop_sums(&mut self) {
        self.tables.iter_mut().for_each(|table| table.put_sums(None));
    }
}

/// Whether there can be so many records in so many bytes, and so many rows that are gone beside them: a snapshot
/// must not make us reserve more than it has.
fn check_sizes(tables: &[Option<Box<Runs>>]) -> Checked {
    tables.iter().flatten().try_for_each(|runs| runs.check_size())?;
    let rows: u64 = tables.iter().flatten().map(|runs| u64::from(runs.rows)).sum();
    let records_max: u64 = tables.iter().flatten().map(|runs| runs.bytes() / Stored::BYTES_MIN).sum();
    ensure(rows <= 2 * records_max, "2", || "more rows are gone than there are records")
}

/// What is needed, and gathered, to load the tables of a store.
struct Loader {
    key: HashKey,
    directory: Directory,
    referrers: Referrers,
    canonical: Canonical,
}

impl Loader {
    /// The table, how long what is in it is, and how many references its active accounts hold.
    fn table(&mut self, of: TypeIndex, runs: Runs) -> Result<(Table, Longest, u64), BrokenInvariant> {
        let Runs { rows, active, placeholder, seen, records } = runs;
        let bits = |bytes: &[u8]| {
            bits_of(bytes, rows).ok_or_else(|| BrokenInvariant::new("9", "a set of rows is malformed"))
        };
        let is_account = self.directory.is_account(of);
        let mut table = Table::of_rows(bits(&active)?, bits(&placeholder)?, bits(&seen)?, is_account);
        let mut loading = Loading { of, rows, sums: Box::default(), longest: Longest::default(), held: 0 };
        let mut room = 0;
        for run in records {
            let first = Stored::parse(&run, table.rows()..rows);
            let is_cut = first.is_some_and(|first| first.bytes() > room);
            ensure(is_cut && run.len() <= CHUNK_BYTES, "9", || "the records are not in runs")?;
            room = (CHUNK_BYTES - run.len()) as u64;
            self.run(&run, &mut loading, &mut table)?;
            table.take_run(run);
        }
        table.push_gone_before(Row(rows));
        ensure(table.index_all(), "1", || "two records of a type have the same id")?;
        table.put_sums(Some(loading.sums));
        Ok((table, loading.longest, loading.held))
    }

    fn run(&mut self, run: &[u8], loading: &mut Loading, table: &mut Table) -> Checked {
        let mut at = 0;
        while at < run.len() {
            let stored = Stored::parse(&run[at..], table.rows()..loading.rows);
            let stored = stored.ok_or_else(|| BrokenInvariant::new("9", "a record is malformed"))?;
            let row = stored.row();
            table.push_gone_before(row);
            let (is_active, is_placeholder) =
                (table.active().contains(row), table.placeholder().contains(row));
            let has_time = stored.inactive_since() != 0;
            ensure(!is_active || !has_time, "9", || "a record is active, yet tells since when it is not")?;
            let references = self.canonical.read(&stored);
            self.directory.check(loading.of, &stored, is_placeholder, references)?;
            self.referrers.count(references, is_active);
            loading.held += if is_active { references.len() as u64 } else { 0 };
            loading.longest.note(&stored, references.len());
            let flags = sums::flags(is_active, is_placeholder);
            loading.sums.push(row, self.canonical.hash(row, flags, &stored));
            table.push_row(at, &stored, self.key.id_bytes(stored.slot(Slot::Id)));
            at += stored.bytes() as usize;
        }
        Ok(())
    }
}

/// The table that is being loaded.
struct Loading {
    of: TypeIndex,
    rows: u32,
    sums: Box<Sums>,
    longest: Longest,
    /// References of its active accounts.
    held: u64,
}

/// How long the texts of a table's records get, and how many references: what limits are held against.
#[derive(Clone, Copy, Debug, Default)]
struct Longest {
    /// In bytes, by slot.
    texts: [u16; 6],
    references: usize,
    /// These are held against limits one by one.
    has_attributes: bool,
}

impl Longest {
    fn note(&mut self, stored: &Stored<'_>, references: usize) {
        for (longest, length) in self.texts.iter_mut().zip(stored.text_lengths()) {
            *longest = (*longest).max(length);
        }
        self.references = self.references.max(references);
        self.has_attributes |= !stored.attributes_run().is_empty();
    }
}

/// Whether a page could bring the records of a table under these limits.
fn are_within(table: &Table, longest: &Longest, is_account: bool, limits: &Limits) -> bool {
    let second_max = if is_account { limits.text_chars_max } else { limits.description_chars_max };
    let chars_max = |slot| match slot {
        Slot::Id => limits.id_chars_max as usize,
        Slot::UsernameOrDescription => second_max as usize,
        _ => limits.text_chars_max as usize,
    };
    if longest.references > limits.references_per_account_max as usize {
        return false;
    }
    let keep_rules = |row| table.stored(row).attributes().keep_rules(limits);
    if longest.has_attributes && !table.record_rows().all(keep_rules) {
        return false;
    }
    // No text has more characters than bytes, so most tables need no second look.
    Slot::ALL.into_iter().zip(longest.texts).all(|(slot, longest)| {
        let max = chars_max(slot);
        let fits = |row| table.stored(row).text(slot).chars().nth(max).is_none();
        usize::from(longest) <= max || table.record_rows().all(fits)
    })
}

/// Reads references from words as they are stored. False if they are not that: runs that are not empty, by type
/// ascending.
pub(crate) fn read_references(mut words: &[u32], references: &mut Vec<RowKey>) -> bool {
    references.clear();
    let mut before = None;
    while let Some(([of, count], rest)) = words.split_first_chunk() {
        let Some((rows, rest)) = rest.split_at_checked(*count as usize) else { return false };
        if rows.is_empty() || before.is_some_and(|before| before >= *of) {
            return false;
        }
        before = Some(*of);
        references.extend(rows.iter().map(|&row| RowKey::new(TypeIndex(*of), Row(row))));
        words = rest;
    }
    words.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_no_row_beyond_its_ceiling() {
        let mut runs = Runs { rows: Limits::CEILINGS.records_per_type_max - 1, ..Runs::default() };
        assert_eq!(runs.push_gone(), Ok(()));
        assert_eq!(runs.push_gone(), Err("a type has more records than it can"));
        let placeholder = RowFlags { inactive_since: None, is_placeholder: true, is_seen: false };
        let refused = runs.push(&Draft::placeholder("g1", ""), placeholder);
        assert_eq!(refused, Err("a type has more records than it can"));
        assert_eq!(runs.rows, Limits::CEILINGS.records_per_type_max);
    }
}
