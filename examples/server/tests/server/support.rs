//! Starts the server, as a process or in the test's own, and calls it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headcount_server::Settings;
use headcount_server::auth::Keys;
use headcount_server::spent::Spent;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
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
        runtime: tokio::runtime::Runtime,
        stop: Option<oneshot::Sender<()>>,
        serving: JoinHandle<std::io::Result<()>>,
        spent: Arc<Spent>,
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
        let spent = server.spent();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = runtime.spawn(server.serve(listener, async { _ = stopped.await }));
        Self { running: Running::Here { runtime, stop: Some(stop), serving, spent }, address }
    }

    /// A server in memory that logs to this file what its options say.
    pub fn logged(log: &Path, more: &[&str]) -> Self {
        let log = std::fs::File::create(log).expect("a file");
        let mut command = Self::command(None, more);
        // As somebody might have it who likes colours.
        command.env_remove("RUST_LOG").env("CLICOLOR_FORCE", "1").stderr(log);
        Self::started(command).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The server, or what it said when it did not start.
    pub fn try_start(data: Option<&Path>, more: &[&str]) -> Result<Self, String> {
        Self::started(Self::command(data, more))
    }

    fn command(data: Option<&Path>, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headcount-server"));
        command
            .args(["--tenant", "acme", "--tenant", "other=other-key"])
            .args(["--read-only-key", &format!("acme={READ_ONLY_KEY}")])
            .args(more);
        if !more.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command
            .env("HEADCOUNT_API_KEY", KEY)
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        command
    }

    fn started(mut command: Command) -> Result<Self, String> {
        let mut child = command.spawn().expect("a process");
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        lines.read_line(&mut line).expect("a line");
        match line.trim().strip_prefix("listening on ") {
            Some(address) => {
                std::thread::spawn(move || lines.lines().for_each(drop));
                // Where they do not go to a file.
                if let Some(errors) = child.stderr.take().map(BufReader::new) {
                    std::thread::spawn(move || {
                        errors.lines().map_while(Result::ok).for_each(|line| eprintln!("server: {line}"))
                    });
                }
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

    /// SIGTERM, or another signal, of which it is not waited what comes.
    pub fn signal(&mut self, name: &str) {
        let pid = self.process().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill").success());
    }

    /// Whether it ended well, if it ends in so long.
    pub fn ends_within(&mut self, time: Duration) -> Option<bool> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            if let Some(status) = self.process().try_wait().expect("its status") {
                return Some(status.success());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        match &self.running {
            Running::Process(child) => child.id(),
            Running::Here { .. } => std::process::id(),
        }
    }

    /// How many bodies a server in the test's process has parsed.
    pub fn bodies_parsed(&self) -> u64 {
        match &self.running {
            Running::Here { spent, .. } => spent.bodies_parsed(),
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

    /// The reply to a request of acme's with these headers beside key and type, and its headers.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (Reply, HeaderMap) {
        let path = format!("/org/acme/api/v1/bridge/{path}");
        let json = ("Content-Type", "application/json");
        let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(json.0));
        let headers: Vec<_> = headers.iter().copied().chain((!is_typed).then_some(json)).collect();
        request(&self.address, method, &path, Some(KEY), &headers, body).expect("a reply")
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
        match &mut self.running {
            Running::Process(child) => {
                // It may have ended already.
                let _ = child.kill();
                let _ = child.wait();
            }
            Running::Here { runtime, stop, serving, .. } => {
                drop(stop.take());
                // Until then it has its file. A test that fails tells of itself.
                let _ = runtime.block_on(serving);
            }
        }
    }
}

/// KiB of memory that a process takes.
pub fn resident_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
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
    let json = [("Content-Type", "application/json")];
    request(address, method, path, key, &json, body.unwrap_or_default().as_bytes())
}

fn request(
    address: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(Reply, HeaderMap), String> {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true).build();
    let agent: ureq::Agent = config.into();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{address}{path}"));
    if let Some(key) = key {
        request = request.header("Authorization", format!("Api-Key {key}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body).map_err(|error| error.to_string())?;
    let mut response = agent.run(request).map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    let headers = response.headers().clone();
    let reply = Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) };
    expect_documented(method, path, &reply);
    Ok((reply, headers))
}
