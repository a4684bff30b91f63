//! Who is a member of what: from a group or license to the active accounts that refer to it.
//!
//! An account's record tells what it refers to, and nothing tells the way back but this index. It is kept of the types
//! that somebody asked for it, and of no other. It is no fact: no digest and no snapshot has it, and a frozen copy has
//! none.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::collections::btree_set::Range;
use alloc::format;
use alloc::vec::Vec;
use core::ops::Bound;

use super::Store;
use super::key::{Row, RowKey, TypeIndex};
#[cfg(test)]
use crate::tests::work;
use crate::values::{Checked, ensure};

/// The members of all rows of the types that are indexed.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// By the type that is referred to; `None` of one that is not indexed.
    by_type: Vec<Option<Accounts>>,
}

/// The members of the rows of one type: by the type of the accounts, pairs of the row that is referred to and that of the
/// account. So those of one row lie together, in order of first sight.
#[derive(Debug, Default)]
struct Accounts {
    by_type: Vec<BTreeSet<u64>>,
}

/// Puts the row that is referred to first.
const fn pair(target: Row, account: Row) -> u64 {
    (target.0 as u64) << 32 | account.0 as u64
}

impl Members {
    fn of(&self, of: TypeIndex) -> Option<&Accounts> {
        self.by_type.get(of.at())?.as_ref()
    }

    /// The types that are indexed.
    fn types(&self) -> impl Iterator<Item = TypeIndex> {
        let indexed = TypeIndex::all().zip(&self.by_type);
        indexed.filter_map(|(of, accounts)| accounts.as_ref().map(|_| of))
    }

    fn put(&mut self, of: TypeIndex, accounts: Option<Accounts>) {
        if self.by_type.len() <= of.at() {
            self.by_type.resize_with(of.at() + 1, || None);
        }
        self.by_type[of.at()] = accounts;
    }

    /// Notes the references of an account that became active, or got them.
    pub(super) fn add(&mut self, account: RowKey, references: &[RowKey]) {
        for target in references {
            self.set(account, *target, true);
        }
    }

    /// Forgets those of one that ceases to be active, or loses them.
    pub(super) fn remove(&mut self, account: RowKey, references: &[RowKey]) {
        for target in references {
            self.set(account, *target, false);
        }
    }

    /// Forgets the references that an active account had, and notes those that it has. What stays costs no step.
    pub(super) fn exchange(&mut self, account: RowKey, before: &[RowKey], after: &[RowKey]) {
        let sorted = |references: &[RowKey]| {
            let indexed = references.iter().filter(|target| self.of(target.of).is_some());
            let mut sorted: Vec<RowKey> = indexed.copied().collect();
            sorted.sort_unstable();
            sorted
        };
        let (before, after) = (sorted(before), sorted(after));
        for target in before.iter().filter(|target| after.binary_search(target).is_err()) {
            self.set(account, *target, false);
        }
        for target in after.iter().filter(|target| before.binary_search(target).is_err()) {
            self.set(account, *target, true);
        }
    }

    fn set(&mut self, account: RowKey, target: RowKey, is_member: bool) {
        let Some(Some(accounts)) = self.by_type.get_mut(target.of.at()) else { return };
        #[cfg(test)]
        work::add(work::Kind::Number, 1);
        if accounts.by_type.len() <= account.of.at() {
            accounts.by_type.resize_with(account.of.at() + 1, BTreeSet::new);
        }
        let (pairs, pair) = (&mut accounts.by_type[account.of.at()], pair(target.row, account.row));
        let was_member = if is_member { !pairs.insert(pair) } else { pairs.remove(&pair) };
        debug_assert!(was_member != is_member, "a reference comes once, and goes once");
    }
}

/// Goes through the accounts that refer to a row: by type, in order of first sight.
#[derive(Clone, Debug)]
pub(crate) struct Referring<'m> {
    target: Row,
    /// The type of the accounts that are gone through now.
    of: TypeIndex,
    pairs: Range<'m, u64>,
    /// Those of the types behind it.
    rest: core::slice::Iter<'m, BTreeSet<u64>>,
}

