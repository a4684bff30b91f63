//! The index of members (SPEC 8): it says what a look at all accounts says, whatever happens, and shows nowhere else.

use headcount::{
    Account, AppId, Command, Completion, Config, Engine, Error, Group, Kind, NewResourceType, Page,
    RecordFilter, RecordView, ResourceTypeId, Scope, Snapshot, Timestamp,
};
use headcount_testing::small::{self, APP, NOW, SESSION, complete, member, push, push_in, session};
use headcount_testing::{busy, generate, random, regression};
use proptest::prelude::*;

type Step = (Timestamp, Command<'static>);

/// A slug and an id.
type Key = (String, String);

fn key(record: RecordView<'_>) -> Key {
    (record.resource_type().slug().to_owned(), record.id().to_owned())
}

/// Of each record of all apps its members, which are as many as are counted.
fn all_members(engine: &Engine) -> Vec<(AppId, Key, Vec<Key>)> {
    let mut all = Vec::new();
    for app in engine.apps() {
        let records = |slug| app.records(slug, RecordFilter::All).expect("a type");
        for record in app.resource_types().flat_map(|of| records(of.slug())) {
            let members = record.members();
            assert_eq!(
                (members.len() as u64, members.len()),
                (record.member_count(), members.clone().count())
            );
            let members: Vec<_> = members.map(key).collect();
            for (at, (slug, id)) in members.iter().enumerate() {
                let behind = record.members_behind(slug, id).expect("a member is on record");
                assert!(behind.map(key).eq(members[at + 1..].iter().cloned()), "behind {id}");
            }
            all.push((app.id(), key(record), members));
        }
    }
    all
}

/// The types of all apps, by slug.
fn types(engine: &Engine) -> Vec<(AppId, String)> {
    let types =
        engine.apps().flat_map(|app| app.resource_types().map(move |of| (app.id(), of.slug().to_owned())));
    types.collect()
}

fn index_all(engine: &mut Engine) {
    for (app, slug) in types(engine) {
        engine.index_members(app, &slug).expect("a type");
        assert!(engine.app(app).expect("an app").indexes_members(&slug));
    }
}

fn reload(engine: &Engine) -> Engine {
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    let snapshot: Snapshot = postcard::from_bytes(&saved).expect("a snapshot");
    Engine::restore(*engine.config(), snapshot).expect("an engine")
}

/// Runs a history in an engine whose types are indexed and in one where none is.
fn assert_indexed_as_scanned(config: Config, history: &[Step], choices: &[u8]) {
    let (mut indexed, mut plain) = (Engine::new(config), Engine::new(config));
    let mut frozen = None;
    for (at, (now, command)) in history.iter().enumerate() {
        match choices.get(at % choices.len().max(1)).copied().unwrap_or(0) {
            // Loaded, it has no index, and is asked anew now and then.
            250.. => indexed = reload(&indexed),
            245..250 => frozen = Some(indexed.freeze()),
            240..245 => frozen = None,
            choice @ 200..240 => {
                let types = types(&indexed);
                if let Some((app, slug)) = types.get(usize::from(choice) % types.len().max(1)) {
                    indexed.drop_member_index(*app, slug).expect("a type");
                }
            }
            100..200 => {}
            _ => index_all(&mut indexed),
        }
        assert_eq!(indexed.apply(*now, command), plain.apply(*now, command));
        assert!(indexed.changes().eq(plain.changes()), "the index is no change");
        assert_eq!(indexed.digest(), plain.digest(), "nor a fact");
        assert_eq!(all_members(&indexed), all_members(&plain), "members after {command:?}");
        indexed.check_invariants().expect("every rule, and an index that is what the accounts say");
    }
    if let Some(frozen) = frozen {
        frozen.check_invariants().expect("every rule");
    }
}

proptest! {
    #![proptest_config(regression::config(150))]

    #[test]
    fn members_by_index_are_those_of_all_accounts_on_busy_histories(
        bytes in prop::collection::vec(any::<u8>(), 1..1_200),
        choices in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        assert_indexed_as_scanned(Config::new(), &busy::history(&bytes), &choices);
    }

    #[test]
    fn members_by_index_are_those_of_all_accounts_where_much_is_refused(
        bytes in prop::collection::vec(any::<u8>(), 1..1_500),
        choices in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        assert_indexed_as_scanned(generate::config(), &generate::history(&bytes), &choices);
    }
}

/// Those above are worth their name: there are groups with members in them, that lose some, and purges.
#[test]
fn histories_have_members_that_come_and_go() {
    let (mut most, mut losses, mut purges) = (0, 0, 0);
    for seed in 0..40 {
        let mut engine = Engine::new(Config::new());
        let mut before = 0;
        for (now, command) in busy::history(&random::bytes(seed, 1_200)) {
            let is_purge = matches!(command, Command::PurgeInactive { .. });
            let purged = engine.apply(now, &command).is_ok() && is_purge && engine.changes().len() > 0;
            index_all(&mut engine);
            let members: usize = all_members(&engine).iter().map(|(.., members)| members.len()).sum();
            most = most.max(members);
            losses += usize::from(members < before);
            purges += usize::from(purged && members > 0);
            before = members;
        }
    }
    assert!(most > 10 && losses > 100 && purges > 20, "{most} members, {losses} losses, {purges} purges");
}

/// Records that grow and shrink leave chunks that are emptied, and purges rows that are numbered anew.
#[test]
fn an_index_lasts_while_records_move() {
    const ACCOUNTS: u32 = 6_000;
    let mut engine = small::engine(small::config(|limits| limits.records_per_page_max = 10_000));
    index_all(&mut engine);
    let page = |round: u32| {
        let stays = move |number: &u32| round < 8 || number.is_multiple_of(3);
        Page::accounts((0..ACCOUNTS).filter(stays).map(move |number| {
            let name = "x".repeat(((number * 31 + round * 97) % 250) as usize + 1);
            let account = Account::new(format!("u{number}")).with_username(name);
            // One team stays, one changes.
            account
                .member_of("team", format!("g{}", number % 50))
                .member_of("team", format!("h{}", (number + round) % 50))
        }))
    };
    for round in 0..10 {
        let number = session(u128::from(round) + 2);
        engine.start_session(NOW, APP, number, &Scope::All).expect("a session");
        let _ = push_in(&mut engine, number, &page(round)).expect("a page");
        let _ = complete(&mut engine, number, Timestamp(i64::from(round)));
        engine.check_invariants().expect("every rule");
        if round == 8 {
            let outcome = engine.purge_inactive(NOW, APP, Timestamp(100)).expect("a purge");
            assert!(outcome.purged >= u64::from(ACCOUNTS) * 2 / 3, "more than stay: rows are numbered anew");
            engine.check_invariants().expect("every rule");
        }
    }
    let plain = reload(&engine);
    assert!(!plain.app(APP).expect("an app").indexes_members("team"), "what is loaded has no index");
    assert_eq!(all_members(&engine), all_members(&plain));
}

#[test]
fn members_are_read_on_from_behind_any_account() {
    let mut engine = small::engine(Config::new());
    let staff = NewResourceType::new("staff", "Staff", Kind::Account);
    engine.register_resource_type(NOW, APP, ResourceTypeId::from_u128(9), &staff).expect("a type");
    let ids: Vec<String> = (0..70).map(|number| format!("u{number}")).collect();
    let members = |of: usize| {
        ids.iter().enumerate().map(move |(at, id)| {
            let account = Account::new(id).with_username("x");
            if at % of == 0 { account.member_of("team", "g1") } else { account }
        })
    };
    let _ = engine.push_page(NOW, APP, SESSION, "staff", &Page::accounts(members(2))).expect("a page");
    let _ = engine.push_page(NOW, APP, SESSION, "account", &Page::accounts(members(3))).expect("a page");
    let mut seen = Vec::new();
    for is_indexed in [false, true] {
        if is_indexed {
            index_all(&mut engine);
        }
        let app = engine.app(APP).expect("an app");
        let team = app.record("team", "g1").expect("a placeholder");
        let all: Vec<_> = team.members().map(key).collect();
        assert_eq!(all.len(), 24 + 35, "accounts first, in order of registration");
        let mut behind = Vec::new();
        for slug in ["account", "staff", "team"] {
            for id in ids.iter().map(String::as_str).chain(["g1", "nobody"]) {
                let found = team.members_behind(slug, id).map(|members| members.map(key).collect::<Vec<_>>());
                assert_eq!(found.is_some(), app.record(slug, id).is_some(), "{slug} {id}");
                behind.push(found);
            }
        }
        assert_eq!(behind[0].as_deref(), Some(&all[1..]), "behind u0, which is a member");
        assert_eq!(behind[1].as_deref(), Some(&all[1..]), "behind u1, which is none");
        seen.push((all, behind));
    }
    assert!(seen[0] == seen[1], "by the index and without");
}

#[test]
fn what_is_no_type_is_not_found_and_nothing_is_told() {
    let mut engine = small::engine_with_an_account();
    let (digest, changes) = (engine.digest(), engine.changes().count());
    let nowhere = AppId::from_u128(77);
    let no_app = Err(Error::AppNotFound { app_id: nowhere });
    let no_type = Err(Error::ResourceTypeNotFound { slug: "nosuch".into() });
    assert_eq!(engine.index_members(nowhere, "team"), no_app);
    assert_eq!(engine.index_members(APP, "nosuch"), no_type);
    assert_eq!(engine.drop_member_index(nowhere, "team"), no_app);
    assert_eq!(engine.drop_member_index(APP, "nosuch"), no_type);
    assert_eq!(engine.drop_member_index(APP, "team"), Ok(()), "there is none");
    // One of accounts has no members, and one without records none yet.
    for slug in ["team", "account", "seat"] {
        assert_eq!(engine.index_members(APP, slug), Ok(()));
    }
    assert_eq!((engine.digest(), engine.changes().count()), (digest, changes));
    assert!(!engine.app(APP).expect("an app").indexes_members("nosuch"));
    let _ = push(&mut engine, &Page::accounts([member("u1", ["g1", "g2"]).assigned("seat", "pro")]))
        .expect("a page");
    let _ = push(&mut engine, &Page::licenses([Group::new("pro", "Pro")])).expect("a page");
    let app = engine.app(APP).expect("an app");
    let members = |slug, id| app.record(slug, id).expect("a record").members().map(key).collect::<Vec<_>>();
    assert_eq!(members("seat", "pro"), members("team", "g2"));
    assert_eq!(members("account", "u1"), []);
    engine.check_invariants().expect("every rule");
    engine.complete_session(NOW, APP, SESSION, Completion::GUARDED).expect("no guard");
}
