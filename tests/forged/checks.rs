//! Every check of a saved state refuses a forgery: what the checks say is read from the source, what forgeries are
//! refused with is heard. A new check without a forgery is found here.

use std::fs;
use std::path::Path;

use headcount_testing::tidy::{self, checks};

use crate::{attributes, marks, remembered, rest, runs, told, values};

/// All tests with forgeries.
const FORGERIES: &[fn()] = &[
    attributes::attributes_that_no_engine_could_have_saved_are_refused,
    marks::marks_that_no_session_can_have_are_refused,
    marks::what_no_session_could_retain_is_refused,
    remembered::forged_pages_are_refused,
    rest::what_is_told_of_an_app_and_its_types_is_held_to_the_rules,
    rest::texts_are_held_to_the_rules,
    rest::what_a_format_lacks_is_missed_and_what_it_has_not_is_refused,
    runs::a_record_that_breaks_a_rule_is_refused_with_the_rule,
    runs::a_record_that_is_not_as_it_is_written_is_malformed,
    runs::of_a_row_that_is_gone_no_set_tells_and_records_stand_in_the_order_of_rows,
    runs::runs_that_hold_other_records_than_are_told_are_refused,
    runs::sets_of_rows_that_are_not_as_they_are_written_are_refused,
    values::a_cleanup_that_passed_a_stale_record_or_the_last_type_is_refused,
    values::a_past_that_no_session_can_have_is_refused,
    values::a_progress_that_no_session_can_have_is_refused,
    values::a_row_that_is_gone_tells_nothing_else,
    values::a_snapshot_has_the_progress_of_its_sessions_if_its_format_has_it,
    values::a_snapshot_of_format_3_has_no_row_that_is_gone,
    values::more_sessions_than_the_ceiling_are_refused_but_references_may_be_as_many_as_can_be_held,
    values::rows_that_are_gone_and_what_refers_to_them_are_held_to_the_rules,
    values::tasks_that_no_command_could_have_left_are_refused,
    values::two_records_with_one_id_or_two_apps_with_one_id_are_found,
    values::what_could_not_even_be_held_is_an_error_of_the_format,
    values::what_no_engine_could_have_written_gives_the_rule_that_it_breaks,
];

/// What no snapshot can say, since loading makes it anew or a snapshot of it would be too large; and the unit test that
/// breaks it from within.
const FROM_WITHIN: &[(&str, &str)] = &[
    ("app {id} is not of its group", "tests/broken.rs::an_app_outside_of_its_group_is_found"),
    ("the ids in use are not those of the things", "tests/broken.rs::an_id_in_use_of_nothing_is_found"),
    ("a slug leads to another type", "state/registry.rs::a_slug_that_leads_to_another_type_is_found"),
    ("more ids are settled than can be", "state/session/settled.rs::more_ids_than_a_type_may_have_are_found"),
    (
        "in no session, or out of scope",
        "save/marks.rs::what_is_settled_in_no_session_or_out_of_scope_is_found",
    ),
    (
        "an id is settled out of scope",
        "save/marks.rs::what_is_settled_in_no_session_or_out_of_scope_is_found",
    ),
    ("remembered pages are not apart", "save/remembered.rs::a_page_of_rows_that_are_not_there_is_found"),
    (
        "a record that is no account refers",
        "store/table/tests.rs::a_record_that_refers_and_is_no_account_is_found",
    ),
    (
        "an app keeps more ended tasks than it can",
        "state/task/mod.rs::more_ended_tasks_than_the_ceiling_are_found",
    ),
    ("a type has more records than it can", "store/load.rs::a_type_is_told_no_row_beyond_its_ceiling"),
    (
        "the kept sum of remembered pages is not theirs",
        "store/remembered.rs::a_kept_sum_that_is_not_that_of_the_pages_is_found",
    ),
    (
        "{} was pushed and is retained",
        "store/table/tests.rs::what_is_kept_beside_the_records_is_held_against_them",
    ),
    (
        "type {}: its bytes are miscounted",
        "store/table/tests.rs::what_is_kept_beside_the_records_is_held_against_them",
    ),
    (
        "type {}: the references of its active accounts are miscounted",
        "store/table/tests.rs::what_is_kept_beside_the_records_is_held_against_them",
    ),
    (
        "type {}: references are told of other records",
        "store/table/tests.rs::what_is_kept_beside_the_records_is_held_against_them",
    ),
    (
        "type {}: its full records are miscounted",
        "store/table/tests.rs::what_is_kept_beside_the_records_is_held_against_them",
    ),
    (
        "type {}: its referrers are miscounted",
        "store/table/tests.rs::what_is_kept_beside_the_records_is_held_against_them",
    ),
    (
        "type {}: a record lies nowhere, or one lies there that went",
        "store/table/tests.rs::what_is_kept_beside_the_records_is_held_against_them",
    ),
    (
        "the kept sum of block {block} is not that of its rows",
        "store/table/tests.rs::what_is_kept_beside_the_records_is_held_against_them",
    ),
    (
        "the kept sums do not add up",
        "store/table/tests.rs::what_is_kept_beside_the_records_is_held_against_them",
    ),
    (
        "type {}: the index of its members is not what the accounts say",
        "store/members.rs::an_index_that_says_something_else_is_found_out",
    ),
];

#[test]
fn every_check_of_a_state_refuses_a_forgery_or_is_broken_from_within() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = tidy::read(&source).expect("the source tree");
    sources.retain(|file, _| ["save/", "state/", "store/"].iter().any(|folder| file.starts_with(folder)));
    let (checks, faults) = checks::all(&sources);
    assert!(faults.is_empty() && checks.len() > 100, "{} checks, {faults:?}", checks.len());
    let told = told::words_of(|| FORGERIES.iter().for_each(|forge| forge()));
    let mut open = Vec::new();
    for check in &checks {
        let is_refused = told.iter().any(|told| check.said(told));
        let from_within = FROM_WITHIN.iter().any(|(words, _)| *words == check.words);
        if !is_refused && !from_within {
            open.push(format!("{}:{}: {:?}", check.file, check.line, check.words));
        }
    }
    assert!(open.is_empty(), "no snapshot is refused with these words:\n{}", open.join("\n"));
    for (words, test) in FROM_WITHIN {
        assert!(checks.iter().any(|check| check.words == *words), "{words:?}: no check says so");
        let (file, name) = test.split_once("::").expect("a test");
        let text = fs::read_to_string(source.join(file)).unwrap_or_else(|_| panic!("no {file}"));
        assert!(
            text.contains(&format!("#[test]\n    fn {name}()"))
                || text.contains(&format!("#[test]\nfn {name}()")),
            "{test}"
        );
    }
}
