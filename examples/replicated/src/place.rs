//! One tenant as the log made it: its engine, its time, and whether it is here at all.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use headcount::{Command, Config, Engine, Error, Reply, Timestamp};
use headcount_server::tenant::{FrozenTenant, Tenant};
use serde::{Deserialize, Serialize};

use crate::proposal::{Carried, Outcome, Step, Terms};

/// Whether a tenant is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It is.
    Here,
    /// It is on its way.
    Arriving {
        /// How far it has come.
        arrival: Arrival,
        /// Addresses of nodes of the cluster where it is meanwhile, if this one knows.
        meanwhile: Vec<String>,
    },
    /// It went elsewhere.
    Gone {
        /// Addresses of nodes of the cluster where it is.
        to: Vec<String>,
        /// The place in the log at which it was closed: commands behind it were not carried out.
        at: u64,
        /// Whether its state was dropped here.
        is_forgotten: bool,
    },
}

/// How far a tenant on its way to here has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arrival {
    /// These bytes of its snapshot came.
    Snapshot(#[serde(with = "serde_bytes")] Vec<u8>),
    /// It is as of this place in the log that it comes from.
    Restored((u64, u32)),
}

/// What stands beside a tenant's engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The time of its newest command. Leaders' clocks differ; here time does not run backwards.
    pub last: Timestamp,
    /// Whether it is here.
    pub standing: Standing,
}

/// A tenant as it leaves: what its snapshot holds beside the engine.
#[derive(Serialize, Deserialize)]
struct Departure {
    terms: Terms,
    last: Timestamp,
    place: (u64, u32),
    #[serde(with = "serde_bytes")]
    tenant: Vec<u8>,
}

/// A tenant as bytes for another cluster, as of a place of this one's log.
///
/// # Errors
/// In words, of postcard: it writes every one.
pub fn departure(
    terms: Terms,
    about: &About,
    frozen: &FrozenTenant,
    place: (u64, u32),
) -> Result<Vec<u8>, String> {
    let departure = Departure { terms, last: about.last, place, tenant: frozen.to_bytes()? };
    postcard::to_stdvec(&departure).map_err(|error| error.to_string())
}

/// One tenant. Many read it, and only the machine writes it.
#[derive(Debug)]
pub struct Place {
    tenant: RwLock<Tenant>,
    about: Mutex<About>,
}

impl Place {
    /// A tenant without apps.
    pub fn new(config: Config, changes_kept: u64) -> Self {
        let about = About { last: Timestamp(0), standing: Standing::Here };
        Self { tenant: RwLock::new(Tenant::new(config, changes_kept)), about: Mutex::new(about) }
    }

