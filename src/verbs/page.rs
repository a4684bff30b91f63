//! From a raw page to a checked one, or to every fault in it (SPEC 3.2 to 3.5).

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::state::registry::Registry;
use crate::values::error::{Error, Fault, FaultCode, shorten};
use crate::values::hash::HashKey;
use crate::values::limits::Limits;
use crate::values::record::{Account, AccountStatus, Group, Kind, Page, Reference};
use crate::values::text::{self, Rule};

/// References of one account to one type, as sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReferenceList<'p> {
    pub(crate) table: u32,
    pub(crate) references: &'p [Reference<'p>],
}

/// A page that can be applied: nothing about it can fail any more.
#[derive(Debug)]
pub(crate) enum CheckedPage<'p> {
    Accounts(CheckedAccounts<'p>),
    /// Groups or licenses.
    Groups {
        records: &'p [Group<'p>],
        hashes: Vec<u32>,
    },
}

#[derive(Debug)]
pub(crate) struct CheckedAccounts<'p> {
    pub(crate) records: &'p [Account<'p>],
    /// Of the ids.
    pub(crate) hashes: Vec<u32>,
    pub(crate) statuses: Vec<AccountStatus>,
    lists: Vec<ReferenceList<'p>>,
    /// For each account the end of its lists; they begin where those of the one before end.
    list_ends: Vec<u32>,
}

impl<'p> CheckedAccounts<'p> {
    /// The references of one account, by type in order of registration.
    pub(crate) fn lists(&self, account: usize) -> &[ReferenceList<'p>] {
        let end = |at: usize| self.list_ends.get(at).map_or(0, |&end| end as usize);
        let start = if account == 0 { 0 } else { end(account - 1) };
        self.lists.get(start..end(account)).unwrap_or_default()
    }
}

/// Checks all of a page, whatever is wrong with the first of it.
pub(crate) fn check<'p>(
    page: &'p Page<'p>,
    registry: &Registry,
    limits: &Limits,
    key: HashKey,
) -> Result<CheckedPage<'p>, Error> {
    if page.len() > limits.records_per_page_max as usize {
        return Err(Error::PageTooLarge {
            records: page.len() as u64,
            records_max: limits.records_per_page_max,
        });
    }
    let mut check = Check { registry, limits, faults: Faults::default(), ids: Ids::new(page.len(), key) };
    let checked = match page {
        Page::Accounts(records) => CheckedPage::Accounts(check.accounts(records)),
        Page::Groups(records) | Page::Licenses(records) => {
            for (index, record) in records.iter().enumerate() {
                check.group(index, record);
            }
            CheckedPage::Groups { records, hashes: check.ids.hashes }
        }
    };
    check.faults.into_error().map_or(Ok(checked), Err)
}

/// The faults of a page, listed up to a bound.
#[derive(Debug, Default)]
struct Faults {
    listed: Vec<Fault>,
    total: u64,
    malformed: bool,
}

impl Faults {
    fn into_error(self) -> Option<Error> {
        (self.total > 0).then_some(Error::PageFaults {
            faults: self.listed,
            faults_total: self.total,
            malformed: self.malformed,
        })
    }
}

struct Check<'c, 'p> {
    registry: &'c Registry,
    limits: &'c Limits,
    faults: Faults,
    ids: Ids<'p>,
}

