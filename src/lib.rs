//! headcount keeps the roll: it is the sync-engine core of services that keep a copy of the accounts,
//! groups and licenses in other people's applications.
//!
//! A connector calls the roll: it opens a *session*, pushes pages of every record it sees, and
//! completes; whoever was not named is marked inactive. The [`Engine`] is the state machine behind that:
//! pure and deterministic, without clock, randomness, threads or I/O. Time and ids are arguments.
//!
//! ```
//! use headcount::{AppId, Config, Engine, Kind, PageSeed, ResourceTypeId, Scope, SessionId, Timestamp, Uuid};
//! use serde::de::DeserializeSeed;
//! use std::num::NonZeroU64;
//!
//! let mut engine = Engine::new(Config::new());
//! let now = Timestamp(1_736_935_200_000); // the host's clock
//! let app = AppId(Uuid::from_u128(1)); // the host's ids
//! engine.create_app(now, app, "Acme HR", None)?;
//! engine.register_resource_type(now, app, ResourceTypeId(Uuid::from_u128(2)), "team", "Team", Kind::Group)?;
//! engine.register_resource_type(now, app, ResourceTypeId(Uuid::from_u128(3)), "account", "Account", Kind::Account)?;
//!
//! let session = SessionId(Uuid::from_u128(4));
//! engine.start_session(now, app, session, &Scope::All)?;
//! let body = r#"{"records": [{"id": "u1", "email": "alice@acme.com", "memberships": {"team": [{"id": "g1"}]}}]}"#;
//! let seed = PageSeed::new(Kind::Account, engine.config().limits());
//! let page = seed.deserialize(&mut serde_json::Deserializer::from_str(body))?;
//! let outcome = engine.push_page(now, app, session, "account", &page)?;
//! assert_eq!((outcome.created, outcome.placeholders), (1, 1)); // g1 was only referred to, so far
//!
//! engine.complete_session(now, app, session, false)?;
//! let budget = NonZeroU64::new(1_000).unwrap(); // records per step, so that no call takes long
//! while !engine.run_cleanup(now, app, session, budget)?.status.has_ended() {}
//!
//! let team = engine.app(app).unwrap().record("team", "g1").unwrap();
//! assert!(team.is_active() && team.is_placeholder());
//! assert_eq!(team.members().next().unwrap().email(), Some("alice@acme.com"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A tour
//!
//! - **Commands.** Each is a method of [`Engine`], and a value ([`Command`]) that can be journaled and
//!   replayed through [`Engine::apply`]: one code path. Each succeeds, or returns an [`Error`] and
//!   leaves the state untouched to the last bit.
//! - **Pages.** [`PageSeed`] parses one from any serde format, borrowing its texts. It is refused whole,
//!   with every [`Fault`] in it, or applied whole.
//! - **Changes.** [`Engine::changes`] says what the last command changed, with gap-free sequence
//!   numbers, for whoever keeps a copy.
//! - **Completing.** [`AppView::preview`] shows what would go; an app's [`Guard`] refuses a roll that
//!   would offboard too many; [`Engine::run_cleanup`] works in steps of the host's size.
//! - **Reading.** [`Engine::app`] leads to views that borrow: [`AppView`], [`RecordView`],
//!   [`SessionView`], [`TaskView`].
//! - **Saving.** [`Engine::snapshot`] and [`Engine::restore`], with any serde format;
//!   [`Engine::digest`] is equal on all replicas; [`Engine::check_invariants`] checks every rule.
//!
//! # How it is built
//!
//! ```text
//!  host (HTTP, SQL, Raft, a test)            time, ids, bytes, storage: all there
//!    │  command + now                 ▲  reply or error, changes of this command
//!    ▼                                │
//!  engine      the one place where control flows: look up → check → apply → changes → reply
//!    │                                     view      the same state, to be read
//!    ├─ page        raw page → checked page, or every fault in it        ┐ verbs: take checked input and
//!    ├─ upsert      checked page → rows, references, placeholders        │ &mut state, never call each
//!    ├─ reconcile   preview, guard, cleanup in steps, purge              ┘ other
//!    │
//!    ├─ app         one app: its tables, sessions, tasks                 ┐ nouns: own their invariants,
//!    ├─ registry    one clone group's resource types                     │ know nothing of the verbs
//!    ├─ session     the life of one roll call                            │
//!    ├─ task        one provisioning task                                │
//!    ├─ table/      one type of one app: index, arena, rows, bits        ┘
//!    │
//!    ├─ command input owned parse  what goes in, as values; pages from any serde format
//!    ├─ snapshot digest invariants the whole state: saved, summed up, checked
//!    └─ change error hash id limits text time
//! ```
//!
//! Absences worth knowing: nothing below `engine` knows about commands; no table knows what a session
//! is (it knows a *roll*, a set of rows seen); nothing anywhere reads a clock, a random number or the
//! environment: the crate is `no_std` and cannot name them.
//!
//! # Features
//!
//! `serde` (default): commands, replies, errors and changes as serde values, the page parser, snapshots.
//! Without it the engine is the same, fed by values that the host makes.
#![no_std]

extern crate alloc;

mod engine;
#[cfg(feature = "serde")]
mod parse;
mod save;
mod state;
mod store;
mod values;
mod verbs;
mod view;

pub use engine::Engine;
#[cfg(feature = "serde")]
pub use parse::PageSeed;
pub use save::invariants::BrokenInvariant;
#[cfg(feature = "serde")]
pub use save::snapshot::{RestoreError, Snapshot};
pub use state::registry::ResourceType;
pub use state::session::{SessionCounts, SessionStatus};
pub use state::task::{TaskAction, TaskStatus};
/// The crate whose [`Uuid`] the ids are made of.
pub use uuid::{self, Uuid};
pub use values::change::{Change, Fact, Field, Fields, RecordKey};
pub use values::command::{
    AppUpdate, CleanupOutcome, Command, Guard, NewTask, PageOutcome, PurgeOutcome, Reply, Resolution,
    ResourceTypeUpdate, Scope,
};
pub use values::error::{Error, ErrorKind, Fault, FaultCode};
pub use values::id::{AppId, ResourceTypeId, SessionId, TaskId};
pub use values::limits::{Config, Limits};
pub use values::record::{Account, AccountStatus, Group, Kind, License, Page, Reference, References};
pub use values::time::Timestamp;
pub use view::{
    AppView, Changes, ConfigurationStatus, Preview, RecordCounts, RecordFilter, RecordView, Records,
    SessionView, TaskPage, TaskQuery, TaskView, TypeProgress,
};

const _: () = {
    const fn is_shareable<T: Send + Sync + 'static>() {}
    is_shareable::<Engine>();
};

#[cfg(all(doctest, feature = "serde"))]
#[doc = include_str!("../README.md")]
struct Readme;
