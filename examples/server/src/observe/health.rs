//! Whether commands are taken.
//!
//! What became of the last one tells. A server that is not ready is sent no commands, so somebody has to try whether
//! that has changed: who asks does, with a command that changes nothing, and so finds what any other would.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use headcount::{Command, Timestamp};

use crate::backend::{Backend, Encoded, Unavailable};

/// How long a try may take until the answer is no.
const TRY_MAX: Duration = Duration::from_secs(5);
/// For how long what a try found is told again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// What became of the last command, and of the last try.
#[derive(Debug, Default)]
pub struct Health {
    /// Why the last command was not taken, if it was not.
    failure: Mutex<Option<Unavailable>>,
    tried: tokio::sync::Mutex<Option<Instant>>,
}

impl Health {
    /// Notes what became of a command.
    pub(super) fn note(&self, failure: Option<Unavailable>) {
        // Nothing panics with the lock.
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    fn failure(&self) -> Option<Unavailable> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a command would be taken now. After one that was not, tries it with one of the first tenant's, at most
    /// once a second.
    ///
    /// # Errors
    /// Where not. It is told to anybody, so the words are the same for whatever is wrong: the log has more.
    pub async fn ready(&self, backend: &Arc<dyn Backend>) -> Result<(), Unavailable> {
        // One at a time; the others learn what it found.
        let mut tried = self.tried.lock().await;
        let has_tried = tried.is_some_and(|at| at.elapsed() < TRY_AGAIN);
        if self.failure().is_some() && !has_tried {
            // Before it is known what it finds: whoever asks may go away meanwhile.
            *tried = Some(Instant::now());
            let outcome = tokio::time::timeout(TRY_MAX, try_command(backend)).await;
            let outcome = outcome.unwrap_or_else(|_| Err(Unavailable("a try took too long".to_owned())));
            tracing::info!(failure = ?outcome.as_ref().err(), "tried whether commands are taken again");
            self.note(outcome.err());
        }
        match self.failure() {
            None => Ok(()),
            Some(_) => Err(Unavailable("commands are not taken now: the log says why".to_owned())),
        }
    }
}

/// No session was active before the beginning of time, so none expires.
async fn try_command(backend: &Arc<dyn Backend>) -> Result<(), Unavailable> {
    if backend.tenants() == 0 {
        return Ok(());
    }
    backend.catch_up(0).await?;
    let command = Command::ExpireSessions { last_activity_before: Timestamp(i64::MIN) };
    backend.apply(0, Encoded::new(&command)?, |_, _| ()).await
}
