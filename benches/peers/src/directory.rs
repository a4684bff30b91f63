//! A synthetic directory of any size, the same on every machine. Each record is made from its number
//! alone, as the JSON that a connector would send, so that pages can be made one at a time.

use std::fmt::Write as _;

/// Records in a page.
pub const PAGE: usize = 100;

/// The types of groups, in the order in which they are registered.
pub const SLUGS: [&str; 2] = ["role", "team"];

/// The type of the accounts.
pub const ACCOUNT: &str = "account";

const FIRST_NAMES: [&str; 16] = [
    "Anna",
    "Bartholomew",
    "Chen",
    "Dmitri",
    "Eleonora",
    "Fatima",
    "Giovanni",
    "Hiroshi",
    "Isabella",
    "Jürgen",
    "Katarzyna",
    "Liam",
    "Mohammed",
    "Nia",
    "Oluwaseun",
    "Priya",
];
const LAST_NAMES: [&str; 16] = [
    "Anderson",
    "Brzezinski",
    "Castellanos",
    "Dubois",
    "Eriksson",
    "Fitzgerald",
    "Gonzalez",
    "Haddad",
    "Ivanova",
    "Jankowski",
    "Kowalczyk",
    "Lindqvist",
    "Montgomery",
    "Nakamura",
    "O'Sullivan",
    "Papadopoulos",
];
const DEPARTMENTS: [&str; 8] = [
    "Engineering",
    "Customer Success",
    "Legal",
    "Finance",
    "Human Resources",
    "Field Marketing",
    "Security Operations",
    "Research",
];

/// How large the directory is.
#[derive(Clone, Copy, Debug)]
pub struct Directory {
    /// Accounts in it.
    pub accounts: u32,
}

/// The directory as it is after a number of rounds of change. In each, other accounts change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edition {
    /// How many rounds of change there were.
    pub changes: u32,
    /// Accounts that a round changes, of each thousand.
    pub permille: u32,
}

impl Edition {
    /// As it was first.
    pub const FIRST: Self = Self { changes: 0, permille: 0 };

    /// The round in which an account last changed; 0 if never.
    fn last_change(self, number: u32) -> u32 {
        let changes_in =
            |round: &u32| draw(u64::from(number) | u64::from(*round) << 40, 1_000) < self.permille;
        (1..=self.changes).rev().find(changes_in).unwrap_or(0)
    }

    /// Whether the last round changed an account.
    pub fn has_just_changed(self, number: u32) -> bool {
        self.changes > 0 && self.last_change(number) == self.changes
    }
}

impl Directory {
    /// Groups that accounts refer to: one for each twenty accounts.
    pub fn groups(&self) -> u32 {
        (self.accounts / 20).max(20)
    }

    /// The groups of the type with this place in [`SLUGS`] that the application lists. One in 64 it does
    /// not: they are known from references alone.
    pub fn listed_groups(&self, type_index: usize) -> Vec<u32> {
        (0..self.groups()).filter(|&group| type_of(group) == type_index && group % 64 != 63).collect()
    }

    /// The accounts' numbers in the order of an export.
    pub fn in_order(&self) -> Vec<u32> {
        (0..self.accounts).collect()
    }

    /// The accounts' numbers in an order without locality.
    pub fn shuffled(&self) -> Vec<u32> {
        let mut numbers = self.in_order();
        for at in (1..self.accounts).rev() {
            numbers.swap(at as usize, draw(u64::from(at) | 1 << 32, at + 1) as usize);
        }
        numbers
    }

    /// Writes the body of a page of these accounts.
    pub fn write_accounts(&self, numbers: &[u32], edition: Edition, body: &mut String) {
        write_page(numbers, body, |number, body| self.write_account(number, edition, body));
    }

