//! The tenants' engines, and the one thread that changes them.
//!
//! Commands queue up. The thread takes all that wait, writes them to the journal in one transaction, applies
//! them in order, and answers each: while one transaction waits for the disk, the next one fills. A tenant that
//! went far since its last snapshot is frozen between two commands; what follows is the store's, which takes a
//! step of it in each transaction, and in ones of their own where no command waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headcount::{Command, Config, Engine, Error, Fingerprint, Reply, Timestamp};
use tokio::sync::oneshot;

use crate::fingerprint::FingerprintKey;
use crate::store::{Entry, Loaded, Store, StoreError};
use crate::tenant::Tenant;

/// At most so many commands share a transaction.
const BATCH_MAX: usize = 512;

/// Where no command comes, so often it is looked whether a snapshot is encoded.
const ENCODED_POLL: Duration = Duration::from_millis(10);

/// What is done with a command's reply, and with the engine as the command left it.
type Then = Box<dyn FnOnce(&Engine, Result<Reply, Error>) + Send>;

/// The server's clock.
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64))
}

/// A command in postcard: what is journaled is what is applied.
#[derive(Clone, Debug)]
pub struct Encoded(Vec<u8>);

impl Encoded {
    /// Of this command.
    ///
    /// # Errors
    /// Of postcard: it encodes every command.
    pub fn new(command: &Command<'_>) -> Result<Self, Unavailable> {
        postcard::to_stdvec(command).map(Self).map_err(|error| Unavailable(error.to_string()))
    }
}

/// A command on its way.
struct Job {
    tenant: usize,
    command: Encoded,
    then: Then,
    /// Told instead, where the command could not be written.
    refused: Box<dyn FnOnce(String) + Send>,
}

/// A tenant's place: many read, one writes.
#[derive(Debug)]
struct Place {
    name: String,
    tenant: RwLock<Tenant>,
}

/// Where time went, in nanoseconds: told in the log when the server stops.
#[derive(Debug, Default)]
struct Spent {
    commands: AtomicU64,
    batches: AtomicU64,
    disk: AtomicU64,
    engine: AtomicU64,
    parse: AtomicU64,
    hash: AtomicU64,
    /// Not a time: how many were parsed.
    bodies: AtomicU64,
}

/// All tenants, and the way to change them.
#[derive(Debug)]
pub struct Machine {
    tenants: Arc<Vec<Place>>,
    /// No job is the last one: then the thread comes to its end.
    queue: mpsc::SyncSender<Option<Job>>,
    worker: Mutex<Option<thread::JoinHandle<()>>>,
    spent: Arc<Spent>,
    is_durable: bool,
    fingerprint_key: FingerprintKey,
}

/// Why a command got no reply: what to tell the client.
#[derive(Debug)]
pub struct Unavailable(pub String);

impl Machine {
    /// Loads the tenants' engines, with this configuration from now on, and starts the thread. Of each tenant's
    /// changes the last `changes_kept` are kept.
    ///
    /// # Errors
    /// Of the store.
    pub fn start(
        names: Vec<String>,
        store: Option<Store>,
        config: Config,
        changes_kept: u64,
    ) -> Result<Self, StoreError> {
        let fingerprint_key = match &store {
            Some(store) => store.fingerprint_key()?,
            None => FingerprintKey::random(),
        };
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
        let worker =
            Worker { tenants: Arc::clone(&tenants), spent: Arc::clone(&spent), store, since_snapshot };
        let worker = thread::Builder::new()
            .name("machine".into())
            .spawn(move || worker.run(&jobs))
            .map_err(|error| StoreError::Damaged(format!("no thread: {error}")))?;
        Ok(Self { tenants, queue, worker: Mutex::new(Some(worker)), spent, is_durable, fingerprint_key })
    }

    /// How many tenants there are.
    pub fn tenants(&self) -> usize {
        self.tenants.len()
    }

