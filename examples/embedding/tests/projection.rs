//! The tables equal the engine after every command of random histories, and find a gap.

use std::collections::BTreeSet;

use headcount::{AppId, Command, Config, Engine, Fact, RecordFilter, Timestamp, Uuid};
use headcount_embedding::{Projection, ProjectionError};
use headcount_testing::{busy, generate, random};
use proptest::prelude::*;
use rusqlite::Connection;
use tables::{in_engine, in_tables};

mod tables;

fn open() -> Projection {
    Projection::open(Connection::open_in_memory().expect("a database")).expect("tables")
}

/// Keeps the members of all types at hand: what was created since is indexed too.
fn index_all(engine: &mut Engine) {
    let types =
        engine.apps().flat_map(|app| app.resource_types().map(move |of| (app.id(), of.slug().to_owned())));
    for (app, slug) in types.collect::<Vec<_>>() {
        engine.index_members(app, &slug).expect("a type");
    }
}

/// The members of every group and license as the tables have them: references of active accounts.
fn members_in_tables(projection: &Projection) -> BTreeSet<String> {
    let mut select = projection.connection().prepare(
        "SELECT r.app, r.type, r.id, r.account_type, r.account FROM reference r
         JOIN account a ON a.app = r.app AND a.type = r.account_type AND a.id = r.account
         WHERE a.active = 1",
    );
    let select = select.as_mut().expect("tables");
    let row = |row: &rusqlite::Row<'_>| {
        let text = |column| row.get::<_, String>(column);
        Ok(format!("{} {} {}: {} {}", text(0)?, text(1)?, text(2)?, text(3)?, text(4)?))
    };
    let rows = select.query_map([], row).expect("rows");
    rows.collect::<Result<_, _>>().expect("texts")
}

