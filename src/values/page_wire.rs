//! A page as serde has it, where it is part of a command.
//!
//! What was promised of it came before fingerprints did, so a page without one is written as ever, and one
//! with it under a variant of its own: a format that counts fields would not find a field that is new.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize, Serializer};

use super::fingerprint::Fingerprint;
use super::page::{Misread, Page, Records};
use super::record::{Account, Group, License};

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
    Accounts(&'s [Account<'a>]),
    Groups(&'s [Group<'a>]),
    Licenses(&'s [License<'a>]),
    Fingerprinted { fingerprint: Fingerprint, records: &'s Records<'a> },
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let records = match (self.fingerprint(), self.records()) {
            (Some(fingerprint), records) => SentRecords::Fingerprinted { fingerprint, records },
            (None, Records::Accounts(accounts)) => SentRecords::Accounts(accounts),
            (None, Records::Groups(groups)) => SentRecords::Groups(groups),
            (None, Records::Licenses(licenses)) => SentRecords::Licenses(licenses),
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
    Accounts(Vec<Account<'a>>),
    #[serde(borrow)]
    Groups(Vec<Group<'a>>),
    #[serde(borrow)]
    Licenses(Vec<License<'a>>),
    Fingerprinted {
        fingerprint: Fingerprint,
        #[serde(borrow)]
        records: Records<'a>,
    },
}

impl<'a> TryFrom<ReadPage<'a>> for Page<'a> {
    type Error = &'static str;

    /// A journal may be edited: what a page says that it misread is what a parser could have.
    fn try_from(ReadPage { records, misread }: ReadPage<'a>) -> Result<Self, &'static str> {
        let (fingerprint, records) = match records {
            ReadRecords::Accounts(accounts) => (None, Records::Accounts(accounts)),
            ReadRecords::Groups(groups) => (None, Records::Groups(groups)),
            ReadRecords::Licenses(licenses) => (None, Records::Licenses(licenses)),
            ReadRecords::Fingerprinted { fingerprint, records } => (Some(fingerprint), records),
        };
        let is_ascending = misread.windows(2).all(|pair| pair[0].record < pair[1].record);
        if !is_ascending || !misread.iter().all(|misread| misread.is_of(&records)) {
            return Err("no parser misreads a page so");
        }
        let page = Page::parsed(records, misread);
        Ok(fingerprint.into_iter().fold(page, Page::with_fingerprint))
    }
}
