//! The quickstart's journal, a file that embedders are told to copy: it keeps what it acknowledged.

use std::fs;
use std::path::PathBuf;

use headcount::{Config, Engine};
use headcount_embedding::journal::{Journal, Keep, Opened};
use headcount_sim::{Answer, AppendError, During, Entry, Fault, Group, Random, Store, check};
use tempfile::TempDir;

/// A host of it, without snapshots.
struct Host {
    folder: TempDir,
    crashes: u32,
    live: Option<(Journal, Engine)>,
}

impl Host {
    fn new() -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { folder: folder.expect("room for a folder"), crashes: 0, live: None }
    }

    /// The file; another one behind each crash.
    fn path(&self) -> PathBuf {
        self.folder.path().join(self.crashes.to_string())
    }
}

impl Store for Host {
    fn open(&mut self, config: Config) -> Result<(), Fault> {
        let Opened { journal, entries, .. } =
            Journal::open(&self.path(), Keep::All).map_err(|error| error.to_string())?;
        let mut engine = Engine::new(config);
        for bytes in entries {
            let entry: Entry<'_> = postcard::from_bytes(&bytes).map_err(|error| error.to_string())?;
            // What was refused then is refused now.
            let _ = engine.apply(entry.now, &entry.command);
        }
        self.live = Some((journal, engine));
        Ok(())
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), AppendError> {
        let (journal, _) = self.live.as_mut().expect("it is open");
        for entry in entries {
            let bytes = postcard::to_allocvec(entry).expect("an entry is written to bytes");
            journal.append(&bytes).map_err(|error| AppendError::Unknown(error.to_string()))?;
        }
        Ok(())
    }

    fn carry_out(&mut self, entry: &Entry<'_>) -> Result<Answer, Fault> {
        let (_, engine) = self.live.as_mut().expect("it is open");
        Ok(engine.apply(entry.now, &entry.command))
    }

    fn show(&self, reader: &mut dyn FnMut(&Engine)) {
        self.live.iter().for_each(|(_, engine)| reader(engine));
    }

    fn snapshot(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn crash(&mut self, during: During<'_>, random: &mut Random) {
        let mut bytes = fs::read(self.path()).expect("the journal");
        if let During::Append(entries) = during {
            // Those before the last one are synced.
            let (last, before) = entries.split_last().expect("a batch has commands");
            self.append(before).expect("room");
            bytes = fs::read(self.path()).expect("the journal");
            let (journal, _) = self.live.as_ref().expect("it is open");
            let mut frame =
                journal.frame(&postcard::to_allocvec(last).expect("an entry is written to bytes"));
            match random.below(3) {
                0 => {}
                1 => frame.truncate(random.below(frame.len())),
                _ => {
                    // Its length came, and what is behind some byte did not.
                    let from = random.below(frame.len());
                    frame[from..].fill(0);
                }
            }
            bytes.extend(frame);
        }
        self.live = None;
        self.crashes += 1;
        fs::write(self.path(), bytes).expect("room for a copy");
    }
}

#[test]
fn the_quickstarts_journal_keeps_its_promises() {
    let reached = check(0..60, |_| Host::new()).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(reached.count(Group::Crashes, "in the journal") > 10);
}
