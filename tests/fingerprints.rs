//! Pages that are known by their fingerprints (SPEC 3.9): a repeat does what a push of the page would do, or
//! nothing.

use headcount::{
    Account, Command, Config, Engine, Error, Fingerprint, Kind, Page, PageOutcome, Reference, ReferenceList,
    ResourceTypeUpdate, Scope, SessionId, Timestamp,
};
use headcount_testing::small::{
    self, APP, NOW, SESSION, account, app, complete, config, group, member, push, push_in, reload, saved,
    session,
};
use headcount_testing::{fuzz, random};
use serde_json::json;

const F1: Fingerprint = Fingerprint(1);
const F2: Fingerprint = Fingerprint(2);

fn repeat_as(
    engine: &mut Engine,
    slug: &str,
    id: SessionId,
    page: Fingerprint,
) -> Result<PageOutcome, Error> {
    engine.repeat_page(NOW, APP, id, slug, page)
}

/// Whether the page is repeated as one of accounts, in a session that is opened for it.
fn is_known(engine: &mut Engine, fingerprint: Fingerprint) -> bool {
    is_known_as(engine, "account", fingerprint)
}

fn is_known_as(engine: &mut Engine, slug: &str, fingerprint: Fingerprint) -> bool {
    let (id, before) = (open_session(engine), engine.digest());
    let is_remembered = engine.remembers_page(APP, slug, fingerprint);
    match repeat_as(engine, slug, id, fingerprint) {
        Ok(outcome) => {
            assert_eq!((outcome.unchanged, outcome.updated), (outcome.total, outcome.total));
            assert!(is_remembered);
            assert_eq!(engine.changes().len(), 0, "nothing but the session's progress changes");
            true
        }
        Err(error) => {
            assert!(!is_remembered);
            assert_eq!(error, Error::PageMustBePushed { slug: slug.to_owned(), fingerprint });
            assert_eq!(engine.digest(), before, "what is refused leaves no trace");
            false
        }
    }
}

/// The app's open session, or one that is opened.
fn open_session(engine: &mut Engine) -> SessionId {
    let app = engine.app(APP).expect("an app");
    if let Some(open) = app.sessions().next_back().filter(|session| !session.status().has_ended()) {
        return open.id();
    }
    let next = session(app.session_count() as u128 + 100);
    engine.start_session(NOW, APP, next, &Scope::All).expect("a session");
    next
}

fn page() -> Page<'static> {
    Page::accounts([member("u1", ["g1"]), member("u2", ["g1", "g2"])])
}

/// An engine that knows [`page`] as `F1`, and the page of its two teams as `F2`.
fn engine() -> Engine {
    let mut engine = small::engine(Config::new());
    let outcome = push(&mut engine, &page().with_fingerprint(F1)).expect("a page");
    assert_eq!((outcome.created, outcome.placeholders), (2, 2));
    let teams = Page::groups([group("g1", "One"), group("g2", "Two")]);
    assert_eq!(push(&mut engine, &teams.with_fingerprint(F2)).expect("a page").filled, 2);
    engine
}

/// What is done to an engine that knows the page; whether it still does.
#[track_caller]
fn assert_after(is_expected: bool, act: impl FnOnce(&mut Engine)) {
    let mut engine = engine();
    assert!(is_known(&mut engine, F1), "it is known before");
    act(&mut engine);
    engine.check_invariants().expect("every rule");
    assert_eq!(is_known(&mut engine, F1), is_expected);
    let mut engine = reload(&engine, Config::new().with_hash_key([5; 16]));
    assert_eq!(is_known(&mut engine, F1), is_expected, "after save and load");
}

fn update_type(engine: &mut Engine, slug: &str, update: &ResourceTypeUpdate<'_>) {
    engine.update_resource_type(NOW, APP, slug, update).expect("an update");
}

#[test]
fn a_page_is_repeated_in_any_session_until_one_of_its_records_changes() {
    assert_after(true, |engine| {
        assert_eq!(complete(engine, SESSION, NOW), 0);
        engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
        assert_eq!(repeat_as(engine, "account", session(2), F1).map(|outcome| outcome.unchanged), Ok(2));
        engine.abandon_session(NOW, APP, session(2)).expect("in progress");
    });
    let changed = Account { username: Some("y".into()), ..member("u1", ["g1"]) };
    assert_after(false, |engine| {
        assert_eq!(push(engine, &Page::accounts([changed])).expect("a page").unchanged, 0);
    });
    let other_references = Page::accounts([member("u2", ["g1"])]);
    assert_after(false, |engine| _ = push(engine, &other_references).expect("a page"));
    assert_after(true, |engine| _ = push(engine, &Page::accounts([account("u3")])).expect("a page"));
}

