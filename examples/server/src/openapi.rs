//! What the API is, as OpenAPI, made of the routes and of the schemas that they name.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::call::{Answer, PREFIX, Route};

/// The schemas of parameters, bodies and answers, by their names. Where a limit is configuration they tell its default.
static SCHEMAS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("schemas.json")).expect("the file of schemas is JSON: a test parses it")
});

/// The header of answers, and what the document calls it.
const IGNORED_FIELDS: &str = "Ignored-Fields";

/// The calls that make a thing, the parameter that is its name in other paths, and where their answer has it.
const MADE: &[(&str, &str, &str)] = &[
    ("create_app", "app", "/id"),
    ("register_resource_type", "slug", "/slug"),
    ("start_session", "sync", "/sync_id"),
    ("create_task", "task", "/id"),
];

/// The document.
pub fn document(routes: &[Route]) -> Value {
    let mut paths = Map::new();
    for route in routes {
        let item = paths.entry(format!("{PREFIX}/{}", route.path)).or_insert_with(|| json!({}));
        item[route.method.as_str().to_lowercase()] = operation(route, routes);
    }
    for (path, operation) in beside() {
        paths.insert(path.to_owned(), json!({"get": operation}));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "headcount",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Keeps the roll: who has an account, a group or a license in an app, as its connector says.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Api-Key …"}
            },
            "schemas": SCHEMAS["schemas"],
            "headers": {
                IGNORED_FIELDS: {
                    "description": "The names of the body's fields that are not known, up to 16: a list of RFC 9651 of \
                                    tokens, strings and display strings. Absent if all are known",
                    "schema": {"type": "string"},
                }
            },
        },
        "security": [{"key": []}],
    })
}

fn operation(route: &Route, routes: &[Route]) -> Value {
    let in_path = ["tenant"].into_iter().chain(route.parameters());
    let in_path = in_path.map(|name| parameter(name, name, "path"));
    let in_query = route.query.iter().map(|(name, described)| parameter(name, described, "query"));
    let in_head = route.makes.then(|| parameter("Idempotency-Key", "idempotency_key", "header"));
    let answers = refusals(route).into_iter().chain(route.answers.iter().copied());
    // What a route says of a status stands in the place of what all say.
    let response = |(status, means, schema): Answer| {
        let mut response = response(means, schema);
        let links = if status == 201 { links(route, routes) } else { Map::new() };
        if !links.is_empty() {
            response["links"] = links.into();
        }
        (status.to_string(), response)
    };
    let responses = with_headers(answers.map(response).collect(), route);
    let mut operation = json!({
        "operationId": route.name,
        "tags": [route.noun()],
        "summary": route.summary,
        "parameters": in_path.chain(in_query).chain(in_head).collect::<Vec<Value>>(),
        "responses": responses,
    });
    if !route.body.is_empty() {
        let content = json!({"application/json": {"schema": reference(route.body)}});
        operation["requestBody"] = json!({"required": !route.body_may_be_absent, "content": content});
    }
    operation
}

