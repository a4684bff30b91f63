//! What histories reach: facts, errors and faults, by the names that they have in JSON.

use std::collections::BTreeSet;
use std::fmt;

use headcount::{
    Command, Config, Engine, Error, Fact, FaultCode, GuardLimit, Reply, SessionStatus, Timestamp,
};
use serde::Deserialize;

/// The names of all variants of an enum, as serde has them: what it says when it is given another.
pub fn variants<T: Deserialize<'static>>() -> Vec<String> {
    let Err(error) = serde_json::from_str::<T>("\"no such variant\"") else { return Vec::new() };
    error.to_string().split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

/// Something that a step can come to, by the name that it has in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// A command that was carried out.
    Command(&'static str),
    /// A change.
    Fact(&'static str),
    /// An error, by its code.
    Error(&'static str),
    /// A fault of a record or of an argument.
    Fault(FaultCode),
    /// A limit of a guard that was passed.
    Guard(GuardLimit),
    /// A session with this status.
    Session(SessionStatus),
    /// A step that was refused since the session had this status.
    WrongState(SessionStatus),
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(name) => write!(f, "command {name}"),
            Self::Fact(name) => write!(f, "change {name}"),
            Self::Error(name) => write!(f, "error {name}"),
            Self::Fault(code) => write!(f, "fault {code}"),
            Self::Guard(limit) => write!(f, "guard {limit}"),
            Self::Session(status) => write!(f, "session {status}"),
            Self::WrongState(status) => write!(f, "wrong state {status}"),
        }
    }
}

/// All that there is to be reached.
pub fn all() -> BTreeSet<Reached> {
    let mut all = BTreeSet::new();
    all.extend(COMMANDS.iter().map(|name| Reached::Command(name)));
    all.extend(FACTS.iter().map(|name| Reached::Fact(name)));
    all.extend(Error::CODES.iter().map(|code| Reached::Error(code)));
    all.extend(FaultCode::ALL.iter().map(|code| Reached::Fault(*code)));
    all.extend(GuardLimit::ALL.iter().map(|limit| Reached::Guard(*limit)));
    all.extend(SessionStatus::ALL.iter().map(|status| Reached::Session(*status)));
    all.extend(SessionStatus::ALL.iter().map(|status| Reached::WrongState(*status)));
    all
}

/// What a step came to: its command if that was carried out, its error with the faults that are listed, its changes.
pub fn by_step(
    command: &Command<'_>,
    reply: &Result<Reply, Error>,
    facts: &[Fact<'_>],
    mut reached: impl FnMut(Reached),
) {
    match reply {
        Ok(Reply::LenientPage(outcome)) => {
            reached(Reached::Command(command_name(command)));
            outcome.faults.iter().for_each(|fault| reached(Reached::Fault(fault.code)));
        }
        Ok(_) => reached(Reached::Command(command_name(command))),
        Err(error) => by_error(error, &mut reached),
    }
    facts.iter().for_each(|fact| reached(Reached::Fact(fact_name(fact))));
}

fn by_error(error: &Error, reached: &mut impl FnMut(Reached)) {
    reached(Reached::Error(error.code()));
    if let Some(limit) = error.guard_limit() {
        reached(Reached::Guard(limit));
    }
    match error {
        Error::PageFaults { faults, .. } => {
            faults.iter().for_each(|fault| reached(Reached::Fault(fault.code)))
        }
        Error::InvalidArgument { code, .. } => reached(Reached::Fault(*code)),
        Error::WrongState { status, .. } => reached(Reached::WrongState(*status)),
        _ => {}
    }
}

/// The facts, the errors and the faults that a history comes to.
pub fn by_history(history: &[(Timestamp, Command<'_>)], config: Config) -> BTreeSet<String> {
    let mut engine = Engine::new(config);
    let mut names = BTreeSet::new();
    for (now, command) in history {
        let reply = engine.apply(*now, command);
        let facts: Vec<Fact<'_>> = engine.changes().map(|change| change.fact).collect();
        by_step(command, &reply, &facts, |reached| {
            names.extend(match reached {
                Reached::Fact(name) | Reached::Error(name) => Some(name.to_owned()),
                fault @ Reached::Fault(_) => Some(fault.to_string()),
                _ => None,
            });
        });
    }
    names
}

/// The names of the commands in a history.
pub fn commands(history: &[(Timestamp, Command<'_>)]) -> BTreeSet<String> {
    history.iter().map(|(_, command)| command_name(command).to_owned()).collect()
}

/// Gives each variant of an enum its name, and lists the names.
macro_rules! names {
    ($(#[$doc:meta])* $list:ident, $name:ident of $type:ident: $($variant:ident $text:literal,)+) => {
        $(#[$doc])*
        pub const $list: &[&str] = &[$($text),+];

        /// The name of its variant, as serde has it.
        pub fn $name(value: &$type<'_>) -> &'static str {
            match value {
                $($type::$variant { .. } => $text,)+
                other => unreachable!("a variant without a name here: {other:?}"),
            }
        }
    };
}

names! {
    /// The name of every command.
    COMMANDS, command_name of Command:
    CreateApp "create_app",
    UpdateApp "update_app",
    DeleteApp "delete_app",
    RegisterResourceType "register_resource_type",
    UpdateResourceType "update_resource_type",
    StartSession "start_session",
    PushPage "push_page",
    CompleteSession "complete_session",
    AbandonSession "abandon_session",
    FailSession "fail_session",
    RunCleanup "run_cleanup",
    CreateTask "create_task",
    ResolveTask "resolve_task",
    PurgeInactive "purge_inactive",
    RepeatPage "repeat_page",
    ExpireSessions "expire_sessions",
    SaveCheckpoint "save_checkpoint",
    ExcludeTypes "exclude_types",
    WaiveGuard "waive_guard",
    EraseRecord "erase_record",
    PushLenientPage "push_lenient_page",
    UpsertRecords "upsert_records",
    DeactivateRecords "deactivate_records",
}

names! {
    /// The name of every change.
    FACTS, fact_name of Fact:
    AppCreated "app_created",
    AppUpdated "app_updated",
    AppDeleted "app_deleted",
    ResourceTypeRegistered "resource_type_registered",
    ResourceTypeUpdated "resource_type_updated",
    SessionOpened "session_opened",
    SessionCompleting "session_completing",
    SessionEnded "session_ended",
    RecordCreated "record_created",
    RecordUpdated "record_updated",
    RecordDeactivated "record_deactivated",
    RecordReactivated "record_reactivated",
    RecordPurged "record_purged",
    PlaceholderMade "placeholder_made",
    PlaceholderNamed "placeholder_named",
    PlaceholderWoken "placeholder_woken",
    PlaceholderFilled "placeholder_filled",
    ReferenceAdded "reference_added",
    ReferenceRemoved "reference_removed",
    TaskCreated "task_created",
    TaskResolved "task_resolved",
    SessionChanged "session_changed",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_serde_and_none_is_missing() {
        assert_eq!(COMMANDS, variants::<Command<'_>>());
        assert_eq!(FACTS, variants::<Fact<'_>>());
    }
}
