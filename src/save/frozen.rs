//! The whole state as of one moment, to be saved, summed up or checked while the engine goes on.

use core::fmt;

use crate::engine::Engine;
use crate::values::BrokenInvariant;

/// All state of an engine as it was when it was [frozen](Engine::freeze), whatever the engine does since: to be
/// saved, summed up or checked elsewhere, on another thread or later.
///
/// It shares the records' memory with the engine. What the engine changes or purges meanwhile, both hold: after a
/// while up to twice the memory of one, until this is dropped. Whoever drops it frees what it alone still has.
pub struct FrozenEngine {
    /// Without indices, so it is lent to nobody who could look for an id.
    engine: Engine,
}

impl Engine {
    /// A copy of all state as of now, from which a snapshot can be saved on another thread while this engine goes
    /// on ([SPEC 9](crate::spec#9-snapshot)). Not a command: nothing changes, and [`Engine::changes`] stay.
    ///
    /// Copies apps, resource types and sessions, and a short note of each task and of each remembered page: some
    /// tens of nanoseconds each, so 10,000 remembered pages take some tenths of a millisecond. No text of a task is
    /// copied, and no record: of those it costs a few instructions for each mebibyte, so that a million accounts take
    /// some hundredths of a millisecond.
    ///
    /// As long as the copy is there, a command that is the first to write to a part of the memory that they share
    /// copies it before. A page that changes nothing copies 8 KiB for each 65,536 records among which its own lie.
    /// A page that changes records copies 0.8 MiB for each 65,536 records among which those or their references
    /// lie, and up to 1 MiB for each resource type to which it brings something new. A task that is resolved is
    /// copied, once. Measured with a million accounts: a changed page takes half a millisecond more, one whose records
    /// lie all over the million up to 4 ms, and the pages behind them nothing.
    ///
    /// Cleanup steps, purges, [`refresh_digest`](Engine::refresh_digest) and pages with new fingerprints write to
    /// shared parts too. Who minds latency pauses cleanups and purges while a copy is there.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// let (now, first_id, second_id) = (Timestamp(0), AppId(Uuid::from_u128(1)), AppId(Uuid::from_u128(2)));
    /// engine.create_app(now, first_id, "Acme HR", None)?;
    /// let expected = postcard::to_allocvec(&engine.snapshot())?;
    ///
    /// let frozen = engine.freeze();
    /// let saving = std::thread::spawn(move || postcard::to_allocvec(&frozen.snapshot()));
    /// engine.create_app(now, second_id, "Acme CRM", None)?; // meanwhile
    /// assert_eq!(saving.join().unwrap()?, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "to freeze an engine changes nothing but what its next commands cost"]
    pub fn freeze(&mut self) -> FrozenEngine {
        FrozenEngine { engine: self.frozen_copy() }
    }
}

impl FrozenEngine {
    /// What [`Engine::snapshot`] would have been at that moment, byte for byte in any format, and at the same cost.
    #[cfg(feature = "serde")]
    pub fn snapshot(&self) -> super::SnapshotRef<'_> {
        self.engine.snapshot()
    }

    /// What [`Engine::digest`] would have been at that moment, at the same cost.
    pub fn digest(&self) -> u128 {
        self.engine.digest()
    }

    /// What [`Engine::seq`] was at that moment. Costs nothing.
    pub fn seq(&self) -> u64 {
        self.engine.seq()
    }

    /// Checks the state of that moment, as [`Engine::check_invariants`] would have, at the same cost.
    ///
    /// # Errors
    /// The first rule that is found broken.
    pub fn check_invariants(&self) -> Result<(), BrokenInvariant> {
        self.engine.check_invariants()
    }
}

impl fmt::Debug for FrozenEngine {
    /// A summary: the records would fill pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FrozenEngine").field(&self.engine).finish()
    }
}
