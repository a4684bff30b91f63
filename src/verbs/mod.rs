//! The verbs: each takes checked input and a part of the state. They never call each other.

pub(crate) mod cleanup;
pub(crate) mod deactivate;
pub(crate) mod guard;
pub(crate) mod page;
pub(crate) mod preview;
pub(crate) mod purge;
