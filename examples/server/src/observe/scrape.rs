//! The figures, and the state of the engines, as Prometheus reads them (text format 0.0.4).
//!
//! Whoever asks with a tenant's key sees the series of that tenant; the process's own, which tell how busy all tenants
//! are together, are for the address that is for Prometheus alone.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use headcount::{Engine, SessionStatus, Timestamp};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::metrics::{Counts, Metrics, TenantMetrics};

/// What an engine holds just now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    apps: u64,
    active: u64,
    inactive: u64,
    placeholders: u64,
    in_progress: Open,
    completing: Open,
    changes: u64,
}

/// The open sessions of one status.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    count: u64,
    /// Seconds since the oldest was started, and since the last activity of the one that is longest without any.
    age_max: f64,
    idle_max: f64,
}

impl Held {
    /// Looks at each app, at its newest session, and at its types; at no record.
    pub fn of(engine: &Engine, now: Timestamp) -> Self {
        let mut held = Self { changes: engine.seq(), ..Self::default() };
        for app in engine.apps() {
            held.apps += 1;
            for counts in app.resource_types().filter_map(|of| app.record_counts(of.slug())) {
                held.active += counts.active;
                held.inactive += counts.inactive;
                held.placeholders += counts.placeholders;
            }
            // An open session is its app's newest.
            let Some(session) = app.sessions().next_back() else { continue };
            let open = match session.status() {
                SessionStatus::InProgress => &mut held.in_progress,
                SessionStatus::Completing => &mut held.completing,
                _ => continue,
            };
            let since =
                |at: Timestamp| now.as_millis().saturating_sub(at.as_millis()).max(0) as f64 / 1_000.0;
            open.count += 1;
            open.age_max = open.age_max.max(since(session.started_at()));
            open.idle_max = open.idle_max.max(since(session.last_activity_at()));
        }
        held
    }

    fn open(&self) -> [(&'static str, Open); 2] {
        [("in_progress", self.in_progress), ("completing", self.completing)]
    }
}

/// Whose series are told.
#[derive(Clone, Debug)]
pub struct Scrape {
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// The places of the tenants that are shown, each with what its engine holds.
    pub shown: Vec<(usize, Held)>,
    /// Whether the series of the whole process are told too: whether the store is ready, if so.
    pub is_ready: Option<bool>,
}

impl Scrape {
    /// The text.
    pub fn text(self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry).expect("a text takes whatever is written to it");
        text
    }

    fn tenants(&self) -> impl Iterator<Item = (&TenantMetrics, &Held)> {
        self.shown.iter().map(|(tenant, held)| (self.metrics.tenant(*tenant), held))
    }
}

/// The name of a label, and its value.
type Label<'l> = (&'static str, Cow<'l, str>);

/// Writes families of series.
struct Writer<'w, 'e>(&'w mut DescriptorEncoder<'e>);

