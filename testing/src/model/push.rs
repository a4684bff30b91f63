//! SPEC 3: pushing a page.

use std::collections::{BTreeMap, BTreeSet};

use headcount::{
    Account, AccountStatus, AppId, Error, ErrorKind, Fact, Fault, FaultCode, Field, Fields, Group, Kind,
    Page, Records, References, Reply, SessionId, SessionStatus, Timestamp,
};

use super::{App, Key, Model, Record, check, observe, present};

/// A record as it is to be stored, and its references with the name that stands (SPEC 3.4).
pub(super) struct Pushed {
    pub key: Key,
    fields: BTreeMap<Field, String>,
    status: AccountStatus,
    references: Vec<(Key, Option<String>)>,
    /// The numbers of the types whose slug it names with a list.
    named: Vec<usize>,
    /// Whether some of the references stay although it does not name them.
    some_stay: bool,
}

/// What a page did so far.
#[derive(Default)]
pub(super) struct Tally {
    pub total: u32,
    pub created: u32,
    pub updated: u32,
    pub filled: u32,
    pub reactivated: u32,
    pub unchanged: u32,
    pub placeholders: u32,
    pub settled: u32,
    pub references_added: u64,
    pub references_removed: u64,
}

impl Model {
    pub(super) fn push(
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
        self.expect_page(id, Some(session), slug, page)?;
        let mut pushed = self.stored_form(id, number, page)?;
        self.add_what_stays(id, Some(session), &mut pushed)?;
        let mut tally = Tally { total: pushed.len() as u32, ..Tally::default() };
        let is_as_it_says = !pushed.iter().any(|record| record.some_stay);
        let (left, pushed): (Vec<_>, Vec<_>) =
            pushed.into_iter().partition(|new| self.is_settled(id, session, &new.key));
        self.expect_room(id, number, &pushed)?;
        let taken = self.taken(id, &pushed)?;
        self.expect_removals(id, session, taken)?;
        let open = self.session_mut(id, session)?;
        open.removals.resize(open.removals.len().max(number + 1), 0);
        open.removals[number] += taken;
        for record in left {
            self.leave(id, session, &record.key, &mut tally)?;
        }
        for record in pushed {
            let key = record.key.clone();
            self.upsert(id, record, &mut tally)?;
            self.note_pushed(id, session, &key)?;
        }
        self.remember(id, number, page, is_as_it_says && tally.settled == 0);
        self.session_mut(id, session)?.add_page(number, now);
        observe::add_tally(&mut self.session_mut(id, session)?.counts, &tally);
        Ok(observe::page_reply(&tally))
    }

