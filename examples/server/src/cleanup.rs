//! Cleanups, in the background.

use std::num::NonZeroU64;
use std::sync::Arc;

use headcount::{AppId, Command, Reply, SessionId, SessionStatus};
use tracing::{Instrument, Span};

use crate::backend::{Backend, Encoded};

/// Records that one step of a cleanup marks at most: a millisecond or so, between other commands.
pub const BUDGET: NonZeroU64 = NonZeroU64::MIN.saturating_add(4_999);

/// Runs a cleanup in steps, each a command like any other, so that pushes go on between them.
pub fn spawn(backend: &Arc<dyn Backend>, tenant: usize, app_id: AppId, session_id: SessionId) {
    let backend = Arc::clone(backend);
    let run = async move {
        let command = Command::RunCleanup { app_id, session_id, budget: BUDGET };
        loop {
            let step = match Encoded::new(&command) {
                Ok(command) => backend.apply(tenant, command, |_, reply| reply).await,
                Err(why) => Err(why),
            };
            match step {
                Ok(Ok(Reply::Cleanup(outcome))) if outcome.status.has_ended() => return,
                Ok(Ok(_)) => {}
                // Another task finished it, or a newer session or the app's deletion did.
                Ok(Err(_)) => return,
                // A new leader does, or the tenant's new cluster.
                Err(_) if backend.goes_on_with_cleanups() => return,
                // The disk may have room again later, and a start goes on with it in any case.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(200)).await,
            }
        }
    };
    // What is logged of it has the id of the request that began it.
    tokio::spawn(run.instrument(Span::current()));
}

/// Goes on with the cleanups that the last stop interrupted.
pub fn resume(backend: &Arc<dyn Backend>) {
    for tenant in 0..backend.tenants() {
        let open: Vec<_> = backend.read(tenant, |tenant| {
            let sessions =
                tenant.engine.apps().flat_map(|app| app.sessions().map(move |session| (app.id(), session)));
            sessions
                .filter(|(_, session)| session.status() == SessionStatus::Completing)
                .map(|(app, session)| (app, session.id()))
                .collect()
        });
        for (app_id, session_id) in open {
            spawn(backend, tenant, app_id, session_id);
        }
    }
}
