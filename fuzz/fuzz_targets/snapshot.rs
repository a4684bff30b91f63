//! Bytes as a snapshot: an error, or an engine that keeps every rule and goes on working. Never a panic.
//! `cargo fuzz run snapshot`.
//!
//! The first byte says what the others are: a snapshot in JSON or postcard, or a history whose snapshot is
//! changed in some places and then given its right digest, so that the checks behind the digest are met too.

#![no_main]

use headcount::{Engine, RestoreError, Snapshot};
use headcount_testing::{generate, mutate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&how, rest)) = bytes.split_first() else { return };
    match how % 4 {
        0 => restore(postcard::from_bytes(rest).ok(), rest),
        1 => restore(serde_json::from_slice(rest).ok(), rest),
        _ => {
            let (history, changes) = rest.split_at(rest.len() * 3 / 4);
            let saved = mutate::saved(history);
            let changed = mutate::change(saved, changes);
            let read = |value: &serde_json::Value| serde_json::from_value::<Snapshot>(value.clone()).ok();
            let refused = read(&changed).map(|snapshot| Engine::restore(generate::config(), snapshot));
            // What only the digest gives away is tried again with the digest that it should have had.
            if let Some(Err(RestoreError::DigestMismatch { found, .. })) = refused {
                restore(read(&mutate::with_digest(changed, found)), history);
            }
        }
    }
});

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
