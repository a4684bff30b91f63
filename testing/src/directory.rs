//! A synthetic directory, the same on every machine: what the example `big_roll`, the benches and the
//! tests push. Each record is made from its number alone, so pages can be made one at a time.

use std::ops::Range;

use headcount::{Account, Attribute, AttributeValue, Attributes, Group, Page, Reference, ReferenceList};

/// Records in a page.
pub const PAGE: u32 = 100;

/// How large the directory is.
#[derive(Clone, Copy, Debug)]
pub struct Directory {
    /// Accounts in it.
    pub accounts: u32,
    /// Teams that each account is a member of.
    pub memberships: u32,
    /// Attributes that each account has.
    pub attributes: u32,
}

/// Which accounts a roll names, and how they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roll {
    /// All, as they are.
    Whole,
    /// Without one in 200, and with another last name for one in 100.
    Later,
}

/// A small generator with a fixed start: the next of the sequence that `state` stands in.
pub fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl Directory {
    /// A directory of so many accounts, each a member of five teams, without attributes.
    pub const fn new(accounts: u32) -> Self {
        Self { accounts, memberships: 5, attributes: 0 }
    }

    /// Teams: one for each twenty accounts.
    pub const fn teams(&self) -> u32 {
        self.accounts / 20 + self.memberships
    }

    /// The accounts' numbers in the order of an export.
    pub fn in_order(&self) -> Vec<u32> {
        (0..self.accounts).collect()
    }

    /// The accounts' numbers in an order without locality.
    pub fn shuffled(&self) -> Vec<u32> {
        let mut numbers = self.in_order();
        let mut state = 7;
        for at in (1..numbers.len()).rev() {
            numbers.swap(at, (splitmix(&mut state) % (at as u64 + 1)) as usize);
        }
        numbers
    }

    /// The accounts that a roll names, of these.
    pub fn named(&self, roll: Roll, numbers: &[u32]) -> Vec<u32> {
        numbers.iter().copied().filter(|number| roll == Roll::Whole || number % 200 != 1).collect()
    }

    /// How many accounts a roll leaves out.
    pub const fn gone(&self, roll: Roll) -> u32 {
        match roll {
            Roll::Whole => 0,
            Roll::Later => (self.accounts + 198) / 200,
        }
    }

    /// How many accounts a roll changes.
    pub const fn changed(&self, roll: Roll) -> u32 {
        match roll {
            Roll::Whole => 0,
            Roll::Later => self.accounts.div_ceil(100),
        }
    }

    /// A page of the accounts with these numbers.
    pub fn accounts_page(&self, roll: Roll, numbers: &[u32]) -> Page<'static> {
        Page::accounts(numbers.iter().map(|&number| self.account(roll, number)))
    }

    /// The pages of teams, as ranges of their numbers.
    pub fn team_pages(&self) -> impl Iterator<Item = Range<u32>> + use<> {
        let teams = self.teams();
        (0..teams).step_by(PAGE as usize).map(move |start| start..(start + PAGE).min(teams))
    }

    /// A page of teams.
    pub fn teams_page(&self, numbers: Range<u32>) -> Page<'static> {
        Page::groups(numbers.map(team))
    }

    fn account(&self, roll: Roll, number: u32) -> Account<'static> {
        let changed = roll == Roll::Later && number.is_multiple_of(100);
        let (first, last) = (FIRST[number as usize % FIRST.len()], LAST[number as usize / 7 % LAST.len()]);
        let last = if changed { format!("{last}-Lee") } else { last.to_owned() };
        Account {
            id: format!("00u{number:012x}").into(),
            email: Some(format!("{first}.{number:07}@synthetic-directory.example").to_lowercase().into()),
            username: Some(format!("{first}.{number:07}").to_lowercase().into()),
            first_name: Some(first.into()),
            display_name: Some(format!("{first} {last} ({number:07})").into()),
            last_name: Some(last.into()),
            memberships: vec![ReferenceList::new("team", self.memberships_of(number))],
            attributes: (self.attributes > 0).then(|| self.attributes_of(number)),
            ..Account::default()
        }
    }

    /// Texts, numbers and booleans in turn, in the order of their names: a name of 12 bytes, and a text of 12.
    fn attributes_of(&self, number: u32) -> Attributes<'static> {
        let attribute = |at: u32| {
            let value = match at % 3 {
                0 => format!("value {:06}", number % 1_000).into(),
                1 => AttributeValue::Integer(i64::from(number)),
                _ => AttributeValue::Boolean(number.is_multiple_of(2)),
            };
            Attribute::new(format!("attribute_{at:02}"), value)
        };
        (0..self.attributes).map(attribute).collect()
    }

    /// Distinct teams; those with small numbers are larger.
    fn memberships_of(&self, number: u32) -> Vec<Reference<'static>> {
        let mut state = u64::from(number) << 20;
        let teams = u64::from(self.teams());
        let mut chosen: Vec<u64> = Vec::with_capacity(self.memberships as usize);
        while chosen.len() < self.memberships as usize {
            // The lesser of two: a team's size falls with its number.
            let team = (splitmix(&mut state) % teams).min(splitmix(&mut state) % teams);
            if !chosen.contains(&team) {
                chosen.push(team);
            }
        }
        chosen.into_iter().map(|team| Reference { id: team_id(team as u32).into(), name: None }).collect()
    }
}

fn team(number: u32) -> Group<'static> {
    Group {
        id: team_id(number).into(),
        name: format!("Team {number}").into(),
        description: Some(format!("The people of team {number}").into()),
        ..Group::default()
    }
}

fn team_id(number: u32) -> String {
    format!("00g{number:012x}")
}

const FIRST: [&str; 12] =
    ["Alice", "Bob", "Carol", "Dana", "Erik", "Fatima", "Grace", "Hiro", "Ines", "Jonas", "Katharina", "Li"];
const LAST: [&str; 11] = [
    "Smith",
    "Jones",
    "Garcia",
    "Mueller",
    "Tanaka",
    "Okafor",
    "Silva",
    "Novak",
    "Haddad",
    "Lindqvist",
    "Ng",
];