#[test]
fn a_record_that_became_inactive_takes_its_page_along_though_it_comes_back_equal() {
    assert_after(false, |engine| {
        engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
        let _ = push_in(engine, session(2), &Page::accounts([member("u1", ["g1"])])).expect("a page");
        // u2 and both teams.
        assert_eq!(complete(engine, session(2), Timestamp(1)), 3);
        assert!(!is_known_as(engine, "team", F2));
        let id = open_session(engine);
        assert_eq!(push_in(engine, id, &page()).expect("a page").reactivated, 1);
    });
}

#[test]
fn a_page_that_is_confirmed_without_a_fingerprint_stays_known() {
    assert_after(true, |engine| {
        assert_eq!(push(engine, &page()).expect("a page").unchanged, 2);
        // References in another order are equal.
        let other_order = Page::accounts([member("u2", ["g2", "g1"])]);
        assert_eq!(push(engine, &other_order).expect("a page").unchanged, 1);
    });
}

#[test]
fn a_record_belongs_to_the_last_page_with_a_fingerprint_that_named_it() {
    assert_after(false, |engine| {
        let part = Page::accounts([member("u1", ["g1"])]).with_fingerprint(F2);
        assert_eq!(push(engine, &part).expect("a page").unchanged, 1);
        assert!(is_known(engine, F2));
    });
    assert_after(true, |engine| {
        assert_eq!(push(engine, &page().with_fingerprint(F1)).expect("a page").unchanged, 2);
    });
}

#[test]
fn of_two_pages_with_one_fingerprint_the_later_counts() {
    assert_after(true, |engine| {
        let other = Page::accounts([account("u7")]).with_fingerprint(F1);
        assert_eq!(push(engine, &other).expect("a page").created, 1);
        let id = open_session(engine);
        assert_eq!(repeat_as(engine, "account", id, F1).map(|outcome| outcome.total), Ok(1));
    });
    // An empty page is a page, and is not remembered.
    assert_after(false, |engine| {
        let _ = push(engine, &Page::accounts([]).with_fingerprint(F1)).expect("a page");
    });
    // One that is refused was never applied.
    assert_after(true, |engine| {
        push(engine, &Page::accounts([account("")]).with_fingerprint(F1)).expect_err("a fault");
    });
}

#[test]
fn one_fingerprint_under_two_types_is_two_pages() {
    assert_after(true, |engine| {
        assert!(!is_known_as(engine, "team", F1));
        let _ = push(engine, &Page::groups([group("g3", "Three")]).with_fingerprint(F1)).expect("a page");
        assert!(is_known_as(engine, "team", F1));
        let _ = push(engine, &Page::groups([group("g3", "Other")])).expect("a page");
        assert!(!is_known_as(engine, "team", F1));
    });
}

#[test]
fn a_slug_or_a_kind_that_changes_has_all_pages_of_the_clone_group_forgotten() {
    let slug = |slug: &'static str| ResourceTypeUpdate::default().with_slug(slug);
    assert_after(false, |engine| update_type(engine, "team", &slug("squad")));
    // Slugs that are swapped and swapped back.
    assert_after(false, |engine| {
        update_type(engine, "team", &slug("x"));
        update_type(engine, "x", &slug("team"));
    });
    // Through another app of the group, and a type of which there is no record.
    assert_after(false, |engine| {
        engine.create_app(NOW, app(2), "Clone", Some(APP)).expect("a clone");
        let kind = ResourceTypeUpdate::default().with_kind(Kind::Account);
        engine.update_resource_type(NOW, app(2), "seat", &kind).expect("an update");
    });
    assert_after(true, |engine| {
        update_type(engine, "team", &ResourceTypeUpdate::default().with_name("Squad"));
        update_type(engine, "team", &slug("team"));
        update_type(engine, "seat", &ResourceTypeUpdate::default().with_kind(Kind::License));
    });
    // Another clone group.
    assert_after(true, |engine| {
        engine.create_app(NOW, app(2), "Other", None).expect("an app");
        let new = headcount::NewResourceType::new("team", "Team", Kind::Group);
        let id = headcount::ResourceTypeId(headcount::Uuid::from_u128(77));
        engine.register_resource_type(NOW, app(2), id, &new).expect("a type");
        engine.update_resource_type(NOW, app(2), "team", &slug("squad")).expect("an update");
    });
}

