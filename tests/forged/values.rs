//! Snapshots that no engine could have written, each refused with the rule that it breaks (SPEC 9, loading).
//! Whoever forges one can make its digest fit, so the rules are held before the digest is.

use headcount::{
    Completion, Config, Engine, Kind, Limits, NewResourceType, NewTask, Page, Resolution, ResourceTypeId,
    RestoreError, Scope, TaskAction, Timestamp, Uuid,
};
use headcount_testing::small::{
    self, APP, NOW, account, complete, group, member, push_in, saved, session, task,
};
use serde_json::{Value, json};

use crate::told::{assert_refused, broken_rule, read, restore};

#[test]
pub(crate) fn what_no_engine_could_have_written_gives_the_rule_that_it_breaks() {
    let saved = saved(&small::engine_with_an_account());
    restore(saved.clone()).expect("an engine");
    let account = "/apps/0/tables/0/0";
    for (rule, path, value) in [
        ("7", "/seq", json!(u64::MAX)),
        // Fewer changes than what is on record took.
        ("7", "/seq", json!(7)),
        ("7", "/seq", json!(0)),
        ("10.1", "/groups/0/1/slug", json!("account")),
        ("3.3", "/groups/0/1/slug", json!("no slug")),
        ("2", "/groups/0/1/id", json!("00000000-0000-0000-0000-000000000001")),
        ("10.1", "/apps/0/group", json!(1)),
        ("3.3", "/apps/0/app/name", json!("")),
        ("4.8", "/apps/0/app/guard/max_percent", json!(101)),
        // Rows: flags, since, status, texts, references.
        ("1", account, json!([3, 0, "active", ["u1", "", "x", "", "", ""], [1, 1, 0]])),
        ("3.3", account, json!([5, 0, "active", ["", "", "x", "", "", ""], [1, 1, 0]])),
        ("3.3", account, json!([5, 0, "active", ["u1", "", "", "", "", ""], [1, 1, 0]])),
        ("10.3", account, json!([5, 0, "active", ["u1", "", "x", "", "", ""], [1, 1, 1]])),
        ("10.3", account, json!([5, 0, "active", ["u1", "", "x", "", "", ""], [0, 1, 0]])),
        ("3.4", account, json!([5, 0, "active", ["u1", "", "x", "", "", ""], [1, 2, 0, 0]])),
        ("4.2", account, json!([4, 0, "active", ["u1", "", "x", "", "", ""], [1, 1, 0]])),
        ("4.3", "/apps/0/tables/1/0", json!([2, 0, "active", ["g1", "", "", "", "", ""], []])),
        ("3.6", "/apps/0/tables/1/0", json!([3, 0, "active", ["g1", "", "d", "", "", ""], []])),
        ("3.3", "/apps/0/tables/1/0", json!([3, 0, "suspended", ["g1", "", "", "", "", ""], []])),
        ("10.3", "/apps/0/tables", json!([[], [], [], []])),
        ("10.5", "/apps/0/app/sessions/open/facts/counts/deactivated", json!(1)),
        ("10.8", "/apps/0/app/sessions/open/facts/counts/unchanged", json!(1)),
        ("5", "/apps/0/app/sessions/open/facts/counts/updated", json!(u64::MAX)),
        ("7", "/apps/0/app/sessions/open/facts/counts/placeholders", json!(100)),
        ("4.8", "/apps/0/app/sessions/open/facts/base", json!(u64::MAX)),
        ("4.5", "/apps/0/app/sessions/open/facts/scope", json!([1, 0])),
        ("4.5", "/apps/0/app/sessions/open/facts/scope", json!([3])),
        ("4.5", "/apps/0/app/sessions/open/facts/scope", json!([])),
        // What was seen is of a type that the session does not call the roll of.
        ("4.5", "/apps/0/app/sessions/open/facts/scope", json!([1])),
        ("4.6", "/apps/0/app/sessions/open/cursor", json!({"accounts_done": true, "type": 4, "row": 0})),
    ] {
        assert_refused(&saved, rule, path, value);
    }
    // What was seen is of no session.
    let mut without = saved;
    without["sessions"] = json!([]);
    assert_refused(&without, "10.8", "/apps/0/app/sessions/open", Value::Null);
}

