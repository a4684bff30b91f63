//! Parsing alone: the pages of a roll from JSON to typed values, by several parsers.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Result;
use crate::directory::{ACCOUNT, Directory};
use crate::roll::{Roll, parse};

/// Accounts as plain structs that borrow every text, which the directory's bodies allow: the parsers at
/// their best.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Body<'a> {
    #[serde(borrow)]
    records: Vec<PlainAccount<'a>>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct PlainAccount<'a> {
    id: &'a str,
    email: Option<&'a str>,
    username: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    display_name: Option<&'a str>,
    status: Option<&'a str>,
    #[serde(borrow)]
    memberships: BTreeMap<&'a str, Vec<PlainReference<'a>>>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct PlainReference<'a> {
    id: &'a str,
    name: Option<&'a str>,
}

/// A parser of pages of accounts.
#[derive(Clone, Copy, Debug)]
pub struct Parser {
    /// What the tables call it.
    pub name: &'static str,
    /// Parses a body, which it may overwrite; how long that took.
    parse: fn(&mut [u8]) -> Result<Duration>,
}

/// The parsers that are compared.
pub const PARSERS: [Parser; 4] = [
    Parser { name: "serde_json", parse: |body| timed(|| Ok(serde_json::from_slice::<Body<'_>>(body)?)) },
    Parser { name: "sonic-rs", parse: |body| timed(|| Ok(sonic_rs::from_slice::<Body<'_>>(body)?)) },
    Parser { name: "simd-json", parse: |body| timed(|| Ok(simd_json::from_slice::<Body<'_>>(body)?)) },
    Parser {
        name: "PageSeed on serde_json",
        parse: |body| timed(|| parse(ACCOUNT, std::str::from_utf8(body)?)),
    },
];

fn timed<T>(parse: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let begun = Instant::now();
    let page = black_box(parse()?);
    let took = begun.elapsed();
    drop(page);
    Ok(took)
}

impl Parser {
    /// Parses the accounts of a roll; nanoseconds a record.
    pub fn parse_roll(&self, directory: Directory, roll: &Roll<'_>) -> Result<f64> {
        let mut took = Duration::ZERO;
        let mut bytes = Vec::new();
        roll.each_page(directory, |slug, body| {
            if slug == ACCOUNT {
                bytes.clear();
                bytes.extend_from_slice(body.as_bytes());
                took += (self.parse)(&mut bytes)?;
            }
            Ok(())
        })?;
        Ok(took.as_nanos() as f64 / f64::from(directory.accounts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is timed is the same work: each parser finds the same records in a body.
    #[test]
    fn the_parsers_read_the_same_accounts() {
        let directory = Directory { accounts: 40 };
        let order: Vec<u32> = (0..40).collect();
        let mut accounts = 0;
        Roll::whole(&order)
            .each_page(directory, |slug, body| {
                if slug == ACCOUNT {
                    let mut for_simd = body.to_owned().into_bytes();
                    let by_serde: Body<'_> = serde_json::from_str(body)?;
                    assert_eq!(sonic_rs::from_str::<Body<'_>>(body)?, by_serde);
                    assert_eq!(simd_json::from_slice::<Body<'_>>(&mut for_simd)?, by_serde);
                    accounts += by_serde.records.len();
                }
                Ok(())
            })
            .expect("the directory's bodies are valid");
        assert_eq!(accounts, 40);
    }
}
