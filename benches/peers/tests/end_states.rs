//! Every contender at a tiny size: after each roll, all of them must know the same.

use headcount_peers::directory::{Directory, Edition};
use headcount_peers::goals::fastest_parser;
use headcount_peers::json::PARSERS;
use headcount_peers::measure::{self, Measure};
use headcount_peers::peers::{self, Contender, HEADCOUNT, Peer};
use headcount_peers::roll::{Roll, call};
use headcount_peers::{plots, threads};

const DIRECTORY: Directory = Directory { accounts: 2_000 };

#[test]
fn all_contenders_end_in_the_same_state_after_each_roll() {
    let mut contenders = peers::embedded(DIRECTORY.accounts);
    contenders.extend(peers::sqlite_variants());
    let figures = measure::run(DIRECTORY, &contenders, 2).expect("equal states");
    for contender in &contenders {
        for measure in [Measure::Cold, Measure::ColdAccountsFirst, Measure::Unchanged, Measure::Complete] {
            assert!(figures.get(measure, contender.name).is_some_and(|ns| ns > 0.0), "{}", contender.name);
        }
        assert!(figures.worst_page(Measure::Cold, contender.name).is_some_and(|ratio| ratio >= 1.0));
    }
    for parser in PARSERS {
        assert!(figures.get(Measure::Parse, parser.name).is_some_and(|ns| ns > 0.0), "{}", parser.name);
    }
    assert!(fastest_parser(&figures).is_some());
    assert!(figures.get(Measure::Repeat, HEADCOUNT).is_some_and(|ns| ns > 0.0));
    assert_eq!(figures.state.accounts(), u64::from(DIRECTORY.accounts));
}

#[test]
fn postgres_ends_in_the_same_state_where_it_is_installed() {
    let postgres = match peers::postgres() {
        Ok(postgres) => postgres,
        Err(error) => return println!("left out: {error}"),
    };
    let mut contenders = peers::embedded(DIRECTORY.accounts);
    contenders.truncate(1);
    contenders.push(postgres);
    measure::run(DIRECTORY, &contenders, 1).expect("equal states");
}

#[test]
fn a_difference_between_contenders_is_seen() {
    let order = DIRECTORY.in_order();
    let changed = Roll { edition: Edition { changes: 1, permille: 10 }, ..Roll::whole(&order) };
    let fewer = Roll { left_out_permille: 1, ..Roll::whole(&order) };
    let state = |contender: &Contender, roll: &Roll<'_>| {
        let mut peer: Box<dyn Peer> = contender.make().expect("a peer");
        call(&mut *peer, DIRECTORY, 1, roll).expect("a roll");
        peer.state().expect("a state")
    };
    for contender in peers::embedded(DIRECTORY.accounts) {
        let whole = state(&contender, &Roll::whole(&order));
        assert!(!whole.agrees_with(&state(&contender, &changed)), "{}", contender.name);
        assert!(!whole.agrees_with(&state(&contender, &fewer)), "{}", contender.name);
    }
}

#[test]
fn two_engines_work_at_once() {
    assert!(threads::unchanged(DIRECTORY, 2).expect("two rolls") > 0.0);
}

#[test]
fn plots_are_small_files() {
    let contenders: Vec<Contender> =
        peers::embedded(500).into_iter().filter(|contender| contender.name == HEADCOUNT).collect();
    let sizes =
        [500, 2_000].map(|accounts| measure::run(Directory { accounts }, &contenders, 1).expect("figures"));
    let folder = tempfile::tempdir().expect("a folder");
    plots::write(folder.path(), &sizes, &[HEADCOUNT]).expect("plots");
    for file in ["unchanged.svg", "cold.svg"] {
        let svg = std::fs::read_to_string(folder.path().join(file)).expect("a plot");
        assert!(svg.contains(HEADCOUNT) && svg.len() < 20_000, "{} bytes", svg.len());
    }
}
