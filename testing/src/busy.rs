//! Histories of commands that are mostly carried out, so that records, references and placeholders live through
//! all that can happen to them. (Those of `generate.rs` are mostly refusals: good for errors, thin on references.)

use std::num::NonZeroU64;

use headcount::{
    Account, AppId, Attribute, AttributeValue, Attributes, Command, Completion, Fingerprint, Group, Kind,
    NewResourceType, Page, Records, Reference, ReferenceList, References, ResourceTypeId, ResourceTypeUpdate,
    Scope, SessionId, Timestamp, Uuid,
};

const FIRST: AppId = AppId(Uuid::from_u128(1));
const CLONE: AppId = AppId(Uuid::from_u128(2));

struct Busy<'b> {
    bytes: std::slice::Iter<'b, u8>,
    commands: Vec<(Timestamp, Command<'static>)>,
    sessions: u128,
    /// The present slug of the one group type.
    team: &'static str,
    /// The pages so far, for one that comes again.
    pages: Vec<(&'static str, Page<'static>)>,
}

/// The history that these bytes stand for; every command has a time later than the one before.
pub fn history(bytes: &[u8]) -> Vec<(Timestamp, Command<'static>)> {
    let mut busy =
        Busy { bytes: bytes.iter(), commands: Vec::new(), sessions: 0, team: "team", pages: Vec::new() };
    busy.command(Command::CreateApp { app_id: FIRST, name: "App".into(), clone_from: None });
    for (id, slug, kind) in [
        (1, "account", Kind::Account),
        (2, "team", Kind::Group),
        (3, "license", Kind::License),
        (4, "spare", Kind::Group),
    ] {
        let id = ResourceTypeId(Uuid::from_u128(id));
        busy.command(Command::RegisterResourceType {
            app_id: FIRST,
            resource_type_id: id,
            new: NewResourceType { slug: slug.into(), name: "Type".into(), kind },
        });
    }
    busy.command(Command::CreateApp { app_id: CLONE, name: "Clone".into(), clone_from: Some(FIRST) });
    while busy.bytes.len() > 0 {
        busy.roll();
        busy.between_rolls();
    }
    busy.commands
}

