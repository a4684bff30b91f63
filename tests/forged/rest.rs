//! Forged values of what the other forgeries leave alone: names, slugs, logins, guards, the tops of lists, and what a
//! format lacks.

use headcount::{
    Account, Config, Engine, Guard, Limits, NewTask, Page, Resolution, RestoreError, Scope, TaskAction,
    Timestamp,
};
use headcount_testing::small::{self, APP, NOW, group, member, push, session, task};
use serde_json::{Value, json};

use crate::told::{assert_refused, broken_rule, read, restore};

/// An app with a guard, two completed sessions, of which the later one is lenient and retains nothing, one that is open,
/// records of each kind, a placeholder, a checkpoint, and an ended task of each kind.
fn saved() -> Value {
    let mut engine = small::engine(Config::new());
    let alice = Account { email: Some("a@b".into()), ..member("u1", ["g1", "g2"]) };
    for page in [
        Page::accounts([alice.clone()]),
        Page::groups([headcount::Group { description: Some("d".into()), ..group("g1", "Name") }]),
        Page::licenses([group("s1", "Name")]),
    ] {
        let _ = push(&mut engine, &page).expect("a page");
    }
    assert_eq!(small::complete(&mut engine, small::SESSION, Timestamp(1)), 0);
    let guard = headcount::AppUpdate::default().with_guard(Guard::NONE.with_max_removals_percent(50));
    engine.update_app(NOW, APP, &guard).expect("a guard");
    engine.start_session(NOW, APP, session(2), &Scope::types(["account"])).expect("a session");
    engine.save_checkpoint(NOW, APP, session(2), Some("page 2")).expect("in progress");
    let _ = small::push_in(&mut engine, session(2), &Page::accounts([alice])).expect("a page");
    let new = NewTask::new(TaskAction::CreateAccount, "account").with_payload("{}");
    engine.create_task(NOW, APP, task(1), &new).expect("a task");
    let done = Resolution::Completed { result: Some("x".into()) };
    engine.resolve_task(NOW, APP, task(1), &done).expect("a task to be done");
    small::saved(&engine)
}

#[test]
pub(crate) fn what_is_told_of_an_app_and_its_types_is_held_to_the_rules() {
    let saved = saved();
    restore(saved.clone()).expect("an engine");
    let mut groups = saved["groups"].clone();
    groups.as_array_mut().expect("groups").push(json!([]));
    let mut progress = saved["sessions"].clone();
    let one_more = progress[0].clone();
    progress.as_array_mut().expect("sessions").push(one_more);
    let mut tables = saved["apps"][0]["tables"].clone();
    tables.as_array_mut().expect("tables").push(json!([]));
    let open = "/apps/0/app/sessions/open";
    for (rule, path, value) in [
        ("10.1", "/groups", groups),
        ("10.1", "/groups/0/1/slug", json!("seat")),
        ("4.8", "/apps/0/app/guard/max_removals_percent", json!(101)),
        ("10.3", "/apps/0/tables", tables),
        ("9", "/apps/0/tables/2", json!([])),
        ("5", "/sessions", progress),
        ("5", "/sessions", json!([saved["sessions"][0]])),
        ("4.1", "/apps/0/app/last_synced_at", json!(2)),
        ("5", "/sessions/1/retained", json!([0, 0, 0])),
        ("4.5", "/sessions/1/types/1/pages", json!(1)),
        ("4.8", "/sessions/1/types/0/base", json!(0)),
        ("10.5", "/apps/0/app/sessions/open/facts/counts/deactivated", json!(1)),
        ("7", "/apps/0/app/sessions/open/facts/counts/deactivated", json!(1_000)),
    ] {
        assert_refused(&saved, rule, path, value);
    }
    // Synced, and yet there never was a session.
    let mut without = saved.clone();
    without["apps"][0]["app"]["sessions"] = json!({"ended": [], "open": null});
    without["sessions"] = json!([]);
    for table in without["apps"][0]["tables"].as_array_mut().expect("tables") {
        for row in table.as_array_mut().expect("rows") {
            row[0] = json!(row[0].as_u64().expect("flags") & 3);
        }
    }
    assert_eq!(broken_rule(without, "no session"), "5");
    // An app in no group, and one of whose tables tells of more types than there are.
    assert_eq!(saved.pointer(&format!("{open}/facts/scope")), Some(&json!([0])));
    let mut other = saved;
    other["apps"][0]["group"] = json!(u64::MAX);
    assert_eq!(broken_rule(other, "no group"), "10.1");
}

