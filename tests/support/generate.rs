//! Stands in for `headcount_testing::generate` where a test includes it by its path.

#[expect(unreachable_pub, reason = "the one that includes this is the only reader")]
#[path = "../../testing/src/generate.rs"]
mod all;

pub(crate) use all::*;
