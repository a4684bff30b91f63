//! A roll call: which pages a session pushes, and what they cost a peer.

use std::hint::black_box;
use std::time::{Duration, Instant};

use headcount::{Kind, Limits, Page, PageSeed};
use serde::de::DeserializeSeed;

use crate::Result;
use crate::directory::{ACCOUNT, Directory, Edition, PAGE, SLUGS, draw};
use crate::peers::Peer;

/// What a session pushes.
#[derive(Clone, Copy, Debug)]
pub struct Roll<'a> {
    /// The directory as it then is.
    pub edition: Edition,
    /// The accounts' numbers, in the order pushed.
    pub order: &'a [u32],
    /// Whether the accounts come before the groups that they refer to.
    pub accounts_first: bool,
    /// Accounts that are left out, of each thousand.
    pub left_out_permille: u32,
    /// Whether the changes that each page made are read.
    pub reads_changes: bool,
}

impl<'a> Roll<'a> {
    /// All accounts as they first were, after the groups.
    pub const fn whole(order: &'a [u32]) -> Self {
        let edition = Edition::FIRST;
        Self { edition, order, accounts_first: false, left_out_permille: 0, reads_changes: false }
    }

    /// Hands each page's slug and body to `take`.
    pub fn each_page(
        &self,
        directory: Directory,
        mut take: impl FnMut(&'static str, &str) -> Result<()>,
    ) -> Result<()> {
        if self.accounts_first {
            self.each_accounts_page(directory, &mut take)?;
        }
        let mut body = String::new();
        for (type_index, slug) in SLUGS.into_iter().enumerate() {
            for numbers in directory.listed_groups(type_index).chunks(PAGE) {
                directory.write_groups(numbers, &mut body);
                take(slug, &body)?;
            }
        }
        if !self.accounts_first {
            self.each_accounts_page(directory, &mut take)?;
        }
        Ok(())
    }

    fn each_accounts_page(
        &self,
        directory: Directory,
        take: &mut impl FnMut(&'static str, &str) -> Result<()>,
    ) -> Result<()> {
        let is_named = |number: &u32| draw(u64::from(*number) | 1 << 33, 1_000) >= self.left_out_permille;
        let mut named = self.order.iter().copied().filter(is_named);
        let mut body = String::new();
        loop {
            let numbers: Vec<u32> = named.by_ref().take(PAGE).collect();
            if numbers.is_empty() {
                return Ok(());
            }
            directory.write_accounts(&numbers, self.edition, &mut body);
            take(ACCOUNT, &body)?;
        }
    }
}

/// What a roll cost a peer.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// Records pushed.
    pub records: u64,
    /// Of each page in turn: to push it.
    pub pages: Vec<Duration>,
    /// To open the session.
    pub start: Duration,
    /// To complete the session, cleanup and all.
    pub complete: Duration,
    /// Records that completing marked inactive.
    pub deactivated: u64,
}

impl Cost {
    /// Keeps of each page the lesser cost of two equal rolls.
    pub fn keep_least(&mut self, other: &Self) {
        self.start = self.start.min(other.start);
        for (least, page) in self.pages.iter_mut().zip(&other.pages) {
            *least = (*least).min(*page);
        }
    }

    /// To open the session and push all pages, nanoseconds a record.
    pub fn ns_per_record(&self) -> f64 {
        let pushing: Duration = self.pages.iter().sum();
        (self.start + pushing).as_nanos() as f64 / self.records as f64
    }
}

/// A page as headcount's parser makes it of a body, borrowing its texts. All peers get it in this form.
pub fn parse<'a>(slug: &str, body: &'a str) -> Result<Page<'a>> {
    let kind = if slug == ACCOUNT { Kind::Account } else { Kind::Group };
    let seed = PageSeed::new(kind, &Limits::DEFAULTS);
    Ok(seed.deserialize(&mut serde_json::Deserializer::from_str(body))?)
}

/// Calls a roll on a peer, as its session with this number. Pages are made and parsed one at a time,
/// outside of what is timed, so that each is as warm in the caches as a parser leaves it.
pub fn call(peer: &mut dyn Peer, directory: Directory, number: u32, roll: &Roll<'_>) -> Result<Cost> {
    let mut cost = Cost::default();
    let begun = Instant::now();
    peer.start(number)?;
    cost.start = begun.elapsed();
    roll.each_page(directory, |slug, body| {
        let page = parse(slug, body)?;
        peer.prepare(slug, &page);
        let begun = Instant::now();
        peer.push(slug, &page)?;
        if roll.reads_changes {
            black_box(peer.read_changes());
        }
        cost.pages.push(begun.elapsed());
        cost.records += page.len() as u64;
        Ok(())
    })?;
    let begun = Instant::now();
    cost.deactivated = peer.complete()?;
    cost.complete = begun.elapsed();
    Ok(cost)
}
