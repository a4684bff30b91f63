//! What the refusal of a page tells (SPEC 3.5): the id, the place, how many, and nothing that a sender could
//! use to write into somebody's log.

use headcount::{
    Account, AppUpdate, Command, Completion, Engine, Error, Fault, FaultCode, Kind, Limits, NewResourceType,
    NewTask, Page, ReferenceList, Resolution, ResourceTypeId, ResourceTypeUpdate, Scope, TaskAction, Uuid,
};
use headcount_testing::random;
use headcount_testing::small::{self, APP, NOW, SESSION, account, config, group, parsed, parsed_under, push};

/// The faults that a page is refused for, and how many there are in all.
fn faults(engine: &mut Engine, page: &Page<'_>) -> (Vec<Fault>, u64) {
    match push(engine, page) {
        Err(Error::PageFaults { faults, faults_total, .. }) => (faults, faults_total),
        other => panic!("{other:?}"),
    }
}

fn ids(engine: &mut Engine, page: &Page<'_>) -> Vec<Option<String>> {
    faults(engine, page).0.into_iter().map(|fault| fault.id).collect()
}

#[test]
fn a_fault_gives_the_id_whole_within_the_limit_and_its_beginning_beyond() {
    for char in ["a", "é", "𝄞"] {
        for length in [1, 64, 65, 254, 255] {
            let mut engine = small::engine(config(|_| {}));
            let id = char.repeat(length);
            let faulty = Account { email: Some("no email".into()), ..account(&id) };
            assert_eq!(ids(&mut engine, &Page::accounts([faulty])), [Some(id.clone())], "{length}");
            let twice = Page::groups([group(&id, "Name"), group(&id, "Name")]);
            assert_eq!(ids(&mut engine, &twice), [Some(id)], "of a business rule too");
        }
        for length in [256, 500] {
            let mut engine = small::engine(config(|_| {}));
            let beginning = format!("{}…", char.repeat(64));
            let page = Page::groups([group(&char.repeat(length), "")]);
            assert_eq!(ids(&mut engine, &page), vec![Some(beginning); 2], "of the id, and of the name");
        }
    }
}

#[test]
fn the_limit_that_a_faults_id_is_cut_at_is_the_configured_one() {
    let mut engine = small::engine(config(|limits| limits.id_chars_max = 70));
    let cut = format!("{}…", "a".repeat(64));
    for (length, told) in [(70, "a".repeat(70)), (71, cut)] {
        let page = Page::groups([group(&"a".repeat(length), "a\0")]);
        assert!(ids(&mut engine, &page).iter().all(|id| id.as_ref() == Some(&told)), "{length}");
    }
}

