//! Whether a type has room, and limits that were lowered below what is on record (SPEC 1, 3.2).

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use headcount::{
    Account, Change, Command, Completion, Config, Engine, Error, FaultCode, Group, Kind, NewResourceType,
    Page, Reference, ReferenceList, Reply, ResourceTypeId, Scope, Timestamp, Uuid,
};
use headcount_testing::random;
use headcount_testing::small::{
    self, APP, NOW, account, complete, config, group, member, push, push_in, reload, session,
};

fn full(result: Result<headcount::PageOutcome, Error>) -> String {
    match result {
        Err(Error::ResourceTypeFull { slug, .. }) => slug,
        other => panic!("{other:?}"),
    }
}

/// Ten accounts of two teams each, five teams of which two are placeholders; the roll was completed.
fn a_directory() -> Engine {
    let mut engine = small::engine(config(|_| {}));
    for page in roll() {
        let _ = push(&mut engine, &page).expect("a page");
    }
    assert_eq!(complete(&mut engine, small::SESSION, Timestamp(1)), 0);
    engine
}

fn teams() -> Page<'static> {
    Page::groups((0..3).map(|number| group(&format!("g{number}"), "Name")))
}

fn accounts() -> Page<'static> {
    Page::accounts((0..10).map(|number| {
        let teams = [number, number + 1].map(|team| Reference::new(format!("g{}", team % 5)));
        Account { id: format!("u{number}").into(), ..member("", teams) }
    }))
}

/// The pages of the directory as it is on record.
fn roll() -> [Page<'static>; 2] {
    [teams(), accounts()]
}

/// The engine after save and load under lowered limits, with a new session.
fn lowered(engine: &Engine, lower: Config) -> Engine {
    let mut engine = reload(engine, lower);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    engine
}

#[test]
fn a_whole_roll_is_called_though_there_are_more_records_than_the_lowered_limit() {
    let mut engine = lowered(&a_directory(), config(|limits| limits.records_per_type_max = 1));
    for page in roll() {
        let outcome = push_in(&mut engine, session(2), &page).expect("what is on record stays");
        assert_eq!((outcome.unchanged, outcome.placeholders), (outcome.total, 0));
    }
    assert_eq!(complete(&mut engine, session(2), Timestamp(2)), 0, "nobody goes");
    engine.check_invariants().expect("every rule");
}

#[test]
fn beyond_the_lowered_limit_on_records_a_page_is_refused_if_it_adds_one() {
    let mut engine = lowered(&a_directory(), config(|limits| limits.records_per_type_max = 1));
    let before = engine.digest();
    let mut push = |page: Page<'_>| push_in(&mut engine, session(2), &page);
    assert_eq!(full(push(Page::accounts([account("u0"), account("new")]))), "account");
    assert_eq!(full(push(Page::groups([group("new", "Name")]))), "team");
    assert_eq!(full(push(Page::accounts([member("u0", ["g0", "new"])]))), "team", "a placeholder counts");
    // Of several, the page's own type is told first, whatever the order of registration.
    assert_eq!(full(push(Page::accounts([member("new", ["new"])]))), "account");
    assert_eq!(engine.digest(), before, "nothing changed");
    let mut push = |page: Page<'_>| push_in(&mut engine, session(2), &page);
    let changed = Account { display_name: Some("Changed".into()), ..member("u0", ["g4"]) };
    assert_eq!(push(Page::accounts([changed])).map(|outcome| outcome.updated), Ok(1));
    assert_eq!(push(Page::groups([group("g4", "Filled")])).map(|outcome| outcome.filled), Ok(1));
}

