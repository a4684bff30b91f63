//! An erasure takes one record out, and its marks and whatever leads to it with it (SPEC 2, erase record; 3.9; 8).

use headcount::{
    Account, AppId, Completion, Config, Engine, Error, Fingerprint, Kind, NewResourceType, Page,
    PurgeOutcome, RecordFilter, ResourceTypeId, Scope, SessionId, Timestamp, Uuid,
};
use headcount_testing::small::{
    self, APP, NOW, SESSION, account, app, complete, config, group, member, push, push_in, reload, session,
    told,
};

/// Much later than whatever became inactive.
const LATER: Timestamp = Timestamp(1_000);

fn erase(engine: &mut Engine, slug: &str, id: &str) -> Result<(u64, u64), Error> {
    let outcome = engine.erase_record(LATER, APP, slug, id);
    engine.check_invariants().expect("every rule");
    outcome.map(|PurgeOutcome { purged, references, .. }| (purged, references))
}

fn roll(engine: &mut Engine, number: u128, now: i64, pages: &[Page<'_>]) {
    engine.start_session(NOW, APP, session(number), &Scope::All).expect("a session");
    for page in pages {
        let _ = push_in(engine, session(number), page).expect("a page");
    }
    complete(engine, session(number), Timestamp(now));
}

fn teams(ids: &[&str]) -> Page<'static> {
    Page::groups(ids.iter().map(|id| group(id, "Name")))
}

fn listed(engine: &Engine, slug: &str, filter: RecordFilter) -> Vec<String> {
    let records = engine.app(APP).and_then(|app| app.records(slug, filter)).expect("a type");
    records.map(|record| record.id().to_owned()).collect()
}

fn synced(engine: &Engine, id: SessionId) -> Vec<u64> {
    let session = engine.app(APP).and_then(|app| app.session(id)).expect("a session");
    session.progress().map(|progress| progress.synced_count).collect()
}

/// The accounts u1, u2 and u3 of the teams g1 and g2, of which u2 and u3 became inactive at 5 and g1 at 9. u1 refers to
/// g2, the others to both.
fn engine() -> Engine {
    let mut engine = small::engine(Config::new());
    let stays = || member("u1", ["g2"]);
    let both = ["u2", "u3"].map(|id| member(id, ["g1", "g2"]));
    let all = Page::accounts([vec![stays()], both.to_vec()].concat());
    let _ = push(&mut engine, &all).expect("a page");
    let _ = push(&mut engine, &teams(&["g1", "g2"])).expect("a page");
    complete(&mut engine, SESSION, Timestamp(1));
    roll(&mut engine, 2, 5, &[Page::accounts([stays()]), teams(&["g1", "g2"])]);
    roll(&mut engine, 3, 9, &[Page::accounts([stays()]), teams(&["g2"])]);
    engine
}

#[test]
fn a_record_goes_with_the_references_that_inactive_accounts_hold_to_it() {
    let mut engine = engine();
    assert_eq!(erase(&mut engine, "account", "u3"), Ok((1, 0)));
    assert_eq!(told(&engine), ["record_purged u3"]);
    assert_eq!(erase(&mut engine, "team", "g1"), Ok((1, 1)));
    assert_eq!(told(&engine), ["reference_removed u2 g1", "record_purged g1"]);
    assert_eq!(listed(&engine, "account", RecordFilter::All), ["u1", "u2"]);
    assert_eq!(listed(&engine, "team", RecordFilter::All), ["g2"]);
    let app = engine.app(APP).expect("an app");
    let u2 = app.record("account", "u2").expect("it stays");
    assert!(u2.references().map(|team| team.id()).eq(["g2"]));
    assert_eq!(u2.inactive_since(), Some(Timestamp(5)), "it is as it was but for the reference");
    let missing = Error::RecordNotFound { slug: "account".to_owned(), id: "u3".to_owned() };
    assert_eq!(erase(&mut engine, "account", "u3"), Err(missing), "it went once");
}

/// The time at which it became inactive does not matter, and neither does the present.
#[test]
fn an_erasure_is_the_purge_of_one_record_whenever_it_became_inactive() {
    let (mut erased, mut purged) = (engine(), engine());
    for engine in [&mut erased, &mut purged] {
        for id in ["u2", "u3"] {
            assert_eq!(erase(engine, "account", id), Ok((1, 0)));
        }
    }
    let before = Timestamp(i64::MIN);
    let outcome = erased.erase_record(before, APP, "team", "g1").expect("an erasure");
    assert_eq!(purged.purge_inactive(NOW, APP, LATER), Ok(outcome));
    assert_eq!(told(&erased), told(&purged));
    assert_eq!((erased.digest(), small::saved(&erased)), (purged.digest(), small::saved(&purged)));
}

