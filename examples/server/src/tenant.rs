//! All that there is of one tenant: what is locked together, and what a snapshot holds.

use std::collections::BTreeSet;
use std::io::Write;
use std::mem;
use std::sync::{Mutex, PoisonError};

use headcount::{
    AppId, Command, Config, Engine, Error, FrozenEngine, Reply, RestoreError, Snapshot, Timestamp,
};
use postcard::Deserializer;
use serde::Deserialize;

use crate::feed::Feed;

/// A tenant's engine, and what it told of its changes.
#[derive(Debug)]
pub struct Tenant {
    /// All its state.
    pub engine: Engine,
    /// The last of its changes.
    pub feed: Feed,
    /// Types whose members somebody read, and whose index is to be made.
    wanted: Wanted,
}

/// Types of apps, by their slugs.
type Wanted = Mutex<BTreeSet<(AppId, String)>>;

/// A tenant as it was at one moment, to be saved while commands go on.
#[derive(Debug)]
pub struct FrozenTenant {
    engine: FrozenEngine,
    feed: Feed,
}

impl Tenant {
    /// One without apps. Of its changes the last so many will be kept.
    pub fn new(config: Config, changes_kept: u64) -> Self {
        Self { engine: Engine::new(config), feed: Feed::new(changes_kept, 0), wanted: Wanted::default() }
    }

    /// Notes that the members of a type's records are read. To read them a reader need not wait: the first ones look at
    /// all accounts, and the next command makes the index, since that takes the engine alone.
    pub fn want_members(&self, app_id: AppId, slug: &str) {
        if !self.engine.app(app_id).is_some_and(|app| app.indexes_members(slug)) {
            self.wanted.lock().unwrap_or_else(PoisonError::into_inner).insert((app_id, slug.to_owned()));
        }
    }

    /// Makes the indexes that are wanted. An app may have gone since, and a type may have another slug: then whoever
    /// reads its members asks again.
    fn index_members(&mut self) {
        for (app_id, slug) in mem::take(self.wanted.get_mut().unwrap_or_else(PoisonError::into_inner)) {
            match self.engine.index_members(app_id, &slug) {
                Ok(()) => tracing::info!(%app_id, slug, "members are indexed"),
                Err(error) => tracing::info!(%error, "members are not indexed"),
            }
        }
    }

    /// Carries out a command, and writes down what it changed. It makes the indexes of members first that were
    /// [wanted](Self::want_members).
    ///
    /// # Errors
    /// Of the engine.
    pub fn carry_out(&mut self, now: Timestamp, command: &Command<'_>) -> Result<Reply, Error> {
        self.index_members();
        let reply = self.engine.apply(now, command);
        self.feed.note(now, &self.engine);
        reply
    }

    /// A copy that shares records and changes.
    pub fn freeze(&mut self) -> FrozenTenant {
        FrozenTenant { engine: self.engine.freeze(), feed: self.feed.clone() }
    }

    /// The tenant whose snapshot this is, with a configuration and as many changes kept as are said now.
    ///
    /// # Errors
    /// In words, where it is damaged.
    pub fn from_bytes(bytes: &[u8], config: Config, changes_kept: u64) -> Result<Self, String> {
        let mut from = Deserializer::from_bytes(bytes);
        let snapshot = Snapshot::deserialize(&mut from).map_err(|error| error.to_string())?;
        let engine = Engine::restore(config, snapshot).map_err(|error: RestoreError| error.to_string())?;
        let feed = Feed::read(&mut from, changes_kept, engine.seq())?;
        let rest = from.finalize().map_err(|error| error.to_string())?;
        if !rest.is_empty() {
            return Err("there is more of it than belongs to it".to_owned());
        }
        Ok(Self { engine, feed, wanted: Wanted::default() })
    }

    /// The same, with another configuration for the commands to come. Costs what saving and loading cost.
    ///
    /// # Errors
    /// In words. What was saved can be loaded.
    pub fn with_config(self, config: Config) -> Result<Self, String> {
        let Self { engine, feed, wanted } = self;
        let bytes = postcard::to_stdvec(&engine.snapshot()).map_err(|error| error.to_string())?;
        // One copy of the state fewer while the next one is made.
        drop(engine);
        let snapshot = postcard::from_bytes(&bytes).map_err(|error| error.to_string())?;
        drop(bytes);
        let engine = Engine::restore(config, snapshot).map_err(|error: RestoreError| error.to_string())?;
        Ok(Self { engine, feed, wanted })
    }
}

impl FrozenTenant {
    /// Writes a snapshot as it is kept: the engine, and behind it the feed. Needs little memory beside what it is a
    /// snapshot of.
    ///
    /// # Errors
    /// In words, of the writer: postcard writes every one.
    pub fn write(&self, mut to: impl Write) -> Result<(), String> {
        postcard::to_io(&self.engine.snapshot(), &mut to).map_err(|error| error.to_string())?;
        self.feed.write(to).map_err(|error| error.to_string())
    }

    /// The bytes of a snapshot.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        self.write(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use headcount::{Account, Kind, NewResourceType, Page, ResourceTypeId};

    use super::*;

    const APP: AppId = AppId::from_u128(1);

    #[test]
    fn whose_members_are_read_is_indexed_by_the_next_command() {
        let mut tenant = Tenant::new(Config::new(), 100);
        let carry_out = |tenant: &mut Tenant, command: &Command<'_>| {
            tenant.carry_out(Timestamp(0), command).expect("a command that is carried out")
        };
        carry_out(&mut tenant, &Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None });
        for (id, slug, kind) in [(1, "account", Kind::Account), (2, "team", Kind::Group)] {
            let (resource_type_id, new) =
                (ResourceTypeId::from_u128(id), NewResourceType::new(slug, slug, kind));
            carry_out(&mut tenant, &Command::RegisterResourceType { app_id: APP, resource_type_id, new });
        }
        let page = Page::accounts([Account::new("u1").with_username("x").member_of("team", "g1")]);
        carry_out(&mut tenant, &Command::UpsertRecords { app_id: APP, slug: "account".into(), page });
        let is_indexed = |tenant: &Tenant| tenant.engine.app(APP).expect("an app").indexes_members("team");
        assert!(!is_indexed(&tenant), "nobody read them");
        let digest = tenant.engine.digest();
        tenant.want_members(APP, "team");
        tenant.want_members(AppId::from_u128(7), "team");
        assert!(!is_indexed(&tenant), "a read changes nothing");
        let update = headcount::AppUpdate::default();
        carry_out(&mut tenant, &Command::UpdateApp { app_id: APP, update });
        assert!(is_indexed(&tenant));
        assert_eq!(tenant.engine.digest(), digest, "an index is no fact");
        tenant.want_members(APP, "team");
        assert!(tenant.wanted.get_mut().expect("nobody panicked").is_empty(), "it is there");
        let team = tenant.engine.app(APP).and_then(|app| app.record("team", "g1")).expect("a placeholder");
        assert_eq!(team.members().map(|member| member.id()).collect::<Vec<_>>(), ["u1"]);
    }
}
