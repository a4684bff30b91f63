//! What a connector sends: pages of raw records, not yet checked.
//!
//! Every text is a [`Cow`], so that a host can parse a page without copying it. Absent, null and
//! empty are one thing (SPEC 1). Nothing here is trusted: `page.rs` checks all of it.

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// What a resource type's records are (SPEC 1).
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

impl Kind {
    /// `account`, `group` or `license`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Group => "group",
            Self::License => "license",
        }
    }
}

impl core::fmt::Display for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Up to 100 records of one type, as sent (SPEC 3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Page<'a> {
    /// Records of a type of kind account.
    #[cfg_attr(feature = "serde", serde(borrow))]
    Accounts(Vec<Account<'a>>),
    /// Records of a type of kind group.
    #[cfg_attr(feature = "serde", serde(borrow))]
    Groups(Vec<Group<'a>>),
    /// Records of a type of kind license.
    #[cfg_attr(feature = "serde", serde(borrow))]
    Licenses(Vec<License<'a>>),
}

impl Page<'_> {
    /// The kind of type that this page can be pushed to.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Accounts(_) => Kind::Account,
            Self::Groups(_) => Kind::Group,
            Self::Licenses(_) => Kind::License,
        }
    }

    /// How many records the page holds.
    pub const fn len(&self) -> usize {
        match self {
            Self::Accounts(records) => records.len(),
            Self::Groups(records) | Self::Licenses(records) => records.len(),
        }
    }

    /// Whether the page holds no record, which is fine.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An account as sent (SPEC 3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Account<'a> {
    /// The external id, 1..=255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::text"))]
    pub id: Cow<'a, str>,
    /// One `@` with something on both sides, no whitespace or control characters, up to 255. An
    /// account needs this or a username.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::optional_text"))]
    pub email: Option<Cow<'a, str>>,
    /// Up to 255. An account needs this or an email.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::optional_text"))]
    pub username: Option<Cow<'a, str>>,
    /// Up to 255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::optional_text"))]
    pub first_name: Option<Cow<'a, str>>,
    /// Up to 255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::optional_text"))]
    pub last_name: Option<Cow<'a, str>>,
    /// Up to 255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::optional_text"))]
    pub display_name: Option<Cow<'a, str>>,
    /// `active` (also when absent), `inactive` or `suspended`: see [`AccountStatus`].
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::optional_text"))]
    pub status: Option<Cow<'a, str>>,
    /// By slug of a group type, the groups that the account is a member of.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::references"))]
    pub memberships: References<'a>,
    /// By slug of a license type, the licenses that the account is assigned.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::references"))]
    pub assignments: References<'a>,
}

/// The references of an account in one of its maps: pairs of a slug and a list, in the order sent.
/// Two lists under one slug count as one list, the one after the other.
pub type References<'a> = Vec<(Cow<'a, str>, Vec<Reference<'a>>)>;

/// A group as sent (SPEC 3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Group<'a> {
    /// The external id, 1..=255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::text"))]
    pub id: Cow<'a, str>,
    /// 1..=255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::text"))]
    pub name: Cow<'a, str>,
    /// Up to 4,096.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::optional_text"))]
    pub description: Option<Cow<'a, str>>,
}

/// A license as sent: the fields of a group (SPEC 3.3).
pub type License<'a> = Group<'a>;

/// `{id, name?}`: an account's mention of a group or license, which need not exist yet (SPEC 3.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Reference<'a> {
    /// The external id of the group or license, 1..=255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::text"))]
    pub id: Cow<'a, str>,
    /// What to call it until its own record is pushed, up to 255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::parse::optional_text"))]
    pub name: Option<Cow<'a, str>>,
}

/// An account's own status in its application: a field that the connector pushes. Not to be confused
/// with the engine's `active` flag, which says whether the last roll named the record (SPEC 1).
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

impl AccountStatus {
    /// `active`, `inactive` or `suspended`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Suspended => "suspended",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "active" => Some(Self::Active),
            "inactive" => Some(Self::Inactive),
            "suspended" => Some(Self::Suspended),
            _ => None,
        }
    }
}
