//! What somebody who looked at a preview approves.

use core::fmt;
use core::str::FromStr;

use super::hash::DigestHasher;
use super::hex;
use super::id::ResourceTypeId;
use super::words::ParseError;

/// 128 bits that stand for the set of records that completing a session would mark inactive
/// ([SPEC 4.7](crate::spec#47-preview)).
///
/// Equal sets have equal plans: on all replicas, and whatever else the records are. So a person can approve just what was
/// looked at: see [`Completion::with_plan`](crate::Completion::with_plan). It is a checksum, and no signature.
///
/// Prints itself as 32 hexadecimal digits in lower case, and is parsed from 32 of either case.
///
/// ```
/// use headcount::{Plan, ResourceTypeId, Uuid};
/// let (account, team) = (ResourceTypeId(Uuid::from_u128(1)), ResourceTypeId(Uuid::from_u128(2)));
/// let plan = Plan::of([(account, "u1"), (team, "g1")]);
/// assert_eq!(plan, Plan::of([(team, "g1"), (account, "u1")]));
/// assert_ne!(plan, Plan::of([(team, "g1")]));
/// assert_eq!(plan.to_string().parse(), Ok(plan));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plan(pub u128);

/// Names the byte streams below: others want other names.
const DOMAIN: &[u8] = b"headcount plan 1";

impl Plan {
    /// The plan of the records with these types and external ids, in any order; each is to be there once. Hashes each of
    /// them, and keeps none.
    pub fn of<'r>(records: impl IntoIterator<Item = (ResourceTypeId, &'r str)>) -> Self {
        let (mut count, mut sum) = (0_u64, 0_u128);
        for (resource_type_id, id) in records {
            let mut hasher = DigestHasher::new();
            hasher.bytes(DOMAIN);
            hasher.bytes(resource_type_id.0.as_bytes());
            hasher.text(id.as_bytes());
            // A sum, so that the order does not matter.
            sum = sum.wrapping_add(hasher.finish());
            count += 1;
        }
        let mut hasher = DigestHasher::new();
        hasher.bytes(DOMAIN);
        hasher.u64(count);
        hasher.u128(sum);
        Self(hasher.finish())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Plan {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        hex::parse("plan", text).map(Self)
    }
}

/// The text in formats for people, in others 16 bytes, the highest first.
#[cfg(feature = "serde")]
impl serde::Serialize for Plan {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        hex::serialize(self.0, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Plan {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hex::deserialize("plan", deserializer).map(Self)
    }
}
