//! Journals made from seeds, the same everywhere: those that the model tests and the fuzzer make of bytes, a few long
//! ones and many short ones; one of pages that a parser could not read, and one whose records fill several chunks of the
//! tables.

use std::num::NonZeroU64;

use headcount::{
    Account, AppId, Attribute, AttributeValue, Attributes, Command, Completion, Config, Kind, Limits,
    NewResourceType, Page, PageSeed, Reference, ReferenceList, ResourceTypeId, Scope, SessionId, Timestamp,
    Uuid,
};
use serde::de::DeserializeSeed as _;

use crate::replay::Journal;

#[path = "../../../testing/src/generate.rs"]
#[allow(dead_code, reason = "the model tests use more of it")]
mod commands;

#[path = "../../../testing/src/busy.rs"]
mod busy;

const SEEDS: u64 = 60;
/// Of which a history of some hundreds of commands is made.
const BYTES: usize = 8_000;

/// Short journals, each made of so many bytes at least, and of up to as many more.
const SHORT: u64 = 10_000;
const SHORT_BYTES: usize = 120;

/// Accounts of the journal whose records fill several chunks of the tables.
const LARGE_ACCOUNTS: u64 = 800;
const LARGE_ROLLS: u64 = 3;
const PAGE: u64 = 100;

/// Bodies with values of wrong types, as a connector sends them.
const MISREAD: [&str; 3] = [
    r#"{"records": [{"id": "1", "username": 7, "name": true}, {"id": 2.5, "username": "a", "name": "b"}, null]}"#,
    r#"{"records": [{"id": "a", "username": "a", "name": "A", "memberships": {"team": {}, "role": [1, {"id": []}]}}]}"#,
    r#"{"records": [{"id": ["é"], "email": {}, "description": 1, "assignments": [{"id": "1"}]}, "☃", []]}"#,
];

type Commands = Vec<(Timestamp, Command<'static>)>;

const TYPES: [(&str, Kind); 3] =
    [("account", Kind::Account), ("team", Kind::Group), ("license", Kind::License)];

/// Every other of the seeds' with the low limits that its commands were made for.
pub(crate) fn journals() -> impl Iterator<Item = Journal> {
    let long = (1..=SEEDS).map(|seed| {
        let config = if seed % 2 == 0 { commands::config() } else { Config::new() };
        Journal::generated(format!("seed {seed}"), config, &commands::history(&bytes(seed, BYTES)))
    });
    let others = [("misread", misread()), ("large", large())]
        .map(|(name, commands)| Journal::generated(name.to_owned(), Config::new(), &commands));
    long.chain(others).chain((1..=SHORT).map(short))
}

/// Commands under low limits, of which many are refused; or without, of which most are carried out.
fn short(number: u64) -> Journal {
    let seed = SEEDS + number;
    let bytes = bytes(seed, SHORT_BYTES + seed as usize % SHORT_BYTES);
    match seed % 2 {
        0 => Journal::generated(format!("short {number}"), commands::config(), &commands::history(&bytes)),
        _ => Journal::generated(format!("short {number}"), Config::new(), &busy::history(&bytes)),
    }
}

/// Splitmix.
fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let word = |number: u64| {
        let state = (seed << 32 | number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    };
    (1..).flat_map(word).take(count).collect()
}

/// An app with a type of each kind, and its first session.
fn opening() -> Vec<Command<'static>> {
    let app = AppId(uuid(1));
    let mut commands = vec![Command::CreateApp { app_id: app, name: "App".into(), clone_from: None }];
    for (number, (slug, kind)) in (1..).zip(TYPES) {
        let new = NewResourceType { slug: slug.into(), name: slug.into(), kind };
        let resource_type_id = ResourceTypeId(uuid(number));
        commands.push(Command::RegisterResourceType { app_id: app, resource_type_id, new });
    }
    commands
}

fn start(roll: u64) -> Command<'static> {
    Command::StartSession { app_id: AppId(uuid(1)), session_id: SessionId(uuid(roll)), scope: Scope::All }
}

fn timed(commands: Vec<Command<'static>>) -> Commands {
    commands.into_iter().zip(1_700_000_000_000..).map(|(command, now)| (Timestamp(now), command)).collect()
}

