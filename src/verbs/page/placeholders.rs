//! Placeholders that a page is going to make, each once.

use alloc::vec::Vec;

use hashbrown::HashTable;

use crate::store::{RowKey, TypeIndex};
use crate::values::{IdHash, spread};

/// Placeholders that the page is going to make.
#[derive(Debug, Default)]
pub(super) struct NewPlaceholders<'p> {
    planned: Vec<NewPlaceholder<'p>>,
    by_id: HashTable<u32>,
}

#[derive(Debug)]
pub(super) struct NewPlaceholder<'p> {
    pub(super) key: RowKey,
    pub(super) hash: IdHash,
    pub(super) id: &'p str,
    pub(super) name: &'p str,
}

impl<'p> NewPlaceholders<'p> {
    pub(super) fn find(&mut self, of: TypeIndex, hash: IdHash, id: &str) -> Option<&mut NewPlaceholder<'p>> {
        let planned = &self.planned;
        let is_it = |&at: &u32| {
            let other = &planned[at as usize];
            other.hash == hash && other.key.of == of && other.id == id
        };
        let at = *self.by_id.find(spread(hash), is_it)?;
        self.planned.get_mut(at as usize)
    }

    /// Plans one.
    pub(super) fn add(&mut self, new: NewPlaceholder<'p>) {
        let (at, hash) = (self.planned.len() as u32, new.hash);
        self.planned.push(new);
        let planned = &self.planned;
        self.by_id.insert_unique(spread(hash), at, |&at| spread(planned[at as usize].hash));
    }
}