    /// SPEC 3.5: what is wrong with the page of a session, or with a delta.
    pub(super) fn expect_page(
        &self,
        id: AppId,
        session: Option<SessionId>,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<(), Error> {
        let number = self.number(id, slug)?;
        let records_max = self.limits.records_per_page_max;
        if page.len() > records_max as usize {
            return Err(Error::PageTooLarge { records: page.len() as u64, records_max });
        }
        let faults = self.faults(id, page);
        let refused = (!faults.is_empty()).then(|| Error::PageFaults {
            malformed: faults.iter().any(|fault| fault.code.is_malformed()),
            faults_total: faults.len() as u64,
            faults: faults.into_iter().take(self.limits.faults_listed_max as usize).collect(),
        });
        if let Some(error) = refused.clone().filter(|error| error.kind() == ErrorKind::Invalid) {
            return Err(error);
        }
        let expected = self.types(self.app(id)?)[number].kind;
        if page.kind() != expected {
            return Err(Error::KindMismatch { slug: slug.to_owned(), found: page.kind(), expected });
        }
        if let Some(session) =
            session.filter(|session| !self.session(id, *session).is_ok_and(|session| session.covers(number)))
        {
            return Err(Error::OutOfScope { slug: slug.to_owned(), session_id: session });
        }
        refused.map_or(Ok(()), Err)
    }

    /// SPEC 3.3 and 3.4: every fault of the page.
    fn faults(&self, id: AppId, page: &Page<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut ids = BTreeSet::new();
        let count = page.len();
        for index in 0..count {
            let (record_id, mut found) = match page.records() {
                Records::Accounts(accounts) => {
                    (&accounts[index].id, self.account_faults(id, &accounts[index]))
                }
                Records::Groups(groups) | Records::Licenses(groups) => {
                    (&groups[index].id, self.group_faults(&groups[index]))
                }
            };
            let id_fault = check::fault(record_id, true, self.limits.id_chars_max);
            let is_twice = id_fault.is_none() && !ids.insert(record_id.to_string());
            if let Some(code) = id_fault.or(is_twice.then_some(FaultCode::DuplicateId)) {
                found.insert(0, ("id".to_owned(), code));
            }
            faults.extend(found.into_iter().map(|(field, code)| Fault {
                index: index as u32,
                id: check::usable_id(record_id, self.limits.id_chars_max),
                field,
                code,
                found: String::new(),
                expected: String::new(),
            }));
        }
        faults
    }

    fn group_faults(&self, group: &Group<'_>) -> Vec<(String, FaultCode)> {
        let description = group.description.as_deref().unwrap_or_default();
        let found = [
            ("name", check::fault(&group.name, true, self.limits.text_chars_max)),
            ("description", check::fault(description, false, self.limits.description_chars_max)),
        ];
        found.into_iter().filter_map(|(field, code)| Some((field.to_owned(), code?))).collect()
    }

    fn account_faults(&self, id: AppId, account: &Account<'_>) -> Vec<(String, FaultCode)> {
        let chars_max = self.limits.text_chars_max;
        let text = |text: &Option<std::borrow::Cow<'_, str>>| {
            check::fault(text.as_deref().unwrap_or_default(), false, chars_max)
        };
        let has_login = present(&account.email).or(present(&account.username)).is_some();
        let email = if has_login {
            check::email_fault(account.email.as_deref().unwrap_or_default(), chars_max)
        } else {
            Some(FaultCode::Required)
        };
        let status = present(&account.status).unwrap_or("active".to_owned());
        let is_known = ["active", "inactive", "suspended"].contains(&status.as_str());
        let found = [
            ("email", email),
            ("username", text(&account.username)),
            ("first_name", text(&account.first_name)),
            ("last_name", text(&account.last_name)),
            ("display_name", text(&account.display_name)),
            ("status", text(&account.status).or((!is_known).then_some(FaultCode::InvalidStatus))),
        ];
        let mut faults: Vec<_> =
            found.into_iter().filter_map(|(field, code)| Some((field.to_owned(), code?))).collect();
        let sent = |map: &References<'_>| map.iter().map(|list| list.as_slice().len()).sum::<usize>();
        let too_many = sent(&account.memberships) + sent(&account.assignments)
            > self.limits.references_per_account_max as usize;
        if too_many {
            faults.push(("memberships".to_owned(), FaultCode::TooManyReferences));
        }
        for (map, kind, entries) in [
            ("memberships", Kind::Group, &account.memberships),
            ("assignments", Kind::License, &account.assignments),
        ] {
            for list in entries {
                let (slug, list) = (&*list.slug, list.as_slice());
                let path = format!("{map}.{}", check::path_segment(slug));
                match self.number(id, slug) {
                    Err(_) => faults.push((path.clone(), FaultCode::UnknownResourceType)),
                    Ok(number) if self.types(self.app(id).expect("an app"))[number].kind != kind => {
                        faults.push((path.clone(), FaultCode::WrongKind));
                    }
                    Ok(_) => {}
                }
                for (at, reference) in list.iter().enumerate().filter(|_| !too_many) {
                    if let Some(code) = check::fault(&reference.id, true, self.limits.id_chars_max) {
                        faults.push((format!("{path}[{at}].id"), code));
                    }
                    let name = reference.name.as_deref().unwrap_or_default();
                    if let Some(code) = check::fault(name, false, chars_max) {
                        faults.push((format!("{path}[{at}].name"), code));
                    }
                }
            }
        }
        faults
    }

    pub(super) fn stored_form(
        &self,
        id: AppId,
        number: usize,
        page: &Page<'_>,
    ) -> Result<Vec<Pushed>, Error> {
        match page.records() {
            Records::Accounts(accounts) => {
                accounts.iter().map(|account| self.stored_account(id, number, account)).collect()
            }
            Records::Groups(groups) | Records::Licenses(groups) => Ok(groups
                .iter()
                .map(|group| {
                    let fields = [
                        (Field::Name, Some(group.name.to_string())),
                        (Field::Description, present(&group.description)),
                    ];
                    Pushed {
                        key: (number, group.id.to_string()),
                        fields: fields.into_iter().filter_map(|(field, text)| Some((field, text?))).collect(),
                        status: AccountStatus::Active,
                        references: Vec::new(),
                        named: Vec::new(),
                        some_stay: false,
                    }
                })
                .collect()),
        }
    }

    fn stored_account(&self, id: AppId, number: usize, account: &Account<'_>) -> Result<Pushed, Error> {
        let fields = [
            (Field::Email, &account.email),
            (Field::Username, &account.username),
            (Field::FirstName, &account.first_name),
            (Field::LastName, &account.last_name),
            (Field::DisplayName, &account.display_name),
        ];
        let mut references: Vec<(Key, Option<String>)> = Vec::new();
        let mut named = Vec::new();
        for list in account.memberships.iter().chain(&account.assignments) {
            if list.references.is_some() {
                named.push(self.number(id, &list.slug)?);
            }
            for reference in list.as_slice() {
                let key = (self.number(id, &list.slug)?, reference.id.to_string());
                let name = present(&reference.name);
                match references.iter_mut().find(|(other, _)| *other == key) {
                    Some((_, first)) => *first = first.take().or(name),
                    None => references.push((key, name)),
                }
            }
        }
        references.sort_by_key(|(key, _)| key.0);
        Ok(Pushed {
            key: (number, account.id.to_string()),
            fields: fields.into_iter().filter_map(|(field, text)| Some((field, present(text)?))).collect(),
            status: match present(&account.status).as_deref() {
                Some("inactive") => AccountStatus::Inactive,
                Some("suspended") => AccountStatus::Suspended,
                _ => AccountStatus::Active,
            },
            references,
            named,
            some_stay: false,
        })
    }