/// An empty list names a type, so a page may come to be refused though no record changed.
#[test]
fn a_page_whose_empty_list_names_a_type_that_changed_its_kind_must_be_pushed() {
    let mut engine = small::engine(Config::new());
    let empty = ReferenceList::new("seat", [] as [&str; 0]);
    let page = Page::accounts([Account { assignments: vec![empty], ..account("u1") }]).with_fingerprint(F1);
    assert_eq!(push(&mut engine, &page).expect("a page").created, 1);
    assert!(is_known(&mut engine, F1));
    update_type(&mut engine, "seat", &ResourceTypeUpdate::default().with_kind(Kind::Group));
    assert!(!is_known(&mut engine, F1));
    assert_eq!(push(&mut engine, &page).expect_err("a fault").code(), "page_faults");
}

#[test]
fn a_purge_that_removes_a_record_has_all_pages_of_the_app_forgotten() {
    let with_an_inactive_record = |engine: &mut Engine| {
        let _ = push(engine, &Page::accounts([account("u9")])).expect("a page");
        engine.abandon_session(NOW, APP, SESSION).expect("in progress");
        engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
        for (slug, page) in [("account", F1), ("team", F2)] {
            let _ = repeat_as(engine, slug, session(2), page).expect("a known page");
        }
        assert_eq!(complete(engine, session(2), Timestamp(5)), 1);
    };
    let purge = |engine: &mut Engine, before| {
        engine.purge_inactive(Timestamp(9), APP, Timestamp(before)).expect("a purge").purged
    };
    assert_after(true, |engine| {
        with_an_inactive_record(engine);
        assert_eq!(purge(engine, 5), 0);
    });
    assert_after(false, |engine| {
        with_an_inactive_record(engine);
        assert_eq!(purge(engine, 6), 1);
        assert!(!is_known_as(engine, "team", F2));
    });
}

#[test]
fn a_page_of_groups_that_filled_placeholders_and_one_that_named_them_are_known() {
    let mut engine = small::engine(Config::new());
    let named = Page::accounts([member("u1", [Reference::new("g1").with_name("One")])]).with_fingerprint(F1);
    assert_eq!(push(&mut engine, &Page::accounts([member("u0", ["g1"])])).expect("a page").placeholders, 1);
    let _ = push(&mut engine, &named).expect("a page");
    assert_eq!(small::told(&engine), ["record_created u1", "placeholder_named g1", "reference_added u1 g1"]);
    assert!(is_known(&mut engine, F1));
    let teams = Page::groups([group("g1", "Another")]).with_fingerprint(F2);
    assert_eq!(push(&mut engine, &teams).expect("a page").filled, 1);
    assert!(is_known(&mut engine, F1), "what a reference does to a full record is nothing");
    assert!(is_known_as(&mut engine, "team", F2));
}

#[test]
fn a_reference_to_an_inactive_full_record_leaves_it_so_repeated_or_pushed() {
    let mut engine = engine();
    engine.abandon_session(NOW, APP, SESSION).expect("in progress");
    engine.start_session(NOW, APP, session(2), &Scope::types(["team"])).expect("a session");
    assert_eq!(complete(&mut engine, session(2), Timestamp(1)), 2);
    assert!(!is_known_as(&mut engine, "team", F2));
    assert!(is_known(&mut engine, F1), "the accounts are as they were");
    let id = open_session(&mut engine);
    let _ = push_in(&mut engine, id, &page()).expect("a page");
    let g1 = engine.app(APP).and_then(|app| app.record("team", "g1")).expect("a team");
    assert!(!g1.is_active() && !g1.is_placeholder());
}

