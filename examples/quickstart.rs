//! The walk-through of the sync guide, call by call, and what comes after the first day.
//!
//! `cargo run --release --example quickstart`
//!
//! [`Host`] is what a service puts around the engine: a clock, a source of ids, and bodies of requests
//! that become commands. The functions below it are a connector's calls, in the order of the guide.

use std::error::Error as StdError;
use std::num::NonZeroU64;

use headcount::{
    AppId, AppUpdate, AppView, Completion, Config, Engine, Error, ErrorKind, Fact, Guard, Kind,
    NewResourceType, PageSeed, RecordFilter, RecordKey, ResourceTypeId, Scope, SessionId, SessionStatus,
    Snapshot, Timestamp, Uuid,
};
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn StdError>>;

fn main() -> Result<()> {
    let mut host = Host::new("2025-01-15T10:00:00Z")?;
    let hr = getting_started(&mut host)?;
    host.wait_until("2025-01-15T11:00:00Z")?;
    cloning_apps(&mut host)?;
    host.wait_until("2025-01-16T10:00:00Z")?;
    second_roll_call(&mut host, hr)?;
    nothing_new(&mut host, hr)?;
    bad_page(&mut host, hr)?;
    save_and_load(&host.engine)
}

struct Host {
    engine: Engine,
    /// Milliseconds since the epoch. A real service reads its clock instead.
    clock: i64,
    /// A real service makes random UUIDs instead.
    ids: u128,
}

/// The body of a request to create an app.
#[derive(Deserialize)]
struct NewApp {
    name: String,
    clone_from: Option<AppId>,
}

/// The body of a request to register a resource type.
#[derive(Deserialize)]
struct NewType {
    slug: String,
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
}

impl Host {
    fn new(time: &str) -> Result<Self> {
        // 16 random bytes in a real service: they keep strangers from choosing ids that collide.
        let config = Config::new().with_hash_key(*b"a secret of mine");
        let mut host = Self { engine: Engine::new(config), clock: 0, ids: 0xa1b2_c3d4 << 96 };
        host.wait_until(time)?;
        Ok(host)
    }

    fn wait_until(&mut self, time: &str) -> Result<()> {
        self.clock = time.parse::<jiff::Timestamp>()?.as_millisecond();
        Ok(())
    }

    /// The time, which moves on by a minute between any two calls.
    fn now(&mut self) -> Timestamp {
        let now = Timestamp::from_millis(self.clock);
        self.clock += 60_000;
        now
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    fn app(&self, app: AppId) -> Result<AppView<'_>> {
        Ok(self.engine.app(app).ok_or(Error::AppNotFound { app_id: app })?)
    }

    fn create_app(&mut self, body: &str) -> Result<AppId> {
        let new: NewApp = serde_json::from_str(body)?;
        let (now, app) = (self.now(), AppId(self.id()));
        self.engine.create_app(now, app, &new.name, new.clone_from)?;
        Ok(app)
    }

    fn register(&mut self, app: AppId, new: &NewType) -> Result<()> {
        let (now, id) = (self.now(), ResourceTypeId(self.id()));
        let new_type = NewResourceType::new(&new.slug, &new.name, new.kind);
        self.engine.register_resource_type(now, app, id, &new_type)?;
        println!("Registered resource type: {}", new.slug);
        Ok(())
    }

    fn start(&mut self, app: AppId, scope: &Scope<'_>) -> Result<SessionId> {
        let (now, session) = (self.now(), SessionId(self.id()));
        self.engine.start_session(now, app, session, scope)?;
        println!("Started sync session: {session}");
        Ok(session)
    }

