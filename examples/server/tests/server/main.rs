//! The server as its clients see it: every call by subject, the guides, and what survives a crash.

#![allow(unreachable_pub, reason = "the modules are of one test")]

mod apps;
mod bounded;
mod browser;
mod changes;
mod configured;
mod connections;
mod console;
mod deltas;
mod documents;
mod durable;
mod files;
mod given;
mod gone;
mod idempotency;
mod ignored;
mod kills;
mod lenient;
mod media;
mod memory;
mod observed;
mod order;
mod pages;
mod paths;
mod process;
mod queries;
mod readme;
mod ready;
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
mod turns;
