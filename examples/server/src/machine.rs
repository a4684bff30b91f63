//! The tenants' engines, and the one thread that changes them.
//!
//! Commands queue up. The thread takes all that wait, writes them to the journal in one transaction, applies
//! them in order, and answers each: while one transaction waits for the disk, the next one fills. A tenant that
//! went far since its last snapshot is frozen between two commands; what follows is the store's, which takes a
//! step of it in each transaction, and in ones of their own where no command waits.

use std::sync::{Arc, Mutex, PoisonError, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headcount::{Command, Config, Fingerprint, Timestamp};

use crate::backend::{Backend, CarriedOut, Encoded, Pending, Then, Unavailable};
use crate::fingerprint::FingerprintKey;
use crate::observe::metrics::Metrics;
use crate::spent::Spent;
use crate::store::{Entry, Loaded, Store, StoreError};
use crate::tenant::Tenant;

/// At most so many commands share a transaction.
const BATCH_MAX: usize = 512;

/// Where no command comes, so often it is looked whether a snapshot is encoded.
const ENCODED_POLL: Duration = Duration::from_millis(10);

/// The server's clock.
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64))
}

/// A command on its way.
struct Job {
    tenant: usize,
    command: Encoded,
    then: Then,
    since: Instant,
}

/// A tenant's place: many read, one writes.
#[derive(Debug)]
struct Place {
    name: String,
    tenant: RwLock<Tenant>,
}

/// All tenants, and the way to change them.
#[derive(Debug)]
pub struct Machine {
    tenants: Arc<Vec<Place>>,
    /// No job is the last one: then the thread comes to its end.
    queue: mpsc::SyncSender<Option<Job>>,
    worker: Mutex<Option<thread::JoinHandle<()>>>,
    spent: Arc<Spent>,
    metrics: Arc<Metrics>,
    is_durable: bool,
    fingerprint_key: FingerprintKey,
}

impl Machine {
    /// Loads the tenants' engines, with this configuration from now on, and starts the thread. Of each tenant's
    /// changes the last `changes_kept` are kept.
    ///
    /// # Errors
    /// Of the store.
    pub fn start(
        names: Vec<String>,
        mut store: Option<Store>,
        config: Config,
        changes_kept: u64,
    ) -> Result<Self, StoreError> {
        let fingerprint_key = match &store {
            Some(store) => store.fingerprint_key()?,
            None => FingerprintKey::random(),
        };
        let metrics = Arc::new(Metrics::new(&names));
        store.iter_mut().for_each(|store| store.count_in(Arc::clone(&metrics)));
        let mut tenants = Vec::new();
        let mut since_snapshot = Vec::new();
        for name in names {
            // Random bytes that nobody else knows: two UUIDs' worth are more than enough.
            let config = config.with_hash_key(*uuid::Uuid::new_v4().as_bytes());
            let tenant = match &store {
                Some(store) => {
                    let Loaded { tenant, place, commands_since } = store.load(&name, config, changes_kept)?;
                    tracing::info!(name, place, commands_since, seq = tenant.engine.seq(), "loaded");
                    since_snapshot.push(commands_since);
                    tenant
                }
                None => Tenant::new(config, changes_kept),
            };
            tenants.push(Place { name, tenant: RwLock::new(tenant) });
        }
        // Before the first command that is carried out under it.
        store.as_ref().map_or(Ok(()), |store| store.note_configuration(&config))?;
        let (tenants, spent) = (Arc::new(tenants), Arc::new(Spent::default()));
        let (queue, jobs) = mpsc::sync_channel(BATCH_MAX * 4);
        let is_durable = store.is_some();
        let worker = Worker {
            tenants: Arc::clone(&tenants),
            spent: Arc::clone(&spent),
            metrics: Arc::clone(&metrics),
            store,
            since_snapshot,
        };
        let worker = thread::Builder::new()
            .name("machine".into())
            .spawn(move || worker.run(&jobs))
            .map_err(|error| StoreError::Damaged(format!("no thread: {error}")))?;
        Ok(Self {
            tenants,
            queue,
            worker: Mutex::new(Some(worker)),
            spent,
            metrics,
            is_durable,
            fingerprint_key,
        })
    }

    /// Where time goes.
    pub fn spent(&self) -> Arc<Spent> {
        Arc::clone(&self.spent)
    }

    /// What is counted.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }
}

impl Backend for Machine {
    fn tenants(&self) -> usize {
        self.tenants.len()
    }

    /// What was acknowledged is applied.
    fn catch_up(&self, _: usize) -> Pending<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn show(&self, tenant: usize, reader: &mut dyn FnMut(&Tenant)) {
        // A lock is poisoned only where a thread panicked with it, and no command panics.
        reader(&self.tenants[tenant].tenant.read().unwrap_or_else(PoisonError::into_inner));
    }

    fn submit(&self, tenant: usize, command: Encoded, then: Then) {
        let job = Job { tenant, command, then, since: Instant::now() };
        if let Err(mpsc::TrySendError::Full(job) | mpsc::TrySendError::Disconnected(job)) =
            self.queue.try_send(Some(job))
        {
            let refused = Unavailable("too many commands are waiting".to_owned());
            job.into_iter().for_each(|job| (job.then)(Err(refused.clone())));
        }
    }