#[test]
fn a_page_that_is_repeated_twice_counts_twice_and_its_records_once() {
    let mut engine = engine();
    for _ in 0..2 {
        let _ = repeat_as(&mut engine, "account", SESSION, F1).expect("a known page");
    }
    let session = engine.app(APP).and_then(|app| app.session(SESSION)).expect("a session");
    let counts = session.counts();
    assert_eq!((counts.updated, counts.unchanged), (2 + 4, 4), "the filled teams among the updated");
    let synced: Vec<u64> = session.progress().map(|progress| progress.synced_count).collect();
    assert_eq!(synced, [2, 2, 0]);
}

#[test]
fn of_several_reasons_to_refuse_a_repeat_the_first_of_the_contract_is_told() {
    let mut engine = engine();
    let code = |result: Result<PageOutcome, Error>| result.expect_err("a refusal").code();
    let unknown = Fingerprint(9);
    let remembers = |engine: &Engine, id, slug| engine.remembers_page(id, slug, F1);
    assert!(!remembers(&engine, app(9), "account") && !remembers(&engine, APP, "nosuch"));
    assert_eq!(code(engine.repeat_page(NOW, app(9), session(9), "nosuch", unknown)), "app_not_found");
    assert_eq!(code(repeat_as(&mut engine, "nosuch", session(9), unknown)), "session_not_found");
    engine.abandon_session(NOW, APP, SESSION).expect("in progress");
    assert_eq!(code(repeat_as(&mut engine, "nosuch", SESSION, unknown)), "resource_type_not_found");
    assert_eq!(code(repeat_as(&mut engine, "account", SESSION, unknown)), "wrong_state");
    engine.start_session(NOW, APP, session(2), &Scope::types(["team"])).expect("a session");
    // A page that nobody knows could have faults, which come before the scope.
    assert_eq!(code(repeat_as(&mut engine, "account", session(2), unknown)), "page_must_be_pushed");
    assert_eq!(code(repeat_as(&mut engine, "account", session(2), F1)), "out_of_scope");
    assert!(is_known_as(&mut engine, "team", F2));
}

/// A limit of what a page says, and a page that came before the limit was lowered. Not all of it is on record.
#[test]
fn a_page_beyond_lowered_limits_must_be_pushed_and_is_then_refused() {
    let long_name = Reference::new("g1").with_name("A name that nobody needs");
    let twice = Page::accounts([member("u2", ["g1", "g1", "g1"])]);
    let (f3, f4) = (Fingerprint(3), Fingerprint(4));
    for (page, lowered, code) in [
        (page(), config(|limits| limits.records_per_page_max = 1), "page_too_large"),
        (twice, config(|limits| limits.references_per_account_max = 2), "page_faults"),
        (
            Page::accounts([member("u1", [long_name])]),
            config(|limits| limits.text_chars_max = 9),
            "page_faults",
        ),
    ] {
        let mut engine = engine();
        let page = page.with_fingerprint(f3);
        let _ = push(&mut engine, &page).expect("a page");
        assert!(is_known(&mut engine, f3) && is_known_as(&mut engine, "team", F2));
        let mut engine = reload(&engine, lowered);
        assert!(!is_known(&mut engine, f3) && !is_known_as(&mut engine, "team", F2));
        assert_eq!(push(&mut engine, &page).expect_err("beyond the limit").code(), code);
        // Under the old limits it is known again: nothing changed but what is asked.
        let mut engine = reload(&engine, Config::new());
        assert!(is_known(&mut engine, f3));
        // A page that is taken under the lower limits has the others of its type forgotten.
        let mut engine = reload(&engine, lowered);
        let _ = push(&mut engine, &Page::accounts([account("u9")]).with_fingerprint(f4)).expect("a page");
        assert!(is_known(&mut engine, f4));
        let mut engine = reload(&engine, Config::new());
        assert!(
            !is_known(&mut engine, f3) && is_known(&mut engine, f4) && is_known_as(&mut engine, "team", F2)
        );
    }
}

/// Found by the fuzzer: a push under higher limits notes that the page was held to those.
#[test]
fn a_repeat_under_raised_limits_notes_what_a_push_would_note() {
    let known = engine();
    let raised = config(|limits| limits.text_chars_max = 300);
    let (mut repeated, mut pushed) = (reload(&known, raised), reload(&known, raised));
    assert_eq!(repeat_as(&mut repeated, "account", SESSION, F1).map(|outcome| outcome.unchanged), Ok(2));
    assert_eq!(push(&mut pushed, &page().with_fingerprint(F1)).map(|outcome| outcome.unchanged), Ok(2));
    assert_eq!(repeated.digest(), pushed.digest());
    assert_eq!(saved(&repeated), saved(&pushed));
}

