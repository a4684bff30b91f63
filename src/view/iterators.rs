//! What goes through apps, types, sessions and references, under names that a caller can keep.

use core::fmt;

use crate::engine::Engine;
use crate::state::{App, GroupApps, OrderedIter, RegistryTypes, ResourceType, SessionRefs, State};
use crate::store::{ReferenceRuns, Row, RowKey, TypeIndex};
use crate::values::AppId;
use crate::view::{AppView, RecordView, SessionView, TypeProgress};

/// Goes through apps in order of creation: see [`Engine::apps`].
#[derive(Clone)]
pub struct Apps<'e> {
    engine: &'e Engine,
    apps: OrderedIter<'e, AppId, App>,
}

impl<'e> Apps<'e> {
    pub(super) fn of(engine: &'e Engine) -> Self {
        Self { engine, apps: engine.state().apps.iter() }
    }
}

impl<'e> Iterator for Apps<'e> {
    type Item = AppView<'e>;

    fn next(&mut self) -> Option<AppView<'e>> {
        self.apps.next().map(|(id, app)| AppView::new(self.engine, id, app))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.apps.size_hint()
    }
}

impl DoubleEndedIterator for Apps<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.apps.next_back().map(|(id, app)| AppView::new(self.engine, id, app))
    }
}

impl ExactSizeIterator for Apps<'_> {}

impl fmt::Debug for Apps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Goes through the apps that share resource types: see [`AppView::clone_group`].
#[derive(Clone)]
pub struct CloneGroupApps<'e> {
    state: &'e State,
    apps: GroupApps<'e>,
}

impl<'e> CloneGroupApps<'e> {
    pub(super) fn of(state: &'e State, app: &App) -> Self {
        Self { state, apps: state.groups.get(app.group()).apps() }
    }
}

impl Iterator for CloneGroupApps<'_> {
    type Item = AppId;

    fn next(&mut self) -> Option<AppId> {
        let ordinal = self.apps.next()?;
        Some(self.state.apps.at(ordinal).expect("an app of a group is there").0)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.apps.size_hint()
    }
}

impl ExactSizeIterator for CloneGroupApps<'_> {}

impl fmt::Debug for CloneGroupApps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Goes through the resource types of an app in order of registration: see [`AppView::resource_types`].
#[derive(Clone, Debug)]
pub struct ResourceTypes<'a> {
    pub(super) types: RegistryTypes<'a>,
}

impl<'a> Iterator for ResourceTypes<'a> {
    type Item = &'a ResourceType;

    fn next(&mut self) -> Option<&'a ResourceType> {
        self.types.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.types.size_hint()
    }
}

impl DoubleEndedIterator for ResourceTypes<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.types.next_back()
    }
}

impl ExactSizeIterator for ResourceTypes<'_> {}

/// Goes through some of the resource types of an app, in order of registration: see [`SessionView::scope`] and
/// [`SessionView::excluded`].
#[derive(Clone)]
pub struct SessionTypes<'a> {
    app: AppView<'a>,
    types: core::slice::Iter<'a, TypeIndex>,
}

impl<'a> SessionTypes<'a> {
    pub(super) fn of(app: AppView<'a>, types: &'a [TypeIndex]) -> Self {
        Self { app, types: types.iter() }
    }
}

impl<'a> Iterator for SessionTypes<'a> {
    type Item = &'a ResourceType;

    fn next(&mut self) -> Option<&'a ResourceType> {
        self.types.next().map(|of| self.app.type_at(*of))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.types.size_hint()
    }
}

impl ExactSizeIterator for SessionTypes<'_> {}

impl fmt::Debug for SessionTypes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(ResourceType::slug)).finish()
    }
}

/// Goes through the sessions that an app keeps, oldest first: see [`AppView::sessions`].
#[derive(Clone)]
pub struct SessionViews<'a> {
    pub(super) app: AppView<'a>,
    pub(super) sessions: SessionRefs<'a>,
}

impl<'a> Iterator for SessionViews<'a> {
    type Item = SessionView<'a>;

    fn next(&mut self) -> Option<SessionView<'a>> {
        self.sessions.next().map(|session| SessionView::new(self.app, session))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.sessions.size_hint()
    }
}

impl DoubleEndedIterator for SessionViews<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.sessions.next_back().map(|session| SessionView::new(self.app, session))
    }
}

impl fmt::Debug for SessionViews<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Goes through the types of a session, and how far it came: see [`SessionView::progress`].
#[derive(Clone)]
pub struct SessionProgress<'a> {
    session: SessionView<'a>,
    next: TypeIndex,
    left: usize,
}

impl<'a> SessionProgress<'a> {
    pub(super) const fn of(session: SessionView<'a>, types: usize) -> Self {
        Self { session, next: TypeIndex(0), left: types }
    }
}

impl<'a> Iterator for SessionProgress<'a> {
    type Item = TypeProgress<'a>;

    fn next(&mut self) -> Option<TypeProgress<'a>> {
        self.left = self.left.checked_sub(1)?;
        let of = self.next;
        self.next = of.next();
        Some(self.session.progress_of(of))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for SessionProgress<'_> {}

impl fmt::Debug for SessionProgress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Goes through the groups and licenses that an account refers to: see [`RecordView::references`].
#[derive(Clone)]
pub struct ReferenceViews<'a> {
    app: AppView<'a>,
    of: TypeIndex,
    rows: core::slice::Iter<'a, [u8; 4]>,
    runs: ReferenceRuns<'a>,
}

impl<'a> ReferenceViews<'a> {
    pub(super) fn of(app: AppView<'a>, runs: ReferenceRuns<'a>) -> Self {
        Self { app, of: TypeIndex(0), rows: [].iter(), runs }
    }
}

impl<'a> Iterator for ReferenceViews<'a> {
    type Item = RecordView<'a>;

    fn next(&mut self) -> Option<RecordView<'a>> {
        loop {
            if let Some(row) = self.rows.next() {
                let key = RowKey::new(self.of, Row(u32::from_le_bytes(*row)));
                return Some(RecordView::new(self.app, key.of, key.row));
            }
            let (of, rows) = self.runs.next()?;
            (self.of, self.rows) = (of, rows.iter());
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rows.len(), Some(self.rows.len() + self.runs.words()))
    }
}

impl fmt::Debug for ReferenceViews<'_> {
    /// Their types' slugs and their ids.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.clone().map(|record| (record.resource_type().slug(), record.id())))
            .finish()
    }
}
