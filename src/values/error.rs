//! What the caller did wrong, where, and what was expected.
//!
//! One enum for all commands: the methods and [`Engine::apply`](crate::Engine::apply) are one code
//! path, and hosts map [`Error::kind`] to their protocol. A command that returned an error changed
//! nothing (SPEC 2, SPEC 10.6).

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use crate::state::session::SessionStatus;
use crate::state::task::TaskStatus;
use crate::values::command::Guard;
use crate::values::id::{AppId, ResourceTypeId, SessionId, TaskId};
use crate::values::record::Kind;

/// How many characters of a text that was refused an error repeats.
const FOUND_CHARS_MAX: usize = 64;

/// Why a command was refused. The state is as it was before.
///
/// Where several reasons hold, the first of these is told: something was not found, an argument is
/// invalid, and last a conflict, a wrong state or a business rule. Only a push tells of a session that
/// is not in progress before it looks at the page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are named in the messages")]
pub enum Error {
    /// There is no such app: it never was, or it was deleted. Also for a `clone_from`.
    #[error("there is no app {app}")]
    AppNotFound { app: AppId },
    /// The app's clone group has no type with this slug.
    #[error("there is no resource type with the slug {slug:?} in the app's clone group")]
    ResourceTypeNotFound { slug: String },
    /// The app does not remember such a session.
    #[error("the app has no session {session}")]
    SessionNotFound { session: SessionId },
    /// The app has no such task.
    #[error("the app has no task {task}")]
    TaskNotFound { task: TaskId },

    /// An argument of a command is malformed.
    #[error("{field}: {code}: found {found}, expected {expected}")]
    InvalidArgument { field: Cow<'static, str>, code: FaultCode, found: String, expected: String },
    /// A page has more records than [`Limits::records_per_page_max`](crate::Limits::records_per_page_max).
    #[error("the page has {records} records, expected at most {records_max}")]
    PageTooLarge { records: u64, records_max: u32 },
    /// Records of a page have faults, so the page was refused whole (SPEC 3.5).
    #[error("{faults_total} faults in the page, first {first}", first = First(faults))]
    PageFaults {
        /// In the order of records, up to [`Limits::faults_listed_max`](crate::Limits::faults_listed_max).
        faults: Vec<Fault>,
        /// All that there are, listed or not.
        faults_total: u64,
        /// Whether one of them, listed or not, is a malformed field; else all are against business rules.
        malformed: bool,
    },

    /// The id that the host gave to a new app names one already.
    #[error("the id {app} is in use by another app")]
    AppIdInUse { app: AppId },
    /// The id that the host gave to a new resource type names one already.
    #[error("the id {id} is in use by another resource type")]
    ResourceTypeIdInUse { id: ResourceTypeId },
    /// The id that the host gave to a new session names one already.
    #[error("the id {session} is in use by another session")]
    SessionIdInUse { session: SessionId },
    /// The id that the host gave to a new task names one already.
    #[error("the id {task} is in use by another task")]
    TaskIdInUse { task: TaskId },
    /// Another type of the clone group has this slug.
    #[error("the slug {slug:?} is taken in the app's clone group")]
    SlugTaken { slug: String },
    /// The kind of a type cannot change while an app of the clone group has records of it.
    #[error("the kind of {slug:?} cannot change: app {app} has records of it")]
    ResourceTypeHasRecords { slug: String, app: AppId },
    /// Completing would mark more records inactive than the app's guard allows (SPEC 4.8).
    #[error(
        "completing would deactivate {deactivations} of {base} records, expected at most {limit}",
        limit = GuardLimit(guard)
    )]
    GuardExceeded { deactivations: u64, base: u64, guard: Guard },
    /// The task has ended.
    #[error("the task {task} has ended: it is {status}")]
    TaskEnded { task: TaskId, status: TaskStatus },
    /// The type has no room for the records of the page
    /// ([`Limits::records_per_type_max`](crate::Limits::records_per_type_max), or 32 GiB of records).
    #[error("the resource type {slug:?} has no room for more than {records_max} records")]
    ResourceTypeFull { slug: String, records_max: u32 },

    /// The session is in a state in which this step cannot be taken.
    #[error("the session {session} is {status}, expected it to be {expected}")]
    WrongState { session: SessionId, status: SessionStatus, expected: SessionStatus },

    /// The page holds records of another kind than the type's.
    #[error("the resource type {slug:?} is of kind {expected}, found a page of kind {found}")]
    KindMismatch { slug: String, found: Kind, expected: Kind },
    /// The type is not in the session's scope.
    #[error("the resource type {slug:?} is not in the scope of the session {session}")]
    OutOfScope { slug: String, session: SessionId },
}

