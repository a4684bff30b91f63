//! A simulator for whoever embeds headcount: does *your* store keep what it acknowledged?
//!
//! A host journals a command, carries it out, answers, and now and then saves a snapshot. Between any two of these it can
//! end. This runs such a host, from a seed, with everything around it that goes wrong: connectors that die, try again,
//! send out of order, send garbage and lie about the end; others that change the same tenant meanwhile; a clock that jumps;
//! a disk that is full; and ends, one after the other. After each it holds what the store recovered against an engine of
//! its own:
//!
//! - what was durable is there, and nothing is carried out twice or out of order: the digest is that of a replay,
//! - every answer is that of a replay, those that are remembered for retries too,
//! - what a crash leaves can be opened, and no command is refused without a reason.
//!
//! You plug in a store by one trait, [`Store`]. A seed is a history: the same on every machine, again and again. There are
//! no threads here, no clock of the system, and no order of a hash table.
//!
//! ```
//! use headcount::{Config, Engine};
//! use headcount_sim::{Answer, AppendError, Broken, During, Entry, Fault, Group, Random, Store};
//!
//! /// Keeps a journal, and each time begins from its beginning.
//! #[derive(Default)]
//! struct Journal {
//!     /// What is on disk.
//!     bytes: Vec<Vec<u8>>,
//!     engine: Option<Engine>,
//! }
//!
//! impl Store for Journal {
//!     fn open(&mut self, config: Config) -> Result<(), Fault> {
//!         let mut engine = Engine::new(config);
//!         for bytes in &self.bytes {
//!             let entry: Entry<'_> = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
//!             let _ = engine.apply(entry.now, &entry.command); // what was refused then is refused now
//!         }
//!         self.engine = Some(engine);
//!         Ok(())
//!     }
//!
//!     fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), AppendError> {
//!         self.bytes.extend(entries.iter().map(|entry| postcard::to_allocvec(entry).unwrap()));
//!         Ok(())
//!     }
//!
//!     fn carry_out(&mut self, entry: &Entry<'_>) -> Result<Answer, Fault> {
//!         Ok(self.engine.as_mut().ok_or("it is not open")?.apply(entry.now, &entry.command))
//!     }
//!
//!     fn show(&self, reader: &mut dyn FnMut(&Engine)) {
//!         self.engine.iter().for_each(|engine| reader(engine));
//!     }
//!
//!     fn snapshot(&mut self) -> Result<(), Fault> {
//!         Ok(()) // it has none
//!     }
//!
//!     fn stop(&mut self) -> Result<(), Fault> {
//!         Ok(())
//!     }
//!
//!     fn crash(&mut self, during: During<'_>, random: &mut Random) {
//!         if let During::Append(entries) = during {
//!             // Nobody is told, so any number of them may be on disk.
//!             let some = random.below(entries.len() + 1);
//!             let _ = self.append(&entries[..some]);
//!         }
//!         self.engine = None;
//!     }
//! }
//!
//! let reached = headcount_sim::check(0..40, |_| Journal::default()).unwrap_or_else(|failure| panic!("{failure}"));
//! assert!(reached.total(Group::Crashes) > 40);
//!
//! /// The same, but it thinks that the last command can wait until the next one comes.
//! #[derive(Default)]
//! struct Lazy(Journal);
//! # impl Store for Lazy {
//! #     fn open(&mut self, config: Config) -> Result<(), Fault> { self.0.open(config) }
//! #     fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), AppendError> { self.0.append(entries) }
//! #     fn carry_out(&mut self, entry: &Entry<'_>) -> Result<Answer, Fault> { self.0.carry_out(entry) }
//! #     fn show(&self, reader: &mut dyn FnMut(&Engine)) { self.0.show(reader); }
//! #     fn snapshot(&mut self) -> Result<(), Fault> { self.0.snapshot() }
//! #     fn stop(&mut self) -> Result<(), Fault> { self.0.stop() }
//! #     fn crash(&mut self, during: During<'_>, random: &mut Random) {
//! #         self.0.crash(during, random);
//! #         self.0.bytes.pop();
//! #     }
//! # }
//!
//! let failure = headcount_sim::check(0..40, |_| Lazy::default()).unwrap_err();
//! assert_eq!(failure.broken, Broken::Lost);
//! println!("{failure}"); // every step up to there, the seed, and: the last 1 are lost
//! ```
//!
//! Read from the bottom up:
//!
//! ```text
//! main           the command line                  stores   the server's store and the cluster, plugged in (features)
//! simulation     one seed: the host, and where it ends       memory, disk   the reference store
//! connectors     who sends, and how                oracle   what is true, and which mistake explains what is not
//! store          the trait                         reached, failure   what is told
//! ```
//!
//! Commands come from `headcount-testing`, which the core's own tests use: its generators, its directory, its model.

mod connectors;
pub mod disk;
mod failure;
pub mod memory;
mod oracle;
mod reached;
mod simulation;
mod store;
pub mod stores;

use std::panic::{AssertUnwindSafe, catch_unwind};

use failure::Trace;
pub use failure::{Broken, Failure};
pub use headcount_testing::random::Random;
pub use reached::{Group, Reached};
pub use store::{Answer, AppendError, During, Entry, Fault, Recall, Store};

/// Runs one seed on a store that holds nothing yet, and writes down what happens. Answers what was reached, and the
/// lines.
///
/// # Errors
/// The promise that the store breaks. A panic of the store is one too.
pub fn run<S: Store>(seed: u64, store: &mut S) -> Result<(Reached, Vec<String>), Failure> {
    let (ran, trace) = run_with(seed, store, Trace(Some(Vec::new())));
    let trace = trace.0.unwrap_or_default();
    match ran {
        Ok(reached) => Ok((reached, trace)),
        Err((broken, what)) => Err(Failure { seed, broken, what, trace }),
    }
}

/// Runs seeds, each on a store of its own, until one fails. Answers what was reached.
///
/// Costs a millisecond or so for a seed, beside what the store takes: some 100 commands, and a digest for each few.
///
/// # Errors
/// The first failure, with its trace: the seed is run again for that, on another store. Where it does not fail then, the
/// store is not deterministic, and the trace says so.
pub fn check<S: Store>(
    seeds: impl IntoIterator<Item = u64>,
    mut make: impl FnMut(u64) -> S,
) -> Result<Reached, Failure> {
    let mut reached = Reached::default();
    for seed in seeds {
        match run_with(seed, &mut make(seed), Trace::default()).0 {
            Ok(one) => reached.add(&one),
            Err((broken, what)) => {
                let line = "run again, it did not fail: the store does not do the same for a seed each time";
                let untold = Failure { seed, broken, what, trace: vec![line.to_owned()] };
                return Err(run(seed, &mut make(seed)).err().unwrap_or(untold));
            }
        }
    }
    Ok(reached)
}

fn run_with<S: Store>(
    seed: u64,
    store: &mut S,
    mut trace: Trace,
) -> (Result<Reached, simulation::Broke>, Trace) {
    let mut reached = Reached::default();
    reached.seeds = 1;
    let ran = catch_unwind(AssertUnwindSafe(|| simulation::run(seed, store, &mut reached, &mut trace)));
    let ran = ran.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words");
        Err((Broken::Works, format!("it panicked: {text}")))
    });
    (ran.map(|()| reached), trace)
}
