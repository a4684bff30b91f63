//! Runs a scenario: commands, what they answer, and what the state is then, as lines of text.
//!
//! ```text
//! rule 3.7 a push of its own record fills a placeholder     which rule of SPEC it shows
//! app hr                                                    a command; names become ids
//! push hr s1 team
//!   {"id": "g1", "name": "Engineering"}                     its records, indented
//! = total 1 updated 1 filled 1                              what it answers (else: it succeeds)
//! records hr team                                           a view,
//!   g1 active name=Engineering                              and what it shows, indented
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroU64;

use headcount::{
    AppId, AppUpdate, AppView, Change, Command, Config, Engine, Error, Fact, Guard, Kind, Limits, NewTask,
    PageSeed, RecordFilter, RecordKey, RecordView, Reply, Resolution, ResourceTypeId, ResourceTypeUpdate,
    Scope, SessionId, SessionView, Snapshot, TaskAction, TaskId, TaskQuery, TaskStatus, Timestamp, Uuid,
};
use serde::de::DeserializeSeed;

/// A command or a view, with the lines that belong to it.
struct Step<'s> {
    line: usize,
    words: Vec<&'s str>,
    block: Vec<&'s str>,
    answer: Option<&'s str>,
}

struct Run {
    engine: Engine,
    limits: Limits,
    now: Timestamp,
    types_made: u128,
    last_error: Option<Error>,
    names: BTreeMap<Uuid, String>,
}

/// # Panics
/// Where the scenario expects something else than what comes.
pub fn run(name: &str, text: &str) {
    let steps = parse(text);
    assert!(steps.iter().any(|step| step.words[0] == "rule"), "{name}: the scenario names no rule");
    let mut run = Run {
        engine: Engine::new(Config::new()),
        limits: Limits::default(),
        now: Timestamp(0),
        types_made: 0,
        last_error: None,
        names: BTreeMap::new(),
    };
    for step in &steps {
        let at = || format!("{name}.txt:{}: {}", step.line, step.words.join(" "));
        if let Some(shown) = run.view(&step.words) {
            let expected: Vec<String> = step.block.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(shown, expected, "{}\nshown: {shown:#?}", at());
        } else if !run.setting(&step.words) {
            let before = postcard::to_allocvec(&run.engine.snapshot()).expect("bytes");
            let reply =
                run.command(&step.words, &step.block).unwrap_or_else(|wrong| panic!("{}: {wrong}", at()));
            let answer = answer(&reply);
            match (step.answer, &reply) {
                (None, Ok(_)) => {}
                (Some(expected), _) => {
                    let rest = answer
                        .strip_prefix(expected)
                        .filter(|rest| rest.is_empty() || rest.starts_with([' ', ':']));
                    let holds = rest.is_some_and(|rest| rest.is_empty() || reply.is_err());
                    assert!(holds, "{}\nexpected: {expected}\nanswered: {answer}", at());
                }
                (None, Err(_)) => panic!("{}\nanswered: {answer}", at()),
            }
            run.last_error = reply.err();
            if run.last_error.is_some() {
                let after = postcard::to_allocvec(&run.engine.snapshot()).expect("bytes");
                assert_eq!(after, before, "{}: an error left a trace", at());
                assert_eq!(run.engine.changes().len(), 0, "{}: an error changed something", at());
            }
        }
        run.engine.check_invariants().unwrap_or_else(|broken| panic!("{}: {broken}", at()));
    }
}

fn parse(text: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let last = steps.last_mut();
        if line.starts_with("  ") {
            last.expect("a block belongs to a step").block.push(trimmed);
        } else if let Some(answer) = line.strip_prefix("= ") {
            last.expect("an answer belongs to a command").answer = Some(answer.trim());
        } else {
            let words = trimmed.split_whitespace().collect();
            steps.push(Step { line: at + 1, words, block: Vec::new(), answer: None });
        }
    }
    steps
}

/// A name's id: its bytes.
fn id(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (at, byte) in name.bytes().take(16).enumerate() {
        bytes[at] = byte;
    }
    Uuid::from_bytes(bytes)
}

fn kind(word: &str) -> Kind {
    match word {
        "account" => Kind::Account,
        "group" => Kind::Group,
        "license" => Kind::License,
        other => panic!("no kind: {other}"),
    }
}

