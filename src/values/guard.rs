//! What one session of an app may take away.

use super::words::words;

/// An app's limits on what one session may take away ([SPEC 4.8](crate::spec#48-guard)). Each is
/// optional; where several are given, all of them hold. Only full records count: a
/// [`Preview`](crate::Preview) counts placeholders too.
///
/// ```
/// use headcount::Guard;
/// let guard = Guard::NONE.with_max_count(1_000).with_max_percent(10).with_required_pages();
/// assert_eq!((guard.max_count, guard.max_percent, guard.require_pages), (Some(1_000), Some(10), true));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Guard {
    /// At most this many deactivations of full records.
    pub max_count: Option<u64>,
    /// At most this percentage, 0 to 100, of the full records that were active in the session's scope
    /// when it started.
    pub max_percent: Option<u8>,
    /// At most this percentage, 0 to 100, of the full records of each single type in scope that were active when the
    /// session started.
    pub max_type_percent: Option<u8>,
    /// Figures up to this one pass no percentage, so that small directories are not held up; 0 if nothing else is
    /// said.
    pub min_count: u64,
    /// Whether a completion needs at least one page, be it empty, of each type in scope that had an active full record
    /// when the session started.
    pub require_pages: bool,
    /// At most this many references that the session's pages took from active accounts.
    pub max_removals: Option<u64>,
    /// At most this percentage, 0 to 100, of the references that the active accounts in scope held when the session
    /// started.
    pub max_removals_percent: Option<u8>,
}

impl Guard {
    /// No limit: what an app starts with, unless the host [configures](crate::Config::with_guard) a default guard. Until
    /// [`update_app`](crate::Engine::update_app) sets one, nothing is refused.
    pub const NONE: Self = Self {
        max_count: None,
        max_percent: None,
        max_type_percent: None,
        min_count: 0,
        require_pages: false,
        max_removals: None,
        max_removals_percent: None,
    };

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

    /// With at most this percentage, 0 to 100, of what was active of each type.
    #[must_use]
    pub const fn with_max_type_percent(mut self, max: u8) -> Self {
        self.max_type_percent = Some(max);
        self
    }

    /// With this figure as the largest that passes no percentage.
    #[must_use]
    pub const fn with_min_count(mut self, min: u64) -> Self {
        self.min_count = min;
        self
    }

    /// With a page needed of each type that had something.
    #[must_use]
    pub const fn with_required_pages(mut self) -> Self {
        self.require_pages = true;
        self
    }

    /// With at most this many references taken.
    #[must_use]
    pub const fn with_max_removals(mut self, max: u64) -> Self {
        self.max_removals = Some(max);
        self
    }

    /// With at most this percentage, 0 to 100, of the references taken.
    #[must_use]
    pub const fn with_max_removals_percent(mut self, max: u8) -> Self {
        self.max_removals_percent = Some(max);
        self
    }

    /// Whether nothing is set.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// The first limit that this many deactivations of full records pass, of `base` full records in scope that were active.
    /// ([`Preview::total`](crate::Preview::total) may be more: it counts placeholders too.)
    pub fn limit_passed_by(&self, deactivations: u64, base: u64) -> Option<GuardLimit> {
        if self.max_count.is_some_and(|max| deactivations > max) {
            Some(GuardLimit::MaxCount)
        } else if self.is_percentage_passed(self.max_percent, deactivations, base) {
            Some(GuardLimit::MaxPercent)
        } else {
            None
        }
    }

    /// The limit that this many deactivations of one type, of `base` active records of it, pass.
    pub fn type_limit_passed_by(&self, deactivations: u64, base: u64) -> Option<GuardLimit> {
        let is_passed = self.is_percentage_passed(self.max_type_percent, deactivations, base);
        is_passed.then_some(GuardLimit::MaxTypePercent)
    }

    /// The first limit that this many references taken, of `base` that there were, pass.
    pub fn removals_limit_passed_by(&self, removals: u64, base: u64) -> Option<GuardLimit> {
        if self.max_removals.is_some_and(|max| removals > max) {
            Some(GuardLimit::MaxRemovals)
        } else if self.is_percentage_passed(self.max_removals_percent, removals, base) {
            Some(GuardLimit::MaxRemovalsPercent)
        } else {
            None
        }
    }

    fn is_percentage_passed(&self, max: Option<u8>, figure: u64, base: u64) -> bool {
        let passes = |max: u8| u128::from(figure) * 100 > u128::from(max) * u128::from(base);
        figure > self.min_count && max.is_some_and(passes)
    }

    /// The first percentage beyond 100, and the name of its field.
    pub(crate) fn percentage_out_of_range(&self) -> Option<(&'static str, u8)> {
        let percentages = [
            ("guard.max_percent", self.max_percent),
            ("guard.max_type_percent", self.max_type_percent),
            ("guard.max_removals_percent", self.max_removals_percent),
        ];
        let given = percentages.into_iter().filter_map(|(field, percent)| Some((field, percent?)));
        given.into_iter().find(|(_, percent)| *percent > 100)
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
    /// [`Guard::max_type_percent`].
    MaxTypePercent,
    /// [`Guard::require_pages`].
    RequirePages,
    /// [`Guard::max_removals`].
    MaxRemovals,
    /// [`Guard::max_removals_percent`].
    MaxRemovalsPercent,
}

words!(GuardLimit, "guard limit", "a limit of a guard", {
    MaxCount = 0 "max_count",
    MaxPercent = 1 "max_percent",
    MaxTypePercent = 2 "max_type_percent",
    RequirePages = 3 "require_pages",
    MaxRemovals = 4 "max_removals",
    MaxRemovalsPercent = 5 "max_removals_percent",
});

/// The limit of a guard, as an error tells it.
pub(super) struct GuardFigure<'a>(pub(super) &'a Guard, pub(super) GuardLimit);

impl core::fmt::Display for GuardFigure<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(guard, limit) = self;
        let (count, percent) = match limit {
            GuardLimit::MaxCount => (guard.max_count, None),
            GuardLimit::MaxPercent => (None, guard.max_percent),
            GuardLimit::MaxTypePercent => (None, guard.max_type_percent),
            GuardLimit::RequirePages => (None, None),
            GuardLimit::MaxRemovals => (guard.max_removals, None),
            GuardLimit::MaxRemovalsPercent => (None, guard.max_removals_percent),
        };
        match (count, percent) {
            (Some(count), _) => write!(f, "{count}"),
            (None, Some(percent)) => write!(f, "{percent} %"),
            (None, None) => f.write_str("none"),
        }
    }
}
