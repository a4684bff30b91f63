//! Records in the form that they had in serde before there were attributes: journals of then have no other, and what says
//! nothing of attributes is still written so.

use alloc::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::record::{Account, Attributes, Group, References};

/// The fields of an [`Account`] of then, in their order.
#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "Account", rename = "Account", default)]
struct AccountFields<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, with = "super::wire::optional_text")]
    email: Option<Cow<'a, str>>,
    #[serde(borrow, with = "super::wire::optional_text")]
    username: Option<Cow<'a, str>>,
    #[serde(borrow, with = "super::wire::optional_text")]
    first_name: Option<Cow<'a, str>>,
    #[serde(borrow, with = "super::wire::optional_text")]
    last_name: Option<Cow<'a, str>>,
    #[serde(borrow, with = "super::wire::optional_text")]
    display_name: Option<Cow<'a, str>>,
    #[serde(borrow, with = "super::wire::optional_text")]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, with = "super::wire::references")]
    memberships: References<'a>,
    #[serde(borrow, with = "super::wire::references")]
    assignments: References<'a>,
    #[serde(skip)]
    attributes: Option<Attributes<'a>>,
}

/// The fields of a [`Group`] of then, in their order.
#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "Group", rename = "Group", default)]
struct GroupFields<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, with = "super::wire::optional_text")]
    description: Option<Cow<'a, str>>,
    #[serde(skip)]
    attributes: Option<Attributes<'a>>,
}

/// Accounts to be written, none of which says anything of attributes.
pub(super) struct PlainAccounts<'s, 'a>(pub(super) &'s [Account<'a>]);

impl Serialize for PlainAccounts<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(transparent)]
        struct Plain<'s, 'a>(#[serde(with = "AccountFields")] &'s Account<'a>);
        serializer.collect_seq(self.0.iter().map(Plain))
    }
}

/// Groups or licenses to be written, none of which says anything of attributes.
pub(super) struct PlainGroups<'s, 'a>(pub(super) &'s [Group<'a>]);

impl Serialize for PlainGroups<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(transparent)]
        struct Plain<'s, 'a>(#[serde(with = "GroupFields")] &'s Group<'a>);
        serializer.collect_seq(self.0.iter().map(Plain))
    }
}

/// An account of then. In a format for people it may have attributes, which somebody put there by hand.
pub(super) struct PlainAccount<'a>(Account<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for PlainAccount<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Account::deserialize(deserializer).map(Self)
        } else {
            AccountFields::deserialize(deserializer).map(Self)
        }
    }
}

impl<'a> From<PlainAccount<'a>> for Account<'a> {
    fn from(PlainAccount(account): PlainAccount<'a>) -> Self {
        account
    }
}

/// A group or license of then. In a format for people it may have attributes, which somebody put there by hand.
pub(super) struct PlainGroup<'a>(Group<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for PlainGroup<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Group::deserialize(deserializer).map(Self)
        } else {
            GroupFields::deserialize(deserializer).map(Self)
        }
    }
}

impl<'a> From<PlainGroup<'a>> for Group<'a> {
    fn from(PlainGroup(group): PlainGroup<'a>) -> Self {
        group
    }
}