    /// Writes the body of a page of these groups.
    pub fn write_groups(&self, numbers: &[u32], body: &mut String) {
        write_page(numbers, body, |number, body| {
            let name = group_name(number);
            put(body, format_args!(r#"{{"id":"{}","name":"{name}","description":"#, group_id(number)));
            put(body, format_args!(r#""The people of {name}"}}"#));
        });
    }

    fn write_account(&self, number: u32, edition: Edition, body: &mut String) {
        let bits = mix(u64::from(number));
        let pick = |shift: u32, of: usize| (bits >> shift) as usize % of;
        let (first, last) = (FIRST_NAMES[pick(0, 16)], LAST_NAMES[pick(4, 16)]);
        let initial = first.chars().next().expect("a name is not empty");
        let status = if pick(20, 10) == 0 { "suspended" } else { "active" };
        put(body, format_args!(r#"{{"id":"u-{number:08}","status":"{status}","#));
        put(body, format_args!(r#""email":"{first}.{last}.{number}@corp-{}.example.com","#, pick(12, 50)));
        put(body, format_args!(r#""username":"{initial}{last}{number}","first_name":"{first}","#));
        put(body, format_args!(r#""last_name":"{last}","display_name":"#));
        let change = edition.last_change(number);
        if change == 0 {
            put(body, format_args!(r#""{first} {last} ({})","#, DEPARTMENTS[pick(8, 8)]));
        } else {
            put(body, format_args!(r#""{first} {last} (moved {change})","#));
        }
        let mut groups = self.groups_of(number);
        // Half of those that change lose a membership.
        if change % 2 == 1 && number.is_multiple_of(2) && groups.len() > 1 {
            groups.pop();
        }
        body.push_str(r#""memberships":{"#);
        for (type_index, slug) in SLUGS.iter().enumerate() {
            put(body, format_args!(r#"{}"{slug}":["#, if type_index == 0 { "" } else { "," }));
            let of_type = groups.iter().filter(|&&group| type_of(group) == type_index);
            for (place, &group) in of_type.enumerate() {
                put(
                    body,
                    format_args!(r#"{}{{"id":"{}""#, if place == 0 { "" } else { "," }, group_id(group)),
                );
                if group.is_multiple_of(2) {
                    put(body, format_args!(r#","name":"{}""#, group_name(group)));
                }
                body.push('}');
            }
            body.push(']');
        }
        body.push_str("}}");
    }

    /// One to nine groups, five on average; those with small numbers are larger.
    fn groups_of(&self, number: u32) -> Vec<u32> {
        let bits = mix(u64::from(number));
        let mut groups = Vec::with_capacity(9);
        for place in 0..1 + (bits >> 30) % 9 {
            let share = (mix(bits ^ (place + 1) << 50) >> 11) as f64 / (1_u64 << 53) as f64;
            let group = (share.powi(3) * f64::from(self.groups())) as u32;
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }
}

fn write_page(numbers: &[u32], body: &mut String, mut write: impl FnMut(u32, &mut String)) {
    body.clear();
    body.push_str(r#"{"records":["#);
    for (place, &number) in numbers.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        write(number, body);
    }
    body.push_str("]}");
}

fn put(body: &mut String, text: std::fmt::Arguments<'_>) {
    body.write_fmt(text).expect("a string takes all text");
}

/// The place in [`SLUGS`] of a group's type: one in four is a role.
const fn type_of(group: u32) -> usize {
    if group.is_multiple_of(4) { 0 } else { 1 }
}

fn group_id(group: u32) -> String {
    format!("g-{group:07}")
}

fn group_name(group: u32) -> String {
    format!("{} {group}", DEPARTMENTS[group as usize % DEPARTMENTS.len()])
}

/// A number below `bound`, fixed for each seed.
pub(crate) fn draw(seed: u64, bound: u32) -> u32 {
    (mix(seed) % u64::from(bound)) as u32
}

/// SplitMix64: bits that look random, fixed for each seed.
const fn mix(seed: u64) -> u64 {
    let state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
