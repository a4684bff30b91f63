//! Counts what a page and other commands allocate. Each thread is counted by itself, so the tests need not wait for each
//! other.

use std::num::NonZeroU64;

use headcount::{
    Account, Attribute, AttributeValue, Completion, Config, Engine, Fingerprint, NewTask, Page, Records,
    Reference, ReferenceList, Resolution, Scope, SessionId, TaskAction, TaskId, Timestamp, Uuid,
};
use headcount_test_allocator::{Region, TestAllocator};
use headcount_testing::directory::{Directory, Roll};
use headcount_testing::roll;
use headcount_testing::small::group;

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

/// In stored order and in another: what an unchanged page needs is kept from the page before, and the seen bits
/// lie where the roll before left them.
#[test]
fn an_unchanged_page_allocates_nothing() {
    let directory = Directory::new(2_000);
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let (in_order, shuffled) = (directory.in_order(), directory.shuffled());
    for (number, numbers) in (1..).zip([&in_order, &in_order, &shuffled, &in_order]) {
        let session = roll::start(&mut engine, number).expect("a session");
        for (at, numbers) in numbers.chunks(100).enumerate() {
            let page = directory.accounts_page(Roll::Whole, numbers);
            let region = Region::new();
            // The last roll is lenient.
            let outcome = if number < 4 {
                roll::push(&mut engine, session, &page).expect("a page")
            } else {
                let (now, slug) = (Timestamp(0), "account");
                engine.push_lenient_page(now, roll::APP, session, slug, &page).expect("a page").page
            };
            let allocations = region.change().allocations;
            if number > 1 {
                assert_eq!(outcome.unchanged, 100);
                assert_eq!(allocations, 0, "roll {number}, page {at}");
            }
        }
        assert_eq!(roll::complete(&mut engine, session), Ok(0));
    }
    an_unchanged_page_with_attributes_allocates_nothing();
}

/// In the order of their names and in others, with values that count as absent among them.
fn an_unchanged_page_with_attributes_allocates_nothing() {
    let page = |turns: usize| {
        Page::accounts((0..100).map(|number: u32| {
            let mut attributes = vec![
                Attribute::new("cost_center", i64::from(number)),
                Attribute::new("department", "Sales"),
                Attribute::new("desks", AttributeValue::texts(["B-12", "C-03"])),
                Attribute { name: "left".into(), value: None },
                Attribute::new("remote", true),
            ];
            attributes.rotate_left(turns);
            Account {
                id: format!("user-{number}").into(),
                username: Some("x".into()),
                attributes: Some(attributes),
                ..Account::default()
            }
        }))
    };
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let session = roll::start(&mut engine, 1).expect("a session");
    assert_eq!(roll::push(&mut engine, session, &page(0)).map(|outcome| outcome.created).ok(), Some(100));
    for turns in 0..5 {
        let page = page(turns);
        let region = Region::new();
        let outcome = roll::push(&mut engine, session, &page).expect("a page");
        let allocations = region.change().allocations;
        assert_eq!((outcome.unchanged, allocations), (100, 0), "turned {turns} times");
    }
}

/// In a roll of accounts alone, whose teams stay.
#[test]
fn an_unchanged_page_of_accounts_whose_references_stay_allocates_nothing() {
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let session = roll::start(&mut engine, 1).expect("a session");
    let _ = roll::push(&mut engine, session, &accounts(0, 1, 0)).expect("a page");
    let Records::Accounts(mut alone) = accounts(0, 1, 0).records().clone() else {
        panic!("these are accounts")
    };
    alone.iter_mut().for_each(|account| account.memberships = Vec::new());
    let page = Page::accounts(alone);
    let session = SessionId(Uuid::from_u128(2));
    engine.start_session(Timestamp(0), roll::APP, session, &Scope::types(["account"])).expect("a session");
    for number in 0..3 {
        let region = Region::new();
        let outcome = roll::push(&mut engine, session, &page).expect("a page");
        let allocations = region.change().allocations;
        assert_eq!(outcome.unchanged, 100);
        assert!(number == 0 || allocations == 0, "{allocations} allocations");
    }
}