#[test]
fn beyond_the_lowered_limit_on_bytes_a_page_is_refused_if_it_adds_any() {
    let named = |name: &str| Page::groups([group("g0", name)]);
    let mut engine = lowered(&a_directory(), config(|limits| limits.bytes_per_type_max = 1));
    let mut push = |page: &Page<'_>| push_in(&mut engine, session(2), page);
    for page in roll() {
        let outcome = push(&page).expect("what is on record stays");
        assert_eq!(outcome.unchanged, outcome.total);
    }
    assert_eq!(push(&named("Same")).map(|outcome| outcome.updated), Ok(1), "as long");
    assert_eq!(full(push(&named(&"longer".repeat(9)))), "team");
    assert_eq!(push(&named("N")).map(|outcome| outcome.updated), Ok(1), "shorter");
    let fewer = Page::accounts([member("u3", ["g3"])]);
    assert_eq!(push(&fewer).map(|outcome| outcome.updated), Ok(1), "fewer references");
    let long = Account { username: Some("x".repeat(200).into()), ..account("u1") };
    assert_eq!(full(push(&Page::accounts([long.clone()]))), "account");
    assert_eq!(complete(&mut engine, session(2), Timestamp(2)), 0);
    let mut engine = lowered(&a_directory(), config(|_| {}));
    let _ = push_in(&mut engine, session(2), &Page::accounts([long])).expect("the default has room");
}

#[test]
fn who_was_inactive_comes_back_though_the_type_is_full() {
    let mut engine = a_directory();
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    assert_eq!(complete(&mut engine, session(2), Timestamp(2)), 15, "nobody was named");
    let lower = config(|limits| (limits.records_per_type_max, limits.bytes_per_type_max) = (1, 1));
    let mut engine = reload(&engine, lower);
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let outcomes = roll().map(|page| push_in(&mut engine, session(3), &page).expect("a page"));
    assert_eq!(outcomes.map(|outcome| outcome.reactivated), [3, 10]);
    assert_eq!(outcomes[1].placeholders, 2, "placeholders are woken");
    assert_eq!(complete(&mut engine, session(3), Timestamp(3)), 0);
}

/// A record with one text that is too long under lowered limits, and the same limits.
fn beyond() -> Vec<(&'static str, Page<'static>, Config)> {
    let long = || Some("a".repeat(40).into());
    let texts = || config(|limits| limits.text_chars_max = 39);
    let ids = || config(|limits| limits.id_chars_max = 39);
    let id = "a".repeat(40);
    let accounts = |account: Account<'static>| Page::accounts([account]);
    let description = headcount::Group { description: long(), ..group("g1", "Name") };
    let email = Some(format!("{}@b", "a".repeat(38)).into());
    vec![
        ("id", accounts(account(&id)), ids()),
        ("email", accounts(Account { email, ..account("u1") }), texts()),
        ("username", accounts(Account { username: long(), ..account("u1") }), texts()),
        ("first_name", accounts(Account { first_name: long(), ..account("u1") }), texts()),
        ("last_name", accounts(Account { last_name: long(), ..account("u1") }), texts()),
        ("display_name", accounts(Account { display_name: long(), ..account("u1") }), texts()),
        ("memberships.team[0].id", accounts(to_one(&id)), ids()),
        ("id", Page::groups([group(&id, "Name")]), ids()),
        ("name", Page::licenses([group("g1", &id)]), texts()),
        ("description", Page::groups([description]), config(|limits| limits.description_chars_max = 39)),
        (
            "memberships",
            accounts(member("u1", ["g1", "g2", "g3"])),
            config(|limits| limits.references_per_account_max = 2),
        ),
    ]
}

fn to_one(id: &str) -> Account<'static> {
    let reference = Reference::new(id.to_owned());
    Account { memberships: vec![ReferenceList::new("team", [reference])], ..account("u1") }
}

