//! Figures of what the server did since it was started: see [`scrape`](super::scrape) for how they are told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use headcount::{Error, GuardLimit, LenientOutcome, PageOutcome, SessionStatus};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::about::Step;

/// Bounds of what a request or a command takes, in seconds.
const SHORT_SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Bounds of what a snapshot takes, in seconds.
const SNAPSHOT_SECONDS: [f64; 9] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0];
/// Bounds of how long a session is open, in seconds: from a second to a day.
const SESSION_SECONDS: [f64; 8] = [1.0, 10.0, 60.0, 300.0, 1_800.0, 3_600.0, 14_400.0, 86_400.0];

/// What becomes of the records of pages. Each record is in one of them.
const RECORD_OUTCOMES: [&str; 7] =
    ["created", "unchanged", "changed", "reactivated", "filled", "rejected", "settled"];

/// Counts under the values of some labels.
#[derive(Debug)]
pub(super) struct Counts<const LABELS: usize>(Mutex<BTreeMap<[&'static str; LABELS], u64>>);

impl<const LABELS: usize> Counts<LABELS> {
    /// With nothing under these values yet: a count that is there from the start can be seen to grow.
    fn of(values: impl IntoIterator<Item = [&'static str; LABELS]>) -> Self {
        Self(Mutex::new(values.into_iter().map(|values| (values, 0)).collect()))
    }

    fn add(&self, counts: impl IntoIterator<Item = ([&'static str; LABELS], u64)>) {
        // Nothing panics with the lock.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.into_iter().for_each(|(values, count)| *all.entry(values).or_insert(0) += count);
    }

    pub(super) fn all(&self) -> BTreeMap<[&'static str; LABELS], u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// All figures.
#[derive(Debug)]
pub struct Metrics {
    pub(super) tenants: Vec<TenantMetrics>,
    pub(super) started_at: SystemTime,
    /// By method and status.
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    pub(super) requests_under_way: Gauge,
    /// That were cut off before there was an answer.
    pub(super) requests_abandoned: Counter,
    pub(super) request_seconds: Histogram,
}

/// The figures of a tenant.
#[derive(Debug)]
pub struct TenantMetrics {
    pub(super) name: String,
    /// By how they come, and whether they were taken.
    pub(super) pages: Counts<2>,
    pub(super) records: Counts<1>,
    pub(super) faults: Counter,
    pub(super) guard_refusals: Counts<1>,
    pub(super) refusals: Counts<2>,
    pub(super) sessions_started: Counter,
    pub(super) sessions_ended: Counts<1>,
    pub(super) session_seconds: Histogram,
    pub(super) deactivations: Counts<1>,
    pub(super) queue_seconds: Histogram,
    pub(super) disk_seconds: Histogram,
    pub(super) engine_seconds: Histogram,
    pub(super) not_taken: Counter,
    pub(super) snapshot_seconds: Histogram,
    pub(super) snapshot_failures: Counter,
    pub(super) snapshot_under_way: Gauge,
    pub(super) snapshot_bytes: AtomicU64,
    pub(super) snapshot_at_millis: AtomicU64,
}

/// Of no tenants.
impl Default for Metrics {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Metrics {
    /// Of these tenants, all at nothing.
    pub fn new(tenants: &[String]) -> Self {
        Self {
            tenants: tenants.iter().map(|name| TenantMetrics::new(name)).collect(),
            started_at: SystemTime::now(),
            requests: Mutex::default(),
            requests_under_way: Gauge::default(),
            requests_abandoned: Counter::default(),
            request_seconds: Histogram::new(SHORT_SECONDS),
        }
    }

    /// Those of a tenant, by its place.
    ///
    /// # Panics
    /// Where there is no such tenant.
    pub fn tenant(&self, tenant: usize) -> &TenantMetrics {
        &self.tenants[tenant]
    }

    /// Those of the tenant with this name, if there is one.
    pub fn named(&self, name: &str) -> Option<&TenantMetrics> {
        self.tenants.iter().find(|tenant| tenant.name == name)
    }

    /// Notes that a request came. What is dropped when it was answered, or given up, notes that it is over.
    pub(super) fn begin_request(&self) -> UnderWay<'_> {
        self.requests_under_way.inc();
        UnderWay(&self.requests_under_way)
    }

    /// Notes the status that a request got, and how long the answer took to begin.
    pub(super) fn note_request(&self, method: &'static str, status: u16, took: Duration) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner).entry((method, status)).or_insert(0) +=
            1;
        self.request_seconds.observe(took.as_secs_f64());
    }

    /// Notes that a request was cut off before it was answered.
    pub(super) fn note_abandoned_request(&self) {
        self.requests_abandoned.inc();
    }

    /// How many requests were answered, by method and status.
    pub(super) fn requests(&self) -> BTreeMap<(&'static str, u16), u64> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A request that was not answered yet.
pub(super) struct UnderWay<'m>(&'m Gauge);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl TenantMetrics {
    fn new(name: &str) -> Self {
        let ended = SessionStatus::ALL.iter().filter(|status| status.has_ended());
        Self {
            name: name.to_owned(),
            pages: Counts::of(Step::PAGES.into_iter().flat_map(|how| [[how, "taken"], [how, "refused"]])),
            records: Counts::of(RECORD_OUTCOMES.map(|outcome| [outcome])),
            faults: Counter::default(),
            guard_refusals: Counts::of(GuardLimit::ALL.iter().map(|limit| [limit.as_str()])),
            refusals: Counts::of([]),
            sessions_started: Counter::default(),
            sessions_ended: Counts::of(ended.map(|status| [status.as_str()])),
            session_seconds: Histogram::new(SESSION_SECONDS),
            deactivations: Counts::of([["cleanup"], ["delta"]]),
            queue_seconds: Histogram::new(SHORT_SECONDS),
            disk_seconds: Histogram::new(SHORT_SECONDS),
            engine_seconds: Histogram::new(SHORT_SECONDS),
            not_taken: Counter::default(),
            snapshot_seconds: Histogram::new(SNAPSHOT_SECONDS),
            snapshot_failures: Counter::default(),
            snapshot_under_way: Gauge::default(),
            snapshot_bytes: AtomicU64::new(0),
            snapshot_at_millis: AtomicU64::new(0),
        }
    }

    /// Notes how long a command waited until its turn came.
    pub fn note_wait(&self, took: Duration) {
        self.queue_seconds.observe(took.as_secs_f64());
    }

    /// Notes how long the transaction of a command took to be on disk.
    pub fn note_disk(&self, took: Duration) {
        self.disk_seconds.observe(took.as_secs_f64());
    }

    /// Notes how long the engine took for a command.
    pub fn note_engine(&self, took: Duration) {
        self.engine_seconds.observe(took.as_secs_f64());
    }

    /// Notes that a snapshot is begun, or that nothing is left to be done of it: it is in place and what it made useless
    /// is dropped, or it was given up.
    pub fn note_snapshot_under_way(&self, is_under_way: bool) {
        self.snapshot_under_way.set(i64::from(is_under_way));
    }

    /// Whether a snapshot is being written, or what it made useless is being dropped.
    pub fn is_snapshot_under_way(&self) -> bool {
        self.snapshot_under_way.get() > 0
    }

    /// Notes a snapshot that is in place.
    pub fn note_snapshot(&self, bytes: u64, took: Duration) {
        self.snapshot_seconds.observe(took.as_secs_f64());
        self.snapshot_bytes.store(bytes, Ordering::Relaxed);
        let now =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
        self.snapshot_at_millis.store(u64::try_from(now).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Notes a snapshot that was given up.
    pub fn note_snapshot_failure(&self) {
        self.snapshot_failures.inc();
    }

    pub(super) fn note_not_taken(&self) {
        self.not_taken.inc();
    }

    pub(super) fn note_page(&self, how: &'static str, outcome: &PageOutcome) {
        self.pages.add([([how, "taken"], 1)]);
        self.note_records(outcome, 0);
    }

    pub(super) fn note_lenient_page(&self, how: &'static str, outcome: &LenientOutcome) {
        self.pages.add([([how, "taken"], 1)]);
        self.faults.inc_by(outcome.faults_total);
        self.note_records(&outcome.page, outcome.rejected);
    }

    /// Of the settled records those whose ids the page passed over are neither created nor updated, and the others are
    /// updated (SPEC 10.8): the rest of the updated is what changed.
    fn note_records(&self, outcome: &PageOutcome, rejected: u32) {
        let named = outcome.created + outcome.updated + rejected;
        let passed_over = outcome.total.saturating_sub(named);
        let as_they_were = outcome.unchanged + outcome.reactivated + outcome.filled;
        let changed =
            outcome.updated.saturating_sub(as_they_were + outcome.settled.saturating_sub(passed_over));
        let outcomes = [
            (["created"], outcome.created),
            (["unchanged"], outcome.unchanged),
            (["changed"], changed),
            (["reactivated"], outcome.reactivated),
            (["filled"], outcome.filled),
            (["rejected"], rejected),
            (["settled"], outcome.settled),
        ];
        self.records.add(outcomes.map(|(outcome, count)| (outcome, u64::from(count))));
    }

    pub(super) fn note_starts(&self, count: u64) {
        self.sessions_started.inc_by(count);
    }

    pub(super) fn note_end(&self, status: SessionStatus, took: Duration) {
        self.sessions_ended.add([([status.as_str()], 1)]);
        self.session_seconds.observe(took.as_secs_f64());
    }

    pub(super) fn note_deactivations(&self, by: &'static str, count: u64) {
        self.deactivations.add([([by], count)]);
    }

    pub(super) fn note_refusal(&self, step: Step, error: &Error) {
        self.refusals.add([([step.as_str(), error.code()], 1)]);
        if let Step::Page(how) = step {
            self.pages.add([([how, "refused"], 1)]);
        }
        if let Error::PageFaults { faults_total, .. } = error {
            self.faults.inc_by(*faults_total);
        }
        self.guard_refusals.add(error.guard_limit().map(|limit| ([limit.as_str()], 1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_of_a_page_has_one_outcome() {
        let metrics = Metrics::new(&["acme".to_owned()]);
        let mut outcome = PageOutcome::default();
        // Two settled: one of a record that is there, one whose id is passed over.
        (outcome.total, outcome.created, outcome.updated) = (14, 2, 9);
        (outcome.filled, outcome.reactivated, outcome.unchanged, outcome.settled) = (1, 2, 3, 2);
        let mut lenient = LenientOutcome::from(outcome);
        (lenient.rejected, lenient.faults_total) = (2, 5);
        metrics.tenant(0).note_lenient_page("lenient", &lenient);
        let all = metrics.tenant(0).records.all();
        assert_eq!(all.values().sum::<u64>(), 14);
        assert_eq!((all[&["changed"]], all[&["settled"]], all[&["rejected"]]), (2, 2, 2));
        assert_eq!(metrics.tenant(0).faults.get(), 5);
    }
}
