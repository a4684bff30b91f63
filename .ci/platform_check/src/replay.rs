//! What came of a journal. All that this program needs of the engine is here, but for the commands that
//! `generate` makes.

use std::collections::BTreeSet;
use std::fmt;

use headcount::{Change, Command, Config, Engine, Fact, Limits, Snapshot, Timestamp};

use crate::checksum::Checksum;
use crate::reached::{self, Reached};

/// Saved and loaded so many times while it is replayed.
const SAVES: usize = 3;

/// Two hash keys: nothing may show which was used.
const KEYS: [[u8; 16]; 2] = [[0; 16], *b"another hash key"];

pub(crate) struct Journal {
    pub(crate) name: String,
    config: Config,
    /// A list of pairs of `Timestamp` and `Command`, in postcard.
    bytes: Vec<u8>,
}

impl Journal {
    /// Replayed under the limits that stand beside it, in JSON, or the default ones.
    pub(crate) fn golden(name: &str, bytes: &[u8], limits: Option<&str>) -> Self {
        let read = |limits| serde_json::from_str(limits).expect("limits are JSON");
        let limits = limits.map_or(Limits::default(), read);
        let config = Config::new().with_limits(limits).expect("limits that the engine can keep");
        Self { name: name.to_owned(), config, bytes: bytes.to_owned() }
    }

    pub(crate) fn generated(
        name: String,
        config: Config,
        commands: &[(Timestamp, Command<'static>)],
    ) -> Self {
        Self { name, config, bytes: postcard::to_allocvec(commands).expect("memory takes all") }
    }

    fn engine(&self, key: usize) -> Engine {
        Engine::new(self.config(key))
    }

    fn config(&self, key: usize) -> Config {
        self.config.with_hash_key(KEYS[key % KEYS.len()])
    }
}

/// The journal's line; or what differs although it is one platform. What its commands came to is added to the others'.
pub(crate) fn report(journal: &Journal, reached: &mut BTreeSet<Reached>) -> Result<String, String> {
    let commands: Vec<(Timestamp, Command<'_>)> =
        postcard::from_bytes(&journal.bytes).map_err(|error| format!("cannot be read: {error}"))?;
    let straight = replay(journal, &commands, false, reached)?;
    let restarted = replay(journal, &commands, true, reached)?;
    if straight != restarted {
        return Err(format!("{straight}, but saved and loaded with other hash keys {restarted}"));
    }
    let mut bytes = Checksum::default();
    bytes.bytes(&journal.bytes);
    Ok(format!("commands {} {bytes}, {straight}", commands.len()))
}

#[derive(PartialEq, Eq)]
struct Outcome {
    refused: u64,
    changed: u64,
    /// The engine's, at the end.
    digest: u128,
    /// Those after each command.
    digests: String,
    replies: String,
    changes: String,
    /// The snapshots at some points between commands.
    snapshots: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { refused, changed, digest, digests, replies, changes, snapshots } = self;
        write!(f, "digest {digest:032x}, digests {digests}, refused {refused}, replies {replies}, ")?;
        write!(f, "changed {changed}, changes {changes}, snapshots {snapshots}")
    }
}

/// The engine saves at the same points either way; with `restart`, it goes on from what it saved, with
/// the other hash key.
fn replay(
    journal: &Journal,
    commands: &[(Timestamp, Command<'_>)],
    restart: bool,
    reached: &mut BTreeSet<Reached>,
) -> Result<Outcome, String> {
    let mut engine = journal.engine(usize::from(restart));
    let [mut digests, mut replies, mut changes, mut snapshots] = [(); 4].map(|()| Checksum::default());
    let (mut refused, mut changed) = (0, 0);
    let interval = (commands.len() / (SAVES + 1)).max(1);
    for (number, (now, command)) in commands.iter().enumerate() {
        let reply = engine.apply(*now, command);
        replies.value(&reply);
        if let Err(error) = &reply {
            refused += 1;
            replies.bytes(error.to_string().as_bytes());
        }
        let told: Vec<Change<'_>> = engine.changes().collect();
        changed += told.len() as u64;
        changes.value(&told);
        let facts: Vec<Fact<'_>> = told.into_iter().map(|change| change.fact).collect();
        reached::by_step(command, &reply, &facts, |what| _ = reached.insert(what));
        digests.bytes(&engine.digest().to_le_bytes());
        if number % interval == interval - 1 {
            let saved = postcard::to_allocvec(&engine.snapshot()).expect("memory takes all");
            snapshots.bytes(&saved);
            if restart {
                engine = load(journal.config(number / interval), &saved)
                    .map_err(|error| format!("after command {number}: {error}"))?;
            }
        }
    }
    engine.check_invariants().map_err(|error| error.to_string())?;
    Ok(Outcome {
        refused,
        changed,
        digest: engine.digest(),
        digests: digests.to_string(),
        replies: replies.to_string(),
        changes: changes.to_string(),
        snapshots: snapshots.to_string(),
    })
}

fn load(config: Config, saved: &[u8]) -> Result<Engine, String> {
    let snapshot: Snapshot = postcard::from_bytes(saved).map_err(|error| error.to_string())?;
    Engine::restore(config, snapshot).map_err(|error| error.to_string())
}
