//! Sessions as readers see them.

use alloc::vec::Vec;

use crate::state::registry::ResourceType;
use crate::state::session::{Session, SessionCounts, SessionStatus};
use crate::store::Bits;
use crate::values::id::SessionId;
use crate::values::record::Kind;
use crate::values::time::Timestamp;
use crate::verbs::reconcile;
use crate::view::{AppView, RecordView};

/// A session, open or ended, to be read (SPEC 5).
#[derive(Clone, Copy)]
pub struct SessionView<'a> {
    app: AppView<'a>,
    session: &'a Session,
}

impl core::fmt::Debug for SessionView<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.session.fmt(f)
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
    pub(super) const fn new(app: AppView<'a>, session: &'a Session) -> Self {
        Self { app, session }
    }

    /// Its id.
    pub const fn id(self) -> SessionId {
        self.session.id
    }

    /// Where it is in its life.
    pub const fn status(self) -> SessionStatus {
        self.session.status
    }

    /// When it was opened.
    pub const fn started_at(self) -> Timestamp {
        self.session.started_at
    }

    /// When it ended.
    pub const fn ended_at(self) -> Option<Timestamp> {
        self.session.ended_at
    }

    /// Why the host let it fail.
    pub fn reason(self) -> Option<&'a str> {
        self.session.reason.as_deref()
    }

    /// Sums over its pages, and what its cleanup did so far.
    pub const fn counts(self) -> SessionCounts {
        self.session.counts
    }

    /// Full records that were active in its scope when it started: what a guard's percentage is of.
    pub const fn base(self) -> u64 {
        self.session.base
    }

    /// The types that it calls the roll of, in order of registration; `None` is all of them.
    pub fn scope(self) -> Option<impl Iterator<Item = &'a ResourceType> + 'a> {
        let scope = self.session.scope.as_ref()?;
        Some(scope.iter().filter_map(move |&number| self.app.registry.get(number)))
    }

    /// How far it came, for each type in order of registration, those out of scope too. Of an ended
    /// session: for the types that there were when it ended.
    pub fn progress(self) -> impl Iterator<Item = TypeProgress<'a>> + 'a {
        let types = self.app.registry.types();
        let shown = if self.session.status.has_ended() { self.session.synced.len() } else { types.len() };
        (0..).zip(types.iter().take(shown)).map(move |(number, resource_type)| TypeProgress {
            resource_type,
            synced_count: self.session.synced(number),
        })
    }
}

/// What completing a session now would mark inactive, placeholders too: see [`AppView::preview`].
#[derive(Clone, Debug)]
pub struct Preview<'a> {
    app: AppView<'a>,
    /// By table, the rows.
    stale: Vec<Bits>,
}

impl<'a> Preview<'a> {
    pub(super) fn new(app: AppView<'a>, session: &Session) -> Self {
        Self { app, stale: reconcile::stale(&app.app.tables, session, app.registry) }
    }

    /// How many records.
    pub fn total(&self) -> u64 {
        self.stale.iter().map(Bits::ones).sum()
    }

    /// How many of each type, in order of registration; those out of scope have 0.
    pub fn by_type(&self) -> impl Iterator<Item = (&'a ResourceType, u64)> + '_ {
        let counts = self.stale.iter().map(Bits::ones).chain(core::iter::repeat(0));
        self.app.registry.types().iter().zip(counts)
    }

    /// Which records, in the order in which a cleanup would mark them.
    pub fn records(&self) -> impl Iterator<Item = RecordView<'a>> + '_ {
        let of_accounts = |accounts: bool| {
            (0..).zip(&self.stale).filter(move |(number, _)| {
                let found = self.app.registry.get(*number);
                found.is_some_and(|found| (found.kind() == Kind::Account) == accounts)
            })
        };
        of_accounts(true)
            .chain(of_accounts(false))
            .flat_map(|(number, rows)| rows.iter().map(move |row| (number, row)))
            .filter_map(|(number, row)| RecordView::new(self.app, number, row))
    }
}
