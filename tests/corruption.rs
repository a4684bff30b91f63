//! Snapshots that were cut short anywhere, or of which any one bit was flipped (SPEC 9, loading): refused with an error
//! that has a type.

use std::num::NonZeroU64;

use headcount::{
    Account, AppUpdate, Attribute, AttributeValue, Completion, Config, Engine, Fingerprint, Guard, Kind,
    NewResourceType, NewTask, Page, Resolution, ResourceTypeId, Scope, Snapshot, TaskAction, Timestamp, Uuid,
};
use headcount_testing::small::{
    self, APP, NOW, SESSION, account, app, complete, group, member, push, push_in, push_leniently_in,
    session, task,
};
use serde::Serialize;

/// Two accounts whose middle one was purged, while a roll is called.
fn with_a_gap() -> Engine {
    let mut engine = small::engine(Config::new());
    let page = |ids: &[&str]| Page::accounts(ids.iter().map(|id| account(id)));
    let _ = push(&mut engine, &page(&["u1", "u2", "u3"])).expect("a page");
    complete(&mut engine, SESSION, NOW);
    for number in [2, 3] {
        engine.start_session(NOW, APP, session(number), &Scope::All).expect("a session");
        let _ = push_in(&mut engine, session(number), &page(&["u1", "u3"])).expect("a page");
        if number == 2 {
            assert_eq!(complete(&mut engine, session(2), Timestamp(5)), 1);
            let outcome = engine.purge_inactive(NOW, APP, Timestamp(6)).expect("a purge");
            assert_eq!(outcome.purged, 1);
        }
    }
    engine
}

/// Attributes of each type, all fields, a page that is remembered, and a guard of which every limit is set.
fn with_all_that_a_record_has() -> Engine {
    let mut engine = small::engine(Config::new());
    let text = |text: &'static str| Some(text.into());
    let full = Account {
        email: text("a@b"),
        first_name: text("É"),
        last_name: text("L"),
        display_name: text("D"),
        status: text("suspended"),
        attributes: Some(vec![
            Attribute::new("boolean", true),
            Attribute::new("integer", i64::MIN),
            Attribute::new("text", "x"),
            Attribute::new("texts", AttributeValue::texts(["y", "z"])),
        ]),
        ..member("u1", ["g1", "g2"])
    };
    let page = Page::accounts([full, account("u2")]).with_fingerprint(Fingerprint(1 << 100));
    let _ = push(&mut engine, &page).expect("a page");
    let teams = Page::groups([headcount::Group { description: text("d"), ..group("g1", "Name") }]);
    let _ = push(&mut engine, &teams).expect("a page");
    let guard = Guard::NONE.with_max_count(9).with_max_percent(8).with_max_type_percent(7).with_min_count(6);
    let guard = guard.with_max_removals(5).with_max_removals_percent(4).with_required_pages();
    engine.update_app(NOW, APP, &AppUpdate::default().with_guard(guard)).expect("a guard");
    engine
}

