//! What the accounts of a page refer to, each account's references once (SPEC 3.4).

use alloc::vec::Vec;

use crate::values::change::RowKey;

/// Above this many references of one account to one type, the same id twice is found by sorting.
const PAIRWISE_MAX: usize = 16;

/// A distinct reference of one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'p> {
    pub(super) table: u32,
    pub(super) hash: u32,
    /// [`NO_ROW`](crate::store::NO_ROW) until the id is known to be there.
    pub(super) row: u32,
    pub(super) id: &'p str,
    /// Empty if no reference to it in the account has a name.
    pub(super) name: &'p str,
}

impl Target<'_> {
    pub(super) const fn key(&self) -> RowKey {
        RowKey { table: self.table, row: self.row }
    }
}

/// Makes one of references from `start` on that name the same record: it stands where the first one
/// stood and has the first name that is there (SPEC 3.4).
pub(super) fn merge_same(targets: &mut Vec<Target<'_>>, start: usize) {
    let Some(list) = targets.get_mut(start..) else { return };
    let first_of: Vec<usize> = if list.len() <= PAIRWISE_MAX {
        if list.iter().enumerate().all(|(at, target)| !list[..at].iter().any(|first| is_same(first, target)))
        {
            return;
        }
        (0..list.len())
            .map(|at| list[..at].iter().position(|first| is_same(first, &list[at])).unwrap_or(at))
            .collect()
    } else {
        first_of_same(list)
    };
    for (at, &first) in first_of.iter().enumerate() {
        if first != at && list[first].name.is_empty() {
            list[first].name = list[at].name;
        }
    }
    let mut kept = start;
    for (at, &first) in first_of.iter().enumerate() {
        if first == at {
            targets[kept] = targets[start + at];
            kept += 1;
        }
    }
    targets.truncate(kept);
}

fn is_same(a: &Target<'_>, b: &Target<'_>) -> bool {
    a.hash == b.hash && a.table == b.table && a.id == b.id
}

/// For each reference the place of the first one that names the same record.
fn first_of_same(list: &[Target<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_by_key(|&at| (list[at].table, list[at].hash, list[at].id, at));
    let mut first_of: Vec<usize> = (0..list.len()).collect();
    for same in order.chunk_by(|&a, &b| is_same(&list[a], &list[b])) {
        for &at in same {
            first_of[at] = same[0];
        }
    }
    first_of
}
