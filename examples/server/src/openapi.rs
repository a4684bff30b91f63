//! What the API is, as OpenAPI, made of the routes.

use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItemBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Required,
    ResponseBuilder,
};

use crate::call::{Method, PREFIX, Route};

/// The document.
pub fn document(routes: &[Route]) -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in routes {
        let item = PathItemBuilder::new().operation(method(route.method), operation(route).build());
        paths = paths.path(format!("{PREFIX}/{}", route.path), item.build());
    }
    let key =
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", "Api-Key …")));
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("headcount").version(env!("CARGO_PKG_VERSION")).build())
        .paths(paths.build())
        .components(Some(ComponentsBuilder::new().security_scheme("key", key).build()))
        .build()
}

fn operation(route: &Route) -> OperationBuilder {
    let mut operation = OperationBuilder::new()
        .summary(Some(route.summary))
        .security(SecurityRequirement::new("key", Vec::<String>::new()));
    for name in ["tenant"].into_iter().chain(route.parameters()) {
        operation = operation.parameter(parameter(name, ParameterIn::Path, Required::True));
    }
    for name in route.query {
        operation = operation.parameter(parameter(name, ParameterIn::Query, Required::False));
    }
    let mut refusals = vec![
        ("400", "a malformed query or body: {detail, code}"),
        ("401", "without a valid key: {detail, code}"),
        ("404", "an unknown thing, or another tenant's: {detail, code}"),
    ];
    if route.method != Method::Get {
        refusals.push(("503", "the command could not be written, and was not carried out: {detail, code}"));
    }
    if !route.body.is_empty() {
        refusals.push(("413", "the body is too large: {detail, code}"));
        let json = ContentBuilder::new().build();
        let body = RequestBodyBuilder::new().description(Some(route.body)).content("application/json", json);
        operation = operation.request_body(Some(body.build()));
    }
    // What a route says of a status stands before what all say.
    refusals.retain(|(status, _)| route.statuses.iter().all(|(other, _)| other != status));
    for (status, means) in route.statuses.iter().chain(&refusals) {
        operation = operation.response(*status, ResponseBuilder::new().description(*means).build());
    }
    operation
}

fn parameter(name: &str, place: ParameterIn, required: Required) -> Parameter {
    ParameterBuilder::new().name(name).parameter_in(place).required(required).build()
}

const fn method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Patch => HttpMethod::Patch,
        Method::Delete => HttpMethod::Delete,
    }
}
