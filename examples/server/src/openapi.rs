//! What the API is, as OpenAPI. One table, which a test compares with the routes.

use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItemBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Required,
    ResponseBuilder,
};

/// What every path of the API begins with.
pub const PREFIX: &str = "/org/{tenant}/api/v1/bridge/";

/// Method, path behind the prefix, what it does, its body, and its statuses with what they mean.
type Row = (HttpMethod, &'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const DETAIL: &str = "{detail}";

/// All calls.
pub const CALLS: &[Row] = {
    use HttpMethod::{Delete, Get, Patch, Post, Put};
    const PAGED: &[(&str, &str)] = &[("200", "{count, next, previous, results}"), ("400", DETAIL)];
    &[
        (
            Post,
            "apps/",
            "Create an app",
            "{name, clone_from?}",
            &[("201", "the app"), ("400", DETAIL), ("404", DETAIL)],
        ),
        (Get, "apps/", "List the apps, in order of creation", "", PAGED),
        (Get, "apps/{app}/", "Read an app", "", &[("200", "the app with its guard")]),
        (
            Patch,
            "apps/{app}/",
            "Change an app",
            "{name?, guard?: {max_count?, max_percent?} or null}",
            &[("200", "the app with its guard"), ("400", DETAIL)],
        ),
        (Delete, "apps/{app}/", "Delete an app", "", &[("204", "gone")]),
        (
            Post,
            "apps/{app}/purge/",
            "Remove what has long been inactive",
            "{inactive_before}",
            &[("200", "{purged}"), ("400", DETAIL)],
        ),
        (
            Post,
            "apps/{app}/resource-types/",
            "Register a resource type",
            "{slug, name, type}",
            &[("201", "the type"), ("400", DETAIL), ("409", "the slug is taken")],
        ),
        (Get, "apps/{app}/resource-types/", "List the resource types", "", PAGED),
        (
            Patch,
            "apps/{app}/resource-types/{slug}/",
            "Change a resource type",
            "{name?, slug?, type?}",
            &[("200", "the type"), ("400", DETAIL), ("409", "the slug is taken, or the type has records")],
        ),
        (
            Post,
            "apps/{app}/sync/",
            "Start a sync session",
            "{scope?: [slug]} or none",
            &[("201", "{sync_id}"), ("400", "an empty scope")],
        ),
        (Get, "apps/{app}/sync/", "List the sessions, newest first", "", PAGED),
        (
            Get,
            "apps/{app}/sync/{sync}/",
            "Read a session: status, progress and counts",
            "",
            &[("200", "the session")],
        ),
        (
            Get,
            "apps/{app}/sync/{sync}/preview/",
            "What completing now would mark inactive",
            "",
            &[("200", "{total, by_type}"), ("409", "not in progress")],
        ),
        (
            Post,
            "apps/{app}/sync/{sync}/complete/",
            "Complete a session",
            "{force?} or none",
            &[
                ("202", "its cleanup runs"),
                ("409", "wrong state, or the guard: {detail, deactivations, base, max_count, max_percent}"),
            ],
        ),
        (
            Post,
            "apps/{app}/sync/{sync}/abandon/",
            "Abandon a session",
            "",
            &[("204", "abandoned"), ("409", DETAIL)],
        ),
        (
            Put,
            "apps/{app}/sync/{sync}/{slug}/",
            "Push a page of records",
            "{records}",
            &[
                ("200", "{total, created, updated}"),
                ("400", "{detail, errors?, errors_total?}"),
                ("413", DETAIL),
                ("422", "{detail, errors?, errors_total?}"),
            ],
        ),
        (Get, "apps/{app}/records/{slug}/", "List records: ?state=active|inactive|placeholder", "", PAGED),
        (
            Post,
            "apps/{app}/tasks/",
            "Create a task",
            "{action, resource_type, payload?, execute_after?}",
            &[("201", "the task"), ("400", DETAIL)],
        ),
        (Get, "apps/{app}/tasks/", "List tasks: ?status=", "", PAGED),
        (Get, "apps/{app}/tasks/{task}/", "Read a task", "", &[("200", "the task")]),
        (
            Patch,
            "apps/{app}/tasks/{task}/status/",
            "Resolve a task",
            "{status, result?, error?: {code, message}}",
            &[("200", "the task"), ("400", DETAIL), ("409", "it has ended")],
        ),
        (
            Get,
            "digest/",
            "A value that equal copies of the tenant have equal",
            "",
            &[("200", "{digest, seq}")],
        ),
    ]
};

/// The document.
pub fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for (method, path, summary, body, statuses) in CALLS {
        let mut operation = OperationBuilder::new()
            .summary(Some(*summary))
            .security(SecurityRequirement::new("key", Vec::<String>::new()))
            .response("401", ResponseBuilder::new().description("without a valid key").build())
            .response(
                "404",
                ResponseBuilder::new().description("an unknown thing, or another tenant's").build(),
            );
        let full = format!("{PREFIX}{path}");
        for name in full.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            let parameter =
                ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
            operation = operation.parameter(parameter.build());
        }
        if !body.is_empty() {
            let json = ContentBuilder::new().build();
            operation = operation.request_body(Some(
                RequestBodyBuilder::new().description(Some(*body)).content("application/json", json).build(),
            ));
        }
        for (status, means) in *statuses {
            operation = operation.response(*status, ResponseBuilder::new().description(*means).build());
        }
        paths = paths.path(full, PathItemBuilder::new().operation(method.clone(), operation.build()).build());
    }
    let key =
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", "Api-Key …")));
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("headcount").version(env!("CARGO_PKG_VERSION")).build())
        .paths(paths.build())
        .components(Some(ComponentsBuilder::new().security_scheme("key", key).build()))
        .build()
}