#[test]
fn what_is_active_or_referred_to_stays_and_it_is_told_which() {
    let mut engine = engine();
    let update = [member("u1", ["g1", "g2"])];
    engine.start_session(NOW, APP, session(4), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(4), &Page::accounts(update)).expect("a page");
    for (slug, id, active, referrers, words) in [
        ("account", "u1", true, 0, "is active and referred to by 0 active accounts"),
        ("team", "g1", false, 1, "is inactive and referred to by 1 active account,"),
        ("team", "g2", true, 1, "is active and referred to by 1 active account,"),
    ] {
        let before = (engine.digest(), engine.seq());
        let error = erase(&mut engine, slug, id).expect_err("it is in use");
        assert!(error.to_string().contains(words), "{error}");
        let (slug, id) = (slug.to_owned(), id.to_owned());
        assert_eq!(error, Error::RecordInUse { slug, id, active, referrers });
        assert_eq!((engine.digest(), engine.seq()), before);
    }
}

/// Another type's, another app's, and texts that are no ids.
#[test]
fn a_text_that_is_the_id_of_no_record_is_not_found() {
    let mut engine = engine();
    engine.create_app(NOW, app(2), "Clone", Some(APP)).expect("a clone");
    let (longest, longer) = ("é".repeat(255), "é".repeat(256));
    for (slug, id, told) in [
        ("team", "u2", "u2"),
        ("seat", "u2", "u2"),
        ("account", "U2", "U2"),
        ("account", " u2", " u2"),
        ("account", "", ""),
        ("account", "u2\0", "u2\0"),
        ("account", &*longest, &*longest),
        ("account", &*longer, &*("é".repeat(64) + "…")),
    ] {
        let error = erase(&mut engine, slug, id).expect_err("no such record");
        assert_eq!(error, Error::RecordNotFound { slug: slug.to_owned(), id: told.to_owned() });
        assert!(!error.to_string().contains('\0'), "it is printed on one line");
    }
    let elsewhere = engine.erase_record(LATER, app(2), "account", "u2").expect_err("another app's");
    assert_eq!(elsewhere.code(), "record_not_found");
    // An id that was taken in under a higher limit is as good as any.
    let mut strict = reload(&engine, config(|limits| limits.id_chars_max = 1));
    assert_eq!(erase(&mut strict, "account", "u2"), Ok((1, 0)));
}

#[test]
fn who_is_erased_in_an_open_session_and_pushed_again_is_new_and_synced_once() {
    let mut engine = engine();
    engine.start_session(NOW, APP, session(4), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(4), &Page::accounts([member("u1", ["g2"])])).expect("a page");
    assert_eq!(erase(&mut engine, "account", "u2"), Ok((1, 0)));
    assert_eq!(synced(&engine, session(4)), [1, 0, 0]);
    for (created, unchanged) in [(1, 0), (0, 1)] {
        let outcome =
            push_in(&mut engine, session(4), &Page::accounts([member("u2", ["g2"])])).expect("a page");
        assert_eq!((outcome.created, outcome.unchanged, outcome.reactivated), (created, unchanged, 0));
        assert_eq!(synced(&engine, session(4)), [2, 0, 0]);
        engine = reload(&engine, Config::new());
    }
    assert_eq!(listed(&engine, "account", RecordFilter::All), ["u1", "u3", "u2"]);
    // Its cleanup knows whom it saw: g2 goes, who was not pushed, and nobody else.
    assert_eq!(complete(&mut engine, session(4), Timestamp(20)), 1);
    assert_eq!(synced(&engine, session(4)), [2, 0, 0]);
    assert_eq!(listed(&engine, "account", RecordFilter::Active), ["u1", "u2"]);
}

/// A placeholder that went, and comes back by its name alone.
#[test]
fn a_placeholder_that_is_erased_is_made_anew_by_the_next_reference() {
    let mut engine = small::engine_with_an_account();
    complete(&mut engine, SESSION, Timestamp(1));
    roll(&mut engine, 2, 2, &[]);
    assert_eq!(erase(&mut engine, "team", "g1"), Ok((1, 1)));
    assert_eq!(told(&engine), ["reference_removed u1 g1", "record_purged g1"]);
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let outcome = push_in(&mut engine, session(3), &Page::accounts([member("u1", ["g1"])])).expect("a page");
    assert_eq!((outcome.reactivated, outcome.placeholders), (1, 1));
    assert_eq!(told(&engine), ["record_reactivated u1", "placeholder_made g1", "reference_added u1 g1"]);
}

