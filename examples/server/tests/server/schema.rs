//! Every answer that a test sees is held against the API's document: its status, and its body to the last key.

use std::sync::LazyLock;

use headcount_server::{api, openapi};
use serde_json::Value;

use crate::support::Reply;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document(api::ROUTES));

/// Panics where the document does not tell of an answer.
pub fn expect_documented(method: &str, path: &str, reply: &Reply) {
    let path = path.split('?').next().unwrap_or_default();
    if !path.starts_with("/org/") {
        return;
    }
    let what = || format!("{method} {path} is answered with {reply:?}");
    let Some(operation) = operation(if method == "HEAD" { "GET" } else { method }, path) else {
        assert!(matches!(reply.status, 401 | 404 | 405), "{}: no call is that", what());
        return;
    };
    let response = &operation["responses"][reply.status.to_string()];
    assert!(response.is_object(), "{}: the document knows no such status", what());
    match &response["content"]["application/json"]["schema"] {
        _ if method == "HEAD" => {}
        Value::Null => assert_eq!(reply.body, Value::Null, "{}: the document knows no body", what()),
        schema => {
            let checked = check(schema, &reply.body, "the body");
            checked.unwrap_or_else(|fault| panic!("{}: {fault}", what()));
        }
    }
}

/// The call that a request asks for, if its path is one's: the one with the fewest parameters.
fn operation<'d>(method: &str, path: &str) -> Option<&'d Value> {
    let is_parameter = |segment: &&str| segment.starts_with('{');
    let paths = DOCUMENT["paths"].as_object().expect("paths").iter();
    let fitting = paths.filter(|(template, _)| {
        template.split('/').count() == path.split('/').count()
            && template.split('/').zip(path.split('/')).all(|(expected, found)| {
                // Letters may be encoded.
                is_parameter(&expected) && !found.is_empty() || expected == found || found.contains('%')
            })
    });
    let asked = fitting.filter_map(|(path, item)| Some((path, item.get(method.to_lowercase())?)));
    asked.min_by_key(|(path, _)| path.split('/').filter(is_parameter).count()).map(|(_, operation)| operation)
}

/// What of a value is not as a schema says. Knows the keywords that the document has.
fn check(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    for (keyword, says) in schema.as_object().expect("a schema is an object") {
        match (keyword.as_str(), value) {
            ("$ref", _) => {
                let name = says.as_str().and_then(|path| path.strip_prefix("#/components/schemas/"));
                check(&DOCUMENT["components"]["schemas"][name.expect("a schema's name")], value, at)?;
            }
            ("anyOf", _) => {
                let faults = says.as_array().expect("a list").iter().map(|schema| check(schema, value, at));
                let faults: Vec<_> = faults.map_while(Result::err).collect();
                if faults.len() == says.as_array().map_or(0, Vec::len) {
                    return Err(faults.join(", and "));
                }
            }
            ("type", _) => {
                let types = says.as_array().map_or(std::slice::from_ref(says), Vec::as_slice);
                if !types.iter().any(|name| is(value, name.as_str().expect("a type"))) {
                    return Err(format!("{at} is {value}, and not {says}"));
                }
            }
            ("enum", _) if !says.as_array().expect("a list").contains(value) => {
                return Err(format!("{at} is {value}, and none of {says}"));
            }
            ("minimum", Value::Number(number)) if number.as_i64() < says.as_i64() => {
                return Err(format!("{at} is {number}, and less than {says}"));
            }
            ("maximum", Value::Number(number)) if number.as_i64() > says.as_i64() => {
                return Err(format!("{at} is {number}, and more than {says}"));
            }
            ("maxItems", Value::Array(items)) if items.len() as u64 > says.as_u64().expect("a number") => {
                return Err(format!("{at} has more than {says} items"));
            }
            ("items", Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    check(says, item, &format!("{at}[{index}]"))?;
                }
            }
            ("required", Value::Object(fields)) => {
                let names = says.as_array().expect("a list").iter().filter_map(Value::as_str);
                if let Some(missing) = names.into_iter().find(|name| !fields.contains_key(*name)) {
                    return Err(format!("{at} has no {missing}"));
                }
            }
            ("properties", Value::Object(fields)) => {
                for (name, schema) in says.as_object().expect("an object") {
                    fields.get(name).map_or(Ok(()), |field| check(schema, field, &format!("{at}.{name}")))?;
                }
            }
            ("additionalProperties", Value::Object(fields)) => {
                for (name, field) in
                    fields.iter().filter(|(name, _)| schema["properties"].get(name).is_none())
                {
                    match says {
                        Value::Bool(false) => return Err(format!("{at} has {name}, which no schema knows")),
                        says => check(says, field, &format!("{at}.{name}"))?,
                    }
                }
            }
            ("format", Value::String(text)) => {
                let is_good = match says.as_str() {
                    Some("uuid") => uuid::Uuid::parse_str(text).is_ok_and(|id| id.to_string() == *text),
                    Some("date-time") => text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(),
                    other => panic!("no format {other:?} is known"),
                };
                if !is_good {
                    return Err(format!("{at} is {text:?}, and no {says}"));
                }
            }
            // They say what may be sent, or do not hold for a value of this type.
            (
                "enum"
                | "minimum"
                | "maximum"
                | "minItems"
                | "maxItems"
                | "items"
                | "required"
                | "properties"
                | "additionalProperties"
                | "format"
                | "pattern"
                | "minLength"
                | "maxLength"
                | "maxProperties"
                | "propertyNames"
                | "default"
                | "description",
                _,
            ) => {}
            (keyword, _) => panic!("no keyword {keyword} is known"),
        }
    }
    Ok(())
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other} is known"),
    }
}

/// A check that finds nothing proves nothing, unless it finds what is there.
#[test]
fn an_answer_that_the_document_does_not_tell_of_is_found() {
    use serde_json::json;
    let error = json!({"detail": "x", "code": "x"});
    let digest = |digest: Value| json!({"digest": digest, "seq": 1});
    for (path, status, body) in [
        ("apps/", 418, error.clone()),
        ("apps/", 400, json!({"detail": "x"})),
        ("apps/", 400, json!({"detail": "x", "code": "x", "more": 1})),
        ("apps/", 200, error.clone()),
        ("digest/", 200, digest(json!(3))),
        ("digest/", 200, json!({"digest": "x", "seq": -1})),
        ("digest/", 200, json!([])),
        ("nosuch/", 200, json!({})),
        (
            "changes/",
            200,
            json!({"results": [{"seq": 1, "at": "now", "app": "x", "kind": "x"}], "last_seq": 1}),
        ),
    ] {
        let (path, reply) = (format!("/org/acme/api/v1/bridge/{path}"), Reply { status, body });
        let checked = std::panic::catch_unwind(|| expect_documented("GET", &path, &reply));
        assert!(checked.is_err(), "{path}: {reply:?}");
    }
    let reply = Reply { status: 200, body: digest(json!("x")) };
    expect_documented("GET", "/org/acme/api/v1/bridge/digest/?x", &reply);
}