/// The value of `key=value` among the words; `_` stands for a space.
fn option(words: &[&str], key: &str) -> Option<String> {
    words.iter().find_map(|word| Some(word.strip_prefix(key)?.strip_prefix('=')?.replace('_', " ")))
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("no number: {word}"))
}

impl Run {
    fn name(&mut self, name: &str) -> Uuid {
        self.names.insert(id(name), name.to_owned());
        id(name)
    }

    /// Lines that are neither command nor view.
    fn setting(&mut self, words: &[&str]) -> bool {
        match *words {
            ["rule", ..] => {}
            ["at", now] => self.now = Timestamp(number(now)),
            ["limit", name, value] => {
                let value = number(value);
                match name {
                    "records_per_page" => self.limits.records_per_page_max = value,
                    "references_per_account" => self.limits.references_per_account_max = value,
                    "faults_listed" => self.limits.faults_listed_max = value,
                    "records_per_type" => self.limits.records_per_type_max = value,
                    "sessions_per_app" => self.limits.sessions_per_app_max = value,
                    other => panic!("no limit: {other}"),
                }
                self.reload();
            }
            ["reload"] => self.reload(),
            _ => return false,
        }
        true
    }

    /// Saves and loads, with the limits of now and another hash key.
    fn reload(&mut self) {
        let digest = self.engine.digest();
        let saved = postcard::to_allocvec(&self.engine.snapshot()).expect("bytes");
        let snapshot: Snapshot = postcard::from_bytes(&saved).expect("a snapshot");
        let config = Config::new().with_limits(self.limits).with_hash_key([saved.len() as u8; 16]);
        self.engine = Engine::restore(config, snapshot).expect("an engine");
        assert_eq!(self.engine.digest(), digest, "a digest after save and load");
    }

    fn command(&mut self, words: &[&str], block: &[&str]) -> Result<Result<Reply, Error>, String> {
        if let ["push", app, session, slug] = *words {
            return self.push(app, session, slug, block);
        }
        let command = self.other(words).ok_or("no command, view or setting has this form")?;
        let bytes = postcard::to_allocvec(&command).map_err(|error| error.to_string())?;
        let journaled: Command<'_> = postcard::from_bytes(&bytes).map_err(|error| error.to_string())?;
        Ok(self.engine.apply(self.now, &journaled))
    }

    fn push(
        &mut self,
        app: &str,
        session: &str,
        slug: &str,
        block: &[&str],
    ) -> Result<Result<Reply, Error>, String> {
        let (app, session) = (AppId(self.name(app)), SessionId(self.name(session)));
        let of_slug = self.engine.app(app).and_then(|app| app.resource_type(slug)).map(|found| found.kind());
        let kind = match block.first().and_then(|line| line.strip_prefix("kind ")) {
            Some(word) => kind(word),
            None => of_slug.unwrap_or(Kind::Account),
        };
        let records: Vec<&str> = block.iter().copied().filter(|line| !line.starts_with("kind ")).collect();
        let body = format!("{{\"records\": [{}]}}", records.join(","));
        let mut parser = serde_json::Deserializer::from_str(&body);
        // The seed would stop at the limit itself: a host that makes pages by hand would not.
        let mut limits = self.limits;
        limits.records_per_page_max = u32::MAX;
        let page =
            PageSeed::new(kind, &limits).deserialize(&mut parser).map_err(|error| error.to_string())?;
        Ok(self.engine.push_page(self.now, app, session, slug, &page).map(Reply::Page))
    }