#[test]
fn a_record_beyond_lowered_limits_stays_and_its_page_is_refused_also_where_equal() {
    for (field, page, lower) in beyond() {
        let mut engine = small::engine(config(|_| {}));
        let within = Page::accounts([account("ok")]);
        let _ = (push(&mut engine, &page).expect(field), push(&mut engine, &within).expect("a page"));
        let mut engine = reload(&engine, lower);
        let digest = engine.digest();
        let Err(Error::PageFaults { faults, faults_total: 1, .. }) = push(&mut engine, &page) else {
            panic!("{field}: taken");
        };
        let code = if field == "memberships" { FaultCode::TooManyReferences } else { FaultCode::TooLong };
        assert_eq!((faults[0].field.as_str(), faults[0].code), (field, code));
        assert_eq!(engine.digest(), digest, "{field}: what is on record stays");
        assert_eq!(push(&mut engine, &within).map(|outcome| outcome.unchanged), Ok(1), "{field}");
        // Under limits that it is within it is taken again, to the letter.
        let mut engine = reload(&engine, config(|_| {}));
        assert_eq!(push(&mut engine, &page).map(|outcome| outcome.unchanged), Ok(1), "{field}");
    }
}

/// Limits on bytes and records that random pages come to again and again.
fn tight(key: u8) -> Config {
    let tight = config(|limits| {
        limits.bytes_per_type_max = 700;
        limits.records_per_type_max = 6;
    });
    tight.with_hash_key([key; 16])
}

type Outcome = (Result<Reply, Error>, Vec<Change<'static>>, u128);

fn run(engine: &mut Engine, now: Timestamp, command: &Command<'_>) -> Outcome {
    let reply = engine.apply(now, command);
    (reply, engine.changes().map(Change::into_owned).collect(), engine.digest())
}

/// Commands out of bytes: mostly pages of records that grow and shrink, else what ends and begins a roll.
struct Random {
    bytes: std::vec::IntoIter<u8>,
    sessions: u128,
}

impl Random {
    fn below(&mut self, bound: u8) -> u8 {
        self.bytes.next().unwrap_or(0) % bound
    }

    fn text(&mut self) -> String {
        "x".repeat(usize::from(self.below(250)))
    }

    fn ids(&mut self, prefix: &str) -> Vec<String> {
        let ids: BTreeSet<u8> = (0..=self.below(3)).map(|_| self.below(9)).collect();
        ids.into_iter().map(|id| format!("{prefix}{id}")).collect()
    }

    fn account(&mut self, id: &str) -> Account<'static> {
        let mut references = Vec::new();
        for team in self.ids("g") {
            let name = if self.below(3) == 0 { self.text() } else { String::new() };
            references.push(Reference::new(team).with_name(name));
        }
        let memberships = vec![ReferenceList::new("team", references)];
        Account { memberships, display_name: Some(self.text().into()), ..account(id) }
    }

    fn groups(&mut self) -> Vec<Group<'static>> {
        self.ids("g").iter().map(|id| group(id, &format!("x{}", self.text()))).collect()
    }

    fn command(&mut self) -> Command<'static> {
        let session_id = session(self.sessions);
        let (slug, page) = match self.below(20) {
            0..=11 => (
                "account",
                Page::accounts(self.ids("u").iter().map(|id| self.account(id)).collect::<Vec<_>>()),
            ),
            12 | 13 => ("team", Page::groups(self.groups())),
            14 => ("seat", Page::licenses(self.groups())),
            15 => return Command::PurgeInactive { app_id: APP, inactive_before: Timestamp(i64::MAX) },
            16 => {
                let completion = Completion::FORCED;
                return Command::CompleteSession { app_id: APP, session_id, completion };
            }
            17 => return Command::RunCleanup { app_id: APP, session_id, budget: NonZeroU64::MAX },
            _ => {
                self.sessions += 1;
                let session_id = session(self.sessions);
                return Command::StartSession { app_id: APP, session_id, scope: Scope::All };
            }
        };
        Command::PushPage { app_id: APP, session_id, slug: slug.into(), page }
    }
}

