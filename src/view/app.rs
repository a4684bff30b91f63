//! One app as readers see it.

use crate::engine::Engine;
use crate::state::app::App;
use crate::state::registry::{Registry, ResourceType};
use crate::state::session::SessionStatus;
use crate::values::command::Guard;
use crate::values::error::Error;
use crate::values::id::{AppId, ResourceTypeId, SessionId, TaskId};
use crate::values::time::Timestamp;
use crate::view::{
    Preview, RecordCounts, RecordFilter, RecordView, Records, SessionView, TaskPage, TaskQuery, TaskView,
};

/// Whether an app has ever completed a session (SPEC 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum ConfigurationStatus {
    /// Not yet.
    CheckingConfiguration,
    /// It has.
    Configured,
}

impl ConfigurationStatus {
    /// `CHECKING_CONFIGURATION` or `CONFIGURED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CheckingConfiguration => "CHECKING_CONFIGURATION",
            Self::Configured => "CONFIGURED",
        }
    }
}

/// An app, to be read.
#[derive(Clone, Copy)]
pub struct AppView<'a> {
    pub(super) engine: &'a Engine,
    pub(super) id: AppId,
    pub(super) app: &'a App,
    pub(super) registry: &'a Registry,
}

impl core::fmt::Debug for AppView<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AppView").field("id", &self.id).field("name", &self.app.name).finish_non_exhaustive()
    }
}

impl<'a> AppView<'a> {
    pub(super) fn new(engine: &'a Engine, id: AppId, app: &'a App) -> Option<Self> {
        Some(Self { engine, id, app, registry: engine.groups.get(&app.group)? })
    }

    /// Its id.
    pub const fn id(self) -> AppId {
        self.id
    }

    /// What people call it.
    pub fn name(self) -> &'a str {
        &self.app.name
    }

    /// Whether it has ever completed a session.
    pub const fn configuration_status(self) -> ConfigurationStatus {
        match self.app.last_synced_at {
            None => ConfigurationStatus::CheckingConfiguration,
            Some(_) => ConfigurationStatus::Configured,
        }
    }

    /// When it was created.
    pub const fn created_at(self) -> Timestamp {
        self.app.created_at
    }

    /// When the last of its sessions that completed did so.
    pub const fn last_synced_at(self) -> Option<Timestamp> {
        self.app.last_synced_at
    }

    /// Its limit on deactivations per session.
    pub const fn guard(self) -> Guard {
        self.app.guard
    }

    /// The apps that share its resource types, itself among them, in order of creation. Goes through
    /// all apps of the engine.
    pub fn clone_group(self) -> impl Iterator<Item = AppId> + 'a {
        let group = self.app.group;
        self.engine.apps.iter().filter(move |(_, app)| app.group == group).map(|(&id, _)| id)
    }

    /// Its resource types, in order of registration.
    pub fn resource_types(self) -> &'a [ResourceType] {
        self.registry.types()
    }

    /// The resource type that has this slug now.
    pub fn resource_type(self, slug: &str) -> Option<&'a ResourceType> {
        self.registry.find(slug).map(|(_, found)| found)
    }

    /// The resource type with this id, as changes name it. Goes through all types.
    pub fn resource_type_by_id(self, id: ResourceTypeId) -> Option<&'a ResourceType> {
        self.registry.types().iter().find(|found| found.id() == id)
    }

    /// The record with this external id, active or not.
    pub fn record(self, slug: &str, id: &str) -> Option<RecordView<'a>> {
        let (number, _) = self.registry.find(slug)?;
        let row = self.app.table(number)?.find(self.engine.key.id(id), id)?;
        RecordView::new(self, number, row)
    }

    /// The records of a type in order of first sight; `None` if there is no such type.
    ///
    /// To page, `skip` and `take`: skipping looks at one bit per record, 64 at a time.
    pub fn records(self, slug: &str, filter: RecordFilter) -> Option<Records<'a>> {
        let (number, _) = self.registry.find(slug)?;
        Some(Records::new(self, number, filter))
    }

    /// How many records of a type there are; `None` if there is no such type. Looks at one bit per
    /// record, 64 at a time.
    pub fn record_counts(self, slug: &str) -> Option<RecordCounts> {
        let (number, _) = self.registry.find(slug)?;
        Some(RecordCounts::of(self.app.table(number)))
    }

    /// The sessions that it remembers, oldest first.
    pub fn sessions(self) -> impl DoubleEndedIterator<Item = SessionView<'a>> + ExactSizeIterator + 'a {
        self.app.sessions.iter().map(move |session| SessionView::new(self, session))
    }

    /// The session with this id, if it is remembered.
    pub fn session(self, id: SessionId) -> Option<SessionView<'a>> {
        self.app.session(id).map(|session| SessionView::new(self, session))
    }

    /// What completing the session now would mark inactive (SPEC 4.7).
    ///
    /// Looks at a bit per record in scope, 64 at a time, and at the references of each account that
    /// would go.
    ///
    /// # Errors
    /// [`SessionNotFound`](Error::SessionNotFound); [`WrongState`](Error::WrongState) unless in progress.
    pub fn preview(self, session: SessionId) -> Result<Preview<'a>, Error> {
        let found = self.app.session(session).ok_or(Error::SessionNotFound { session })?;
        found.expect(SessionStatus::InProgress)?;
        Ok(Preview::new(self, found))
    }

    /// The task with this id.
    pub fn task(self, id: TaskId) -> Option<TaskView<'a>> {
        self.app.tasks.get(&id).and_then(|task| TaskView::new(self, task))
    }

    /// A page of its tasks, in order of creation. Goes through all of them.
    ///
    /// # Errors
    /// [`InvalidArgument`](Error::InvalidArgument) for a `limit` that is not 1..=1,000.
    pub fn tasks(self, query: &TaskQuery) -> Result<TaskPage<'a>, Error> {
        TaskPage::of(self, query, self.engine.config.limits())
    }
}
