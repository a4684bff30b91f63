//! A browser that a test looks and clicks with: Chromium, through ChromeDriver, whose protocol is JSON over HTTP.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long it is waited for what is to show.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the protocol names an element by.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// So that it starts as any account, and asks nobody outside.
const ARGUMENTS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// A browser with one window and no memory of others.
pub struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// None, with a word, where there is no Chromium with its driver. Where the variable `HEADCOUNT_BROWSER` says that
    /// they are there, that is a fault.
    pub fn start() -> Option<Self> {
        let browser = on_path(&["chromium", "chromium-browser", "google-chrome"]);
        let (Some(browser), Some(driver)) = (browser, on_path(&["chromedriver"])) else {
            assert!(std::env::var_os("HEADCOUNT_BROWSER").is_none(), "a browser is to be there");
            eprintln!("left out: no chromium with chromedriver here (Debian: chromium, chromium-driver)");
            return None;
        };
        let started =
            Command::new(driver).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = started.expect("a driver");
        let mut lines =
            BufReader::new(driver.stdout.take().expect("its output")).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("the driver's port");
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().expect("a folder");
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|argument| (*argument).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let capabilities = json!({"alwaysMatch": {
            "goog:chromeOptions": {"binary": browser, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }});
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let session = format!("http://127.0.0.1:{port}/session");
        let mut begun = Self { driver, agent, session, _profile: profile };
        let id = begun.post("", &json!({"capabilities": capabilities}))["sessionId"].clone();
        begun.session = format!("{}/{}", begun.session, id.as_str().expect("a session's id"));
        Some(begun)
    }

    fn try_post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let reply = self.agent.post(format!("{}{path}", self.session)).send_json(body);
        let mut reply = reply.map_err(|error| error.to_string())?;
        let answer: Value = reply.body_mut().read_json().map_err(|error| error.to_string())?;
        if reply.status().is_success() {
            Ok(answer["value"].clone())
        } else {
            Err(answer["value"].to_string())
        }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.try_post(path, body).unwrap_or_else(|why| panic!("{path} {body}: {why}"))
    }

    pub fn open(&self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    /// What a script makes of the page.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// What `look` finds, once it finds something.
    fn wait<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "no {what} in\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// All that a person reads on the page.
    pub fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a person reads this.
    pub fn see(&self, text: &str) {
        self.wait(text, || self.text().contains(text).then_some(()));
    }

    /// Waits until a script answers something.
    pub fn wait_for(&self, script: &str) {
        self.wait(script, || (!self.run(script).is_null()).then_some(()));
    }

    /// Waits until the element with this id has the focus.
    pub fn wait_for_focus(&self, id: &str) {
        self.wait(id, || (self.run("return document.activeElement.id") == id).then_some(()));
    }

    /// Does something to what an XPath finds, once it is there and lets it be done.
    fn act(&self, xpath: &str, action: &str, body: &Value) {
        let asked = json!({"using": "xpath", "value": xpath});
        self.wait(xpath, || {
            let found = self.try_post("/element", &asked).ok()?;
            // It may have been replaced since.
            self.try_post(&format!("/element/{}/{action}", found[ELEMENT].as_str()?), body).ok()
        });
    }

    /// Clicks the link or button with this text.
    pub fn click(&self, text: &str) {
        let text = quoted(text);
        self.act(&format!("//*[self::a or self::button][normalize-space()={text}]"), "click", &json!({}));
    }

    /// Types into the field with this label. `\u{e007}` is Enter.
    pub fn type_into(&self, label: &str, text: &str) {
        let field = format!("//label[starts-with(normalize-space(), {})]//input", quoted(label));
        self.act(&field, "value", &json!({"text": text}));
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub fn press(&self, keys: &[&str]) {
        let strokes =
            |key: &&str| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})];
        let strokes: Vec<Value> = keys.iter().flat_map(strokes).collect();
        self.post("/actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": strokes}]}));
    }

    /// What the browser complained of since it was asked last: errors of scripts, and what the policy forbade.
    pub fn complaints(&self) -> Vec<String> {
        let told = self.post("/se/log", &json!({"type": "browser"}));
        let told = told.as_array().expect("a list of what was told").iter();
        told.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends the browser, and so the profile can go.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The first of these programs that there is.
fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// A text in an XPath, which knows no escapes.
fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "{text}");
    format!("\"{text}\"")
}
