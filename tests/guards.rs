//! Guards (SPEC 4.8): what they count, which of their limits is told, and how they are written.

use headcount::{
    AppUpdate, Completion, Config, Engine, Error, Guard, GuardLimit, Kind, LimitOutOfRange, NewResourceType,
    Page, ResourceTypeId, Scope, Timestamp, Uuid,
};
use headcount_testing::small::{
    self, APP, NOW, account, app, complete, config, group, member, push_in, session,
};

/// Four accounts, the first two in teams, and two teams; then a session that is open.
fn engine() -> Engine {
    let mut engine = small::engine(Config::new());
    let accounts = [member("u1", ["g1", "g2"]), member("u2", ["g1"]), account("u3"), account("u4")];
    let _ = push_in(&mut engine, session(1), &Page::accounts(accounts)).expect("a page");
    let teams = Page::groups([group("g1", "One"), group("g2", "Two")]);
    let _ = push_in(&mut engine, session(1), &teams).expect("a page");
    assert_eq!(complete(&mut engine, session(1), NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    engine
}

fn set(engine: &mut Engine, guard: Guard) {
    engine.update_app(NOW, APP, &AppUpdate::default().with_guard(guard)).expect("a guard");
}

fn try_to_complete(engine: &mut Engine) -> Error {
    engine.complete_session(NOW, APP, session(2), Completion::GUARDED).expect_err("a limit is passed")
}

#[test]
fn a_new_app_has_the_default_guard_and_a_clone_too() {
    let guard = Guard::NONE.with_max_percent(10).with_required_pages();
    let mut engine = Engine::new(Config::new().with_guard(guard).expect("a guard"));
    assert_eq!(engine.config().guard(), guard);
    engine.create_app(NOW, app(1), "App", None).expect("an app");
    set(&mut engine, Guard::NONE);
    engine.create_app(NOW, app(2), "Clone", Some(app(1))).expect("a clone");
    let guards: Vec<_> = engine.apps().map(|app| app.guard()).collect();
    assert_eq!(guards, [Guard::NONE, guard], "a clone has not the guard of the app that it was cloned from");
}

#[test]
fn a_default_guard_is_held_to_its_ranges() {
    for (guard, limit) in [
        (Guard::NONE.with_max_percent(101), "guard.max_percent"),
        (Guard::NONE.with_max_type_percent(255), "guard.max_type_percent"),
        (Guard::NONE.with_max_removals_percent(101).with_max_percent(100), "guard.max_removals_percent"),
    ] {
        let LimitOutOfRange { limit: found, min, max, .. } =
            Config::new().with_guard(guard).expect_err("out of range");
        assert_eq!((found, min, max), (limit, 0, 100));
        let mut engine = small::engine(Config::new());
        let error =
            engine.update_app(NOW, APP, &AppUpdate::default().with_guard(guard)).expect_err("the same");
        assert!(error.to_string().starts_with(limit), "{error}");
        let config = serde_json::json!({ "guard": guard });
        assert!(serde_json::from_value::<Config>(config).is_err());
    }
}

/// Each is taken away when it was told.
#[test]
fn of_several_limits_that_a_completion_passes_the_first_is_told() {
    let mut engine = engine();
    let mut guard = Guard::NONE.with_max_count(3).with_max_percent(50).with_max_type_percent(60);
    guard.require_pages = true;
    let mut refused = |guard: Guard, limit: GuardLimit| {
        set(&mut engine, guard);
        let error = try_to_complete(&mut engine);
        assert_eq!((error.guard_limit(), error.code()), (Some(limit), "guard_exceeded"), "{error}");
        error
    };
    let slugs = vec!["account".to_owned(), "team".to_owned()];
    let error = refused(guard, GuardLimit::RequirePages);
    assert_eq!(error, Error::GuardExceededWithoutPages { slugs, guard });
    guard.require_pages = false;
    let (deactivations, base) = (6, 6);
    let limit = GuardLimit::MaxCount;
    assert_eq!(refused(guard, limit), Error::GuardExceeded { limit, deactivations, base, guard });
    guard.max_count = Some(6);
    let limit = GuardLimit::MaxPercent;
    assert_eq!(refused(guard, limit), Error::GuardExceeded { limit, deactivations, base, guard });
    guard.max_percent = Some(100);
    let slug = "account".to_owned();
    let error = refused(guard, GuardLimit::MaxTypePercent);
    assert_eq!(error, Error::GuardExceededByType { slug, deactivations: 4, base: 4, guard });
    // Four of them are no longer looked at, the two teams neither.
    set(&mut engine, guard.with_min_count(4).with_max_count(6));
    engine.complete_session(NOW, APP, session(2), Completion::GUARDED).expect("no limit is passed");
}

#[test]
fn what_a_page_takes_is_looked_at_behind_all_else_that_is_wrong_with_it() {
    let mut engine = engine();
    set(&mut engine, Guard::NONE.with_max_removals(1).with_max_removals_percent(0));
    let leaves = Page::accounts([account("u1")]);
    let error = push_in(&mut engine, session(2), &leaves).expect_err("two are taken");
    assert_eq!(error.guard_limit(), Some(GuardLimit::MaxRemovals), "it is told before the percentage");
    let faulty = Page::accounts([account("u1"), account("")]);
    assert_eq!(push_in(&mut engine, session(2), &faulty).expect_err("a fault").code(), "page_faults");
    let mut limits = *engine.config().limits();
    limits.records_per_type_max = 4;
    let mut engine = small::reload(&engine, config(|of| *of = limits));
    let full = Page::accounts([account("u1"), account("u5")]);
    assert_eq!(push_in(&mut engine, session(2), &full).expect_err("no room").code(), "resource_type_full");
    // Nothing is left of them: one reference is taken, of three.
    let one = Page::accounts([member("u1", ["g1"])]);
    let Err(Error::GuardExceededByRemovals { limit, removals: 1, base: 3, .. }) =
        push_in(&mut engine, session(2), &one)
    else {
        panic!("the percentage")
    };
    assert_eq!(limit, GuardLimit::MaxRemovalsPercent);
}

/// Whatever becomes of the type; and of a type that is excluded there is none.
#[test]
fn a_base_stays_as_it_was_counted() {
    let mut engine = engine();
    set(&mut engine, Guard::NONE.with_max_percent(0).with_max_removals_percent(0));
    let error = try_to_complete(&mut engine);
    assert!(matches!(error, Error::GuardExceeded { deactivations: 6, base: 6, .. }), "{error}");
    let fresh = Page::accounts((10..20).map(|number| account(["u1", "n"][usize::from(number > 10)])).take(1));
    let error = push_in(&mut engine, session(2), &fresh).expect_err("two references are taken");
    assert!(matches!(error, Error::GuardExceededByRemovals { removals: 2, base: 3, .. }), "{error}");
    let fresh = Page::accounts([member("u1", ["g1", "g2"]), account("n1"), account("n2")]);
    let _ = push_in(&mut engine, session(2), &fresh).expect("a page");
    let mut engine = small::reload(&engine, Config::new());
    let error = try_to_complete(&mut engine);
    assert!(matches!(error, Error::GuardExceeded { deactivations: 5, base: 6, .. }), "{error}");
    engine.exclude_types(NOW, APP, session(2), &["account"]).expect("in progress");
    let error = try_to_complete(&mut engine);
    assert!(matches!(error, Error::GuardExceeded { deactivations: 2, base: 2, .. }), "{error}");
    let view = engine.app(APP).and_then(|app| app.session(session(2))).expect("a session");
    assert_eq!(view.base(), 2);
}

/// With the first two limits alone it is what it was before there were others, which the golden files hold.
#[test]
fn a_guard_is_read_as_it_was_written_in_every_format() {
    let whole = Guard::NONE
        .with_max_count(u64::MAX)
        .with_max_percent(1)
        .with_max_type_percent(2)
        .with_min_count(3)
        .with_required_pages()
        .with_max_removals(4)
        .with_max_removals_percent(100);
    for guard in [
        Guard::NONE,
        Guard::NONE.with_max_count(300),
        Guard::NONE.with_max_percent(10),
        Guard::NONE.with_max_count(300).with_max_percent(10),
        Guard::NONE.with_required_pages(),
        whole,
    ] {
        let text = serde_json::to_string(&guard).expect("text");
        assert_eq!(serde_json::from_str::<Guard>(&text).expect("a guard"), guard, "{text}");
        let bytes = postcard::to_allocvec(&guard).expect("bytes");
        assert_eq!(postcard::take_from_bytes::<Guard>(&bytes).expect("a guard"), (guard, &[][..]));
        let mut bytes = Vec::new();
        ciborium::into_writer(&guard, &mut bytes).expect("bytes");
        assert_eq!(ciborium::from_reader::<Guard, _>(&*bytes).expect("a guard"), guard);
    }
    assert_eq!(serde_json::from_str::<Guard>("{}").expect("a guard"), Guard::NONE);
    assert_eq!(
        serde_json::to_string(&Guard::NONE.with_max_count(3)).expect("text"),
        r#"{"max_count":3,"max_percent":null}"#
    );
    assert_eq!(postcard::to_allocvec(&(Some(3_u64), None::<u8>)), postcard::to_allocvec(&whole_of(3)));
}

const fn whole_of(max_count: u64) -> Guard {
    Guard::NONE.with_max_count(max_count)
}

/// A type that came to be of accounts counts what its accounts held, which was nothing.
#[test]
fn references_count_of_account_types_alone() {
    let mut engine = engine();
    set(&mut engine, Guard::NONE.with_max_removals(0));
    let update = headcount::ResourceTypeUpdate::default().with_kind(Kind::Account);
    engine.update_resource_type(NOW, APP, "seat", &update).expect("it has no records");
    let teams = Page::groups([group("g1", "Other")]);
    assert_eq!(push_in(&mut engine, session(2), &teams).map(|outcome| outcome.updated), Ok(1));
    let _ = engine.expire_sessions(NOW, Timestamp(i64::MIN));
    assert_eq!(engine.waive_guard(NOW, APP, session(2)), Ok(()));
    let leaves = Page::accounts([account("u1")]);
    assert_eq!(push_in(&mut engine, session(2), &leaves).map(|outcome| outcome.updated), Ok(1));
}

/// Found by a mutant: what accounts out of scope hold is no part of what a percentage is of.
#[test]
fn references_of_accounts_out_of_scope_do_not_count() {
    let mut engine = engine();
    let contractor = NewResourceType::new("contractor", "Contractor", Kind::Account);
    engine.register_resource_type(NOW, APP, ResourceTypeId(Uuid::from_u128(9)), &contractor).expect("a type");
    let contractors = Page::accounts([member("c1", ["g1", "g2"]), member("c2", ["g1", "g2"])]);
    engine.start_session(NOW, APP, session(3), &Scope::types(["contractor"])).expect("a session");
    let _ = engine.push_page(NOW, APP, session(3), "contractor", &contractors).expect("a page");
    set(&mut engine, Guard::NONE.with_max_removals_percent(40));
    engine.start_session(NOW, APP, session(4), &Scope::types(["account", "team"])).expect("a session");
    // Two of three, and not of seven.
    let error =
        push_in(&mut engine, session(4), &Page::accounts([account("u1")])).expect_err("two are taken");
    assert!(matches!(error, Error::GuardExceededByRemovals { removals: 2, base: 3, .. }), "{error}");
}

#[test]
fn what_stays_is_not_taken_and_what_is_named_out_of_scope_is() {
    let mut engine = engine();
    set(&mut engine, Guard::NONE.with_max_removals(1));
    engine.start_session(NOW, APP, session(3), &Scope::types(["account"])).expect("a session");
    let stays = Page::accounts([account("u1"), account("u2")]);
    assert_eq!(push_in(&mut engine, session(3), &stays).map(|outcome| outcome.unchanged), Ok(2));
    let named = Page::accounts([member::<&str>("u1", [])]);
    let error = push_in(&mut engine, session(3), &named).expect_err("it takes both teams");
    assert!(matches!(error, Error::GuardExceededByRemovals { removals: 2, base: 3, .. }), "{error}");
    let one = Page::accounts([member("u1", ["g2"])]);
    assert_eq!(push_in(&mut engine, session(3), &one).map(|outcome| outcome.unchanged), Ok(0));
    let counts = engine.app(APP).and_then(|app| app.session(session(3))).expect("a session").counts();
    assert_eq!((counts.references_removed, counts.references_added), (1, 0));
}
