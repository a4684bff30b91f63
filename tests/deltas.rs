//! Deltas (SPEC 3a): what one does, and that a roll in whose time they come loses nobody and brings nobody back.

use std::num::NonZeroU64;

use headcount::{
    Account, Command, Config, Engine, Error, Fingerprint, Group, Page, Records, Reference, ReferenceList,
    Scope, Timestamp,
};
use headcount_testing::small::{
    self, APP, NOW, SESSION, account, app, complete, config, group, member, push, push_in, reload, session,
};

fn upsert(engine: &mut Engine, accounts: impl IntoIterator<Item = Account<'static>>) {
    let _ = engine.upsert_records(NOW, APP, "account", &Page::accounts(accounts)).expect("a delta");
}

fn deactivate(engine: &mut Engine, ids: &[&str]) {
    let _ = engine.deactivate_records(NOW, APP, "account", ids).expect("a delta");
}

fn is_active(engine: &Engine, id: &str) -> Option<bool> {
    engine.app(APP).and_then(|app| app.record("account", id)).map(|record| record.is_active())
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.expect_err("it is refused").code()
}

/// Found by a mutant: whether a page passed over an id is the difference of its counts.
#[test]
fn a_page_may_pass_over_one_id_beside_many_that_it_takes() {
    let mut engine = small::engine(Config::new());
    let _ = push(&mut engine, &Page::accounts(["u1", "u2", "u3"].map(account))).expect("a page");
    deactivate(&mut engine, &["gone"]);
    let page = Page::accounts(["u1", "u2", "u3", "gone", "u4", "u5", "u6"].map(account));
    let outcome = push(&mut engine, &page).expect("a page");
    assert_eq!((outcome.total, outcome.created, outcome.updated, outcome.settled), (7, 3, 3, 1));
    assert_eq!(is_active(&engine, "gone"), None);
    engine.check_invariants().expect("every rule");
}

#[test]
fn of_several_reasons_to_refuse_a_delta_the_first_of_the_contract_is_told() {
    let mut engine = small::engine(config(|limits| {
        (limits.records_per_page_max, limits.records_per_type_max) = (2, 1);
    }));
    let malformed = Group { name: "".into(), ..group("g1", "") };
    let many = Page::groups([malformed.clone(), malformed.clone(), malformed.clone()]);
    let bad = Page::groups([malformed.clone(), malformed]);
    let twice = Page::groups([group("g1", "Name"), group("g1", "Name")]);
    let both = Page::groups([group("g1", "Name"), group("g2", "Name")]);
    let before = engine.digest();
    for (app_id, slug, page, expected) in [
        (app(9), "nosuch", &many, "app_not_found"),
        (APP, "nosuch", &many, "resource_type_not_found"),
        (APP, "seat", &many, "page_too_large"),
        (APP, "seat", &bad, "page_faults"),
        (APP, "seat", &twice, "kind_mismatch"),
        (APP, "team", &twice, "page_faults"),
        (APP, "team", &both, "resource_type_full"),
    ] {
        assert_eq!(code(engine.upsert_records(NOW, app_id, slug, page)), expected);
    }
    for (app_id, slug, ids, expected) in [
        (app(9), "nosuch", &["", "", ""][..], "app_not_found"),
        (APP, "nosuch", &["", "", ""], "resource_type_not_found"),
        (APP, "team", &["", "", ""], "page_too_large"),
        (APP, "team", &["x", ""], "invalid_argument"),
        (APP, "team", &["x", "y"], "resource_type_full"),
    ] {
        assert_eq!(code(engine.deactivate_records(NOW, app_id, slug, ids)), expected);
    }
    let error = engine.deactivate_records(NOW, APP, "team", &["x", "a\0b"]).expect_err("a NUL");
    assert!(error.to_string().starts_with("ids[1]: nul: found "), "{error}");
    assert_eq!(engine.digest(), before, "what is refused leaves no trace");
}

