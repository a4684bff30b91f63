//! The seeds of the fuzz targets: inputs that reach what random bytes take long to find.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use headcount::{Command, Config, Engine, Limits, Page, Records, RestoreError, Snapshot};
use serde_json::{Value, json};

use crate::{busy, fuzz, generate, golden, mutate, random, reached};

/// The files that [`write`] makes begin with this; all others are findings, and stay.
const MADE: &str = "made-";

/// Bodies that are not what a connector should send.
const BODIES: &[(&str, &str)] = &[
    ("empty", ""),
    ("null", "null"),
    ("no-records", r#"{"record": []}"#),
    ("records-twice", r#"{"records": [], "records": []}"#),
    ("records-null", r#"{"records": null}"#),
    ("after-the-end", r#"{"records": []}{"records": []}"#),
    ("cut-off", r#"{"records": [{"id": "u1", "username": "a"#),
    ("fields-as-a-list", r#"{"records": [["u1", "a@b"]]}"#),
    ("null-in-a-list", r#"{"records": [null, {"id": "u1", "memberships": {"team": [null]}}]}"#),
    ("a-number-as-an-id", r#"{"records": [{"id": 1, "name": 2.5e300, "username": true}]}"#),
    ("a-map-as-a-list", r#"{"records": [{"id": "u1", "memberships": {"team": {"id": "g1"}}}]}"#),
    ("a-list-as-a-map", r#"{"records": [{"id": "u1", "memberships": [{"id": "g1"}]}]}"#),
    ("a-field-twice", r#"{"records": [{"id": "u1", "id": "u2", "username": "a"}]}"#),
    ("half-a-surrogate", r#"{"records": [{"id": "u1", "username": "\ud800"}]}"#),
    ("escapes", r#"{"records": [{"id": "u\u0031", "name": "\u0000\ud834\udd1e\n", "email": "a\u0020@b"}]}"#),
    (
        "nulls",
        r#"{"records": [{"id": null, "email": null, "memberships": {"team": null}, "assignments": null}]}"#,
    ),
    (
        "unknown-fields",
        r#"{"next": null, "records": [{"id": "1", "name": "A", "username": "a", "x": {"y": [1]}}]}"#,
    ),
    (
        "a-list-twice",
        r#"{"records": [{"id": "1", "username": "a", "memberships": {"team": [{"id": "2"}], "team": [{"id": "2", "name": "B"}]}}]}"#,
    ),
    (
        "an-id-twice",
        r#"{"records": [{"id": "1", "username": "a", "name": "A"}, {"id": "1", "username": "b", "name": "B"}]}"#,
    ),
    (
        "unknown-slugs",
        r#"{"records": [{"id": "1", "username": "a", "memberships": {"\u001b[31m": [], "license": [{"id": ""}]}}]}"#,
    ),
    (
        "attributes",
        r#"{"records": [{"id": "1", "username": "a", "name": "A", "attributes": {"a": 1, "b": "c", "d": ["e", ""], "f": true, "g": null, "a": -2}}]}"#,
    ),
    (
        "attributes-of-wrong-types",
        r#"{"records": [{"id": "1", "username": "a", "attributes": {"": 1.5, "b": {}, "c": ["d", 1], "e": 18446744073709551615, "b": 2}}, {"id": "2", "attributes": []}]}"#,
    ),
    (
        "deep",
        r#"{"records": [{"id": "1", "name": "A", "x": [[[[[[[[[[[[[[[[{"a": [[[[]]]]}]]]]]]]]]]]]]]]]}]}"#,
    ),
];

/// Writes the seeds of all targets into their folders below `folder`, in the place of those it made before.
pub fn write(folder: &Path) -> io::Result<usize> {
    let mut written = 0;
    for (target, seeds) in [
        ("commands", commands()),
        ("snapshot", snapshots()),
        ("page_json", pages()),
        ("repeat", repeats()),
        ("journal", journals()),
    ] {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(MADE) {
                fs::remove_file(entry.path())?;
            }
        }
        for (name, seed) in &seeds {
            fs::write(folder.join(format!("{MADE}{name}")), seed)?;
        }
        written += seeds.len();
    }
    fs::write(folder.join("../json.dict"), dictionary())?;
    Ok(written)
}

/// The names of fields and variants in journals and snapshots, for libFuzzer, which would have to find them letter by
/// letter.
fn dictionary() -> String {
    let mut names = BTreeSet::new();
    for journal in golden::histories::all() {
        add_names(&serde_json::to_value(&journal.history).expect("a journal is JSON"), &mut names);
        let snapshot = serde_json::to_value(journal.replayed().snapshot()).expect("a snapshot is JSON");
        add_names(&snapshot, &mut names);
    }
    let line = |name: String| format!("\"\\\"{name}\\\"\"\n");
    let header = "# Names in JSON, for libFuzzer: made as the seeds are.\n".to_owned();
    [header].into_iter().chain(names.into_iter().map(line)).collect()
}

fn add_names(value: &Value, names: &mut BTreeSet<String>) {
    let mut add = |text: &str| {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            names.insert(text.to_owned());
        }
    };
    match value {
        Value::String(text) => add(text),
        Value::Object(fields) => {
            fields.keys().for_each(|name| add(name));
            fields.values().for_each(|value| add_names(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| add_names(value, names)),
        _ => {}
    }
}

type Seeds = Vec<(String, Vec<u8>)>;

/// Of these inputs, the few that together reach what all of them do: always the one next that adds the most.
fn cover(inputs: Vec<(Vec<u8>, BTreeSet<String>)>, name: &str) -> Seeds {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut chosen = Vec::new();
    while let Some((bytes, adds)) = inputs.iter().max_by_key(|(_, adds)| adds.difference(&reached).count()) {
        if adds.is_subset(&reached) {
            break;
        }
        reached.extend(adds.iter().cloned());
        chosen.push((format!("{name}-{}", chosen.len()), bytes.clone()));
    }
    chosen
}

fn input(how: u8, bytes: &[u8]) -> Vec<u8> {
    [&[how], bytes].concat()
}

/// Histories that reach every fact, error and fault.
fn commands() -> Seeds {
    let refused = (0..4_000).map(|seed| {
        let bytes = random::bytes(seed, 1_200);
        let reached = reached::by_history(&generate::history(&bytes), generate::config());
        (input(0, &bytes), reached)
    });
    let accepted = (0..40).map(|seed| {
        let bytes = random::bytes(seed, 400);
        (input(1, &bytes), reached::by_history(&busy::history(&bytes), Config::new()))
    });
    let mut seeds = cover(refused.collect(), "refused");
    seeds.extend(cover(accepted.collect(), "accepted"));
    seeds
}

/// Histories in which most pages come again.
fn repeats() -> Seeds {
    let mut inputs: Vec<_> = (0..200).map(|seed| random::bytes(seed, 500)).collect();
    inputs.sort_by_key(|bytes| std::cmp::Reverse(fuzz::repeats(bytes).repeated));
    (0..12).zip(inputs).map(|(number, bytes)| (format!("repeats-{number}"), bytes)).collect()
}

/// Journals in each way in which the target reads its bytes. Its first byte says which, and whether limits are low.
fn journals() -> Seeds {
    const LENGTH_MAX: usize = 7_000;
    let mut seeds = Seeds::new();
    for journal in golden::histories::all() {
        let is_low = journal.limits != Limits::default();
        let write = |entry| postcard::to_allocvec(entry).expect("an entry is written to bytes");
        let entries: Vec<Vec<u8>> = journal.history.iter().map(write).collect();
        let line = |entry| serde_json::to_string(entry).expect("an entry is JSON") + "\n";
        let lines: String = journal.history.iter().map(line).collect();
        for (format, how, bytes) in [
            ("postcard", if is_low { 10 } else { 0 }, entries.concat()),
            ("json", if is_low { 11 } else { 1 }, lines.into_bytes()),
        ] {
            if bytes.len() < LENGTH_MAX {
                seeds.push((format!("{format}-{}", journal.name), input(how, &bytes)));
            }
        }
        if journal.name == "plans" {
            seeds.push(("file".to_owned(), input(3, &fuzz::written(&entries))));
        }
    }
    seeds.push(("json-commands".to_owned(), input(1, each_command().as_bytes())));
    for seed in 0..6 {
        let is_busy = seed % 2 == 1;
        let bytes = [&[u8::from(is_busy)], &*random::bytes(seed, 250)].concat();
        seeds.push((format!("changed-{seed}"), input(if is_busy { 2 } else { 12 }, &bytes)));
        seeds.push((format!("damaged-{seed}"), input(4, &random::bytes(seed, 120))));
    }
    seeds
}

/// Each command as it first stands in the golden journals, a line of JSON each.
fn each_command() -> String {
    let journals = golden::histories::all();
    let mut names = BTreeSet::new();
    let entries = journals.iter().flat_map(|journal| &journal.history);
    let first = entries.filter(|(_, command)| names.insert(reached::command_name(command)));
    first.map(|entry| serde_json::to_string(entry).expect("an entry is JSON") + "\n").collect()
}

/// Snapshots in both formats, and changes that break every rule that changes break.
fn snapshots() -> Seeds {
    let saved = |seed| mutate::saved(&random::bytes(seed, 900));
    let richest = (0..40).map(saved).max_by_key(|saved| saved.to_string().len()).expect("forty snapshots");
    let snapshot: Snapshot = serde_json::from_value(richest.clone()).expect("a snapshot");
    let engine = Engine::restore(generate::config(), snapshot).expect("what was saved is restored");
    let bytes = postcard::to_allocvec(&engine.snapshot()).expect("a snapshot is written to bytes");
    let changed = (0..400).map(|seed| {
        let bytes = random::bytes(seed, 900);
        let (_, changed) = fuzz::changed(&bytes);
        (input(2, &bytes), BTreeSet::from([broken(changed)]))
    });
    let mut seeds = cover(changed.collect(), "changed");
    seeds.push(("json".to_owned(), input(1, richest.to_string().as_bytes())));
    seeds.push(("postcard".to_owned(), input(0, &bytes)));
    seeds
}

/// The rule that keeps a snapshot from being loaded.
fn broken(saved: Value) -> String {
    let Ok(snapshot) = serde_json::from_value::<Snapshot>(saved) else { return "format".to_owned() };
    match Engine::restore(generate::config(), snapshot) {
        Ok(_) => "none".to_owned(),
        Err(RestoreError::Broken(broken)) => format!("rule {}", broken.rule),
        Err(other) => other.code().to_owned(),
    }
}

/// Pages of all kinds as their connectors would send them, and as no connector should.
fn pages() -> Seeds {
    let mut seeds: Seeds =
        BODIES.iter().map(|(name, body)| ((*name).to_owned(), input(b'1', body.as_bytes()))).collect();
    for (name, wanted) in [("accounts", 0), ("groups", 1), ("licenses", 2)] {
        let history = busy::history(&random::bytes(1, 6_000));
        let bodies = history.iter().filter_map(|(_, command)| match command {
            Command::PushPage { page, .. } | Command::PushLenientPage { page, .. } if !page.is_empty() => {
                Some(page)
            }
            _ => None,
        });
        let longest = bodies.filter(|page| kind_number(page) == wanted).map(body).max_by_key(String::len);
        seeds.extend(longest.map(|body| (name.to_owned(), input(b'1', body.as_bytes()))));
    }
    seeds
}

fn kind_number(page: &Page<'_>) -> u8 {
    page.kind().number()
}

fn body(page: &Page<'_>) -> String {
    let body = match page.records() {
        Records::Accounts(records) => json!({"records": records}),
        Records::Groups(records) | Records::Licenses(records) => json!({"records": records}),
    };
    body.to_string()
}
