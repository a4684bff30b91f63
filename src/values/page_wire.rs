//! A page as serde has it, where it is part of a command.
//!
//! What was promised of it came before fingerprints and attributes did. So a page without them is written as ever, and
//! one with them under a variant of its own: a format that counts fields would not find a field that is new.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize, Serializer};

use super::fingerprint::Fingerprint;
use super::page::{Misread, Page, Records};
use super::plain_wire::{PlainAccount, PlainAccounts, PlainGroup, PlainGroups};
use super::record::{Account, Group};

#[derive(Serialize)]
#[serde(rename = "Page")]
struct SentPage<'s, 'a> {
    records: SentRecords<'s, 'a>,
    misread: &'s [Misread],
}

/// What [`ReadRecords`] are read from.
#[derive(Serialize)]
#[serde(rename = "Records", rename_all = "snake_case")]
enum SentRecords<'s, 'a> {
    Accounts(PlainAccounts<'s, 'a>),
    Groups(PlainGroups<'s, 'a>),
    Licenses(PlainGroups<'s, 'a>),
    Fingerprinted {
        fingerprint: Fingerprint,
        records: SentPlain<'s, 'a>,
    },
    /// Of which a record says something of attributes.
    Attributed {
        fingerprint: Option<Fingerprint>,
        records: &'s Records<'a>,
    },
}

/// Records that say nothing of attributes: what [`ReadPlain`] are read from.
#[derive(Serialize)]
#[serde(rename = "Records", rename_all = "snake_case")]
enum SentPlain<'s, 'a> {
    Accounts(PlainAccounts<'s, 'a>),
    Groups(PlainGroups<'s, 'a>),
    Licenses(PlainGroups<'s, 'a>),
}

impl Records<'_> {
    fn say_nothing_of_attributes(&self) -> bool {
        match self {
            Self::Accounts(accounts) => accounts.iter().all(|account| account.attributes.is_none()),
            Self::Groups(groups) | Self::Licenses(groups) => {
                groups.iter().all(|group| group.attributes.is_none())
            }
        }
    }
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (fingerprint, records) = (self.fingerprint(), self.records());
        let records = if !records.say_nothing_of_attributes() {
            SentRecords::Attributed { fingerprint, records }
        } else if let Some(fingerprint) = fingerprint {
            let records = match records {
                Records::Accounts(accounts) => SentPlain::Accounts(PlainAccounts(accounts)),
                Records::Groups(groups) => SentPlain::Groups(PlainGroups(groups)),
                Records::Licenses(licenses) => SentPlain::Licenses(PlainGroups(licenses)),
            };
            SentRecords::Fingerprinted { fingerprint, records }
        } else {
            match records {
                Records::Accounts(accounts) => SentRecords::Accounts(PlainAccounts(accounts)),
                Records::Groups(groups) => SentRecords::Groups(PlainGroups(groups)),
                Records::Licenses(licenses) => SentRecords::Licenses(PlainGroups(licenses)),
            }
        };
        SentPage { records, misread: self.all_misread() }.serialize(serializer)
    }
}

/// What a [`Page`] is read from.
#[derive(Deserialize)]
#[serde(rename = "Page")]
pub(super) struct ReadPage<'a> {
    #[serde(borrow)]
    records: ReadRecords<'a>,
    #[serde(default)]
    misread: Vec<Misread>,
}

#[derive(Deserialize)]
#[serde(rename = "Records", rename_all = "snake_case")]
enum ReadRecords<'a> {
    #[serde(borrow)]
    Accounts(Vec<PlainAccount<'a>>),
    #[serde(borrow)]
    Groups(Vec<PlainGroup<'a>>),
    #[serde(borrow)]
    Licenses(Vec<PlainGroup<'a>>),
    Fingerprinted {
        fingerprint: Fingerprint,
        #[serde(borrow)]
        records: ReadPlain<'a>,
    },
    Attributed {
        fingerprint: Option<Fingerprint>,
        #[serde(borrow)]
        records: Records<'a>,
    },
}

#[derive(Deserialize)]
#[serde(rename = "Records", rename_all = "snake_case")]
enum ReadPlain<'a> {
    #[serde(borrow)]
    Accounts(Vec<PlainAccount<'a>>),
    #[serde(borrow)]
    Groups(Vec<PlainGroup<'a>>),
    #[serde(borrow)]
    Licenses(Vec<PlainGroup<'a>>),
}

impl<'a> From<ReadPlain<'a>> for Records<'a> {
    fn from(read: ReadPlain<'a>) -> Self {
        match read {
            ReadPlain::Accounts(accounts) => {
                Self::Accounts(accounts.into_iter().map(Account::from).collect())
            }
            ReadPlain::Groups(groups) => Self::Groups(groups.into_iter().map(Group::from).collect()),
            ReadPlain::Licenses(licenses) => Self::Licenses(licenses.into_iter().map(Group::from).collect()),
        }
    }
}

impl<'a> TryFrom<ReadPage<'a>> for Page<'a> {
    type Error = &'static str;

    /// A journal may be edited: what a page says that it misread is what a parser could have.
    fn try_from(ReadPage { records, misread }: ReadPage<'a>) -> Result<Self, &'static str> {
        let (fingerprint, records) = match records {
            ReadRecords::Accounts(accounts) => (None, Records::from(ReadPlain::Accounts(accounts))),
            ReadRecords::Groups(groups) => (None, Records::from(ReadPlain::Groups(groups))),
            ReadRecords::Licenses(licenses) => (None, Records::from(ReadPlain::Licenses(licenses))),
            ReadRecords::Fingerprinted { fingerprint, records } => {
                (Some(fingerprint), Records::from(records))
            }
            ReadRecords::Attributed { fingerprint, records } => (fingerprint, records),
        };
        let is_ascending = misread.windows(2).all(|pair| pair[0].record < pair[1].record);
        if !is_ascending || !misread.iter().all(|misread| misread.is_of(&records)) {
            return Err("no parser misreads a page so");
        }
        let page = Page::parsed(records, misread);
        Ok(fingerprint.into_iter().fold(page, Page::with_fingerprint))
    }
}
