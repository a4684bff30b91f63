//! The journals that the golden ones were written from. A journal that is written down is not changed here any more:
//! what is new gets a journal of its own.

use headcount::{
    AppId, AppUpdate, Command, Completion, Fingerprint, Group, Guard, Kind, Limits, NewTask, Page,
    Resolution, ResourceTypeUpdate, Scope, SessionId, TaskAction, Timestamp,
};

use super::journal::Journal;
use super::writer::{ANN, BOB, TEAMS, TYPES, Writer, ZOE, page, uuid};
use super::{Folder, histories_of_attributes, histories_of_steps};

/// All of them.
pub fn all() -> Vec<Journal> {
    [
        ("rolls", Limits::default(), rolls as fn(&mut Writer)),
        ("states", Limits::default(), states),
        ("refusals", Limits::default(), refusals),
        ("low_limits", low_limits(), at_limits),
        ("fingerprints", Limits::default(), fingerprints),
        ("gaps", Limits::default(), gaps),
        ("activity", Limits::default(), histories_of_steps::activity),
        ("exclusions", Limits::default(), histories_of_steps::exclusions),
        ("guards", Limits::default(), histories_of_steps::guards),
        ("plans", Limits::default(), histories_of_steps::plans),
        ("erasures", Limits::default(), histories_of_steps::erasures),
        ("attributes", Limits::default(), histories_of_attributes::attributes),
        ("lenient", Limits::default(), histories_of_steps::lenient),
        ("deltas", Limits::default(), histories_of_steps::deltas),
    ]
    .map(|(name, limits, write)| {
        let mut writer = Writer { now: 1_736_935_200_000, history: Vec::new() };
        write(&mut writer);
        Journal { name: name.to_owned(), limits, history: writer.history }
    })
    .into()
}

/// All journals in the folder, [these](all) among them: their files are written or held against them.
///
/// # Errors
/// The promises that are broken.
pub fn golden(folder: &Folder) -> Result<Vec<Journal>, String> {
    for journal in all() {
        journal.pin(folder)?;
    }
    let names = folder.stems("journals", ".postcard")?;
    names.iter().map(|name| Journal::read(folder, name)).collect()
}

const COMPLETED: Resolution<'_> = Resolution::Completed { result: None };

fn failed(code: &'static str, message: &'static str) -> Resolution<'static> {
    Resolution::Failed { code: code.into(), message: message.into() }
}

