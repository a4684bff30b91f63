//! What the model keeps: lists of structs that are searched from the front.

use std::collections::{BTreeMap, BTreeSet};

use headcount::{
    AccountStatus, AppId, AttributeValue, Field, Guard, Kind, RecordFilter, ResourceTypeId, SessionCounts,
    SessionId, SessionStatus, TaskAction, TaskId, TaskStatus, Timestamp,
};
use serde::Serialize;

/// A resource type, as its clone group has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Type {
    /// Its id, unique in the engine.
    pub id: ResourceTypeId,
    /// Its slug, unique in its clone group.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What its records are.
    pub kind: Kind,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// An app with all that is its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When a session last completed.
    pub last_synced_at: Option<Timestamp>,
    /// What a completion may deactivate at most.
    pub guard: Guard,
    /// The key of its clone group.
    pub group: u64,
    /// In order of first sight.
    pub records: Vec<Record>,
    /// Oldest first.
    pub sessions: Vec<Session>,
    /// In order of creation.
    pub tasks: Vec<Task>,
}

/// Names a record within its app: the number of its type, and its external id.
pub type Key = (usize, String);

/// An account, a group or a license; or a placeholder for a group or license.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// Its type and external id.
    pub key: Key,
    /// Whether it is active.
    pub active: bool,
    /// Whether it was only ever referred to.
    pub placeholder: bool,
    /// When it was marked inactive, unless it is active.
    pub inactive_since: Option<Timestamp>,
    /// The texts that are present, by field.
    pub fields: BTreeMap<Field, String>,
    /// The status of an account; `Active` for others.
    pub status: AccountStatus,
    /// By name.
    pub attributes: BTreeMap<String, AttributeValue<'static>>,
    /// In the order sent, by type in order of registration.
    pub references: Vec<Key>,
    /// Whether the open session got it.
    pub pushed: bool,
    /// Whether the open session got it in a record with a fault.
    pub retained: bool,
    /// Whether the open session leaves it as it is.
    pub settled: bool,
}

/// One call of the roll.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Session {
    /// Its id, unique in the engine.
    pub id: SessionId,
    /// Where it stands.
    pub status: SessionStatus,
    /// The numbers of the types that it was opened for, ascending; `None` is all.
    pub scope: Option<Vec<usize>>,
    /// The numbers of the types that were taken out of scope since, ascending.
    pub excluded: Vec<usize>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub reason: Option<String>,
    /// When it was last taken a step further.
    pub last_activity_at: Timestamp,
    /// Whether it is no longer held to its app's guard.
    pub guard_waived: bool,
    /// What its connector wants to read again.
    pub checkpoint: Option<String>,
    /// By type, the full active records when it was started.
    pub bases: Vec<u64>,
    /// By type, the references that active accounts held when it was started.
    pub reference_bases: Vec<u64>,
    /// By type, the references that its pages took from active accounts.
    pub removals: Vec<u64>,
    /// By type, the pages that it got; of an ended session, the types of then.
    pub pages: Vec<u64>,
    /// By type, whether it is in scope: as it is observed.
    pub in_scope: Vec<bool>,
    /// By type; of an ended session, the types of then.
    pub synced: Vec<u64>,
    /// By type; of an ended session. Of an open one the records tell it.
    pub retained: Vec<u64>,
    /// What it did so far.
    pub counts: SessionCounts,
    /// Of an open one, the ids whose records its pages pass over.
    pub settled_ids: BTreeSet<Key>,
    /// Of a completing one, where its cleanup stands.
    pub came_to: Option<Place>,
}

/// A record's place in the order in which a cleanup comes to them: whether it is no account, the number of its type, and
/// how many records of the type were first seen before it.
pub type Place = (bool, usize, usize);

impl Session {
    /// SPEC 4.8: the sum of the bases of the types in scope.
    pub fn base(&self) -> u64 {
        let in_scope = self.bases.iter().enumerate().filter(|(number, _)| self.covers(*number));
        in_scope.map(|(_, base)| base).sum()
    }

    /// SPEC 5: a page of a type came.
    pub fn add_page(&mut self, number: usize, now: Timestamp) {
        self.pages.resize(self.pages.len().max(number + 1), 0);
        self.pages[number] += 1;
        self.last_activity_at = now;
    }

    /// Whether the type with this number is in scope.
    pub fn covers(&self, number: usize) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.contains(&number)) && !self.excluded.contains(&number)
    }

    /// SPEC 3a.3: whether a delta settles what it names of the type with this number.
    pub fn settles(&self, number: usize) -> bool {
        !self.status.has_ended() && self.covers(number)
    }
}

/// A provisioning task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Task {
    /// Its id, unique in the engine.
    pub id: TaskId,
    /// What is to be done.
    pub action: TaskAction,
    /// The number of the type that it is about.
    pub number: usize,
    /// What the host wants done, in words of its own.
    pub payload: Option<String>,
    /// When it becomes due, if not at once.
    pub execute_after: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// What completing it gave.
    pub result: Option<String>,
    /// Code and message of its failure.
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

    /// SPEC 8: whether a list of these shows the record.
    pub fn is_wanted(&self, record: &Record, filter: RecordFilter) -> bool {
        match filter {
            RecordFilter::All => true,
            RecordFilter::Active => record.active,
            RecordFilter::Inactive => !record.active,
            RecordFilter::Placeholder => record.placeholder,
            RecordFilter::Dangling => {
                !record.placeholder && !record.active && self.is_referred_to(&record.key)
            }
            other => unreachable!("a filter that the model does not know: {other}"),
        }
    }
}
