//! One roll, and changes at the source in its time, which are told as deltas: in every order that there is.
//!
//! No model is asked. What is at the source is known here, and what must hold is said of it:
//!
//! - The last delta about somebody that came in the session's time stands, whatever its pages and its cleanup say
//!   (SPEC 3a.3): who was deactivated does not come back, who was upserted is not swept away, as they were told.
//! - Who never changed at the source is on record as they are there, at every moment.
//! - Of whom no delta came, the pages say who they are once the session completed (SPEC 4.2).
//! - When all is said and done, what is on record is what is at the source.
//! - A delta or a page that is carried out twice, at once, changes nothing the second time.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use headcount::{
    Account, AppId, Command, Completion, Config, Engine, Fact, Group, Kind, NewResourceType, Page, Reference,
    ReferenceList, Reply, ResourceTypeId, Scope, SessionId, Timestamp, Uuid,
};

const APP: AppId = AppId(Uuid::from_u128(1));
const SESSION: SessionId = SessionId(Uuid::from_u128(2));

/// Who and what there can be at the source: slug and id.
const THINGS: [(&str, &str); 3] = [("account", "1"), ("account", "2"), ("team", "1")];

/// The versions of a thing: of an account one without a team, and one of the only team.
const VERSIONS: [Option<u8>; 3] = [None, Some(0), Some(1)];

/// What is at the source: of each thing its version, if it is there.
type Source = [Option<u8>; 3];

/// In the beginning, at the source and on record: the second account is not there yet.
const BEGINNING: Source = [Some(0), None, Some(0)];

/// The slugs of which the connector gets a page each.
const PAGES: [&str; 2] = ["account", "team"];

/// What can come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Move {
    /// At the source, a thing gets this version, or goes. A delta about it is on its way.
    Change(usize, Option<u8>),
    /// The delta that has been on its way longest is carried out.
    Deliver,
    /// The session starts.
    Start,
    /// The connector reads the page with this number from the source.
    Read(usize),
    /// It pushes the page that it read.
    Push(usize),
    /// It takes its answer for lost, and pushes the page again, whatever came between.
    PushAgain(usize),
    /// Both pages were pushed: the session is completed.
    Complete,
    /// A step of its cleanup, of one record.
    Clean,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    #[default]
    Before,
    Rolling,
    Completing,
    Completed,
}

/// A page: what of the source was in it, and how often it was pushed.
type Read = Option<(Source, u8)>;

/// All beside the engine that decides what can come and what must hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct World {
    phase: Phase,
    source: Source,
    /// The things that changed at all.
    changed: [bool; 3],
    changes_left: u8,
    /// Deltas on their way, the oldest first.
    deltas: Vec<(usize, Option<u8>)>,
    pages: [Read; 2],
    /// By thing, the last delta about it that came since the session started.
    settled: [Option<Option<u8>>; 3],
}

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Commands behind the beginning, at most. (What happens at the source alone is no command.)
    pub commands: usize,
    /// Changes at the source, at most.
    pub changes: u8,
    /// Whether a page may be pushed once more, later.
    pub pushes_again: bool,
}

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// States of engine, source, connector and deltas on their way.
    pub states: u64,
    /// Moves that were taken.
    pub moves: u64,
    /// The most commands on a way.
    pub commands: usize,
    /// States in which all was said and done.
    pub ends: u64,
    /// Records that a page named and that a delta had settled: none of them came back, or went.
    pub settled: u64,
}

/// Takes every move in every state that the bounds let it come to: breadth first by the number of commands, so that no
/// state is looked at twice.
///
/// # Panics
/// If a promise is not kept: the message tells the moves.
pub fn run(bounds: Bounds) -> Found {
    let mut search = Search { bounds, known: BTreeSet::new(), found: Found::default() };
    let beginning = engine_after(bounds.changes, &[]);
    let mut level = vec![(World::beginning(bounds.changes), Vec::new(), beginning.digest())];
    for commands in 0..=bounds.commands {
        let mut next = Vec::new();
        // What happens at the source alone stays on this level, so it grows while it is gone through.
        while let Some(place) = level.pop() {
            search.found.commands = commands;
            search.go(place, &mut level, &mut next);
        }
        level = next;
        if level.is_empty() {
            break;
        }
    }
    search.found
}

/// A state, the way to it, and the engine's digest.
type Place = (World, Vec<Move>, u128);

struct Search {
    bounds: Bounds,
    known: BTreeSet<(u128, World)>,
    found: Found,
}

impl Search {
    fn go(&mut self, (world, moves, digest): Place, level: &mut Vec<Place>, next: &mut Vec<Place>) {
        if !self.known.insert((digest, world.clone())) {
            return;
        }
        self.found.states += 1;
        self.found.ends += u64::from(world.is_at_rest());
        for way in world.moves(self.bounds.pushes_again) {
            let mut after = world.clone();
            let command = after.take(way);
            let moves = [&moves[..], &[way]].concat();
            self.found.moves += 1;
            match command {
                None => level.push((after, moves, digest)),
                Some(command) => {
                    let digest = self.carry_out(&mut after, &moves, &command);
                    next.push((after, moves, digest));
                }
            }
        }
    }

