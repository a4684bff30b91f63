//! Journal, snapshot, replay: one engine runs on, another is stopped in the middle of a session, restored
//! from its snapshot and caught up from the journal. Both end in the same state, by the same replies and
//! the same changes.
//!
//! `cargo run --release -p headcount-quickstart --example journal`

use std::error::Error as StdError;
use std::num::NonZeroU64;

use headcount::{
    Account, AppId, Change, Command, Completion, Config, Engine, Error, Group, Kind, NewResourceType, Page,
    Reply, ResourceTypeId, Scope, SessionId, Snapshot, Timestamp, Uuid,
};

/// What a command came to. Two engines that were given the same commands are compared by these.
#[derive(PartialEq)]
struct Outcome {
    reply: Result<Reply, Error>,
    changes: Vec<Change<'static>>,
}

fn main() -> Result<(), Box<dyn StdError>> {
    let commands = commands();
    let (journal, offsets) = write_journal(&commands)?;
    println!("journal: {} commands, {} bytes", commands.len(), journal.len());

    let mut steady = Engine::new(Config::new().with_hash_key(*b"the first's key!"));
    let expected = replay(&mut steady, &journal)?;
    print_state("engine 1 ran all of it", &steady);

    // A host keeps beside each snapshot how far into the journal it reaches.
    let stopped_at = commands.len() * 2 / 3; // in the middle of the second session
    let (before, after) = journal.split_at(offsets[stopped_at]);
    let mut second = Engine::new(Config::new().with_hash_key(*b"the second's key"));
    let mut found = replay(&mut second, before)?;
    print_state(&format!("engine 2 stopped after {stopped_at}"), &second);
    let saved = postcard::to_allocvec(&second.snapshot())?;
    drop(second);

    let snapshot: Snapshot = postcard::from_bytes(&saved)?;
    let mut restored = Engine::restore(Config::new().with_hash_key(*b"yet another key!"), snapshot)?;
    print_state(&format!("restored from {} bytes", saved.len()), &restored);
    found.extend(replay(&mut restored, after)?);
    print_state("caught up from the journal", &restored);

    compare(&expected, &found)?;
    if restored.digest() != steady.digest() {
        return Err("the digests differ".into());
    }
    println!("equal digests, replies and changes");
    Ok(())
}

/// The commands as bytes, each with its time, one after the other as in a file that is appended to; and
/// where each begins. A real service writes a command, syncs the file, applies it, and only then replies.
fn write_journal(commands: &[Command<'_>]) -> postcard::Result<(Vec<u8>, Vec<usize>)> {
    let (mut journal, mut offsets) = (Vec::new(), Vec::new());
    for (now, command) in (1_736_935_200_000..).step_by(1_000).map(Timestamp).zip(commands) {
        offsets.push(journal.len());
        let entry = postcard::to_allocvec(&(now, command))?;
        journal.extend(postcard::to_allocvec(&(entry.len() as u64))?);
        journal.extend(entry);
    }
    Ok((journal, offsets))
}

fn replay(engine: &mut Engine, mut journal: &[u8]) -> Result<Vec<Outcome>, Box<dyn StdError>> {
    let mut outcomes = Vec::new();
    while !journal.is_empty() {
        let (length, rest) = postcard::take_from_bytes::<u64>(journal)?;
        let (entry, rest) = rest.split_at_checked(usize::try_from(length)?).ok_or("a torn entry")?;
        let (now, command): (Timestamp, Command<'_>) = postcard::from_bytes(entry)?;
        let reply = engine.apply(now, &command);
        outcomes.push(Outcome { reply, changes: engine.changes().map(Change::into_owned).collect() });
        journal = rest;
    }
    Ok(outcomes)
}

fn compare(expected: &[Outcome], found: &[Outcome]) -> Result<(), Box<dyn StdError>> {
    let changes: usize = expected.iter().map(|outcome| outcome.changes.len()).sum();
    let errors = expected.iter().filter(|outcome| outcome.reply.is_err()).count();
    println!("compared: {} replies, {errors} of them errors, and {changes} changes", expected.len());
    if let Some(number) = expected.iter().zip(found).position(|(expected, found)| expected != found) {
        return Err(format!("the outcomes of command {number} differ").into());
    }
    if expected.len() != found.len() {
        return Err("one engine was given fewer commands".into());
    }
    Ok(())
}

fn print_state(what: &str, engine: &Engine) {
    println!("{what:28} changes so far {:5}, digest {:032x}", engine.seq(), engine.digest());
}

/// Two roll calls of 1,000 accounts, the second without every tenth. Each has a mistake in it: errors are
/// outcomes too, and replay to the same.
fn commands() -> Vec<Command<'static>> {
    let app = AppId(Uuid::from_u128(1));
    let mut commands = vec![Command::CreateApp { app_id: app, name: "Acme HR".into(), clone_from: None }];
    for (id, slug, name, kind) in [(2, "team", "Team", Kind::Group), (3, "account", "Account", Kind::Account)]
    {
        commands.push(Command::RegisterResourceType {
            app_id: app,
            resource_type_id: ResourceTypeId(Uuid::from_u128(id)),
            new: NewResourceType::new(slug, name, kind),
        });
    }
    for roll in 0..2 {
        let session = SessionId(Uuid::from_u128(10 + roll));
        let push = |slug: &'static str, page| Command::PushPage {
            app_id: app,
            session_id: session,
            slug: slug.into(),
            page,
        };
        commands.push(Command::StartSession { app_id: app, session_id: session, scope: Scope::All });
        for page in 0..10 {
            let accounts = (page * 100..page * 100 + 100).filter(|number| roll == 0 || number % 10 > 0);
            commands.push(push("account", Page::accounts(accounts.map(account))));
        }
        commands.push(push("team", Page::groups((0..10).map(team))));
        commands.push(push("office", Page::groups(Vec::new()))); // no such type
        commands.push(Command::CompleteSession {
            app_id: app,
            session_id: session,
            completion: Completion::GUARDED,
        });
        // The first roll has nobody to mark inactive, the second a hundred.
        for _ in 0..(if roll == 0 { 1 } else { 4 }) {
            commands.push(Command::RunCleanup {
                app_id: app,
                session_id: session,
                budget: NonZeroU64::MIN.saturating_add(32),
            });
        }
    }
    commands
}

fn account(number: u32) -> Account<'static> {
    let email = format!("user{number}@acme.com");
    Account::new(format!("u{number}")).with_email(email).member_of("team", format!("g{}", number % 10))
}

fn team(number: u32) -> Group<'static> {
    Group::new(format!("g{number}"), format!("Team {number}"))
}
