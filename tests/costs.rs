//! What the documentation of a call says of its cost is a promise, and each has a test that counts: the table in
//! `COSTS.md` has every such call, its promise word by word, and the tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use headcount_testing::tidy;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The folders with calls that cost something; the other floors are reached through these.
const FOLDERS: [&str; 3] = ["engine/", "save/", "view/"];

/// How a sentence begins that tells a cost.
const BEGINNINGS: [&str; 8] = [
    "Costs ",
    "Costs: ",
    "Looks at ",
    "Goes through ",
    "Allocates ",
    "Copies ",
    "Computes ",
    "No text of a task is copied",
];

/// And what stands in one that begins otherwise.
const WORDS: [&str; 6] = ["same cost", " cost ", " costs ", " costs,", " allocates ", " goes through "];

/// The sentences of a text, each up to its full stop.
fn sentences(text: &str) -> Vec<String> {
    let (mut sentences, mut start) = (Vec::new(), 0);
    let begins = |behind: &str| behind.starts_with(|char: char| char.is_uppercase() || "([`".contains(char));
    for (at, _) in text.match_indices(". ").filter(|(at, _)| begins(text[at + 2..].trim_start())) {
        sentences.push(text[start..=at].trim().to_owned());
        start = at + 2;
    }
    sentences.push(text[start..].trim().to_owned());
    sentences
}

fn tells_a_cost(sentence: &str) -> bool {
    BEGINNINGS.iter().any(|beginning| sentence.trim_start_matches('(').starts_with(beginning))
        || WORDS.iter().any(|word| sentence.contains(word))
}

/// The documentation of each public method in a file: the lines before it, without its examples and its errors.
fn methods(text: &str) -> Vec<(String, String)> {
    let (mut methods, mut documentation, mut is_example, mut is_of_errors) =
        (Vec::new(), String::new(), false, false);
    for line in text.lines().map(str::trim) {
        if let Some(line) = line.strip_prefix("///") {
            is_of_errors |= line.trim() == "# Errors";
            match line.trim() {
                fence if fence.starts_with("```") => is_example = !is_example,
                line if !is_example && !is_of_errors && !line.starts_with('|') => {
                    documentation.push_str(line);
                    documentation.push(' ');
                }
                _ => {}
            }
            continue;
        }
        let declared = line.strip_prefix("pub fn ").or_else(|| line.strip_prefix("pub const fn "));
        if let Some(name) = declared.and_then(|rest| rest.split(['(', '<']).next()) {
            methods.push((name.to_owned(), documentation.clone()));
        }
        if !line.starts_with("#[") && !line.starts_with("//") {
            documentation.clear();
            is_of_errors = false;
        }
    }
    methods
}

/// Of each call whose documentation tells a cost, the sentences that do.
fn promises() -> BTreeMap<String, Vec<String>> {
    let sources = tidy::read(&root().join("src")).expect("the source tree");
    let mut promises = BTreeMap::new();
    for (file, text) in
        sources.iter().filter(|(file, _)| FOLDERS.iter().any(|folder| file.starts_with(folder)))
    {
        for (name, documentation) in methods(text) {
            let told: Vec<String> =
                sentences(&documentation).into_iter().filter(|told| tells_a_cost(told)).collect();
            if !told.is_empty() {
                promises.insert(format!("{file}::{name}"), told);
            }
        }
    }
    promises
}

/// The rows of the table: a call, what is promised, the tests.
fn rows() -> Vec<[String; 3]> {
    let text = fs::read_to_string(root().join("tests/COSTS.md")).expect("the table");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [call, promise, tests] = cells[..] else { panic!("three cells: {row}") };
        [call.trim_end_matches('`').to_owned(), promise.to_owned(), tests.to_owned()]
    })
    .collect()
}

#[test]
fn each_cost_that_is_told_is_in_the_table_word_by_word() {
    let (promises, rows) = (promises(), rows());
    assert!(promises.len() > 40, "{} calls: is this the source tree?", promises.len());
    let mut faults = Vec::new();
    for (call, told) in &promises {
        let promise = told.join(" … ");
        match rows.iter().find(|[of, ..]| of == call) {
            Some([_, in_table, _]) if *in_table == promise => {}
            _ => faults.push(format!("| `{call}` | {promise} |")),
        }
    }
    for [call, ..] in &rows {
        let is_once = rows.iter().filter(|[of, ..]| of == call).count() == 1;
        if !promises.contains_key(call) || !is_once {
            faults.push(format!("{call}: its documentation tells no cost, or it has two rows"));
        }
    }
    assert!(faults.is_empty(), "not in tests/COSTS.md, or otherwise:\n{}", faults.join("\n"));
}

#[test]
fn each_test_that_the_table_names_is_there() {
    for [call, _, tests] in rows() {
        let tests: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{call} has no test");
        for test in tests {
            let (file, name) =
                test.split_once("::").unwrap_or_else(|| panic!("{call}: {test} names no test"));
            let text =
                fs::read_to_string(root().join("tests").join(file)).unwrap_or_else(|_| panic!("no {file}"));
            assert!(text.contains(&format!("#[test]\nfn {name}()")), "{call}: there is no test {test}");
        }
    }
}

/// A table that finds nothing proves nothing: this is what it goes by.
#[test]
fn costs_are_found_in_documentation() {
    let text = "/// Does it. Costs nothing that grows: as it says\n/// here. Else (e.g. then) not.\n///\n/// ```\n/// costs();\n/// ```\n\
                ///\n/// # Errors\n/// It costs a lot.\n#[inline]\npub const fn one<T>(a: T) {}\n\n/// Nothing.\npub fn two() {}\n\
                /// A look costs a look.\nfn three() {}\n";
    let found = methods(text);
    let names: Vec<&str> = found.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["one", "two"]);
    let told: Vec<String> = sentences(&found[0].1).into_iter().filter(|told| tells_a_cost(told)).collect();
    assert_eq!(told, ["Costs nothing that grows: as it says here."]);
    assert!(!tells_a_cost("Nothing."));
}
