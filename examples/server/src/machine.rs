//! The tenants' engines on this machine, and the threads that change them.
//!
//! Commands queue up, by tenant. One thread, the writer, takes what waits, some of each tenant, writes it to the journal
//! in one transaction, and hands each command to the thread of its tenant, which applies it and answers. So while a
//! large command is applied, transactions go on, and so do the other tenants; and while one transaction waits for the
//! disk, the next one fills. Without a data file the writer hands on at once.
//!
//! A tenant that went far since its last snapshot is frozen by its own thread, between two commands. What follows is
//! the store's, which takes a step of it in each transaction, and in ones of their own where no command waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use headcount::{Config, Fingerprint, Timestamp};

use crate::backend::{Backend, Encoded, Pending, Then, Unavailable};
use crate::file::chain::Witness;
use crate::fingerprint::FingerprintKey;
use crate::observe::metrics::Metrics;
use crate::queue::{Job, Queues};
use crate::spent::Spent;
use crate::store::{Loaded, Store, StoreError};
use crate::tenant::Tenant;
use crate::writer::{Seen, Writer};

/// Commands of a tenant that wait to be written or to be applied: more are refused.
const WAITING_MAX: usize = 2_048;

/// The server's clock.
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64))
}

/// A tenant's place: many read, one writes.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) tenant: RwLock<Tenant>,
    /// Commands that were taken and not answered.
    pub(crate) waiting: AtomicUsize,
    /// What was applied last.
    pub(crate) witness: Mutex<Witness>,
}

impl Place {
    fn new(name: String, tenant: Tenant, entry: i64) -> Self {
        let witness = Witness { entry, seq: tenant.engine.seq() };
        Self { name, tenant: RwLock::new(tenant), waiting: AtomicUsize::new(0), witness: Mutex::new(witness) }
    }

    /// What was applied last.
    pub(crate) fn witness(&self) -> Witness {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All tenants, and the way to change them.
#[derive(Debug)]
pub struct Machine {
    places: Arc<Vec<Place>>,
    queues: Arc<Queues>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
    spent: Arc<Spent>,
    metrics: Arc<Metrics>,
    is_durable: bool,
    fingerprint_key: FingerprintKey,
}

impl Machine {
    /// Loads the tenants' engines, with this configuration from now on, and starts the threads. Of each tenant's
    /// changes the last `changes_kept` are kept.
    ///
    /// # Errors
    /// Of the store; where there is no thread.
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
        for name in
            store.iter().flat_map(Store::tenants).filter(|name| names.iter().all(|known| known != name))
        {
            tracing::warn!(name, "a tenant of the data file has no key: it is kept, and nobody reaches it");
        }
        let mut places = Vec::new();
        let mut since_snapshot = Vec::new();
        for name in names {
            // Random bytes that nobody else knows: two UUIDs' worth are more than enough.
            let config = config.with_hash_key(*uuid::Uuid::new_v4().as_bytes());
            let (tenant, entry) = match &store {
                Some(store) => {
                    let Loaded { tenant, place, entry, commands_since, is_short_of_snapshots } =
                        store.load(&name, config, changes_kept)?;
                    tracing::info!(name, place, entry, commands_since, seq = tenant.engine.seq(), "loaded");
                    since_snapshot.push(if is_short_of_snapshots { u64::MAX } else { commands_since });
                    (tenant, entry)
                }
                None => (Tenant::new(config, changes_kept), 0),
            };
            places.push(Place::new(name, tenant, entry));
        }
        // Before the first command that is carried out under it.
        store.as_ref().map_or(Ok(()), |store| store.note_configuration(&config))?;
        let (places, spent) = (Arc::new(places), Arc::new(Spent::default()));
        let queues = Arc::new(Queues::new(places.len()));
        let is_durable = store.is_some();
        let seen = Seen { spent: Arc::clone(&spent), metrics: Arc::clone(&metrics) };
        let writer = Writer::start(&places, &queues, seen, store, since_snapshot);
        let writer = writer.map_err(|error| StoreError::Lock(format!("no thread: {error}")))?;
        let writer = Mutex::new(Some(writer));
        Ok(Self { places, queues, writer, spent, metrics, is_durable, fingerprint_key })
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
        self.places.len()
    }

    /// What was acknowledged is applied.
    fn catch_up(&self, _: usize) -> Pending<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn show(&self, tenant: usize, reader: &mut dyn FnMut(&Tenant)) {
        // A lock is poisoned only where a thread panicked with it, and no command panics.
        reader(&self.places[tenant].tenant.read().unwrap_or_else(PoisonError::into_inner));
    }

    fn submit(&self, tenant: usize, command: Encoded, then: Then) {
        let waiting = &self.places[tenant].waiting;
        if waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            waiting.fetch_sub(1, Ordering::Relaxed);
            return then(Err(Unavailable("too many commands are waiting".to_owned())));
        }
        if let Err(job) = self.queues.push(Job { tenant, command, then, since: Instant::now() }) {
            (job.then)(Err(Unavailable("the server is stopping".to_owned())));
        }
    }

    fn fingerprint(&self, body: &[u8]) -> Fingerprint {
        self.fingerprint_key.of(body)
    }

    /// Saves the tenants too that changed since their last snapshot, closes the data file, and tells where time went.
    fn stop(&self) {
        self.queues.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // It is gone already only where a command panicked, and none does.
        writer.map(thread::JoinHandle::join);
        self.spent.log(self.is_durable);
    }
}