impl<'m> Referring<'m> {
    fn new(accounts: &'m Accounts, target: Row, behind: Option<RowKey>) -> Self {
        let of = behind.map_or(TypeIndex(0), |account| account.of);
        let mut rest = accounts.by_type.get(of.at()..).map_or(&[][..], |rest| rest).iter();
        let first = match behind {
            Some(account) => Bound::Excluded(pair(target, account.row)),
            None => Bound::Included(pair(target, Row(0))),
        };
        let pairs = rest.next().map_or_else(Range::default, |pairs| pairs.range((first, last(target))));
        Self { target, of, pairs, rest }
    }
}

const fn last(target: Row) -> Bound<u64> {
    Bound::Included(pair(target, Row::NONE))
}

impl Iterator for Referring<'_> {
    type Item = RowKey;

    fn next(&mut self) -> Option<RowKey> {
        loop {
            if let Some(pair) = self.pairs.next() {
                return Some(RowKey::new(self.of, Row(*pair as u32)));
            }
            self.pairs =
                self.rest.next()?.range((Bound::Included(pair(self.target, Row(0))), last(self.target)));
            self.of = self.of.next();
        }
    }
}

/// Keeping the index.
impl Store {
    /// Keeps the members of a type from now on. Goes through the references of all active accounts, unless it does so
    /// already.
    pub(crate) fn index_members(&mut self, of: TypeIndex) {
        if self.indexes_members(of) {
            return;
        }
        let by_type = self.pairs(of).map(|pairs| pairs.into_iter().collect()).collect();
        self.members.get_or_insert_default().put(of, Some(Accounts { by_type }));
    }

    /// Keeps them no more.
    pub(crate) fn drop_member_index(&mut self, of: TypeIndex) {
        let Some(members) = &mut self.members else { return };
        members.put(of, None);
        if members.types().next().is_none() {
            self.members = None;
        }
    }

    pub(crate) fn indexes_members(&self, of: TypeIndex) -> bool {
        self.members.as_ref().is_some_and(|members| members.of(of).is_some())
    }

    /// Makes the index anew behind rows that were numbered anew.
    pub(super) fn index_members_anew(&mut self) {
        let Some(members) = self.members.take() else { return };
        members.types().for_each(|of| self.index_members(of));
    }

    /// The active accounts that refer to a record, if its type is indexed: from behind one of them on, or all.
    pub(crate) fn referring(&self, target: RowKey, behind: Option<RowKey>) -> Option<Referring<'_>> {
        let accounts = self.members.as_ref()?.of(target.of)?;
        Some(Referring::new(accounts, target.row, behind))
    }

    /// By type of the accounts, what the index has of a type: pairs, ascending.
    fn pairs(&self, of: TypeIndex) -> impl Iterator<Item = Vec<u64>> {
        self.tables().map(move |(_, table)| {
            let mut pairs = Vec::new();
            for account in table.active().iter() {
                for (_, targets) in table.stored(account).runs().filter(|(to, _)| *to == of) {
                    let targets = targets.iter().map(|target| Row(u32::from_le_bytes(*target)));
                    pairs.extend(targets.map(|target| pair(target, account)));
                }
            }
            pairs.sort_unstable();
            pairs
        })
    }

    /// Checks that what is indexed is what a look at all accounts finds.
    pub(super) fn check_members(&self) -> Checked {
        let Some(members) = &self.members else { return Ok(()) };
        for of in members.types() {
            let accounts = members.of(of).map_or(&[][..], |accounts| &accounts.by_type);
            let indexed = accounts.iter().map(|pairs| pairs.iter().copied());
            let mut indexed = indexed.map(Iterator::collect::<Vec<u64>>);
            let is_indexed = |pairs| indexed.next().map_or(Vec::is_empty(&pairs), |indexed| indexed == pairs);
            let are_told = self.pairs(of).all(is_indexed);
            ensure(are_told && indexed.all(|pairs| pairs.is_empty()), "8", || {
                format!("type {}: the index of its members is not what the accounts say", of.0)
            })?;
        }
        Ok(())
    }
}

