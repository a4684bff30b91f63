//! A purge takes records out and leaves all others where they are (SPEC 2, purge inactive; 8; 9).

use std::num::NonZeroU64;

use headcount::{
    Account, Completion, Config, DigestParts, Engine, Kind, Page, RecordFilter, ResourceTypeUpdate, Scope,
    Timestamp,
};
use headcount_testing::random;
use headcount_testing::small::{
    self, APP, NOW, account, complete, group, member, push, push_in, reload, session, told,
};
use serde_json::Value;

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("u{number}")).collect()
}

fn page(ids: &[String]) -> Page<'_> {
    Page::accounts(ids.iter().map(|id| Account { id: id.as_str().into(), ..account("") }))
}

fn wide() -> Config {
    small::config(|limits| limits.records_per_page_max = 10_000)
}

/// A whole roll: who is not named is inactive from `now` on.
fn roll(engine: &mut Engine, number: u128, now: i64, pages: &[Page<'_>]) {
    engine.start_session(NOW, APP, session(number), &Scope::All).expect("a session");
    for page in pages {
        let _ = push_in(engine, session(number), page).expect("a page");
    }
    complete(engine, session(number), Timestamp(now));
}

fn purge(engine: &mut Engine, before: i64) -> (u64, u64) {
    let outcome = engine.purge_inactive(NOW, APP, Timestamp(before)).expect("a purge");
    engine.check_invariants().expect("every rule");
    (outcome.purged, outcome.references)
}

/// The ids of a type's records, in order of first sight.
fn listed(engine: &Engine, slug: &str, filter: RecordFilter) -> Vec<String> {
    let records = engine.app(APP).and_then(|app| app.records(slug, filter)).expect("a type");
    records.map(|record| record.id().to_owned()).collect()
}

/// The rows that each table keeps, those that are gone among them.
fn rows(engine: &Engine) -> Vec<usize> {
    let saved = small::saved(engine);
    let tables = saved["apps"][0]["tables"].as_array().expect("tables");
    tables.iter().map(|table| table.as_array().map_or(0, Vec::len)).collect()
}

/// What is saved is loaded, and is saved again to the same bytes.
fn assert_reloads(engine: &Engine) {
    let loaded = reload(engine, engine.config().with_hash_key([9; 16]));
    loaded.check_invariants().expect("every rule");
    assert_eq!((loaded.digest(), loaded.digest_parts()), (engine.digest(), engine.digest_parts()));
    assert_eq!(small::saved(&loaded), small::saved(engine));
    let bytes = |engine: &Engine| postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    assert_eq!(bytes(&loaded), bytes(engine));
}

#[test]
fn who_stays_keeps_its_place_and_who_comes_back_is_new_and_last() {
    let mut engine = small::engine(Config::new());
    let all = ids(0..6);
    let _ = push(&mut engine, &page(&all)).expect("a page");
    complete(&mut engine, small::SESSION, Timestamp(1));
    roll(&mut engine, 2, 2, &[page(&ids([0, 2, 3, 5]))]);
    assert_eq!(purge(&mut engine, 3), (2, 0));
    assert_eq!(told(&engine), ["record_purged u1", "record_purged u4"]);
    assert_eq!(listed(&engine, "account", RecordFilter::All), ids([0, 2, 3, 5]));
    assert_eq!(rows(&engine), [6], "no row moved");
    assert_reloads(&engine);
    let app = engine.app(APP).expect("an app");
    assert!(app.record("account", "u4").is_none() && app.record("account", "u5").is_some());
    roll(&mut engine, 3, 4, &[page(&ids([4, 0, 2, 3, 5, 1]))]);
    assert_eq!(listed(&engine, "account", RecordFilter::All), ids([0, 2, 3, 5, 4, 1]));
    assert_reloads(&engine);
}

#[test]
fn a_purged_group_that_an_account_refers_to_again_is_a_new_placeholder() {
    let mut engine = small::engine(Config::new());
    let _ = push(&mut engine, &Page::groups(["g1", "g2", "g3"].map(|id| group(id, "Name")))).expect("a page");
    let _ = push(&mut engine, &Page::accounts([member("u1", ["g2", "g3"])])).expect("a page");
    complete(&mut engine, small::SESSION, Timestamp(1));
    roll(&mut engine, 2, 2, &[Page::groups([group("g3", "Name")]), page(&ids([1]))]);
    assert_eq!(purge(&mut engine, 3), (2, 0));
    roll(
        &mut engine,
        3,
        4,
        &[Page::groups([group("g3", "Name")]), Page::accounts([member("u1", ["g2", "g3"])])],
    );
    assert_eq!(listed(&engine, "team", RecordFilter::All), ["g3", "g2"]);
    assert_eq!(listed(&engine, "team", RecordFilter::Placeholder), ["g2"]);
    let app = engine.app(APP).expect("an app");
    assert_eq!(app.record("team", "g2").expect("a team").members().count(), 1);
    assert_reloads(&engine);
}

#[test]
fn inactive_accounts_lose_their_references_to_what_goes_and_keep_the_others() {
    let mut engine = small::engine(Config::new());
    let teams = |ids: &[&'static str]| Page::groups(ids.iter().map(|id| group(id, "Name")));
    let _ = push(&mut engine, &teams(&["g1", "g2", "g3"])).expect("a page");
    let accounts = Page::accounts([
        member("stays", ["g3", "g1", "g2"]),
        member("goes", ["g1", "g3"]),
        member("too", ["g2", "g1"]),
        member("active", ["g3"]),
    ]);
    let _ = push(&mut engine, &accounts).expect("a page");
    complete(&mut engine, small::SESSION, Timestamp(1));
    let active = || Page::accounts([member("active", ["g3"])]);
    let others = Page::accounts([member("stays", ["g3", "g1", "g2"]), member("too", ["g2", "g1"])]);
    // First one account and two teams, then the two other accounts.
    roll(&mut engine, 2, 2, &[teams(&["g3"]), active(), others]);
    roll(&mut engine, 3, 5, &[teams(&["g3"]), active()]);
    engine.refresh_digest();
    assert_eq!(purge(&mut engine, 5), (3, 4));
    let lost = |account, team| format!("reference_removed {account} {team}");
    assert_eq!(
        told(&engine),
        [
            lost("stays", "g1"),
            lost("stays", "g2"),
            lost("too", "g2"),
            lost("too", "g1"),
            "record_purged goes".into(),
            "record_purged g1".into(),
            "record_purged g2".into(),
        ]
    );
    let app = engine.app(APP).expect("an app");
    let references = |id| -> Vec<&str> {
        app.record("account", id).expect("an account").references().map(|team| team.id()).collect()
    };
    assert_eq!(
        (references("stays"), references("too"), references("active")),
        (vec!["g3"], vec![], vec!["g3"])
    );
    assert_eq!(app.record("account", "too").expect("an account").inactive_since(), Some(Timestamp(5)));
    assert_reloads(&engine);
}

/// Accounts 0..5,000, of which these numbers are inactive; a session is completing that named the even ones.
fn completing(gone: impl Fn(u32) -> bool) -> Engine {
    let mut engine = small::engine(wide());
    let all = ids(0..5_000);
    let _ = push(&mut engine, &page(&all)).expect("a page");
    complete(&mut engine, small::SESSION, Timestamp(1));
    roll(&mut engine, 2, 2, &[page(&ids((0..5_000).filter(|number| !gone(*number))))]);
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let named = ids((0..5_000).filter(|number| number % 2 == 0 && !gone(*number)));
    let _ = push_in(&mut engine, session(3), &page(&named)).expect("a page");
    engine.complete_session(NOW, APP, session(3), Completion::FORCED).expect("no guard");
    engine
}

fn step(engine: &mut Engine, budget: u64) -> (u64, bool) {
    let budget = NonZeroU64::new(budget).expect("not zero");
    let outcome = engine.run_cleanup(Timestamp(7), APP, session(3), budget).expect("a cleanup");
    (outcome.deactivated, outcome.status.has_ended())
}

/// Behind it, at it and before it; few, so that no row moves, and so many that all are numbered anew.
#[test]
fn a_cleanup_goes_on_where_it_stood_whatever_goes_around_it() {
    type Goes = fn(u32) -> bool;
    let cases: [(&str, Goes); 5] = [
        ("behind", |number| number > 4_500),
        ("before", |number| number < 200),
        ("at", |number| number == 501),
        ("around", |number| number % 7 == 4),
        ("most", |number| number % 10 > 2),
    ];
    for (name, gone) in cases {
        for marked in [0, 1, 100, 250, 490] {
            let (mut engine, mut other) = (completing(gone), completing(gone));
            if marked > 0 {
                let stale = (0..5_000).filter(|number| number % 2 == 1 && !gone(*number)).count() as u64;
                assert!(marked < stale, "{name}: more is left to mark");
                assert_eq!(step(&mut engine, marked), (marked, false), "{name}");
                assert_eq!(step(&mut other, marked), (marked, false), "{name}");
            }
            let went = (0..5_000).filter(|number| gone(*number)).count() as u64;
            assert_eq!(purge(&mut engine, 3), (went, 0), "{name}");
            assert_reloads(&engine);
            let rest = step(&mut engine, 10_000);
            assert_eq!(rest, step(&mut other, 10_000), "{name} after {marked}");
            assert!(rest.1, "{name}: it has ended");
            engine.check_invariants().expect("every rule");
            assert_eq!(
                listed(&engine, "account", RecordFilter::Active),
                ids((0..5_000).filter(|number| number % 2 == 0 && !gone(*number)))
            );
        }
    }
}

/// A step that marks nothing ends at row 4,096, which is inactive and goes.
#[test]
fn a_cleanup_whose_next_row_goes_goes_on_behind_it() {
    let mut engine = small::engine(wide());
    let all = ids(0..5_000);
    let _ = push(&mut engine, &page(&all)).expect("a page");
    complete(&mut engine, small::SESSION, Timestamp(1));
    let stays = |number: &u32| ![7, 4_095, 4_096, 4_097, 4_999].contains(number);
    roll(&mut engine, 2, 2, &[page(&ids((0..5_000).filter(stays)))]);
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let named = ids((0..5_000).filter(stays).filter(|number| *number != 4_100));
    let _ = push_in(&mut engine, session(3), &page(&named)).expect("a page");
    engine.complete_session(NOW, APP, session(3), Completion::GUARDED).expect("no guard");
    assert_eq!(step(&mut engine, 1), (0, false));
    let cursor = "/apps/0/app/sessions/open/cursor/row";
    assert_eq!(small::saved(&engine).pointer(cursor), Some(&Value::from(4_096)));
    assert_eq!(purge(&mut engine, 3), (5, 0));
    assert_eq!(small::saved(&engine).pointer(cursor), Some(&Value::from(4_096)), "it stands where it stood");
    assert_reloads(&engine);
    let mut engine = reload(&engine, wide());
    assert_eq!(step(&mut engine, 1), (1, true));
    assert_eq!(listed(&engine, "account", RecordFilter::Inactive), ["u4100"]);
}

/// The guess passes over some of them, and looks up what is behind the others.
#[test]
fn a_roll_in_stored_order_finds_its_records_behind_gaps_of_any_size() {
    let mut engine = small::engine(wide());
    let all = ids(0..20_000);
    for page_ids in all.chunks(10_000) {
        let _ = push(&mut engine, &page(page_ids)).expect("a page");
    }
    complete(&mut engine, small::SESSION, Timestamp(1));
    let stays = |number: &u32| {
        !(100..228).contains(number) && !(3_000..9_000).contains(number) && !number.is_multiple_of(9)
    };
    let stay = ids((0..20_000).filter(stays));
    roll(&mut engine, 2, 2, &[page(&stay[..7_000]), page(&stay[7_000..])]);
    let (purged, _) = purge(&mut engine, 3);
    assert_eq!((purged as usize, rows(&engine)), (all.len() - stay.len(), vec![20_000]));
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    for ids in stay.chunks(100) {
        let outcome = push_in(&mut engine, session(3), &page(ids)).expect("a page");
        assert_eq!((outcome.unchanged, outcome.total), (ids.len() as u32, ids.len() as u32));
    }
    assert_eq!(complete(&mut engine, session(3), NOW), 0);
    engine.check_invariants().expect("every rule");
}

#[test]
fn an_offset_counts_records_and_no_gaps() {
    let mut engine = small::engine(wide());
    let all = ids(0..700);
    let _ = push(&mut engine, &page(&all)).expect("a page");
    complete(&mut engine, small::SESSION, Timestamp(1));
    // Single rows, a whole word and more, the first and the last.
    let goes = |number: u32| number.is_multiple_of(5) || (100..300).contains(&number) || number > 690;
    roll(&mut engine, 2, 2, &[page(&ids((0..700).filter(|number| !goes(*number))))]);
    let _ = purge(&mut engine, 3);
    roll(&mut engine, 3, 4, &[page(&ids((0..700).filter(|number| !goes(*number) && number % 3 > 0)))]);
    assert_eq!(rows(&engine), [700]);
    let stays: Vec<u32> = (0..700).filter(|number| !goes(*number)).collect();
    let of = |third: fn(u32) -> bool| ids(stays.iter().copied().filter(|number| third(number % 3)));
    for (filter, expected) in [
        (RecordFilter::All, of(|_| true)),
        (RecordFilter::Active, of(|third| third > 0)),
        (RecordFilter::Inactive, of(|third| third == 0)),
    ] {
        let records = || engine.app(APP).and_then(|app| app.records("account", filter)).expect("a type");
        assert_eq!((listed(&engine, "account", filter), records().len()), (expected.clone(), expected.len()));
        for offset in 0..expected.len() + 70 {
            let found = records().nth(offset).map(|record| record.id().to_owned());
            assert_eq!(found, expected.get(offset).cloned(), "{offset}");
            let left = records().skip(offset);
            assert_eq!(left.len(), expected.len().saturating_sub(offset));
        }
    }
}

/// The rule counts the rows and the records of the whole app.
#[test]
fn rows_are_numbered_anew_when_more_are_gone_than_there_are_records() {
    let mut engine = small::engine(Config::new());
    let teams = || Page::groups(["g1", "g2"].map(|id| group(id, "Name")));
    let (all, first, second) = (ids(0..20), ids(11..20), ids(12..20));
    let _ = push(&mut engine, &page(&all)).expect("a page");
    let _ = push(&mut engine, &teams()).expect("a page");
    complete(&mut engine, small::SESSION, Timestamp(1));
    roll(&mut engine, 2, 2, &[teams(), page(&first)]);
    assert_eq!(purge(&mut engine, 3), (11, 0));
    assert_eq!(rows(&engine), [20, 2], "11 are gone, and there are 11 records");
    assert_reloads(&engine);
    roll(&mut engine, 3, 3, &[teams(), page(&second)]);
    assert_eq!(rows(&engine), [20, 2], "only a purge decides it");
    let refreshed = engine.refresh_digest();
    assert_eq!(purge(&mut engine, 4), (1, 0));
    assert_ne!(engine.digest(), refreshed);
    assert_eq!(rows(&engine), [8, 2], "12 were gone, and there were 10 records");
    assert_eq!(listed(&engine, "account", RecordFilter::All), second);
    assert_reloads(&engine);
}

#[test]
fn a_type_whose_records_are_all_gone_may_change_its_kind_and_have_new_ones() {
    let mut engine = small::engine(Config::new());
    let (accounts, seats) = (ids(0..9), || Page::licenses(["s1", "s2"].map(|id| group(id, "Name"))));
    let _ = push(&mut engine, &page(&accounts)).expect("a page");
    let _ = push(&mut engine, &seats()).expect("a page");
    complete(&mut engine, small::SESSION, Timestamp(1));
    roll(&mut engine, 2, 2, &[page(&accounts)]);
    assert_eq!(purge(&mut engine, 3), (2, 0));
    assert_eq!(rows(&engine), [9, 0, 2], "its rows are gone, and their numbers taken");
    assert!(listed(&engine, "seat", RecordFilter::All).is_empty());
    let parts = engine.digest_parts();
    assert_eq!(parts.tables.len(), 1, "a table without records is not told of");
    assert_reloads(&engine);
    let update = ResourceTypeUpdate::default().with_kind(Kind::Group);
    engine.update_resource_type(NOW, APP, "seat", &update).expect("it has no record");
    engine.check_invariants().expect("every rule");
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let seats = Page::groups([group("s2", "Name"), group("s1", "Name")]);
    let _ = engine.push_page(NOW, APP, session(3), "seat", &seats).expect("a page");
    assert_eq!(listed(&engine, "seat", RecordFilter::All), ["s2", "s1"]);
    assert_reloads(&engine);
}

/// Digests of parts go by places in the order of first sight, with gaps before them or not.
#[test]
fn a_record_that_differs_behind_gaps_is_found_by_its_place() {
    let engine_of = |odd: u32| {
        let mut engine = small::engine(wide());
        let all = ids(0..6_000);
        let _ = push(&mut engine, &page(&all)).expect("a page");
        complete(&mut engine, small::SESSION, Timestamp(1));
        let stays = ids((0..6_000).filter(|number| number % 7 != 2));
        roll(&mut engine, 2, 2, &[page(&stays)]);
        let _ = purge(&mut engine, 3);
        engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
        let odd = format!("u{odd}");
        let named = Account { display_name: Some("Odd".into()), ..account(&odd) };
        let _ = push_in(&mut engine, session(3), &Page::accounts([named])).expect("a page");
        engine
    };
    let (here, mut there) = (engine_of(5_001), engine_of(3_000));
    for _ in 0..2 {
        let (parts, others) = (here.digest_parts(), there.digest_parts());
        assert_eq!((parts.rest, parts.tables[0].records), (others.rest, 6_000 - 857));
        let mut found = Vec::new();
        for block in 0..parts.tables[0].blocks.len() {
            let of = |engine: &Engine| engine.record_digests(APP, parts.tables[0].resource_type_id, block);
            let (ours, theirs) = (of(&here), of(&there));
            assert_eq!(ours == theirs, parts.tables[0].blocks[block] == others.tables[0].blocks[block]);
            let first = block * DigestParts::BLOCK_RECORDS;
            found.extend((0..ours.len()).filter(|&at| ours[at] != theirs[at]).map(|at| first + at));
        }
        let all = listed(&here, "account", RecordFilter::All);
        assert_eq!(found.iter().map(|&at| &*all[at]).collect::<Vec<_>>(), ["u3000", "u5001"]);
        // With kept sums it is the same.
        there.refresh_digest();
    }
}

/// Hundreds of accounts and teams come, go and come back, beside a list; words of rows are gone as a whole.
#[test]
fn records_are_those_of_a_list_whatever_is_purged() {
    for seed in 0..12 {
        let mut engine = small::engine(wide());
        engine.abandon_session(NOW, APP, small::SESSION).expect("in progress");
        let mut replica = reload(&engine, wide());
        let mut list: Vec<(String, bool)> = Vec::new();
        let mut bytes = random::bytes(seed, 60).into_iter();
        for round in 0..12_u32 {
            let mut below = |bound: u8| u32::from(bytes.next().expect("enough") % bound);
            let (first, step) = (below(250) * 3, 1 + below(4));
            let (len, before) = (150 + below(200), i64::from(round - round.min(below(3))));
            let named = ids((first..first + len).step_by(step as usize));
            for engine in [&mut engine, &mut replica] {
                let members: Vec<_> = named.iter().map(|id| member(id, [&id[..id.len() - 1]])).collect();
                roll(engine, u128::from(round) + 2, i64::from(round), &[Page::accounts(members)]);
                let _ = purge(engine, before + 1);
            }
            for (id, is_active) in &mut list {
                *is_active = named.contains(id);
            }
            let new: Vec<_> = named.iter().filter(|id| !list.iter().any(|(known, _)| known == *id)).collect();
            list.extend(new.into_iter().map(|id| (id.clone(), true)));
            // The list takes over who is left: those that are inactive and went.
            let left = listed(&engine, "account", RecordFilter::All);
            list.retain(|(id, is_active)| *is_active || left.contains(id));
            assert_eq!(left, list.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), "seed {seed}");
            assert_eq!(engine.digest(), replica.digest());
            // One of them is another engine each time, and keeps sums.
            replica = reload(&replica, wide().with_hash_key([round as u8; 16]));
            replica.refresh_digest();
            assert_eq!(engine.digest_parts(), replica.digest_parts());
            let frozen = engine.freeze();
            frozen.check_invariants().expect("every rule");
        }
        assert_reloads(&engine);
    }
}
