//! A service in a hundred lines: reads the people of an application from a CSV file, calls the roll, prints what changed
//! since the last time, and keeps all of it in a file.
//!
//! `cargo run --release -p headcount-quickstart --example from_csv -- people.csv state.postcard`
//!
//! The first line of the CSV names its columns: `id`, any other text of an [`Account`] (`email`, `username`, `first_name`,
//! `last_name`, `display_name`, `status`), and `teams`, as `g1;g2`. Without arguments two lists are read that stand below,
//! one after the other, and nothing is kept.

use std::error::Error as StdError;
use std::num::NonZeroU64;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use headcount::{
    Account, AppId, Completion, Config, Engine, Guard, Kind, NewResourceType, Page, ResourceTypeId, Scope,
    SessionId, Timestamp,
};

type Result<T> = std::result::Result<T, Box<dyn StdError>>;

const APP: AppId = AppId::from_u128(1); // there is one; a service that has many makes random ids

const YESTERDAY: &str = "id,email,last_name,teams\nu1,alice@acme.com,Smith,g1;g2\nu2,bob@acme.com,Jones,g1\n\
                         u3,carol@acme.com,Ng,\nu4,dana@acme.com,Silva,g2\nu5,erik@acme.com,Novak,g2\n";
const TODAY: &str = "id,email,last_name,teams\nu1,alice@acme.com,Smith-Lee,g1\nu3,carol@acme.com,Ng,\n\
                     u4,dana@acme.com,Silva,g2\nu5,erik@acme.com,Novak,g2;g3\nu6,fatima@acme.com,Haddad,g3\n";

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [people, state] = &*arguments else {
        let mut engine = new_engine()?;
        for list in [YESTERDAY, TODAY] {
            call_roll(&mut engine, list.as_bytes())?;
        }
        return Ok(());
    };
    let mut engine = if fs::exists(state)? {
        Engine::restore(config()?, postcard::from_bytes(&fs::read(state)?)?)?
    } else {
        new_engine()?
    };
    call_roll(&mut engine, fs::File::open(people)?)?;
    // Whole or not at all: a process that is killed leaves the old file.
    fs::write(format!("{state}.new"), postcard::to_allocvec(&engine.snapshot())?)?;
    fs::rename(format!("{state}.new"), state)?;
    Ok(())
}

/// At most a quarter of all people may leave at once: more is looked at by a person.
fn config() -> Result<Config> {
    Ok(Config::new().with_guard(Guard::NONE.with_max_percent(25))?)
}

fn new_engine() -> Result<Engine> {
    let (mut engine, now) = (Engine::new(config()?), now()?);
    engine.create_app(now, APP, "Acme HR", None)?;
    for (id, slug, name, kind) in [(1, "account", "Account", Kind::Account), (2, "team", "Team", Kind::Group)]
    {
        let new = NewResourceType::new(slug, name, kind);
        engine.register_resource_type(now, APP, ResourceTypeId::from_u128(id), &new)?;
    }
    Ok(engine)
}

fn now() -> Result<Timestamp> {
    Ok(Timestamp::since_epoch(SystemTime::now().duration_since(UNIX_EPOCH)?))
}

/// Whatever is wrong with the list, nobody is marked inactive before all of it was read and taken.
fn call_roll(engine: &mut Engine, list: impl std::io::Read) -> Result<()> {
    let people = read_people(list)?;
    let (now, session) = (now()?, SessionId::from_u128(u128::from(engine.seq()) + 1));
    engine.start_session(now, APP, session, &Scope::All)?;
    for page in Page::split_accounts(people, engine.config().limits()) {
        let outcome = engine.push_page(now, APP, session, "account", &page)?;
        println!("{outcome}");
        print_changes(engine);
    }
    engine.complete_session(now, APP, session, Completion::GUARDED)?;
    let budget = NonZeroU64::new(5_000).ok_or("a budget of nothing")?;
    while !engine.run_cleanup(now, APP, session, budget)?.status.has_ended() {
        print_changes(engine);
    }
    print_changes(engine);
    println!("{:?}", engine.app(APP));
    Ok(())
}

fn print_changes(engine: &Engine) {
    for change in engine.changes() {
        println!("  {}", engine.display(&change));
    }
}

fn read_people(list: impl std::io::Read) -> Result<Vec<Account<'static>>> {
    let mut rows = csv::Reader::from_reader(list);
    let columns = rows.headers()?.clone();
    let teams = columns.iter().position(|column| column == "teams").ok_or("no column \"teams\"")?;
    let mut people = Vec::new();
    for row in rows.records() {
        let row = row?;
        let account: Account<'_> = row.deserialize(Some(&columns))?;
        let teams = row.get(teams).into_iter().flat_map(|teams| teams.split(';'));
        // An account that names no team is in none.
        let teams = teams.filter(|team| !team.is_empty());
        people.push(account.with_memberships("team", teams).into_owned());
    }
    Ok(people)
}
