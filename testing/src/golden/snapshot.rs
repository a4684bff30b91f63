//! A golden snapshot, in both formats, and what must come of it.

use headcount::{Engine, Snapshot};
use serde::Deserialize;

use super::{Folder, Policy, broken, histories};
use crate::generate;

const LOADS: &str =
    "an old snapshot loads for ever: its layout has a number, and what is in it keeps its name and place";
const DIGEST: &str =
    "a state that was saved has the digest that it had; another byte stream has another name";
const SAVES: &str = "a layout has a number: what is saved differently, in the same state, has a new one";

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// An engine's state in the formats that are kept.
struct Saved {
    format: u32,
    postcard: Vec<u8>,
    json: String,
    digest: String,
}

fn save(engine: &Engine) -> Saved {
    let snapshot = engine.snapshot();
    let postcard = postcard::to_allocvec(&snapshot).expect("a snapshot is written to bytes");
    let json = serde_json::to_string_pretty(&snapshot).expect("a snapshot is JSON") + "\n";
    let Format { format } = serde_json::from_str(&json).expect("a snapshot has a format");
    let digest = format!("digest {:032x}\nseq {}\n", engine.digest(), engine.seq());
    Saved { format, postcard, json, digest }
}

/// Writes what is missing: the states at the end of [`histories`], in the newest layout.
///
/// # Errors
/// If it is there and another.
pub fn write(folder: &Folder) -> Result<(), String> {
    for journal in histories::all() {
        let saved = save(&journal.replayed());
        let stem = format!("snapshots/{}-{}", journal.name, saved.format);
        let pin = |ending: &str, bytes: &[u8], promise: &str| {
            folder.pin(&format!("{stem}.{ending}"), Policy::Frozen, bytes, |_| promise.to_owned())
        };
        pin("expected", saved.digest.as_bytes(), DIGEST)?;
        pin("json", saved.json.as_bytes(), SAVES)?;
        pin("postcard", &saved.postcard, SAVES)?;
    }
    Ok(())
}

/// Loads the snapshots with this name.
///
/// # Errors
/// The promise that is broken.
pub fn pin(folder: &Folder, name: &str) -> Result<(), String> {
    let file = |ending: &str| format!("snapshots/{name}.{ending}");
    let read =
        |ending: &str| folder.read(&file(ending))?.ok_or(format!("tests/golden/{} is missing", file(ending)));
    let unread = |ending: &str, error: &dyn ToString| {
        broken(&file(ending), &format!("\n  {}", error.to_string()), LOADS)
    };
    let (bytes, text) = (read("postcard")?, read("json")?);
    let from_json = serde_json::from_slice(&text).map_err(|error| unread("json", &error))?;
    let from_postcard = postcard::from_bytes(&bytes).map_err(|error| unread("postcard", &error))?;
    let Format { format } = serde_json::from_slice(&text).map_err(|error| unread("json", &error))?;
    for (ending, snapshot) in [("json", from_json), ("postcard", from_postcard)] {
        let snapshot: Snapshot = snapshot;
        // Limits that forbid much of what is in it: they apply to commands.
        let engine = Engine::restore(generate::config().with_hash_key([7; 16]), snapshot)
            .map_err(|error| unread(ending, &error))?;
        let saved = save(&engine);
        let pin = |ending: &str, came: &[u8], promise: &str| {
            folder.pin(&file(ending), Policy::Frozen, came, |_| promise.to_owned())
        };
        pin("expected", saved.digest.as_bytes(), DIGEST)?;
        // One of an older layout is saved in the newest.
        if saved.format == format {
            pin("json", saved.json.as_bytes(), SAVES)?;
            pin("postcard", &saved.postcard, SAVES)?;
        }
    }
    Ok(())
}
