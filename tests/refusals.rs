//! Which of several reasons to refuse a command is told (SPEC 2, order of refusals; SPEC 3.5).

use headcount::{
    Account, AppId, Engine, Error, Group, Kind, NewResourceType, NewTask, Page, Resolution, ResourceTypeId,
    Scope, SessionId, TaskAction, Uuid,
};
use headcount_testing::small::{self, APP, NOW, account, app, config, group, session, task};

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.expect_err("it is refused").code()
}

/// A push that is refused for eight reasons, of which one after the other is taken away.
#[test]
fn of_several_reasons_to_refuse_a_page_the_first_of_the_contract_is_told() {
    let mut engine = small::engine(config(|limits| {
        (limits.records_per_page_max, limits.records_per_type_max) = (2, 1);
    }));
    let (abandoned, scoped) = (session(1), session(2));
    engine.start_session(NOW, APP, scoped, &Scope::types(["account"])).expect("a session");
    let push = |engine: &mut Engine, app_id: AppId, session_id: SessionId, slug: &str, page: &Page<'_>| {
        let before = engine.digest();
        let code = code(engine.push_page(NOW, app_id, session_id, slug, page));
        assert_eq!(engine.digest(), before);
        code
    };
    let malformed = Group { name: "".into(), ..group("g1", "") };
    let many = Page::groups([malformed.clone(), malformed.clone(), malformed.clone()]);
    let bad = Page::groups([malformed.clone(), malformed]);
    let twice = Page::groups([group("g1", "Name"), group("g1", "Name")]);
    let accounts_twice = Page::accounts([account("u1"), account("u1")]);
    let accounts = Page::accounts([account("u1"), account("u2")]);
    for (app_id, session_id, slug, page, expected) in [
        (app(9), session(9), "nosuch", &many, "app_not_found"),
        (APP, session(9), "nosuch", &many, "session_not_found"),
        (APP, abandoned, "nosuch", &many, "resource_type_not_found"),
        (APP, abandoned, "seat", &many, "wrong_state"),
        (APP, scoped, "seat", &many, "page_too_large"),
        (APP, scoped, "seat", &bad, "page_faults"),
        (APP, scoped, "seat", &twice, "kind_mismatch"),
        (APP, scoped, "team", &twice, "out_of_scope"),
        (APP, scoped, "account", &accounts_twice, "page_faults"),
        (APP, scoped, "account", &accounts, "resource_type_full"),
    ] {
        assert_eq!(push(&mut engine, app_id, session_id, slug, page), expected);
    }
    let one = Page::accounts([account("u1")]);
    assert_eq!(engine.push_page(NOW, APP, scoped, "account", &one).map(|outcome| outcome.created), Ok(1));
}

/// Of a lenient page no fault of a record is told: the rules about the page itself are.
#[test]
fn of_several_reasons_to_refuse_a_lenient_page_the_first_of_the_contract_is_told() {
    let mut engine = small::engine(config(|limits| {
        (limits.records_per_page_max, limits.records_per_type_max) = (3, 1);
    }));
    let (abandoned, scoped) = (session(1), session(2));
    engine.start_session(NOW, APP, scoped, &Scope::types(["account"])).expect("a session");
    let malformed = Group { name: "".into(), ..group("g1", "") };
    let many = Page::groups([(); 4].map(|()| malformed.clone()));
    let bad = Page::groups([malformed]);
    let faulty = Account { email: Some("no".into()), ..account("u3") };
    let accounts = Page::accounts([account("u1"), faulty.clone(), account("u2")]);
    for (app_id, session_id, slug, page, expected) in [
        (app(9), session(9), "nosuch", &many, "app_not_found"),
        (APP, session(9), "nosuch", &many, "session_not_found"),
        (APP, abandoned, "nosuch", &many, "resource_type_not_found"),
        (APP, abandoned, "seat", &many, "wrong_state"),
        (APP, scoped, "seat", &many, "page_too_large"),
        (APP, scoped, "seat", &bad, "kind_mismatch"),
        (APP, scoped, "team", &bad, "out_of_scope"),
        (APP, scoped, "account", &accounts, "resource_type_full"),
    ] {
        let before = engine.digest();
        assert_eq!(code(engine.push_lenient_page(NOW, app_id, session_id, slug, page)), expected);
        assert_eq!((engine.digest(), engine.changes().len()), (before, 0), "{expected}");
    }
    // What is rejected needs no room.
    let one = Page::accounts([account("u1"), faulty]);
    let outcome = engine.push_lenient_page(NOW, APP, scoped, "account", &one).expect("a page");
    assert_eq!((outcome.page.created, outcome.rejected, outcome.retained), (1, 1, 0));
}

/// One malformed record decides for the whole page, wherever it stands and whether or not it is listed.
#[test]
fn a_page_with_a_malformed_field_is_malformed_whatever_else_is_wrong_with_it() {
    let twice = [account("u1"), account("u1")];
    let malformed = Account { email: Some("no".into()), ..account("u2") };
    for (listed_max, accounts, is_malformed) in [
        (1, twice.to_vec(), false),
        (1, [&twice[..], std::slice::from_ref(&malformed)].concat(), true),
        (100, [&[malformed], &twice[..]].concat(), true),
    ] {
        let mut engine = small::engine(config(|limits| limits.faults_listed_max = listed_max));
        let error = small::push(&mut engine, &Page::accounts(accounts)).expect_err("faults");
        assert!(
            matches!(error, Error::PageFaults { malformed, .. } if malformed == is_malformed),
            "{error:?}"
        );
    }
}

