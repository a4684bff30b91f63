//! What a service puts around the engine: a clock, a source of ids, and bodies of requests that become commands.

use std::error::Error as StdError;
use std::num::NonZeroU64;

use headcount::{
    AppId, AppView, Completion, Config, Engine, Error, Kind, LenientOutcome, NewResourceType, Page, PageSeed,
    ResourceTypeId, Scope, SessionId, SessionStatus, Timestamp, Uuid,
};
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::{Value, json};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn StdError>>;

pub(crate) struct Host {
    pub(crate) engine: Engine,
    /// Milliseconds since the epoch. A real service reads its clock instead.
    pub(crate) clock: i64,
    /// A real service makes random UUIDs instead.
    pub(crate) ids: u128,
}

/// The body of a request to create an app.
#[derive(Deserialize)]
pub(crate) struct NewApp {
    pub(crate) name: String,
    pub(crate) clone_from: Option<AppId>,
}

/// The body of a request to register a resource type.
#[derive(Deserialize)]
pub(crate) struct NewType {
    pub(crate) slug: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
}

impl Host {
    pub(crate) fn new(time: &str) -> Result<Self> {
        // 16 random bytes in a real service: they keep strangers from choosing ids that collide.
        let config = Config::new().with_hash_key(*b"a secret of mine");
        let mut host = Self { engine: Engine::new(config), clock: 0, ids: 0xa1b2_c3d4 << 96 };
        host.wait_until(time)?;
        Ok(host)
    }

    pub(crate) fn wait_until(&mut self, time: &str) -> Result<()> {
        self.clock = time.parse::<jiff::Timestamp>()?.as_millisecond();
        Ok(())
    }

    /// The time, which moves on by a minute between any two calls.
    pub(crate) fn now(&mut self) -> Timestamp {
        let now = Timestamp::from_millis(self.clock);
        self.clock += 60_000;
        now
    }

    pub(crate) fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    pub(crate) fn app(&self, app: AppId) -> Result<AppView<'_>> {
        Ok(self.engine.app(app).ok_or(Error::AppNotFound { app_id: app })?)
    }

    pub(crate) fn create_app(&mut self, body: &str) -> Result<AppId> {
        let new: NewApp = serde_json::from_str(body)?;
        let (now, app) = (self.now(), AppId(self.id()));
        self.engine.create_app(now, app, &new.name, new.clone_from)?;
        Ok(app)
    }

    pub(crate) fn register(&mut self, app: AppId, new: &NewType) -> Result<()> {
        let (now, id) = (self.now(), ResourceTypeId(self.id()));
        let new_type = NewResourceType::new(&new.slug, &new.name, new.kind);
        self.engine.register_resource_type(now, app, id, &new_type)?;
        println!("Registered resource type: {}", new.slug);
        Ok(())
    }

    pub(crate) fn start(&mut self, app: AppId, scope: &Scope<'_>) -> Result<SessionId> {
        let (now, session) = (self.now(), SessionId(self.id()));
        self.engine.start_session(now, app, session, scope)?;
        println!("Started sync session: {session}");
        Ok(session)
    }

    /// Parses a body as a page of the type's kind, without copying its texts.
    fn page<'b>(&self, app: AppId, slug: &str, body: &'b str) -> Result<Page<'b>> {
        let slug_unknown = || Error::ResourceTypeNotFound { slug: slug.to_owned() };
        let kind = self.app(app)?.resource_type(slug).ok_or_else(slug_unknown)?.kind();
        let seed = PageSeed::new(kind, self.engine.config().limits());
        let mut json = serde_json::Deserializer::from_str(body);
        let page = seed.deserialize(&mut json)?;
        json.end()?; // nothing may follow: it would be lost
        Ok(page)
    }

    pub(crate) fn push(&mut self, app: AppId, session: SessionId, slug: &str, body: &str) -> Result<Value> {
        let (page, now) = (self.page(app, slug, body)?, self.now());
        let outcome = self.engine.push_page(now, app, session, slug, &page)?;
        Ok(json!({"total": outcome.total, "created": outcome.created, "updated": outcome.updated}))
    }

    /// Pushes a page of which a record with a fault is rejected alone.
    pub(crate) fn push_lenient(
        &mut self,
        app: AppId,
        session: SessionId,
        slug: &str,
        body: &str,
    ) -> Result<Value> {
        let (page, now) = (self.page(app, slug, body)?, self.now());
        let outcome = self.engine.push_lenient_page(now, app, session, slug, &page)?;
        let LenientOutcome { page, rejected, faults, faults_total, .. } = outcome;
        Ok(json!({
            "total": page.total,
            "created": page.created,
            "updated": page.updated,
            "rejected": rejected,
            "errors": faults,
            "errors_total": faults_total,
        }))
    }

    /// An event tells of records that came or changed. It needs no session.
    pub(crate) fn upsert(&mut self, app: AppId, slug: &str, body: &str) -> Result<Value> {
        let (page, now) = (self.page(app, slug, body)?, self.now());
        let outcome = self.engine.upsert_records(now, app, slug, &page)?;
        Ok(json!({"total": outcome.total, "created": outcome.created, "updated": outcome.updated}))
    }

    /// An event tells of records that left.
    pub(crate) fn deactivate(&mut self, app: AppId, slug: &str, ids: &[&str]) -> Result<Value> {
        let now = self.now();
        let outcome = self.engine.deactivate_records(now, app, slug, ids)?;
        Ok(json!({
            "total": outcome.total,
            "deactivated": outcome.deactivated,
            "unchanged": outcome.unchanged,
            "unknown": outcome.unknown,
        }))
    }

    pub(crate) fn complete(&mut self, app: AppId, session: SessionId, completion: Completion) -> Result<()> {
        let now = self.now();
        self.engine.complete_session(now, app, session, completion)?;
        println!("Sync completion triggered (202 Accepted)");
        Ok(())
    }

    /// One step of the cleanup. A service runs them in the background, between requests.
    pub(crate) fn clean_up(
        &mut self,
        app: AppId,
        session: SessionId,
        budget: NonZeroU64,
    ) -> Result<SessionStatus> {
        let now = self.now();
        Ok(self.engine.run_cleanup(now, app, session, budget)?.status)
    }

    pub(crate) fn clean_up_all(&mut self, app: AppId, session: SessionId) -> Result<()> {
        while !self.clean_up(app, session, NonZeroU64::MAX)?.has_ended() {}
        self.print_progress(app, session)
    }

    /// The whole of a connector's run, as the guide's `sync_instance`.
    pub(crate) fn sync(&mut self, app: AppId, pages: &[(&str, &str)]) -> Result<SessionId> {
        let session = self.start(app, &Scope::All)?;
        for (slug, body) in pages {
            println!("Pushed to {slug}: {}", self.push(app, session, slug, body)?);
        }
        self.finish(app, session)?;
        Ok(session)
    }

    pub(crate) fn finish(&mut self, app: AppId, session: SessionId) -> Result<()> {
        self.complete(app, session, Completion::GUARDED)?;
        self.clean_up_all(app, session)
    }
}
