//! Work that goes on to its end, whether or not somebody waits for it.
//!
//! Where a connection is cut, as at a stop that takes too long, the future of its answer is dropped at whatever it waits for
//! just then, and what would come behind that does not come. A read loses nothing by it. What belongs to a change is more
//! than its command: the cleanup that a completion begins, the answer that is kept under an `Idempotency-Key`, the second
//! step of a change in two. So what changes something is driven by a task of its own, and the client waits for that.

use std::future::Future;
use std::panic::resume_unwind;

use tracing::{Instrument, Span};

use crate::backend::Unavailable;

/// What `work` comes to. It goes on where this future is dropped. Its log lines have the id of the present request.
///
/// # Errors
/// Where the process ends meanwhile.
pub async fn detached<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Unavailable> {
    match tokio::spawn(work.instrument(Span::current())).await {
        Ok(done) => Ok(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(Unavailable("the server is stopping".to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_where_nobody_waits_for_it() {
        let (go_on, is_done) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let work = {
            let (go_on, is_done) = (Arc::clone(&go_on), Arc::clone(&is_done));
            async move {
                go_on.notified().await;
                is_done.store(true, Ordering::Relaxed);
            }
        };
        // It is dropped while it waits.
        assert!(tokio::time::timeout(Duration::from_millis(20), detached(work)).await.is_err());
        assert!(!is_done.load(Ordering::Relaxed));
        go_on.notify_one();
        while !is_done.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    #[should_panic(expected = "a fault of ours")]
    async fn a_panic_is_not_kept_quiet() {
        let _ = detached(async { panic!("a fault of ours") }).await;
    }
}
