//! Changes: what a command changed, for whoever keeps a copy of the state (SPEC 7).
//!
//! While a command runs it notes compact [`Entry`]s, which name records by table and row; read
//! through [`Engine::changes`](crate::Engine::changes) they become [`Change`]s, which borrow the ids
//! from the tables. A first roll of a million accounts so costs 24 bytes a fact and no text.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::state::session::SessionStatus;
use crate::values::id::{AppId, ResourceTypeId, SessionId, TaskId};

/// One fact about what a command changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Change<'a> {
    /// Its place in the engine's history: the first change has 1, and there are no gaps.
    pub seq: u64,
    /// The app whose state changed; for a resource type, the app that it was changed through.
    pub app: AppId,
    /// What changed.
    #[cfg_attr(feature = "serde", serde(borrow))]
    pub fact: Fact<'a>,
}

impl Change<'_> {
    /// The same, with texts of its own, so that it can outlive the next command.
    pub fn into_owned(self) -> Change<'static> {
        Change { seq: self.seq, app: self.app, fact: self.fact.into_owned() }
    }
}

/// Names a record of the app that the [`Change`] is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RecordKey<'a> {
    /// The record's type; its slug is to be had from the app.
    pub resource_type: ResourceTypeId,
    /// The record's external id.
    #[cfg_attr(feature = "serde", serde(borrow))]
    pub id: Cow<'a, str>,
}

impl RecordKey<'_> {
    fn into_owned(self) -> RecordKey<'static> {
        RecordKey { resource_type: self.resource_type, id: Cow::Owned(self.id.into_owned()) }
    }
}

