//! The rules that a record keeps, in one place: the check of a state and the loading of a saved one both ask here.

use alloc::format;
use alloc::vec::Vec;

use super::Store;
use super::attributes::AttributeViews;
use super::bits::Ones;
use super::key::{Row, RowKey, TypeIndex};
use super::record::{Slot, Stored};
use super::sums::Canonical;
use super::table::Table;
use crate::values::{AccountStatus, BrokenInvariant, Checked, Limits, Rule, ensure, ensure_text};

const TEXT: Rule = Rule::Optional { chars_max: Limits::CEILINGS.text_chars_max };

/// By type, what its records are and how many rows it has: what a reference is held against.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) types: Vec<(bool, u32)>,
}

impl Directory {
    /// Of the types that are registered (whether each is of accounts), given the rows of their tables.
    pub(super) fn new(are_accounts: &[bool], rows: impl Iterator<Item = u32>) -> Self {
        let rows = rows.chain(core::iter::repeat(0));
        Self { types: are_accounts.iter().copied().zip(rows).collect() }
    }

    pub(super) fn is_account(&self, of: TypeIndex) -> bool {
        self.types.get(of.at()).is_some_and(|(is_account, _)| *is_account)
    }

    fn check_target(&self, target: RowKey) -> Checked {
        let target_type = self.types.get(target.of.at()).filter(|(is_account, _)| !is_account);
        let (_, rows) =
            target_type.ok_or_else(|| BrokenInvariant::new("10.3", "a reference is of no kind"))?;
        ensure(target.row.0 < *rows, "10.3", || "a reference points at no record")
    }

    /// Checks a record of a type, given its references, ascending.
    pub(super) fn check(
        &self,
        of: TypeIndex,
        stored: &Stored<'_>,
        is_placeholder: bool,
        references: &[RowKey],
    ) -> Result<(), BrokenInvariant> {
        let is_account = self.is_account(of);
        let texts = stored.checked_texts();
        let texts = texts.ok_or_else(|| BrokenInvariant::new("9", "a record's texts are no UTF-8"))?;
        let [id, ..] = texts;
        let id_rule = Rule::Required { chars_max: Limits::CEILINGS.id_chars_max };
        let checked = ensure_text(id_rule, "an id", id)
            .and_then(|()| match is_account {
                true => check_account(&texts, is_placeholder),
                false => check_group(&texts, stored.status(), is_placeholder),
            })
            .and_then(|()| check_attributes(stored.attributes(), is_placeholder))
            .and_then(|()| self.check_references(is_account, references));
        checked.map_err(|broken| broken.within(format!("record {id:?} of type {}", of.0)))
    }

    fn check_references(&self, is_account: bool, references: &[RowKey]) -> Checked {
        ensure(is_account || references.is_empty(), "10.3", || "a record that is no account refers")?;
        let is_set = references.windows(2).all(|pair| pair[0] < pair[1]);
        ensure(is_set, "3.4", || "an account refers to a record twice")?;
        references.iter().try_for_each(|target| self.check_target(*target))
    }
}

fn check_account(texts: &[&str; 6], is_placeholder: bool) -> Checked {
    let [_, email, username, first, last, display] = *texts;
    ensure(!is_placeholder, "1", || "an account is a placeholder")?;
    ensure(!email.is_empty() || !username.is_empty(), "3.3", || "an account has no login")?;
    ensure_text(Rule::Email { chars_max: Limits::CEILINGS.text_chars_max }, "an email", email)?;
    [username, first, last, display].into_iter().try_for_each(|text| ensure_text(TEXT, "an account", text))
}

fn check_group(texts: &[&str; 6], status: AccountStatus, is_placeholder: bool) -> Checked {
    let [_, name, description, rest @ ..] = texts;
    let is_plain = rest.iter().all(|text| text.is_empty()) && status == AccountStatus::Active;
    ensure(is_plain, "3.3", || "a group or license has fields of an account")?;
    if is_placeholder {
        ensure(description.is_empty(), "3.6", || "a placeholder has a description")?;
        ensure_text(TEXT, "a placeholder's name", name)
    } else {
        let chars_max = Limits::CEILINGS.text_chars_max;
        ensure_text(Rule::Required { chars_max }, "a name", name)?;
        let rule = Rule::Optional { chars_max: Limits::CEILINGS.description_chars_max };
        ensure_text(rule, "a description", description)
    }
}

fn check_attributes(mut attributes: AttributeViews<'_>, is_placeholder: bool) -> Checked {
    let keep_rules = attributes.keep_rules(&Limits::CEILINGS);
    ensure(keep_rules, "3.10", || "attributes are beyond what they can be")?;
    ensure(!is_placeholder || attributes.next().is_none(), "3.10", || "a placeholder has attributes")
}

/// By type and row, the active accounts that refer to it.
#[derive(Debug)]
pub(super) struct Referrers {
    by_type: Vec<Vec<u32>>,
    /// How many references there are, those of inactive accounts too.
    pub(super) references: u64,
}

impl Referrers {
    /// Room for the rows that there are.
    pub(super) fn new(directory: &Directory) -> Self {
        let rows = directory.types.iter().map(|(is_account, rows)| if *is_account { 0 } else { *rows });
        Self { by_type: rows.map(|rows| alloc::vec![0; rows as usize]).collect(), references: 0 }
    }

