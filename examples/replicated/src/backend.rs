//! What the server's calls see of the cluster: tenants to be read, and a way for commands.

use std::sync::Arc;

use headcount::Fingerprint;
use headcount_server::backend::{self, Encoded, Pending, Then};
use headcount_server::fingerprint::FingerprintKey;
use headcount_server::tenant::Tenant;

use crate::place::Place;
use crate::proposer::Proposer;
use crate::replica::Replica;

/// The tenants that this node has keys of, as the log made them.
#[derive(Debug)]
pub struct Backend {
    tenants: Vec<(String, Arc<Place>)>,
    replica: Replica,
    proposer: Proposer,
}

impl Backend {
    /// Of the tenants with these names, in their order.
    pub fn new(names: &[String], replica: Replica, proposer: Proposer) -> Self {
        let tenants = names.iter().map(|name| (name.clone(), replica.place(name))).collect();
        Self { tenants, replica, proposer }
    }
}

impl backend::Backend for Backend {
    fn tenants(&self) -> usize {
        self.tenants.len()
    }

    /// Nothing is left to be waited for: see [`front`](crate::front).
    fn catch_up(&self, _: usize) -> Pending<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn show(&self, tenant: usize, see: &mut dyn FnMut(&Tenant)) {
        see(&self.tenants[tenant].1.read());
    }

    fn submit(&self, tenant: usize, command: Encoded, then: Then) {
        let name = &self.tenants[tenant].0;
        self.proposer.submit(name, command.as_bytes().to_vec(), then);
    }

    fn fingerprint(&self, body: &[u8]) -> Fingerprint {
        // Before the cluster has a key no page is known.
        let key = self.replica.foundation().map_or_else(FingerprintKey::random, |foundation| {
            FingerprintKey::new(foundation.fingerprint_key)
        });
        key.of(body)
    }

    /// The leader does: see [`duties`](crate::duties).
    fn goes_on_with_cleanups(&self) -> bool {
        true
    }

    /// What is acknowledged is on disk.
    fn stop(&self) {}
}