impl Error {
    /// A stable name for the variant: it never changes, nor comes to mean anything else.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AppNotFound { .. } => "app_not_found",
            Self::ResourceTypeNotFound { .. } => "resource_type_not_found",
            Self::SessionNotFound { .. } => "session_not_found",
            Self::TaskNotFound { .. } => "task_not_found",
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::PageTooLarge { .. } => "page_too_large",
            Self::PageFaults { .. } => "page_faults",
            Self::AppIdInUse { .. } => "app_id_in_use",
            Self::ResourceTypeIdInUse { .. } => "resource_type_id_in_use",
            Self::SessionIdInUse { .. } => "session_id_in_use",
            Self::TaskIdInUse { .. } => "task_id_in_use",
            Self::SlugTaken { .. } => "slug_taken",
            Self::ResourceTypeHasRecords { .. } => "resource_type_has_records",
            Self::GuardExceeded { .. } => "guard_exceeded",
            Self::TaskEnded { .. } => "task_ended",
            Self::ResourceTypeFull { .. } => "resource_type_full",
            Self::WrongState { .. } => "wrong_state",
            Self::KindMismatch { .. } => "kind_mismatch",
            Self::OutOfScope { .. } => "out_of_scope",
        }
    }

    /// What sort of mistake it is, for a host to map to its protocol.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::AppNotFound { .. }
            | Self::ResourceTypeNotFound { .. }
            | Self::SessionNotFound { .. }
            | Self::TaskNotFound { .. } => ErrorKind::NotFound,
            Self::InvalidArgument { .. } | Self::PageTooLarge { .. } => ErrorKind::Invalid,
            Self::PageFaults { malformed, .. } => {
                if *malformed {
                    ErrorKind::Invalid
                } else {
                    ErrorKind::BusinessRule
                }
            }
            Self::AppIdInUse { .. }
            | Self::ResourceTypeIdInUse { .. }
            | Self::SessionIdInUse { .. }
            | Self::TaskIdInUse { .. }
            | Self::SlugTaken { .. }
            | Self::ResourceTypeHasRecords { .. }
            | Self::GuardExceeded { .. }
            | Self::TaskEnded { .. }
            | Self::ResourceTypeFull { .. } => ErrorKind::Conflict,
            Self::WrongState { .. } => ErrorKind::WrongState,
            Self::KindMismatch { .. } | Self::OutOfScope { .. } => ErrorKind::BusinessRule,
        }
    }
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

/// One thing that is wrong with one record of a page (SPEC 3.5).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[error("record {index} (id {id:?}): {field}: {code}: found {found}, expected {expected}")]
pub struct Fault {
    /// The record's place in the page, from 0.
    pub index: u32,
    /// The record's id, shortened to 64 characters; empty if it has none.
    pub id: String,
    /// The path of the field in the record, such as `memberships.team[0].id`.
    pub field: String,
    /// What is wrong with it.
    pub code: FaultCode,
    /// What was there, shortened to 64 characters.
    pub found: String,
    /// What should have been.
    pub expected: String,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FaultCode {
    /// It is absent, null or empty, and must not be. An account without email and username has this
    /// on `email`.
    Required,
    /// It is longer than its limit.
    TooLong,
    /// It holds a NUL.
    Nul,
    /// It is no email address: one `@` with something on both sides, no whitespace or control characters.
    InvalidEmail,
    /// It is none of `active`, `inactive`, `suspended`.
    InvalidStatus,
    /// It holds a character that no slug has.
    InvalidSlug,
    /// A number is outside its range.
    OutOfRange,
    /// The account has more references than an account may have.
    TooManyReferences,
    /// An earlier record of the page has the same id (a business rule).
    DuplicateId,
    /// It is no slug of the app's clone group (a business rule).
    UnknownResourceType,
    /// It is the slug of a type of another kind than the map asks for (a business rule).
    WrongKind,
}

impl FaultCode {
    /// A stable name, the one that serde writes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong => "too_long",
            Self::Nul => "nul",
            Self::InvalidEmail => "invalid_email",
            Self::InvalidStatus => "invalid_status",
            Self::InvalidSlug => "invalid_slug",
            Self::OutOfRange => "out_of_range",
            Self::TooManyReferences => "too_many_references",
            Self::DuplicateId => "duplicate_id",
            Self::UnknownResourceType => "unknown_resource_type",
            Self::WrongKind => "wrong_kind",
        }
    }

    /// Whether the field is malformed (HTTP 400), rather than against a business rule (HTTP 422).
    pub const fn is_malformed(self) -> bool {
        !matches!(self, Self::DuplicateId | Self::UnknownResourceType | Self::WrongKind)
    }
}

impl core::fmt::Display for FaultCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text, if it is short, or its beginning: an error must not be a way to store what was refused.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(FOUND_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => {
            let mut short = text.get(..end).unwrap_or_default().to_owned();
            short.push('…');
            short
        }
    }
}

struct First<'a>(&'a [Fault]);

impl core::fmt::Display for First<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0.first() {
            Some(fault) => fault.fmt(f),
            None => f.write_str("none listed"),
        }
    }
}

struct GuardLimit<'a>(&'a Guard);

impl core::fmt::Display for GuardLimit<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match (self.0.max_count, self.0.max_percent) {
            (Some(count), Some(percent)) => write!(f, "{count} and {percent} %"),
            (Some(count), None) => write!(f, "{count}"),
            (None, Some(percent)) => write!(f, "{percent} %"),
            (None, None) => f.write_str("all"),
        }
    }
}
