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
#[derive(Deserialize)]
#[expect(dead_code, reason = "to be parsed is all that they are for")]
struct Body<'a> {
    #[serde(borrow)]
    records: Vec<PlainAccount<'a>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "to be parsed is all that they are for")]
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

#[derive(Deserialize)]
#[expect(dead_code, reason = "to be parsed is all that they are for")]
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
