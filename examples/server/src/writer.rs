//! The thread that writes the journal, and the threads of the tenants that apply what is written.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use headcount::{Command, Timestamp};

use crate::backend::{CarriedOut, Unavailable};
use crate::file::chain::Witness;
use crate::file::parts::{self, PartWriter};
use crate::machine::{Place, now};
use crate::observe::metrics::Metrics;
use crate::queue::{Batch, Job, Queues, Wait};
use crate::spent::Spent;
use crate::store::{Entry, Store};

/// Where no command comes, so often it is looked whether a piece of a snapshot is encoded.
const ENCODED_POLL: Duration = Duration::from_millis(2);

/// Where it is noted what takes how long.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) spent: Arc<Spent>,
    pub(crate) metrics: Arc<Metrics>,
}

/// What a tenant's thread does.
enum Work {
    /// Applies a command that is in the journal.
    Apply { job: Job, now: Timestamp, entry: i64 },
    /// Freezes the tenant, and has it encoded.
    Freeze(PartWriter),
}

/// Writes the journal.
pub(crate) struct Writer {
    places: Arc<Vec<Place>>,
    queues: Arc<Queues>,
    seen: Seen,
    store: Option<Store>,
    /// By tenant, its thread.
    appliers: Vec<(mpsc::Sender<Work>, thread::JoinHandle<()>)>,
    /// By tenant, commands since its last snapshot, also those before the last start. None without a store.
    since_snapshot: Vec<u64>,
}

impl Writer {
    /// Starts the thread, and those of the tenants.
    pub(crate) fn start(
        places: &Arc<Vec<Place>>,
        queues: &Arc<Queues>,
        seen: Seen,
        store: Option<Store>,
        since_snapshot: Vec<u64>,
    ) -> io::Result<thread::JoinHandle<()>> {
        let appliers = (0..places.len()).map(|tenant| {
            let (work, works) = mpsc::channel();
            let (places, seen) = (Arc::clone(places), seen.clone());
            let run = move || works.iter().for_each(|work| do_work(&places, &seen, tenant, work));
            Ok((work, thread::Builder::new().name("tenant".into()).spawn(run)?))
        });
        let writer = Self {
            places: Arc::clone(places),
            queues: Arc::clone(queues),
            appliers: appliers.collect::<io::Result<_>>()?,
            seen,
            store,
            since_snapshot,
        };
        thread::Builder::new().name("writer".into()).spawn(move || writer.run())
    }

    fn run(mut self) {
        // What a damaged snapshot left wanting.
        self.save();
        while let Batch::Jobs(batch) = self.queues.next(self.wait()) {
            self.carry_out(batch);
            self.save();
        }
        self.finish();
    }

    /// For how long there is nothing to do but for commands.
    fn wait(&self) -> Wait {
        match self.store.as_ref().map(Store::upkeep) {
            Some(upkeep) if upkeep.has_step() => Wait::No,
            Some(upkeep) if !upkeep.is_idle() => Wait::UpTo(ENCODED_POLL),
            _ => Wait::ForAJob,
        }
    }

    /// Writes commands, and hands them on.
    fn carry_out(&mut self, batch: Vec<Job>) {
        let now = now();
        let metrics = &self.seen.metrics;
        batch.iter().for_each(|job| metrics.tenant(job.tenant).note_wait(job.since.elapsed()));
        let (mut entry, mut disk) = (0, Duration::ZERO);
        if let Some(store) = &mut self.store {
            let entry_of = |job| {
                let Job { tenant, command, .. }: &Job = job;
                let place = &self.places[*tenant];
                Entry { tenant: &place.name, now, witness: place.witness(), command: command.as_bytes() }
            };
            let entries: Vec<Entry<'_>> = batch.iter().map(entry_of).collect();
            let begun = Instant::now();
            match store.append(&entries) {
                Ok(last) => entry = last - batch.len() as i64,
                Err(why) => return batch.into_iter().for_each(|job| self.refuse(job, &why)),
            }
            disk = begun.elapsed();
            batch.iter().for_each(|job| metrics.tenant(job.tenant).note_disk(disk));
        }
        if !batch.is_empty() {
            self.seen.spent.note_transaction(batch.len(), disk);
        }
        for job in batch {
            entry += 1;
            self.since_snapshot
                .get_mut(job.tenant)
                .into_iter()
                .for_each(|since| *since = since.saturating_add(1));
            let (applier, _) = &self.appliers[job.tenant];
            // Where a thread is gone a command panicked, and none does: what is dropped here is told as unknown.
            let _ = applier.send(Work::Apply { job, now, entry });
        }
    }

