//! Every sequence of commands of a small universe, engine beside model; and one roll with deltas in every order.
//!
//! The example `explore` of `headcount-testing` goes further.

use headcount_testing::explore::{self, Bounds, Found, race, universe};

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
