//! Time as an argument.

use core::fmt;

/// A moment: milliseconds since 1970-01-01T00:00:00Z, negative before it.
///
/// The core has no clock: the host reads its own and passes the moment to every command. Nothing
/// depends on the order of two of them but what SPEC says compares them (when a task is due, what
/// became inactive before a given time), so a clock that goes backwards is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment that is this many milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}
