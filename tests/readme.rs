//! The README says what the code says. (Its examples run as doctests.)

use std::fs;
use std::path::{Path, PathBuf};

use headcount::{Error, FaultCode, Limits};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("the README")
}

/// The fields of a struct of numbers, by name: `Debug` writes them all, whatever is added.
fn fields(limits: &Limits) -> Vec<(String, u64)> {
    let debug = format!("{limits:?}");
    let inner = debug.trim_start_matches("Limits {").trim_end_matches('}');
    let pairs = inner.split(',').map(|field| field.trim().split_once(": ").expect("a name and a value"));
    pairs.map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect()
}

/// 65536 is `65,536`, and 64 KiB where the limit is one of bytes.
fn shown(name: &str, value: u64) -> String {
    if name.contains("bytes") {
        return match (value >> 30, value >> 20) {
            (0, 0) => format!("{} KiB", value >> 10),
            (0, mebibytes) => format!("{mebibytes} MiB"),
            (gibibytes, _) => format!("{gibibytes} GiB"),
        };
    }
    let digits = value.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}

#[test]
fn it_names_every_limit_with_its_default_and_its_ceiling() {
    let readme = readme();
    let (defaults, ceilings) = (fields(&Limits::DEFAULTS), fields(&Limits::CEILINGS));
    assert!(defaults.len() > 10, "{defaults:?}");
    for ((name, default), (_, ceiling)) in defaults.into_iter().zip(ceilings) {
        let row = readme.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{name}`")));
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let has = |cell: &str, value| cell.split(", ").any(|part| part == shown(&name, value));
        assert!(has(cells[2], default) && has(cells[3], ceiling), "{name}: {default}, {ceiling}: {row}");
    }
}

#[test]
fn it_names_every_code_of_an_error_or_a_fault() {
    let readme = readme();
    let faults = FaultCode::ALL.iter().map(|code| code.as_str());
    let restoring = ["unknown_format", "broken_snapshot", "digest_mismatch"];
    for code in Error::CODES.iter().copied().chain(faults).chain(restoring) {
        assert!(readme.contains(&format!("`{code}`")), "{code}");
    }
}
