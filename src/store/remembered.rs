//! The pages that a table remembers by their fingerprints, each as the rows of its records.
//!
//! A row belongs to one page at most: the last one with a fingerprint that named it. So pages have no row in
//! common, there are never more of them than rows, and a page is known by the first of its rows. A page is
//! remembered whole or not at all: the first row that is not as the page left it takes the page along.
//!
//! To forget a page costs nothing for its rows: what is noted of them leads nowhere then, or to another page with
//! the same first row, which does not have them. So nobody who changes one record pays for the others of its page.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

#[cfg(feature = "serde")]
use super::bits::Bits;
use super::column::Counts;
use super::key::Row;
#[cfg(feature = "serde")]
use crate::values::{BrokenInvariant, ensure};
use crate::values::{DigestHasher, Fingerprint, PageLimits};

/// Rows in a row: the first, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first: Row,
    pub(crate) len: u32,
}

impl Run {
    /// The fewest that hold these rows, ascending. Each stands once.
    pub(super) fn all(rows: &[Row]) -> Box<[Self]> {
        let mut ascending = alloc::borrow::Cow::Borrowed(rows);
        if !rows.is_sorted() {
            ascending.to_mut().sort_unstable();
        }
        debug_assert!(ascending.is_sorted_by(|a, b| a < b), "a page names a record once");
        let mut runs: Vec<Self> = Vec::new();
        for &row in ascending.iter() {
            match runs.last_mut() {
                Some(last) if last.first.0 + last.len == row.0 => last.len += 1,
                _ => runs.push(Self { first: row, len: 1 }),
            }
        }
        runs.into_boxed_slice()
    }

    /// The row behind the last one. What a snapshot claims may be beyond all rows.
    fn end(&self) -> u64 {
        u64::from(self.first.0) + u64::from(self.len)
    }

    /// The fewest that hold a set of rows.
    #[cfg(feature = "serde")]
    pub(crate) fn of_bits(bits: &Bits) -> Box<[Self]> {
        let rows: Vec<Row> = bits.iter().collect();
        Self::all(&rows)
    }

    /// The set of rows in these runs, of a table with so many.
    ///
    /// # Errors
    /// If they are not the fewest, or beyond the table.
    #[cfg(feature = "serde")]
    pub(super) fn bits(runs: &[Self], rows_in_table: u32) -> Result<Bits, BrokenInvariant> {
        ensure(are_fewest(runs) && are_within(runs, rows_in_table), "9", || "a set of rows is malformed")?;
        let mut bits = Bits::default();
        runs.iter().for_each(|run| bits.set_range(run.first, run.len));
        Ok(bits)
    }

    pub(crate) fn rows(self) -> impl Iterator<Item = Row> + Clone {
        (self.first.0..self.first.0 + self.len).map(Row)
    }
}

#[derive(Debug, Default)]
pub(crate) struct RememberedPages {
    /// Each page's rows, as the fewest runs, ascending.
    pages: BTreeMap<Fingerprint, Box<[Run]>>,
    /// By the first row of a page.
    fingerprints: BTreeMap<Row, Fingerprint>,
    /// By row, the first row and one more of the last page that it was of; 0 for a row that never was of one.
    pages_of_rows: Counts,
    /// What all of them were held to, at most.
    checked_under: PageLimits,
    /// The sum of their hashes, kept once it was asked for.
    sum: Option<u128>,
}

/// Reading.
impl RememberedPages {
    /// The rows of a page.
    pub(crate) fn find(&self, fingerprint: Fingerprint) -> Option<&[Run]> {
        self.pages.get(&fingerprint).map(|runs| &**runs)
    }

    /// What the pages were held to when they came: the limits of then, at most.
    pub(crate) const fn checked_under(&self) -> PageLimits {
        self.checked_under
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.pages.len()
    }

