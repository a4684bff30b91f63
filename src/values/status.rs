//! Where apps, sessions and tasks are in their lives, and what a task asks for.

use super::words::words;

/// Whether an app has ever completed a session ([SPEC 2](crate::spec#2-commands)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum ConfigurationStatus {
    /// Not yet.
    CheckingConfiguration,
    /// It has.
    Configured,
}

words!(ConfigurationStatus, "configuration status", "CHECKING_CONFIGURATION or CONFIGURED", {
    CheckingConfiguration = 0 "CHECKING_CONFIGURATION",
    Configured = 1 "CONFIGURED",
});

/// Where a session is in its life ([SPEC 1](crate::spec#1-nouns)).
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

words!(SessionStatus, "session status", "in_progress, completing, completed, error or abandoned", {
    InProgress = 0 "in_progress",
    Completing = 1 "completing",
    Completed = 2 "completed",
    Error = 3 "error",
    Abandoned = 4 "abandoned",
});

impl SessionStatus {
    /// Whether no step can follow.
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::InProgress | Self::Completing)
    }
}

/// What a connector is to do ([SPEC 6](crate::spec#6-tasks)).
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

words!(
    TaskAction,
    "task action",
    "create_account, update_account, delete_account, suspend_account, unsuspend_account or reset_password",
    {
        CreateAccount = 0 "create_account",
        UpdateAccount = 1 "update_account",
        DeleteAccount = 2 "delete_account",
        SuspendAccount = 3 "suspend_account",
        UnsuspendAccount = 4 "unsuspend_account",
        ResetPassword = 5 "reset_password",
    }
);

/// Where a task is in its life ([SPEC 6](crate::spec#6-tasks)).
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

words!(TaskStatus, "task status", "pending, scheduled, completed or failed", {
    Pending = 0 "pending",
    Scheduled = 1 "scheduled",
    Completed = 2 "completed",
    Failed = 3 "failed",
});

impl TaskStatus {
    /// Whether the task was resolved.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}
