//! The digest: 128 bits that stand for all observable state (SPEC 9).
//!
//! Tables are gone through by row and everything else in its own order, so neither the hash key nor the
//! platform shows in it. It is a checksum among replicas that trust each other, not a signature.

use alloc::collections::BTreeMap;

use crate::engine::Engine;
use crate::state::app::{App, GroupNumber};
use crate::state::registry::Registry;
use crate::state::session::Session;
use crate::state::task::{Ending, Task};
use crate::store::{Slot, Table};
use crate::values::hash::DigestHasher;
use crate::values::time::Timestamp;

/// Names the byte stream: another one wants another name.
const DOMAIN: &[u8] = b"headcount digest 1";

impl Engine {
    /// A stable value of the observable state: equal on all replicas, with any hash key, on all
    /// platforms, after a replay, and after save and load.
    ///
    /// Goes through all records: 1 GB of them takes a second or so.
    pub fn digest(&self) -> u128 {
        let mut hasher = DigestHasher::new();
        hasher.bytes(DOMAIN);
        hasher.u64(self.seq());
        hasher.u64(self.apps.len() as u64);
        // Clone groups count in the order of their first apps: their own numbers are shown nowhere.
        let mut groups = BTreeMap::<GroupNumber, u64>::new();
        for (id, app) in &self.apps {
            hasher.bytes(id.0.as_bytes());
            let next = groups.len() as u64;
            let number = *groups.entry(app.group).or_insert(next);
            hasher.u64(number);
            let Some(registry) = self.groups.get(&app.group) else { continue };
            if number == next {
                hash_registry(&mut hasher, registry);
            }
            hash_app(&mut hasher, app, registry.types().len());
        }
        hasher.finish()
    }
}

fn hash_registry(hasher: &mut DigestHasher, registry: &Registry) {
    hasher.u64(registry.types().len() as u64);
    for resource_type in registry.types() {
        hasher.bytes(resource_type.id().0.as_bytes());
        hasher.text(resource_type.slug().as_bytes());
        hasher.text(resource_type.name().as_bytes());
        hasher.u8(resource_type.kind() as u8);
        hasher.i64(resource_type.created_at().as_millis());
    }
}

fn hash_app(hasher: &mut DigestHasher, app: &App, types: usize) {
    hasher.text(app.name.as_bytes());
    hasher.i64(app.created_at.as_millis());
    hash_time(hasher, app.last_synced_at);
    hash_number(hasher, app.guard.max_count);
    hash_number(hasher, app.guard.max_percent.map(u64::from));
    for number in 0..types as u32 {
        match app.table(number) {
            None => hasher.u64(0),
            Some(table) => hash_table(hasher, table),
        }
    }
    hasher.u64(app.sessions.len() as u64);
    for session in &app.sessions {
        hash_session(hasher, session, types);
    }
    hasher.u64(app.tasks.len() as u64);
    for task in app.tasks.values() {
        hash_task(hasher, task);
    }
}

fn hash_table(hasher: &mut DigestHasher, table: &Table) {
    hasher.u64(u64::from(table.len()));
    for row in 0..table.len() {
        let stored = table.stored(row);
        hasher.u8(u8::from(table.placeholder().contains(row)) | u8::from(table.seen().contains(row)) << 1);
        hash_time(hasher, table.inactive_since(row));
        hasher.u8(stored.status() as u8);
        for slot in Slot::ALL {
            hasher.text(stored.slot(slot));
        }
        hasher.u64(stored.references().count() as u64);
        for key in stored.references() {
            hasher.u64(u64::from(key.table) << 32 | u64::from(key.row));
        }
    }
}

fn hash_session(hasher: &mut DigestHasher, session: &Session, types: usize) {
    hasher.bytes(session.id.0.as_bytes());
    hasher.u8(session.status as u8);
    hasher.u8(u8::from(session.scope.is_some()));
    let scope = session.scope.as_deref().unwrap_or_default();
    hasher.u64(scope.len() as u64);
    for &number in scope {
        hasher.u64(u64::from(number));
    }
    hasher.i64(session.started_at.as_millis());
    hash_time(hasher, session.ended_at);
    hash_text(hasher, session.reason.as_deref());
    hasher.u64(session.base);
    // While a session is open, all types have a count, noted or not.
    let shown = if session.status.has_ended() { session.synced.len() } else { types };
    hasher.u64(shown as u64);
    for number in 0..shown as u32 {
        hasher.u64(session.synced(number));
    }
    for count in session.counts.all() {
        hasher.u64(count);
    }
    hasher.u8(u8::from(session.cursor.accounts_done));
    hasher.u64(u64::from(session.cursor.table));
    hasher.u64(u64::from(session.cursor.row));
}

fn hash_task(hasher: &mut DigestHasher, task: &Task) {
    hasher.bytes(task.id.0.as_bytes());
    hasher.u8(task.action as u8);
    hasher.u64(u64::from(task.table));
    hash_text(hasher, task.payload.as_deref());
    hash_time(hasher, task.execute_after);
    hasher.i64(task.created_at.as_millis());
    match &task.ending {
        None => hasher.u8(0),
        Some((at, Ending::Completed { result })) => {
            hasher.u8(1);
            hasher.i64(at.as_millis());
            hash_text(hasher, result.as_deref());
        }
        Some((at, Ending::Failed { code, message })) => {
            hasher.u8(2);
            hasher.i64(at.as_millis());
            hasher.text(code.as_bytes());
            hasher.text(message.as_bytes());
        }
    }
}

fn hash_time(hasher: &mut DigestHasher, time: Option<Timestamp>) {
    hasher.u8(u8::from(time.is_some()));
    hasher.i64(time.map_or(0, Timestamp::as_millis));
}

fn hash_number(hasher: &mut DigestHasher, number: Option<u64>) {
    hasher.u8(u8::from(number.is_some()));
    hasher.u64(number.unwrap_or(0));
}

fn hash_text(hasher: &mut DigestHasher, text: Option<&str>) {
    hasher.u8(u8::from(text.is_some()));
    hasher.text(text.unwrap_or_default().as_bytes());
}
