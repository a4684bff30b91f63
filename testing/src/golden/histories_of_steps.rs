//! Journals of what connectors and hosts tell of sessions beside pages. What is written down is not changed here any more.

use headcount::{AppUpdate, Completion, Fingerprint, Guard, Kind, Plan, ResourceTypeId};

use super::histories::{ANN, BOB, TEAMS, ZOE};
use super::writer::{Writer, page, uuid};

/// Checkpoints, and sessions that expire: of two apps at once, and not those that are completing or have ended. At the
/// end one is in progress, with a checkpoint and pages, empty and repeated ones too.
pub(super) fn activity(writer: &mut Writer) {
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.create(2, "Acme HR, a clone", Some(1));
    writer.create(3, "Acme CRM", None);
    for app in 1..=3 {
        writer.start(app, app, &[]);
    }
    writer.save_checkpoint(1, 1, Some("accounts, behind “page 17”"));
    writer.save_checkpoint(1, 1, Some("accounts, behind “page 17”"));
    writer.save_checkpoint(1, 1, Some("a\0b"));
    writer.save_checkpoint(2, 2, Some("gone soon"));
    writer.save_checkpoint(2, 2, Some(""));
    writer.complete(3, 3, Completion::GUARDED);
    writer.save_checkpoint(3, 3, None);
    writer.save_checkpoint(3, 4, None);
    writer.expire(i64::MIN);
    writer.expire(i64::MAX);
    writer.expire(i64::MAX);
    writer.start(1, 5, &["account", "team"]);
    let accounts = || page(Kind::Account, &[ANN, BOB].join(",")).with_fingerprint(Fingerprint(5));
    writer.push_as(1, 5, "account", accounts());
    writer.push(1, 5, "team", "");
    writer.push(1, 5, "team", TEAMS);
    writer.repeat(1, 5, "account", Fingerprint(5));
    writer.start(2, 6, &[]);
    writer.push(2, 6, "staff", ZOE);
    let before = writer.now;
    writer.save_checkpoint(1, 5, Some("1"));
    writer.expire(before);
    writer.save_checkpoint(1, 5, Some("{\"teams\": 2}"));
    writer.repeat(1, 5, "account", Fingerprint(5));
}

/// Types that are taken out of scope: of sessions that were opened for all and for some, in progress and not. At the end
/// one that was opened for all is in progress, and a type was registered since.
pub(super) fn exclusions(writer: &mut Writer) {
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.start(1, 1, &[]);
    writer.push(1, 1, "account", &[ANN, BOB].join(","));
    writer.push(1, 1, "team", TEAMS);
    writer.finish(1, 1);
    writer.start(1, 2, &["account", "team", "role"]);
    writer.push(1, 2, "team", TEAMS);
    for slugs in
        [&[][..], &["nosuch"], &["seat"], &["team", "role", "account"], &["role", "seat", "team"], &["team"]]
    {
        writer.exclude(1, 2, slugs);
    }
    writer.push(1, 2, "team", TEAMS);
    writer.push(1, 2, "account", BOB);
    writer.complete(1, 2, Completion::GUARDED);
    writer.exclude(1, 2, &["role"]);
    writer.exclude(1, 2, &["account"]);
    writer.cleanup(1, 2, 10);
    writer.start(1, 3, &[]);
    writer.push(1, 3, "account", ANN);
    writer.exclude(1, 3, &["account", "staff"]);
    writer.exclude(1, 3, &["team", "seat", "role"]);
    writer.register(1, 16, "badge", "Badge", Kind::Group);
    writer.exclude(1, 3, &["team", "seat", "role"]);
}

