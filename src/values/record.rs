//! What a connector sends: raw records, not yet checked.
//!
//! Every text is a [`Cow`], so that a host can parse a page without copying it. Absent, null and
//! empty are one thing ([SPEC 1](crate::spec#1-nouns)). Nothing here is trusted: a push checks all of it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::attribute::{Attribute, AttributeValue};
use super::kind::AccountStatus;

/// An account as sent ([SPEC 3.3](crate::spec#33-fields)).
///
/// Made step by step, or by its fields. Texts are borrowed or owned, as they are given: `Account::new(&row.id)` copies
/// nothing, `Account::new(row.id)` of a `String` is an `Account<'static>`.
///
/// ```
/// use headcount::{Account, AccountStatus, Reference};
/// let alice = Account::new("u1")
///     .with_email("alice@acme.com")
///     .with_status(AccountStatus::Suspended)
///     .member_of("team", "g1")
///     .member_of("team", Reference::new("g2").with_name("Design"))
///     .assigned("seat", "pro")
///     .with_attribute("cost_center", 4711);
/// assert_eq!(alice.memberships[0].as_slice().len(), 2);
/// ```
///
/// To read one with an owning decoder, such as that of the crate csv, see [`Owned`](crate::Owned).
#[derive(Clone, Default, PartialEq, Eq)]
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

impl<'a> Account<'a> {
    /// With this id alone. It needs an email or a username too.
    pub fn new(id: impl Into<Cow<'a, str>>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// With this email.
    #[must_use]
    pub fn with_email(mut self, email: impl Into<Cow<'a, str>>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// With this username.
    #[must_use]
    pub fn with_username(mut self, username: impl Into<Cow<'a, str>>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// With this first name.
    #[must_use]
    pub fn with_first_name(mut self, first_name: impl Into<Cow<'a, str>>) -> Self {
        self.first_name = Some(first_name.into());
        self
    }

    /// With this last name.
    #[must_use]
    pub fn with_last_name(mut self, last_name: impl Into<Cow<'a, str>>) -> Self {
        self.last_name = Some(last_name.into());
        self
    }

    /// With this display name.
    #[must_use]
    pub fn with_display_name(mut self, display_name: impl Into<Cow<'a, str>>) -> Self {
        self.display_name = Some(display_name.into());
        self
    }

    /// With this status. (A text that its application has for it goes into the field; the engine checks it.)
    #[must_use]
    pub fn with_status(mut self, status: AccountStatus) -> Self {
        self.status = Some(Cow::Borrowed(status.as_str()));
        self
    }

    /// And a member of this group, of the type with this slug. Looks at the types that it has groups of.
    #[must_use]
    pub fn member_of(mut self, slug: impl Into<Cow<'a, str>>, group: impl Into<Reference<'a>>) -> Self {
        add_reference(&mut self.memberships, slug.into(), group.into());
        self
    }

    /// And a member of these groups, of the type with this slug. Of none, too: then it says that there are none.
    #[must_use]
    pub fn with_memberships(
        mut self,
        slug: impl Into<Cow<'a, str>>,
        groups: impl IntoIterator<Item = impl Into<Reference<'a>>>,
    ) -> Self {
        self.memberships.push(ReferenceList::new(slug, groups));
        self
    }

    /// And assigned this license, of the type with this slug. Looks at the types that it has licenses of.
    #[must_use]
    pub fn assigned(mut self, slug: impl Into<Cow<'a, str>>, license: impl Into<Reference<'a>>) -> Self {
        add_reference(&mut self.assignments, slug.into(), license.into());
        self
    }

    /// And assigned these licenses, of the type with this slug. Of none, too: then it says that there are none.
    #[must_use]
    pub fn with_assignments(
        mut self,
        slug: impl Into<Cow<'a, str>>,
        licenses: impl IntoIterator<Item = impl Into<Reference<'a>>>,
    ) -> Self {
        self.assignments.push(ReferenceList::new(slug, licenses));
        self
    }

    /// And this attribute.
    #[must_use]
    pub fn with_attribute(
        mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<AttributeValue<'a>>,
    ) -> Self {
        self.attributes.get_or_insert_default().push(Attribute::new(name, value));
        self
    }

    /// The bytes of its texts, numbers as if they had eight: what it takes in a format, without what that adds.
    pub(super) fn text_bytes(&self) -> usize {
        let Self {
            id,
            email,
            username,
            first_name,
            last_name,
            display_name,
            status,
            memberships,
            assignments,
            attributes,
        } = self;
        let texts = [email, username, first_name, last_name, display_name, status];
        id.len()
            + texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
            + memberships.iter().chain(assignments).map(ReferenceList::text_bytes).sum::<usize>()
            + attributes.iter().flatten().map(Attribute::text_bytes).sum::<usize>()
    }
}

/// Adds a reference to the list under a slug, or to a new one.
fn add_reference<'a>(lists: &mut References<'a>, slug: Cow<'a, str>, reference: Reference<'a>) {
    match lists.iter_mut().rfind(|list| list.slug == slug) {
        Some(list) => list.references.get_or_insert_default().push(reference),
        None => lists.push(ReferenceList { slug, references: Some(alloc::vec![reference]) }),
    }
}

/// The attributes of a record, in the order sent. Of a name that is given twice only the later value counts.
pub type Attributes<'a> = Vec<Attribute<'a>>;

/// The references of an account in one of its maps, in the order sent. Two lists under one slug count
/// as one list, the one after the other.
pub type References<'a> = Vec<ReferenceList<'a>>;

/// The references of an account to one type ([SPEC 3.4](crate::spec#34-slugs-and-repeated-ids)).
///
/// Serialized within an account, it is an entry of a map from slugs to lists.
#[derive(Clone, Default, PartialEq, Eq)]
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

    fn text_bytes(&self) -> usize {
        let bytes = |reference: &Reference<'_>| {
            reference.id.len() + reference.name.as_ref().map_or(0, |name| name.len())
        };
        self.slug.len() + self.as_slice().iter().map(bytes).sum::<usize>()
    }
}

