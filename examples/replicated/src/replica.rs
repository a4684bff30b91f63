//! What all entries of the log so far make: the same on every node that has carried out as many.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use headcount::Config;
use headcount_server::backend::{CarriedOut, Then, Unavailable};
use headcount_server::tenant::{FrozenTenant, Tenant};
use openraft::{Entry, EntryPayload, LogId, StoredMembership};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::frames::{Reader, Writer};
use crate::place::{self, About, Place};
use crate::proposal::{Foundation, Outcome, Proposal, Proposed, Terms};
use crate::{Member, NodeId, Types};

/// Up to where the log is carried out, and the members by then.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The last entry that is.
    pub last: Option<LogId<NodeId>>,
    /// Who belongs to the cluster.
    pub membership: StoredMembership<NodeId, Member>,
}

/// The replicated state of one node; clones share it.
#[derive(Clone)]
pub struct Replica(Arc<Shared>);

struct Shared {
    /// Of this node's hash tables. It shows in nothing.
    hash_key: [u8; 16],
    tenants: RwLock<BTreeMap<String, Arc<Place>>>,
    foundation: RwLock<Option<Foundation>>,
    /// Who waits on this node for which command.
    waiting: Mutex<BTreeMap<u128, Then>>,
    /// Locked while entries are carried out, so that whoever locks it sees all tenants as of one place of the log.
    applied: Mutex<Applied>,
}

/// A tenant in a snapshot, before its state.
#[derive(Serialize, Deserialize)]
struct Head {
    name: String,
    about: About,
}

/// A copy of the state at one place of the log, which shares records with it.
pub struct Frozen {
    /// Where.
    pub applied: Applied,
    foundation: Option<Foundation>,
    tenants: Vec<(String, About, FrozenTenant)>,
}

/// A digest of each tenant at one place of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// The last entry that is carried out.
    pub place: u64,
    /// By tenant, the digest and the number of changes.
    pub tenants: BTreeMap<String, (u128, u64)>,
}

