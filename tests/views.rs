//! Reading (SPEC 8): order, filters, paging, counts; tasks by page; and that reading changes nothing.

use std::num::NonZeroU64;

use headcount::{
    AccountStatus, AppId, Command, Completion, Config, ConfigurationStatus, Engine, Error, Group, Kind,
    NewTask, Page, Plan, RecordFilter, ResourceTypeId, Scope, SessionId, TaskAction, TaskId, TaskQuery,
    TaskStatus, Timestamp, Uuid,
};
use headcount_testing::directory;
use headcount_testing::roll::{self, APP};
use headcount_testing::small;

/// 1,000 teams, of which every third became inactive at 5, and 100 accounts that make placeholders.
fn engine() -> Engine {
    let mut engine = roll::engine(Config::new()).expect("an engine");
    for (number, step) in [(1, 1), (2, 3)] {
        let session = roll::start(&mut engine, number).expect("a session");
        let teams: Vec<_> = (0..1_000).filter(|team| number == 1 || team % step > 0).map(team).collect();
        for page in teams.chunks(100) {
            let _ = roll::push(&mut engine, session, &Page::groups(page.to_vec())).expect("a page");
        }
        let accounts = directory::Directory::new(100)
            .accounts_page(directory::Roll::Whole, &(0..100).collect::<Vec<_>>());
        let _ = roll::push(&mut engine, session, &accounts).expect("a page");
        let _ = engine.complete_session(Timestamp(5), APP, session, Completion::GUARDED).expect("no guard");
        let _ = engine.run_cleanup(Timestamp(5), APP, session, NonZeroU64::MAX).expect("a cleanup");
    }
    engine
}

fn team(number: u32) -> Group<'static> {
    Group { id: format!("t{number}").into(), name: format!("Team {number}").into(), ..Group::default() }
}

#[test]
fn records_are_paged_in_order_of_first_sight() {
    let engine = engine();
    let app = engine.app(APP).expect("an app");
    for &filter in RecordFilter::ALL {
        let records = app.records("team", filter).expect("a type");
        let all: Vec<_> = records.clone().map(|record| record.id().to_owned()).collect();
        assert_eq!(records.len(), all.len(), "{filter:?}");
        for offset in [0, 1, 63, 64, 65, 500, 999, 1_000, 2_000] {
            let page: Vec<_> =
                records.clone().skip(offset).take(7).map(|record| record.id().to_owned()).collect();
            let expected: Vec<_> = all.iter().skip(offset).take(7).cloned().collect();
            assert_eq!(page, expected, "{filter:?} from {offset}");
            let mut rest = records.clone();
            assert_eq!(rest.nth(offset).map(|record| record.id().to_owned()), all.get(offset).cloned());
            assert_eq!(rest.len(), all.len().saturating_sub(offset + 1), "what is left after {offset}");
        }
    }
    let inactive: Vec<_> =
        app.records("team", RecordFilter::Inactive).expect("a type").map(|record| record.id()).collect();
    assert_eq!(inactive, (0..1_000).step_by(3).map(|team| format!("t{team}")).collect::<Vec<_>>());
    assert!(app.records("nosuch", RecordFilter::All).is_none());
}

/// 200 teams, each of an account, of which these are inactive. Every third team was pushed; the others are placeholders.
fn engine_with_dangling_teams(inactive: impl Fn(u32) -> bool) -> Engine {
    let mut engine = small::engine(small::config(|limits| limits.records_per_page_max = 1_000));
    let named: Vec<_> = (0..200).map(|number| (format!("u{number}"), format!("t{number}"))).collect();
    let members = |wanted: &dyn Fn(u32) -> bool| {
        let wanted = (0..).zip(&named).filter(|(number, _)| wanted(*number));
        Page::accounts(wanted.map(|(_, (id, team))| small::member(id, [team.as_str()])))
    };
    let _ = small::push(&mut engine, &members(&|_| true)).expect("a page");
    let _ = small::push(&mut engine, &Page::groups((0..200).step_by(3).map(team))).expect("a page");
    small::complete(&mut engine, small::SESSION, Timestamp(1));
    engine.start_session(Timestamp(0), APP, small::session(2), &Scope::All).expect("a session");
    let _ = small::push_in(&mut engine, small::session(2), &members(&|number| !inactive(number)))
        .expect("a page");
    let stay = Page::groups((0..200).step_by(6).map(team));
    let _ = small::push_in(&mut engine, small::session(2), &stay).expect("a page");
    small::complete(&mut engine, small::session(2), Timestamp(5));
    engine
}