/// A session keeps as many ids of a type, of as many bytes, as there may be records; each once.
#[test]
fn what_a_session_keeps_of_ids_is_bounded_as_the_records_of_the_type_are() {
    for limits in [
        config(|limits| limits.records_per_type_max = 3),
        // An id of up to 8 bytes takes 40.
        config(|limits| limits.bytes_per_type_max = 3 * 40),
    ] {
        let mut engine = small::engine(limits);
        let try_ids = |engine: &mut Engine, slug: &str, ids: &[&str]| {
            engine.deactivate_records(NOW, APP, slug, ids).map(|outcome| outcome.unknown)
        };
        assert_eq!(try_ids(&mut engine, "account", &["a", "b", "a"]), Ok(3));
        assert_eq!(code(try_ids(&mut engine, "account", &["b", "c", "d"])), "resource_type_full");
        engine = reload(&engine, limits);
        assert_eq!(try_ids(&mut engine, "account", &["c", "b", "c"]), Ok(3));
        assert_eq!(try_ids(&mut engine, "seat", &["d"]), Ok(1), "of another type");
        // One of whom there is a record now makes room, and a session that ends has all.
        upsert(&mut engine, [account("a")]);
        assert_eq!(try_ids(&mut engine, "account", &["d", "a"]), Ok(1));
        assert_eq!(code(try_ids(&mut engine, "account", &["e"])), "resource_type_full");
        engine.abandon_session(NOW, APP, SESSION).expect("in progress");
        assert_eq!(try_ids(&mut engine, "account", &["e", "f", "g", "h"]), Ok(4));
        engine.start_session(NOW, APP, session(2), &Scope::types(["team"])).expect("a session");
        assert_eq!(try_ids(&mut engine, "account", &["e", "f", "g", "h"]), Ok(4), "out of scope");
    }
}

#[test]
fn a_page_of_which_a_record_is_settled_must_be_pushed_though_it_is_equal() {
    let (known, late) = (Fingerprint(1), Fingerprint(2));
    let mut engine = small::engine(Config::new());
    let page = || Page::accounts([member("u1", ["g1"]), account("u2")]);
    let _ = push(&mut engine, &page().with_fingerprint(known)).expect("a page");
    assert!(engine.remembers_page(APP, "account", known));
    upsert(&mut engine, [account("u2")]);
    assert!(!engine.remembers_page(APP, "account", known));
    let repeated = engine.repeat_page(NOW, APP, SESSION, "account", known);
    assert_eq!(code(repeated), "page_must_be_pushed");
    let outcome = push(&mut engine, &page()).expect("a page");
    assert_eq!((outcome.updated, outcome.unchanged, outcome.settled), (2, 1, 1));
    // With a fingerprint of its own it is not remembered, but the other one is as it was in the next session.
    let _ = push(&mut engine, &page().with_fingerprint(late)).expect("a page");
    assert_eq!(complete(&mut engine, SESSION, NOW), 0);
    assert!(!engine.remembers_page(APP, "account", late) && engine.remembers_page(APP, "account", known));
    // A delta that changes a record has its page forgotten, as any change has; one with a fingerprint is none.
    upsert(&mut engine, [Account { display_name: Some("Two".into()), ..account("u2") }]);
    assert!(!engine.remembers_page(APP, "account", known));
    let delta = page().with_fingerprint(late);
    let _ = engine.upsert_records(NOW, APP, "account", &delta).expect("a delta");
    assert!(!engine.remembers_page(APP, "account", late));
}

/// What a type had before it was excluded is settled no more, and what comes is not.
#[test]
fn a_type_that_is_excluded_settles_nothing() {
    let mut engine = small::engine(Config::new());
    let page = || Page::accounts([account("u1")]).with_fingerprint(Fingerprint(1));
    let _ = push(&mut engine, &page()).expect("a page");
    upsert(&mut engine, [account("u1")]);
    deactivate(&mut engine, &["u2"]);
    engine.exclude_types(NOW, APP, SESSION, &["account"]).expect("in progress");
    let repeated = engine.repeat_page(NOW, APP, SESSION, "account", Fingerprint(1));
    assert_eq!(code(repeated), "out_of_scope", "it is as it was");
    // Somebody who was pushed leaves: the session has counted them, and leaves them so.
    deactivate(&mut engine, &["u1", "u3"]);
    assert_eq!(engine.check_invariants(), Ok(()));
    engine = reload(&engine, Config::new());
    assert_eq!(complete(&mut engine, SESSION, NOW), 0);
    let view = engine.app(APP).and_then(|app| app.session(SESSION)).expect("a session");
    assert_eq!(view.progress().map(|of| of.synced_count).collect::<Vec<_>>(), [1, 0, 0]);
    assert_eq!(is_active(&engine, "u1"), Some(false));
}