    fn fingerprint(&self, body: &[u8]) -> Fingerprint {
        self.fingerprint_key.of(body)
    }

    /// Ends the snapshot that is under way too, and tells where time went.
    fn stop(&self) {
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            // It is gone already only where a command panicked, and none does.
            let _ = self.queue.send(None);
            let _ = worker.join();
        }
        self.spent.log(self.is_durable);
    }
}

struct Worker {
    tenants: Arc<Vec<Place>>,
    spent: Arc<Spent>,
    metrics: Arc<Metrics>,
    store: Option<Store>,
    /// By tenant, commands since its last snapshot, also those before the last start. None without a store.
    since_snapshot: Vec<u64>,
}

impl Worker {
    fn run(mut self, jobs: &mpsc::Receiver<Option<Job>>) {
        let mut is_last = false;
        while !is_last {
            let mut batch = Vec::new();
            match self.next(jobs) {
                Ok(Some(first)) => batch.push(first),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Ok(None) | Err(mpsc::RecvTimeoutError::Disconnected) => is_last = true,
            }
            while batch.len() < BATCH_MAX && !is_last {
                match jobs.try_recv() {
                    Ok(Some(job)) => batch.push(job),
                    Ok(None) => is_last = true,
                    Err(_) => break,
                }
            }
            self.carry_out(batch);
        }
        self.finish();
    }

    /// The next job, waited for as long as there is nothing else to do.
    fn next(&self, jobs: &mpsc::Receiver<Option<Job>>) -> Result<Option<Job>, mpsc::RecvTimeoutError> {
        match self.store.as_ref().map(Store::upkeep) {
            Some(upkeep) if upkeep.has_step() => jobs.recv_timeout(Duration::ZERO),
            Some(upkeep) if !upkeep.is_idle() => jobs.recv_timeout(ENCODED_POLL),
            _ => jobs.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
        }
    }

    /// Ends what is under way, and saves what went far meanwhile.
    fn finish(&mut self) {
        let Some(place) = self.store.as_ref().map(Store::place) else { return };
        for _ in 0..=self.tenants.len() {
            self.store.iter_mut().for_each(Store::finish_upkeep);
            self.save(place);
        }
        self.store.iter_mut().for_each(Store::finish_upkeep);
    }

    fn carry_out(&mut self, batch: Vec<Job>) {
        let now = now();
        batch.iter().for_each(|job| self.metrics.tenant(job.tenant).note_wait(job.since.elapsed()));
        let (mut written, mut disk) = (0, Duration::ZERO);
        if let Some(store) = &mut self.store {
            let entries: Vec<Entry<'_>> = batch
                .iter()
                .map(|job| Entry {
                    tenant: &self.tenants[job.tenant].name,
                    now,
                    command: job.command.as_bytes(),
                })
                .collect();
            let begun = Instant::now();
            match store.append(&entries) {
                Ok(place) => written = place,
                Err(why) => {
                    return batch.into_iter().for_each(|job| (job.then)(Err(Unavailable(why.clone()))));
                }
            }
            disk = begun.elapsed();
            batch.iter().for_each(|job| self.metrics.tenant(job.tenant).note_disk(disk));
        }
        if !batch.is_empty() {
            self.spent.note_transaction(batch.len(), disk);
        }
        let begun = Instant::now();
        for job in batch {
            self.since_snapshot.get_mut(job.tenant).into_iter().for_each(|since| *since += 1);
            let mut tenant = self.tenants[job.tenant].tenant.write().unwrap_or_else(PoisonError::into_inner);
            match postcard::from_bytes::<Command<'_>>(job.command.as_bytes()) {
                Ok(command) => {
                    let begun = Instant::now();
                    let reply = tenant.carry_out(now, &command);
                    self.metrics.tenant(job.tenant).note_engine(begun.elapsed());
                    (job.then)(Ok(CarriedOut { engine: &tenant.engine, reply }));
                }
                Err(error) => (job.then)(Err(Unavailable(error.to_string()))),
            }
        }
        self.spent.note_engine(begun.elapsed());
        self.save(written);
    }

    /// Freezes a tenant that went far since its last snapshot, to be saved as of the place of the journal up to
    /// which everything is applied. Commands wait for as long as it takes to copy sessions and tasks, but no
    /// record and few changes. One tenant at a time: the next one's turn comes when it is done.
    fn save(&mut self, place: i64) {
        let Some(store) = &mut self.store else { return };
        for (Place { name, tenant }, since) in self.tenants.iter().zip(&mut self.since_snapshot) {
            if store.wants_snapshot(*since) {
                let frozen = tenant.write().unwrap_or_else(PoisonError::into_inner).freeze();
                if let Err(error) = store.begin_snapshot(name, frozen, place) {
                    tracing::error!(%error, tenant = name, "no snapshot: the journal goes on");
                }
                *since = 0;
            }
        }
    }
}
