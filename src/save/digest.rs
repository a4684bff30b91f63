//! The digest: 128 bits that stand for all observable state.
//!
//! Tables are gone through by row and everything else in its own order, so neither the hash key nor the
//! platform shows in it. It is a checksum among replicas that trust each other, not a signature.

use alloc::collections::BTreeMap;

use super::records;
use crate::engine::Engine;
use crate::state::CloneGroupNumber;
use crate::values::DigestHasher;

/// Names the byte stream: another one wants another name.
const DOMAIN: &[u8] = b"headcount digest 2";

impl Engine {
    /// A stable value of the observable state: equal on all replicas, with any hash key, on all
    /// platforms, after a replay, and after save and load ([SPEC 9](crate::spec#9-digest)).
    ///
    /// Goes through all records: 1 GB of them takes a second or so.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Timestamp, Uuid};
    /// let mut engines = [Engine::new(Config::new()), Engine::new(Config::new().with_hash_key([7; 16]))];
    /// for engine in &mut engines {
    ///     engine.create_app(Timestamp(0), AppId(Uuid::from_u128(1)), "Acme HR", None)?;
    /// }
    /// assert_eq!(engines[0].digest(), engines[1].digest());
    /// # Ok::<(), headcount::Error>(())
    /// ```
    pub fn digest(&self) -> u128 {
        let mut hasher = DigestHasher::new();
        hasher.bytes(DOMAIN);
        hasher.u64(self.seq());
        let state = self.state();
        hasher.u64(state.apps.len() as u64);
        // Clone groups count in the order of their first apps: their own numbers are shown nowhere.
        let mut groups = BTreeMap::<CloneGroupNumber, u64>::new();
        for (id, app) in state.apps.iter() {
            hasher.bytes(id.0.as_bytes());
            let next = groups.len() as u64;
            let number = *groups.entry(app.group()).or_insert(next);
            hasher.u64(number);
            let registry = state.groups.get(app.group()).registry();
            if number == next {
                registry.digest(&mut hasher);
            }
            app.digest(&mut hasher);
            // A table that was never made is as one without records.
            hasher.u64(app.store().used_tables().count() as u64);
            for (_, table) in app.store().used_tables() {
                records::digest(table, &mut hasher);
            }
        }
        hasher.finish()
    }
}
