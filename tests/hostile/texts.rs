//! Each text of each command, with what texts can be at worst: it is kept to the last byte or refused whole, and what
//! the error prints of it is short and harmless.

use std::borrow::Cow;

use headcount::{
    Account, AppUpdate, Attribute, AttributeValue, Command, Config, Engine, Error, FaultCode, Group,
    NewResourceType, NewTask, Page, Reference, ReferenceList, Resolution, ResourceTypeId, ResourceTypeUpdate,
    TaskAction, Uuid,
};
use headcount_testing::small::{self, APP, NOW, SESSION, account, app, group, member, task};

use crate::whole;

/// Texts that programs trip over. None has a NUL, and none more than 60 characters.
pub(crate) const ODD: &[&str] = &[
    // A byte order mark, characters that are none, the last one there is, of private use.
    "\u{feff}x",
    "\u{fffe}\u{ffff}",
    "\u{10ffff}",
    "\u{e000}",
    "\u{fffd}",
    // What changes the direction, joins, selects or is not seen.
    "\u{202e}gpj.exe",
    "\u{2066}x\u{2069}",
    "a\u{200b}b",
    "\u{200d}",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦",
    "❤\u{fe0f}",
    "\u{e0041}\u{e007f}",
    // One letter as two characters and as one; others that fold to, or look like, plain ones.
    "e\u{301}",
    "\u{e9}",
    "ﬁ",
    "\u{212a}",
    "K",
    "İ",
    "ß",
    "ẞ",
    "а",
    "Ⅷ",
    // Many marks on one letter.
    "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}\u{33d}\u{34f}\u{334}\u{319}\u{324}",
    // Blanks and lines of all kinds, and control characters.
    " ",
    "x ",
    " x",
    "\t",
    "\r\n",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{3000}",
    "\u{1}",
    "\u{1b}[31m",
    "\u{7f}",
    // What means something to others.
    "../../etc/passwd",
    "%2e%2e%2f",
    "%00",
    "\\u0000",
    "'; DROP TABLE records; --",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "<script>",
    "=1+1",
    "null",
    "undefined",
    "NaN",
    "true",
    "-0",
    "1e999",
    "__proto__",
    "constructor",
];

/// What a text may be.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// From so many to so many characters.
    Chars(usize, usize),
    /// From so many to so many bytes.
    Bytes(usize, usize),
    /// From so many to so many of letters, digits, `-` and `_`.
    Slug(usize, usize),
}

impl Rule {
    fn is_kept_by(self, text: &str) -> bool {
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
        !text.contains('\0')
            && match self {
                Self::Chars(min, max) => (min..=max).contains(&text.chars().count()),
                Self::Bytes(min, max) => (min..=max).contains(&text.len()),
                Self::Slug(min, max) => (min..=max).contains(&text.len()) && text.chars().all(is_plain),
            }
    }

    /// Texts at the limit, one below and one above, of characters of each length.
    fn at_the_limit(self) -> Vec<String> {
        let (Self::Chars(_, max) | Self::Bytes(_, max) | Self::Slug(_, max)) = self;
        let chars = ["a", "é", "€", "𝄞"];
        let lengths = [max - 1, max, max + 1];
        let texts = chars.iter().flat_map(|char| lengths.map(|length| char.repeat(length)));
        let in_bytes = lengths.map(|length| "𝄞".repeat(length / 4) + &"a".repeat(length % 4));
        texts.chain(in_bytes).collect()
    }
}

type Text = Cow<'static, str>;

