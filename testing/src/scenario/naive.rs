//! What a naive engine makes of a scenario's commands: upsert and sweep, as it is commonly written first.
//!
//! It is here to be compared with, and knows nothing of the engine:
//!
//! - It has a table of records, and one of memberships. A row of the second is alive while its account is.
//! - A page upserts each record that it can use, whole, as active. The others it passes over, and so it does with
//!   references to what is not in its tables, as a foreign key demands. No list of references is an empty one.
//! - Whom a run saw it holds in memory. Who starts it anew (`reload`) starts with nobody seen.
//! - Behind every run comes the sweep, whatever came of the listing before it, as the last step of the same job: of
//!   every type, whoever was not seen becomes inactive. It asks nobody. Only a run that is abandoned has none.
//! - One run at a time. One that never ends locks out those that come after it.
//! - An event is carried out when it comes, whatever run is under way, and the run does not hear of it.
//! - It has columns for the fields that it knows, and none for attributes.
//! - Scopes, guards, plans, checkpoints and expiry it has not heard of, and it forgets nobody.
//!
//! The public reports in `tests/scenarios/incidents/` tell of each of these.

use std::collections::{BTreeMap, BTreeSet};

use headcount::{AppView, Kind, RecordFilter, RecordView};
use serde_json::{Value, json};

use super::text::{Step, kind};

/// The slug of a type, and an id.
type Key = (String, String);

/// What is known of whom, a line each: `account u1` of the record, `account u1 team/g1` of the membership,
/// `account u1 floor=3` of the attribute.
pub(super) type Facts = BTreeSet<String>;

/// What an engine holds of an app.
#[derive(Default)]
pub(super) struct Held {
    /// Active records, and memberships that are alive.
    alive: Facts,
    /// Records, active or not.
    on_record: Facts,
}

#[derive(Default)]
pub(super) struct Naive {
    apps: BTreeMap<String, App>,
}

#[derive(Default)]
struct App {
    kinds: BTreeMap<String, Kind>,
    records: BTreeMap<Key, Record>,
    run: Option<Run>,
}

struct Record {
    is_active: bool,
    references: BTreeSet<Key>,
}

struct Run {
    session: String,
    seen: BTreeSet<Key>,
}

impl Naive {
    /// Does what the step says, as far as it knows the word.
    pub(super) fn take(&mut self, step: &Step<'_>) {
        match *step.words {
            ["app", app] => _ = self.apps.entry(app.to_owned()).or_default(),
            ["app", app, "from", of] => {
                let kinds = self.apps.get(of).map(|of| of.kinds.clone());
                self.apps.entry(app.to_owned()).or_default().kinds.extend(kinds.into_iter().flatten());
            }
            ["delete", app] => _ = self.apps.remove(app),
            ["reload"] => {
                self.apps.values_mut().filter_map(|app| app.run.as_mut()).for_each(|run| run.seen.clear())
            }
            [verb, app, ref rest @ ..] => {
                if let Some(app) = self.apps.get_mut(app) {
                    app.take(verb, rest, step);
                }
            }
            _ => {}
        }
    }

    pub(super) fn held(&self, app: &str) -> Held {
        let mut held = Held::default();
        for (key, record) in self.apps.get(app).into_iter().flat_map(|app| &app.records) {
            held.add(key, record.is_active, record.references.iter().cloned());
        }
        held
    }
}

impl App {
    fn take(&mut self, verb: &str, rest: &[&str], step: &Step<'_>) {
        match (verb, rest) {
            ("type", [slug, of, ..]) => {
                self.kinds.extend(kind(of).ok().map(|kind| ((*slug).to_owned(), kind)));
            }
            ("start", [session, ..]) => {
                let new = || Run { session: (*session).to_owned(), seen: BTreeSet::new() };
                self.run.get_or_insert_with(new);
            }
            ("push", [session, slug, ..]) if self.is_run(session) => self.push(slug, step),
            ("complete" | "fail", [session, ..]) if self.is_run(session) => self.sweep(),
            ("abandon", [session]) if self.is_run(session) => self.run = None,
            ("upsert", [slug]) => _ = self.upsert(slug, step),
            ("deactivate", [slug, ids @ ..]) => {
                for id in ids {
                    let record = self.records.get_mut(&((*slug).to_owned(), (*id).to_owned()));
                    record.into_iter().for_each(|record| record.is_active = false);
                }
            }
            _ => {}
        }
    }

    fn is_run(&self, session: &str) -> bool {
        self.run.as_ref().is_some_and(|run| run.session == session)
    }

    fn push(&mut self, slug: &str, step: &Step<'_>) {
        let keys = self.upsert(slug, step);
        if let Some(run) = &mut self.run {
            run.seen.extend(keys);
        }
    }

    /// The keys of the records that it could use.
    fn upsert(&mut self, slug: &str, step: &Step<'_>) -> Vec<Key> {
        let Some(kind) = self.kinds.get(slug).copied() else { return Vec::new() };
        let mut keys = Vec::new();
        for (_, line) in &step.block {
            let Some((id, mut references)) = usable(line, kind) else { continue };
            references.retain(|to| self.records.contains_key(to));
            let key = (slug.to_owned(), id);
            self.records.insert(key.clone(), Record { is_active: true, references });
            keys.push(key);
        }
        keys
    }

