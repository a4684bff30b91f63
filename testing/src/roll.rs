//! Pushes a synthetic directory into an engine: what `big_roll`, the benches and the tests share.

use std::num::NonZeroU64;

use headcount::{
    AppId, Completion, Config, Engine, Error, Kind, NewResourceType, Page, PageOutcome, ResourceTypeId,
    Scope, SessionId, Timestamp, Uuid,
};

/// The app whose roll is called.
pub const APP: AppId = AppId(Uuid::from_u128(1));

/// An engine with one app that has accounts and teams.
pub fn engine(config: Config) -> Result<Engine, Error> {
    let mut engine = Engine::new(config);
    engine.create_app(Timestamp(0), APP, "Synthetic", None)?;
    for (id, slug, kind) in [(1, "account", Kind::Account), (2, "team", Kind::Group)] {
        let id = ResourceTypeId(Uuid::from_u128(id));
        engine.register_resource_type(Timestamp(0), APP, id, &NewResourceType::new(slug, slug, kind))?;
    }
    Ok(engine)
}

/// Opens the app's session with this number.
pub fn start(engine: &mut Engine, number: u32) -> Result<SessionId, Error> {
    let session = SessionId(Uuid::from_u128(u128::from(number)));
    engine.start_session(Timestamp(i64::from(number)), APP, session, &Scope::All)?;
    Ok(session)
}

/// Pushes a page to the type that it is made for.
pub fn push(engine: &mut Engine, session: SessionId, page: &Page<'_>) -> Result<PageOutcome, Error> {
    let slug = if page.kind() == Kind::Account { "account" } else { "team" };
    engine.push_page(Timestamp(0), APP, session, slug, page)
}

/// Completes a session with the whole of its cleanup; how many records that deactivated.
pub fn complete(engine: &mut Engine, session: SessionId) -> Result<u64, Error> {
    let now = Timestamp(1);
    engine.complete_session(now, APP, session, Completion::GUARDED)?;
    Ok(engine.run_cleanup(now, APP, session, NonZeroU64::MAX)?.deactivated)
}