    /// Counts the references of an account, which were checked.
    pub(super) fn count(&mut self, references: &[RowKey], is_active: bool) {
        self.references += references.len() as u64;
        if is_active {
            for target in references {
                self.by_type[target.of.at()][target.row.at()] += 1;
            }
        }
    }

    /// Of a type; none of a type of accounts, to which nothing refers.
    pub(super) fn of(&self, of: TypeIndex) -> &[u32] {
        self.by_type.get(of.at()).map_or(&[], Vec::as_slice)
    }
}

impl Table {
    /// Checks what is told of rows beside their records: flags, and which of them are referred to.
    pub(super) fn check_flags(&self, of: TypeIndex, referrers: &[u32]) -> Checked {
        let at = |row: u32| format!("record {:?} of type {}", self.stored(Row(row)).text(Slot::Id), of.0);
        for word in 0..self.words() {
            let (seen, retained) = (self.seen().word(word), self.retained().word(word));
            let told = self.active().word(word) | self.placeholder().word(word) | seen | retained;
            ensure(self.gone().word(word) & told == 0, "2", || "of a record that has gone more is told")?;
            let (active, placeholder) = (self.active().word(word), self.placeholder().word(word));
            // That it is active, or settled, is asked where it is known what is in scope.
            let wrong = seen & placeholder;
            let first = |word_bits: u64| word as u32 * 64 + word_bits.trailing_zeros();
            ensure(wrong == 0, "4.2", || format!("{} was pushed", at(first(wrong))))?;
            let both = seen & retained;
            ensure(both == 0, "3.5", || format!("{} was pushed and is retained", at(first(both))))?;
            for row in Ones::of(word, placeholder & !active) {
                let is_referred_to = referrers.get(row.at()).is_some_and(|count| *count > 0);
                ensure(!is_referred_to, "4.3", || format!("{} is referred to", at(row.0)))?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Checks that nobody refers to what has gone, and that there is not more of it than of records. The rows of
    /// references are known to be there, and the flags of rows to be right.
    pub(super) fn check_gone(&self, directory: &Directory, referrers: &Referrers) -> Checked {
        ensure(self.gone() <= self.records(), "2", || "more rows are gone than there are records")?;
        let is_account = |of: &TypeIndex| directory.is_account(*of);
        let mut are_referred_to = false;
        for (of, table) in self.tables().filter(|(of, table)| !is_account(of) && table.gone().ones() > 0) {
            let counted = referrers.of(of);
            let is_referred_to = table.gone().iter().any(|row| counted[row.at()] > 0);
            ensure(!is_referred_to, "10.3", || format!("type {}: an account refers to what has gone", of.0))?;
            are_referred_to = true;
        }
        if !are_referred_to {
            return Ok(());
        }
        // Those of active accounts were counted.
        for (of, table) in self.tables().filter(|(of, _)| is_account(of)) {
            let inactive = (0..table.words()).flat_map(|word| Ones::of(word, table.inactive_word(word)));
            for stored in inactive.map(|row| table.stored(row)) {
                let are_there =
                    stored.references().all(|target| self.table_of(target).has_record(target.row));
                ensure(are_there, "10.3", || {
                    format!("record {:?} of type {} refers to what has gone", stored.text(Slot::Id), of.0)
                })?;
            }
        }
        Ok(())
    }

    /// Checks all records, given of each registered type whether it is of accounts. Answers how many
    /// references there are.
    ///
    /// # Errors
    /// The first rule that is found broken.
    pub(crate) fn check(&self, are_accounts: &[bool]) -> Result<u64, BrokenInvariant> {
        let directory = Directory::new(are_accounts, self.tables.iter().map(Table::rows));
        let mut referrers = Referrers::new(&directory);
        let mut canonical = Canonical::default();
        for (of, table) in self.tables() {
            let (mut bytes, mut held) = (0, 0);
            for row in table.record_rows() {
                let stored = table.stored(row);
                let references = canonical.read(&stored);
                directory.check(of, &stored, table.placeholder().contains(row), references)?;
                let is_active = table.active().contains(row);
                referrers.count(references, is_active);
                held += if is_active { references.len() as u64 } else { 0 };
                bytes += stored.bytes();
            }
            ensure(table.bytes() == bytes, "3.2", || format!("type {}: its bytes are miscounted", of.0))?;
            ensure(self.held(of) == held, "4.8", || {
                format!("type {}: the references of its active accounts are miscounted", of.0)
            })?;
            table.check_sums()?;
            ensure(table.are_targets_told(), "3.6", || {
                format!("type {}: references are told of other records", of.0)
            })?;
        }
        for (of, table) in self.tables() {
            ensure(table.are_flags_counted(), "4.8", || {
                format!("type {}: its full records are miscounted", of.0)
            })?;
            let counted = referrers.of(of);
            table.check_flags(of, counted)?;
            let is_counted = |row: Row| table.referrers(row) == counted.get(row.at()).copied().unwrap_or(0);
            let is_true = Row::first(table.rows()).all(is_counted);
            ensure(is_true, "3.6", || format!("type {}: its referrers are miscounted", of.0))?;
            let are_placed = Row::first(table.rows()).all(|row| table.is_gone_or_placed(row));
            ensure(are_placed, "2", || {
                format!("type {}: a record lies nowhere, or one lies there that went", of.0)
            })?;
        }
        self.check_gone(&directory, &referrers)?;
        self.check_members()?;
        Ok(referrers.references)
    }
}
