//! The rounds: every contender calls every roll, in turn, again and again.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::directory::{Directory, Edition, SLUGS};
use crate::json::PARSERS;
use crate::peers::{Contender, HEADCOUNT, Peer};
use crate::roll::{Cost, Roll, call, parse};
use crate::state::State;
use crate::{Result, fingerprints};

/// What is measured; all in nanoseconds a record of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// The first roll, groups before the accounts that refer to them.
    Cold,
    /// The first roll, accounts first: every group is a placeholder before it is pushed.
    ColdAccountsFirst,
    /// All as it was, in the same order.
    Unchanged,
    /// All as it was, in an order without locality.
    Shuffled,
    /// 1% of the accounts changed, in the same order; changes are read.
    Changed,
    /// Completing a roll that left out 0.1% of the accounts.
    Complete,
    /// Saving all state.
    Encode,
    /// Loading it.
    Load,
    /// A digest of all state, the first time.
    Digest,
    /// The digest after 0.1% of the accounts changed.
    DigestAgain,
    /// Parsing the bodies of the accounts.
    Parse,
    /// An unchanged roll from the bytes of the accounts' pages, by their fingerprints.
    Repeat,
    /// An engine's unchanged roll, alone on the machine.
    OneEngine,
    /// The same while another engine does so on another thread.
    TwoEngines,
}

impl Measure {
    /// The rolls and what else peers do, in the order in which tables show them.
    pub const OF_PEERS: [Self; 10] = [
        Self::Cold,
        Self::ColdAccountsFirst,
        Self::Unchanged,
        Self::Shuffled,
        Self::Changed,
        Self::Complete,
        Self::Encode,
        Self::Load,
        Self::Digest,
        Self::DigestAgain,
    ];

    /// What the tables call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold, groups first",
            Self::ColdAccountsFirst => "cold, accounts first",
            Self::Unchanged => "unchanged, same order",
            Self::Shuffled => "unchanged, shuffled",
            Self::Changed => "1% changed, changes read",
            Self::Complete => "complete, 0.1% stale",
            Self::Encode => "snapshot, encode",
            Self::Load => "snapshot, load",
            Self::Digest => "digest, first",
            Self::DigestAgain => "digest, 0.1% changed",
            Self::Parse => "parse JSON",
            Self::Repeat => "hash and repeat",
            Self::OneEngine => "one engine",
            Self::TwoEngines => "two engines",
        }
    }
}