impl Replica {
    /// An empty one.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            hash_key: *Uuid::new_v4().as_bytes(),
            tenants: RwLock::default(),
            foundation: RwLock::default(),
            waiting: Mutex::default(),
            applied: Mutex::default(),
        }))
    }

    /// What the cluster began with, with the terms of now; nothing until the first leader has said it.
    pub fn foundation(&self) -> Option<Foundation> {
        self.0.foundation.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_foundation(&self, foundation: Option<Foundation>) {
        *self.0.foundation.write().unwrap_or_else(PoisonError::into_inner) = foundation;
    }

    fn terms(&self) -> Terms {
        let none = Terms { config: Config::new(), changes_kept: 0 };
        self.foundation().map_or(none, |foundation| foundation.terms)
    }

    fn config(&self, terms: Terms) -> Config {
        terms.config.with_hash_key(self.0.hash_key)
    }

    /// A tenant's place, if an entry or a key named it.
    pub fn find(&self, name: &str) -> Option<Arc<Place>> {
        self.0.tenants.read().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone)
    }

    /// A tenant's place, made when it is first asked for: a name that no entry was about is an empty tenant.
    pub fn place(&self, name: &str) -> Arc<Place> {
        if let Some(place) = self.find(name) {
            return place;
        }
        let terms = self.terms();
        let mut tenants = self.0.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Place::new(self.config(terms), terms.changes_kept));
        Arc::clone(tenants.entry(name.to_owned()).or_insert_with(new))
    }

    /// All tenants that an entry or a key names.
    pub fn places(&self) -> Vec<(String, Arc<Place>)> {
        let tenants = self.0.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.iter().map(|(name, place)| (name.clone(), Arc::clone(place))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Applied> {
        self.0.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where the log is carried out.
    pub fn applied(&self) -> Applied {
        self.lock().clone()
    }

    /// The digests of all tenants that are not empty. Costs what digests cost, and entries wait meanwhile.
    pub fn digests(&self) -> Digests {
        let applied = self.lock();
        let of = |(name, place): (String, Arc<Place>)| {
            let tenant = place.read();
            let seq = tenant.engine.seq();
            (seq > 0).then(|| (name, (tenant.engine.digest(), seq)))
        };
        let tenants = self.places().into_iter().filter_map(of).collect();
        Digests { place: applied.last.map_or(0, |last| last.index), tenants }
    }

    /// Does `then` once the command with this id is carried out here.
    pub fn wait_for(&self, id: u128, then: Then) {
        self.waiting().insert(id, then);
    }

    /// Forgets who waits for a command, and tells why it is not answered.
    pub fn refuse(&self, id: u128, why: &str) {
        let waiting = self.waiting().remove(&id);
        if let Some(then) = waiting {
            then(Err(Unavailable(why.to_owned())));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u128, Then>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out the next entries.
    ///
    /// # Errors
    /// In words, where an engine cannot go on under other terms: what was saved can be loaded.
    pub fn apply(&self, entries: impl Iterator<Item = Entry<Types>>) -> Result<Vec<Outcome>, String> {
        let mut applied = self.lock();
        let mut outcomes = Vec::new();
        for entry in entries {
            applied.last = Some(entry.log_id);
            outcomes.push(match entry.payload {
                EntryPayload::Blank => Outcome::Done,
                EntryPayload::Membership(membership) => {
                    applied.membership = StoredMembership::new(Some(entry.log_id), membership);
                    Outcome::Done
                }
                EntryPayload::Normal(proposal) => self.carry_out(&proposal, entry.log_id.index)?,
            });
        }
        Ok(outcomes)
    }

    fn carry_out(&self, proposal: &Proposal, place: u64) -> Result<Outcome, String> {
        match proposal {
            Proposal::Commands { now, commands } => {
                for Proposed { id, tenant, command } in commands {
                    let mut then = self.waiting().remove(id);
                    let done = self.place(tenant).carry_out(*now, command, |engine, reply| {
                        if let Some(then) = then.take() {
                            then(Ok(CarriedOut { engine, reply }));
                        }
                    });
                    if let (Err(why), Some(then)) = (done, then) {
                        then(Err(Unavailable(why)));
                    }
                }
                Ok(Outcome::Done)
            }
            Proposal::Found(foundation) if self.foundation().is_none() => {
                self.set_foundation(Some(foundation.clone()));
                self.set_terms(foundation.terms)
            }
            Proposal::Found(_) => Ok(Outcome::Done),
            Proposal::Configure(terms) => {
                let foundation = self.foundation().map(|found| Foundation { terms: *terms, ..found });
                self.set_foundation(foundation);
                self.set_terms(*terms)
            }
            Proposal::Move { tenant, step } => {
                let terms = self.terms();
                Ok(self.place(tenant).step(step, terms, self.config(terms), place))
            }
        }
    }

    fn set_terms(&self, terms: Terms) -> Result<Outcome, String> {
        for (_, place) in self.places() {
            place.set_terms(self.config(terms), terms.changes_kept)?;
        }
        Ok(Outcome::Done)
    }

    /// A copy of all, to be saved while entries go on.
    pub fn freeze(&self) -> Frozen {
        let applied = self.lock();
        let tenants = self.places().into_iter().map(|(name, place)| {
            let (about, frozen) = place.freeze();
            (name, about, frozen)
        });
        Frozen { tenants: tenants.collect(), foundation: self.foundation(), applied: applied.clone() }
    }

    /// A tenant as bytes for another cluster, with the place in the log as of which it is.
    ///
    /// # Errors
    /// In words, of postcard: it writes every one.
    pub fn departing(&self, name: &str) -> Result<(u64, Vec<u8>), String> {
        let (about, frozen, place) = {
            let applied = self.lock();
            let (about, frozen) = self.place(name).freeze();
            (about, frozen, applied.last.map_or(0, |last| last.index))
        };
        Ok((place, place::departure(self.terms(), &about, &frozen, (place, u32::MAX))?))
    }

    /// Puts what a snapshot holds in the place of all.
    ///
    /// # Errors
    /// Where it is damaged. Then nothing changes.
    pub fn restore(&self, applied: Applied, file: File) -> io::Result<()> {
        let mut reader = Reader::new(file)?;
        let foundation: Option<Foundation> = decoded(&reader.part()?)?;
        let terms = foundation.as_ref().map_or(self.terms(), |foundation| foundation.terms);
        let count: u64 = decoded(&reader.part()?)?;
        let mut tenants = Vec::new();
        for _ in 0..count {
            let Head { name, about } = decoded(&reader.part()?)?;
            let tenant = Tenant::from_bytes(&reader.part()?, self.config(terms), terms.changes_kept);
            tenants.push((name, about, tenant.map_err(damaged)?));
        }
        reader.finish()?;
        let mut present = self.lock();
        self.set_foundation(foundation);
        for (name, about, tenant) in tenants {
            self.place(&name).replace(about, tenant);
        }
        *present = applied;
        Ok(())
    }
}

impl Frozen {
    /// Writes it to a file, and waits until it is on disk.
    ///
    /// # Errors
    /// Of the file.
    pub fn write(&self, file: File) -> io::Result<()> {
        let mut writer = Writer::new(file)?;
        writer.part(&encoded(&self.foundation)?)?;
        writer.part(&encoded(&(self.tenants.len() as u64))?)?;
        for (name, about, frozen) in &self.tenants {
            writer.part(&encoded(&Head { name: name.clone(), about: about.clone() })?)?;
            writer.part(&frozen.to_bytes().map_err(io::Error::other)?)?;
        }
        writer.finish()
    }
}

fn encoded<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(io::Error::other)
}

fn decoded<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> io::Result<T> {
    postcard::from_bytes(bytes).map_err(damaged)
}

fn damaged(why: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the snapshot is damaged: {}", why.to_string()))
}

impl Default for Replica {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica").field("applied", &self.applied().last).finish_non_exhaustive()
    }
}
