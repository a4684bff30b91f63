//! Lenient pages (SPEC 3.5): what is retained, for how long, and what knows of it.

use headcount::{
    Account, Completion, Config, DigestParts, Engine, Fingerprint, Kind, LenientOutcome, Limits, Page, Scope,
    SessionId, Timestamp,
};
use headcount_testing::small::{
    self, APP, NOW, SESSION, account, complete, config, group, member, parsed, push_in, push_leniently_in,
    reload, session,
};

/// A record that no push takes.
fn faulty(id: &str) -> Account<'static> {
    Account { email: Some("no email".into()), ..account(id) }
}

fn push(engine: &mut Engine, page: &Page<'_>) -> LenientOutcome {
    let outcome = push_leniently_in(engine, session(2), page).expect("a page");
    engine.check_invariants().expect("every rule");
    let LenientOutcome { page, rejected, .. } = outcome;
    assert_eq!(page.total, page.created + page.updated + rejected);
    outcome
}

fn reject(engine: &mut Engine, ids: &[&str]) -> LenientOutcome {
    push(engine, &Page::accounts(ids.iter().map(|id| faulty(id))))
}

/// Of each type, how many records are synced and retained.
fn progress(engine: &Engine, id: SessionId) -> [(u64, u64); 3] {
    let session = engine.app(APP).and_then(|app| app.session(id)).expect("a session");
    let of: Vec<_> = session.progress().map(|of| (of.synced_count, of.retained_count)).collect();
    of.try_into().expect("three types")
}

/// What completing the second session would mark.
fn stale(engine: &Engine) -> Vec<String> {
    let preview = engine.app(APP).expect("an app").preview(session(2)).expect("in progress");
    preview.records().map(|record| record.id().to_owned()).collect()
}

/// The accounts `u1` to `u3` in a team each, of which `g1` is full, and a second session.
fn engine() -> Engine {
    engine_under(Config::new())
}

