//! Sessions: the life of one roll call.
//!
//! in_progress → completing → completed, or in_progress → abandoned, or in_progress → error. A session
//! that is open and one that has ended are two types: what only one of them has, the other cannot be
//! asked for. What the steps do to records is the verbs' part.

mod cursor;
mod figures;
#[cfg(feature = "serde")]
mod saved;
mod scope;
mod settled;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

pub(crate) use cursor::Cursor;
pub(crate) use figures::{Figures, Marked, TypeFigures};
pub(crate) use scope::TypeScope;
pub(crate) use settled::SettledIds;

use crate::store::TypeIndex;
use crate::values::{
    Checked, DigestHasher, DigestStream, Error, Limits, PageOutcome, Rule, SessionCounts, SessionId,
    SessionStatus, Timestamp, ensure, ensure_text,
};

/// What is known of a session, open or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionFacts {
    pub(super) id: SessionId,
    pub(super) scope: TypeScope,
    pub(super) started_at: Timestamp,
    /// When it was last taken a step further.
    last_activity_at: Timestamp,
    /// Whether it is no longer held to its app's guard.
    guard_waived: bool,
    /// Opaque: the connector's.
    checkpoint: Option<String>,
    figures: Figures,
    pub(super) counts: SessionCounts,
}

impl SessionFacts {
    pub(crate) const fn id(&self) -> SessionId {
        self.id
    }

    pub(crate) const fn scope(&self) -> &TypeScope {
        &self.scope
    }

    pub(crate) const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    pub(crate) const fn last_activity_at(&self) -> Timestamp {
        self.last_activity_at
    }

    pub(crate) const fn guard_waived(&self) -> bool {
        self.guard_waived
    }

    pub(crate) fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// How many changes told of it, at least, beside its start and its end.
    pub(crate) const fn changes_told(&self) -> u64 {
        self.scope.is_changed() as u64 + self.guard_waived as u64
    }

    pub(crate) const fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Full records of the types in scope that were active when it started.
    pub(crate) fn base(&self) -> u64 {
        let in_scope = self.figures.iter().filter(|(index, _)| self.scope.contains(*index));
        // What a snapshot claims is summed up before it is checked.
        in_scope.fold(0, |sum, (_, of)| sum.saturating_add(of.base))
    }

    pub(crate) const fn counts(&self) -> &SessionCounts {
        &self.counts
    }

    fn digest(&self, hasher: &mut DigestHasher) {
        let Self { id, scope, started_at, last_activity_at, guard_waived, checkpoint, figures, counts } =
            self;
        hasher.bytes(id.0.as_bytes());
        scope.digest(hasher);
        hasher.i64(started_at.as_millis());
        match hasher.stream() {
            #[cfg(feature = "serde")]
            DigestStream::Third => {
                hasher.u64(self.base());
                debug_assert!(
                    counts.rejected + counts.settled == 0,
                    "there were neither lenient pages nor deltas"
                );
            }
            DigestStream::Fourth => {
                hasher.i64(last_activity_at.as_millis());
                hasher.flag(*guard_waived);
                hasher.optional_text(checkpoint.as_deref());
                figures.digest(hasher);
                hasher.u64(counts.rejected);
                hasher.u64(counts.settled);
            }
        }
        count_list(counts).into_iter().for_each(|count| hasher.u64(count));
    }

