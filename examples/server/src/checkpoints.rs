//! Moves what SQLite's write-ahead log holds into the file itself, beside the thread that writes.
//!
//! SQLite would do it in the commit that finds the log too long, and the commands of that transaction would wait
//! for two more writes to disk. Here a thread with a connection of its own does it, as often as so much was
//! written. The log starts over only where all of it was moved, so when it is long and nearly all of it was, the
//! writer moves the last few pages itself.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;

/// Bytes of a page of the file.
const PAGE_BYTES: usize = 4_096;
/// Pages written after which they are moved: 4 MiB.
const PAGES_PER_CHECKPOINT: usize = 1_024;
/// Pages of the log beyond which it is to start over: 256 MiB. The commands at hand then wait for some fiftieth of a
/// second, which is to happen to fewer than one in a thousand: with 64 MiB and 50 busy connectors it was one in 500.
const LOG_PAGES_MAX: usize = 64 * 1_024;
/// Pages that the writer moves itself, for the log to start over: 2 MiB.
const LAST_PAGES_MAX: usize = 512;
/// How many times too long the log may be until the writer moves however many are left.
const LOG_TOO_LONG: usize = 4;

/// What a checkpoint found and left.
#[derive(Clone, Copy, Debug, Default)]
struct Log {
    /// Pages in the log.
    pages: usize,
    /// Those of them that were not moved.
    left: usize,
}

/// The thread, and what the writer knows of the log. When it is dropped, the thread has ended, and the file is closed
/// but for the writer's connection.
#[derive(Debug)]
pub struct Checkpoints {
    thread: Option<thread::JoinHandle<()>>,
    /// None when the thread is to end.
    wake: Option<mpsc::Sender<()>>,
    done: mpsc::Receiver<Log>,
    /// Whether the thread was called and is not done.
    is_under_way: bool,
    /// As of the last checkpoint.
    log: Log,
    /// Pages that were written since it was called for.
    pages_since: usize,
}

impl Checkpoints {
    /// Starts the thread, for the file of this connection, which then makes no checkpoints of its own.
    ///
    /// # Errors
    /// Of SQLite, also where there is no thread.
    pub fn start(path: &Path, writer: &Connection) -> rusqlite::Result<Self> {
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
        let connection = Connection::open(path)?;
        let (wake, woken) = mpsc::channel();
        let (report, done) = mpsc::channel();
        let run = move || while woken.recv().is_ok() && report.send(checkpoint(&connection)).is_ok() {};
        let spawned = thread::Builder::new().name("checkpoints".into()).spawn(run);
        let thread = spawned.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(Self {
            thread: Some(thread),
            wake: Some(wake),
            done,
            is_under_way: false,
            log: Log::default(),
            pages_since: 0,
        })
    }

    /// Notes that a transaction wrote about so many bytes, and sees to it that they are moved in time.
    pub fn note(&mut self, writer: &Connection, bytes: usize) {
        // Beside the bytes, the tables' trees: a few pages.
        self.pages_since += bytes / PAGE_BYTES + 4;
        if let Ok(log) = self.done.try_recv() {
            (self.log, self.is_under_way) = (log, false);
        }
        if self.is_under_way {
            return;
        }
        let is_long = self.log.pages > LOG_PAGES_MAX;
        let is_too_long = self.log.pages > LOG_TOO_LONG * LOG_PAGES_MAX;
        if is_long && (is_too_long || self.log.left + self.pages_since <= LAST_PAGES_MAX) {
            self.log = checkpoint(writer);
            self.pages_since = 0;
            if self.log.left == 0 {
                // The next transaction writes at the beginning of the log.
                self.log = Log::default();
            }
        } else if self.pages_since >= if is_long { LAST_PAGES_MAX } else { PAGES_PER_CHECKPOINT } {
            self.pages_since = 0;
            self.is_under_way = self.wake.as_ref().is_some_and(|wake| wake.send(()).is_ok());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell: SQLite reported its errors.
            let _ = thread.join();
        }
    }
}

/// Moves what can be moved without anybody waiting.
fn checkpoint(connection: &Connection) -> Log {
    let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    });
    match moved {
        Ok((false, pages, moved)) => {
            Log { pages: pages.max(0) as usize, left: (pages - moved).max(0) as usize }
        }
        // The log grows, and nothing is lost: the next one tries again.
        Ok((true, ..)) => Log { pages: 0, left: 1 },
        Err(error) => {
            tracing::warn!(%error, "no checkpoint");
            Log { pages: 0, left: 1 }
        }
    }
}