#[test]
pub(crate) fn texts_are_held_to_the_rules() {
    let saved = saved();
    let long = |chars: u32| json!("x".repeat(chars as usize + 1));
    let ceilings = Limits::CEILINGS;
    let account = |texts: [&str; 6]| json!([5, 0, "active", texts, [1, 2, 0, 1]]);
    let group = |flags: u8, texts: [&str; 6]| json!([flags, 0, "active", texts, []]);
    for (rule, path, value) in [
        ("3.3", "/groups/0/0/name", json!("")),
        ("3.3", "/groups/0/0/name", json!("a\0")),
        ("3.3", "/groups/0/0/slug", long(ceilings.slug_chars_max)),
        ("3.3", "/apps/0/app/name", long(ceilings.text_chars_max)),
        ("3.3", "/apps/0/tables/0/0", account(["u1", "a@b@c", "x", "", "", ""])),
        ("3.3", "/apps/0/tables/0/0", account(["u1", "a b@c", "x", "", "", ""])),
        ("3.3", "/apps/0/tables/0/0", account(["u1", "a@b", "x", "", "\0", ""])),
        ("3.3", "/apps/0/tables/1/0", group(5, ["g1", "", "d", "", "", ""])),
        ("3.3", "/apps/0/tables/1/0", group(5, ["g1", "Name", "\0", "", "", ""])),
        ("3.3", "/apps/0/tables/1/1", group(3, ["g2", "\0", "", "", "", ""])),
        ("3.3", "/sessions/1/checkpoint", long(ceilings.checkpoint_bytes_max)),
        ("3.3", "/apps/0/app/tasks/tasks/0/payload", long(ceilings.opaque_bytes_max)),
        ("3.3", "/apps/0/app/tasks/tasks/0/ending/completed/result", long(ceilings.opaque_bytes_max)),
    ] {
        assert_refused(&saved, rule, path, value);
    }
}

#[test]
pub(crate) fn what_a_format_lacks_is_missed_and_what_it_has_not_is_refused() {
    let saved = saved();
    let fields: Vec<String> = saved.as_object().expect("fields").keys().cloned().collect();
    assert_eq!(fields.len(), 8);
    for field in &fields {
        let mut without = saved.clone();
        without.as_object_mut().expect("fields").remove(field);
        let error = read(without).expect_err("a field is missing").to_string();
        assert!(error.contains(field.as_str()), "{field}: {error}");
    }
    for format in [0, 2, 6, u32::MAX] {
        let mut other = saved.clone();
        other["format"] = json!(format);
        let error = restore(other).expect_err("another format");
        assert_eq!(error, RestoreError::UnknownFormat { found: format, expected: 5 });
    }
    for (path, value) in [
        ("/apps/0/tables/0/0", json!([5, 0, "active", ["u1", "", "x", "", "", ""]])),
        ("/apps/0/tables/0/0", json!([])),
        ("/apps/0/tables/0/0/0", json!(256)),
        ("/apps/0/tables/0/0/2", json!("unknown")),
        ("/apps/0/tables/0/0/3/0", json!(1)),
        ("/seq", json!(-1)),
        ("/digest", json!([0])),
    ] {
        let mut forged = saved.clone();
        *forged.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = value;
        assert!(read(forged).is_err(), "{path}");
    }
    // The engine that it was is none of these.
    let engine: Engine = restore(saved).expect("an engine");
    engine.check_invariants().expect("every rule");
}