/// Between any two steps of a cleanup, of what it marked and of what was inactive before, wherever its next row is.
#[test]
fn a_cleanup_goes_on_where_it_stood_whoever_is_erased() {
    let ids: Vec<String> = (0..200).map(|number| format!("u{number}")).collect();
    let of = |wanted: fn(usize) -> bool| {
        let wanted = ids.iter().enumerate().filter(|(number, _)| wanted(*number));
        Page::accounts(wanted.map(|(_, id)| account(id)).collect::<Vec<Account<'_>>>())
    };
    let mut engine = small::engine(config(|limits| limits.records_per_page_max = 200));
    let _ = push(&mut engine, &of(|_| true)).expect("a page");
    complete(&mut engine, SESSION, Timestamp(1));
    roll(&mut engine, 2, 2, &[of(|number| number % 5 > 0)]);
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(3), &of(|number| number % 5 > 3)).expect("a page");
    engine.complete_session(NOW, APP, session(3), Completion::FORCED).expect("no guard");
    // Most are erased: on the way rows are numbered anew.
    let mut erased = 0;
    loop {
        let step = engine.run_cleanup(LATER, APP, session(3), std::num::NonZeroU64::MIN).expect("a step");
        let inactive = listed(&engine, "account", RecordFilter::Inactive);
        for id in inactive.iter().rev().take(3) {
            assert_eq!(erase(&mut engine, "account", id), Ok((1, 0)));
            erased += 1;
        }
        engine = reload(&engine, config(|limits| limits.records_per_page_max = 200));
        if step.status.has_ended() {
            break;
        }
    }
    let left = listed(&engine, "account", RecordFilter::All);
    let stay: Vec<&String> =
        ids.iter().enumerate().filter(|(number, _)| number % 5 > 3).map(|(_, id)| id).collect();
    assert!(left.iter().eq(stay) && erased == 160, "{erased} erased of 160, and {} left", left.len());
}

#[test]
fn rows_are_numbered_anew_when_more_are_gone_than_there_are_records() {
    let mut engine = small::engine(Config::new());
    let ids = ["u0", "u1", "u2", "u3", "u4"];
    let _ = push(&mut engine, &Page::accounts(ids.map(account))).expect("a page");
    complete(&mut engine, SESSION, Timestamp(1));
    roll(&mut engine, 2, 2, &[Page::accounts([account("u4"), account("u1")])]);
    let rows = |engine: &Engine| {
        let table = small::saved(engine)["apps"][0]["tables"][0].clone();
        table.as_array().expect("rows").len()
    };
    for (id, rows_expected) in [("u0", 5), ("u3", 5), ("u2", 2)] {
        assert_eq!(erase(&mut engine, "account", id), Ok((1, 0)));
        assert_eq!(rows(&engine), rows_expected, "{id}");
        engine = reload(&engine, Config::new());
    }
    assert_eq!(listed(&engine, "account", RecordFilter::All), ["u1", "u4"]);
}

const F1: Fingerprint = Fingerprint(1);
const F2: Fingerprint = Fingerprint(2);

/// Whether pages are known: of accounts as `F1`, of teams as `F2`.
fn are_known(engine: &Engine) -> (bool, bool) {
    (engine.remembers_page(APP, "account", F1), engine.remembers_page(APP, "team", F2))
}

#[test]
fn an_erasure_has_all_pages_of_the_app_forgotten_and_one_that_is_refused_none() {
    let mut engine = engine();
    let accounts = || Page::accounts([member("u1", ["g2"])]).with_fingerprint(F1);
    engine.start_session(NOW, APP, session(4), &Scope::All).expect("a session");
    let know = |engine: &mut Engine| {
        let _ = push_in(engine, session(4), &accounts()).expect("a page");
        let _ = push_in(engine, session(4), &teams(&["g2"]).with_fingerprint(F2)).expect("a page");
        assert_eq!(are_known(engine), (true, true));
    };
    know(&mut engine);
    for (slug, id) in [("account", "u1"), ("team", "g2"), ("account", "nobody"), ("nosuch", "u2")] {
        erase(&mut engine, slug, id).expect_err("a refusal");
        assert_eq!(are_known(&engine), (true, true), "{slug} {id}");
    }
    // Also of a type whose records are in no page, and of which no page has a reference.
    for (slug, id) in [("account", "u2"), ("account", "u3"), ("team", "g1")] {
        assert_eq!(erase(&mut engine, slug, id).map(|(purged, _)| purged), Ok(1));
        assert_eq!(are_known(&engine), (false, false), "{slug} {id}");
        let must = Error::PageMustBePushed { slug: "account".to_owned(), fingerprint: F1 };
        assert_eq!(engine.repeat_page(NOW, APP, session(4), "account", F1), Err(must));
        know(&mut engine);
        let repeated = engine.repeat_page(NOW, APP, session(4), "account", F1).expect("a known page");
        assert_eq!((repeated.total, repeated.unchanged), (1, 1));
    }
}

