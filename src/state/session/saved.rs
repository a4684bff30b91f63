//! What a snapshot holds of sessions.

use super::*;
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
    counts: SessionCounts,
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

impl SessionFacts {
    fn save(&self) -> SavedFacts {
        let Self { id, scope, started_at, base, counts } = self.clone();
        let scope = match scope {
            TypeScope::All => None,
            TypeScope::Types(types) => Some(types),
        };
        SavedFacts { id, scope, started_at, base, counts }
    }

    fn load(saved: SavedFacts) -> Result<Self, BrokenInvariant> {
        let SavedFacts { id, scope, started_at, base, counts } = saved;
        ensure_within_reach(&count_list(&counts))?;
        let scope = scope.map_or(TypeScope::All, TypeScope::Types);
        Ok(Self { id, scope, started_at, base, counts })
    }
}

impl OpenSession {
    pub(crate) fn save(&self) -> SavedOpenSession {
        let save = |Cursor { accounts_done, of, row }| SavedCursor { accounts_done, of, row };
        SavedOpenSession { facts: self.facts.save(), cursor: self.cursor().map(save) }
    }

    pub(crate) fn load(saved: SavedOpenSession) -> Result<Self, BrokenInvariant> {
        let SavedOpenSession { facts, cursor } = saved;
        let phase = cursor.map_or(Phase::InProgress, |SavedCursor { accounts_done, of, row }| {
            Phase::Completing(Cursor { accounts_done, of, row })
        });
        Ok(Self { facts: SessionFacts::load(facts)?, phase })
    }
}

impl EndedSession {
    pub(crate) fn save(&self) -> SavedEndedSession {
        let Self { facts, ended_at, ending, synced } = self;
        SavedEndedSession {
            facts: facts.save(),
            ended_at: *ended_at,
            ending: match ending.clone() {
                Ending::Completed => SavedEnding::Completed,
                Ending::Abandoned => SavedEnding::Abandoned,
                Ending::Error { reason } => SavedEnding::Error { reason },
            },
            synced: synced.clone(),
        }
    }

    pub(crate) fn load(saved: SavedEndedSession) -> Result<Self, BrokenInvariant> {
        let SavedEndedSession { facts, ended_at, ending, synced } = saved;
        ensure_within_reach(&synced)?;
        let ending = match ending {
            SavedEnding::Completed => Ending::Completed,
            SavedEnding::Abandoned => Ending::Abandoned,
            SavedEnding::Error { reason } => Ending::Error { reason },
        };
        Ok(Self { facts: SessionFacts::load(facts)?, ended_at, ending, synced })
    }
}
