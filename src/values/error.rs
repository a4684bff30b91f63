//! What the caller did wrong, where, and what was expected.
//!
//! One enum for all commands: the methods and [`Engine::apply`](crate::Engine::apply) are one code
//! path, and hosts map [`Error::kind`] to their protocol.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::fault::{Fault, FaultCode};
use super::fingerprint::Fingerprint;
use super::guard::{Guard, GuardFigure, GuardLimit};
use super::id::{AppId, ResourceTypeId, SessionId, TaskId};
use super::kind::Kind;
use super::plan::Plan;
use super::quote::Quoted;
use super::status::{SessionStatus, TaskStatus};

/// Why a command was refused. The state is as it was before ([SPEC 2](crate::spec#2-commands),
/// [10.6](crate::spec#10-rules-that-always-hold)).
///
/// Where several reasons hold, the first of these is told: what the command is about was not found, an
/// argument is invalid, what an argument names was not found, and last a conflict, a wrong state or a
/// business rule ([SPEC 2](crate::spec#2-order-of-refusals)). Only a push and a repeat tell of a
/// session that is not in progress before they look at the page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are named in the messages")]
pub enum Error {
    /// There is no such app: it never was, or it was deleted. Also for a `clone_from`.
    #[error("no app {app_id}")]
    AppNotFound { app_id: AppId },
    /// The app's clone group has no type with this slug.
    #[error("no resource type {} in this app", Quoted(slug))]
    ResourceTypeNotFound { slug: String },
    /// The app does not keep such a session.
    #[error("no session {session_id} in this app")]
    SessionNotFound { session_id: SessionId },
    /// The app does not keep such a task.
    #[error("no task {task_id} in this app")]
    TaskNotFound { task_id: TaskId },

