//! What a snapshot holds of sessions.

use super::*;
use crate::store::Row;
use crate::values::{BrokenInvariant, COUNT_MAX};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "SessionFacts")]
struct SavedFacts {
    id: SessionId,
    /// The indices of the types; none is all.
    scope: Option<Vec<TypeIndex>>,
    started_at: Timestamp,
    base: u64,
    counts: SavedCounts,
}

/// The counts that there were before format 5; what came since is in the progress.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "SessionCounts")]
struct SavedCounts {
    created: u64,
    updated: u64,
    unchanged: u64,
    reactivated: u64,
    filled: u64,
    placeholders: u64,
    deactivated: u64,
    references_added: u64,
    references_removed: u64,
}

impl SavedCounts {
    const fn of(counts: &SessionCounts) -> Self {
        let [
            created,
            updated,
            unchanged,
            reactivated,
            filled,
            placeholders,
            deactivated,
            references_added,
            references_removed,
        ] = count_list(counts);
        Self {
            created,
            updated,
            unchanged,
            reactivated,
            filled,
            placeholders,
            deactivated,
            references_added,
            references_removed,
        }
    }

    /// Nothing is counted that came since.
    fn load(self) -> Result<SessionCounts, BrokenInvariant> {
        let Self {
            created,
            updated,
            unchanged,
            reactivated,
            filled,
            placeholders,
            deactivated,
            references_added,
            references_removed,
        } = self;
        let counts = SessionCounts {
            created,
            updated,
            unchanged,
            reactivated,
            filled,
            placeholders,
            deactivated,
            references_added,
            references_removed,
            rejected: 0,
            settled: 0,
        };
        ensure_within_reach(&count_list(&counts))?;
        Ok(counts)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "OpenSession")]
pub(crate) struct SavedOpenSession {
    facts: SavedFacts,
    /// Of a completing one.
    cursor: Option<SavedCursor>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "Cursor")]
struct SavedCursor {
    accounts_done: bool,
    #[serde(rename = "type")]
    of: TypeIndex,
    row: Row,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "EndedSession")]
pub(crate) struct SavedEndedSession {
    facts: SavedFacts,
    ended_at: Timestamp,
    ending: SavedEnding,
    synced: Vec<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "Ending", rename_all = "snake_case")]
enum SavedEnding {
    Completed,
    Abandoned,
    Error { reason: String },
}

/// Counts that a snapshot claims are such that sums of them cannot overflow.
fn ensure_within_reach(counts: &[u64]) -> Checked {
    ensure(counts.iter().all(|&count| count <= COUNT_MAX), "5", || "a count is beyond reach")
}

impl SavedEndedSession {
    pub(crate) const fn id(&self) -> SessionId {
        self.facts.id
    }
}

impl SavedOpenSession {
    pub(crate) const fn id(&self) -> SessionId {
        self.facts.id
    }
}

/// What a snapshot holds of a session since format 5, in a list of its own behind all else: what was written before
/// has none, and is read as it was.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "SessionProgress")]
pub(crate) struct SavedProgress {
    last_activity_at: Timestamp,
    guard_waived: bool,
    checkpoint: Option<String>,
    /// The indices of the types that were taken out of the scope.
    excluded: Vec<TypeIndex>,
    types: Vec<TypeFigures>,
    rejected: u64,
    settled: u64,
    /// Of one that has ended, how many records of each type it retained: as many as are told of those synced.
    retained: Vec<u64>,
}

impl SessionFacts {
    fn save(&self) -> SavedFacts {
        SavedFacts {
            id: self.id,
            scope: self.scope.opened_for().map(<[_]>::to_vec),
            started_at: self.started_at,
            base: self.base(),
            counts: SavedCounts::of(&self.counts),
        }
    }

    fn save_progress(&self, retained: Vec<u64>) -> SavedProgress {
        SavedProgress {
            last_activity_at: self.last_activity_at,
            guard_waived: self.guard_waived,
            checkpoint: self.checkpoint.clone(),
            excluded: self.scope.excluded().to_vec(),
            types: self.figures.save(),
            rejected: self.counts.rejected,
            settled: self.counts.settled,
            retained,
        }
    }

