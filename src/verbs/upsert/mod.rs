//! Applies a checked page: rows, references, placeholders (SPEC 3.6 to 3.8).
//!
//! What is on record already is found out first, without a write and in passes whose lookups do not
//! wait for one another: the rows of all records, then which accounts are unchanged to the letter
//! (most are), then the rows that the references of the others lead to. Only then is anything written.

mod target;

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use crate::state::session::Session;
use crate::store::{Draft, NO_ROW, Slot, Table, reference_words};
use crate::values::change::{ChangeLog, Field, Fields, RecordFact, RowKey};
use crate::values::command::PageOutcome;
use crate::values::hash::HashKey;
use crate::values::record::{Account, AccountStatus, Group, Reference};
use crate::verbs::page::{CheckedAccounts, CheckedPage};
use target::{Target, merge_same};

/// A type has no room for what a page would add to it.
#[derive(Debug)]
pub(crate) struct Full {
    pub(crate) table: u32,
}

/// What a page is applied to.
#[derive(Debug)]
pub(crate) struct Upsert<'e> {
    /// Of all types of the clone group.
    pub(crate) tables: &'e mut [Table],
    pub(crate) session: &'e mut Session,
    pub(crate) changes: &'e mut ChangeLog,
    pub(crate) key: HashKey,
    pub(crate) records_per_type_max: u32,
}

