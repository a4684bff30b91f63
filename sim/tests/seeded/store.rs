//! A copy of the reference store in which bugs can be seeded, one at a time. Without one it is the reference store.

use std::collections::BTreeMap;

use headcount::{Config, Engine, Snapshot, Timestamp};
use headcount_sim::disk::{Disk, Full};
use headcount_sim::{Answer, AppendError, During, Entry, Fault, Random, Recall, Store};
use twox_hash::XxHash3_64;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Nothing.
    None,
    /// What is appended waits in memory for the next commands.
    AcknowledgesBeforeItJournals,
    /// What is appended is written, and not synced.
    AcknowledgesBeforeItSyncs,
    /// Of commands that come together the first is journaled.
    JournalsTheFirstOfABatch,
    /// A command that is as the one before counts as a retry of it, whatever its key.
    DropsADuplicateThatWasNone,
    /// What was refused for want of room stays in the journal as far as it was written.
    LeavesWhatItRefused,
    /// A snapshot in place makes all of the journal useless, also what came while it was written.
    SnapshotForgetsTheTail,
    /// The number of a snapshot is that of its beginning, its state that of its end.
    SnapshotOfALaterState,
    /// The older snapshot goes, and the journal behind it, when a new one is begun.
    DropsBeforeTheNextIsWhole,
    /// Answers are not in snapshots, so that a retry is carried out twice.
    ForgetsAnswersInSnapshots,
    /// Answers are found by a part of their key.
    AnswersWithAnotherCommands,
    /// The last entry of the journal always counts as torn.
    LosesTheLastRow,
    /// What is torn stays where it is, and the next entries come behind it.
    DoesNotCutOffATornEnd,
    /// What is torn is taken for whole.
    KeepsATornRow,
    /// A replay goes by the times of commands.
    ReplaysInOrderOfTime,
    /// A replay carries everything out at the time of the last command.
    TakesTheTimeAnew,
}

/// Bytes of a snapshot that are written at once.
const PART_BYTES: usize = 1_024;
/// Bytes before what a frame holds: its length, and the checksum.
const HEAD_BYTES: usize = 12;

/// A store in memory.
#[derive(Debug)]
pub(crate) struct Seeded {
    bug: Bug,
    disk: Disk,
    live: Option<Live>,
}

/// What the process has, and loses.
#[derive(Debug)]
struct Live {
    engine: Engine,
    /// By the keys of requests.
    answers: BTreeMap<u64, Answer>,
    /// The number of the last entry.
    appended: u64,
    /// The file that the next one is written to.
    segment: String,
    saving: Option<Saving>,
    /// Of [`Bug::AcknowledgesBeforeItJournals`].
    waiting: Vec<u8>,
    /// Of [`Bug::DropsADuplicateThatWasNone`].
    last: Option<Entry<'static>>,
}

/// A snapshot under way.
#[derive(Debug)]
struct Saving {
    name: String,
    bytes: Vec<u8>,
    written: usize,
}

impl Live {
    /// The bytes of a snapshot.
    fn saved(&self, entry: u64, bug: Bug) -> Result<Vec<u8>, Fault> {
        let is_kept = |_: &(&u64, &Answer)| bug != Bug::ForgetsAnswersInSnapshots;
        let answers: Vec<_> = self.answers.iter().filter(is_kept).collect();
        let saved = postcard::to_allocvec(&(entry, answers, self.engine.snapshot()));
        saved.map(|bytes| frame(&bytes)).map_err(|error| error.to_string())
    }

    /// What an answer is found by.
    const fn key(&self, bug: Bug, key: u64) -> u64 {
        match bug {
            Bug::AnswersWithAnotherCommands => key % 64,
            _ => key,
        }
    }
}

/// Bytes that can be told from what a crash left of them.
fn frame(content: &[u8]) -> Vec<u8> {
    let mut bytes = (content.len() as u32).to_le_bytes().to_vec();
    bytes.extend(XxHash3_64::oneshot(content).to_le_bytes());
    bytes.extend_from_slice(content);
    bytes
}

/// The content of the frame that these begin with, if it is whole.
fn unframe(bytes: &[u8], keeps_torn: bool) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let content = rest.get(..u32::from_le_bytes(*length) as usize)?;
    (!content.is_empty() && (keeps_torn || XxHash3_64::oneshot(content) == u64::from_le_bytes(*sum)))
        .then_some(content)
}

/// What a snapshot holds: the number of its last entry, answers, and the engine.
type Saved = (u64, Vec<(u64, Answer)>, Snapshot);

