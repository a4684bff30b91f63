//! A backend whose commands are noted.

use std::sync::Arc;

use headcount::Fingerprint;
use tracing::Span;

use super::health::Health;
use super::metrics::Metrics;
use crate::backend::{Backend, CarriedOut, Encoded, Pending, Then, Unavailable};
use crate::tenant::Tenant;

/// Hands everything on to a backend, and notes what became of each command. What is logged of it has the id of the
/// request that it came with.
#[derive(Debug)]
pub struct Observed {
    backend: Arc<dyn Backend>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

impl Observed {
    /// Notes the commands of this backend in these figures, whose tenants are those of the backend.
    pub fn new(backend: Arc<dyn Backend>, metrics: Arc<Metrics>) -> Self {
        Self { backend, metrics, health: Arc::default() }
    }

    /// Whether commands are taken, by what became of those that were noted.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }
}

/// Where it is dropped, what became of a command is not known: who carries them out is gone.
struct Unanswered(Option<Arc<Health>>);

impl Unanswered {
    fn answer(mut self, failure: Option<Unavailable>) {
        self.0.take().into_iter().for_each(|health| health.note(failure.clone()));
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        let lost = || Unavailable("a command was dropped".to_owned());
        self.0.take().into_iter().for_each(|health| health.note(Some(lost())));
    }
}

impl Backend for Observed {
    fn tenants(&self) -> usize {
        self.backend.tenants()
    }

    fn catch_up(&self, tenant: usize) -> Pending<'_> {
        self.backend.catch_up(tenant)
    }

    fn show(&self, tenant: usize, reader: &mut dyn FnMut(&Tenant)) {
        self.backend.show(tenant, reader);
    }

    fn submit(&self, tenant: usize, command: Encoded, then: Then) {
        let (metrics, about, span) = (Arc::clone(&self.metrics), command.about(), Span::current());
        let unanswered = Unanswered(Some(Arc::clone(&self.health)));
        let noted = move |carried_out: Result<CarriedOut<'_>, Unavailable>| {
            unanswered.answer(carried_out.as_ref().err().cloned());
            match &carried_out {
                Ok(CarriedOut { engine, reply }) => {
                    span.in_scope(|| super::note(metrics.tenant(tenant), about, engine, reply));
                }
                Err(_) => metrics.tenant(tenant).note_not_taken(),
            }
            then(carried_out);
        };
        self.backend.submit(tenant, command, Box::new(noted));
    }

    fn fingerprint(&self, body: &[u8]) -> Fingerprint {
        self.backend.fingerprint(body)
    }

    fn stop(&self) {
        self.backend.stop();
    }
}
