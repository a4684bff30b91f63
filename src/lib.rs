//! headcount keeps the roll: it is the sync-engine core of services that keep a copy of the accounts,
//! groups and licenses in other people's applications.
//!
//! A connector calls the roll: it opens a *session*, pushes pages of every record it sees, and
//! completes; whoever was not named is marked inactive. The [`Engine`] is the state machine behind that:
//! pure and deterministic, without clock, randomness, threads or I/O. Time and ids are arguments.
//!
//! ```
//! use headcount::{AppId, Completion, Config, Engine, Kind, NewResourceType, PageSeed, ResourceTypeId, Scope};
//! use headcount::{SessionId, Timestamp, Uuid};
//! use serde::de::DeserializeSeed;
//! use std::num::NonZeroU64;
//!
//! let mut engine = Engine::new(Config::new());
//! let now = Timestamp(1_736_935_200_000); // the host's clock
//! let app_id = AppId(Uuid::from_u128(1)); // the host's ids
//! engine.create_app(now, app_id, "Acme HR", None)?;
//! let team = NewResourceType::new("team", "Team", Kind::Group);
//! engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(2)), &team)?;
//! let account = NewResourceType::new("account", "Account", Kind::Account);
//! engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(3)), &account)?;
//!
//! let session_id = SessionId(Uuid::from_u128(4));
//! engine.start_session(now, app_id, session_id, &Scope::All)?;
//! let body = r#"{"records": [{"id": "u1", "email": "alice@acme.com", "memberships": {"team": [{"id": "g1"}]}}]}"#;
//! let seed = PageSeed::new(Kind::Account, engine.config().limits());
//! let mut json = serde_json::Deserializer::from_str(body);
//! let page = seed.deserialize(&mut json)?;
//! json.end()?; // nothing may follow
//! let outcome = engine.push_page(now, app_id, session_id, "account", &page)?;
//! assert_eq!((outcome.created, outcome.placeholders), (1, 1)); // g1 was only referred to, so far
//!
//! engine.complete_session(now, app_id, session_id, Completion::GUARDED)?;
//! let budget = NonZeroU64::new(1_000).unwrap(); // records per step, so that no call takes long
//! while !engine.run_cleanup(now, app_id, session_id, budget)?.status.has_ended() {}
//!
//! let team = engine.app(app_id).unwrap().record("team", "g1").unwrap();
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
//!   with every [`Fault`] in it, or applied whole; a [lenient](Engine::push_lenient_page) one rejects single records.
//! - **Changes.** [`Engine::changes`] says what the last command changed, with gap-free sequence
//!   numbers, for whoever keeps a copy.
//! - **Completing.** [`AppView::preview`] shows what would go; an app's [`Guard`] refuses a roll that
//!   would offboard too many; [`Engine::run_cleanup`] works in steps of the host's size.
//! - **Reading.** [`Engine::app`] leads to views that borrow: [`AppView`], [`RecordView`],
//!   [`SessionView`], [`TaskView`].
//! - **Saving.** [`Engine::snapshot`] and [`Engine::restore`], with any serde format; [`Engine::freeze`],
//!   to save on another thread while commands go on; [`Engine::digest`] is equal on all replicas, and
//!   [`Engine::digest_parts`] tells where two of them differ; [`Engine::check_invariants`] checks every
//!   rule.
//!
//! # How it is built
//!
//! Imports point down, from a floor to those below it; a test holds them to this table.
//!
//! | floor | module | what it is |
//! | --- | --- | --- |
//! | 7 | `save` | the whole state at once: snapshot, digest, invariants |
//! | 7 | `view` | the state, to be read |
//! | 6 | `engine` | the one place where control flows: the scope of one command → verbs → changes → reply |
//! | 5 | `verbs` | page: resolve → compare → check → plan → commit; cleanup, guard, preview; purge. They take checked input and a part of the state, and never call each other |
//! | 4 | `state` | nouns: app, clone group and registry, session, task, change log. Each owns its rules |
//! | 3 | `store` | all tables of one app: the only place that writes referrers, placeholders and seen rows |
//! | 2 | `parse` | pages from any serde format |
//! | 1 | `values` | plain values: commands, outcomes, errors, records, changes, limits, ids, time |
//!
//! Absences worth knowing: nothing below `engine` knows what a command is; no table knows what a session
//! is (it knows a *roll*, the rows that were seen and those that are kept beside); nothing anywhere reads a clock, a random number or the
//! environment: the crate is `no_std` and cannot name them.
//!
//! The guides are chapters of this documentation: [`spec`], the contract, rule by rule, which the
//! documentation of each command leads to; [`embedding`], for a service that embeds the engine;
//! [`architecture`], the way of a page, of a completion and of a snapshot.
//!
//! # Features
//!
//! `serde` (default): commands, replies, errors and changes as serde values, the page parser, snapshots.
//! Without it the engine is the same, fed by values that the host makes, and there are no snapshots to save or restore.
#![no_std]

