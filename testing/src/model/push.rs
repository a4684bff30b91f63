//! SPEC 3: pushing a page.

use std::collections::{BTreeMap, BTreeSet};

use headcount::{
    Account, AccountStatus, AppId, AttributeValue, Error, ErrorKind, Fault, FaultCode, Field, Group, Kind,
    Page, Records, References, Reply, SessionId, SessionStatus, Timestamp,
};

use super::{App, Key, Model, attributes, check, observe, present};

/// A record as it is to be stored, and its references with the name that stands (SPEC 3.4).
pub(super) struct Pushed {
    pub key: Key,
    pub fields: BTreeMap<Field, String>,
    pub status: AccountStatus,
    pub attributes: BTreeMap<String, AttributeValue<'static>>,
    /// Whether it has attributes, be it none at all, so that those on record go.
    pub has_attributes: bool,
    pub references: Vec<(Key, Option<String>)>,
    /// The numbers of the types whose slug it names with a list.
    pub named: Vec<usize>,
    /// Whether some of the references stay although it does not name them.
    pub some_stay: bool,
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
        let (tally, is_as_it_says) = self.apply_page(now, id, session, number, page)?;
        self.remember(id, number, page, is_as_it_says);
        Ok(observe::page_reply(&tally))
    }

    /// SPEC 3.1 to 3.5: what is wrong with the strict page of a session, or with a delta.
    pub(super) fn expect_page(
        &self,
        id: AppId,
        session: Option<SessionId>,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<(), Error> {
        self.expect_size(page)?;
        let faults = self.faults(id, page);
        let refused = (!faults.is_empty()).then(|| Error::PageFaults {
            malformed: faults.iter().any(|fault| fault.code.is_malformed()),
            faults_total: faults.len() as u64,
            faults: faults.into_iter().take(self.limits.faults_listed_max as usize).collect(),
        });
        if let Some(error) = refused.clone().filter(|error| error.kind() == ErrorKind::Invalid) {
            return Err(error);
        }
        self.expect_kind_and_scope(id, session, slug, page)?;
        refused.map_or(Ok(()), Err)
    }

    /// SPEC 3.2.
    pub(super) fn expect_size(&self, page: &Page<'_>) -> Result<(), Error> {
        let records_max = self.limits.records_per_page_max;
        if page.len() > records_max as usize {
            return Err(Error::PageTooLarge { records: page.len() as u64, records_max });
        }
        Ok(())
    }

    /// SPEC 3.1. A delta has all types in scope.
    pub(super) fn expect_kind_and_scope(
        &self,
        id: AppId,
        session: Option<SessionId>,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<(), Error> {
        let number = self.number(id, slug)?;
        let expected = self.types(self.app(id)?)[number].kind;
        if page.kind() != expected {
            return Err(Error::KindMismatch { slug: slug.to_owned(), found: page.kind(), expected });
        }
        if let Some(session) =
            session.filter(|session| !self.session(id, *session).is_ok_and(|session| session.covers(number)))
        {
            return Err(Error::OutOfScope { slug: slug.to_owned(), session_id: session });
        }
        Ok(())
    }

    /// A page with which nothing is wrong, unless there is no room for it, or it takes too much. Answers too whether each
    /// of its records is on record as the page says it is, whatever the scope and whatever is settled.
    pub(super) fn apply_page(
        &mut self,
        now: Timestamp,
        id: AppId,
        session: SessionId,
        number: usize,
        page: &Page<'_>,
    ) -> Result<(Tally, bool), Error> {
        let mut pushed = self.stored_form(id, number, page)?;
        self.add_what_stays(id, Some(session), &mut pushed)?;
        let mut tally = Tally { total: pushed.len() as u32, ..Tally::default() };
        let some_stay = pushed.iter().any(|record| record.some_stay);
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
        self.session_mut(id, session)?.add_page(number, now);
        observe::add_tally(&mut self.session_mut(id, session)?.counts, &tally);
        let is_as_it_says = !some_stay && tally.settled == 0;
        Ok((tally, is_as_it_says))
    }

    /// SPEC 3.3 and 3.4: every fault of the page.
    pub(super) fn faults(&self, id: AppId, page: &Page<'_>) -> Vec<Fault> {
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
        let found = found.into_iter().filter_map(|(field, code)| Some((field.to_owned(), code?)));
        found.chain(attributes::faults(&group.attributes, &self.limits)).collect()
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
            // A word out of three is no text that could be too long.
            (
                "status",
                if is_known { None } else { text(&account.status).or(Some(FaultCode::InvalidStatus)) },
            ),
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
        faults.extend(attributes::faults(&account.attributes, &self.limits));
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
                        attributes: attributes::counting(&group.attributes),
                        has_attributes: group.attributes.is_some(),
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
            attributes: attributes::counting(&account.attributes),
            has_attributes: account.attributes.is_some(),
            references,
            named,
            some_stay: false,
        })
    }

    /// SPEC 3.6: references to a type outside the session's scope stay unless the account names its slug. They are as
    /// good as sent without a name. SPEC 3a.1: in a delta, those to any type, and the attributes of a record without any.
    pub(super) fn add_what_stays(
        &self,
        id: AppId,
        session: Option<SessionId>,
        pushed: &mut [Pushed],
    ) -> Result<(), Error> {
        let (app, session) = (self.app(id)?, session.map(|session| self.session(id, session)).transpose()?);
        for new in pushed {
            let Some(at) = app.at(&new.key) else { continue };
            if session.is_none() && !new.has_attributes {
                new.attributes.clone_from(&app.records[at].attributes);
            }
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
}
