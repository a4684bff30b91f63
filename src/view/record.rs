//! Records as readers see them.

use crate::state::ResourceType;
use crate::store::{AttributeViews, Ones, Row, RowKey, Slot, Stored, Table, TypeIndex};
use crate::values::{AccountStatus, Kind, RecordFilter, Timestamp};
use crate::view::{AppView, Members, MembersBehind, ReferenceViews};

/// One account, group or license, to be read. What a kind does not have, or a record lacks, is `None`. Each text is
/// read where it lies; what says nothing of its cost has none that grows.
#[derive(Clone, Copy)]
pub struct RecordView<'a> {
    app: AppView<'a>,
    key: RowKey,
    resource_type: &'a ResourceType,
    table: &'a Table,
}

impl core::fmt::Debug for RecordView<'_> {
    /// What it is and what it says, without what it lacks; of references how many.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut record = f.debug_struct("RecordView");
        record.field("resource_type", &self.resource_type.slug()).field("id", &self.id());
        for (name, text) in [("email", self.email()), ("username", self.username()), ("name", self.name())] {
            if let Some(text) = text {
                record.field(name, &text);
            }
        }
        record.field("is_active", &self.is_active());
        if self.is_account() {
            record.field("status", &self.stored().status()).field("references", &self.reference_count());
        } else {
            record.field("is_placeholder", &self.is_placeholder()).field("members", &self.member_count());
        }
        record.finish_non_exhaustive()
    }
}

impl<'a> RecordView<'a> {
    pub(super) fn new(app: AppView<'a>, of: TypeIndex, row: Row) -> Self {
        let key = RowKey::new(of, row);
        Self { app, key, resource_type: app.type_at(of), table: app.app().store().table_of(key) }
    }