    /// Checks what can be seen without the records. Each record and each fact of a count was a change
    /// once, so no count of them passes the newest sequence number.
    fn validate(&self, types: usize, seq: u64) -> Checked {
        let Self {
            id: _,
            scope,
            started_at: _,
            last_activity_at: _,
            guard_waived: _,
            checkpoint,
            figures,
            counts,
        } = self;
        scope.validate(types)?;
        let rule = Rule::RequiredOpaque { bytes_max: Limits::CEILINGS.checkpoint_bytes_max };
        checkpoint.as_deref().map_or(Ok(()), |text| ensure_text(rule, "a checkpoint", text))?;
        figures.validate(types, seq, counts.references_removed)?;
        let has_pages_in_scope = figures.iter().all(|(index, of)| of.pages == 0 || scope.had(index));
        ensure(has_pages_in_scope, "4.5", || "a type out of scope got pages")?;
        let SessionCounts { created, updated, unchanged, reactivated, filled, placeholders, .. } = *counts;
        let told = created + reactivated + filled + placeholders;
        let told = told + counts.deactivated + counts.references_added + counts.references_removed;
        ensure(told <= seq, "7", || "a session counts more than was told by changes")?;
        let parts = unchanged + reactivated + filled;
        ensure(parts <= updated, "10.8", || "parts exceed the updated")
    }

    /// Checks that no more was synced than pushed and retained than rejected, and nothing out of scope.
    fn validate_marked(&self, marked: &[Marked]) -> Checked {
        let (mut synced, mut retained) = (0_u64, 0_u64);
        for (index, of) in TypeIndex::all().zip(marked) {
            let has_none = *of == Marked::default();
            ensure(has_none || self.scope.had(index), "4.5", || "a type out of scope was synced")?;
            synced = synced.saturating_add(of.synced);
            retained = retained.saturating_add(of.retained);
        }
        let SessionCounts { created, updated, rejected, .. } = self.counts;
        ensure(synced <= created + updated, "10.8", || "more was synced than pushed")?;
        ensure(retained <= rejected, "3.5", || "more is retained than was rejected")
    }
}

/// Each count that there was in format 4, in the order in which it is hashed.
const fn count_list(counts: &SessionCounts) -> [u64; 9] {
    let SessionCounts {
        created,
        updated,
        unchanged,
        reactivated,
        filled,
        placeholders,
        deactivated,
        references_added,
        references_removed,
        // Told beside them, since there are such.
        rejected: _,
        settled: _,
    } = *counts;
    [
        created,
        updated,
        unchanged,
        reactivated,
        filled,
        placeholders,
        deactivated,
        references_added,
        references_removed,
    ]
}

/// What a page did to references, against what was on record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReferenceCounts {
    pub(crate) added: u64,
    pub(crate) removed: u64,
    /// Of the removed: from accounts that were active. What a guard counts.
    pub(crate) taken: u64,
}

/// Where an open session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    InProgress,
    Completing(Cursor),
}

/// A session that is in progress or completing. What was seen in it the store knows: the rows of the
/// present roll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenSession {
    pub(super) facts: SessionFacts,
    phase: Phase,
    /// What it would make a record of, had nobody told that it left. Records that are settled the store knows.
    settled_ids: SettledIds,
}

impl OpenSession {
    /// A session in which nothing was done yet. `figures` has the base of each type.
    pub(crate) fn start(id: SessionId, scope: TypeScope, figures: Figures, now: Timestamp) -> Self {
        let facts = SessionFacts {
            id,
            scope,
            started_at: now,
            last_activity_at: now,
            guard_waived: false,
            checkpoint: None,
            figures,
            counts: SessionCounts::default(),
        };
        Self { facts, phase: Phase::InProgress, settled_ids: SettledIds::default() }
    }

    pub(crate) const fn id(&self) -> SessionId {
        self.facts.id
    }

    pub(crate) const fn scope(&self) -> &TypeScope {
        &self.facts.scope
    }

    pub(crate) const fn facts(&self) -> &SessionFacts {
        &self.facts
    }

    pub(crate) const fn status(&self) -> SessionStatus {
        match self.phase {
            Phase::InProgress => SessionStatus::InProgress,
            Phase::Completing(_) => SessionStatus::Completing,
        }
    }

    /// Where the cleanup stands, if the session is completing.
    pub(crate) const fn cursor(&self) -> Option<Cursor> {
        match self.phase {
            Phase::InProgress => None,
            Phase::Completing(cursor) => Some(cursor),
        }
    }

