//! Journal, snapshot, replay: one engine runs on, another is stopped in the middle of a session, restored
//! from its snapshot and caught up from the journal. Both end in the same state, by the same replies and
//! the same changes. Then the journal's file is damaged in the ways in which files are, and what becomes of that is told.
//!
//! A command is written and synced, then applied, then answered. Of a crash in between remains:
//!
//! | the crash comes | the journal has | after a restart |
//! | --- | --- | --- |
//! | while the command is written | a part of it | it is dropped; nobody was answered, and who asks again makes it happen |
//! | before it is applied | the command | it is applied; nobody was answered, and who asks again is told that it was done |
//! | before it is answered | the command | the same |
//! | while a snapshot is written | all commands | the snapshot before it is loaded, and more of the journal |
//!
//! `cargo run --release -p headcount-quickstart --example journal`

pub mod file;

use std::error::Error as StdError;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use file::{Journal, Keep, Opened};
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
    let folder = Folder::new()?;
    let path = folder.0.join("journal");
    write_journal(&path, &commands)?;
    let Opened { entries, .. } = Journal::open(&path, Keep::All)?;
    println!("journal: {} commands, {} bytes", entries.len(), fs::metadata(&path)?.len());

    let mut steady = Engine::new(Config::new().with_hash_key(*b"the first's key!"));
    let expected = replay(&mut steady, &entries)?;
    print_state("engine 1 ran all of it", &steady);

    // A host keeps beside each snapshot how far into the journal it reaches.
    let stopped_at = commands.len() * 2 / 3; // in the middle of the second session
    let (before, after) = entries.split_at(stopped_at);
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
    damage(&path, entries.len())
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("headcount-journal-{}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in a folder of temporary files does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The commands, each with its time and the number of the last change before it: a replay has to come there, too.
fn write_journal(path: &Path, commands: &[Command<'_>]) -> Result<(), Box<dyn StdError>> {
    let Opened { mut journal, .. } = Journal::open(path, Keep::All)?;
    let mut engine = Engine::new(Config::new());
    for (now, command) in (1_736_935_200_000..).step_by(1_000).map(Timestamp).zip(commands) {
        journal.append(&postcard::to_allocvec(&(now, engine.seq(), command))?)?;
        let _reply = engine.apply(now, command); // which is what a service answers now, and not before
    }
    Ok(())
}

fn replay(engine: &mut Engine, entries: &[Vec<u8>]) -> Result<Vec<Outcome>, Box<dyn StdError>> {
    let mut outcomes = Vec::new();
    for entry in entries {
        let (now, seq, command): (Timestamp, u64, Command<'_>) = postcard::from_bytes(entry)?;
        if engine.seq() != seq {
            return Err(format!("the commands came to change {seq}, and come to {} now", engine.seq()).into());
        }
        let reply = engine.apply(now, &command);
        outcomes.push(Outcome { reply, changes: engine.changes().map(Change::into_owned).collect() });
    }
    Ok(outcomes)
}

/// What becomes of a journal that lost five bytes, before and after they were acknowledged, and of one with a bit flipped.
fn damage(path: &Path, entries: usize) -> Result<(), Box<dyn StdError>> {
    let bytes = fs::read(path)?;
    let open = |bytes: &[u8], keep| {
        let path = path.with_extension("damaged");
        fs::write(&path, bytes).map_err(file::JournalError::Io)?;
        Journal::open(&path, keep)
    };
    // A service was killed while it wrote: the frame is not whole, and the header does not know of it.
    let Opened { journal, .. } = open(&bytes, Keep::All)?;
    let torn = [&*bytes, &journal.frame(b"a command")[5..]].concat();
    drop(journal);
    let opened = open(&torn, Keep::All)?;
    println!("a torn end: {} entries, {} bytes of another one dropped", opened.entries.len(), opened.dropped);
    drop(opened);
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    for (what, bytes) in [("five bytes less", &bytes[..bytes.len() - 5]), ("a flipped bit", &flipped)] {
        let refused = open(bytes, Keep::All).err().ok_or("damage was not found")?;
        println!("{what}: {refused}");
    }
    // Somebody looked at it, and decided.
    let kept = open(&bytes[..bytes.len() - 5], Keep::Entries(entries - 1))?.entries.len();
    println!("kept: {kept} entries");
    Ok(())
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