    fn sweep(&mut self) {
        let Some(run) = self.run.take() else { return };
        for (_, record) in self.records.iter_mut().filter(|(key, _)| !run.seen.contains(*key)) {
            record.is_active = false;
        }
    }
}

/// Columns of text.
const TEXTS: [&str; 9] =
    ["id", "email", "username", "first_name", "last_name", "display_name", "status", "name", "description"];

/// The id and the references of a record that a naive engine can use: a database takes it.
fn usable(line: &str, kind: Kind) -> Option<(String, BTreeSet<Key>)> {
    let record: Value = serde_json::from_str(line).ok().filter(|_| !line.contains("\\u0000"))?;
    if TEXTS.iter().filter_map(|text| record.get(text)).any(|text| !text.is_string() && !text.is_null()) {
        return None;
    }
    let text = |field: &str| record.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let is_named = match kind {
        Kind::Account => text("username").is_some() || text("email").is_some(),
        _ => text("name").is_some(),
    };
    let is_mail = |mail: &str| mail.matches('@').count() == 1 && !mail.contains(char::is_whitespace);
    let id = text("id").filter(|_| is_named && text("email").is_none_or(is_mail))?;
    let mut references = BTreeSet::new();
    for lists in ["memberships", "assignments"].into_iter().filter_map(|field| record.get(field)) {
        for (slug, list) in lists.as_object()? {
            for reference in list.as_array()? {
                references.insert((slug.clone(), reference.get("id")?.as_str()?.to_owned()));
            }
        }
    }
    Some((id.to_owned(), references))
}

impl Held {
    fn add(&mut self, (slug, id): &Key, is_active: bool, references: impl Iterator<Item = Key>) {
        let record = format!("{slug} {id}");
        if is_active {
            self.alive.extend(references.map(|(slug, id)| format!("{record} {slug}/{id}")));
            self.alive.insert(record.clone());
        }
        self.on_record.insert(record);
    }
}

/// What the engine holds of an app. A membership is alive if both of its ends are active.
pub(super) fn held(app: AppView<'_>) -> Held {
    let key = |record: RecordView<'_>| (record.resource_type().slug().to_owned(), record.id().to_owned());
    let mut held = Held::default();
    for of in app.resource_types() {
        for record in app.records(of.slug(), RecordFilter::All).into_iter().flatten() {
            let references = record.references().filter(|to| to.is_active()).map(key);
            held.add(&key(record), record.is_active(), references);
            let attributes = record.attributes().filter(|_| record.is_active());
            held.alive.extend(attributes.map(|(name, value)| {
                let value = json!(value);
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{} {} {name}={value}", of.slug(), record.id())
            }));
        }
    }
    held
}

/// What is at the source, from lines such as `account u1 team/g1,team/g2,floor=3`.
pub(super) fn source(block: &[(usize, &str)]) -> Result<Facts, String> {
    let mut facts = Facts::new();
    for (_, line) in block {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (record, more) = match *words {
            [slug, id] => (format!("{slug} {id}"), ""),
            [slug, id, more] => (format!("{slug} {id}"), more),
            _ => return Err(format!("{line} is no record at the source")),
        };
        let more = more.split(',').filter(|fact| !fact.is_empty());
        facts.extend(more.map(|fact| format!("{record} {fact}")));
        facts.insert(record);
    }
    Ok(facts)
}

/// How the naive engine differs from the source, and where the engine still holds what has left it. That the engine
/// has lost what is at the source is no difference to be written down: it is wrong.
pub(super) fn compare(source: &Facts, engine: &Held, naive: &Held) -> Result<Vec<String>, String> {
    let lost: Vec<String> = lines("headcount itself loses", source, |fact| !engine.alive.contains(fact));
    if !lost.is_empty() {
        return Err(lost.join(", "));
    }
    let is_gone = |fact: &str| !source.contains(fact);
    let is_remembered = |fact: &str| !naive.alive.contains(fact) && !engine.on_record.contains(fact);
    Ok([
        lines("loses", source, |fact| !naive.alive.contains(fact)),
        lines("keeps", &naive.alive, |fact| is_gone(fact) && !engine.alive.contains(fact)),
        lines("remembers", &naive.on_record, |fact| is_gone(fact) && is_remembered(fact)),
        lines("headcount keeps", &engine.alive, is_gone),
    ]
    .concat())
}

/// The facts of which `differs` is true, but for a membership whose account differs too.
fn lines(what: &str, facts: &Facts, differs: impl Fn(&str) -> bool) -> Vec<String> {
    let told = |fact: &&String| {
        let of = fact.rsplit_once(' ').map_or("", |(of, _)| of);
        differs(fact) && !(facts.contains(of) && differs(of))
    };
    facts.iter().filter(told).map(|fact| format!("{what} {fact}")).collect()
}