    /// By fingerprint, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Fingerprint, &[Run])> {
        self.pages.iter().map(|(&fingerprint, runs)| (fingerprint, &**runs))
    }

    /// The fingerprint of the page that the row belongs to.
    pub(crate) fn page_of(&self, row: Row) -> Option<Fingerprint> {
        let first = self.pages_of_rows.get(row).checked_sub(1)?;
        let fingerprint = *self.fingerprints.get(&Row(first))?;
        let runs = self.find(fingerprint).expect("a page that is known by its first row is remembered");
        let before = runs.partition_point(|run| run.first <= row);
        let run = runs[..before].last()?;
        (row.0 - run.first.0 < run.len).then_some(fingerprint)
    }
}

/// Freezing.
impl RememberedPages {
    /// A copy that shares the chunks of rows; the pages are copied.
    pub(super) fn freeze(&mut self) -> Self {
        let Self { pages, fingerprints, pages_of_rows, checked_under, sum } = self;
        Self {
            pages: pages.clone(),
            fingerprints: fingerprints.clone(),
            pages_of_rows: pages_of_rows.freeze(),
            checked_under: *checked_under,
            sum: *sum,
        }
    }
}

/// The digest.
impl RememberedPages {
    /// What the digest says of all pages: the sum of their hashes. Goes through them, unless it is kept.
    pub(crate) fn sum(&self) -> u128 {
        self.sum.unwrap_or_else(|| self.sum_anew())
    }

    /// Keeps the sum from now on.
    pub(super) fn keep_sum(&mut self) {
        self.sum = Some(self.sum());
    }

    fn sum_anew(&self) -> u128 {
        self.iter().fold(0, |sum, (fingerprint, runs)| sum.wrapping_add(hash(fingerprint, runs)))
    }

    /// Whether the sum, if it is kept, is that of the pages.
    pub(crate) fn is_sum_true(&self) -> bool {
        self.sum.is_none_or(|sum| sum == self.sum_anew())
    }
}

fn hash(fingerprint: Fingerprint, runs: &[Run]) -> u128 {
    let mut hasher = DigestHasher::new();
    hasher.bytes(&fingerprint.0.to_le_bytes());
    for run in runs {
        hasher.u32(run.first.0);
        hasher.u32(run.len);
    }
    hasher.finish()
}

/// Writing.
impl RememberedPages {
    /// Remembers a page in the place of what was remembered by its fingerprint or of its rows.
    ///
    /// Grows with the page's rows alone, unless the limits are lower than those of the pages before.
    pub(super) fn remember(&mut self, fingerprint: Fingerprint, limits: PageLimits, rows: &[Row]) {
        if !self.checked_under.are_within(&limits) {
            // A push of them might be refused now.
            self.forget_all();
        }
        self.checked_under = limits;
        let runs = Run::all(rows);
        if self.find(fingerprint) == Some(&*runs) {
            return;
        }
        self.forget(fingerprint);
        self.forget_pages_of(&runs);
        self.add(fingerprint, runs);
    }

    /// Forgets the pages that these rows are of. Most are of one page, or were.
    fn forget_pages_of(&mut self, runs: &[Run]) {
        let mut of_none = 0;
        for row in runs.iter().flat_map(|run| run.rows()) {
            let noted = self.pages_of_rows.get(row);
            if noted == of_none || noted == 0 {
                continue;
            }
            self.forget_page_of(row);
            if !self.fingerprints.contains_key(&Row(noted - 1)) {
                of_none = noted;
            }
        }
    }

    /// Notes that a remembered page would be taken under these limits, as remembering it again would.
    pub(super) fn hold_to(&mut self, limits: PageLimits) {
        debug_assert!(self.checked_under.are_within(&limits), "a page that might be refused is not repeated");
        self.checked_under = limits;
    }

    /// Adds a page of whose rows none belongs to another one.
    fn add(&mut self, fingerprint: Fingerprint, runs: Box<[Run]>) {
        // A page without records is not worth a place: there could be any number of them.
        let Some(&Run { first, .. }) = runs.first() else { return };
        for row in runs.iter().flat_map(|run| run.rows()) {
            *self.pages_of_rows.at_mut(row) = first.0 + 1;
        }
        if let Some(sum) = &mut self.sum {
            *sum = sum.wrapping_add(hash(fingerprint, &runs));
        }
        self.fingerprints.insert(first, fingerprint);
        self.pages.insert(fingerprint, runs);
    }