    /// Parses a body as a page of the type's kind, without copying its texts, and pushes it.
    fn push(&mut self, app: AppId, session: SessionId, slug: &str, body: &str) -> Result<Value> {
        let slug_unknown = || Error::ResourceTypeNotFound { slug: slug.to_owned() };
        let kind = self.app(app)?.resource_type(slug).ok_or_else(slug_unknown)?.kind();
        let seed = PageSeed::new(kind, self.engine.config().limits());
        let mut json = serde_json::Deserializer::from_str(body);
        let page = seed.deserialize(&mut json)?;
        json.end()?; // nothing may follow: it would be lost
        let now = self.now();
        let outcome = self.engine.push_page(now, app, session, slug, &page)?;
        Ok(json!({"total": outcome.total, "created": outcome.created, "updated": outcome.updated}))
    }

    fn complete(&mut self, app: AppId, session: SessionId, completion: Completion) -> Result<()> {
        let now = self.now();
        self.engine.complete_session(now, app, session, completion)?;
        println!("Sync completion triggered (202 Accepted)");
        Ok(())
    }

    /// One step of the cleanup. A service runs them in the background, between requests.
    fn clean_up(&mut self, app: AppId, session: SessionId, budget: NonZeroU64) -> Result<SessionStatus> {
        let now = self.now();
        Ok(self.engine.run_cleanup(now, app, session, budget)?.status)
    }

    /// The whole of a connector's run, as the guide's `sync_instance`.
    fn sync(&mut self, app: AppId, pages: &[(&str, &str)]) -> Result<SessionId> {
        let session = self.start(app, &Scope::All)?;
        for (slug, body) in pages {
            println!("Pushed to {slug}: {}", self.push(app, session, slug, body)?);
        }
        self.finish(app, session)?;
        Ok(session)
    }

    fn finish(&mut self, app: AppId, session: SessionId) -> Result<()> {
        self.complete(app, session, Completion::GUARDED)?;
        while !self.clean_up(app, session, NonZeroU64::MAX)?.has_ended() {}
        self.print_progress(app, session)
    }

    fn print_app(&self, app: AppId) -> Result<()> {
        let app = self.app(app)?;
        print_json(&json!({
            "id": app.id(),
            "name": app.name(),
            "configuration_status": app.configuration_status(),
            "created_at": rfc3339(app.created_at())?,
            "last_synced_at": app.last_synced_at().map(rfc3339).transpose()?,
        }));
        Ok(())
    }

    fn print_type(&self, app: AppId, slug: &str) -> Result<()> {
        let found = self.app(app)?.resource_type(slug).ok_or("no such type")?;
        print_json(&json!({
            "id": found.id(),
            "slug": found.slug(),
            "name": found.name(),
            "type": found.kind(),
            "created_at": rfc3339(found.created_at())?,
        }));
        Ok(())
    }

    /// The reply to a poll.
    fn print_session(&self, app: AppId, id: SessionId) -> Result<()> {
        let session = self.app(app)?.session(id).ok_or("no such session")?;
        let progress = session.progress().map(|progress| {
            let of = progress.resource_type;
            let count = progress.synced_count;
            json!({"slug": of.slug(), "name": of.name(), "type": of.kind(), "synced_count": count})
        });
        let progress: Vec<Value> = progress.collect();
        print_json(&json!({"sync_id": id, "status": session.status(), "progress": progress}));
        Ok(())
    }

    /// What the guide's script prints of the last poll.
    fn print_progress(&self, app: AppId, session: SessionId) -> Result<()> {
        let session = self.app(app)?.session(session).ok_or("no such session")?;
        println!("Status: {}", session.status());
        for progress in session.progress() {
            println!("  {}: {} records", progress.resource_type.name(), progress.synced_count);
        }
        Ok(())
    }

    fn print_preview(&self, app: AppId, session: SessionId) -> Result<()> {
        let preview = self.app(app)?.preview(session)?;
        println!("Preview: completing now would mark {} records inactive:", preview.total());
        for record in preview.records() {
            println!("  {} {}", record.resource_type().slug(), record.id());
        }
        Ok(())
    }

    /// What the last command changed: what a service writes to tables of its own, or publishes.
    fn print_changes(&self, app: AppId) -> Result<()> {
        let app = self.app(app)?;
        for change in self.engine.changes() {
            println!("  change {}: {}", change.seq, describe(app, &change.fact));
        }
        Ok(())
    }
}

