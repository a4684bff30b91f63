//! A host that is all there is to it: a journal in a plain file, an engine, and tables that follow.
//!
//! A command goes through four steps, and a crash may come before each of them:
//!
//! | the crash comes before | on disk is | a restart | whoever sent the command |
//! | --- | --- | --- | --- |
//! | it is journaled | nothing, or a part of it, which is dropped | does not know it | was not answered; it did not happen |
//! | it is applied | its entry | applies it, and writes its changes | was not answered; it happened |
//! | its changes are in the tables | its entry | the same | the same |
//! | it is answered | its entry, its changes | applies it; the tables have it, and pass it over | the same |
//!
//! So nothing that was answered is lost, nothing is in the tables that is not in the journal, and after a restart the
//! tables are where the engine is. A crash within a step is one before it: a frame of the journal that is not whole is
//! dropped, a transaction of the tables that was not committed never was. Who was not answered does not know whether it
//! happened, and asks again: with the same ids, so that what was made is not made twice.

use std::path::Path;

use headcount::{Command, Config, Engine, Error, Reply, Timestamp};
use rusqlite::Connection;

use crate::Projection;
use crate::journal::{Journal, Keep, Opened};

/// What fails a host: the journal, the tables, or an entry that is none.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// An engine, its journal, and the tables beside it.
#[derive(Debug)]
pub struct Host {
    journal: Journal,
    engine: Engine,
    tables: Projection,
    dropped: usize,
}

/// What comes next for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'s> {
    /// These bytes are written to the journal and synced.
    Journal(&'s [u8]),
    /// The engine carries it out.
    Apply,
    /// Its changes are written to the tables.
    Follow,
    /// It is answered.
    Answer,
}

impl Host {
    /// Goes on where a journal and tables in a folder are, or begins.
    ///
    /// # Errors
    /// Where one of them cannot be opened, or is not what was written.
    pub fn open(folder: &Path, config: Config, tables: Connection) -> Result<Self, HostError> {
        let Opened { journal, entries, dropped } = Journal::open(&folder.join("journal"), Keep::All)?;
        let (mut engine, mut tables) = (Engine::new(config), Projection::open(tables)?);
        for entry in &entries {
            let (now, seq, command): (Timestamp, u64, Command<'_>) = postcard::from_bytes(entry)?;
            if engine.seq() != seq {
                return Err(
                    format!("the journal came to change {seq}, and comes to {} now", engine.seq()).into()
                );
            }
            // What was refused then is refused now.
            let _ = engine.apply(now, &command);
            tables.replay(&engine)?;
        }
        tables.follow(&engine)?;
        Ok(Self { journal, engine, tables, dropped })
    }

    /// Carries out a command. `at` is told of each step before it is taken.
    ///
    /// # Errors
    /// Where the journal or the tables cannot be written. The host is then to be opened anew, which finds out what
    /// happened.
    pub fn carry_out(
        &mut self,
        now: Timestamp,
        command: &Command<'_>,
        mut at: impl FnMut(Step<'_>),
    ) -> Result<Result<Reply, Error>, HostError> {
        let entry = postcard::to_stdvec(&(now, self.engine.seq(), command))?;
        at(Step::Journal(&self.journal.frame(&entry)));
        self.journal.append(&entry)?;
        at(Step::Apply);
        let reply = self.engine.apply(now, command);
        at(Step::Follow);
        self.tables.follow(&self.engine)?;
        at(Step::Answer);
        Ok(reply)
    }

    /// The engine, to be read.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The tables, to be read.
    pub const fn tables(&self) -> &Projection {
        &self.tables
    }

    /// Bytes of an entry that was never acknowledged, and was dropped when the journal was opened.
    pub const fn dropped(&self) -> usize {
        self.dropped
    }
}
