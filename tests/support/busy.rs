//! Stands in for `headcount_testing::busy` where a test includes it by its path.

#[expect(unreachable_pub, reason = "the one that includes this is the only reader")]
#[path = "../../testing/src/busy.rs"]
mod all;

pub(crate) use all::*;
