//! What a good team would write first: std's maps of structs.
//!
//! It compares before it writes, keeps references as ids, marks what it sees with the number of the roll,
//! and counts each group's members so that completing need not search for them.
#![expect(clippy::disallowed_types, reason = "the point is to measure it")]

use std::collections::HashMap;

use headcount::{Account, Group as SentGroup, Page, Records};
use serde::{Deserialize, Serialize};

use super::{Encoded, Peer, references, status_code, status_name, texts, type_index};
use crate::Result;
use crate::directory::SLUGS;
use crate::state::State;

/// All records, by id.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Maps {
    roll: u32,
    accounts: HashMap<String, StoredAccount>,
    /// By the place of their type in [`SLUGS`].
    groups: [HashMap<String, StoredGroup>; SLUGS.len()],
}

#[derive(Serialize, Deserialize)]
struct StoredAccount {
    email: Option<String>,
    username: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    status: u8,
    is_active: bool,
    seen: u32,
    memberships: Vec<Membership>,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Membership {
    type_index: u8,
    group_id: String,
}

#[derive(Default, Serialize, Deserialize)]
struct StoredGroup {
    name: Option<String>,
    description: Option<String>,
    is_placeholder: bool,
    is_active: bool,
    seen: u32,
    /// Active accounts that refer to it.
    members: u32,
}

impl StoredAccount {
    fn new(account: &Account<'_>, roll: u32) -> Self {
        let [email, username, first_name, last_name, display_name] =
            texts(account).map(|text| text.map(str::to_owned));
        let mut memberships = Vec::new();
        for (type_index, reference) in references(account) {
            let membership =
                Membership { type_index: type_index as u8, group_id: reference.id.clone().into_owned() };
            if !memberships.contains(&membership) {
                memberships.push(membership);
            }
        }
        let status = status_code(account);
        Self {
            email,
            username,
            first_name,
            last_name,
            display_name,
            status,
            is_active: true,
            seen: roll,
            memberships,
        }
    }

    fn texts(&self) -> [Option<&str>; 5] {
        [&self.email, &self.username, &self.first_name, &self.last_name, &self.display_name]
            .map(|text| text.as_deref())
    }

    fn is_equal(&self, sent: &Account<'_>) -> bool {
        let stored = self.memberships.iter().map(|membership| (membership.type_index, &*membership.group_id));
        let pushed = references(sent).map(|(type_index, reference)| (type_index as u8, &*reference.id));
        self.is_active && self.status == status_code(sent) && self.texts() == texts(sent) && stored.eq(pushed)
    }
}

impl Maps {
    fn push_account(&mut self, sent: &Account<'_>) {
        let stored = match self.accounts.get_mut(&*sent.id) {
            Some(stored) if stored.is_equal(sent) => {
                stored.seen = self.roll;
                return;
            }
            Some(stored) => {
                if stored.is_active {
                    release(&mut self.groups, stored);
                }
                *stored = StoredAccount::new(sent, self.roll);
                stored
            }
            None => self
                .accounts
                .entry(sent.id.clone().into_owned())
                .insert_entry(StoredAccount::new(sent, self.roll))
                .into_mut(),
        };
        for membership in &stored.memberships {
            let groups = &mut self.groups[usize::from(membership.type_index)];
            if !groups.contains_key(&membership.group_id) {
                let placeholder = StoredGroup { is_placeholder: true, is_active: true, ..Default::default() };
                groups.insert(membership.group_id.clone(), placeholder);
            }
            let group = groups.get_mut(&membership.group_id).expect("it was just made");
            group.members += 1;
            group.is_active |= group.is_placeholder;
        }
        for (type_index, reference) in references(sent) {
            let Some(name) = &reference.name else { continue };
            let group = self.groups[type_index].get_mut(&*reference.id).expect("it was just made");
            if group.is_placeholder && group.name.is_none() {
                group.name = Some(name.clone().into_owned());
            }
        }
    }

    fn push_group(&mut self, type_index: usize, sent: &SentGroup<'_>) {
        let groups = &mut self.groups[type_index];
        let stored = match groups.get_mut(&*sent.id) {
            Some(stored) => stored,
            None => groups.entry(sent.id.clone().into_owned()).or_default(),
        };
        if stored.name.as_deref() != Some(&sent.name) {
            stored.name = Some(sent.name.clone().into_owned());
        }
        if stored.description.as_deref() != sent.description.as_deref() {
            stored.description = sent.description.as_deref().map(str::to_owned);
        }
        stored.is_placeholder = false;
        stored.is_active = true;
        stored.seen = self.roll;
    }
}

/// Takes back what an account's memberships count.
fn release(groups: &mut [HashMap<String, StoredGroup>; SLUGS.len()], account: &StoredAccount) {
    for membership in &account.memberships {
        let group = groups[usize::from(membership.type_index)].get_mut(&membership.group_id);
        group.expect("a group that is referred to is there").members -= 1;
    }
}

impl Peer for Maps {
    fn start(&mut self, number: u32) -> Result<()> {
        self.roll = number;
        Ok(())
    }

    fn push(&mut self, slug: &str, page: &Page<'_>) -> Result<()> {
        match page.records() {
            Records::Accounts(accounts) => accounts.iter().for_each(|account| self.push_account(account)),
            Records::Groups(groups) | Records::Licenses(groups) => {
                let type_index = type_index(slug);
                groups.iter().for_each(|group| self.push_group(type_index, group));
            }
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<u64> {
        let mut gone = Vec::new();
        for (id, account) in &mut self.accounts {
            if account.is_active && account.seen != self.roll {
                account.is_active = false;
                release(&mut self.groups, account);
                gone.push(id.clone());
            }
        }
        for (id, group) in self.groups.iter_mut().flatten() {
            let stays = if group.is_placeholder { group.members > 0 } else { group.seen == self.roll };
            if group.is_active && !stays {
                group.is_active = false;
                gone.push(id.clone());
            }
        }
        Ok(gone.len() as u64)
    }

    fn state(&mut self) -> Result<State> {
        let mut state = State::with_groups();
        for (id, account) in self.accounts.iter().filter(|(_, account)| account.is_active) {
            let [email, username, first_name, last_name, display_name] =
                account.texts().map(|text| text.unwrap_or(""));
            let status = status_name(account.status);
            state.add_account(&[id, email, username, first_name, last_name, display_name, status]);
            for membership in &account.memberships {
                state.add_membership(id, SLUGS[usize::from(membership.type_index)], &membership.group_id);
            }
        }
        for (slug, groups) in SLUGS.iter().zip(&self.groups) {
            for (id, group) in groups.iter().filter(|(_, group)| group.is_active) {
                state.add_group(slug, id, group.name.as_deref().unwrap_or(""));
            }
        }
        Ok(state)
    }

    fn encode(&mut self) -> Result<Option<Encoded<'_>>> {
        Ok(Some(Box::new(postcard::to_allocvec(self)?)))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        *self = postcard::from_bytes(bytes)?;
        Ok(())
    }
}