/// Pages that are offered by their fingerprints, known and not, in several sessions; the last one stays open.
fn fingerprints(writer: &mut Writer) {
    let (first, second) = (Fingerprint(u128::MAX / 3), Fingerprint(2));
    let accounts = || page(Kind::Account, &[ANN, BOB].join(",")).with_fingerprint(first);
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.start(1, 1, &[]);
    writer.repeat(1, 1, "account", first);
    writer.push_as(1, 1, "account", accounts());
    writer.push_as(1, 1, "team", page(Kind::Group, TEAMS).with_fingerprint(second));
    writer.repeat(1, 1, "account", first);
    writer.repeat(1, 1, "team", first);
    writer.finish(1, 1);
    writer.repeat(1, 1, "account", first);
    // Only the accounts come: the teams go, and their page with them.
    writer.start(1, 2, &["account", "team"]);
    writer.repeat(1, 2, "account", first);
    writer.finish(1, 2);
    writer.start(1, 3, &["account"]);
    writer.repeat(1, 3, "team", second);
    writer.repeat(1, 3, "account", first);
    writer.push(1, 3, "account", r#"{"id": "bob", "username": "robert"}"#);
    writer.repeat(1, 3, "account", first);
    writer.push_as(1, 3, "account", accounts());
    writer.update_type(1, "role", ResourceTypeUpdate::default().with_slug("part"));
    writer.repeat(1, 3, "account", first);
    writer.push_as(1, 3, "account", page(Kind::Account, ZOE).with_fingerprint(second));
    // What is saved here is remembered in two runs of rows, and under two types.
    writer.start(1, 4, &["account", "team"]);
    let two = r#"{"id": "bob", "username": "bob"}, {"id": "zed", "username": "zed"}"#;
    writer.push_as(1, 4, "account", page(Kind::Account, two).with_fingerprint(first));
    writer.push_as(1, 4, "team", page(Kind::Group, TEAMS).with_fingerprint(second));
    writer.repeat(1, 4, "account", second);
    writer.repeat(1, 4, "account", first);
}

/// Records, references and placeholders through all that happens to them; a clone; a guard.
fn rolls(writer: &mut Writer) {
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.create(2, "Acme HR, a clone", Some(1));
    first_roll(writer);
    second_roll(writer);
    guarded_roll(writer);
    registry(writer);
    writer.start(2, 21, &[]);
    writer.push(2, 21, "staff", &ANN.replace("\"team\"", "\"squad\""));
    writer.push(2, 21, "account", r#"{"id": "ann", "username": "another Ann"}"#);
    writer.finish(2, 21);
    writer.purge(1, i64::MIN);
    writer.delete(1);
    writer.register(2, 16, "seat-2", "Seat", Kind::License);
    writer.delete(2);
}

fn first_roll(writer: &mut Writer) {
    writer.start(1, 1, &[]);
    writer.push(1, 1, "account", "");
    writer.push(1, 1, "account", &[ANN, BOB, ZOE].join(","));
    writer.push(1, 1, "team", TEAMS);
    writer.push(1, 1, "seat", r#"{"id": "s1", "name": "Seat"}, {"id": "s2", "name": "Seat 2"}"#);
    // Once more: nothing changes. Then one that does, in the same session.
    writer.push(1, 1, "account", &[ANN, BOB].join(","));
    writer.push(1, 1, "account", r#"{"id": "bob", "email": "bob@example.com", "first_name": "Bob"}"#);
    writer.complete(1, 1, Completion::GUARDED);
    writer.complete(1, 1, Completion::GUARDED);
    writer.cleanup(1, 1, 1);
    writer.cleanup(1, 1, 1);
}

/// Ann is gone, and with her what only she referred to; then she comes back. A team stays away.
fn second_roll(writer: &mut Writer) {
    writer.start(1, 2, &["account", "team", "role", "account"]);
    writer.push(1, 2, "account", &[BOB, ZOE].join(","));
    writer.push(1, 2, "team", r#"{"id": "t9", "name": "Neun", "description": "new"}"#);
    writer.complete(1, 2, Completion::FORCED);
    for _ in 0..4 {
        writer.cleanup(1, 2, 1);
    }
    writer.start(1, 3, &[]);
    // She wakes the role, reactivates herself, and leaves a team.
    let ann = r#"{"id": "ann", "email": "ann@example.org", "username": "ann",
        "memberships": {"role": [{"id": "admin", "name": "Administrator"}], "team": [{"id": "t3", "name": "Drei"}]},
        "assignments": {"seat": [{"id": "s9"}]}}"#;
    writer.push(1, 3, "account", ann);
    writer.push(1, 3, "team", r#"{"id": "t3", "name": "Drei"}"#);
    writer.finish(1, 3);
    // A team that went before the last roll, and with it what Zoë, who went in it, referred to; then all.
    writer.purge(1, writer.now - 3_000);
    writer.purge(1, i64::MAX);
}

fn guarded_roll(writer: &mut Writer) {
    writer.update(1, AppUpdate::default().with_name("Acme").with_guard(Guard::NONE.with_max_count(1)));
    writer.update(1, AppUpdate::default().with_name("Acme"));
    writer.start(1, 4, &[]);
    writer.complete(1, 4, Completion::GUARDED);
    writer.update(1, AppUpdate::default().with_guard(Guard::NONE.with_max_count(100).with_max_percent(99)));
    writer.complete(1, 4, Completion::GUARDED);
    writer.update(1, AppUpdate::default().with_guard(Guard::NONE));
    writer.complete(1, 4, Completion::GUARDED);
    writer.cleanup(1, 4, 2);
    // The clock goes backwards, before the epoch; the start ends the cleanup.
    let now = std::mem::replace(&mut writer.now, -86_400_000);
    writer.start(1, 5, &[]);
    writer.push(1, 5, "account", BOB);
    writer.abandon(1, 5);
    writer.abandon(1, 5);
    writer.now = now;
    writer.start(1, 6, &[]);
    writer.fail(1, 6, "the API answers 503: “bald wieder da”");
    writer.start(1, 7, &[]);
    writer.start(1, 8, &["staff"]);
}

fn registry(writer: &mut Writer) {
    let update = ResourceTypeUpdate::default;
    writer.update_type(1, "team", update().with_name("Squad").with_slug("squad"));
    writer.update_type(2, "squad", update());
    writer.update_type(2, "staff", update().with_kind(Kind::Group));
    writer.update_type(1, "staff", update().with_kind(Kind::Account));
    writer.register(2, 99, "preview", "Named as a route", Kind::License);
}

/// Ends with apps in every state that an app can be in.
fn states(writer: &mut Writer) {
    writer.create(1, "In progress", None);
    writer.register_all(1, 11);
    ended_sessions(writer);
    writer.start(1, 8, &[]);
    writer.push(1, 8, "account", ANN);
    writer.push(1, 8, "role", r#"{"id": "admin", "name": "Administrator", "description": "Peut tout"}"#);
    tasks(writer);
    writer.create(2, "Scoped", Some(1));
    writer.start(2, 20, &[]);
    writer.push(2, 20, "staff", &[ANN, ZOE].join(","));
    writer.finish(2, 20);
    writer.start(2, 21, &["team", "account"]);
    writer.push(2, 21, "account", BOB);
    writer.push(2, 21, "team", r#"{"id": "t1", "name": "Une"}"#);
    completing(writer);
    writer.create(4, "Empty, in a group of its own", None);
    writer.update(4, AppUpdate::default().with_guard(Guard::NONE.with_max_percent(0)));
    writer.create(5, "Nothing to clean up, and not cleaned up", Some(4));
    writer.start(5, 50, &[]);
    writer.complete(5, 50, Completion::FORCED);
    writer.delete(3_000);
}

/// A session of each ending, and records of each kind: active, inactive, placeholders, both.
fn ended_sessions(writer: &mut Writer) {
    writer.start(1, 1, &[]);
    writer.push(1, 1, "account", &[ANN, BOB, ZOE].join(","));
    writer.push(1, 1, "team", TEAMS);
    writer.push(1, 1, "seat", r#"{"id": "s1", "name": "Seat"}"#);
    writer.finish(1, 1);
    writer.start(1, 2, &["account", "role"]);
    writer.push(1, 2, "account", &[BOB, ZOE].join(","));
    writer.finish(1, 2);
    writer.start(1, 3, &[]);
    writer.push(1, 3, "team", r#"{"id": "t4", "name": "Quatre"}"#);
    writer.abandon(1, 3);
    writer.start(1, 4, &["seat"]);
    writer.fail(1, 4, "no route to host");
    writer.start(1, 5, &[]);
}

/// A task in each state, of each action.
fn tasks(writer: &mut Writer) {
    let actions = TaskAction::ALL.iter().copied();
    for (task, (action, (slug, ..))) in (1..).zip(actions.zip(TYPES.into_iter().cycle())) {
        let mut new = NewTask::new(action, slug);
        if task % 2 == 0 {
            new = new.with_payload(r#"{"login": "zoë"}"#);
        }
        if task > 3 {
            new = new.with_execute_after(Timestamp(4_102_444_800_000));
        }
        writer.task(1, task, new);
    }
    writer.resolve(1, 2, Resolution::Completed { result: Some(r#"{"id": 7}"#.into()) });
    writer.resolve(1, 5, failed("locked", "The account is locked"));
    writer.resolve(1, 1, COMPLETED);
    writer.task(1, 7, NewTask::new(TaskAction::DeleteAccount, "staff").with_execute_after(Timestamp(-1)));
}

/// A cleanup in the midst of its work.
fn completing(writer: &mut Writer) {
    writer.create(3, "Completing", Some(2));
    writer.update(3, AppUpdate::default().with_guard(Guard::NONE.with_max_count(7).with_max_percent(100)));
    writer.start(3, 30, &[]);
    writer.push(3, 30, "account", &[ANN, BOB, ZOE].join(","));
    writer.push(3, 30, "team", TEAMS);
    writer.finish(3, 30);
    writer.start(3, 31, &["account", "team"]);
    writer.push(3, 31, "account", ZOE);
    writer.complete(3, 31, Completion::GUARDED);
    // Both accounts, and one of the teams.
    writer.cleanup(3, 31, 3);
}

/// Every error but that of a full type, and every fault.
fn refusals(writer: &mut Writer) {
    writer.create(1, "App", None);
    writer.register_all(1, 11);
    writer.create(2, "Clone", Some(1));
    writer.start(1, 1, &[]);
    writer.push(1, 1, "account", &[ANN, BOB].join(","));
    not_found(writer);
    invalid_arguments(writer);
    faults(writer);
    conflicts(writer);
    wrong_states(writer);
}

fn not_found(writer: &mut Writer) {
    writer.delete(9);
    writer.create(9, "Clone", Some(8));
    writer.push(1, 1, "nosuch", "");
    writer.start(1, 2, &["account", "nosuch"]);
    writer.push(2, 1, "account", "");
    writer.resolve(1, 9, COMPLETED);
    writer.task(1, 9, NewTask::new(TaskAction::ResetPassword, "nosuch"));
    writer.update_type(2, "nosuch", ResourceTypeUpdate::default());
}

fn invalid_arguments(writer: &mut Writer) {
    writer.create(9, "", None);
    writer.create(9, "N\0l", None);
    writer.register(1, 99, "a b", "Type", Kind::Group);
    writer.update(1, AppUpdate::default().with_guard(Guard::NONE.with_max_percent(101)));
    let long = "é".repeat(256);
    writer.update_type(1, "team", ResourceTypeUpdate::default().with_name(long.clone()));
    writer.update_type(1, "team", ResourceTypeUpdate::default().with_slug("équipe"));
    writer.then(Command::StartSession {
        app_id: AppId(uuid(1)),
        session_id: SessionId(uuid(2)),
        scope: Scope::Types(Vec::new()),
    });
    writer.fail(1, 1, "");
}

fn faults(writer: &mut Writer) {
    let long = "é".repeat(256);
    // All at once: each malformed field, and faults against rules beside them.
    let accounts = [
        r#"{"id": "", "username": ""}"#,
        &format!(r#"{{"id": "{long}", "first_name": "{long}", "username": "a"}}"#),
        r#"{"id": "n\u0000l", "username": "a", "last_name": "\u0000"}"#,
        r#"{"id": "u1", "email": "a@b@c", "status": "Active"}"#,
        r#"{"id": "u1", "username": "b", "memberships": {"seat": [{"id": "s1"}], "nosuch": null, "a\nb": []}}"#,
        r#"{"id": 7, "username": true, "memberships": {"team": {"id": "t1"}, "role": [{"id": ""}, null, {"id": 1}]}}"#,
        r#"{"id": "u2", "email": ["a@b"], "username": "c", "assignments": [{"id": "s1"}]}"#,
        "null",
        r#"{"id": "u3", "username": "d"}"#,
    ];
    writer.push(1, 1, "account", &accounts.join(","));
    let many = vec![r#"{"id": "t1"}"#; 10_001].join(",");
    writer.push(
        1,
        1,
        "account",
        &format!(r#"{{"id": "u1", "username": "a", "memberships": {{"team": [{many}]}}}}"#),
    );
    // Against rules alone.
    let twice = r#"{"id": "u1", "username": "a"}, {"id": "u1", "username": "a", "assignments": {"team": [], "x": []}}"#;
    writer.push(1, 1, "account", twice);
    writer.push(1, 1, "team", r#"{"id": "t1"}, {"id": "t2", "name": 2.5, "description": false}"#);
    writer.push_as(
        1,
        1,
        "team",
        page(Kind::Group, r#"{"id": "t1", "name": "One"}, {"id": "t1", "name": "Two"}"#),
    );
    writer.push_as(1, 1, "account", page(Kind::Account, &vec!["{}"; 100].join(",")));
    let group = |id: u32| Group { id: id.to_string().into(), name: "Group".into(), ..Group::default() };
    let groups = (0..101).map(group);
    writer.push_as(1, 1, "team", Page::groups(groups));
}

fn conflicts(writer: &mut Writer) {
    writer.create(2, "Again", None);
    writer.register(1, 11, "other", "Type", Kind::Group);
    writer.register(2, 99, "team", "Type", Kind::Group);
    writer.update_type(1, "team", ResourceTypeUpdate::default().with_slug("role"));
    writer.update_type(2, "team", ResourceTypeUpdate::default().with_kind(Kind::License));
    writer.start(2, 1, &[]);
    writer.task(1, 1, NewTask::new(TaskAction::ResetPassword, "account"));
    writer.task(2, 1, NewTask::new(TaskAction::ResetPassword, "account"));
    writer.resolve(1, 1, failed("gone", "No such account"));
    writer.resolve(1, 1, COMPLETED);
    writer.finish(1, 1);
    writer.start(1, 3, &[]);
    writer.update(1, AppUpdate::default().with_guard(Guard::NONE.with_max_count(1)));
    writer.complete(1, 3, Completion::GUARDED);
    writer.update(1, AppUpdate::default().with_guard(Guard::NONE.with_max_percent(50)));
    writer.complete(1, 3, Completion::GUARDED);
}

fn wrong_states(writer: &mut Writer) {
    writer.push_as(1, 3, "team", page(Kind::License, ""));
    writer.start(1, 4, &["account"]);
    writer.push(1, 4, "team", "");
    writer.push(1, 1, "account", ANN);
    writer.cleanup(1, 4, 1);
    writer.fail(1, 1, "too late");
    writer.abandon(1, 1);
    writer.complete(1, 3, Completion::FORCED);
    writer.cleanup(1, 3, 1);
    // The last of all: it is not refused.
    writer.push(1, 4, "account", ZOE);
}

fn low_limits() -> Limits {
    let mut limits = Limits::default();
    limits.records_per_page_max = 4;
    limits.references_per_account_max = 3;
    limits.faults_listed_max = 2;
    limits.records_per_type_max = 4;
    limits.bytes_per_type_max = 320;
    limits.sessions_per_app_max = 2;
    limits.ended_tasks_per_app_max = 1;
    limits.id_chars_max = 5;
    limits.text_chars_max = 12;
    limits.description_chars_max = 20;
    limits.slug_chars_max = 7;
    limits.reason_chars_max = 10;
    limits.opaque_bytes_max = 8;
    limits
}

/// Each limit, at it and beyond it.
fn at_limits(writer: &mut Writer) {
    writer.create(1, "Twelve chars", None);
    writer.create(2, "Thirteen char", None);
    writer.register_all(1, 11);
    writer.register(1, 16, "eight-ch", "Type", Kind::Group);
    writer.start(1, 1, &[]);
    let user = |id: u32| {
        format!(r#"{{"id": "{id}", "username": "a", "memberships": {{"team": [{{"id": "{id}"}}]}}}}"#)
    };
    writer.push(1, 1, "account", &[user(1), user(2)].join(","));
    writer.push(1, 1, "account", &(1..=5).map(user).collect::<Vec<_>>().join(","));
    // The teams would be five.
    writer.push(1, 1, "account", &(3..=4).map(user).collect::<Vec<_>>().join(","));
    writer.push(1, 1, "account", r#"{"id": "1", "username": "a", "memberships": {"team": [{"id": "5"}]}}"#);
    writer.push(1, 1, "account", &(1..=4).map(user).collect::<Vec<_>>().join(","));
    // Too many bytes.
    let long = r#"{"id": "1", "name": "ééééééééééé", "description": "𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞"}"#;
    writer.push(1, 1, "team", &[long, &long.replace(r#""1""#, r#""2""#)].join(","));
    writer.push(1, 1, "team", long);
    let references = |count: usize| vec![r#"{"id": "1"}"#; count].join(",");
    for count in [3, 4] {
        let refers =
            format!(r#"{{"id": "1", "username": "a", "memberships": {{"team": [{}]}}}}"#, references(count));
        writer.push(1, 1, "account", &refers);
    }
    writer.push(
        1,
        1,
        "account",
        r#"{"id": "123456"}, {"id": "12345", "username": "Thirteen char"}, {"id": 1}"#,
    );
    writer.fail(1, 1, "eleven char");
    writer.fail(1, 1, "ten chars.");
    writer.start(1, 2, &[]);
    writer.start(1, 3, &[]);
    writer.abandon(1, 1);
    for task in 1..=3 {
        writer.task(1, task, NewTask::new(TaskAction::UpdateAccount, "account").with_payload("8 bytes."));
        writer.resolve(1, task, COMPLETED);
    }
    writer.resolve(1, 1, COMPLETED);
    writer.task(1, 9, NewTask::new(TaskAction::UpdateAccount, "account").with_payload("éééé+"));
}

/// Records are purged while others stay, between two steps of a cleanup and behind it. At the end rows are gone, a
/// session is open, and a page is remembered.
fn gaps(writer: &mut Writer) {
    let cid = r#"{"id": "cid", "username": "cid", "memberships": {"team": [{"id": "t1"}, {"id": "t8"}]}}"#;
    let stay = ["t1", "t2", "t3", "t4"].map(|id| format!(r#"{{"id": "{id}", "name": "Team"}}"#)).join(",");
    let goes = format!(r#"{{"id": "t8", "name": "Huit"}}, {stay}"#);
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.start(1, 1, &[]);
    writer.push(1, 1, "account", &[BOB, ZOE, cid, ANN].join(","));
    writer.push(1, 1, "team", &goes);
    writer.finish(1, 1);
    writer.start(1, 2, &[]);
    writer.push(1, 2, "account", &[ANN, ZOE, cid].join(","));
    writer.push(1, 2, "team", &stay);
    writer.finish(1, 2);
    let before = writer.now + 1;
    writer.start(1, 3, &[]);
    writer.push(1, 3, "account", ANN);
    writer.push(1, 3, "team", &stay);
    writer.complete(1, 3, Completion::FORCED);
    writer.cleanup(1, 3, 1);
    writer.purge(1, before);
    writer.cleanup(1, 3, 100);
    writer.purge(1, before);
    // Bob comes back, new and last, and with him a team by its name alone.
    writer.start(1, 4, &[]);
    let bob = BOB.replace("t2", "t8");
    writer.push_as(
        1,
        4,
        "account",
        page(Kind::Account, &[ANN, &bob].join(",")).with_fingerprint(Fingerprint(1)),
    );
    writer.push(1, 4, "team", &stay);
    writer.finish(1, 4);
    writer.purge(1, before + 4_000);
    writer.start(1, 5, &[]);
    writer.repeat(1, 5, "account", Fingerprint(1));
    writer.push_as(1, 5, "account", page(Kind::Account, &bob).with_fingerprint(Fingerprint(2)));
    writer.repeat(1, 5, "account", Fingerprint(2));
}