/// Sessions that ended in each way, one that is completing, and tasks in all states.
fn an_old_app() -> Value {
    let mut engine = small::engine(Config::new());
    let accounts = Page::accounts([member("u1", ["g1"]), account("u2")]);
    let _ = push_in(&mut engine, session(1), &accounts).expect("a page");
    assert_eq!(complete(&mut engine, session(1), NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::types(["team"])).expect("a session");
    let _ = push_in(&mut engine, session(2), &Page::groups([group("g1", "Name")])).expect("a page");
    engine.abandon_session(NOW, APP, session(2)).expect("in progress");
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    engine.fail_session(NOW, APP, session(3), "lost").expect("in progress");
    engine.start_session(NOW, APP, session(4), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(4), &Page::accounts([account("u1")])).expect("a page");
    engine.complete_session(NOW, APP, session(4), Completion::GUARDED).expect("no guard");
    for number in 0..3 {
        let new = NewTask::new(TaskAction::CreateAccount, "account").with_payload("{}");
        engine.create_task(NOW, APP, task(number), &new).expect("a task");
    }
    let failed = Resolution::Failed { code: "code".into(), message: "message".into() };
    engine.resolve_task(Timestamp(5), APP, task(2), &failed).expect("a task");
    let completed = Resolution::Completed { result: Some("result".into()) };
    engine.resolve_task(Timestamp(6), APP, task(1), &completed).expect("a task");
    saved(&engine)
}

#[test]
pub(crate) fn a_past_that_no_session_can_have_is_refused() {
    let saved = an_old_app();
    restore(saved.clone()).expect("an engine");
    let seq = saved["seq"].as_u64().expect("a number");
    let sessions = "/apps/0/app/sessions";
    for (rule, path, value) in [
        ("3.3", "ended/2/ending/error/reason", json!("")),
        ("3.3", "ended/2/ending/error/reason", json!("x".repeat(1 << 20 | 1))),
        ("4.8", "ended/0/facts/base", json!(u64::MAX)),
        ("4.8", "ended/0/facts/base", json!(seq + 1)),
        ("4.8", "open/facts/base", json!(seq + 1)),
        ("7", "ended/0/facts/counts/references_added", json!(seq)),
        ("7", "ended/0/facts/counts/deactivated", json!(seq)),
        // Synced: of a type out of scope, of more types than there are, more than was pushed.
        ("4.5", "ended/1/synced", json!([1, 1, 0])),
        ("4.8", "ended/1/facts/scope", json!([0])),
        ("4.5", "ended/1/facts/scope", json!([2])),
        ("5", "ended/0/synced", json!([2, 0, 0, 0])),
        ("10.8", "ended/0/synced", json!([2, 1, 0])),
        ("5", "ended/0/synced", json!([u64::MAX, 0, 0])),
        ("10.5", "ended/1/facts/counts/deactivated", json!(1)),
        ("10.5", "ended/2/facts/counts/deactivated", json!(1)),
        ("2", "ended/1/facts/id", saved["apps"][0]["app"]["sessions"]["ended"][0]["facts"]["id"].clone()),
    ] {
        assert_refused(&saved, rule, &format!("{sessions}/{path}"), value);
    }
    assert_refused(&saved, "4.1", "/apps/0/app/last_synced_at", Value::Null);
    // Any count beyond 2^60, of which sums could overflow.
    let counts = saved["apps"][0]["app"]["sessions"]["open"]["facts"]["counts"].as_object().expect("counts");
    assert_eq!(counts.len(), 9);
    for count in counts.keys() {
        for session in ["ended/0", "open"] {
            let path = format!("{sessions}/{session}/facts/counts/{count}");
            assert_refused(&saved, "5", &path, json!((1_u64 << 60) + 1));
        }
    }
}

#[test]
pub(crate) fn a_cleanup_that_passed_a_stale_record_or_the_last_type_is_refused() {
    let saved = an_old_app();
    // The account `u2` was not pushed and is active: a cleanup has yet to come to it.
    for (accounts_done, of, row) in [(false, 0, 2), (false, 1, 0), (true, 0, 0), (true, 3, 0)] {
        let cursor = json!({"accounts_done": accounts_done, "type": of, "row": row});
        assert_refused(&saved, "10.4", "/apps/0/app/sessions/open/cursor", cursor);
    }
    for (of, row) in [(4, 0), (u32::MAX, 0), (0, 64), (0, u32::MAX), (3, 77)] {
        let cursor = json!({"accounts_done": false, "type": of, "row": row});
        assert_refused(&saved, "4.6", "/apps/0/app/sessions/open/cursor", cursor);
    }
    // It may have come to it, or have passed `u1`.
    let mut passed = saved.clone();
    passed["apps"][0]["app"]["sessions"]["open"]["cursor"]["row"] = json!(1);
    assert!(matches!(restore(passed), Err(RestoreError::DigestMismatch { .. })), "no rule is broken");
}

#[test]
pub(crate) fn tasks_that_no_command_could_have_left_are_refused() {
    let saved = an_old_app();
    let tasks = "/apps/0/app/tasks";
    assert_eq!(saved.pointer(&format!("{tasks}/ended")), Some(&json!([2, 1])), "in the order of ending");
    for (rule, path, value) in [
        ("3.3", "tasks/0/payload", json!("")),
        ("3.3", "tasks/0/payload", json!("a\0")),
        ("3.3", "tasks/1/ending/completed/result", json!("")),
        ("3.3", "tasks/2/ending/failed/code", json!("")),
        ("3.3", "tasks/2/ending/failed/message", json!("")),
        ("6", "tasks/0/type", json!(3)),
        ("6", "tasks/0/ended_at", json!(5)),
        ("6", "tasks/1/ended_at", Value::Null),
        ("6", "tasks/1/ending", Value::Null),
        ("6", "ended", json!([])),
        ("6", "ended", json!([2])),
        ("6", "ended", json!([2, 2])),
        ("6", "ended", json!([2, 1, 1])),
        ("6", "ended", json!([2, 0])),
        ("6", "ended", json!([2, 1, 0])),
        ("6", "ended", json!([2, 3])),
        ("6", "ended", json!([2, u64::MAX])),
        ("2", "tasks/0/id", saved["apps"][0]["app"]["tasks"]["tasks"][1]["id"].clone()),
    ] {
        assert_refused(&saved, rule, &format!("{tasks}/{path}"), value);
    }
    // In another order they could have ended, but did not: that is for the digest to tell.
    let mut swapped = saved;
    swapped["apps"][0]["app"]["tasks"]["ended"] = json!([1, 2]);
    assert!(matches!(restore(swapped), Err(RestoreError::DigestMismatch { .. })));
}

#[test]
pub(crate) fn more_sessions_than_the_ceiling_are_refused_but_references_may_be_as_many_as_can_be_held() {
    let id = |number: u128| json!(small::session(number + 1_000));
    let mut saved = an_old_app();
    let ended = &mut saved["apps"][0]["app"]["sessions"]["ended"];
    let session = ended[2].clone();
    let more = (0..u128::from(Limits::CEILINGS.sessions_per_app_max) - 3).map(|number| {
        let mut session = session.clone();
        session["facts"]["id"] = id(number);
        session
    });
    ended.as_array_mut().expect("sessions").extend(more);
    let progress = saved["sessions"].as_array_mut().expect("progress");
    let more = vec![progress[2].clone(); Limits::CEILINGS.sessions_per_app_max as usize - 3];
    progress.splice(3..3, more);
    saved["seq"] = json!(1_000_000);
    assert_eq!(broken_rule(saved, "sessions"), "5");

    let mut saved = small::saved(&small::engine_with_an_account());
    let references = Limits::CEILINGS.references_per_account_max + 1;
    let tables = &mut saved["apps"][0]["tables"];
    tables[1] = (0..references)
        .map(|row| json!([3, 0, "active", [format!("g{row}"), "", "", "", "", ""], []]))
        .collect();
    tables[0][0][4] = [1, references].into_iter().chain(0..references).collect();
    saved["seq"] = json!(1_000_000);
    assert!(matches!(restore(saved), Err(RestoreError::DigestMismatch { .. })), "some may have stayed");
}

#[test]
pub(crate) fn what_could_not_even_be_held_is_an_error_of_the_format() {
    let long = "a".repeat(70_000);
    let references: Vec<u32> = [1, 1 << 18].into_iter().chain(0..1 << 18).collect();
    for row in [
        json!([8, 0, "active", ["u1", "", "x", "", "", ""], []]),
        json!([1, 0, "active", ["u1", "", "x", "", "", ""], [1]]),
        json!([1, 0, "active", ["u1", "", "x", "", "", ""], [1, 0]]),
        json!([1, 0, "active", ["u1", "", "x", "", "", ""], [1, 9, 0]]),
        json!([1, 0, "active", ["u1", "", "x", "", "", ""], [1, 1, 0, 1, 1, 0]]),
        json!([1, 0, "active", ["u1", "", long, "", "", ""], []]),
        json!([1, 0, "active", ["u1", "", "x", "", "", ""], references]),
        json!([1, 5, "active", ["u1", "", "x", "", "", ""], []]),
    ] {
        let mut saved = saved(&small::engine_with_an_account());
        saved["apps"][0]["tables"][0][0] = row;
        assert!(read(saved).is_err());
    }
}

#[test]
pub(crate) fn two_records_with_one_id_or_two_apps_with_one_id_are_found() {
    for (list, rule) in [("/apps/0/tables/0", "1"), ("/apps", "2")] {
        let mut saved = saved(&small::engine_with_an_account());
        let list = saved.pointer_mut(list).and_then(Value::as_array_mut).expect("a list");
        list.push(list[0].clone());
        assert_eq!(broken_rule(saved, "twice"), rule);
    }
}

/// Three accounts, three teams and a seat, of which an account and a team are gone. An inactive account refers to
/// one of the others, and a page of accounts is remembered.
fn with_gaps() -> Value {
    let mut engine = small::engine(Config::new());
    let teams = |ids: &[&'static str]| Page::groups(ids.iter().map(|id| group(id, "Name")));
    let _ = push_in(&mut engine, session(1), &teams(&["g0", "g1", "g2"])).expect("a page");
    let _ = push_in(&mut engine, session(1), &Page::licenses([group("s0", "Name")])).expect("a page");
    let accounts = Page::accounts([account("u0"), member("u1", ["g1"]), member("u2", ["g2"])]);
    let _ = push_in(&mut engine, session(1), &accounts).expect("a page");
    assert_eq!(complete(&mut engine, session(1), Timestamp(1)), 0);
    for (number, accounts) in
        [(2, vec![member("u1", ["g1"]), member("u2", ["g2"])]), (3, vec![member("u2", ["g2"])])]
    {
        engine
            .start_session(NOW, APP, session(number), &Scope::types(["account", "team"]))
            .expect("a session");
        let page = Page::accounts(accounts).with_fingerprint(headcount::Fingerprint(7));
        let _ = push_in(&mut engine, session(number), &page).expect("a page");
        let _ = push_in(&mut engine, session(number), &teams(&["g1", "g2"])).expect("a page");
        complete(&mut engine, session(number), Timestamp(number as i64));
        if number == 2 {
            let outcome = engine.purge_inactive(NOW, APP, Timestamp(3)).expect("a purge");
            assert_eq!((outcome.purged, outcome.references), (2, 0));
        }
    }
    saved(&engine)
}

const GONE: &str = r#"[8, 0, "active", ["", "", "", "", "", ""], []]"#;

#[test]
pub(crate) fn rows_that_are_gone_and_what_refers_to_them_are_held_to_the_rules() {
    let gone: Value = serde_json::from_str(GONE).expect("a row");
    let saved = with_gaps();
    restore(saved.clone()).expect("an engine");
    for row in ["/apps/0/tables/0/0", "/apps/0/tables/1/0"] {
        assert_eq!(saved.pointer(row), Some(&gone));
    }
    let account = |flags: u8, since: u8, id: &str, team: u32| {
        json!([flags, since, "active", [id, "", "x", "", "", ""], [1, 1, team]])
    };
    for (rule, path, value) in [
        // An inactive account and an active one refer to what has gone; then to what goes now.
        ("10.3", "/apps/0/tables/0/1", account(0, 3, "u1", 0)),
        ("10.3", "/apps/0/tables/0/2", account(1, 0, "u2", 0)),
        ("10.3", "/apps/0/tables/1/1", gone.clone()),
        ("10.3", "/apps/0/tables/1/2", gone.clone()),
        // A remembered page has a record that has gone.
        ("3.9", "/apps/0/tables/0/2", gone.clone()),
        ("3.9", "/remembered/0/pages/0/1/0/0", json!(0)),
        // More are gone than there are: of all types together.
        ("2", "/apps/0/tables/2", json!([gone, gone, gone, gone, gone])),
        // What has gone was told of twice.
        ("7", "/seq", json!(17)),
    ] {
        assert_refused(&saved, rule, path, value);
    }
    // As many may be gone as there are.
    let mut even = saved.clone();
    even["apps"][0]["tables"][2].as_array_mut().expect("rows").extend([
        gone.clone(),
        gone.clone(),
        gone.clone(),
    ]);
    even["seq"] = json!(1_000);
    assert!(matches!(restore(even), Err(RestoreError::DigestMismatch { .. })), "no rule is broken");
    // That it was there and went, and that it never was, differ.
    let mut shorter = saved.clone();
    shorter["apps"][0]["tables"][1].as_array_mut().expect("rows").push(gone);
    assert!(matches!(restore(shorter), Err(RestoreError::DigestMismatch { .. })), "no rule is broken");
}

/// As a format before had it: without the progress of sessions.
fn in_format(number: u32, mut saved: Value) -> Value {
    saved["format"] = json!(number);
    for field in ["sessions", "marks"] {
        saved.as_object_mut().expect("fields").remove(field);
    }
    saved
}

/// Format 3 had no rows that are gone. It is read as it was. (The digest was another: there are no rules that it breaks.)
#[test]
pub(crate) fn a_snapshot_of_format_3_has_no_row_that_is_gone() {
    assert_eq!(broken_rule(in_format(3, with_gaps()), "format 3"), "9");
    for (format, saved) in [(3, an_old_app()), (4, an_old_app()), (4, with_gaps())] {
        let error = restore(in_format(format, saved)).expect_err("the digest of now");
        assert!(matches!(error, RestoreError::DigestMismatch { .. }), "{error}");
    }
}

/// In which fields there are, a format is held to its number.
#[test]
pub(crate) fn a_snapshot_has_the_progress_of_its_sessions_if_its_format_has_it() {
    let mut with = an_old_app();
    with["format"] = json!(4);
    assert!(read(with).is_err());
    let mut without = in_format(4, an_old_app());
    without["format"] = json!(5);
    assert!(read(without).is_err());
}

#[test]
pub(crate) fn a_progress_that_no_session_can_have_is_refused() {
    let saved = an_old_app();
    let seq = saved["seq"].as_u64().expect("a number");
    let sessions = saved["sessions"].as_array().expect("sessions").clone();
    let one_more: Vec<Value> = sessions.iter().chain(&sessions[..1]).cloned().collect();
    for (rule, path, value) in [
        ("5", "/sessions", json!(sessions[..3])),
        ("5", "/sessions", json!(one_more)),
        ("3.3", "/sessions/0/checkpoint", json!("")),
        ("3.3", "/sessions/0/checkpoint", json!("x".repeat((1 << 20) + 1))),
        ("3.3", "/sessions/3/checkpoint", json!("a\0b")),
        ("4.5", "/sessions/0/excluded", json!([0, 1, 2])),
        ("4.5", "/sessions/0/excluded", json!([1, 1])),
        ("4.5", "/sessions/0/excluded", json!([3])),
        ("4.5", "/sessions/1/excluded", json!([0])),
        ("4.5", "/sessions/1/excluded", json!([1])),
        ("5", "/sessions/0/types/0/pages", json!((1_u64 << 60) + 1)),
        ("4.8", "/sessions/3/types/2/base", json!(seq + 1)),
        ("4.8", "/sessions/3/types/2/references", json!(seq + 1)),
        ("4.8", "/sessions/0/types/0/removals", json!(1)),
        // All that was ever told was a record or a reference, and then there was no app.
        ("4.8", "/sessions/3/types/2/references", json!(seq - 2)),
        // Not the sum that is told beside it.
        ("4.8", "/sessions/3/types/0/base", json!(0)),
        (
            "5",
            "/sessions/0/types",
            json!(vec![json!({"base": 0, "references": 0, "pages": 0, "removals": 0}); 4]),
        ),
    ] {
        assert_refused(&saved, rule, path, value);
    }
}

#[test]
pub(crate) fn a_row_that_is_gone_tells_nothing_else() {
    for row in [
        json!([9, 0, "active", ["", "", "", "", "", ""], []]),
        json!([10, 0, "active", ["", "", "", "", "", ""], []]),
        json!([12, 0, "active", ["", "", "", "", "", ""], []]),
        json!([8, 1, "active", ["", "", "", "", "", ""], []]),
        json!([8, 0, "suspended", ["", "", "", "", "", ""], []]),
        json!([8, 0, "active", ["u0", "", "", "", "", ""], []]),
        json!([8, 0, "active", ["", "", "", "", "", "x"], []]),
        json!([8, 0, "active", ["", "", "", "", "", ""], [1, 1, 1]]),
    ] {
        let mut saved = with_gaps();
        saved["apps"][0]["tables"][0][0] = row;
        assert!(read(saved).is_err());
    }
}

/// What is summed up before it is checked has no end of the numbers to come to.
#[test]
pub(crate) fn sums_of_what_is_forged_do_not_overflow() {
    let mut engine = Engine::new(Config::new());
    engine.create_app(NOW, APP, "App", None).expect("an app");
    for number in 1..=40 {
        let (id, slug) = (ResourceTypeId(Uuid::from_u128(number)), format!("type-{number}"));
        let new = NewResourceType::new(slug, "Type", Kind::Account);
        engine.register_resource_type(NOW, APP, id, &new).expect("a type");
    }
    engine.start_session(NOW, APP, session(1), &Scope::All).expect("a session");
    let mut forged = saved(&engine);
    for of in forged["sessions"][0]["types"].as_array_mut().expect("types") {
        for figure in ["base", "references", "removals"] {
            of[figure] = json!(1_u64 << 60);
        }
    }
    forged["seq"] = json!(1_u64 << 60);
    assert_eq!(broken_rule(forged.clone(), "no sum of them is told"), "4.8");
    forged["apps"][0]["app"]["sessions"]["open"]["facts"]["base"] = json!(1_u64 << 60);
    assert_eq!(broken_rule(forged, "nor can it be"), "4.8");
}