    /// An argument of a command is malformed.
    #[error("{field}: {code}: found {found}, expected {expected}")]
    InvalidArgument { field: Cow<'static, str>, code: FaultCode, found: String, expected: String },
    /// A page has more records than [`Limits::records_per_page_max`](crate::Limits::records_per_page_max).
    #[error("the page has {records} records, expected at most {records_max}")]
    PageTooLarge { records: u64, records_max: u32 },
    /// Records of a page have faults, so the page was refused whole
    /// ([SPEC 3.5](crate::spec#35-all-or-nothing)).
    #[error("{} in the page, the first: {}", Counted(*faults_total), First(faults))]
    PageFaults {
        /// In the order of records, up to [`Limits::faults_listed_max`](crate::Limits::faults_listed_max).
        faults: Vec<Fault>,
        /// All that there are, listed or not.
        faults_total: u64,
        /// Whether one of them, listed or not, is a malformed field; else all are against business rules.
        malformed: bool,
    },

    /// The id that the host gave to a new app names one already.
    #[error("the id {app_id} is in use by another app")]
    AppIdInUse { app_id: AppId },
    /// The id that the host gave to a new resource type names one already.
    #[error("the id {resource_type_id} is in use by another resource type")]
    ResourceTypeIdInUse { resource_type_id: ResourceTypeId },
    /// The id that the host gave to a new session names one already.
    #[error("the id {session_id} is in use by another session")]
    SessionIdInUse { session_id: SessionId },
    /// The id that the host gave to a new task names one already.
    #[error("the id {task_id} is in use by another task")]
    TaskIdInUse { task_id: TaskId },
    /// Another type of the clone group has this slug.
    #[error("the slug {} is taken by another resource type", Quoted(slug))]
    SlugTaken { slug: String },
    /// The kind of a type cannot change while an app of the clone group has records of it.
    #[error("the kind of resource type {} cannot change: app {app_id} has records of it", Quoted(slug))]
    ResourceTypeHasRecords { slug: String, app_id: AppId },
    /// Completing would take away more than the app's guard allows ([SPEC 4.8](crate::spec#48-guard)).
    #[error(
        "completing would deactivate {deactivations} of {base} records, more than the guard's {limit} of {}",
        GuardFigure(guard, *limit)
    )]
    GuardExceeded { limit: GuardLimit, deactivations: u64, base: u64, guard: Guard },
    /// The task has ended.
    #[error("the task {task_id} has ended: it is {status}")]
    TaskEnded { task_id: TaskId, status: TaskStatus },
    /// The page would add to a type that has no room for it
    /// ([`Limits::records_per_type_max`](crate::Limits::records_per_type_max),
    /// [`Limits::bytes_per_type_max`](crate::Limits::bytes_per_type_max)).
    #[error(
        "no room in resource type {}, expected at most {records_max} records of {bytes_max} bytes",
        Quoted(slug)
    )]
    ResourceTypeFull { slug: String, records_max: u32, bytes_max: u64 },

    /// The session is in a state in which this step cannot be taken.
    #[error("the session {session_id} is {status}, expected it to be {expected}")]
    WrongState { session_id: SessionId, status: SessionStatus, expected: SessionStatus },

    /// The page holds records of another kind than the type's.
    #[error("the resource type {} is of kind {expected}, found a page of kind {found}", Quoted(slug))]
    KindMismatch { slug: String, found: Kind, expected: Kind },
    /// The type is not in the session's scope.
    #[error("the resource type {} is not in the scope of session {session_id}", Quoted(slug))]
    OutOfScope { slug: String, session_id: SessionId },

    /// No page with this fingerprint is remembered of the type, as it was pushed: push the page itself
    /// ([SPEC 3.9](crate::spec#39-fingerprints)).
    #[error("no page {fingerprint} is remembered of resource type {}: push it", Quoted(slug))]
    PageMustBePushed { slug: String, fingerprint: Fingerprint },

    /// Completing would take away more of one type than the app's guard allows: of several the first in order of
    /// registration ([SPEC 4.8](crate::spec#48-guard)).
    #[error(
        "completing would deactivate {deactivations} of {base} records of resource type {}, more than the guard's \
         max_type_percent of {}",
        Quoted(slug),
        GuardFigure(guard, GuardLimit::MaxTypePercent)
    )]
    GuardExceededByType { slug: String, deactivations: u64, base: u64, guard: Guard },
    /// Types in scope of which there were records got no page, and the app's guard requires one of each; an empty one
    /// will do ([SPEC 4.8](crate::spec#48-guard)).
    #[error("the guard requires a page of each resource type, found none of {}", Slugs(slugs))]
    GuardExceededWithoutPages { slugs: Vec<String>, guard: Guard },
    /// The page would take more references from active accounts than the app's guard allows, those of the session's
    /// earlier pages counted in ([SPEC 4.8](crate::spec#48-guard)).
    #[error(
        "the page would bring the references that were taken to {removals} of {base}, more than the guard's {limit} \
         of {}",
        GuardFigure(guard, *limit)
    )]
    GuardExceededByRemovals { limit: GuardLimit, removals: u64, base: u64, guard: Guard },
    /// Completing the session would mark other records inactive than those of the plan
    /// ([SPEC 4.7](crate::spec#47-preview)).
    #[error(
        "the session {session_id} has the plan {found} by now, expected {expected}: look at its preview again"
    )]
    PlanChanged { session_id: SessionId, found: Plan, expected: Plan },

    /// The type has no record with this external id: it never had, or the record was purged or erased.
    #[error("no record {} of resource type {} in this app", Quoted(id), Quoted(slug))]
    RecordNotFound { slug: String, id: String },
    /// The record is active, or active accounts refer to it, or both: it is not erased
    /// ([SPEC 2](crate::spec#2-erase-record)).
    #[error(
        "the record {} of resource type {} is {}, expected it to be inactive and not referred to",
        Quoted(id),
        Quoted(slug),
        Used(*active, *referrers)
    )]
    RecordInUse {
        slug: String,
        id: String,
        active: bool,
        /// Active accounts that refer to it.
        referrers: u64,
    },
}

impl Error {
    /// The limit of the app's guard that was passed, if that is why.
    pub const fn guard_limit(&self) -> Option<GuardLimit> {
        match self {
            Self::GuardExceeded { limit, .. } | Self::GuardExceededByRemovals { limit, .. } => Some(*limit),
            Self::GuardExceededByType { .. } => Some(GuardLimit::MaxTypePercent),
            Self::GuardExceededWithoutPages { .. } => Some(GuardLimit::RequirePages),
            _ => None,
        }
    }
}