/// Of the teams, a third is full; of these, half were not pushed again, of which those dangle whose account is active.
#[test]
fn what_dangles_is_full_and_inactive_while_an_active_account_refers_to_it() {
    let mut engine = engine_with_dangling_teams(|number| number.is_multiple_of(9));
    let expected: Vec<_> = (0..200)
        .filter(|number| number % 6 == 3 && number % 9 > 0)
        .map(|number| format!("t{number}"))
        .collect();
    let dangling = |engine: &Engine| -> Vec<String> {
        let records = engine.app(APP).and_then(|app| app.records("team", RecordFilter::Dangling));
        let records = records.expect("a type");
        let len = records.len();
        let ids: Vec<_> = records.map(|record| record.id().to_owned()).collect();
        assert_eq!(ids.len(), len);
        ids
    };
    assert_eq!(dangling(&engine), expected);
    for slug in ["account", "seat"] {
        let records = engine.app(APP).and_then(|app| app.records(slug, RecordFilter::Dangling));
        assert_eq!(records.expect("a type").len(), 0, "nobody refers to an account, and there is no seat");
    }
    // It dangles no more once it is pushed, or the account that refers to it leaves it.
    let session = small::session(3);
    engine.start_session(Timestamp(0), APP, session, &Scope::All).expect("a session");
    let _ = small::push_in(&mut engine, session, &Page::groups([team(3)])).expect("a page");
    let left = Page::accounts([small::member("u15", ["t0"])]);
    let _ = small::push_in(&mut engine, session, &left).expect("a page");
    assert_eq!(dangling(&engine), expected[2..]);
}

#[test]
fn records_are_read_from_behind_one_that_need_not_match() {
    let engine = engine_with_dangling_teams(|number| number % 4 == 1);
    let app = engine.app(APP).expect("an app");
    for &filter in RecordFilter::ALL {
        for slug in ["account", "team"] {
            let ids = |records: &mut dyn Iterator<Item = headcount::RecordView<'_>>| -> Vec<String> {
                records.map(|record| record.id().to_owned()).collect()
            };
            let all = ids(&mut app.records(slug, RecordFilter::All).expect("a type"));
            let wanted = ids(&mut app.records(slug, filter).expect("a type"));
            assert!(wanted.len() > 1 || slug == "account", "{filter}");
            for (at, after) in all.iter().enumerate() {
                let expected: Vec<_> =
                    all[at + 1..].iter().filter(|id| wanted.contains(id)).cloned().collect();
                let mut behind = app.records_behind(slug, filter, after).expect("it is on record");
                assert_eq!(ids(&mut behind.clone()), expected, "{filter} behind {after}");
                for skip in [0, 1, 63, 64, 70] {
                    let found = behind.clone().nth(skip).map(|record| record.id().to_owned());
                    assert_eq!(found, expected.get(skip).cloned(), "{filter} behind {after}, the {skip}th");
                }
                assert_eq!(behind.by_ref().count(), expected.len());
                assert!(behind.next().is_none(), "it has ended");
            }
        }
    }
    for (slug, id) in [("nosuch", "t1"), ("team", "nobody"), ("team", ""), ("account", "t1"), ("seat", "t1")]
    {
        assert!(app.records_behind(slug, RecordFilter::All, id).is_none(), "{slug} {id}");
    }
}

/// Pages of five, between which others push, clean up, purge and erase: each that stays is shown once, in its order.
#[test]
fn a_cursor_is_not_disturbed_by_what_others_do() {
    let mut engine = small::engine(Config::new());
    let ids: Vec<String> = (0..60).map(|number| format!("u{number}")).collect();
    let page = |wanted: &dyn Fn(usize) -> bool| {
        let wanted = ids.iter().enumerate().filter(|(number, _)| wanted(*number));
        Page::accounts(wanted.map(|(_, id)| small::account(id)).collect::<Vec<_>>())
    };
    let _ = small::push(&mut engine, &page(&|_| true)).expect("a page");
    small::complete(&mut engine, small::SESSION, Timestamp(1));
    let (mut shown, mut after) = (Vec::new(), None::<String>);
    for round in 2.. {
        let read: Vec<String> = {
            let app = engine.app(APP).expect("an app");
            let id = |record: headcount::RecordView<'_>| record.id().to_owned();
            match &after {
                None => {
                    app.records("account", RecordFilter::Active).expect("a type").take(5).map(id).collect()
                }
                Some(after) => {
                    let behind = app.records_behind("account", RecordFilter::Active, after);
                    behind.expect("it stays").take(5).map(id).collect()
                }
            }
        };
        let Some(last) = read.last() else { break };
        after = Some(last.clone());
        shown.extend(read);
        // All that were shown but the last go, and are purged: in time the rows are numbered anew.
        let session = small::session(round);
        engine.start_session(Timestamp(0), APP, session, &Scope::All).expect("a session");
        let gone = shown.len() - 1;
        let _ = small::push_in(&mut engine, session, &page(&|number| number >= gone)).expect("a page");
        small::complete(&mut engine, session, Timestamp(5));
        if let Some(first) = ids.get(gone.saturating_sub(1)) {
            let _ = engine.erase_record(Timestamp(9), APP, "account", first);
        }
        let _ = engine.purge_inactive(Timestamp(9), APP, Timestamp(9)).expect("a purge");
        engine.check_invariants().expect("every rule");
    }
    assert_eq!(shown, ids);
}

