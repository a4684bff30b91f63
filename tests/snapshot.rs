//! Save and load, and bytes that no engine could have written (SPEC 9).

use headcount::{BrokenInvariant, Engine, NewResourceType, ReferenceList, RestoreError, Snapshot};
use headcount_testing::generate::{Choices, config, open_session};
use headcount_testing::{mutate, random, regression};
use proptest::prelude::*;
use serde_json::{Value, json};

fn restore(value: Value) -> Result<Engine, Box<dyn std::error::Error>> {
    let snapshot: Snapshot = serde_json::from_value(value)?;
    Ok(Engine::restore(config(), snapshot)?)
}

/// The saved history, of a few, that came to the most records.
fn a_rich_snapshot() -> Value {
    let saved = (0..40).map(|seed| mutate::saved(&random::bytes(seed, 2_400)));
    saved.max_by_key(records).expect("a snapshot")
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
    assert_eq!(error, RestoreError::UnknownFormat { found: 99, expected: 2 });
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

/// One account that refers to one placeholder, saved while its session is open.
fn a_small_snapshot() -> Value {
    use headcount::{Account, AppId, Command, Kind, Page, ResourceTypeId, Scope, SessionId, Timestamp, Uuid};
    let mut engine = Engine::new(config());
    let (app, session) = (AppId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(1)));
    let register = |id, slug: &'static str, kind| {
        let id = ResourceTypeId(Uuid::from_u128(id));
        Command::RegisterResourceType {
            app_id: app,
            resource_type_id: id,
            new: NewResourceType { slug: slug.into(), name: "Type".into(), kind },
        }
    };
    let account = Account {
        id: "u1".into(),
        username: Some("a".into()),
        memberships: vec![ReferenceList::new("team", ["g1"])],
        ..Account::default()
    };
    for command in [
        Command::CreateApp { app_id: app, name: "App".into(), clone_from: None },
        register(1, "account", Kind::Account),
        register(2, "team", Kind::Group),
        Command::StartSession { app_id: app, session_id: session, scope: Scope::All },
        Command::PushPage {
            app_id: app,
            session_id: session,
            slug: "account".into(),
            page: Page::accounts([account]),
        },
    ] {
        let _ = engine.apply(Timestamp(0), &command).expect("a command");
    }
    serde_json::to_value(engine.snapshot()).expect("a value")
}