#[test]
fn a_repeated_page_allocates_nothing() {
    let directory = Directory::new(20_000);
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let pages: Vec<Vec<u32>> = directory.in_order().chunks(100).map(<[u32]>::to_vec).collect();
    let session = roll::start(&mut engine, 1).expect("a session");
    for (number, numbers) in (0..).zip(&pages) {
        let page = directory.accounts_page(Roll::Whole, numbers).with_fingerprint(Fingerprint(number));
        let _ = roll::push(&mut engine, session, &page).expect("a page");
    }
    assert_eq!(roll::complete(&mut engine, session), Ok(0));
    let session = roll::start(&mut engine, 2).expect("a session");
    let mut repeat = |number: usize| {
        let (now, fingerprint) = (Timestamp(0), Fingerprint(number as u128));
        engine.repeat_page(now, roll::APP, session, "account", fingerprint).expect("a known page")
    };
    // The last page first: then there is room for the roll.
    assert_eq!(repeat(pages.len() - 1).unchanged, 100);
    let region = Region::new();
    for number in 0..pages.len() {
        let _ = repeat(number);
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations, change.deallocations), (0, 0, 0));
}

/// The most bytes that one of these pages allocates.
fn worst_page(engine: &mut Engine, session: SessionId, pages: impl Iterator<Item = Page<'static>>) -> usize {
    let mut worst = 0;
    for page in pages {
        let region = Region::new();
        let _ = roll::push(engine, session, &page).expect("a page");
        worst = worst.max(region.change().bytes_allocated);
    }
    worst
}

/// So many accounts from this one on, each the so-many-th, in teams of twenty, with usernames of various lengths.
fn accounts(first: u32, step: u32, round: u32) -> Page<'static> {
    let numbers = (0..100).map(|at| first + at * step);
    Page::accounts(numbers.map(|number| {
        let length = 1 + (number * 31 + round * 97) as usize % 120;
        Account {
            id: format!("user-{number}").into(),
            username: Some("x".repeat(length).into()),
            memberships: vec![ReferenceList::new(
                "team",
                [Reference { id: format!("team-{}", number / 20).into(), name: None }],
            )],
            ..Account::default()
        }
    }))
}

fn teams(first: u32) -> Page<'static> {
    Page::groups((first..first + 100).map(|number| group(&format!("team-{number}"), "A team of twenty")))
}

/// A chunk of the arena, one of a column, segments of the index and some counts of referrers: what may be begun anew
/// by one page. It is the same for any number of records.
const BYTES_OF_A_PAGE_MAX: usize = 2 << 20;

#[test]
fn no_page_pays_for_the_whole() {
    for count in [30_000, 300_000] {
        let accounts_pages = || (0..count).step_by(100).map(|first| accounts(first, 1, 0));
        let team_pages = || (0..count / 20).step_by(100).map(teams);
        for groups_first in [true, false] {
            let mut engine = roll::engine(Config::new()).expect("an engine");
            let session = roll::start(&mut engine, 1).expect("a session");
            let worst = if groups_first {
                worst_page(&mut engine, session, team_pages().chain(accounts_pages()))
            } else {
                worst_page(&mut engine, session, accounts_pages().chain(team_pages()))
            };
            assert!(worst <= BYTES_OF_A_PAGE_MAX, "{worst} bytes for a page of {count} accounts");
            assert!(worst >= 1 << 20, "{worst} bytes: was there no chunk of the arena among them?");
        }
    }
}

#[test]
fn no_page_of_twenty_rolls_that_change_one_in_twenty_pays_for_the_whole() {
    for count in [30_000, 300_000] {
        let mut engine = roll::engine(Config::new()).expect("an engine");
        let session = roll::start(&mut engine, 1).expect("a session");
        let _ = worst_page(&mut engine, session, (0..count).step_by(100).map(|first| accounts(first, 1, 0)));
        for round in 1..=20 {
            let session = roll::start(&mut engine, 1 + round).expect("a session");
            let pages = (round % 20..count).step_by(2_000).map(|first| accounts(first, 20, round));
            let worst = worst_page(&mut engine, session, pages);
            assert!(worst <= BYTES_OF_A_PAGE_MAX, "{worst} bytes for a page of roll {round} of {count}");
        }
        engine.check_invariants().expect("every rule");
    }
}

