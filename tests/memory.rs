//! What the engine keeps, counted in bytes. Each thread is counted by itself, so the tests need not wait for
//! each other.

use headcount::{Account, Config, Engine, Fingerprint, Limits, Page, Records, Timestamp};
use headcount_test_allocator::{Counts, TestAllocator};
use headcount_testing::directory::{Directory, Roll};
use headcount_testing::roll;
use headcount_testing::small::{
    self, APP, NOW, account, complete, config, group, member, push, push_in, session,
};

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

const MIB: usize = 1 << 20;

/// The bytes on the heap that this thread asked for.
fn heap() -> usize {
    Counts::now().held()
}

/// The bytes that were asked for so far, given back or not.
fn allocated() -> usize {
    Counts::now().bytes_allocated
}

#[test]
fn one_account_pushed_again_and_again_keeps_little_more_than_itself() {
    let before = heap();
    let mut engine = small::engine(Config::new().with_limits(Limits::CEILINGS).expect("the ceilings"));
    let text = |length: usize| Some("x".repeat(length).into());
    let mut most = 0;
    let mut written = 0;
    for round in 0..2_000 {
        // From a few bytes to 64 KB and back, in steps that never fit where the last one was.
        let length = 16_000 * (round * 7 % 11) / 10;
        let page = Page::accounts([Account {
            username: text(length + 1),
            first_name: text(length),
            last_name: text(length),
            display_name: text(length),
            ..account("u1")
        }]);
        assert_eq!(push(&mut engine, &page).map(|outcome| outcome.total), Ok(1));
        written += 4 * length;
        drop(page);
        most = most.max(heap() - before);
    }
    let alive = 64_100;
    assert!(written > 50 * MIB, "{written} bytes written");
    assert!(most <= 3 * alive + 4 * MIB, "{most} bytes for {alive} alive");
}

/// The accounts with these numbers, one in twenty of them with another name in each round.
fn changed(directory: &Directory, numbers: &[u32], round: u32) -> Page<'static> {
    let page = directory.accounts_page(Roll::Whole, numbers);
    let Records::Accounts(mut accounts) = page.records().clone() else { panic!("a page of accounts") };
    for (account, number) in accounts.iter_mut().zip(numbers).filter(|(_, number)| *number % 20 == round % 20)
    {
        let length = 1 + (number * 31 + round * 97) as usize % 120;
        account.display_name = Some("x".repeat(length).into());
    }
    Page::accounts(accounts)
}

#[test]
fn twenty_rolls_with_changes_take_little_more_than_the_first() {
    let directory = Directory::new(10_000);
    let numbers = directory.in_order();
    let before = heap();
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let mut first = 0;
    for round in 1..=20 {
        let session = roll::start(&mut engine, round).expect("a session");
        for numbers in numbers.chunks(100) {
            let _ = roll::push(&mut engine, session, &changed(&directory, numbers, round)).expect("a page");
        }
        assert_eq!(
            engine.app(APP).and_then(|app| app.record_counts("account")).map(|counts| counts.active),
            Some(10_000)
        );
        let _ = roll::complete(&mut engine, session).expect("a cleanup");
        let now = heap() - before;
        first = if round == 1 { now } else { first };
        assert!(now * 10 <= first * 16, "{now} bytes after roll {round}, {first} after the first");
    }
    engine.check_invariants().expect("every rule");
}

#[test]
fn a_reference_to_the_last_of_many_groups_costs_no_byte_for_each_of_them() {
    const GROUPS: usize = 400_000;
    let mut engine = small::engine(config(|limits| limits.records_per_page_max = 65_535));
    let ids: Vec<String> = (0..GROUPS).map(|number| number.to_string()).collect();
    for ids in ids.chunks(50_000) {
        let groups = ids.iter().map(|id| headcount::Group { id: id.as_str().into(), ..group("", "G") });
        let _ = push(&mut engine, &Page::groups(groups)).expect("a page");
    }
    let page = Page::accounts([member("u1", [&*ids[GROUPS - 1]])]);
    let before = allocated();
    assert_eq!(push(&mut engine, &page).map(|outcome| (outcome.created, outcome.placeholders)), Ok((1, 0)));
    let bytes = allocated() - before;
    // A count for each group would be four bytes each.
    assert!(bytes < GROUPS, "{bytes} bytes for one reference");
    let last = engine.app(APP).and_then(|app| app.record("team", &ids[GROUPS - 1])).expect("a team");
    assert_eq!(last.member_count(), 1);
}

