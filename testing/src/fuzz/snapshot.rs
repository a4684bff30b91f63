//! Bytes as snapshots.

use headcount::{Change, Engine, RestoreError, Snapshot};
use serde_json::Value;

use crate::{generate, mutate, small};

/// Bytes as a snapshot: an error, or an engine that keeps every rule and goes on working.
///
/// The first byte says what the others are: a snapshot in JSON or postcard, or a history whose snapshot is
/// changed in some places. What only the digest gives away is tried again with the digest that it should have had, so
/// that the checks behind the digest are met too.
///
/// # Panics
/// If an engine that was loaded breaks a rule, or another one that is loaded from it does anything else.
pub fn snapshot(bytes: &[u8]) {
    let Some((&how, rest)) = bytes.split_first() else { return };
    match how % 4 {
        0 => load(|digest| in_postcard(rest, digest), rest),
        1 => load(|digest| in_json(rest, digest), rest),
        _ => {
            let (history, changed) = changed(rest);
            load(|digest| in_value(&changed, digest), history);
        }
    }
}

/// The snapshot that these bytes are, with its own digest or with this one.
fn in_postcard(bytes: &[u8], digest: Option<u128>) -> Option<Snapshot> {
    let Some(digest) = digest else { return postcard::from_bytes(bytes).ok() };
    let ((format, _), rest) = postcard::take_from_bytes::<(u32, [u64; 2])>(bytes).ok()?;
    let halves = [(digest >> 64) as u64, digest as u64];
    let head = postcard::to_allocvec(&(format, halves)).expect("numbers are written to bytes");
    postcard::from_bytes(&[&head, rest].concat()).ok()
}

fn in_json(bytes: &[u8], digest: Option<u128>) -> Option<Snapshot> {
    match digest {
        None => serde_json::from_slice(bytes).ok(),
        Some(_) => in_value(&serde_json::from_slice(bytes).ok()?, digest),
    }
}

fn in_value(snapshot: &Value, digest: Option<u128>) -> Option<Snapshot> {
    let with_digest = |digest| mutate::with_digest(snapshot.clone(), digest);
    serde_json::from_value(digest.map_or_else(|| snapshot.clone(), with_digest)).ok()
}

/// A history, and its snapshot with a few changes: the last bytes say which, those before them are the history.
pub(crate) fn changed(bytes: &[u8]) -> (&[u8], Value) {
    const CHANGES_BYTES: usize = 12;
    let (history, changes) = bytes.split_at(bytes.len().saturating_sub(CHANGES_BYTES));
    (history, mutate::change(mutate::saved(history), changes))
}

/// `read` gives the snapshot, with its own digest or with another one.
fn load(read: impl Fn(Option<u128>) -> Option<Snapshot>, commands: &[u8]) {
    let restore = |snapshot| Engine::restore(generate::config(), snapshot);
    let loaded = match read(None).map(restore) {
        Some(Err(RestoreError::DigestMismatch { found, .. })) => {
            let loaded = restore(read(Some(found)).expect("all else can be read, too"));
            assert!(!matches!(loaded, Err(RestoreError::DigestMismatch { .. })), "it is what was found");
            loaded
        }
        Some(loaded) => loaded,
        None => return,
    };
    if let Ok(engine) = loaded {
        go_on(engine, commands);
    }
}

/// An engine that was loaded behaves as one should, whatever comes next, and so does one that is loaded from it.
fn go_on(mut engine: Engine, commands: &[u8]) {
    engine.check_invariants().expect("every rule");
    let mut other = small::reload(&engine, generate::config().with_hash_key([3; 16]));
    let mut choices = generate::Choices::new(commands);
    while !choices.is_used_up() {
        let (now, command) = choices.command(generate::open_session(&engine));
        let reply = engine.apply(now, &command);
        engine.check_invariants().expect("every rule");
        assert_eq!(other.apply(now, &command), reply, "{command:?}");
        let changes = |engine: &Engine| engine.changes().map(Change::into_owned).collect::<Vec<_>>();
        assert_eq!(changes(&other), changes(&engine), "{command:?}");
    }
    assert_eq!(other.digest(), engine.digest());
}
