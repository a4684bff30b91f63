//! Provisioning tasks: what a connector is to do, and what came of it (SPEC 6).

use alloc::string::String;

use crate::values::id::TaskId;
use crate::values::time::Timestamp;

/// What a connector is to do (SPEC 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[allow(missing_docs, reason = "the names say it")]
pub enum TaskAction {
    CreateAccount,
    UpdateAccount,
    DeleteAccount,
    SuspendAccount,
    UnsuspendAccount,
    ResetPassword,
}

impl TaskAction {
    /// `create_account` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateAccount => "create_account",
            Self::UpdateAccount => "update_account",
            Self::DeleteAccount => "delete_account",
            Self::SuspendAccount => "suspend_account",
            Self::UnsuspendAccount => "unsuspend_account",
            Self::ResetPassword => "reset_password",
        }
    }
}

impl core::fmt::Display for TaskAction {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum TaskStatus {
    /// To be carried out.
    Pending,
    /// To be carried out later: the reader's `now` is before its `execute_after`.
    Scheduled,
    /// Carried out.
    Completed,
    /// Not carried out, with a code and a message.
    Failed,
}

impl TaskStatus {
    /// `pending`, `scheduled`, `completed` or `failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

impl core::fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Ending {
    Completed { result: Option<String> },
    Failed { code: String, message: String },
}

/// One provisioning action of one app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Task {
    pub(crate) id: TaskId,
    pub(crate) action: TaskAction,
    /// The number of the resource type in the registry.
    pub(crate) table: u32,
    pub(crate) payload: Option<String>,
    pub(crate) execute_after: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) ending: Option<(Timestamp, Ending)>,
}

impl Task {
    /// The status that a reader at `now` sees. Nothing is stored about the reading.
    pub(crate) fn status(&self, now: Timestamp) -> TaskStatus {
        match &self.ending {
            Some((_, Ending::Completed { .. })) => TaskStatus::Completed,
            Some((_, Ending::Failed { .. })) => TaskStatus::Failed,
            None if self.execute_after.is_some_and(|due| now < due) => TaskStatus::Scheduled,
            None => TaskStatus::Pending,
        }
    }
}
