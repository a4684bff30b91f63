//! What histories reach: facts, errors and faults, by the names that they have in JSON.

use std::collections::BTreeSet;

use headcount::{Command, Config, Engine, Error, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// The name of every fact.
pub const FACTS: &[&str] = &[
    "app_created",
    "app_updated",
    "app_deleted",
    "resource_type_registered",
    "resource_type_updated",
    "session_opened",
    "session_completing",
    "session_ended",
    "record_created",
    "record_updated",
    "record_deactivated",
    "record_reactivated",
    "record_purged",
    "placeholder_made",
    "placeholder_named",
    "placeholder_woken",
    "placeholder_filled",
    "reference_added",
    "reference_removed",
    "task_created",
    "task_resolved",
    "session_changed",
];

/// The code of every error that a history can come to.
pub const ERRORS: &[&str] = &[
    "app_not_found",
    "resource_type_not_found",
    "session_not_found",
    "task_not_found",
    "invalid_argument",
    "page_too_large",
    "page_faults",
    "app_id_in_use",
    "resource_type_id_in_use",
    "session_id_in_use",
    "task_id_in_use",
    "slug_taken",
    "task_ended",
    "resource_type_has_records",
    "guard_exceeded",
    "resource_type_full",
    "wrong_state",
    "kind_mismatch",
    "out_of_scope",
    "page_must_be_pushed",
    "plan_changed",
    "record_not_found",
    "record_in_use",
];

/// The names of all variants of an enum, as serde has them: what it says when it is given another.
pub fn variants<T: Deserialize<'static>>() -> Vec<String> {
    let Err(error) = serde_json::from_str::<T>("\"no such variant\"") else { return Vec::new() };
    error.to_string().split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

/// The names of the commands in a history.
pub fn commands(history: &[(Timestamp, Command<'_>)]) -> BTreeSet<String> {
    let value = |command| serde_json::to_value(command).expect("a command is written as a value");
    history.iter().filter_map(|(_, command)| name(&value(command))).collect()
}

/// The facts, the errors and the faults that a history comes to.
pub fn by_history(history: &[(Timestamp, Command<'_>)], config: Config) -> BTreeSet<String> {
    let mut engine = Engine::new(config);
    let mut reached = BTreeSet::new();
    for (now, command) in history {
        let reply = engine.apply(*now, command);
        for change in engine.changes() {
            reached.extend(name(&serde_json::to_value(&change.fact).expect("a fact is written as a value")));
        }
        let Err(error) = reply else { continue };
        reached.insert(error.code().to_owned());
        match error {
            Error::PageFaults { faults, .. } => {
                reached.extend(faults.iter().map(|fault| format!("fault {}", fault.code)));
            }
            Error::InvalidArgument { code, .. } => {
                reached.insert(format!("fault {code}"));
            }
            _ => {}
        }
    }
    reached
}

/// The name of the variant that a value was written from.
fn name(value: &Value) -> Option<String> {
    match value {
        Value::Object(fields) => fields.keys().next().cloned(),
        other => other.as_str().map(str::to_owned),
    }
}