/// A group as sent ([SPEC 3.3](crate::spec#33-fields)).
#[derive(Clone, Default, PartialEq, Eq)]
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

impl<'a> Group<'a> {
    /// With this id and name. A license is made in the same way.
    ///
    /// ```
    /// use headcount::{Group, License};
    /// let team = Group::new("g1", "Engineering").with_description("Builds things");
    /// let seat = License::new("pro", "Pro seat").with_attribute("price", 12);
    /// assert_eq!((&*team.id, &*seat.name), ("g1", "Pro seat"));
    /// ```
    pub fn new(id: impl Into<Cow<'a, str>>, name: impl Into<Cow<'a, str>>) -> Self {
        Self { id: id.into(), name: name.into(), ..Self::default() }
    }

    /// With this description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<Cow<'a, str>>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// And this attribute.
    #[must_use]
    pub fn with_attribute(
        mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<AttributeValue<'a>>,
    ) -> Self {
        self.attributes.get_or_insert_default().push(Attribute::new(name, value));
        self
    }

    /// As an [account's](Account::text_bytes).
    pub(super) fn text_bytes(&self) -> usize {
        let Self { id, name, description, attributes } = self;
        id.len()
            + name.len()
            + description.as_ref().map_or(0, |text| text.len())
            + attributes.iter().flatten().map(Attribute::text_bytes).sum::<usize>()
    }
}

/// A license as sent: the fields of a group ([SPEC 3.3](crate::spec#33-fields)).
pub type License<'a> = Group<'a>;

/// `{id, name?}`: an account's mention of a group or license, which need not exist yet
/// ([SPEC 3.6](crate::spec#36-references-and-placeholders)).
#[derive(Clone, Default, PartialEq, Eq)]
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

impl<'a> From<&'a String> for Reference<'a> {
    fn from(id: &'a String) -> Self {
        Self::new(id)
    }
}

impl From<String> for Reference<'_> {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

impl<'a> From<Cow<'a, str>> for Reference<'a> {
    fn from(id: Cow<'a, str>) -> Self {
        Self::new(id)
    }
}

/// An id, and a name for its placeholder.
impl<'a, I: Into<Cow<'a, str>>, N: Into<Cow<'a, str>>> From<(I, N)> for Reference<'a> {
    fn from((id, name): (I, N)) -> Self {
        Self::new(id).with_name(name)
    }
}
