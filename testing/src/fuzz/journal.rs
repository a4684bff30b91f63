//! Bytes as a journal of commands, and as the file that one is kept in.

use headcount::{Change, Command, Config, Engine, Error, Reply, Timestamp};

use super::journal_file;
use crate::sequences::retry::{self, Left};
use crate::{busy, generate, small};

type Entry<'b> = (Timestamp, Command<'b>);

/// Bytes as a journal: every command that can be read is carried out, and sent a second time, as by one who heard no
/// answer. What was carried out is written anew, in postcard and in JSON, and replays to the same replies, changes and
/// digests, with another hash key, and saved and loaded on its way.
///
/// The first byte says what the others are: entries in postcard, lines of JSON, or a history whose entries are changed in
/// some places; or a journal's file, or one that is damaged in some places ([`journal_file`]).
///
/// # Panics
/// If a command that failed left a trace, a retry does what it may not, a rule is broken, or a replay differs.
pub fn journal(bytes: &[u8]) {
    let Some((&how, rest)) = bytes.split_first() else { return };
    let config = if how & 8 == 0 { Config::new() } else { generate::config() };
    match how % 5 {
        0 => carry_out(config, &in_postcard(rest)),
        1 => carry_out(config, &in_json(rest)),
        2 => {
            let entries = changed(rest);
            let read = |entry| postcard::from_bytes(entry).ok();
            carry_out(config, &entries.iter().map(Vec::as_slice).filter_map(read).collect::<Vec<_>>());
        }
        3 => journal_file::read(rest),
        _ => journal_file::damage(rest),
    }
}

/// Entries one behind the other. What is none is passed over, byte by byte, until there is one again.
fn in_postcard(mut bytes: &[u8]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    while let Some((_, rest)) = bytes.split_first() {
        bytes = match postcard::take_from_bytes(bytes) {
            Ok((entry, behind)) => {
                entries.push(entry);
                behind
            }
            Err(_) => rest,
        };
    }
    entries
}

/// An entry on each line. A line that is none is passed over.
fn in_json(bytes: &[u8]) -> Vec<Entry<'_>> {
    bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// The entries of a history, a few of them changed: the last bytes say which, those before them are the history.
fn changed(bytes: &[u8]) -> Vec<Vec<u8>> {
    const CHANGE_BYTES: usize = 4;
    const CHANGES: usize = 4;
    let (history, changes) = bytes.split_at(bytes.len().saturating_sub(CHANGE_BYTES * CHANGES));
    let history = match history.split_first() {
        Some((how, rest)) if how % 2 == 0 => generate::history(rest),
        Some((_, rest)) => busy::history(rest),
        None => Vec::new(),
    };
    let write = |entry: &Entry<'_>| postcard::to_allocvec(entry).expect("an entry is written to bytes");
    let mut entries: Vec<Vec<u8>> = history.iter().map(write).collect();
    for change in changes.chunks_exact(CHANGE_BYTES) {
        if !entries.is_empty() {
            alter(&mut entries, [change[0], change[1], change[2], change[3]]);
        }
    }
    entries
}

/// Changes one entry: a bit, a byte more or less, its end, its place.
fn alter(entries: &mut Vec<Vec<u8>>, [which, place, how, with]: [u8; 4]) {
    // More of them than a byte can count are out of its reach.
    let which = usize::from(which) * entries.len() / 256;
    let other = usize::from(with) * entries.len() / 256;
    let place = usize::from(place) % entries[which].len().max(1);
    match how % 8 {
        0 | 1 if !entries[which].is_empty() => entries[which][place] ^= 1 << (with % 8),
        2 if !entries[which].is_empty() => entries[which][place] = with,
        3 if !entries[which].is_empty() => _ = entries[which].remove(place),
        4 => entries[which].insert(place, with),
        5 => {
            let end = entries[other].get(place..).unwrap_or(&[]).to_vec();
            entries[which].truncate(place);
            entries[which].extend(end);
        }
        6 => entries.swap(which, other),
        _ => {
            let moved = entries.remove(which);
            if with % 2 == 0 {
                entries.insert(other.min(entries.len()), moved);
            }
        }
    }
}

/// What came of a command.
#[derive(PartialEq, Debug)]
struct Outcome {
    reply: Result<Reply, Error>,
    changes: Vec<Change<'static>>,
    digest: u128,
}

fn step(engine: &mut Engine, (now, command): &Entry<'_>) -> Outcome {
    let before = engine.digest();
    let reply = engine.apply(*now, command);
    let changes: Vec<_> = engine.changes().map(Change::into_owned).collect();
    let digest = engine.digest();
    if reply.is_err() {
        assert_eq!((digest, changes.len()), (before, 0), "a command that failed left a trace: {command:?}");
    }
    engine.check_invariants().expect("every rule");
    Outcome { reply, changes, digest }
}

fn carry_out(config: Config, entries: &[Entry<'_>]) {
    let mut engine = Engine::new(config);
    let mut came: Vec<(&Entry<'_>, Outcome)> = Vec::new();
    for entry in entries {
        let (first, second) = (step(&mut engine, entry), step(&mut engine, entry));
        let is_same_state = second.digest == first.digest;
        let left = Left { is_same_state, changes: second.changes.len() };
        retry::check(&entry.1, &first.reply, &second.reply, left);
        came.extend([(entry, first), (entry, second)]);
    }
    let other = config.with_hash_key([9; 16]);
    let (mut from_postcard, mut from_json) = (Engine::new(other), Engine::new(config));
    for (number, (entry, expected)) in came.iter().enumerate() {
        if number == came.len() / 2 {
            from_postcard = small::reload(&from_postcard, config);
            from_json = small::reload(&from_json, other);
        }
        let bytes = postcard::to_allocvec(entry).expect("an entry is written to bytes");
        let read: Entry<'_> = postcard::from_bytes(&bytes).expect("what was written is read");
        assert_eq!(read, **entry, "in postcard");
        assert_eq!(step(&mut from_postcard, &read), *expected, "{entry:?}");
        let text = serde_json::to_string(entry).expect("an entry is JSON");
        let read: Entry<'_> = serde_json::from_str(&text).expect("what was written is read");
        assert_eq!(read, **entry, "in JSON");
        assert_eq!(step(&mut from_json, &read), *expected, "{entry:?}");
    }
}
