//! Time as an argument.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

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

    /// The moment that is so long after the epoch, as a system's clock tells it; the last one there is if that is later.
    ///
    /// ```
    /// use headcount::Timestamp;
    /// use std::time::{Duration, SystemTime, UNIX_EPOCH};
    /// let now = Timestamp::since_epoch(SystemTime::now().duration_since(UNIX_EPOCH)?);
    /// let a_month_ago = now.saturating_sub(Duration::from_secs(30 * 86_400));
    /// assert!(a_month_ago < now);
    /// # Ok::<(), std::time::SystemTimeError>(())
    /// ```
    pub const fn since_epoch(duration: Duration) -> Self {
        Self(0).saturating_add(duration)
    }

    /// So much later, in whole milliseconds; the last moment there is if that would be later.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        // A duration has less than 2^74 milliseconds.
        let later = self.0 as i128 + duration.as_millis() as i128;
        Self(if later > i64::MAX as i128 { i64::MAX } else { later as i64 })
    }

    /// So much earlier, in whole milliseconds; the first moment there is if that would be earlier.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        let earlier = self.0 as i128 - duration.as_millis() as i128;
        Self(if earlier < i64::MIN as i128 { i64::MIN } else { earlier as i64 })
    }
}

/// Milliseconds since the epoch.
impl From<i64> for Timestamp {
    fn from(millis: i64) -> Self {
        Self(millis)
    }
}

/// Milliseconds since the epoch.
impl From<Timestamp> for i64 {
    fn from(at: Timestamp) -> Self {
        at.0
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
