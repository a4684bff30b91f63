//! Pages: records of one kind, and what a parser could not read of them.

use alloc::vec::Vec;

use super::fingerprint::Fingerprint;
use super::found_type::FoundType;
use super::kind::Kind;
use super::record::{Account, Group, License};

/// Up to 100 records of one type, as sent ([SPEC 3](crate::spec#3-pushing-a-page)).
///
/// A host makes one of records that it has, or lets [`PageSeed`](crate::PageSeed) parse it; then it
/// also holds where values of a wrong type stood, which are faults of their records.
///
/// ```
/// use headcount::{Group, Kind, Page};
/// let page = Page::groups([Group { id: "g1".into(), name: "Engineering".into(), ..Group::default() }]);
/// assert_eq!((page.kind(), page.len()), (Kind::Group, 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "super::page_wire::ReadPage<'a>"))]
pub struct Page<'a> {
    #[cfg_attr(feature = "serde", serde(borrow))]
    records: Records<'a>,
    /// By record, ascending; only those of which something was not read or not kept.
    misread: Vec<Misread>,
    fingerprint: Option<Fingerprint>,
}

/// The records of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Records<'a> {
    /// Of a type of kind account.
    #[cfg_attr(feature = "serde", serde(borrow))]
    Accounts(Vec<Account<'a>>),
    /// Of a type of kind group.
    #[cfg_attr(feature = "serde", serde(borrow))]
    Groups(Vec<Group<'a>>),
    /// Of a type of kind license.
    #[cfg_attr(feature = "serde", serde(borrow))]
    Licenses(Vec<License<'a>>),
}

impl<'a> Page<'a> {
    /// A page of accounts.
    pub fn accounts(accounts: impl IntoIterator<Item = Account<'a>>) -> Self {
        Self::of(Records::Accounts(accounts.into_iter().collect()))
    }

    /// A page of groups.
    pub fn groups(groups: impl IntoIterator<Item = Group<'a>>) -> Self {
        Self::of(Records::Groups(groups.into_iter().collect()))
    }

    /// A page of licenses.
    pub fn licenses(licenses: impl IntoIterator<Item = License<'a>>) -> Self {
        Self::of(Records::Licenses(licenses.into_iter().collect()))
    }

    const fn of(records: Records<'a>) -> Self {
        Self { records, misread: Vec::new(), fingerprint: None }
    }

    #[cfg(feature = "serde")]
    pub(crate) const fn parsed(records: Records<'a>, misread: Vec<Misread>) -> Self {
        Self { records, misread, fingerprint: None }
    }

    /// With a fingerprint of the bytes that it was read from, under which the engine may remember it
    /// ([SPEC 3.9](crate::spec#39-fingerprints)): see
    /// [`Engine::repeat_page`](crate::Engine::repeat_page).
    #[must_use]
    pub const fn with_fingerprint(mut self, fingerprint: Fingerprint) -> Self {
        self.fingerprint = Some(fingerprint);
        self
    }

    /// The fingerprint that it came with.
    pub const fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }

    /// The same records with texts of their own.
    pub(super) fn map<'b>(self, records: impl FnOnce(Records<'a>) -> Records<'b>) -> Page<'b> {
        let Self { records: from, misread, fingerprint } = self;
        Page { records: records(from), misread, fingerprint }
    }

    /// The records, in the order sent.
    pub const fn records(&self) -> &Records<'a> {
        &self.records
    }

    /// The kind of type that this page can be pushed to.
    pub const fn kind(&self) -> Kind {
        match self.records {
            Records::Accounts(_) => Kind::Account,
            Records::Groups(_) => Kind::Group,
            Records::Licenses(_) => Kind::License,
        }
    }

    /// How many records the page holds.
    pub const fn len(&self) -> usize {
        match &self.records {
            Records::Accounts(records) => records.len(),
            Records::Groups(records) | Records::Licenses(records) => records.len(),
        }
    }

    /// Whether the page holds no record, which is fine.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[cfg(feature = "serde")]
    pub(super) fn all_misread(&self) -> &[Misread] {
        &self.misread
    }

    /// What a parser could not read of a record.
    pub(crate) fn misread(&self, record: u32) -> Option<&Misread> {
        let at = self.misread.binary_search_by_key(&record, |misread| misread.record).ok()?;
        self.misread.get(at)
    }
}

