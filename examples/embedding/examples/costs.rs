//! What the projection costs beside the engine, and what an index of members costs and saves.
//!
//! `cargo run --release -p headcount-embedding --example costs -- 200000`, with the number of accounts, of five
//! memberships each.

use std::error::Error;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use headcount::{
    Completion, Config, Engine, Kind, NewResourceType, Page, RecordFilter, ResourceTypeId, Timestamp, Uuid,
};
use headcount_embedding::{Projection, ProjectionError};
use headcount_test_allocator::{Counts, TestAllocator};
use headcount_testing::directory::{Directory, PAGE, Roll};
use headcount_testing::roll::{self, APP};
use rusqlite::Connection;

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

/// Groups whose members are read.
const GROUPS: u32 = 50;

/// The rolls that are called, one behind the other.
const ROLLS: [(&str, Roll); 3] =
    [("first roll", Roll::Whole), ("unchanged", Roll::Whole), ("1% changed, 0.5% gone", Roll::Later)];

fn main() -> Result<(), Box<dyn Error>> {
    let accounts = std::env::args().nth(1).map_or(Ok(200_000), |accounts| accounts.parse())?;
    let directory = Directory::new(accounts);
    println!("{accounts} accounts of {} memberships, {} teams", directory.memberships, directory.teams());
    let folder = tempfile::tempdir()?;
    let tables = [
        ("tables in memory", Connection::open_in_memory()?),
        ("tables in a file, WAL, synchronous FULL", in_a_file(&folder.path().join("tables"))?),
    ];
    for (what, connection) in tables {
        println!("\n{what}: of a record, engine and projection");
        project(&directory, connection)?;
    }
    println!("\nan index of members: of a record, without and with");
    let without = rolls(&directory, false)?;
    let with = rolls(&directory, true)?;
    for ((name, _), (without, with)) in ROLLS.iter().zip(without.took.iter().zip(&with.took)) {
        println!("{name:24}{without:>10.0} ns{with:>10.0} ns{:>8.2}×", with / without);
    }
    let references = f64::from(directory.accounts * directory.memberships);
    let more = with.heap_bytes.saturating_sub(without.heap_bytes) as f64;
    println!("{:.1} bytes of memory a reference more", more / references);
    read_members(&directory, without.engine)
}

fn in_a_file(path: &std::path::Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// The pages of a roll, groups first, each made when it is asked for.
fn pages(directory: &Directory, roll: Roll) -> impl Iterator<Item = Page<'static>> {
    let directory = *directory;
    let named = directory.named(roll, &directory.in_order());
    let chunks: Vec<Vec<u32>> = named.chunks(PAGE as usize).map(<[u32]>::to_vec).collect();
    let teams = directory.team_pages().map(move |numbers| directory.teams_page(numbers));
    teams.chain(chunks.into_iter().map(move |numbers| directory.accounts_page(roll, &numbers)))
}

fn per_record(took: Duration, records: u64) -> f64 {
    took.as_nanos() as f64 / records.max(1) as f64
}

/// Calls the rolls with tables that follow.
fn project(directory: &Directory, connection: Connection) -> Result<(), Box<dyn Error>> {
    let mut followed = Followed::new(connection)?;
    followed.command(|engine| engine.create_app(Timestamp(0), APP, "Synthetic", None))?;
    for (id, slug, kind) in [(1, "account", Kind::Account), (2, "team", Kind::Group)] {
        let (id, new) = (ResourceTypeId(Uuid::from_u128(id)), NewResourceType::new(slug, slug, kind));
        followed.command(|engine| engine.register_resource_type(Timestamp(0), APP, id, &new))?;
    }
    for (number, (name, roll)) in (1..).zip(ROLLS) {
        let session = followed.command(|engine| roll::start(engine, number))?;
        (followed.of_engine, followed.of_projection) = (Duration::ZERO, Duration::ZERO);
        let mut records = 0;
        for page in pages(directory, roll) {
            let outcome = followed.command(|engine| roll::push(engine, session, &page))?;
            records += u64::from(outcome.total);
        }
        followed
            .command(|engine| engine.complete_session(Timestamp(1), APP, session, Completion::GUARDED))?;
        let _ = followed.command(|engine| engine.run_cleanup(Timestamp(1), APP, session, NonZeroU64::MAX))?;
        let of_engine = per_record(followed.of_engine, records);
        let of_projection = per_record(followed.of_projection, records);
        println!("{name:24}{of_engine:>10.0} ns{of_projection:>10.0} ns{:>8.1}×", of_projection / of_engine);
    }
    Ok(())
}

