//! What commands and views promise to cost, counted at two sizes. No test asserts a time.

use core::num::NonZeroU64;

use alloc::format;
use alloc::vec::Vec;

use super::work::{self, Work};
use crate::*;

pub(super) const NOW: Timestamp = Timestamp(0);
pub(super) const APP: AppId = AppId(Uuid::from_u128(1));
pub(super) const FEW: u32 = 1_000;
pub(super) const MANY: u32 = 100_000;

pub(super) const fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

fn account(number: u32, username: &'static str, teams: impl IntoIterator<Item = u32>) -> Account<'static> {
    let teams: Vec<Reference<'_>> =
        teams.into_iter().map(|team| Reference { id: format!("g{team}").into(), name: None }).collect();
    Account {
        id: format!("u{number:07}").into(),
        username: Some(username.into()),
        memberships: if teams.is_empty() {
            Vec::new()
        } else {
            alloc::vec![ReferenceList::new("team", teams)]
        },
        ..Account::default()
    }
}

/// Accounts in the order of their numbers, each of a team of twenty, which is a placeholder.
pub(super) fn accounts(numbers: core::ops::Range<u32>, username: &'static str) -> Page<'static> {
    Page::accounts(numbers.map(|number| account(number, username, [number / 20])))
}

/// An app with accounts and teams, and an open session.
fn empty() -> Engine {
    let limits = Limits { records_per_page_max: 10_000, ..Limits::default() };
    let mut engine = Engine::new(Config::new().with_limits(limits).expect("limits"));
    engine.create_app(NOW, APP, "Synthetic", None).expect("an app");
    for (number, slug, kind) in [(1, "account", Kind::Account), (2, "team", Kind::Group)] {
        let id = ResourceTypeId(Uuid::from_u128(number));
        engine.register_resource_type(NOW, APP, id, &NewResourceType::new(slug, slug, kind)).expect("a type");
    }
    start(&mut engine, 1);
    engine
}

pub(super) fn start(engine: &mut Engine, number: u128) {
    engine.start_session(NOW, APP, session(number), &Scope::All).expect("a session");
}

pub(super) fn push(engine: &mut Engine, number: u128, page: &Page<'_>) -> PageOutcome {
    engine.push_page(NOW, APP, session(number), "account", page).expect("a page")
}

pub(super) fn complete(engine: &mut Engine, number: u128) {
    engine.complete_session(NOW, APP, session(number), Completion::GUARDED).expect("no guard");
}

pub(super) fn clean_up(engine: &mut Engine, number: u128, budget: u64) -> CleanupOutcome {
    let budget = NonZeroU64::new(budget).expect("a budget");
    engine.run_cleanup(NOW, APP, session(number), budget).expect("a completing session")
}

/// An engine that called the roll of so many accounts once, in pages of a hundred with fingerprints.
pub(super) fn engine(count: u32) -> Engine {
    let mut engine = empty();
    for first in (0..count).step_by(100) {
        let page = accounts(first..first + 100, "x").with_fingerprint(Fingerprint(u128::from(first)));
        let _ = push(&mut engine, 1, &page);
    }
    complete(&mut engine, 1);
    assert_eq!(clean_up(&mut engine, 1, u64::MAX).status, SessionStatus::Completed);
    engine
}

/// What each of these costs, by name.
#[derive(Default)]
struct Costs(Vec<(&'static str, Work)>);

impl Costs {
    fn of<T>(&mut self, name: &'static str, run: impl FnOnce() -> T) -> T {
        let (done, work) = work::of(run);
        self.0.push((name, work));
        done
    }
}

pub(super) fn app(engine: &Engine) -> AppView<'_> {
    engine.app(APP).expect("the app")
}

/// Everything that promises not to grow with the records of the app, once.
fn costs_of_commands(count: u32) -> Costs {
    let (mut engine, mut costs) = (engine(count), Costs::default());
    let engine = &mut engine;
    costs_of_what_is_no_record(engine, &mut costs);
    costs.of("start_session", || start(engine, 2));
    // The first page of a roll clears what an older roll left in its chunk of bits: 1,024 words at most.
    let _ = push(engine, 2, &accounts(0..1, "x"));
    let outcome = costs.of("push_page, unchanged", || push(engine, 2, &accounts(0..100, "x")));
    assert_eq!(outcome.unchanged, 100);
    let outcome = costs.of("push_page, changed", || push(engine, 2, &accounts(100..150, "y")));
    assert_eq!((outcome.updated, outcome.unchanged), (50, 0));
    let page = accounts(100..200, "y").with_fingerprint(Fingerprint(7));
    let outcome = costs.of("push_page, remembered", || push(engine, 2, &page));
    assert_eq!(outcome.unchanged, 50);
    let mut faulty = accounts(200..300, "y").records().clone();
    if let Records::Accounts(faulty) = &mut faulty {
        faulty[50].username = None;
        let page = Page::accounts(faulty.iter().cloned());
        let push = |engine: &mut Engine| engine.push_lenient_page(NOW, APP, session(2), "account", &page);
        let outcome = costs.of("push_lenient_page", || push(engine)).expect("a page");
        assert_eq!((outcome.page.updated, outcome.rejected, outcome.retained), (99, 1, 1));
    }
    assert!(costs.of("remembers_page", || engine.remembers_page(APP, "account", Fingerprint(300))));
    let repeat = |engine: &mut Engine| engine.repeat_page(NOW, APP, session(2), "account", Fingerprint(300));
    assert_eq!(costs.of("repeat_page", || repeat(engine)).map(|outcome| outcome.unchanged), Ok(100));
    let save = |engine: &mut Engine| engine.save_checkpoint(NOW, APP, session(2), Some("page 17"));
    costs.of("save_checkpoint", || save(engine)).expect("in progress");
    costs.of("waive_guard", || engine.waive_guard(NOW, APP, session(2))).expect("in progress");
    costs_of_deltas(engine, &mut costs);
    costs_of_views(engine, &mut costs);
    costs.of("exclude_types", || engine.exclude_types(NOW, APP, session(2), &["team"])).expect("in progress");
    costs.of("abandon_session", || engine.abandon_session(NOW, APP, session(2))).expect("in progress");
    start(engine, 3);
    costs.of("fail_session", || engine.fail_session(NOW, APP, session(3), "lost")).expect("in progress");
    start(engine, 5);
    let later = Timestamp(NOW.as_millis() + 1);
    assert_eq!(costs.of("expire_sessions", || engine.expire_sessions(NOW, later)).expired, 1);
    costs.of("start_session, again", || start(engine, 4));
    let guard = Guard::NONE.with_max_count(1_000_000);
    let update = AppUpdate::default().with_guard(guard);
    costs.of("update_app", || engine.update_app(NOW, APP, &update)).expect("a guard");
    costs.of("complete_session", || complete(engine, 4));
    assert_eq!(costs.of("run_cleanup", || clean_up(engine, 4, 10)).deactivated, 10);
    assert_eq!(costs.of("changes", || engine.changes().count()), 10);
    costs.of("forget_changes", || engine.forget_changes());
    costs
}

/// The first one clears what an older roll left in its chunk of bits, of which there was none.
fn costs_of_deltas(engine: &mut Engine, costs: &mut Costs) {
    let upsert = |engine: &mut Engine, page| engine.upsert_records(NOW, APP, "account", &page);
    let outcome = costs.of("upsert_records", || upsert(engine, accounts(400..450, "y"))).expect("a delta");
    assert_eq!((outcome.updated, outcome.unchanged), (50, 0));
    let outcome = costs.of("upsert_records, unchanged", || upsert(engine, accounts(450..500, "x")));
    assert_eq!(outcome.map(|outcome| outcome.unchanged), Ok(50));
    let ids = ["u0000510", "u0000511", "nobody", "u0000400"];
    let deactivate = |engine: &mut Engine| engine.deactivate_records(NOW, APP, "account", &ids);
    let outcome = costs.of("deactivate_records", || deactivate(engine)).expect("a delta");
    assert_eq!((outcome.deactivated, outcome.unknown), (3, 1));
    let outcome = costs.of("push_page, settled", || push(engine, 2, &accounts(400..500, "x")));
    assert_eq!((outcome.settled, outcome.unchanged), (100, 0));
}

fn costs_of_what_is_no_record(engine: &mut Engine, costs: &mut Costs) {
    let (other, task) = (AppId(Uuid::from_u128(2)), TaskId(Uuid::from_u128(1)));
    costs.of("create_app", || engine.create_app(NOW, other, "Other", Some(APP))).expect("an app");
    let id = ResourceTypeId(Uuid::from_u128(3));
    let seat = NewResourceType::new("seat", "Seat", Kind::License);
    costs
        .of("register_resource_type", || engine.register_resource_type(NOW, APP, id, &seat))
        .expect("a type");
    let update = ResourceTypeUpdate::default().with_name("Seats");
    costs
        .of("update_resource_type", || engine.update_resource_type(NOW, APP, "seat", &update))
        .expect("it is");
    let new = NewTask::new(TaskAction::CreateAccount, "account");
    costs.of("create_task", || engine.create_task(NOW, APP, task, &new)).expect("a task");
    let done = Resolution::Completed { result: None };
    costs.of("resolve_task", || engine.resolve_task(NOW, APP, task, &done)).expect("a task to be done");
    costs.of("delete_app", || engine.delete_app(NOW, other)).expect("it is there");
}

fn costs_of_views(engine: &Engine, costs: &mut Costs) {
    costs.of("apps", || assert_eq!(engine.apps().len(), 1));
    costs.of("seq", || assert!(engine.seq() > 0));
    costs.of("record", || assert!(app(engine).record("account", "u0000007").is_some()));
    costs.of("record_counts", || assert!(app(engine).record_counts("account").is_some()));
    let team = app(engine).record("team", "g0").expect("a placeholder");
    costs.of("member_count", || assert_eq!(team.member_count(), 20));
    let account = app(engine).record("account", "u0000007").expect("it was pushed");
    costs.of("references", || assert_eq!(account.references().count() as u64, account.reference_count()));
    for filter in [RecordFilter::All, RecordFilter::Active, RecordFilter::Inactive] {
        let first = || app(engine).records("account", filter).map(|records| records.take(50).count());
        let _ = costs.of("records", first);
    }
    let session = app(engine).session(session(2)).expect("it is open");
    costs.of("progress", || assert_eq!(session.progress().count(), 3));
}

#[test]
fn what_promises_not_to_grow_with_the_records_does_not() {
    let (few, many) = (costs_of_commands(FEW), costs_of_commands(MANY));
    for ((name, few), (_, many)) in few.0.iter().zip(&many.0) {
        assert_eq!(few, many, "{name} at {FEW} and at {MANY} records");
    }
    let nothing =
        |name| few.0.iter().find(|(of, _)| *of == name).map(|(_, work)| *work) == Some(Work::default());
    for name in ["start_session", "abandon_session", "complete_session", "record_counts", "progress", "seq"] {
        assert!(nothing(name), "{name} looks at records");
    }
}

/// Looks and steps of all kinds.
pub(super) const fn total(work: &Work) -> u64 {
    work.records + work.words + work.numbers
}

/// An engine whose open session has seen the first so many of these accounts, each with so many teams of its own.
fn accounts_with_teams(count: u32, seen: u32, teams: u32) -> Engine {
    let mut engine = empty();
    for number in 0..count {
        let account = account(number, "x", number * teams..(number + 1) * teams);
        let _ = push(&mut engine, 1, &Page::accounts([account]));
    }
    complete(&mut engine, 1);
    assert_eq!(clean_up(&mut engine, 1, u64::MAX).deactivated, 0);
    start(&mut engine, 2);
    for number in 0..seen {
        let account = account(number, "x", number * teams..(number + 1) * teams);
        let _ = push(&mut engine, 2, &Page::accounts([account]));
    }
    complete(&mut engine, 2);
    engine
}

/// Steps until the cleanup has ended, each of which must be within its budget but for one account with so many
/// references. How many there were, and how many records they marked.
fn steps(engine: &mut Engine, budget: u64, references: u32) -> (u32, u64) {
    let (mut steps, mut marked) = (0, 0);
    // 64 words of bits are two looks at each, and so are 32 other ones. A mark looks at its record a few times.
    let work_max = budget * (2 * 64 + 8) + u64::from(references) + 200;
    loop {
        let (outcome, work) = work::of(|| clean_up(engine, 2, budget));
        assert!(total(&work) <= work_max, "{work:?} in step {steps} of {budget}, expected {work_max}");
        assert!(outcome.deactivated <= budget);
        (steps, marked) = (steps + 1, marked + outcome.deactivated);
        if outcome.status.has_ended() {
            return (steps, marked);
        }
    }
}

#[test]
fn a_cleanup_step_is_bounded_by_its_budget_however_many_references_there_are() {
    const ACCOUNTS: u32 = 4;
    for budget in [1, 100] {
        let mut engine = accounts_with_teams(ACCOUNTS, 0, 10_000);
        let (steps, marked) = steps(&mut engine, budget, 10_000);
        assert_eq!(marked, u64::from(ACCOUNTS) * 10_001, "each account, and each team of theirs");
        // A step may take back 3,200 references: it marks one account, and stops.
        let steps_expected = ACCOUNTS + (ACCOUNTS * 10_000).div_ceil(budget as u32);
        assert!((steps_expected..=steps_expected + 2).contains(&steps), "{steps} steps");
    }
}

#[test]
fn a_cleanup_step_is_bounded_by_its_budget_where_nothing_is_stale() {
    for budget in [1, 7, 100] {
        let mut engine = accounts_with_teams(20, 20, 1_000);
        let (steps, marked) = steps(&mut engine, budget, 0);
        let looks = 20_000 * 128 + 20_020;
        assert_eq!(marked, 0);
        assert!(u64::from(steps) <= looks / (budget * 4_000) + 2, "{steps} steps of {budget}");
    }
    let mut engine = engine(MANY);
    start(&mut engine, 2);
    for first in (0..MANY).step_by(10_000) {
        let _ = push(&mut engine, 2, &accounts(first..first + 10_000, "x"));
    }
    complete(&mut engine, 2);
    assert_eq!(steps(&mut engine, 1, 0).1, 0);
}

#[test]
fn a_cleanup_step_costs_the_same_at_any_number_of_records_behind_it() {
    let step = |count| {
        let mut engine = engine(count);
        start(&mut engine, 2);
        complete(&mut engine, 2);
        work::of(|| clean_up(&mut engine, 2, 500)).1
    };
    assert_eq!(step(FEW), step(MANY));
}

/// The roll of all accounts is called again, these with another username.
fn change(engine: &mut Engine, number: u128, numbers: core::ops::Range<u32>) {
    start(engine, number);
    let _ = push(engine, number, &accounts(numbers, "y"));
    engine.abandon_session(NOW, APP, session(number)).expect("in progress");
}

#[test]
fn a_digest_that_was_refreshed_costs_what_changed() {
    let digest = |count: u32| {
        let mut engine = engine(count);
        let (_, whole) = work::of(|| engine.digest());
        let (_, first) = work::of(|| engine.refresh_digest());
        assert!(whole.records >= u64::from(count) && first.records >= u64::from(count));
        let (_, unchanged) = work::of(|| engine.digest());
        change(&mut engine, 2, 400..480);
        let (_, changed) = work::of(|| engine.digest());
        let frozen = engine.freeze();
        assert_eq!(work::of(|| frozen.digest()).1, changed);
        let (_, refreshed) = work::of(|| engine.refresh_digest());
        let (_, parts) = work::of(|| engine.digest_parts());
        assert_eq!(parts.records, 0, "kept sums are added up");
        let type_id = ResourceTypeId(Uuid::from_u128(1));
        let (digests, block) = work::of(|| engine.record_digests(APP, type_id, 0));
        assert_eq!(block.records, digests.len() as u64);
        [unchanged, changed, refreshed]
    };
    let (few, many) = (digest(FEW), digest(MANY));
    for (few, many) in few.iter().zip(&many) {
        assert_eq!((few.records, few.hashed_bytes), (many.records, many.hashed_bytes));
        // A bit for each block of four records, and flags of those that changed.
        assert!(many.words <= few.words + u64::from(MANY / 4 / 64) + 64, "{many:?}");
    }
    assert_eq!(many[0].records, 0);
    assert_eq!(many[1].records, 80);
}

#[test]
fn to_freeze_costs_a_few_steps_for_each_chunk_and_looks_at_no_record() {
    for (count, chunks_max) in [(FEW, 12), (MANY, 60)] {
        let mut engine = engine(count);
        let (frozen, work) = work::of(|| engine.freeze());
        assert_eq!(work, Work { chunks: work.chunks, ..Work::default() });
        assert!(work.chunks <= chunks_max, "{work:?} at {count} records");
        drop(frozen);
    }
}

#[test]
fn a_preview_costs_a_bit_of_each_record_and_the_references_of_those_that_would_go() {
    for count in [FEW, MANY] {
        let mut engine = engine(count);
        start(&mut engine, 2);
        for first in (100..count).step_by(100) {
            let _ = push(&mut engine, 2, &accounts(first..first + 100, "x"));
        }
        let (total, work) = work::of(|| app(&engine).preview(session(2)).map(|preview| preview.total()));
        assert_eq!(total, Ok(105), "a hundred accounts, and their teams");
        assert_eq!(work.records, 100);
        let placeholders = u64::from(count / 20);
        assert_eq!(work.numbers, placeholders);
        // Active and seen of each word, and a few for each that would go.
        assert!(work.words <= 2 * u64::from(count / 64 + 2) + 2 * placeholders / 64 + 1_000, "{work:?}");
    }
}

#[test]
fn to_skip_records_costs_a_bit_of_each_and_reads_none() {
    let engine = engine(MANY);
    let records = |filter| app(&engine).records("account", filter).expect("the type");
    for offset in [0, 1_000, 99_000] {
        for filter in [RecordFilter::All, RecordFilter::Active] {
            let (shown, work) = work::of(|| records(filter).skip(offset).take(50).count());
            assert_eq!((shown, work.records), (50, 0));
            assert!(work.words <= (offset as u64 + 50) / 64 + 2, "{work:?} behind {offset}");
        }
    }
    assert_eq!(work::of(|| records(RecordFilter::Placeholder).count()).1, Work::default());
}

#[test]
fn members_are_looked_for_until_all_are_found() {
    let engine = engine(MANY);
    let team = |id| app(&engine).record("team", id).expect("a placeholder");
    let (found, work) = work::of(|| team("g0").members().count());
    assert!(found == 20 && work.records <= 30, "{work:?}");
    let (found, work) = work::of(|| team("g4999").members().count());
    assert!(found == 20 && work.records >= u64::from(MANY), "{work:?}");
}

#[test]
fn a_page_that_is_repeated_or_forgotten_reads_none_of_its_records() {
    let works = [100, 10_000].map(|size| {
        let mut engine = empty();
        let _ = push(&mut engine, 1, &accounts(0..size, "x").with_fingerprint(Fingerprint(1)));
        let repeat =
            |engine: &mut Engine| engine.repeat_page(NOW, APP, session(1), "account", Fingerprint(1));
        let (outcome, repeated) = work::of(|| repeat(&mut engine));
        assert_eq!(outcome.map(|outcome| outcome.unchanged), Ok(size));
        assert_eq!((repeated.records, repeated.numbers), (0, 0));
        assert!(repeated.words <= u64::from(size / 64) + 2, "64 records a word: {repeated:?}");
        let (_, changed) = work::of(|| push(&mut engine, 1, &accounts(50..51, "y")));
        assert!(!engine.remembers_page(APP, "account", Fingerprint(1)));
        changed
    });
    assert_eq!(works[0], works[1], "a record that changes takes its page along, however many are in it");
}

/// What the page that did most of it did, of each kind of work.
fn worst_page(engine: &mut Engine, number: u128, pages: impl Iterator<Item = Page<'static>>) -> Work {
    let mut worst = Work::default();
    for page in pages {
        let slug = if page.kind() == Kind::Account { "account" } else { "team" };
        let (pushed, work) = work::of(|| engine.push_page(NOW, APP, session(number), slug, &page));
        assert_eq!(pushed.map(|outcome| outcome.total), Ok(100));
        worst.moved_bytes = worst.moved_bytes.max(work.moved_bytes);
        worst.words = worst.words.max(work.words);
        worst.records = worst.records.max(work.records);
        worst.numbers = worst.numbers.max(work.numbers);
    }
    worst
}

/// Whatever is on record: a page of a hundred records of 56 to 280 bytes does no more.
fn assert_bounded(worst: Work, which: &str) {
    // The page takes 28 KiB and lets as many die, and for each of these bytes six may be passed in chunks that are
    // emptied; a segment of the index or two beside.
    assert!(worst.moved_bytes <= 12 * 28 * 1024, "{worst:?}, {which}");
    // Those that are passed, and what the page's ids and references lead to.
    assert!(worst.records <= 4_000, "{worst:?}, {which}");
    // A chunk of each set of rows that is written for the first time in the roll, and a few for each record.
    assert!(worst.words <= 3_000, "{worst:?}, {which}");
    // The referrers of what was referred to, and of what is now.
    assert!(worst.numbers <= 400, "{worst:?}, {which}");
}

const XS: &str = match core::str::from_utf8(&[b'x'; 220]) {
    Ok(text) => text,
    Err(_) => panic!("these are letters"),
};

/// A hundred accounts from this one on, each the so-many-th, with usernames of various lengths.
fn various(first: u32, step: u32, round: u32) -> Page<'static> {
    Page::accounts((0..100).map(|at| {
        let number = first + at * step;
        account(number, &XS[..1 + ((number * 31 + round * 97) % 220) as usize], [number / 20])
    }))
}

fn teams(first: u32) -> Page<'static> {
    let name = "A team of twenty";
    Page::groups((first..first + 100).map(|number| Group {
        id: format!("g{number}").into(),
        name: name.into(),
        ..Group::default()
    }))
}

fn pages_of_accounts(count: u32) -> impl Iterator<Item = Page<'static>> {
    (0..count).step_by(100).map(|first| various(first, 1, 0))
}

