//! The nouns: what an engine keeps for one tenant. Each owns its rules: it validates itself, hashes itself
//! into the digest, and has a saved form of its own.

mod app;
mod change_log;
mod clone_group;
mod ordered;
mod registry;
mod session;
mod sessions;
mod task;

use alloc::collections::BTreeSet;

pub(crate) use app::App;
#[cfg(feature = "serde")]
pub(crate) use app::SavedApp;
pub(crate) use change_log::{ChangeLog, Entry, Gone, RecordFact};
pub(crate) use clone_group::{CloneGroupNumber, CloneGroups, GroupApps};
pub(crate) use ordered::{Ordered, OrderedIter};
pub use registry::ResourceType;
#[cfg(feature = "serde")]
pub(crate) use registry::SavedRegistry;
pub(crate) use registry::{Registry, RegistryTypes};
#[cfg(feature = "serde")]
pub(crate) use session::SavedProgress;
pub(crate) use session::{
    Cursor, Ending, Marked, OpenSession, ReferenceCounts, SessionRef, SettledIds, TypeScope,
};
pub(crate) use sessions::SessionRefs;
pub(crate) use task::{Task, TaskEnding};

use crate::values::{AppId, ResourceTypeId, SessionId, TaskId};

/// All state of one tenant, but for what the last command changed.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// In order of creation.
    pub(crate) apps: Ordered<AppId, App>,
    pub(crate) groups: CloneGroups,
    pub(crate) ids: IdsInUse,
}

impl State {
    /// A copy as of now, which shares the records' chunks with this one: see [`App::freeze`]. Nobody may look for
    /// a record's id in it.
    pub(crate) fn freeze(&mut self) -> Self {
        let Self { apps, groups, ids } = self;
        Self { apps: apps.map_mut(App::freeze), groups: groups.clone(), ids: ids.clone() }
    }
}

/// The ids in use, apart from those of apps.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdsInUse {
    pub(crate) resource_types: BTreeSet<ResourceTypeId>,
    pub(crate) sessions: BTreeSet<SessionId>,
    pub(crate) tasks: BTreeSet<TaskId>,
}