/// What a parser could not read of one record, or did not keep. A record that has one is refused: one
/// of its fields at least is not empty, and each of them tells a fault.
///
/// Its facts stand for faults of the record as if all that was sent were there. The check
/// - tells a fault for each of `wrong_types`, and no other at that place;
/// - adds `faults_dropped` to the total, since no place of those is known;
/// - counts the references kept and `references_dropped` together against the limit. Beyond it the one
///   fault is that there are too many: the parser then keeps none of them and notes nothing in them. A
///   record that has dropped references and no fault at all came by a parser with lower limits than the
///   engine's, and has too many too.
///
/// Faults are dropped only when more are noted than a refusal lists, so that the list is always full.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(not(feature = "serde"), allow(dead_code, reason = "what the parser makes"))]
pub(crate) struct Misread {
    /// The record's place in the page.
    pub(crate) record: u32,
    /// Values of a wrong type, by place, ascending, each place once. In the record such a value stands as
    /// absent: a text as none, a list as none under its slug, a reference and a record as an empty one.
    pub(crate) wrong_types: Vec<WrongType>,
    /// References that were sent and are not kept. Their slugs are, with the references before them.
    pub(crate) references_dropped: u32,
    /// Faults that are not in `wrong_types` or in what is kept: of wrong types of lists and, unless there
    /// are too many references, those of the references that were dropped (wrong types, texts).
    pub(crate) faults_dropped: u64,
}

#[cfg(feature = "serde")]
impl Misread {
    /// More than any body can hold: sums of so many cannot overflow.
    const FAULTS_MAX: u64 = 1 << 40;

    /// Whether a parser could have misread a record of these so. Then the check finds a fault in it.
    pub(super) fn is_of(&self, records: &Records<'_>) -> bool {
        let Self { record, wrong_types, references_dropped, faults_dropped } = self;
        let record = *record as usize;
        let has_place = |place| match records {
            Records::Accounts(accounts) => {
                accounts.get(record).is_some_and(|account| place_is_in(account, place))
            }
            Records::Groups(groups) | Records::Licenses(groups) => {
                let of_group = [Place::Record, Place::Id, Place::Name, Place::Description, Place::Attributes];
                record < groups.len() && of_group.contains(&place)
            }
        };
        let is_ascending = wrong_types.windows(2).all(|pair| pair[0].place < pair[1].place);
        let drops_something = *references_dropped > 0 || *faults_dropped > 0;
        let may_drop = matches!(records, Records::Accounts(_)) && *faults_dropped <= Self::FAULTS_MAX;
        is_ascending
            && has_place(Place::Record)
            && wrong_types.iter().all(|wrong| has_place(wrong.place))
            && (!wrong_types.is_empty() || drops_something)
            && (!drops_something || may_drop)
    }
}

/// Whether an account has such a place.
#[cfg(feature = "serde")]
fn place_is_in(account: &Account<'_>, place: Place) -> bool {
    let list = |map, number: u32| {
        let lists = match map {
            ReferenceMap::Memberships => &account.memberships,
            ReferenceMap::Assignments => &account.assignments,
        };
        lists.get(number as usize)
    };
    match place {
        Place::Name | Place::Description => false,
        Place::List(map, number) => list(map, number).is_some(),
        Place::Reference(map, number, at)
        | Place::ReferenceId(map, number, at)
        | Place::ReferenceName(map, number, at) => {
            list(map, number).is_some_and(|list| (at as usize) < list.as_slice().len())
        }
        _ => true,
    }
}

/// A value of a wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct WrongType {
    pub(crate) place: Place,
    pub(crate) found: FoundType,
}

/// Where in a record a value stands. Lists and references count from 0, as they are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub(crate) enum Place {
    Record,
    Id,
    Email,
    Username,
    FirstName,
    LastName,
    DisplayName,
    Status,
    Name,
    Description,
    Map(ReferenceMap),
    List(ReferenceMap, u32),
    Reference(ReferenceMap, u32, u32),
    ReferenceId(ReferenceMap, u32, u32),
    ReferenceName(ReferenceMap, u32, u32),
    Attributes,
}

impl Place {
    /// Whether it is a reference or in one.
    #[cfg(feature = "serde")]
    pub(crate) const fn is_in_reference(self) -> bool {
        matches!(self, Self::Reference(..) | Self::ReferenceId(..) | Self::ReferenceName(..))
    }
}

/// One of the two maps of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub(crate) enum ReferenceMap {
    Memberships,
    Assignments,
}

impl ReferenceMap {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Memberships => "memberships",
            Self::Assignments => "assignments",
        }
    }

    /// The kind of the types that its keys name.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Memberships => Kind::Group,
            Self::Assignments => Kind::License,
        }
    }
}