fn getting_started(host: &mut Host) -> Result<AppId> {
    heading("GETTING STARTED. Step 1: create an app");
    let app = host.create_app(include_str!("data/app.json"))?;
    println!("Created app: {app}");
    host.print_app(app)?;

    heading("Step 2: register resource types");
    for body in [include_str!("data/type-team.json"), include_str!("data/type-account.json")] {
        host.register(app, &serde_json::from_str(body)?)?;
    }
    host.print_type(app, "team")?;

    heading("Step 3: start a sync session");
    let session = host.start(app, &Scope::All)?;

    heading("Step 4: push resource data, groups before accounts");
    let reply = host.push(app, session, "team", include_str!("data/teams.json"))?;
    println!("Groups synced: {reply}");
    let reply = host.push(app, session, "account", include_str!("data/accounts.json"))?;
    println!("Accounts synced: {reply}");

    heading("Step 5: complete the sync");
    host.complete(app, session, Completion::GUARDED)?;

    heading("Step 6: poll for completion");
    host.print_session(app, session)?;
    println!("... a step of the cleanup later:");
    host.clean_up(app, session, NonZeroU64::MAX)?;
    host.print_session(app, session)?;
    host.print_progress(app, session)?;

    heading("The guide's complete example, an app of its own");
    let example = host.create_app(include_str!("data/app.json"))?;
    for body in [include_str!("data/type-team.json"), include_str!("data/type-account.json")] {
        host.register(example, &serde_json::from_str(body)?)?;
    }
    let teams = include_str!("data/example-teams.json");
    let accounts = include_str!("data/example-accounts.json");
    host.sync(example, &[("team", teams), ("account", accounts)])?;
    println!("Done!");
    pagination(host, example)?;
    Ok(app)
}

fn pagination(host: &mut Host, app: AppId) -> Result<()> {
    heading("Pagination, in a session for teams alone: the accounts are left as they are");
    let session = host.start(app, &Scope::types(["team"]))?;
    let teams: Vec<Value> =
        (1..=250).map(|n| json!({"id": format!("g{n}"), "name": format!("Team {n}")})).collect();
    for (number, page) in (1..).zip(teams.chunks(100)) {
        let body = json!({"records": page}).to_string();
        println!("  Page {number}: {}", host.push(app, session, "team", &body)?);
    }
    host.finish(app, session)
}

fn cloning_apps(host: &mut Host) -> Result<()> {
    heading("CLONING APPS: apps that share resource types, each with its own records");
    let engineering = host.create_app(include_str!("data/jira.json"))?;
    let types: Vec<NewType> = serde_json::from_str(include_str!("data/jira-types.json"))?;
    for new in &types {
        host.register(engineering, new)?;
    }
    let legal = clone_app(host, "Jira - Legal", engineering)?;
    let finance = clone_app(host, "Jira - Finance", engineering)?;
    host.print_app(legal)?;

    heading("Each clone syncs its own data");
    for (app, projects, accounts) in [
        (
            engineering,
            include_str!("data/engineering-projects.json"),
            include_str!("data/engineering-accounts.json"),
        ),
        (legal, include_str!("data/legal-projects.json"), include_str!("data/legal-accounts.json")),
    ] {
        host.sync(app, &[("project", projects), ("account", accounts)])?;
    }

    heading("A type registered through one clone is there in all of them");
    let license: NewType = serde_json::from_str(include_str!("data/jira-license-type.json"))?;
    host.register(legal, &license)?;
    for app in [engineering, legal, finance] {
        print_clone(host.app(app)?);
    }

    heading("What the guide says of errors, and of deleting the parent");
    print_refusal(host.register(engineering, &license))?;
    print_refusal(clone_app(host, "Jira - Sales", AppId(Uuid::nil())))?;
    let now = host.now();
    host.engine.delete_app(now, engineering)?;
    println!("Deleted: Jira - Engineering");
    print_clone(host.app(legal)?);
    Ok(())
}

