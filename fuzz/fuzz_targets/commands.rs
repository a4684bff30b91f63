//! Random commands, the engine beside the reference model: `cargo fuzz run commands`.

#![no_main]

use headcount::Engine;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/compare.rs"]
mod compare;
#[path = "../../tests/support/generate.rs"]
mod generate;
#[path = "../../tests/support/model/mod.rs"]
mod model;

fuzz_target!(|bytes: &[u8]| {
    let mut engine = Engine::new(generate::config());
    let mut model = model::Model::new(generate::limits());
    for (now, command) in generate::history(bytes) {
        compare::step(&mut engine, &mut model, now, &command);
    }
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    let snapshot = postcard::from_bytes(&saved).expect("a snapshot");
    let loaded = Engine::restore(generate::config().with_hash_key([1; 16]), snapshot).expect("an engine");
    assert_eq!(loaded.digest(), engine.digest());
});
