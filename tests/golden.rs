//! What was promised: the files in `golden/`. A test that fails here names the promise that was broken.
//!
//! `UPDATE_EXPECT=1 cargo test --test golden` writes what is missing and adds what is new; it changes nothing that is
//! there. `golden/README.md` tells the rules.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use headcount::{Command, Error, Fact, FaultCode, Reply};
use headcount_testing::golden::{Folder, Policy, codes, forms, histories, journal, snapshot};
use headcount_testing::reached;
use headcount_testing::scenario::Mode;

static FOLDER: LazyLock<Folder> = LazyLock::new(|| Folder {
    path: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    mode: Mode::from_env(),
});

/// Read once: what is missing is written before.
static JOURNALS: LazyLock<Result<Vec<journal::Journal>, String>> =
    LazyLock::new(|| histories::golden(&FOLDER));

fn hold(kept: Result<(), String>) {
    if let Err(broken) = kept {
        panic!("{broken}");
    }
}

fn journals() -> &'static [journal::Journal] {
    JOURNALS.as_ref().unwrap_or_else(|broken| panic!("{broken}"))
}

/// A file of forms has each variant.
fn assert_complete(name: &str, text: &str, variants: &[String]) {
    let missing: Vec<_> =
        variants.iter().filter(|variant| !text.contains(&format!("\"name\":\"{variant}"))).collect();
    assert!(missing.is_empty() && !variants.is_empty(), "tests/golden/{name} has no {missing:?}");
}

/// A file of codes or of forms: it grows.
fn pin(name: &str, came: &str, promise: &str) {
    hold(FOLDER.pin(name, Policy::Grows, came.as_bytes(), |_| promise.to_owned()));
}

#[test]
fn an_old_journal_is_replayed_to_the_same_replies_changes_and_digests() {
    for journal in journals() {
        hold(journal.pin_outcomes(&FOLDER));
    }
}

#[test]
fn the_journals_reach_every_command_fact_error_and_fault() {
    let mut found = BTreeSet::new();
    for journal in journals() {
        found.extend(reached::commands(&journal.history));
        found.extend(reached::by_history(&journal.history, journal.config()));
    }
    let mut wanted = reached::variants::<Command<'_>>();
    wanted.extend(reached::variants::<Fact<'_>>());
    wanted.extend(Error::CODES.iter().map(ToString::to_string));
    wanted.extend(FaultCode::ALL.iter().map(|code| format!("fault {code}")));
    let missing: Vec<_> = wanted.iter().filter(|name| !found.contains(*name)).collect();
    assert!(
        missing.is_empty(),
        "no journal comes to {missing:?}: add one to testing/src/golden/histories.rs"
    );
}

#[test]
fn an_old_snapshot_loads_to_the_same_digest_and_is_saved_to_the_same_bytes() {
    hold(snapshot::write(&FOLDER));
    let names = FOLDER.stems("snapshots", ".postcard").unwrap_or_else(|error| panic!("{error}"));
    assert!(!names.is_empty(), "no snapshot in tests/golden/snapshots");
    for name in names {
        hold(snapshot::pin(&FOLDER, &name));
    }
}

#[test]
fn every_code_word_and_number_is_what_it_was() {
    let promise =
        "a code, a word and a number mean for ever what they mean, and new ones come after the others";
    pin("codes.txt", &codes::text(), promise);
}

#[test]
fn serde_writes_commands_as_it_did() {
    let promise =
        "what serde writes for commands is read for ever: variants are added at the end, fields stay";
    let commands = forms::commands();
    assert_complete("commands.json", &commands, &reached::variants::<Command<'_>>());
    pin("commands.json", &commands, promise);
}

#[test]
fn serde_writes_errors_and_faults_as_it_did() {
    let promise = "what serde writes for errors is read for ever: variants are added at the end, fields stay";
    pin("errors.json", &forms::errors(), promise);
    let promise = "what serde writes for faults is read for ever: codes are added at the end, fields stay";
    pin("faults.json", &forms::faults(), promise);
}

#[test]
fn serde_writes_changes_and_replies_as_it_did() {
    let (changes, replies) = forms::changes_and_replies();
    assert_complete("changes.json", &changes, &reached::variants::<Fact<'_>>());
    assert_complete("replies.json", &replies, &reached::variants::<Reply>());
    let promise = "what serde writes for changes is read for ever: facts are added at the end, fields stay";
    pin("changes.json", &changes, promise);
    let promise =
        "what serde writes for replies is read for ever: variants are added at the end, fields stay";
    pin("replies.json", &replies, promise);
}
