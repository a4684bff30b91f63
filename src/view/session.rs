//! Sessions as readers see them.

use alloc::vec::Vec;

use crate::state::{OpenSession, ResourceType, SessionRef, TypeScope};
use crate::store::{Bits, TypeIndex};
use crate::values::{SessionCounts, SessionId, SessionStatus, Timestamp};
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

    /// Why the host let it fail.
    pub fn reason(self) -> Option<&'a str> {
        self.session.reason()
    }

    /// Sums over its pages, and what its cleanup did so far.
    pub const fn counts(self) -> SessionCounts {
        *self.session.facts().counts()
    }

    /// Full records that were active in its scope when it started: what a guard's percentage is of.
    pub const fn base(self) -> u64 {
        self.session.facts().base()
    }

    /// The types that it calls the roll of, in order of registration; `None` is all of them.
    pub fn scope(self) -> Option<impl Iterator<Item = &'a ResourceType> + 'a> {
        let TypeScope::Types(types) = self.session.facts().scope() else { return None };
        Some(types.iter().map(move |&index| self.app.type_at(index)))
    }

    /// How far it came, for each type in order of registration, those out of scope too. Of an ended
    /// session: for the types that there were when it ended.
    pub fn progress(self) -> impl Iterator<Item = TypeProgress<'a>> + 'a {
        let at_end = self.session.synced_at_end();
        let shown = at_end.map_or(self.app.registry().len(), <[u64]>::len);
        self.app.registry().indexed().take(shown).map(move |(index, resource_type)| {
            let seen = || self.app.app().store().table(index).map_or(0, |table| table.seen().ones());
            let synced_count = at_end.map_or_else(seen, |synced| synced[index.at()]);
            TypeProgress { resource_type, synced_count }
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
