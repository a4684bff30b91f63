//! Starts the server, as a process or in the test's own, and calls it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use headcount_server::Settings;
use headcount_server::auth::Keys;
use headcount_server::machine::Machine;
use serde_json::Value;
use tokio::net::TcpListener;
use ureq::http::HeaderMap;

use crate::schema::expect_documented;

pub const KEY: &str = "test-key";
/// Of the same tenant, for the calls that change nothing.
pub const READ_ONLY_KEY: &str = "read-key";

/// A server that is stopped when it is dropped.
pub struct Server {
    running: Running,
    pub address: String,
}

/// What a server runs in.
enum Running {
    Process(Child),
    /// In the test's process.
    Here {
        _runtime: tokio::runtime::Runtime,
        machine: Arc<Machine>,
    },
}

/// A status and a body; null where there is none.
#[derive(Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Server {
    pub fn start(data: Option<&Path>, more: &[&str]) -> Self {
        Self::try_start(data, more).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A server in the test's process.
    pub fn here(data: &Path) -> Self {
        let keys = Keys::new(vec![("acme".into(), KEY.into())], Vec::new()).expect("keys");
        let settings = Settings { data: Some(data.to_owned()), ..Settings::new(keys) };
        let server = headcount_server::Server::open(settings);
        let server = server.expect("a server");
        let machine = server.machine();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        runtime.spawn(server.serve(listener, std::future::pending()));
        Self { running: Running::Here { _runtime: runtime, machine }, address }
    }

    /// The server, or what it said when it did not start.
    pub fn try_start(data: Option<&Path>, more: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headcount-server"));
        command
            .args(["--listen", "127.0.0.1:0", "--tenant", "acme", "--tenant", "other=other-key"])
            .args(["--read-only-key", &format!("acme={READ_ONLY_KEY}")])
            .args(more);
        command
            .env("HEADCOUNT_API_KEY", KEY)
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut child = command.spawn().expect("a process");
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        lines.read_line(&mut line).expect("a line");
        match line.trim().strip_prefix("listening on ") {
            Some(address) => {
                std::thread::spawn(move || lines.lines().for_each(drop));
                let errors = BufReader::new(child.stderr.take().expect("its errors"));
                std::thread::spawn(move || {
                    errors.lines().map_while(Result::ok).for_each(|line| eprintln!("server: {line}"))
                });
                Ok(Self { running: Running::Process(child), address: address.to_owned() })
            }
            None => {
                let output = child.wait_with_output().expect("an end");
                Err(String::from_utf8_lossy(&output.stderr).into_owned())
            }
        }
    }

    pub fn kill(mut self) {
        let child = self.process();
        child.kill().expect("SIGKILL");
        child.wait().expect("an end");
    }

    /// SIGTERM; whether it then ended well.
    pub fn terminate(mut self) -> bool {
        let child = self.process();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        child.wait().expect("an end").success()
    }

    /// How many bodies a server in the test's process has parsed.
    pub fn bodies_parsed(&self) -> u64 {
        match &self.running {
            Running::Here { machine, .. } => machine.bodies_parsed(),
            Running::Process(_) => panic!("another process does not tell"),
        }
    }

    fn process(&mut self) -> &mut Child {
        match &mut self.running {
            Running::Process(child) => child,
            Running::Here { .. } => panic!("a server in the test's process cannot be ended alone"),
        }
    }

    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let text = body.map(Value::to_string);
        self.raw(method, &format!("/org/acme/api/v1/bridge/{path}"), Some(KEY), text.as_deref())
            .expect("a reply")
    }

    pub fn raw(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&str>,
    ) -> Result<Reply, String> {
        call(&self.address, method, path, key, body)
    }

    /// The reply to a call without a body, and its headers.
    pub fn with_headers(&self, method: &str, path: &str, key: Option<&str>) -> (Reply, HeaderMap) {
        call_with_headers(&self.address, method, path, key, None).expect("a reply")
    }

    /// The reply to a call with this body, and its headers.
    pub fn with_body(&self, method: &str, path: &str, key: &str, body: Option<&str>) -> (Reply, HeaderMap) {
        call_with_headers(&self.address, method, path, Some(key), body).expect("a reply")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Running::Process(child) = &mut self.running {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn call(
    address: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: Option<&str>,
) -> Result<Reply, String> {
    call_with_headers(address, method, path, key, body).map(|(reply, _)| reply)
}

fn call_with_headers(
    address: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: Option<&str>,
) -> Result<(Reply, HeaderMap), String> {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true).build();
    let agent: ureq::Agent = config.into();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{address}{path}"));
    if let Some(key) = key {
        request = request.header("Authorization", format!("Api-Key {key}"));
    }
    let request =
        request.header("Content-Type", "application/json").body(body.unwrap_or_default().to_owned());
    let mut response =
        agent.run(request.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    let headers = response.headers().clone();
    let reply = Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) };
    expect_documented(method, path, &reply);
    Ok((reply, headers))
}
