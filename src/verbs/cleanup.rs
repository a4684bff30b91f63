//! The cleanup of a completing session: what was not in the roll becomes inactive.
//!
//! A row is stale if it is active, not seen in the roll, and not a placeholder that an active account
//! refers to. The first two are bits, so a whole table is looked through 64 rows at a time.

use crate::state::{App, ChangeLog, Cursor, RecordFact, Registry, TypeScope};
use crate::store::{Ones, Row, RowKey, Store, TypeIndex};
use crate::values::Timestamp;

/// What a step may do beside marking, for each record of its budget, in rows passed: so its time is bounded however
/// little is stale, and however many references its accounts have. Measured: to pass so many takes 0.4 us, to mark a
/// record without references 0.03.
const WORK_PER_RECORD: u64 = 64 * 64;

/// What it costs to look at a placeholder that is kept alive, in rows passed: its count is read from where it lies,
/// and not with 63 others. Measured with a million of them: 4 to 12 ns, where 64 rows are passed in 6.
const WORK_PER_LOOK: u64 = 128;

/// What it costs to take a reference of an account that is marked off the count of its target, in rows passed.
/// Measured with a million targets: 3 to 17 ns, as they lie in the order of the references or anywhere.
const WORK_PER_REFERENCE: u64 = 128;

/// Marks up to `budget` records inactive, from where the cleanup of the app's open session stands. True if
/// none are left.
///
/// Ends behind the record with which its work is done, so that each step gets on, however many references an
/// account has.
pub(crate) fn step(
    app: &mut App,
    registry: &Registry,
    changes: &mut ChangeLog,
    now: Timestamp,
    budget: u64,
) -> bool {
    let (store, session) = app.store_and_session();
    let session = session.expect("a completing session is the open one");
    let mut cursor = session.cursor().expect("only a completing session is cleaned up");
    let work_left = budget.saturating_mul(WORK_PER_RECORD);
    let mut step = Step { store, changes, now, marks_left: budget, work_left };
    let done = step.types(&mut cursor, session.scope(), registry);
    let deactivated = budget - step.marks_left;
    session.advance_cleanup(cursor, deactivated);
    done
}

struct Step<'e> {
    store: &'e mut Store,
    changes: &'e mut ChangeLog,
    now: Timestamp,
    marks_left: u64,
    /// In rows passed.
    work_left: u64,
}

impl Step<'_> {
    /// Account types first, so that what they referred to is known, then the others, each in order of
    /// registration. True if the end is reached.
    fn types(&mut self, cursor: &mut Cursor, scope: &TypeScope, registry: &Registry) -> bool {
        loop {
            if self.work_left == 0 {
                return false;
            }
            self.work_left -= 1;
            if registry.get(cursor.of).is_none() {
                if cursor.accounts_done {
                    return true;
                }
                *cursor = Cursor { accounts_done: true, of: TypeIndex(0), row: Row(0) };
                continue;
            }
            let is_its_turn = registry.is_account(cursor.of) != cursor.accounts_done;
            if is_its_turn && scope.contains(cursor.of) && !self.table(cursor) {
                return false;
            }
            cursor.of = cursor.of.next();
            cursor.row = Row(0);
        }
    }

    /// Marks what is stale in the cursor's table, from its row on. False if the step's budget ended
    /// before the table did; the cursor then stands where the next step goes on.
    fn table(&mut self, cursor: &mut Cursor) -> bool {
        let Some(rows) = self.store.table(cursor.of).map(crate::store::Table::rows) else { return true };
        while cursor.row.0 < rows {
            if self.work_left == 0 {
                return false;
            }
            self.spend(u64::from(rows - cursor.row.0).min(64));
            let word = cursor.row.at() / 64;
            let from_cursor = u64::MAX << (cursor.row.0 % 64);
            let key = RowKey::new(cursor.of, cursor.row);
            let stale = self.store.table_of(key).stale_word(word) & from_cursor;
            for row in Ones::of(word, stale) {
                let key = RowKey::new(cursor.of, row);
                let is_kept = self.store.table_of(key).is_kept_alive(row);
                if self.work_left == 0 || (self.marks_left == 0 && !is_kept) {
                    cursor.row = row;
                    return false;
                }
                if is_kept {
                    self.spend(WORK_PER_LOOK);
                } else {
                    self.mark(key);
                }
            }
            cursor.row = Row((cursor.row.0 | 63).saturating_add(1));
        }
        true
    }

    fn spend(&mut self, work: u64) {
        self.work_left = self.work_left.saturating_sub(work);
    }

    fn mark(&mut self, key: RowKey) {
        let references = self.store.deactivate(key, self.now);
        self.spend(references as u64 * WORK_PER_REFERENCE);
        self.changes.record(RecordFact::Deactivated, key);
        self.marks_left -= 1;
    }
}
