//! Random commands, the engine beside the reference model: `cargo fuzz run commands`.

#![no_main]

use headcount::{Config, Engine};
use headcount_testing::{busy, compare, generate, model};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&how, rest)) = bytes.split_first() else { return };
    // Mostly refused commands under low limits, or mostly accepted ones.
    let (history, config) = match how % 2 {
        0 => (generate::history(rest), generate::config()),
        _ => (busy::history(rest), Config::new()),
    };
    let mut engine = Engine::new(config);
    let mut model = model::Model::new(*config.limits());
    for (now, command) in history {
        compare::step(&mut engine, &mut model, now, &command);
    }
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    let snapshot = postcard::from_bytes(&saved).expect("a snapshot");
    let loaded = Engine::restore(config.with_hash_key([1; 16]), snapshot).expect("an engine");
    assert_eq!(loaded.digest(), engine.digest());
});
