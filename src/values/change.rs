//! Changes: what a command changed, for whoever keeps a copy of the state.

use alloc::borrow::Cow;

use super::id::{AppId, ResourceTypeId, SessionId, TaskId};
use super::status::SessionStatus;
use super::words::words;

/// One fact about what a command changed ([SPEC 7](crate::spec#7-changes)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Change<'a> {
    /// Its place in the engine's history: the first change has 1, and there are no gaps.
    pub seq: u64,
    /// The app whose state changed; for a resource type, the app that it was changed through.
    pub app_id: AppId,
    /// What changed.
    #[cfg_attr(feature = "serde", serde(borrow))]
    pub fact: Fact<'a>,
}

impl<'a> Change<'a> {
    pub(crate) const fn new(seq: u64, app_id: AppId, fact: Fact<'a>) -> Self {
        Self { seq, app_id, fact }
    }

    /// The same, with texts of its own, so that it can outlive the next command.
    pub fn into_owned(self) -> Change<'static> {
        Change { seq: self.seq, app_id: self.app_id, fact: self.fact.into_owned() }
    }
}

/// Names a record of the app that the [`Change`] is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RecordKey<'a> {
    /// The record's type; its slug is to be had from the app. ([`AppView::display`](crate::AppView::display) prints it.)
    pub resource_type_id: ResourceTypeId,
    /// The record's external id.
    #[cfg_attr(feature = "serde", serde(borrow))]
    pub id: Cow<'a, str>,
}

impl RecordKey<'_> {
    fn into_owned(self) -> RecordKey<'static> {
        RecordKey { resource_type_id: self.resource_type_id, id: Cow::Owned(self.id.into_owned()) }
    }
}

