//! The server as its clients see it: every call by subject, the guides, and what survives a crash.

#![allow(unreachable_pub, reason = "the modules are of one test")]

mod apps;
mod changes;
mod configured;
mod deltas;
mod documents;
mod durable;
mod given;
mod ignored;
mod lenient;
mod order;
mod pages;
mod paths;
mod process;
mod queries;
mod records;
mod refusals;
mod repeats;
mod schema;
mod sessions;
mod snapshots;
mod steps;
mod support;
mod tasks;
mod tour;
