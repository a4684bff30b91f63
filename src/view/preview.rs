//! What a completion would mark inactive, as readers see it.

use alloc::vec::Vec;
use core::fmt;

use crate::state::{OpenSession, ResourceType};
use crate::store::{Bits, Ones, TypeIndex};
use crate::values::Plan;
use crate::verbs;
use crate::view::{AppView, RecordView, ResourceTypes};

/// What completing a session now would mark inactive, placeholders too: see [`AppView::preview`]. A
/// [`Guard`](crate::Guard) is asked about the full records alone.
#[derive(Clone)]
pub struct Preview<'a> {
    app: AppView<'a>,
    /// By table, the rows.
    stale: Vec<Bits>,
}

impl<'a> Preview<'a> {
    pub(super) fn new(app: AppView<'a>, session: &OpenSession) -> Self {
        Self { app, stale: verbs::preview::stale(app.app().store(), session, app.registry()) }
    }

    /// How many records, placeholders among them: it may be more than a [`Guard`](crate::Guard) is asked about. They
    /// are counted.
    pub fn total(&self) -> u64 {
        self.stale.iter().map(Bits::ones).sum()
    }

    /// What stands for the set of these records: somebody who approves them completes the session
    /// [with this plan](crate::Completion::with_plan). Hashes the id of each.
    pub fn plan(&self) -> Plan {
        verbs::preview::plan(self.app.app().store(), self.app.registry(), &self.stale)
    }

    /// How many of each type, in order of registration; those out of scope have 0.
    pub fn by_type(&self) -> PreviewCounts<'a, '_> {
        PreviewCounts { types: self.app.resource_types(), stale: self.stale.iter() }
    }

    /// Which records, in the order in which a cleanup would mark them. Looks at a bit of each record in scope, 64 at a
    /// time.
    pub fn records(&self) -> PreviewRecords<'a, '_> {
        PreviewRecords::new(self)
    }
}

impl fmt::Debug for Preview<'_> {
    /// How many, and how many of each type.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preview")
            .field("total", &self.total())
            .field("by_type", &self.by_type())
            .finish_non_exhaustive()
    }
}

/// Goes through the types of a preview, and how many records of each it has: see [`Preview::by_type`].
#[derive(Clone)]
pub struct PreviewCounts<'a, 'p> {
    types: ResourceTypes<'a>,
    stale: core::slice::Iter<'p, Bits>,
}

impl<'a> Iterator for PreviewCounts<'a, '_> {
    type Item = (&'a ResourceType, u64);

    fn next(&mut self) -> Option<Self::Item> {
        let resource_type = self.types.next()?;
        // Types behind the last that has a table have no records.
        Some((resource_type, self.stale.next().map_or(0, Bits::ones)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.types.size_hint()
    }
}

impl ExactSizeIterator for PreviewCounts<'_, '_> {}

impl fmt::Debug for PreviewCounts<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone().map(|(of, count)| (of.slug(), count))).finish()
    }
}

/// Goes through the records of a preview: see [`Preview::records`].
#[derive(Clone)]
pub struct PreviewRecords<'a, 'p> {
    preview: &'p Preview<'a>,
    /// Account types go first, then the others.
    accounts_done: bool,
    of: TypeIndex,
    /// What is left of the word last looked at, and the next one to look at.
    ones: Ones,
    word: usize,
}

impl<'a, 'p> PreviewRecords<'a, 'p> {
    fn new(preview: &'p Preview<'a>) -> Self {
        Self { preview, accounts_done: false, of: TypeIndex(0), ones: Ones::default(), word: 0 }
    }

    fn go_to(&mut self, of: TypeIndex) {
        (self.of, self.ones, self.word) = (of, Ones::default(), 0);
    }
}

impl<'a> Iterator for PreviewRecords<'a, '_> {
    type Item = RecordView<'a>;

    fn next(&mut self) -> Option<RecordView<'a>> {
        let app = self.preview.app;
        loop {
            if let Some(row) = self.ones.next() {
                return Some(RecordView::new(app, self.of, row));
            }
            let Some(rows) = self.preview.stale.get(self.of.at()) else {
                if self.accounts_done {
                    return None;
                }
                self.accounts_done = true;
                self.go_to(TypeIndex(0));
                continue;
            };
            let is_its_turn = app.registry().is_account(self.of) != self.accounts_done;
            let words = app.app().store().table(self.of).map_or(0, |table| table.words());
            if is_its_turn && self.word < words {
                self.ones = Ones::of(self.word, rows.word(self.word));
                self.word += 1;
            } else {
                self.go_to(self.of.next());
            }
        }
    }
}

impl fmt::Debug for PreviewRecords<'_, '_> {
    /// Those that are left: their types' slugs and their ids.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.clone().map(|record| (record.resource_type().slug(), record.id())))
            .finish()
    }
}
