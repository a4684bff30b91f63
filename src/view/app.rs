//! One app as readers see it.

use crate::engine::Engine;
use crate::state::{App, Registry, ResourceType, SessionRef};
use crate::store::{RowKey, TypeIndex};
use crate::values::{
    AppId, ConfigurationStatus, Error, Guard, RecordFilter, RecordKey, ResourceTypeId, SessionId,
    SessionStatus, TaskId, Timestamp,
};
use crate::view::{
    CloneGroupApps, Preview, RecordCounts, RecordKeyDisplay, RecordView, RecordViews, RecordsBehind,
    ResourceTypes, SessionView, SessionViews, TaskPage, TaskQuery, TaskView,
};

/// An app, to be read. Methods without a stated cost take constant time; so does each step of an iterator.
#[derive(Clone, Copy)]
pub struct AppView<'a> {
    engine: &'a Engine,
    id: AppId,
    app: &'a App,
    registry: &'a Registry,
}

impl core::fmt::Debug for AppView<'_> {
    /// Its name, how many records it has of each type, and its last session. It looks at no record.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AppView")
            .field("id", &self.id)
            .field("name", &self.name())
            .field("records", &CountsByType(*self))
            .field("last_session", &self.sessions().next_back())
            .field("last_synced_at", &self.last_synced_at())
            .finish_non_exhaustive()
    }
}

/// How many records an app has of each type.
struct CountsByType<'a>(AppView<'a>);

impl core::fmt::Debug for CountsByType<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let app = self.0;
        let counts = app.resource_types().filter_map(|of| Some((of.slug(), app.record_counts(of.slug())?)));
        f.debug_map().entries(counts).finish()
    }
}