/// An engine, and its open session in which all accounts of the directory were pushed.
fn with_accounts(directory: &Directory) -> (Engine, SessionId) {
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let session = roll::start(&mut engine, 1).expect("a session");
    for numbers in directory.in_order().chunks(100) {
        let page = directory.accounts_page(Roll::Whole, numbers);
        let _ = roll::push(&mut engine, session, &page).expect("a page");
    }
    (engine, session)
}

/// What these commands allocate, in the order of their names.
fn allocated_by_commands(accounts: u32) -> Vec<(&'static str, usize)> {
    let directory = Directory { memberships: 1, ..Directory::new(accounts) };
    let (mut engine, session) = with_accounts(&directory);
    assert_eq!(roll::complete(&mut engine, session), Ok(0));
    let mut allocated = Vec::new();
    let mut count = |name, run: &mut dyn FnMut()| {
        let region = Region::new();
        run();
        allocated.push((name, region.change().bytes_allocated));
    };
    count("start_session", &mut || _ = roll::start(&mut engine, 2).expect("a session"));
    let session = SessionId(Uuid::from_u128(2));
    let page = directory.accounts_page(Roll::Whole, &[1, 2, 3]);
    count("push_page", &mut || _ = roll::push(&mut engine, session, &page).expect("a page"));
    let now = Timestamp(1);
    count("abandon_session", &mut || engine.abandon_session(now, roll::APP, session).expect("in progress"));
    count("start_session", &mut || _ = roll::start(&mut engine, 3).expect("a session"));
    let session = SessionId(Uuid::from_u128(3));
    let completion = Completion::GUARDED;
    count("complete_session", &mut || {
        let _ = engine.complete_session(now, roll::APP, session, completion).expect("no guard");
    });
    let budget = NonZeroU64::new(100).expect("a budget");
    count("run_cleanup", &mut || {
        let _ = engine.run_cleanup(now, roll::APP, session, budget).expect("a completing session");
    });
    allocated
}

#[test]
fn what_a_command_allocates_does_not_grow_with_the_records() {
    let region = Region::new();
    let engine = Engine::new(Config::new());
    assert_eq!((region.change().allocations, engine.seq()), (0, 0));
    let (few, many) = (allocated_by_commands(1_000), allocated_by_commands(100_000));
    for ((name, few), (_, many)) in few.into_iter().zip(many) {
        assert!(few == many, "{name}: {many} bytes, {few} of few records");
    }
}

#[test]
fn a_frozen_copy_holds_no_text_of_a_task() {
    const TASKS: u128 = 500;
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let payload = "x".repeat(20_000);
    let new = NewTask::new(TaskAction::UpdateAccount, "account").with_payload(payload.as_str());
    let task = |number| TaskId(Uuid::from_u128(number));
    for number in 0..TASKS {
        engine.create_task(Timestamp(0), roll::APP, task(number), &new).expect("a task");
        let failed = Resolution::Failed { code: "lost".into(), message: payload.as_str().into() };
        if number > 0 {
            engine.resolve_task(Timestamp(0), roll::APP, task(number), &failed).expect("a task to be done");
        }
    }
    let region = Region::new();
    let frozen = engine.freeze();
    let bytes = region.change().bytes_allocated;
    assert!(bytes <= TASKS as usize * 200, "{bytes} bytes for {TASKS} tasks");

    let region = Region::new();
    let done = Resolution::Completed { result: None };
    engine.resolve_task(Timestamp(0), roll::APP, task(0), &done).expect("a task to be done");
    let bytes = region.change().bytes_allocated;
    assert!(bytes <= 2 * payload.len(), "{bytes} bytes to resolve a task that a copy has");
    assert_ne!(frozen.digest(), engine.digest());
}

