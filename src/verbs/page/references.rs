//! What the accounts of a page refer to, each account's references once.

use alloc::vec::Vec;

use crate::state::Registry;
use crate::store::TypeIndex;
use crate::values::{Kind, is_same};

/// Above this many references of one account, the same id twice is found by sorting: below it, sixteen
/// times fifteen halves of comparisons of 32 bits cost less than the sort's buffers.
const PAIRWISE_MAX: usize = 16;

/// A reference of one account, normalized: a type that there is, an id that is well-formed.
#[derive(Clone, Copy, Debug)]
pub(super) struct CheckedReference<'p> {
    pub(super) of: TypeIndex,
    /// Of the type and some of the id: tells most of two apart. Whoever sends ids can make them equal.
    pub(super) mark: u32,
    pub(super) id: &'p str,
    /// Empty if no reference to it in the account has a name.
    pub(super) name: &'p str,
}

impl<'p> CheckedReference<'p> {
    #[inline]
    pub(super) fn new(of: TypeIndex, id: &'p str, name: &'p str) -> Self {
        let bytes = id.as_bytes();
        // The last bytes are those in which ids differ most.
        let end = bytes.last_chunk().map_or_else(
            || bytes.iter().fold(0, |end, byte| end << 8 | u64::from(*byte)),
            |end| u64::from_be_bytes(*end),
        );
        // A product's upper bits depend on all lower ones of its factors: the last byte counts in each.
        let mixed = (end ^ u64::from(of.0) << 32 ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self { of, mark: (mixed >> 32) as u32, id, name }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.mark == other.mark && self.of == other.of && self.id == other.id
    }
}

/// Orders the references from `start` on, those of one account, by type, and merges those that name the
/// same record: the first place and the first name that is there stay.
pub(super) fn merge(references: &mut Vec<CheckedReference<'_>>, start: usize) {
    let list = &mut references[start..];
    if !list.is_sorted_by_key(|reference| reference.of) {
        list.sort_by_key(|reference| reference.of);
    }
    if have_own_marks(list) {
        return;
    }
    let Some(first_of) = firsts(list) else { return };
    for (at, &first) in first_of.iter().enumerate() {
        if first != at && list[first].name.is_empty() {
            list[first].name = list[at].name;
        }
    }
    let mut kept = start;
    for (at, &first) in first_of.iter().enumerate() {
        if first == at {
            references[kept] = references[start + at];
            kept += 1;
        }
    }
    references.truncate(kept);
}

/// Whether no two references plainly have the same mark: then they name different records.
fn have_own_marks(list: &[CheckedReference<'_>]) -> bool {
    let mut seen = [0_u64; 8];
    let mut are_own = true;
    for reference in list {
        let (word, bit) = ((reference.mark >> 6) as usize % seen.len(), 1 << (reference.mark % 64));
        are_own &= seen[word] & bit == 0;
        seen[word] |= bit;
    }
    are_own
}

/// For each reference the place of the first one that names the same record; none if all differ.
fn firsts(list: &[CheckedReference<'_>]) -> Option<Vec<usize>> {
    if list.len() <= PAIRWISE_MAX {
        let first = |at: usize| list[..at].iter().position(|first| first.is_same(&list[at]));
        if (0..list.len()).all(|at| first(at).is_none()) {
            return None;
        }
        return Some((0..list.len()).map(|at| first(at).unwrap_or(at)).collect());
    }
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_unstable_by_key(|&at| (list[at].of, list[at].mark, list[at].id, at));
    let mut first_of: Vec<usize> = (0..list.len()).collect();
    for same in order.chunk_by(|&a, &b| list[a].is_same(&list[b])) {
        same.iter().for_each(|&at| first_of[at] = same[0]);
    }
    Some(first_of)
}

/// Beyond this many, slugs are looked up each time.
const SLUGS_KNOWN_MAX: usize = 8;

/// The types that the slugs of a page lead to. A page has few slugs, names them often, and mostly in one order.
#[derive(Debug)]
pub(super) struct Slugs<'e, 'p> {
    registry: &'e Registry,
    known: [(&'p str, Option<(TypeIndex, Kind)>); SLUGS_KNOWN_MAX],
    known_count: usize,
    /// The place behind the slug that was named last.
    next: usize,
}

impl<'e, 'p> Slugs<'e, 'p> {
    pub(super) const fn new(registry: &'e Registry) -> Self {
        Self { registry, known: [("", None); SLUGS_KNOWN_MAX], known_count: 0, next: 0 }
    }

    /// The type with this slug, and its kind.
    #[inline]
    pub(super) fn find(&mut self, slug: &'p str) -> Option<(TypeIndex, Kind)> {
        let place = if self.next < self.known_count { self.next } else { 0 };
        let (known, of) = self.known[place];
        if is_same(known.as_bytes(), slug.as_bytes()) && self.known_count > 0 {
            self.next = place + 1;
            return of;
        }
        self.find_elsewhere(slug)
    }

    #[inline(never)]
    fn find_elsewhere(&mut self, slug: &'p str) -> Option<(TypeIndex, Kind)> {
        let known = &self.known[..self.known_count];
        if let Some(place) = known.iter().position(|(known, _)| is_same(known.as_bytes(), slug.as_bytes())) {
            self.next = place + 1;
            return known[place].1;
        }
        let of = self.registry.find(slug).map(|(index, resource_type)| (index, resource_type.kind()));
        if let Some(known) = self.known.get_mut(self.known_count) {
            *known = (slug, of);
            self.known_count += 1;
            self.next = self.known_count;
        }
        of
    }
}