/// What a [`Change`] says. The values are to be read from the engine right after the command.
///
/// What serde writes for a fact is a promise: it grows by variants at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the things that the variants' lines speak of")]
pub enum Fact<'a> {
    /// The app came to be, in the clone group of `clone_from` or in one of its own.
    AppCreated { clone_from: Option<AppId> },
    /// The app's name or guard changed. Its configuration status and last_synced_at are told by
    /// [`SessionEnded`](Self::SessionEnded), as completed.
    AppUpdated,
    /// The app went, and all its records, sessions and tasks.
    AppDeleted,
    /// The clone group got a type.
    ResourceTypeRegistered { resource_type_id: ResourceTypeId },
    /// The type's name, slug or kind changed.
    ResourceTypeUpdated { resource_type_id: ResourceTypeId },
    /// The session is in progress.
    SessionOpened { session_id: SessionId },
    /// The session's roll was accepted: its cleanup is to be run.
    SessionCompleting { session_id: SessionId },
    /// The session ended: completed, abandoned or error. As completed it sets the app's last_synced_at and makes the
    /// app configured.
    SessionEnded { session_id: SessionId, status: SessionStatus },
    /// The full record came to be, active.
    RecordCreated {
        #[cfg_attr(feature = "serde", serde(borrow))]
        record: RecordKey<'a>,
    },
    /// These fields of the full record changed. (References have changes of their own.)
    RecordUpdated { record: RecordKey<'a>, fields: Fields },
    /// The record, full or placeholder, became inactive.
    RecordDeactivated { record: RecordKey<'a> },
    /// The full record became active again. What else changed about it follows.
    RecordReactivated { record: RecordKey<'a> },
    /// The inactive record, full or placeholder, went, and with it its own references.
    RecordPurged { record: RecordKey<'a> },
    /// The placeholder came to be, active, with the name of the reference that made it if that had one.
    PlaceholderMade { record: RecordKey<'a> },
    /// The nameless placeholder got the name of a reference.
    PlaceholderNamed { record: RecordKey<'a> },
    /// The placeholder became active again, since an account refers to it.
    PlaceholderWoken { record: RecordKey<'a> },
    /// The placeholder, active or not, became a full record, active.
    PlaceholderFilled { record: RecordKey<'a> },
    /// The account refers to the target now.
    ReferenceAdded { account: RecordKey<'a>, target: RecordKey<'a> },
    /// The account refers to the target no more.
    ReferenceRemoved { account: RecordKey<'a>, target: RecordKey<'a> },
    /// The task came to be.
    TaskCreated { task_id: TaskId },
    /// The task completed or failed.
    TaskResolved { task_id: TaskId },
    /// The scope of the session changed, or its guard was waived.
    SessionChanged { session_id: SessionId },
}

impl Fact<'_> {
    fn into_owned(self) -> Fact<'static> {
        match self {
            Fact::AppCreated { clone_from } => Fact::AppCreated { clone_from },
            Fact::AppUpdated => Fact::AppUpdated,
            Fact::AppDeleted => Fact::AppDeleted,
            Fact::ResourceTypeRegistered { resource_type_id } => {
                Fact::ResourceTypeRegistered { resource_type_id }
            }
            Fact::ResourceTypeUpdated { resource_type_id } => Fact::ResourceTypeUpdated { resource_type_id },
            Fact::SessionOpened { session_id } => Fact::SessionOpened { session_id },
            Fact::SessionCompleting { session_id } => Fact::SessionCompleting { session_id },
            Fact::SessionEnded { session_id, status } => Fact::SessionEnded { session_id, status },
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
            Fact::TaskCreated { task_id } => Fact::TaskCreated { task_id },
            Fact::TaskResolved { task_id } => Fact::TaskResolved { task_id },
            Fact::SessionChanged { session_id } => Fact::SessionChanged { session_id },
        }
    }
}

/// A field of a record, but for its references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
#[allow(missing_docs, reason = "they are the fields of Account and Group")]
pub enum Field {
    Name,
    Description,
    Email,
    Username,
    FirstName,
    LastName,
    DisplayName,
    Status,
    /// All of them, as one field.
    Attributes,
}

words!(Field, "field", "a field of an account or a group", {
    Name = 0 "name",
    Description = 1 "description",
    Email = 2 "email",
    Username = 3 "username",
    FirstName = 4 "first_name",
    LastName = 5 "last_name",
    DisplayName = 6 "display_name",
    Status = 7 "status",
    Attributes = 8 "attributes",
});

/// A set of [`Field`]s. Serialized as a number, in which name is bit 0, description 1, email 2,
/// username 3, first_name 4, last_name 5, display_name 6, status 7 and attributes 8.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Fields(u16);

impl Fields {
    /// Whether the set has this field.
    pub const fn contains(self, field: Field) -> bool {
        self.0 & (1 << field.number()) != 0
    }

    /// Whether the set has no field.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The fields of the set, in the order of their bits.
    pub const fn iter(self) -> FieldsIter {
        FieldsIter { left: self }
    }

    pub(crate) const fn insert(&mut self, field: Field) {
        self.0 |= 1 << field.number();
    }
}

/// Goes through a set of fields: see [`Fields::iter`].
#[derive(Clone, Debug)]
pub struct FieldsIter {
    left: Fields,
}

impl Iterator for FieldsIter {
    type Item = Field;

    fn next(&mut self) -> Option<Field> {
        let next = Field::ALL.iter().copied().find(|field| self.left.contains(*field))?;
        self.left.0 &= !(1 << next.number());
        Some(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = Field::ALL.iter().filter(|field| self.left.contains(**field)).count();
        (left, Some(left))
    }
}

impl ExactSizeIterator for FieldsIter {}

impl IntoIterator for Fields {
    type Item = Field;
    type IntoIter = FieldsIter;

    fn into_iter(self) -> FieldsIter {
        self.iter()
    }
}

/// The names of the fields, with commas between them.
impl core::fmt::Display for Fields {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut separator = "";
        for field in self.iter() {
            write!(f, "{separator}{field}")?;
            separator = ", ";
        }
        Ok(())
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