/// Rows are numbered anew where more are gone than there are; what is settled goes with its record.
#[test]
fn what_is_settled_stays_so_when_gaps_are_closed_and_copies_are_frozen() {
    let mut engine = small::engine(Config::new());
    let ids: Vec<String> = (0..40).map(|number| format!("u{number}")).collect();
    let accounts = || Page::accounts(ids.iter().map(|id| account(id)));
    let _ = push(&mut engine, &accounts()).expect("a page");
    let most: Vec<&str> = ids[..30].iter().map(String::as_str).collect();
    deactivate(&mut engine, &most);
    upsert(&mut engine, [Account { display_name: Some("Named".into()), ..account("u35") }]);
    let frozen = engine.freeze();
    let digest = engine.digest();
    assert_eq!(engine.purge_inactive(NOW, APP, Timestamp(1)).map(|outcome| outcome.purged), Ok(30));
    assert_eq!((frozen.digest(), engine.check_invariants()), (digest, Ok(())));
    let view = engine.app(APP).and_then(|app| app.session(SESSION)).expect("a session");
    assert_eq!(view.progress().next().map(|of| of.synced_count), Some(10));
    // They are made anew; the one that is settled stays as it is.
    let outcome = push(&mut engine, &accounts()).expect("a page");
    assert_eq!((outcome.created, outcome.updated, outcome.settled), (30, 10, 1));
    let named = engine.app(APP).and_then(|app| app.record("account", "u35")).expect("a record");
    assert_eq!(named.display_name(), Some("Named"));
}

#[test]
fn a_delta_moves_no_activity_no_count_and_no_last_sync() {
    let mut engine = small::engine(Config::new());
    let shown = |engine: &Engine| {
        let app = engine.app(APP).expect("an app");
        let session = app.session(SESSION).expect("a session");
        let pages: Vec<u64> = session.progress().map(|of| of.pages + of.synced_count).collect();
        (app.last_synced_at(), session.last_activity_at(), session.counts(), session.base(), pages)
    };
    let before = shown(&engine);
    let later = Timestamp(1_000);
    let _ = engine
        .upsert_records(later, APP, "account", &Page::accounts([member("u1", ["g1"])]))
        .expect("a delta");
    let _ = engine.deactivate_records(later, APP, "account", &["u1", "u2"]).expect("a delta");
    assert_eq!(shown(&engine), before);
    let u1 = engine.app(APP).and_then(|app| app.record("account", "u1")).expect("a record");
    assert_eq!(u1.inactive_since(), Some(later));
}

/// Both are short, and a parser reads an upsert as it reads a page.
#[test]
fn a_delta_is_a_command_like_any_other() {
    let page = Page::accounts([account("u1")]);
    let command = Command::UpsertRecords { app_id: APP, slug: "account".into(), page };
    let text = serde_json::to_string(&command).expect("text");
    let read: Command<'_> = serde_json::from_str(&text).expect("a command");
    let Command::UpsertRecords { page, .. } = &read else { panic!("an upsert") };
    assert!(matches!(page.records(), Records::Accounts(accounts) if accounts.len() == 1));
    assert_eq!((read.app_id(), &read), (Some(APP), &command));
}

/// A roll, and deltas of what happens at the source meanwhile, in any order in which they can come.
mod race {
    use std::collections::{BTreeMap, VecDeque};

    use headcount::{Completion, RecordFilter};
    use headcount_testing::regression;
    use proptest::prelude::*;

    use super::*;

    /// Who is at the source, and in which version of their record.
    type Source = BTreeMap<u8, u8>;

    const PAGES: [&[u8]; 3] = [&[0, 1], &[2, 3], &[4]];