extern crate alloc;

mod engine;
#[cfg(feature = "serde")]
mod parse;
mod save;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod values;
mod verbs;
mod view;

pub use engine::Engine;
#[cfg(feature = "serde")]
pub use parse::PageSeed;
pub use save::FrozenEngine;
pub use save::{DigestParts, TableDigests};
#[cfg(feature = "serde")]
pub use save::{RestoreError, Snapshot, SnapshotRef};
pub use state::ResourceType;
pub use store::{AttributeTexts, AttributeView, AttributeViews};
/// The crate whose [`Uuid`] the ids are made of.
pub use uuid::{self, Uuid};
#[cfg(feature = "serde")]
pub use values::Owned;
pub use values::{
    Account, AccountStatus, AppId, AppUpdate, Attribute, AttributeValue, Attributes, BrokenInvariant, Change,
    CleanupOutcome, Command, Completion, Config, ConfigurationStatus, DeactivationOutcome, Error, ErrorKind,
    ExpiryOutcome, Fact, Fault, FaultCode, Field, Fields, FieldsIter, Fingerprint, FoundType, Group, Guard,
    GuardLimit, IgnoredFields, Kind, LenientOutcome, License, LimitOutOfRange, Limits, NewResourceType,
    NewTask, Page, PageOutcome, Pages, ParseError, Plan, PurgeOutcome, RecordFilter, RecordKey, Records,
    Reference, ReferenceList, References, Reply, Resolution, ResourceTypeId, ResourceTypeUpdate, Scope,
    SessionCounts, SessionId, SessionStatus, TaskAction, TaskId, TaskStatus, Timestamp,
};
pub use view::{
    AppView, Apps, ChangeDisplay, Changes, CloneGroupApps, Members, MembersBehind, Preview, PreviewCounts,
    PreviewRecords, RecordCounts, RecordKeyDisplay, RecordView, RecordViews, RecordsBehind, ReferenceViews,
    ResourceTypes, SessionProgress, SessionTypes, SessionView, SessionViews, TaskPage, TaskQuery, TaskView,
    TypeProgress,
};

#[doc = include_str!("../docs/SPEC.md")]
pub mod spec {}

#[doc = include_str!("../ARCHITECTURE.md")]
pub mod architecture {}

// The first definition of a link counts: the guide's own lead to files of the repository.
/// [calls]: crate::Engine#calls-that-are-not-bounded
/// [contract]: crate::spec
/// [architecture]: crate::architecture
#[cfg(feature = "serde")]
#[doc = include_str!("../EMBEDDING.md")]
pub mod embedding {}

const _: () = {
    const fn is_shareable<T: Send + Sync + 'static>() {}
    is_shareable::<Engine>();
    is_shareable::<FrozenEngine>();
};

#[cfg(all(doctest, feature = "serde"))]
#[doc = include_str!("../README.md")]
struct Readme;