    /// The last of the moves, as a command on an engine of its own, and what must hold of this step and behind it. Its
    /// digest then. (What happens at the source alone makes no promise due.)
    fn carry_out(&mut self, world: &mut World, moves: &[Move], command: &Command<'static>) -> u128 {
        let mut engine = engine_after(self.bounds.changes, &moves[..moves.len() - 1]);
        let reply = engine.apply(NOW, command).unwrap_or_else(|error| panic!("{moves:?}: {error}"));
        let is_delta = matches!(command, Command::UpsertRecords { .. } | Command::DeactivateRecords { .. });
        if let Reply::Page(outcome) = reply {
            self.found.settled += u64::from(outcome.settled);
        }
        if !is_delta {
            let is_settled = |record: (&str, &str)| {
                let at = THINGS.iter().position(|thing| *thing == record);
                at.is_some_and(|at| world.settled[at].is_some())
            };
            let against =
                engine.changes().filter(|change| moved(&change.fact).is_some_and(is_settled)).count();
            assert_eq!(against, 0, "{moves:?}: it moved what a delta had settled");
        }
        if let Reply::Cleanup(outcome) = reply
            && outcome.status.has_ended()
        {
            world.phase = Phase::Completed;
        }
        world.check(&engine, moves);
        let digest = engine.digest();
        if is_delta || matches!(command, Command::PushPage { .. }) {
            let _ = engine.apply(NOW, command).unwrap_or_else(|error| panic!("{moves:?}, twice: {error}"));
            assert_eq!(engine.changes().count(), 0, "{moves:?}: it changed something twice");
        }
        digest
    }
}

const NOW: Timestamp = Timestamp(0);

/// The record that a change brought to life or took it from: slug and id.
fn moved<'f>(fact: &'f Fact<'_>) -> Option<(&'static str, &'f str)> {
    match fact {
        Fact::RecordCreated { record }
        | Fact::RecordUpdated { record, .. }
        | Fact::RecordDeactivated { record }
        | Fact::RecordReactivated { record }
        | Fact::PlaceholderFilled { record } => {
            let at = record.resource_type_id.0.as_u128() - 1;
            Some((PAGES[usize::try_from(at).expect("one of two types")], &record.id))
        }
        _ => None,
    }
}

/// The engine after the beginning and these moves.
fn engine_after(changes: u8, moves: &[Move]) -> Engine {
    let mut world = World::beginning(changes);
    let commands: Vec<Command<'_>> = moves.iter().filter_map(|way| world.take(*way)).collect();
    let mut engine = Engine::new(Config::new());
    let kinds = [Kind::Account, Kind::Group];
    let mut all = vec![Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None }];
    all.extend((1..).zip(PAGES).zip(kinds).map(|((number, slug), kind)| Command::RegisterResourceType {
        app_id: APP,
        resource_type_id: ResourceTypeId(Uuid::from_u128(number)),
        new: NewResourceType::new(slug, "Type", kind),
    }));
    all.extend((0..THINGS.len()).filter_map(|thing| Some(upsert(thing, BEGINNING[thing]?))));
    for command in all.iter().chain(&commands) {
        let _ = engine.apply(NOW, command).expect("what led here is carried out");
    }
    engine
}

fn account(thing: usize, version: u8) -> Account<'static> {
    let teams = [Reference::new("1")].into_iter().filter(|_| version == 1);
    Account {
        id: THINGS[thing].1.into(),
        username: Some(version.to_string().into()),
        memberships: vec![ReferenceList::new("team", teams)],
        ..Account::default()
    }
}

fn group(thing: usize, version: u8) -> Group<'static> {
    Group { id: THINGS[thing].1.into(), name: version.to_string().into(), ..Group::default() }
}

/// A page of these things for the type with this slug, as the source has them.
fn page(slug: &str, source: &Source) -> Page<'static> {
    let there = (0..THINGS.len()).filter(|thing| THINGS[*thing].0 == slug);
    let there = there.filter_map(|thing| Some((thing, source[thing]?)));
    match slug {
        "account" => Page::accounts(there.map(|(thing, version)| account(thing, version))),
        _ => Page::groups(there.map(|(thing, version)| group(thing, version))),
    }
}

fn upsert(thing: usize, version: u8) -> Command<'static> {
    let slug = THINGS[thing].0;
    let mut alone = [None; 3];
    alone[thing] = Some(version);
    Command::UpsertRecords { app_id: APP, slug: slug.into(), page: page(slug, &alone) }
}

