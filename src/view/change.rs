//! Changes as readers see them: with the names of what they are about.

use alloc::borrow::Cow;

use crate::engine::Engine;
use crate::store::Slot;
use crate::values::change::{Change, Entry, Fact, RecordFact, RecordKey, RowKey};
use crate::values::id::AppId;
use crate::view::AppView;

/// Goes through the changes of the last command: see [`Engine::changes`].
#[derive(Clone, Debug)]
pub struct Changes<'a> {
    entries: core::slice::Iter<'a, Entry>,
    seq: u64,
    about: Option<AppId>,
    app: Option<AppView<'a>>,
}

impl<'a> Changes<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        let log = &engine.changes;
        let about = log.app();
        Self {
            entries: log.entries().iter(),
            seq: log.seq_before(),
            about,
            app: about.and_then(|id| engine.app(id)),
        }
    }

    fn key(&self, key: RowKey) -> Option<RecordKey<'a>> {
        let app = self.app?;
        let id = app.app.table(key.table)?.stored(key.row).text(Slot::Id);
        Some(RecordKey { resource_type: app.registry.get(key.table)?.id(), id: Cow::Borrowed(id) })
    }

    fn fact(&self, entry: &Entry) -> Option<Fact<'a>> {
        Some(match entry {
            Entry::Other(fact) => (**fact).clone(),
            Entry::ReferenceAdded { account, target } => {
                Fact::ReferenceAdded { account: self.key(*account)?, target: self.key(*target)? }
            }
            Entry::ReferenceRemoved { account, target } => {
                Fact::ReferenceRemoved { account: self.key(*account)?, target: self.key(*target)? }
            }
            Entry::Record { fact, record } => {
                let record = self.key(*record)?;
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
        })
    }
}

impl<'a> Iterator for Changes<'a> {
    type Item = Change<'a>;

    fn next(&mut self) -> Option<Change<'a>> {
        let entry = self.entries.next()?;
        self.seq += 1;
        // What an entry names is there until the next command, so neither lookup fails.
        Some(Change { seq: self.seq, app: self.about?, fact: self.fact(entry)? })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for Changes<'_> {}
