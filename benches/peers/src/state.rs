//! What a peer knows at the end of a roll, small enough to be compared.

use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// Records counted, with a checksum that does not depend on their order: the sum of their hashes. It is
/// as good as a checksum over sorted ids, and needs no memory for three million of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    count: u64,
    checksum: u128,
}

impl Counted {
    fn add(&mut self, texts: &[&str]) {
        let mut hasher = SipHasher13::new();
        for text in texts {
            hasher.write_usize(text.len());
            hasher.write(text.as_bytes());
        }
        self.count += 1;
        self.checksum = self.checksum.wrapping_add(hasher.finish128().as_u128());
    }
}

/// The active records that a peer knows, their fields and the memberships among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    accounts: Counted,
    memberships: Counted,
    /// `None` of a peer that knows no placeholders.
    groups: Option<Counted>,
}

impl State {
    /// Of a peer that keeps groups and their placeholders.
    pub fn with_groups() -> Self {
        Self { groups: Some(Counted::default()), ..Self::default() }
    }

    /// Adds an active account: its id, then its other fields.
    pub fn add_account(&mut self, fields: &[&str]) {
        self.accounts.add(fields);
    }

    /// Adds a membership of an active account.
    pub fn add_membership(&mut self, account_id: &str, slug: &str, group_id: &str) {
        self.memberships.add(&[account_id, slug, group_id]);
    }

    /// Adds an active group, which may be a placeholder.
    pub fn add_group(&mut self, slug: &str, id: &str, name: &str) {
        self.groups.get_or_insert_default().add(&[slug, id, name]);
    }

    /// How many active accounts there are.
    pub const fn accounts(&self) -> u64 {
        self.accounts.count
    }

    /// How many memberships they have.
    pub const fn memberships(&self) -> u64 {
        self.memberships.count
    }

    /// Whether both know the same, as far as both know anything.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let groups_agree = match (self.groups, other.groups) {
            (Some(of_self), Some(of_other)) => of_self == of_other,
            _ => true,
        };
        groups_agree && self.accounts == other.accounts && self.memberships == other.memberships
    }
}