impl Upsert<'_> {
    /// Applies the page to the type `table`, whole, or finds that a type has no room for it.
    pub(crate) fn apply(&mut self, table: u32, page: &CheckedPage<'_>) -> Result<PageOutcome, Full> {
        let outcome = match page {
            CheckedPage::Accounts(accounts) => self.accounts(table, accounts)?,
            CheckedPage::Groups { records, hashes } => self.groups(table, records, hashes)?,
        };
        self.session.counts.add_page(&outcome);
        Ok(outcome)
    }

    fn table(&mut self, number: u32) -> &mut Table {
        &mut self.tables[number as usize]
    }

    fn groups(&mut self, table: u32, records: &[Group<'_>], hashes: &[u32]) -> Result<PageOutcome, Full> {
        let rows = self.table(table).stage(hashes, |at| &records[at].id);
        let bytes =
            records.iter().map(|group| texts_of_group(group).iter().map(|text| text.len()).sum::<usize>());
        self.expect_room(table, new_records(&rows), bytes.sum::<usize>() as u64)?;
        let mut outcome = PageOutcome { total: records.len() as u32, ..PageOutcome::default() };
        let mut synced = 0;
        for ((group, &row), &hash) in records.iter().zip(&rows).zip(hashes) {
            let row = self.group(table, group, row, hash, &mut outcome);
            synced += u64::from(self.table(table).mark_seen(row));
        }
        self.session.add_synced(table, synced);
        Ok(outcome)
    }

    fn group(
        &mut self,
        table: u32,
        group: &Group<'_>,
        row: u32,
        hash: u32,
        outcome: &mut PageOutcome,
    ) -> u32 {
        let texts = texts_of_group(group);
        let draft = Draft { texts, ..Draft::default() };
        if row == NO_ROW {
            let row = self.table(table).insert(hash, &draft);
            self.changes.record(RecordFact::Created, RowKey { table, row });
            outcome.created += 1;
            return row;
        }
        outcome.updated += 1;
        let key = RowKey { table, row };
        let records = self.table(table);
        let fields = changed_group_fields(records, row, &texts);
        if !fields.is_empty() {
            records.replace(row, &draft);
        }
        let was_active = records.active().contains(row);
        let was_placeholder = records.placeholder().contains(row);
        if !was_active {
            records.activate(row);
        }
        if was_placeholder {
            records.fill(row);
            self.changes.record(RecordFact::PlaceholderFilled, key);
            outcome.filled += 1;
        } else {
            self.note_update(key, was_active, fields, fields.is_empty(), outcome);
        }
        row
    }

    /// Notes what came of a full record that was there.
    fn note_update(
        &mut self,
        key: RowKey,
        was_active: bool,
        fields: Fields,
        is_equal: bool,
        outcome: &mut PageOutcome,
    ) {
        if !was_active {
            self.changes.record(RecordFact::Reactivated, key);
            outcome.reactivated += 1;
        } else if is_equal {
            outcome.unchanged += 1;
        }
        if !fields.is_empty() {
            self.changes.record(RecordFact::Updated(fields), key);
        }
    }

    fn accounts(&mut self, table: u32, page: &CheckedAccounts<'_>) -> Result<PageOutcome, Full> {
        let rows = self.table(table).stage(&page.hashes, |at| &page.records[at].id);
        let (targets, changed) = self.changed_accounts(table, page, &rows);
        self.expect_room_for_accounts(table, page, &rows, &targets)?;
        let total = page.records.len() as u32;
        let mut outcome = PageOutcome { total, ..PageOutcome::default() };
        outcome.unchanged = total - changed.len() as u32;
        outcome.updated = outcome.unchanged;
        let mut synced = 0;
        let mut changed = changed.into_iter().peekable();
        let mut scratch = Scratch { targets, ..Scratch::default() };
        for (at, &row) in rows.iter().enumerate() {
            let row = match changed.next_if(|(account, _)| *account == at) {
                None => row,
                Some((_, range)) => {
                    let account = AccountPush {
                        table,
                        texts: texts_of_account(&page.records[at]),
                        status: page.statuses[at],
                        hash: page.hashes[at],
                        targets: range,
                    };
                    match row {
                        NO_ROW => self.create_account(&account, &mut scratch, &mut outcome),
                        _ => self.update_account(&account, row, &mut scratch, &mut outcome),
                    }
                }
            };
            synced += u64::from(self.table(table).mark_seen(row));
        }
        self.session.add_synced(table, synced);
        Ok(outcome)
    }

    /// The accounts of the page that are not on record to the letter, each with its distinct
    /// references in the one list, and the rows of these where they are there.
    fn changed_accounts<'p>(
        &self,
        table: u32,
        page: &CheckedAccounts<'p>,
        rows: &[u32],
    ) -> (Vec<Target<'p>>, Vec<(usize, Range<usize>)>) {
        let mut targets = Vec::new();
        let mut changed = Vec::new();
        for (at, &row) in rows.iter().enumerate() {
            if row != NO_ROW && self.is_as_stored(table, row, page, at) {
                continue;
            }
            let start = targets.len();
            for list in page.lists(at) {
                targets.extend(list.references.iter().map(|reference| Target {
                    table: list.table,
                    hash: self.key.id(&reference.id),
                    row: NO_ROW,
                    id: &reference.id,
                    name: reference.name.as_deref().unwrap_or_default(),
                }));
            }
            merge_same(&mut targets, start);
            changed.push((at, start..targets.len()));
        }
        for target in &mut targets {
            target.row = self.tables[target.table as usize].candidate(target.hash);
        }
        for target in &mut targets {
            target.row = self.tables[target.table as usize].confirm(target.row, target.hash, target.id);
        }
        (targets, changed)
    }

    /// Whether the account is active and has just these fields and, in this order, these references,
    /// none of which would give a placeholder a name. (An active account's placeholders are active.)
    fn is_as_stored(&self, table: u32, row: u32, page: &CheckedAccounts<'_>, at: usize) -> bool {
        let records = &self.tables[table as usize];
        let stored = records.stored(row);
        if !records.active().contains(row)
            || !stored.has_fields(&texts_of_account(&page.records[at]), page.statuses[at])
        {
            return false;
        }
        let mut on_record = stored.references();
        for list in page.lists(at) {
            for reference in list.references {
                let is_same = on_record
                    .next()
                    .is_some_and(|key| key.table == list.table && self.is_settled(key, reference));
                if !is_same {
                    return false;
                }
            }
        }
        on_record.next().is_none()
    }

    /// Whether the record is the one that the reference names, and the reference does nothing to it.
    fn is_settled(&self, key: RowKey, reference: &Reference<'_>) -> bool {
        let target = self.tables[key.table as usize].stored(key.row);
        target.has_id(&reference.id)
            && (reference.name.as_ref().is_none_or(|name| name.is_empty())
                || !target.slot(Slot::EmailOrName).is_empty())
    }

    fn create_account(
        &mut self,
        account: &AccountPush<'_>,
        scratch: &mut Scratch<'_>,
        outcome: &mut PageOutcome,
    ) -> u32 {
        let table = account.table;
        // Its row is known before it is written: what it refers to lies in other tables.
        let key = RowKey { table, row: self.table(table).len() };
        self.changes.record(RecordFact::Created, key);
        outcome.created += 1;
        scratch.on_record.clear();
        self.refer(key, true, account, scratch, outcome);
        let row = self.tables[table as usize].insert(account.hash, &account.draft(&scratch.words));
        debug_assert_eq!(row, key.row, "an account refers to no account");
        row
    }

    fn update_account(
        &mut self,
        account: &AccountPush<'_>,
        row: u32,
        scratch: &mut Scratch<'_>,
        outcome: &mut PageOutcome,
    ) -> u32 {
        let key = RowKey { table: account.table, row };
        outcome.updated += 1;
        let records = &self.tables[account.table as usize];
        let stored = records.stored(row);
        let was_active = records.active().contains(row);
        let fields = changed_account_fields(records, row, &account.texts, account.status);
        scratch.on_record.clear();
        scratch.on_record.extend(stored.references());
        let same_references = self.has_same_references(account, scratch);
        self.note_update(key, was_active, fields, fields.is_empty() && same_references, outcome);
        self.refer(key, was_active, account, scratch, outcome);
        if !fields.is_empty() || !same_references {
            self.tables[account.table as usize].replace(row, &account.draft(&scratch.words));
        }
        self.tables[account.table as usize].activate(row);
        row
    }

    /// Whether the account refers to just what it has on record, in whatever order.
    fn has_same_references(&mut self, account: &AccountPush<'_>, scratch: &mut Scratch<'_>) -> bool {
        scratch.on_record_sorted.clone_from(&scratch.on_record);
        scratch.on_record_sorted.sort_unstable();
        let targets = &mut scratch.targets[account.targets.clone()];
        for target in targets.iter_mut().filter(|target| target.row == NO_ROW) {
            // An earlier account of the page may have made it.
            let found = self.tables[target.table as usize].find(target.hash, target.id);
            target.row = found.unwrap_or(NO_ROW);
        }
        targets.len() == scratch.on_record.len()
            && targets.iter().all(|target| scratch.on_record_sorted.binary_search(&target.key()).is_ok())
    }

    /// Carries out what an account's references do, whether it was on record as active or not, and
    /// leaves them in `scratch.words` as they are to be stored.
    fn refer(
        &mut self,
        account_key: RowKey,
        was_active: bool,
        account: &AccountPush<'_>,
        scratch: &mut Scratch<'_>,
        outcome: &mut PageOutcome,
    ) {
        scratch.on_record_sorted.clone_from(&scratch.on_record);
        scratch.on_record_sorted.sort_unstable();
        for at in account.targets.clone() {
            let target = &mut scratch.targets[at];
            self.meet(target, outcome);
            let key = target.key();
            let is_new = scratch.on_record_sorted.binary_search(&key).is_err();
            if is_new {
                self.changes.reference_added(account_key, key);
                self.session.counts.references_added += 1;
            }
            if is_new || !was_active {
                self.table(key.table).add_referrer(key.row);
            }
        }
        let targets = &scratch.targets[account.targets.clone()];
        reference_words(targets.iter().map(Target::key), &mut scratch.words);
        scratch.targets_sorted.clear();
        scratch.targets_sorted.extend(targets.iter().map(Target::key));
        scratch.targets_sorted.sort_unstable();
        for &key in &scratch.on_record {
            if scratch.targets_sorted.binary_search(&key).is_err() {
                self.changes.reference_removed(account_key, key);
                self.session.counts.references_removed += 1;
                if was_active {
                    self.tables[key.table as usize].remove_referrer(key.row);
                }
            }
        }
    }

    /// What a reference does to its target: makes it, wakes it, names it, or nothing.
    fn meet(&mut self, target: &mut Target<'_>, outcome: &mut PageOutcome) {
        let records = &mut self.tables[target.table as usize];
        let draft = Draft { texts: [target.id, target.name, "", "", "", ""], ..Draft::default() };
        if target.row == NO_ROW {
            target.row = records.find(target.hash, target.id).unwrap_or(NO_ROW);
        }
        if target.row == NO_ROW {
            target.row = records.insert_placeholder(target.hash, &draft);
            self.changes.record(RecordFact::PlaceholderMade, target.key());
            outcome.placeholders += 1;
            return;
        }
        if !records.placeholder().contains(target.row) {
            return;
        }
        if !records.active().contains(target.row) {
            records.activate(target.row);
            self.changes.record(RecordFact::PlaceholderWoken, target.key());
            outcome.placeholders += 1;
        }
        if !target.name.is_empty() && records.stored(target.row).slot(Slot::EmailOrName).is_empty() {
            records.replace(target.row, &draft);
            self.changes.record(RecordFact::PlaceholderNamed, target.key());
        }
    }

    fn expect_room(&self, table: u32, records: u64, bytes: u64) -> Result<(), Full> {
        let there = &self.tables[table as usize];
        let fits = u64::from(there.len()) + records <= u64::from(self.records_per_type_max)
            // Records that are there may be written anew, so the largest page counts.
            && there.has_room(u64::from(u16::MAX), bytes);
        if fits { Ok(()) } else { Err(Full { table }) }
    }

    fn expect_room_for_accounts(
        &self,
        table: u32,
        page: &CheckedAccounts<'_>,
        rows: &[u32],
        targets: &[Target<'_>],
    ) -> Result<(), Full> {
        let texts = page.records.iter().flat_map(texts_of_account).map(|text| text.len()).sum::<usize>();
        let bytes = texts + targets.len() * 12;
        self.expect_room(table, new_records(rows), bytes as u64)?;
        let bytes = targets.iter().map(|target| target.id.len() + target.name.len()).sum::<usize>();
        let mut referred_to: Vec<u32> = targets.iter().map(|target| target.table).collect();
        referred_to.dedup();
        referred_to.sort_unstable();
        referred_to.dedup();
        for table in referred_to {
            let missing = || targets.iter().filter(|target| target.table == table && target.row == NO_ROW);
            // Counting each id once takes sorting: only if the table is nearly full.
            if self.expect_room(table, missing().count() as u64, bytes as u64).is_err() {
                let distinct: BTreeSet<&str> = missing().map(|target| target.id).collect();
                self.expect_room(table, distinct.len() as u64, bytes as u64)?;
            }
        }
        Ok(())
    }
}

