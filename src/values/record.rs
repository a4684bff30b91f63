//! What a connector sends: raw records, not yet checked.
//!
//! Every text is a [`Cow`], so that a host can parse a page without copying it. Absent, null and
//! empty are one thing ([SPEC 1](crate::spec#1-nouns)). Nothing here is trusted: a push checks all of it.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::attribute::Attribute;

/// An account as sent ([SPEC 3.3](crate::spec#33-fields)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Account<'a> {
    /// The external id, 1..=255.
    #[cfg_attr(feature = "serde", serde(borrow))]
    pub id: Cow<'a, str>,
    /// One `@` with something on both sides, no whitespace or control characters, up to 255. An
    /// account needs this or a username.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::optional_text"))]
    pub email: Option<Cow<'a, str>>,
    /// Up to 255. An account needs this or an email.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::optional_text"))]
    pub username: Option<Cow<'a, str>>,
    /// Up to 255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::optional_text"))]
    pub first_name: Option<Cow<'a, str>>,
    /// Up to 255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::optional_text"))]
    pub last_name: Option<Cow<'a, str>>,
    /// Up to 255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::optional_text"))]
    pub display_name: Option<Cow<'a, str>>,
    /// `active` (also when absent), `inactive` or `suspended`: see
    /// [`AccountStatus`](crate::AccountStatus).
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::optional_text"))]
    pub status: Option<Cow<'a, str>>,
    /// The groups that the account is a member of, by the slug of their type.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::references"))]
    pub memberships: References<'a>,
    /// The licenses that the account is assigned, by the slug of their type.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::references"))]
    pub assignments: References<'a>,
    /// Named values beside these fields. `None` where nothing was said of them, which is as good as a map of none.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::attributes"))]
    pub attributes: Option<Attributes<'a>>,
}

/// The attributes of a record, in the order sent. Of a name that is given twice only the later value counts.
pub type Attributes<'a> = Vec<Attribute<'a>>;

/// The references of an account in one of its maps, in the order sent. Two lists under one slug count
/// as one list, the one after the other.
pub type References<'a> = Vec<ReferenceList<'a>>;

/// The references of an account to one type ([SPEC 3.4](crate::spec#34-slugs-and-repeated-ids)).
///
/// Serialized within an account, it is an entry of a map from slugs to lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferenceList<'a> {
    /// The type's slug. It is checked whatever the list is.
    pub slug: Cow<'a, str>,
    /// The records referred to; `None` where the list was null, which counts as absent.
    pub references: Option<Vec<Reference<'a>>>,
}

impl<'a> ReferenceList<'a> {
    /// References to these records of the type with this slug.
    pub fn new(
        slug: impl Into<Cow<'a, str>>,
        references: impl IntoIterator<Item = impl Into<Reference<'a>>>,
    ) -> Self {
        let references = references.into_iter().map(Into::into).collect();
        Self { slug: slug.into(), references: Some(references) }
    }

    /// The references, none where the list is absent.
    pub fn as_slice(&self) -> &[Reference<'a>] {
        self.references.as_deref().unwrap_or(&[])
    }
}

/// A group as sent ([SPEC 3.3](crate::spec#33-fields)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Group<'a> {
    /// The external id, 1..=255.
    #[cfg_attr(feature = "serde", serde(borrow))]
    pub id: Cow<'a, str>,
    /// 1..=255.
    #[cfg_attr(feature = "serde", serde(borrow))]
    pub name: Cow<'a, str>,
    /// Up to 4,096.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::optional_text"))]
    pub description: Option<Cow<'a, str>>,
    /// As an [account's](Account::attributes).
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::attributes"))]
    pub attributes: Option<Attributes<'a>>,
}

/// A license as sent: the fields of a group ([SPEC 3.3](crate::spec#33-fields)).
pub type License<'a> = Group<'a>;

/// `{id, name?}`: an account's mention of a group or license, which need not exist yet
/// ([SPEC 3.6](crate::spec#36-references-and-placeholders)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Reference<'a> {
    /// The external id of the group or license, 1..=255.
    #[cfg_attr(feature = "serde", serde(borrow))]
    pub id: Cow<'a, str>,
    /// What to call it until its own record is pushed, up to 255.
    #[cfg_attr(feature = "serde", serde(borrow, with = "super::wire::optional_text"))]
    pub name: Option<Cow<'a, str>>,
}

impl<'a> Reference<'a> {
    /// To the record with this id.
    pub fn new(id: impl Into<Cow<'a, str>>) -> Self {
        Self { id: id.into(), name: None }
    }

    /// With a name for its placeholder.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl<'a> From<&'a str> for Reference<'a> {
    fn from(id: &'a str) -> Self {
        Self::new(id)
    }
}