/// Each body as a page of each kind, in both modes and as a delta.
fn misread() -> Commands {
    let mut commands = opening();
    commands.push(start(1));
    for body in MISREAD {
        for (slug, kind) in TYPES {
            let seed = PageSeed::new(kind, &Limits::default());
            let page =
                seed.deserialize(&mut serde_json::Deserializer::from_str(body)).expect("a list of records");
            let (app_id, session_id) = (AppId(uuid(1)), SessionId(uuid(1)));
            commands.push(Command::PushPage { app_id, session_id, slug: slug.into(), page: page.clone() });
            commands.push(Command::UpsertRecords { app_id, slug: slug.into(), page: page.clone() });
            commands.push(Command::PushLenientPage { app_id, session_id, slug: slug.into(), page });
        }
    }
    timed(commands)
}

/// Rolls of accounts with texts as long as they may be, each of which changes one account in four, drops
/// one in eight, is told of deltas meanwhile, and then erases and purges: the tables grow over several chunks
/// and take them back.
fn large() -> Commands {
    let app = AppId(uuid(1));
    let mut commands = opening();
    for roll in 1..=LARGE_ROLLS {
        let session = SessionId(uuid(roll));
        commands.push(start(roll));
        commands.extend(deltas(roll));
        for first in (0..LARGE_ACCOUNTS).step_by(PAGE as usize) {
            let numbers = (first..first + PAGE).filter(|number| number % 8 != roll);
            let page = Page::accounts(numbers.map(|number| large_account(number, roll)));
            commands.push(Command::PushPage {
                app_id: app,
                session_id: session,
                slug: "account".into(),
                page,
            });
        }
        commands.push(Command::CompleteSession {
            app_id: app,
            session_id: session,
            completion: Completion::FORCED,
        });
        for _ in 0..4 {
            commands.push(Command::RunCleanup {
                app_id: app,
                session_id: session,
                budget: NonZeroU64::MIN.saturating_add(LARGE_ACCOUNTS / 2),
            });
        }
        // One of those that went, and a team, which accounts may refer to.
        for slug in ["account", "team"] {
            let id = roll.to_string().into();
            commands.push(Command::EraseRecord { app_id: app, slug: slug.into(), id });
        }
        commands.push(Command::PurgeInactive { app_id: app, inactive_before: Timestamp(i64::MAX) });
    }
    timed(commands)
}

/// Before the pages of a roll: in the first all of it is new. Those who left are of every chunk, and some are
/// not on record.
fn deltas(roll: u64) -> [Command<'static>; 2] {
    let (app_id, slug) = (AppId(uuid(1)), "account");
    let spread = |from: u64| (from..).step_by(LARGE_ACCOUNTS as usize / 40).take(PAGE as usize / 2);
    let page = Page::accounts(spread(roll + 5).map(|number| large_account(number, roll + 1)));
    let ids = spread(roll + 9).map(|number| number.to_string().into()).collect();
    [
        Command::UpsertRecords { app_id, slug: slug.into(), page },
        Command::DeactivateRecords { app_id, slug: slug.into(), ids },
    ]
}

fn large_account(number: u64, roll: u64) -> Account<'static> {
    let version = if number.is_multiple_of(4) { roll } else { 0 };
    let long = |text: &str| Some(text.repeat(255).into());
    // Some twice, in a list longer than those that are compared in pairs.
    let teams = (0..20).map(|place| (number * 7 + place % 17 * 13 + version) % 40);
    let team = |number: u64| Reference {
        id: number.to_string().into(),
        name: Some(format!("Team {number}").into()),
    };
    Account {
        id: number.to_string().into(),
        email: None,
        username: Some(format!("user {number}, version {version}").into()),
        first_name: long(if version.is_multiple_of(2) { "é" } else { "☃" }),
        last_name: long("𝄞"),
        display_name: long("n"),
        status: None,
        memberships: vec![ReferenceList::new("team", teams.map(team))],
        assignments: Vec::new(),
        attributes: Some(attributes(number, version)),
    }
}

/// In another order in each version, with other values in some.
fn attributes(number: u64, version: u64) -> Attributes<'static> {
    let mut attributes = vec![
        Attribute::new("department", "É".repeat(200)),
        Attribute::new("cost_center", (number as i64).wrapping_mul(i64::MIN / 3)),
        Attribute::new("is_contractor", number.is_multiple_of(2)),
        Attribute::new("desks", AttributeValue::texts([format!("B-{version}"), "𝄞".to_owned()])),
        Attribute { name: "left".into(), value: None },
    ];
    attributes.rotate_left(version as usize % 5);
    attributes
}

fn uuid(number: u64) -> Uuid {
    // Distinct in both halves, so that a swapped one would show.
    Uuid::from_u128(u128::from(number) << 64 | u128::from(number))
}
