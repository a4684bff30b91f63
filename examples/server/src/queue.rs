//! Commands that wait to be journaled: a queue for each tenant, so that none waits behind all of another's.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::backend::{Encoded, Then};

/// At most so many commands share a transaction.
const BATCH_MAX: usize = 512;
/// And so many bytes of them, but for the last one: a tenth of a second or so of a slow disk.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A command on its way.
pub struct Job {
    /// Whose engine it is for.
    pub tenant: usize,
    /// What is journaled.
    pub command: Encoded,
    /// What is done with the answer.
    pub then: Then,
    /// When it came.
    pub since: Instant,
}

/// The queues of all tenants.
#[derive(Debug)]
pub struct Queues {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

struct Waiting {
    queues: Vec<VecDeque<Job>>,
    /// Whose turn it is.
    turn: usize,
    jobs: usize,
    is_closed: bool,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} jobs", self.jobs)
    }
}

/// For how long a batch is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// There is something else to do.
    No,
    /// There may soon be.
    UpTo(Duration),
    /// There is nothing else.
    ForAJob,
}

/// What is to be carried out next.
#[derive(Debug)]
pub enum Batch {
    /// These, or none for now.
    Jobs(Vec<Job>),
    /// There are none, and will be none.
    Closed,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a job of tenant {}", self.tenant)
    }
}

impl Queues {
    /// Of so many tenants.
    pub fn new(tenants: usize) -> Self {
        let queues = (0..tenants).map(|_| VecDeque::new()).collect();
        let waiting = Waiting { queues, turn: 0, jobs: 0, is_closed: false };
        Self { waiting: Mutex::new(waiting), filled: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // What is under the lock cannot panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job at the end of its tenant's queue.
    ///
    /// # Errors
    /// The job, where none is taken any more.
    pub fn push(&self, job: Job) -> Result<(), Box<Job>> {
        let mut waiting = self.lock();
        if waiting.is_closed {
            return Err(Box::new(job));
        }
        waiting.jobs += 1;
        waiting.queues[job.tenant].push_back(job);
        drop(waiting);
        self.filled.notify_one();
        Ok(())
    }

    /// Takes no more jobs. Those that wait are still carried out.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.filled.notify_one();
    }

    /// The next jobs: one of each tenant in turn, as long as there is room.
    pub fn next(&self, wait: Wait) -> Batch {
        let mut waiting = self.lock();
        let is_idle = |waiting: &mut Waiting| waiting.jobs == 0 && !waiting.is_closed;
        waiting = match wait {
            Wait::No => waiting,
            Wait::UpTo(time) => {
                let waited = self.filled.wait_timeout_while(waiting, time, is_idle);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            Wait::ForAJob => self.filled.wait_while(waiting, is_idle).unwrap_or_else(PoisonError::into_inner),
        };
        if waiting.jobs == 0 && waiting.is_closed { Batch::Closed } else { Batch::Jobs(waiting.take()) }
    }
}

impl Waiting {
    fn take(&mut self) -> Vec<Job> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while self.jobs > 0 && batch.len() < BATCH_MAX && bytes < BATCH_BYTES_MAX {
            let turn = self.turn;
            self.turn = (turn + 1) % self.queues.len();
            if let Some(job) = self.queues[turn].pop_front() {
                bytes += job.command.as_bytes().len();
                batch.push(job);
                self.jobs -= 1;
            }
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use headcount::{Command, Timestamp};

    use super::*;

    fn job(tenant: usize) -> Job {
        let command = Command::ExpireSessions { last_activity_before: Timestamp(0) };
        Job {
            tenant,
            command: Encoded::new(&command).expect("bytes"),
            then: Box::new(|_| {}),
            since: Instant::now(),
        }
    }

    #[test]
    fn a_tenant_with_one_command_does_not_wait_behind_a_thousand_of_another() {
        let queues = Queues::new(3);
        (0..1_000).for_each(|_| queues.push(job(0)).expect("room"));
        queues.push(job(2)).expect("room");
        let Batch::Jobs(batch) = queues.next(Wait::No) else { panic!("jobs") };
        assert_eq!(batch.len(), BATCH_MAX);
        assert_eq!(batch.iter().position(|job| job.tenant == 2), Some(1));
    }

    #[test]
    fn what_waits_when_the_queues_close_is_still_carried_out() {
        let queues = Queues::new(1);
        queues.push(job(0)).expect("room");
        queues.close();
        assert!(queues.push(job(0)).is_err());
        assert!(matches!(queues.next(Wait::ForAJob), Batch::Jobs(jobs) if jobs.len() == 1));
        assert!(matches!(queues.next(Wait::ForAJob), Batch::Closed));
    }
}
