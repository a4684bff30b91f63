//! What one session of an app may take away.

use super::words::words;

/// An app's limits on what one session may take away ([SPEC 4.8](crate::spec#48-guard)). Each is
/// optional; where several are given, all of them hold. Only full records count: a
/// [`Preview`](crate::Preview) counts placeholders too.
///
/// ```
/// use headcount::Guard;
/// let guard = Guard::NONE.with_max_count(1_000).with_max_percent(10);
/// assert_eq!((guard.max_count, guard.max_percent), (Some(1_000), Some(10)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Guard {
    /// At most this many deactivations of full records.
    pub max_count: Option<u64>,
    /// At most this percentage, 0 to 100, of the full records that were active in the session's scope
    /// when it started.
    pub max_percent: Option<u8>,
}

impl Guard {
    /// No limit: what an app starts with. Until [`update_app`](crate::Engine::update_app) sets one, nothing is refused.
    pub const NONE: Self = Self { max_count: None, max_percent: None };

    /// With at most this many deactivations.
    #[must_use]
    pub const fn with_max_count(mut self, max: u64) -> Self {
        self.max_count = Some(max);
        self
    }

    /// With at most this percentage, 0 to 100, of what was active.
    #[must_use]
    pub const fn with_max_percent(mut self, max: u8) -> Self {
        self.max_percent = Some(max);
        self
    }

    /// Whether there is no limit.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// The first limit that this many deactivations of full records pass, of `base` full records that were active.
    /// ([`Preview::total`](crate::Preview::total) may be more: it counts placeholders too.)
    pub fn limit_passed_by(&self, deactivations: u64, base: u64) -> Option<GuardLimit> {
        let passes_percent = |max: u8| u128::from(deactivations) * 100 > u128::from(max) * u128::from(base);
        if self.max_count.is_some_and(|max| deactivations > max) {
            Some(GuardLimit::MaxCount)
        } else if self.max_percent.is_some_and(passes_percent) {
            Some(GuardLimit::MaxPercent)
        } else {
            None
        }
    }
}

/// One of the limits of a [`Guard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum GuardLimit {
    /// [`Guard::max_count`].
    MaxCount,
    /// [`Guard::max_percent`].
    MaxPercent,
}

words!(GuardLimit, "guard limit", "max_count or max_percent", {
    MaxCount = 0 "max_count",
    MaxPercent = 1 "max_percent",
});
