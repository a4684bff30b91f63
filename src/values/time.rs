//! Time as an argument.

use core::fmt;
use core::str::FromStr;

use super::words::ParseError;

/// A moment: milliseconds since 1970-01-01T00:00:00Z, negative before it.
///
/// The core has no clock: the host reads its own and passes the moment to every command. Order comes from sequence
/// numbers, so a clock that goes backwards is no error. Only [`purge_inactive`](crate::Engine::purge_inactive) and the
/// status of a task compare moments: under a wrong clock, records are purged too early or too late.
///
/// ```
/// use headcount::Timestamp;
/// let at = Timestamp::from_millis(1_736_935_200_000);
/// assert_eq!(at.to_string(), "1736935200000");
/// assert_eq!("1736935200000".parse(), Ok(at));
/// ```
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
    /// Milliseconds since the epoch, as a number: calendars are the host's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(Self).map_err(|_| ParseError::new("timestamp", text, "milliseconds since the epoch"))
    }
}