/// The index of a store: most have none.
pub(super) type MemberIndex = Option<Box<Members>>;

#[cfg(test)]
mod tests {
    use super::super::record::Draft;
    use super::*;
    use crate::values::{HashKey, Kind, Timestamp};

    const TEAMS: TypeIndex = TypeIndex(1);

    fn account(of: u32, row: u32) -> RowKey {
        RowKey::new(TypeIndex(of), Row(row))
    }

    fn team(row: u32) -> RowKey {
        RowKey::new(TEAMS, Row(row))
    }

    /// Three teams; three accounts of a type before theirs, and one of a type behind it.
    fn teams_and_accounts() -> Store {
        let mut store = Store::default();
        let key = HashKey::new(&[0; 16]);
        for id in ["a", "b", "c"] {
            let draft = Draft { texts: [id, "Name", "", "", "", ""], ..Draft::default() };
            store.insert(TEAMS, Kind::Group, key.id(id), &draft);
        }
        let lists = [(0, &[team(0), team(2)][..]), (0, &[team(2)]), (0, &[]), (2, &[team(1), team(2)])];
        for (number, (of, references)) in lists.into_iter().enumerate() {
            let id = format!("u{number}");
            let draft = Draft { texts: [&*id, "", "x", "", "", ""], references, ..Draft::default() };
            store.insert(TypeIndex(of), Kind::Account, key.id(&id), &draft);
        }
        store
    }

    fn members(store: &Store, row: u32, behind: Option<RowKey>) -> Vec<RowKey> {
        store.referring(team(row), behind).expect("teams are indexed").collect()
    }

    #[test]
    fn members_come_by_type_of_accounts_and_from_behind_any() {
        let mut store = teams_and_accounts();
        assert!(store.referring(team(0), None).is_none(), "nobody asked for an index");
        store.index_members(TEAMS);
        assert_eq!(members(&store, 2, None), [account(0, 0), account(0, 1), account(2, 0)]);
        assert_eq!(members(&store, 2, Some(account(0, 0))), [account(0, 1), account(2, 0)]);
        assert_eq!(members(&store, 2, Some(account(0, 2))), [account(2, 0)], "behind one that is none");
        assert_eq!(members(&store, 2, Some(account(2, 0))), []);
        assert_eq!(members(&store, 2, Some(account(7, 0))), []);
        assert_eq!(members(&store, 1, None), [account(2, 0)]);
        store.deactivate(account(0, 1), Timestamp(1));
        assert_eq!(members(&store, 2, None), [account(0, 0), account(2, 0)]);
        store.check_members().expect("an index that is kept");
    }

    #[test]
    fn an_index_that_says_something_else_is_found_out() {
        let mut store = teams_and_accounts();
        store.index_members(TEAMS);
        let is_found_out = |store: &Store| store.check_members().is_err_and(|broken| broken.rule == "8");
        let index =
            |store: &mut Store| store.members.as_mut().map(|members| members.by_type[TEAMS.at()].take());
        let good = index(&mut store).flatten().expect("an index").by_type;
        for (of, pair, is_there) in [
            (0, pair(Row(0), Row(0)), true),
            (0, pair(Row(0), Row(1)), false),
            (2, pair(Row(2), Row(0)), true),
            (1, pair(Row(0), Row(0)), false),
        ] {
            let mut by_type = good.clone();
            let pairs = &mut by_type[of];
            assert!(if is_there { pairs.remove(&pair) } else { pairs.insert(pair) });
            store.members = Some(Box::new(Members::default()));
            store.members.as_mut().expect("it was just made").put(TEAMS, Some(Accounts { by_type }));
            assert!(is_found_out(&store), "{of} {pair:x}");
        }
        store.members.as_mut().expect("the last one").put(TEAMS, Some(Accounts { by_type: good }));
        store.check_members().expect("the index as it was");
        store.drop_member_index(TEAMS);
        assert!(store.members.is_none(), "no type is indexed");
    }
}