fn clone_app(host: &mut Host, name: &str, clone_from: AppId) -> Result<AppId> {
    let clone = host.create_app(&json!({"name": name, "clone_from": clone_from}).to_string())?;
    println!("Created clone: {name} ({clone})");
    Ok(clone)
}

fn print_clone(app: AppView<'_>) {
    let slugs: Vec<&str> = app.resource_types().map(|found| found.slug()).collect();
    let accounts: Vec<&str> =
        app.records("account", RecordFilter::Active).into_iter().flatten().map(|found| found.id()).collect();
    println!("{}: types {slugs:?}, accounts {accounts:?}", app.name());
}

fn second_roll_call(host: &mut Host, app: AppId) -> Result<()> {
    heading("THE NEXT DAY. Bob left, Dana came, and a guard is set: no more than 25% may go at once");
    let guard = Guard::NONE.with_max_percent(25);
    let now = host.now();
    host.engine.update_app(now, app, &AppUpdate::default().with_guard(guard))?;
    let session = host.start(app, &Scope::All)?;

    heading("Accounts first: they refer to a team g4 that nobody has pushed yet");
    let reply = host.push(app, session, "account", include_str!("data/second-accounts.json"))?;
    println!("Accounts synced: {reply}");
    host.print_changes(app)?;

    heading("The connector completes too early: the guard refuses, and nothing has happened");
    host.print_preview(app, session)?;
    print_refusal(host.complete(app, session, Completion::GUARDED))?;

    heading("So it pushes the teams that were missing, and g4 is filled in");
    let reply = host.push(app, session, "team", include_str!("data/second-teams.json"))?;
    println!("Groups synced: {reply}");
    host.print_changes(app)?;
    host.print_preview(app, session)?;
    print_refusal(host.complete(app, session, Completion::GUARDED))?;

    heading("Somebody looks at the preview, and says that it is right: complete by force");
    host.complete(app, session, Completion::FORCED)?;
    host.print_changes(app)?;
    loop {
        let status = host.clean_up(app, session, NonZeroU64::MIN)?;
        println!("A cleanup step with a budget of one record; the session is {status}");
        host.print_changes(app)?;
        if status.has_ended() {
            break;
        }
    }
    host.print_progress(app, session)?;
    print_membership(host.app(app)?)
}

fn print_membership(app: AppView<'_>) -> Result<()> {
    let research = app.record("team", "g4").ok_or("no such record")?;
    let members: Vec<&str> = research.members().filter_map(|account| account.email()).collect();
    println!("Members of {}: {members:?}", research.name().unwrap_or("(nameless)"));
    let bob = app.record("account", "u2").ok_or("no such record")?;
    let since = bob.inactive_since().ok_or("Bob is still active")?;
    println!("Bob is still on record, inactive since {}", rfc3339(since)?);
    Ok(())
}

fn nothing_new(host: &mut Host, app: AppId) -> Result<()> {
    heading("The same roll again: everything unchanged, nobody gone");
    let teams = include_str!("data/second-teams.json");
    let accounts = include_str!("data/second-accounts.json");
    let session = host.sync(app, &[("team", teams), ("account", accounts)])?;
    let counts = host.app(app)?.session(session).ok_or("no such session")?.counts();
    println!(
        "{} updated, of them {} unchanged; {} gone",
        counts.updated, counts.unchanged, counts.deactivated
    );
    Ok(())
}

fn bad_page(host: &mut Host, app: AppId) -> Result<()> {
    heading("A page with faults is refused whole, and every fault is told");
    let session = host.start(app, &Scope::All)?;
    print_refusal(host.push(app, session, "account", include_str!("data/faulty-accounts.json")))?;
    let now = host.now();
    host.engine.abandon_session(now, app, session)?;
    println!("Abandoned the session: nobody was marked inactive");
    Ok(())
}

