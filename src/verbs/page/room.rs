//! Whether types have room for what a page adds to them.

use alloc::vec::Vec;

use crate::state::Registry;
use crate::store::{Store, TypeIndex};
use crate::values::{Error, Limits, excerpt};

/// What a page adds to each type. Made while the page is planned, in the one pass over its records.
#[derive(Debug)]
pub(super) struct Additions {
    /// The page's own type.
    of: TypeIndex,
    own: Addition,
    /// Those that it refers to, ascending: mostly one or two.
    others: Vec<(TypeIndex, Addition)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Addition {
    rows: u32,
    /// Less than nothing where records become smaller.
    bytes: i64,
}

impl Additions {
    pub(super) fn new(of: TypeIndex) -> Self {
        Self { of, own: Addition::default(), others: Vec::new() }
    }

    fn of(&mut self, of: TypeIndex) -> &mut Addition {
        if of == self.of {
            return &mut self.own;
        }
        let at = self.others.binary_search_by_key(&of, |(of, _)| *of).unwrap_or_else(|at| {
            self.others.insert(at, (of, Addition::default()));
            at
        });
        &mut self.others[at].1
    }

    /// Adds a row to a type. Answers how many were added to it before.
    pub(super) fn add_row(&mut self, of: TypeIndex, bytes: u64) -> u32 {
        let addition = self.of(of);
        addition.rows += 1;
        addition.bytes += bytes as i64;
        addition.rows - 1
    }

    pub(super) fn replace(&mut self, of: TypeIndex, bytes_before: u64, bytes: u64) {
        self.of(of).bytes += bytes as i64 - bytes_before as i64;
    }

    /// Refuses what passes a limit: of several types the page's own first, then those that it refers to in
    /// order of registration. What adds nothing passes none, so that what is on record can be pushed again
    /// whatever the limits became.
    pub(super) fn expect_room(
        &self,
        store: &Store,
        registry: &Registry,
        limits: &Limits,
    ) -> Result<(), Error> {
        let own = (self.of, self.own);
        for (of, addition) in core::iter::once(own).chain(self.others.iter().copied()) {
            let (records, bytes) = store.table(of).map_or((0, 0), |table| (table.records(), table.bytes()));
            let records = u64::from(records) + u64::from(addition.rows);
            let has_rows = addition.rows == 0 || records <= u64::from(limits.records_per_type_max);
            let has_bytes =
                addition.bytes <= 0 || bytes + addition.bytes.unsigned_abs() <= limits.bytes_per_type_max;
            if !has_rows || !has_bytes {
                return Err(Error::ResourceTypeFull {
                    slug: excerpt(registry.at(of).slug()),
                    records_max: limits.records_per_type_max,
                    bytes_max: limits.bytes_per_type_max,
                });
            }
        }
        Ok(())
    }
}
