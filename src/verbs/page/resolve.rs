//! Which row each id of a page has, and which ids stand in it twice.

use super::PageBuffers;
use super::raw::RawRecord;
use crate::store::{Row, Table};
use crate::values::{HashKey, Page, spread};

/// Finds the rows of a page's ids, [`Row::NONE`] where one is not on record, and their hashes; and the
/// records whose id an earlier one of the page has. Without a table, nothing is on record.
pub(super) fn resolve(page: &Page<'_>, table: Option<&Table>, key: HashKey, buffers: &mut PageBuffers) {
    let PageBuffers { rows, hashes, .. } = &mut *buffers;
    rows.clear();
    hashes.clear();
    let ids = (0..page.len()).map(|at| RawRecord::id_at(page, at));
    match table {
        Some(table) => table.resolve(ids, key, rows, hashes),
        None => {
            rows.resize(page.len(), Row::NONE);
            hashes.extend(ids.map(|id| key.id(id)));
        }
    }
    find_repeats(page, buffers);
}

fn find_repeats(page: &Page<'_>, buffers: &mut PageBuffers) {
    let PageBuffers { rows, hashes, repeats, firsts, .. } = buffers;
    repeats.clear();
    // A page in stored order needs no search: no row stands twice, and the last record alone may be on no row.
    if rows.windows(2).all(|pair| pair[0] < pair[1]) {
        return;
    }
    firsts.clear();
    for (at, &hash) in (0..).zip(&*hashes) {
        let is_same = |&first: &u32| {
            hashes[first as usize] == hash
                && RawRecord::id_at(page, first as usize) == RawRecord::id_at(page, at as usize)
        };
        if firsts.find(spread(hash), is_same).is_some() {
            repeats.push(at);
        } else {
            firsts.insert_unique(spread(hash), at, |&other| spread(hashes[other as usize]));
        }
    }
}
