//! Each code, word and number that is promised.

use std::fmt::{Display, Write as _};

use headcount::{
    AccountStatus, Config, ConfigurationStatus, Engine, Error, ErrorKind, FaultCode, Field, Fields,
    GuardLimit, Kind, RestoreError, SessionStatus, TaskAction, TaskStatus,
};
use serde::Serialize;
use serde_json::json;

use super::hex;

/// A line for each: what it is, its word, its number if it has one, its form in postcard.
pub fn text() -> String {
    let mut text = String::new();
    for code in Error::CODES {
        writeln!(text, "error {code}").expect("a String takes all");
    }
    for error in restore_errors() {
        writeln!(text, "restore_error {}", error.code()).expect("a String takes all");
    }
    words(&mut text, "error_kind", ErrorKind::ALL, ErrorKind::number);
    words(&mut text, "fault", FaultCode::ALL, FaultCode::number);
    words(&mut text, "guard_limit", GuardLimit::ALL, GuardLimit::number);
    words(&mut text, "kind", Kind::ALL, Kind::number);
    words(&mut text, "account_status", AccountStatus::ALL, AccountStatus::number);
    words(&mut text, "configuration_status", ConfigurationStatus::ALL, ConfigurationStatus::number);
    words(&mut text, "session_status", SessionStatus::ALL, SessionStatus::number);
    words(&mut text, "task_action", TaskAction::ALL, TaskAction::number);
    words(&mut text, "task_status", TaskStatus::ALL, TaskStatus::number);
    words(&mut text, "field", Field::ALL, Field::number);
    for field in Field::ALL {
        let set: Fields = [*field].into_iter().collect();
        let json = serde_json::to_string(&set).expect("a set of fields is JSON");
        writeln!(text, "fields {field} {json}").expect("a String takes all");
    }
    text
}

fn words<T: Copy + Display + Serialize>(text: &mut String, what: &str, all: &[T], number: impl Fn(T) -> u8) {
    for &one in all {
        let bytes = postcard::to_allocvec(&one).expect("a word is written to bytes");
        let json = serde_json::to_string(&one).expect("a word is JSON");
        assert_eq!(json, format!("\"{one}\""), "serde writes the word of a {what}");
        writeln!(text, "{what} {one}, number {}, postcard {}", number(one), hex(&bytes))
            .expect("a String takes all");
    }
}

/// One of each: those of an empty engine's snapshot in which one value is changed.
fn restore_errors() -> [RestoreError; 3] {
    let engine = Engine::new(Config::new());
    [("format", json!(0)), ("seq", json!(u64::MAX)), ("digest", json!([0, 0]))].map(|(field, value)| {
        let mut saved = serde_json::to_value(engine.snapshot()).expect("a snapshot is a value");
        saved[field] = value;
        let snapshot = serde_json::from_value(saved).expect("a snapshot is read from a value");
        Engine::restore(Config::new(), snapshot).expect_err("no engine wrote this snapshot")
    })
}
