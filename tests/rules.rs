//! The table in `README.md`: every rule of SPEC has a test, and every test that it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use headcount_testing::scenario::{self, Scenario};

/// The rules of SPEC 2 to 10, by section; those of section 2 by their row or sentence.
const RULES: &[&str] = &[
    "2.ids",
    "2.atomic",
    "2.one_path",
    "2.time",
    "2.create_app",
    "2.clone_from",
    "2.update_app",
    "2.delete_app",
    "2.register_type",
    "2.update_type",
    "2.start_session",
    "2.abandon_session",
    "2.fail_session",
    "2.repeats",
    "2.purge",
    "3.1",
    "3.2",
    "3.3",
    "3.4",
    "3.5",
    "3.6",
    "3.7",
    "3.8",
    "3.9",
    "4.1",
    "4.2",
    "4.3",
    "4.4",
    "4.5",
    "4.6",
    "4.7",
    "4.8",
    "5.progress",
    "5.counts",
    "5.history",
    "6.create",
    "6.resolve",
    "6.list",
    "7",
    "8",
    "9.load",
    "9.checks",
    "9.digest",
    "10.1",
    "10.2",
    "10.3",
    "10.4",
    "10.5",
    "10.6",
    "10.7",
    "10.8",
    "10.9",
    "10.10",
];

/// Rules of a later release: their row says so and names no test.
const LATER: &[&str] = &["3.9"];

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
    let mut seen = BTreeMap::new();
    for (rule, tests) in rows() {
        assert!(RULES.contains(&rule.as_str()), "{rule} is no rule of SPEC");
        assert_eq!(tests.is_empty(), LATER.contains(&rule.as_str()), "the tests of {rule}");
        assert!(seen.insert(rule.clone(), tests).is_none(), "{rule} has two rows");
    }
    let missing: Vec<_> = RULES.iter().filter(|rule| !seen.contains_key(**rule)).collect();
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