/// Every limit of a guard, passed and not, and the ways to waive it. At the end a guard has every limit, and a session that
/// is held to none is open, from which references were taken.
pub(super) fn guards(writer: &mut Writer) {
    let set = |writer: &mut Writer, guard| writer.update(1, AppUpdate::default().with_guard(guard));
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.start(1, 1, &[]);
    writer.push(1, 1, "account", &[ANN, BOB, ZOE].join(","));
    writer.push(1, 1, "team", TEAMS);
    writer.finish(1, 1);
    set(writer, Guard::NONE.with_max_type_percent(101));
    set(writer, Guard::NONE.with_max_removals_percent(200));
    writer.start(1, 2, &[]);
    set(writer, Guard::NONE.with_required_pages().with_max_count(0));
    writer.complete(1, 2, Completion::GUARDED);
    writer.push(1, 2, "team", "");
    writer.complete(1, 2, Completion::GUARDED);
    writer.push(1, 2, "account", &[ANN, BOB, ZOE].join(","));
    writer.complete(1, 2, Completion::GUARDED);
    set(writer, Guard::NONE.with_max_type_percent(50).with_min_count(1));
    writer.complete(1, 2, Completion::GUARDED);
    set(writer, Guard::NONE.with_max_removals(2).with_max_removals_percent(40));
    let ann = r#"{"id": "ann", "username": "ann", "memberships": {"team": [{"id": "t1"}]}}"#;
    writer.push(1, 2, "account", ann);
    writer.push(1, 2, "account", r#"{"id": "bob", "username": "bob"}"#);
    set(writer, Guard::NONE.with_max_removals_percent(10));
    writer.push(1, 2, "account", r#"{"id": "bob", "username": "bob"}, {"id": "zoë", "username": "zoë"}"#);
    writer.waive(1, 2);
    writer.waive(1, 2);
    writer.push(1, 2, "account", r#"{"id": "bob", "username": "bob"}"#);
    writer.complete(1, 2, Completion::GUARDED);
    writer.waive(1, 2);
    writer.cleanup(1, 2, 100);
    writer.start(1, 3, &[]);
    writer.complete(1, 3, Completion::FORCED);
    writer.start(1, 4, &[]);
    writer.abandon(1, 4);
    writer.waive(1, 4);
    let whole = Guard::NONE.with_max_count(300).with_max_percent(10).with_max_type_percent(20);
    set(
        writer,
        whole.with_min_count(5).with_required_pages().with_max_removals(4).with_max_removals_percent(50),
    );
    writer.start(1, 5, &["account", "team"]);
    writer.push(1, 5, "account", &[ANN, BOB].join(","));
    writer.waive(1, 5);
    writer.push(1, 5, "account", r#"{"id": "ann", "username": "ann"}"#);
}

/// Plans that are still what a completion would mark, and plans that are not.
pub(super) fn plans(writer: &mut Writer) {
    let of = |records: &[(u64, &'static str)]| {
        Plan::of(records.iter().map(|(of, id)| (ResourceTypeId(uuid(*of)), *id)))
    };
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.start(1, 1, &[]);
    writer.push(1, 1, "account", &[ANN, BOB].join(","));
    writer.push(1, 1, "team", TEAMS);
    writer.complete(1, 1, Completion::GUARDED.with_plan(of(&[])));
    writer.cleanup(1, 1, 100);
    writer.update(1, AppUpdate::default().with_guard(Guard::NONE.with_max_count(1)));
    writer.start(1, 2, &[]);
    writer.push(1, 2, "account", ANN);
    let plan = of(&[(12, "t9"), (11, "bob"), (12, "t1")]);
    writer.complete(1, 2, Completion::FORCED.with_plan(of(&[(11, "bob"), (12, "t9")])));
    writer.complete(1, 2, Completion::GUARDED.with_plan(plan));
    writer.complete(1, 2, Completion::FORCED.with_plan(plan));
    writer.complete(1, 2, Completion::GUARDED.with_plan(Plan(7)));
    writer.cleanup(1, 2, 100);
    writer.complete(1, 2, Completion::GUARDED.with_plan(Plan(7)));
}

/// Deltas while no session is open, while one is in progress and while one is completing; what stays of references, and
/// what is settled. At the end a session is in progress, in which records and ids are settled.
pub(super) fn deltas(writer: &mut Writer) {
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.upsert(1, "account", &[ANN, BOB].join(","));
    writer.upsert(1, "account", r#"{"id": "ann", "username": "ann"}"#);
    writer.upsert(1, "account", r#"{"id": "bob"}"#);
    writer.upsert(1, "nosuch", ANN);
    writer.deactivate(1, "account", &["bob", "bob", "zed"]);
    writer.deactivate(1, "team", &["t1"]);
    writer.deactivate(1, "team", &[]);
    writer.deactivate(1, "team", &["t1", ""]);
    // A roll of accounts alone: their teams stay.
    writer.start(1, 1, &["account"]);
    let known = Fingerprint(1);
    let ann = r#"{"id": "ann", "username": "ann", "assignments": {"seat": []}}"#;
    writer.push_as(1, 1, "account", page(Kind::Account, ann).with_fingerprint(known));
    writer.repeat(1, 1, "account", known);
    writer.finish(1, 1);
    writer.start(1, 2, &[]);
    writer.push(1, 2, "team", TEAMS);
    writer.push_as(1, 2, "account", page(Kind::Account, ANN).with_fingerprint(known));
    writer.repeat(1, 2, "account", known);
    writer.upsert(1, "account", ANN);
    writer.repeat(1, 2, "account", known);
    writer.deactivate(1, "account", &["zoë"]);
    writer.push(1, 2, "account", &[ANN, BOB, ZOE].join(","));
    writer.complete(1, 2, Completion::GUARDED);
    writer.cleanup(1, 2, 1);
    writer.upsert(1, "account", ZOE);
    writer.deactivate(1, "account", &["bob"]);
    writer.cleanup(1, 2, 1);
    writer.upsert(
        1,
        "account",
        r#"{"id": "zoë", "username": "zoë", "memberships": {"team": [], "role": []}}"#,
    );
    writer.cleanup(1, 2, 100);
    writer.start(1, 3, &["account", "team"]);
    writer.push(1, 3, "account", &[ANN, ZOE].join(","));
    writer.upsert(1, "account", r#"{"id": "zoë", "username": "zoé"}, {"id": "new", "username": "new"}"#);
    writer.deactivate(1, "account", &["ann", "zed", "zara"]);
    writer.upsert(1, "account", r#"{"id": "zara", "username": "zara"}"#);
    writer.deactivate(1, "team", &["t2", "t7"]);
    writer.deactivate(1, "seat", &["s1", "s7"]);
    writer.push(1, 3, "account", &[ANN, BOB].join(","));
    writer.push(1, 3, "team", r#"{"id": "t7", "name": "Sept"}, {"id": "t1", "name": "Une"}"#);
    let now = writer.now;
    writer.purge(1, now);
}
