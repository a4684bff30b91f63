//! The walk-through of the sync guide, call by call, and what comes after the first day.
//!
//! `cargo run --release --example quickstart`

use std::error::Error;
use std::num::NonZeroU64;

use headcount::{
    AppId, AppUpdate, Config, Engine, Fact, Guard, Kind, Page, PageSeed, RecordFilter, ResourceTypeId, Scope,
    SessionId, SessionStatus, Snapshot, Timestamp, Uuid,
};
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::json;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut host = Host::new();
    let hr = getting_started(&mut host)?;
    second_roll_call(&mut host, hr)?;
    guard(&mut host, hr)?;
    cloning(&mut host)?;
    save_and_load(&host.engine)
}

/// What a service around the engine has and the engine has not: a clock, and a source of ids.
struct Host {
    engine: Engine,
    clock: i64,
    ids: u128,
}

/// The body of a request to create an app.
#[derive(Deserialize)]
struct NewApp {
    name: String,
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
    fn new() -> Self {
        // 16 random bytes in a real service: they keep strangers from choosing ids that collide.
        let config = Config::new().with_hash_key(*b"a secret of mine");
        Self { engine: Engine::new(config), clock: 1_736_935_200_000, ids: 0xa1b2_c3d4 << 96 }
    }

    fn now(&mut self) -> Timestamp {
        self.clock += 1_000;
        Timestamp(self.clock)
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    fn create_app(&mut self, body: &str, clone_from: Option<AppId>) -> Result<AppId> {
        let new: NewApp = serde_json::from_str(body)?;
        let (now, app) = (self.now(), AppId(self.id()));
        self.engine.create_app(now, app, &new.name, clone_from)?;
        self.print_app(app)?;
        Ok(app)
    }

    fn print_app(&self, app: AppId) -> Result<()> {
        let view = self.engine.app(app).ok_or("no such app")?;
        let reply = json!({
            "id": view.id(),
            "name": view.name(),
            "configuration_status": view.configuration_status(),
            "created_at": rfc3339(view.created_at())?,
            "last_synced_at": view.last_synced_at().map(rfc3339).transpose()?,
        });
        println!("{reply:#}");
        Ok(())
    }

    fn register(&mut self, app: AppId, new: &NewType) -> Result<()> {
        let (now, id) = (self.now(), ResourceTypeId(self.id()));
        self.engine.register_resource_type(now, app, id, &new.slug, &new.name, new.kind)?;
        println!("Registered: {}", new.slug);
        Ok(())
    }

    fn start(&mut self, app: AppId) -> Result<SessionId> {
        let (now, session) = (self.now(), SessionId(self.id()));
        self.engine.start_session(now, app, session, &Scope::All)?;
        println!("Started sync session: {session}");
        Ok(session)
    }

    /// Parses a body as a page of the type's kind, without copying its texts, and pushes it.
    fn push(&mut self, app: AppId, session: SessionId, slug: &str, body: &str) -> Result<()> {
        let view = self.engine.app(app).ok_or("no such app")?;
        let kind = view.resource_type(slug).ok_or("no such type")?.kind();
        let seed = PageSeed::new(kind, self.engine.config().limits());
        let page: Page<'_> = seed.deserialize(&mut serde_json::Deserializer::from_str(body))?;
        let now = self.now();
        let outcome = self.engine.push_page(now, app, session, slug, &page)?;
        let reply = json!({"total": outcome.total, "created": outcome.created, "updated": outcome.updated});
        println!("{} synced: {reply}", if kind == Kind::Account { "Accounts" } else { "Groups" });
        Ok(())
    }

    /// Runs the cleanup in steps, as a service would between other requests.
    fn clean_up(&mut self, app: AppId, session: SessionId, budget: NonZeroU64) -> Result<()> {
        loop {
            let now = self.now();
            let step = self.engine.run_cleanup(now, app, session, budget)?;
            println!("  cleanup step: {} deactivated, session {}", step.deactivated, step.status);
            self.print_changes();
            if step.status.has_ended() {
                return Ok(());
            }
        }
    }

    fn complete(&mut self, app: AppId, session: SessionId) -> Result<()> {
        let now = self.now();
        let status = self.engine.complete_session(now, app, session, false)?;
        println!("Sync completion triggered (202 Accepted), status: {status}");
        self.clean_up(app, session, NonZeroU64::new(1).ok_or("zero")?)?;
        let view = self.engine.app(app).and_then(|app| app.session(session)).ok_or("no such session")?;
        println!("Status: {}", view.status());
        for progress in view.progress() {
            println!("  {}: {} records", progress.resource_type.name(), progress.synced_count);
        }
        Ok(())
    }

    /// What the last command changed: what a service would write to its own tables, or publish.
    fn print_changes(&self) {
        for change in self.engine.changes() {
            let fact = match change.fact {
                Fact::RecordCreated { record } => format!("created {}", record.id),
                Fact::RecordUpdated { record, fields } => format!("updated {} {fields:?}", record.id),
                Fact::RecordDeactivated { record } => format!("deactivated {}", record.id),
                Fact::PlaceholderMade { record } => format!("made placeholder {}", record.id),
                Fact::PlaceholderFilled { record } => format!("filled placeholder {}", record.id),
                Fact::ReferenceAdded { account, target } => format!("{} refers to {}", account.id, target.id),
                Fact::ReferenceRemoved { account, target } => {
                    format!("{} refers to {} no more", account.id, target.id)
                }
                Fact::SessionEnded { status, .. } => format!("session {status}"),
                other => format!("{other:?}"),
            };
            println!("    change {}: {fact}", change.seq);
        }
    }
}

fn getting_started(host: &mut Host) -> Result<AppId> {
    heading("Step 1: create an app");
    let app = host.create_app(include_str!("data/app.json"), None)?;

    heading("Step 2: register resource types");
    for body in [include_str!("data/type-team.json"), include_str!("data/type-account.json")] {
        host.register(app, &serde_json::from_str(body)?)?;
    }

    heading("Step 3: start a sync session");
    let session = host.start(app)?;

    heading("Step 4: push resource data");
    host.push(app, session, "team", include_str!("data/teams.json"))?;
    host.push(app, session, "account", include_str!("data/accounts.json"))?;

    heading("Steps 5 and 6: complete, and poll for completion");
    host.complete(app, session)?;
    host.print_app(app)?;
    Ok(app)
}

fn second_roll_call(host: &mut Host, app: AppId) -> Result<()> {
    heading("A second roll call: Bob left, Dana came, a team is referred to before it is pushed");
    let session = host.start(app)?;
    host.push(app, session, "account", include_str!("data/second-accounts.json"))?;
    host.print_changes();
    host.push(app, session, "team", include_str!("data/second-teams.json"))?;
    host.print_changes();

    println!("Preview of what completing now would mark inactive:");
    let view = host.engine.app(app).ok_or("no such app")?;
    let preview = view.preview(session)?;
    for (resource_type, count) in preview.by_type() {
        println!("  {}: {count}", resource_type.slug());
    }
    for record in preview.records() {
        println!("  would go: {} {}", record.resource_type().slug(), record.id());
    }
    host.complete(app, session)?;

    let view = host.engine.app(app).ok_or("no such app")?;
    let research = view.record("team", "g4").ok_or("no such record")?;
    let members: Vec<_> = research.members().filter_map(|member| member.email()).collect();
    println!("Members of {}: {members:?}", research.name().unwrap_or("(nameless)"));
    Ok(())
}

fn guard(host: &mut Host, app: AppId) -> Result<()> {
    heading("A connector that dies after page one must not offboard a company: the guard");
    let update =
        AppUpdate { guard: Some(Guard { max_count: None, max_percent: Some(20) }), ..AppUpdate::default() };
    let now = host.now();
    host.engine.update_app(now, app, &update)?;
    let session = host.start(app)?;
    host.push(app, session, "team", include_str!("data/second-teams.json"))?;
    let now = host.now();
    match host.engine.complete_session(now, app, session, false) {
        Err(error) => println!("Refused ({}): {error}", error.code()),
        Ok(status) => return Err(format!("the guard let it pass: {status}").into()),
    }
    println!("The session is still in progress: push what was missing, and complete.");
    host.push(app, session, "account", include_str!("data/second-accounts.json"))?;
    host.complete(app, session)
}

fn cloning(host: &mut Host) -> Result<()> {
    heading("Cloning: apps that share resource types, each with its own records");
    let engineering = host.create_app(include_str!("data/jira.json"), None)?;
    let types: Vec<NewType> = serde_json::from_str(include_str!("data/jira-types.json"))?;
    for new in &types {
        host.register(engineering, new)?;
    }
    let legal = host.create_app(r#"{"name": "Jira - Legal"}"#, Some(engineering))?;

    for (app, projects, accounts) in [
        (
            engineering,
            include_str!("data/engineering-projects.json"),
            include_str!("data/engineering-accounts.json"),
        ),
        (legal, include_str!("data/legal-projects.json"), include_str!("data/legal-accounts.json")),
    ] {
        let session = host.start(app)?;
        host.push(app, session, "project", projects)?;
        host.push(app, session, "account", accounts)?;
        host.complete(app, session)?;
    }

    println!("A type registered through one clone is there in all:");
    host.register(legal, &serde_json::from_str(include_str!("data/jira-license-type.json"))?)?;
    for view in host.engine.apps() {
        let slugs: Vec<_> = view.resource_types().iter().map(|resource_type| resource_type.slug()).collect();
        let accounts = view.records("account", RecordFilter::Active).map_or(0, |records| records.len());
        println!("  {}: {slugs:?}, {accounts} active accounts", view.name());
    }
    Ok(())
}

fn save_and_load(engine: &Engine) -> Result<()> {
    heading("Save and load");
    println!("digest           {:032x}", engine.digest());
    let saved = postcard::to_allocvec(&engine.snapshot())?;
    let snapshot: Snapshot = postcard::from_bytes(&saved)?;
    let loaded = Engine::restore(Config::new().with_hash_key([7; 16]), snapshot)?;
    println!("loaded {:4} bytes {:032x}", saved.len(), loaded.digest());
    if loaded.digest() != engine.digest() {
        return Err("the digests differ".into());
    }
    let completed = |engine: &Engine| {
        let sessions = engine.apps().flat_map(|app| app.sessions().collect::<Vec<_>>());
        sessions.filter(|session| session.status() == SessionStatus::Completed).count()
    };
    println!("completed sessions before and after: {} and {}", completed(engine), completed(&loaded));
    Ok(())
}

fn rfc3339(at: Timestamp) -> Result<String> {
    Ok(jiff::Timestamp::from_millisecond(at.as_millis())?.to_string())
}

fn heading(text: &str) {
    println!("\n== {text}");
}