    /// Notes that somebody took the session a step further.
    pub(crate) fn note_activity(&mut self, now: Timestamp) {
        debug_assert!(self.phase == Phase::InProgress, "a roll that was accepted goes on by itself");
        self.facts.last_activity_at = now;
    }

    /// Holds it to its app's guard no longer.
    pub(crate) fn waive_guard(&mut self) {
        self.facts.guard_waived = true;
    }

    /// Takes types out of scope that are in it.
    pub(crate) fn exclude(&mut self, types: &[TypeIndex]) {
        for &index in types {
            self.facts.scope.exclude(index);
            self.unsettle_ids(index);
        }
    }

    /// Keeps a text of the connector's in the place of the one before; nothing removes it.
    pub(crate) fn set_checkpoint(&mut self, checkpoint: Option<&str>) {
        self.facts.checkpoint = checkpoint.map(ToOwned::to_owned);
    }

    /// Accepts the roll: the cleanup begins.
    pub(crate) fn begin_cleanup(&mut self) {
        debug_assert!(self.phase == Phase::InProgress, "a roll is accepted once");
        self.phase = Phase::Completing(Cursor::default());
    }

    /// Notes how far a step of the cleanup came, and how many records it marked.
    pub(crate) fn advance_cleanup(&mut self, cursor: Cursor, deactivated: u64) {
        debug_assert!(self.cursor().is_some(), "only a completing session is cleaned up");
        self.phase = Phase::Completing(cursor);
        self.facts.counts.deactivated += deactivated;
    }

    /// Lets the cleanup stand where it stood, although rows before it left their table.
    pub(crate) fn move_cursor_back(&mut self, rows: u32) {
        if let Phase::Completing(cursor) = &mut self.phase {
            cursor.row.0 -= rows;
        }
    }

    /// Adds how many records of a page were rejected.
    pub(crate) fn count_rejected(&mut self, records: u32) {
        self.facts.counts.rejected += u64::from(records);
    }

    /// Adds what a page of a type did.
    pub(crate) fn count_page(&mut self, of: TypeIndex, page: &PageOutcome, references: ReferenceCounts) {
        let figures = self.facts.figures.of_mut(of);
        figures.pages += 1;
        figures.removals += references.taken;
        let counts = &mut self.facts.counts;
        counts.created += u64::from(page.created);
        counts.updated += u64::from(page.updated);
        counts.unchanged += u64::from(page.unchanged);
        counts.reactivated += u64::from(page.reactivated);
        counts.filled += u64::from(page.filled);
        counts.placeholders += u64::from(page.placeholders);
        counts.references_added += references.added;
        counts.references_removed += references.removed;
        counts.settled += u64::from(page.settled);
    }

    pub(super) fn digest(&self, hasher: &mut DigestHasher) {
        let Self { facts, phase, settled_ids } = self;
        facts.digest(hasher);
        if hasher.stream() == DigestStream::Fourth {
            settled_ids.digest(hasher);
        }
        match phase {
            Phase::InProgress => hasher.u8(0),
            Phase::Completing(Cursor { accounts_done, of, row }) => {
                hasher.u8(1);
                hasher.flag(*accounts_done);
                hasher.u32(of.0);
                hasher.u32(row.0);
            }
        }
    }

    pub(super) fn validate(&self, types: usize, seq: u64, marked: &[Marked]) -> Checked {
        let Self { facts, phase, settled_ids } = self;
        facts.validate(types, seq)?;
        settled_ids.validate(types)?;
        facts.validate_marked(marked)?;
        match phase {
            Phase::InProgress => {
                ensure(facts.counts.deactivated == 0, "10.5", || "it is in progress, yet it deactivated")
            }
            Phase::Completing(cursor) => {
                ensure(cursor.of.at() <= types, "4.6", || "a cleanup is beyond the types")
            }
        }
    }
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Completed,
    Abandoned,
    Error { reason: String },
}

