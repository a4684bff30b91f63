//! Where each call is, and what the API's document says of it.

use super::{apps, changes, deltas, records, steps, sync, tasks, types};
use crate::call::{Answer, Method, Route};

const SESSION: &[Answer] = &[(200, "the session", "Session"), (409, "wrong state", "Error")];

/// All calls, each behind `/org/{tenant}/api/v1/bridge/`.
pub const ROUTES: &[Route] = {
    use Method::{Delete, Patch, Post, Put};
    &[
        Route::write::<apps::Create>(
            Post,
            "apps/",
            "Create an app",
            "NewApp",
            &[(201, "the app", "App"), (404, "clone_from is unknown", "Error")],
        ),
        Route::read::<apps::List>("apps/", "List the apps, in order of creation", &[(200, "apps", "Apps")]),
        Route::read::<apps::Get>(
            "apps/{app}/",
            "Read an app",
            &[(200, "the app with its guard", "GuardedApp")],
        ),
        Route::write::<apps::Update>(
            Patch,
            "apps/{app}/",
            "Change an app's name or guard",
            "AppUpdate",
            &[(200, "the app with its guard", "GuardedApp")],
        ),
        Route::write::<apps::Delete>(Delete, "apps/{app}/", "Delete an app", "", &[(204, "gone", "")]),
        Route::write::<apps::Purge>(
            Post,
            "apps/{app}/purge/",
            "Remove what has long been inactive",
            "Purge",
            &[(200, "how many records went", "Purged")],
        ),
        Route::write::<types::Register>(
            Post,
            "apps/{app}/resource-types/",
            "Register a resource type",
            "NewResourceType",
            &[(201, "the type", "ResourceType"), (409, "the slug is taken", "Error")],
        ),
        Route::read::<types::List>(
            "apps/{app}/resource-types/",
            "List the resource types, in order of registration",
            &[(200, "types", "ResourceTypes")],
        ),
        Route::write::<types::Update>(
            Patch,
            "apps/{app}/resource-types/{slug}/",
            "Change a resource type",
            "ResourceTypeUpdate",
            &[
                (200, "the type", "ResourceType"),
                (409, "the slug is taken, or the type has records", "Error"),
            ],
        ),
        Route::write::<sync::Start>(
            Post,
            "apps/{app}/sync/",
            "Start a sync session",
            "NewSession",
            &[(201, "its id", "StartedSession")],
        ),
        Route::read::<sync::List>(
            "apps/{app}/sync/",
            "List the sessions, newest first",
            &[(200, "sessions", "Sessions")],
        ),
        Route::read::<sync::Get>(
            "apps/{app}/sync/{sync}/",
            "Read a session: status, progress and counts",
            &[(200, "the session", "Session")],
        ),
        Route::read::<sync::Preview>(
            "apps/{app}/sync/{sync}/preview/",
            "What completing now would mark inactive, in the order of marking",
            &[(200, "figures, plan and records", "Preview"), (409, "not in progress", "Error")],
        ),
        Route::write::<steps::Exclude>(
            Post,
            "apps/{app}/sync/{sync}/exclude/",
            "Take types out of the scope of a session",
            "Exclusion",
            SESSION,
        ),
        Route::write::<steps::WaiveGuard>(
            Post,
            "apps/{app}/sync/{sync}/waive-guard/",
            "Hold a session to its app's guard no longer",
            "",
            SESSION,
        ),
        Route::write::<steps::Fail>(
            Post,
            "apps/{app}/sync/{sync}/fail/",
            "End a session that its connector cannot go on with",
            "Failure",
            SESSION,
        ),
        Route::write::<steps::SaveCheckpoint>(
            Post,
            "apps/{app}/sync/{sync}/checkpoint/",
            "Keep a text of the connector's with a session",
            "Checkpoint",
            SESSION,
        ),
        Route::write::<sync::Complete>(
            Post,
            "apps/{app}/sync/{sync}/complete/",
            "Complete a session",
            "Completion",
            &[
                (202, "its cleanup runs", ""),
                (409, "wrong state, another plan by now, or the guard", "GuardRefusal"),
            ],
        ),
        Route::write::<sync::Abandon>(
            Post,
            "apps/{app}/sync/{sync}/abandon/",
            "Abandon a session",
            "",
            &[(204, "abandoned", ""), (409, "wrong state", "Error")],
        ),
        Route::write::<sync::Push>(
            Put,
            "apps/{app}/sync/{sync}/{slug}/",
            "Push a page of records",
            "NewPage",
            &[
                (200, "what it did; of a lenient page also what was rejected", "PageOutcome"),
                (400, "malformed, too many records, or not in progress", "PageRefusal"),
                (409, "the guard, or the type has no room", "GuardRefusal"),
                (422, "a rule is broken", "PageRefusal"),
            ],
        ),
        Route::read::<records::List>(
            "apps/{app}/records/{slug}/",
            "List records, in order of first sight",
            &[(200, "records", "Records")],
        ),
        Route::write::<deltas::Upsert>(
            Put,
            "apps/{app}/records/{slug}/",
            "Upsert records outside of any session",
            "NewPage",
            &[
                (200, "what it did", "PageOutcome"),
                (400, "malformed, or too many records", "PageRefusal"),
                (409, "the type has no room", "Error"),
                (422, "a rule is broken", "PageRefusal"),
            ],
        ),
        Route::write::<deltas::Deactivate>(
            Post,
            "apps/{app}/records/{slug}/deactivate/",
            "Mark records inactive outside of any session",
            "Leavers",
            &[
                (200, "what it did", "DeactivationOutcome"),
                (409, "the open session cannot keep more ids", "Error"),
            ],
        ),
        Route::read::<records::Get>(
            "apps/{app}/records/{slug}/{id}/",
            "Read a record",
            &[(200, "the record", "Record")],
        ),
        Route::write::<records::Erase>(
            Delete,
            "apps/{app}/records/{slug}/{id}/",
            "Erase an inactive record that nobody refers to",
            "",
            &[(204, "gone", ""), (409, "it is active or referred to", "Error")],
        ),
        Route::read::<records::Members>(
            "apps/{app}/records/{slug}/{id}/members/",
            "List the active members of a group, or the active holders of a license",
            &[
                (200, "accounts", "Members"),
                (404, "also of an account, and where `after` is not on record", "Error"),
            ],
        ),
        Route::write::<tasks::Create>(
            Post,
            "apps/{app}/tasks/",
            "Create a task",
            "NewTask",
            &[(201, "the task", "Task")],
        ),
        Route::read::<tasks::List>(
            "apps/{app}/tasks/",
            "List tasks, in order of creation",
            &[(200, "tasks", "Tasks")],
        ),
        Route::read::<tasks::Get>("apps/{app}/tasks/{task}/", "Read a task", &[(200, "the task", "Task")]),
        Route::write::<tasks::Resolve>(
            Patch,
            "apps/{app}/tasks/{task}/status/",
            "Resolve a task",
            "Resolution",
            &[(200, "the task", "Task"), (409, "it has ended", "Error")],
        ),
        Route::read::<changes::List>(
            "changes/",
            "List what changed behind a change, ascending and without gaps",
            &[(200, "changes", "Changes"), (410, "they are no longer kept", "Forgotten")],
        ),
        Route::read::<apps::Digest>(
            "digest/",
            "A value that equal copies of the tenant have equal",
            &[(200, "the value", "Digest")],
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
