//! Records of any number, in pages of a size that the engine takes.

use alloc::vec::Vec;
use core::iter::Fuse;

use super::limits::Limits;
use super::page::Page;
use super::record::{Account, Group, License};

impl<'a> Page<'a> {
    /// Pages of all these accounts, in their order, each as large as the limits let it be. Holds one page at a time.
    ///
    /// ```
    /// use headcount::{Account, Limits, Page};
    /// let accounts = (0..250).map(|number| Account::new(format!("u{number}")).with_username("x"));
    /// let pages = Page::split_accounts(accounts, &Limits::default());
    /// assert_eq!(pages.map(|page| page.len()).collect::<Vec<_>>(), [100, 100, 50]);
    /// ```
    pub fn split_accounts<I>(accounts: I, limits: &Limits) -> Pages<'a, I::IntoIter>
    where
        I: IntoIterator<Item = Account<'a>>,
    {
        let of: Of<'a, I::Item> = Of { page: Self::accounts, bytes: Account::text_bytes };
        Pages::new(accounts.into_iter(), of, limits)
    }

    /// Pages of all these groups: see [`split_accounts`](Self::split_accounts).
    pub fn split_groups<I>(groups: I, limits: &Limits) -> Pages<'a, I::IntoIter>
    where
        I: IntoIterator<Item = Group<'a>>,
    {
        let of: Of<'a, I::Item> = Of { page: Self::groups, bytes: Group::text_bytes };
        Pages::new(groups.into_iter(), of, limits)
    }

    /// Pages of all these licenses: see [`split_accounts`](Self::split_accounts).
    pub fn split_licenses<I>(licenses: I, limits: &Limits) -> Pages<'a, I::IntoIter>
    where
        I: IntoIterator<Item = License<'a>>,
    {
        let of: Of<'a, I::Item> = Of { page: Self::licenses, bytes: License::text_bytes };
        Pages::new(licenses.into_iter(), of, limits)
    }
}

/// What is made of records of a kind.
#[derive(Debug)]
struct Of<'a, R> {
    page: fn(Vec<R>) -> Page<'a>,
    bytes: fn(&R) -> usize,
}

impl<R> Clone for Of<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Of<'_, R> {}

/// Makes pages of records, as they are asked for: see [`Page::split_accounts`].
#[derive(Clone, Debug)]
#[must_use = "pages are made as they are asked for"]
pub struct Pages<'a, I: Iterator> {
    records: Fuse<I>,
    /// A record that the page before had no room for.
    held: Option<I::Item>,
    of: Of<'a, I::Item>,
    records_max: usize,
    bytes_max: usize,
}

impl<'a, I: Iterator> Pages<'a, I> {
    fn new(records: I, of: Of<'a, I::Item>, limits: &Limits) -> Self {
        let records_max = limits.records_per_page_max as usize;
        Self { records: records.fuse(), held: None, of, records_max, bytes_max: usize::MAX }
    }

    /// At most this many records a page, and not more than the limits let in; at least one.
    pub fn with_records_max(mut self, max: usize) -> Self {
        self.records_max = self.records_max.min(max.max(1));
        self
    }

    /// At most this many bytes a page, for a server that takes bodies of a certain size: of the records' texts, and eight
    /// for each attribute that is none. A format adds to that: to JSON give half of what the body may have. A record
    /// that is larger is a page by itself.
    pub fn with_bytes_max(mut self, max: usize) -> Self {
        self.bytes_max = max;
        self
    }
}

impl<'a, I: Iterator> Iterator for Pages<'a, I> {
    type Item = Page<'a>;

    fn next(&mut self) -> Option<Page<'a>> {
        let first = self.held.take().or_else(|| self.records.next())?;
        let mut bytes = (self.of.bytes)(&first);
        let mut records = alloc::vec![first];
        while records.len() < self.records_max {
            let Some(record) = self.records.next() else { break };
            bytes = bytes.saturating_add((self.of.bytes)(&record));
            if bytes > self.bytes_max {
                self.held = Some(record);
                break;
            }
            records.push(record);
        }
        Some((self.of.page)(records))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let held = usize::from(self.held.is_some());
        let (least, most) = self.records.size_hint();
        let least = least.saturating_add(held).div_ceil(self.records_max);
        (least, most.and_then(|most| most.checked_add(held)))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn accounts(count: usize) -> impl Iterator<Item = Account<'static>> + Clone {
        // Ten bytes each.
        (0..count).map(|number| Account::new(format!("u{number:04}")).with_username("alice"))
    }

    fn sizes<'a, I: Iterator>(pages: Pages<'a, I>) -> Vec<usize> {
        pages.map(|page| page.len()).collect()
    }

    #[test]
    fn all_records_come_in_their_order_and_no_page_is_larger_than_it_may_be() {
        let limits = Limits::default();
        assert_eq!(Page::split_accounts(accounts(0), &limits).count(), 0);
        assert_eq!(sizes(Page::split_accounts(accounts(100), &limits)), [100]);
        assert_eq!(sizes(Page::split_accounts(accounts(201), &limits)), [100, 100, 1]);
        let pages = || Page::split_accounts(accounts(10), &limits);
        assert_eq!(sizes(pages().with_records_max(4)), [4, 4, 2]);
        assert_eq!(sizes(pages().with_records_max(0)), [1; 10]);
        assert_eq!(sizes(pages().with_records_max(1_000)), [10]);
        for (bytes_max, expected) in [(0, &[1; 10][..]), (29, &[2; 5]), (30, &[3, 3, 3, 1]), (1_000, &[10])] {
            assert_eq!(sizes(pages().with_bytes_max(bytes_max)), expected, "{bytes_max} bytes");
            let split: Vec<Page<'_>> = pages().with_bytes_max(bytes_max).collect();
            let all = split.iter().flat_map(|page| match page.records() {
                crate::Records::Accounts(accounts) => accounts.clone(),
                other => panic!("these are accounts: {other:?}"),
            });
            assert!(all.eq(accounts(10)), "{bytes_max} bytes");
        }
        let mut pages = pages().with_records_max(4);
        assert_eq!(pages.size_hint(), (3, Some(10)));
        let _ = pages.next();
        assert_eq!(pages.size_hint(), (2, Some(6)));
    }

    #[test]
    fn what_a_record_takes_is_all_of_its_texts() {
        let account = Account::new("12")
            .with_email("345")
            .with_display_name("6")
            .member_of("78", ("9", "0"))
            .assigned("12", "3")
            .with_attribute("45", "6")
            .with_attribute("7", 8);
        assert_eq!(account.text_bytes(), 2 + 3 + 1 + 4 + 3 + 3 + 9);
        let group = Group::new("12", "34").with_description("5").with_attribute("6", true);
        assert_eq!(group.text_bytes(), 5 + 9);
        let limits = Limits::default();
        assert_eq!(
            sizes(Page::split_groups([group.clone(), group.clone()], &limits).with_bytes_max(20)),
            [1, 1]
        );
        let licenses = Page::split_licenses([group], &limits);
        assert_eq!(licenses.map(|page| page.kind()).collect::<Vec<_>>(), [crate::Kind::License]);
    }
}