/// What a run at one size found.
#[derive(Clone, Debug)]
pub struct Figures {
    /// What was pushed.
    pub directory: Directory,
    /// Rounds that were run.
    pub rounds: u32,
    /// What the contenders knew after the first roll.
    pub state: State,
    samples: BTreeMap<(Measure, &'static str), Vec<f64>>,
    /// The least that each page of a roll cost in any round.
    least: BTreeMap<(Measure, &'static str), Cost>,
}

impl Figures {
    /// Nanoseconds a record. Of a roll: the least that each of its pages cost in any round, summed up, since another
    /// program on the machine rarely takes time from the same page twice. Of anything else: the tenth percentile of
    /// the samples.
    pub fn get(&self, measure: Measure, name: &str) -> Option<f64> {
        if let Some((_, least)) = self.least.iter().find(|((of, by), _)| *of == measure && *by == name) {
            return Some(least.ns_per_record());
        }
        let (_, samples) = self.samples.iter().find(|((of, by), _)| *of == measure && *by == name)?;
        let mut sorted = samples.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get((sorted.len() - 1) / 10).copied()
    }

    /// How many times `name` is as dear as `base`.
    pub fn ratio(&self, measure: Measure, name: &str, base: &str) -> Option<f64> {
        Some(self.get(measure, name)? / self.get(measure, base)?)
    }

    /// How many times the median page of a roll the worst one cost.
    pub fn worst_page(&self, measure: Measure, name: &str) -> Option<f64> {
        let (_, least) = self.least.iter().find(|((of, by), _)| *of == measure && *by == name)?;
        let mut sorted = least.pages.clone();
        sorted.sort();
        let (median, worst) = (sorted.get(sorted.len() / 2)?, sorted.last()?);
        Some(worst.as_secs_f64() / median.as_secs_f64())
    }

    /// Adds a sample.
    pub fn add(&mut self, measure: Measure, name: &'static str, ns_per_record: f64) {
        self.samples.entry((measure, name)).or_default().push(ns_per_record);
    }

    fn add_roll(&mut self, measure: Measure, name: &'static str, cost: &Cost) {
        self.least.entry((measure, name)).or_insert_with(|| cost.clone()).keep_least(cost);
    }
}

/// Runs all rounds at one size.
///
/// # Errors
/// What a peer fails with; and where two contenders do not know the same after a roll.
pub fn run(directory: Directory, contenders: &[Contender], rounds: u32) -> Result<Figures> {
    let state = State::default();
    let (samples, least) = (BTreeMap::new(), BTreeMap::new());
    let mut bench = Bench {
        contenders,
        figures: Figures { directory, rounds, state, samples, least },
        in_order: directory.in_order(),
        shuffled: directory.shuffled(),
        first: 0,
        is_first_round: true,
    };
    for round in 0..rounds as usize {
        // Nobody is always the one whose turn comes after the same other.
        bench.first = round % contenders.len();
        bench.round()?;
        bench.is_first_round = false;
    }
    Ok(bench.figures)
}

struct Bench<'a> {
    contenders: &'a [Contender],
    figures: Figures,
    in_order: Vec<u32>,
    shuffled: Vec<u32>,
    /// Whose turn it is first in this round.
    first: usize,
    /// In which all contenders show what they know: they do the same in every round, and to look at all of it takes
    /// longer than what is measured.
    is_first_round: bool,
}

impl Bench<'_> {
    fn round(&mut self) -> Result<()> {
        let (in_order, shuffled) = (self.in_order.clone(), self.shuffled.clone());
        let whole = Roll::whole(&in_order);
        let changed = Roll { edition: Edition { changes: 1, permille: 10 }, ..whole };
        let rolls = [
            (Measure::Cold, whole),
            (Measure::Unchanged, whole),
            (Measure::Shuffled, Roll::whole(&shuffled)),
            (Measure::Changed, Roll { reads_changes: true, ..changed }),
            (Measure::Complete, Roll { left_out_permille: 1, ..changed }),
        ];
        let mut peers = self.fresh_peers()?;
        for (number, (measure, roll)) in (1..).zip(rolls) {
            self.roll(&mut peers, number, measure, &roll)?;
            if self.is_first_round {
                let state = self.state(&mut peers, measure)?;
                if measure == Measure::Cold {
                    self.figures.state = state;
                }
            }
        }
        self.digests(&mut peers)?;
        self.snapshots(&mut peers)?;
        drop(peers);
        let mut peers = self.fresh_peers()?;
        let accounts_first = Roll { accounts_first: true, ..whole };
        self.roll(&mut peers, 1, Measure::ColdAccountsFirst, &accounts_first)?;
        if self.is_first_round {
            let state = self.state(&mut peers, Measure::ColdAccountsFirst)?;
            expect_equal("accounts first", &state, "groups first", &self.figures.state)?;
        }
        drop(peers);
        for parser in PARSERS {
            let ns = parser.parse_roll(self.figures.directory, &whole)?;
            self.figures.add(Measure::Parse, parser.name, ns);
        }
        let ns = fingerprints::unchanged(self.figures.directory, &whole)?;
        self.figures.add(Measure::Repeat, HEADCOUNT, ns);
        Ok(())
    }

    fn fresh_peers(&self) -> Result<Vec<Box<dyn Peer>>> {
        self.contenders.iter().map(Contender::make).collect()
    }

