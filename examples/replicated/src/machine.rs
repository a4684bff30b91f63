//! The replicated state: the engine, and beside it what each client was last answered, so that a request that
//! is sent again is carried out once.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headcount::{Config, Engine};
use openraft::storage::{RaftSnapshotBuilder, RaftStateMachine};
use openraft::{
    BasicNode, Entry, EntryPayload, ErrorSubject, ErrorVerb, LogId, OptionalSend, Snapshot, SnapshotMeta,
    StorageError, StorageIOError, StoredMembership,
};
use uuid::Uuid;

use crate::ask::{Answer, Stamped};
use crate::{NodeId, Types};

type Done<T> = Result<T, StorageError<NodeId>>;

/// Clients whose last answer is remembered; beyond it the one that asked longest ago is forgotten. The same on
/// every node, as it is part of the state.
const CLIENTS_MAX: usize = 1_024;

/// The state machine of one node; clones share it.
#[derive(Clone, Debug)]
pub struct Machine {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    engine: Engine,
    /// By client: the place in the log of its last request, the request's number, and the answer.
    answered: BTreeMap<Uuid, (u64, u64, Answer)>,
    applied: Option<LogId<NodeId>>,
    membership: StoredMembership<NodeId, BasicNode>,
    snapshot: Option<(SnapshotMeta<NodeId, BasicNode>, Vec<u8>)>,
    /// Snapshots that came from a leader.
    installed: u64,
}

impl Machine {
    /// An empty one.
    pub fn new() -> Self {
        let config = Config::new().with_hash_key(*Uuid::new_v4().as_bytes());
        let state = State {
            engine: Engine::new(config),
            answered: BTreeMap::new(),
            applied: None,
            membership: StoredMembership::default(),
            snapshot: None,
            installed: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where it has applied the log, and the digest of its engine there.
    pub fn digest(&self) -> (u64, u128) {
        let state = self.state();
        (state.applied.map_or(0, |applied| applied.index), state.engine.digest())
    }

    /// How many snapshots of a leader's it was brought up with.
    pub fn installed(&self) -> u64 {
        self.state().installed
    }

    /// Reads the engine.
    pub fn read<T>(&self, read: impl FnOnce(&Engine) -> T) -> T {
        read(&self.state().engine)
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn apply(&mut self, place: u64, stamped: &Stamped) -> Answer {
        let request = &stamped.request;
        let last = self.answered.get(&request.client);
        if let Some((_, _, answer)) = last.filter(|(_, number, _)| *number >= request.number) {
            // Sent again, since its answer was lost.
            return answer.clone();
        }
        let reply = match stamped.command() {
            Ok(command) => Some(self.engine.apply(stamped.now, &command)),
            // The leader parses a page before it lets it into the log: this is for a log from elsewhere.
            Err(_) => None,
        };
        let answer = Answer { reply, id: stamped.id };
        self.answered.insert(request.client, (place, request.number, answer.clone()));
        if self.answered.len() > CLIENTS_MAX {
            let oldest =
                self.answered.iter().min_by_key(|(_, (place, ..))| *place).map(|(client, _)| *client);
            oldest.map(|client| self.answered.remove(&client));
        }
        answer
    }
}

fn broken(verb: ErrorVerb, error: impl std::error::Error + 'static) -> StorageError<NodeId> {
    let words = std::io::Error::other(error.to_string());
    StorageIOError::new(ErrorSubject::StateMachine, verb, openraft::AnyError::new(&words)).into()
}

impl RaftSnapshotBuilder<Types> for Machine {
    async fn build_snapshot(&mut self) -> Done<Snapshot<Types>> {
        let mut state = self.state();
        let bytes = postcard::to_stdvec(&(state.engine.snapshot(), &state.answered))
            .map_err(|error| broken(ErrorVerb::Write, error))?;
        let place = state.applied.map_or(0, |applied| applied.index);
        let meta = SnapshotMeta {
            last_log_id: state.applied,
            last_membership: state.membership.clone(),
            snapshot_id: format!("{place}-{}", state.engine.seq()),
        };
        state.snapshot = Some((meta.clone(), bytes.clone()));
        Ok(Snapshot { meta, snapshot: Box::new(Cursor::new(bytes)) })
    }
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Done<(Option<LogId<NodeId>>, StoredMembership<NodeId, BasicNode>)> {
        let state = self.state();
        Ok((state.applied, state.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Done<Vec<Answer>>
    where
        I: IntoIterator<Item = Entry<Types>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut state = self.state();
        let mut answers = Vec::new();
        for entry in entries {
            state.applied = Some(entry.log_id);
            answers.push(match entry.payload {
                EntryPayload::Normal(stamped) => state.apply(entry.log_id.index, &stamped),
                EntryPayload::Blank => Answer { reply: None, id: Uuid::nil() },
                EntryPayload::Membership(membership) => {
                    state.membership = StoredMembership::new(Some(entry.log_id), membership);
                    Answer { reply: None, id: Uuid::nil() }
                }
            });
        }
        Ok(answers)
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Done<Box<Cursor<Vec<u8>>>> {
        Ok(Box::default())
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<NodeId, BasicNode>,
        snapshot: Box<Cursor<Vec<u8>>>,
    ) -> Done<()> {
        let bytes = snapshot.into_inner();
        let (saved, answered) =
            postcard::from_bytes(&bytes).map_err(|error| broken(ErrorVerb::Read, error))?;
        let config = *self.state().engine.config();
        let engine = Engine::restore(config, saved).map_err(|error| broken(ErrorVerb::Read, error))?;
        let mut state = self.state();
        let installed = state.installed + 1;
        *state = State {
            engine,
            answered,
            applied: meta.last_log_id,
            membership: meta.last_membership.clone(),
            snapshot: Some((meta.clone(), bytes)),
            installed,
        };
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Done<Option<Snapshot<Types>>> {
        let snapshot = self.state().snapshot.clone();
        Ok(snapshot.map(|(meta, bytes)| Snapshot { meta, snapshot: Box::new(Cursor::new(bytes)) }))
    }
}
