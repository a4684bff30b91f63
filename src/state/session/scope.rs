//! What a session calls the roll of.

use alloc::vec::Vec;

use crate::store::TypeIndex;
use crate::values::{Checked, DigestHasher, DigestStream, ensure};

/// The types that a session calls the roll of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TypeScope {
    /// Ascending, at least one; none is every type, also one that is registered later.
    opened_for: Option<Vec<TypeIndex>>,
    /// What was taken out since, ascending.
    excluded: Vec<TypeIndex>,
}

impl TypeScope {
    /// Of these types, or of all.
    pub(crate) const fn new(opened_for: Option<Vec<TypeIndex>>) -> Self {
        Self { opened_for, excluded: Vec::new() }
    }

    pub(crate) fn contains(&self, index: TypeIndex) -> bool {
        self.had(index) && self.excluded.binary_search(&index).is_err()
    }

    /// Whether the session was opened for the type.
    pub(crate) fn had(&self, index: TypeIndex) -> bool {
        self.opened_for.as_ref().is_none_or(|types| types.binary_search(&index).is_ok())
    }

    /// Whether every type is in it, also one that is registered later.
    pub(crate) const fn is_of_all(&self) -> bool {
        self.opened_for.is_none() && self.excluded.is_empty()
    }

    /// Takes a type out that is in it.
    pub(crate) fn exclude(&mut self, index: TypeIndex) {
        debug_assert!(self.contains(index), "what is out of scope cannot be taken out of it");
        let at = self.excluded.partition_point(|excluded| *excluded < index);
        self.excluded.insert(at, index);
    }

    /// Whether a type was taken out.
    pub(crate) const fn is_changed(&self) -> bool {
        !self.excluded.is_empty()
    }

    /// The types that the session was opened for, ascending; none is all.
    pub(crate) fn opened_for(&self) -> Option<&[TypeIndex]> {
        self.opened_for.as_deref()
    }

    /// What was taken out since, ascending.
    pub(crate) fn excluded(&self) -> &[TypeIndex] {
        &self.excluded
    }

    /// Takes out what was out when it was saved.
    #[cfg(feature = "serde")]
    pub(super) fn load_excluded(&mut self, excluded: Vec<TypeIndex>) {
        self.excluded = excluded;
    }

    pub(super) fn digest(&self, hasher: &mut DigestHasher) {
        let Self { opened_for, excluded } = self;
        hasher.flag(opened_for.is_some());
        if let Some(types) = opened_for {
            digest_types(types, hasher);
        }
        if hasher.stream() == DigestStream::Fourth {
            digest_types(excluded, hasher);
        }
    }

    /// Checks it, where there are so many types.
    pub(super) fn validate(&self, types: usize) -> Checked {
        let Self { opened_for, excluded } = self;
        let is_set = |list: &[TypeIndex]| {
            list.windows(2).all(|pair| pair[0] < pair[1]) && list.last().is_none_or(|last| last.at() < types)
        };
        let is_scope = opened_for.as_ref().is_none_or(|types| is_set(types) && !types.is_empty());
        ensure(is_scope, "4.5", || "a scope is no set of types")?;
        let were_in_it = is_set(excluded) && excluded.iter().all(|index| self.had(*index));
        ensure(were_in_it, "4.5", || "types were excluded that were not in scope")?;
        let is_left = !self.is_changed() || TypeIndex::all().take(types).any(|index| self.contains(index));
        ensure(is_left, "4.5", || "no type is left in scope")
    }
}

fn digest_types(types: &[TypeIndex], hasher: &mut DigestHasher) {
    hasher.u64(types.len() as u64);
    types.iter().for_each(|index| hasher.u32(index.0));
}