/// What is answered beside the API. None of it wants a key but for the figures.
fn beside() -> [(&'static str, Value); 4] {
    let text = |means: &str, media: &str| json!({"description": means, "content": {media: {"schema": {"type": "string"}}}});
    let open = |summary: &str, responses: Value| json!({"summary": summary, "security": [], "parameters": [], "responses": responses});
    let mut figures = open(
        "The figures of the key's tenant, as Prometheus reads them",
        json!({
            "200": text("the figures", "text/plain"),
            "401": response("without a valid key", "Error"),
            "503": response("they cannot be told now", "Error"),
        }),
    );
    figures["security"] = json!([{"key": []}]);
    let ready = json!({
        "200": text("it is", "text/plain"),
        "503": response("commands are not taken now", "Error"),
    });
    [
        ("/", open("A page to look with", json!({"200": text("the page", "text/html")}))),
        ("/healthz", open("Whether the process answers", json!({"200": text("it does", "text/plain")}))),
        ("/readyz", open("Whether commands are taken", ready)),
        ("/metrics", figures),
    ]
}

/// From a call that makes a thing to all calls that its answer and its own path are enough for.
fn links(route: &Route, routes: &[Route]) -> Map<String, Value> {
    let mut links = Map::new();
    for (_, made, place) in MADE.iter().filter(|(name, ..)| *name == route.name) {
        let is_known = |name: &str| name == *made || route.parameters().any(|other| other == name);
        let about_it = routes
            .iter()
            .filter(|other| other.parameters().any(|name| name == *made) && other.parameters().all(is_known));
        for other in about_it {
            let from_path = ["tenant"].into_iter().chain(other.parameters()).filter(|name| name != made);
            let mut parameters: Map<String, Value> =
                from_path.map(|name| (name.to_owned(), format!("$request.path.{name}").into())).collect();
            parameters.insert((*made).to_owned(), format!("$response.body#{place}").into());
            links.insert(other.name.to_owned(), json!({"operationId": other.name, "parameters": parameters}));
        }
    }
    links
}

/// What a call can be refused with whatever it does.
fn refusals(route: &Route) -> Vec<Answer> {
    let mut refusals = vec![
        (400, "a malformed query or body", "Error"),
        (401, "without a valid key", "Error"),
        (404, "an unknown thing, or another tenant's", "Error"),
        (503, "too many connections, or the command could not be written and was not carried out", "Error"),
    ];
    if route.writes() {
        refusals.push((403, "a read-only key", "Error"));
    }
    if !route.body.is_empty() {
        refusals.push((408, "the body did not come in time", "Error"));
        refusals.push((413, "the body is too large", "Error"));
        refusals.push((415, "the body is no JSON, or is packed otherwise than by gzip or zstd", "Error"));
    }
    if route.makes {
        refusals.push((409, "a request with the same Idempotency-Key is under way", "Error"));
        refusals.push((422, "the Idempotency-Key was sent with another body", "Error"));
    }
    refusals
}

/// Answers with the headers that belong to their statuses.
fn with_headers(mut responses: Map<String, Value>, route: &Route) -> Map<String, Value> {
    let mut add = |status: &str, name: &str, means: &str| {
        if let Some(response) = responses.get_mut(status) {
            response["headers"][name] = json!({"description": means, "schema": {"type": "string"}});
        }
    };
    add("401", "WWW-Authenticate", "the scheme of keys");
    add("415", "Accept-Encoding", "how a body may be packed");
    if route.makes {
        add("201", "Idempotent-Replayed", "true where the request with this key was answered before");
    }
    if !route.body.is_empty() {
        let reference = json!({"$ref": format!("#/components/headers/{IGNORED_FIELDS}")});
        for (_, response) in &mut responses {
            response["headers"][IGNORED_FIELDS] = reference.clone();
        }
    }
    responses
}

fn response(means: &str, schema: &str) -> Value {
    if schema.is_empty() {
        return json!({"description": means});
    }
    json!({"description": means, "content": {"application/json": {"schema": reference(schema)}}})
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn parameter(name: &str, described: &str, place: &str) -> Value {
    let schema = &SCHEMAS["parameters"][described];
    if place == "path" {
        return json!({"name": name, "in": place, "required": true, "schema": schema});
    }
    let mut parameter = json!({"name": name, "in": place, "required": false, "schema": schema});
    if place == "query" {
        parameter["allowEmptyValue"] = true.into();
    }
    parameter
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::ROUTES;

    /// Each name that a `$ref` leads to.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value.as_str()) {
                        ("$ref", Some(path)) => _ = found.insert(path.to_owned()),
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_schema_that_is_named_is_there_and_the_other_way_round() {
        let document = document(ROUTES);
        let mut named = BTreeSet::new();
        references(&document, &mut named);
        let schemas = document["components"]["schemas"].as_object().expect("schemas").keys();
        let there: BTreeSet<String> = schemas.map(|name| format!("#/components/schemas/{name}")).collect();
        named.retain(|path| path.starts_with("#/components/schemas/"));
        assert_eq!(named, there);
    }

    #[test]
    fn every_call_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = ROUTES.iter().map(|route| route.name).collect();
        assert_eq!(names.len(), ROUTES.len());
        let made = MADE.iter().map(|(name, ..)| *name);
        assert!(made.into_iter().all(|name| names.contains(name)));
    }

    /// A field that a call knows and the document does not, or the other way round, would be one that nobody uses.
    #[test]
    fn every_field_of_a_body_is_described_and_the_other_way_round() {
        for route in ROUTES.iter().filter(|route| !route.body.is_empty()) {
            let schema = &SCHEMAS["schemas"][route.body];
            let parts = schema["anyOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice);
            let properties =
                parts.iter().flat_map(|part| part["properties"].as_object().expect("properties").keys());
            let described: BTreeSet<&str> = properties.map(String::as_str).collect();
            assert_eq!(described, route.body_fields.iter().copied().collect(), "{}", route.name);
        }
    }

    #[test]
    fn every_parameter_is_described_and_the_other_way_round() {
        let described = SCHEMAS["parameters"].as_object().expect("parameters").keys().map(String::as_str);
        let mut known: BTreeSet<&str> = ["tenant", "idempotency_key"].into();
        for route in ROUTES {
            known.extend(route.parameters());
            known.extend(route.query.iter().map(|(_, described)| described));
        }
        assert_eq!(described.collect::<BTreeSet<_>>(), known);
    }

    #[test]
    fn every_status_but_those_without_a_body_has_a_schema() {
        for route in ROUTES {
            for (status, _, schema) in route.answers {
                assert_eq!(schema.is_empty(), matches!(status, 202 | 204), "{} {status}", route.path);
            }
            assert!(route.answers.iter().any(|(status, ..)| (200..300).contains(status)), "{}", route.path);
        }
    }
}
