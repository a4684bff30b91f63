//! Which records a reader wants.

use super::words::words;

/// Which records of a type a reader wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordFilter {
    /// All that were ever seen, and neither purged nor erased.
    #[default]
    All,
    /// The active ones, placeholders too.
    Active,
    /// The inactive ones, placeholders too.
    Inactive,
    /// The placeholders, active or not.
    Placeholder,
    /// The full ones that are inactive while an active account refers to them: a membership that looks alive and is
    /// not.
    Dangling,
}

words!(RecordFilter, "record filter", "all, active, inactive, placeholder or dangling", {
    All = 0 "all",
    Active = 1 "active",
    Inactive = 2 "inactive",
    Placeholder = 3 "placeholder",
    Dangling = 4 "dangling",
});
