//! Values that borrow nothing, for decoders that give out nothing to borrow from.

use serde::{Deserialize, Deserializer};

use super::change::Change;
use super::command::Command;
use super::page::Page;
use super::record::{Account, Group, Reference};

/// A value that was read without borrowing: what a decoder asks for that gives out owned values alone.
///
/// Records, pages and commands borrow their texts from what they are parsed from, so `Account<'static>` can be read from a
/// `&'static str` alone: it is no `DeserializeOwned`, which `serde_json::from_reader`, the reader of the crate csv, a
/// queue or a database ask for. An `Owned<Account<'static>>` is. It copies each text.
///
/// ```
/// use headcount::{Account, Owned};
/// let body: &[u8] = br#"{"id": "u1", "email": "alice@acme.com"}"#; // a file, or a socket
/// let Owned(alice): Owned<Account> = serde_json::from_reader(body)?;
/// assert_eq!(alice, Account::new("u1").with_email("alice@acme.com"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// With the crate csv, whose rows have the fields that are no map (a field that is empty is absent):
///
/// ```
/// use headcount::{Account, Limits, Owned, Page};
/// let file = "id,email,username,status\nu1,alice@acme.com,,active\nu2,,bob,suspended\n";
/// let mut rows = csv::Reader::from_reader(file.as_bytes());
/// let accounts = rows.deserialize().map(|row| row.map(|Owned(account)| account));
/// let accounts: Vec<Account> = accounts.collect::<Result<_, csv::Error>>()?;
/// assert_eq!(accounts[1].username.as_deref(), Some("bob"));
/// assert_eq!(Page::split_accounts(accounts, &Limits::default()).count(), 1);
/// # Ok::<(), csv::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owned<T>(pub T);

macro_rules! owned {
    ($($name:ident),+) => {
        $(
            impl<'de> Deserialize<'de> for Owned<$name<'static>> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    $name::<'de>::deserialize(deserializer).map(|value| Self(value.into_owned()))
                }
            }
        )+
    };
}

owned!(Account, Group, Reference, Page, Command, Change);
