//! What headcount is to reach, and whether a run shows it.

use crate::heap::HeapReport;
use crate::json::PARSERS;
use crate::measure::{Figures, Measure};
use crate::peers::{HASH_MAP, HEADCOUNT, LOWER_BOUND, SQLITE};

/// Where a ratio has to be.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// As many times as fast as another, or more.
    AtLeast(f64),
    /// As many times as dear as another, or less.
    AtMost(f64),
}

/// One goal.
pub struct Goal {
    /// What is compared with what.
    pub what: &'static str,
    /// Where the ratio has to be.
    pub bound: Bound,
    /// The number of accounts that the goal is set for.
    pub accounts: u32,
    ratio: fn(&Run<'_>) -> Option<f64>,
}

/// What a goal is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Of the size in question.
    pub figures: &'a Figures,
    /// Of the same run at 100,000 accounts, if it has that size too.
    pub at_100k: Option<&'a Figures>,
    /// Memory, if it was counted.
    pub heap: Option<&'a HeapReport>,
}

impl Goal {
    /// The ratio that a run shows; `None` where it does not.
    pub fn ratio(&self, run: &Run<'_>) -> Option<f64> {
        (self.ratio)(run)
    }

    /// Whether a ratio is within the bound.
    pub fn is_met_by(&self, ratio: f64) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => ratio >= bound,
            Bound::AtMost(bound) => ratio <= bound,
        }
    }
}

use Bound::{AtLeast, AtMost};

/// All goals, in the order in which they are told.
pub const GOALS: &[Goal] = &[
    goal("unchanged: SQLite ÷ headcount", AtLeast(20.0), 200_000, |run| {
        faster(run, Measure::Unchanged, SQLITE)
    }),
    goal("unchanged: HashMap ÷ headcount", AtLeast(5.0), 200_000, |run| {
        faster(run, Measure::Unchanged, HASH_MAP)
    }),
    goal("unchanged: headcount ÷ plain lower bound", AtMost(1.1), 200_000, |run| {
        dearer(run, Measure::Unchanged, LOWER_BOUND)
    }),
    goal("unchanged: 3M ÷ 100k accounts", AtMost(1.25), 3_000_000, |run| {
        let small = run.at_100k?.get(Measure::Unchanged, HEADCOUNT)?;
        Some(run.figures.get(Measure::Unchanged, HEADCOUNT)? / small)
    }),
    goal("shuffled: SQLite ÷ headcount", AtLeast(20.0), 200_000, |run| {
        faster(run, Measure::Shuffled, SQLITE)
    }),
    goal("shuffled: headcount ÷ plain lower bound", AtMost(1.1), 200_000, |run| {
        dearer(run, Measure::Shuffled, LOWER_BOUND)
    }),
    goal("cold: SQLite ÷ headcount", AtLeast(25.0), 200_000, |run| faster(run, Measure::Cold, SQLITE)),
    goal("cold: headcount ÷ plain lower bound", AtMost(2.0), 200_000, |run| {
        dearer(run, Measure::Cold, LOWER_BOUND)
    }),
    goal("cold: accounts first ÷ groups first", AtMost(1.3), 200_000, |run| {
        within(run, Measure::ColdAccountsFirst, Measure::Cold)
    }),
    goal("1% changed ÷ unchanged", AtMost(1.15), 200_000, |run| {
        within(run, Measure::Changed, Measure::Unchanged)
    }),
    goal("complete: SQLite ÷ headcount", AtLeast(300.0), 1_000_000, |run| {
        faster(run, Measure::Complete, SQLITE)
    }),
    goal("complete: HashMap ÷ headcount", AtLeast(20.0), 1_000_000, |run| {
        faster(run, Measure::Complete, HASH_MAP)
    }),
    goal("heap ÷ payload", AtMost(1.35), 1_000_000, |run| {
        let report = run.heap?;
        Some(report.of(HEADCOUNT)?.live as f64 / report.payload as f64)
    }),
    goal("peak while loading ÷ heap", AtMost(1.15), 1_000_000, |run| {
        let heap = run.heap?.of(HEADCOUNT)?;
        Some(heap.peak? as f64 / heap.live as f64)
    }),
    goal("after 20 rolls of 5% changes: heap ÷ payload", AtMost(1.5), 1_000_000, |run| {
        let heap = run.heap?.of(HEADCOUNT)?;
        Some(heap.churned? as f64 / heap.churned_payload? as f64)
    }),
    goal("worst ÷ median page, groups first", AtMost(20.0), 3_000_000, |run| {
        run.figures.worst_page(Measure::Cold, HEADCOUNT)
    }),
    goal("worst ÷ median page, accounts first", AtMost(20.0), 3_000_000, |run| {
        run.figures.worst_page(Measure::ColdAccountsFirst, HEADCOUNT)
    }),
    goal("snapshot, encode: SQLite ÷ headcount", AtLeast(10.0), 1_000_000, |run| {
        faster(run, Measure::Encode, SQLITE)
    }),
    goal("snapshot, load: headcount ÷ SQLite", AtMost(1.0), 1_000_000, |run| {
        dearer(run, Measure::Load, SQLITE)
    }),
    goal("digest: after 0.1% changed ÷ whole", AtMost(0.01), 1_000_000, |run| {
        within(run, Measure::DigestAgain, Measure::Digest)
    }),
    goal("JSON: fastest parser ÷ unchanged with fingerprints", AtLeast(15.0), 200_000, |run| {
        let (_, parsing) = fastest_parser(run.figures)?;
        Some(parsing / run.figures.get(Measure::Repeat, HEADCOUNT)?)
    }),
    goal("two engines on two threads ÷ one", AtLeast(1.9), 200_000, |run| {
        let alone = run.figures.get(Measure::OneEngine, HEADCOUNT)?;
        Some(2.0 * alone / run.figures.get(Measure::TwoEngines, HEADCOUNT)?)
    }),
];

const fn goal(what: &'static str, bound: Bound, accounts: u32, ratio: fn(&Run<'_>) -> Option<f64>) -> Goal {
    Goal { what, bound, accounts, ratio }
}

fn faster(run: &Run<'_>, measure: Measure, peer: &str) -> Option<f64> {
    run.figures.ratio(measure, peer, HEADCOUNT)
}

fn dearer(run: &Run<'_>, measure: Measure, peer: &str) -> Option<f64> {
    run.figures.ratio(measure, HEADCOUNT, peer)
}

/// How many times as dear one thing is to headcount as another.
fn within(run: &Run<'_>, measure: Measure, base: Measure) -> Option<f64> {
    Some(run.figures.get(measure, HEADCOUNT)? / run.figures.get(base, HEADCOUNT)?)
}

/// The fastest of the parsers, and its nanoseconds a record.
pub fn fastest_parser(figures: &Figures) -> Option<(&'static str, f64)> {
    // The last is headcount's own, on top of another.
    let published = PARSERS.iter().take(PARSERS.len() - 1);
    let times = published.filter_map(|parser| Some((parser.name, figures.get(Measure::Parse, parser.name)?)));
    times.min_by(|a, b| a.1.total_cmp(&b.1))
}
