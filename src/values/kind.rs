//! What records are, and what an application says of an account.

use super::words::words;

/// What a resource type's records are ([SPEC 1](crate::spec#1-nouns)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Kind {
    /// People and service accounts.
    Account,
    /// What accounts are members of: teams, roles, projects.
    Group,
    /// What accounts are assigned.
    License,
}

words!(Kind, "kind", "account, group or license", {
    Account = 0 "account",
    Group = 1 "group",
    License = 2 "license",
});

/// An account's own status in its application: a field that the connector pushes
/// ([SPEC 1](crate::spec#1-nouns)).
///
/// Not to be confused with the engine's `active` flag, which says whether the last roll named the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AccountStatus {
    /// May log in. The default.
    #[default]
    Active,
    /// May not.
    Inactive,
    /// May not for now.
    Suspended,
}

words!(AccountStatus, "account status", "active, inactive or suspended", {
    Active = 0 "active",
    Inactive = 1 "inactive",
    Suspended = 2 "suspended",
});