    /// Without its progress: as far as a snapshot of format 4 tells, given how many types there are. The base was not
    /// told by type; the first type in scope has it, so that it is the sum that it was.
    fn load(saved: SavedFacts, types: usize) -> Result<Self, BrokenInvariant> {
        let SavedFacts { id, scope, started_at, base, counts } = saved;
        let counts = counts.load()?;
        ensure(base <= COUNT_MAX, "4.8", || "a guard's base is beyond reach")?;
        let scope = TypeScope::new(scope);
        let mut figures = Figures::default();
        if base > 0 {
            let first = TypeIndex::all().take(types).find(|index| scope.contains(*index));
            let first = first.ok_or_else(|| BrokenInvariant::new("4.5", "a scope is no set of types"))?;
            figures.of_mut(first).base = base;
        }
        Ok(Self {
            id,
            scope,
            started_at,
            last_activity_at: started_at,
            guard_waived: false,
            checkpoint: None,
            figures,
            counts,
        })
    }

    /// Puts in the place of what format 4 told what was saved beside it. Answers what it retained, if it has ended.
    fn load_progress(&mut self, saved: SavedProgress) -> Result<Vec<u64>, BrokenInvariant> {
        let SavedProgress {
            last_activity_at,
            guard_waived,
            checkpoint,
            excluded,
            types,
            rejected,
            settled,
            retained,
        } = saved;
        let base = self.base();
        ensure_within_reach(&[rejected, settled])?;
        types.iter().try_for_each(|of| ensure_within_reach(&of.all()))?;
        self.last_activity_at = last_activity_at;
        self.guard_waived = guard_waived;
        self.checkpoint = checkpoint;
        self.scope.load_excluded(excluded);
        self.figures = Figures::new(types);
        self.counts.rejected = rejected;
        self.counts.settled = settled;
        ensure(self.base() == base, "4.8", || "a session's base is not the sum of those of its types")?;
        Ok(retained)
    }
}

impl OpenSession {
    pub(crate) fn save(&self) -> SavedOpenSession {
        let save = |Cursor { accounts_done, of, row }| SavedCursor { accounts_done, of, row };
        SavedOpenSession { facts: self.facts.save(), cursor: self.cursor().map(save) }
    }

    pub(crate) fn load(saved: SavedOpenSession, types: usize) -> Result<Self, BrokenInvariant> {
        let SavedOpenSession { facts, cursor } = saved;
        let phase = cursor.map_or(Phase::InProgress, |SavedCursor { accounts_done, of, row }| {
            Phase::Completing(Cursor { accounts_done, of, row })
        });
        let settled_ids = SettledIds::default();
        Ok(Self { facts: SessionFacts::load(facts, types)?, phase, settled_ids })
    }

    pub(crate) fn load_progress(&mut self, saved: SavedProgress) -> Checked {
        let retained = self.facts.load_progress(saved)?;
        ensure(retained.is_empty(), "5", || "it is open, yet it tells what it had retained at its end")
    }
}

impl SessionRef<'_> {
    /// What is saved beside all else.
    pub(crate) fn save_progress(self) -> SavedProgress {
        let retained = match self {
            Self::Open(_) => Vec::new(),
            Self::Ended(ended) => ended.marked.iter().map(|of| of.retained).collect(),
        };
        self.facts().save_progress(retained)
    }
}

impl EndedSession {
    pub(crate) fn save(&self) -> SavedEndedSession {
        let Self { facts, ended_at, ending, marked } = self;
        SavedEndedSession {
            facts: facts.save(),
            ended_at: *ended_at,
            ending: match ending.clone() {
                Ending::Completed => SavedEnding::Completed,
                Ending::Abandoned => SavedEnding::Abandoned,
                Ending::Error { reason } => SavedEnding::Error { reason },
            },
            synced: marked.iter().map(|of| of.synced).collect(),
        }
    }

    pub(crate) fn load(saved: SavedEndedSession, types: usize) -> Result<Self, BrokenInvariant> {
        let SavedEndedSession { facts, ended_at, ending, synced } = saved;
        ensure_within_reach(&synced)?;
        let ending = match ending {
            SavedEnding::Completed => Ending::Completed,
            SavedEnding::Abandoned => Ending::Abandoned,
            SavedEnding::Error { reason } => Ending::Error { reason },
        };
        let marked = synced.into_iter().map(|synced| Marked { synced, ..Marked::default() }).collect();
        Ok(Self { facts: SessionFacts::load(facts, types)?, ended_at, ending, marked })
    }

    pub(crate) fn load_progress(&mut self, saved: SavedProgress) -> Checked {
        let retained = self.facts.load_progress(saved)?;
        let is_of_its_types = retained.len() == self.marked.len();
        ensure(is_of_its_types, "5", || "what it retained is not told of the types of its end")?;
        ensure_within_reach(&retained)?;
        self.marked.iter_mut().zip(retained).for_each(|(of, retained)| of.retained = retained);
        Ok(())
    }
}