/// An engine that must check what is equal repeats the pages of which it knows that they would be taken.
#[test]
fn a_page_within_lowered_limits_is_repeated_once_it_was_pushed_beside_records_beyond_them() {
    let mut engine = engine();
    let _ = push(&mut engine, &Page::accounts([account("a longer id")])).expect("a page");
    let mut engine = reload(&engine, config(|limits| limits.id_chars_max = 2));
    assert!(!is_known(&mut engine, F1));
    assert_eq!(push(&mut engine, &page().with_fingerprint(F1)).expect("a page").unchanged, 2);
    assert!(is_known(&mut engine, F1));
}

#[test]
fn what_is_remembered_is_in_the_digest_and_forgotten_without_a_trace() {
    let mut plain = small::engine(Config::new());
    let mut known = small::engine(Config::new());
    let _ = push(&mut plain, &page()).expect("a page");
    let _ = push(&mut known, &page().with_fingerprint(F1)).expect("a page");
    assert_ne!(plain.digest(), known.digest());
    let (parts, others) = (plain.digest_parts(), known.digest_parts());
    assert!(parts.rest != others.rest && parts.tables == others.tables, "it is no record");
    assert_eq!(saved(&plain)["remembered"], json!([]));
    assert_eq!(reload(&known, Config::new()).digest(), known.digest());
    for engine in [&mut plain, &mut known] {
        let _ = push(engine, &Page::accounts([account("u1")])).expect("a page");
    }
    assert_eq!(plain.digest(), known.digest());
    assert_eq!(saved(&plain), saved(&known));
}

#[test]
fn a_fingerprint_reads_back_from_text_and_nothing_else_is_one() {
    for number in [0, 1, u128::MAX, 0xfeed << 64] {
        let text = Fingerprint(number).to_string();
        assert_eq!((text.len(), text.parse()), (32, Ok(Fingerprint(number))));
        assert_eq!(serde_json::to_string(&Fingerprint(number)).expect("text"), format!("\"{text}\""));
    }
    for text in ["", "1", &"0".repeat(31), &"0".repeat(33), &format!("+{}", "0".repeat(31)), &"g".repeat(32)]
    {
        let error = text.parse::<Fingerprint>().expect_err(text);
        assert_eq!((error.what, error.expected), ("fingerprint", "32 hexadecimal digits"));
    }
}

#[test]
fn a_repeat_is_a_short_command() {
    let command =
        Command::RepeatPage { app_id: APP, session_id: SESSION, slug: "account".into(), fingerprint: F1 };
    let bytes = postcard::to_allocvec(&command).expect("bytes");
    assert_eq!(bytes.len(), 1 + 2 * 17 + 8 + 16);
}

/// The body of the fuzz target, over histories that come to many repeats.
#[test]
fn an_engine_that_repeats_pages_is_the_same_as_one_that_gets_them_all() {
    let mut tally = fuzz::Repeats::default();
    for seed in 0..600 {
        tally.add(fuzz::repeats(&random::bytes(seed, 700)));
    }
    assert!(tally.repeated > 1_000 && tally.pushed > 1_000 && tally.refused > 100, "{tally:?}");
}

#[test]
fn a_page_that_says_less_than_stays_is_not_remembered() {
    let mut engine = engine();
    engine.start_session(NOW, APP, session(2), &Scope::types(["account"])).expect("a session");
    let less = |fingerprint| Page::accounts([account("u1"), account("u2")]).with_fingerprint(fingerprint);
    let outcome = push_in(&mut engine, session(2), &less(Fingerprint(3))).expect("a page");
    assert_eq!((outcome.unchanged, is_known(&mut engine, Fingerprint(3))), (2, false));
    // What says all is, whatever the scope; until its own fingerprint comes with less.
    assert!(is_known(&mut engine, F1));
    let _ = push_in(&mut engine, session(2), &less(F1)).expect("a page");
    assert!(!is_known(&mut engine, F1));
}