/// Ten of so many accounts and one of the teams go. How often a purge of them allocates, and how many bytes.
fn purging(accounts: u32) -> (usize, usize) {
    let directory = Directory::new(accounts);
    let mut engine = roll::engine(Config::new()).expect("an engine");
    for (number, gone) in [(1, 0), (2, 10)] {
        let session = roll::start(&mut engine, number).expect("a session");
        for teams in directory.team_pages() {
            let _ = roll::push(&mut engine, session, &directory.teams_page(teams)).expect("a page");
        }
        let team = if number == 1 { "one that goes" } else { "another" };
        let _ = roll::push(&mut engine, session, &Page::groups([group(team, "Name")])).expect("a page");
        let named: Vec<u32> =
            (0..accounts).filter(|account| account % (accounts / 10) >= gone / 10).collect();
        for numbers in named.chunks(100) {
            let page = directory.accounts_page(Roll::Whole, numbers);
            let _ = roll::push(&mut engine, session, &page).expect("a page");
        }
        let _ = roll::complete(&mut engine, session).expect("a cleanup");
    }
    engine.forget_changes();
    let region = Region::new();
    let outcome = engine.purge_inactive(Timestamp(9), roll::APP, Timestamp(9)).expect("a purge");
    let change = region.change();
    assert_eq!(outcome.purged, 11);
    (change.allocations + change.reallocations, change.bytes_allocated)
}

#[test]
fn a_purge_allocates_for_what_goes_however_many_records_there_are() {
    let (few, many) = (purging(10_000), purging(100_000));
    assert!(many.0 <= few.0 + 10, "{} allocations among 100,000 records, {} among 10,000", many.0, few.0);
    // A set of rows has 8 KiB for the 65,536 among which one of its own lies.
    assert!(many.1 <= few.1 + 64 * 1024, "{} bytes among 100,000 records, {} among 10,000", many.1, few.1);
}

/// Ten accounts of so many each leave a team for another, in an engine whose members are indexed. The bytes that this
/// allocates beyond what it does without an index, and what an unchanged page allocates.
fn moving(accounts: u32) -> (usize, usize) {
    let directory = Directory::new(accounts);
    let mut bytes = Vec::new();
    let mut unchanged = 0;
    for is_indexed in [false, true] {
        let (mut engine, session) = with_accounts(&directory);
        if is_indexed {
            engine.index_members(roll::APP, "team").expect("a type");
        }
        let numbers: Vec<u32> = (0..10).map(|number| number * (accounts / 10)).collect();
        let page = directory.accounts_page(Roll::Whole, &numbers);
        // The first page of others makes room that the next ones have.
        let _ = roll::push(&mut engine, session, &page).expect("a page");
        let region = Region::new();
        let outcome = roll::push(&mut engine, session, &page).expect("a page");
        assert_eq!(outcome.unchanged, 10);
        unchanged += region.change().allocations;
        let Records::Accounts(mut moved) = page.records().clone() else { panic!("these are accounts") };
        for account in &mut moved {
            let teams = account.memberships[0].references.as_mut().expect("a list");
            teams.pop();
            teams.push(Reference::new("another"));
        }
        let page = Page::accounts(moved);
        let region = Region::new();
        let _ = roll::push(&mut engine, session, &page).expect("a page");
        bytes.push(region.change().bytes_allocated);
    }
    (bytes[1] - bytes[0], unchanged)
}

#[test]
fn an_index_of_members_allocates_for_what_changes_however_many_there_are() {
    for accounts in [1_000, 100_000] {
        let (bytes, unchanged) = moving(accounts);
        assert_eq!(unchanged, 0, "{accounts} accounts");
        // What is compared, and a node or two of the index for each that comes.
        assert!(bytes <= 10 * 2_000, "{bytes} bytes among {accounts} accounts");
    }
}

/// What is asked for to keep a text is the text, once, and a little that it is kept in.
#[test]
fn a_text_that_is_kept_is_copied_once() {
    const KEPT_IN: usize = 1_500;
    for length in [1_000, 60_000] {
        let text = "x".repeat(length);
        let mut engine = roll::engine(Config::new()).expect("an engine");
        let session = roll::start(&mut engine, 1).expect("a session");
        let (now, task) = (Timestamp(0), |number| TaskId(Uuid::from_u128(number)));
        let mut assert_copied = |name: &str, length: usize, run: &mut dyn FnMut(&mut Engine)| {
            let region = Region::new();
            run(&mut engine);
            let bytes = region.change().bytes_allocated;
            assert!((length..=length + KEPT_IN).contains(&bytes), "{name}: {bytes} bytes for {length}");
        };
        let new = NewTask::new(TaskAction::UpdateAccount, "account").with_payload(text.as_str());
        for number in 1..=2 {
            assert_copied("create_task", length, &mut |engine| {
                engine.create_task(now, roll::APP, task(number), &new).expect("a task");
            });
        }
        let done = Resolution::Completed { result: Some(text.as_str().into()) };
        assert_copied("resolve_task, completed", length, &mut |engine| {
            engine.resolve_task(now, roll::APP, task(1), &done).expect("a task to be done");
        });
        let failed = Resolution::Failed { code: text.as_str().into(), message: text.as_str().into() };
        assert_copied("resolve_task, failed", 2 * length, &mut |engine| {
            engine.resolve_task(now, roll::APP, task(2), &failed).expect("a task to be done");
        });
        let (checkpoint, reason) = (&text[..length.min(4_096)], &text[..length.min(1_024)]);
        assert_copied("save_checkpoint", checkpoint.len(), &mut |engine| {
            engine.save_checkpoint(now, roll::APP, session, Some(checkpoint)).expect("in progress");
        });
        assert_copied("fail_session", reason.len(), &mut |engine| {
            engine.fail_session(now, roll::APP, session, reason).expect("in progress");
        });
    }
}