    /// The contenders in this round's order.
    fn turns(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, count) = (self.first, self.contenders.len());
        (0..count).map(move |turn| (first + turn) % count)
    }

    /// All contenders call a roll.
    fn roll(
        &mut self,
        peers: &mut [Box<dyn Peer>],
        number: u32,
        measure: Measure,
        roll: &Roll<'_>,
    ) -> Result<()> {
        for turn in self.turns() {
            let name = self.contenders[turn].name;
            let cost = call(&mut *peers[turn], self.figures.directory, number, roll)
                .map_err(|error| format!("{name}, {}: {error}", measure.name()))?;
            if measure == Measure::Complete {
                let ns = cost.complete.as_nanos() as f64 / cost.records as f64;
                self.figures.add(measure, name, ns);
            } else {
                self.figures.add_roll(measure, name, &cost);
            }
        }
        Ok(())
    }

    /// What all of them know after it, which must be the same.
    fn state(&self, peers: &mut [Box<dyn Peer>], measure: Measure) -> Result<State> {
        let expected = peers[0].state()?;
        for (peer, contender) in peers.iter_mut().zip(self.contenders).skip(1) {
            let after = format!("{}, {}", contender.name, measure.name());
            expect_equal(&after, &peer.state()?, self.contenders[0].name, &expected)?;
        }
        Ok(expected)
    }

    fn digests(&mut self, peers: &mut [Box<dyn Peer>]) -> Result<()> {
        let directory = self.figures.directory;
        let edition = Edition { changes: 2, permille: 10 };
        let changed = self.in_order.iter().copied().filter(|number| edition.has_just_changed(*number));
        let few: Vec<u32> = changed.step_by(10).collect();
        for turn in self.turns() {
            let (peer, name) = (&mut peers[turn], self.contenders[turn].name);
            let begun = Instant::now();
            if black_box(peer.digest()).is_none() {
                continue;
            }
            self.add_whole(Measure::Digest, name, begun.elapsed());
            peer.start(6)?;
            Roll { edition, ..Roll::whole(&few) }
                .each_page(directory, |slug, body| peer.push(slug, &parse(slug, body)?))?;
            let begun = Instant::now();
            black_box(peer.digest());
            self.add_whole(Measure::DigestAgain, name, begun.elapsed());
        }
        Ok(())
    }

    /// Saves each peer and loads it into a fresh one, which must know the same.
    fn snapshots(&mut self, peers: &mut [Box<dyn Peer>]) -> Result<()> {
        for turn in self.turns() {
            let (peer, contender) = (&mut peers[turn], &self.contenders[turn]);
            let begun = Instant::now();
            let Some(encoded) = peer.encode()? else { continue };
            let encoding = begun.elapsed();
            let bytes = encoded.to_vec();
            drop(encoded);
            let mut loaded = contender.make()?;
            let begun = Instant::now();
            loaded.load(&bytes)?;
            let loading = begun.elapsed();
            self.add_whole(Measure::Encode, contender.name, encoding);
            self.add_whole(Measure::Load, contender.name, loading);
            if self.is_first_round {
                let what = format!("{}, loaded", contender.name);
                expect_equal(&what, &loaded.state()?, "saved", &peer.state()?)?;
            }
        }
        Ok(())
    }

    fn add_whole(&mut self, measure: Measure, name: &'static str, took: Duration) {
        let Directory { accounts, .. } = self.figures.directory;
        let listed: usize = (0..SLUGS.len()).map(|of| self.figures.directory.listed_groups(of).len()).sum();
        let ns = took.as_nanos() as f64 / (f64::from(accounts) + listed as f64);
        self.figures.add(measure, name, ns);
    }
}

fn expect_equal(what: &str, found: &State, base: &str, expected: &State) -> Result<()> {
    if found.agrees_with(expected) {
        return Ok(());
    }
    Err(format!("{what}: knows\n{found:?}\nbut {base} knows\n{expected:?}").into())
}
