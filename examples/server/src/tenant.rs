//! All that there is of one tenant: what is locked together, and what a snapshot holds.

use std::io::Write;

use headcount::{Command, Config, Engine, Error, FrozenEngine, Reply, RestoreError, Snapshot, Timestamp};
use postcard::Deserializer;
use postcard::de_flavors::Flavor;
use serde::Deserialize;

use crate::feed::Feed;

/// A tenant's engine, and what it told of its changes.
#[derive(Debug)]
pub struct Tenant {
    /// All its state.
    pub engine: Engine,
    /// The last of its changes.
    pub feed: Feed,
}

/// A tenant as it was at one moment, to be saved while commands go on.
#[derive(Debug)]
pub struct FrozenTenant {
    engine: FrozenEngine,
    feed: Feed,
}

impl Tenant {
    /// One without apps. Of its changes the last so many will be kept.
    pub fn new(config: Config, changes_kept: u64) -> Self {
        Self { engine: Engine::new(config), feed: Feed::new(changes_kept, 0) }
    }

    /// Carries out a command, and writes down what it changed.
    ///
    /// # Errors
    /// Of the engine.
    pub fn carry_out(&mut self, now: Timestamp, command: &Command<'_>) -> Result<Reply, Error> {
        let reply = self.engine.apply(now, command);
        self.feed.note(now, &self.engine);
        reply
    }

    /// A copy that shares records and changes.
    pub fn freeze(&mut self) -> FrozenTenant {
        FrozenTenant { engine: self.engine.freeze(), feed: self.feed.clone() }
    }

    /// The tenant whose snapshot this is, with a configuration and as many changes kept as are said now. Answers what
    /// is left of the bytes.
    ///
    /// # Errors
    /// In words, where it is damaged.
    pub fn read<'de, F: Flavor<'de>>(
        bytes: F,
        config: Config,
        changes_kept: u64,
    ) -> Result<(Self, F::Remainder), String> {
        let mut from = Deserializer::from_flavor(bytes);
        let snapshot = Snapshot::deserialize(&mut from).map_err(|error| error.to_string())?;
        let engine = Engine::restore(config, snapshot).map_err(|error: RestoreError| error.to_string())?;
        let feed = Feed::read(&mut from, changes_kept, engine.seq())?;
        let rest = from.finalize().map_err(|error| error.to_string())?;
        Ok((Self { engine, feed }, rest))
    }

    /// The same, with another configuration for the commands to come. Costs what saving and loading cost.
    ///
    /// # Errors
    /// In words. What was saved can be loaded.
    pub fn with_config(self, config: Config) -> Result<Self, String> {
        let Self { engine, feed } = self;
        let bytes = postcard::to_stdvec(&engine.snapshot()).map_err(|error| error.to_string())?;
        // One copy of the state fewer while the next one is made.
        drop(engine);
        let snapshot = postcard::from_bytes(&bytes).map_err(|error| error.to_string())?;
        drop(bytes);
        let engine = Engine::restore(config, snapshot).map_err(|error: RestoreError| error.to_string())?;
        Ok(Self { engine, feed })
    }
}

impl FrozenTenant {
    /// Writes a snapshot as it is kept: the engine, and behind it the feed. Needs little memory beside what it is a
    /// snapshot of.
    ///
    /// # Errors
    /// In words, of the writer: postcard writes every one.
    pub fn write(&self, mut to: impl Write) -> Result<(), String> {
        postcard::to_io(&self.engine.snapshot(), &mut to).map_err(|error| error.to_string())?;
        self.feed.write(to).map_err(|error| error.to_string())
    }

    /// The bytes of a snapshot.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        self.write(&mut bytes)?;
        Ok(bytes)
    }
}