impl Writer<'_, '_> {
    /// A family of these series, each a metric with its labels.
    fn family<'l, M: EncodeMetric>(
        &mut self,
        (name, help): (&'static str, &str),
        of: MetricType,
        series: impl IntoIterator<Item = (Vec<Label<'l>>, M)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, of)?;
        for (labels, metric) in series {
            metric.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn counter<'l>(
        &mut self,
        described: (&'static str, &str),
        series: impl IntoIterator<Item = (Vec<Label<'l>>, u64)>,
    ) -> fmt::Result {
        let series = series.into_iter().map(|(labels, count)| (labels, ConstCounter::new(count)));
        self.family(described, MetricType::Counter, series)
    }

    fn gauge<'l>(
        &mut self,
        described: (&'static str, &str),
        series: impl IntoIterator<Item = (Vec<Label<'l>>, f64)>,
    ) -> fmt::Result {
        let series = series.into_iter().map(|(labels, value)| (labels, ConstGauge::new(value)));
        self.family(described, MetricType::Gauge, series)
    }
}

fn tenant(of: &TenantMetrics) -> Label<'_> {
    ("tenant", of.name.as_str().into())
}

/// The series of a tenant's counts, under the names of their labels.
fn counts<'l, const LABELS: usize>(
    of: &'l TenantMetrics,
    names: [&'static str; LABELS],
    counts: &Counts<LABELS>,
) -> Vec<(Vec<Label<'l>>, u64)> {
    let labels = |values: [&'static str; LABELS]| {
        [tenant(of)].into_iter().chain(names.into_iter().zip(values.map(Cow::from)))
    };
    counts.all().into_iter().map(|(values, count)| (labels(values).collect(), count)).collect()
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut writer = Writer(&mut encoder);
        self.commands(&mut writer)?;
        self.times(&mut writer)?;
        self.state(&mut writer)?;
        match self.is_ready {
            Some(is_ready) => self.process(&mut writer, is_ready),
            None => Ok(()),
        }
    }
}

impl Scrape {
    fn counted<const LABELS: usize>(
        &self,
        writer: &mut Writer<'_, '_>,
        described: (&'static str, &str),
        names: [&'static str; LABELS],
        of: impl Fn(&TenantMetrics) -> &Counts<LABELS>,
    ) -> fmt::Result {
        writer.counter(described, self.tenants().flat_map(|(tenant, _)| counts(tenant, names, of(tenant))))
    }

    /// What commands did.
    fn commands(&self, writer: &mut Writer<'_, '_>) -> fmt::Result {
        let described =
            ("headcount_pages", "Pages of records, by how they came (delta: outside of a session)");
        self.counted(writer, described, ["how", "outcome"], |of| &of.pages)?;
        let described = ("headcount_records", "Records of the pages that were taken, each under one outcome");
        self.counted(writer, described, ["outcome"], |of| &of.records)?;
        let one = |of: fn(&TenantMetrics) -> u64| {
            self.tenants().map(move |(tenant_of, _)| (vec![tenant(tenant_of)], of(tenant_of)))
        };
        let described = ("headcount_record_faults", "Faults of the records of pages, refused or lenient");
        writer.counter(described, one(|of| of.faults.get()))?;
        let described =
            ("headcount_guard_refusals", "Pages and completions that a guard refused, by its limit");
        self.counted(writer, described, ["limit"], |of| &of.guard_refusals)?;
        let described =
            ("headcount_refused_commands", "Commands that the engine refused, by the code of the answer");
        self.counted(writer, described, ["step", "code"], |of| &of.refusals)?;
        let described = ("headcount_sessions_started", "Sessions that were started");
        writer.counter(described, one(|of| of.sessions_started.get()))?;
        let described = ("headcount_sessions_ended", "Sessions that ended, by how");
        self.counted(writer, described, ["status"], |of| &of.sessions_ended)?;
        let described = ("headcount_deactivations", "Records that became inactive, by what marked them");
        self.counted(writer, described, ["by"], |of| &of.deactivations)?;
        let described =
            ("headcount_commands_not_taken", "Commands that could not be written, or had no room to wait");
        writer.counter(described, one(|of| of.not_taken.get()))?;
        let described = ("headcount_snapshot_failures", "Snapshots that were given up");
        writer.counter(described, one(|of| of.snapshot_failures.get()))
    }

    /// What took how long.
    fn times(&self, writer: &mut Writer<'_, '_>) -> fmt::Result {
        let mut histogram = |described, of: fn(&TenantMetrics) -> &_| {
            let series = self.tenants().map(|(named, _)| (vec![tenant(named)], Borrowed(of(named))));
            writer.family(described, MetricType::Histogram, series)
        };
        let described = ("headcount_session_seconds", "How long sessions were open that ended");
        histogram(described, |of| &of.session_seconds)?;
        let described = ("headcount_queue_seconds", "How long commands waited for their turn");
        histogram(described, |of| &of.queue_seconds)?;
        let described =
            ("headcount_disk_seconds", "How long the transactions of commands took to be on disk");
        histogram(described, |of| &of.disk_seconds)?;
        let described = ("headcount_engine_seconds", "How long the engine took for a command");
        histogram(described, |of| &of.engine_seconds)?;
        let described = ("headcount_snapshot_seconds", "How long snapshots took until they were in place");
        histogram(described, |of| &of.snapshot_seconds)
    }

    /// What is there just now.
    fn state(&self, writer: &mut Writer<'_, '_>) -> fmt::Result {
        let one = |of: fn(&TenantMetrics, &Held) -> f64| {
            self.tenants().map(move |(named, held)| (vec![tenant(named)], of(named, held)))
        };
        writer.gauge(("headcount_apps", "Apps"), one(|_, held| held.apps as f64))?;
        let records = self.tenants().flat_map(|(of, held)| {
            let states =
                [("active", held.active), ("inactive", held.inactive), ("placeholder", held.placeholders)];
            states.map(|(state, count)| (vec![tenant(of), ("state", state.into())], count as f64))
        });
        let help = "Records on record, active and inactive; placeholders are among both";
        writer.gauge(("headcount_records_held", help), records)?;
        let open = |of: fn(&Open) -> f64| {
            self.tenants().flat_map(move |(named, held)| {
                let series = |(status, open): (_, Open)| {
                    (vec![tenant(named), ("status", Cow::from(status))], of(&open))
                };
                held.open().map(series)
            })
        };
        let described = ("headcount_open_sessions", "Sessions that are open, by status");
        writer.gauge(described, open(|open| open.count as f64))?;
        let described = (
            "headcount_open_session_age_seconds_max",
            "Since the oldest open session was started; 0 if none is",
        );
        writer.gauge(described, open(|open| open.age_max))?;
        let described = (
            "headcount_open_session_idle_seconds_max",
            "For how long an open session had no activity at most; 0 if none is open",
        );
        writer.gauge(described, open(|open| open.idle_max))?;
        let described = ("headcount_change_seq", "The number of the newest change");
        writer.gauge(described, one(|_, held| held.changes as f64))?;
        let described = (
            "headcount_snapshot_under_way",
            "Whether a snapshot is being written, or what it made useless is being dropped",
        );
        writer.gauge(described, one(|of, _| of.snapshot_under_way.get() as f64))?;
        let described = (
            "headcount_snapshot_bytes",
            "How large the last snapshot was; 0 if there was none since the start",
        );
        writer.gauge(described, one(|of, _| of.snapshot_bytes.load(Ordering::Relaxed) as f64))?;
        let described = (
            "headcount_snapshot_timestamp_seconds",
            "When the last snapshot was in place; 0 if there was none since the start",
        );
        writer.gauge(described, one(|of, _| of.snapshot_at_millis.load(Ordering::Relaxed) as f64 / 1_000.0))
    }

    /// What is no tenant's.
    fn process(&self, writer: &mut Writer<'_, '_>, is_ready: bool) -> fmt::Result {
        let metrics = &self.metrics;
        let requests = metrics.requests().into_iter().map(|((method, status), count)| {
            (vec![("method", method.into()), ("status", status.to_string().into())], count)
        });
        writer.counter(("headcount_http_requests", "Requests that were answered"), requests)?;
        let described =
            ("headcount_http_requests_abandoned", "Requests that were cut off before there was an answer");
        writer.counter(described, [(vec![], metrics.requests_abandoned.get())])?;
        let described = ("headcount_http_requests_under_way", "Requests that are not answered yet");
        writer.gauge(described, [(vec![], metrics.requests_under_way.get() as f64)])?;
        let described = ("headcount_http_request_seconds", "How long it took until an answer began");
        writer.family(described, MetricType::Histogram, [(vec![], Borrowed(&metrics.request_seconds))])?;
        let described = ("headcount_ready", "Whether commands are taken");
        writer.gauge(described, [(vec![], f64::from(u8::from(is_ready)))])?;
        let started = metrics
            .started_at
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64());
        let described = ("process_resident_memory_bytes", "Memory that the process has, where Linux tells");
        writer.gauge(described, resident_bytes().map(|bytes| (vec![], bytes as f64)))?;
        let described = ("process_start_time_seconds", "When the process was started");
        writer.gauge(described, [(vec![], started)])?;
        let described = ("headcount_build_info", "Which version this is");
        writer.gauge(described, [(vec![("version", env!("CARGO_PKG_VERSION").into())], 1.0)])
    }
}

/// What Linux says that the process has in memory.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kibibytes.parse::<u64>().ok()?.saturating_mul(1_024))
}

/// A metric that stays where it is.
struct Borrowed<'m, M>(&'m M);

impl<M: EncodeMetric> EncodeMetric for Borrowed<'_, M> {
    fn encode(&self, encoder: prometheus_client::encoding::MetricEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        self.0.metric_type()
    }
}