fn without_fingerprint(page: &Page<'static>) -> Page<'static> {
    match page.records().clone() {
        Records::Accounts(accounts) => Page::accounts(accounts),
        Records::Groups(groups) => Page::groups(groups),
        Records::Licenses(licenses) => Page::licenses(licenses),
    }
}

impl Busy<'_> {
    fn below(&mut self, bound: u8) -> u8 {
        self.bytes.next().map_or(0, |byte| byte % bound)
    }

    fn one_in(&mut self, bound: u8) -> bool {
        self.below(bound) == bound - 1
    }

    fn now(&self) -> Timestamp {
        Timestamp(i64::try_from(self.commands.len()).expect("a short history"))
    }

    fn command(&mut self, command: Command<'static>) {
        self.commands.push((self.now(), command));
    }

    fn references(&mut self, slug: &'static str) -> References<'static> {
        if self.one_in(8) {
            return Vec::new();
        }
        let ids = (1..=6).filter(|_| self.one_in(4)).collect::<Vec<_>>();
        let list = ids
            .into_iter()
            .map(|id| Reference { id: id.to_string().into(), name: self.one_in(2).then(|| "Named".into()) });
        vec![ReferenceList { slug: slug.into(), references: Some(list.collect()) }]
    }

    fn account(&mut self, id: u32) -> Account<'static> {
        Account {
            id: id.to_string().into(),
            username: Some(if self.one_in(3) { "b" } else { "a" }.into()),
            memberships: self.references(self.team),
            assignments: self.references("license"),
            attributes: self.attributes(),
            ..Account::default()
        }
    }

    /// None for most; of the others some of three, in one of three orders.
    fn attributes(&mut self) -> Option<Attributes<'static>> {
        if !self.one_in(3) {
            return None;
        }
        let mut attributes = vec![
            Attribute::new("department", if self.one_in(2) { "Sales" } else { "IT" }),
            Attribute::new("desks", AttributeValue::texts((0..self.below(3)).map(|desk| desk.to_string()))),
            Attribute::new("level", i64::from(self.below(2))),
        ];
        let (turns, count) = (usize::from(self.below(3)), usize::from(self.below(4)));
        attributes.rotate_left(turns);
        attributes.truncate(count);
        Some(attributes)
    }

    fn group(&mut self, id: u32) -> Group<'static> {
        let attributes = self.attributes();
        Group { id: id.to_string().into(), name: "Full".into(), attributes, ..Group::default() }
    }

    /// A page under the fingerprint of its number: a new one, or one that came before.
    fn page(&mut self) -> (&'static str, Page<'static>) {
        let (known, at) = (self.pages.len(), usize::from(self.below(5)));
        if at < known.min(3) {
            return self.pages[known - 1 - at].clone();
        }
        let (slug, page) = self.new_page();
        let page = page.with_fingerprint(Fingerprint(known as u128));
        self.pages.push((slug, page.clone()));
        (slug, page)
    }

    fn new_page(&mut self) -> (&'static str, Page<'static>) {
        let ids = (1..=8).filter(|_| self.one_in(2)).collect::<Vec<u32>>();
        match self.below(6) {
            0 => (self.team, Page::groups(ids.into_iter().take(3).map(|id| self.group(id)))),
            1 => ("license", Page::licenses(ids.into_iter().take(2).map(|id| self.group(id)))),
            _ => ("account", Page::accounts(ids.into_iter().map(|id| self.account(id)))),
        }
    }

    /// The page with faults in some of its records, and a fingerprint of its own.
    fn spoiled(&mut self, page: &Page<'static>) -> Page<'static> {
        let fingerprint = Fingerprint(u128::MAX - self.commands.len() as u128);
        let spoiled = match page.records().clone() {
            Records::Accounts(mut accounts) => {
                let twice = accounts.first().filter(|_| self.one_in(3)).cloned();
                for account in accounts.iter_mut().filter(|_| self.one_in(3)) {
                    account.last_name = Some("\0".into());
                }
                Page::accounts(accounts.into_iter().chain(twice))
            }
            Records::Groups(groups) => Page::groups(self.spoiled_groups(groups)),
            Records::Licenses(licenses) => Page::licenses(self.spoiled_groups(licenses)),
        };
        spoiled.with_fingerprint(fingerprint)
    }

    fn spoiled_groups(&mut self, mut groups: Vec<Group<'static>>) -> Vec<Group<'static>> {
        for group in groups.iter_mut().filter(|_| self.one_in(2)) {
            group.description = Some("\0".into());
        }
        groups
    }

    fn roll(&mut self) {
        let app = if self.one_in(3) { CLONE } else { FIRST };
        self.sessions += 1;
        let session = SessionId(Uuid::from_u128(self.sessions));
        let scope = match self.below(6) {
            0 => Scope::types(["account"]),
            1 => Scope::types(["account", "license"]),
            _ => Scope::All,
        };
        self.command(Command::StartSession { app_id: app, session_id: session, scope });
        for _ in 0..self.below(4) {
            self.purge_one_in(6, app);
            self.erase_one_in(3, app);
            self.delta_one_in(4, app);
            let (slug, page) = self.page();
            let slug = slug.into();
            let how = self.below(7);
            let page = if how == 4 { self.spoiled(&page) } else { page };
            self.command(match (page.fingerprint(), how) {
                (Some(fingerprint), 0 | 1) => {
                    Command::RepeatPage { app_id: app, session_id: session, slug, fingerprint }
                }
                (_, 3 | 4) => Command::PushLenientPage { app_id: app, session_id: session, slug, page },
                (_, 2) => {
                    let page = without_fingerprint(&page);
                    Command::PushPage { app_id: app, session_id: session, slug, page }
                }
                _ => Command::PushPage { app_id: app, session_id: session, slug, page },
            });
        }
        match self.below(8) {
            0 => self.command(Command::AbandonSession { app_id: app, session_id: session }),
            1 => {
                self.command(Command::FailSession { app_id: app, session_id: session, reason: "lost".into() })
            }
            _ => {
                self.command(Command::CompleteSession {
                    app_id: app,
                    session_id: session,
                    completion: Completion::FORCED,
                });
                // Some cleanups are left for the next start to finish.
                for _ in 0..self.below(8) {
                    self.purge_one_in(5, app);
                    self.erase_one_in(3, app);
                    self.delta_one_in(3, app);
                    let budget = NonZeroU64::MIN.saturating_add(u64::from(self.below(4)));
                    self.command(Command::RunCleanup { app_id: app, session_id: session, budget });
                }
            }
        }
    }

    /// Now and then a delta, which may come before or behind a page of the same records.
    fn delta_one_in(&mut self, bound: u8, app_id: AppId) {
        if !self.one_in(bound) {
            return;
        }
        if self.one_in(2) {
            let (slug, page) = self.new_page();
            self.command(Command::UpsertRecords { app_id, slug: slug.into(), page });
        } else {
            let slug = ["account", "account", "license", self.team][usize::from(self.below(4))].into();
            let ids = (1..=8).filter(|_| self.one_in(4)).collect::<Vec<u32>>();
            let ids = ids.into_iter().map(|id| id.to_string().into()).collect();
            self.command(Command::DeactivateRecords { app_id, slug, ids });
        }
    }

    /// Now and then removes what has been inactive for a while, or all that is.
    fn purge_one_in(&mut self, bound: u8, app: AppId) {
        if self.one_in(bound) {
            let inactive_before = Timestamp(self.now().0 - i64::from(self.below(12)));
            self.command(Command::PurgeInactive { app_id: app, inactive_before });
        }
    }

    /// Now and then erases a record; most are active or referred to, and stay.
    fn erase_one_in(&mut self, bound: u8, app: AppId) {
        if self.one_in(bound) {
            let slug = ["account", self.team, "license", "account"][usize::from(self.below(4))];
            let id = (self.below(8) + 1).to_string();
            self.command(Command::EraseRecord { app_id: app, slug: slug.into(), id: id.into() });
        }
    }

    fn between_rolls(&mut self) {
        let app = if self.one_in(2) { CLONE } else { FIRST };
        self.delta_one_in(5, app);
        match self.below(10) {
            0..=2 => self.command(Command::PurgeInactive { app_id: app, inactive_before: self.now() }),
            3 => {
                let slug = if self.team == "team" { "squad" } else { "team" };
                let update = ResourceTypeUpdate::default().with_slug(slug);
                self.command(Command::UpdateResourceType { app_id: app, slug: self.team.into(), update });
                self.team = slug;
            }
            4 => {
                let kind = [Kind::License, Kind::Group, Kind::Account][usize::from(self.below(3))];
                let update = ResourceTypeUpdate::default().with_kind(kind);
                self.command(Command::UpdateResourceType { app_id: app, slug: "spare".into(), update });
            }
            5 => {
                self.command(Command::DeleteApp { app_id: CLONE });
                self.command(Command::CreateApp {
                    app_id: CLONE,
                    name: "Clone".into(),
                    clone_from: Some(FIRST),
                });
            }
            6 => (0..4).for_each(|_| self.erase_one_in(1, app)),
            _ => {}
        }
    }
}
