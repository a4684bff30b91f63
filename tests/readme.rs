//! The README says what the code says. (Its examples run as doctests.)

use std::fs;
use std::path::{Path, PathBuf};

use headcount::Limits;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("the README")
}

/// The fields of a struct of numbers, by name: `Debug` writes them all, whatever is added.
fn fields(limits: &Limits) -> Vec<(String, u32)> {
    let debug = format!("{limits:?}");
    let inner = debug.trim_start_matches("Limits {").trim_end_matches('}');
    let pairs = inner.split(',').map(|field| field.trim().split_once(": ").expect("a name and a value"));
    pairs.map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect()
}

/// 65536 is `65,536`, and 64 KiB where the limit is one of bytes.
fn shown(name: &str, value: u32) -> String {
    if name.contains("bytes") {
        return match value >> 20 {
            0 => format!("{} KiB", value >> 10),
            mebibytes => format!("{mebibytes} MiB"),
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
    let mut codes = 0;
    for file in ["src/error.rs", "src/snapshot.rs"] {
        let source = fs::read_to_string(root().join(file)).expect("a source file");
        for line in source.lines().filter(|line| line.trim_start().starts_with("Self::")) {
            let Some((_, code)) = line.split_once("=> \"") else { continue };
            let code = code.split('"').next().expect("a code");
            assert!(readme.contains(&format!("`{code}`")), "{code}");
            codes += 1;
        }
    }
    assert!(codes > 30, "only {codes} codes found: is this where they are?");
}