    /// Forgets the page with this fingerprint, if it is remembered.
    pub(super) fn forget(&mut self, fingerprint: Fingerprint) {
        let Some(runs) = self.pages.remove(&fingerprint) else { return };
        if let Some(sum) = &mut self.sum {
            *sum = sum.wrapping_sub(hash(fingerprint, &runs));
        }
        self.fingerprints.remove(&runs[0].first);
    }

    /// Forgets the page of a row that is not as the page left it.
    pub(super) fn forget_page_of(&mut self, row: Row) {
        if let Some(fingerprint) = self.page_of(row) {
            self.forget(fingerprint);
        }
    }

    /// Forgets all pages.
    pub(super) fn forget_all(&mut self) {
        *self = Self { sum: self.sum.map(|_| 0), ..Self::default() };
    }
}

/// Checking.
impl RememberedPages {
    /// Whether each page has rows, as the fewest runs, ascending, and no row is of another page than it says.
    pub(crate) fn are_disjoint(&self, rows_in_table: u32) -> bool {
        let are_known = self.pages.iter().all(|(&fingerprint, runs)| {
            !runs.is_empty()
                && are_fewest(runs)
                && runs.iter().flat_map(|run| run.rows()).all(|row| self.page_of(row) == Some(fingerprint))
        });
        let rows: usize = self.pages.values().flatten().map(|run| run.len as usize).sum();
        let of_pages = Row::first(rows_in_table).filter(|&row| self.page_of(row).is_some());
        are_known && self.fingerprints.len() == self.pages.len() && of_pages.count() == rows
    }
}

/// Whether runs are not empty, ascend, and leave rows between them.
fn are_fewest(runs: &[Run]) -> bool {
    runs.iter().all(|run| run.len > 0)
        && runs.windows(2).all(|pair| pair[0].end() < u64::from(pair[1].first.0))
}

/// Whether runs, which ascend, are of rows that a table with so many has.
#[cfg(feature = "serde")]
fn are_within(runs: &[Run], rows_in_table: u32) -> bool {
    runs.last().is_none_or(|last| last.end() <= u64::from(rows_in_table))
}

/// Loading.
#[cfg(feature = "serde")]
impl RememberedPages {
    /// No page yet, of a table whose pages were held to these limits.
    pub(crate) fn under(checked_under: PageLimits) -> Self {
        Self { checked_under, ..Self::default() }
    }