    fn other(&mut self, words: &[&str]) -> Option<Command<'static>> {
        let text = |word: &str| word.replace('_', " ").into();
        let slug = |word: &str| word.to_owned().into();
        let app = AppId(self.name(words.get(1)?));
        Some(match *words {
            ["app", name] => Command::CreateApp { app, name: text(name), clone_from: None },
            ["app", name, "from", from] => {
                Command::CreateApp { app, name: text(name), clone_from: Some(AppId(self.name(from))) }
            }
            ["update-app", _, ..] => {
                let name = option(words, "name").map(Into::into);
                let (count, percent) = (option(words, "count"), option(words, "percent"));
                let guard = Guard {
                    max_count: count.map(|count| number(&count)),
                    max_percent: percent.map(|percent| number(&percent)),
                };
                let has_guard = !guard.is_none() || words.contains(&"unguarded");
                Command::UpdateApp { app, update: AppUpdate { name, guard: has_guard.then_some(guard) } }
            }
            ["delete", _] => Command::DeleteApp { app },
            ["type", _, of, kind_of, ..] => {
                self.types_made += 1;
                let made = option(words, "id").map_or(self.types_made, |made| number(&made));
                let id = ResourceTypeId(Uuid::from_u128(made));
                let name = option(words, "name").unwrap_or_else(|| of.to_uppercase()).into();
                Command::RegisterResourceType { app, id, slug: slug(of), name, kind: kind(kind_of) }
            }
            ["update-type", _, of, ..] => {
                let update = ResourceTypeUpdate {
                    name: option(words, "name").map(Into::into),
                    slug: option(words, "slug").map(Into::into),
                    kind: option(words, "kind").map(|word| kind(&word)),
                };
                Command::UpdateResourceType { app, slug: slug(of), update }
            }
            ["purge", _, before] => {
                Command::PurgeInactive { app, inactive_before: Timestamp(number(before)) }
            }
            ["task", _, name, action, of, ..] => {
                let new = NewTask {
                    action: match action {
                        "create_account" => TaskAction::CreateAccount,
                        "update_account" => TaskAction::UpdateAccount,
                        "delete_account" => TaskAction::DeleteAccount,
                        "suspend_account" => TaskAction::SuspendAccount,
                        "unsuspend_account" => TaskAction::UnsuspendAccount,
                        "reset_password" => TaskAction::ResetPassword,
                        other => panic!("no action: {other}"),
                    },
                    resource_type: slug(of),
                    payload: option(words, "payload").map(Into::into),
                    execute_after: option(words, "after").map(|after| Timestamp(number(&after))),
                };
                Command::CreateTask { app, task: TaskId(self.name(name)), new }
            }
            ["resolve", _, name, ..] => {
                let resolution = match option(words, "code") {
                    None => Resolution::Completed { result: option(words, "result").map(Into::into) },
                    Some(code) => Resolution::Failed {
                        code: code.into(),
                        message: option(words, "message").unwrap_or_default().into(),
                    },
                };
                Command::ResolveTask { app, task: TaskId(self.name(name)), resolution }
            }
            [_, _, session, ..] => {
                let session = SessionId(self.name(session));
                return of_session(words, app, session);
            }
            _ => return None,
        })
    }

    /// What a view shows, if the words name one.
    fn view(&self, words: &[&str]) -> Option<Vec<String>> {
        if let ["faults"] = *words {
            return Some(faults(self.last_error.as_ref()));
        }
        if let ["changes"] = *words {
            return Some(self.engine.changes().map(|change| self.change(&change)).collect());
        }
        if let ["apps"] = *words {
            return Some(self.engine.apps().map(|app| self.app_line(app)).collect());
        }
        let view = |name: &str| self.engine.app(AppId(id(name)));
        Some(match *words {
            ["types", app] => view(app)?
                .resource_types()
                .iter()
                .map(|of| format!("{} {} {}", of.slug(), of.kind(), of.name()))
                .collect(),
            ["records", app, slug, ref filter @ ..] => {
                let filter = match filter {
                    [] => RecordFilter::All,
                    ["active"] => RecordFilter::Active,
                    ["inactive"] => RecordFilter::Inactive,
                    ["placeholder"] => RecordFilter::Placeholder,
                    other => panic!("no filter: {other:?}"),
                };
                view(app)?.records(slug, filter)?.map(record_line).collect()
            }
            ["members", app, slug, of] => {
                view(app)?.record(slug, of)?.members().map(|member| member.id().to_owned()).collect()
            }
            ["preview", app, session] => match view(app)?.preview(SessionId(id(session))) {
                Ok(preview) => {
                    let counts = preview.by_type().map(|(of, count)| format!("{} {count}", of.slug()));
                    let records = preview
                        .records()
                        .map(|record| format!("{} {}", record.resource_type().slug(), record.id()));
                    counts.chain(records).collect()
                }
                Err(error) => vec![format!("error {error}")],
            },
            ["sessions", app] => view(app)?.sessions().map(|session| self.session_line(session)).collect(),
            ["session", app, session] => {
                let session = view(app)?.session(SessionId(id(session)))?;
                let progress = session.progress();
                let lines = progress.map(|of| format!("{} {}", of.resource_type.slug(), of.synced_count));
                std::iter::once(self.session_line(session)).chain(lines).collect()
            }
            ["tasks", app, ref status @ ..] => {
                let mut query = TaskQuery::at(self.now);
                for status in status {
                    query = query.with_status(match *status {
                        "pending" => TaskStatus::Pending,
                        "scheduled" => TaskStatus::Scheduled,
                        "completed" => TaskStatus::Completed,
                        "failed" => TaskStatus::Failed,
                        other => panic!("no status: {other}"),
                    });
                }
                let page = view(app)?.tasks(&query).expect("a page");
                page.tasks.into_iter().map(|task| self.task_line(task)).collect()
            }
            _ => return None,
        })
    }

    fn known(&self, id: Uuid) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn app_line(&self, app: AppView<'_>) -> String {
        let mut line = format!("{} {}", app.name(), app.configuration_status().as_str());
        if let Some(at) = app.last_synced_at() {
            let _ = write!(line, " synced={}", at.as_millis());
        }
        if !app.guard().is_none() {
            let _ = write!(line, " guard={:?}/{:?}", app.guard().max_count, app.guard().max_percent);
        }
        let group: Vec<String> = app.clone_group().map(|app| self.known(app.0)).collect();
        let _ = write!(line, " group={}", group.join(","));
        line
    }

    fn session_line(&self, session: SessionView<'_>) -> String {
        let mut line = format!(
            "{} {} started={}",
            self.known(session.id().0),
            session.status(),
            session.started_at().as_millis()
        );
        if let Some(at) = session.ended_at() {
            let _ = write!(line, " ended={}", at.as_millis());
        }
        if let Some(reason) = session.reason() {
            let _ = write!(line, " reason={reason}");
        }
        if let Some(scope) = session.scope() {
            let slugs: Vec<&str> = scope.map(|of| of.slug()).collect();
            let _ = write!(line, " scope={}", slugs.join(","));
        }
        let counts = session.counts();
        for (name, count) in [
            ("base", session.base()),
            ("created", counts.created),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("reactivated", counts.reactivated),
            ("filled", counts.filled),
            ("placeholders", counts.placeholders),
            ("deactivated", counts.deactivated),
            ("references_added", counts.references_added),
            ("references_removed", counts.references_removed),
        ] {
            if count > 0 {
                let _ = write!(line, " {name}={count}");
            }
        }
        line
    }

    fn task_line(&self, task: headcount::TaskView<'_>) -> String {
        let (id, status) = (self.known(task.id().0), task.status(self.now));
        let mut line = format!("{id} {} {} {status}", task.action(), task.resource_type().slug());
        for (name, text) in [
            ("payload", task.payload()),
            ("result", task.result()),
            ("code", task.error().map(|(code, _)| code)),
            ("message", task.error().map(|(_, message)| message)),
        ] {
            if let Some(text) = text {
                let _ = write!(line, " {name}={text}");
            }
        }
        line
    }

    fn change(&self, change: &Change<'_>) -> String {
        let app = self.engine.app(change.app);
        let key = |key: &RecordKey<'_>| {
            let found = app.and_then(|app| app.resource_type_by_id(key.resource_type));
            format!("{} {}", found.map_or("?", |found| found.slug()), key.id)
        };
        match &change.fact {
            Fact::AppCreated { clone_from } => {
                let from = clone_from.map(|from| format!(" from {}", self.known(from.0)));
                format!("app-created{}", from.unwrap_or_default())
            }
            Fact::AppUpdated => "app-updated".into(),
            Fact::AppDeleted => "app-deleted".into(),
            Fact::ResourceTypeRegistered { resource_type } | Fact::ResourceTypeUpdated { resource_type } => {
                let did = if matches!(change.fact, Fact::ResourceTypeUpdated { .. }) {
                    "updated"
                } else {
                    "registered"
                };
                let found = app.and_then(|app| app.resource_type_by_id(*resource_type));
                format!("type-{did} {}", found.map_or("?", |found| found.slug()))
            }
            Fact::SessionOpened { session } => format!("session-opened {}", self.known(session.0)),
            Fact::SessionCompleting { session } => format!("session-completing {}", self.known(session.0)),
            Fact::SessionEnded { session, status } => {
                format!("session-ended {} {status}", self.known(session.0))
            }
            Fact::RecordCreated { record } => format!("created {}", key(record)),
            Fact::RecordUpdated { record, fields } => format!("updated {} {fields:?}", key(record)),
            Fact::RecordDeactivated { record } => format!("deactivated {}", key(record)),
            Fact::RecordReactivated { record } => format!("reactivated {}", key(record)),
            Fact::RecordPurged { record } => format!("purged {}", key(record)),
            Fact::PlaceholderMade { record } => format!("made {}", key(record)),
            Fact::PlaceholderNamed { record } => format!("named {}", key(record)),
            Fact::PlaceholderWoken { record } => format!("woken {}", key(record)),
            Fact::PlaceholderFilled { record } => format!("filled {}", key(record)),
            Fact::ReferenceAdded { account, target } => format!("refers {} to {}", key(account), key(target)),
            Fact::ReferenceRemoved { account, target } => {
                format!("unrefers {} to {}", key(account), key(target))
            }
            Fact::TaskCreated { task } => format!("task-created {}", self.known(task.0)),
            Fact::TaskResolved { task } => format!("task-resolved {}", self.known(task.0)),
            other => panic!("a change that scenarios cannot show: {other:?}"),
        }
    }
}