#[test]
fn of_several_reasons_to_refuse_a_command_the_first_of_the_contract_is_told() {
    let mut engine = small::engine(config(|limits| limits.opaque_bytes_max = 8));
    let new = |slug: &'static str, payload: &'static str| {
        NewTask::new(TaskAction::CreateAccount, slug).with_payload(payload)
    };
    engine.create_task(NOW, APP, task(1), &new("account", "")).expect("a task");
    let create =
        |engine: &mut Engine, app_id, new: &NewTask<'_>| code(engine.create_task(NOW, app_id, task(1), new));
    assert_eq!(create(&mut engine, app(9), &new("nosuch", "far too long")), "app_not_found");
    assert_eq!(create(&mut engine, APP, &new("nosuch", "far too long")), "invalid_argument");
    assert_eq!(create(&mut engine, APP, &new("nosuch", "")), "resource_type_not_found");
    assert_eq!(create(&mut engine, APP, &new("account", "")), "task_id_in_use");

    let failed = |code: &'static str| Resolution::Failed { code: code.into(), message: "m".into() };
    engine.resolve_task(NOW, APP, task(1), &failed("c")).expect("pending");
    assert_eq!(code(engine.resolve_task(NOW, APP, task(9), &failed(""))), "task_not_found");
    assert_eq!(code(engine.resolve_task(NOW, APP, task(1), &failed(""))), "invalid_argument");
    assert_eq!(code(engine.resolve_task(NOW, APP, task(1), &failed("c"))), "task_ended");

    let start = |engine: &mut Engine, app_id, scope: &Scope<'_>| {
        code(engine.start_session(NOW, app_id, session(1), scope))
    };
    assert_eq!(start(&mut engine, app(9), &Scope::Types(vec![])), "app_not_found");
    assert_eq!(start(&mut engine, APP, &Scope::Types(vec![])), "invalid_argument");
    assert_eq!(start(&mut engine, APP, &Scope::types(["account", "nosuch"])), "resource_type_not_found");
    assert_eq!(start(&mut engine, APP, &Scope::All), "session_id_in_use");

    let fail =
        |engine: &mut Engine, session_id, reason| code(engine.fail_session(NOW, APP, session_id, reason));
    engine.abandon_session(NOW, APP, session(1)).expect("in progress");
    assert_eq!(fail(&mut engine, session(9), ""), "session_not_found");
    assert_eq!(fail(&mut engine, session(1), ""), "invalid_argument");
    assert_eq!(fail(&mut engine, session(1), "lost"), "wrong_state");

    let register = |engine: &mut Engine, app_id, id: u128, slug: &'static str| {
        let new = NewResourceType::new(slug, "Name", Kind::Group);
        code(engine.register_resource_type(NOW, app_id, ResourceTypeId(Uuid::from_u128(id)), &new))
    };
    assert_eq!(register(&mut engine, app(9), 1, "no slug"), "app_not_found");
    assert_eq!(register(&mut engine, APP, 1, "no slug"), "invalid_argument");
    assert_eq!(register(&mut engine, APP, 1, "team"), "resource_type_id_in_use");
    assert_eq!(register(&mut engine, APP, 9, "team"), "slug_taken");

    let create =
        |engine: &mut Engine, name: &str, clone_from| code(engine.create_app(NOW, APP, name, clone_from));
    assert_eq!(create(&mut engine, "", Some(app(9))), "invalid_argument");
    assert_eq!(create(&mut engine, "App", Some(app(9))), "app_not_found");
    assert_eq!(create(&mut engine, "App", None), "app_id_in_use");
}

/// That no type would be left is told last.
#[test]
fn of_several_reasons_to_refuse_an_exclusion_the_first_of_the_contract_is_told() {
    let mut engine = small::engine(config(|_| {}));
    let (abandoned, scoped) = (session(1), session(2));
    engine.start_session(NOW, APP, scoped, &Scope::types(["account"])).expect("a session");
    for (app_id, session_id, types, expected) in [
        (app(9), session(9), &[][..], "app_not_found"),
        (APP, session(9), &[], "session_not_found"),
        (APP, abandoned, &[], "invalid_argument"),
        (APP, abandoned, &["account", "nosuch"], "resource_type_not_found"),
        (APP, abandoned, &["account", "team", "seat"], "wrong_state"),
        (APP, scoped, &["account", "team", "seat"], "invalid_argument"),
    ] {
        let before = engine.digest();
        assert_eq!(code(engine.exclude_types(NOW, app_id, session_id, types)), expected);
        assert_eq!(engine.digest(), before);
    }
    assert_eq!(engine.exclude_types(NOW, APP, scoped, &["team", "seat"]), Ok(()), "they are out of scope");
}

/// What is not there is told in the order in which it is looked for; that a record is in use is told last.
#[test]
fn of_several_reasons_to_refuse_an_erasure_the_first_of_the_contract_is_told() {
    let mut engine = small::engine_with_an_account();
    for (app_id, slug, id, expected) in [
        (app(9), "nosuch", "", "app_not_found"),
        (APP, "nosuch", "", "resource_type_not_found"),
        (APP, "account", "", "record_not_found"),
        (APP, "account", "u1", "record_in_use"),
    ] {
        let before = engine.digest();
        assert_eq!(code(engine.erase_record(NOW, app_id, slug, id)), expected);
        assert_eq!((engine.digest(), engine.changes().len()), (before, 0));
    }
}
