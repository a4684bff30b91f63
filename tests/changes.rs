//! What a command tells that it changed (SPEC 7), what of it is told by nothing, and what a repeat changes.

use std::num::NonZeroU64;

use headcount::{
    Account, AccountStatus, AppUpdate, Completion, Config, Engine, Fact, Group, Kind, NewResourceType,
    NewTask, Page, RecordFilter, Reference, ReferenceList, Resolution, ResourceTypeId, Scope, SessionStatus,
    TaskAction, Timestamp, Uuid,
};
use headcount_testing::small::{
    self, APP, NOW, SESSION, account, app, complete, config, group, member, parsed, push, push_in, reload,
    session, task, told,
};

/// An engine where `g1` is a placeholder, active or not, and session 2 is open.
fn with_a_placeholder(is_active: bool) -> Engine {
    let mut engine = small::engine_with_an_account();
    assert_eq!(complete(&mut engine, SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    if !is_active {
        assert_eq!(complete(&mut engine, session(2), NOW), 2, "the account, and so the placeholder");
        engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    }
    engine
}

fn push_newest(engine: &mut Engine, page: &Page<'_>) {
    let app = engine.app(APP).expect("an app");
    let newest = app.sessions().next_back().expect("a session").id();
    let _ = push_in(engine, newest, page).expect("a page");
}

#[test]
fn a_placeholder_that_is_filled_tells_filled_and_behind_it_the_fields_that_changed() {
    let described = Group { description: Some("Text".into()), ..group("g1", "Name") };
    for is_active in [true, false] {
        for (team, expected) in [
            (group("g1", "Name"), "record_updated g1 name"),
            (described.clone(), "record_updated g1 name description"),
        ] {
            let mut engine = with_a_placeholder(is_active);
            push_newest(&mut engine, &Page::groups([team]));
            assert_eq!(told(&engine), ["placeholder_filled g1", expected], "woken is not told beside it");
        }
    }
    // One that had the name already.
    let mut engine = small::engine(Config::new());
    let named = member("u1", [Reference::new("g1").with_name("Name")]);
    let _ = push(&mut engine, &Page::accounts([named])).expect("a page");
    let _ = push(&mut engine, &Page::groups([group("g1", "Name")])).expect("a page");
    assert_eq!(told(&engine), ["placeholder_filled g1"]);
}

#[test]
fn a_record_that_comes_back_tells_reactivated_and_behind_it_the_fields_that_changed() {
    for (username, expected) in [
        ("x", &["record_reactivated u1"][..]),
        ("y", &["record_reactivated u1", "record_updated u1 username"]),
    ] {
        let mut engine = with_a_placeholder(false);
        let back = Account { username: Some(username.into()), ..account("u1") };
        push_newest(&mut engine, &Page::accounts([back]));
        let removed = "reference_removed u1 g1".to_owned();
        let expected: Vec<String> = expected.iter().map(|told| (*told).to_owned()).chain([removed]).collect();
        assert_eq!(told(&engine), expected);
    }
}

#[test]
fn a_reference_that_wakes_a_placeholder_and_names_it_tells_both() {
    let mut engine = with_a_placeholder(false);
    push_newest(&mut engine, &Page::accounts([member("u2", [Reference::new("g1").with_name("Name")])]));
    let expected =
        ["record_created u2", "placeholder_woken g1", "placeholder_named g1", "reference_added u2 g1"];
    assert_eq!(told(&engine), expected);
}

/// Found by a mutant: an account that is on record to the letter was never held against a name that it brings.
#[test]
fn an_account_that_is_as_it_was_names_a_nameless_placeholder() {
    let mut engine = small::engine_with_an_account();
    let named = Page::accounts([member("u1", [Reference::new("g1").with_name("Name")])]);
    for expected in [&["placeholder_named g1"][..], &[]] {
        let outcome = push(&mut engine, &named).expect("a page");
        assert_eq!(
            (outcome.unchanged, told(&engine)),
            (1, expected.iter().map(|told| (*told).to_owned()).collect())
        );
    }
    let team = engine.app(APP).and_then(|app| app.record("team", "g1")).expect("a placeholder");
    assert_eq!(team.name(), Some("Name"));
}

#[test]
fn in_a_session_with_a_scope_only_references_out_of_it_stay() {
    let mut engine = small::engine(Config::new());
    let seat = vec![ReferenceList::new("seat", ["s1"])];
    let _ = push(&mut engine, &Page::accounts([Account { assignments: seat, ..member("u1", ["g1"]) }]));
    engine.start_session(NOW, APP, session(2), &Scope::types(["account", "team"])).expect("a session");
    let _ = push_in(&mut engine, session(2), &Page::accounts([account("u1")])).expect("a page");
    assert_eq!(told(&engine), ["reference_removed u1 g1"]);
}

/// Found by a mutant: of two placeholders that one page makes, the type was not looked at.
#[test]
fn one_id_under_two_types_is_two_placeholders() {
    let mut engine = small::engine(Config::new());
    let seat = vec![ReferenceList::new("seat", ["x1"])];
    // Twice under one of them, so that it is looked at which references are the same.
    let both = Account { assignments: seat, ..member("u1", ["x1", "x1"]) };
    let outcome = push(&mut engine, &Page::accounts([both])).expect("a page");
    assert_eq!((outcome.placeholders, told(&engine).len()), (2, 5));
    for slug in ["team", "seat"] {
        let placeholder = engine.app(APP).and_then(|app| app.record(slug, "x1")).expect("a placeholder");
        assert_eq!(placeholder.member_count(), 1, "{slug}");
    }
}

/// Found by a mutant: lists came in the order of their types in every test but those at random.
#[test]
fn lists_may_come_in_another_order_than_their_types() {
    let mut engine = small::engine(Config::new());
    let role = NewResourceType::new("role", "Role", Kind::Group);
    engine.register_resource_type(NOW, APP, ResourceTypeId(Uuid::from_u128(9)), &role).expect("a type");
    let lists = [ReferenceList::new("role", ["r1"]), ReferenceList::new("team", ["g1"])];
    let in_order = |order: [usize; 2]| {
        let memberships = order.map(|at| lists[at].clone()).into();
        Page::accounts([Account { memberships, ..account("u1") }])
    };
    assert_eq!(push(&mut engine, &in_order([0, 1])).map(|outcome| outcome.placeholders), Ok(2));
    for order in [[0, 1], [1, 0]] {
        let outcome = push(&mut engine, &in_order(order)).expect("a page");
        assert_eq!((outcome.unchanged, told(&engine)), (1, vec![]), "{order:?}");
    }
    let account = engine.app(APP).and_then(|app| app.record("account", "u1")).expect("a record");
    let slugs: Vec<&str> = account.references().map(|record| record.resource_type().slug()).collect();
    assert_eq!(slugs, ["team", "role"]);
}

#[test]
fn a_session_that_ends_as_completed_tells_nothing_of_its_app() {
    let mut engine = small::engine_with_an_account();
    engine.complete_session(NOW, APP, SESSION, Completion::GUARDED).expect("no guard");
    assert_eq!(told(&engine), ["session_completing"]);
    let _ = engine.run_cleanup(Timestamp(7), APP, SESSION, NonZeroU64::MIN).expect("a cleanup");
    assert_eq!(told(&engine), ["session_ended completed"], "its status says the rest");
    assert_eq!(engine.app(APP).expect("an app").last_synced_at(), Some(Timestamp(7)));
}

#[test]
fn a_start_tells_of_the_session_that_it_ends_and_of_its_cleanup() {
    let mut engine = small::engine_with_an_account();
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    assert_eq!(told(&engine), ["session_ended abandoned", "session_opened"]);
    engine.complete_session(NOW, APP, session(2), Completion::GUARDED).expect("no guard");
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let expected =
        ["record_deactivated u1", "record_deactivated g1", "session_ended completed", "session_opened"];
    assert_eq!(told(&engine), expected);
}

#[test]
fn a_repeat_is_a_success_that_changes_nothing() {
    let mut engine = small::engine_with_an_account();
    let quietly = |engine: &mut Engine, step: &dyn Fn(&mut Engine)| {
        let before = (engine.digest(), engine.seq());
        step(engine);
        assert_eq!((engine.digest(), engine.seq(), told(engine).len()), (before.0, before.1, 0));
    };
    let complete = |engine: &mut Engine, completion, status| {
        assert_eq!(engine.complete_session(Timestamp(9), APP, SESSION, completion), Ok(status));
    };
    complete(&mut engine, Completion::GUARDED, SessionStatus::Completing);
    // Nor is one that is completing held to a guard again.
    let guard = headcount::Guard::NONE.with_max_count(0);
    engine.update_app(NOW, APP, &AppUpdate::default().with_guard(guard)).expect("a guard");
    for completion in [Completion::GUARDED, Completion::FORCED] {
        quietly(&mut engine, &|engine| complete(engine, completion, SessionStatus::Completing));
    }
    let _ = engine.run_cleanup(NOW, APP, SESSION, NonZeroU64::MAX).expect("a cleanup");
    quietly(&mut engine, &|engine| complete(engine, Completion::FORCED, SessionStatus::Completed));
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    engine.abandon_session(NOW, APP, session(2)).expect("in progress");
    quietly(&mut engine, &|engine| engine.abandon_session(NOW, APP, session(2)).expect("abandoned"));
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    engine.fail_session(NOW, APP, session(3), "first").expect("in progress");
    quietly(&mut engine, &|engine| engine.fail_session(NOW, APP, session(3), "second").expect("in error"));
    quietly(&mut engine, &|engine| _ = engine.fail_session(NOW, APP, session(3), "").expect_err("no reason"));
    let reason = engine.app(APP).and_then(|app| app.session(session(3))).and_then(|session| session.reason());
    assert_eq!(reason, Some("first"), "the first reason stands");
    let same = AppUpdate::default().with_name("Synthetic").with_guard(guard);
    quietly(&mut engine, &|engine| engine.update_app(NOW, APP, &same).expect("nothing new"));
}

/// An account of these teams in this order; the types `role` and `seat` too, so that runs of references change.
fn in_order(order: &[usize]) -> Account<'static> {
    let all = [("team", "g1"), ("seat", "s1"), ("team", "g2"), ("seat", "s2"), ("team", "g3")];
    let lists = |slug: &str| {
        let of_type = order.iter().map(|&at| all[at]).filter(|(of, _)| *of == slug);
        of_type.map(|(slug, id)| ReferenceList::new(slug, [id])).collect()
    };
    Account { memberships: lists("team"), assignments: lists("seat"), ..account("u1") }
}

#[test]
fn the_order_of_references_shows_in_no_digest_and_is_no_change() {
    let mut engine = small::engine(Config::new());
    let teams = Page::groups(["g1", "g2", "g3"].map(|id| group(id, "Name")));
    let seats = Page::licenses(["s1", "s2"].map(|id| group(id, "Name")));
    let _ = (push(&mut engine, &teams).expect("a page"), push(&mut engine, &seats).expect("a page"));
    let mut digests = Vec::new();
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [1, 3, 4, 0, 2]] {
        let mut other = reload(&engine, Config::new());
        let outcome = push(&mut other, &Page::accounts([in_order(&order)])).expect("a page");
        assert_eq!(outcome.created, 1);
        digests.push(other.digest());
        let before = reload(&other, Config::new().with_hash_key([3; 16]));
        assert_eq!(before.digest(), digests[0], "{order:?}: after save and load");
        for again in [[0, 1, 2, 3, 4], [4, 2, 0, 3, 1]] {
            let outcome = push(&mut other, &Page::accounts([in_order(&again)])).expect("a page");
            assert_eq!((outcome.unchanged, told(&other)), (1, vec![]), "{order:?} again as {again:?}");
        }
        let twice = Account {
            memberships: [in_order(&order).memberships, in_order(&[4, 4]).memberships].concat(),
            ..in_order(&order)
        };
        let outcome = push(&mut other, &Page::accounts([twice])).expect("a page");
        assert_eq!((outcome.unchanged, told(&other)), (1, vec![]), "named twice is named");
        // One less is a change, whatever the order of the others.
        let _ = push(&mut other, &Page::accounts([in_order(&order[..4])])).expect("a page");
        assert_eq!(told(&other).len(), 1, "{:?}", told(&other));
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}

#[test]
fn apps_keep_their_order_and_their_groups_when_others_are_deleted() {
    let mut engine = Engine::new(Config::new());
    // A thousand apps: each tenth is of a group of its own, the others are clones of it.
    for number in 0..1_000_u128 {
        let clone_from = (number % 10 > 0).then(|| app(number - number % 10));
        engine.create_app(NOW, app(number), "App", clone_from).expect("an app");
    }
    let is_deleted = |number: &u128| number.is_multiple_of(3) || number / 10 == 7;
    for number in (0..1_000).filter(is_deleted) {
        engine.delete_app(NOW, app(number)).expect("an app");
        assert_eq!(told(&engine), ["app_deleted"]);
        assert!(engine.app(app(number)).is_none());
    }
    let left: Vec<u128> = (0..1_000).filter(|number| !is_deleted(number)).collect();
    let check = |engine: &Engine| {
        assert_eq!(
            engine.apps().map(|app| app.id()).collect::<Vec<_>>(),
            left.iter().map(|&number| app(number)).collect::<Vec<_>>()
        );
        for &number in &left {
            let group = engine.app(app(number)).expect("an app").clone_group();
            let expected = left.iter().filter(|other| *other / 10 == number / 10).map(|&other| app(other));
            assert!(group.eq(expected), "the group of {number}");
        }
        engine.check_invariants().expect("every rule");
    };
    check(&engine);
    check(&reload(&engine, Config::new().with_hash_key([1; 16])));
    // An id that is free again makes an app behind all others, in a group of its own.
    engine.create_app(NOW, app(0), "Again", None).expect("an app");
    assert_eq!(engine.apps().next_back().map(|app| app.id()), Some(app(0)));
    assert_eq!(engine.app(app(0)).expect("an app").clone_group().count(), 1);
}

/// The numbers of the tasks that an app keeps.
fn tasks(engine: &Engine, numbers: std::ops::Range<u128>) -> Vec<u128> {
    let app = engine.app(APP).expect("an app");
    numbers.filter(|&number| app.task(task(number)).is_some()).collect()
}

#[test]
fn ended_tasks_beyond_the_limit_are_forgotten_in_the_order_in_which_they_ended() {
    for reload_at in 0..=8 {
        let limited = || config(|limits| limits.ended_tasks_per_app_max = 3);
        let mut engine = small::engine(limited());
        let new = NewTask::new(TaskAction::ResetPassword, "account");
        for number in 0..10 {
            engine.create_task(NOW, APP, task(number), &new).expect("a task");
        }
        // Ended in another order than created, at times that go backwards.
        let order = [7, 2, 9, 0, 5, 3, 8, 1];
        for (at, &number) in order.iter().enumerate() {
            if at == reload_at {
                engine = reload(&engine, limited().with_hash_key([9; 16]));
            }
            let resolution = Resolution::Completed { result: None };
            engine.resolve_task(Timestamp(-(at as i64)), APP, task(number), &resolution).expect("a task");
            assert_eq!(told(&engine), ["task_resolved"], "what is forgotten is told by no change");
            let forgotten = &order[..(at + 1).saturating_sub(3)];
            let kept: Vec<u128> = (0..10).filter(|number| !forgotten.contains(number)).collect();
            assert_eq!(tasks(&engine, 0..10), kept, "after {number}, loaded at {reload_at}");
            engine.check_invariants().expect("every rule");
        }
        for number in [7, 2, 9, 0, 5] {
            let resolution = Resolution::Completed { result: None };
            engine.resolve_task(NOW, APP, task(number), &resolution).expect_err("it is not found");
            engine.create_task(NOW, APP, task(number), &new).expect("its id is free");
        }
        engine.create_task(NOW, APP, task(8), &new).expect_err("one that is kept is in use");
        assert_eq!(tasks(&engine, 0..10), (0..10).collect::<Vec<_>>());
    }
}

#[test]
fn what_a_lowered_limit_on_ended_tasks_forgets_goes_when_the_next_one_ends() {
    let mut engine = small::engine(Config::new());
    let new = NewTask::new(TaskAction::ResetPassword, "account");
    let failed = Resolution::Failed { code: "c".into(), message: "m".into() };
    for number in 0..6 {
        engine.create_task(NOW, APP, task(number), &new).expect("a task");
    }
    for number in 0..5 {
        engine.resolve_task(NOW, APP, task(number), &failed).expect("a task");
    }
    let mut engine = reload(&engine, config(|limits| limits.ended_tasks_per_app_max = 2));
    assert_eq!(tasks(&engine, 0..6), [0, 1, 2, 3, 4, 5], "what is on record stays");
    engine.resolve_task(NOW, APP, task(5), &failed).expect("a task");
    assert_eq!(tasks(&engine, 0..6), [4, 5]);
}

#[test]
fn what_changes_nothing_tells_nothing_and_takes_no_number() {
    let mut engine = with_a_placeholder(true);
    let seq = engine.seq();
    push_newest(&mut engine, &Page::accounts([member("u1", ["g1"])]));
    push_newest(&mut engine, &Page::accounts([]));
    let _ = engine.purge_inactive(NOW, APP, Timestamp(i64::MAX)).expect("a purge");
    assert_eq!((engine.seq(), told(&engine)), (seq, vec![]));
}

#[test]
fn absent_null_and_the_empty_text_are_one_and_no_change() {
    let mut engine = small::engine(Config::new());
    let mut push_body = |record: &str| {
        let body = format!(r#"{{"records": [{record}]}}"#);
        push(&mut engine, &parsed(Kind::Account, &body)).expect("a page").unchanged
    };
    assert_eq!(push_body(r#"{"id": "u1", "username": "x"}"#), 0, "it is new");
    for nothing in [r#""""#, "null"] {
        for field in ["email", "first_name", "last_name", "display_name", "status"] {
            assert_eq!(push_body(&format!(r#"{{"id": "u1", "username": "x", "{field}": {nothing}}}"#)), 1);
        }
    }
    for nothing in ["null", "{}", r#"{"team": null}"#, r#"{"team": []}"#] {
        assert_eq!(push_body(&format!(r#"{{"id": "u1", "username": "x", "memberships": {nothing}}}"#)), 1);
    }
    assert_eq!(push_body(r#"{"id": "u1", "username": "x", "status": "active", "color": ["red"]}"#), 1);
}

#[test]
fn whether_an_account_is_active_says_nothing_of_its_status_nor_the_other_way_round() {
    let mut engine = small::engine(Config::new());
    for (id, status) in [("u1", "suspended"), ("u2", "inactive"), ("u3", "active")] {
        let page = Page::accounts([Account { status: Some(status.into()), ..account(id) }]);
        let _ = push(&mut engine, &page).expect("a page");
    }
    let shown = |engine: &Engine| {
        let app = engine.app(APP).expect("an app");
        let records = app.records("account", RecordFilter::All).expect("a type");
        records.map(|record| (record.is_active(), record.status())).collect::<Vec<_>>()
    };
    let [suspended, inactive, active] =
        [AccountStatus::Suspended, AccountStatus::Inactive, AccountStatus::Active].map(Some);
    assert_eq!(shown(&engine), [(true, suspended), (true, inactive), (true, active)]);
    assert_eq!(complete(&mut engine, SESSION, NOW), 0, "they were pushed");
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    assert_eq!(complete(&mut engine, session(2), NOW), 3);
    assert_eq!(shown(&engine), [(false, suspended), (false, inactive), (false, active)]);
}

/// A command that is about all apps names none: each change does.
#[test]
fn each_session_that_expires_is_told_with_its_app() {
    let mut engine = Engine::new(Config::new());
    for number in [3, 1, 2] {
        engine.create_app(NOW, app(number), "App", None).expect("an app");
        engine.start_session(NOW, app(number), session(number), &Scope::All).expect("a session");
    }
    engine.abandon_session(NOW, app(1), session(1)).expect("in progress");
    let seq = engine.seq();
    assert_eq!(engine.expire_sessions(NOW, Timestamp(NOW.as_millis() + 1)).expired, 2);
    let found: Vec<_> = engine.changes().collect();
    for (change, (seq, number)) in found.iter().zip([(seq + 1, 3), (seq + 2, 2)]) {
        assert_eq!((change.seq, change.app_id), (seq, app(number)));
        let status = SessionStatus::Error;
        assert_eq!(change.fact, Fact::SessionEnded { session_id: session(number), status });
    }
    assert_eq!(found.len(), 2);
}

#[test]
fn changes_that_are_passed_over_are_those_that_would_have_come() {
    let mut engine = small::engine(Config::new());
    let accounts = ["u1", "u2", "u3", "u4"].map(|id| member(id, [Reference::new("g"), Reference::new(id)]));
    let _ = push(&mut engine, &Page::accounts(accounts)).expect("a page");
    let all: Vec<_> = engine.changes().collect();
    assert!(all.len() > 10, "{all:?}");
    for skipped in 0..all.len() + 2 {
        let expected = all.get(skipped..).unwrap_or_default();
        assert_eq!(engine.changes().skip(skipped).collect::<Vec<_>>(), expected);
        let mut changes = engine.changes();
        assert_eq!(changes.nth(skipped).as_ref(), expected.first());
        assert_eq!(changes.len(), expected.len().saturating_sub(1));
    }
}