    /// The tenant, to be read.
    pub fn read(&self, tenant: usize) -> RwLockReadGuard<'_, Tenant> {
        // A lock is poisoned only where a thread panicked with it, and no command panics.
        self.tenants[tenant].tenant.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out a command, and answers what `then` makes of its reply and the engine as it left it.
    ///
    /// # Errors
    /// Where it could not be written to disk, and so was not carried out.
    pub async fn apply<T: Send + 'static>(
        &self,
        tenant: usize,
        command: Encoded,
        then: impl FnOnce(&Engine, Result<Reply, Error>) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let refuse = Arc::clone(&answer);
        let send = |slot: &Mutex<Option<oneshot::Sender<Result<T, Unavailable>>>>, result| {
            if let Some(answer) = slot.lock().ok().and_then(|mut slot| slot.take()) {
                // The client may be gone: its command is carried out all the same.
                let _ = answer.send(result);
            }
        };
        let job = Job {
            tenant,
            command,
            then: Box::new(move |engine, reply| send(&answer, Ok(then(engine, reply)))),
            refused: Box::new(move |why| send(&refuse, Err(Unavailable(why)))),
        };
        let gone = || Unavailable("the server is stopping".to_owned());
        if let Err(mpsc::TrySendError::Full(_) | mpsc::TrySendError::Disconnected(_)) =
            self.queue.try_send(Some(job))
        {
            return Err(Unavailable("too many commands are waiting".to_owned()));
        }
        answered.await.map_err(|_| gone())?
    }

    /// What a body is known by.
    pub fn fingerprint(&self, body: &[u8]) -> Fingerprint {
        let begun = Instant::now();
        let fingerprint = self.fingerprint_key.of(body);
        self.spent.hash.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
        fingerprint
    }

    /// Notes that a request's body was parsed, and how long it took.
    pub fn note_parse(&self, took: Duration) {
        self.spent.bodies.fetch_add(1, Ordering::Relaxed);
        self.spent.parse.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
    }

    /// How many bodies were parsed.
    pub fn bodies_parsed(&self) -> u64 {
        self.spent.bodies.load(Ordering::Relaxed)
    }

    /// Carries out the commands that wait, ends the snapshot that is under way, and tells where time went. Blocks
    /// for as long as that takes. Commands that come later are refused.
    pub fn stop(&self) {
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            // It is gone already only where a command panicked, and none does.
            let _ = self.queue.send(None);
            let _ = worker.join();
        }
        let spent = |of: &AtomicU64| Duration::from_nanos(of.load(Ordering::Relaxed));
        tracing::info!(
            commands = self.spent.commands.load(Ordering::Relaxed),
            transactions = self.spent.batches.load(Ordering::Relaxed),
            bodies = self.bodies_parsed(),
            parse = ?spent(&self.spent.parse),
            hash = ?spent(&self.spent.hash),
            engine = ?spent(&self.spent.engine),
            disk = ?spent(&self.spent.disk),
            durable = self.is_durable,
            "stopped"
        );
    }
}

struct Worker {
    tenants: Arc<Vec<Place>>,
    spent: Arc<Spent>,
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
        let mut written = 0;
        if let Some(store) = &mut self.store {
            let entries: Vec<Entry<'_>> = batch
                .iter()
                .map(|job| Entry { tenant: &self.tenants[job.tenant].name, now, command: &job.command.0 })
                .collect();
            let begun = Instant::now();
            match store.append(&entries) {
                Ok(place) => written = place,
                Err(why) => return batch.into_iter().for_each(|job| (job.refused)(why.clone())),
            }
            self.spent.disk.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
        }
        self.spent.batches.fetch_add(u64::from(!batch.is_empty()), Ordering::Relaxed);
        self.spent.commands.fetch_add(batch.len() as u64, Ordering::Relaxed);
        let begun = Instant::now();
        for job in batch {
            self.since_snapshot.get_mut(job.tenant).into_iter().for_each(|since| *since += 1);
            let mut tenant = self.tenants[job.tenant].tenant.write().unwrap_or_else(PoisonError::into_inner);
            match postcard::from_bytes::<Command<'_>>(&job.command.0) {
                Ok(command) => {
                    let reply = tenant.carry_out(now, &command);
                    (job.then)(&tenant.engine, reply);
                }
                Err(error) => (job.refused)(error.to_string()),
            }
        }
        self.spent.engine.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
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