    fn stored(self) -> Stored<'a> {
        self.table.stored(self.key.row)
    }

    fn text(self, slot: Slot) -> Option<&'a str> {
        Some(self.stored().text(slot)).filter(|text| !text.is_empty())
    }

    fn is_account(self) -> bool {
        self.resource_type.kind() == Kind::Account
    }

    /// Its type.
    pub const fn resource_type(self) -> &'a ResourceType {
        self.resource_type
    }

    /// Its external id.
    pub fn id(self) -> &'a str {
        self.stored().text(Slot::Id)
    }

    /// False once a cleanup marked it, true again when it is pushed; a placeholder also when an account that is pushed
    /// refers to it. Not an account's [`status`](Self::status).
    pub fn is_active(self) -> bool {
        self.table.active().contains(self.key.row)
    }

    /// Whether it exists only because an account referred to it.
    pub fn is_placeholder(self) -> bool {
        self.table.placeholder().contains(self.key.row)
    }

    /// When a cleanup marked it inactive; `None` while it is active.
    pub fn inactive_since(self) -> Option<Timestamp> {
        self.table.inactive_since(self.key.row)
    }

    /// Of a group or license. A placeholder may have none.
    pub fn name(self) -> Option<&'a str> {
        if self.is_account() { None } else { self.text(Slot::EmailOrName) }
    }

    /// Of a group or license.
    pub fn description(self) -> Option<&'a str> {
        if self.is_account() { None } else { self.text(Slot::UsernameOrDescription) }
    }

    /// Of an account.
    pub fn email(self) -> Option<&'a str> {
        if self.is_account() { self.text(Slot::EmailOrName) } else { None }
    }

    /// Of an account.
    pub fn username(self) -> Option<&'a str> {
        if self.is_account() { self.text(Slot::UsernameOrDescription) } else { None }
    }

    /// Of an account.
    pub fn first_name(self) -> Option<&'a str> {
        self.text(Slot::FirstName)
    }

    /// Of an account.
    pub fn last_name(self) -> Option<&'a str> {
        self.text(Slot::LastName)
    }

    /// Of an account.
    pub fn display_name(self) -> Option<&'a str> {
        self.text(Slot::DisplayName)
    }

    /// Of an account: what its application says of it.
    pub fn status(self) -> Option<AccountStatus> {
        self.is_account().then(|| self.stored().status())
    }

    /// Its attributes, name and value, in the order of the names' bytes ([SPEC 3.10](crate::spec#310-attributes)). A
    /// placeholder has none.
    ///
    /// ```
    /// # use headcount::{Account, AppId, Attribute, AttributeView, Config, Engine, Kind, NewResourceType, Page};
    /// # use headcount::{ResourceTypeId, Scope, SessionId, Timestamp, Uuid};
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # let mut engine = Engine::new(Config::new());
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # let account = NewResourceType::new("account", "Account", Kind::Account);
    /// # engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(1)), &account)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// let attributes = vec![Attribute::new("department", "Sales"), Attribute::new("cost_center", 4711)];
    /// let alice = Account { id: "u1".into(), username: Some("alice".into()), attributes: Some(attributes), ..Account::default() };
    /// engine.push_page(now, app_id, session_id, "account", &Page::accounts([alice]))?;
    /// let alice = engine.app(app_id).unwrap().record("account", "u1").unwrap();
    /// let (name, value) = alice.attributes().next().unwrap();
    /// assert_eq!((name, value), ("cost_center", AttributeView::Integer(4711)));
    /// # Ok::<(), headcount::Error>(())
    /// ```
    pub fn attributes(self) -> AttributeViews<'a> {
        self.stored().attributes()
    }

    /// The groups and licenses that an account refers to, by type in order of registration: a set, so
    /// those of a type are in no order that is promised. Those of an inactive account are on record but
    /// do not count. Goes through them.
    pub fn references(self) -> ReferenceViews<'a> {
        ReferenceViews::of(self.app, self.stored().runs())
    }

    /// How many groups and licenses an account refers to. Goes through them.
    pub fn reference_count(self) -> u64 {
        self.stored().references().count() as u64
    }

    /// The active accounts that refer to a group or license, by type in order of registration, in
    /// order of first sight. It may be inactive itself. An account has none.
    ///
    /// Where the type's members are [indexed](crate::Engine::index_members), each step costs about a lookup. Else it goes
    /// through the references of the app's active accounts until it has found [`member_count`](Self::member_count) of
    /// them: of all accounts, in the worst case, which is 50 ms for a million of five references. To export all members
    /// without an index, go through the accounts' [`references`](Self::references) once.
    pub fn members(self) -> Members<'a> {
        Members::of(self, self.app, self.key)
    }

    /// Its [members](Self::members) behind an account, in the same order; `None` if there is no such type or account. The
    /// account need not be a member.
    ///
    /// So the last member of a page is where the next page begins, whatever is pushed, cleaned up, purged or erased in
    /// between, unless that account itself is purged or erased. To find it costs a hash and a lookup; then each step
    /// costs what it does in [`members`](Self::members). Without an index it looks at the accounts behind that one, up
    /// to the last.
    pub fn members_behind(self, slug: &str, id: &str) -> Option<MembersBehind<'a>> {
        let behind = self.app.find(slug, id)?;
        Some(MembersBehind::new(self.app, self.key, Some(behind)))
    }

    /// How many active accounts refer to a group or license. Costs nothing.
    pub fn member_count(self) -> u64 {
        u64::from(self.table.referrers(self.key.row))
    }
}

/// How many records of a type an app has. `active + inactive` is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordCounts {
    /// The active ones, placeholders too.
    pub active: u64,
    /// The inactive ones, placeholders too.
    pub inactive: u64,
    /// The placeholders that there are, active or not. (Those that a page made or woke:
    /// [`PageOutcome::placeholders`](crate::PageOutcome::placeholders).)
    pub placeholders: u64,
}

impl RecordCounts {
    pub(super) fn of(table: Option<&Table>) -> Self {
        table.map_or_else(Self::default, |table| Self {
            active: table.active().ones(),
            inactive: u64::from(table.records()) - table.active().ones(),
            placeholders: table.placeholder().ones(),
        })
    }
}

/// Goes through records of one type in order of first sight: see [`AppView::records`].
#[derive(Clone, Debug)]
pub struct RecordViews<'a> {
    rows: RecordsBehind<'a>,
    left: usize,
}

