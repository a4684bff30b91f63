//! The reference store: a journal in files, snapshots in others, on a [disk](crate::disk) in memory that crashes. It
//! keeps answers, so that a retry is never carried out twice.
//!
//! - `journal-N` has the entries from number N on, each with its length, a checksum and its number. What is torn at the
//!   end of the last one was never acknowledged, and is cut off.
//! - `snapshot-N` has the state behind entry N. It counts where it is whole, which its checksum tells. The newest two are
//!   kept, and the journal from the older one on.

use std::collections::BTreeMap;

use headcount::{Config, Engine, Snapshot};
use headcount_testing::random::Random;
use twox_hash::XxHash3_64;

use crate::disk::Disk;
use crate::store::{Answer, AppendError, During, Entry, Fault, Recall, Store};

/// Bytes of a snapshot that are written at once.
const PART_BYTES: usize = 1_024;
/// Bytes before what a frame holds: its length, and the checksum.
const HEAD_BYTES: usize = 12;

/// A store in memory.
#[derive(Debug, Default)]
pub struct Memory {
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
}

/// A snapshot under way.
#[derive(Debug)]
struct Saving {
    name: String,
    bytes: Vec<u8>,
    written: usize,
}

/// Bytes that can be told from what a crash left of them.
fn frame(content: &[u8]) -> Vec<u8> {
    let mut bytes = (content.len() as u32).to_le_bytes().to_vec();
    bytes.extend(XxHash3_64::oneshot(content).to_le_bytes());
    bytes.extend_from_slice(content);
    bytes
}

/// The content of the frame that these begin with, if it is whole.
fn unframe(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let content = rest.get(..u32::from_le_bytes(*length) as usize)?;
    (!content.is_empty() && XxHash3_64::oneshot(content) == u64::from_le_bytes(*sum)).then_some(content)
}

/// What a snapshot holds: the number of its last entry, answers, and the engine.
type Saved = (u64, Vec<(u64, Answer)>, Snapshot);

fn number(name: &str) -> u64 {
    name.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).expect("a file is named by a number")
}

impl Memory {
    fn live(&mut self) -> &mut Live {
        self.live.as_mut().expect("it is open")
    }

    /// The newest snapshot that is whole. Those that are not are removed.
    fn newest_snapshot(&mut self, config: Config) -> Result<(u64, BTreeMap<u64, Answer>, Engine), Fault> {
        for name in self.disk.names("snapshot-").into_iter().rev() {
            let Some(content) = unframe(self.disk.read(&name)) else {
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
        for name in &segments {
            let (bytes, mut at) = (self.disk.read(name), 0);
            while let Some(content) = unframe(&bytes[at..]) {
                let (entry, read): (u64, Entry<'_>) =
                    postcard::from_bytes(content).map_err(|error| error.to_string())?;
                if entry != next {
                    return Err(format!("entry {entry} of the journal stands where {next} should"));
                }
                if entry > live.appended {
                    let answer = live.engine.apply(read.now, &read.command);
                    live.answers.insert(read.key, answer);
                    live.appended = entry;
                }
                (next, at) = (next + 1, at + HEAD_BYTES + content.len());
            }
            if at < bytes.len() && Some(name) != segments.last() {
                return Err(format!("{name} is damaged"));
            }
            self.disk.truncate(name, at);
        }
        Ok(())
    }

    /// Writes the next part, and puts the snapshot in place behind the last one.
    fn write_part(&mut self, saving: &mut Saving) -> Result<bool, crate::disk::Full> {
        let end = (saving.written + PART_BYTES).min(saving.bytes.len());
        self.disk.append(&saving.name, &saving.bytes[saving.written..end])?;
        saving.written = end;
        if end < saving.bytes.len() {
            return Ok(true);
        }
        self.disk.sync(&saving.name);
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

impl Store for Memory {
    fn open(&mut self, config: Config) -> Result<(), Fault> {
        let (appended, answers, engine) = self.newest_snapshot(config)?;
        let mut live = Live { engine, answers, appended, segment: String::new(), saving: None };
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
            let content = postcard::to_allocvec(&(number, entry));
            let content = content.map_err(|error| AppendError::Refused(error.to_string()))?;
            bytes.extend(frame(&content));
        }
        if self.disk.append(&live.segment, &bytes).is_err() {
            self.disk.truncate(&live.segment, before);
            return Err(AppendError::Refused("the disk is full".to_owned()));
        }
        self.disk.sync(&live.segment);
        live.appended += entries.len() as u64;
        Ok(())
    }

    fn carry_out(&mut self, entry: &Entry<'_>) -> Result<Answer, Fault> {
        let live = self.live();
        let answer = live.engine.apply(entry.now, &entry.command);
        live.answers.insert(entry.key, answer.clone());
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
        let answers: Vec<_> = live.answers.iter().collect();
        let saved = (live.appended, answers, live.engine.snapshot());
        let bytes = frame(&postcard::to_allocvec(&saved).map_err(|error| error.to_string())?);
        live.saving = Some(Saving { name, bytes, written: 0 });
        live.segment = format!("journal-{:08}", live.appended + 1);
        Ok(())
    }

    fn upkeep(&mut self) -> Result<bool, Fault> {
        let Some(mut saving) = self.live().saving.take() else { return Ok(false) };
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
        let known = self.live.as_ref().and_then(|live| live.answers.get(&key));
        known.map_or(Recall::New, |answer| Recall::Known(answer.clone()))
    }

    fn fill_disk(&mut self, is_full: bool) -> bool {
        self.disk.fill(is_full);
        true
    }
}
