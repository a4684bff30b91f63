//! How far a step of a cleanup comes ([SPEC 4.1](../docs/SPEC.md)).

use std::num::NonZeroU64;

use headcount::{
    Account, CleanupOutcome, Completion, Config, Engine, Kind, NewResourceType, Page, Reference,
    ReferenceList, ResourceTypeId, Scope, SessionStatus, Uuid,
};
use headcount_testing::small::{self, APP, NOW, account, complete, config, group, push, push_in, session};

/// A page of the account with this number, which has so many teams that no other one has.
fn page(number: usize, count: usize) -> Page<'static> {
    let reference = |team| Reference { id: format!("g{team}").into(), name: None };
    let teams = (number * count..(number + 1) * count).map(reference);
    let memberships = vec![ReferenceList::new("team", teams)];
    Page::accounts([Account { memberships, ..account(&format!("u{number}")) }])
}

/// An engine whose first roll named so many accounts, each with so many teams that were not pushed.
fn engine(accounts: usize, teams_of_each: usize) -> Engine {
    let mut engine = small::engine(config(|limits| limits.references_per_account_max = 20_000));
    for number in 0..accounts {
        assert_eq!(push(&mut engine, &page(number, teams_of_each)).map(|outcome| outcome.created), Ok(1));
    }
    assert_eq!(complete(&mut engine, small::SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    engine
}

fn accept(engine: &mut Engine) {
    engine.complete_session(NOW, APP, session(2), Completion::GUARDED).expect("no guard");
}

fn step(engine: &mut Engine, budget: u64) -> CleanupOutcome {
    let budget = NonZeroU64::new(budget).expect("a budget");
    engine.run_cleanup(NOW, APP, session(2), budget).expect("a completing session")
}

#[test]
fn a_step_takes_back_32_references_for_each_unit_of_its_budget() {
    let mut engine = engine(20, 64);
    accept(&mut engine);
    for at in 0..4 {
        assert_eq!(step(&mut engine, 10).deactivated, 5, "step {at}: 320 references");
    }
    // What has no references is bounded by the budget alone.
    assert_eq!(step(&mut engine, 1_000).deactivated, 1_000);
    assert_eq!(step(&mut engine, 1_000).deactivated, 280);
    engine.check_invariants().expect("every rule");
}

#[test]
fn a_step_finishes_the_account_at_hand_however_many_references_it_has() {
    let mut engine = engine(3, 10_000);
    accept(&mut engine);
    for number in 0..3 {
        let outcome = step(&mut engine, 1);
        assert_eq!((outcome.deactivated, outcome.status), (1, SessionStatus::Completing));
        let teams =
            engine.app(APP).and_then(|app| app.record("team", &format!("g{}", number * 10_000 + 9_999)));
        assert_eq!(teams.map(|team| team.member_count()), Some(0));
    }
}

#[test]
fn a_step_may_mark_none_and_still_not_be_the_last() {
    let mut engine = engine(1, 1_000);
    let _ = push_in(&mut engine, session(2), &page(0, 1_000)).expect("a page");
    accept(&mut engine);
    let mut steps = 1;
    while !step(&mut engine, 1).status.has_ended() {
        steps += 1;
    }
    assert!((32..=35).contains(&steps), "{steps} steps of 32 placeholders that stay");
    let counts = engine.app(APP).and_then(|app| app.record_counts("team")).expect("the type");
    assert_eq!((counts.active, counts.inactive), (1_000, 0));
}

#[test]
fn accounts_with_many_references_come_to_the_same_end_by_the_same_changes_at_any_budget() {
    let ends = [1, 7, 100, u64::MAX].map(|budget| {
        let mut engine = engine(4, 300);
        accept(&mut engine);
        let mut told = Vec::new();
        loop {
            let outcome = step(&mut engine, budget);
            told.extend(small::told(&engine));
            if outcome.status.has_ended() {
                return (told, engine.digest());
            }
        }
    });
    assert_eq!(ends[0].0.len(), 4 + 1_200 + 1);
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn to_start_a_session_ends_the_cleanup_of_accounts_with_many_references() {
    let mut engine = engine(3, 10_000);
    accept(&mut engine);
    assert_eq!(step(&mut engine, 1).deactivated, 1);
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let ended = engine.app(APP).and_then(|app| app.session(session(2))).expect("it is kept");
    assert_eq!((ended.status(), ended.counts().deactivated), (SessionStatus::Completed, 30_003));
}

/// An engine with so many more types, of each of which a roll that was accepted named so many records.
fn engine_of_types(types: u32, records: usize) -> Engine {
    let mut engine = small::engine(Config::new());
    let page = Page::groups((0..records).map(|number| group(&format!("g{number}"), "Name")));
    for number in 0..types {
        let (id, slug) =
            (ResourceTypeId(Uuid::from_u128(100 + u128::from(number))), format!("type-{number}"));
        let new = NewResourceType::new(slug.as_str(), "Type", Kind::Group);
        engine.register_resource_type(NOW, APP, id, &new).expect("a type");
    }
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    for number in (0..types).filter(|_| records > 0) {
        let pushed = engine.push_page(NOW, APP, session(2), &format!("type-{number}"), &page);
        assert_eq!(pushed.map(|outcome| outcome.created as usize), Ok(records));
    }
    accept(&mut engine);
    engine
}

/// Found by mutants: a word of 64 rows costs what there is of it, and to pass a type costs one.
#[test]
fn a_step_counts_the_rows_that_there_are_and_the_types_that_it_passes() {
    // 50 types of 65 rows and a step each, twice: 3,400 of the 4,096 rows that a budget of 1 may pass.
    assert_eq!(step(&mut engine_of_types(50, 65), 1).status, SessionStatus::Completed);
    // 2,103 types, twice.
    let mut engine = engine_of_types(2_100, 0);
    let statuses = [step(&mut engine, 1).status, step(&mut engine, 1).status];
    assert_eq!(statuses, [SessionStatus::Completing, SessionStatus::Completed]);
}

/// Found by a mutant: a step whose work ends with a table stood behind its last row, and the digest tells where it stands.
#[test]
fn a_step_that_ends_with_a_table_stands_before_the_next() {
    let mut engine = small::engine(config(|limits| limits.records_per_page_max = 4_096));
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    let accounts = (0..4_096).map(|number| account(&format!("u{number}")));
    let _ = push_in(&mut engine, session(2), &Page::accounts(accounts)).expect("a page");
    accept(&mut engine);
    assert_eq!(step(&mut engine, 1).status, SessionStatus::Completing);
    let cursor = &small::saved(&engine)["apps"][0]["app"]["sessions"]["open"]["cursor"];
    assert_eq!((&cursor["type"], &cursor["row"]), (&1.into(), &0.into()));
    assert_eq!(step(&mut engine, 1).status, SessionStatus::Completed);
}
