//! Completing: what was not in the roll becomes inactive (SPEC 4), and purge, which removes it.
//!
//! A row is stale if it is active, not seen in the roll, and not a placeholder that an active account
//! refers to. The first two are bits, so a whole table is looked through 64 rows at a time.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::state::app::App;
use crate::state::registry::Registry;
use crate::state::session::{Cursor, Session};
use crate::store::{Bits, Ones, Slot, Table, moves};
use crate::values::change::{ChangeLog, Fact, RecordFact, RecordKey, RowKey};
use crate::values::command::PurgeOutcome;
use crate::values::record::Kind;
use crate::values::time::Timestamp;

/// A step passes over at most this many rows per unit of its budget, so that its time is bounded
/// also where little is stale: 64 words cost about what marking one record does.
const ROWS_PASSED_PER_RECORD: u64 = 64 * 64;

/// Marks up to `budget` records inactive, from where the session's cursor stands. True if none are left.
pub(crate) fn cleanup_step(
    tables: &mut [Table],
    session: &mut Session,
    registry: &Registry,
    changes: &mut ChangeLog,
    now: Timestamp,
    budget: u64,
) -> bool {
    let mut step = Step {
        tables,
        changes,
        now,
        marks_left: budget,
        rows_left: budget.saturating_mul(ROWS_PASSED_PER_RECORD),
        referred_to: Vec::new(),
    };
    let mut cursor = session.cursor;
    let done = loop {
        let Some(resource_type) = registry.get(cursor.table) else {
            if cursor.accounts_done {
                break true;
            }
            cursor = Cursor { accounts_done: true, ..Cursor::default() };
            continue;
        };
        let is_account = resource_type.kind() == Kind::Account;
        if is_account != cursor.accounts_done && session.covers(cursor.table) && !step.table(&mut cursor) {
            break false;
        }
        cursor = Cursor { table: cursor.table + 1, row: 0, ..cursor };
    };
    session.counts.deactivated += budget - step.marks_left;
    session.cursor = cursor;
    done
}

struct Step<'e> {
    tables: &'e mut [Table],
    changes: &'e mut ChangeLog,
    now: Timestamp,
    marks_left: u64,
    rows_left: u64,
    referred_to: Vec<RowKey>,
}

impl Step<'_> {
    /// Marks what is stale in the cursor's table, from its row on. False if the step's budget ended
    /// before the table did; the cursor then stands where the next step goes on.
    fn table(&mut self, cursor: &mut Cursor) -> bool {
        let number = cursor.table as usize;
        let Some(rows) = self.tables.get(number).map(Table::len) else { return true };
        while cursor.row < rows {
            if self.rows_left == 0 {
                return false;
            }
            let word = cursor.row as usize / 64;
            let from_cursor = u64::MAX << (cursor.row % 64);
            for row in Ones::of(word, self.tables[number].stale_word(word) & from_cursor) {
                if is_kept_alive(&self.tables[number], row) {
                    continue;
                }
                if self.marks_left == 0 {
                    cursor.row = row;
                    return false;
                }
                self.mark(RowKey { table: cursor.table, row });
            }
            self.rows_left = self.rows_left.saturating_sub(64);
            cursor.row = (cursor.row | 63).saturating_add(1);
        }
        true
    }

    fn mark(&mut self, key: RowKey) {
        let table = &mut self.tables[key.table as usize];
        table.deactivate(key.row, self.now);
        self.referred_to.clear();
        self.referred_to.extend(table.stored(key.row).references());
        for target in &self.referred_to {
            self.tables[target.table as usize].remove_referrer(target.row);
        }
        self.changes.record(RecordFact::Deactivated, key);
        self.marks_left -= 1;
    }
}

/// Whether the row is a placeholder that an active account refers to.
fn is_kept_alive(table: &Table, row: u32) -> bool {
    table.placeholder().contains(row) && table.referrers(row) > 0
}

/// Full records in scope that completing now would mark inactive: what a guard counts.
pub(crate) fn deactivations(tables: &[Table], session: &Session) -> u64 {
    // Each record that was pushed is active and full.
    in_scope(tables, session).map(|(_, table)| table.active_full() - table.seen().ones()).sum()
}

/// Full records in scope that are active: what a guard's percentage is of.
pub(crate) fn active_full(tables: &[Table], session: &Session) -> u64 {
    in_scope(tables, session).map(|(_, table)| table.active_full()).sum()
}

