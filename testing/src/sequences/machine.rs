//! All that is to agree with the model, step by step.

use headcount::{Command, Config, Engine, Error, Reply, Snapshot, Timestamp};

use super::coverage::{Coverage, Mode};
use super::retry;
use crate::compare;
use crate::copy::Copy;
use crate::model::Model;

/// An engine, the model beside it, and what follows them:
///
/// - a *replica* with another hash key, which gets every command by way of bytes, as from a log;
/// - a *copy* that is told the changes alone;
/// - the *journal*, which can be replayed at any time.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    engine: Engine,
    model: Model,
    replica: Engine,
    copy: Copy,
    journal: Vec<Vec<u8>>,
    /// What the steps came to.
    pub coverage: Coverage,
}

impl Machine {
    /// All of them without apps.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            engine: Engine::new(config),
            model: Model::new(&config),
            replica: Engine::new(config.with_hash_key([5; 16])),
            copy: Copy::default(),
            journal: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    /// The engine, to be looked at.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// One step of all.
    ///
    /// # Panics
    /// If one of them differs from another in anything that can be seen.
    pub fn step(&mut self, now: Timestamp, command: &Command<'static>) -> Result<Reply, Error> {
        let mode = Mode::of(&self.model, command.app_id());
        let expected = self.model.apply(now, command);
        let digest = self.engine.digest();
        let reply = compare::check_answer(&mut self.engine, &self.model, now, command, expected);
        if reply.is_ok() {
            compare::check_state(&self.engine, &self.model);
            self.copy.follow(&self.engine);
        } else {
            assert_eq!(self.engine.digest(), digest, "a command that failed left a trace");
        }
        let bytes = postcard::to_allocvec(&(now, command)).expect("a step is written to bytes");
        let (then, read): (Timestamp, Command<'_>) = postcard::from_bytes(&bytes).expect("a step is read");
        assert_eq!(self.replica.apply(then, &read), reply, "what the replica answers");
        assert!(self.replica.changes().eq(self.engine.changes()), "what the replica tells");
        assert_eq!(self.replica.digest(), self.engine.digest(), "the replica's digest");
        self.journal.push(bytes);
        self.coverage.note(command, &reply, &self.model, mode);
        reply
    }

    /// The same command once more, as one who heard no answer sends it.
    ///
    /// # Panics
    /// As [`step`](Self::step); and if it answers or changes anything but what a retry may.
    pub fn retry(&mut self, now: Timestamp, command: &Command<'static>, first: &Result<Reply, Error>) {
        let digest = self.engine.digest();
        let second = self.step(now, command);
        let is_same_state = self.engine.digest() == digest;
        retry::check(
            command,
            first,
            &second,
            retry::Left { is_same_state, changes: self.engine.changes().count() },
        );
    }

    /// The engine goes on from what it saves, with this hash key; the replica too, in another format.
    ///
    /// # Panics
    /// If it is not what it was.
    pub fn save_and_load(&mut self, key: u8) {
        let (digest, seq) = (self.engine.digest(), self.engine.seq());
        let bytes = postcard::to_allocvec(&self.engine.snapshot()).expect("a snapshot is written to bytes");
        let snapshot: Snapshot = postcard::from_bytes(&bytes).expect("a snapshot is read");
        let restore = |snapshot, key| Engine::restore(self.config.with_hash_key([key; 16]), snapshot);
        let engine = restore(snapshot, key).expect("what was saved is loaded");
        let text = serde_json::to_string(&self.replica.snapshot()).expect("a snapshot is written to text");
        let snapshot: Snapshot = serde_json::from_str(&text).expect("a snapshot is read");
        let replica = restore(snapshot, !key).expect("what was saved is loaded");
        (self.engine, self.replica) = (engine, replica);
        for loaded in [&self.engine, &self.replica] {
            assert_eq!((loaded.digest(), loaded.seq()), (digest, seq), "what was loaded is what was saved");
        }
        compare::check_state(&self.engine, &self.model);
    }

    /// Replays the journal from its beginning, and holds the copy against the engine.
    ///
    /// # Panics
    /// If an engine comes of it that is not the same, or the copy differs.
    pub fn replay(&self) {
        let mut again = Engine::new(self.config.with_hash_key([7; 16]));
        let mut told = 0;
        for bytes in &self.journal {
            let (now, command): (Timestamp, Command<'_>) =
                postcard::from_bytes(bytes).expect("a step is read");
            let _ = again.apply(now, &command).is_ok();
            told += again.changes().count() as u64;
        }
        assert_eq!(
            (again.digest(), told),
            (self.engine.digest(), self.engine.seq()),
            "the journal, replayed"
        );
        assert_eq!(self.copy, Copy::of(&self.engine), "the copy that was told the changes");
    }
}
