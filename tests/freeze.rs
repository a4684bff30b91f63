//! A frozen copy stays as it was, whatever the engine does meanwhile (SPEC 9).

use headcount::{
    Account, Command, Config, Engine, FrozenEngine, Page, Reference, ReferenceList, Scope, Snapshot,
    Timestamp,
};
use headcount_testing::generate::{self, config};
use headcount_testing::small::{self, APP, NOW, account, complete, push, push_in, session};
use headcount_testing::{busy, regression};
use proptest::prelude::*;

type Step = (Timestamp, Command<'static>);

/// What can be asked of the whole state.
#[derive(Debug, PartialEq)]
struct Whole {
    seq: u64,
    digest: u128,
    saved: Vec<u8>,
}

impl Whole {
    fn of(engine: &Engine) -> Self {
        let saved = postcard::to_allocvec(&engine.snapshot()).expect("it can be saved");
        Self { seq: engine.seq(), digest: engine.digest(), saved }
    }

    fn frozen(frozen: &FrozenEngine) -> Self {
        frozen.check_invariants().expect("every rule");
        let saved = postcard::to_allocvec(&frozen.snapshot()).expect("it can be saved");
        Self { seq: frozen.seq(), digest: frozen.digest(), saved }
    }
}

/// Runs a history twice, once frozen in passing: by each byte, whether to freeze before the next command, and how
/// many commands to hold the copy.
fn assert_frozen_in_passing(config: Config, history: &[Step], freezes: &[u8]) {
    let mut held: Vec<(usize, FrozenEngine, Whole)> = Vec::new();
    let (mut engine, mut plain) = (Engine::new(config), Engine::new(config));
    for (at, (now, command)) in history.iter().enumerate() {
        let byte = freezes.get(at % freezes.len().max(1)).copied().unwrap_or(0);
        if byte % 4 == 0 {
            let (before, changes) = (Whole::of(&engine), engine.changes().count());
            let frozen = engine.freeze();
            assert_eq!((Whole::of(&engine), engine.changes().count()), (Whole::of(&plain), changes));
            held.push((at + usize::from(byte), frozen, before));
        }
        assert_eq!(engine.apply(*now, command), plain.apply(*now, command));
        // A copy that changed once does not change back: it is looked at when it is given up, and where it is held long.
        held.retain(|(until, frozen, before)| {
            if *until <= at || (*until - at).is_multiple_of(32) {
                assert_eq!(Whole::frozen(frozen), *before);
            }
            *until > at
        });
    }
    held.iter().for_each(|(_, frozen, before)| assert_eq!(Whole::frozen(frozen), *before));
    engine.check_invariants().expect("every rule");
    assert_eq!(Whole::of(&engine), Whole::of(&plain));
}

proptest! {
    #![proptest_config(regression::config(150))]

    #[test]
    fn a_frozen_copy_saves_what_the_engine_was_whatever_comes_after(
        history in prop::collection::vec(any::<u8>(), 1..1_000),
        freezes in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        assert_frozen_in_passing(Config::new(), &busy::history(&history), &freezes);
    }

    #[test]
    fn a_frozen_copy_saves_what_the_engine_was_whatever_is_refused_after(
        history in prop::collection::vec(any::<u8>(), 1..1_500),
        freezes in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        assert_frozen_in_passing(config(), &generate::history(&history), &freezes);
    }
}

/// More accounts than a chunk has rows, in several chunks of bytes, each a member of a group of its own.
const ACCOUNTS: u32 = 70_000;

fn accounts(display_name: &'static str, numbers: impl Iterator<Item = u32>) -> Page<'static> {
    Page::accounts(numbers.map(|at| Account {
        display_name: Some(display_name.into()),
        memberships: vec![ReferenceList::new("team", [Reference::new(format!("g{at}"))])],
        ..account(&format!("u{at}"))
    }))
}

#[test]
fn a_frozen_copy_of_many_chunks_is_saved_on_another_thread() {
    let mut engine = small::engine(small::config(|limits| limits.records_per_page_max = 65_535));
    for first in [0, ACCOUNTS / 2] {
        let _ = push(&mut engine, &accounts("one", first..first + ACCOUNTS / 2)).expect("a page");
    }
    let expected = Whole::of(&engine);
    let frozen = engine.freeze();
    let saving = std::thread::spawn(move || Whole::frozen(&frozen));

    // Some grow, some shrink, some fit where they lie; some are gone, some are new; then the gone are purged.
    assert_eq!(complete(&mut engine, small::SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    for (name, step) in [("a longer name than before", 5), ("", 7), ("two", 1_000)] {
        let page = accounts(name, (0..ACCOUNTS + 500).step_by(step));
        let _ = push_in(&mut engine, session(2), &page).expect("a page");
    }
    assert!(complete(&mut engine, session(2), Timestamp(5)) > ACCOUNTS as u64 / 2);
    let _ = engine.purge_inactive(Timestamp(9), APP, Timestamp(6)).expect("a purge");
    engine.check_invariants().expect("every rule");

    let saved = saving.join().expect("it can be saved");
    assert_eq!(saved, expected);
    let snapshot: Snapshot = postcard::from_bytes(&saved.saved).expect("a snapshot");
    assert_eq!(Engine::restore(*engine.config(), snapshot).expect("an engine").digest(), expected.digest);
}

#[test]
fn a_copy_of_an_empty_engine_and_of_one_whose_app_goes_stay_as_they_were() {
    let mut empty = Engine::new(Config::new());
    let (frozen, before) = (empty.freeze(), Whole::of(&empty));
    empty.create_app(NOW, APP, "App", None).expect("an app");
    assert_eq!(Whole::frozen(&frozen), before);

    let mut engine = small::engine(Config::new());
    let _ = push(&mut engine, &Page::accounts([account("u1")])).expect("a page");
    let (frozen, before) = (engine.freeze(), Whole::of(&engine));
    engine.delete_app(NOW, APP).expect("it goes");
    drop(engine);
    assert_eq!(Whole::frozen(&frozen), before);
}