    /// Adds a page of a table with so many rows. False if there is none like it, or it is there.
    pub(crate) fn load(&mut self, fingerprint: Fingerprint, runs: Box<[Run]>, rows_in_table: u32) -> bool {
        let is_page = !runs.is_empty() && are_fewest(&runs) && are_within(&runs, rows_in_table);
        let is_new = is_page
            && self.find(fingerprint).is_none()
            && runs.iter().flat_map(|run| run.rows()).all(|row| self.page_of(row).is_none());
        if is_new {
            self.add(fingerprint, runs);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PageLimits = PageLimits {
        records_per_page: 9,
        references_per_account: 9,
        id_chars: 9,
        text_chars: 9,
        description_chars: 9,
    };

    fn rows(numbers: &[u32]) -> Vec<Row> {
        numbers.iter().copied().map(Row).collect()
    }

    fn runs(pages: &RememberedPages, fingerprint: u128) -> Option<Vec<(u32, u32)>> {
        let runs = pages.find(Fingerprint(fingerprint))?;
        Some(runs.iter().map(|run| (run.first.0, run.len)).collect())
    }

    #[test]
    fn a_page_in_stored_order_is_one_run_and_any_order_gives_the_fewest() {
        let mut pages = RememberedPages::default();
        pages.remember(Fingerprint(1), LIMITS, &rows(&[4, 5, 6]));
        pages.remember(Fingerprint(2), LIMITS, &rows(&[9, 1, 10, 3, 2]));
        assert_eq!(runs(&pages, 1), Some(alloc::vec![(4, 3)]));
        assert_eq!(runs(&pages, 2), Some(alloc::vec![(1, 3), (9, 2)]));
    }

    #[test]
    fn a_row_belongs_to_the_last_page_that_named_it() {
        let mut pages = RememberedPages::default();
        pages.remember(Fingerprint(1), LIMITS, &rows(&[0, 1]));
        pages.remember(Fingerprint(2), LIMITS, &rows(&[2, 3]));
        pages.remember(Fingerprint(3), LIMITS, &rows(&[1, 4]));
        assert_eq!((runs(&pages, 1), runs(&pages, 2).is_some()), (None, true));
        assert_eq!([0, 1, 2, 4].map(|row| pages.page_of(Row(row)).map(|page| page.0)), {
            [None, Some(3), Some(2), Some(3)]
        });
        pages.forget_page_of(Row(4));
        assert_eq!((pages.len(), pages.page_of(Row(1))), (1, None));
        assert!(pages.are_disjoint(10));
    }

    #[test]
    fn a_row_of_a_page_that_was_forgotten_is_of_no_later_page_with_the_same_first_row() {
        let mut pages = RememberedPages::default();
        pages.remember(Fingerprint(1), LIMITS, &rows(&[0, 1, 4, 5]));
        pages.forget_page_of(Row(5));
        pages.remember(Fingerprint(2), LIMITS, &rows(&[0, 4]));
        let of_rows =
            |pages: &RememberedPages| [0, 1, 4, 5].map(|row| pages.page_of(Row(row)).map(|page| page.0));
        assert_eq!(of_rows(&pages), [Some(2), None, Some(2), None]);
        pages.forget_page_of(Row(1));
        pages.remember(Fingerprint(3), LIMITS, &rows(&[5, 1]));
        assert_eq!(of_rows(&pages), [Some(2), Some(3), Some(2), Some(3)], "neither was of the page of row 0");
        pages.remember(Fingerprint(4), LIMITS, &rows(&[1, 4]));
        assert_eq!(of_rows(&pages), [None, Some(4), Some(4), None]);
        assert!(pages.are_disjoint(6));
    }

    #[test]
    fn of_two_contents_of_one_fingerprint_the_later_counts_even_if_it_is_empty() {
        let mut pages = RememberedPages::default();
        pages.remember(Fingerprint(1), LIMITS, &rows(&[0, 1]));
        pages.remember(Fingerprint(1), LIMITS, &rows(&[1, 2]));
        assert_eq!((runs(&pages, 1), pages.page_of(Row(0))), (Some(alloc::vec![(1, 2)]), None));
        pages.remember(Fingerprint(1), LIMITS, &[]);
        assert!(pages.is_empty() && pages.page_of(Row(1)).is_none());
    }

    #[test]
    fn a_kept_sum_that_is_not_that_of_the_pages_is_found() {
        let mut pages = RememberedPages::default();
        pages.remember(Fingerprint(1), LIMITS, &rows(&[0, 1]));
        assert!(pages.is_sum_true(), "none is kept");
        pages.keep_sum();
        assert!(pages.is_sum_true());
        pages.sum = pages.sum.map(|sum| sum ^ 1);
        assert!(!pages.is_sum_true());
    }

    #[test]
    fn a_page_under_lower_limits_takes_the_place_of_all() {
        let mut pages = RememberedPages::default();
        pages.remember(Fingerprint(1), LIMITS, &rows(&[0]));
        let higher = PageLimits { id_chars: 10, ..LIMITS };
        pages.remember(Fingerprint(2), higher, &rows(&[1]));
        assert_eq!((pages.len(), pages.checked_under()), (2, higher));
        pages.remember(Fingerprint(3), LIMITS, &rows(&[2]));
        assert_eq!((pages.len(), runs(&pages, 3)), (1, Some(alloc::vec![(2, 1)])));
    }
}