    fn account_of(id: u8, version: u8) -> Account<'static> {
        Account {
            display_name: Some(version.to_string().into()),
            memberships: vec![ReferenceList::new("team", [Reference::new((version % 2).to_string())])],
            ..account(&id.to_string())
        }
    }

    fn page_of(source: &Source, ids: &[u8]) -> Page<'static> {
        let listed = ids.iter().filter_map(|id| source.get(id).map(|version| account_of(*id, *version)));
        Page::accounts(listed)
    }

    /// What happened at the source, and is not told yet.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Came(u8, u8),
        Left(u8),
    }

    struct Race {
        engine: Engine,
        source: Source,
        versions: u8,
        /// The first to happen is told first.
        untold: VecDeque<Event>,
        /// What was read of each page, and whether it was pushed.
        read: [Option<(Page<'static>, bool)>; PAGES.len()],
    }

    impl Race {
        /// Begins with what an older roll left; the first of what happened since may be told late.
        fn new(before: Source, since: &[u8]) -> Self {
            let mut engine = small::engine(Config::new());
            let everybody: Vec<u8> = (0..5).collect();
            let _ = push(&mut engine, &page_of(&before, &everybody)).expect("a page");
            complete(&mut engine, SESSION, NOW);
            let mut race = Self {
                engine,
                source: before,
                versions: 10,
                untold: VecDeque::new(),
                read: [const { None }; 3],
            };
            since.iter().for_each(|choice| race.happens(*choice));
            race.engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
            race
        }

        fn happens(&mut self, choice: u8) {
            let id = choice % 5;
            if (choice / 5).is_multiple_of(2) {
                self.versions += 1;
                self.source.insert(id, self.versions);
                self.untold.push_back(Event::Came(id, self.versions));
            } else if self.source.remove(&id).is_some() {
                self.untold.push_back(Event::Left(id));
            }
        }

        fn tell(&mut self) {
            match self.untold.pop_front() {
                Some(Event::Came(id, version)) => upsert(&mut self.engine, [account_of(id, version)]),
                Some(Event::Left(id)) => deactivate(&mut self.engine, &[&id.to_string()]),
                None => {}
            }
        }

        /// Reads a page, or pushes what was read; a page may be pushed twice.
        fn reads_or_pushes(&mut self, at: usize) {
            match &mut self.read[at] {
                None => self.read[at] = Some((page_of(&self.source, PAGES[at]), false)),
                Some((page, is_pushed)) => {
                    if self
                        .engine
                        .app(APP)
                        .and_then(|app| app.session(session(2)))
                        .expect("it was started")
                        .status()
                        == headcount::SessionStatus::InProgress
                    {
                        let _ = push_in(&mut self.engine, session(2), page).expect("a page");
                        *is_pushed = true;
                    }
                }
            }
        }

        /// Completes the session if all was pushed, and takes a step of its cleanup if it was completed.
        fn goes_on(&mut self) {
            if self.read.iter().all(|read| read.as_ref().is_some_and(|(_, is_pushed)| *is_pushed)) {
                let _ = self
                    .engine
                    .complete_session(NOW, APP, session(2), Completion::GUARDED)
                    .expect("no guard");
                let _ = self.engine.run_cleanup(NOW, APP, session(2), NonZeroU64::MIN);
            }
        }

        fn takes(&mut self, choice: u8) {
            match choice % 8 {
                0 | 1 => self.happens(choice / 8),
                2 | 3 => self.tell(),
                4 | 5 => self.goes_on(),
                _ => self.reads_or_pushes(usize::from(choice / 8) % PAGES.len()),
            }
            self.engine.check_invariants().expect("every rule");
        }

        /// Everything is told, and the roll comes to its end: which of the two is first is a choice.
        fn ends(mut self, is_told_first: bool) -> (Engine, Source) {
            for is_told in [is_told_first, !is_told_first] {
                if is_told {
                    while !self.untold.is_empty() {
                        self.tell();
                    }
                    continue;
                }
                for at in 0..PAGES.len() {
                    while self.read[at].as_ref().is_none_or(|(_, is_pushed)| !is_pushed) {
                        self.reads_or_pushes(at);
                    }
                }
                for _ in 0..20 {
                    self.goes_on();
                }
            }
            (self.engine, self.source)
        }
    }

    /// Who is active, with their version and their team.
    fn on_record(engine: &Engine) -> Vec<(String, String, String)> {
        let view = engine.app(APP).expect("an app");
        let active = view.records("account", RecordFilter::Active).expect("a type");
        let mut found: Vec<_> = active
            .map(|record| {
                let teams: Vec<&str> = record.references().map(|team| team.id()).collect();
                (record.id().to_owned(), record.display_name().unwrap_or("-").to_owned(), teams.join(","))
            })
            .collect();
        found.sort();
        found
    }

    fn a_source() -> impl Strategy<Value = Source> {
        prop::collection::btree_map(0..5_u8, 0..4_u8, 0..5)
    }

    proptest! {
        #![proptest_config(regression::config(1_500))]

        /// SPEC 3a.3: nobody comes back who left, nobody is lost who came, and all are as they were last.
        #[test]
        fn a_roll_in_whose_time_deltas_come_ends_as_the_source_is(
            before in a_source(),
            since in prop::collection::vec(any::<u8>(), 0..3),
            choices in prop::collection::vec(any::<u8>(), 0..40),
            is_told_first in any::<bool>(),
        ) {
            let mut race = Race::new(before, &since);
            for choice in choices {
                race.takes(choice);
            }
            let (engine, source) = race.ends(is_told_first);
            let ended = engine.app(APP).and_then(|app| app.session(session(2))).expect("a session").status();
            prop_assert!(ended.has_ended());
            let expected: Vec<_> = source
                .iter()
                .map(|(id, version)| (id.to_string(), version.to_string(), (version % 2).to_string()))
                .collect();
            prop_assert_eq!(on_record(&engine), expected);
        }
    }
}
