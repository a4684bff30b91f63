//! Bytes as the body of a push.

use std::num::NonZeroU64;

use headcount::{
    AppId, Command, Completion, Config, Engine, Error, IgnoredFields, Kind, Limits, NewResourceType, Page,
    PageSeed, Records, ResourceTypeId, Scope, SessionId, Timestamp, Uuid,
};
use serde::de::DeserializeSeed;

use crate::model::Model;
use crate::{compare, generate, lenient};

/// Bytes as the body of a push, for each kind: an error of the parser, or a page that the engine and the model do
/// the same with: strict, lenient, and as a delta, and then at the end of the session. A refused page leaves the digest
/// as it was. What the parser could not read whole is pushed beside the model: strict it is refused, lenient it comes to
/// what its other records come to.
///
/// The first byte says under which limits: low ones, or the engine's own. The bytes are JSON first, then postcard.
///
/// # Panics
/// If the parser or the engine does, or engine and model differ.
pub fn page_json(bytes: &[u8]) {
    let Some((&how, body)) = bytes.split_first() else { return };
    let config = if how % 2 == 0 { generate::config() } else { Config::new() };
    let mut engine = Engine::new(config);
    let mut model = Model::new(&config);
    for command in beginning() {
        compare::step(&mut engine, &mut model, Timestamp(0), &command);
    }
    for (slug, kind) in TYPES {
        let pages = [in_json(kind, config.limits(), body), in_postcard(kind, config.limits(), body)];
        for page in pages.into_iter().flatten() {
            let _ = lenient::check(&engine, lenient::Place { app: APP, session: SESSION, slug }, &page);
            if is_read_whole(&page) {
                let (app_id, session_id) = (APP, SESSION);
                let command = Command::PushPage { app_id, session_id, slug: slug.into(), page: page.clone() };
                compare::step(&mut engine, &mut model, Timestamp(1), &command);
                let command =
                    Command::PushLenientPage { app_id, session_id, slug: slug.into(), page: page.clone() };
                compare::step(&mut engine, &mut model, Timestamp(1), &command);
                let command = Command::UpsertRecords { app_id, slug: slug.into(), page };
                compare::step(&mut engine, &mut model, Timestamp(1), &command);
            } else {
                is_refused(&mut engine, slug, &page);
            }
        }
    }
    for command in end() {
        compare::step(&mut engine, &mut model, Timestamp(2), &command);
    }
}

/// The session is completed, and another one in which nobody is named.
fn end() -> impl Iterator<Item = Command<'static>> {
    let app_id = APP;
    let complete = |session_id| {
        let cleanup = Command::RunCleanup { app_id, session_id, budget: NonZeroU64::MAX };
        [Command::CompleteSession { app_id, session_id, completion: Completion::FORCED }, cleanup]
    };
    let other = SessionId(Uuid::from_u128(2));
    let start = Command::StartSession { app_id, session_id: other, scope: Scope::All };
    complete(SESSION).into_iter().chain([start]).chain(complete(other))
}

/// Whether the records say all that was sent: the model sees nothing else of a page.
fn is_read_whole(page: &Page<'_>) -> bool {
    let records = page.records().clone();
    *page
        == match records {
            Records::Accounts(accounts) => Page::accounts(accounts),
            Records::Groups(groups) => Page::groups(groups),
            Records::Licenses(licenses) => Page::licenses(licenses),
        }
}

/// Of what a parser could not read, the engine tells faults, and nothing changes.
fn is_refused(engine: &mut Engine, slug: &str, page: &Page<'_>) {
    let before = engine.digest();
    let refused = engine.push_page(Timestamp(1), APP, SESSION, slug, page);
    let is_told = match &refused {
        Err(Error::PageFaults { faults_total, malformed, .. }) => *faults_total > 0 && *malformed,
        Err(Error::PageTooLarge { .. }) => true,
        _ => false,
    };
    assert!(is_told, "{refused:?}");
    assert_eq!(engine.digest(), before, "what is refused changes nothing");
    engine.check_invariants().expect("every rule");
}

const APP: AppId = AppId(Uuid::from_u128(1));
const SESSION: SessionId = SessionId(Uuid::from_u128(1));
const TYPES: [(&str, Kind); 3] =
    [("account", Kind::Account), ("team", Kind::Group), ("license", Kind::License)];

/// An app with a type of each kind and an open session.
fn beginning() -> Vec<Command<'static>> {
    let mut commands = vec![Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None }];
    commands.extend((1..).zip(TYPES).map(|(number, (slug, kind))| {
        let id = ResourceTypeId(Uuid::from_u128(number));
        Command::RegisterResourceType {
            app_id: APP,
            resource_type_id: id,
            new: NewResourceType { slug: slug.into(), name: "Type".into(), kind },
        }
    }));
    commands.push(Command::StartSession { app_id: APP, session_id: SESSION, scope: Scope::All });
    commands
}

/// The page as a host reads it: with nothing after its end. To note the fields that are not known changes nothing.
fn in_json<'b>(kind: Kind, limits: &Limits, body: &'b [u8]) -> Option<Page<'b>> {
    let mut parser = serde_json::Deserializer::from_slice(body);
    let page = PageSeed::new(kind, limits).deserialize(&mut parser);
    let mut ignored = IgnoredFields::new();
    let mut noting = serde_json::Deserializer::from_slice(body);
    let noted = PageSeed::new(kind, limits).deserialize_noting(&mut noting, &mut ignored);
    let told = |error: serde_json::Error| error.to_string();
    let page = page.map_err(told);
    assert_eq!(page, noted.map_err(told));
    let chars = ignored.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    assert!(ignored.iter().len() <= IgnoredFields::NAMES_MAX && chars <= IgnoredFields::NAME_CHARS_MAX + 1);
    parser.end().ok()?;
    page.ok()
}

fn in_postcard<'b>(kind: Kind, limits: &Limits, body: &'b [u8]) -> Option<Page<'b>> {
    PageSeed::new(kind, limits).deserialize(&mut postcard::Deserializer::from_bytes(body)).ok()
}