/// The pages of another app stay, be it a clone.
#[test]
fn an_erasure_forgets_no_page_of_another_app() {
    let mut engine = engine();
    let clone = app(2);
    engine.create_app(NOW, clone, "Clone", Some(APP)).expect("a clone");
    engine.start_session(NOW, clone, session(9), &Scope::All).expect("a session");
    let page = Page::accounts([account("u2")]).with_fingerprint(F1);
    let _ = engine.push_page(NOW, clone, session(9), "account", &page).expect("a page");
    assert_eq!(erase(&mut engine, "account", "u2"), Ok((1, 0)));
    let remembers = |engine: &Engine, id: AppId| engine.remembers_page(id, "account", F1);
    assert!(remembers(&engine, clone) && !remembers(&engine, APP));
    assert_eq!(
        engine.repeat_page(NOW, clone, session(9), "account", F1).map(|outcome| outcome.unchanged),
        Ok(1)
    );
}

/// A page that names who was erased is pushed, makes the record anew, and is known from then on.
#[test]
fn a_page_of_who_was_erased_is_never_repeated_until_it_is_pushed() {
    let mut engine = engine();
    let both = || Page::accounts([member("u1", ["g2"]), member("u2", ["g2"])]).with_fingerprint(F1);
    engine.start_session(NOW, APP, session(4), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(4), &both()).expect("a page");
    let _ = push_in(&mut engine, session(4), &teams(&["g2"])).expect("a page");
    assert_eq!(complete(&mut engine, session(4), Timestamp(10)), 0);
    roll(&mut engine, 5, 11, &[Page::accounts([member("u1", ["g2"])]), teams(&["g2"])]);
    assert_eq!(erase(&mut engine, "account", "u2"), Ok((1, 0)));
    engine.start_session(NOW, APP, session(6), &Scope::All).expect("a session");
    for engine in [&mut reload(&engine, Config::new()), &mut engine] {
        let refused = engine.repeat_page(NOW, APP, session(6), "account", F1).expect_err("it is not known");
        assert_eq!(refused.code(), "page_must_be_pushed");
        let pushed = push_in(engine, session(6), &both()).expect("a page");
        assert_eq!((pushed.created, pushed.unchanged), (1, 1));
        let repeated = engine.repeat_page(NOW, APP, session(6), "account", F1).expect("a known page");
        assert_eq!((repeated.unchanged, repeated.total), (2, 2));
        assert_eq!(synced(engine, session(6)), [2, 0, 0]);
    }
}

/// Of a type that has no table, and of one whose records are all gone.
#[test]
fn a_type_whose_last_record_is_erased_may_change_its_kind() {
    let mut engine = small::engine(Config::new());
    let spare = NewResourceType::new("spare", "Spare", Kind::Group);
    engine.register_resource_type(NOW, APP, ResourceTypeId(Uuid::from_u128(9)), &spare).expect("a type");
    assert_eq!(erase(&mut engine, "spare", "x").expect_err("none").code(), "record_not_found");
    let _ = push(&mut engine, &Page::licenses([group("s1", "Seat")])).expect("a page");
    complete(&mut engine, SESSION, Timestamp(1));
    roll(&mut engine, 2, 2, &[]);
    let to_group = headcount::ResourceTypeUpdate::default().with_kind(Kind::Group);
    let refused = engine.update_resource_type(NOW, APP, "seat", &to_group).expect_err("it has a record");
    assert_eq!(refused.code(), "resource_type_has_records");
    assert_eq!(erase(&mut engine, "seat", "s1"), Ok((1, 0)));
    engine.update_resource_type(NOW, APP, "seat", &to_group).expect("it has none");
    engine.check_invariants().expect("every rule");
}
