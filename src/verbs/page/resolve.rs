//! Which row each id of a page has, and which ids stand in it twice.

use alloc::vec::Vec;

use super::raw::RawRecord;
use crate::store::{Row, Table};
use crate::values::{HashKey, IdHash};

#[derive(Debug)]
pub(super) struct Resolved {
    hashes: Vec<IdHash>,
    /// [`Row::NONE`] for an id that is not on record.
    rows: Vec<Row>,
    /// Records whose id an earlier one of the page has, ascending.
    repeats: Vec<u32>,
}

impl Resolved {
    /// Without a table, nothing is on record.
    pub(super) fn of(records: &[RawRecord<'_>], table: Option<&Table>, key: HashKey) -> Self {
        let ids = records.iter().map(RawRecord::id);
        let (rows, hashes) = match table {
            Some(table) => table.stage(ids, key),
            None => (alloc::vec![Row::NONE; records.len()], ids.map(|id| key.id(id)).collect()),
        };
        let repeats = repeats(records, &hashes, &rows);
        Self { hashes, rows, repeats }
    }

    pub(super) fn hash(&self, at: usize) -> IdHash {
        self.hashes[at]
    }

    pub(super) fn row(&self, at: usize) -> Row {
        self.rows[at]
    }

    pub(super) fn is_repeat(&self, at: usize) -> bool {
        self.repeats.binary_search(&(at as u32)).is_ok()
    }
}

/// The records whose id an earlier one has.
fn repeats(records: &[RawRecord<'_>], hashes: &[IdHash], rows: &[Row]) -> Vec<u32> {
    // A page in stored order, all of it on record, needs no search: no row stands twice.
    let is_ascending = rows.windows(2).all(|pair| pair[0] < pair[1]);
    if is_ascending && rows.last().is_none_or(|last| !last.is_none()) {
        return Vec::new();
    }
    let mut order: Vec<u32> = (0..records.len() as u32).collect();
    order.sort_unstable_by_key(|&at| (hashes[at as usize], records[at as usize].id(), at));
    let is_same = |a: u32, b: u32| {
        let (a, b) = (a as usize, b as usize);
        hashes[a] == hashes[b] && records[a].id() == records[b].id()
    };
    let mut repeats: Vec<u32> =
        order.windows(2).filter(|pair| is_same(pair[0], pair[1])).map(|pair| pair[1]).collect();
    repeats.sort_unstable();
    repeats
}
