//! What the command at hand changed, as it is noted while the command runs.
//!
//! Entries are compact: they name records by type and row, and are given the records' ids when they are
//! read ([`Engine::changes`](crate::Engine::changes)). A first roll of a million accounts so costs 24
//! bytes a fact and no text. Records that a purge takes out have no row any more when they are read:
//! their ids are kept, each once, one behind the other in one text.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::store::{RowKey, TypeIndex};
use crate::values::{AppId, Fact, Fields};

/// A buffer larger than this is given back when the next command begins, smaller ones are kept: a page
/// of ordinary records needs less, a first roll's last page leaves no more behind.
const ENTRIES_KEPT_MAX: usize = 64 * 1024;

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordFact {
    Created,
    Updated(Fields),
    Deactivated,
    Reactivated,
    PlaceholderMade,
    PlaceholderNamed,
    PlaceholderWoken,
    PlaceholderFilled,
}

/// A change as noted while its command runs.
#[derive(Debug)]
pub(crate) enum Entry {
    Record(RecordFact, RowKey),
    ReferenceAdded(RowKey, RowKey),
    ReferenceRemoved(RowKey, RowKey),
    /// A record that has left its table.
    Purged(Gone),
    /// A reference of a record that stays to one that has left its table.
    ReferenceLost(Gone, Gone),
    /// A fact with nothing to look up.
    Other(Box<Fact<'static>>),
    /// The same, of an app, where the command is about all apps.
    OfApp(Box<(AppId, Fact<'static>)>),
}

/// Names a record that has no row any more, or whose row has moved, in the log's list of those.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone(u32);

/// Its type, and where its id ends; it begins where that of the one before ends.
#[derive(Clone, Copy, Debug)]
struct GoneRecord {
    of: TypeIndex,
    id_end: usize,
}

/// The changes of the last command.
#[derive(Debug, Default)]
pub(crate) struct ChangeLog {
    entries: Vec<Entry>,
    /// Records that left, or that lost a reference to one.
    gone: Vec<GoneRecord>,
    /// Their ids, one behind the other.
    gone_ids: String,
    /// The app that the command was about; none if it was about all.
    app_id: Option<AppId>,
    /// The sequence number of the last change before this command.
    seq_before: u64,
}

impl ChangeLog {
    /// Without changes, behind the change of this number.
    pub(crate) fn resume_after(seq: u64) -> Self {
        Self { seq_before: seq, ..Self::default() }
    }

    /// Forgets the changes of the command before. Their numbers stay taken.
    pub(crate) fn begin(&mut self, app_id: AppId) {
        self.begin_of_all_apps();
        self.app_id = Some(app_id);
    }

    /// The same, for a command about all apps.
    pub(crate) fn begin_of_all_apps(&mut self) {
        self.seq_before = self.seq();
        self.app_id = None;
        if self.entries.capacity() > ENTRIES_KEPT_MAX {
            self.entries = Vec::new();
        }
        self.entries.clear();
        self.gone = Vec::new();
        self.gone_ids = String::new();
    }

    /// Gives back the memory of the last command's changes. Their numbers stay taken.
    pub(crate) fn forget(&mut self) {
        *self = Self { seq_before: self.seq(), app_id: self.app_id, ..Self::default() };
    }

    /// The sequence number of the newest change.
    pub(crate) fn seq(&self) -> u64 {
        self.seq_before + self.entries.len() as u64
    }

    pub(crate) const fn seq_before(&self) -> u64 {
        self.seq_before
    }

    pub(crate) const fn app_id(&self) -> Option<AppId> {
        self.app_id
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The type of a record that is gone, and its id.
    pub(crate) fn gone(&self, Gone(at): Gone) -> (TypeIndex, &str) {
        let at = at as usize;
        let start = if at == 0 { 0 } else { self.gone[at - 1].id_end };
        let GoneRecord { of, id_end } = self.gone[at];
        (of, &self.gone_ids[start..id_end])
    }

    /// Lends the list of entries, which is empty, to whoever plans what a command will change.
    pub(crate) fn take_entries(&mut self) -> Vec<Entry> {
        debug_assert!(self.entries.is_empty(), "a page is all that its command does");
        core::mem::take(&mut self.entries)
    }

    /// Takes the list back. (One that is not given back, since the page was refused, held nothing.)
    pub(crate) fn put_entries(&mut self, entries: Vec<Entry>) {
        self.entries = entries;
    }

    pub(crate) fn record(&mut self, fact: RecordFact, key: RowKey) {
        self.entries.push(Entry::Record(fact, key));
    }

    pub(crate) fn fact(&mut self, fact: Fact<'static>) {
        self.entries.push(Entry::Other(Box::new(fact)));
    }

    /// Notes a fact of one of all apps.
    pub(crate) fn fact_of(&mut self, app_id: AppId, fact: Fact<'static>) {
        self.entries.push(Entry::OfApp(Box::new((app_id, fact))));
    }

    /// Keeps the id of a record that is about to go, or to lose its row.
    pub(crate) fn keep(&mut self, of: TypeIndex, id: &str) -> Gone {
        self.gone_ids.push_str(id);
        self.gone.push(GoneRecord { of, id_end: self.gone_ids.len() });
        Gone(self.gone.len() as u32 - 1)
    }

    /// Notes that a record leaves its table.
    pub(crate) fn purged(&mut self, record: Gone) {
        self.entries.push(Entry::Purged(record));
    }

    /// Notes that a record which stays no longer refers to one that leaves.
    pub(crate) fn reference_lost(&mut self, account: Gone, target: Gone) {
        self.entries.push(Entry::ReferenceLost(account, target));
    }
}
