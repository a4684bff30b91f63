//! What a host plugs in: the one trait.

use headcount::{Command, Config, Engine, Error, Reply, Timestamp};
use headcount_testing::random::Random;
use serde::{Deserialize, Serialize};

/// A command as it is journaled, with all that a replay needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'c> {
    /// What the sender knows its request by: another one for each, and the same one for each try of it.
    pub key: u64,
    /// When it is carried out, by the host's clock.
    pub now: Timestamp,
    /// What is carried out.
    #[serde(borrow)]
    pub command: Command<'c>,
}

impl Entry<'_> {
    /// The same, with texts of its own: what outlives the bytes that it was read from.
    pub fn into_owned(self) -> Entry<'static> {
        Entry { key: self.key, now: self.now, command: self.command.into_owned() }
    }
}

/// What the engine answers to a command.
pub type Answer = Result<Reply, Error>;

/// What went wrong where nothing may, in words.
pub type Fault = String;

/// Why commands were not appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// None of them is there, and none will be: whoever sent them may be told so. Only a [full
    /// disk](Store::fill_disk) is a reason.
    Refused(String),
    /// It is not known which of them are there. The host ends, and finds out when it opens the store again.
    Unknown(String),
}

/// What a store is about to do when it [crashes](Store::crash).
#[derive(Clone, Copy, Debug)]
pub enum During<'d> {
    /// Nothing: the host is between two calls.
    Nothing,
    /// To [append](Store::append) these. Nobody is told, so nothing, the first few or all of them may be there afterwards.
    Append(&'d [Entry<'d>]),
    /// To take the next step of its [upkeep](Store::upkeep).
    Upkeep,
}

/// What a store knows of the request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recall {
    /// Nothing, of none: it keeps no answers, and the engine's rules for repeats are all that there is.
    NotKept,
    /// It was not carried out.
    New,
    /// It was, and this was answered.
    Known(Answer),
}

/// What a host keeps one tenant in: a journal, snapshots, and the engine that is made of them.
///
/// The simulator calls it as a host would, and takes the process away between any two calls, or in the middle of one.
/// It holds the state against an engine of its own.
///
/// For a seed it calls the same methods with the same arguments, whatever the machine. A store that looks at no clock and
/// has no threads does the same each time, so that a failure comes again.
pub trait Store {
    /// Opens what is durable, or makes it, and brings the engine up to the last command that is. It is called first, and
    /// after each stop and crash. The configuration is the same each time.
    ///
    /// # Errors
    /// Where it cannot be opened: a failure, since no crash may come to that.
    fn open(&mut self, config: Config) -> Result<(), Fault>;

    /// Makes commands durable, in their order. `Ok` means that no crash takes them away any more. They are not carried
    /// out yet.
    ///
    /// # Errors
    /// See [`AppendError`].
    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), AppendError>;

    /// Carries out a command that was appended, on the engine. They come in the order of the journal, each once.
    ///
    /// # Errors
    /// Where there is no answer. What the engine answers, errors too, is `Ok`.
    fn carry_out(&mut self, entry: &Entry<'_>) -> Result<Answer, Fault>;

    /// Shows the engine as the last command left it, once and before it returns.
    fn show(&self, reader: &mut dyn FnMut(&Engine));

    /// Begins to save the engine as it is: all that was appended was carried out. What is left to do is done by
    /// [`upkeep`](Self::upkeep), beside commands. It is not called again before that says that it is done.
    ///
    /// # Errors
    /// Where it cannot.
    fn snapshot(&mut self) -> Result<(), Fault>;

    /// Takes the next step of a snapshot, and of what follows from it. Answers whether there is more to do. A store that
    /// saves in one go has none.
    ///
    /// # Errors
    /// Where it cannot.
    fn upkeep(&mut self) -> Result<bool, Fault> {
        Ok(false)
    }

    /// Ends as it should. A [crash](During::Nothing) follows, which finds nothing left to destroy.
    ///
    /// # Errors
    /// Where it cannot.
    fn stop(&mut self) -> Result<(), Fault>;

    /// Takes the process away, and what was not durable with it: memory always, and of what was written and not synced
    /// any part, by chance. What was about to happen happens in part, by chance too.
    ///
    /// It is the store's own, since nobody else knows what is durable. On files: copy them as they are into another
    /// folder, cut off or spoil a part of what was written since the last sync, and go on with the copy.
    fn crash(&mut self, during: During<'_>, random: &mut Random);

    /// What it knows of a request. One that keeps answers has to know each that was carried out; so a retry is never
    /// carried out twice.
    fn recall(&self, key: u64) -> Recall {
        let _ = key;
        Recall::NotKept
    }

    /// The time at which a command is carried out where the clock reads this. Most take the clock's word.
    fn clock(&self, reading: Timestamp) -> Timestamp {
        reading
    }

    /// Lets the disk be full, or no more. Answers whether it can. While it is, commands may be
    /// [refused](AppendError::Refused), and nothing else may change.
    fn fill_disk(&mut self, is_full: bool) -> bool {
        let _ = is_full;
        false
    }
}