/// An engine of which so many accounts, with ids of ten bytes, became inactive.
fn offboarded(accounts: u32) -> Engine {
    let mut engine = small::engine(config(|limits| limits.records_per_page_max = 10_000));
    for first in (0..accounts).step_by(10_000) {
        let page = (first..first + 10_000).map(|number| account(&format!("user-{number:05}")));
        let _ = push(&mut engine, &Page::accounts(page)).expect("a page");
    }
    assert_eq!(complete(&mut engine, small::SESSION, Timestamp(1)), 0);
    engine.start_session(NOW, APP, session(2), &headcount::Scope::All).expect("a session");
    assert_eq!(complete(&mut engine, session(2), Timestamp(2)), u64::from(accounts));
    engine.forget_changes();
    engine
}

#[test]
fn a_purge_keeps_a_short_note_of_each_record_until_the_next_command() {
    const ACCOUNTS: u32 = 50_000;
    let before = heap();
    let mut engine = offboarded(ACCOUNTS);
    let full = heap() - before;
    let outcome = engine.purge_inactive(Timestamp(3), APP, Timestamp(3)).expect("a purge");
    assert_eq!(outcome.purged, u64::from(ACCOUNTS));
    assert_eq!(engine.changes().len(), ACCOUNTS as usize);
    let purged = heap() - before;
    let seq = engine.seq();
    engine.forget_changes();
    let empty = heap() - before;
    let (note, id) = ((purged - empty) / ACCOUNTS as usize, "user-00000".len());
    assert!(note <= 64 + id, "{note} bytes for each purged record");
    assert!(empty * 20 < full, "{empty} bytes are kept of {full}");
    assert_eq!((engine.seq(), engine.changes().len()), (seq, 0), "the numbers stay taken");
}

#[test]
fn the_next_command_gives_back_what_a_purge_kept_even_if_it_is_refused() {
    let before = heap();
    // So many that their notes are not worth keeping the space for.
    let mut engine = offboarded(70_000);
    let _ = engine.purge_inactive(Timestamp(3), APP, Timestamp(3)).expect("a purge");
    let (purged, seq) = (heap() - before, engine.seq());
    engine.abandon_session(NOW, APP, session(2)).expect_err("it is completed");
    assert!((heap() - before) * 10 < purged, "{} bytes of {purged} are kept", heap() - before);
    assert_eq!(engine.seq(), seq);
    engine.start_session(NOW, APP, session(3), &headcount::Scope::All).expect("a session");
    assert_eq!(engine.changes().map(|change| change.seq).collect::<Vec<_>>(), [seq + 1], "without a gap");
    let _ = push_in(&mut engine, session(3), &Page::accounts([account("u1")])).expect("a page");
    assert_eq!(engine.changes().map(|change| change.seq).collect::<Vec<_>>(), [seq + 2]);
}

#[test]
fn a_frozen_copy_costs_what_is_written_while_it_is_there_and_not_what_there_is() {
    let directory = Directory::new(20_000);
    let numbers = directory.in_order();
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let first = roll::start(&mut engine, 1).expect("a session");
    for numbers in numbers.chunks(100) {
        let _ =
            roll::push(&mut engine, first, &directory.accounts_page(Roll::Whole, numbers)).expect("a page");
    }
    let _ = roll::complete(&mut engine, first).expect("a cleanup");
    let second = roll::start(&mut engine, 2).expect("a session");
    let pages: Vec<Page<'_>> =
        numbers.chunks(100).map(|numbers| directory.accounts_page(Roll::Whole, numbers)).collect();
    let changed: Vec<Page<'_>> = numbers.chunks(100).map(|numbers| changed(&directory, numbers, 3)).collect();
    // What a page allocates beyond what one like it takes without a frozen copy.
    let bytes = |engine: &mut Engine, page: &Page<'_>| {
        let before = allocated();
        let _ = roll::push(engine, second, page).expect("a page");
        allocated() - before
    };
    let unchanged_bytes = bytes(&mut engine, &pages[10]);

    let before = heap();
    let frozen = engine.freeze();
    let copy_bytes = heap() - before;
    assert!(copy_bytes < 16 * 1024, "{copy_bytes} bytes for a copy");
    let (page, next) = (bytes(&mut engine, &pages[11]), bytes(&mut engine, &pages[12]));
    assert!(
        page <= unchanged_bytes + 8 * 1024,
        "{page} bytes for an unchanged page, {unchanged_bytes} before"
    );
    assert!(next <= unchanged_bytes, "{next} bytes for the next one, {unchanged_bytes} before");
    let page = bytes(&mut engine, &changed[13]);
    assert!(page >= MIB / 2, "{page} bytes for a changed page: is this a copy?");
    assert!(page <= 3 * MIB, "{page} bytes for a changed page");
    let next: usize = changed[14..40].iter().map(|page| bytes(&mut engine, page)).sum();
    assert!(next <= MIB, "{next} bytes for 26 more");

    drop(frozen);
    let kept = heap() - before;
    assert!(kept <= MIB, "{kept} bytes are kept of what a copy held");
    engine.check_invariants().expect("every rule");
}

