//! Runs the scenarios in `scenarios/`, each as a test of its own that is called what it shows.

use headcount_testing::scenario;

macro_rules! scenarios {
    ($($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                scenario::run(stringify!($name), include_str!(concat!("scenarios/", stringify!($name), ".txt")));
            }
        )*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

scenarios! {
    an_app_starts_unsynced_and_is_configured_by_its_first_completed_session,
    a_clone_shares_the_types_and_nothing_else,
    a_clone_has_a_namespace_of_records_of_its_own,
    an_app_is_updated_in_name_and_guard,
    deleting_an_app_leaves_its_clones_and_the_last_takes_the_registry,
    a_type_is_registered_through_any_app_of_the_group,
    a_type_changes_its_name_slug_and_kind_for_all_apps,
    the_kind_changes_only_while_no_app_has_a_record_of_the_type,
    starting_a_session_abandons_the_one_in_progress,
    starting_a_session_first_ends_a_cleanup,
    abandoning_a_session_keeps_what_was_pushed,
    failing_a_session_keeps_its_reason,
    repeats_are_safe_and_other_steps_name_the_status,
    purge_removes_what_was_inactive_long_enough,
    a_page_goes_to_a_session_in_progress_and_a_type_in_scope,
    a_page_has_a_limit_and_may_be_empty,
    each_field_is_held_to_its_rule,
    keys_are_slugs_of_the_right_kind_and_ids_stand_once,
    a_page_is_refused_whole_with_every_fault_up_to_a_bound,
    a_pushed_record_replaces_the_stored_one_whole,
    a_reference_wakes_an_inactive_placeholder_but_no_full_record,
    a_push_of_its_own_record_fills_a_placeholder,
    a_reply_counts_created_updated_and_their_parts,
    completing_runs_in_steps_and_the_last_one_ends_it,
    the_roll_is_the_whole_truth_of_every_type,
    a_placeholder_lives_while_an_active_account_refers_to_it,
    an_inactive_accounts_references_do_not_count,
    a_scoped_session_leaves_other_types_alone,
    marking_goes_account_types_first_in_a_fixed_order,
    a_preview_shows_what_completing_now_would_mark,
    a_guard_refuses_a_roll_that_would_deactivate_too_many,
    progress_counts_distinct_records_and_is_kept,
    a_session_keeps_its_counts,
    an_app_keeps_its_last_sessions,
    a_task_is_scheduled_until_it_is_due,
    resolving_a_task_ends_it_once,
    a_push_that_changes_nothing_yields_no_change,
    records_are_read_by_type_and_state_in_order_of_first_sight,
    an_open_session_is_saved_and_goes_on_after_loading,
    an_abandoned_or_failed_session_deactivates_nothing,
}

#[test]
fn every_scenario_in_the_folder_is_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
    for file in std::fs::read_dir(folder).expect("a folder") {
        let name = file.expect("a file").file_name().into_string().expect("a name");
        assert!(NAMES.contains(&name.trim_end_matches(".txt")), "{name} is not in the list of scenarios");
    }
}
