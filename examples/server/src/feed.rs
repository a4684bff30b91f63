//! What a tenant's engine told of its changes, kept for whoever asks later.
//!
//! The changes of a command are written down right behind it, while the engine is as the command left it: types are
//! named by the slugs of that moment. A command that changed nothing writes nothing. Replaying the command writes the
//! same, so the feed need not be on disk: a snapshot has it as of its place of the journal, and the rest is told anew.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::sync::Arc;

use headcount::{
    AppId, Change, Engine, Fact, Fields, RecordKey, ResourceTypeId, SessionId, SessionStatus, TaskId,
    Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize};

/// Changes that share a list of bytes: few enough to go through all of them for one, and so many that the feed is
/// copied as a list of few.
const CHANGES_PER_CHUNK: u64 = 256;

/// The last changes of a tenant. A copy shares all that is full.
#[derive(Clone, Debug)]
pub struct Feed {
    /// How many are told at most.
    kept: u64,
    /// The number of the newest of all, told or not.
    seq: u64,
    /// Oldest first, and without a gap up to the newest of all.
    chunks: VecDeque<Arc<Chunk>>,
}

/// Some changes, one behind the other, as postcard writes them.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Chunk {
    /// The number of the first.
    first: u64,
    count: u64,
    told: Vec<u8>,
}

/// A change as it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told<'t> {
    /// When the command was carried out.
    pub at: Timestamp,
    /// The app that it was about.
    pub app_id: AppId,
    /// Its kind, in the API's words.
    pub kind: &'t str,
    /// What it names.
    #[serde(borrow)]
    pub names: Names<'t>,
}

/// What a change names, under the slugs of then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Names<'t> {
    App,
    NewApp { clone_from: Option<AppId> },
    ResourceType { id: ResourceTypeId, slug: &'t str },
    Session(SessionId),
    EndedSession(SessionId, SessionStatus),
    Record(#[serde(borrow)] Record<'t>),
    UpdatedRecord(#[serde(borrow)] Record<'t>, Fields),
    Reference { account: Record<'t>, target: Record<'t> },
    Task(TaskId),
}

/// A record, under its type's slug of then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Record<'t> {
    pub slug: &'t str,
    pub id: &'t str,
}

/// The changes that were asked for are no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The number of the oldest that is.
    pub oldest: u64,
}

impl Feed {
    /// Of an engine that has told so many changes, none of which is known. At most `kept` will be.
    pub const fn new(kept: u64, seq: u64) -> Self {
        Self { kept, seq, chunks: VecDeque::new() }
    }

    /// The number of the newest change of all.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Writes down what a command changed that was carried out just now. Of a command that changed nothing it
    /// looks at nothing.
    pub fn note(&mut self, at: Timestamp, engine: &Engine) {
        let changes = engine.changes();
        let count = changes.len() as u64;
        if count == 0 {
            return;
        }
        let passed = count.saturating_sub(self.kept);
        if passed > 0 {
            // All before are older than those that are passed over.
            self.chunks.clear();
        }
        let mut slugs = Slugs { engine, known: BTreeMap::new() };
        for change in changes.skip(passed as usize) {
            let (kind, names) = slugs.told(&change);
            self.push(change.seq, &Told { at, app_id: change.app_id, kind, names });
        }
        self.seq = engine.seq();
        self.forget();
    }

    fn push(&mut self, seq: u64, told: &Told<'_>) {
        if self.chunks.back().is_none_or(|chunk| chunk.count == CHANGES_PER_CHUNK) {
            self.chunks.push_back(Arc::new(Chunk { first: seq, count: 0, told: Vec::new() }));
        }
        let chunk = Arc::make_mut(self.chunks.back_mut().expect("a chunk that is not full"));
        debug_assert_eq!(chunk.first + chunk.count, seq, "changes have no gaps");
        chunk.told =
            postcard::to_extend(told, std::mem::take(&mut chunk.told)).expect("all of it can be written");
        chunk.count += 1;
    }

    /// Forgets the chunks of which nothing is told any more.
    fn forget(&mut self) {
        let oldest = self.oldest_told();
        while self.chunks.front().is_some_and(|chunk| chunk.first + chunk.count <= oldest) {
            self.chunks.pop_front();
        }
    }

    fn oldest_told(&self) -> u64 {
        self.seq.saturating_sub(self.kept) + 1
    }

    /// The number of the oldest change that is kept; that of the next one if none is.
    fn oldest(&self) -> u64 {
        let oldest = self.chunks.front().map_or(self.seq + 1, |chunk| chunk.first);
        oldest.max(self.oldest_told())
    }

