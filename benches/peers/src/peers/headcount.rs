//! headcount itself, through its public interface alone.

use std::num::NonZeroU64;

use headcount::{
    AppId, Completion, Config, Engine, Kind, NewResourceType, Page, RecordFilter, ResourceTypeId, Scope,
    SessionId, Snapshot, Timestamp, Uuid,
};

use super::{Encoded, Peer};
use crate::Result;
use crate::directory::{ACCOUNT, SLUGS};
use crate::state::State;

/// The moment of everything.
pub const NOW: Timestamp = Timestamp(1_736_935_200_000);
/// The one app.
pub const APP: AppId = AppId(Uuid::from_u128(1));

/// An engine with one app.
pub(super) struct Headcount {
    engine: Engine,
    session: SessionId,
}

fn config() -> Config {
    Config::new().with_hash_key(*b"of the benchmark")
}

/// The app's session with this number.
pub const fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

/// An engine with the one app, its types and nothing else.
///
/// # Errors
/// None that is expected.
pub fn engine() -> Result<Engine> {
    let mut engine = Engine::new(config());
    engine.create_app(NOW, APP, "Synthetic", None)?;
    let types = [(ACCOUNT, Kind::Account)].into_iter().chain(SLUGS.map(|slug| (slug, Kind::Group)));
    for (number, (slug, kind)) in (1..).zip(types) {
        let id = ResourceTypeId(Uuid::from_u128(number));
        engine.register_resource_type(NOW, APP, id, &NewResourceType::new(slug, slug, kind))?;
    }
    Ok(engine)
}

impl Headcount {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { engine: engine()?, session: SessionId(Uuid::nil()) })
    }
}

impl Peer for Headcount {
    fn start(&mut self, number: u32) -> Result<()> {
        self.session = session(u128::from(number));
        Ok(self.engine.start_session(NOW, APP, self.session, &Scope::All)?)
    }

    fn push(&mut self, slug: &str, page: &Page<'_>) -> Result<()> {
        let outcome = self.engine.push_page(NOW, APP, self.session, slug, page)?;
        debug_assert_eq!(outcome.total as usize, page.len());
        Ok(())
    }

    fn read_changes(&self) -> u64 {
        self.engine.changes().map(|change| u64::from(change.seq > 0)).sum()
    }

    fn complete(&mut self) -> Result<u64> {
        self.engine.complete_session(NOW, APP, self.session, Completion::GUARDED)?;
        Ok(self.engine.run_cleanup(NOW, APP, self.session, NonZeroU64::MAX)?.deactivated)
    }

    fn state(&mut self) -> Result<State> {
        let app = self.engine.app(APP).ok_or("the app is gone")?;
        let mut state = State::with_groups();
        for account in app.records(ACCOUNT, RecordFilter::Active).ok_or("no type of accounts")? {
            let id = account.id();
            let status = account.status().ok_or("an account without a status")?;
            state.add_account(&[
                id,
                account.email().unwrap_or(""),
                account.username().unwrap_or(""),
                account.first_name().unwrap_or(""),
                account.last_name().unwrap_or(""),
                account.display_name().unwrap_or(""),
                status.as_str(),
            ]);
            for group in account.references() {
                state.add_membership(id, group.resource_type().slug(), group.id());
            }
        }
        for slug in SLUGS {
            for group in app.records(slug, RecordFilter::Active).ok_or("no such type")? {
                state.add_group(slug, group.id(), group.name().unwrap_or(""));
            }
        }
        Ok(state)
    }

    fn encode(&mut self) -> Result<Option<Encoded<'_>>> {
        Ok(Some(Box::new(postcard::to_allocvec(&self.engine.snapshot())?)))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let snapshot: Snapshot = postcard::from_bytes(bytes)?;
        self.engine = Engine::restore(config(), snapshot)?;
        Ok(())
    }

    fn digest(&mut self) -> Option<u128> {
        Some(self.engine.refresh_digest())
    }
}
