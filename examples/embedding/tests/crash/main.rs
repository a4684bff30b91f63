//! A host that dies between any two of its steps, and within them: what it comes back as.
//!
//! The process starts itself as the one that dies, so that nothing of it goes on: no destructor, no buffer.

#[path = "../tables/mod.rs"]
mod tables;

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command as Process, abort};
use std::sync::atomic::{AtomicBool, Ordering};

use headcount::{Command, Config, Engine, Timestamp};
use headcount_embedding::journal::{Journal, JournalError, Keep};
use headcount_embedding::{Host, Step};
use headcount_testing::{busy, random};
use rusqlite::Connection;
use tables::{in_engine, in_tables};

/// Where it dies, in the course of one command.
const DEATHS: [&str; 6] = ["journal", "torn", "apply", "follow", "commit", "answer"];

fn history() -> Vec<(Timestamp, Command<'static>)> {
    busy::history(&random::bytes(3, 1_500))
}

/// Whether the next transaction of the tables is the last thing that happens.
static IS_TO_DIE_IN_COMMIT: AtomicBool = AtomicBool::new(false);

fn open(folder: &Path) -> Host {
    let mut tables = Connection::open(folder.join("tables")).expect("a database");
    // All of the transaction is written then, and it is about to count.
    let die = || if IS_TO_DIE_IN_COMMIT.load(Ordering::Relaxed) { abort() } else { false };
    tables.commit_hook(Some(die)).expect("a hook");
    Host::open(folder, Config::new(), tables).expect("a host")
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match &*arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        [_, "die", folder, death, at] => die(Path::new(folder), death, at.parse().expect("a number")),
        _ => {
            each_death_is_survived();
            a_journal_that_is_damaged_is_told();
        }
    }
}

/// Carries out the history, tells of each answer, and dies in the course of one command.
fn die(folder: &Path, death: &str, at: usize) {
    let mut host = open(folder);
    for (number, (now, command)) in history().iter().enumerate() {
        let step = |step: Step<'_>| match (step, death) {
            _ if number != at => {}
            (Step::Journal(_), "journal") | (Step::Apply, "apply") => abort(),
            (Step::Follow, "follow") | (Step::Answer, "answer") => abort(),
            (Step::Journal(frame), "torn") => {
                let file = OpenOptions::new().append(true).open(folder.join("journal"));
                file.and_then(|mut file| file.write_all(&frame[..frame.len() / 2])).expect("half a frame");
                abort()
            }
            _ => {}
        };
        IS_TO_DIE_IN_COMMIT.store(death == "commit" && number == at, Ordering::Relaxed);
        let _ = host.carry_out(*now, command, step).expect("a host that works");
        println!("{number}");
    }
}

fn each_death_is_survived() {
    let history = history();
    let mut deaths = 0;
    for death in DEATHS {
        for at in (0..history.len()).step_by(9) {
            let folder = tempfile::tempdir().expect("a folder");
            let itself = std::env::current_exe().expect("a path");
            let mut process = Process::new(itself);
            process.arg("die").arg(folder.path()).args([death, &at.to_string()]);
            let output = process.output().expect("a process");
            let answered = output.stdout.iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(
                output.status.signal(),
                Some(6),
                "{death} {at}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert_eq!(answered, at, "{death}: it died before it answered");
            comes_back(folder.path(), &history, death, at);
            deaths += 1;
        }
    }
    println!("{deaths} deaths in {} places, and each was survived", DEATHS.len());
}

fn comes_back(folder: &Path, history: &[(Timestamp, Command<'static>)], death: &str, at: usize) {
    let mut host = open(folder);
    // Up to the journal it did not happen, behind it it did.
    let happened = at + usize::from(!["journal", "torn"].contains(&death));
    assert_eq!(host.dropped() > 0, death == "torn", "{death} {at}");
    let mut expected = Engine::new(Config::new());
    for (now, command) in &history[..happened] {
        let _ = expected.apply(*now, command);
    }
    assert_eq!(host.engine().digest(), expected.digest(), "{death} {at}: {happened} commands happened");
    assert_eq!(in_tables(host.tables()), in_engine(host.engine()), "{death} {at}");
    // It goes on as if nothing had been.
    for (now, command) in &history[happened..] {
        let reply = host.carry_out(*now, command, |_| {}).expect("a host that works");
        assert_eq!(reply, expected.apply(*now, command), "{death} {at}");
    }
    assert_eq!(host.engine().digest(), expected.digest(), "{death} {at}");
    assert_eq!(in_tables(host.tables()), in_engine(host.engine()), "{death} {at}");
}

/// Each byte of a journal that is changed, and each length that it is cut to.
fn a_journal_that_is_damaged_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let mut journal = Journal::open(&path, Keep::All).expect("a journal").journal;
    let entries: Vec<Vec<u8>> = (0..12_u8).map(|number| vec![number; usize::from(number) * 3]).collect();
    entries.iter().for_each(|entry| journal.append(entry).expect("it is written"));
    assert!(matches!(Journal::open(&path, Keep::All), Err(JournalError::InUse)));
    drop(journal);
    let bytes = std::fs::read(&path).expect("bytes");
    let open = |bytes: &[u8], keep| {
        std::fs::write(&path, bytes).expect("a file");
        Journal::open(&path, keep).map(|opened| (opened.entries, opened.dropped))
    };
    let header = 34;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        match open(&changed, Keep::All) {
            // What was acknowledged is not known then, and all entries are good.
            Ok((found, 0)) => assert!((18..header).contains(&at) && found == entries, "byte {at}"),
            Ok((found, dropped)) => panic!("byte {at}: {} entries, {dropped} bytes dropped", found.len()),
            Err(JournalError::NoJournal) => assert!(at < 18, "byte {at}"),
            Err(JournalError::Damaged { good, at: begins }) => {
                assert!(begins <= at && good < entries.len(), "byte {at}: behind {good}");
                let kept = open(&changed, Keep::Entries(good)).expect("what is good").0;
                assert_eq!(kept, entries[..good]);
            }
            // The last entry, or the checksum that it has in its own: nothing behind fits, but it was acknowledged.
            Err(JournalError::Lost { good, .. }) => assert!(good + 2 >= entries.len(), "byte {at}: {good}"),
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    for length in header..bytes.len() {
        assert!(
            matches!(open(&bytes[..length], Keep::All), Err(JournalError::Lost { .. })),
            "{length} bytes"
        );
    }
    // Two entries change places; one is there twice; one is missing.
    let ends = [header, header + 20, header + 20 + 23, header + 20 + 23 + 26];
    let [first, second, third] = [0, 1, 2].map(|entry| &bytes[ends[entry]..ends[entry + 1]]);
    let rest = &bytes[ends[3]..];
    for frames in
        [[second, first, third].concat(), [first, first, second, third].concat(), [first, third].concat()]
    {
        let moved = [&bytes[..header], &frames, rest].concat();
        assert!(matches!(open(&moved, Keep::All), Err(JournalError::Damaged { .. })));
    }
    println!("every byte of a journal that was changed was found");
}