/// What a [`Change`] says. The values are to be read from the engine right after the command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the things that the variants' lines speak of")]
pub enum Fact<'a> {
    /// The app came to be, in the clone group of `clone_from` or in one of its own.
    AppCreated { clone_from: Option<AppId> },
    /// The app's name, guard, configuration status or last_synced_at changed.
    AppUpdated,
    /// The app went, and all its records, sessions and tasks.
    AppDeleted,
    /// The clone group got a type.
    ResourceTypeRegistered { resource_type: ResourceTypeId },
    /// The type's name, slug or kind changed.
    ResourceTypeUpdated { resource_type: ResourceTypeId },
    /// The session is in progress.
    SessionOpened { session: SessionId },
    /// The session's roll was accepted: its cleanup is to be run.
    SessionCompleting { session: SessionId },
    /// The session ended: completed, abandoned or error.
    SessionEnded { session: SessionId, status: SessionStatus },
    /// A full record came to be.
    RecordCreated {
        #[cfg_attr(feature = "serde", serde(borrow))]
        record: RecordKey<'a>,
    },
    /// These fields of a full record changed. (References have changes of their own.)
    RecordUpdated { record: RecordKey<'a>, fields: Fields },
    /// The record, full or placeholder, became inactive.
    RecordDeactivated { record: RecordKey<'a> },
    /// The full record became active again. What else changed about it follows.
    RecordReactivated { record: RecordKey<'a> },
    /// The inactive record was removed, and with it its own references.
    RecordPurged { record: RecordKey<'a> },
    /// A reference made an active placeholder, with the reference's name if it had one.
    PlaceholderMade { record: RecordKey<'a> },
    /// A reference gave the nameless placeholder a name.
    PlaceholderNamed { record: RecordKey<'a> },
    /// A reference made the inactive placeholder active again.
    PlaceholderWoken { record: RecordKey<'a> },
    /// The placeholder, active or not, got its own record: it is full and active.
    PlaceholderFilled { record: RecordKey<'a> },
    /// The account refers to the target now.
    ReferenceAdded { account: RecordKey<'a>, target: RecordKey<'a> },
    /// The account refers to the target no more.
    ReferenceRemoved { account: RecordKey<'a>, target: RecordKey<'a> },
    /// The task came to be.
    TaskCreated { task: TaskId },
    /// The task completed or failed.
    TaskResolved { task: TaskId },
}

impl Fact<'_> {
    fn into_owned(self) -> Fact<'static> {
        match self {
            Fact::AppCreated { clone_from } => Fact::AppCreated { clone_from },
            Fact::AppUpdated => Fact::AppUpdated,
            Fact::AppDeleted => Fact::AppDeleted,
            Fact::ResourceTypeRegistered { resource_type } => Fact::ResourceTypeRegistered { resource_type },
            Fact::ResourceTypeUpdated { resource_type } => Fact::ResourceTypeUpdated { resource_type },
            Fact::SessionOpened { session } => Fact::SessionOpened { session },
            Fact::SessionCompleting { session } => Fact::SessionCompleting { session },
            Fact::SessionEnded { session, status } => Fact::SessionEnded { session, status },
            Fact::RecordCreated { record } => Fact::RecordCreated { record: record.into_owned() },
            Fact::RecordUpdated { record, fields } => {
                Fact::RecordUpdated { record: record.into_owned(), fields }
            }
            Fact::RecordDeactivated { record } => Fact::RecordDeactivated { record: record.into_owned() },
            Fact::RecordReactivated { record } => Fact::RecordReactivated { record: record.into_owned() },
            Fact::RecordPurged { record } => Fact::RecordPurged { record: record.into_owned() },
            Fact::PlaceholderMade { record } => Fact::PlaceholderMade { record: record.into_owned() },
            Fact::PlaceholderNamed { record } => Fact::PlaceholderNamed { record: record.into_owned() },
            Fact::PlaceholderWoken { record } => Fact::PlaceholderWoken { record: record.into_owned() },
            Fact::PlaceholderFilled { record } => Fact::PlaceholderFilled { record: record.into_owned() },
            Fact::ReferenceAdded { account, target } => {
                Fact::ReferenceAdded { account: account.into_owned(), target: target.into_owned() }
            }
            Fact::ReferenceRemoved { account, target } => {
                Fact::ReferenceRemoved { account: account.into_owned(), target: target.into_owned() }
            }
            Fact::TaskCreated { task } => Fact::TaskCreated { task },
            Fact::TaskResolved { task } => Fact::TaskResolved { task },
        }
    }
}

/// A field of a record, but for its references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[allow(missing_docs, reason = "they are the fields of Account and Group")]
#[repr(u8)]
pub enum Field {
    Name,
    Description,
    Email,
    Username,
    FirstName,
    LastName,
    DisplayName,
    Status,
}

impl Field {
    const ALL: [Self; 8] = [
        Self::Name,
        Self::Description,
        Self::Email,
        Self::Username,
        Self::FirstName,
        Self::LastName,
        Self::DisplayName,
        Self::Status,
    ];
}

/// A set of [`Field`]s. Serialized as a number: bit `n` stands for the `n`th field of the enum.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Fields(u8);

impl Fields {
    /// Whether the set has this field.
    pub const fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u8) != 0
    }

    /// The fields of the set, in the order of the enum.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |&field| self.contains(field))
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u8;
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        let mut set = Self::default();
        fields.into_iter().for_each(|field| set.insert(field));
        set
    }
}

impl core::fmt::Debug for Fields {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A record of the app at hand: the number of its type in the registry, and its row in that table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) table: u32,
    pub(crate) row: u32,
}

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
    Record {
        fact: RecordFact,
        record: RowKey,
    },
    ReferenceAdded {
        account: RowKey,
        target: RowKey,
    },
    ReferenceRemoved {
        account: RowKey,
        target: RowKey,
    },
    /// A fact with nothing to look up, or with texts that the tables no longer have.
    Other(Box<Fact<'static>>),
}

/// The changes of the last command.
#[derive(Debug, Default)]
pub(crate) struct ChangeLog {
    entries: Vec<Entry>,
    /// The app that the command was about.
    app: Option<AppId>,
    /// The sequence number of the last change before this command.
    seq_before: u64,
}

/// A buffer larger than this is given back when the next command begins, smaller ones are kept.
const ENTRIES_KEPT_MAX: usize = 64 * 1024;

impl ChangeLog {
    #[cfg(feature = "serde")]
    pub(crate) fn resume_after(seq: u64) -> Self {
        Self { seq_before: seq, ..Self::default() }
    }

    /// Forgets the changes of the command before. Their numbers stay taken.
    pub(crate) fn begin(&mut self, app: AppId) {
        self.seq_before = self.seq();
        self.app = Some(app);
        if self.entries.capacity() > ENTRIES_KEPT_MAX {
            self.entries = Vec::new();
        } else {
            self.entries.clear();
        }
    }

    /// The sequence number of the newest change.
    pub(crate) fn seq(&self) -> u64 {
        self.seq_before + self.entries.len() as u64
    }

    pub(crate) const fn seq_before(&self) -> u64 {
        self.seq_before
    }

    pub(crate) const fn app(&self) -> Option<AppId> {
        self.app
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn record(&mut self, fact: RecordFact, record: RowKey) {
        self.entries.push(Entry::Record { fact, record });
    }

    pub(crate) fn reference_added(&mut self, account: RowKey, target: RowKey) {
        self.entries.push(Entry::ReferenceAdded { account, target });
    }

    pub(crate) fn reference_removed(&mut self, account: RowKey, target: RowKey) {
        self.entries.push(Entry::ReferenceRemoved { account, target });
    }

    pub(crate) fn fact(&mut self, fact: Fact<'static>) {
        self.entries.push(Entry::Other(Box::new(fact)));
    }
}
