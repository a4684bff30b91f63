//! SPEC 3.9: pages that are known by their fingerprints.

use headcount::{AppId, Error, Fingerprint, Page, Records, Reply, SessionId, SessionStatus, Timestamp};
use serde::Serialize;

use super::{Key, Model, check};

/// A page that was applied with a fingerprint.
#[derive(Clone, Debug, Serialize)]
pub struct RememberedPage {
    /// Whose records it holds.
    pub app: AppId,
    /// The number of its type.
    pub number: usize,
    /// What it is known by.
    pub fingerprint: Fingerprint,
    /// The page, whole.
    pub page: Page<'static>,
}

impl RememberedPage {
    fn holds(&self, app: AppId, key: &Key) -> bool {
        self.app == app && self.number == key.0 && ids(&self.page).any(|id| id == key.1)
    }
}

pub(super) fn ids<'p>(page: &'p Page<'_>) -> Box<dyn Iterator<Item = &'p str> + 'p> {
    match page.records() {
        Records::Accounts(accounts) => Box::new(accounts.iter().map(|account| &*account.id)),
        Records::Groups(groups) | Records::Licenses(groups) => {
            Box::new(groups.iter().map(|group| &*group.id))
        }
    }
}

impl Model {
    pub(super) fn repeat(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        slug: &str,
        fingerprint: Fingerprint,
    ) -> Result<Reply, Error> {
        self.session(id, session)?;
        let number = self.number(id, slug)?;
        self.expect(id, session, SessionStatus::InProgress)?;
        let known = |known: &&RememberedPage| {
            known.app == id && known.number == number && known.fingerprint == fingerprint
        };
        let app = self.app(id)?;
        let is_settled = |page: &Page<'_>| {
            ids(page).any(|id| app.at(&(number, id.to_owned())).is_some_and(|at| app.records[at].settled))
        };
        let page = self.remembered.iter().find(known).map(|known| known.page.clone());
        // SPEC 3a.3: a push would leave a record as it is.
        let Some(page) = page.filter(|page| !is_settled(page)) else {
            return Err(Error::PageMustBePushed { slug: check::short(slug), fingerprint });
        };
        let total = page.len();
        let remembered = self.remembered.clone();
        let reply = self.push(now, id, session, slug, &page);
        // What was remembered was worth it: the push that was spared changed no record.
        assert!(self.facts.is_empty(), "a remembered page changed {:?}", self.facts);
        match &reply {
            Ok(Reply::Page(outcome)) => assert_eq!(outcome.unchanged as usize, total, "{outcome:?}"),
            Ok(reply) => panic!("a push answers {reply:?}"),
            Err(error) => assert_eq!(error.code(), "out_of_scope", "a page that was taken is taken again"),
        }
        self.remembered = remembered;
        reply
    }

    /// A page was applied: what is said of it from now on. One that says less than is on record is not remembered.
    pub(super) fn remember(&mut self, app: AppId, number: usize, page: &Page<'_>, is_as_it_says: bool) {
        let Some(fingerprint) = page.fingerprint() else { return };
        self.remembered.retain(|known| {
            let is_same = known.app == app && known.number == number && known.fingerprint == fingerprint;
            let has_record = || ids(page).any(|id| known.holds(app, &(number, id.to_owned())));
            !(is_same || is_as_it_says && has_record())
        });
        if is_as_it_says && !page.is_empty() {
            let page = page.clone().into_owned();
            self.remembered.push(RememberedPage { app, number, fingerprint, page });
        }
    }

    /// A page came with this fingerprint, and is not to be remembered itself.
    pub(super) fn forget_fingerprint(&mut self, app: AppId, number: usize, fingerprint: Fingerprint) {
        self.remembered
            .retain(|known| known.app != app || known.number != number || known.fingerprint != fingerprint);
    }

    /// A record changed, or became inactive.
    pub(super) fn forget_page_of(&mut self, app: AppId, key: &Key) {
        self.remembered.retain(|known| !known.holds(app, key));
    }

    /// A type of a clone group got another slug or another kind.
    pub(super) fn forget_pages_of_group(&mut self, group: u64) {
        let apps: Vec<AppId> = self.apps.iter().filter(|app| app.group == group).map(|app| app.id).collect();
        self.remembered.retain(|known| !apps.contains(&known.app));
    }

    /// A purge or an erasure removed something, or the app is gone.
    pub(super) fn forget_pages_of_app(&mut self, app: AppId) {
        self.remembered.retain(|known| known.app != app);
    }
}
