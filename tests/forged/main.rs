//! Snapshots that no engine could have written, each refused with the rule that it breaks (SPEC 9, loading).

mod attributes;
mod checks;
mod marks;
mod remembered;
mod rest;
mod runs;
mod told;
mod values;
