//! Journals of what connectors and hosts tell of sessions beside pages. What is written down is not changed here any more.

use headcount::{AppUpdate, Completion, Fingerprint, Guard, Kind, Plan, ResourceTypeId};

use super::writer::{ANN, BOB, TEAMS, Writer, ZOE, page, uuid};

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

/// Records that are erased, and that are not, between rolls, in a session and amid a cleanup. At the end rows are gone, a
/// session is open, and a page is remembered.
pub(super) fn erasures(writer: &mut Writer) {
    let huit = r#"{"id": "t8", "name": "Huit"}, {"id": "t7", "name": "Sept"}"#;
    let cid = r#"{"id": "cid", "username": "cid", "memberships": {"team": [{"id": "t8"}, {"id": "t1"}]}}"#;
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.create(2, "Acme HR, a clone", Some(1));
    writer.start(1, 1, &[]);
    writer.push(1, 1, "account", &[ANN, BOB, ZOE, cid].join(","));
    writer.push(1, 1, "team", &[TEAMS, huit].join(","));
    writer.finish(1, 1);
    for id in ["ann", "nobody", "", "a\0b", "ANN"] {
        writer.erase(1, "account", id);
    }
    writer.erase(1, "account", "é".repeat(256));
    writer.erase(1, "team", "ann");
    writer.erase(1, "nosuch", "ann");
    writer.erase(2, "account", "ann");
    writer.erase(3, "account", "ann");
    writer.erase(1, "team", "t1");
    // Bob and Cid go, and with Cid the last active reference to the eighth team; the first one dangles.
    writer.start(1, 2, &["account", "team"]);
    writer.push_as(
        1,
        2,
        "account",
        page(Kind::Account, &[ANN, ZOE].join(",")).with_fingerprint(Fingerprint(1)),
    );
    writer.push(1, 2, "team", r#"{"id": "t7", "name": "Sept"}"#);
    writer.finish(1, 2);
    writer.erase(1, "team", "t1");
    writer.erase(1, "team", "t8");
    writer.start(1, 3, &[]);
    writer.repeat(1, 3, "account", Fingerprint(1));
    writer.erase(1, "account", "bob");
    writer.erase(1, "account", "bob");
    // He comes back in the same session, new and last.
    writer.push(1, 3, "account", &[ANN, BOB].join(","));
    writer.complete(1, 3, Completion::FORCED);
    writer.cleanup(1, 3, 1);
    writer.erase(1, "account", "cid");
    writer.erase(1, "account", "zoë");
    writer.cleanup(1, 3, 100);
    writer.start(1, 4, &["account"]);
    writer.push_as(
        1,
        4,
        "account",
        page(Kind::Account, &[BOB, ZOE].join(",")).with_fingerprint(Fingerprint(2)),
    );
    writer.erase(1, "team", "t9");
    writer.repeat(1, 4, "account", Fingerprint(2));
    writer.push_as(
        1,
        4,
        "account",
        page(Kind::Account, &[BOB, ZOE].join(",")).with_fingerprint(Fingerprint(2)),
    );
    writer.repeat(1, 4, "account", Fingerprint(2));
}

/// Lenient pages: with and without faults, of the page itself too; records that are retained, pushed behind that, filled,
/// purged. At the end a session is in progress that retains a full record, a placeholder and one that is inactive.
pub(super) fn lenient(writer: &mut Writer) {
    let accounts = |records: &[&str]| page(Kind::Account, &records.join(","));
    let nameless = r#"{"id": "bob", "username": 7}"#;
    let again = r#"{"id": "bob", "username": "bob"}"#;
    let wrong = r#"{"id": "ann", "email": "ann", "memberships": {"crew": [{"id": ""}], "seat": null}}"#;
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.start(1, 1, &["account", "team"]);
    writer.push_leniently(1, 1, "account", &[ANN, BOB, ZOE].join(","));
    writer.push_leniently(
        1,
        1,
        "team",
        &format!(r#"{TEAMS}, {{"id": "t2"}}, {{"id": "t2", "name": "Deux"}}"#),
    );
    writer.push_leniently(1, 1, "seat", r#"{"id": "s1"}"#);
    writer.push_leniently(1, 1, "account", TEAMS);
    writer.push_leniently_as(1, 1, "account", page(Kind::Group, TEAMS));
    writer.finish(1, 1);
    writer.push_leniently(1, 1, "account", BOB);
    writer.start(1, 2, &[]);
    writer.push_leniently_as(1, 2, "account", accounts(&[wrong, nameless, again, "null"]));
    writer.push_leniently_as(1, 2, "account", accounts(&[ZOE]).with_fingerprint(Fingerprint(7)));
    writer.repeat(1, 2, "account", Fingerprint(7));
    writer.push_leniently_as(1, 2, "account", accounts(&[ZOE, nameless]).with_fingerprint(Fingerprint(7)));
    writer.repeat(1, 2, "account", Fingerprint(7));
    writer.push(1, 2, "account", BOB);
    writer.update(1, AppUpdate::default().with_guard(Guard::NONE.with_max_removals(0)));
    let without = r#"{"id": "bob", "username": "bob"}"#;
    writer.push_leniently_as(1, 2, "account", accounts(&[without, wrong]));
    writer.update(1, AppUpdate::default().with_guard(Guard::NONE));
    writer.push_leniently_as(1, 2, "account", accounts(&[]));
    writer.complete(1, 2, Completion::GUARDED);
    writer.cleanup(1, 2, 2);
    writer.cleanup(1, 2, 100);
    let before = writer.now;
    writer.start(1, 3, &[]);
    writer.push_leniently(1, 3, "team", r#"{"id": "t9", "name": ""}, {"id": "t1", "name": null}"#);
    writer.purge(1, before);
    writer.push_leniently(1, 3, "team", r#"{"id": "t1", "name": "Eins"}"#);
    writer.push(1, 3, "account", &[ANN, ZOE].join(","));
    writer.push_leniently(1, 3, "team", r#"{"id": "t3", "name": 3}"#);
    writer.complete(1, 3, Completion::GUARDED);
    writer.cleanup(1, 3, 100);
    writer.start(1, 4, &[]);
    writer.push_leniently_as(1, 4, "account", accounts(&[wrong, nameless, ZOE]));
    writer.push_leniently(1, 4, "role", r#"{"id": "admin"}, {"id": "admin", "name": "Admin"}, []"#);
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