    fn refuse(&self, Job { tenant, then, .. }: Job, why: &str) {
        self.places[tenant].waiting.fetch_sub(1, Ordering::Relaxed);
        then(Err(Unavailable(why.to_owned())));
    }

    /// Begins to save a tenant that went far since its last snapshot. One tenant at a time: the next one's turn comes
    /// when it is done.
    fn save(&mut self) {
        let Some(store) = &self.store else { return };
        let wanting = self.since_snapshot.iter().position(|since| store.wants_snapshot(*since));
        wanting.into_iter().for_each(|tenant| self.begin_snapshot(tenant));
    }

    fn begin_snapshot(&mut self, tenant: usize) {
        let (writer, pieces) = parts::channel();
        self.since_snapshot[tenant] = 0;
        if let Some(store) = &mut self.store {
            store.begin_snapshot(&self.places[tenant].name, pieces);
            // It freezes behind the commands that were handed on before: those of the journal up to here.
            let _ = self.appliers[tenant].0.send(Work::Freeze(writer));
        }
    }

    /// Ends what is under way, saves what changed since its last snapshot, and closes the file.
    fn finish(mut self) {
        self.store.iter_mut().for_each(Store::finish_upkeep);
        for tenant in 0..self.since_snapshot.len() {
            if self.since_snapshot[tenant] > 0 && self.store.as_ref().is_some_and(Store::can_begin_snapshot) {
                self.begin_snapshot(tenant);
                self.store.iter_mut().for_each(Store::finish_upkeep);
            }
        }
        for (work, thread) in self.appliers {
            drop(work);
            // It ends by itself, and returns nothing.
            let _ = thread.join();
        }
        if let Some(store) = self.store {
            store.close();
        }
    }
}

fn do_work(places: &[Place], seen: &Seen, tenant: usize, work: Work) {
    match work {
        Work::Apply { job, now, entry } => {
            let took = apply(&places[tenant], job, now, entry);
            seen.metrics.tenant(tenant).note_engine(took);
            seen.spent.note_engine(took);
        }
        Work::Freeze(writer) => freeze(&places[tenant], writer),
    }
}

/// Says how long it took.
fn apply(place: &Place, Job { command, then, .. }: Job, now: Timestamp, entry: i64) -> Duration {
    let begun = Instant::now();
    match postcard::from_bytes::<Command<'_>>(command.as_bytes()) {
        Ok(command) => {
            let mut tenant = place.tenant.write().unwrap_or_else(PoisonError::into_inner);
            let reply = tenant.carry_out(now, &command);
            let seq = tenant.engine.seq();
            *place.witness.lock().unwrap_or_else(PoisonError::into_inner) = Witness { entry, seq };
            place.waiting.fetch_sub(1, Ordering::Relaxed);
            then(Ok(CarriedOut { engine: &tenant.engine, reply }));
        }
        Err(error) => {
            place.waiting.fetch_sub(1, Ordering::Relaxed);
            then(Err(Unavailable(error.to_string())));
        }
    }
    begun.elapsed()
}

/// Copies sessions and tasks, but no record and few changes: the tenant's commands wait for as long as that takes, and
/// nobody else's.
fn freeze(place: &Place, mut writer: PartWriter) {
    let frozen = place.tenant.write().unwrap_or_else(PoisonError::into_inner).freeze();
    let spawned = thread::Builder::new().name("snapshot".into()).spawn(move || {
        let encoded = frozen.write(&mut writer);
        // From here on no command copies what it writes to.
        drop(frozen);
        writer.finish(encoded);
    });
    if let Err(error) = spawned {
        // The writer of the file finds that no more pieces come.
        tracing::error!(%error, name = place.name, "no thread for a snapshot");
    }
}
