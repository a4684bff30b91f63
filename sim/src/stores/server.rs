//! The store of `examples/server`: journal and snapshots in a SQLite file, in one process and on one thread.
//!
//! What the server's threads do is done here in their order: commands are written in a transaction, with what the engine
//! came to before as their witness; the tenant carries them out; and a snapshot is frozen, encoded, and written in steps
//! that go with the transactions.
//!
//! A crash copies the file and those beside it as they are, before SQLite could tidy up, into another folder. Of a
//! transaction that was under way the write-ahead file gets a part: cut off anywhere, or without sectors that did not come.
//! What SQLite syncs is not waited for by the copy, so the folder may as well lie in memory: the crash is ours.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use headcount::{Config, Engine};
use headcount_server::file::chain::Witness;
use headcount_server::file::parts;
use headcount_server::store::{self, Loaded};
use headcount_server::tenant::Tenant;
use headcount_testing::random::Random;
use tempfile::TempDir;

use crate::store::{Answer, AppendError, During, Entry, Fault, Store};

const TENANT: &str = "acme";
/// Changes that the tenant keeps: few, so that some are forgotten.
const CHANGES_KEPT: u64 = 60;
/// A sector of a disk: it comes whole or not at all.
const SECTOR_BYTES: usize = 512;
/// What a write-ahead file begins with.
const HEADER_BYTES: usize = 32;
/// What lies in a folder of the store.
const FILES: [&str; 3] = ["data", WAL, LOCK];
const WAL: &str = "data-wal";
const LOCK: &str = "data.lock";

/// The server's store, with one tenant.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    /// Another folder for each crash.
    crashes: u32,
    live: Option<Live>,
}

#[derive(Debug)]
struct Live {
    /// None once it is closed.
    store: Option<store::Store>,
    tenant: Tenant,
    /// The last entry that was carried out, and what the engine came to by it.
    witness: Witness,
    /// What the lock's file said when it was last synced.
    mark: Option<Vec<u8>>,
}

impl Server {
    /// An empty one, in memory where the system has a folder for that.
    ///
    /// # Panics
    /// Where there is no room for a folder.
    pub fn new(_: u64) -> Self {
        let server = Self { folder: super::folder(), crashes: 0, live: None };
        fs::create_dir(server.path()).expect("a folder in a folder of our own");
        server
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(self.crashes.to_string())
    }

    fn live(&mut self) -> &mut Live {
        self.live.as_mut().expect("it is open")
    }

    /// What is in the data file or one beside it, if it is there.
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.path().join(name)).ok()
    }

    /// The files as a crash during something leaves them.
    fn left_by(&mut self, during: During<'_>, random: &mut Random) -> [Option<Vec<u8>>; 3] {
        let (wal_before, lock_before) = (self.read(WAL), self.read(LOCK));
        match during {
            During::Nothing => {}
            During::Append(entries) => drop(self.append(entries)),
            During::Upkeep => drop(self.upkeep()),
        }
        let [data, wal, lock] = FILES.map(|name| self.read(name));
        let was_synced = matches!(during, During::Nothing);
        // The database itself is written to where the store is opened and closed, and by the checkpoints' thread, which
        // moves what the write-ahead file holds: however far it came, the two of them together have it all.
        // It is written to behind a transaction, and not waited for.
        let lock = match (random.below(3), &self.live) {
            (0, Some(live)) => live.mark.clone(),
            (1, _) => lock_before,
            _ if was_synced => lock,
            (_, _) => lock_before,
        };
        if was_synced {
            return [data, wal, lock];
        }
        let wal_before = wal_before.unwrap_or_default();
        [data, wal.map(|wal| torn(&wal_before, wal, random)), lock]
    }
}

/// What may be left of a file that is one thing before it is written to and another behind: any of the sectors that differ.
/// Mostly it grows; where all that it holds was moved into the database, it is begun anew, over what it held, with a new header,
/// which SQLite waits for before it writes what follows.
fn torn(before: &[u8], mut after: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let header = after.get(..HEADER_BYTES).unwrap_or_default().to_vec();
    let sectors = (0..after.len()).step_by(SECTOR_BYTES).map(|at| at..(at + SECTOR_BYTES).min(after.len()));
    let open: Vec<Range<usize>> =
        sectors.filter(|sector| before.get(sector.clone()) != Some(&after[sector.clone()])).collect();
    let Some(one) = open.get(random.below(open.len().max(1))).cloned() else { return after };
    let mut lose = |sector: Range<usize>| {
        let (has, old) = (sector.clone(), before.get(sector.start..).unwrap_or_default());
        let kept = old.len().min(has.len());
        after[has].fill(0);
        after[sector.start..sector.start + kept].copy_from_slice(&old[..kept]);
    };
    match random.below(5) {
        // None of them came, or all.
        0 => return before.to_vec(),
        1 => {}
        2 => {
            // Those before one, and a part of it: the file is as long as it was at least.
            let cut = one.start + random.below(one.len());
            after.truncate(cut);
            after.extend(before.get(cut..).unwrap_or_default());
        }
        // Its length came, and one sector did not.
        3 => lose(one),
        // Some sectors came, and others did not.
        _ => open.into_iter().filter(|_| random.below(2) == 0).for_each(lose),
    }
    let header_bytes = header.len().min(after.len());
    after[..header_bytes].copy_from_slice(&header[..header_bytes]);
    after
}

