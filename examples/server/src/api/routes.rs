//! Where each call is, and what the API's document says of it.

use super::{apps, records, sync, tasks, types};
use crate::call::{Method, Route};

const PAGED: &[(&str, &str)] = &[("200", "{count, next, previous, results}")];

/// All calls, each behind `/org/{tenant}/api/v1/bridge/`.
pub const ROUTES: &[Route] = {
    use Method::{Delete, Patch, Post, Put};
    &[
        Route::write::<apps::Create>(
            Post,
            "apps/",
            "Create an app",
            "{name, clone_from?}",
            &[("201", "the app")],
        ),
        Route::read::<apps::List>("apps/", "List the apps, in order of creation", PAGED),
        Route::read::<apps::Get>("apps/{app}/", "Read an app", &[("200", "the app with its guard")]),
        Route::write::<apps::Update>(
            Patch,
            "apps/{app}/",
            "Change an app",
            "{name?, guard?: {max_count?, max_percent?, max_type_percent?, min_count?, require_pages?, max_removals?, max_removals_percent?} or null}",
            &[("200", "the app with its guard")],
        ),
        Route::write::<apps::Delete>(Delete, "apps/{app}/", "Delete an app", "", &[("204", "gone")]),
        Route::write::<apps::Purge>(
            Post,
            "apps/{app}/purge/",
            "Remove what has long been inactive",
            "{inactive_before}",
            &[("200", "{purged}")],
        ),
        Route::write::<types::Register>(
            Post,
            "apps/{app}/resource-types/",
            "Register a resource type",
            "{slug, name, type}",
            &[("201", "the type"), ("409", "the slug is taken")],
        ),
        Route::read::<types::List>("apps/{app}/resource-types/", "List the resource types", PAGED),
        Route::write::<types::Update>(
            Patch,
            "apps/{app}/resource-types/{slug}/",
            "Change a resource type",
            "{name?, slug?, type?}",
            &[("200", "the type"), ("409", "the slug is taken, or the type has records")],
        ),
        Route::write::<sync::Start>(
            Post,
            "apps/{app}/sync/",
            "Start a sync session",
            "{scope?: [slug]} or none",
            &[("201", "{sync_id}")],
        ),
        Route::read::<sync::List>("apps/{app}/sync/", "List the sessions, newest first", PAGED),
        Route::read::<sync::Get>(
            "apps/{app}/sync/{sync}/",
            "Read a session: status, progress and counts",
            &[("200", "the session")],
        ),
        Route::read::<sync::Preview>(
            "apps/{app}/sync/{sync}/preview/",
            "What completing now would mark inactive",
            &[("200", "{total, by_type}"), ("409", "not in progress")],
        ),
        Route::write::<sync::Complete>(
            Post,
            "apps/{app}/sync/{sync}/complete/",
            "Complete a session",
            "{force?} or none",
            &[
                ("202", "its cleanup runs"),
                ("409", "wrong state, or the guard: {detail, code, limit, guard, deactivations, base}"),
            ],
        ),
        Route::write::<sync::Abandon>(
            Post,
            "apps/{app}/sync/{sync}/abandon/",
            "Abandon a session",
            "",
            &[("204", "abandoned"), ("409", "wrong state")],
        ),
        Route::write::<sync::Push>(
            Put,
            "apps/{app}/sync/{sync}/{slug}/",
            "Push a page of records",
            "{records}",
            &[
                ("200", "{total, created, updated}"),
                (
                    "400",
                    "malformed, too many records, or not in progress: {detail, code, errors?, errors_total?}",
                ),
                ("409", "the type has no room"),
                ("422", "a rule is broken: {detail, code, errors?, errors_total?}"),
            ],
        ),
        Route::read::<records::List>(
            "apps/{app}/records/{slug}/",
            "List records, in order of first sight",
            PAGED,
        ),
        Route::write::<tasks::Create>(
            Post,
            "apps/{app}/tasks/",
            "Create a task",
            "{action, resource_type, payload?, execute_after?}",
            &[("201", "the task")],
        ),
        Route::read::<tasks::List>("apps/{app}/tasks/", "List tasks, in order of creation", PAGED),
        Route::read::<tasks::Get>("apps/{app}/tasks/{task}/", "Read a task", &[("200", "the task")]),
        Route::write::<tasks::Resolve>(
            Patch,
            "apps/{app}/tasks/{task}/status/",
            "Resolve a task",
            "{status, result?, error?: {code, message}}",
            &[("200", "the task"), ("409", "it has ended")],
        ),
        Route::read::<apps::Digest>(
            "digest/",
            "A value that equal copies of the tenant have equal",
            &[("200", "{digest, seq}")],
        ),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_has_the_parameters_of_its_paths_type() {
        for route in ROUTES {
            assert!(route.has_the_parameters_of_its_type(), "{}", route.path);
        }
    }

    #[test]
    fn no_method_and_path_is_two_calls() {
        for (at, route) in ROUTES.iter().enumerate() {
            let same = |other: &&Route| other.method == route.method && other.path == route.path;
            assert_eq!(ROUTES.iter().position(|other| same(&other)), Some(at), "{}", route.path);
        }
    }
}
