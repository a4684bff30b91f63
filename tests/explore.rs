//! Every sequence of commands of a small universe, engine beside model; one roll with deltas in every order; and random
//! sequences with all that can come beside commands.
//!
//! The examples `explore` and `sequences` of `headcount-testing` go further.

use headcount_testing::explore::{self, Bounds, Found, race, universe};
use headcount_testing::sequences;
use headcount_testing::sequences::corpus::Corpus;

#[test]
fn every_sequence_of_a_small_universe_does_what_the_model_does_and_reaches_all_that_there_is() {
    let mut all = Found::default();
    for (root, depth) in universe::roots().iter().zip([2, 2, 2, 2]) {
        let bounds = Bounds { depth, states: usize::MAX, threads: 2 };
        let found = explore::search(root, bounds, |depth, states| {
            println!("{}: depth {depth}, {states} states", root.name);
        });
        assert_eq!(found.states.len(), depth + 1, "from {:?}: a depth without states", root.name);
        all.add(found);
    }
    println!("{} states, {} edges, {} to the model", all.total(), all.edges, all.states_of_model);
    assert!(all.met_again > 0, "some ways lead to the same state");
    assert_eq!(explore::surprises(&all.reached), Vec::<String>::new());
}

#[test]
fn in_a_roll_nobody_comes_back_and_nobody_is_lost_whenever_deltas_come() {
    let found = race::run(race::Bounds { commands: 8, changes: 2, pushes_again: false });
    println!("{found:?}");
    assert_eq!(found.commands, 8, "the bound is reached");
    assert!(found.ends > 0 && found.settled > 0, "{found:?}");
}

/// How far so few of them come; hundreds of thousands exercise every rule.
const PAIRS_MIN: usize = 100;

#[test]
fn random_sequences_agree_whatever_comes_beside_their_commands() {
    let mut corpus = Corpus::new(1, true);
    for _ in 0..40 {
        let bytes = corpus.next_bytes();
        let coverage = sequences::run(&bytes);
        corpus.note(bytes, &coverage);
    }
    let pairs = corpus.coverage.pairs();
    assert!(pairs >= PAIRS_MIN, "{}\nonly {pairs} pairs of a rule and a state", corpus.coverage);
}
