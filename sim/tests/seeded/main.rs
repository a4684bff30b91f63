//! Bugs that were put into a copy of the reference store, one at a time. Each is found, in the number of seeds that the
//! README says.

mod store;

use headcount_sim::{Broken, Group, check};
use store::{Bug, Seeded};

/// Seeds until a bug has to be found.
const SEEDS_MAX: u64 = 1_000;

const README: &str = include_str!("../../README.md");

/// The first seeds that fail: the last of them does, by this promise. The README has the line.
fn found(bug: Bug, broken: Broken, seeds: u64) {
    let failure = check(0..SEEDS_MAX, |_| Seeded::new(bug)).expect_err("the bug is found");
    assert!(failure.trace.len() > 1, "{failure}");
    let (took, line) =
        (failure.seed + 1, format!("| `{bug:?}` | {} | {} |", failure.broken.promise(), failure.seed + 1));
    assert_eq!((failure.broken, took), (broken, seeds), "the README's line is to be {line}\n{failure}");
    assert!(README.contains(&line), "the README lacks the line {line}");
}

#[test]
fn without_a_bug_the_copy_breaks_no_promise() {
    let reached = check(0..200, |_| Seeded::new(Bug::None)).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(reached.count(Group::Snapshots, "done") > 50);
}

macro_rules! found {
    ($($name:ident: $bug:ident, $broken:ident, $seeds:literal;)*) => {$(
        #[test]
        fn $name() {
            found(Bug::$bug, Broken::$broken, $seeds);
        }
    )*};
}

found! {
    what_is_acknowledged_before_it_is_journaled_is_found: AcknowledgesBeforeItJournals, Lost, 1;
    what_is_acknowledged_before_it_is_synced_is_found: AcknowledgesBeforeItSyncs, Lost, 1;
    a_batch_of_which_the_first_is_journaled_is_found: JournalsTheFirstOfABatch, Lost, 1;
    a_duplicate_that_is_dropped_and_was_none_is_found: DropsADuplicateThatWasNone, Lost, 1;
    what_stays_in_the_journal_though_refused_is_found: LeavesWhatItRefused, Lost, 1;
    a_snapshot_that_forgets_the_tail_is_found: SnapshotForgetsTheTail, Lost, 1;
    a_snapshot_of_a_later_state_under_an_older_number_is_found: SnapshotOfALaterState, Twice, 1;
    what_is_dropped_before_the_next_snapshot_is_whole_is_found: DropsBeforeTheNextIsWhole, Lost, 1;
    a_retry_that_is_carried_out_twice_is_found: ForgetsAnswersInSnapshots, Twice, 1;
    an_answer_of_another_command_is_found: AnswersWithAnotherCommands, Answer, 1;
    a_last_row_that_is_lost_is_found: LosesTheLastRow, Lost, 1;
    a_torn_end_that_is_not_cut_off_is_found: DoesNotCutOffATornEnd, Lost, 1;
    a_torn_row_that_is_kept_is_found: KeepsATornRow, Open, 1;
    a_replay_in_order_of_time_is_found: ReplaysInOrderOfTime, Order, 1;
    a_time_that_is_taken_anew_is_found: TakesTheTimeAnew, State, 1;
}
