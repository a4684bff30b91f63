//! The bodies of the fuzz targets, so that tests on stable run them too.

use headcount::{Config, Engine, RestoreError, Snapshot};
use serde_json::Value;

use crate::model::Model;
use crate::{busy, compare, generate, mutate};

/// Random commands, the engine beside the model.
///
/// The first byte says how the others become a history: mostly refused commands under low limits, or mostly
/// accepted ones.
///
/// # Panics
/// If the two differ, or the engine does not load what it saved.
pub fn commands(bytes: &[u8]) {
    let Some((&how, rest)) = bytes.split_first() else { return };
    let (history, config) = match how % 2 {
        0 => (generate::history(rest), generate::config()),
        _ => (busy::history(rest), Config::new()),
    };
    let mut engine = Engine::new(config);
    let mut model = Model::new(*config.limits());
    for (now, command) in history {
        compare::step(&mut engine, &mut model, now, &command);
    }
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    let snapshot = postcard::from_bytes(&saved).expect("a snapshot");
    let loaded = Engine::restore(config.with_hash_key([1; 16]), snapshot).expect("an engine");
    assert_eq!(loaded.digest(), engine.digest());
}

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
            let (history, changes) = rest.split_at(rest.len() * 3 / 4);
            let changed = mutate::change(mutate::saved(history), changes);
            let read = |value: &Value| serde_json::from_value::<Snapshot>(value.clone()).ok();
            let refused = read(&changed).map(|snapshot| Engine::restore(generate::config(), snapshot));
            // What only the digest gives away is tried again with the digest that it should have had.
            if let Some(Err(RestoreError::DigestMismatch { found, .. })) = refused {
                restore(read(&mutate::with_digest(changed, found)), history);
            }
        }
    }
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