    /// Hands the changes behind a number to `each`, ascending, at most so many.
    ///
    /// # Errors
    /// Where one of them is no longer kept.
    pub fn after(
        &self,
        after: u64,
        limit: usize,
        mut each: impl FnMut(u64, &Told<'_>),
    ) -> Result<(), Forgotten> {
        if after >= self.seq {
            return Ok(());
        }
        let (first, oldest) = (after + 1, self.oldest());
        if first < oldest {
            return Err(Forgotten { oldest });
        }
        let behind = self.chunks.partition_point(|chunk| chunk.first <= first);
        let chunks = self.chunks.iter().skip(behind.saturating_sub(1));
        let told = chunks.flat_map(|chunk| chunk.told()).skip_while(|(seq, _)| *seq < first);
        for (seq, told) in told.take(limit) {
            each(seq, &told.expect("what was written is what is read"));
        }
        Ok(())
    }

    /// Writes it, to stand behind a snapshot.
    ///
    /// # Errors
    /// Of the writer: postcard writes every feed.
    pub fn write(&self, to: impl Write) -> Result<(), postcard::Error> {
        let chunks: Vec<&Chunk> = self.chunks.iter().map(|chunk| &**chunk).collect();
        postcard::to_io(&chunks, to).map(drop)
    }

    /// The feed that stood behind the snapshot of an engine that had told `seq` changes.
    ///
    /// # Errors
    /// In words, where what is read is no such feed.
    pub fn read<'de, D: Deserializer<'de>>(from: D, kept: u64, seq: u64) -> Result<Self, String> {
        let mut feed = Self::new(kept, seq);
        let chunks = Vec::<Chunk>::deserialize(from).map_err(|error| format!("its changes: {error}"))?;
        let mut next = None;
        for chunk in &chunks {
            let is_next = next.is_none_or(|next| next == chunk.first);
            let is_whole = chunk.told().all(|(_, told)| told.is_some());
            if !is_next || !is_whole || chunk.count == 0 || chunk.count > CHANGES_PER_CHUNK {
                return Err("its changes are not those that were told".to_owned());
            }
            next = Some(chunk.first.saturating_add(chunk.count));
        }
        if next.is_some_and(|next| next != seq + 1) {
            return Err(format!("its changes do not end at change {seq}"));
        }
        feed.chunks = chunks.into_iter().map(Arc::new).collect();
        feed.forget();
        Ok(feed)
    }
}

impl Chunk {
    /// Its changes with their numbers; none in the place of one that cannot be read.
    fn told(&self) -> impl Iterator<Item = (u64, Option<Told<'_>>)> {
        let mut rest = &*self.told;
        (self.first..self.first.saturating_add(self.count)).map(move |seq| {
            let read = postcard::take_from_bytes::<Told<'_>>(rest).ok();
            let told = read.map(|(told, behind)| {
                rest = behind;
                told
            });
            (seq, told)
        })
    }
}

/// Finds the slugs of an engine's types: each once for a command.
struct Slugs<'e> {
    engine: &'e Engine,
    known: BTreeMap<ResourceTypeId, &'e str>,
}