/// The heap of an engine whose accounts came in pages of this size, and once more in pages of that size, with
/// fingerprints and without.
fn remembering(accounts: usize, sizes: &[usize], is_fingerprinted: bool) -> usize {
    let before = heap();
    let ids: Vec<String> = (0..accounts).map(|number| format!("user-{number:05}")).collect();
    let mut engine = small::engine(config(|limits| limits.records_per_page_max = 10_000));
    let mut next = 0;
    // Every other time from the back to the front.
    for (round, size) in sizes.iter().enumerate() {
        for ids in ids.chunks(*size) {
            let mut page: Vec<Account<'_>> = ids.iter().map(|id| account(id)).collect();
            if round % 2 == 1 {
                page.reverse();
            }
            let page = Page::accounts(page);
            next += 1;
            let page = if is_fingerprinted { page.with_fingerprint(Fingerprint(next)) } else { page };
            assert_eq!(push(&mut engine, &page).map(|outcome| outcome.total as usize), Ok(ids.len()));
        }
    }
    engine.forget_changes();
    heap() - before - ids.iter().map(String::capacity).sum::<usize>() - ids.capacity() * 24
}

#[test]
fn what_pages_are_remembered_by_is_bounded_by_their_records() {
    const ACCOUNTS: usize = 20_000;
    // However many pages name a record, it is of one of them at most.
    for (sizes, bytes_max) in
        [(&[100][..], 8), (&[10_000, 100, 100, 100], 8), (&[1, 1, 1], 160), (&[7, 1, 100], 8)]
    {
        let (with, without) = (remembering(ACCOUNTS, sizes, true), remembering(ACCOUNTS, sizes, false));
        let bytes = with.saturating_sub(without) / ACCOUNTS;
        assert!(bytes <= bytes_max, "{bytes} bytes for a record in pages of {sizes:?}");
        assert!(bytes >= 4, "{bytes} bytes for a record: is it remembered at all?");
    }
}

/// What the index takes: right after it was made, and after a year of changes; and that who asks for none, or gives it
/// back, pays nothing.
#[test]
fn an_index_of_members_takes_ten_to_twenty_bytes_for_each_reference() {
    for accounts in [1_000, 100_000] {
        let directory = Directory::new(accounts);
        let references = accounts as usize * 5;
        let before = heap();
        let mut engine = roll::engine(Config::new()).expect("an engine");
        let session = roll::start(&mut engine, 1).expect("a session");
        for numbers in directory.shuffled().chunks(100) {
            let page = directory.accounts_page(Roll::Whole, numbers);
            let _ = roll::push(&mut engine, session, &page).expect("a page");
        }
        engine.forget_changes();
        let plain = heap() - before;
        engine.index_members(APP, "team").expect("a type");
        let made = heap() - before - plain;
        assert!(made <= references * 11 + 1_000, "{made} bytes for {references} references");
        assert!(made >= references * 8, "{made} bytes: is that an index?");
        engine.drop_member_index(APP, "team").expect("a type");
        assert_eq!(heap() - before, plain, "it is given back");

        // Another engine, indexed from the start: its accounts come in no order.
        let before = heap();
        let mut engine = roll::engine(Config::new()).expect("an engine");
        engine.index_members(APP, "team").expect("a type");
        let session = roll::start(&mut engine, 1).expect("a session");
        for numbers in directory.shuffled().chunks(100) {
            let page = directory.accounts_page(Roll::Whole, numbers);
            let _ = roll::push(&mut engine, session, &page).expect("a page");
        }
        engine.forget_changes();
        let grown = heap() - before - plain;
        assert!(grown <= references * 20 + 1_000, "{grown} bytes for {references} references");
    }
}
