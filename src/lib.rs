//! headcount keeps the roll.
#![no_std]

extern crate alloc;

mod engine;
mod view;

mod page;
mod reconcile;
mod upsert;

mod app;
mod registry;
mod session;
mod table;
mod task;

mod change;
mod error;
mod hash;
mod id;
mod limits;
mod text;
mod time;

mod command;
mod digest;
mod input;
mod invariants;
#[cfg(feature = "serde")]
mod parse;
#[cfg(feature = "serde")]
mod snapshot;

pub use change::{Change, Fact, Field, Fields, RecordKey};
pub use command::{
    AppUpdate, CleanupOutcome, Command, Guard, NewTask, PageOutcome, PurgeOutcome, Reply, Resolution,
    ResourceTypeUpdate, Scope,
};
pub use engine::Engine;
pub use error::{Error, ErrorKind, Fault, FaultCode};
pub use id::{AppId, ResourceTypeId, SessionId, TaskId};
pub use input::{Account, AccountStatus, Group, Kind, License, Page, Reference, References};
pub use invariants::BrokenInvariant;
pub use limits::{Config, Limits};
#[cfg(feature = "serde")]
pub use parse::PageSeed;
pub use registry::ResourceType;
pub use session::{SessionCounts, SessionStatus};
#[cfg(feature = "serde")]
pub use snapshot::{RestoreError, Snapshot};
pub use task::{TaskAction, TaskStatus};
pub use time::Timestamp;
/// The crate whose [`Uuid`] the ids are made of.
pub use uuid::{self, Uuid};
pub use view::{
    AppView, Changes, ConfigurationStatus, Preview, RecordCounts, RecordFilter, RecordView, Records,
    SessionView, TaskPage, TaskQuery, TaskView, TypeProgress,
};
