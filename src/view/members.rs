//! The members of a group or license as readers see them.

use core::fmt;

use crate::store::{Ones, Referring, Row, RowKey, Table, TypeIndex};
use crate::view::{AppView, RecordView};

/// Goes through the members of a group or license: see [`RecordView::members`]. How many they are is known.
#[derive(Clone)]
pub struct Members<'a> {
    members: MembersBehind<'a>,
    left: usize,
}

impl<'a> Members<'a> {
    pub(super) fn of(record: RecordView<'a>, app: AppView<'a>, target: RowKey) -> Self {
        Self { members: MembersBehind::new(app, target, None), left: record.member_count() as usize }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = RecordView<'a>;

    fn next(&mut self) -> Option<RecordView<'a>> {
        // Behind the last member nobody looks.
        self.left = self.left.checked_sub(1)?;
        Some(self.members.next().expect("as many members are left as are counted"))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Members<'_> {}

impl fmt::Debug for Members<'_> {
    /// Whose, and how many are left: they would fill pages, and to find them may take long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.members.record();
        f.debug_struct("Members").field("of", &of).field("left", &self.left).finish_non_exhaustive()
    }
}

/// Goes through the members of a group or license that stand behind an account: see [`RecordView::members_behind`].
/// How many they are it does not know.
#[derive(Clone)]
pub struct MembersBehind<'a> {
    app: AppView<'a>,
    target: RowKey,
    accounts: Accounts<'a>,
}

/// Where the next account comes from.
#[derive(Clone)]
enum Accounts<'a> {
    /// The index of the type.
    Indexed(Referring<'a>),
    /// A look at each active account.
    All(ActiveAccounts<'a>),
}

impl<'a> MembersBehind<'a> {
    /// From behind this account on, or all.
    pub(super) fn new(app: AppView<'a>, target: RowKey, behind: Option<RowKey>) -> Self {
        let indexed = app.app().store().referring(target, behind);
        let all = || Accounts::All(ActiveAccounts::behind(app, behind));
        Self { app, target, accounts: indexed.map_or_else(all, Accounts::Indexed) }
    }

    fn record(&self) -> RecordView<'a> {
        RecordView::new(self.app, self.target.of, self.target.row)
    }
}

impl<'a> Iterator for MembersBehind<'a> {
    type Item = RecordView<'a>;

    fn next(&mut self) -> Option<RecordView<'a>> {
        let (app, target) = (self.app, self.target);
        let refers = |account: &RowKey| {
            let mut runs = app.app().store().stored(*account).runs().filter(|(of, _)| *of == target.of);
            let row = target.row.0.to_le_bytes();
            runs.any(|(_, rows)| rows.contains(&row))
        };
        let account = match &mut self.accounts {
            Accounts::Indexed(accounts) => accounts.next()?,
            Accounts::All(accounts) => accounts.find(refers)?,
        };
        Some(RecordView::new(app, account.of, account.row))
    }
}

impl fmt::Debug for MembersBehind<'_> {
    /// Whose: see [`Members`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MembersBehind").field("of", &self.record()).finish_non_exhaustive()
    }
}

/// Goes through the active accounts of an app: by type in order of registration, in order of first sight.
#[derive(Clone)]
struct ActiveAccounts<'a> {
    app: AppView<'a>,
    of: TypeIndex,
    /// What is left of the word last looked at, and the next one to look at.
    ones: Ones,
    word: usize,
}

impl<'a> ActiveAccounts<'a> {
    fn behind(app: AppView<'a>, behind: Option<RowKey>) -> Self {
        let Some(RowKey { of, row }) = behind else {
            return Self { app, of: TypeIndex(0), ones: Ones::default(), word: 0 };
        };
        let word = row.at() / 64;
        let passed = u64::MAX >> (63 - row.0 % 64);
        let active = app.app().store().table(of).map_or(0, |table| table.active().word(word));
        Self { app, of, ones: Ones::of(word, active & !passed), word: word + 1 }
    }

    /// Goes on to the next row of the present type.
    fn next_row(&mut self, table: &Table) -> Option<Row> {
        loop {
            if let Some(row) = self.ones.next() {
                return Some(row);
            }
            if self.word >= table.words() {
                return None;
            }
            self.ones = Ones::of(self.word, table.active().word(self.word));
            self.word += 1;
        }
    }
}

impl Iterator for ActiveAccounts<'_> {
    type Item = RowKey;

    fn next(&mut self) -> Option<RowKey> {
        loop {
            let table = self.app.app().store().table(self.of)?;
            if self.app.registry().is_account(self.of)
                && let Some(row) = self.next_row(table)
            {
                return Some(RowKey::new(self.of, row));
            }
            (self.of, self.word, self.ones) = (self.of.next(), 0, Ones::default());
        }
    }
}
