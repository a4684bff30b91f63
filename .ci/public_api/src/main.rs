//! Holds the public API of a crate, as rustdoc tells it in JSON, against a text: `public_api BASELINE ALL FEWER [--write]`,
//! where `ALL` is the documentation with every feature, and `FEWER` that with none. What is only in the first has its
//! feature in front of it.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::process::ExitCode;

use serde::Deserialize;

/// The format that this version of `public-api` reads.
const FORMAT: u32 = 57;

/// In front of an item that is not there without features.
const FEATURE: &str = "[serde] ";

const HEADER: &str = "# The public API of headcount, an item a line: see CONTRIBUTING.md, \"What is promised\".\n\
                      # Made by `.ci/api_baseline --write`.\n";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [baseline, all, fewer, rest @ ..] = arguments.as_slice() else {
        return Err("public_api BASELINE ALL FEWER [--write]".into());
    };
    for path in [all, fewer] {
        let format = format(path)?;
        if format != FORMAT {
            println!(
                "left out: this compiler documents in format {format}, and the version of public-api in \
                 .ci/public_api/Cargo.toml reads {FORMAT}"
            );
            return Ok(ExitCode::SUCCESS);
        }
    }
    let found = items(all, fewer)?;
    if rest == ["--write"] {
        fs::write(baseline, [HEADER, &found.join("\n"), "\n"].concat())?;
        println!("{} items written to {baseline}", found.len());
        return Ok(ExitCode::SUCCESS);
    }
    let promised = fs::read_to_string(baseline)?;
    let promised: Vec<&str> = promised.lines().filter(|line| !line.starts_with("# ")).collect();
    Ok(tell(&promised, &found))
}

#[derive(Deserialize)]
struct Format {
    format_version: u32,
}

fn format(path: &str) -> Result<u32, Box<dyn Error>> {
    let Format { format_version } = serde_json::from_str(&fs::read_to_string(path)?)?;
    Ok(format_version)
}

/// Traits of the compiler's own, which nobody else can name.
const UNNAMED: [&str; 2] = ["core::marker::Freeze", "core::marker::UnsafeUnpin"];

/// What implements a trait for all types is the trait's, and is not listed.
fn read(path: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let api = public_api::Builder::from_rustdoc_json(path).omit_blanket_impls(true).build()?;
    let items = api.items().map(ToString::to_string);
    Ok(items.filter(|item| !UNNAMED.iter().any(|name| item.contains(name))).collect())
}

fn items(all: &str, fewer: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let without: BTreeSet<String> = read(fewer)?.into_iter().collect();
    let mark = |item: String| if without.contains(&item) { item } else { format!("{FEATURE}{item}") };
    Ok(read(all)?.into_iter().map(mark).collect())
}

fn tell(promised: &[&str], found: &[String]) -> ExitCode {
    let before: BTreeSet<&str> = promised.iter().copied().collect();
    let now: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let gone: Vec<&str> = promised.iter().copied().filter(|item| !now.contains(item)).collect();
    let new: Vec<&str> = found.iter().map(String::as_str).filter(|item| !before.contains(item)).collect();
    gone.iter().for_each(|item| println!("- {item}"));
    new.iter().for_each(|item| println!("+ {item}"));
    if gone.is_empty() && new.is_empty() {
        println!("the public API is what the baseline says: {} items", found.len());
        return ExitCode::SUCCESS;
    }
    if !gone.is_empty() {
        println!(
            "\n{} items are gone or changed. That breaks users: it wants a major version (before 1.0 a minor one) and a \
             line in CHANGELOG.md. If it was not meant, put them back.",
            gone.len()
        );
    }
    if !new.is_empty() {
        println!("\n{} items are new: they are promised from the next minor version on.", new.len());
    }
    println!(
        "If it was meant, `.ci/api_baseline --write` takes it down; commit .ci/public-api.txt with the change."
    );
    ExitCode::FAILURE
}