#[test]
fn counts_are_those_of_the_records() {
    let engine = engine();
    let app = engine.app(APP).expect("an app");
    let counts = app.record_counts("team").expect("a type");
    let count = |filter| app.records("team", filter).expect("a type").count() as u64;
    assert_eq!(counts.active, count(RecordFilter::Active));
    assert_eq!(counts.inactive, count(RecordFilter::Inactive));
    assert_eq!(counts.placeholders, count(RecordFilter::Placeholder));
    assert_eq!(counts.active + counts.inactive, count(RecordFilter::All));
    assert!(counts.inactive == 334 && counts.placeholders > 0);
    assert!(app.record_counts("nosuch").is_none());
}

#[test]
fn a_record_shows_its_fields_references_and_members() {
    let engine = engine();
    let app = engine.app(APP).expect("an app");
    let account = app.record("account", "00u000000000000").expect("an account");
    assert_eq!(account.email(), Some("alice.0000000@synthetic-directory.example"));
    assert_eq!((account.username(), account.first_name()), (Some("alice.0000000"), Some("Alice")));
    assert_eq!((account.last_name(), account.display_name()), (Some("Smith"), Some("Alice Smith (0000000)")));
    assert_eq!(
        (account.status(), account.name(), account.description()),
        (Some(AccountStatus::Active), None, None)
    );
    assert_eq!((account.references().count() as u64, account.reference_count()), (5, 5));
    for target in account.references() {
        assert!(
            target.is_placeholder()
                && target.is_active()
                && target.email().is_none()
                && target.status().is_none()
        );
        assert!(target.members().any(|member| member.id() == account.id()));
        assert_eq!(target.members().count() as u64, target.member_count());
    }
    let gone = app.record("team", "t0").expect("a team");
    assert_eq!(
        (gone.is_active(), gone.inactive_since(), gone.name()),
        (false, Some(Timestamp(5)), Some("Team 0"))
    );
    assert_eq!(app.record("team", "t1").and_then(|team| team.inactive_since()), None);
    assert!(app.record("team", "nosuch").is_none() && app.record("nosuch", "t0").is_none());
}

#[test]
fn apps_types_and_sessions_are_read_in_their_order() {
    let mut engine = engine();
    let clone = AppId(Uuid::from_u128(2));
    engine.create_app(Timestamp(9), clone, "Clone", Some(APP)).expect("an app");
    let apps: Vec<_> = engine.apps().map(|app| app.id()).collect();
    assert_eq!(apps, [APP, clone]);
    let app = engine.app(APP).expect("an app");
    assert_eq!(
        (app.name(), app.created_at(), app.last_synced_at()),
        ("Synthetic", Timestamp(0), Some(Timestamp(5)))
    );
    assert_eq!(app.configuration_status(), ConfigurationStatus::Configured);
    assert_eq!(app.clone_group().collect::<Vec<_>>(), [APP, clone]);
    assert!(app.guard().is_none());
    let slugs: Vec<_> = app.resource_types().map(|found| (found.slug(), found.kind())).collect();
    assert_eq!(slugs, [("account", Kind::Account), ("team", Kind::Group)]);
    let team = app.resource_type("team").expect("a type");
    assert_eq!(app.resource_type_by_id(team.id()), Some(team));
    assert_eq!(
        (team.name(), team.created_at(), team.id()),
        ("team", Timestamp(0), ResourceTypeId(Uuid::from_u128(2)))
    );
    let newest_first: Vec<_> = app.sessions().rev().map(|session| session.id()).collect();
    assert_eq!(newest_first, [2, 1].map(|number| SessionId(Uuid::from_u128(number))));
    let session = app.session(newest_first[0]).expect("a session");
    assert_eq!((session.ended_at(), session.reason(), session.base()), (Some(Timestamp(5)), None, 1_100));
    assert!(session.scope().is_none());
    assert!(engine.app(clone).expect("an app").session(newest_first[0]).is_none(), "another app's");
}

