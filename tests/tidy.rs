//! Reads the source tree and fails on what we banned from it.
//!
//! `no_std` and the lints refuse most of this already; what they cannot see, or what somebody could switch
//! off in passing, is looked for here. Comments and unit tests may say and do what they like.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the core must not contain, and why.
const BANNED: &[(&str, &str)] = &[
    ("std::", "the core is no_std"),
    ("extern crate std", "the core is no_std"),
    ("HashMap", "its order is random, or depends on the hash key"),
    ("HashSet", "its order is random, or depends on the hash key"),
    ("swap_remove", "it breaks the order of what is left"),
    ("unsafe", "the borrow checker is to see everything"),
    ("static mut", "no state outside of an engine"),
    ("thread_local", "no state outside of an engine"),
    ("Atomic", "no state that changes behind a shared reference"),
    ("RefCell", "no state that changes behind a shared reference"),
    (".unwrap()", "no input reaches a panic"),
    (".expect(\"", "no input reaches a panic"),
    (".expect(&", "no input reaches a panic"),
    ("panic!", "no input reaches a panic"),
    ("unreachable!", "no input reaches a panic"),
    ("assert!", "no input reaches a panic, unless it is a debug_assert of our own bug"),
    ("assert_eq!", "no input reaches a panic, unless it is a debug_assert of our own bug"),
    ("todo!", "no stubs"),
    ("unimplemented!", "no stubs"),
    ("FIXME", "no stubs"),
    ("dbg!", "no output"),
    ("Instant", "no clock: time is an argument"),
    ("SystemTime", "no clock: time is an argument"),
    ("new_v4", "no randomness: ids are arguments"),
    ("new_v7", "no randomness, no clock: ids are arguments"),
    ("RandomState", "no randomness: the hash key is an argument"),
    ("getrandom", "no randomness: ids are arguments"),
    ("rand::", "no randomness: ids are arguments"),
    ("env!", "no environment"),
    ("cfg(target", "the same on every machine"),
];

/// Text that a banned word is part of without being it.
const FINE: &[&str] = &["debug_assert!", "debug_assert_eq!", "unsafe_code"];

const FILE_LINES_MAX: usize = 600;

#[test]
fn the_source_has_nothing_that_is_banned() {
    let files = rust_files(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("the source tree");
    assert!(files.len() > 20, "only {} files found: is this the source tree?", files.len());
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        found.extend(faults(&text).into_iter().map(|fault| format!("{}:{fault}", file.display())));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The absences that the crate page names: tables know rolls, not sessions; the nouns know no verbs.
#[test]
fn imports_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let above_tables =
        ["session", "engine", "view", "app", "registry", "command", "page", "upsert", "reconcile"];
    let above_nouns = ["engine", "page", "upsert", "reconcile"];
    let above_verbs = ["engine"];
    let mut rules: Vec<(PathBuf, &[&str])> = Vec::new();
    for file in rust_files(src.join("store")).expect("the tables") {
        rules.push((file, &above_tables));
    }
    for noun in ["app.rs", "registry.rs", "session.rs", "task.rs"] {
        rules.push((src.join("state").join(noun), &above_nouns));
    }
    for verb in ["page.rs", "reconcile.rs", "upsert/mod.rs", "upsert/target.rs"] {
        rules.push((src.join("verbs").join(verb), &above_verbs));
    }
    let mut found = Vec::new();
    for (file, above) in rules {
        let text = fs::read_to_string(&file).expect("a source file");
        found.extend(
            upward_imports(&text, above).into_iter().map(|fault| format!("{}:{fault}", file.display())),
        );
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// A check that finds nothing proves nothing, unless it finds what is there.
#[test]
fn each_ban_is_found_where_it_is_planted() {
    for (banned, _) in BANNED {
        let planted = format!("fn one() {{}}\nlet a = {banned} b;\n");
        assert!(faults(&planted).iter().any(|fault| fault.starts_with("2: ")), "{banned}");
        let in_comment = format!("/// {banned}\n//! {banned}\nlet a = 1; // {banned}\n");
        assert_eq!(faults(&in_comment), Vec::<String>::new(), "{banned}");
        let in_tests = format!("#[cfg(test)]\nmod tests {{\n    {banned}\n}}\n");
        assert_eq!(faults(&in_tests), Vec::<String>::new(), "{banned}");
    }
    assert_eq!(faults("debug_assert!(true);\n"), Vec::<String>::new());
    assert_eq!(faults("#[allow(dead_code)]\n").len(), 1);
    assert_eq!(faults("#[allow(\n    dead_code,\n    reason = \"why\"\n)]\n"), Vec::<String>::new());
    assert_eq!(faults("#[cfg(test)]\nmod tests {\n}\nfn after() {}\n").len(), 1);
    assert_eq!(faults(&"\n".repeat(FILE_LINES_MAX + 1)).len(), 1);
    assert_eq!(upward_imports("use crate::page;\nuse crate::{id, engine};\n", &["engine", "page"]).len(), 2);
    assert_eq!(upward_imports("use crate::pages;\n// crate::page\n", &["page"]), Vec::<String>::new());
}

fn faults(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if text.lines().count() > FILE_LINES_MAX {
        found.push(format!("{FILE_LINES_MAX}: more lines than that"));
    }
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.iter().position(|line| *line == "#[cfg(test)]").unwrap_or(lines.len());
    if let Some(end) = lines[tests..].iter().position(|line| *line == "}")
        && tests + end + 1 < lines.len()
    {
        found.push(format!("{}: unit tests are not the last thing in the file", tests + 1));
    }
    for (number, line) in (1..).zip(&lines[..tests]) {
        let mut code = code_of(line).to_owned();
        for fine in FINE {
            code = code.replace(fine, "");
        }
        for (banned, reason) in BANNED.iter().filter(|(banned, _)| code.contains(banned)) {
            found.push(format!("{number}: `{banned}`: {reason}"));
        }
        let waives = ["[allow(", "[expect("].iter().any(|attribute| code.contains(attribute));
        if waives && !attribute_at(&lines[number - 1..]).contains("reason = ") {
            found.push(format!("{number}: a lint is switched off, but not why"));
        }
    }
    found
}

fn upward_imports(text: &str, above: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.lines().take_while(|line| *line != "#[cfg(test)]").collect();
    for (number, line) in (1..).zip(lines) {
        let Some((_, path)) = code_of(line).split_once("crate::") else { continue };
        let words = path.split(|char: char| !char.is_alphanumeric() && char != '_');
        // Of `use crate::a::B` only the module counts, of `use crate::{a, b::C}` all that it names.
        let words =
            words.filter(|word| !word.is_empty()).take(if path.starts_with('{') { usize::MAX } else { 1 });
        found.extend(
            words.filter(|word| above.contains(word)).map(|word| format!("{number}: imports `{word}`")),
        );
    }
    found
}

/// The line without its comment. (A `//` in a string would hide what follows it; the core has none.)
fn code_of(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

/// The attribute that begins in the first of these lines.
fn attribute_at(lines: &[&str]) -> String {
    let end = lines.iter().position(|line| line.trim_end().ends_with(']')).map_or(lines.len(), |end| end + 1);
    lines[..end].concat()
}

fn rust_files(folder: PathBuf) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