impl<'a> AppView<'a> {
    pub(super) const fn registry(self) -> &'a Registry {
        self.registry
    }

    pub(super) const fn app(self) -> &'a App {
        self.app
    }

    /// The type of a record that there is.
    pub(super) fn type_at(self, of: TypeIndex) -> &'a ResourceType {
        self.registry.at(of)
    }

    pub(super) fn new(engine: &'a Engine, id: AppId, app: &'a App) -> Self {
        Self { engine, id, app, registry: engine.state().groups.get(app.group()).registry() }
    }

    /// Its id.
    pub const fn id(self) -> AppId {
        self.id
    }

    /// What people call it.
    pub fn name(self) -> &'a str {
        self.app.name()
    }

    /// Whether it has ever completed a session.
    pub const fn configuration_status(self) -> ConfigurationStatus {
        self.app.configuration_status()
    }

    /// When it was created.
    pub const fn created_at(self) -> Timestamp {
        self.app.created_at()
    }

    /// When the last of its sessions that completed did so.
    pub const fn last_synced_at(self) -> Option<Timestamp> {
        self.app.last_synced_at()
    }

    /// Its limit on deactivations per session.
    pub const fn guard(self) -> Guard {
        self.app.guard()
    }

    /// The apps that share its resource types, itself among them, in order of creation. Each step costs the logarithm
    /// of the number of apps.
    pub fn clone_group(self) -> CloneGroupApps<'a> {
        CloneGroupApps::of(self.engine.state(), self.app)
    }

    /// Its resource types, in order of registration.
    pub fn resource_types(self) -> ResourceTypes<'a> {
        ResourceTypes { types: self.registry.types() }
    }

    /// The resource type that has this slug now. Costs a hash.
    pub fn resource_type(self, slug: &str) -> Option<&'a ResourceType> {
        self.registry.find(slug).map(|(_, resource_type)| resource_type)
    }

    /// The resource type with this id, as changes name it. Goes through all types.
    pub fn resource_type_by_id(self, id: ResourceTypeId) -> Option<&'a ResourceType> {
        self.registry.types().find(|resource_type| resource_type.id() == id)
    }

    /// The key of a record of this app, to print itself with the type's slug: `team "g1"`. The id is in quotes and
    /// escaped. Goes through the app's types.
    pub fn display<'k>(self, key: &'k RecordKey<'_>) -> RecordKeyDisplay<'k>
    where
        'a: 'k,
    {
        RecordKeyDisplay::new(self, key)
    }

    /// The record with this external id, active or not. Costs a hash and a lookup, however many there are.
    pub fn record(self, slug: &str, id: &str) -> Option<RecordView<'a>> {
        let RowKey { of, row } = self.find(slug, id)?;
        Some(RecordView::new(self, of, row))
    }

    pub(super) fn find(self, slug: &str, id: &str) -> Option<RowKey> {
        let (of, _) = self.registry.find(slug)?;
        let row = self.app.store().table(of)?.find(self.engine.key().id(id), id)?;
        Some(RowKey::new(of, row))
    }

    /// The records of a type in order of first sight; `None` if there is no such type.
    ///
    /// To page, `skip` and `take`. An offset moves when records come to match the filter or cease to, or are purged
    /// or erased, between two reads; what is read [behind a record](Self::records_behind) does not.
    ///
    /// Looks at a bit of each record up to the last that is shown, 64 at a time, whatever
    /// the filter; of the record itself only where it is shown and asked. How many there are is known, but for
    /// [`Dangling`](RecordFilter::Dangling): to count those looks first at a bit of each record of the type, and at the
    /// referrers of each that is inactive and full.
    pub fn records(self, slug: &str, filter: RecordFilter) -> Option<RecordViews<'a>> {
        let (of, _) = self.registry.find(slug)?;
        Some(RecordViews::new(self, of, filter))
    }

    /// The records of a type behind one of them, in order of first sight; `None` if there is no such type, or it has
    /// no record with this id. The record itself need not match the filter.
    ///
    /// The id of the last record of a page is where the next page begins, whatever is pushed, cleaned up, purged or
    /// erased in between: none comes twice, and none is left out that matches all the while. Only if that record is
    /// itself purged or erased, the page has no place to begin.
    ///
    /// Looks at a bit of each record from there up to the last that is shown, 64 at a time, and at none before; with
    /// [`Dangling`](RecordFilter::Dangling) also at the referrers of each that is inactive and full.
    pub fn records_behind(
        self,
        slug: &str,
        filter: RecordFilter,
        after_id: &str,
    ) -> Option<RecordsBehind<'a>> {
        Some(RecordsBehind::behind(self, self.find(slug, after_id)?, filter))
    }

    /// How many records of a type there are; `None` if there is no such type. Looks at none of them. How many dangle is
    /// what [`records`](Self::records) goes through.
    pub fn record_counts(self, slug: &str) -> Option<RecordCounts> {
        let (of, _) = self.registry.find(slug)?;
        Some(RecordCounts::of(self.app.store().table(of)))
    }

    /// Whether the members of a type's records are [indexed](crate::Engine::index_members); false if there is no such
    /// type.
    pub fn indexes_members(self, slug: &str) -> bool {
        self.registry.find(slug).is_some_and(|(of, _)| self.app.store().indexes_members(of))
    }

    /// How many sessions it keeps.
    pub fn session_count(self) -> usize {
        self.app.sessions().len()
    }

    /// The sessions that it keeps, oldest first.
    pub fn sessions(self) -> SessionViews<'a> {
        SessionViews { app: self, sessions: self.app.sessions().iter() }
    }

    /// The session with this id, if the app keeps it. Looks at those that it keeps, the newest first.
    pub fn session(self, id: SessionId) -> Option<SessionView<'a>> {
        self.app.sessions().get(id).ok().map(|session| SessionView::new(self, session))
    }

    /// What completing the session now would mark inactive ([SPEC 4.7](crate::spec#47-preview)).
    ///
    /// Looks at a bit of each record in scope, 64 at a time, at the references of each account that would go, and
    /// at the count of each active placeholder in scope.
    ///
    /// # Errors
    /// [`SessionNotFound`](Error::SessionNotFound); [`WrongState`](Error::WrongState) unless in progress.
    pub fn preview(self, session_id: SessionId) -> Result<Preview<'a>, Error> {
        let session = self.app.sessions().get(session_id)?;
        session.expect(SessionStatus::InProgress)?;
        let SessionRef::Open(open) = session else { unreachable!("a session in progress is the open one") };
        Ok(Preview::new(self, open))
    }

    /// The task with this id. Costs the logarithm of their number.
    pub fn task(self, id: TaskId) -> Option<TaskView<'a>> {
        self.app.tasks().get(id).map(|task| TaskView::new(self, id, task))
    }

    /// A page of its tasks, in order of creation. Goes through all of them.
    ///
    /// # Errors
    /// [`InvalidArgument`](Error::InvalidArgument) for a `limit` that is not 1..=1,000.
    pub fn tasks(self, query: &TaskQuery) -> Result<TaskPage<'a>, Error> {
        TaskPage::of(self, query, self.engine.config().limits())
    }
}