#[test]
fn tasks_are_listed_by_status_limit_and_offset_with_the_total() {
    let mut engine = roll::engine(Config::new()).expect("an engine");
    for number in 0..120_u32 {
        let mut new = NewTask::new(TaskAction::CreateAccount, "account");
        new.execute_after = (number % 2 == 0).then_some(Timestamp(10));
        engine.create_task(Timestamp(0), APP, TaskId(Uuid::from_u128(number.into())), &new).expect("a task");
    }
    let app = engine.app(APP).expect("an app");
    let ids = |query: TaskQuery| {
        let page = app.tasks(&query).expect("a page");
        (page.total, page.tasks.iter().map(|task| task.id().0.as_u128()).collect::<Vec<_>>())
    };
    let query = TaskQuery::at(Timestamp(0));
    assert_eq!(ids(query), (120, (0..50).collect()), "50 if the reader names no limit");
    assert_eq!(ids(query.with_limit(1_000).with_offset(118)), (120, vec![118, 119]));
    assert_eq!(ids(query.with_status(TaskStatus::Pending).with_limit(2).with_offset(1)), (60, vec![3, 5]));
    assert_eq!(ids(query.with_offset(u64::MAX)), (120, vec![]));
    assert_eq!(ids(TaskQuery::at(Timestamp(10)).with_status(TaskStatus::Scheduled)), (0, vec![]));
}

#[test]
fn reading_changes_nothing() {
    let mut engine = engine();
    let session = roll::start(&mut engine, 3).expect("a session");
    let digest = engine.digest();
    let changes = engine.changes().len();
    let app = engine.app(APP).expect("an app");
    assert_eq!(
        app.preview(session).expect("in progress").total(),
        100 + app.record_counts("team").expect("a type").active
    );
    let records = app.records("team", RecordFilter::All).expect("a type");
    assert!(records.map(|record| record.members().count()).sum::<usize>() > 0);
    let _ = app.tasks(&TaskQuery::at(Timestamp(99))).expect("a page");
    assert_eq!((engine.digest(), engine.changes().len()), (digest, changes));
}

#[test]
fn the_hash_key_shows_nowhere() {
    let key = *b"\xABSECRET KEY 1234";
    let mut engine = Engine::new(Config::new().with_hash_key(key));
    let command = Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None };
    let _ = engine.apply(Timestamp(0), &command).expect("an app");
    engine.start_session(Timestamp(0), APP, SessionId(Uuid::from_u128(1)), &Scope::All).expect("a session");
    let shown = format!("{engine:?} {:?} {:?}", engine.config(), engine.app(APP));
    assert!(!shown.contains("SECRET") && !shown.contains("171, 83"), "{shown}");
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    assert!(!saved.windows(8).any(|bytes| bytes == &key[1..9]));
}

/// SPEC 4.7: a record more or less, wherever it stands, and none for what else changes.
#[test]
fn a_plan_is_refused_as_soon_as_it_is_another() {
    let mut engine = engine();
    let session = roll::start(&mut engine, 3).expect("a session");
    let plan = |engine: &Engine| {
        engine.app(APP).expect("an app").preview(session).expect("it is in progress").plan()
    };
    let first = plan(&engine);
    let push = |engine: &mut Engine, teams: &[u32]| {
        let page = Page::groups(teams.iter().copied().map(team));
        let _ = roll::push(engine, session, &page).expect("a page");
    };
    // A team that is inactive would not have gone, a new one will not go.
    push(&mut engine, &[3, 5_000]);
    assert_eq!(plan(&engine), first);
    push(&mut engine, &[4]);
    let second = plan(&engine);
    assert_ne!(second, first);
    let complete =
        |engine: &mut Engine, completion| engine.complete_session(Timestamp(6), APP, session, completion);
    for completion in [Completion::GUARDED, Completion::FORCED] {
        let refused = complete(&mut engine, completion.with_plan(first)).expect_err("another by now");
        assert_eq!(refused, Error::PlanChanged { session_id: session, found: second, expected: first });
    }
    complete(&mut engine, Completion::GUARDED.with_plan(second)).expect("what was looked at");
    let marked: Vec<_> = {
        let budget = NonZeroU64::MAX;
        let _ = engine.run_cleanup(Timestamp(6), APP, session, budget).expect("a cleanup");
        let app = engine.app(APP).expect("an app");
        let types: Vec<_> = app.resource_types().map(|of| (of.id(), of.slug().to_owned())).collect();
        let of_type = |(id, slug): &(ResourceTypeId, String)| {
            let records = app.records(slug, RecordFilter::Inactive).expect("a type");
            let records = records.filter(|record| record.inactive_since() == Some(Timestamp(6)));
            records.map(|record| (*id, record.id().to_owned())).collect::<Vec<_>>()
        };
        types.iter().flat_map(of_type).collect()
    };
    // A host that knows the records comes to the same.
    assert_eq!(Plan::of(marked.iter().map(|(of, id)| (*of, id.as_str()))), second);
}