fn in_scope<'t>(tables: &'t [Table], session: &Session) -> impl Iterator<Item = (u32, &'t Table)> {
    (0..).zip(tables).filter(|(number, _)| session.covers(*number))
}

/// By table, the rows that completing now would mark inactive.
pub(crate) fn stale(tables: &[Table], session: &Session, registry: &Registry) -> Vec<Bits> {
    let mut stale: Vec<Bits> = tables.iter().map(|_| Bits::default()).collect();
    let mut lost = BTreeMap::<RowKey, u32>::new();
    let is_account = |number| registry.get(number).is_some_and(|found| found.kind() == Kind::Account);
    for (number, table) in in_scope(tables, session).filter(|(number, _)| is_account(*number)) {
        let rows = &mut stale[number as usize];
        each_word(table, |at, word| rows.set_word(at, word));
        for key in rows.iter().flat_map(|row| table.stored(row).references()) {
            if tables[key.table as usize].placeholder().contains(key.row) {
                *lost.entry(key).or_default() += 1;
            }
        }
    }
    for (number, table) in in_scope(tables, session).filter(|(number, _)| !is_account(*number)) {
        let rows = &mut stale[number as usize];
        each_word(table, |at, word| {
            rows.set_word(at, word);
            for row in Ones::of(at, word & table.placeholder().word(at)) {
                let lost = lost.get(&RowKey { table: number, row }).copied().unwrap_or(0);
                if table.referrers(row) > lost {
                    rows.clear(row);
                }
            }
        });
    }
    stale
}

fn each_word(table: &Table, mut visit: impl FnMut(usize, u64)) {
    for at in 0..(table.len() as usize).div_ceil(64) {
        let word = table.stale_word(at);
        if word != 0 {
            visit(at, word);
        }
    }
}

/// Removes what became inactive before a time and has no active account referring to it.
///
/// The tables are made anew without it, so that its memory is freed and rows stay dense.
pub(crate) fn purge(
    app: &mut App,
    registry: &Registry,
    changes: &mut ChangeLog,
    before: Timestamp,
) -> PurgeOutcome {
    let gone: Vec<Bits> = app.tables.iter().map(|table| purgeable(table, before)).collect();
    let purged = gone.iter().map(Bits::ones).sum();
    if purged == 0 {
        return PurgeOutcome::default();
    }
    let references = note_lost_references(&app.tables, &gone, registry, changes);
    for (number, rows) in gone.iter().enumerate() {
        for row in rows.iter() {
            let record = owned_key(&app.tables, registry, RowKey { table: number as u32, row });
            changes.fact(Fact::RecordPurged { record });
        }
    }
    let moved: Vec<Vec<u32>> =
        app.tables.iter().zip(&gone).map(|(table, gone)| moves(table.len(), gone)).collect();
    if let Some(session) = app.sessions.back_mut() {
        let cursor = &mut session.cursor;
        if let Some(gone) = gone.get(cursor.table as usize) {
            cursor.row -= gone.iter().take_while(|&row| row < cursor.row).count() as u32;
        }
    }
    for (table, gone) in app.tables.iter_mut().zip(&gone) {
        *table = table.without(gone, &moved);
    }
    PurgeOutcome { purged, references }
}

fn purgeable(table: &Table, before: Timestamp) -> Bits {
    let mut rows = Bits::default();
    for row in (0..table.len()).filter(|&row| table.referrers(row) == 0) {
        if table.inactive_since(row).is_some_and(|since| since < before) {
            rows.set(row);
        }
    }
    rows
}

/// Notes the references to what goes that are held by inactive accounts which stay.
fn note_lost_references(
    tables: &[Table],
    gone: &[Bits],
    registry: &Registry,
    changes: &mut ChangeLog,
) -> u64 {
    let mut references = 0;
    for (number, table) in tables.iter().enumerate() {
        for row in (0..table.len()).filter(|&row| !gone[number].contains(row)) {
            for target in table.stored(row).references() {
                if gone[target.table as usize].contains(target.row) {
                    let account = owned_key(tables, registry, RowKey { table: number as u32, row });
                    let target = owned_key(tables, registry, target);
                    changes.fact(Fact::ReferenceRemoved { account, target });
                    references += 1;
                }
            }
        }
    }
    references
}

/// A record's name, in texts of its own: its row is about to go.
fn owned_key(tables: &[Table], registry: &Registry, key: RowKey) -> RecordKey<'static> {
    let id = tables[key.table as usize].stored(key.row).text(Slot::Id);
    RecordKey { resource_type: registry.types()[key.table as usize].id(), id: id.to_owned().into() }
}
