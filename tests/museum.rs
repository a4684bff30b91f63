//! The incidents in `scenarios/incidents/`: each is a public report, and in each a naive engine fails its people.
//!
//! That headcount does not is no claim of theirs: a scenario fails where it holds less than the source.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use headcount_testing::scenario::{self, Scenario};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn incidents() -> Vec<(Scenario, String)> {
    let incidents =
        scenario::walk(&root().join("tests/scenarios/incidents")).expect("the folder of incidents");
    let with_text = incidents.into_iter().map(|incident| {
        let text = incident.read().expect("an incident is text");
        (incident, text)
    });
    with_text.collect()
}

/// The report that the first line names: `# owner/repository#number: what happened`.
fn report(text: &str) -> Option<&str> {
    let (report, what) = text.lines().next()?.strip_prefix("# ")?.split_once(": ")?;
    let (repository, number) = report.split_once('#')?;
    let (owner, name) = repository.split_once('/')?;
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char))
    };
    let is_number = number.parse::<u32>().is_ok();
    (is_word(owner) && is_word(name) && is_number && what.split_whitespace().count() > 2).then_some(report)
}

/// What each view of the naive engine shows, in order.
fn shown(text: &str) -> Vec<Vec<&str>> {
    let mut views: Vec<Vec<&str>> = Vec::new();
    let mut in_view = false;
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.strip_prefix("  ") {
            Some(line) if in_view => {
                views.last_mut().expect("a line of a view is behind its word").push(line)
            }
            Some(_) => {}
            None => {
                in_view = line.starts_with("naive ");
                views.extend(in_view.then(Vec::new));
            }
        }
    }
    views
}

#[test]
fn every_incident_names_a_report_of_its_own_in_its_first_line() {
    let mut seen = BTreeSet::new();
    for (incident, text) in incidents() {
        let report = report(&text).unwrap_or_else(|| panic!("{} names no report", incident.name));
        assert!(seen.insert(report.to_owned()), "{report} has two scenarios");
    }
}

#[test]
fn in_every_incident_the_naive_engine_loses_access_or_keeps_it_wrongly() {
    for (incident, text) in incidents() {
        let lines = shown(&text).concat();
        let fails =
            |line: &&str| ["loses ", "keeps ", "remembers "].iter().any(|what| line.starts_with(what));
        assert!(lines.iter().any(fails), "{}: the naive engine does as well", incident.name);
    }
}

#[test]
fn at_the_end_of_every_incident_headcount_holds_what_the_source_holds() {
    for (incident, text) in incidents() {
        let last = shown(&text).pop().unwrap_or_else(|| panic!("{} shows no naive engine", incident.name));
        let held = last.iter().find(|line| line.starts_with("headcount "));
        assert_eq!(held, None, "{}", incident.name);
    }
}

#[test]
fn the_readme_counts_the_incidents() {
    let count = incidents().len();
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let claim = format!("in {count} of {count}");
    assert!(readme.contains(&claim), "the README does not say `{claim}`");
}

