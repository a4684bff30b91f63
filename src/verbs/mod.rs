//! Verbs.
pub(crate) mod page;
pub(crate) mod reconcile;
pub(crate) mod upsert;