#[test]
fn what_no_engine_could_have_written_gives_the_rule_that_it_breaks() {
    restore(a_small_snapshot()).expect("an engine");
    let account = "/apps/0/tables/0/0";
    for (rule, path, value) in [
        ("7", "/seq", json!(u64::MAX)),
        ("10.1", "/groups/0/1/slug", json!("account")),
        ("3.3", "/groups/0/1/slug", json!("no slug")),
        ("2", "/groups/0/1/id", json!("00000000-0000-0000-0000-000000000001")),
        ("10.1", "/apps/0/group", json!(1)),
        ("3.3", "/apps/0/app/name", json!("")),
        ("4.8", "/apps/0/app/guard/max_percent", json!(101)),
        // Rows: flags, since, status, texts, references.
        ("1", account, json!([3, 0, "active", ["u1", "", "a", "", "", ""], [1, 1, 0]])),
        ("3.3", account, json!([5, 0, "active", ["", "", "a", "", "", ""], [1, 1, 0]])),
        ("3.3", account, json!([5, 0, "active", ["u1", "", "", "", "", ""], [1, 1, 0]])),
        ("10.3", account, json!([5, 0, "active", ["u1", "", "a", "", "", ""], [1, 1, 1]])),
        ("10.3", account, json!([5, 0, "active", ["u1", "", "a", "", "", ""], [0, 1, 0]])),
        ("3.4", account, json!([5, 0, "active", ["u1", "", "a", "", "", ""], [1, 2, 0, 0]])),
        ("4.2", account, json!([4, 0, "active", ["u1", "", "a", "", "", ""], [1, 1, 0]])),
        ("4.3", "/apps/0/tables/1/0", json!([2, 0, "active", ["g1", "", "", "", "", ""], []])),
        ("3.6", "/apps/0/tables/1/0", json!([3, 0, "active", ["g1", "", "d", "", "", ""], []])),
        ("3.3", "/apps/0/tables/1/0", json!([3, 0, "suspended", ["g1", "", "", "", "", ""], []])),
        ("10.3", "/apps/0/tables", json!([[], [], []])),
        ("10.5", "/apps/0/app/sessions/open/facts/counts/deactivated", json!(1)),
        ("10.8", "/apps/0/app/sessions/open/facts/counts/unchanged", json!(1)),
        ("5", "/apps/0/app/sessions/open/facts/counts/updated", json!(u64::MAX)),
        ("7", "/apps/0/app/sessions/open/facts/counts/placeholders", json!(100)),
        ("4.8", "/apps/0/app/sessions/open/facts/base", json!(u64::MAX)),
        ("4.5", "/apps/0/app/sessions/open/facts/scope", json!([1, 0])),
        ("4.5", "/apps/0/app/sessions/open/facts/scope", json!([2])),
        // What was seen is of a type that the session does not call the roll of.
        ("4.5", "/apps/0/app/sessions/open/facts/scope", json!([1])),
        ("4.6", "/apps/0/app/sessions/open/cursor", json!({"accounts_done": true, "type": 3, "row": 0})),
        // Fewer changes than what is on record took.
        ("7", "/seq", json!(6)),
    ] {
        let mut saved = a_small_snapshot();
        *saved.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = value;
        let snapshot: Snapshot =
            serde_json::from_value(saved).unwrap_or_else(|error| panic!("{path}: {error}"));
        match Engine::restore(config(), snapshot) {
            Err(RestoreError::Broken(BrokenInvariant { rule: found, .. })) => {
                assert_eq!(found, rule, "{path}")
            }
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn what_could_not_even_be_held_is_an_error_of_the_format() {
    let long = "a".repeat(70_000);
    for row in [
        json!([8, 0, "active", ["u1", "", "a", "", "", ""], []]),
        json!([1, 0, "active", ["u1", "", "a", "", "", ""], [1]]),
        json!([1, 0, "active", ["u1", "", "a", "", "", ""], [1, 0]]),
        json!([1, 0, "active", ["u1", "", "a", "", "", ""], [1, 9, 0]]),
        json!([1, 0, "active", ["u1", "", "a", "", "", ""], [1, 1, 0, 1, 1, 0]]),
        json!([1, 0, "active", ["u1", "", long, "", "", ""], []]),
    ] {
        let mut saved = a_small_snapshot();
        saved["apps"][0]["tables"][0][0] = row;
        assert!(serde_json::from_value::<Snapshot>(saved).is_err());
    }
}

/// Found by the fuzzer: the bound on what a snapshot may claim was also held against what came after.
#[test]
fn a_sequence_number_at_its_bound_loads_and_goes_on() {
    let mut saved = a_small_snapshot();
    saved["seq"] = json!(1_u64 << 60);
    let snapshot: Snapshot = serde_json::from_value(saved.clone()).expect("a snapshot");
    let Err(RestoreError::DigestMismatch { found, .. }) = Engine::restore(config(), snapshot) else {
        panic!("the digest tells");
    };
    let mut engine = restore(mutate::with_digest(saved, found)).expect("an engine");
    let app = headcount::AppId(headcount::Uuid::from_u128(9));
    engine.create_app(headcount::Timestamp(0), app, "App", None).expect("an app");
    assert_eq!(engine.seq(), (1 << 60) + 1);
    engine.check_invariants().expect("every rule");
}

#[test]
fn two_records_with_one_id_or_two_apps_with_one_id_are_found() {
    let mut saved = a_small_snapshot();
    let row = saved["apps"][0]["tables"][0][0].clone();
    saved["apps"][0]["tables"][0].as_array_mut().expect("rows").push(row);
    assert!(restore(saved).is_err());
    let mut saved = a_small_snapshot();
    let app = saved["apps"][0].clone();
    saved["apps"].as_array_mut().expect("apps").push(app);
    assert!(restore(saved).is_err());
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
        let changed = mutate::change(mutate::saved(&history), &changes);
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

/// Every bit of a snapshot, flipped: none goes unnoticed.
#[test]
fn a_flipped_bit_is_found() {
    let saved = postcard::to_allocvec(
        &{
            let snapshot: Snapshot = serde_json::from_value(a_small_snapshot()).expect("a snapshot");
            Engine::restore(config(), snapshot).expect("an engine")
        }
        .snapshot(),
    )
    .expect("bytes");
    for bit in 0..saved.len() * 8 {
        let mut flipped = saved.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let restored = postcard::from_bytes::<Snapshot>(&flipped)
            .ok()
            .map(|snapshot| Engine::restore(config(), snapshot));
        assert!(!matches!(restored, Some(Ok(_))), "bit {bit}");
    }
}
