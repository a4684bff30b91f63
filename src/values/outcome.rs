//! What commands answer.

use alloc::vec::Vec;

use super::fault::Fault;
use super::status::SessionStatus;

/// What a command answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reply {
    /// It is done, and there is nothing to tell.
    Done,
    /// To [`Command::PushPage`](crate::Command::PushPage), [`Command::RepeatPage`](crate::Command::RepeatPage) and
    /// [`Command::UpsertRecords`](crate::Command::UpsertRecords).
    Page(PageOutcome),
    /// To [`Command::CompleteSession`](crate::Command::CompleteSession): the session's status,
    /// completing or completed.
    Completion(SessionStatus),
    /// To [`Command::RunCleanup`](crate::Command::RunCleanup).
    Cleanup(CleanupOutcome),
    /// To [`Command::PurgeInactive`](crate::Command::PurgeInactive) and
    /// [`Command::EraseRecord`](crate::Command::EraseRecord).
    Purge(PurgeOutcome),
    /// To [`Command::ExpireSessions`](crate::Command::ExpireSessions).
    Expiry(ExpiryOutcome),
    /// To [`Command::PushLenientPage`](crate::Command::PushLenientPage).
    LenientPage(LenientOutcome),
    /// To [`Command::DeactivateRecords`](crate::Command::DeactivateRecords).
    Deactivation(DeactivationOutcome),
}

/// What a page did ([SPEC 3.8](crate::spec#38-reply)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub struct PageOutcome {
    /// Records in the page: `created + updated`, those that a lenient page [rejected](LenientOutcome::rejected), and
    /// those of [`settled`](Self::settled) ids that it passed over.
    pub total: u32,
    /// Records whose id the type did not have.
    pub created: u32,
    /// All the others; `filled`, `reactivated`, `unchanged` and settled records are parts of it.
    pub updated: u32,
    /// Placeholders that got their own record.
    pub filled: u32,
    /// Records that had been inactive and full.
    pub reactivated: u32,
    /// Records that were active, full, and equal in all fields and references.
    pub unchanged: u32,
    /// Placeholders that references of the page made, or woke from being inactive. (How many placeholders there
    /// are: [`RecordCounts::placeholders`](crate::RecordCounts::placeholders).)
    pub placeholders: u32,
    /// Records that a delta settled in the session, which the page left as they are; and records of ids that one
    /// settled, which it passed over: these alone are neither created nor updated ([SPEC 3a.3](crate::spec#3a3-settled)).
    pub settled: u32,
}

/// What a lenient page did ([SPEC 3.8](crate::spec#38-reply)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub struct LenientOutcome {
    /// What its records without a fault did. Its total has all records: `created + updated + rejected`.
    pub page: PageOutcome,
    /// Records with a fault: they changed nothing.
    pub rejected: u32,
    /// Of the rejected: those whose record, on record, the session retains. Its cleanup will not mark it inactive.
    pub retained: u32,
    /// The faults of the rejected records, in the order of records, up to
    /// [`Limits::faults_listed_max`](crate::Limits::faults_listed_max).
    pub faults: Vec<Fault>,
    /// All that there are, listed or not.
    pub faults_total: u64,
}

impl From<PageOutcome> for LenientOutcome {
    /// What a lenient page does of which no record has a fault: it is as good as a strict one. So this is what a page
    /// that was [repeated](crate::Engine::repeat_page) would have answered.
    fn from(page: PageOutcome) -> Self {
        Self { page, ..Self::default() }
    }
}

/// What one step of a cleanup did ([SPEC 4.1](crate::spec#41-completing-in-steps)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub struct CleanupOutcome {
    /// Records that this step marked inactive, placeholders too.
    pub deactivated: u64,
    /// Completing if there may be more to do, completed if this was the last step.
    pub status: SessionStatus,
}

/// What a purge or an erasure removed ([SPEC 2](crate::spec#2-commands)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub struct PurgeOutcome {
    /// Records removed, of all types.
    pub purged: u64,
    /// References that inactive accounts which stay held to them.
    pub references: u64,
}

/// What an expiry ended ([SPEC 2](crate::spec#2-expire-sessions)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub struct ExpiryOutcome {
    /// Sessions that expired, of all apps.
    pub expired: u64,
}

/// What the deactivation of some ids did ([SPEC 3a.2](crate::spec#3a2-deactivate-records)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub struct DeactivationOutcome {
    /// Ids that were given: `deactivated + unchanged + unknown`.
    pub total: u32,
    /// Records that became inactive.
    pub deactivated: u32,
    /// Records that were inactive, among them those that were given before, and placeholders.
    pub unchanged: u32,
    /// Ids that are not on record, each time they were given.
    pub unknown: u32,
}

/// Sums over a session's pages, and what its cleanup did
/// ([SPEC 5](crate::spec#5-progress-and-history)). A page that is pushed twice counts twice: how far a session came
/// tells [`synced_count`](crate::TypeProgress::synced_count).
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
    /// Records of lenient pages that had a fault.
    pub rejected: u64,
    /// Records that a delta had settled, and records of settled ids.
    pub settled: u64,
}
