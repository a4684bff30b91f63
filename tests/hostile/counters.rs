//! Counters that stand as high as a snapshot may claim: they go on, and nothing overflows.

use headcount::{Config, Engine, Fingerprint, Page, RestoreError, Scope, Snapshot, Timestamp};
use headcount_testing::mutate;
use headcount_testing::small::{self, APP, NOW, SESSION, account, member, session};
use serde_json::{Value, json};

/// What a snapshot may claim of any count.
const MOST: u64 = 1 << 60;

fn restore(saved: Value) -> Result<Engine, RestoreError> {
    let snapshot: Snapshot = serde_json::from_value(saved).expect("a snapshot");
    Engine::restore(Config::new(), snapshot)
}

/// The engine of a snapshot whose digest is made to fit.
fn restored(saved: Value) -> Engine {
    match restore(saved.clone()) {
        Err(RestoreError::DigestMismatch { found, .. }) => {
            restore(mutate::with_digest(saved, found)).expect("an engine")
        }
        other => panic!("{other:?}"),
    }
}

/// An engine whose open session counted as much as it may.
fn at_the_most() -> Engine {
    let mut engine = small::engine(Config::new());
    let page = Page::accounts([member("u1", ["g1"]), account("u2")]).with_fingerprint(Fingerprint(1));
    let _ = small::push(&mut engine, &page).expect("a page");
    let mut saved = small::saved(&engine);
    saved["seq"] = json!(MOST);
    let counts = &mut saved["apps"][0]["app"]["sessions"]["open"]["facts"]["counts"];
    for count in ["updated", "unchanged", "references_removed"] {
        counts[count] = json!(MOST);
    }
    for count in ["created", "placeholders", "references_added"] {
        counts[count] = json!(0);
    }
    let progress = &mut saved["sessions"][0];
    for count in ["rejected", "settled"] {
        progress[count] = json!(MOST);
    }
    progress["types"][0]["pages"] = json!(MOST);
    progress["types"][0]["removals"] = json!(MOST);
    restored(saved)
}

#[test]
fn counts_at_the_most_that_a_snapshot_may_claim_go_on() {
    let mut engine = at_the_most();
    let _ = small::push(&mut engine, &Page::accounts([member("u1", ["g2"]), account("u3")])).expect("a page");
    let nameless = headcount::Account { username: None, ..account("u2") };
    let _ = small::push_leniently_in(&mut engine, SESSION, &Page::accounts([nameless])).expect("a page");
    let _ = engine.deactivate_records(NOW, APP, "account", &["u3"]).expect("a delta");
    let _ = small::push(&mut engine, &Page::accounts([account("u3")])).expect("a page");
    let session_view = engine.app(APP).and_then(|app| app.session(SESSION)).expect("it is open");
    let counts = session_view.counts();
    assert_eq!((counts.updated, counts.unchanged), (MOST + 2, MOST));
    assert_eq!((counts.rejected, counts.settled, counts.references_removed), (MOST + 1, MOST + 1, MOST + 1));
    assert!(session_view.progress().any(|of| of.pages == MOST + 3));
    engine.check_invariants().expect("every rule");
    let guard = headcount::Guard::NONE.with_max_removals(u64::MAX).with_max_removals_percent(100);
    let guard = guard.with_max_count(u64::MAX).with_max_percent(100).with_min_count(u64::MAX);
    engine.update_app(NOW, APP, &headcount::AppUpdate::default().with_guard(guard)).expect("a guard");
    let _ = small::push(&mut engine, &Page::accounts([account("u1")])).expect("a page");
    assert_eq!(small::complete(&mut engine, SESSION, Timestamp(1)), 2);
    assert!(engine.seq() > MOST);
    engine.check_invariants().expect("every rule");
    assert_eq!(engine.changes().last().map(|change| change.seq), Some(engine.seq()));
}

/// Percentages of a guard are of numbers of any size.
#[test]
fn a_percentage_of_the_largest_numbers_is_what_it_is() {
    for (percent, base, is_refused) in [(0, MOST - 10, true), (1, MOST - 10, false), (100, MOST - 10, false)]
    {
        let mut engine = small::engine(Config::new());
        let _ = small::push(&mut engine, &Page::accounts([account("u1"), account("u2")])).expect("a page");
        assert_eq!(small::complete(&mut engine, SESSION, NOW), 0);
        let guard = headcount::Guard::NONE.with_max_percent(percent).with_max_type_percent(percent);
        engine.update_app(NOW, APP, &headcount::AppUpdate::default().with_guard(guard)).expect("a guard");
        engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
        let mut saved = small::saved(&engine);
        saved["seq"] = json!(MOST);
        saved["apps"][0]["app"]["sessions"]["open"]["facts"]["base"] = json!(base);
        saved["sessions"][1]["types"][0]["base"] = json!(base);
        let mut engine = restored(saved);
        let completed = engine.complete_session(NOW, APP, session(2), headcount::Completion::GUARDED);
        assert_eq!(completed.is_err(), is_refused, "{percent} % of {base}: {completed:?}");
    }
}

/// One more than what a snapshot may claim is refused, wherever it stands.
#[test]
fn a_number_beyond_the_most_is_refused_wherever_it_stands() {
    let saved = small::saved(&at_the_most());
    let mut numbers = Vec::new();
    paths(&saved, String::new(), &mut numbers);
    let is_count = |path: &String| saved.pointer(path).and_then(Value::as_u64) == Some(MOST);
    let counts: Vec<_> = numbers.into_iter().filter(is_count).collect();
    assert_eq!(counts.len(), 8, "{counts:?}");
    for path in counts {
        for beyond in [MOST + 1, u64::MAX / 2, u64::MAX] {
            let mut forged = saved.clone();
            *forged.pointer_mut(&path).expect("a number") = json!(beyond);
            let error = restore(forged).expect_err("beyond what can be");
            assert_eq!(error.code(), "broken_snapshot", "{path}: {error}");
        }
    }
}

/// The paths of all numbers.
fn paths(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(path),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| paths(value, format!("{path}/{at}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| paths(value, format!("{path}/{name}"), found));
        }
        _ => {}
    }
}