/// Its ways are those that its documentation tells, one by one.
#[test]
fn the_naive_engine_is_as_naive_as_it_is_told() {
    let known = "\
app hr
type hr account account
type hr team group
start hr s1
push hr s1 team
  {\"id\": \"g1\", \"name\": \"One\"}
push hr s1 account
  {\"id\": \"u1\", \"username\": \"ann\", \"memberships\": {\"team\": [{\"id\": \"g1\"}]}}
  {\"id\": \"u2\", \"username\": \"bob\"}
complete hr s1
cleanup hr s1 all
source hr
  account u1 team/g1
  account u2
  team g1
naive hr
start hr s2
";
    for (what, then) in [
        (
            "a record that it cannot use is passed over, and nobody asks it",
            "push hr s2 account\n  {\"id\": \"u1\", \"username\": \"ann\", \"memberships\": {\"team\": [{\"id\": \"g1\"}]}}\n  \
             {\"id\": \"u2\", \"email\": \"bo b@example.com\"}\n= error page_faults\npush hr s2 team\n  \
             {\"id\": \"g1\", \"name\": \"One\\u0000\"}\n= error page_faults\ncomplete hr s2\nnaive hr\n  \
             loses account u2\n  loses team g1\n",
        ),
        (
            "a reference to what it has not is passed over, and comes to nothing later either",
            "push hr s2 account\n  {\"id\": \"u2\", \"username\": \"bob\", \"memberships\": {\"team\": [{\"id\": \"g2\"}]}}\n\
             push hr s2 team\n  {\"id\": \"g2\", \"name\": \"Two\"}\nsource hr\n  account u1 team/g1\n  \
             account u2 team/g2\n  team g1\n  team g2\nnaive hr\n  loses account u2 team/g2\n",
        ),
        (
            "a list that is not there is an empty one",
            "push hr s2 account\n  {\"id\": \"u1\", \"username\": \"ann\"}\nsource hr\n  account u1\n  account u2\n  \
             team g1\nnaive hr\n",
        ),
        (
            "whom it saw it forgets when it starts anew",
            "push hr s2 account\n  {\"id\": \"u2\", \"username\": \"bob\"}\nreload\ncomplete hr s2\nnaive hr\n  \
             loses account u1\n  loses account u2\n  loses team g1\n",
        ),
        (
            "it sweeps behind a listing that failed",
            "fail hr s2 broken\nnaive hr\n  loses account u1\n  loses account u2\n  loses team g1\n",
        ),
        (
            "it forgets nobody",
            "push hr s2 account\n  {\"id\": \"u1\", \"username\": \"ann\", \"memberships\": {\"team\": [{\"id\": \"g1\"}]}}\n\
             push hr s2 team\n  {\"id\": \"g1\", \"name\": \"One\"}\ncomplete hr s2\ncleanup hr s2 all\n\
             erase hr account u2\nsource hr\n  account u1 team/g1\n  team g1\nnaive hr\n  remembers account u2\n",
        ),
        (
            "it has no column for attributes",
            "push hr s2 account\n  {\"id\": \"u2\", \"username\": \"bob\", \"attributes\": {\"floor\": 3, \"room\": \"a\"}}\n\
             source hr\n  account u1 team/g1\n  account u2 floor=3,room=a\n  team g1\nnaive hr\n  \
             loses account u2 floor=3\n  loses account u2 room=a\n",
        ),
        (
            "an event is carried out when it comes, and the run does not hear of it",
            "deactivate hr account u2\nupsert hr account\n  {\"id\": \"u3\", \"username\": \"eve\"}\npush hr s2 account\n  \
             {\"id\": \"u1\", \"username\": \"ann\", \"memberships\": {\"team\": [{\"id\": \"g1\"}]}}\n  \
             {\"id\": \"u2\", \"username\": \"bob\"}\npush hr s2 team\n  {\"id\": \"g1\", \"name\": \"One\"}\n\
             source hr\n  account u1 team/g1\n  account u3\n  team g1\nnaive hr\n  keeps account u2\n\
             complete hr s2\ncleanup hr s2 all\nnaive hr\n  loses account u3\n  keeps account u2\n",
        ),
        ("it does not sweep behind one that is abandoned", "abandon hr s2\nnaive hr\n"),
        (
            "it sweeps all types, whatever a session is for",
            "abandon hr s2\nstart hr s3 scope team\npush hr s3 team\n  {\"id\": \"g1\", \"name\": \"One\"}\n\
             complete hr s3\ncleanup hr s3 all\nnaive hr\n  \
             loses account u1\n  loses account u2\n",
        ),
        (
            "a run that never ends locks out the next",
            "start hr s3\npush hr s3 team\n  {\"id\": \"g1\", \"name\": \"One\"}\npush hr s3 account\n  \
             {\"id\": \"u3\", \"username\": \"eve\", \"memberships\": {\"team\": [{\"id\": \"g1\"}]}}\n\
             complete hr s3\ncleanup hr s3 all\nsource hr\n  account u3 team/g1\n  team g1\nnaive hr\n  \
             loses account u3\n  keeps account u1\n  keeps account u2\n",
        ),
    ] {
        if let Err(wrong) = scenario::run(&format!("{known}{then}")) {
            panic!("{what}: {wrong}");
        }
    }
}
