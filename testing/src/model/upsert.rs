//! SPEC 3.6 to 3.8: what becomes of a record, and of those that it refers to.

use std::collections::{BTreeMap, BTreeSet};

use headcount::{AccountStatus, AppId, Error, Fact, Field, Fields};

use super::push::{Pushed, Tally};
use super::{App, Key, Model, Record};

impl Model {
    /// SPEC 3.6 to 3.8.
    pub(super) fn upsert(&mut self, id: AppId, new: Pushed, tally: &mut Tally) -> Result<(), Error> {
        let app = self.app(id)?;
        let before = app.at(&new.key).map(|at| app.records[at].clone());
        let record = self.record_key(app, &new.key);
        let references: Vec<Key> = new.references.iter().map(|(key, _)| key.clone()).collect();
        let as_set = |keys: &[Key]| keys.iter().cloned().collect::<BTreeSet<_>>();
        let same_references =
            before.as_ref().is_some_and(|before| as_set(&before.references) == as_set(&references));
        let changed = before.as_ref().map_or(Fields::default(), |before| changed_fields(before, &new));
        let is_equal = same_references && changed == Fields::default();
        match &before {
            None => {
                tally.created += 1;
                self.facts.push(Fact::RecordCreated { record });
            }
            Some(before) => {
                tally.updated += 1;
                if before.placeholder {
                    tally.filled += 1;
                    self.facts.push(Fact::PlaceholderFilled { record: record.clone() });
                } else if !before.active {
                    tally.reactivated += 1;
                    self.facts.push(Fact::RecordReactivated { record: record.clone() });
                } else if is_equal {
                    tally.unchanged += 1;
                }
                if changed != Fields::default() {
                    self.facts.push(Fact::RecordUpdated { record, fields: changed });
                }
            }
        }
        let on_record = before.as_ref().map(|before| before.references.clone()).unwrap_or_default();
        self.refer(id, &new, &on_record, tally)?;
        let is_unchanged =
            is_equal && before.as_ref().is_some_and(|before| before.active && !before.placeholder);
        if !is_unchanged {
            self.forget_page_of(id, &new.key);
        }
        let stored = Record {
            // References that are the same set keep their order, unless the record is written anew.
            references: if is_equal { on_record } else { references },
            key: new.key,
            active: true,
            placeholder: false,
            inactive_since: None,
            fields: new.fields,
            status: new.status,
            attributes: new.attributes,
            pushed: before.as_ref().is_some_and(|before| before.pushed),
            retained: before.as_ref().is_some_and(|before| before.retained),
            settled: before.as_ref().is_some_and(|before| before.settled),
        };
        let app = self.app_mut(id)?;
        match app.at(&stored.key) {
            Some(at) => app.records[at] = stored,
            None => app.records.push(stored),
        }
        Ok(())
    }

    /// What the references of a pushed account do, and how they differ from those on record.
    fn refer(&mut self, id: AppId, new: &Pushed, on_record: &[Key], tally: &mut Tally) -> Result<(), Error> {
        let account = self.record_key(self.app(id)?, &new.key);
        for (key, name) in &new.references {
            let target = self.record_key(self.app(id)?, key);
            let mut facts = Vec::new();
            let app = self.app_mut(id)?;
            match app.at(key) {
                None => {
                    app.records.push(placeholder(key, name));
                    facts.push(Fact::PlaceholderMade { record: target.clone() });
                    tally.placeholders += 1;
                }
                Some(at) if app.records[at].placeholder => {
                    let there = &mut app.records[at];
                    if !there.active {
                        there.active = true;
                        there.inactive_since = None;
                        facts.push(Fact::PlaceholderWoken { record: target.clone() });
                        tally.placeholders += 1;
                    }
                    if let (Some(name), None) = (name, there.fields.get(&Field::Name)) {
                        there.fields.insert(Field::Name, name.clone());
                        facts.push(Fact::PlaceholderNamed { record: target.clone() });
                    }
                }
                Some(_) => {}
            }
            if !on_record.contains(key) {
                facts.push(Fact::ReferenceAdded { account: account.clone(), target });
                tally.references_added += 1;
            }
            self.facts.extend(facts);
        }
        let app = self.app(id)?;
        let mut removed: Vec<&Key> =
            on_record.iter().filter(|key| !new.references.iter().any(|(other, _)| other == *key)).collect();
        // By type, then in order of first sight.
        removed.sort_by_key(|key| (key.0, app.at(key)));
        for key in removed {
            let target = self.record_key(self.app(id)?, key);
            self.facts.push(Fact::ReferenceRemoved { account: account.clone(), target });
            tally.references_removed += 1;
        }
        Ok(())
    }
}

impl App {
    /// Where the record is in the list of records.
    pub fn at(&self, key: &Key) -> Option<usize> {
        self.records.iter().position(|record| record.key == *key)
    }
}

fn placeholder(key: &Key, name: &Option<String>) -> Record {
    Record {
        key: key.clone(),
        active: true,
        placeholder: true,
        inactive_since: None,
        fields: name.iter().map(|name| (Field::Name, name.clone())).collect(),
        status: AccountStatus::Active,
        attributes: BTreeMap::new(),
        references: Vec::new(),
        pushed: false,
        retained: false,
        settled: false,
    }
}

fn changed_fields(before: &Record, new: &Pushed) -> Fields {
    let all = [
        Field::Name,
        Field::Description,
        Field::Email,
        Field::Username,
        Field::FirstName,
        Field::LastName,
        Field::DisplayName,
    ];
    let texts = all.into_iter().filter(|field| before.fields.get(field) != new.fields.get(field));
    let others = [
        (Field::Status, before.status != new.status),
        (Field::Attributes, before.attributes != new.attributes),
    ];
    texts.chain(others.into_iter().filter_map(|(field, differs)| differs.then_some(field))).collect()
}
