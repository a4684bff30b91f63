//! Values in order of creation, found by id, removed from anywhere at a cost that hardly grows.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Values;
use core::iter::Map;

/// A place in the order of creation. It is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ordinal(u64);

/// A map that goes through its values in order of creation. Each step costs the logarithm of how many
/// there are.
#[derive(Clone, Debug)]
pub(crate) struct Ordered<K, V> {
    ordinals: BTreeMap<K, Ordinal>,
    values: BTreeMap<Ordinal, (K, V)>,
    next: u64,
}

/// Goes through the values in order of creation, with their ids.
pub(crate) type OrderedIter<'o, K, V> = Map<Values<'o, Ordinal, (K, V)>, fn(&'o (K, V)) -> (K, &'o V)>;

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self { ordinals: BTreeMap::new(), values: BTreeMap::new(), next: 0 }
    }
}

impl<K: Copy + Ord, V> Ordered<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn contains(&self, id: K) -> bool {
        self.ordinals.contains_key(&id)
    }

    /// Adds a value behind all others. Its id must be free.
    pub(crate) fn push(&mut self, id: K, value: V) -> Ordinal {
        let ordinal = Ordinal(self.next);
        self.next += 1;
        let before = self.ordinals.insert(id, ordinal);
        debug_assert!(before.is_none(), "an id that is in use was refused before");
        self.values.insert(ordinal, (id, value));
        ordinal
    }

    pub(crate) fn ordinal(&self, id: K) -> Option<Ordinal> {
        self.ordinals.get(&id).copied()
    }

    pub(crate) fn at(&self, ordinal: Ordinal) -> Option<(K, &V)> {
        self.values.get(&ordinal).map(|(id, value)| (*id, value))
    }

    pub(crate) fn at_mut(&mut self, ordinal: Ordinal) -> Option<(K, &mut V)> {
        self.values.get_mut(&ordinal).map(|(id, value)| (*id, value))
    }

    pub(crate) fn get(&self, id: K) -> Option<&V> {
        self.values.get(self.ordinals.get(&id)?).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, id: K) -> Option<&mut V> {
        self.values.get_mut(self.ordinals.get(&id)?).map(|(_, value)| value)
    }

    pub(crate) fn remove(&mut self, id: K) -> Option<(Ordinal, V)> {
        let ordinal = self.ordinals.remove(&id)?;
        self.values.remove(&ordinal).map(|(_, value)| (ordinal, value))
    }

    /// Takes out the value at a place that is known to be taken.
    pub(crate) fn remove_at(&mut self, ordinal: Ordinal) -> Option<(K, V)> {
        let (id, value) = self.values.remove(&ordinal)?;
        self.ordinals.remove(&id);
        Some((id, value))
    }

    /// In order of creation.
    pub(crate) fn iter(&self) -> OrderedIter<'_, K, V> {
        self.values.values().map(|(id, value)| (*id, value))
    }

    /// The same ids in the same order, each with what is made of its value.
    pub(crate) fn map_mut<W>(&mut self, mut make: impl FnMut(&mut V) -> W) -> Ordered<K, W> {
        let Self { ordinals, values, next } = self;
        let made = values.iter_mut().map(|(&ordinal, (id, value))| (ordinal, (*id, make(value))));
        Ordered { ordinals: ordinals.clone(), values: made.collect(), next: *next }
    }

    /// In order of creation, with their ids, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        self.values.values_mut().map(|(id, value)| (*id, value))
    }

    /// In order of creation, to be changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.values.values_mut().map(|(_, value)| value)
    }

    /// In order of creation, with their places.
    pub(crate) fn ordinals(&self) -> impl DoubleEndedIterator<Item = (Ordinal, &V)> {
        self.values.iter().map(|(&ordinal, (_, value))| (ordinal, value))
    }
}