fn pages_of_teams(count: u32) -> impl Iterator<Item = Page<'static>> {
    (0..count / 20).step_by(100).map(teams)
}

#[test]
fn no_page_of_groups_and_then_accounts_pays_for_the_whole() {
    for count in [30_000, 300_000] {
        let pages = pages_of_teams(count).chain(pages_of_accounts(count));
        assert_bounded(worst_page(&mut empty(), 1, pages), &format!("{count} accounts"));
    }
}

#[test]
fn no_page_of_accounts_and_then_groups_and_of_twenty_rolls_with_changes_pays_for_the_whole() {
    for count in [30_000, 300_000] {
        let mut engine = empty();
        let pages = pages_of_accounts(count).chain(pages_of_teams(count));
        assert_bounded(worst_page(&mut engine, 1, pages), &format!("{count} accounts"));
        let mut moved_bytes = 0;
        for round in 1..=20 {
            let number = u128::from(round) + 1;
            start(&mut engine, number);
            // One account in twenty, with another username.
            let pages = (round % 20..count).step_by(2_000).map(|first| various(first, 20, round));
            let worst = worst_page(&mut engine, number, pages);
            assert_bounded(worst, &format!("roll {round} of {count} accounts"));
            moved_bytes += worst.moved_bytes;
        }
        assert!(moved_bytes > 0, "no chunk was emptied");
    }
}
