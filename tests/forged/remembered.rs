//! Snapshots that lie about the pages that are known by their fingerprints.

use headcount::{Config, Engine, Fingerprint, Page};
use headcount_testing::small::{self, group, member, push};
use serde_json::json;

use crate::told::{assert_refused, broken_rule, restore};

/// An engine that knows a page of two accounts, and one of their two teams.
fn engine() -> Engine {
    let mut engine = small::engine(Config::new());
    let accounts = Page::accounts([member("u1", ["g1"]), member("u2", ["g1", "g2"])]);
    let teams = Page::groups([group("g1", "One"), group("g2", "Two")]);
    for (number, page) in [(1, accounts), (2, teams)] {
        let _ = push(&mut engine, &page.with_fingerprint(Fingerprint(number))).expect("a page");
    }
    engine
}

/// Every way in which a snapshot could lie about pages.
#[test]
pub(crate) fn forged_pages_are_refused() {
    let saved = small::saved(&engine());
    restore(saved.clone()).expect("an engine");
    let page = |fingerprint: &str, runs| json!([format!("{fingerprint:0>32}"), runs]);
    let pages = "/remembered/0/pages";
    for (rule, path, value) in [
        ("9", pages, json!([])),
        ("3.9", pages, json!([page("1", json!([]))])),
        ("3.9", pages, json!([page("1", json!([[0, 0]]))])),
        ("3.9", pages, json!([page("1", json!([[0, 3]]))])),
        ("3.9", pages, json!([page("1", json!([[1, u32::MAX]]))])),
        ("3.9", pages, json!([page("1", json!([[u32::MAX, u32::MAX]]))])),
        // One run as two, and two the wrong way round.
        ("3.9", pages, json!([page("1", json!([[0, 1], [1, 1]]))])),
        ("3.9", pages, json!([page("1", json!([[1, 1], [0, 1]]))])),
        // A row of two pages, and a page twice.
        ("3.9", pages, json!([page("1", json!([[0, 2]])), page("2", json!([[1, 1]]))])),
        ("3.9", pages, json!([page("1", json!([[0, 1]])), page("1", json!([[1, 1]]))])),
        ("3.9", "/remembered/0/app", json!(1)),
        ("3.9", "/remembered/0/of", json!(2)),
        ("3.9", "/remembered/0/of", json!(1)),
        ("1", "/remembered/0/checked_under/id_chars", json!(16_384)),
        ("1", "/remembered/0/checked_under/id_chars", json!(0)),
        ("3.2", "/remembered/0/checked_under/records_per_page", json!(1)),
    ] {
        assert_refused(&saved, rule, path, value);
    }
    for (path, value) in [
        (pages, json!([page("7", json!([[0, 2]]))])),
        (pages, json!([page("1", json!([[1, 1]]))])),
        ("/remembered/0/checked_under/id_chars", json!(256)),
        ("/remembered", json!([])),
    ] {
        let mut forged = saved.clone();
        *forged.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = value.clone();
        let refused = restore(forged).expect_err("another state");
        assert_eq!(refused.code(), "digest_mismatch", "{path}: {value}");
    }
    // Of a placeholder, or of an inactive record, no page is remembered.
    let mut placeholders = small::engine(Config::new());
    let page = Page::accounts([member("u1", ["g1"])]).with_fingerprint(Fingerprint(1));
    let _ = push(&mut placeholders, &page).expect("a page");
    let mut forged = small::saved(&placeholders);
    let of_accounts = forged["remembered"][0].clone();
    let teams = json!({"app": 0, "of": 1, "checked_under": of_accounts["checked_under"], "pages": of_accounts["pages"]});
    forged["remembered"] = json!([of_accounts, teams]);
    assert_eq!(broken_rule(forged, "of a placeholder"), "3.9");
}