/// Gives each error its code and its kind, and lists them.
macro_rules! codes {
    ($($variant:ident $(| $other:ident)* $code:literal $kind:ident,)+) => {
        impl Error {
            /// Each code that there is.
            pub const CODES: &'static [&'static str] = &[$($code),+];

            /// A stable name for what is wrong: it never changes, nor comes to mean anything else. What differs in its
            /// figures alone has one code.
            pub const fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } $(| Self::$other { .. })* => $code,)+
                }
            }

            /// What sort of mistake it is, for a host to map to its protocol.
            pub const fn kind(&self) -> ErrorKind {
                match self {
                    // The one whose faults decide.
                    Self::PageFaults { malformed: false, .. } => ErrorKind::BusinessRule,
                    $(Self::$variant { .. } $(| Self::$other { .. })* => ErrorKind::$kind,)+
                }
            }
        }
    };
}

codes! {
    AppNotFound "app_not_found" NotFound,
    ResourceTypeNotFound "resource_type_not_found" NotFound,
    SessionNotFound "session_not_found" NotFound,
    TaskNotFound "task_not_found" NotFound,
    InvalidArgument "invalid_argument" Invalid,
    PageTooLarge "page_too_large" Invalid,
    PageFaults "page_faults" Invalid,
    AppIdInUse "app_id_in_use" Conflict,
    ResourceTypeIdInUse "resource_type_id_in_use" Conflict,
    SessionIdInUse "session_id_in_use" Conflict,
    TaskIdInUse "task_id_in_use" Conflict,
    SlugTaken "slug_taken" Conflict,
    ResourceTypeHasRecords "resource_type_has_records" Conflict,
    GuardExceeded | GuardExceededByType | GuardExceededWithoutPages | GuardExceededByRemovals "guard_exceeded" Conflict,
    TaskEnded "task_ended" Conflict,
    ResourceTypeFull "resource_type_full" Conflict,
    WrongState "wrong_state" WrongState,
    KindMismatch "kind_mismatch" BusinessRule,
    OutOfScope "out_of_scope" BusinessRule,
    PageMustBePushed "page_must_be_pushed" Conflict,
    PlanChanged "plan_changed" Conflict,
    RecordNotFound "record_not_found" NotFound,
    RecordInUse "record_in_use" Conflict,
}

/// The sorts of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ErrorKind {
    /// A thing that the command names does not exist (HTTP 404).
    NotFound,
    /// An argument or a record's field is malformed (HTTP 400).
    Invalid,
    /// The command contradicts what is on record (HTTP 409).
    Conflict,
    /// The session is not in the state that the step needs (HTTP 409; to a push 400).
    WrongState,
    /// The page is well-formed but breaks a rule (HTTP 422).
    BusinessRule,
}

super::words::words!(ErrorKind, "error kind", "a kind of an error", {
    NotFound = 0 "not_found",
    Invalid = 1 "invalid",
    Conflict = 2 "conflict",
    WrongState = 3 "wrong_state",
    BusinessRule = 4 "business_rule",
});

/// A count of faults, in words that agree.
struct Counted(u64);

impl core::fmt::Display for Counted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "fault" } else { "faults" })
    }
}

/// By what a record is in use: whether it is active, and how many active accounts refer to it.
struct Used(bool, u64);

impl core::fmt::Display for Used {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(active, referrers) = *self;
        let (activity, accounts) =
            (if active { "active" } else { "inactive" }, if referrers == 1 { "account" } else { "accounts" });
        write!(f, "{activity} and referred to by {referrers} active {accounts}")
    }
}

/// Slugs, with commas between.
struct Slugs<'a>(&'a [String]);

impl core::fmt::Display for Slugs<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (at, slug) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}", Quoted(slug))?;
        }
        Ok(())
    }
}

struct First<'a>(&'a [Fault]);

impl core::fmt::Display for First<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0.first() {
            Some(fault) => fault.fmt(f),
            None => f.write_str("not listed"),
        }
    }
}
