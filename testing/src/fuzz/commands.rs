//! Histories of commands.

use headcount::{Config, Engine};

use crate::model::Model;
use crate::{busy, compare, generate};

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
    let mut model = Model::new(&config);
    for (now, command) in history {
        compare::step(&mut engine, &mut model, now, &command);
    }
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    let snapshot = postcard::from_bytes(&saved).expect("a snapshot");
    let loaded = Engine::restore(config.with_hash_key([1; 16]), snapshot).expect("an engine");
    assert_eq!(loaded.digest(), engine.digest());
}
