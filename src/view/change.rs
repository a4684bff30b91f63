//! Changes as readers see them: with the names of what they are about.

use alloc::borrow::Cow;
use core::fmt;

use crate::engine::Engine;
use crate::state::{ChangeLog, Entry, Gone, RecordFact};
use crate::store::{RowKey, Slot, TypeIndex};
use crate::values::{Change, Fact, Quoted, RecordKey, ResourceTypeId};
use crate::view::AppView;

/// Goes through the changes of the last command: see [`Engine::changes`].
#[derive(Clone)]
pub struct Changes<'a> {
    log: &'a ChangeLog,
    /// The app that the command was about, unless it is gone.
    app: Option<AppView<'a>>,
    entries: core::slice::Iter<'a, Entry>,
    seq: u64,
}

impl fmt::Debug for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a> Changes<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        let log = engine.change_log();
        let app = log.app_id().and_then(|app_id| engine.app(app_id));
        Self { log, app, entries: log.entries().iter(), seq: log.seq_before() }
    }

    /// The app whose records the entries name.
    fn app(&self) -> AppView<'a> {
        self.app.expect("a command that changed records was about an app that there is")
    }

    fn named(&self, of: TypeIndex, id: &'a str) -> RecordKey<'a> {
        RecordKey { resource_type_id: self.app().type_at(of).id(), id: Cow::Borrowed(id) }
    }

    fn key(&self, key: RowKey) -> RecordKey<'a> {
        self.named(key.of, self.app().app().store().stored(key).text(Slot::Id))
    }

    fn fact(&self, entry: &Entry) -> Fact<'a> {
        let gone = |gone: Gone| {
            let (of, id) = self.log.gone(gone);
            self.named(of, id)
        };
        match entry {
            Entry::Other(fact) => (**fact).clone(),
            Entry::OfApp(told) => told.1.clone(),
            Entry::Purged(record) => Fact::RecordPurged { record: gone(*record) },
            Entry::ReferenceLost(account, target) => {
                Fact::ReferenceRemoved { account: gone(*account), target: gone(*target) }
            }
            Entry::ReferenceAdded(account, target) => {
                Fact::ReferenceAdded { account: self.key(*account), target: self.key(*target) }
            }
            Entry::ReferenceRemoved(account, target) => {
                Fact::ReferenceRemoved { account: self.key(*account), target: self.key(*target) }
            }
            Entry::Record(fact, record) => {
                let record = self.key(*record);
                match *fact {
                    RecordFact::Created => Fact::RecordCreated { record },
                    RecordFact::Updated(fields) => Fact::RecordUpdated { record, fields },
                    RecordFact::Deactivated => Fact::RecordDeactivated { record },
                    RecordFact::Reactivated => Fact::RecordReactivated { record },
                    RecordFact::PlaceholderMade => Fact::PlaceholderMade { record },
                    RecordFact::PlaceholderNamed => Fact::PlaceholderNamed { record },
                    RecordFact::PlaceholderWoken => Fact::PlaceholderWoken { record },
                    RecordFact::PlaceholderFilled => Fact::PlaceholderFilled { record },
                }
            }
        }
    }
}

impl<'a> Iterator for Changes<'a> {
    type Item = Change<'a>;

    fn next(&mut self) -> Option<Change<'a>> {
        let entry = self.entries.next()?;
        self.seq += 1;
        let app_id = match entry {
            Entry::OfApp(told) => told.0,
            _ => self.log.app_id().expect("what changed was of the app that the command names"),
        };
        Some(Change::new(self.seq, app_id, self.fact(entry)))
    }

    fn nth(&mut self, skipped: usize) -> Option<Change<'a>> {
        // No record that is passed over is looked at: of a purge of millions a host may want the last few alone.
        let skipped = skipped.min(self.entries.len());
        self.entries = self.entries.as_slice()[skipped..].iter();
        self.seq += skipped as u64;
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for Changes<'_> {}

/// A change that prints itself with names: see [`Engine::display`].
#[derive(Clone, Copy, Debug)]
pub struct ChangeDisplay<'c> {
    /// None of an app that is gone.
    app: Option<AppView<'c>>,
    change: &'c Change<'c>,
}

impl<'c> ChangeDisplay<'c> {
    pub(super) const fn new(app: Option<AppView<'c>>, change: &'c Change<'c>) -> Self {
        Self { app, change }
    }
}

impl fmt::Display for ChangeDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { seq, app_id, fact, .. } = self.change;
        let Some(app) = self.app else { return write!(f, "change {seq} of app {app_id}: {fact}") };
        write!(f, "change {seq} of {}: ", Quoted(app.name()))?;
        fact.write(f, &|id| slug(app, id))
    }
}

/// The key of a record that prints itself with its type's slug: see [`AppView::display`].
#[derive(Clone, Copy, Debug)]
pub struct RecordKeyDisplay<'k> {
    app: AppView<'k>,
    key: &'k RecordKey<'k>,
}

impl<'k> RecordKeyDisplay<'k> {
    pub(super) const fn new(app: AppView<'k>, key: &'k RecordKey<'k>) -> Self {
        Self { app, key }
    }
}

impl fmt::Display for RecordKeyDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.write(f, &|id| slug(self.app, id))
    }
}

fn slug(app: AppView<'_>, id: ResourceTypeId) -> Option<&str> {
    app.resource_type_by_id(id).map(crate::state::ResourceType::slug)
}