fn of_session(words: &[&str], app: AppId, session: SessionId) -> Option<Command<'static>> {
    Some(match *words {
        ["start", ..] => {
            let scope = words.iter().position(|word| *word == "scope");
            let types = scope.map(|at| Scope::types(words[at + 1..].iter().map(|slug| (*slug).to_owned())));
            Command::StartSession { app, session, scope: types.unwrap_or_default() }
        }
        ["complete", ..] => Command::CompleteSession { app, session, force: words.contains(&"force") },
        ["abandon", ..] => Command::AbandonSession { app, session },
        ["fail", _, _, ref reason @ ..] => {
            Command::FailSession { app, session, reason: reason.join(" ").into() }
        }
        ["cleanup", _, _, budget] => {
            let budget = if budget == "all" { NonZeroU64::MAX } else { NonZeroU64::new(number(budget))? };
            Command::RunCleanup { app, session, budget }
        }
        _ => return None,
    })
}

fn faults(error: Option<&Error>) -> Vec<String> {
    match error {
        Some(Error::PageFaults { faults, faults_total, .. }) => {
            let lines = faults
                .iter()
                .map(|fault| format!("{} {} {} {}", fault.index, fault.id, fault.field, fault.code));
            lines.chain(std::iter::once(format!("{faults_total} in all"))).collect()
        }
        other => vec![format!("{other:?}")],
    }
}

