//! What a session knows of each type, beside what the store can tell.

use alloc::vec::Vec;

use crate::store::{Table, TypeIndex};
use crate::values::{Checked, DigestHasher, ensure};

/// What a session knows of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct TypeFigures {
    /// Full records that were active when the session started: what percentages of a guard are of.
    pub(crate) base: u64,
    /// References that active accounts of the type held when the session started.
    pub(crate) references: u64,
    /// Pages of the type that it got, repeated ones too.
    pub(crate) pages: u64,
    /// References that its pages took from accounts of the type which were active.
    pub(crate) removals: u64,
}

impl TypeFigures {
    /// Each figure, in the order in which they are hashed.
    pub(super) const fn all(self) -> [u64; 4] {
        let Self { base, references, pages, removals } = self;
        [base, references, pages, removals]
    }

    pub(crate) const NONE: Self = Self { base: 0, references: 0, pages: 0, removals: 0 };
}

/// How many records of one type the roll of a session marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marked {
    /// Distinct records that were pushed.
    pub(crate) synced: u64,
    /// Distinct records that are retained and were not pushed.
    pub(crate) retained: u64,
}

impl Marked {
    /// In the roll of the open session; none of a type without a table.
    pub(crate) fn of(table: Option<&Table>) -> Self {
        table.map_or(Self::default(), |table| Self {
            synced: table.seen().ones(),
            retained: table.retained().ones(),
        })
    }
}

/// By type: as many as there were when the session started, or as far as it has got pages since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures(Vec<TypeFigures>);

impl Figures {
    pub(crate) const fn new(of_types: Vec<TypeFigures>) -> Self {
        Self(of_types)
    }

    /// Of a type; nothing of one that was registered since.
    pub(crate) fn of(&self, index: TypeIndex) -> TypeFigures {
        self.0.get(index.at()).copied().unwrap_or(TypeFigures::NONE)
    }

    pub(super) fn of_mut(&mut self, index: TypeIndex) -> &mut TypeFigures {
        if self.0.len() <= index.at() {
            self.0.resize(index.at() + 1, TypeFigures::NONE);
        }
        &mut self.0[index.at()]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (TypeIndex, TypeFigures)> {
        TypeIndex::all().zip(self.0.iter().copied())
    }

    pub(super) fn digest(&self, hasher: &mut DigestHasher) {
        hasher.u64(self.0.len() as u64);
        self.0.iter().flat_map(|of| of.all()).for_each(|figure| hasher.u64(figure));
    }

    /// Checks what can be seen without the records. Each record and each reference was a change once, so all bases
    /// together do not pass the newest sequence number.
    pub(super) fn validate(&self, types: usize, seq: u64, references_removed: u64) -> Checked {
        ensure(self.0.len() <= types, "5", || "it knows more types than there are")?;
        let sum = |figure: fn(&TypeFigures) -> u64| self.0.iter().map(figure).fold(0, u64::saturating_add);
        let bases = sum(|of| of.base).saturating_add(sum(|of| of.references));
        ensure(bases <= seq, "4.8", || "a guard's base is beyond what was ever on record")?;
        let removals = sum(|of| of.removals);
        ensure(removals <= references_removed, "4.8", || "more references were taken than were removed")
    }

    #[cfg(feature = "serde")]
    pub(super) fn save(&self) -> Vec<TypeFigures> {
        self.0.clone()
    }
}
