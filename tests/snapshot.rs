//! Save and load, and bytes that were changed at random (SPEC 9). What was cut short or flipped is in
//! `corruption.rs`, what was forged with care in `forged/`.

use headcount::{Config, Engine, RestoreError, Snapshot};
use headcount_testing::generate::{Choices, config, open_session};
use headcount_testing::{busy, mutate, random, regression, small};
use proptest::prelude::*;
use serde_json::{Value, json};

fn restore(value: Value) -> Result<Engine, Box<dyn std::error::Error>> {
    let snapshot: Snapshot = serde_json::from_value(value)?;
    Ok(Engine::restore(config(), snapshot)?)
}

/// The saved history, of a few, that came to the most records.
fn a_rich_snapshot() -> Value {
    let saved = (0..120).map(|seed| mutate::saved(&random::bytes(seed, 2_400)));
    saved.max_by_key(records).expect("a snapshot")
}

fn busy_engine(history: &[u8]) -> Engine {
    let mut engine = Engine::new(Config::new());
    for (now, command) in busy::history(history) {
        let _ = engine.apply(now, &command);
    }
    engine
}

fn records(saved: &Value) -> usize {
    let apps = saved["apps"].as_array().expect("apps");
    let tables = apps.iter().flat_map(|app| app["tables"].as_array().expect("tables"));
    tables.map(|table| table.as_array().expect("rows").len()).sum()
}

#[test]
fn what_is_not_changed_loads() {
    let saved = a_rich_snapshot();
    assert!(records(&saved) >= 10, "a rich snapshot, not one of {} records", records(&saved));
    restore(saved).expect("an engine");
}

#[test]
fn a_snapshot_of_another_format_is_told_as_such() {
    let mut saved = a_rich_snapshot();
    saved["format"] = json!(99);
    let snapshot: Snapshot = serde_json::from_value(saved).expect("a snapshot");
    let error = Engine::restore(config(), snapshot).expect_err("another format");
    assert_eq!(error, RestoreError::UnknownFormat { found: 99, expected: 5 });
    assert_eq!(error.code(), "unknown_format");
}

#[test]
fn another_fact_that_could_be_is_found_by_the_digest() {
    let mut saved = a_rich_snapshot();
    saved["apps"][0]["app"]["name"] = json!("Another");
    let snapshot: Snapshot = serde_json::from_value(saved).expect("a snapshot");
    let error = Engine::restore(config(), snapshot).expect_err("another name");
    assert!(matches!(error, RestoreError::DigestMismatch { .. }), "{error}");
    assert_eq!(error.code(), "digest_mismatch");
}

/// Found by the fuzzer: the bound on what a snapshot may claim was also held against what came after.
#[test]
fn a_sequence_number_at_its_bound_loads_and_goes_on() {
    let mut saved = small::saved(&small::engine_with_an_account());
    saved["seq"] = json!(1_u64 << 60);
    let snapshot: Snapshot = serde_json::from_value(saved.clone()).expect("a snapshot");
    let Err(RestoreError::DigestMismatch { found, .. }) = Engine::restore(config(), snapshot) else {
        panic!("the digest tells");
    };
    let mut engine = restore(mutate::with_digest(saved, found)).expect("an engine");
    engine.create_app(small::NOW, small::app(9), "App", None).expect("an app");
    assert_eq!(engine.seq(), (1 << 60) + 1);
    engine.check_invariants().expect("every rule");
}

proptest! {
    #![proptest_config(regression::config(300))]

    /// Never a panic, and never an engine that breaks a rule, also when the digest was made to fit.
    #[test]
    fn a_changed_snapshot_gives_an_error_or_an_engine_that_keeps_every_rule(
        history in prop::collection::vec(any::<u8>(), 0..1_500),
        changes in prop::collection::vec(any::<u8>(), 4..16),
        after in prop::collection::vec(any::<u8>(), 400),
    ) {
        // Every other one of a history in which much is purged.
        let saved = if history.len() % 2 == 0 { mutate::saved(&history) } else { small::saved(&busy_engine(&history)) };
        let changed = mutate::change(saved, &changes);
        let Ok(snapshot) = serde_json::from_value::<Snapshot>(changed.clone()) else { return Ok(()) };
        let loaded = match Engine::restore(config(), snapshot) {
            Err(RestoreError::DigestMismatch { found, .. }) => restore(mutate::with_digest(changed, found)).ok(),
            other => other.ok(),
        };
        let Some(mut engine) = loaded else { return Ok(()) };
        let mut choices = Choices::new(&after);
        while !choices.is_used_up() {
            let (now, command) = choices.command(open_session(&engine));
            let _ = engine.apply(now, &command);
            prop_assert_eq!(engine.check_invariants(), Ok(()));
        }
    }

    #[test]
    fn any_bytes_give_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(snapshot) = postcard::from_bytes::<Snapshot>(&bytes) {
            let _ = Engine::restore(config(), snapshot);
        }
        let _ = serde_json::from_slice::<Snapshot>(&bytes).is_ok();
    }
}
