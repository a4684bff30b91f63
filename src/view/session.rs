//! Sessions as readers see them.

use crate::state::{Marked, ResourceType, SessionRef};
use crate::store::TypeIndex;
use crate::values::{SessionCounts, SessionId, SessionStatus, Timestamp};
use crate::view::{AppView, SessionProgress, SessionTypes};

/// A session, open or ended, to be read ([SPEC 5](crate::spec#5-progress-and-history)). All that it shows is at hand:
/// nothing of it goes through records.
#[derive(Clone, Copy)]
pub struct SessionView<'a> {
    app: AppView<'a>,
    session: SessionRef<'a>,
}

impl core::fmt::Debug for SessionView<'_> {
    /// Where it is, why it failed, if it did, and its counts in words.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut session = f.debug_struct("SessionView");
        session.field("id", &self.id()).field("status", &self.status());
        if let Some(reason) = self.reason() {
            session.field("reason", &reason);
        }
        session
            .field("started_at", &self.started_at())
            .field("ended_at", &self.ended_at())
            .field("counts", &format_args!("{}", self.counts()))
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
    pub fn scope(self) -> Option<SessionTypes<'a>> {
        let types = self.session.facts().scope().opened_for()?;
        Some(SessionTypes::of(self.app, types))
    }

    /// The types that were taken out of its scope, in order of registration: see
    /// [`exclude_types`](crate::Engine::exclude_types).
    pub fn excluded(self) -> SessionTypes<'a> {
        SessionTypes::of(self.app, self.session.facts().scope().excluded())
    }

    /// How far it came, for each type in order of registration, those out of scope too. Of an ended
    /// session: for the types that there were when it ended.
    pub fn progress(self) -> SessionProgress<'a> {
        let at_end = self.session.marked_at_end();
        SessionProgress::of(self, at_end.map_or(self.app.registry().len(), <[Marked]>::len))
    }

    /// How far it came with a type that is shown.
    pub(super) fn progress_of(self, of: TypeIndex) -> TypeProgress<'a> {
        let (at_end, facts) = (self.session.marked_at_end(), self.session.facts());
        let marked = || Marked::of(self.app.app().store().table(of));
        let Marked { synced, retained } = at_end.map_or_else(marked, |marked| marked[of.at()]);
        let (pages, in_scope) = (facts.figures().of(of).pages, facts.scope().contains(of));
        let resource_type = self.app.type_at(of);
        TypeProgress { resource_type, synced_count: synced, pages, in_scope, retained_count: retained }
    }
}