/// The same, as the engine's index has them.
fn members_in_engine(engine: &Engine) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for app in engine.apps() {
        for of in app.resource_types() {
            assert!(app.indexes_members(of.slug()));
            for record in app.records(of.slug(), RecordFilter::All).expect("a type") {
                rows.extend(record.members().map(|member| {
                    let (account_type, account) = (member.resource_type().id(), member.id());
                    format!("{} {} {}: {account_type} {account}", app.id(), of.id(), record.id())
                }));
            }
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tables_equal_the_engine_after_every_command(bytes in prop::collection::vec(any::<u8>(), 1..2_500)) {
        let (mut engine, mut projection) = (Engine::new(generate::config()), open());
        for (now, command) in generate::history(&bytes) {
            let _ = engine.apply(now, &command);
            projection.follow(&engine).expect("a change that is known");
            prop_assert_eq!(projection.position().expect("a position"), engine.seq());
            prop_assert_eq!(in_tables(&projection), in_engine(&engine));
        }
    }

    #[test]
    fn the_tables_equal_the_engine_where_references_live_long(bytes in prop::collection::vec(any::<u8>(), 1..1_500)) {
        let (mut engine, mut projection) = (Engine::new(Config::new()), open());
        for (now, command) in busy::history(&bytes) {
            let _ = engine.apply(now, &command);
            projection.follow(&engine).expect("a change that is known");
            prop_assert_eq!(in_tables(&projection), in_engine(&engine));
        }
    }

    #[test]
    fn the_members_in_the_tables_are_those_in_the_index(bytes in prop::collection::vec(any::<u8>(), 1..1_500)) {
        let (mut engine, mut projection) = (Engine::new(Config::new()), open());
        for (now, command) in busy::history(&bytes) {
            let _ = engine.apply(now, &command);
            index_all(&mut engine);
            projection.follow(&engine).expect("a change that is known");
            prop_assert_eq!(members_in_tables(&projection), members_in_engine(&engine));
        }
    }
}

#[test]
fn a_gap_is_an_error_and_following_twice_is_none() {
    let (mut engine, mut projection) = (Engine::new(generate::config()), open());
    let create = |engine: &mut Engine, number| {
        engine.create_app(Timestamp(0), AppId(Uuid::from_u128(number)), "App", None).expect("an app");
    };
    create(&mut engine, 1);
    projection.follow(&engine).expect("the first change");
    projection.follow(&engine).expect("which it has");
    create(&mut engine, 2);
    create(&mut engine, 3);
    let before = in_tables(&projection);
    let error = projection.follow(&engine).expect_err("change 2 is missing");
    assert!(matches!(error, ProjectionError::Gap { position: 1, found: 3 }), "{error}");
    assert_eq!(in_tables(&projection), before);
}

/// Histories that are the same in every run, each with what its engine is made with.
fn pinned_histories() -> impl Iterator<Item = (Config, Vec<(Timestamp, Command<'static>)>)> {
    (1..=20).map(|seed| random::bytes(seed, 1_500)).flat_map(|bytes| {
        [(Config::new(), busy::history(&bytes)), (generate::config(), generate::history(&bytes))]
    })
}

/// Without this, a change that no history makes could be written wrongly and no test would fail.
#[test]
fn histories_make_every_change_that_the_tables_show() {
    let mut made = BTreeSet::new();
    for (config, history) in pinned_histories() {
        let mut engine = Engine::new(config);
        for (now, command) in history {
            let _ = engine.apply(now, &command);
            for change in engine.changes() {
                made.insert(match change.fact {
                    Fact::SessionEnded { status, .. } => format!("SessionEnded {status}"),
                    fact => {
                        let debug = format!("{fact:?}");
                        debug.split([' ', '{']).next().expect("a name").to_owned()
                    }
                });
            }
        }
    }
    for fact in [
        "AppCreated",
        "AppUpdated",
        "AppDeleted",
        "SessionEnded completed",
        "ResourceTypeRegistered",
        "ResourceTypeUpdated",
        "RecordCreated",
        "RecordUpdated",
        "RecordDeactivated",
        "RecordReactivated",
        "RecordPurged",
        "PlaceholderMade",
        "PlaceholderNamed",
        "PlaceholderWoken",
        "PlaceholderFilled",
        "ReferenceAdded",
        "ReferenceRemoved",
    ] {
        assert!(made.contains(fact), "no history has a {fact}");
    }
}

#[test]
fn a_restart_goes_on_where_the_tables_are() {
    for (number, (config, history)) in pinned_histories().take(8).enumerate() {
        let file = format!("{}/restart-{number}.sqlite", env!("CARGO_TARGET_TMPDIR"));
        let _ = std::fs::remove_file(&file); // of an earlier run
        let reopen = || Projection::open(Connection::open(&file).expect("a file")).expect("tables");

        // The process is killed when a command is applied, and not yet in the tables.
        let mut engine = Engine::new(config);
        let mut projection = reopen();
        for (now, command) in &history[..history.len() / 2] {
            let _ = engine.apply(*now, command);
            projection.follow(&engine).expect("tables in step");
        }
        let position = projection.position().expect("a position");
        assert!(position > 0);
        drop((engine, projection));

        let (mut engine, mut projection) = (Engine::new(config), reopen());
        assert_eq!(projection.position().expect("a position"), position);
        for (now, command) in &history {
            let _ = engine.apply(*now, command);
            projection.replay(&engine).expect("a replay");
        }
        projection.follow(&engine).expect("tables in step");
        assert_eq!(in_tables(&projection), in_engine(&engine));
    }
}

#[test]
fn a_journal_that_lost_its_end_is_found_out() {
    let (mut engine, mut projection) = (Engine::new(Config::new()), open());
    let create = |engine: &mut Engine, number| {
        engine.create_app(Timestamp(0), AppId(Uuid::from_u128(number)), "App", None).expect("an app");
    };
    for number in 1..=3 {
        create(&mut engine, number);
        projection.follow(&engine).expect("tables in step");
    }
    let mut short = Engine::new(Config::new());
    create(&mut short, 1);
    projection.replay(&short).expect("what the tables have");
    let error = projection.follow(&short).expect_err("the tables have more");
    assert!(matches!(error, ProjectionError::Gap { position: 3, found: 1 }), "{error}");
}