/// Whatever was pushed before, in whatever order it grew and shrank, and whatever the hash key is.
#[test]
fn whether_a_type_is_full_is_equal_after_save_and_load() {
    let (mut full, mut taken) = (0, 0);
    for seed in 0..60 {
        let mut random = Random { bytes: random::bytes(seed, 2_000).into_iter(), sessions: 1 };
        let mut engine = small::engine(tight(0));
        let mut twin = small::engine(tight(1));
        for number in 0..80_u8 {
            // The twin is another one again and again: it never has a past.
            if number % 5 == 0 {
                twin = reload(&engine, tight(number));
            }
            let (now, command) = (Timestamp(i64::from(number)), random.command());
            let outcome = run(&mut engine, now, &command);
            full += u32::from(matches!(outcome.0, Err(Error::ResourceTypeFull { .. })));
            taken += u32::from(matches!(outcome.0, Ok(Reply::Page(_))));
            assert_eq!(run(&mut twin, now, &command), outcome, "seed {seed}: {number}: {command:?}");
        }
        engine.check_invariants().expect("every rule");
    }
    assert!(full > 300 && taken > 300, "{full} pages were refused as too many, {taken} taken");
}

/// A record has room up to 1 MiB. One page keeps within it, but what stays of others may come to more.
#[test]
fn an_account_that_is_too_large_with_what_stays_is_a_fault() {
    const EACH: u32 = 50_000;
    let mut engine = small::engine(config(|limits| {
        limits.references_per_account_max = EACH;
        limits.text_chars_max = 16_383;
    }));
    let long: String = "𝄞".repeat(16_383);
    let slugs = ["team", "role", "project", "squad"];
    for (number, slug) in (10..).zip(&slugs[1..]) {
        let new = NewResourceType::new(*slug, "Type", Kind::Group);
        engine
            .register_resource_type(NOW, APP, ResourceTypeId(Uuid::from_u128(number)), &new)
            .expect("a type");
    }
    let page = |slug: &'static str, count: u32, name: &str| {
        let text = || Some(format!("{}{name}", &long[..long.len() - 4]).into());
        Page::accounts([Account {
            id: "u1".into(),
            username: text(),
            first_name: text(),
            last_name: text(),
            display_name: text(),
            memberships: vec![ReferenceList::new(slug, (0..count).map(|id| Reference::new(id.to_string())))],
            ..Account::default()
        }])
    };
    for (number, slug) in (2..).zip(slugs) {
        engine.start_session(NOW, APP, session(number), &Scope::types(["account"])).expect("a session");
        let pushed = push_in(&mut engine, session(number), &page(slug, EACH, "a"));
        if slug != "squad" {
            assert_eq!(pushed.map(|outcome| outcome.placeholders), Ok(EACH));
            continue;
        }
        let Err(Error::PageFaults { faults, faults_total: 1, malformed: true }) = pushed else {
            panic!("{pushed:?}")
        };
        assert_eq!((&*faults[0].field, faults[0].code), ("memberships", FaultCode::TooManyReferences));
        assert_eq!((faults[0].index, faults[0].id.as_deref()), (0, Some("u1")));
        assert_eq!(faults[0].expected, "at most 1048576 bytes");
    }
    // It can be written as long as it fits, and is saved and loaded.
    let _ = push_in(&mut engine, session(5), &page("squad", 5_000, "b")).expect("it fits");
    let mut engine = reload(&engine, config(|_| {}));
    assert_eq!(engine.check_invariants(), Ok(()));
    let u1 = engine.app(APP).and_then(|app| app.record("account", "u1")).expect("a record");
    assert_eq!(u1.reference_count(), u64::from(3 * EACH + 5_000));
    let all_go = Page::accounts([member::<&str>("u1", [])]);
    engine.start_session(NOW, APP, session(6), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(6), &all_go).expect("a page");
    let counts = engine.app(APP).and_then(|app| app.session(session(6))).expect("a session").counts();
    assert_eq!(counts.references_removed, u64::from(3 * EACH + 5_000));
}
