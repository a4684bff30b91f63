//! The fuzz targets on their seeds, as any stable compiler runs them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use headcount::{Command, Config, Engine, Snapshot, Timestamp};
use headcount_testing::fuzz::TARGETS;
use headcount_testing::{busy, generate, reached};

const WRITE: &str = "cargo run -p headcount-testing --example seeds";

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The seeds of a target: their names and their bytes.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fuzz_folder().join("seeds").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<_> = files
        .map(|file| {
            let path = file.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a seed"))
        })
        .collect();
    seeds.sort();
    seeds
}

#[test]
fn every_target_takes_each_of_its_seeds() {
    for target in TARGETS {
        let seeds = seeds(target.name);
        assert!(seeds.len() >= 5, "{}: only {} seeds: {WRITE}", target.name, seeds.len());
        for (name, seed) in seeds {
            let run = std::panic::catch_unwind(|| (target.run)(&seed));
            assert!(run.is_ok(), "fuzz/seeds/{}/{name}", target.name);
        }
    }
}

#[test]
fn every_target_is_a_binary_and_every_folder_of_seeds_is_of_a_target() {
    let manifest = fs::read_to_string(fuzz_folder().join("Cargo.toml")).expect("the manifest");
    let binaries: BTreeSet<String> = manifest
        .split("[[bin]]\nname = \"")
        .skip(1)
        .filter_map(|binary| Some(binary.split_once('"')?.0.to_owned()))
        .collect();
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(binaries, targets);
    for name in &targets {
        let path = fuzz_folder().join(format!("fuzz_targets/{name}.rs"));
        let source = fs::read_to_string(path).expect("the source of a target");
        assert!(source.contains(&format!("headcount_testing::fuzz::{name}(bytes)")), "{name}: {source}");
    }
    let folders = fs::read_dir(fuzz_folder().join("seeds")).expect("the folder of seeds");
    let folders: BTreeSet<String> =
        folders.map(|folder| folder.expect("a folder").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(folders, targets);
}

#[test]
fn the_seeds_of_commands_reach_every_fact_and_every_error() {
    let mut found = BTreeSet::new();
    for (_, seed) in seeds("commands") {
        let (how, bytes) = seed.split_first().expect("a seed is not empty");
        found.extend(match how % 2 {
            0 => reached::by_history(&generate::history(bytes), generate::config()),
            _ => reached::by_history(&busy::history(bytes), Config::new()),
        });
    }
    let missing: Vec<_> =
        reached::FACTS.iter().chain(headcount::Error::CODES).filter(|name| !found.contains(**name)).collect();
    assert!(missing.is_empty(), "no seed reaches {missing:?}: {WRITE}");
}

/// Else the fuzzer would have to find the format first.
#[test]
fn a_snapshot_in_each_format_is_among_the_seeds() {
    let seeds = seeds("snapshot");
    let seed = |name: &str| {
        let found = seeds.iter().find(|(other, _)| other == name);
        found.map(|(_, seed)| &seed[1..]).unwrap_or_else(|| panic!("no {name}: {WRITE}"))
    };
    let loads = |snapshot: Option<Snapshot>| {
        snapshot.is_some_and(|snapshot| Engine::restore(generate::config(), snapshot).is_ok())
    };
    assert!(loads(postcard::from_bytes(seed("made-postcard")).ok()), "an older format: {WRITE}");
    assert!(loads(serde_json::from_slice(seed("made-json")).ok()), "an older format: {WRITE}");
}

/// Else the fuzzer would have to find the commands that have no seed.
#[test]
fn every_command_is_in_a_journal_among_the_seeds_in_each_format() {
    type Entry<'b> = (Timestamp, Command<'b>);
    let (mut in_postcard, mut in_json) = (Vec::new(), Vec::new());
    let seeds = seeds("journal");
    for (name, seed) in &seeds {
        let mut bytes = &seed[1..];
        if name.starts_with("made-postcard") {
            while !bytes.is_empty() {
                let (entry, rest) = postcard::take_from_bytes::<Entry<'_>>(bytes).expect("an entry");
                in_postcard.push(entry);
                bytes = rest;
            }
        } else if name.starts_with("made-json") {
            let lines = std::str::from_utf8(bytes).expect("text").lines();
            in_json.extend(lines.map(|line| serde_json::from_str::<Entry<'_>>(line).expect("an entry")));
        }
    }
    let all: BTreeSet<String> = reached::COMMANDS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(reached::commands(&in_postcard), all, "{WRITE}");
    assert_eq!(reached::commands(&in_json), all, "{WRITE}");
}