/// A text of a command: its rule, how the command is made of it, and where it is read.
struct Place {
    name: &'static str,
    rule: Rule,
    make: fn(Text) -> Command<'static>,
    read: fn(&Engine) -> Option<String>,
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn accounts(account: Account<'static>) -> Command<'static> {
    let page = Page::accounts([account]);
    Command::PushPage { app_id: APP, session_id: SESSION, slug: "account".into(), page }
}

fn groups(group: Group<'static>) -> Command<'static> {
    let page = Page::groups([group]);
    Command::PushPage { app_id: APP, session_id: SESSION, slug: "team".into(), page }
}

/// The one record of a type, apart from those that were there.
fn last<'e>(engine: &'e Engine, slug: &str) -> Option<headcount::RecordView<'e>> {
    engine.app(APP)?.records(slug, headcount::RecordFilter::All)?.last()
}

fn resolve(resolution: Resolution<'static>) -> Command<'static> {
    Command::ResolveTask { app_id: APP, task_id: task(1), resolution }
}

fn of_arguments() -> Vec<Place> {
    vec![
        Place {
            name: "create_app name",
            rule: Rule::Chars(1, 255),
            make: |name| Command::CreateApp { app_id: app(2), name, clone_from: None },
            read: |engine| owned(engine.app(app(2)).map(headcount::AppView::name)),
        },
        Place {
            name: "update_app name",
            rule: Rule::Chars(0, 255),
            make: |name| Command::UpdateApp { app_id: APP, update: AppUpdate::default().with_name(name) },
            read: |engine| owned(engine.app(APP).map(headcount::AppView::name)),
        },
        Place {
            name: "register_resource_type slug",
            rule: Rule::Slug(1, 100),
            make: |slug| Command::RegisterResourceType {
                app_id: APP,
                resource_type_id: ResourceTypeId(Uuid::from_u128(9)),
                new: NewResourceType::new(slug, "Name", headcount::Kind::Group),
            },
            read: |engine| owned(engine.app(APP)?.resource_types().next_back().map(|of| of.slug())),
        },
        Place {
            name: "register_resource_type name",
            rule: Rule::Chars(1, 255),
            make: |name| Command::RegisterResourceType {
                app_id: APP,
                resource_type_id: ResourceTypeId(Uuid::from_u128(9)),
                new: NewResourceType::new("new", name, headcount::Kind::Group),
            },
            read: |engine| owned(engine.app(APP)?.resource_types().next_back().map(|of| of.name())),
        },
        Place {
            name: "update_resource_type slug",
            rule: Rule::Slug(0, 100),
            make: |slug| Command::UpdateResourceType {
                app_id: APP,
                slug: "seat".into(),
                update: ResourceTypeUpdate::default().with_slug(slug),
            },
            read: |engine| owned(engine.app(APP)?.resource_types().next_back().map(|of| of.slug())),
        },
        Place {
            name: "update_resource_type name",
            rule: Rule::Chars(0, 255),
            make: |name| Command::UpdateResourceType {
                app_id: APP,
                slug: "seat".into(),
                update: ResourceTypeUpdate::default().with_name(name),
            },
            read: |engine| owned(engine.app(APP)?.resource_types().next_back().map(|of| of.name())),
        },
        Place {
            name: "fail_session reason",
            rule: Rule::Chars(1, 1_024),
            make: |reason| Command::FailSession { app_id: APP, session_id: SESSION, reason },
            read: |engine| owned(engine.app(APP)?.session(SESSION)?.reason()),
        },
        Place {
            name: "save_checkpoint",
            rule: Rule::Bytes(0, 4_096),
            make: |text| Command::SaveCheckpoint { app_id: APP, session_id: SESSION, checkpoint: Some(text) },
            read: |engine| owned(engine.app(APP)?.session(SESSION)?.checkpoint()),
        },
    ]
}

fn of_tasks() -> Vec<Place> {
    vec![
        Place {
            name: "create_task payload",
            rule: Rule::Bytes(0, 65_536),
            make: |payload| {
                let new = NewTask::new(TaskAction::CreateAccount, "account").with_payload(payload);
                Command::CreateTask { app_id: APP, task_id: task(2), new }
            },
            read: |engine| owned(engine.app(APP)?.task(task(2))?.payload()),
        },
        Place {
            name: "resolve_task result",
            rule: Rule::Bytes(0, 65_536),
            make: |result| resolve(Resolution::Completed { result: Some(result) }),
            read: |engine| owned(engine.app(APP)?.task(task(1))?.result()),
        },
        Place {
            name: "resolve_task code",
            rule: Rule::Bytes(1, 65_536),
            make: |code| resolve(Resolution::Failed { code, message: "m".into() }),
            read: |engine| owned(engine.app(APP)?.task(task(1))?.error().map(|(code, _)| code)),
        },
        Place {
            name: "resolve_task message",
            rule: Rule::Bytes(1, 65_536),
            make: |message| resolve(Resolution::Failed { code: "c".into(), message }),
            read: |engine| owned(engine.app(APP)?.task(task(1))?.error().map(|(_, message)| message)),
        },
    ]
}

fn of_records() -> Vec<Place> {
    let (optional, required) = (Rule::Chars(0, 255), Rule::Chars(1, 255));
    vec![
        Place {
            name: "account id",
            rule: required,
            make: |id| accounts(Account { id, ..account("") }),
            read: |engine| owned(last(engine, "account").map(|record| record.id())),
        },
        Place {
            name: "username",
            rule: required,
            make: |text| accounts(Account { username: Some(text), ..account("u1") }),
            read: |engine| owned(last(engine, "account")?.username()),
        },
        Place {
            name: "first_name",
            rule: optional,
            make: |text| accounts(Account { first_name: Some(text), ..account("u1") }),
            read: |engine| owned(last(engine, "account")?.first_name()),
        },
        Place {
            name: "last_name",
            rule: optional,
            make: |text| accounts(Account { last_name: Some(text), ..account("u1") }),
            read: |engine| owned(last(engine, "account")?.last_name()),
        },
        Place {
            name: "display_name",
            rule: optional,
            make: |text| accounts(Account { display_name: Some(text), ..account("u1") }),
            read: |engine| owned(last(engine, "account")?.display_name()),
        },
        Place {
            name: "group id",
            rule: required,
            make: |id| groups(Group { id, ..group("", "Name") }),
            read: |engine| owned(last(engine, "team").map(|record| record.id())),
        },
        Place {
            name: "group name",
            rule: required,
            make: |name| groups(Group { name, ..group("g1", "") }),
            read: |engine| owned(last(engine, "team")?.name()),
        },
        Place {
            name: "description",
            rule: Rule::Chars(0, 4_096),
            make: |text| groups(Group { description: Some(text), ..group("g1", "Name") }),
            read: |engine| owned(last(engine, "team")?.description()),
        },
        Place {
            name: "reference id",
            rule: required,
            make: |id| {
                let memberships = vec![ReferenceList::new("team", [Reference { id, name: None }])];
                accounts(Account { memberships, ..account("u1") })
            },
            read: |engine| owned(last(engine, "team").map(|record| record.id())),
        },
        Place {
            name: "reference name",
            rule: optional,
            make: |name| accounts(member("u1", [Reference::new("g1").with_name(name)])),
            read: |engine| owned(last(engine, "team")?.name()),
        },
        Place {
            name: "attribute text",
            rule: Rule::Chars(0, 1_024),
            make: |text| {
                let attributes = Some(vec![Attribute::new("a", text)]);
                accounts(Account { attributes, ..account("u1") })
            },
            read: |engine| match last(engine, "account")?.attributes().next()?.1 {
                headcount::AttributeView::Text(text) => Some(text.to_owned()),
                other => panic!("{other:?}"),
            },
        },
        Place {
            name: "text in a list of an attribute",
            rule: Rule::Chars(1, 1_024),
            make: |text| {
                let attributes = Some(vec![Attribute::new("a", AttributeValue::texts([text]))]);
                accounts(Account { attributes, ..account("u1") })
            },
            read: |engine| match last(engine, "account")?.attributes().next()?.1 {
                headcount::AttributeView::Texts(mut texts) => owned(texts.next()),
                other => panic!("{other:?}"),
            },
        },
        Place {
            name: "attribute name",
            rule: Rule::Chars(1, 100),
            make: |name| {
                let attributes = Some(vec![Attribute { name, value: Some(true.into()) }]);
                accounts(Account { attributes, ..account("u1") })
            },
            read: |engine| Some(last(engine, "account")?.attributes().next()?.0.to_owned()),
        },
    ]
}

/// An engine with a task that is to be done.
fn engine() -> Engine {
    let mut engine = small::engine(Config::new());
    engine
        .create_task(NOW, APP, task(1), &NewTask::new(TaskAction::CreateAccount, "account"))
        .expect("a task");
    engine
}

/// What is printed of a text stays on its line, and is short.
fn assert_harmless(error: &Error, what: &str) {
    let told = error.to_string();
    let is_unseen = |char: char| char.is_control() || ('\u{2028}'..='\u{202e}').contains(&char);
    assert!(told.len() <= 1_000 && !told.contains(is_unseen), "{what}: {told:?}");
}

fn assert_kept_or_refused(place: &Place, text: &str) {
    let Place { name, rule, make, read } = place;
    let what = || format!("{name}: {:?} of {} bytes", text.chars().take(20).collect::<String>(), text.len());
    let mut engine = engine();
    let before = whole(&engine);
    // An empty text counts as absent, where one may be.
    let kept = if text.is_empty() { read(&engine).unwrap_or_default() } else { text.to_owned() };
    match engine.apply(NOW, &make(text.to_owned().into())) {
        Ok(_) => {
            assert!(rule.is_kept_by(text), "{}", what());
            let loaded = small::reload(&engine, Config::new());
            for engine in [&engine, &loaded] {
                assert_eq!(read(engine).unwrap_or_default(), kept, "{}", what());
                engine.check_invariants().expect("every rule");
            }
        }
        Err(error) => {
            assert!(!rule.is_kept_by(text), "{}: {error}", what());
            assert_harmless(&error, &what());
            assert_eq!(whole(&engine), before, "{}", what());
        }
    }
}

#[test]
fn each_text_is_kept_to_the_last_byte_or_refused_whole() {
    let places = [of_arguments(), of_tasks(), of_records()];
    for place in places.into_iter().flatten() {
        for text in ODD {
            assert_kept_or_refused(&place, text);
        }
        for text in ["", "\0", "a\0b", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
            assert_kept_or_refused(&place, text);
        }
        for text in place.rule.at_the_limit() {
            assert_kept_or_refused(&place, &text);
            // A NUL is found wherever it stands.
            assert_kept_or_refused(
                &place,
                &format!("{}\0", text.chars().take(text.chars().count() / 2).collect::<String>()),
            );
        }
        assert_kept_or_refused(&place, &"€".repeat(10_000_000 / 3));
    }
}

/// An address has one `@` with something on both sides, and neither blanks nor control characters.
#[test]
fn an_address_with_anything_odd_is_kept_exactly_or_refused() {
    let (mut kept, mut refused) = (0, 0);
    for odd in ODD {
        for email in [format!("{odd}@example.org"), format!("a@{odd}"), odd.to_string()] {
            let mut engine = engine();
            let before = whole(&engine);
            let is_odd = |char: char| char.is_whitespace() || char.is_control();
            let both = email.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
            let is_fine = both && !email.contains(is_odd) && email.matches('@').count() == 1;
            let sent = Account { email: Some(email.clone().into()), ..account("u1") };
            match engine.apply(NOW, &accounts(sent)) {
                Ok(_) => {
                    assert!(is_fine, "{email:?}");
                    assert_eq!(last(&engine, "account").and_then(|record| record.email()), Some(&*email));
                    kept += 1;
                }
                Err(error) => {
                    assert!(!is_fine, "{email:?}: {error}");
                    assert_harmless(&error, &email);
                    assert_eq!(whole(&engine), before);
                    refused += 1;
                }
            }
        }
    }
    assert!(kept > 50 && refused > 50, "{kept} kept, {refused} refused");
}

/// A text that names something is compared exactly: what looks like it names nothing.
#[test]
fn a_text_that_names_something_names_nothing_else() {
    let mut engine = engine();
    let all: Vec<String> = ODD.iter().flat_map(|odd| [odd.to_string(), format!("{odd}{odd}")]).collect();
    for ids in all.chunks(100) {
        let page = Page::accounts(ids.iter().map(|id| account(id)));
        let outcome = small::push(&mut engine, &page).expect("a page");
        assert_eq!(outcome.created as usize, ids.len(), "each is an id of its own");
    }
    let loaded = small::reload(&engine, Config::new().with_hash_key([3; 16]));
    for engine in [&engine, &loaded] {
        let app = engine.app(APP).expect("the app");
        for id in &all {
            assert_eq!(app.record("account", id).map(|record| record.id()), Some(&**id));
        }
        for other in
            ["E\u{301}", "e\u{301}\u{301}", "k", "fi", "SS", "a", "\u{feff}", "x\u{feff}", "", "NULL"]
        {
            assert!(app.record("account", other).is_none(), "{other:?}");
        }
    }
    // And a slug that nobody could register is not found, and told harmlessly.
    for odd in ODD.iter().copied().chain(["", "\0", &"x".repeat(10_000_000)]) {
        let before = whole(&engine);
        let error = engine.push_page(NOW, APP, SESSION, odd, &Page::groups([])).expect_err("no such type");
        assert_eq!(error.code(), "resource_type_not_found", "{odd:?}");
        assert_harmless(&error, "a slug");
        assert!(engine.app(APP).is_some_and(|app| app.resource_type(odd).is_none()));
        for error in [
            engine.erase_record(NOW, APP, "account", &format!("{odd}\0")).expect_err("no such record"),
            engine.deactivate_records(NOW, APP, "account", &[format!("{odd}\0")]).expect_err("no id"),
        ] {
            assert_harmless(&error, "an id");
        }
        assert_eq!(whole(&engine), before);
    }
}

#[test]
fn a_million_references_in_one_account_are_one_fault_that_tells_how_many() {
    const MANY: usize = 1_000_000;
    let mut engine = engine();
    let before = whole(&engine);
    let page = Page::accounts([member("u1", vec![Reference::new("g1"); MANY])]);
    let faults = |error: Error| match error {
        Error::PageFaults { faults, faults_total: 1, .. } => faults,
        other => panic!("{other}"),
    };
    let strict = faults(small::push(&mut engine, &page).expect_err("too many"));
    assert_eq!(strict[0].code, FaultCode::TooManyReferences);
    assert_eq!(strict[0].found, "1000000 references");
    let delta = engine.upsert_records(NOW, APP, "account", &page).expect_err("too many");
    assert_eq!(faults(delta), strict);
    assert_eq!(whole(&engine), before);
    let lenient = small::push_leniently_in(&mut engine, SESSION, &page).expect("a page");
    assert_eq!((lenient.rejected, lenient.faults), (1, strict));
    engine.check_invariants().expect("every rule");
}
