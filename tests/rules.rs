//! The table in `README.md`: every rule of the contract has a test, and every test that it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use headcount_testing::scenario::{self, Scenario};

/// The headings of the contract that have no number of their own, and the rules under them. One with none is told
/// by other headings.
const NAMED: &[(&str, &[&str])] = &[
    ("1 Nouns", &[]),
    ("1 Active and status", &["1.active"]),
    ("1 Text", &["1.text"]),
    ("1 Wrong types", &["1.wrong_types"]),
    ("1 Limits", &["1.limits"]),
    ("2 Commands", &["2.atomic"]),
    ("2 Time and ids", &["2.time", "2.ids"]),
    ("2 One code path", &["2.one_path"]),
    ("2 Order of refusals", &["2.order"]),
    ("2 Create app", &["2.create_app"]),
    ("2 Clone from", &["2.clone_from"]),
    ("2 Update app", &["2.update_app"]),
    ("2 Delete app", &["2.delete_app"]),
    ("2 Register resource type", &["2.register_type"]),
    ("2 Update resource type", &["2.update_type"]),
    ("2 Start session", &["2.start_session"]),
    ("2 Push page", &[]),
    ("2 Repeat page", &[]),
    ("2 Complete session", &[]),
    ("2 Run cleanup", &[]),
    ("2 Abandon session", &["2.abandon_session"]),
    ("2 Fail session", &["2.fail_session"]),
    ("2 Expire sessions", &["2.expire_sessions"]),
    ("2 Exclude types", &[]),
    ("2 Waive guard", &[]),
    ("2 Save checkpoint", &["2.save_checkpoint"]),
    ("2 Upsert and deactivate records", &[]),
    ("2 Purge inactive", &["2.purge"]),
    ("2 Erase record", &["2.erase_record"]),
    ("2 Create and resolve task", &[]),
    ("2 Repeats", &["2.repeats"]),
    ("3 Pushing a page", &[]),
    ("3a Deltas", &[]),
    ("4 Completing", &[]),
    ("5 Progress and history", &[]),
    ("5 Progress", &["5.progress"]),
    ("5 Counts", &["5.counts"]),
    ("5 History", &["5.history"]),
    ("6 Tasks", &[]),
    ("6 Create task", &["6.create"]),
    ("6 Resolve task", &["6.resolve"]),
    ("6 Forgotten tasks", &["6.forgotten"]),
    ("6 List", &["6.list"]),
    ("7 Changes", &["7"]),
    ("8 Reading", &["8"]),
    ("9 Snapshot and digest", &[]),
    ("9 Snapshot", &["9.load"]),
    ("9 Loading", &["9.checks"]),
    ("9 Digest", &["9.digest"]),
    ("9 Parts", &["9.parts"]),
    ("10 Rules that always hold", &[]),
];

/// The headings of sections 1 to 10 of the contract. (Section 11 is a frontend's.)
fn headings() -> Vec<String> {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SPEC.md");
    let text = fs::read_to_string(contract).expect("the contract");
    let headings =
        text.lines().filter_map(|line| line.strip_prefix("### ").or_else(|| line.strip_prefix("## ")));
    let headings = headings.filter(|heading| !heading.starts_with("11 "));
    headings
        .filter(|heading| heading.starts_with(|char: char| char.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

/// The number of a heading that has one of its own, such as 3.5.
fn own_number(heading: &str) -> Option<&str> {
    heading.split(' ').next().filter(|number| number.contains('.'))
}

/// Every rule of the contract.
fn rules() -> BTreeSet<String> {
    let headings = headings();
    let numbered = headings.iter().filter_map(|heading| own_number(heading));
    let named = NAMED.iter().flat_map(|(_, rules)| rules.iter().copied());
    numbered.chain(named).map(str::to_owned).collect()
}

#[test]
fn every_heading_of_the_contract_has_a_number_or_is_known_by_name() {
    let headings = headings();
    let unnumbered: Vec<_> = headings.iter().filter(|heading| own_number(heading).is_none()).collect();
    assert_eq!(unnumbered, NAMED.iter().map(|(heading, _)| heading).collect::<Vec<_>>());
    assert_eq!(headings.len() - unnumbered.len(), 33, "sections 3, 3a, 4 and 10");
}

fn tests_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
}

fn scenarios() -> Vec<Scenario> {
    scenario::walk(&tests_folder().join("scenarios")).expect("the folder of scenarios")
}

/// The table's rows: the rule, and the tests in backticks.
fn rows() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(tests_folder().join("README.md")).expect("the table");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect::<Vec<_>>())
        .filter(|cells| cells.len() == 3 && cells[0].starts_with(|char: char| char.is_ascii_digit()))
        .map(|cells| {
            let tests = cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
            (cells[0].to_owned(), tests)
        })
        .collect()
}

#[test]
fn every_rule_has_one_row_and_no_row_is_of_no_rule() {
    let all = rules();
    let mut seen = BTreeSet::new();
    for (rule, tests) in rows() {
        assert!(all.contains(&rule), "{rule} is no rule of the contract");
        assert!(!tests.is_empty(), "{rule} has no test");
        assert!(seen.insert(rule.clone()), "{rule} has two rows");
    }
    let missing: Vec<_> = all.difference(&seen).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[test]
fn every_test_that_the_table_names_is_there() {
    let scenarios = scenarios();
    for (rule, tests) in rows() {
        for test in tests {
            let (file, name) =
                test.split_once("::").unwrap_or_else(|| panic!("{rule}: {test} names no test"));
            let source =
                fs::read_to_string(tests_folder().join(file)).unwrap_or_else(|_| panic!("{rule}: no {file}"));
            let is_test = |source: &str| {
                let declared =
                    source.split(&format!("fn {name}(")).next().filter(|before| before.len() < source.len());
                let before =
                    declared.map(|before| before.trim_end().lines().rev().take(6).collect::<String>());
                before.is_some_and(|before| before.contains("#[test]"))
                    || source.contains(&format!("fn {name}(sequential"))
            };
            let is_scenario =
                file == "scenarios.rs" && scenarios.iter().any(|scenario| scenario.name == name);
            assert!(is_test(&source) || is_scenario, "{rule}: there is no test {test}");
        }
    }
}

/// A scenario's own `rule` lines lead here too, so that neither is moved without the other.
#[test]
fn every_scenario_is_in_the_row_of_each_of_its_rules() {
    let named: BTreeSet<(String, String)> = rows()
        .into_iter()
        .flat_map(|(rule, tests)| tests.into_iter().map(move |test| (rule.clone(), test)))
        .collect();
    for scenario in scenarios() {
        let text = scenario.read().expect("a scenario is text");
        assert!(scenario::rules(&text).next().is_some(), "{} names no rule", scenario.name);
        for rule in scenario::rules(&text) {
            let row = (rule.to_owned(), format!("scenarios.rs::{}", scenario.name));
            assert!(named.contains(&row), "{} is not in the row of its rule {rule}", scenario.name);
        }
    }
}