fn engine_under(config: Config) -> Engine {
    let mut engine = small::engine(config);
    let accounts = [member("u1", ["g1"]), member("u2", ["g2"]), member("u3", ["g3"])];
    let _ = push_in(&mut engine, SESSION, &Page::accounts(accounts)).expect("a page");
    let _ = push_in(&mut engine, SESSION, &Page::groups([group("g1", "One")])).expect("a page");
    assert_eq!(complete(&mut engine, SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    engine
}

#[test]
fn what_is_retained_stays_with_its_references_and_is_not_pushed() {
    let mut engine = engine();
    let outcome = reject(&mut engine, &["u2", "u9"]);
    assert_eq!((outcome.rejected, outcome.retained, outcome.faults_total), (2, 1, 2));
    assert_eq!(outcome.faults.iter().map(|fault| fault.index).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(engine.changes().len(), 0);
    assert_eq!(progress(&engine, session(2)), [(0, 1), (0, 0), (0, 0)]);
    assert_eq!(stale(&engine), ["u1", "u3", "g1", "g3"], "g2 is referred to");
    assert_eq!(complete(&mut engine, session(2), Timestamp(1)), 4);
    assert_eq!(progress(&engine, session(2)), [(0, 1), (0, 0), (0, 0)], "kept when it ended");
    let counts = engine.app(APP).and_then(|app| app.session(session(2))).expect("a session").counts();
    assert_eq!((counts.rejected, counts.updated, counts.deactivated), (2, 0, 4));
}

#[test]
fn an_id_that_is_not_usable_retains_nothing() {
    let mut engine = engine();
    let body = r#"{"records": [{"username": "x"}, {"id": "", "username": "x"}, {"id": null}, {"id": ["u1"]},
        {"id": "u1\u0000"}, null, "u1", [], {"id": "u1 ", "username": 7}]}"#;
    let outcome = push(&mut engine, &parsed(Kind::Account, body));
    assert_eq!((outcome.rejected, outcome.retained), (9, 0));
    assert_eq!(
        outcome.faults.iter().filter(|fault| fault.id.is_none()).count() as u64,
        outcome.faults_total - 1
    );
    assert_eq!(progress(&engine, session(2)), [(0, 0); 3]);
}

/// Whoever is on record was taken under other limits once. It is at the source all the same.
#[test]
fn what_is_beyond_lowered_limits_is_rejected_and_retained() {
    let long = "u".repeat(20);
    let mut engine = small::engine(Config::new());
    let _ = push_in(&mut engine, SESSION, &Page::accounts([account(&long), account("u1")])).expect("a page");
    assert_eq!(complete(&mut engine, SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    let mut engine = reload(&engine, config(|limits| limits.id_chars_max = 10));
    let outcome = push(&mut engine, &Page::accounts([account(&long), account("u1")]));
    assert_eq!((outcome.page.unchanged, outcome.rejected, outcome.retained), (1, 1, 1));
    assert_eq!(outcome.faults[0].code.as_str(), "too_long");
    assert_eq!(stale(&engine), [""; 0]);
}

#[test]
fn who_is_pushed_is_retained_no_more_and_who_was_pushed_never_is() {
    let known = Page::accounts([member("u1", ["g1"]), member("u2", ["g2"])]).with_fingerprint(Fingerprint(7));
    let mut engine = engine();
    let _ = push_in(&mut engine, session(2), &known).expect("a page");
    assert_eq!(complete(&mut engine, session(2), NOW), 3, "u3, g1 and g3");
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let reject = |engine: &mut Engine, ids: &[&str]| {
        let page = Page::accounts(ids.iter().map(|id| faulty(id)));
        push_leniently_in(engine, session(3), &page).expect("a page").retained
    };
    assert_eq!(reject(&mut engine, &["u1", "u2", "u3"]), 3, "u3 is inactive");
    assert_eq!(progress(&engine, session(3))[0], (0, 3));
    let _ = push_in(&mut engine, session(3), &Page::accounts([member("u1", ["g1"])])).expect("a page");
    assert_eq!(progress(&engine, session(3))[0], (1, 2));
    let repeated = engine.repeat_page(NOW, APP, session(3), "account", Fingerprint(7));
    assert_eq!(repeated.expect("no record of it changed").unchanged, 2);
    assert_eq!(progress(&engine, session(3))[0], (2, 1));
    // It was pushed: so it stays that, and the page tells that its record is safe.
    assert_eq!(reject(&mut engine, &["u1"]), 1);
    assert_eq!(progress(&engine, session(3))[0], (2, 1));
    engine.check_invariants().expect("every rule");
}

#[test]
fn what_is_retained_is_in_the_digest_and_in_a_snapshot() {
    let (mut engine, mut other) = (engine(), engine());
    let _ = reject(&mut engine, &["u2", "u3"]);
    let _ = reject(&mut other, &["u1", "u2"]);
    assert_ne!(engine.digest(), other.digest());
    let blocks = |engine: &Engine| {
        let DigestParts { rest, tables, .. } = engine.digest_parts();
        (rest, tables[0].blocks.clone(), engine.record_digests(APP, tables[0].resource_type_id, 0))
    };
    let (rest, of_blocks, records) = blocks(&engine);
    let (other_rest, other_blocks, other_records) = blocks(&other);
    assert_eq!(rest, other_rest);
    assert_ne!(of_blocks, other_blocks);
    let differ: Vec<_> = (0..3).filter(|at| records[*at] != other_records[*at]).collect();
    assert_eq!(differ, [0, 2]);

    let frozen = engine.freeze();
    let mut loaded = reload(&engine, Config::new().with_hash_key([3; 16]));
    assert_eq!(loaded.digest(), engine.digest());
    assert_eq!(
        (stale(&loaded), progress(&loaded, session(2))),
        (stale(&engine), progress(&engine, session(2)))
    );
    let _ = push(&mut engine, &Page::accounts([member("u2", ["g2"])]));
    let _ = push(&mut loaded, &Page::accounts([member("u2", ["g2"])]));
    assert_eq!(loaded.digest(), engine.digest());
    assert_ne!(frozen.digest(), engine.digest());
    let saved = postcard::to_allocvec(&frozen.snapshot()).expect("bytes");
    let snapshot = postcard::from_bytes(&saved).expect("a snapshot");
    let thawed = Engine::restore(Config::new(), snapshot).expect("an engine");
    assert_eq!(progress(&thawed, session(2)), [(0, 2), (0, 0), (0, 0)]);
    // What has ended retains nothing, and tells what it had.
    engine.abandon_session(NOW, APP, session(2)).expect("in progress");
    let loaded = reload(&engine, Config::new());
    assert_eq!(progress(&loaded, session(2)), [(1, 1), (0, 0), (0, 0)]);
    assert_eq!(loaded.digest(), engine.digest());
}

/// More rows go than there are records, so all are numbered anew.
#[test]
fn marks_go_with_the_records_when_rows_are_numbered_anew() {
    let mut engine = small::engine(Config::new());
    let ids: Vec<String> = (0..200).map(|number| format!("u{number}")).collect();
    for ids in ids.chunks(100) {
        let _ =
            push_in(&mut engine, SESSION, &Page::accounts(ids.iter().map(|id| account(id)))).expect("a page");
    }
    let _ = push_in(&mut engine, SESSION, &Page::groups([group("g1", "One")])).expect("a page");
    assert_eq!(complete(&mut engine, SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let stay = Page::accounts(["u7", "u100", "u150", "u199"].map(account));
    let _ = push_in(&mut engine, session(3), &stay).expect("a page");
    assert_eq!(complete(&mut engine, session(3), Timestamp(1)), 197);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    // Two who stay, one who is about to go, and the group, which goes too.
    assert_eq!(reject(&mut engine, &["u100", "u199", "u5"]).retained, 3);
    assert_eq!(push(&mut engine, &Page::groups([group("g1", "")])).retained, 1);
    let _ = push_in(&mut engine, session(2), &Page::accounts([account("u150")])).expect("a page");
    assert_eq!(progress(&engine, session(2)), [(1, 3), (0, 1), (0, 0)]);
    let purged = engine.purge_inactive(Timestamp(2), APP, Timestamp(2)).expect("a purge");
    assert_eq!(purged.purged, 197);
    engine.check_invariants().expect("every rule");
    assert_eq!(progress(&engine, session(2)), [(1, 2), (0, 0), (0, 0)], "those that went took theirs along");
    assert_eq!(stale(&engine), ["u7"]);
    let loaded = reload(&engine, Config::new());
    assert_eq!((stale(&loaded), loaded.digest()), (stale(&engine), engine.digest()));
}

#[test]
fn what_was_retained_of_a_type_that_is_excluded_stays_counted() {
    let mut engine = engine();
    let _ = reject(&mut engine, &["u1"]);
    engine.exclude_types(NOW, APP, session(2), &["account"]).expect("in progress");
    assert_eq!(progress(&engine, session(2)), [(0, 1), (0, 0), (0, 0)]);
    engine.check_invariants().expect("every rule");
    let page = Page::accounts([faulty("u2")]);
    let refused = push_leniently_in(&mut engine, session(2), &page).expect_err("it is out of scope");
    assert_eq!(refused.code(), "out_of_scope");
    assert_eq!(progress(&engine, session(2)), [(0, 1), (0, 0), (0, 0)]);
}

#[test]
fn the_faults_of_a_lenient_page_are_listed_up_to_the_bound_and_counted_beyond() {
    let mut engine = engine_under(config(|limits| limits.faults_listed_max = 3));
    let page = Page::accounts((0..10).map(|number| faulty(&format!("x{number}"))).chain([account("y")]));
    let outcome = push(&mut engine, &page);
    assert_eq!((outcome.faults.len(), outcome.faults_total, outcome.rejected), (3, 10, 10));
    assert_eq!((outcome.page.created, outcome.page.total), (1, 11));
    // Of what the parser has not kept, the total tells too.
    let references = vec![r#"{"id": 7}"#; 20].join(",");
    let body = format!(
        r#"{{"records": [{{"id": "u1", "username": "x", "memberships": {{"team": [{references}]}}}}, {{"id": "z", "username": "x"}}]}}"#
    );
    let limits: Limits = *engine.config().limits();
    let outcome = push(&mut engine, &small::parsed_under(&limits, Kind::Account, &body));
    assert_eq!((outcome.faults.len(), outcome.faults_total), (3, 20));
    assert_eq!((outcome.rejected, outcome.retained, outcome.page.created), (1, 1, 1));
}

#[test]
fn a_lenient_page_without_faults_is_a_strict_one() {
    let (mut lenient, mut strict) = (engine(), engine());
    let accounts = [member("u1", ["g1", "g9"]), account("u2"), account("u4")];
    let page = Page::accounts(accounts).with_fingerprint(Fingerprint(1));
    let outcome = push(&mut lenient, &page);
    let strict_outcome = push_in(&mut strict, session(2), &page).expect("a page");
    assert_eq!(outcome, LenientOutcome::from(strict_outcome));
    assert_eq!(lenient.digest(), strict.digest());
    for engine in [&mut lenient, &mut strict] {
        let repeated =
            engine.repeat_page(NOW, APP, session(2), "account", Fingerprint(1)).expect("it is known");
        assert_eq!(push(engine, &page), LenientOutcome::from(repeated), "as a push of it would answer");
    }
    assert_eq!(lenient.digest(), strict.digest());
}

#[test]
fn a_page_of_which_every_record_is_rejected_is_a_page() {
    let mut engine = engine();
    let guard = headcount::Guard::NONE.with_required_pages();
    engine.update_app(NOW, APP, &headcount::AppUpdate::default().with_guard(guard)).expect("a guard");
    let late = Timestamp(77);
    for (slug, page) in [
        ("account", Page::accounts(["u1", "u2", "u3"].map(faulty))),
        ("team", Page::groups([group("g1", "")])),
    ] {
        let outcome = engine.push_lenient_page(late, APP, session(2), slug, &page).expect("a page");
        assert_eq!(outcome.page.total, outcome.rejected);
    }
    let shown = engine.app(APP).and_then(|app| app.session(session(2))).expect("a session");
    assert_eq!(shown.last_activity_at(), late);
    assert_eq!(shown.progress().map(|of| of.pages).collect::<Vec<_>>(), [1, 1, 0]);
    engine.complete_session(NOW, APP, session(2), Completion::GUARDED).expect("a page of each type");
}
