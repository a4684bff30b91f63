//! Holds forged snapshots against the rule that they break, and keeps the words in which each was refused.

use std::cell::RefCell;

use headcount::{BrokenInvariant, Config, Engine, RestoreError, Snapshot};
use serde_json::Value;

thread_local! {
    static WORDS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The words of all refusals in there.
pub(crate) fn words_of(forge: impl FnOnce()) -> Vec<String> {
    WORDS.take();
    forge();
    WORDS.take()
}

/// The same, once it was heard.
pub(crate) fn heard<T, E: std::fmt::Display>(loaded: Result<T, E>) -> Result<T, E> {
    if let Err(refused) = &loaded {
        let words = refused.to_string();
        // Where a parser stopped is not what was wrong.
        let words = words.split(" at line ").next().expect("a first part").to_owned();
        WORDS.with_borrow_mut(|all| all.push(words));
    }
    loaded
}

/// What is read of a saved state.
pub(crate) fn read(saved: Value) -> Result<Snapshot, serde_json::Error> {
    heard(serde_json::from_value(saved))
}

/// The engine that a saved state is loaded as.
pub(crate) fn restore(saved: Value) -> Result<Engine, RestoreError> {
    heard(Engine::restore(Config::new(), read(saved).expect("a snapshot")))
}

/// The rule that a snapshot is refused for.
pub(crate) fn broken_rule(saved: Value, what: &str) -> &'static str {
    match restore(saved) {
        Err(RestoreError::Broken(BrokenInvariant { rule, .. })) => rule,
        other => panic!("{what}: {other:?}"),
    }
}

/// The snapshot is refused for this rule with this value in the place of what is there.
pub(crate) fn assert_refused(saved: &Value, rule: &str, path: &str, value: Value) {
    let what = format!("{path}: {value}");
    let mut forged = saved.clone();
    let place = forged.pointer_mut(path).unwrap_or_else(|| panic!("no {path}"));
    assert_ne!(*place, value, "{path} is not changed");
    *place = value;
    assert_eq!(broken_rule(forged, &what), rule, "{what}");
}
