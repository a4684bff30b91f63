//! The bodies of the fuzz targets, so that tests on stable run them too.

use headcount::{
    AppId, Change, Command, Config, Engine, Error, IgnoredFields, Kind, LenientOutcome, Limits,
    NewResourceType, Page, PageSeed, Records, Reply, ResourceTypeId, RestoreError, Scope, SessionId,
    Snapshot, Timestamp, Uuid,
};
use serde::de::DeserializeSeed;
use serde_json::Value;

use crate::model::Model;
use crate::{busy, compare, generate, lenient, mutate, small};

/// A fuzz target: its name, and what it does with an input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its binary in `fuzz/`, and of its folder of seeds.
    pub name: &'static str,
    /// Panics on a finding.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "commands", run: commands },
    Target { name: "page_json", run: page_json },
    Target { name: "snapshot", run: snapshot },
    Target { name: "repeat", run: repeat },
];

/// Random commands, the engine beside the model.
///
/// The first byte says how the others become a history: mostly refused commands under low limits, or mostly
/// accepted ones.
///
/// # Panics
/// If the two differ, or the engine does not load what it saved.
pub fn commands(bytes: &[u8]) {
    let Some((&how, rest)) = bytes.split_first() else { return };
    let (history, config) = match how % 2 {
        0 => (generate::history(rest), generate::config()),
        _ => (busy::history(rest), Config::new()),
    };
    let mut engine = Engine::new(config);
    let mut model = Model::new(&config);
    for (now, command) in history {
        compare::step(&mut engine, &mut model, now, &command);
    }
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    let snapshot = postcard::from_bytes(&saved).expect("a snapshot");
    let loaded = Engine::restore(config.with_hash_key([1; 16]), snapshot).expect("an engine");
    assert_eq!(loaded.digest(), engine.digest());
}

/// Pages by their fingerprints beside pages in full: see [`repeats`].
///
/// # Panics
/// As that does.
pub fn repeat(bytes: &[u8]) {
    let _ = repeats(bytes);
}

/// What came of the pages of some histories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// Pages of which the fingerprint was enough.
    pub repeated: u32,
    /// Pages that had to be pushed, and were applied.
    pub pushed: u32,
    /// Pages that were refused, one way or the other.
    pub refused: u32,
}

impl Repeats {
    /// Adds those of another history.
    pub fn add(&mut self, other: Self) {
        self.repeated += other.repeated;
        self.pushed += other.pushed;
        self.refused += other.refused;
    }
}

/// Random commands on two engines: one is offered the fingerprint of each page first, and gets the page only if it
/// asks for it, the other gets every page. After each command both have the same reply, changes and digest. The first
/// byte says how often they are saved and loaded; then under other limits every other time.
///
/// # Panics
/// If they differ.
pub fn repeats(bytes: &[u8]) -> Repeats {
    let Some((&how, rest)) = bytes.split_first() else { return Repeats::default() };
    let (mut offered, mut pushed) = (Engine::new(Config::new()), Engine::new(Config::new()));
    let mut tally = Repeats::default();
    for (at, (now, command)) in busy::history(rest).into_iter().enumerate() {
        // Those that the history itself repeats are for the model.
        if matches!(command, Command::RepeatPage { .. }) {
            continue;
        }
        let is_page = matches!(command, Command::PushPage { .. } | Command::PushLenientPage { .. });
        // Most pages come twice, as they do in rolls of which little changes.
        for _ in 0..1 + usize::from(at % 3 > 0 && is_page) {
            let reply = offer(&mut offered, now, &command, &mut tally);
            assert_eq!(reply, pushed.apply(now, &command), "{command:?}");
            let changes = |engine: &Engine| -> Vec<_> { engine.changes().map(Change::into_owned).collect() };
            assert_eq!(changes(&offered), changes(&pushed), "{command:?}");
            assert_eq!(offered.digest(), pushed.digest(), "{command:?}");
            offered.check_invariants().expect("every rule");
        }
        if at % (usize::from(how) + 2) == 0 {
            let config = if at % 2 == 0 { Config::new() } else { generate::config() };
            offered = small::reload(&offered, config);
            pushed = small::reload(&pushed, config.with_hash_key([how; 16]));
        }
    }
    tally
}