/// What pages retain and deltas settle in a session with a checkpoint, an excluded type and a waived guard.
fn with_all_that_an_open_session_has() -> Engine {
    let mut engine = small::engine(Config::new());
    let _ = push(&mut engine, &Page::accounts([member("u1", ["g1"]), account("u2")])).expect("a page");
    assert_eq!(complete(&mut engine, SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    let nameless = Account { username: None, ..account("u1") };
    for page in [Page::accounts([nameless]), Page::groups([group("g1", "")])] {
        assert_eq!(push_leniently_in(&mut engine, session(2), &page).expect("a page").retained, 1);
    }
    let _ = engine.deactivate_records(NOW, APP, "account", &["u2", "nobody"]).expect("a delta");
    let _ = engine.deactivate_records(NOW, APP, "team", &["g1"]).expect("a delta");
    let _ = engine.upsert_records(NOW, APP, "account", &Page::accounts([account("u3")])).expect("a delta");
    engine.save_checkpoint(NOW, APP, session(2), Some("page 7")).expect("in progress");
    engine.exclude_types(NOW, APP, session(2), &["seat"]).expect("in progress");
    engine.waive_guard(NOW, APP, session(2)).expect("in progress");
    engine
}

/// A clone group and another, sessions that ended in each way, one whose cleanup has begun, and tasks of each state.
fn with_a_past_and_a_cleanup() -> Engine {
    let mut engine = small::engine(Config::new());
    engine.create_app(NOW, app(2), "Clone", Some(APP)).expect("an app");
    engine.create_app(NOW, app(3), "Stranger", None).expect("an app");
    let id = ResourceTypeId(Uuid::from_u128(9));
    engine
        .register_resource_type(NOW, app(3), id, &NewResourceType::new("role", "Role", Kind::Group))
        .expect("a type");
    let _ =
        push(&mut engine, &Page::accounts([account("u1"), account("u2"), account("u3")])).expect("a page");
    assert_eq!(complete(&mut engine, SESSION, Timestamp(1)), 0);
    engine.start_session(NOW, APP, session(2), &Scope::types(["team"])).expect("a session");
    engine.abandon_session(NOW, APP, session(2)).expect("in progress");
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    engine.fail_session(NOW, APP, session(3), "lost").expect("in progress");
    engine.start_session(NOW, app(2), session(4), &Scope::All).expect("a session");
    engine.start_session(NOW, APP, session(5), &Scope::All).expect("a session");
    engine.complete_session(NOW, APP, session(5), Completion::GUARDED).expect("no guard");
    let one = NonZeroU64::MIN;
    assert_eq!(engine.run_cleanup(Timestamp(2), APP, session(5), one).expect("a step").deactivated, 1);
    for number in 1..=3 {
        let new = NewTask::new(TaskAction::SuspendAccount, "account").with_payload("{}");
        let new = new.with_execute_after(Timestamp(number as i64));
        engine.create_task(NOW, APP, task(number), &new).expect("a task");
    }
    let done = Resolution::Completed { result: Some("x".into()) };
    engine.resolve_task(NOW, APP, task(3), &done).expect("a task");
    let failed = Resolution::Failed { code: "c".into(), message: "m".into() };
    engine.resolve_task(NOW, APP, task(2), &failed).expect("a task");
    engine
}

/// Each is small, and together they have all that a state can have.
fn engines() -> Vec<(&'static str, Engine)> {
    let engines = vec![
        ("empty", Engine::new(Config::new())),
        ("an account and a placeholder", small::engine_with_an_account()),
        ("a row that is gone", with_a_gap()),
        ("all that a record has", with_all_that_a_record_has()),
        ("all that an open session has", with_all_that_an_open_session_has()),
        ("a past and a cleanup", with_a_past_and_a_cleanup()),
    ];
    engines.iter().for_each(|(name, engine)| assert_eq!(engine.check_invariants(), Ok(()), "{name}"));
    engines
}

fn in_cbor(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("bytes");
    bytes
}

type Read = fn(&[u8]) -> Option<Snapshot>;

/// Each format, in which a snapshot was written.
fn formats(engine: &Engine) -> [(&'static str, Vec<u8>, Read); 4] {
    let snapshot = engine.snapshot();
    [
        ("postcard", postcard::to_allocvec(&snapshot).expect("bytes"), |bytes| {
            postcard::from_bytes(bytes).ok()
        }),
        ("JSON", serde_json::to_vec(&snapshot).expect("text"), |bytes| serde_json::from_slice(bytes).ok()),
        ("CBOR", in_cbor(&snapshot), |bytes| ciborium::from_reader(bytes).ok()),
        ("MessagePack", rmp_serde::to_vec(&snapshot).expect("bytes"), |bytes| {
            rmp_serde::from_slice(bytes).ok()
        }),
    ]
}

/// The engine that these bytes are restored as. An error is one of the format's, or has one of the codes.
fn restored(bytes: &[u8], read: Read) -> Option<Engine> {
    match Engine::restore(Config::new(), read(bytes)?) {
        Ok(engine) => Some(engine),
        Err(error) => {
            assert!(
                ["unknown_format", "broken_snapshot", "digest_mismatch"].contains(&error.code()),
                "{error}"
            );
            None
        }
    }
}

#[test]
fn a_snapshot_that_is_cut_short_anywhere_is_refused() {
    for (name, engine) in engines() {
        for (format, saved, read) in formats(&engine) {
            assert!(restored(&saved, read).is_some(), "{name} in {format}");
            for length in 0..saved.len() {
                assert!(restored(&saved[..length], read).is_none(), "{name} in {format}: {length} bytes");
            }
        }
    }
}

/// Of the formats but postcard every bit in so many is flipped; all, if this is in the environment.
const EVERY_BIT: &str = "HEADCOUNT_EVERY_BIT";
const STEP: usize = 131;

/// In postcard no two writings are of one state. The others have some (a field's name that is not known is passed over,
/// an escape may be in upper case), so a flipped bit may leave what was saved: the very same, then.
#[test]
fn a_snapshot_of_which_any_bit_is_flipped_is_refused_or_the_same() {
    for (name, engine) in engines() {
        for (format, saved, read) in formats(&engine) {
            let mut flipped = saved.clone();
            let is_whole = format == "postcard" || std::env::var_os(EVERY_BIT).is_some();
            for bit in (0..saved.len() * 8).step_by(if is_whole { 1 } else { STEP }) {
                flipped[bit / 8] ^= 1 << (bit % 8);
                if let Some(other) = restored(&flipped, read) {
                    assert_ne!(format, "postcard", "{name}: bit {bit}");
                    let again = formats(&other).into_iter().find(|(other, ..)| *other == format);
                    assert_eq!(
                        again.map(|(_, bytes, _)| bytes).as_ref(),
                        Some(&saved),
                        "{name} in {format}: bit {bit}"
                    );
                }
                flipped[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}
