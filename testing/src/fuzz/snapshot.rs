//! Bytes as snapshots.

use headcount::{Engine, RestoreError, Snapshot};
use serde_json::Value;

use crate::{generate, mutate};

/// Bytes as a snapshot: an error, or an engine that keeps every rule and goes on working.
///
/// The first byte says what the others are: a snapshot in JSON or postcard, or a history whose snapshot is
/// changed in some places and then given its right digest, so that the checks behind the digest are met too.
///
/// # Panics
/// If an engine that was loaded breaks a rule.
pub fn snapshot(bytes: &[u8]) {
    let Some((&how, rest)) = bytes.split_first() else { return };
    match how % 4 {
        0 => restore(postcard::from_bytes(rest).ok(), rest),
        1 => restore(serde_json::from_slice(rest).ok(), rest),
        _ => {
            let (history, changed) = changed(rest);
            let read = |value: &Value| serde_json::from_value::<Snapshot>(value.clone()).ok();
            let refused = read(&changed).map(|snapshot| Engine::restore(generate::config(), snapshot));
            // What only the digest gives away is tried again with the digest that it should have had.
            if let Some(Err(RestoreError::DigestMismatch { found, .. })) = refused {
                restore(read(&mutate::with_digest(changed, found)), history);
            }
        }
    }
}

/// A history, and its snapshot with a few changes: the last bytes say which, those before them are the history.
pub(crate) fn changed(bytes: &[u8]) -> (&[u8], Value) {
    const CHANGES_BYTES: usize = 12;
    let (history, changes) = bytes.split_at(bytes.len().saturating_sub(CHANGES_BYTES));
    (history, mutate::change(mutate::saved(history), changes))
}

/// An engine that was loaded behaves as one should, whatever comes next.
fn restore(snapshot: Option<Snapshot>, commands: &[u8]) {
    let Some(Ok(mut engine)) = snapshot.map(|snapshot| Engine::restore(generate::config(), snapshot)) else {
        return;
    };
    let mut choices = generate::Choices::new(commands);
    while !choices.is_used_up() {
        let (now, command) = choices.command(generate::open_session(&engine));
        let _ = engine.apply(now, &command);
        engine.check_invariants().expect("every rule");
    }
}