impl<'p> Check<'_, 'p> {
    fn accounts(&mut self, records: &'p [Account<'p>]) -> CheckedAccounts<'p> {
        let mut statuses = Vec::with_capacity(records.len());
        let mut lists = Vec::with_capacity(records.len());
        let mut list_ends = Vec::with_capacity(records.len());
        for (index, account) in records.iter().enumerate() {
            statuses.push(self.account_fields(index, account));
            let first = lists.len();
            self.account_references(index, account, &mut lists);
            if let Some(lists) = lists.get_mut(first..) {
                lists.sort_by_key(|list| list.table);
            }
            list_ends.push(lists.len() as u32);
        }
        CheckedAccounts { records, hashes: core::mem::take(&mut self.ids.hashes), statuses, lists, list_ends }
    }

    fn account_fields(&mut self, index: usize, account: &'p Account<'p>) -> AccountStatus {
        let id = &account.id;
        self.id(index, id);
        let rule = Rule::Optional { chars_max: self.limits.text_chars_max };
        let email = account.email.as_deref().unwrap_or_default();
        if email.is_empty() && text::present(account.username.as_deref()).is_none() {
            self.add(
                index,
                id,
                FaultCode::Required,
                || "email".into(),
                "",
                || "an email or a username".into(),
            );
        } else {
            let rule = Rule::Email { chars_max: self.limits.text_chars_max };
            self.text(index, id, rule, email, || "email".into());
        }
        let fields = [
            ("username", &account.username),
            ("first_name", &account.first_name),
            ("last_name", &account.last_name),
            ("display_name", &account.display_name),
        ];
        for (field, value) in fields {
            self.text(index, id, rule, value.as_deref().unwrap_or_default(), || field.into());
        }
        match text::present(account.status.as_deref()) {
            None => AccountStatus::default(),
            Some(status) => AccountStatus::parse(status).unwrap_or_else(|| {
                let code = rule.fault(status).unwrap_or(FaultCode::InvalidStatus);
                let expected = || "active, inactive or suspended".into();
                self.add(index, id, code, || "status".into(), status, expected);
                AccountStatus::default()
            }),
        }
    }

    fn account_references(
        &mut self,
        index: usize,
        account: &'p Account<'p>,
        lists: &mut Vec<ReferenceList<'p>>,
    ) {
        let maps = [
            ("memberships", Kind::Group, &account.memberships),
            ("assignments", Kind::License, &account.assignments),
        ];
        let sent: usize = maps.iter().flat_map(|(_, _, map)| map.iter()).map(|(_, list)| list.len()).sum();
        let too_many = sent > self.limits.references_per_account_max as usize;
        if too_many {
            let max = self.limits.references_per_account_max;
            let expected = || format!("at most {max} references");
            let found = format!("{sent} references");
            let field = || "memberships".into();
            self.add_found(index, &account.id, FaultCode::TooManyReferences, field, found, expected);
        }
        for (map, kind, entries) in maps {
            for (slug, references) in entries {
                if let Some(table) = self.reference_table(index, &account.id, map, kind, slug) {
                    lists.push(ReferenceList { table, references });
                }
                if !too_many {
                    self.references(index, &account.id, map, slug, references);
                }
            }
        }
    }

    /// The number of the type that a key of a map names.
    fn reference_table(&mut self, index: usize, id: &str, map: &str, kind: Kind, slug: &str) -> Option<u32> {
        let field = || format!("{map}.{}", shorten(slug));
        let expected = || format!("the slug of a {kind} type");
        match self.registry.find(slug) {
            Some((table, found)) if found.kind() == kind => Some(table),
            Some((_, found)) => {
                let found = format!("the slug of a type of kind {}", found.kind());
                self.add_found(index, id, FaultCode::WrongKind, field, found, expected);
                None
            }
            None => {
                self.add(index, id, FaultCode::UnknownResourceType, field, slug, expected);
                None
            }
        }
    }

    fn references(&mut self, index: usize, id: &str, map: &str, slug: &str, references: &[Reference<'_>]) {
        let id_rule = Rule::Required { chars_max: self.limits.id_chars_max };
        let name_rule = Rule::Optional { chars_max: self.limits.text_chars_max };
        for (at, reference) in references.iter().enumerate() {
            let path = |field| move || format!("{map}.{}[{at}].{field}", shorten(slug));
            self.text(index, id, id_rule, &reference.id, path("id"));
            if let Some(name) = &reference.name {
                self.text(index, id, name_rule, name, path("name"));
            }
        }
    }

    fn group(&mut self, index: usize, group: &'p Group<'p>) {
        self.id(index, &group.id);
        let name = Rule::Required { chars_max: self.limits.text_chars_max };
        self.text(index, &group.id, name, &group.name, || "name".into());
        let description = Rule::Optional { chars_max: self.limits.description_chars_max };
        let text = group.description.as_deref().unwrap_or_default();
        self.text(index, &group.id, description, text, || "description".into());
    }

    /// Checks a record's own id, and notes its hash. Ids that are wrong are not looked for twice.
    fn id(&mut self, index: usize, id: &'p str) {
        let rule = Rule::Required { chars_max: self.limits.id_chars_max };
        if self.text(index, id, rule, id, || "id".into()) {
            if !self.ids.add(id) {
                let expected = || "each id once in a page".into();
                self.add(index, id, FaultCode::DuplicateId, || "id".into(), id, expected);
            }
        } else {
            self.ids.skip();
        }
    }

    /// Whether the text keeps the rule; its fault is noted.
    #[inline]
    fn text(&mut self, index: usize, id: &str, rule: Rule, text: &str, field: impl Fn() -> String) -> bool {
        match rule.fault(text) {
            None => true,
            Some(code) => {
                self.add(index, id, code, field, text, || rule.expected());
                false
            }
        }
    }

    #[cold]
    fn add(
        &mut self,
        index: usize,
        id: &str,
        code: FaultCode,
        field: impl Fn() -> String,
        found: &str,
        expected: impl Fn() -> String,
    ) {
        // The words are made only for faults that are listed.
        let found = if self.is_listing() { text::found(found, code) } else { String::new() };
        self.add_found(index, id, code, field, found, expected);
    }

    fn add_found(
        &mut self,
        index: usize,
        id: &str,
        code: FaultCode,
        field: impl Fn() -> String,
        found: String,
        expected: impl Fn() -> String,
    ) {
        if self.is_listing() {
            let (index, id) = (index as u32, shorten(id));
            self.faults.listed.push(Fault { index, id, field: field(), code, found, expected: expected() });
        }
        self.faults.total += 1;
        self.faults.malformed |= code.is_malformed();
    }

    fn is_listing(&self) -> bool {
        self.faults.listed.len() < self.limits.faults_listed_max as usize
    }
}

/// The ids of a page so far: their hashes, and a small table that finds the same id again.
struct Ids<'p> {
    key: HashKey,
    /// By record; 0 for an id that is wrong.
    hashes: Vec<u32>,
    texts: Vec<&'p str>,
    /// Open addressing, at most half full: one more than the record's place, 0 where there is none.
    slots: Vec<u32>,
}

impl<'p> Ids<'p> {
    fn new(records: usize, key: HashKey) -> Self {
        Self {
            key,
            hashes: Vec::with_capacity(records),
            texts: Vec::with_capacity(records),
            slots: vec![0; (records * 2).next_power_of_two()],
        }
    }

    /// Passes over an id that is wrong.
    fn skip(&mut self) {
        self.hashes.push(0);
        self.texts.push("");
    }

    /// Adds the id; false if it was there.
    fn add(&mut self, id: &'p str) -> bool {
        let hash = self.key.id(id);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        let is_new = loop {
            match self.slots[at] as usize {
                0 => break true,
                place if self.hashes[place - 1] == hash && self.texts[place - 1] == id => break false,
                _ => at = (at + 1) & mask,
            }
        };
        self.hashes.push(hash);
        self.texts.push(id);
        if is_new {
            self.slots[at] = self.hashes.len() as u32;
        }
        is_new
    }
}
