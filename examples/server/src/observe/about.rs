//! What a command is about, as far as log and figures tell of it.

use headcount::{AppId, Command, SessionId};

/// A step that a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A page of a session, or a delta, and how it comes.
    Page(&'static str),
    /// Records that a delta marks inactive.
    Deactivate,
    /// A session is opened.
    Start,
    /// A session is completed, by force or not.
    Complete {
        /// Whether that waives the guard.
        is_forced: bool,
    },
    /// A cleanup goes on.
    Cleanup,
    /// Idle sessions expire.
    Expire,
    /// Any other step of a session, by its word.
    Session(&'static str),
    /// An app is deleted.
    DeleteApp,
    /// What is told of only by its answer.
    Other,
}

/// A command without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What it does.
    pub step: Step,
    /// To which app.
    pub app_id: Option<AppId>,
    /// To which session of it.
    pub session_id: Option<SessionId>,
}

impl About {
    /// Of this command.
    pub fn of(command: &Command<'_>) -> Self {
        let (step, session_id) = match command {
            Command::PushPage { session_id, .. } => (Step::Page("strict"), Some(*session_id)),
            Command::PushLenientPage { session_id, .. } => (Step::Page("lenient"), Some(*session_id)),
            Command::RepeatPage { session_id, .. } => (Step::Page("repeated"), Some(*session_id)),
            Command::UpsertRecords { .. } => (Step::Page("delta"), None),
            Command::DeactivateRecords { .. } => (Step::Deactivate, None),
            Command::StartSession { session_id, .. } => (Step::Start, Some(*session_id)),
            Command::CompleteSession { session_id, completion, .. } => {
                (Step::Complete { is_forced: completion.force }, Some(*session_id))
            }
            Command::RunCleanup { session_id, .. } => (Step::Cleanup, Some(*session_id)),
            Command::ExpireSessions { .. } => (Step::Expire, None),
            Command::AbandonSession { session_id, .. } => (Step::Session("abandon"), Some(*session_id)),
            Command::FailSession { session_id, .. } => (Step::Session("fail"), Some(*session_id)),
            Command::ExcludeTypes { session_id, .. } => (Step::Session("exclude"), Some(*session_id)),
            Command::WaiveGuard { session_id, .. } => (Step::Session("waive-guard"), Some(*session_id)),
            Command::SaveCheckpoint { session_id, .. } => (Step::Session("checkpoint"), Some(*session_id)),
            Command::DeleteApp { .. } => (Step::DeleteApp, None),
            _ => (Step::Other, None),
        };
        Self { step, app_id: command.app_id(), session_id }
    }
}

impl Step {
    /// How pages come: strict, lenient, repeated by their fingerprints, or as deltas.
    pub const PAGES: [&'static str; 4] = ["strict", "lenient", "repeated", "delta"];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page(_) => "page",
            Self::Deactivate => "deactivate",
            Self::Start => "start",
            Self::Complete { .. } => "complete",
            Self::Cleanup => "cleanup",
            Self::Expire => "expire",
            Self::Session(word) => word,
            Self::DeleteApp => "delete",
            Self::Other => "other",
        }
    }
}
