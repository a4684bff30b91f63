//! Sessions as readers see them.

use alloc::vec::Vec;

use crate::state::{Marked, OpenSession, ResourceType, SessionRef};
use crate::store::{Bits, TypeIndex};
use crate::values::{Plan, SessionCounts, SessionId, SessionStatus, Timestamp};
use crate::verbs::preview;
use crate::view::{AppView, RecordView};

/// A session, open or ended, to be read ([SPEC 5](crate::spec#5-progress-and-history)). All that it shows is at hand:
/// nothing of it goes through records.
#[derive(Clone, Copy)]
pub struct SessionView<'a> {
    app: AppView<'a>,
    session: SessionRef<'a>,
}

impl core::fmt::Debug for SessionView<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SessionView")
            .field("id", &self.id())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// How many records of a type a session got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeProgress<'a> {
    /// The type, under its present slug, name and kind.
    pub resource_type: &'a ResourceType,
    /// Distinct records pushed so far. Placeholders that were only referred to do not count.
    pub synced_count: u64,
    /// Pages of the type that the session got: empty ones too, and those that were repeated by their fingerprints.
    pub pages: u64,
    /// Whether the session calls the roll of the type. Of an ended one: whether it did when it ended.
    pub in_scope: bool,
    /// Distinct records that the session retains and that were not pushed in it: a
    /// [lenient page](crate::Engine::push_lenient_page) named them in a record with a fault.
    pub retained_count: u64,
}

impl<'a> SessionView<'a> {
    pub(super) const fn new(app: AppView<'a>, session: SessionRef<'a>) -> Self {
        Self { app, session }
    }

    /// Its id.
    pub const fn id(self) -> SessionId {
        self.session.facts().id()
    }

    /// Where it is in its life.
    pub const fn status(self) -> SessionStatus {
        self.session.status()
    }

    /// When it was opened.
    pub const fn started_at(self) -> Timestamp {
        self.session.facts().started_at()
    }

    /// When it ended.
    pub const fn ended_at(self) -> Option<Timestamp> {
        self.session.ended_at()
    }

    /// When it was last taken a step further: by its start, a page, an exclusion, a checkpoint, or its completion when that was
    /// accepted ([SPEC 5](crate::spec#5-progress)).
    pub const fn last_activity_at(self) -> Timestamp {
        self.session.facts().last_activity_at()
    }

    /// Whether it is no longer held to its app's [`Guard`](crate::Guard) ([SPEC 4.8](crate::spec#48-guard)).
    pub const fn guard_waived(self) -> bool {
        self.session.facts().guard_waived()
    }

    /// The text that its connector [saved](crate::Engine::save_checkpoint) last, unless that was none.
    pub fn checkpoint(self) -> Option<&'a str> {
        self.session.facts().checkpoint()
    }

    /// Why the host let it fail, or `expired`.
    pub fn reason(self) -> Option<&'a str> {
        self.session.reason()
    }

    /// Sums over its pages, and what its cleanup did so far.
    pub const fn counts(self) -> SessionCounts {
        *self.session.facts().counts()
    }

    /// Full records that were active in its scope when it started: what a guard's percentage is of.
    pub fn base(self) -> u64 {
        self.session.facts().base()
    }

    /// The types that it was opened for, in order of registration; `None` is all of them, also those that are
    /// registered later. In scope are those that were not [excluded](Self::excluded) since.
    pub fn scope(self) -> Option<impl Iterator<Item = &'a ResourceType> + 'a> {
        let types = self.session.facts().scope().opened_for()?;
        Some(types.iter().map(move |&index| self.app.type_at(index)))
    }

    /// The types that were taken out of its scope, in order of registration: see
    /// [`exclude_types`](crate::Engine::exclude_types).
    pub fn excluded(self) -> impl Iterator<Item = &'a ResourceType> + 'a {
        let excluded = self.session.facts().scope().excluded();
        excluded.iter().map(move |&index| self.app.type_at(index))
    }

    /// How far it came, for each type in order of registration, those out of scope too. Of an ended
    /// session: for the types that there were when it ended.
    pub fn progress(self) -> impl Iterator<Item = TypeProgress<'a>> + 'a {
        let (at_end, facts) = (self.session.marked_at_end(), self.session.facts());
        let shown = at_end.map_or(self.app.registry().len(), <[Marked]>::len);
        self.app.registry().indexed().take(shown).map(move |(index, resource_type)| {
            let marked = || Marked::of(self.app.app().store().table(index));
            let Marked { synced, retained } = at_end.map_or_else(marked, |marked| marked[index.at()]);
            let (pages, in_scope) = (facts.figures().of(index).pages, facts.scope().contains(index));
            TypeProgress { resource_type, synced_count: synced, pages, in_scope, retained_count: retained }
        })
    }
}

/// What completing a session now would mark inactive, placeholders too: see [`AppView::preview`]. A
/// [`Guard`](crate::Guard) is asked about the full records alone.
#[derive(Clone, Debug)]
pub struct Preview<'a> {
    app: AppView<'a>,
    /// By table, the rows.
    stale: Vec<Bits>,
}

impl<'a> Preview<'a> {
    pub(super) fn new(app: AppView<'a>, session: &OpenSession) -> Self {
        Self { app, stale: preview::stale(app.app().store(), session, app.registry()) }
    }

    /// How many records, placeholders among them: it may be more than a [`Guard`](crate::Guard) is asked about. They
    /// are counted.
    pub fn total(&self) -> u64 {
        self.stale.iter().map(Bits::ones).sum()
    }

    /// What stands for the set of these records: somebody who approves them completes the session
    /// [with this plan](crate::Completion::with_plan). Hashes the id of each.
    pub fn plan(&self) -> Plan {
        preview::plan(self.app.app().store(), self.app.registry(), &self.stale)
    }

    /// How many of each type, in order of registration; those out of scope have 0.
    pub fn by_type(&self) -> impl Iterator<Item = (&'a ResourceType, u64)> + '_ {
        let counts = self.stale.iter().map(Bits::ones).chain(core::iter::repeat(0));
        self.app.registry().types().zip(counts)
    }

    /// Which records, in the order in which a cleanup would mark them. Looks at a bit of each record in scope, 64 at a
    /// time.
    pub fn records(&self) -> impl Iterator<Item = RecordView<'a>> + '_ {
        let app = self.app;
        let of_accounts = move |accounts: bool| {
            let types = TypeIndex::all().zip(&self.stale);
            types.filter(move |(index, _)| app.registry().is_account(*index) == accounts)
        };
        of_accounts(true)
            .chain(of_accounts(false))
            .flat_map(move |(index, rows)| rows.iter().map(move |row| RecordView::new(app, index, row)))
    }
}
