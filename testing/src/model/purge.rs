//! SPEC 2: purge and erase.

use headcount::{AppId, Error, Fact, Reply, Timestamp};

use super::{Key, Model, Place, Record, check, observe};

impl Model {
    pub(super) fn purge(&mut self, id: AppId, before: Timestamp) -> Result<Reply, Error> {
        let app = self.app(id)?.clone();
        let goes = |record: &&Record| {
            record.inactive_since.is_some_and(|since| since < before) && !app.is_referred_to(&record.key)
        };
        let mut gone: Vec<Key> = app.records.iter().filter(goes).map(|record| record.key.clone()).collect();
        // By type in order of registration; within a type the order of first sight stays.
        gone.sort_by_key(|key| key.0);
        self.remove(id, &gone)
    }

    pub(super) fn erase(&mut self, id: AppId, slug: &str, record_id: &str) -> Result<Reply, Error> {
        let key = (self.number(id, slug)?, record_id.to_owned());
        let told_id = check::told_id(record_id, self.limits.id_chars_max);
        let app = self.app(id)?;
        let Some(record) = app.records.iter().find(|record| record.key == key) else {
            return Err(Error::RecordNotFound { slug: check::short(slug), id: told_id });
        };
        let refers = |other: &&Record| other.active && other.references.contains(&key);
        let referrers = app.records.iter().filter(refers).count() as u64;
        if record.active || referrers > 0 {
            let active = record.active;
            return Err(Error::RecordInUse { slug: check::short(slug), id: told_id, active, referrers });
        }
        self.remove(id, &[key])
    }

    /// What is told, and who loses references, where these records go. They are by type in order of registration.
    fn remove(&mut self, id: AppId, gone: &[Key]) -> Result<Reply, Error> {
        let app = self.app(id)?.clone();
        let mut accounts: Vec<&Record> =
            app.records.iter().filter(|record| !gone.contains(&record.key)).collect();
        accounts.sort_by_key(|record| record.key.0);
        let mut references = 0;
        for account in accounts {
            for target in account.references.iter().filter(|target| gone.contains(target)) {
                let (account, target) = (self.record_key(&app, &account.key), self.record_key(&app, target));
                self.facts.push(Fact::ReferenceRemoved { account, target });
                references += 1;
            }
        }
        for key in gone {
            let record = self.record_key(&app, key);
            self.facts.push(Fact::RecordPurged { record });
        }
        if !gone.is_empty() {
            self.forget_pages_of_app(id);
        }
        self.take_marks(id, gone)?;
        let app = self.app_mut(id)?;
        app.records.retain(|record| !gone.contains(&record.key));
        for record in &mut app.records {
            record.references.retain(|target| !gone.contains(target));
        }
        Ok(observe::purge_reply(gone.len() as u64, references))
    }

    /// SPEC 3a.4: what is removed is synced no more; its other marks go with it. A cleanup stands where it stood.
    fn take_marks(&mut self, id: AppId, gone: &[Key]) -> Result<(), Error> {
        let app = self.app(id)?.clone();
        let mut places = Vec::new();
        for key in gone {
            let at = app.at(key).expect("a record");
            places.push((self.place(&app, at), app.records[at].pushed));
        }
        let open = self.app_mut(id)?.sessions.iter_mut().find(|session| !session.status.has_ended());
        let Some(open) = open else { return Ok(()) };
        let came_to = open.came_to;
        for (place, was_pushed) in places {
            if was_pushed {
                open.synced[place.1] -= 1;
            }
            let is_passed = |came_to: Place| came_to.1 == place.1 && place < came_to;
            if let Some(now) = open.came_to.as_mut().filter(|_| came_to.is_some_and(is_passed)) {
                now.2 -= 1;
            }
        }
        Ok(())
    }
}
