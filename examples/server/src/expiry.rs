//! Sessions that nobody goes on with, in the background.

use std::sync::Arc;
use std::time::Duration;

use headcount::{Command, Engine, SessionStatus, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::backend::{Backend, Encoded};
use crate::machine::now;

/// How often it is looked for them at most.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(60);
/// How often within the time that a session may be idle: so much later it may expire.
const LOOKS_PER_TIMEOUT: u32 = 20;
/// How often at least.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(50);

/// Expires sessions that were idle for so long, from now on until the task is ended.
pub fn spawn(backend: &Arc<dyn Backend>, idle: Duration) -> JoinHandle<()> {
    let backend = Arc::clone(backend);
    let mut ticks = interval((idle / LOOKS_PER_TIMEOUT).clamp(LOOK_EVERY_MIN, LOOK_EVERY_MAX));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        loop {
            ticks.tick().await;
            let idle = i64::try_from(idle.as_millis()).unwrap_or(i64::MAX);
            let last_activity_before = Timestamp(now().as_millis().saturating_sub(idle));
            for tenant in 0..backend.tenants() {
                expire(&*backend, tenant, last_activity_before).await;
            }
        }
    })
}

async fn expire(backend: &dyn Backend, tenant: usize, last_activity_before: Timestamp) {
    // A command that finds none would be journaled all the same.
    if !backend.read(tenant, |tenant| has_idle(&tenant.engine, last_activity_before)) {
        return;
    }
    let carried_out = match Encoded::new(&Command::ExpireSessions { last_activity_before }) {
        Ok(command) => backend.apply(tenant, command, |_, reply| reply).await,
        Err(why) => Err(why),
    };
    match carried_out {
        Ok(Ok(reply)) => tracing::info!(tenant, ?reply, "idle sessions expired"),
        Ok(Err(error)) => tracing::error!(tenant, %error, "idle sessions did not expire"),
        // The disk may have room again when it is looked the next time.
        Err(why) => tracing::warn!(tenant, ?why, "idle sessions did not expire"),
    }
}

/// Whether a session in progress is idle. Goes through all apps.
fn has_idle(engine: &Engine, last_activity_before: Timestamp) -> bool {
    // An open session is its app's newest.
    engine.apps().filter_map(|app| app.sessions().next_back()).any(|newest| {
        newest.status() == SessionStatus::InProgress && newest.last_activity_at() < last_activity_before
    })
}
