//! Journal and replay: one engine is stopped in the middle, restored from a snapshot, and caught up from
//! the journal. The other runs on. They end in the same state, by the same replies and changes.
//!
//! `cargo run --release --example journal`

use std::error::Error as StdError;
use std::num::NonZeroU64;

use headcount::{
    Account, AppId, Change, Command, Config, Engine, Error, Group, Kind, Page, Reference, Reply,
    ResourceTypeId, Scope, SessionId, Snapshot, Timestamp, Uuid,
};

/// What a command came to: what the two engines are compared by.
type Entry = (Result<Reply, Error>, Vec<Change<'static>>);

fn main() -> Result<(), Box<dyn StdError>> {
    // A journal is the commands with their times, as bytes, in order: here in memory, in a service on disk.
    let journal: Vec<Vec<u8>> =
        (0..).zip(commands()).map(|entry| postcard::to_allocvec(&entry)).collect::<Result<_, _>>()?;
    let bytes: usize = journal.iter().map(Vec::len).sum();
    println!("journal: {} commands, {bytes} bytes", journal.len());

    let mut steady = Engine::new(Config::new().with_hash_key([1; 16]));
    let expected = replay(&mut steady, &journal)?;
    println!("engine 1 ran all of it:       seq {:4}, digest {:032x}", steady.seq(), steady.digest());

    let stop = journal.len() / 2;
    let (before, after) = journal.split_at(stop);
    let mut stopped = Engine::new(Config::new().with_hash_key([2; 16]));
    let mut found = replay(&mut stopped, before)?;
    let saved = postcard::to_allocvec(&stopped.snapshot())?;
    println!("engine 2 stopped after {stop}:     seq {:4}, digest {:032x}", stopped.seq(), stopped.digest());
    drop(stopped);

    let snapshot: Snapshot = postcard::from_bytes(&saved)?;
    let mut restored = Engine::restore(Config::new().with_hash_key([3; 16]), snapshot)?;
    println!(
        "restored from {:5} bytes:    seq {:4}, digest {:032x}",
        saved.len(),
        restored.seq(),
        restored.digest()
    );
    found.extend(replay(&mut restored, after)?);
    println!("caught up from the journal:   seq {:4}, digest {:032x}", restored.seq(), restored.digest());

    let changes: usize = expected.iter().map(|(_, changes)| changes.len()).sum();
    let errors = expected.iter().filter(|(reply, _)| reply.is_err()).count();
    println!("compared: {} replies ({errors} of them errors), {changes} changes", expected.len());
    if restored.digest() != steady.digest() {
        return Err("the digests differ".into());
    }
    if found != expected {
        return Err("the replies or changes differ".into());
    }
    println!("equal digests, replies and changes");
    Ok(())
}

fn replay(engine: &mut Engine, journal: &[Vec<u8>]) -> Result<Vec<Entry>, postcard::Error> {
    journal
        .iter()
        .map(|bytes| {
            let (now, command): (i64, Command<'_>) = postcard::from_bytes(bytes)?;
            let reply = engine.apply(Timestamp(now), &command);
            Ok((reply, engine.changes().map(Change::into_owned).collect()))
        })
        .collect()
}

/// Two roll calls of 1,000 accounts, the second without every tenth, and a mistake.
fn commands() -> Vec<Command<'static>> {
    let app = AppId(Uuid::from_u128(1));
    let mut commands = vec![Command::CreateApp { app, name: "Acme HR".into(), clone_from: None }];
    for (id, slug, kind) in [(2, "team", Kind::Group), (3, "account", Kind::Account)] {
        commands.push(Command::RegisterResourceType {
            app,
            id: ResourceTypeId(Uuid::from_u128(id)),
            slug: slug.into(),
            name: slug.to_uppercase().into(),
            kind,
        });
    }
    for roll in 0..2 {
        let session = SessionId(Uuid::from_u128(10 + roll));
        let push = |slug: &'static str, page| Command::PushPage { app, session, slug: slug.into(), page };
        commands.push(Command::StartSession { app, session, scope: Scope::All });
        for page in 0..10 {
            let accounts = (page * 100..page * 100 + 100).filter(|number| roll == 0 || number % 10 > 0);
            commands.push(push("account", Page::Accounts(accounts.map(account).collect())));
        }
        commands.push(push("team", Page::Groups((0..7).map(team).collect())));
        commands.push(push("office", Page::Groups(Vec::new())));
        commands.push(Command::CompleteSession { app, session, force: false });
        for _ in 0..4 {
            commands.push(Command::RunCleanup { app, session, budget: NonZeroU64::MIN.saturating_add(33) });
        }
    }
    commands
}

fn account(number: u32) -> Account<'static> {
    let team = Reference { id: format!("g{}", number % 10).into(), name: None };
    Account {
        id: format!("u{number}").into(),
        email: Some(format!("user{number}@acme.com").into()),
        memberships: vec![("team".into(), vec![team])],
        ..Account::default()
    }
}

fn team(number: u32) -> Group<'static> {
    Group { id: format!("g{number}").into(), name: format!("Team {number}").into(), description: None }
}