impl<'e> Slugs<'e> {
    fn slug(&mut self, app_id: AppId, id: ResourceTypeId) -> &'e str {
        let engine = self.engine;
        self.known.entry(id).or_insert_with(|| {
            let app = engine.app(app_id).expect("a change that names a type is of an app that there is");
            app.resource_type_by_id(id).expect("the type of a change is there").slug()
        })
    }

    /// The kind of a change, and what it names.
    fn told<'c>(&mut self, change: &'c Change<'_>) -> (&'static str, Names<'c>)
    where
        'e: 'c,
    {
        let app_id = change.app_id;
        let mut named =
            |key: &'c RecordKey<'_>| Record { slug: self.slug(app_id, key.resource_type_id), id: &key.id };
        match &change.fact {
            Fact::AppCreated { clone_from } => ("app_created", Names::NewApp { clone_from: *clone_from }),
            Fact::AppUpdated => ("app_updated", Names::App),
            Fact::AppDeleted => ("app_deleted", Names::App),
            Fact::ResourceTypeRegistered { resource_type_id: id } => {
                ("type_registered", Names::ResourceType { id: *id, slug: self.slug(app_id, *id) })
            }
            Fact::ResourceTypeUpdated { resource_type_id: id } => {
                ("type_updated", Names::ResourceType { id: *id, slug: self.slug(app_id, *id) })
            }
            Fact::SessionOpened { session_id } => ("session_opened", Names::Session(*session_id)),
            Fact::SessionChanged { session_id } => ("session_changed", Names::Session(*session_id)),
            Fact::SessionCompleting { session_id } => ("session_completing", Names::Session(*session_id)),
            Fact::SessionEnded { session_id, status } => {
                ("session_ended", Names::EndedSession(*session_id, *status))
            }
            Fact::RecordCreated { record } => ("record_created", Names::Record(named(record))),
            Fact::RecordUpdated { record, fields } => {
                ("record_updated", Names::UpdatedRecord(named(record), *fields))
            }
            Fact::RecordDeactivated { record } => ("record_deactivated", Names::Record(named(record))),
            Fact::RecordReactivated { record } => ("record_reactivated", Names::Record(named(record))),
            Fact::RecordPurged { record } => ("record_purged", Names::Record(named(record))),
            Fact::PlaceholderMade { record } => ("placeholder_made", Names::Record(named(record))),
            Fact::PlaceholderNamed { record } => ("placeholder_named", Names::Record(named(record))),
            Fact::PlaceholderWoken { record } => ("placeholder_woken", Names::Record(named(record))),
            Fact::PlaceholderFilled { record } => ("placeholder_filled", Names::Record(named(record))),
            Fact::ReferenceAdded { account, target } => {
                ("reference_added", Names::Reference { account: named(account), target: named(target) })
            }
            Fact::ReferenceRemoved { account, target } => {
                ("reference_removed", Names::Reference { account: named(account), target: named(target) })
            }
            Fact::TaskCreated { task_id } => ("task_created", Names::Task(*task_id)),
            Fact::TaskResolved { task_id } => ("task_resolved", Names::Task(*task_id)),
            fact => unreachable!(
                "the feed tells every fact that the engine of this version has, and not {fact:?}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount::{Config, Uuid};

    use super::*;

    /// A feed of so many apps that came to be.
    fn feed(apps: u128, kept: u64) -> Feed {
        let (mut engine, mut feed) = (Engine::new(Config::new()), Feed::new(kept, 0));
        for number in 1..=apps {
            let now = Timestamp(number as i64);
            engine.create_app(now, AppId(Uuid::from_u128(number)), "App", None).expect("an app");
            feed.note(now, &engine);
        }
        feed
    }

    fn bytes(feed: &Feed) -> Vec<u8> {
        let mut bytes = Vec::new();
        feed.write(&mut bytes).expect("bytes");
        bytes
    }

    /// The numbers and times of what is told behind a change.
    fn told(feed: &Feed, after: u64) -> Result<Vec<(u64, i64)>, Forgotten> {
        let mut found = Vec::new();
        feed.after(after, usize::MAX, |seq, told| found.push((seq, told.at.as_millis())))?;
        Ok(found)
    }

    #[test]
    fn what_is_kept_is_told_from_behind_any_change() {
        let feed = feed(1_000, 600);
        for after in [400, 401, 511, 512, 513, 767, 768, 999, 1_000, 2_000] {
            let expected: Vec<_> = (after + 1..=1_000).map(|seq| (seq, seq as i64)).collect();
            assert_eq!(told(&feed, after), Ok(expected), "behind {after}");
        }
        for after in [0, 256, 399] {
            assert_eq!(told(&feed, after), Err(Forgotten { oldest: 401 }), "behind {after}");
        }
    }

    #[test]
    fn a_command_that_changes_nothing_writes_nothing() {
        let mut feed = feed(1, 600);
        let before = bytes(&feed);
        let mut engine = Engine::new(Config::new());
        let _ = engine.expire_sessions(Timestamp(1), Timestamp(1));
        feed.note(Timestamp(1), &engine);
        assert_eq!((bytes(&feed), feed.seq()), (before, 1));
    }

    #[test]
    fn a_copy_stays_as_it_was() {
        let (mut engine, mut feed) = (Engine::new(Config::new()), feed(0, 600));
        let create = |engine: &mut Engine, feed: &mut Feed, number: u128| {
            engine.create_app(Timestamp(7), AppId(Uuid::from_u128(number)), "App", None).expect("an app");
            feed.note(Timestamp(7), engine);
        };
        (1..=300).for_each(|number| create(&mut engine, &mut feed, number));
        let copy = feed.clone();
        let written = bytes(&copy);
        (301..=900).for_each(|number| create(&mut engine, &mut feed, number));
        assert_eq!((bytes(&copy), copy.seq()), (written, 300));
        assert_eq!(told(&copy, 0).map(|told| told.len()), Ok(300));
    }

    #[test]
    fn a_feed_is_read_as_it_was_written_and_what_is_none_is_refused() {
        let feed = feed(260, 600);
        let bytes = bytes(&feed);
        let read =
            |bytes: &[u8], kept, seq| Feed::read(&mut postcard::Deserializer::from_bytes(bytes), kept, seq);
        assert_eq!(told(&read(&bytes, 600, 260).expect("a feed"), 0), told(&feed, 0));
        assert_eq!(told(&read(&bytes, 10, 260).expect("a feed"), 0), Err(Forgotten { oldest: 251 }));
        assert!(read(&[], 600, 260).is_err());
        assert!(read(&bytes, 600, 259).is_err() && read(&bytes, 600, 261).is_err());
        for length in (1..bytes.len()).step_by(5) {
            assert!(read(&bytes[..length], 600, 260).is_err(), "the first {length} bytes");
        }
        // Some of what is changed can be read; nothing of it is a panic.
        for at in (0..bytes.len()).step_by(5) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x81;
            if let Ok(changed) = read(&changed, 600, 260) {
                assert_eq!(told(&changed, 0).map(|told| told.len()), Ok(260));
            }
        }
    }
}