fn number(name: &str) -> u64 {
    name.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).expect("a file is named by a number")
}

impl Seeded {
    /// An empty one.
    pub(crate) fn new(bug: Bug) -> Self {
        Self { bug, disk: Disk::default(), live: None }
    }

    fn live(&mut self) -> &mut Live {
        self.live.as_mut().expect("it is open")
    }

    /// The newest snapshot that is whole. Those that are not are removed.
    fn newest_snapshot(&mut self, config: Config) -> Result<(u64, BTreeMap<u64, Answer>, Engine), Fault> {
        for name in self.disk.names("snapshot-").into_iter().rev() {
            let Some(content) = unframe(self.disk.read(&name), false) else {
                self.disk.remove(&name);
                continue;
            };
            let saved: Saved = postcard::from_bytes(content).map_err(|error| error.to_string())?;
            let (entry, answers, snapshot) = saved;
            let engine = Engine::restore(config, snapshot).map_err(|error| error.to_string())?;
            return Ok((entry, answers.into_iter().collect(), engine));
        }
        Ok((0, BTreeMap::new(), Engine::new(config)))
    }

    /// Carries out what the journal has behind an entry. What is torn at its end is cut off.
    fn replay(&mut self, live: &mut Live) -> Result<(), Fault> {
        let segments = self.disk.names("journal-");
        let mut next = segments.first().map_or(1, |name| number(name));
        if next > live.appended + 1 {
            return Err(format!(
                "the journal begins with entry {next}, and the snapshot ends with {}",
                live.appended
            ));
        }
        let keeps_torn = self.bug == Bug::KeepsATornRow;
        let mut behind: Vec<(u64, Entry<'static>)> = Vec::new();
        for name in &segments {
            let (bytes, mut at) = (self.disk.read(name), 0);
            while let Some(content) = unframe(&bytes[at..], keeps_torn) {
                let (entry, read): (u64, Entry<'_>) =
                    postcard::from_bytes(content).map_err(|error| error.to_string())?;
                if entry != next {
                    return Err(format!("entry {entry} of the journal stands where {next} should"));
                }
                let end = at + HEAD_BYTES + content.len();
                if self.bug == Bug::LosesTheLastRow && Some(name) == segments.last() && end == bytes.len() {
                    break;
                }
                if entry > live.appended {
                    behind.push((entry, read.into_owned()));
                }
                (next, at) = (next + 1, end);
            }
            if at < bytes.len() && Some(name) != segments.last() && self.bug != Bug::DoesNotCutOffATornEnd {
                return Err(format!("{name} is damaged"));
            }
            if self.bug != Bug::DoesNotCutOffATornEnd {
                self.disk.truncate(name, at);
            }
        }
        live.appended = live.appended.max(next - 1);
        if self.bug == Bug::ReplaysInOrderOfTime {
            behind.sort_by_key(|(_, entry)| entry.now);
        }
        let newest = behind.last().map_or(Timestamp(0), |(_, entry)| entry.now);
        for (_, Entry { key, now, command }) in behind {
            let now = if self.bug == Bug::TakesTheTimeAnew { newest } else { now };
            let answer = live.engine.apply(now, &command);
            live.answers.insert(live.key(self.bug, key), answer);
        }
        Ok(())
    }

    /// Writes the next part, and puts the snapshot in place behind the last one.
    fn write_part(&mut self, saving: &mut Saving) -> Result<bool, Full> {
        let end = (saving.written + PART_BYTES).min(saving.bytes.len());
        self.disk.append(&saving.name, &saving.bytes[saving.written..end])?;
        saving.written = end;
        if end < saving.bytes.len() {
            return Ok(true);
        }
        self.disk.sync(&saving.name);
        if self.bug == Bug::SnapshotForgetsTheTail {
            self.disk.names("journal-").iter().for_each(|name| self.disk.remove(name));
        }
        self.drop_old();
        Ok(false)
    }

    /// Drops all snapshots but two, and what the journal has behind neither.
    fn drop_old(&mut self) {
        let snapshots = self.disk.names("snapshot-");
        let Some(older) = snapshots.len().checked_sub(2) else { return };
        snapshots[..older].iter().for_each(|name| self.disk.remove(name));
        let behind = number(&snapshots[older]);
        let segments = self.disk.names("journal-");
        for pair in segments.windows(2).take_while(|pair| number(&pair[1]) <= behind + 1) {
            self.disk.remove(&pair[0]);
        }
    }
}

impl Store for Seeded {
    fn open(&mut self, config: Config) -> Result<(), Fault> {
        let (appended, answers, engine) = self.newest_snapshot(config)?;
        let (segment, waiting) = (String::new(), Vec::new());
        let mut live = Live { engine, answers, appended, segment, saving: None, waiting, last: None };
        self.replay(&mut live)?;
        let last = self.disk.names("journal-").pop();
        live.segment = last.unwrap_or_else(|| format!("journal-{:08}", live.appended + 1));
        self.live = Some(live);
        Ok(())
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), AppendError> {
        let live = self.live.as_mut().expect("it is open");
        let before = self.disk.read(&live.segment).len();
        let mut bytes = Vec::new();
        for (number, entry) in (live.appended + 1..).zip(entries) {
            let is_as_before = live.last.as_ref().is_some_and(|last| last.command == entry.command);
            live.last = Some(entry.clone().into_owned());
            if self.bug == Bug::DropsADuplicateThatWasNone && is_as_before
                || self.bug == Bug::JournalsTheFirstOfABatch && number > live.appended + 1
            {
                continue;
            }
            let content = postcard::to_allocvec(&(number, entry));
            let content = content.map_err(|error| AppendError::Refused(error.to_string()))?;
            bytes.extend(frame(&content));
        }
        if self.bug == Bug::AcknowledgesBeforeItJournals {
            bytes = std::mem::replace(&mut live.waiting, bytes);
        }
        if self.disk.append(&live.segment, &bytes).is_err() {
            if self.bug != Bug::LeavesWhatItRefused {
                self.disk.truncate(&live.segment, before);
            }
            return Err(AppendError::Refused("the disk is full".to_owned()));
        }
        if self.bug != Bug::AcknowledgesBeforeItSyncs {
            self.disk.sync(&live.segment);
        }
        live.appended += entries.len() as u64;
        Ok(())
    }

    fn carry_out(&mut self, entry: &Entry<'_>) -> Result<Answer, Fault> {
        let bug = self.bug;
        let live = self.live();
        let answer = live.engine.apply(entry.now, &entry.command);
        live.answers.insert(live.key(bug, entry.key), answer.clone());
        Ok(answer)
    }

    fn show(&self, reader: &mut dyn FnMut(&Engine)) {
        self.live.iter().for_each(|live| reader(&live.engine));
    }

    fn snapshot(&mut self) -> Result<(), Fault> {
        let live = self.live.as_mut().expect("it is open");
        let name = format!("snapshot-{:08}", live.appended);
        if !self.disk.read(&name).is_empty() {
            return Ok(());
        }
        let bytes = live.saved(live.appended, self.bug)?;
        live.saving = Some(Saving { name, bytes, written: 0 });
        live.segment = format!("journal-{:08}", live.appended + 1);
        if self.bug == Bug::DropsBeforeTheNextIsWhole {
            for name in self.disk.names("snapshot-").iter().chain(&self.disk.names("journal-")) {
                self.disk.remove(name);
            }
        }
        Ok(())
    }

    fn upkeep(&mut self) -> Result<bool, Fault> {
        let bug = self.bug;
        let Some(mut saving) = self.live().saving.take() else { return Ok(false) };
        if bug == Bug::SnapshotOfALaterState && saving.written == 0 {
            saving.bytes = self.live().saved(number(&saving.name), bug)?;
        }
        match self.write_part(&mut saving) {
            Ok(true) => self.live().saving = Some(saving),
            Ok(false) => return Ok(false),
            Err(_) => {
                // The journal has it all; the next snapshot makes up for it.
                self.disk.remove(&saving.name);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn stop(&mut self) -> Result<(), Fault> {
        while self.upkeep()? {}
        Ok(())
    }

    fn crash(&mut self, during: During<'_>, random: &mut Random) {
        // As many writes, syncs and removals as it may take, or fewer.
        self.disk.stop_after(random.below(4));
        match during {
            During::Nothing => {}
            During::Append(entries) => drop(self.append(entries)),
            During::Upkeep => drop(self.upkeep()),
        }
        self.disk.crash(random);
        self.live = None;
    }

    fn recall(&self, key: u64) -> Recall {
        let known = self.live.as_ref().and_then(|live| live.answers.get(&live.key(self.bug, key)));
        known.map_or(Recall::New, |answer| Recall::Known(answer.clone()))
    }

    fn fill_disk(&mut self, is_full: bool) -> bool {
        self.disk.fill(is_full);
        true
    }
}
