//! One app: its tables, sessions and tasks (SPEC 1).

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use indexmap::IndexMap;

use crate::state::session::Session;
use crate::state::task::Task;
use crate::store::Table;
use crate::values::command::Guard;
use crate::values::error::Error;
use crate::values::hash::HashKey;
use crate::values::id::{SessionId, TaskId};
use crate::values::time::Timestamp;

/// Names a clone group within the engine; shown nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupNumber(pub(crate) u64);

#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
    /// Set by the first completed session; until then the configuration is being checked.
    pub(crate) last_synced_at: Option<Timestamp>,
    pub(crate) guard: Guard,
    pub(crate) group: GroupNumber,
    /// By the number of the type in the registry. Shorter than the registry where the last types
    /// have no records.
    pub(crate) tables: Vec<Table>,
    /// Oldest first. Only the newest can be open, since starting one ends the others.
    pub(crate) sessions: VecDeque<Session>,
    pub(crate) tasks: IndexMap<TaskId, Task, HashKey>,
}

impl App {
    pub(crate) fn new(name: String, created_at: Timestamp, group: GroupNumber, key: HashKey) -> Self {
        Self {
            name,
            created_at,
            last_synced_at: None,
            guard: Guard::NONE,
            group,
            tables: Vec::new(),
            sessions: VecDeque::new(),
            tasks: IndexMap::with_hasher(key),
        }
    }

    /// The table of a type, if it ever had a record.
    pub(crate) fn table(&self, number: u32) -> Option<&Table> {
        self.tables.get(number as usize)
    }

    /// Makes the tables of all `types` types, for a push that may need any of them.
    pub(crate) fn make_tables(&mut self, types: usize) {
        if self.tables.len() < types {
            self.tables.resize_with(types, Table::default);
        }
    }

    /// Whether the app has a record of the type, active or not.
    pub(crate) fn has_records(&self, number: u32) -> bool {
        self.table(number).is_some_and(|table| table.len() > 0)
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<&Session> {
        // Nearly always the newest.
        self.sessions.iter().rev().find(|session| session.id == id)
    }

    pub(crate) fn session_mut(&mut self, id: SessionId) -> Result<&mut Session, Error> {
        let found = self.sessions.iter_mut().rev().find(|session| session.id == id);
        found.ok_or(Error::SessionNotFound { session: id })
    }

    /// The session that is in progress or completing.
    pub(crate) fn open_session(&self) -> Option<&Session> {
        self.sessions.back().filter(|session| !session.status.has_ended())
    }
}