fn record_line(record: RecordView<'_>) -> String {
    let mut line = format!("{} {}", record.id(), if record.is_active() { "active" } else { "inactive" });
    if record.is_placeholder() {
        line.push_str(" placeholder");
    }
    for (name, text) in [
        ("name", record.name()),
        ("description", record.description()),
        ("email", record.email()),
        ("username", record.username()),
        ("first_name", record.first_name()),
        ("last_name", record.last_name()),
        ("display_name", record.display_name()),
        ("status", record.status().map(|status| status.as_str()).filter(|status| *status != "active")),
    ] {
        if let Some(text) = text {
            let _ = write!(line, " {name}={text}");
        }
    }
    let references: Vec<String> =
        record.references().map(|to| format!("{}/{}", to.resource_type().slug(), to.id())).collect();
    if !references.is_empty() {
        let _ = write!(line, " refers={}", references.join(","));
    }
    line
}

fn answer(reply: &Result<Reply, Error>) -> String {
    match reply {
        Err(error) => format!("error {} {error}", error.code()),
        Ok(Reply::Done) => "done".into(),
        Ok(Reply::Completion(status)) => status.to_string(),
        Ok(Reply::Cleanup(outcome)) => format!("deactivated {} {}", outcome.deactivated, outcome.status),
        Ok(Reply::Purge(outcome)) => format!("purged {} references {}", outcome.purged, outcome.references),
        Ok(Reply::Page(outcome)) => {
            let mut line =
                format!("total {} created {} updated {}", outcome.total, outcome.created, outcome.updated);
            for (name, count) in [
                ("filled", outcome.filled),
                ("reactivated", outcome.reactivated),
                ("unchanged", outcome.unchanged),
                ("placeholders", outcome.placeholders),
            ] {
                if count > 0 {
                    let _ = write!(line, " {name} {count}");
                }
            }
            line
        }
        Ok(other) => panic!("a reply that scenarios cannot show: {other:?}"),
    }
}
