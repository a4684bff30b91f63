//! The language of scenarios: its page says what the runner does, and expectations are rewritten in place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use headcount_testing::scenario::{self, COMMANDS, Mode, SETTINGS, Scenario, VIEWS};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn page() -> String {
    fs::read_to_string(folder().join("README.md")).expect("the page of the language")
}

/// The page's examples: its blocks that are marked as scenarios.
fn examples(page: &str) -> Vec<&str> {
    let blocks = page.split("```scenario\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn every_example_on_the_page_runs() {
    let (page, mode) = (page(), Mode::from_env());
    for example in examples(&page) {
        let run = match mode {
            Mode::Check => scenario::run(example),
            Mode::Update => scenario::update(example).map(|updated| {
                let page = self::page().replace(example, &updated);
                fs::write(folder().join("README.md"), page).expect("the page can be written");
            }),
        };
        if let Err(wrong) = run {
            panic!("{wrong}\nin the example\n{example}");
        }
    }
}

#[test]
fn every_word_of_the_language_is_in_an_example_and_in_a_table() {
    let page = page();
    let examples = examples(&page).concat();
    let used: BTreeSet<&str> = examples
        .lines()
        .filter(|line| !line.starts_with([' ', '=', '#']))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for word in [SETTINGS, COMMANDS, VIEWS].concat() {
        assert!(used.contains(word), "no example with `{word}`");
        let begins = [format!("| `{word} "), format!("| `{word}`")];
        assert!(begins.iter().any(|begin| page.contains(begin)), "no row for `{word}`");
    }
}

/// A folder of the test's own, gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("below")).expect("a temporary folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name).with_extension("txt"), text).expect("a temporary file");
    }

    fn scenarios(&self) -> Vec<Scenario> {
        scenario::walk(&self.0).expect("the temporary folder")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn scenarios_are_found_in_the_folder_and_below_it_and_called_by_their_path() {
    let folder = Folder::new("found");
    folder.write("one", "app hr\n");
    folder.write("below/two", "app hr\n");
    fs::write(folder.0.join("README.md"), "no scenario").expect("a temporary file");
    let names: Vec<String> = folder.scenarios().into_iter().map(|scenario| scenario.name).collect();
    assert_eq!(names, ["below/two", "one"]);
}

/// The scenario with every expectation spoiled: answers, and the lines of views.
fn spoiled(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut in_view = false;
    for line in text.lines() {
        let word = line.split_whitespace().next().unwrap_or_default();
        if !line.starts_with([' ', '#', '=']) && !word.is_empty() {
            in_view = VIEWS.contains(&word);
            lines.push(line.to_owned());
            lines.extend(in_view.then(|| "  what no view shows".to_owned()));
        } else if line.starts_with("= ") {
            // How many of an error's words the scenario cares for, no update can know.
            let has_words = line.starts_with("= error ") && line.split(' ').count() > 3;
            lines.push(if has_words { line.to_owned() } else { "= error spoiled".to_owned() });
        } else if !(in_view && line.starts_with("  ") && !word.starts_with('#')) {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

/// On a copy of every scenario that there is: what was spoiled comes back, byte for byte.
#[test]
fn updating_rewrites_each_expectation_and_nothing_else() {
    let folder = Folder::new("spoiled");
    let originals = scenario::walk(&self::folder()).expect("the folder of scenarios");
    for scenario in &originals {
        let text = scenario.read().expect("a scenario is text");
        fs::create_dir_all(folder.0.join(&scenario.name).parent().expect("a folder")).expect("a folder");
        folder.write(&scenario.name, &spoiled(&text));
    }
    for (copy, original) in folder.scenarios().iter().zip(&originals) {
        assert_eq!(copy.name, original.name);
        let text = original.read().expect("a scenario is text");
        let has_expectations = copy.read().expect("a copy") != text;
        assert_eq!(copy.test(Mode::Check).is_err(), has_expectations, "{}", copy.name);
        copy.test(Mode::Update).expect("what it shows can be written down");
        assert_eq!(copy.read().expect("a copy"), text, "{}", copy.name);
    }
}

#[test]
fn updating_keeps_comments_order_and_layout() {
    let before = "\
# What it is about.
rule 2.create_app create app

app hr
# A type.
type hr team group
app hr
type hr team group
= error slug_take   
types hr
  # In order of registration.
  account account ACCOUNT
    team group TEAM
  # That was all.

start hr s1
push hr s1 team
  {\"id\": \"g2\", \"name\": \"Two\"}
  # The smaller one.
  {\"id\": \"g1\",   \"name\": \"One\"}
= total 9
push hr s1 crew
= error session_not_found there is none
records hr team
  g1 active name=One
  # Two
  g2 active name=Two";
    let after = "\
# What it is about.
rule 2.create_app create app

app hr
# A type.
type hr team group
app hr
= error app_id_in_use
type hr team group
= error slug_taken
types hr
  # In order of registration.
    team group TEAM
  # That was all.

start hr s1
push hr s1 team
  {\"id\": \"g2\", \"name\": \"Two\"}
  # The smaller one.
  {\"id\": \"g1\",   \"name\": \"One\"}
= total 2 created 2 updated 0
push hr s1 crew
= error resource_type_not_found WORDS
records hr team
  # Two
  g2 active name=Two
  g1 active name=One";
    let updated = scenario::update(before).expect("what it shows can be written down");
    let error = headcount::Error::ResourceTypeNotFound { slug: "crew".into() };
    assert_eq!(updated, after.replace("WORDS", &error.to_string()));
    assert_eq!(scenario::update(&updated).as_deref(), Ok(updated.as_str()), "nothing is left to do");
}

#[test]
fn what_would_be_passed_over_is_refused() {
    for (text, wrong) in [
        ("ap hr\n", "line 1: ap hr: no setting, command or view begins with this word"),
        ("  indented\n", "line 1: indented: nothing before it that it belongs to"),
        ("= done\n", "line 1: = done: nothing before it that it belongs to"),
        ("app hr\n= done\n= done\n", "line 1: app hr: it has two answers"),
        ("apps\n= done\n", "line 1: apps: only a command has an answer"),
        ("app hr\n  hr\n", "line 1: app hr: only a push, an upsert, a source and a view have indented lines"),
        ("app hr\n\nrecords hr team\n", "line 3: records hr team: hr has no team"),
        ("sessions nobody\n", "line 1: sessions nobody: there is no app nobody"),
        ("limit wishes 3\n", "line 1: limit wishes 3: no limit is called wishes"),
        ("at noon\n", "line 1: at noon: noon is no number that fits"),
        ("cleanup hr s1 0\n", "line 1: cleanup hr s1 0: 0 is no number that fits"),
        ("app hr\nupdate-app hr nam=x\n", "line 2: update-app hr nam=x: nam=x is none of"),
        ("source hr\n  account\n", "line 1: source hr: account is no record at the source"),
        ("app hr\nnaive hr\n", "line 2: naive hr: hr has no source"),
        (
            "app hr\nsource hr\n  account u1\nnaive hr\n",
            "line 4: naive hr: headcount itself loses account u1",
        ),
    ] {
        let told = scenario::run(text).expect_err(text);
        assert!(told.starts_with(wrong), "{text}\n{told}");
        assert_eq!(scenario::update(text).expect_err(text), told, "no update mends it");
    }
}

#[test]
fn what_does_not_hold_is_told_as_a_difference() {
    let text = "app hr\napp hr\ntype hr team group\n= error slug_taken\ntypes hr\n  team group Teams\n";
    let told = scenario::run(text).expect_err("three expectations that do not hold");
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[2].starts_with("  + error app_id_in_use "), "the words of an error are told: {told}");
    let without_words = [&lines[..2], &lines[3..]].concat();
    assert_eq!(
        without_words,
        [
            "line 2: app hr: not what is expected",
            "  - (it succeeds)",
            "line 3: type hr team group: not what is expected",
            "  - error slug_taken",
            "  + done",
            "line 5: types hr: not what is expected",
            "  - team group Teams",
            "  + team group TEAM",
        ]
    );
}
