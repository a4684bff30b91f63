//! Which records a reader wants.

use super::words::words;

/// Which records of a type a reader wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordFilter {
    /// All that were ever seen and not purged.
    #[default]
    All,
    /// The active ones, placeholders too.
    Active,
    /// The inactive ones, placeholders too.
    Inactive,
    /// The placeholders, active or not.
    Placeholder,
}

words!(RecordFilter, "record filter", "all, active, inactive or placeholder", {
    All = 0 "all",
    Active = 1 "active",
    Inactive = 2 "inactive",
    Placeholder = 3 "placeholder",
});
