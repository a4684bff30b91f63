//! The pages of the small universe: of three ids, good ones that differ in what they do, and one for each fault.

use headcount::{
    Account, Attribute, AttributeValue, Fingerprint, FoundType, Group, Page, Reference, ReferenceList,
};

/// A page for a type with this slug.
type Sent = (&'static str, Page<'static>);

/// Of the page with the first account alone.
pub(super) const FIRST: Fingerprint = Fingerprint(1);
/// Of the page with the first two accounts.
pub(super) const BOTH: Fingerprint = Fingerprint(2);

fn account(id: &'static str) -> Account<'static> {
    Account { id: id.into(), username: Some("a".into()), ..Account::default() }
}

fn member(id: &'static str, teams: &[&'static str]) -> Account<'static> {
    let memberships = vec![ReferenceList::new("team", teams.iter().copied())];
    Account { memberships, ..account(id) }
}

fn team(id: &'static str, name: &'static str) -> Group<'static> {
    Group { id: id.into(), name: name.into(), ..Group::default() }
}

/// The first account, of the first team.
pub(super) fn first_account() -> Page<'static> {
    Page::accounts([member("1", &["1"])]).with_fingerprint(FIRST)
}

/// The first account as it is there, and a second one of the second team, with a seat.
pub(super) fn both_accounts() -> Page<'static> {
    let assignments = vec![ReferenceList::new("seat", ["1"])];
    let second = Account { assignments, ..member("2", &["2"]) };
    Page::accounts([member("1", &["1"]), second]).with_fingerprint(BOTH)
}

/// The second team itself.
pub(super) fn second_team() -> Page<'static> {
    Page::groups([team("2", "Two")])
}

/// Pages that are taken.
pub(super) fn good() -> Vec<Sent> {
    let named = ReferenceList::new("team", [Reference::new("1").with_name("One")]);
    let suspended = Account { status: Some("suspended".into()), ..member("2", &["2", "1"]) };
    let attributes = Some(vec![Attribute::new("a", 1), Attribute::new("b", AttributeValue::texts(["x"]))]);
    vec![
        ("account", first_account()),
        ("account", both_accounts()),
        ("account", Page::accounts([account("1")])),
        ("account", Page::accounts([Account { memberships: vec![named], ..account("1") }])),
        ("account", Page::accounts([suspended])),
        ("account", Page::accounts([Account { attributes, ..account("1") }])),
        ("account", Page::accounts([member("1", &[])])),
        ("account", Page::accounts([account("3")])),
        ("account", Page::accounts([])),
        ("team", Page::groups([team("1", "One")])),
        ("team", second_team()),
        ("seat", Page::licenses([team("1", "Seat")])),
    ]
}

/// Pages that are refused whatever the state: for each fault one, then those that are refused for themselves.
pub(super) fn bad() -> Vec<Sent> {
    let with = |change: &dyn Fn(&mut Account<'static>)| {
        let mut account = member("1", &["1"]);
        change(&mut account);
        ("account", Page::accounts([account]))
    };
    let attribute = |name: &'static str, value: AttributeValue<'static>| {
        with(&|account| {
            account.attributes = Some(vec![Attribute { name: name.into(), value: Some(value.clone()) }])
        })
    };
    let text = |text: &'static str| AttributeValue::from(text);
    let many = ["a", "b", "c"].map(|name| Attribute::new(name, true));
    let large = ["a", "b"].map(|name| Attribute::new(name, "123"));
    let list = |slug: &'static str, ids: &[&'static str]| vec![ReferenceList::new(slug, ids.iter().copied())];
    vec![
        with(&|account| account.id = "".into()),
        with(&|account| account.id = "123".into()),
        with(&|account| account.last_name = Some("\0".into())),
        with(&|account| account.username = None),
        with(&|account| account.email = Some("a@".into())),
        with(&|account| account.status = Some("away".into())),
        with(&|account| account.memberships = list("team", &["1", "2", "3"])),
        with(&|account| account.memberships = list("nosuch", &["1"])),
        with(&|account| account.memberships = list("seat", &["1"])),
        attribute("a", AttributeValue::WrongType(FoundType::Number)),
        attribute("a", text("12345")),
        with(&|account| account.attributes = Some(many.to_vec())),
        with(&|account| account.attributes = Some(large.to_vec())),
        ("account", Page::accounts([account("1"), account("1")])),
        ("account", Page::accounts([account("1"), account("2"), account("3")])),
        ("team", Page::accounts([account("1")])),
        ("seat", Page::licenses([team("1", "")])),
    ]
}

/// Pages for lenient mode: without a fault, with one of two, the same id twice, with all.
pub(super) fn lenient() -> Vec<Sent> {
    let bad = |id: &'static str| Account { last_name: Some("\0".into()), ..account(id) };
    vec![
        ("account", first_account()),
        ("account", Page::accounts([bad("1"), account("2")]).with_fingerprint(BOTH)),
        ("account", Page::accounts([bad("2")])),
        ("account", Page::accounts([account("1"), bad("1")])),
        ("account", Page::accounts([account("1"), account("2"), account("3")])),
        ("team", Page::groups([team("1", ""), team("", "One")])),
    ]
}

/// Pages of deltas.
pub(super) fn deltas() -> Vec<Sent> {
    vec![
        ("account", Page::accounts([account("1")])),
        ("account", Page::accounts([member("1", &["2"]), account("2")])),
        ("account", Page::accounts([account("3")])),
        ("account", Page::accounts([Account { email: Some("@".into()), ..account("1") }])),
        ("account", Page::accounts([])),
        ("team", Page::groups([team("1", "Uno")])),
        ("team", Page::accounts([account("1")])),
    ]
}