impl<'a> RecordViews<'a> {
    pub(super) fn new(app: AppView<'a>, of: TypeIndex, filter: RecordFilter) -> Self {
        let table = app.app().store().table(of);
        let counts = RecordCounts::of(table);
        let left = match filter {
            RecordFilter::All => counts.active + counts.inactive,
            RecordFilter::Active => counts.active,
            RecordFilter::Inactive => counts.inactive,
            RecordFilter::Placeholder => counts.placeholders,
            RecordFilter::Dangling => table.map_or(0, dangling),
        };
        Self { rows: RecordsBehind::new(app, of, filter), left: left as usize }
    }
}

/// How many records dangle.
fn dangling(table: &Table) -> u64 {
    (0..table.words()).map(|word| u64::from(table.dangling_word(word).count_ones())).sum()
}

impl<'a> Iterator for RecordViews<'a> {
    type Item = RecordView<'a>;

    fn next(&mut self) -> Option<RecordView<'a>> {
        // Behind the last that is to be shown nobody looks.
        self.left = self.left.checked_sub(1)?;
        Some(self.rows.next().expect("as many records are left as the table counts"))
    }

    fn nth(&mut self, skip: usize) -> Option<RecordView<'a>> {
        let Some(left) = self.left.checked_sub(skip.saturating_add(1)) else {
            self.left = 0;
            return None;
        };
        self.left = left;
        Some(self.rows.nth(skip).expect("as many records are left as the table counts"))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for RecordViews<'_> {}

/// Goes through the records of one type that stand behind another: see [`AppView::records_behind`]. How many they are
/// it does not know.
#[derive(Clone, Debug)]
pub struct RecordsBehind<'a> {
    app: AppView<'a>,
    of: TypeIndex,
    filter: RecordFilter,
    /// What is left of the word last looked at, and the next one to look at.
    ones: Ones,
    word: usize,
}

impl<'a> RecordsBehind<'a> {
    /// From the first on.
    const fn new(app: AppView<'a>, of: TypeIndex, filter: RecordFilter) -> Self {
        Self { app, of, filter, ones: Ones::of(0, 0), word: 0 }
    }

    /// Those behind this row, which there is.
    pub(super) fn behind(app: AppView<'a>, key: RowKey, filter: RecordFilter) -> Self {
        let mut rows = Self { word: key.row.at() / 64, ..Self::new(app, key.of, filter) };
        let passed = u64::MAX >> (63 - key.row.0 % 64);
        let shown = rows.table().map_or(0, |table| rows.shown(table));
        rows.ones = Ones::of(rows.word, shown & !passed);
        rows.word += 1;
        rows
    }

    fn table(&self) -> Option<&'a Table> {
        self.app.app().store().table(self.of)
    }

    /// The records of the next word that are to be shown.
    fn shown(&self, table: &Table) -> u64 {
        match self.filter {
            RecordFilter::All => table.record_word(self.word),
            RecordFilter::Active => table.active().word(self.word),
            RecordFilter::Inactive => table.inactive_word(self.word),
            RecordFilter::Placeholder => table.placeholder().word(self.word),
            RecordFilter::Dangling => table.dangling_word(self.word),
        }
    }

    /// Goes on to the next word that has records to show.
    fn next_word(&mut self) -> Option<()> {
        let table = self.table()?;
        while self.ones.len() == 0 {
            if self.word >= table.words() {
                return None;
            }
            self.ones = Ones::of(self.word, self.shown(table));
            self.word += 1;
        }
        Some(())
    }
}

impl<'a> Iterator for RecordsBehind<'a> {
    type Item = RecordView<'a>;

    fn next(&mut self) -> Option<RecordView<'a>> {
        self.next_word()?;
        let row = self.ones.next()?;
        Some(RecordView::new(self.app, self.of, row))
    }

    fn nth(&mut self, mut skip: usize) -> Option<RecordView<'a>> {
        loop {
            self.next_word()?;
            let here = self.ones.len() as usize;
            if skip < here {
                break;
            }
            skip -= here;
            self.ones = Ones::default();
        }
        for _ in 0..skip {
            self.next()?;
        }
        self.next()
    }
}
