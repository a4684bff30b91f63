//! Calls to nodes, with a time after which they are given up.

use std::time::Duration;

use serde_json::Value;

pub const KEY: &str = "the-key-of-a-tenant";
pub const SECRET: &str = "the-secret-of-a-cluster";
/// Longer than a node waits for a leader.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A status and a body; null where there is none.
#[derive(Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

/// Calls an address, with these headers beside those of every call.
pub fn call(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<Reply, String> {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .timeout_global(Some(TIMEOUT))
        .build();
    let agent: ureq::Agent = config.into();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = request.header("Content-Type", "application/json").body(body);
    let request = request.map_err(|error| error.to_string())?;
    let mut response = agent.run(request).map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let text = response.body_mut().with_config().limit(u64::MAX).read_to_string();
    let text = text.map_err(|error| error.to_string())?;
    Ok(Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
}

/// A call of a client's to the API, for the tenant `acme`.
pub fn api(address: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Reply, String> {
    let key = format!("Api-Key {KEY}");
    call(address, method, &format!("/org/acme/api/v1/bridge/{path}"), &[("Authorization", &key)], body)
}

/// A read of what the node itself has.
pub fn local(address: &str, path: &str) -> Result<Reply, String> {
    let key = format!("Api-Key {KEY}");
    let headers = [("Authorization", key.as_str()), ("Headcount-Read", "local")];
    call(address, "GET", &format!("/org/acme/api/v1/bridge/{path}"), &headers, None)
}

/// A call of whoever runs the cluster.
pub fn admin(address: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Reply, String> {
    let secret = format!("Cluster {SECRET}");
    call(address, method, &format!("/cluster/{path}"), &[("Authorization", &secret)], body)
}
