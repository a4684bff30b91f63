//! A small engine to try one thing on: an app with a type of each kind, and an open session.

use headcount::{
    Account, AppId, Completion, Config, Engine, Error, Fact, Group, Kind, LenientOutcome, Limits,
    NewResourceType, Page, PageOutcome, PageSeed, Reference, ReferenceList, ResourceTypeId, Scope, SessionId,
    Snapshot, TaskId, Timestamp, Uuid,
};
use serde::de::DeserializeSeed;
use serde_json::Value;

pub use crate::roll::APP;

/// The moment of everything.
pub const NOW: Timestamp = Timestamp(0);

/// The session that is open.
pub const SESSION: SessionId = session(1);

/// An app with the types `account`, `team` and `seat`, one of each kind, and the open [`SESSION`].
pub fn engine(config: Config) -> Engine {
    let mut engine = crate::roll::engine(config).expect("an engine");
    let seat = NewResourceType::new("seat", "seat", Kind::License);
    engine.register_resource_type(NOW, APP, ResourceTypeId(Uuid::from_u128(3)), &seat).expect("a type");
    engine.start_session(NOW, APP, SESSION, &Scope::All).expect("a session");
    engine
}

/// An engine with an account in its open session, which refers to a placeholder: `u1` to the team `g1`.
pub fn engine_with_an_account() -> Engine {
    let mut engine = engine(Config::new());
    let outcome = push(&mut engine, &Page::accounts([member("u1", ["g1"])]));
    assert_eq!(outcome.map(|outcome| (outcome.created, outcome.placeholders)), Ok((1, 1)));
    engine
}

/// A configuration with the default limits but for what is changed here.
pub fn config(change: impl FnOnce(&mut Limits)) -> Config {
    let mut limits = Limits::default();
    change(&mut limits);
    Config::new().with_limits(limits).expect("limits that the engine can keep")
}

/// What the engine is after it was saved and loaded.
pub fn reload(engine: &Engine, config: Config) -> Engine {
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    let snapshot: Snapshot = postcard::from_bytes(&saved).expect("a snapshot");
    Engine::restore(config, snapshot).expect("an engine")
}

/// The engine's snapshot, to be changed.
pub fn saved(engine: &Engine) -> Value {
    serde_json::to_value(engine.snapshot()).expect("a value")
}

/// The page in a JSON body, under the default limits.
pub fn parsed(kind: Kind, body: &str) -> Page<'_> {
    parsed_under(&Limits::default(), kind, body)
}

/// The page in a JSON body.
pub fn parsed_under<'b>(limits: &Limits, kind: Kind, body: &'b str) -> Page<'b> {
    let mut json = serde_json::Deserializer::from_str(body);
    let page = PageSeed::new(kind, limits).deserialize(&mut json);
    page.unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// Pushes a page of the open session to the type of its kind.
pub fn push(engine: &mut Engine, page: &Page<'_>) -> Result<PageOutcome, Error> {
    push_in(engine, SESSION, page)
}

/// Pushes a page of a session to the type of its kind.
pub fn push_in(engine: &mut Engine, session_id: SessionId, page: &Page<'_>) -> Result<PageOutcome, Error> {
    engine.push_page(NOW, APP, session_id, slug(page), page)
}

/// Pushes a page of a session to the type of its kind, in lenient mode.
pub fn push_leniently_in(
    engine: &mut Engine,
    session_id: SessionId,
    page: &Page<'_>,
) -> Result<LenientOutcome, Error> {
    engine.push_lenient_page(NOW, APP, session_id, slug(page), page)
}

fn slug(page: &Page<'_>) -> &'static str {
    match page.kind() {
        Kind::Account => "account",
        Kind::Group => "team",
        Kind::License => "seat",
    }
}

/// Completes a session with the whole of its cleanup; how many records that deactivated.
pub fn complete(engine: &mut Engine, session_id: SessionId, now: Timestamp) -> u64 {
    engine.complete_session(now, APP, session_id, Completion::GUARDED).expect("no guard");
    engine.run_cleanup(now, APP, session_id, std::num::NonZeroU64::MAX).expect("a cleanup").deactivated
}

/// An account with a username.
pub fn account(id: &str) -> Account<'static> {
    Account { id: id.to_owned().into(), username: Some("x".into()), ..Account::default() }
}

/// An account with a username, and references to these teams.
pub fn member<'a, R: Into<Reference<'a>>>(id: &'a str, teams: impl IntoIterator<Item = R>) -> Account<'a> {
    Account {
        id: id.into(),
        username: Some("x".into()),
        memberships: vec![ReferenceList::new("team", teams)],
        ..Account::default()
    }
}

/// A group or license.
pub fn group(id: &str, name: &str) -> Group<'static> {
    Group { id: id.to_owned().into(), name: name.to_owned().into(), ..Group::default() }
}

/// The session with this number.
pub const fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

/// The task with this number.
pub const fn task(number: u128) -> TaskId {
    TaskId(Uuid::from_u128(number))
}

/// The app with this number.
pub const fn app(number: u128) -> AppId {
    AppId(Uuid::from_u128(number))
}

/// What the last command changed, a line each: the fact and, where it is about records, their ids.
pub fn told(engine: &Engine) -> Vec<String> {
    engine.changes().map(|change| line(&change.fact)).collect()
}

fn line(fact: &Fact<'_>) -> String {
    let Value::Object(fields) = serde_json::to_value(fact).expect("a value") else {
        return serde_json::to_string(fact).expect("text").trim_matches('"').to_owned();
    };
    let (name, about) = fields.into_iter().next().expect("a variant");
    let id = |field: &str| about[field]["id"].as_str().map(str::to_owned);
    let ids: Vec<String> = ["record", "account", "target"].into_iter().filter_map(id).collect();
    let fields = match fact {
        Fact::RecordUpdated { fields, .. } => fields.iter().map(|field| field.to_string()).collect(),
        _ => Vec::new(),
    };
    let status = about["status"].as_str().map(str::to_owned);
    let more: Vec<String> = ids.into_iter().chain(status).chain(fields).collect();
    if more.is_empty() { name } else { format!("{name} {}", more.join(" ")) }
}