/// An engine with accounts of one team each, an open session that named none of them, and a task.
fn engine_to_read(accounts: u32) -> Engine {
    let directory = Directory { memberships: 1, ..Directory::new(accounts) };
    let (mut engine, session) = with_accounts(&directory);
    assert_eq!(roll::complete(&mut engine, session), Ok(0));
    let new = NewTask::new(TaskAction::UpdateAccount, "account");
    engine.create_task(Timestamp(0), roll::APP, TaskId(Uuid::from_u128(1)), &new).expect("a task");
    let _ = roll::start(&mut engine, 2).expect("a session");
    engine
}

/// Reads hand out what lies there, and copy nothing.
#[test]
fn reading_allocates_nothing() {
    for accounts in [1_000, 100_000] {
        let mut engine = engine_to_read(accounts);
        engine.refresh_digest();
        let region = Region::new();
        let app = engine.app(roll::APP).expect("the app");
        let of = app.resource_type("account").expect("a type");
        assert_eq!(app.resource_type_by_id(of.id()), Some(of));
        let shown = (engine.apps().count(), app.clone_group().count(), app.resource_types().count());
        assert_eq!((shown, engine.changes().count(), engine.seq() > 0), ((1, 1, 2), 1, true));
        for &filter in headcount::RecordFilter::ALL {
            let records = || app.records("account", filter).expect("the type");
            let texts: usize = records().take(50).map(|record| record.id().len()).sum();
            let behind = app.records_behind("account", filter, "00u000000000007").expect("on record");
            assert!(texts + behind.take(50).count() + records().len() < 200_000);
        }
        let account = app.record("account", "00u000000000007").expect("on record");
        let team = account.references().next().expect("a team");
        let team = app.record("team", team.id()).expect("on record");
        assert_eq!(account.reference_count() + team.inactive_since().map_or(0, |_| 1), 1);
        assert!(team.member_count() > 0 && team.members().take(2).count() > 0);
        assert_eq!(account.attributes().count(), 0);
        assert_eq!(app.record_counts("account").map(|counts| counts.active), Some(u64::from(accounts)));
        let session = app.session(SessionId(Uuid::from_u128(2))).expect("it is open");
        assert_eq!(
            (session.progress().count(), app.sessions().count(), session.excluded().count()),
            (2, 2, 0)
        );
        let task = app.task(TaskId(Uuid::from_u128(1))).expect("a task");
        assert_eq!(task.payload(), None);
        assert!(!engine.remembers_page(roll::APP, "account", Fingerprint(1)));
        let change = region.change();
        assert_eq!((change.allocations, change.reallocations), (0, 0), "of {accounts} accounts");
    }
}

/// What is about to be written borrows the records: beside it stand apps, types, sessions and tasks.
#[test]
fn a_snapshot_that_is_about_to_be_written_holds_no_record() {
    let asked = [1_000, 100_000].map(|accounts| {
        let mut engine = engine_to_read(accounts);
        engine.refresh_digest();
        let region = Region::new();
        let snapshot = engine.snapshot();
        let bytes = region.change().bytes_allocated;
        drop(snapshot);
        bytes
    });
    assert_eq!(asked[0], asked[1]);
    assert!(asked[0] < 4_000, "{} bytes", asked[0]);
}
