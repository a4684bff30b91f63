//! What is told where a store breaks a promise.

use std::fmt;

/// Which promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// What a crash or a stop leaves can be opened.
    Open,
    /// What was acknowledged is there.
    Lost,
    /// Nothing is carried out twice.
    Twice,
    /// Commands are carried out in their order.
    Order,
    /// The state is that of a replay.
    State,
    /// An answer is that of a replay.
    Answer,
    /// A command is refused for a reason alone.
    Refused,
    /// Everything else that a host does with a store works, and nothing panics.
    Works,
}

impl Broken {
    /// The promise, as a sentence.
    pub const fn promise(self) -> &'static str {
        match self {
            Self::Open => "what a crash or a stop leaves can be opened",
            Self::Lost => "what was acknowledged is there",
            Self::Twice => "nothing is carried out twice",
            Self::Order => "commands are carried out in their order",
            Self::State => "the state is that of a replay",
            Self::Answer => "an answer is that of a replay",
            Self::Refused => "a command is refused where the disk is full, and nowhere else",
            Self::Works => "what a host does with a store works",
        }
    }
}

/// A seed in which a store broke a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which: what has it happen again.
    pub seed: u64,
    /// The promise.
    pub broken: Broken,
    /// What was found, in words.
    pub what: String,
    /// What happened up to then, in lines.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "seed {} broke a promise: {}", self.seed, self.broken.promise())?;
        write!(f, "found: {}", self.what)
    }
}

impl std::error::Error for Failure {}

/// The lines of one seed, if they are wanted.
#[derive(Debug, Default)]
pub(crate) struct Trace(pub(crate) Option<Vec<String>>);

impl Trace {
    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.0 {
            let number = lines.len();
            lines.push(format!("{number:3}  {}", line()));
        }
    }
}
