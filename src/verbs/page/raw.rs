//! Records as sent, groups and accounts alike.

use alloc::borrow::Cow;

use super::references::Slugs;
use crate::store::TypeIndex;
use crate::values::{Account, Attribute, Group, Kind, Page, Records, ReferenceList, ReferenceMap};

/// A record as sent. What a kind does not have is empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawRecord<'p> {
    pub(super) kind: Kind,
    /// In the order of [`Slot`](crate::store::Slot). What is absent is empty.
    pub(super) texts: [&'p str; 6],
    pub(super) status: &'p str,
    memberships: &'p [ReferenceList<'p>],
    assignments: &'p [ReferenceList<'p>],
    /// None where nothing is said of them.
    pub(super) attributes: Option<&'p [Attribute<'p>]>,
}

impl<'p> RawRecord<'p> {
    /// A record of a page.
    #[inline(always)]
    pub(super) fn at(page: &'p Page<'p>, at: usize) -> Self {
        match page.records() {
            Records::Accounts(accounts) => Self::of_account(&accounts[at]),
            Records::Groups(groups) => Self::of_group(&groups[at], Kind::Group),
            Records::Licenses(licenses) => Self::of_group(&licenses[at], Kind::License),
        }
    }

    /// The id of a record of a page.
    #[inline]
    pub(super) fn id_at(page: &'p Page<'p>, at: usize) -> &'p str {
        match page.records() {
            Records::Accounts(accounts) => &accounts[at].id,
            Records::Groups(records) | Records::Licenses(records) => &records[at].id,
        }
    }

    #[inline(always)]
    fn of_account(account: &'p Account<'p>) -> Self {
        Self {
            kind: Kind::Account,
            texts: [
                &account.id,
                text(&account.email),
                text(&account.username),
                text(&account.first_name),
                text(&account.last_name),
                text(&account.display_name),
            ],
            status: text(&account.status),
            memberships: &account.memberships,
            assignments: &account.assignments,
            attributes: account.attributes.as_deref(),
        }
    }

    #[inline(always)]
    fn of_group(group: &'p Group<'p>, kind: Kind) -> Self {
        Self {
            kind,
            texts: [&group.id, &group.name, text(&group.description), "", "", ""],
            status: "",
            memberships: &[],
            assignments: &[],
            attributes: group.attributes.as_deref(),
        }
    }

    #[inline]
    pub(super) const fn id(&self) -> &'p str {
        self.texts[0]
    }

    /// The id as a fault tells it: none that is absent or has a NUL.
    pub(super) fn usable_id(&self) -> Option<&'p str> {
        Some(self.id()).filter(|id| !id.is_empty() && !id.contains('\0'))
    }

    /// The attributes of a record that is replaced whole: none where nothing is said of them.
    #[inline]
    pub(super) fn all_attributes(&self) -> &'p [Attribute<'p>] {
        self.attributes.unwrap_or(&[])
    }

    /// The two maps of references.
    pub(super) const fn maps(&self) -> [(ReferenceMap, &'p [ReferenceList<'p>]); 2] {
        [(ReferenceMap::Memberships, self.memberships), (ReferenceMap::Assignments, self.assignments)]
    }

    /// The lists of both maps.
    pub(super) fn lists(&self) -> impl Iterator<Item = (ReferenceMap, &'p ReferenceList<'p>)> + use<'p> {
        self.maps().into_iter().flat_map(|(map, lists)| lists.iter().map(move |list| (map, list)))
    }

    /// The types whose slug it names with a list, an empty one too. (A null list is as one that is absent.)
    pub(super) fn named(&self, slugs: &mut Slugs<'_, 'p>) -> impl Iterator<Item = TypeIndex> {
        let with_list = self.lists().filter(|(_, list)| list.references.is_some());
        with_list.filter_map(move |(_, list)| slugs.find(&list.slug)).map(|(of, _)| of)
    }
}

#[inline]
fn text<'p>(text: &'p Option<Cow<'p, str>>) -> &'p str {
    text.as_deref().unwrap_or("")
}
