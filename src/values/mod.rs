//! Plain values: what goes in, what comes out, and the rules that a text is held to. They know nothing
//! of the machine that uses them.

mod words;

mod arguments;
mod attribute;
#[cfg(feature = "serde")]
mod attribute_wire;
mod change;
mod change_text;
mod command;
#[cfg(feature = "serde")]
mod completion_wire;
mod error;
mod fault;
mod filter;
mod fingerprint;
mod found_type;
mod guard;
#[cfg(feature = "serde")]
mod guard_wire;
mod hash;
pub(crate) mod hex;
mod id;
mod ignored;
mod invariant;
mod kind;
mod limits;
mod outcome;
mod outcome_text;
mod owned;
#[cfg(feature = "serde")]
mod owned_wire;
mod page;
mod page_limits;
#[cfg(feature = "serde")]
mod page_wire;
mod pages;
#[cfg(feature = "serde")]
mod passed;
#[cfg(feature = "serde")]
mod plain_wire;
mod plan;
mod quote;
mod record;
mod record_debug;
mod status;
mod text;
mod time;
#[cfg(feature = "serde")]
mod wire;

pub use arguments::{AppUpdate, Completion, NewResourceType, NewTask, Resolution, ResourceTypeUpdate, Scope};
pub use attribute::{Attribute, AttributeValue};
pub use change::{Change, Fact, Field, Fields, FieldsIter, RecordKey};
pub use command::Command;
pub use error::{Error, ErrorKind};
pub use fault::{Fault, FaultCode};
pub use filter::RecordFilter;
pub use fingerprint::Fingerprint;
pub use found_type::FoundType;
pub use guard::{Guard, GuardLimit};
pub use id::{AppId, ResourceTypeId, SessionId, TaskId};
pub use ignored::IgnoredFields;
pub use invariant::BrokenInvariant;
pub use kind::{AccountStatus, Kind};
pub use limits::{Config, LimitOutOfRange, Limits};
pub use outcome::{
    CleanupOutcome, DeactivationOutcome, ExpiryOutcome, LenientOutcome, PageOutcome, PurgeOutcome, Reply,
    SessionCounts,
};
#[cfg(feature = "serde")]
pub use owned_wire::Owned;
pub use page::{Page, Records};
pub use pages::Pages;
pub use plan::Plan;
pub use record::{Account, Attributes, Group, License, Reference, ReferenceList, References};
pub use status::{ConfigurationStatus, SessionStatus, TaskAction, TaskStatus};
pub use time::Timestamp;
pub use words::ParseError;

pub(crate) use hash::{DigestHasher, DigestStream, HashKey, IdHash, record_hash, spread};
#[cfg(feature = "serde")]
pub(crate) use invariant::COUNT_MAX;
pub(crate) use invariant::{Checked, ensure, ensure_text};
pub(crate) use page::{Misread, Place, ReferenceMap, WrongType};
pub(crate) use page_limits::PageLimits;
#[cfg(feature = "serde")]
pub(crate) use passed::Passed;
pub(crate) use quote::{Quoted, excerpt, id_or_excerpt, path_segment};
pub(crate) use text::{PlainLengths, Rule, copy_text, describe, is_plain_email, is_same, present};
#[cfg(feature = "serde")]
pub(crate) use wire::{Text, attributes};
