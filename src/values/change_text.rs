//! Changes as a line of text, for logs and for people.

use core::fmt::{self, Display, Formatter};

use super::change::{Change, Fact, RecordKey};
use super::id::ResourceTypeId;
use super::quote::Quoted;

/// Tells the slug of a type, where it is known.
pub(crate) type Slugs<'s> = dyn Fn(ResourceTypeId) -> Option<&'s str> + 's;

/// Whoever has nothing but the value has no slugs.
fn unknown<'s>(_: ResourceTypeId) -> Option<&'s str> {
    None
}

/// The record's id, in quotes and escaped, and the id of its type: `record "u1" of type …`. With the type's slug:
/// [`AppView::display`](crate::AppView::display).
impl Display for RecordKey<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, &unknown)
    }
}

/// The number, the app's id, and what changed, in a line; types are told by their ids. With slugs and the app's name:
/// [`Engine::display`](crate::Engine::display).
impl Display for Change<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "change {} of app {}: {}", self.seq, self.app_id, self.fact)
    }
}

/// What changed, in a line; types are told by their ids.
impl Display for Fact<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, &unknown)
    }
}

impl RecordKey<'_> {
    pub(crate) fn write(&self, f: &mut Formatter<'_>, slugs: &Slugs<'_>) -> fmt::Result {
        let id = Quoted(&self.id);
        match slugs(self.resource_type_id) {
            Some(slug) => write!(f, "{slug} {id}"),
            None => write!(f, "record {id} of type {}", self.resource_type_id),
        }
    }
}

impl Fact<'_> {
    pub(crate) fn write(&self, f: &mut Formatter<'_>, slugs: &Slugs<'_>) -> fmt::Result {
        let one = |f: &mut Formatter<'_>, record: &RecordKey<'_>, what: &str| {
            record.write(f, slugs)?;
            f.write_str(what)
        };
        let two = |f: &mut Formatter<'_>, account: &RecordKey<'_>, what: &str, target: &RecordKey<'_>| {
            one(f, account, what)?;
            target.write(f, slugs)
        };
        match self {
            Self::AppCreated { clone_from: None } => f.write_str("the app was created"),
            Self::AppCreated { clone_from: Some(app) } => {
                write!(f, "the app was created as a clone of {app}")
            }
            Self::AppUpdated => f.write_str("the app was updated"),
            Self::AppDeleted => f.write_str("the app was deleted"),
            Self::ResourceTypeRegistered { resource_type_id } => {
                write!(f, "resource type {} was registered", Type(*resource_type_id, slugs))
            }
            Self::ResourceTypeUpdated { resource_type_id } => {
                write!(f, "resource type {} was updated", Type(*resource_type_id, slugs))
            }
            Self::SessionOpened { session_id } => write!(f, "session {session_id} was opened"),
            Self::SessionChanged { session_id } => write!(f, "session {session_id} was changed"),
            Self::SessionCompleting { session_id } => write!(f, "session {session_id} is completing"),
            Self::SessionEnded { session_id, status } => write!(f, "session {session_id} ended: {status}"),
            Self::TaskCreated { task_id } => write!(f, "task {task_id} was created"),
            Self::TaskResolved { task_id } => write!(f, "task {task_id} was resolved"),
            Self::RecordCreated { record } => one(f, record, " was created"),
            Self::RecordUpdated { record, fields } => {
                one(f, record, " was updated: ")?;
                fields.fmt(f)
            }
            Self::RecordDeactivated { record } => one(f, record, " was deactivated"),
            Self::RecordReactivated { record } => one(f, record, " was reactivated"),
            Self::RecordPurged { record } => one(f, record, " was purged"),
            Self::PlaceholderMade { record } => one(f, record, " was made as a placeholder"),
            Self::PlaceholderNamed { record } => one(f, record, ", a placeholder, got a name"),
            Self::PlaceholderWoken { record } => one(f, record, ", a placeholder, became active again"),
            Self::PlaceholderFilled { record } => one(f, record, ", a placeholder, was filled"),
            Self::ReferenceAdded { account, target } => two(f, account, " was added to ", target),
            Self::ReferenceRemoved { account, target } => two(f, account, " was removed from ", target),
        }
    }
}

/// A type by its slug, or its id.
struct Type<'f, 's>(ResourceTypeId, &'f Slugs<'s>);

impl Display for Type<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.1(self.0) {
            Some(slug) => f.write_str(slug),
            None => self.0.fmt(f),
        }
    }
}