/// Carries out a command; of a page, offers its fingerprint first.
fn offer(
    engine: &mut Engine,
    now: Timestamp,
    command: &Command<'static>,
    tally: &mut Repeats,
) -> Result<Reply, Error> {
    let (app_id, session_id, slug, page) = match command {
        Command::PushPage { app_id, session_id, slug, page }
        | Command::PushLenientPage { app_id, session_id, slug, page } => (*app_id, *session_id, slug, page),
        _ => return engine.apply(now, command),
    };
    // The outcome of a repeat converts into what a lenient push would answer.
    let reply = |outcome| match command {
        Command::PushLenientPage { .. } => Reply::LenientPage(LenientOutcome::from(outcome)),
        _ => Reply::Page(outcome),
    };
    let before = engine.digest();
    let repeated = page
        .fingerprint()
        .map(|fingerprint| engine.repeat_page(now, app_id, session_id, slug, fingerprint).map(reply));
    let (is_repeated, reply) = match repeated {
        None | Some(Err(Error::PageMustBePushed { .. })) => {
            assert_eq!(engine.digest(), before, "what must be pushed changed nothing yet");
            (false, engine.apply(now, command))
        }
        Some(repeated) => (true, repeated),
    };
    match (&reply, is_repeated) {
        (Err(_), _) => tally.refused += 1,
        (Ok(_), true) => tally.repeated += 1,
        (Ok(_), false) => tally.pushed += 1,
    }
    reply
}

/// Bytes as a snapshot: an error, or an engine that keeps every rule and goes on working.
///
/// The first byte says what the others are: a snapshot in JSON or postcard, or a history whose snapshot is
/// changed in some places and then given its right digest, so that the checks behind the digest are met too.
///
/// # Panics
/// If an engine that was loaded breaks a rule.
pub fn snapshot(bytes: &[u8]) {
    let Some((&how, rest)) = bytes.split_first() else { return };
    match how % 4 {
        0 => restore(postcard::from_bytes(rest).ok(), rest),
        1 => restore(serde_json::from_slice(rest).ok(), rest),
        _ => {
            let (history, changed) = changed(rest);
            let read = |value: &Value| serde_json::from_value::<Snapshot>(value.clone()).ok();
            let refused = read(&changed).map(|snapshot| Engine::restore(generate::config(), snapshot));
            // What only the digest gives away is tried again with the digest that it should have had.
            if let Some(Err(RestoreError::DigestMismatch { found, .. })) = refused {
                restore(read(&mutate::with_digest(changed, found)), history);
            }
        }
    }
}

/// A history, and its snapshot with a few changes: the last bytes say which, those before them are the history.
pub(crate) fn changed(bytes: &[u8]) -> (&[u8], Value) {
    const CHANGES_BYTES: usize = 12;
    let (history, changes) = bytes.split_at(bytes.len().saturating_sub(CHANGES_BYTES));
    (history, mutate::change(mutate::saved(history), changes))
}

/// An engine that was loaded behaves as one should, whatever comes next.
fn restore(snapshot: Option<Snapshot>, commands: &[u8]) {
    let Some(Ok(mut engine)) = snapshot.map(|snapshot| Engine::restore(generate::config(), snapshot)) else {
        return;
    };
    let mut choices = generate::Choices::new(commands);
    while !choices.is_used_up() {
        let (now, command) = choices.command(generate::open_session(&engine));
        let _ = engine.apply(now, &command);
        engine.check_invariants().expect("every rule");
    }
}

/// Bytes as the body of a push, for each kind: an error of the parser, or a page that the engine and the model do
/// the same with. A refused page leaves the digest as it was.
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
                let command = Command::PushLenientPage { app_id, session_id, slug: slug.into(), page };
                compare::step(&mut engine, &mut model, Timestamp(1), &command);
            } else {
                is_refused(&mut engine, slug, &page);
            }
        }
    }
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
