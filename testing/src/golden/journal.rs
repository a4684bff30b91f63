//! A golden journal, and what comes of it.

use headcount::{Change, Command, Config, Engine, Limits, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Folder, Policy, broken};

/// A history of commands under limits.
#[derive(Clone, Debug)]
pub struct Journal {
    /// The name of its files.
    pub name: String,
    /// What it is replayed under. They stand in a file of their own, unless they are the defaults.
    pub limits: Limits,
    /// The commands, and when.
    pub history: Vec<(Timestamp, Command<'static>)>,
}

/// What is promised of the commands in a journal.
const COMMANDS: &str = "what serde writes for commands is read for ever, so an old journal is too";

impl Journal {
    fn file(&self, ending: &str) -> String {
        format!("journals/{}.{ending}", self.name)
    }

    /// The commands in postcard, as a replica's log has them.
    pub fn postcard(&self) -> Vec<u8> {
        postcard::to_allocvec(&self.history).expect("a journal is written to bytes")
    }

    /// The commands in JSON, a line each.
    pub fn json(&self) -> String {
        let lines = self.history.iter().map(|step| serde_json::to_string(step).expect("a command is JSON"));
        format!("[\n{}\n]\n", lines.collect::<Vec<_>>().join(",\n"))
    }

    /// What it is replayed with.
    pub fn config(&self) -> Config {
        Config::new().with_limits(self.limits).expect("limits that the engine can keep")
    }

    /// The engine after the last command.
    pub fn replayed(&self) -> Engine {
        let mut engine = Engine::new(self.config());
        for (now, command) in &self.history {
            let _ = engine.apply(*now, command).is_ok();
        }
        engine
    }

    /// What comes of each command, a line of JSON each: the reply or the error, the digest, the changes.
    pub fn outcomes(&self) -> String {
        let mut engine = Engine::new(self.config());
        let mut lines = String::new();
        for (number, (now, command)) in (1..).zip(&self.history) {
            let reply = engine.apply(*now, command);
            let reply = match &reply {
                Ok(reply) => json!({ "ok": without_words(reply) }),
                Err(error) => json!({ "error": without_words(error) }),
            };
            let digest = format!("{:032x}", engine.digest());
            let changes: Vec<Change<'_>> = engine.changes().collect();
            let line = json!({"command": number, "reply": reply, "digest": digest, "changes": changes});
            lines += &line.to_string();
            lines.push('\n');
        }
        lines
    }

    /// Holds the files of its commands against it.
    ///
    /// # Errors
    /// The promise that is broken.
    pub fn pin(&self, folder: &Folder) -> Result<(), String> {
        let promise = |_: Option<(&str, &str)>| COMMANDS.to_owned();
        folder.pin(&self.file("json"), Policy::Frozen, self.json().as_bytes(), promise)?;
        folder.pin(&self.file("postcard"), Policy::Frozen, &self.postcard(), promise)?;
        if self.limits == Limits::default() {
            return Ok(());
        }
        let limits = serde_json::to_string_pretty(&self.limits).expect("limits are JSON") + "\n";
        let promise = |_: Option<(&str, &str)>| "a limit is read under its name for ever".to_owned();
        // A limit that comes later is not in it, and has its default.
        folder.pin(&self.file("limits.json"), Policy::Grows, limits.as_bytes(), promise)
    }

    /// Reads its files.
    ///
    /// # Errors
    /// If one is not what the other is, or cannot be read.
    pub fn read(folder: &Folder, name: &str) -> Result<Self, String> {
        let mut journal = Self { name: name.to_owned(), limits: Limits::default(), history: Vec::new() };
        let missing = |file: &str| format!("tests/golden/{file} is missing");
        let unread =
            |file: &str, error: &dyn ToString| broken(file, &format!("\n  {}", error.to_string()), COMMANDS);
        let limits = journal.file("limits.json");
        if let Some(bytes) = folder.read(&limits)? {
            journal.limits = serde_json::from_slice(&bytes).map_err(|error| unread(&limits, &error))?;
        }
        let file = journal.file("postcard");
        let bytes = folder.read(&file)?.ok_or_else(|| missing(&file))?;
        journal.history = owned(postcard::from_bytes(&bytes).map_err(|error| unread(&file, &error))?);
        let file = journal.file("json");
        let bytes = folder.read(&file)?.ok_or_else(|| missing(&file))?;
        let other = owned(serde_json::from_slice(&bytes).map_err(|error| unread(&file, &error))?);
        let differs = (1..).zip(journal.history.iter().zip(&other)).find(|(_, (a, b))| a != b);
        if let Some((number, (postcard, json))) = differs {
            let told = format!("\n  command {number} in JSON: {json:?}\n  in postcard: {postcard:?}");
            return Err(broken(&file, &told, COMMANDS));
        }
        match journal.history.len() == other.len() {
            true => Ok(journal),
            false => Err(broken(&file, ": not as long as the journal in postcard", COMMANDS)),
        }
    }

    /// Holds what comes of it against what came when it was written.
    ///
    /// # Errors
    /// The promise that is broken.
    pub fn pin_outcomes(&self, folder: &Folder) -> Result<(), String> {
        let promise = |lines: Option<(&str, &str)>| lines.map_or_else(String::new, promise_of_outcome);
        folder.pin(&self.file("expected"), Policy::Frozen, self.outcomes().as_bytes(), promise)
    }
}

type History<'a> = Vec<(Timestamp, Command<'a>)>;

fn owned(history: History<'_>) -> History<'static> {
    history.into_iter().map(|(now, command)| (now, command.into_owned())).collect()
}

/// Which promise holds what differs between two lines.
fn promise_of_outcome((promised, came): (&str, &str)) -> String {
    let part =
        |line: &str, part: &str| serde_json::from_str::<Value>(line).ok().map(|line| line[part].clone());
    for (name, promise) in [
        ("command", "an old journal is replayed, each of its commands"),
        (
            "reply",
            "an old journal is replayed to the same replies and errors, and serde writes them as it did",
        ),
        ("changes", "an old journal is replayed to the same changes, and serde writes them as it did"),
        ("digest", "the digest of a state stays what it is; another byte stream has another name"),
    ] {
        if part(promised, name) != part(came, name) {
            return promise.to_owned();
        }
    }
    "what came of a command is written as it was".to_owned()
}

/// The reply or the error without what it says to people: what was found in a field and what was expected.
fn without_words(told: &impl Serialize) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(strip),
            Value::Object(fields) => {
                if fields.contains_key("field") && fields.contains_key("code") {
                    fields.remove("found");
                    fields.remove("expected");
                }
                fields.values_mut().for_each(strip);
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(told).expect("a reply and an error are JSON");
    strip(&mut value);
    value
}
