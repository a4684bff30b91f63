//! What headcount does, in ten lines: a directory of a thousand people, over four nights. The tour behind it tells the
//! same call by call.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use headcount::{
    Account, AppId, AppUpdate, Completion, Config, Engine, Fact, Fingerprint, Group, Guard, Kind,
    NewResourceType, Page, ResourceTypeId, Scope, SessionId, Snapshot, Timestamp,
};

use crate::host::Result;

const APP: AppId = AppId::from_u128(1);
const PEOPLE: u32 = 1_000;
const TEAMS: u32 = 20;

pub(crate) fn in_short() -> Result<()> {
    println!("IN SHORT: the roll of {PEOPLE} people in {TEAMS} teams is called on four nights");
    let mut engine = Engine::new(Config::new().with_hash_key(*b"a secret of mine"));
    let (now, guard) = (Timestamp(0), Guard::NONE.with_max_percent(10));
    engine.create_app(now, APP, "Acme HR", None)?;
    engine.update_app(now, APP, &AppUpdate::default().with_guard(guard))?;
    for (id, slug, name, kind) in [(1, "team", "Team", Kind::Group), (2, "account", "Account", Kind::Account)]
    {
        let new = NewResourceType::new(slug, name, kind);
        engine.register_resource_type(now, APP, ResourceTypeId::from_u128(id), &new)?;
    }
    all_come(&mut engine)?;
    nothing_changes(&mut engine)?;
    pages_are_lost(&mut engine)?;
    one_leaves(&mut engine)?;
    save_and_load(&engine)
}

fn person(number: u32) -> Account<'static> {
    Account::new(format!("u{number}"))
        .with_email(format!("person{number}@acme.com"))
        .member_of("team", format!("g{}", number % TEAMS))
        .member_of("team", format!("g{}", number / TEAMS % TEAMS))
}

/// All teams, and these people, in pages as large as the engine takes them.
fn pages(engine: &Engine, people: impl Iterator<Item = Account<'static>>) -> Vec<Page<'static>> {
    let limits = engine.config().limits();
    let teams = (0..TEAMS).map(|number| Group::new(format!("g{number}"), format!("Team {number}")));
    Page::split_groups(teams, limits).chain(Page::split_accounts(people, limits)).collect()
}

fn start(engine: &mut Engine, night: u32) -> Result<SessionId> {
    let session = SessionId::from_u128(night.into());
    engine.start_session(Timestamp(night.into()), APP, session, &Scope::All)?;
    Ok(session)
}

/// How many changes the pages told, and how long it took the engine.
fn push(engine: &mut Engine, session: SessionId, pages: &[Page<'_>]) -> Result<(usize, Duration)> {
    let (mut changes, mut took) = (0, Duration::ZERO);
    for page in pages {
        let slug = if page.kind() == Kind::Account { "account" } else { "team" };
        let begun = Instant::now();
        let _ = engine.push_page(Timestamp(0), APP, session, slug, page)?;
        took += begun.elapsed();
        changes += engine.changes().len();
    }
    Ok((changes, took))
}

fn complete(engine: &mut Engine, session: SessionId) -> Result<()> {
    engine.complete_session(Timestamp(0), APP, session, Completion::GUARDED)?;
    while !engine.run_cleanup(Timestamp(0), APP, session, NonZeroU64::MAX)?.status.has_ended() {}
    Ok(())
}

fn all_come(engine: &mut Engine) -> Result<()> {
    let session = start(engine, 1)?;
    let pages = pages(engine, (0..PEOPLE).map(person));
    // A fingerprint stands for the bytes of a page: a service hashes them.
    let pages: Vec<_> =
        (0..).zip(pages).map(|(number, page)| page.with_fingerprint(Fingerprint(number))).collect();
    let (changes, took) = push(engine, session, &pages)?;
    complete(engine, session)?;
    println!("1st night  all of them came: {changes} changes were told, and it took the engine {took:.1?}");
    Ok(())
}

fn nothing_changes(engine: &mut Engine) -> Result<()> {
    let session = start(engine, 2)?;
    let pages = pages(engine, (0..PEOPLE).map(person));
    let (changes, took) = push(engine, session, &pages)?;
    let each = took / (PEOPLE + TEAMS);
    println!(
        "2nd night  nothing changed: {changes} changes, and an unchanged roll took {took:.1?}, {each:.0?} a record"
    );
    let begun = Instant::now();
    for (number, page) in (0..).zip(&pages) {
        let slug = if page.kind() == Kind::Account { "account" } else { "team" };
        let _ = engine.repeat_page(Timestamp(0), APP, session, slug, Fingerprint(number))?;
    }
    let took = begun.elapsed();
    println!("           and {took:.1?} where a hash of each page's bytes was offered, and none was parsed");
    complete(engine, session)
}

fn pages_are_lost(engine: &mut Engine) -> Result<()> {
    let session = start(engine, 3)?;
    let pages = pages(engine, (0..PEOPLE).map(person));
    let (sent, lost) = pages.split_at(pages.len() / 2);
    let _ = push(engine, session, sent)?;
    println!("3rd night  the connector lost {} of {} pages, and did not notice", lost.len(), pages.len());
    let Err(refused) = complete(engine, session) else { return Err("the guard was to refuse".into()) };
    println!("           the guard stopped it: {refused}");
    let _ = push(engine, session, lost)?;
    complete(engine, session)?;
    println!(
        "           so nobody was marked inactive; it pushed the rest in the same session, and completed"
    );
    Ok(())
}

fn one_leaves(engine: &mut Engine) -> Result<()> {
    let session = start(engine, 4)?;
    for page in pages(engine, (0..=PEOPLE).filter(|number| *number != 7).map(person)) {
        let slug = if page.kind() == Kind::Account { "account" } else { "team" };
        let _ = engine.push_page(Timestamp(0), APP, session, slug, &page)?;
        for change in engine.changes().filter(|change| matches!(change.fact, Fact::RecordCreated { .. })) {
            println!("4th night  who came: {}", engine.display(&change));
        }
    }
    engine.complete_session(Timestamp(0), APP, session, Completion::GUARDED)?;
    let _ = engine.run_cleanup(Timestamp(0), APP, session, NonZeroU64::MAX)?;
    for change in engine.changes().filter(|change| matches!(change.fact, Fact::RecordDeactivated { .. })) {
        println!("           who left: {}", engine.display(&change));
    }
    Ok(())
}

fn save_and_load(engine: &Engine) -> Result<()> {
    let saved = postcard::to_allocvec(&engine.snapshot())?;
    let begun = Instant::now();
    let snapshot: Snapshot = postcard::from_bytes(&saved)?;
    let loaded = Engine::restore(Config::new(), snapshot)?;
    let took = begun.elapsed();
    if loaded.digest() != engine.digest() {
        return Err("the digests differ".into());
    }
    println!("Afterwards {} bytes hold all of it, and were loaded and checked in {took:.1?}", saved.len());
    Ok(())
}
