//! Bugs that were put into a copy of the reference store, one at a time. Each is found, by the promise and in the number of
//! seeds that its line of the README says. `UPDATE_EXPECT=1` writes the lines anew.

mod store;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use headcount_sim::{Group, check};
use store::{Bug, Seeded};

/// Seeds in which a bug has to be found.
const SEEDS_MAX: u64 = 1_000;
/// Where the README's table begins.
const HEAD: &str = "| bug | promise that it broke | seeds |\n| --- | --- | ---: |\n";
/// One test writes at a time.
static README: Mutex<()> = Mutex::new(());

/// A bug is found, and the README says how.
fn found(bug: Bug) {
    let failure = check(0..SEEDS_MAX, |_| Seeded::new(bug)).expect_err("the bug is found");
    assert!(failure.trace.len() > 1, "a failure tells what happened: {failure}");
    let line = format!("| `{bug:?}` | {} | {} |\n", failure.broken.promise(), failure.seed + 1);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let _alone = README.lock().unwrap_or_else(PoisonError::into_inner);
    let text = std::fs::read_to_string(&path).expect("the README");
    if text.contains(&line) {
        return;
    }
    assert!(std::env::var_os("UPDATE_EXPECT").is_some(), "the README's line is to be {line}{failure}");
    let old = format!("| `{bug:?}` |");
    let others: String = text.split_inclusive('\n').filter(|line| !line.starts_with(&old)).collect();
    let (before, rows) = others.split_once(HEAD).expect("the README has a table of bugs");
    std::fs::write(&path, format!("{before}{HEAD}{line}{rows}")).expect("the README is written");
}

#[test]
fn without_a_bug_the_copy_breaks_no_promise() {
    let reached = check(0..200, |_| Seeded::new(Bug::None)).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(reached.count(Group::Snapshots, "done") > 50);
}

macro_rules! found {
    ($($name:ident: $bug:ident;)*) => {$(
        #[test]
        fn $name() {
            found(Bug::$bug);
        }
    )*};
}

found! {
    what_is_acknowledged_before_it_is_journaled_is_found: AcknowledgesBeforeItJournals;
    what_is_acknowledged_before_it_is_synced_is_found: AcknowledgesBeforeItSyncs;
    a_batch_of_which_the_first_is_journaled_is_found: JournalsTheFirstOfABatch;
    a_duplicate_that_is_dropped_and_was_none_is_found: DropsADuplicateThatWasNone;
    what_stays_in_the_journal_though_refused_is_found: LeavesWhatItRefused;
    a_snapshot_that_forgets_the_tail_is_found: SnapshotForgetsTheTail;
    a_snapshot_of_a_later_state_under_an_older_number_is_found: SnapshotOfALaterState;
    what_is_dropped_before_the_next_snapshot_is_whole_is_found: DropsBeforeTheNextIsWhole;
    a_retry_that_is_carried_out_twice_is_found: ForgetsAnswersInSnapshots;
    an_answer_of_another_command_is_found: AnswersWithAnotherCommands;
    a_last_row_that_is_lost_is_found: LosesTheLastRow;
    a_torn_end_that_is_not_cut_off_is_found: DoesNotCutOffATornEnd;
    a_torn_row_that_is_kept_is_found: KeepsATornRow;
    a_replay_in_order_of_time_is_found: ReplaysInOrderOfTime;
    a_time_that_is_taken_anew_is_found: TakesTheTimeAnew;
}