    /// SPEC 3.6: references to a type outside the session's scope stay unless the account names its slug. They are as
    /// good as sent without a name. SPEC 3a.1: in a delta, those to any type.
    pub(super) fn add_what_stays(
        &self,
        id: AppId,
        session: Option<SessionId>,
        pushed: &mut [Pushed],
    ) -> Result<(), Error> {
        let (app, session) = (self.app(id)?, session.map(|session| self.session(id, session)).transpose()?);
        for new in pushed {
            let Some(at) = app.at(&new.key) else { continue };
            let is_kept = |number| session.is_none_or(|session| !session.covers(number));
            let stays = |key: &&Key| is_kept(key.0) && !new.named.contains(&key.0);
            let staying: Vec<_> = app.records[at].references.iter().filter(stays).cloned().collect();
            new.some_stay = !staying.is_empty();
            new.references.extend(staying.into_iter().map(|key| (key, None)));
            new.references.sort_by_key(|(key, _)| key.0);
        }
        Ok(())
    }

    /// The limit on records of a type, for the page's own type and then for those referred to.
    pub(super) fn expect_room(&self, id: AppId, number: usize, pushed: &[Pushed]) -> Result<(), Error> {
        let app = self.app(id)?;
        let own = pushed.iter().map(|record| &record.key);
        let targets = pushed.iter().flat_map(|record| record.references.iter().map(|(key, _)| key));
        let new: BTreeSet<&Key> = own.chain(targets).filter(|key| app.at(key).is_none()).collect();
        let numbers = std::iter::once(number).chain(0..self.types(app).len());
        for number in numbers {
            let there = app.records.iter().filter(|record| record.key.0 == number).count();
            let added = new.iter().filter(|key| key.0 == number).count();
            if added > 0 && there + added > self.limits.records_per_type_max as usize {
                let slug = self.types(app)[number].slug.clone();
                return Err(Error::ResourceTypeFull {
                    slug,
                    records_max: self.limits.records_per_type_max,
                    bytes_max: self.limits.bytes_per_type_max,
                });
            }
        }
        Ok(())
    }

    /// SPEC 4.8: references that the page takes from accounts which are active.
    fn taken(&self, id: AppId, pushed: &[Pushed]) -> Result<u64, Error> {
        let app = self.app(id)?;
        let mut taken = 0;
        for new in pushed {
            let Some(at) = app.at(&new.key) else { continue };
            let before = &app.records[at];
            let goes = |key: &&Key| !new.references.iter().any(|(other, _)| other == *key);
            taken += if before.active { before.references.iter().filter(goes).count() as u64 } else { 0 };
        }
        Ok(taken)
    }

    /// SPEC 3a.3: whether a page of the session leaves a record, or what is to be one, as it is.
    fn is_settled(&self, id: AppId, session: SessionId, key: &Key) -> bool {
        let is_settled_record = |app: &App| app.at(key).is_some_and(|at| app.records[at].settled);
        self.app(id).is_ok_and(is_settled_record)
            || self.session(id, session).is_ok_and(|session| session.settled_ids.contains(key))
    }

    /// SPEC 3a.3: a settled record counts as updated and synced, that of a settled id as neither.
    fn leave(&mut self, id: AppId, session: SessionId, key: &Key, tally: &mut Tally) -> Result<(), Error> {
        tally.settled += 1;
        if !self.session(id, session)?.settled_ids.contains(key) {
            tally.updated += 1;
            self.note_pushed(id, session, key)?;
        }
        Ok(())
    }

    /// SPEC 5: each record once.
    fn note_pushed(&mut self, id: AppId, session: SessionId, key: &Key) -> Result<(), Error> {
        let app = self.app_mut(id)?;
        let at = app.at(key).expect("it was pushed");
        if !std::mem::replace(&mut app.records[at].pushed, true) {
            let synced = &mut self.session_mut(id, session)?.synced;
            synced.resize(synced.len().max(key.0 + 1), 0);
            synced[key.0] += 1;
        }
        Ok(())
    }

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
            pushed: before.as_ref().is_some_and(|before| before.pushed),
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
        references: Vec::new(),
        pushed: false,
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
    texts.chain((before.status != new.status).then_some(Field::Status)).collect()
}
