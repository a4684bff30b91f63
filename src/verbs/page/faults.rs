//! The faults of a page, listed up to a bound, counted beyond it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::values::{Error, Fault, FaultCode, id_or_excerpt};

#[derive(Debug)]
pub(super) struct Faults {
    listed: Vec<Fault>,
    listed_max: usize,
    total: u64,
    malformed: bool,
}

/// One fault, whose words are made only if it is listed.
pub(super) struct Finding<'f> {
    pub(super) code: FaultCode,
    pub(super) field: &'f dyn Fn() -> String,
    pub(super) found: &'f dyn Fn() -> String,
    pub(super) expected: &'f dyn Fn() -> String,
}

impl Faults {
    pub(super) const fn new(listed_max: usize) -> Self {
        Self { listed: Vec::new(), listed_max, total: 0, malformed: false }
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    #[cold]
    pub(super) fn add(&mut self, index: u32, id: Option<&str>, id_chars_max: u32, finding: &Finding<'_>) {
        let code = finding.code;
        if self.listed.len() < self.listed_max {
            let id = id.map(|id| id_or_excerpt(id, id_chars_max));
            let (field, found, expected) = ((finding.field)(), (finding.found)(), (finding.expected)());
            self.listed.push(Fault { index, id, field, code, found, expected });
        }
        self.total = self.total.saturating_add(1);
        self.malformed |= code.is_malformed();
    }

    /// Counts malformed fields that cannot be listed, since a parser did not keep them.
    pub(super) fn add_unlisted(&mut self, malformed: u64) {
        // A page that comes from a journal may claim anything.
        self.total = self.total.saturating_add(malformed);
        self.malformed |= malformed > 0;
    }

    /// The faults that are listed, and how many there are.
    pub(super) fn into_list(self) -> (Vec<Fault>, u64) {
        (self.listed, self.total)
    }

    /// The refusal of the page, if there is any fault.
    pub(super) fn into_result(self) -> Result<(), Error> {
        let Self { listed, listed_max: _, total, malformed } = self;
        if total == 0 {
            return Ok(());
        }
        Err(Error::PageFaults { faults: listed, faults_total: total, malformed })
    }
}
