//! Whom references lead to. They are many, and lead to few: so what they ask is told without the record.

use super::super::column::Column;
use super::super::key::Row;
use super::super::record::Slot;
use super::Table;
use super::short_id::{ShortId, Target};

/// What many references ask of a table. Most lead to rows among the first, whose values lie in one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Targets<'t> {
    table: &'t Table,
    first: &'t [Target],
}

impl Targets<'_> {
    /// Whether there is such a row and this is its id.
    #[inline(always)]
    pub(crate) fn has_id(self, row: Row, id: &str) -> bool {
        match (self.first.get(row.at()), ShortId::of(id.as_bytes())) {
            (Some(target), Some(short)) => target.has_id(short),
            _ => self.table.has_id(row, id),
        }
    }

    /// Whether the row's record has no name, which a reference could then give it.
    #[inline(always)]
    pub(crate) fn is_nameless(self, row: Row) -> bool {
        self.first.get(row.at()).map_or_else(|| self.table.is_nameless(row), |target| target.is_nameless())
    }
}

impl Table {
    /// What many references ask.
    #[inline]
    pub(crate) fn targets(&self) -> Targets<'_> {
        Targets { table: self, first: self.targets.as_ref().map_or(&[], Column::first_values) }
    }

    /// Whether the row, which may be gone or never have been, has a record with this id.
    pub(crate) fn has_id(&self, row: Row, id: &str) -> bool {
        match (&self.targets, ShortId::of(id.as_bytes())) {
            (Some(targets), Some(short)) => targets.get(row).is_some_and(|target| target.has_id(short)),
            _ => self.has_stored_id(row, id),
        }
    }

    /// Whether the row's record has no name, which a reference could then give it.
    pub(crate) fn is_nameless(&self, row: Row) -> bool {
        match &self.targets {
            Some(targets) => targets.at(row).is_nameless(),
            None => !self.stored(row).has(Slot::EmailOrName),
        }
    }

    /// Whether this table, which is empty, is one that accounts refer to. It is found out faster then where a
    /// reference leads.
    pub(in crate::store) fn expect_references(&mut self, are_expected: bool) {
        self.targets = are_expected.then(Column::default);
    }

    /// Whether such a table it is.
    pub(in crate::store) const fn expects_references(&self) -> bool {
        self.targets.is_some()
    }

    /// Whether references are told of each row what its record says.
    pub(in crate::store) fn are_targets_told(&self) -> bool {
        let Some(targets) = &self.targets else { return true };
        let is_told = |row: Row| {
            let target = match self.has_record(row) {
                true => {
                    Target::new(self.stored(row).slot(Slot::Id), self.stored(row).slot(Slot::EmailOrName))
                }
                false => Target::NONE,
            };
            targets.at(row) == target
        };
        targets.len() == self.rows() && Row::first(self.rows()).all(is_told)
    }

    /// Notes what references are told of the row that is added next.
    pub(super) fn push_target(&mut self, target: Target) {
        if let Some(targets) = &mut self.targets {
            targets.push(target);
        }
    }

    /// Notes what references are told of a row from now on.
    pub(super) fn set_target(&mut self, row: Row, target: Target) {
        if let Some(targets) = &mut self.targets {
            *targets.at_mut(row) = target;
        }
    }
}
