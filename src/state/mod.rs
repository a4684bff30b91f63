//! Nouns.
pub(crate) mod app;
pub(crate) mod registry;
pub(crate) mod session;
pub(crate) mod task;
