//! The records of a lenient page that are rejected: what is left of the page is as good as a strict page of the others.

use alloc::vec::Vec;

use super::PageBuffers;
use super::faults::Faults;
use crate::store::Row;
use crate::values::Fault;

/// The rejected records of a page: none of a strict one, since that is refused whole.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    /// How many there are.
    pub(super) records: u32,
    /// Of these, how many are on record and not applied by another record of the page.
    pub(super) retained: u32,
    /// The rows of those, each once.
    pub(super) rows: Vec<Row>,
    pub(super) faults: Vec<Fault>,
    pub(super) faults_total: u64,
}

impl Rejections {
    /// Takes these records, ascending, out of the lists of a page that was checked. What is passed over is not applied.
    pub(super) fn take_out(
        rejected: &[u32],
        faults: Faults,
        buffers: &mut PageBuffers,
        is_passed_over: impl Fn(Row) -> bool,
    ) -> Self {
        if rejected.is_empty() {
            return Self::default();
        }
        let PageBuffers { rows, hashes, differing, .. } = buffers;
        let mut on_record: Vec<Row> = rejected.iter().map(|&at| rows[at as usize]).collect();
        let is_applied = |at: u32| rejected.binary_search(&at).is_err();
        keep(rows, is_applied);
        keep(hashes, is_applied);
        // Each that was rejected differs; those behind it move up.
        differing.retain(|&at| is_applied(at));
        for at in differing.iter_mut() {
            *at -= rejected.partition_point(|&rejected| rejected < *at) as u32;
        }
        let mut applied: Vec<Row> = rows.iter().copied().filter(|&row| !is_passed_over(row)).collect();
        applied.sort_unstable();
        on_record.retain(|row| !row.is_none() && applied.binary_search(row).is_err());
        let retained = on_record.len() as u32;
        // Two records of one id may both be rejected.
        on_record.sort_unstable();
        on_record.dedup();
        let (faults, faults_total) = faults.into_list();
        Self { records: rejected.len() as u32, retained, rows: on_record, faults, faults_total }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.records == 0
    }
}

/// Keeps the values in these places, in their order.
fn keep<T>(list: &mut Vec<T>, is_kept: impl Fn(u32) -> bool) {
    let mut places = 0..;
    list.retain(|_| places.next().is_some_and(&is_kept));
}