fn save_and_load(engine: &Engine) -> Result<()> {
    heading("SAVE AND LOAD: the whole engine, in any serde format");
    let saved = postcard::to_allocvec(&engine.snapshot())?;
    println!("saved {} bytes, digest {:032x}", saved.len(), engine.digest());
    let snapshot: Snapshot = postcard::from_bytes(&saved)?;
    let loaded = Engine::restore(Config::new().with_hash_key(*b"another key here"), snapshot)?;
    println!("loaded, all rules checked, digest {:032x}", loaded.digest());
    if loaded.digest() != engine.digest() {
        return Err("the digests differ".into());
    }
    Ok(())
}

/// How a service answers an error: with a status, and what was wrong.
fn http_status(error: &Error) -> u16 {
    match error.kind() {
        ErrorKind::NotFound => 404,
        ErrorKind::Conflict | ErrorKind::WrongState => 409,
        ErrorKind::BusinessRule => 422,
        _ => 400,
    }
}

/// Prints the error that a call is to come to; it is a mistake of this example if it comes to none.
fn print_refusal<T>(called: Result<T>) -> Result<()> {
    let Err(refused) = called else { return Err("it was not refused".into()) };
    let refused = refused.downcast::<Error>()?;
    println!("Refused: {} {}", http_status(&refused), refused.code());
    let mut body = json!({"detail": refused.to_string()});
    match &*refused {
        Error::GuardExceeded { deactivations, base, guard, .. } => {
            body["deactivations"] = json!(deactivations);
            body["base"] = json!(base);
            body["max_count"] = json!(guard.max_count);
            body["max_percent"] = json!(guard.max_percent);
        }
        Error::PageFaults { faults, faults_total, .. } => {
            body["errors"] = json!(faults);
            body["errors_total"] = json!(faults_total);
        }
        _ => {}
    }
    print_json(&body);
    Ok(())
}

fn describe(app: AppView<'_>, fact: &Fact<'_>) -> String {
    let name = |key: &RecordKey<'_>| {
        let slug = app.resource_type_by_id(key.resource_type_id).map_or("?", |found| found.slug());
        format!("{slug} {}", key.id)
    };
    match fact {
        Fact::RecordCreated { record } => format!("created {}", name(record)),
        Fact::RecordUpdated { record, fields } => format!("updated {}: {fields:?}", name(record)),
        Fact::RecordDeactivated { record } => format!("deactivated {}", name(record)),
        Fact::PlaceholderMade { record } => format!("made a placeholder for {}", name(record)),
        Fact::PlaceholderFilled { record } => format!("filled the placeholder {}", name(record)),
        Fact::ReferenceAdded { account, target } => format!("added {} to {}", name(account), name(target)),
        Fact::ReferenceRemoved { account, target } => {
            format!("removed {} from {}", name(account), name(target))
        }
        Fact::SessionCompleting { .. } => "the session is completing".to_owned(),
        // With it the app is synced, which no change of its own tells.
        Fact::SessionEnded { status: SessionStatus::Completed, .. } => {
            "the session is completed, and the app synced".to_owned()
        }
        Fact::SessionEnded { status, .. } => format!("the session is {status}"),
        Fact::AppUpdated => "the app was updated".to_owned(),
        other => format!("{other:?}"),
    }
}

/// As the guide prints its replies: a field a line, and an element of a list a line.
fn print_json(reply: &Value) {
    println!("{{");
    let fields = reply.as_object().into_iter().flatten();
    let mut separator = "";
    for (name, value) in fields {
        print!("{separator}  \"{name}\": ");
        match value.as_array() {
            Some(list) => {
                let lines: Vec<String> = list.iter().map(|element| format!("\n    {element}")).collect();
                print!("[{}\n  ]", lines.join(","));
            }
            None => print!("{value}"),
        }
        separator = ",\n";
    }
    println!("\n}}");
}

fn rfc3339(at: Timestamp) -> Result<String> {
    Ok(jiff::Timestamp::from_millisecond(at.as_millis())?.to_string())
}

fn heading(text: &str) {
    println!("\n== {text}");
}
