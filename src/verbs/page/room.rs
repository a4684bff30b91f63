//! Whether types have room for what a page adds to them.

use alloc::collections::BTreeMap;

use crate::state::Registry;
use crate::store::{Store, TypeIndex};
use crate::values::{Error, Limits, excerpt};

/// What a page adds to each type. Made while the page is planned, in the one pass over its records.
#[derive(Debug, Default)]
pub(super) struct Additions {
    by_type: BTreeMap<TypeIndex, Addition>,
}

#[derive(Debug)]
struct Addition {
    rows: u64,
    /// Less than nothing where records become smaller.
    bytes: i64,
}

impl Additions {
    pub(super) fn add_row(&mut self, of: TypeIndex, bytes: u64) {
        let addition = self.by_type.entry(of).or_insert(Addition { rows: 0, bytes: 0 });
        addition.rows += 1;
        addition.bytes += bytes as i64;
    }

    pub(super) fn replace(&mut self, of: TypeIndex, bytes_before: u64, bytes: u64) {
        let addition = self.by_type.entry(of).or_insert(Addition { rows: 0, bytes: 0 });
        addition.bytes += bytes as i64 - bytes_before as i64;
    }

    /// Refuses what passes a limit: of several types the page's own first, then those that it refers to in
    /// order of registration. What adds nothing passes none, so that what is on record can be pushed again
    /// whatever the limits became.
    pub(super) fn expect_room(
        &self,
        of: TypeIndex,
        store: &Store,
        registry: &Registry,
        limits: &Limits,
    ) -> Result<(), Error> {
        let own = self.by_type.get_key_value(&of);
        let others = self.by_type.iter().filter(|(other, _)| **other != of);
        for (&index, addition) in own.into_iter().chain(others) {
            let (rows, bytes) = store.table(index).map_or((0, 0), |table| (table.len(), table.bytes()));
            let has_rows = addition.rows == 0
                || u64::from(rows) + addition.rows <= u64::from(limits.records_per_type_max);
            let has_bytes =
                addition.bytes <= 0 || bytes + addition.bytes.unsigned_abs() <= limits.bytes_per_type_max;
            if !has_rows || !has_bytes {
                return Err(Error::ResourceTypeFull {
                    slug: excerpt(registry.at(index).slug()),
                    records_max: limits.records_per_type_max,
                    bytes_max: limits.bytes_per_type_max,
                });
            }
        }
        Ok(())
    }
}