impl Ending {
    pub(crate) const fn status(&self) -> SessionStatus {
        match self {
            Self::Completed => SessionStatus::Completed,
            Self::Abandoned => SessionStatus::Abandoned,
            Self::Error { .. } => SessionStatus::Error,
        }
    }
}

/// A session of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndedSession {
    pub(super) facts: SessionFacts,
    pub(super) ended_at: Timestamp,
    pub(super) ending: Ending,
    /// By type, of the types that there were when it ended.
    pub(super) marked: Vec<Marked>,
}

impl EndedSession {
    pub(crate) const fn status(&self) -> SessionStatus {
        self.ending.status()
    }

    pub(super) fn digest(&self, hasher: &mut DigestHasher) {
        let Self { facts, ended_at, ending, marked } = self;
        facts.digest(hasher);
        hasher.i64(ended_at.as_millis());
        hasher.u8(ending.status().number());
        if let Ending::Error { reason } = ending {
            hasher.text(reason.as_bytes());
        }
        hasher.u64(marked.len() as u64);
        marked.iter().for_each(|of| hasher.u64(of.synced));
        if hasher.stream() == DigestStream::Fourth {
            marked.iter().for_each(|of| hasher.u64(of.retained));
        }
    }

    pub(super) fn validate(&self, types: usize, seq: u64) -> Checked {
        let Self { facts, ended_at: _, ending, marked } = self;
        facts.validate(types, seq)?;
        ensure(marked.len() <= types, "5", || "it knows more types than there are")?;
        facts.validate_marked(marked)?;
        let cleaned = facts.counts.deactivated > 0;
        match ending {
            Ending::Completed => Ok(()),
            Ending::Abandoned => ensure(!cleaned, "10.5", || "it is abandoned, yet it deactivated"),
            Ending::Error { reason } => {
                let rule = Rule::Required { chars_max: Limits::CEILINGS.reason_chars_max };
                ensure_text(rule, "a reason", reason)?;
                ensure(!cleaned, "10.5", || "it is in error, yet it deactivated")
            }
        }
    }
}

/// A session of whichever type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SessionRef<'a> {
    Open(&'a OpenSession),
    Ended(&'a EndedSession),
}

impl<'a> SessionRef<'a> {
    pub(crate) const fn facts(self) -> &'a SessionFacts {
        match self {
            Self::Open(open) => &open.facts,
            Self::Ended(ended) => &ended.facts,
        }
    }

    pub(crate) const fn status(self) -> SessionStatus {
        match self {
            Self::Open(open) => open.status(),
            Self::Ended(ended) => ended.status(),
        }
    }

    pub(crate) const fn ended_at(self) -> Option<Timestamp> {
        match self {
            Self::Open(_) => None,
            Self::Ended(ended) => Some(ended.ended_at),
        }
    }

    pub(crate) fn reason(self) -> Option<&'a str> {
        match self {
            Self::Ended(EndedSession { ending: Ending::Error { reason }, .. }) => Some(reason),
            _ => None,
        }
    }

    /// What its roll had marked, by type, of a session that has ended.
    pub(crate) fn marked_at_end(self) -> Option<&'a [Marked]> {
        match self {
            Self::Open(_) => None,
            Self::Ended(ended) => Some(&ended.marked),
        }
    }

    /// Refuses a step that only a session in this state can take.
    pub(crate) fn expect(self, expected: SessionStatus) -> Result<(), Error> {
        let status = self.status();
        if status == expected {
            Ok(())
        } else {
            Err(Error::WrongState { session_id: self.facts().id, status, expected })
        }
    }
}

#[cfg(feature = "serde")]
pub(crate) use saved::SavedProgress;
#[cfg(feature = "serde")]
pub(super) use saved::{SavedEndedSession, SavedOpenSession};
