//! Whether a record is on record to the letter: then it was checked when it was written, and nothing of it
//! is to be written again.

use super::PageContext;
use super::raw::RawRecord;
use super::references::Slugs;
use crate::store::{ReferenceRuns, Row, Stored, Table, TypeIndex};
use crate::values::{AccountStatus, PlainLengths, Reference, Rule};

/// Lists of an account of which references stay that are looked at here.
const LISTS_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Comparison<'e, 'p> {
    context: PageContext<'e>,
    slugs: Slugs<'e, 'p>,
    name_rule: Rule,
    /// Of names that keep the rule.
    name_lengths: PlainLengths,
    full: FullRows,
    some_stay: bool,
}

impl<'e, 'p> Comparison<'e, 'p> {
    pub(super) fn new(context: PageContext<'e>) -> Self {
        let name_rule = Rule::Optional { chars_max: context.limits.text_chars_max };
        let slugs = Slugs::new(context.registry);
        Self {
            context,
            slugs,
            name_rule,
            name_lengths: name_rule.plain_lengths(),
            full: FullRows::default(),
            some_stay: false,
        }
    }

    /// Whether a record that was found unchanged has references on record that it does not name.
    pub(super) const fn some_stay(&self) -> bool {
        self.some_stay
    }

    /// Whether the record, which has this row, is active and full and has just these fields, attributes and, in this
    /// order, references, none of which would give a placeholder a name. (An active account's
    /// placeholders are active.) Where it says no, the record may still be equal: the references in another
    /// order, an attribute sent twice.
    #[inline]
    pub(super) fn is_unchanged(&mut self, record: &RawRecord<'p>, table: &Table, row: Row) -> bool {
        let Some(status) = parse_status(record.status) else { return false };
        let stored = table.stored(row);
        stored.has_fields(&record.texts, status)
            && self.full.contains(table, row)
            && (stored.plainly_has_attributes(record.all_attributes())
                || self.context.keeps_attributes(record))
            && self.has_references(record, &stored)
    }

    /// Whether the record's lists hold just the references on record but for those that stay, those to one type in
    /// this order, and do nothing to their targets.
    #[inline(always)]
    fn has_references(&mut self, record: &RawRecord<'p>, stored: &Stored<'_>) -> bool {
        let mut runs = RunsLeft::new(stored.runs());
        // There are more than one page may bring where some stayed: then they are to be counted as sent.
        if runs.all.words() > self.context.limits.references_per_account_max as usize {
            return false;
        }
        for (map, lists) in record.maps() {
            for list in lists {
                let of = self.slugs.find(&list.slug).filter(|(_, kind)| *kind == map.kind());
                let Some((of, _)) = of else { return false };
                let list = list.as_slice();
                if list.is_empty() {
                    continue;
                }
                let Some(rows) = runs.take(of) else { return false };
                let Some(table) = self.context.store.table(of) else { return false };
                if rows.len() != list.len() || !self.do_nothing(table, rows, list) {
                    return false;
                }
            }
        }
        runs.are_all_taken() || self.does_rest_stay(record, &runs)
    }

    /// Whether the references on record that the record's lists do not hold stay all the same. Of a record with many
    /// lists it says no: each is looked at for each run.
    #[inline(never)]
    fn does_rest_stay(&mut self, record: &RawRecord<'p>, runs: &RunsLeft<'_>) -> bool {
        if !self.context.keeps_some() || record.lists().nth(LISTS_MAX).is_some() {
            return false;
        }
        let mut stays =
            |of| self.context.keeps(of) && !record.named(&mut self.slugs).any(|named| named == of);
        let does_stay = runs.left().all(&mut stays);
        self.some_stay |= does_stay;
        does_stay
    }

    /// Whether each record is the one that the reference beside it names, and the reference does nothing
    /// to it. On its own, so that the loop has the registers for itself.
    #[inline(never)]
    fn do_nothing(&self, table: &Table, rows: &[[u8; 4]], list: &[Reference<'_>]) -> bool {
        let targets = table.targets();
        rows.iter().zip(list).all(|(row, reference)| {
            let row = Row(u32::from_le_bytes(*row));
            let name = reference.name.as_deref().unwrap_or("");
            // A name that is not needed is held to its rule all the same.
            let does_nothing = || {
                name.is_empty()
                    || !targets.is_nameless(row)
                        && (self.name_lengths.has(name) || self.name_rule.fault(name).is_none())
            };
            targets.has_id(row, &reference.id) && does_nothing()
        })
    }
}

/// Which rows of a table are active and full: those of the word that was looked at last are known.
#[derive(Debug, Default)]
struct FullRows {
    /// The number of the word from 1, and its rows.
    word: (usize, u64),
}

impl FullRows {
    #[inline]
    fn contains(&mut self, table: &Table, row: Row) -> bool {
        let word = row.at() / 64;
        if self.word.0 != word + 1 {
            self.word = (word + 1, table.active().word(word) & !table.placeholder().word(word));
        }
        self.word.1 & (1 << (row.0 % 64)) != 0
    }
}

/// The references on record by type, each taken once: two lists under one slug are not two runs.
struct RunsLeft<'t> {
    all: ReferenceRuns<'t>,
    next: ReferenceRuns<'t>,
    next_number: u32,
    /// By number.
    taken: u64,
    taken_words: usize,
}

impl<'t> RunsLeft<'t> {
    const fn new(all: ReferenceRuns<'t>) -> Self {
        Self { all, next: all, next_number: 0, taken: 0, taken_words: 0 }
    }

    /// The run of a type. Of a record with more than 64, one may be missed.
    #[inline]
    fn take(&mut self, of: TypeIndex) -> Option<&'t [[u8; 4]]> {
        // Lists mostly stand in the order of the runs.
        let mut run = self.next.next();
        if run.is_none_or(|(run_of, _)| run_of != of) {
            (self.next, self.next_number) = (self.all, 0);
            run = self.next.next();
            while self.next_number < u64::BITS && run.is_some_and(|(run_of, _)| run_of != of) {
                run = self.next.next();
                self.next_number += 1;
            }
        }
        let (_, rows) = run?;
        let bit = 1_u64.checked_shl(self.next_number)?;
        let is_new = self.taken & bit == 0;
        self.taken |= bit;
        self.next_number += 1;
        self.taken_words += rows.len() + ReferenceRuns::HEAD_WORDS;
        is_new.then_some(rows)
    }

    const fn are_all_taken(&self) -> bool {
        self.taken_words == self.all.words()
    }

    /// The types of the runs that were not taken.
    fn left(&self) -> impl Iterator<Item = TypeIndex> {
        let is_taken = |number| 1_u64.checked_shl(number).is_some_and(|bit| self.taken & bit != 0);
        (0..).zip(self.all).filter(move |(number, _)| !is_taken(*number)).map(|(_, (of, _))| of)
    }
}

/// An account's status as sent; absent is active.
pub(super) fn parse_status(status: &str) -> Option<AccountStatus> {
    // Nearly all are this one.
    if status.is_empty() || status == "active" { Some(AccountStatus::Active) } else { status.parse().ok() }
}