/// An engine, tables that follow it, and what each took.
struct Followed {
    engine: Engine,
    projection: Projection,
    of_engine: Duration,
    of_projection: Duration,
}

impl Followed {
    fn new(connection: Connection) -> Result<Self, ProjectionError> {
        let (engine, projection) = (Engine::new(Config::new()), Projection::open(connection)?);
        Ok(Self { engine, projection, of_engine: Duration::ZERO, of_projection: Duration::ZERO })
    }

    fn command<T>(
        &mut self,
        command: impl FnOnce(&mut Engine) -> Result<T, headcount::Error>,
    ) -> Result<T, Box<dyn Error>> {
        let begun = Instant::now();
        let done = command(&mut self.engine)?;
        self.of_engine += begun.elapsed();
        let begun = Instant::now();
        self.projection.follow(&self.engine)?;
        self.of_projection += begun.elapsed();
        Ok(done)
    }
}

/// What rolls came to.
struct Called {
    engine: Engine,
    /// Nanoseconds of a record, by roll.
    took: Vec<f64>,
    heap_bytes: usize,
}

/// Calls the rolls.
fn rolls(directory: &Directory, is_indexed: bool) -> Result<Called, Box<dyn Error>> {
    let before = Counts::now().held();
    let mut engine = roll::engine(Config::new())?;
    if is_indexed {
        engine.index_members(APP, "team")?;
    }
    let mut all = Vec::new();
    for (number, (_, roll)) in (1..).zip(ROLLS) {
        let session = roll::start(&mut engine, number)?;
        let (mut took, mut records) = (Duration::ZERO, 0);
        for page in pages(directory, roll) {
            let begun = Instant::now();
            records += u64::from(roll::push(&mut engine, session, &page)?.total);
            took += begun.elapsed();
        }
        let begun = Instant::now();
        roll::complete(&mut engine, session)?;
        all.push(per_record(took + begun.elapsed(), records));
    }
    engine.forget_changes();
    let heap_bytes = Counts::now().held() - before;
    Ok(Called { engine, took: all, heap_bytes })
}

/// Reads the members of some groups, without an index and with one.
fn read_members(directory: &Directory, mut engine: Engine) -> Result<(), Box<dyn Error>> {
    let read = |engine: &Engine| {
        let app = engine.app(APP).ok_or("an app")?;
        let teams = app.records("team", RecordFilter::Active).ok_or("teams")?;
        let (mut members, begun) = (0, Instant::now());
        let step = (directory.teams() / GROUPS).max(1) as usize;
        for team in teams.step_by(step).take(GROUPS as usize) {
            members += team.members().count();
        }
        Ok::<_, Box<dyn Error>>((members, begun.elapsed()))
    };
    let (members, took) = read(&engine)?;
    println!(
        "\n{GROUPS} groups of {} members: {:.2?} a group without",
        members as u32 / GROUPS,
        took / GROUPS
    );
    let begun = Instant::now();
    engine.index_members(APP, "team")?;
    println!("the index is made in {:.2?}", begun.elapsed());
    let (_, took) = read(&engine)?;
    println!("{:.2?} a group with it", took / GROUPS);
    Ok(())
}
