//! Snapshots that tell of marks which no open session could have, each refused with the rule that it breaks (SPEC 9,
//! loading).

use headcount::{Config, Page, RestoreError, Scope};
use headcount_testing::small::{self, APP, NOW, account, complete, group, member, push_in, saved, session};
use serde_json::{Value, json};

use crate::told::{assert_refused, broken_rule, restore};

/// A session that ended, and one in progress that retains an account and the team that it refers to.
fn with_what_is_retained() -> Value {
    let mut engine = small::engine_with_an_account();
    assert_eq!(complete(&mut engine, session(1), NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    let nameless = headcount::Account { username: None, ..account("u1") };
    for page in [Page::accounts([nameless]), Page::groups([group("g1", "")])] {
        let outcome = small::push_leniently_in(&mut engine, session(2), &page).expect("a page");
        assert_eq!((outcome.rejected, outcome.retained), (1, 1));
    }
    saved(&engine)
}

#[test]
pub(crate) fn what_no_session_could_retain_is_refused() {
    let saved = with_what_is_retained();
    restore(saved.clone()).expect("an engine");
    let marks =
        [0, 1].map(|of| json!({"app": 0, "of": of, "retained": [[0, 1]], "settled": [], "settled_ids": []}));
    assert_eq!(saved["marks"], json!(marks));
    for (rule, path, value) in [
        // Of a type twice, of one without records.
        ("3a.3", "/marks/0/of", json!(1)),
        ("9", "/marks/0/of", json!(2)),
        ("9", "/marks/1/of", json!(7)),
        // Rows that are not there, and runs that are not the fewest.
        ("9", "/marks/0/retained/0/0", json!(1)),
        ("9", "/marks/0/retained/0/1", json!(0)),
        ("9", "/marks/0/retained/0/1", json!(2)),
        ("9", "/marks/0/retained/0/1", json!(u32::MAX)),
        ("9", "/marks/0/retained", json!([])),
        ("9", "/marks/0/retained", json!([[0, 1], [0, 1]])),
        // One that was pushed.
        ("3.5", "/apps/0/tables/0/0/0", json!(5)),
        // More than was rejected, and counts that no session has.
        ("3.5", "/sessions/1/rejected", json!(1)),
        ("5", "/sessions/1/rejected", json!((1_u64 << 60) + 1)),
        ("5", "/sessions/1/retained", json!([0, 0, 0])),
        ("5", "/sessions/0/retained", json!([0, 0])),
        ("5", "/sessions/0/retained", json!([(1_u64 << 60) + 1, 0, 0])),
        ("3.5", "/sessions/0/retained", json!([1, 0, 0])),
        ("4.5", "/apps/0/app/sessions/open/facts/scope", json!([0])),
    ] {
        assert_refused(&saved, rule, path, value);
    }
    // That another record was retained, or none, is for the digest to tell.
    let mut fewer = saved.clone();
    fewer["marks"] = json!([]);
    assert!(matches!(restore(fewer), Err(RestoreError::DigestMismatch { .. })), "no rule is broken");
}

/// Two accounts and a placeholder in the open session, of which deltas settled an account and two ids.
#[test]
pub(crate) fn marks_that_no_session_can_have_are_refused() {
    let mut engine = small::engine(Config::new());
    let accounts = Page::accounts([account("u1"), member("u2", ["g1"])]);
    let _ = push_in(&mut engine, session(1), &accounts).expect("a page");
    let _ = engine.deactivate_records(NOW, APP, "account", &["u1", "u3"]).expect("a delta");
    let _ = engine.deactivate_records(NOW, APP, "team", &["g1"]).expect("a delta");
    let saved = saved(&engine);
    let marks = saved["marks"].clone();
    assert_eq!(
        marks[0],
        json!({"app": 0, "of": 0, "retained": [], "settled": [[0, 1]], "settled_ids": ["u3"]})
    );
    restore(saved.clone()).expect("an engine");
    for (rule, path, value) in [
        ("3a.3", "/marks/0/app", json!(1)),
        ("3a.3", "/marks/1/of", json!(0)),
        ("3a.3", "/marks/1/of", json!(3)),
        ("9", "/marks/0/settled", json!([[0, 3]])),
        ("9", "/marks/0/settled", json!([[0, 1], [1, 1]])),
        ("9", "/marks/1/settled_ids", json!([])),
        ("9", "/marks/0/settled_ids", json!(["u4", "u3"])),
        ("9", "/marks/0/settled_ids", json!(["u3", "u3"])),
        ("3.3", "/marks/0/settled_ids", json!([""])),
        ("3a.3", "/marks/0/settled_ids", json!(["u2"])),
        // The placeholder, and the one that was pushed and is inactive.
        ("3a.3", "/marks/1/settled", json!([[0, 1]])),
        ("4.2", "/marks/0/settled", json!([[1, 1]])),
        ("4.2", "/marks", json!([])),
        ("3a.3", "/apps/0/app/sessions/open/facts/scope", json!([1])),
        ("5", "/sessions/0/settled", json!((1_u64 << 60) + 1)),
    ] {
        assert_refused(&saved, rule, path, value);
    }
    for (path, value) in [("/marks/0/settled", json!([[0, 2]])), ("/marks/0/settled_ids", json!(["u5"]))] {
        let mut other = saved.clone();
        *other.pointer_mut(path).expect("a list") = value;
        assert!(matches!(restore(other), Err(RestoreError::DigestMismatch { .. })), "{path}: it could be");
    }
    engine.abandon_session(NOW, APP, session(1)).expect("in progress");
    let mut ended = small::saved(&engine);
    assert_eq!(ended["marks"], json!([]));
    ended["marks"] = marks;
    assert_eq!(broken_rule(ended, "no session is open"), "3.5");
}
