//! What names a record within one app: the index of its type, and its row in that type's table.

/// A type's place in the registry, in order of registration; it names the type's table in every app of
/// the clone group. Types are never removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub(crate) struct TypeIndex(pub(crate) u32);

impl TypeIndex {
    /// All, ascending from the first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..).map(Self)
    }

    pub(crate) const fn at(self) -> usize {
        self.0 as usize
    }

    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A record's place in the table of its type, in order of first sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub(crate) struct Row(pub(crate) u32);

impl Row {
    /// No row: what a lookup answers for an id that the table does not have. No table comes near it.
    pub(crate) const NONE: Self = Self(u32::MAX);

    /// The first so many.
    pub(crate) fn first(rows: u32) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..rows).map(Self)
    }

    pub(crate) const fn at(self) -> usize {
        self.0 as usize
    }

    pub(crate) const fn is_none(self) -> bool {
        self.0 == Self::NONE.0
    }
}

/// Names a record of the app at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) of: TypeIndex,
    pub(crate) row: Row,
}

impl RowKey {
    pub(crate) const fn new(of: TypeIndex, row: Row) -> Self {
        Self { of, row }
    }

    /// A number in the order of the keys.
    pub(super) const fn number(self) -> u64 {
        (self.of.0 as u64) << 32 | self.row.0 as u64
    }
}