impl World {
    fn beginning(changes_left: u8) -> Self {
        Self {
            phase: Phase::Before,
            source: BEGINNING,
            changed: [false; 3],
            changes_left,
            deltas: Vec::new(),
            pages: [None; 2],
            settled: [None; 3],
        }
    }

    /// Whether the roll ended, and every delta came.
    fn is_at_rest(&self) -> bool {
        self.phase == Phase::Completed && self.deltas.is_empty()
    }

    fn moves(&self, pushes_again: bool) -> Vec<Move> {
        let mut moves = Vec::new();
        if self.changes_left > 0 {
            for thing in 0..THINGS.len() {
                let others = VERSIONS.iter().filter(|version| **version != self.source[thing]);
                moves.extend(others.map(|version| Move::Change(thing, *version)));
            }
        }
        moves.extend((!self.deltas.is_empty()).then_some(Move::Deliver));
        match self.phase {
            Phase::Before => moves.push(Move::Start),
            Phase::Rolling => {
                for (at, page) in self.pages.iter().enumerate() {
                    match page {
                        None => moves.push(Move::Read(at)),
                        Some((_, 0)) => moves.push(Move::Push(at)),
                        Some((_, 1)) if pushes_again => moves.push(Move::PushAgain(at)),
                        Some(_) => {}
                    }
                }
                let is_pushed = |page: &Read| page.is_some_and(|(_, times)| times > 0);
                moves.extend(self.pages.iter().all(is_pushed).then_some(Move::Complete));
            }
            Phase::Completing => moves.push(Move::Clean),
            Phase::Completed => {}
        }
        moves
    }

    /// What the move does beside the engine, and the command that it is to that.
    fn take(&mut self, next: Move) -> Option<Command<'static>> {
        let (app_id, session_id) = (APP, SESSION);
        match next {
            Move::Change(thing, version) => {
                self.source[thing] = version;
                self.changed[thing] = true;
                self.changes_left -= 1;
                self.deltas.push((thing, version));
                None
            }
            Move::Read(at) => {
                self.pages[at] = Some((self.source, 0));
                None
            }
            Move::Deliver => {
                let (thing, version) = self.deltas.remove(0);
                if self.phase != Phase::Before {
                    self.settled[thing] = Some(version);
                }
                let (slug, id) = THINGS[thing];
                let gone = Command::DeactivateRecords { app_id, slug: slug.into(), ids: vec![id.into()] };
                Some(version.map_or(gone, |version| upsert(thing, version)))
            }
            Move::Start => {
                self.phase = Phase::Rolling;
                Some(Command::StartSession { app_id, session_id, scope: Scope::All })
            }
            Move::Push(at) | Move::PushAgain(at) => {
                let (source, times) = self.pages[at].as_mut().expect("it was read");
                *times += 1;
                let (slug, page) = (PAGES[at], page(PAGES[at], source));
                Some(Command::PushPage { app_id, session_id, slug: slug.into(), page })
            }
            Move::Complete => {
                self.phase = Phase::Completing;
                Some(Command::CompleteSession { app_id, session_id, completion: Completion::GUARDED })
            }
            Move::Clean => Some(Command::RunCleanup { app_id, session_id, budget: NonZeroU64::MIN }),
        }
    }

    /// Every promise.
    fn check(&self, engine: &Engine, moves: &[Move]) {
        engine.check_invariants().unwrap_or_else(|broken| panic!("{moves:?}: {broken}"));
        for thing in 0..THINGS.len() {
            let found = on_record(engine, thing);
            match (self.settled[thing], self.phase) {
                (Some(told), _) => {
                    assert_eq!(found, told, "{moves:?}: the last delta about {:?} stands", THINGS[thing]);
                }
                (None, Phase::Completed) => {
                    let page = PAGES.iter().position(|slug| *slug == THINGS[thing].0).expect("its page");
                    let (source, _) = self.pages[page].expect("it was pushed");
                    assert_eq!(found, source[thing], "{moves:?}: {:?} is as the page said", THINGS[thing]);
                }
                (None, _) => {}
            }
            if !self.changed[thing] {
                assert_eq!(found, self.source[thing], "{moves:?}: {:?} never changed", THINGS[thing]);
            }
            if self.is_at_rest() {
                assert_eq!(found, self.source[thing], "{moves:?}: {:?} is as at the source", THINGS[thing]);
            }
        }
    }
}

/// The version of a thing that the engine has as a full record that is active, with the references that go with it.
fn on_record(engine: &Engine, thing: usize) -> Option<u8> {
    let (slug, id) = THINGS[thing];
    let record =
        engine.app(APP)?.record(slug, id).filter(|record| record.is_active() && !record.is_placeholder())?;
    let version = record.username().or(record.name()).and_then(|version| version.parse().ok());
    let version = version.expect("it has its version as a name");
    let teams = record.references().count();
    assert_eq!(teams, usize::from(slug == "account" && version == 1), "the teams of {slug} {id}");
    Some(version)
}
