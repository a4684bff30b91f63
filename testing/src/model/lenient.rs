//! SPEC 3.5: lenient pages.

use std::collections::BTreeSet;

use headcount::{AppId, Error, Page, Records, Reply, SessionId, SessionStatus, Timestamp};

use super::repeat::ids;
use super::{App, Model, observe};

/// What of a lenient page was not applied.
pub(super) struct Rejected {
    pub records: u32,
    pub retained: u32,
    pub faults: Vec<headcount::Fault>,
    pub faults_total: u64,
}

impl Model {
    pub(super) fn push_leniently(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<Reply, Error> {
        self.session(id, session)?;
        let number = self.number(id, slug)?;
        self.expect(id, session, SessionStatus::InProgress)?;
        self.expect_size(page)?;
        self.expect_kind_and_scope(id, Some(session), slug, page)?;
        let mut faults = self.faults(id, page);
        let rejected: BTreeSet<u32> = faults.iter().map(|fault| fault.index).collect();
        let applied = without(page, &rejected);
        let (tally, is_as_it_says) = self.apply_page(now, id, session, number, &applied)?;
        let mut retained = 0;
        for &index in &rejected {
            let external_id = ids(page).nth(index as usize).expect("a record of the page").to_owned();
            let key = (number, external_id);
            // What is passed over is not applied (3a.3).
            let is_passed_over = self.session(id, session)?.settled_ids.contains(&key);
            if !is_passed_over && ids(&applied).any(|id| id == key.1) {
                continue;
            }
            let app = self.app_mut(id)?;
            if let Some(at) = app.at(&key) {
                app.records[at].retained = true;
                retained += 1;
            }
        }
        match page.fingerprint() {
            Some(fingerprint) if !rejected.is_empty() => self.forget_fingerprint(id, number, fingerprint),
            _ => self.remember(id, number, page, is_as_it_says),
        }
        let records = rejected.len() as u32;
        self.session_mut(id, session)?.counts.rejected += u64::from(records);
        let faults_total = faults.len() as u64;
        faults.truncate(self.limits.faults_listed_max as usize);
        Ok(observe::lenient_reply(&tally, &Rejected { records, retained, faults, faults_total }))
    }
}

/// The page without these records; its fingerprint is that of the whole.
pub fn without<'a>(page: &Page<'a>, rejected: &BTreeSet<u32>) -> Page<'a> {
    fn kept<T: Clone>(records: &[T], rejected: &BTreeSet<u32>) -> Vec<T> {
        let places = (0..).zip(records).filter(|(at, _)| !rejected.contains(at));
        places.map(|(_, record)| record.clone()).collect()
    }
    if rejected.is_empty() {
        return page.clone();
    }
    match page.records() {
        Records::Accounts(accounts) => Page::accounts(kept(accounts, rejected)),
        Records::Groups(groups) => Page::groups(kept(groups, rejected)),
        Records::Licenses(licenses) => Page::licenses(kept(licenses, rejected)),
    }
}

impl App {
    /// SPEC 5: of so many types, the distinct records that are retained and were not pushed.
    pub fn retained(&self, types: usize) -> Vec<u64> {
        let counts = |number| {
            let of_type = self.records.iter().filter(|record| record.key.0 == number);
            of_type.filter(|record| record.retained && !record.pushed).count() as u64
        };
        (0..types).map(counts).collect()
    }
}