    /// The tenant, to be read.
    pub fn read(&self) -> RwLockReadGuard<'_, Tenant> {
        self.tenant.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tenant> {
        self.tenant.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, About> {
        self.about.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands beside the engine.
    pub fn about(&self) -> About {
        self.lock().clone()
    }

    /// Puts another state in the place of the present one.
    pub fn replace(&self, about: About, tenant: Tenant) {
        *self.write() = tenant;
        *self.lock() = about;
    }

    /// A copy of the present state, which shares records with it.
    pub fn freeze(&self) -> (About, FrozenTenant) {
        (self.about(), self.write().freeze())
    }

    /// Carries out a client's command, and hands its reply on with the engine as it left it.
    ///
    /// # Errors
    /// In words, where the tenant is not here, or the bytes are no command. Then nothing changes.
    pub fn carry_out(
        &self,
        now: Timestamp,
        command: &[u8],
        then: impl FnOnce(&Engine, Result<Reply, Error>),
    ) -> Result<(), String> {
        let mut about = self.lock();
        match &about.standing {
            Standing::Here => {}
            Standing::Arriving { .. } => return Err("the tenant is on its way to this cluster".to_owned()),
            Standing::Gone { to, .. } => {
                return Err(format!("the tenant is no longer here, but at {}", to.join(", ")));
            }
        }
        let command: Command<'_> = postcard::from_bytes(command).map_err(|error| error.to_string())?;
        about.last = about.last.max(now);
        let mut tenant = self.write();
        let reply = tenant.carry_out(about.last, &command);
        then(&tenant.engine, reply);
        Ok(())
    }

    /// Goes on under other terms. Costs what saving and loading cost.
    ///
    /// # Errors
    /// In words. What was saved can be loaded.
    pub fn set_terms(&self, config: Config, changes_kept: u64) -> Result<(), String> {
        let mut tenant = self.write();
        let bytes = tenant.freeze().to_bytes()?;
        *tenant = Tenant::from_bytes(&bytes, config, changes_kept)?;
        Ok(())
    }

    /// Takes a step on the tenant's way. `log_place` is that of the step itself.
    pub fn step(&self, step: &Step, terms: Terms, config: Config, log_place: u64) -> Outcome {
        let outcome = match step {
            Step::Arrive => self.arrive(),
            Step::Part { offset, bytes } => self.part(*offset, bytes),
            Step::Restore => self.restore(terms, config),
            Step::Tail(carried) => self.tail(carried),
            Step::Open { digest } => self.open(*digest),
            Step::Close { to } => return self.close(to, log_place),
            Step::Reopen => self.reopen(),
            Step::Forget => self.forget(config, terms.changes_kept),
        };
        outcome.map_or_else(Outcome::Refused, |()| Outcome::Done)
    }

    /// What came before is dropped: nobody was answered from it.
    fn arrive(&self) -> Result<(), String> {
        let is_empty = self.read().engine.seq() == 0;
        let mut about = self.lock();
        if about.standing == Standing::Here && !is_empty {
            return Err("there is such a tenant here already".to_owned());
        }
        let meanwhile = match &about.standing {
            Standing::Here => Vec::new(),
            Standing::Arriving { meanwhile, .. } => meanwhile.clone(),
            Standing::Gone { to, .. } => to.clone(),
        };
        about.standing = Standing::Arriving { arrival: Arrival::Snapshot(Vec::new()), meanwhile };
        Ok(())
    }

    fn part(&self, offset: u64, part: &[u8]) -> Result<(), String> {
        let mut about = self.lock();
        let Standing::Arriving { arrival: Arrival::Snapshot(bytes), .. } = &mut about.standing else {
            return Err("no snapshot is expected".to_owned());
        };
        let came = bytes.len() as u64;
        if offset > came {
            return Err(format!("the bytes from {came} on are expected, found those from {offset} on"));
        }
        let passed = (came - offset) as usize;
        bytes.extend_from_slice(part.get(passed..).unwrap_or_default());
        Ok(())
    }

    fn restore(&self, terms: Terms, config: Config) -> Result<(), String> {
        let mut about = self.lock();
        let About { last, standing: Standing::Arriving { arrival, .. } } = &mut *about else {
            return Err("no snapshot is expected".to_owned());
        };
        let Arrival::Snapshot(bytes) = &*arrival else {
            return Err("no snapshot is expected".to_owned());
        };
        let came: Departure = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
        if came.terms != terms {
            return Err("limits, default guard or changes kept differ between the two clusters".to_owned());
        }
        *self.write() = Tenant::from_bytes(&came.tenant, config, terms.changes_kept)?;
        *last = came.last;
        *arrival = Arrival::Restored(came.place);
        Ok(())
    }

    fn tail(&self, carried: &[Carried]) -> Result<(), String> {
        let mut about = self.lock();
        let About { last, standing: Standing::Arriving { arrival: Arrival::Restored(place), .. } } =
            &mut *about
        else {
            return Err("the tenant's snapshot did not come before".to_owned());
        };
        let mut tenant = self.write();
        for carried in carried.iter() {
            // What is sent twice is carried out once.
            if carried.place <= *place {
                continue;
            }
            let command: Command<'_> =
                postcard::from_bytes(&carried.command).map_err(|error| error.to_string())?;
            *last = carried.now.max(*last);
            // What was refused there is refused here.
            let _ = tenant.carry_out(*last, &command);
            *place = carried.place;
        }
        Ok(())
    }

    fn open(&self, digest: u128) -> Result<(), String> {
        let here = self.read().engine.digest();
        let mut about = self.lock();
        match about.standing {
            Standing::Here => {}
            Standing::Arriving { arrival: Arrival::Restored(_), .. } => {}
            _ => return Err("the tenant did not come".to_owned()),
        }
        if here != digest {
            return Err(format!("its digest here is {here:032x}, and was {digest:032x}"));
        }
        about.standing = Standing::Here;
        Ok(())
    }

    fn close(&self, to: &[String], place: u64) -> Outcome {
        let digest = self.read().engine.digest();
        let mut about = self.lock();
        match &about.standing {
            Standing::Here => {
                about.standing = Standing::Gone { to: to.to_vec(), at: place, is_forgotten: false };
                Outcome::Closed { place, digest }
            }
            // A mover that got no answer asks again: nothing was carried out since.
            Standing::Gone { to: other, at, is_forgotten: false } if other == to => {
                Outcome::Closed { place: *at, digest }
            }
            _ => Outcome::Refused("the tenant is not here".to_owned()),
        }
    }

    fn reopen(&self) -> Result<(), String> {
        let mut about = self.lock();
        match about.standing {
            Standing::Here => {}
            Standing::Gone { is_forgotten: false, .. } => about.standing = Standing::Here,
            Standing::Gone { .. } => return Err("the tenant's state was dropped".to_owned()),
            Standing::Arriving { .. } => return Err("the tenant is not here".to_owned()),
        }
        Ok(())
    }

    fn forget(&self, config: Config, changes_kept: u64) -> Result<(), String> {
        let mut about = self.lock();
        let Standing::Gone { is_forgotten, .. } = &mut about.standing else {
            return Err("the tenant did not go elsewhere".to_owned());
        };
        *is_forgotten = true;
        *self.write() = Tenant::new(config, changes_kept);
        Ok(())
    }
}
