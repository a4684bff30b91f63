//! What the model keeps: lists of structs that are searched from the front.

use std::collections::BTreeMap;

use headcount::{
    AccountStatus, AppId, Field, Guard, Kind, ResourceTypeId, SessionCounts, SessionId, SessionStatus,
    TaskAction, TaskId, TaskStatus, Timestamp,
};

#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    pub id: ResourceTypeId,
    pub slug: String,
    pub name: String,
    pub kind: Kind,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub struct App {
    pub id: AppId,
    pub name: String,
    pub created_at: Timestamp,
    pub last_synced_at: Option<Timestamp>,
    pub guard: Guard,
    pub group: u64,
    /// In order of first sight.
    pub records: Vec<Record>,
    /// Oldest first.
    pub sessions: Vec<Session>,
    pub tasks: Vec<Task>,
}

/// Names a record within its app: the number of its type, and its external id.
pub type Key = (usize, String);

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub key: Key,
    pub active: bool,
    pub placeholder: bool,
    pub inactive_since: Option<Timestamp>,
    pub fields: BTreeMap<Field, String>,
    pub status: AccountStatus,
    /// In the order sent, by type in order of registration.
    pub references: Vec<Key>,
    /// Whether the open session got it.
    pub pushed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub status: SessionStatus,
    pub scope: Option<Vec<usize>>,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub reason: Option<String>,
    pub base: u64,
    /// By type; of an ended session, the types of then.
    pub synced: Vec<u64>,
    pub counts: SessionCounts,
}

impl Session {
    pub fn covers(&self, number: usize) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.contains(&number))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub id: TaskId,
    pub action: TaskAction,
    pub number: usize,
    pub payload: Option<String>,
    pub execute_after: Option<Timestamp>,
    pub created_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub result: Option<String>,
    pub error: Option<(String, String)>,
}

impl Task {
    /// SPEC 6: reading takes `now`.
    pub fn status(&self, now: Timestamp) -> TaskStatus {
        match (self.resolved_at, &self.error) {
            (Some(_), None) => TaskStatus::Completed,
            (Some(_), Some(_)) => TaskStatus::Failed,
            _ if self.execute_after.is_some_and(|due| now < due) => TaskStatus::Scheduled,
            _ => TaskStatus::Pending,
        }
    }
}

impl App {
    /// Whether an active account refers to the record.
    pub fn is_referred_to(&self, key: &Key) -> bool {
        self.records.iter().any(|record| record.active && record.references.contains(key))
    }
}
