//! How far a cleanup came.

use crate::store::{Row, TypeIndex};

/// How far a cleanup has come: what lies before this is done.
///
/// Account types are passed first. A type without records may change its kind, or be registered,
/// while the cleanup runs, but one with records may not, so the order of what matters is fixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Whether the account types are done.
    pub(crate) accounts_done: bool,
    pub(crate) of: TypeIndex,
    pub(crate) row: Row,
}

impl Cursor {
    /// How many rows of a table the cleanup has passed.
    pub(crate) fn rows_passed(self, of: TypeIndex, is_account: bool, rows: u32) -> u32 {
        match (is_account, self.accounts_done) {
            (true, true) => rows,
            (false, false) => 0,
            _ if of < self.of => rows,
            _ if of == self.of => self.row.0.min(rows),
            _ => 0,
        }
    }
}
