//! The journal of records with attributes. What is written down is not changed here any more.

use headcount::{Completion, Fingerprint, Kind};

use super::writer::{Writer, page};

/// An account with these attributes.
fn ann(attributes: &str) -> String {
    format!(r#"{{"id": "ann", "username": "ann", "attributes": {attributes}}}"#)
}

/// Attributes of each type that come, change, go and stay, in any order; and each fault of theirs. At the end records of
/// each kind have some, active and not, and a page with attributes is remembered.
pub(super) fn attributes(writer: &mut Writer) {
    let all =
        r#"{"level": 3, "département": "Ventes 𝄞", "remote": true, "desks": ["B-12", "C-03"], "left": null}"#;
    let again = r#"{"desks": ["B-12", "C-03"], "remote": true, "empty": "", "none": [], "département": "Ventes 𝄞", "level": 3}"#;
    writer.create(1, "Acme HR", None);
    writer.register_all(1, 11);
    writer.start(1, 1, &[]);
    writer.push(1, 1, "account", &ann(all));
    writer.push(1, 1, "account", &ann(again));
    writer.push(1, 1, "account", &ann(r#"{"level": "3", "remote": false, "desks": ["C-03", "B-12"]}"#));
    writer.push(1, 1, "account", &ann(r#"{"level": {}, "level": -9223372036854775808, "a": 1, "a": null}"#));
    writer.push(1, 1, "account", &ann("{}"));
    writer.push(1, 1, "account", &ann("null"));
    let long = format!(r#"{{"long": "{}", "list": [{}]}}"#, "é".repeat(1_024), vec![r#""x""#; 100].join(","));
    writer.push(1, 1, "account", &ann(&long));
    faults(writer);
    let bob = r#"{"id": "bob", "username": "bob", "memberships": {"team": [{"id": "t1"}]}, "attributes": {"level": 0}}"#;
    writer.push(1, 1, "account", bob);
    writer.push(1, 1, "team", r#"{"id": "t1", "name": "One", "attributes": {"cost_center": 4711}}"#);
    writer.push(1, 1, "seat", r#"{"id": "s1", "name": "Seat", "attributes": {"price": "12.50"}}"#);
    writer.finish(1, 1);
    writer.start(1, 2, &["account", "team"]);
    let known = page(Kind::Account, &ann(all)).with_fingerprint(Fingerprint(1));
    writer.push_as(1, 2, "account", known);
    writer.repeat(1, 2, "account", Fingerprint(1));
    writer.complete(1, 2, Completion::FORCED);
    writer.cleanup(1, 2, 100);
    writer.start(1, 3, &[]);
    writer.repeat(1, 3, "account", Fingerprint(1));
    writer.push(1, 3, "team", r#"{"id": "t1", "name": "One"}"#);
}

fn faults(writer: &mut Writer) {
    let many = (0..65).map(|number| format!(r#""{number}": {number}"#)).collect::<Vec<_>>().join(",");
    let large = (0..20).map(|number| format!(r#""{number}": "{}""#, "x".repeat(1_000))).collect::<Vec<_>>();
    let accounts = [
        r#"{"id": "u1", "username": "a", "attributes": [1]}"#.to_owned(),
        format!(r#"{{"id": "u2", "username": "b", "attributes": {{{many}}}}}"#),
        format!(r#"{{"id": "u3", "username": "c", "attributes": {{{}}}}}"#, large.join(",")),
        r#"{"id": "u4", "attributes": {"number": 1.5, "large": 18446744073709551615, "map": {"a": 1}, "list": ["a", 1], "": 1, "n\u0000l": 1, "texts": ["", "a\u0000"]}}"#.to_owned(),
        format!(r#"{{"id": "u5", "username": "d", "attributes": {{"{}": 1, "text": "{}"}}}}"#, "n".repeat(101), "é".repeat(1_025)),
        format!(r#"{{"id": "u6", "username": "e", "attributes": {{"texts": [{}]}}}}"#, vec![r#""x""#; 101].join(",")),
    ];
    writer.push(1, 1, "account", &accounts.join(","));
    writer.push(1, 1, "team", r#"{"id": "t1", "attributes": {"null": [null], "fine": true}}"#);
}