impl Store for Server {
    fn open(&mut self, config: Config) -> Result<(), Fault> {
        let words = |error: store::StoreError| error.to_string();
        let store = store::Store::open(&self.path().join("data"), u64::MAX).map_err(words)?;
        let Loaded { tenant, entry, .. } = store.load(TENANT, config, CHANGES_KEPT).map_err(words)?;
        store.note_configuration(&config).map_err(words)?;
        let witness = Witness { entry, seq: tenant.engine.seq() };
        let mark = self.read(LOCK);
        self.live = Some(Live { store: Some(store), tenant, witness, mark });
        Ok(())
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), AppendError> {
        let Live { store, witness, .. } = self.live();
        let store = store.as_mut().ok_or_else(|| AppendError::Refused("it is closed".to_owned()))?;
        let encoded = entries.iter().map(|entry| postcard::to_allocvec(&entry.command));
        let encoded: Vec<Vec<u8>> =
            encoded.collect::<Result<_, _>>().map_err(|error| AppendError::Refused(error.to_string()))?;
        let rows: Vec<store::Entry<'_>> = entries
            .iter()
            .zip(&encoded)
            .map(|(entry, command)| store::Entry {
                tenant: TENANT,
                now: entry.now,
                witness: *witness,
                command,
            })
            .collect();
        let place = store.place();
        match store.append(&rows) {
            Ok(last) if last == place + rows.len() as i64 => Ok(()),
            Ok(last) => Err(AppendError::Unknown(format!("entry {last} is the last one, behind {place}"))),
            Err(why) if store.can_begin_snapshot() => Err(AppendError::Refused(why)),
            Err(why) => Err(AppendError::Unknown(why)),
        }
    }

    fn carry_out(&mut self, entry: &Entry<'_>) -> Result<Answer, Fault> {
        let Live { tenant, witness, .. } = self.live();
        let answer = tenant.carry_out(entry.now, &entry.command);
        *witness = Witness { entry: witness.entry + 1, seq: tenant.engine.seq() };
        Ok(answer)
    }

    fn show(&self, reader: &mut dyn FnMut(&Engine)) {
        self.live.iter().for_each(|live| reader(&live.tenant.engine));
    }

    fn snapshot(&mut self) -> Result<(), Fault> {
        let Live { store, tenant, .. } = self.live();
        let store = store.as_mut().ok_or("it is closed")?;
        if !store.can_begin_snapshot() {
            return Ok(());
        }
        // A tenant of a run fits into the parts that may wait, so nobody has to take them meanwhile.
        let (mut writer, pieces) = parts::channel();
        store.begin_snapshot(TENANT, pieces);
        let encoded = tenant.freeze().write(&mut writer);
        writer.finish(encoded);
        Ok(())
    }

    fn upkeep(&mut self) -> Result<bool, Fault> {
        let store = self.live().store.as_mut().ok_or("it is closed")?;
        // Where there is no room for a step the snapshot is given up, which is no error of the journal's.
        let _ = store.append(&[]);
        Ok(!store.upkeep().is_idle())
    }

    fn stop(&mut self) -> Result<(), Fault> {
        let finish = |live: &mut Live| live.store.iter_mut().for_each(store::Store::finish_upkeep);
        finish(self.live());
        self.snapshot()?;
        finish(self.live());
        self.live().store.take().into_iter().for_each(store::Store::close);
        Ok(())
    }

    fn crash(&mut self, during: During<'_>, random: &mut Random) {
        let files = self.left_by(during, random);
        let old = self.path();
        self.crashes += 1;
        let new = self.path();
        fs::create_dir(&new).expect("a folder in a folder of our own");
        for (name, bytes) in FILES.iter().zip(files) {
            if let Some(bytes) = bytes {
                fs::write(new.join(name), bytes).expect("room for a copy");
            }
        }
        // SQLite tidies up what it leaves, where nobody looks any more.
        self.live = None;
        fs::remove_dir_all(old).expect("a folder of our own");
    }

    fn fill_disk(&mut self, is_full: bool) -> bool {
        // SQLite takes the size that the file has in the place of a smaller one.
        let pages = if is_full { 1 } else { u32::MAX - 1 };
        let store = self.live.as_ref().and_then(|live| live.store.as_ref());
        store.is_some_and(|store| store.limit_pages(pages).is_ok())
    }
}
