//! The peers: each keeps the roll in its own way, behind one interface.

mod hash_map;
mod headcount;
mod lower_bound;
mod postgres;
mod postgres_server;
mod sqlite;
mod sqlite_schema;

use std::ops::Deref;
use std::rc::Rc;

use ::headcount::{Account, AccountStatus, Page, Reference};

pub use self::headcount::{APP, NOW, engine, session};

use crate::Result;
use crate::directory::SLUGS;
use crate::state::State;
use postgres_server::Server;
use sqlite_schema::Variant;

/// A keeper of the roll. Sessions have ascending numbers from 1.
pub trait Peer {
    /// Opens the session with this number.
    fn start(&mut self, number: u32) -> Result<()>;

    /// What may be done with a page before it is pushed without being timed: the lower bound's encoding.
    fn prepare(&mut self, _slug: &str, _page: &Page<'_>) {}

    /// Upserts a page of records and marks them as seen.
    fn push(&mut self, slug: &str, page: &Page<'_>) -> Result<()>;

    /// Reads what the last page changed, of a peer that tells; how many changes these were.
    fn read_changes(&self) -> u64 {
        0
    }

    /// Completes the session: marks inactive what it has not seen, and finds their ids. How many there were.
    fn complete(&mut self) -> Result<u64>;

    /// What it knows.
    fn state(&mut self) -> Result<State>;

    /// All of it as bytes, of a peer that can be saved.
    fn encode(&mut self) -> Result<Option<Encoded<'_>>> {
        Ok(None)
    }

    /// Takes over the state in what `encode` gave. The peer is fresh.
    fn load(&mut self, _bytes: &[u8]) -> Result<()> {
        Err("this peer cannot be loaded".into())
    }

    /// A digest of all state, of a peer that has one.
    fn digest(&mut self) -> Option<u128> {
        None
    }

    /// Memory that it holds beside the allocator of this process's Rust code.
    fn foreign_bytes(&mut self) -> Result<u64> {
        Ok(0)
    }
}

/// Bytes, owned by whatever made them.
pub type Encoded<'a> = Box<dyn Deref<Target = [u8]> + 'a>;

/// A peer's name, and how to make a fresh one.
#[derive(Clone)]
pub struct Contender {
    /// What the tables call it.
    pub name: &'static str,
    make: Rc<dyn Fn() -> Result<Box<dyn Peer>>>,
}

impl Contender {
    fn new<P: Peer + 'static>(name: &'static str, make: impl Fn() -> Result<P> + 'static) -> Self {
        Self { name, make: Rc::new(move || Ok(Box::new(make()?))) }
    }

    /// A fresh peer.
    pub fn make(&self) -> Result<Box<dyn Peer>> {
        (self.make)()
    }
}

/// The name of headcount, which all ratios are to.
pub const HEADCOUNT: &str = "headcount";
/// The name of the best SQLite variant.
pub const SQLITE: &str = "SQLite";
/// The name of the map of structs.
pub const HASH_MAP: &str = "HashMap";
/// The name of PostgreSQL.
pub const POSTGRES: &str = "PostgreSQL";
/// The name of the lower bound, record by record.
pub const LOWER_BOUND: &str = "lower bound";
/// The name of the lower bound, a page at a time.
pub const STAGED: &str = "bound, staged";

/// The peers within this process, for a directory of so many accounts.
pub fn embedded(accounts: u32) -> Vec<Contender> {
    vec![
        Contender::new(HEADCOUNT, headcount::Headcount::new),
        Contender::new(SQLITE, || sqlite::Sqlite::new(Variant::BEST)),
        Contender::new(HASH_MAP, || Ok(hash_map::Maps::default())),
        Contender::new(LOWER_BOUND, move || Ok(lower_bound::LowerBound::new(accounts, false))),
        Contender::new(STAGED, move || Ok(lower_bound::LowerBound::new(accounts, true))),
    ]
}

/// SQLite in every schema and with every span of a transaction, to see which is best.
pub fn sqlite_variants() -> Vec<Contender> {
    Variant::all()
        .map(|variant| Contender::new(variant.name(), move || sqlite::Sqlite::new(variant)))
        .collect()
}

/// PostgreSQL in a server of its own.
///
/// # Errors
/// Where none is installed, or it does not start.
pub fn postgres() -> Result<Contender> {
    let server = Rc::new(Server::start()?);
    Ok(Contender::new(POSTGRES, move || postgres::Postgres::new(&server)))
}

/// The place in [`SLUGS`] of a type of groups.
fn type_index(slug: &str) -> usize {
    SLUGS.iter().position(|known| *known == slug).expect("the directory has no other types")
}

/// An account's status as a small number.
fn status_code(account: &Account<'_>) -> u8 {
    account.status.as_deref().map_or(0, |status| {
        status.parse::<AccountStatus>().expect("the directory has no other statuses") as u8
    })
}

/// An account's references with the places of their types in [`SLUGS`].
fn references<'a>(account: &'a Account<'a>) -> impl Iterator<Item = (usize, &'a Reference<'a>)> {
    account.memberships.iter().flat_map(|list| {
        let type_index = type_index(&list.slug);
        list.as_slice().iter().map(move |reference| (type_index, reference))
    })
}

/// An account's texts beside its id, in the order in which all peers keep them.
fn texts<'a>(account: &'a Account<'_>) -> [Option<&'a str>; 5] {
    [
        account.email.as_deref(),
        account.username.as_deref(),
        account.first_name.as_deref(),
        account.last_name.as_deref(),
        account.display_name.as_deref(),
    ]
}

/// The name of a status code.
fn status_name(code: u8) -> &'static str {
    AccountStatus::ALL
        .iter()
        .find(|status| **status as u8 == code)
        .expect("only codes of statuses are kept")
        .as_str()
}