/// One account to be written.
struct AccountPush<'p> {
    table: u32,
    texts: [&'p str; 6],
    status: AccountStatus,
    hash: u32,
    /// Where its references are in the list of the page's.
    targets: Range<usize>,
}

impl<'p> AccountPush<'p> {
    const fn draft<'a>(&self, references: &'a [u32]) -> Draft<'a>
    where
        'p: 'a,
    {
        Draft { texts: self.texts, status: self.status, references }
    }
}

/// Lists that are kept from one account to the next for their space.
#[derive(Default)]
struct Scratch<'p> {
    targets: Vec<Target<'p>>,
    on_record: Vec<RowKey>,
    on_record_sorted: Vec<RowKey>,
    targets_sorted: Vec<RowKey>,
    words: Vec<u32>,
}

fn new_records(rows: &[u32]) -> u64 {
    rows.iter().filter(|&&row| row == NO_ROW).count() as u64
}

fn text<'p>(text: &'p Option<Cow<'_, str>>) -> &'p str {
    text.as_deref().unwrap_or_default()
}

fn texts_of_group<'p>(group: &'p Group<'_>) -> [&'p str; 6] {
    [&group.id, &group.name, text(&group.description), "", "", ""]
}

fn texts_of_account<'p>(account: &'p Account<'_>) -> [&'p str; 6] {
    [
        &account.id,
        text(&account.email),
        text(&account.username),
        text(&account.first_name),
        text(&account.last_name),
        text(&account.display_name),
    ]
}

fn changed_group_fields(records: &Table, row: u32, texts: &[&str; 6]) -> Fields {
    let fields = [
        (Slot::EmailOrName, Field::Name, texts[1]),
        (Slot::UsernameOrDescription, Field::Description, texts[2]),
    ];
    changed_fields(records, row, &fields)
}

fn changed_account_fields(records: &Table, row: u32, texts: &[&str; 6], status: AccountStatus) -> Fields {
    let fields = [
        (Slot::EmailOrName, Field::Email, texts[1]),
        (Slot::UsernameOrDescription, Field::Username, texts[2]),
        (Slot::FirstName, Field::FirstName, texts[3]),
        (Slot::LastName, Field::LastName, texts[4]),
        (Slot::DisplayName, Field::DisplayName, texts[5]),
    ];
    let mut changed = changed_fields(records, row, &fields);
    if records.stored(row).status() != status {
        changed.insert(Field::Status);
    }
    changed
}

fn changed_fields(records: &Table, row: u32, fields: &[(Slot, Field, &str)]) -> Fields {
    let stored = records.stored(row);
    let mut changed = Fields::default();
    for &(slot, field, text) in fields {
        if stored.slot(slot) != text.as_bytes() {
            changed.insert(field);
        }
    }
    changed
}
