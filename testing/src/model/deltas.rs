//! SPEC 3a: deltas.

use std::borrow::Cow;
use std::collections::BTreeSet;

use headcount::{AppId, Error, Fact, Page, Reply, SessionId, Timestamp};

use super::push::Tally;
use super::{Key, Model, check, invalid, observe};

impl Model {
    pub(super) fn upsert_records(&mut self, id: AppId, slug: &str, page: &Page<'_>) -> Result<Reply, Error> {
        self.app(id)?;
        let number = self.number(id, slug)?;
        self.expect_page(id, None, slug, page)?;
        let mut pushed = self.stored_form(id, number, page)?;
        self.add_what_stays(id, None, &mut pushed)?;
        self.expect_room(id, number, &pushed)?;
        let mut tally = Tally { total: pushed.len() as u32, ..Tally::default() };
        for record in pushed {
            let key = record.key.clone();
            self.upsert(id, record, &mut tally)?;
            self.settle(id, &key)?;
        }
        Ok(observe::page_reply(&tally))
    }

    pub(super) fn deactivate_records(
        &mut self,
        now: Timestamp,
        id: AppId,
        slug: &str,
        ids: &[Cow<'_, str>],
    ) -> Result<Reply, Error> {
        self.app(id)?;
        let number = self.number(id, slug)?;
        let records_max = self.limits.records_per_page_max;
        if ids.len() > records_max as usize {
            return Err(Error::PageTooLarge { records: ids.len() as u64, records_max });
        }
        for (at, external) in ids.iter().enumerate() {
            if let Some(code) = check::fault(external, true, self.limits.id_chars_max) {
                return invalid(format!("ids[{at}]"), code);
            }
        }
        let keys: Vec<Key> = ids.iter().map(|external| (number, external.to_string())).collect();
        self.expect_room_for_ids(id, slug, &keys)?;
        let (mut deactivated, mut unchanged, mut unknown) = (0, 0, 0);
        for key in &keys {
            let app = self.app_mut(id)?;
            match app.at(key).map(|at| &mut app.records[at]) {
                None => unknown += 1,
                Some(record) if record.placeholder || !record.active => unchanged += 1,
                Some(record) => {
                    record.active = false;
                    record.inactive_since = Some(now);
                    deactivated += 1;
                    self.forget_page_of(id, key);
                    let record = self.record_key(self.app(id)?, key);
                    self.facts.push(Fact::RecordDeactivated { record });
                }
            }
            self.settle(id, key)?;
        }
        Ok(observe::deactivation_reply(ids.len() as u32, deactivated, unchanged, unknown))
    }

    /// The session in which a delta settles what it names of a type.
    fn settling(&self, id: AppId, number: usize) -> Result<Option<SessionId>, Error> {
        let found = self.app(id)?.sessions.iter().find(|session| session.settles(number));
        Ok(found.map(|session| session.id))
    }

    /// SPEC 3a.3: a full record is settled, else the id.
    fn settle(&mut self, id: AppId, key: &Key) -> Result<(), Error> {
        let Some(session) = self.settling(id, key.0)? else { return Ok(()) };
        let app = self.app_mut(id)?;
        let full = app.at(key).filter(|at| !app.records[*at].placeholder);
        match full {
            Some(at) => {
                app.records[at].settled = true;
                self.session_mut(id, session)?.settled_ids.remove(key);
            }
            None => {
                self.session_mut(id, session)?.settled_ids.insert(key.clone());
            }
        }
        Ok(())
    }

    /// A session keeps as many ids of a type as the type may have records.
    fn expect_room_for_ids(&self, id: AppId, slug: &str, keys: &[Key]) -> Result<(), Error> {
        let Some(key) = keys.first() else { return Ok(()) };
        let Some(session) = self.settling(id, key.0)? else { return Ok(()) };
        let app = self.app(id)?;
        let is_full = |key: &Key| app.at(key).is_some_and(|at| !app.records[at].placeholder);
        let there: BTreeSet<&Key> =
            self.session(id, session)?.settled_ids.iter().filter(|other| other.0 == key.0).collect();
        let with: BTreeSet<&Key> =
            keys.iter().filter(|key| !is_full(key)).chain(there.iter().copied()).collect();
        if with.len() > there.len() && with.len() > self.limits.records_per_type_max as usize {
            return Err(Error::ResourceTypeFull {
                slug: slug.to_owned(),
                records_max: self.limits.records_per_type_max,
                bytes_max: self.limits.bytes_per_type_max,
            });
        }
        Ok(())
    }
}