#[test]
fn a_record_without_a_usable_id_has_none() {
    let mut engine = small::engine(config(|_| {}));
    for record in
        ["{}", r#"{"id": ""}"#, r#"{"id": null}"#, r#"{"id": "a\u0000"}"#, r#"{"id": 7}"#, "null", "[]", "7"]
    {
        let body = format!(r#"{{"records": [{record}]}}"#);
        let page = parsed(Kind::Account, &body);
        let ids = ids(&mut engine, &page);
        assert!(!ids.is_empty() && ids.iter().all(Option::is_none), "{record}: {ids:?}");
    }
}

/// A fault as it is told: record, path, code, what was found, what was expected.
fn told(fault: &Fault) -> (u32, &str, &str, &str, &str) {
    (fault.index, &fault.field, fault.code.as_str(), &fault.found, &fault.expected)
}

#[test]
fn wrong_types_are_told_beside_all_other_faults_in_the_order_of_records() {
    let body = r#"{"records": [
        {"id": 7, "email": "a@b", "memberships": {"team": "x", "nosuch": [1, {"id": 2, "name": []}, {"id": "g", "name": true}]}},
        {"id": "u1", "username": "x"},
        null,
        {"id": "u2", "email": ["a@b"], "status": false, "memberships": [], "assignments": {"seat": [{"id": ""}, "s1"]}},
        {"id": "u2", "email": "no", "username": 1, "first_name": {}, "last_name": 1.5, "display_name": null},
        {"id": "u3", "username": {}, "assignments": {"team": {}}}
    ]}"#;
    let mut engine = small::engine(config(|_| {}));
    let before = engine.digest();
    let (faults, total) = faults(&mut engine, &parsed(Kind::Account, body));
    let text =
        "at most 255 characters, one @ with something on both sides, no whitespace or control characters";
    let list = "a list of references";
    let expected = [
        (0, "id", "wrong_type", "a number", "a text"),
        (0, "memberships.team", "wrong_type", "a text", list),
        (0, "memberships.nosuch", "unknown_resource_type", "\"nosuch\"", "the slug of a group type"),
        (0, "memberships.nosuch[0]", "wrong_type", "a number", "an object with an id"),
        (0, "memberships.nosuch[1].id", "wrong_type", "a number", "a text"),
        (0, "memberships.nosuch[1].name", "wrong_type", "a list", "a text"),
        (0, "memberships.nosuch[2].name", "wrong_type", "a boolean", "a text"),
        (2, "", "wrong_type", "null", "an object"),
        (3, "email", "wrong_type", "a list", "a text"),
        (3, "status", "wrong_type", "a boolean", "a text"),
        (3, "memberships", "wrong_type", "a list", "a map from slugs to lists of references"),
        (3, "assignments.seat[0].id", "required", "nothing", "1 to 255 characters, no NUL"),
        (3, "assignments.seat[1]", "wrong_type", "a text", "an object with an id"),
        (4, "id", "duplicate_id", "\"u2\"", "each id once in a page"),
        (4, "email", "invalid_email", "\"no\"", text),
        (4, "username", "wrong_type", "a number", "a text"),
        (4, "first_name", "wrong_type", "a map", "a text"),
        (4, "last_name", "wrong_type", "a number", "a text"),
        (5, "username", "wrong_type", "a map", "a text"),
        (
            5,
            "assignments.team",
            "wrong_kind",
            "the slug of a type of kind group",
            "the slug of a license type",
        ),
        (5, "assignments.team", "wrong_type", "a map", list),
    ];
    assert_eq!(faults.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(total, expected.len() as u64);
    assert_eq!((engine.digest(), engine.changes().len()), (before, 0), "the page is refused whole");
    let group = r#"{"records": [{"id": ["g"], "name": 0, "description": {}}]}"#;
    let (faults, _) = self::faults(&mut engine, &parsed(Kind::Group, group));
    let found = [("id", "a list"), ("name", "a number"), ("description", "a map")];
    let expected = found.map(|(field, found)| (0, field, "wrong_type", found, "a text"));
    assert_eq!(faults.iter().map(told).collect::<Vec<_>>(), expected);
}

/// Each place of a record: its path, and the types of values that belong there, of which null counts as absent.
fn places(kind: Kind) -> Vec<(&'static str, &'static str, &'static [Type])> {
    const TEXT: &[Type] = &[Type::Null, Type::Text];
    const MAP: &[Type] = &[Type::Null, Type::Map];
    const LIST: &[Type] = &[Type::Null, Type::List];
    const OBJECT: &[Type] = &[Type::Map];
    if kind != Kind::Account {
        return vec![
            ("$", "", OBJECT),
            (r#"{"name": "x", "id": $}"#, "id", TEXT),
            (r#"{"id": "r", "name": $}"#, "name", TEXT),
            (r#"{"id": "r", "name": "x", "description": $}"#, "description", TEXT),
        ];
    }
    vec![
        ("$", "", OBJECT),
        (r#"{"username": "x", "id": $}"#, "id", TEXT),
        (r#"{"id": "r", "username": "x", "email": $}"#, "email", TEXT),
        (r#"{"id": "r", "email": "a@b", "username": $}"#, "username", TEXT),
        (r#"{"id": "r", "username": "x", "first_name": $}"#, "first_name", TEXT),
        (r#"{"id": "r", "username": "x", "last_name": $}"#, "last_name", TEXT),
        (r#"{"id": "r", "username": "x", "display_name": $}"#, "display_name", TEXT),
        (r#"{"id": "r", "username": "x", "status": $}"#, "status", TEXT),
        (r#"{"id": "r", "username": "x", "memberships": $}"#, "memberships", MAP),
        (r#"{"id": "r", "username": "x", "assignments": $}"#, "assignments", MAP),
        (r#"{"id": "r", "username": "x", "memberships": {"team": $}}"#, "memberships.team", LIST),
        (r#"{"id": "r", "username": "x", "assignments": {"seat": $}}"#, "assignments.seat", LIST),
        (
            r#"{"id": "r", "username": "x", "memberships": {"team": [{"id": "g"}, $]}}"#,
            "memberships.team[1]",
            OBJECT,
        ),
        (
            r#"{"id": "r", "username": "x", "memberships": {"team": [{"id": $}]}}"#,
            "memberships.team[0].id",
            TEXT,
        ),
        (
            r#"{"id": "r", "username": "x", "assignments": {"seat": [{"id": "s", "name": $}]}}"#,
            "assignments.seat[0].name",
            TEXT,
        ),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Map,
}

const VALUES: [(Type, &str); 8] = [
    (Type::Null, "null"),
    (Type::Boolean, "true"),
    (Type::Number, "7"),
    (Type::Number, "-1.5e3"),
    (Type::Text, r#""\u0061 text""#),
    (Type::List, "[]"),
    (Type::List, r#"[{"id": "g"}, "x"]"#),
    (Type::Map, r#"{"id": "g", "team": [7]}"#),
];

/// SPEC 1, wrong types: at each place a value of each type, between records with which nothing is wrong.
#[test]
fn a_value_of_a_wrong_type_is_a_fault_of_its_record_at_each_place_and_in_both_modes() {
    let mut tried = 0;
    for kind in [Kind::Account, Kind::Group, Kind::License] {
        for (record, field, right) in places(kind) {
            for (_, value) in VALUES.iter().filter(|(of, _)| !right.contains(of)) {
                is_one_fault(kind, &record.replace('$', value), field);
                tried += 1;
            }
        }
    }
    assert!(tried > 120, "{tried} places and values");
}

/// Refused in strict mode; in lenient mode rejected alone, and retained where its id can be read.
fn is_one_fault(kind: Kind, record: &str, field: &str) {
    let good = |id: &str| format!(r#"{{"id": "{id}", "name": "x", "username": "x"}}"#);
    let body = format!(r#"{{"records": [{}, {record}, {}]}}"#, good("before"), good("behind"));
    let page = parsed(kind, &body);
    let mut engine = small::engine(config(|_| {}));
    let on_record = format!(r#"{{"records": [{}]}}"#, good("r"));
    let _ = push(&mut engine, &parsed(kind, &on_record)).expect("a page");
    let (faults, total) = self::faults(&mut engine, &page);
    let fault = &faults[0];
    assert_eq!((total, fault.index, &*fault.field), (1, 1, field), "{kind} {record}: {faults:?}");
    assert_eq!(fault.code.as_str(), "wrong_type", "{kind} {record}");
    let id = Some("r").filter(|_| !["", "id"].contains(&field));
    assert_eq!(fault.id.as_deref(), id, "{kind} {record}");

    let outcome = small::push_leniently_in(&mut engine, SESSION, &page).expect("a page");
    assert_eq!((outcome.faults, outcome.faults_total), (faults, 1), "those of strict mode");
    assert_eq!((outcome.page.created, outcome.rejected), (2, 1), "{kind} {record}");
    assert_eq!(outcome.retained, u32::from(id.is_some()), "{kind} {record}");
    engine.check_invariants().expect("every rule");
}

/// A body of accounts, with faults of all kinds at places that these bytes choose.
fn a_faulty_body(bytes: &[u8]) -> String {
    const TEXTS: [&str; 6] = [r#""a@b""#, r#""""#, "null", "7", r#""a\u0000""#, "[{}]"];
    const REFERENCES: [&str; 8] = [
        r#"{"id": "g1"}"#,
        r#"{"id": "g2", "name": "Name"}"#,
        "{}",
        "1",
        r#"{"id": 1, "name": 2}"#,
        r#"{"id": "", "name": {}}"#,
        r#"{"id": "\u0000", "name": "a\u0000"}"#,
        "null",
    ];
    const VALUES: [&str; 8] =
        ["1", r#""x""#, "null", "1.5", r#"["x", ""]"#, r#"["x", null]"#, "{}", r#""a\u0000""#];
    let mut bytes = bytes.iter().copied();
    let mut below = |bound: usize| usize::from(bytes.next().unwrap_or(0)) % bound;
    let records = (0..4).map(|_| {
        let (id, email, status) = (TEXTS[below(6)], TEXTS[below(6)], TEXTS[below(4)]);
        let map = |below: &mut dyn FnMut(usize) -> usize| {
            let lists: Vec<String> = (0..below(3))
                .map(|_| {
                    let slug = ["team", "seat", "nosuch"][below(3)];
                    let references: Vec<_> = (0..below(7)).map(|_| REFERENCES[below(8)]).collect();
                    let list = format!("[{}]", references.join(","));
                    format!(r#""{slug}": {}"#, if below(5) == 0 { "true" } else { &*list })
                })
                .collect();
            if below(9) == 0 { "[]".to_owned() } else { format!("{{{}}}", lists.join(",")) }
        };
        let (memberships, assignments) = (map(&mut below), map(&mut below));
        let values = (0..below(6)).map(|_| format!(r#""{}": {}"#, ["a", "b", ""][below(3)], VALUES[below(8)]));
        let values = values.collect::<Vec<_>>().join(",");
        let attributes = if below(9) == 0 { "7".to_owned() } else { format!("{{{values}}}") };
        format!(
            r#"{{"id": {id}, "email": {email}, "status": {status}, "memberships": {memberships}, "assignments": {assignments}, "attributes": {attributes}}}"#
        )
    });
    format!(r#"{{"records": [{}]}}"#, records.collect::<Vec<_>>().join(","))
}

#[test]
fn the_total_of_faults_is_exact_and_the_list_a_beginning_however_few_are_listed() {
    let mut most = 0;
    for seed in 0..200 {
        let body = a_faulty_body(&random::bytes(seed, 200));
        for references_max in [5, 1_000] {
            let under = |listed_max| {
                let config = config(|limits| {
                    limits.references_per_account_max = references_max;
                    limits.faults_listed_max = listed_max;
                });
                let page = parsed_under(config.limits(), Kind::Account, &body);
                push(&mut small::engine(config), &page)
            };
            let Err(Error::PageFaults { faults, faults_total, malformed }) = under(1_000) else { continue };
            assert_eq!(faults.len() as u64, faults_total);
            assert_eq!(malformed, faults.iter().any(|fault| fault.code.is_malformed()));
            most = most.max(faults.len());
            for listed_max in 1..=12 {
                let listed = faults.iter().take(listed_max as usize).cloned().collect();
                let expected = Error::PageFaults { faults: listed, faults_total, malformed };
                assert_eq!(under(listed_max), Err(expected), "{listed_max} of {body}");
            }
        }
    }
    assert!(most > 20, "the bodies are not as faulty as they should be: {most}");
}

/// Texts that end a line, colour it, or turn it around.
const NASTY: [&str; 12] = [
    "a\nERROR forged",
    "a\r\nb",
    "\u{1b}[31mred",
    "\u{9b}31mred",
    "\u{7}\u{7f}",
    "\u{85}next line",
    "\u{2028}line",
    "\u{2029}paragraph",
    "\u{202e}desrever",
    "\u{2066}isolated\u{2069}",
    "\u{200f}mark\u{61c}",
    "\u{feff}\u{200b}unseen",
];

fn assert_printable(text: &str, of: &str) {
    let is_bidi = |char| matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_bad = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') || is_bidi(char);
    assert!(!text.contains(is_bad), "of {of:?}: {text:?}");
}

/// Pages and commands that are refused, with a nasty text in every place that a sender can choose.
fn refused_with(nasty: &'static str) -> Vec<Command<'static>> {
    let long = || format!("{nasty}{}", "x".repeat(70_000));
    let push = |page: Page<'static>, slug: &'static str| Command::PushPage {
        app_id: APP,
        session_id: SESSION,
        slug: slug.into(),
        page,
    };
    let pushed = |account: Account<'static>| push(Page::accounts([account]), "account");
    let list = |slug: &'static str, id: &'static str| vec![ReferenceList::new(slug, [id])];
    let resource_type_id = ResourceTypeId(Uuid::from_u128(9));
    let new_type = |slug: String, name: String| NewResourceType::new(slug, name, Kind::Group);
    vec![
        pushed(Account { memberships: list(nasty, "g"), ..account(nasty) }),
        pushed(Account { memberships: list(nasty, ""), ..account("u1") }),
        pushed(Account { assignments: list("seat", long().leak()), ..account(nasty) }),
        pushed(Account { status: Some(nasty.into()), email: Some(nasty.into()), ..account("u1") }),
        pushed(Account { first_name: Some(long().into()), ..account(&long()) }),
        push(Page::groups([group(nasty, "Name"), group(nasty, "Name")]), "team"),
        push(Page::groups([group("g1", &long())]), "team"),
        push(Page::groups([]), nasty),
        Command::StartSession { app_id: APP, session_id: small::session(9), scope: Scope::types([nasty]) },
        Command::RegisterResourceType {
            app_id: APP,
            resource_type_id,
            new: new_type(nasty.into(), "x".into()),
        },
        Command::RegisterResourceType { app_id: APP, resource_type_id, new: new_type("x".into(), long()) },
        Command::UpdateResourceType {
            app_id: APP,
            slug: "team".into(),
            update: ResourceTypeUpdate::default().with_slug(nasty),
        },
        Command::UpdateResourceType {
            app_id: APP,
            slug: nasty.into(),
            update: ResourceTypeUpdate::default(),
        },
        Command::UpdateApp { app_id: APP, update: AppUpdate::default().with_name(long()) },
        Command::CreateApp { app_id: small::app(9), name: long().into(), clone_from: None },
        Command::FailSession { app_id: APP, session_id: SESSION, reason: long().into() },
        Command::CreateTask {
            app_id: APP,
            task_id: small::task(9),
            new: NewTask::new(TaskAction::CreateAccount, nasty),
        },
        Command::CreateTask {
            app_id: APP,
            task_id: small::task(9),
            new: NewTask::new(TaskAction::CreateAccount, "account").with_payload(long()),
        },
        Command::ResolveTask {
            app_id: APP,
            task_id: small::task(1),
            resolution: Resolution::Failed { code: long().into(), message: "m".into() },
        },
    ]
}

#[test]
fn what_an_error_prints_holds_no_line_break_escape_code_or_change_of_direction_of_the_sender() {
    let mut engine = small::engine(config(|_| {}));
    let task = NewTask::new(TaskAction::CreateAccount, "account");
    engine.create_task(NOW, APP, small::task(1), &task).expect("a task");
    for nasty in NASTY {
        for command in refused_with(nasty) {
            let error = engine.apply(NOW, &command).expect_err("an error");
            assert_printable(&error.to_string(), nasty);
            match error {
                Error::PageFaults { faults, .. } => {
                    for fault in faults {
                        assert_printable(&fault.field, nasty);
                        assert_printable(&fault.found, nasty);
                        assert_printable(&fault.to_string(), nasty);
                    }
                }
                Error::InvalidArgument { field, found, .. } => {
                    assert_printable(&field, nasty);
                    assert_printable(&found, nasty);
                }
                _ => {}
            }
        }
        let error = nasty.parse::<Kind>().expect_err("no kind");
        assert_printable(&error.to_string(), nasty);
    }
    // The text is told all the same: an escape, and not a gap.
    let page =
        Page::accounts([Account { memberships: vec![ReferenceList::new(NASTY[0], ["g"])], ..account("u1") }]);
    assert_eq!(faults(&mut engine, &page).0[0].field, r"memberships.a\nERROR forged");
    let _ = engine.complete_session(NOW, APP, SESSION, Completion::GUARDED).expect("in progress");
}

/// The limits of a parser may be lower than the engine's: what it dropped is refused all the same.
#[test]
fn a_page_parsed_under_lower_limits_is_refused_for_what_was_dropped() {
    let references: Vec<String> = (0..5).map(|id| format!(r#"{{"id": "g{id}"}}"#)).collect();
    let body = format!(
        r#"{{"records": [{{"id": "u1", "username": "x", "memberships": {{"team": [{}]}}}}]}}"#,
        references.join(",")
    );
    let mut lower = Limits::default();
    lower.references_per_account_max = 4;
    let mut engine = small::engine(config(|_| {}));
    let (faults, total) = faults(&mut engine, &parsed_under(&lower, Kind::Account, &body));
    assert_eq!((faults[0].code.as_str(), total), ("too_many_references", 1));
    assert_eq!(push(&mut engine, &parsed(Kind::Account, &body)).map(|outcome| outcome.created), Ok(1));
}

/// However low the limit on texts is: a status is one of three words, and no text of somebody's own.
#[test]
fn a_status_that_there_is_is_never_too_long() {
    let low = config(|limits| limits.text_chars_max = 4);
    let mut engine = small::reload(&small::engine(config(|_| {})), low);
    let mut pushed = |status: &'static str| {
        let account = Account { status: Some(status.into()), ..account("u1") };
        push(&mut engine, &Page::accounts([account]))
    };
    for status in ["active", "inactive", "suspended"] {
        assert_eq!(pushed(status).map(|outcome| outcome.total), Ok(1), "{status}");
    }
    for (status, expected) in [("gone", FaultCode::InvalidStatus), ("deactivated", FaultCode::TooLong)] {
        let Err(Error::PageFaults { faults, .. }) = pushed(status) else { panic!("{status} is none") };
        let found: Vec<_> = faults.iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
        assert_eq!(found, [("status", expected)], "{status}");
    }
}
