//! What runs came to: a simulation that reaches nothing proves nothing.

use std::collections::BTreeMap;
use std::fmt;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What came of requests.
    Requests,
    /// Where hosts crashed or stopped.
    Crashes,
    /// What of the commands whose fate was open was there afterwards.
    Recoveries,
    /// How far snapshots came.
    Snapshots,
    /// The newest session of the first app, by its state, where hosts ended.
    SessionsAtTheEnd,
    /// What sessions came to.
    Sessions,
    /// What the clock did.
    Clock,
    /// What the engine answered: done, or the code of an error.
    Answers,
}

impl Group {
    const ALL: [Self; 8] = [
        Self::Requests,
        Self::Crashes,
        Self::Recoveries,
        Self::Snapshots,
        Self::SessionsAtTheEnd,
        Self::Sessions,
        Self::Clock,
        Self::Answers,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Crashes => "crashes and stops",
            Self::Recoveries => "recoveries",
            Self::Snapshots => "snapshots",
            Self::SessionsAtTheEnd => "session open where the host ended",
            Self::Sessions => "sessions",
            Self::Clock => "clock",
            Self::Answers => "answers",
        }
    }
}

/// What any store has to come to in a thousand seeds or so, but for answers and what only some stores can.
const EXPECTED: [(Group, &str); 36] = [
    (Group::Requests, "new"),
    (Group::Requests, "sent again, no answer came"),
    (Group::Requests, "sent again, though answered"),
    (Group::Requests, "out of order"),
    (Group::Requests, "garbage, refused"),
    (Group::Requests, "garbage that is a command"),
    (Group::Requests, "given up"),
    (Group::Requests, "lies about the end"),
    (Group::Requests, "connector died"),
    (Group::Requests, "in a batch with others"),
    (Group::Requests, "acknowledged"),
    (Group::Requests, "answer lost"),
    (Group::Crashes, "before the journal"),
    (Group::Crashes, "in the journal"),
    (Group::Crashes, "between journal and apply"),
    (Group::Crashes, "between two applies"),
    (Group::Crashes, "between apply and reply"),
    (Group::Crashes, "between reply and what comes next"),
    (Group::Crashes, "behind the beginning of a snapshot"),
    (Group::Crashes, "in a step of a snapshot"),
    (Group::Crashes, "right behind a recovery"),
    (Group::Crashes, "stop"),
    (Group::Recoveries, "none of what was open is there"),
    (Group::Recoveries, "all of what was open is there"),
    (Group::Recoveries, "nothing was open"),
    (Group::Snapshots, "begun"),
    (Group::Snapshots, "done"),
    (Group::SessionsAtTheEnd, "none yet"),
    (Group::SessionsAtTheEnd, "in_progress"),
    (Group::SessionsAtTheEnd, "completing"),
    (Group::SessionsAtTheEnd, "ended"),
    (Group::Sessions, "completed"),
    (Group::Sessions, "abandoned"),
    (Group::Sessions, "error"),
    (Group::Clock, "steps back"),
    (Group::Clock, "at an end of time"),
];

/// Counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    counts: BTreeMap<(Group, &'static str), u64>,
    /// Seeds that ran.
    pub seeds: u64,
}

impl Reached {
    pub(crate) fn note(&mut self, group: Group, what: &'static str) {
        *self.counts.entry((group, what)).or_insert(0) += 1;
    }

    /// Adds what other runs came to.
    pub fn add(&mut self, other: &Self) {
        let Self { counts, seeds } = other;
        for (what, count) in counts {
            *self.counts.entry(*what).or_insert(0) += count;
        }
        self.seeds += seeds;
    }

    /// How often it came to something, by the words with which it is printed.
    pub fn count(&self, group: Group, what: &str) -> u64 {
        self.of(group).find(|(found, _)| *found == what).map_or(0, |(_, count)| count)
    }

    /// How often it came to anything of a group.
    pub fn total(&self, group: Group) -> u64 {
        self.of(group).map(|(_, count)| count).sum()
    }

    /// What it came to of a group.
    pub fn of(&self, group: Group) -> impl Iterator<Item = (&'static str, u64)> {
        let found = self.counts.iter().filter(move |((of, _), _)| *of == group);
        found.map(|((_, what), count)| (*what, *count))
    }

    /// What it should have come to and did not. A thousand seeds leave nothing.
    pub fn missing(&self) -> Vec<(Group, &'static str)> {
        EXPECTED.iter().filter(|(group, what)| self.count(*group, what) == 0).copied().collect()
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for group in Group::ALL {
            writeln!(f, "{}: {}", group.name(), self.total(group))?;
            for (what, count) in self.of(group) {
                writeln!(f, "  {count:>11}  {what}")?;
            }
        }
        for (group, what) in self.missing() {
            writeln!(f, "not reached: {}: {what}", group.name())?;
        }
        write!(f, "{} seeds", self.seeds)
    }
}
