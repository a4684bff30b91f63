//! `TOUR.md`: what the field asks for, each tried over HTTP. The calls are made, and what is written down is compared
//! with the page; `UPDATE_EXPECT=1` writes the page anew.

mod deltas;
mod guards;
mod page;
mod pages;
mod reading;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{KEY, Server};

const PREFIX: &str = "/org/acme/api/v1/bridge/";

const INTRODUCTION: &str = "\
Written by a test: it starts the server, makes these calls, and compares what comes with this page. Paths begin with
`/org/acme/api/v1/bridge/`, and each call has the header `Authorization: Api-Key …`. Ids that the server gives are
shown by names in braces, and each time is shown as the same one.";

/// A server, and what is written down of it.
struct Tour {
    server: Server,
    key: String,
    text: String,
    /// What stands for ids that differ each time.
    names: Vec<(String, String)>,
}

impl Tour {
    fn new(options: &[&str]) -> Self {
        let text = format!("# A tour of the API\n\n{INTRODUCTION}\n");
        Self { server: Server::start(None, options), key: KEY.to_owned(), text, names: Vec::new() }
    }

    fn chapter(&mut self, title: &str) {
        self.text += &format!("\n## {title}\n");
    }

    fn say(&mut self, words: &str) {
        self.text += &format!("\n{}\n", page::wrapped(words));
    }

    /// Makes a call and writes it down with its answer, which it gives back.
    fn call(&mut self, method: &str, path: &str, body: Value) -> Value {
        let sent = (!body.is_null()).then(|| body.to_string());
        let (reply, headers) =
            self.server.with_body(method, &format!("{PREFIX}{path}"), &self.key, sent.as_deref());
        let stable = |value: &Value| page::folded(&page::stable(value, &self.server.address));
        self.text += &format!("\n```http\n{method} {path}\n");
        if !body.is_null() {
            self.text += &format!("{}\n", stable(&body));
        }
        self.text += &format!("\n{}\n", reply.status);
        if let Some(ignored) = headers.get("ignored-fields") {
            self.text += &format!("Ignored-Fields: {}\n", ignored.to_str().expect("a header"));
        }
        if !reply.body.is_null() {
            self.text += &format!("{}\n", stable(&reply.body));
        }
        self.text += "```\n";
        reply.body
    }

    /// Makes a call that is not written down: the tour has shown one like it.
    fn quietly(&mut self, method: &str, path: &str, body: Value) -> Value {
        let body = (!body.is_null()).then_some(body);
        let reply = self.server.call(method, path, body.as_ref());
        assert!(reply.status < 300, "{method} {path}: {reply:?}");
        reply.body
    }

    /// Has an id shown by this name, and gives the id back.
    fn name(&mut self, name: &str, id: &Value) -> String {
        let id = id.as_str().expect("an id").to_owned();
        self.names.push((id.clone(), format!("{{{name}}}")));
        id
    }

    /// Starts a session, which is shown by this name.
    fn start(&mut self, app: &str, name: &str) -> String {
        let started = self.quietly("POST", &format!("apps/{app}/sync/"), Value::Null);
        self.name(name, &started["sync_id"])
    }

    fn push(&mut self, sync: &str, slug: &str, records: Value) {
        self.quietly("PUT", &format!("{sync}{slug}/"), json!({ "records": records }));
    }

    /// Waits until the cleanup of a session that was completed has ended.
    fn cleaned_up(&mut self, sync: &str) {
        self.shows(sync, "completed");
    }

    fn shows(&mut self, sync: &str, status: &str) {
        for _ in 0..1_000 {
            if self.quietly("GET", sync, Value::Null)["status"] == status {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the session never shows the status {status}");
    }

    /// The page.
    fn finish(self) -> String {
        let mut text = self.text;
        for (id, name) in &self.names {
            text = text.replace(id, name);
        }
        text
    }
}

/// An app whose first roll has been called: four people, two teams, a license.
struct Company {
    /// The path of the app.
    app: String,
    id: String,
}

impl Company {
    /// The path of a session.
    fn sync(&self, id: &str) -> String {
        format!("{}sync/{id}/", self.app)
    }
}

fn teams() -> Value {
    json!([{"id": "sales", "name": "Sales"}, {"id": "tech", "name": "Engineering"}])
}

fn person(id: &str, team: &str) -> Value {
    let email = format!("{id}@acme.example");
    json!({"id": id, "email": email, "memberships": {"team": [{"id": team}]}})
}

fn everybody() -> Value {
    json!([person("ann", "tech"), person("bob", "tech"), person("eve", "sales"), person("kim", "sales")])
}

#[test]
fn the_page_of_the_tour_shows_what_the_server_answers() {
    let mut tour = Tour::new(&["--changes-kept", "40", "--limit", "id_chars_max=400"]);
    let company = pages::first_roll(&mut tour);
    pages::lenient_pages(&mut tour, &company);
    pages::ignored_fields(&mut tour, &company);
    pages::references_out_of_scope(&mut tour, &company);
    guards::missing_pages(&mut tour, &company);
    guards::single_types(&mut tour, &company);
    guards::removals(&mut tour, &company);
    guards::plans(&mut tour, &company);
    deltas::beside_a_roll(&mut tour, &company);
    deltas::attributes(&mut tour, &company);
    deltas::checkpoints(&mut tour, &company);
    reading::dead_groups(&mut tour, &company);
    reading::lists(&mut tour, &company);
    reading::changes(&mut tour, &company);
    reading::erasure(&mut tour, &company);
    reading::options(&mut tour, &company);
    let text = tour.finish();
    assert_eq!(page::unnamed_ids(&text), Vec::<&str>::new());

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("TOUR.md");
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        std::fs::write(&path, &text).expect("the page can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the page");
    let differs = text.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    if let Some(line) = differs {
        let (found, expected) = (text.lines().nth(line), expected.lines().nth(line));
        panic!("line {} of TOUR.md is {expected:?}, and the server said {found:?}", line + 1);
    }
    assert_eq!(text.lines().count(), expected.lines().count(), "TOUR.md ends where the tour does");
}
