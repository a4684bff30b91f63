//! Sessions: the life of one roll call (SPEC 4, 5).
//!
//! in_progress → completing → completed, or in_progress → abandoned, or in_progress → error. This
//! module knows which step may follow which; what the steps do to records is `upsert` and `reconcile`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::values::command::PageOutcome;
use crate::values::error::Error;
use crate::values::id::SessionId;
use crate::values::time::Timestamp;

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SessionStatus {
    /// Pages can be pushed.
    InProgress,
    /// The roll was accepted; its cleanup is being run.
    Completing,
    /// What was not pushed is inactive.
    Completed,
    /// The host said that it could not go on. Nothing was deactivated.
    Error,
    /// Given up, or overtaken by a newer session. Nothing was deactivated.
    Abandoned,
}

impl SessionStatus {
    /// `in_progress`, `completing`, `completed`, `error` or `abandoned`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completing => "completing",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Abandoned => "abandoned",
        }
    }

    /// Whether no step can follow.
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::InProgress | Self::Completing)
    }
}

impl core::fmt::Display for SessionStatus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Sums over a session's pages, and what its cleanup did (SPEC 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SessionCounts {
    /// Records whose id was new to their type.
    pub created: u64,
    /// Records that were there, whatever came of them.
    pub updated: u64,
    /// Of the updated: active, full and equal to what was pushed.
    pub unchanged: u64,
    /// Of the updated: had been inactive and full.
    pub reactivated: u64,
    /// Of the updated: had been placeholders.
    pub filled: u64,
    /// Placeholders made or woken by references.
    pub placeholders: u64,
    /// Records that the cleanup marked inactive, placeholders too.
    pub deactivated: u64,
    /// References that accounts got, against what was on record.
    pub references_added: u64,
    /// References that accounts lost, against what was on record.
    pub references_removed: u64,
}

impl SessionCounts {
    /// Each of them, in the order above.
    pub(crate) const fn all(&self) -> [u64; 9] {
        [
            self.created,
            self.updated,
            self.unchanged,
            self.reactivated,
            self.filled,
            self.placeholders,
            self.deactivated,
            self.references_added,
            self.references_removed,
        ]
    }

    pub(crate) fn add_page(&mut self, page: &PageOutcome) {
        self.created += u64::from(page.created);
        self.updated += u64::from(page.updated);
        self.unchanged += u64::from(page.unchanged);
        self.reactivated += u64::from(page.reactivated);
        self.filled += u64::from(page.filled);
        self.placeholders += u64::from(page.placeholders);
    }
}

/// How far a cleanup has come: what lies before this is done (SPEC 4.6).
///
/// Account types are passed first. A type without records may change its kind, or be registered,
/// while the cleanup runs, but one with records may not, so the order of what matters is fixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Cursor {
    /// Whether the account types are done.
    pub(crate) accounts_done: bool,
    pub(crate) table: u32,
    pub(crate) row: u32,
}

/// One roll call of one app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) status: SessionStatus,
    /// The numbers of the types in scope, ascending; `None` is all.
    pub(crate) scope: Option<Vec<u32>>,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) reason: Option<String>,
    /// Full active records in scope when it started: what a guard's percentage is of.
    pub(crate) base: u64,
    /// By type, the distinct records pushed. May be shorter than the registry while the session is
    /// open; when it ends, it has the types of that moment.
    pub(crate) synced: Vec<u64>,
    pub(crate) counts: SessionCounts,
    pub(crate) cursor: Cursor,
}

impl Session {
    pub(crate) fn start(id: SessionId, scope: Option<Vec<u32>>, now: Timestamp) -> Self {
        Self {
            id,
            status: SessionStatus::InProgress,
            scope,
            started_at: now,
            ended_at: None,
            reason: None,
            base: 0,
            synced: Vec::new(),
            counts: SessionCounts::default(),
            cursor: Cursor::default(),
        }
    }

    pub(crate) fn covers(&self, table: u32) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.binary_search(&table).is_ok())
    }

    /// Distinct records of the type that were pushed.
    pub(crate) fn synced(&self, table: u32) -> u64 {
        self.synced.get(table as usize).copied().unwrap_or(0)
    }

    pub(crate) fn add_synced(&mut self, table: u32, records: u64) {
        let at = table as usize;
        if self.synced.len() <= at {
            self.synced.resize(at + 1, 0);
        }
        if let Some(count) = self.synced.get_mut(at) {
            *count += records;
        }
    }

    /// An error unless the session is in this state.
    pub(crate) fn expect(&self, expected: SessionStatus) -> Result<(), Error> {
        if self.status == expected {
            Ok(())
        } else {
            Err(Error::WrongState { session: self.id, status: self.status, expected })
        }
    }

    /// Ends the session. Its progress is kept as it is, for the `types` types that there are now.
    pub(crate) fn end(&mut self, status: SessionStatus, now: Timestamp, types: usize) {
        self.status = status;
        self.ended_at = Some(now);
        self.synced.resize(types, 0);
    }
}
