//! What headcount does in ten lines, then the walk-through of the sync guide, call by call, and what comes after the first
//! day.
//!
//! `cargo run --release -p headcount-quickstart`
//!
//! [`Host`] is what a service puts around the engine: a clock, a source of ids, and bodies of requests
//! that become commands. The functions here are a connector's calls, in the order of the guide; those in
//! [`mod@nights`] are of nights on which something is wrong.

mod host;
mod in_short;
mod nights;
mod print;

use std::num::NonZeroU64;

use headcount::{
    AppId, AppUpdate, AppView, Completion, Config, Engine, Guard, RecordFilter, Scope, Snapshot, Uuid,
};
use serde_json::{Value, json};

use host::{Host, NewType, Result};
use in_short::in_short;
use nights::nights;
use print::{heading, print_refusal, rfc3339};

fn main() -> Result<()> {
    in_short()?;
    let mut host = Host::new("2025-01-15T10:00:00Z")?;
    let hr = getting_started(&mut host)?;
    host.wait_until("2025-01-15T11:00:00Z")?;
    cloning_apps(&mut host)?;
    host.wait_until("2025-01-16T10:00:00Z")?;
    second_roll_call(&mut host, hr)?;
    nothing_new(&mut host, hr)?;
    bad_page(&mut host, hr)?;
    nights(&mut host, hr)?;
    save_and_load(&host.engine)
}

fn getting_started(host: &mut Host) -> Result<AppId> {
    heading("GETTING STARTED. Step 1: create an app");
    let app = host.create_app(include_str!("../data/app.json"))?;
    println!("Created app: {app}");
    host.print_app(app)?;

    heading("Step 2: register resource types");
    for body in [include_str!("../data/type-team.json"), include_str!("../data/type-account.json")] {
        host.register(app, &serde_json::from_str(body)?)?;
    }
    host.print_type(app, "team")?;

    heading("Step 3: start a sync session");
    let session = host.start(app, &Scope::All)?;

    heading("Step 4: push resource data, groups before accounts");
    let reply = host.push(app, session, "team", include_str!("../data/teams.json"))?;
    println!("Groups synced: {reply}");
    let reply = host.push(app, session, "account", include_str!("../data/accounts.json"))?;
    println!("Accounts synced: {reply}");

    heading("Step 5: complete the sync");
    host.complete(app, session, Completion::GUARDED)?;

    heading("Step 6: poll for completion");
    host.print_session(app, session)?;
    println!("... a step of the cleanup later:");
    host.clean_up(app, session, NonZeroU64::MAX)?;
    host.print_session(app, session)?;
    host.print_progress(app, session)?;

    heading("The guide's complete example, an app of its own");
    let example = host.create_app(include_str!("../data/app.json"))?;
    for body in [include_str!("../data/type-team.json"), include_str!("../data/type-account.json")] {
        host.register(example, &serde_json::from_str(body)?)?;
    }
    let teams = include_str!("../data/example-teams.json");
    let accounts = include_str!("../data/example-accounts.json");
    host.sync(example, &[("team", teams), ("account", accounts)])?;
    println!("Done!");
    pagination(host, example)?;
    Ok(app)
}

fn pagination(host: &mut Host, app: AppId) -> Result<()> {
    heading("Pagination, in a session for teams alone: the accounts are left as they are");
    let session = host.start(app, &Scope::types(["team"]))?;
    let teams: Vec<Value> =
        (1..=250).map(|n| json!({"id": format!("g{n}"), "name": format!("Team {n}")})).collect();
    for (number, page) in (1..).zip(teams.chunks(100)) {
        let body = json!({"records": page}).to_string();
        println!("  Page {number}: {}", host.push(app, session, "team", &body)?);
    }
    host.finish(app, session)
}

fn cloning_apps(host: &mut Host) -> Result<()> {
    heading("CLONING APPS: apps that share resource types, each with its own records");
    let engineering = host.create_app(include_str!("../data/jira.json"))?;
    let types: Vec<NewType> = serde_json::from_str(include_str!("../data/jira-types.json"))?;
    for new in &types {
        host.register(engineering, new)?;
    }
    let legal = clone_app(host, "Jira - Legal", engineering)?;
    let finance = clone_app(host, "Jira - Finance", engineering)?;
    host.print_app(legal)?;

    heading("Each clone syncs its own data");
    for (app, projects, accounts) in [
        (
            engineering,
            include_str!("../data/engineering-projects.json"),
            include_str!("../data/engineering-accounts.json"),
        ),
        (legal, include_str!("../data/legal-projects.json"), include_str!("../data/legal-accounts.json")),
    ] {
        host.sync(app, &[("project", projects), ("account", accounts)])?;
    }

    heading("A type registered through one clone is there in all of them");
    let license: NewType = serde_json::from_str(include_str!("../data/jira-license-type.json"))?;
    host.register(legal, &license)?;
    for app in [engineering, legal, finance] {
        print_clone(host.app(app)?);
    }

    heading("What the guide says of errors, and of deleting the parent");
    print_refusal(host.register(engineering, &license))?;
    print_refusal(clone_app(host, "Jira - Sales", AppId(Uuid::nil())))?;
    let now = host.now();
    host.engine.delete_app(now, engineering)?;
    println!("Deleted: Jira - Engineering");
    print_clone(host.app(legal)?);
    Ok(())
}

fn clone_app(host: &mut Host, name: &str, clone_from: AppId) -> Result<AppId> {
    let clone = host.create_app(&json!({"name": name, "clone_from": clone_from}).to_string())?;
    println!("Created clone: {name} ({clone})");
    Ok(clone)
}

fn print_clone(app: AppView<'_>) {
    let slugs: Vec<&str> = app.resource_types().map(|found| found.slug()).collect();
    let accounts: Vec<&str> =
        app.records("account", RecordFilter::Active).into_iter().flatten().map(|found| found.id()).collect();
    println!("{}: types {slugs:?}, accounts {accounts:?}", app.name());
}

fn second_roll_call(host: &mut Host, app: AppId) -> Result<()> {
    heading("THE NEXT DAY. Bob left, Dana came, and a guard is set: no more than 25% may go at once");
    let guard = Guard::NONE.with_max_percent(25);
    let now = host.now();
    host.engine.update_app(now, app, &AppUpdate::default().with_guard(guard))?;
    let session = host.start(app, &Scope::All)?;

    heading("Accounts first: they refer to a team g4 that nobody has pushed yet");
    let reply = host.push(app, session, "account", include_str!("../data/second-accounts.json"))?;
    println!("Accounts synced: {reply}");
    host.print_changes();

    heading("The connector completes too early: the guard refuses, and nothing has happened");
    host.print_preview(app, session)?;
    print_refusal(host.complete(app, session, Completion::GUARDED))?;

    heading("So it pushes the teams that were missing, and g4 is filled in");
    let reply = host.push(app, session, "team", include_str!("../data/second-teams.json"))?;
    println!("Groups synced: {reply}");
    host.print_changes();
    host.print_preview(app, session)?;
    print_refusal(host.complete(app, session, Completion::GUARDED))?;

    heading("Somebody looks at the preview, and says that it is right: complete by force");
    host.complete(app, session, Completion::FORCED)?;
    host.print_changes();
    loop {
        let status = host.clean_up(app, session, NonZeroU64::MIN)?;
        println!("A cleanup step with a budget of one record; the session is {status}");
        host.print_changes();
        if status.has_ended() {
            break;
        }
    }
    host.print_progress(app, session)?;
    print_membership(host.app(app)?)
}

fn print_membership(app: AppView<'_>) -> Result<()> {
    let research = app.record("team", "g4").ok_or("no such record")?;
    let members: Vec<&str> = research.members().filter_map(|account| account.email()).collect();
    println!("Members of {}: {members:?}", research.name().unwrap_or("(nameless)"));
    let bob = app.record("account", "u2").ok_or("no such record")?;
    let since = bob.inactive_since().ok_or("Bob is still active")?;
    println!("Bob is still on record, inactive since {}", rfc3339(since)?);
    Ok(())
}

fn nothing_new(host: &mut Host, app: AppId) -> Result<()> {
    heading("The same roll again: everything unchanged, nobody gone");
    let teams = include_str!("../data/second-teams.json");
    let accounts = include_str!("../data/second-accounts.json");
    let session = host.sync(app, &[("team", teams), ("account", accounts)])?;
    let counts = host.app(app)?.session(session).ok_or("no such session")?.counts();
    println!(
        "{} updated, of them {} unchanged; {} gone",
        counts.updated, counts.unchanged, counts.deactivated
    );
    Ok(())
}

fn bad_page(host: &mut Host, app: AppId) -> Result<()> {
    heading("A page with faults is refused whole, and every fault is told");
    let session = host.start(app, &Scope::All)?;
    print_refusal(host.push(app, session, "account", include_str!("../data/faulty-accounts.json")))?;
    let now = host.now();
    host.engine.abandon_session(now, app, session)?;
    println!("Abandoned the session: nobody was marked inactive");
    Ok(())
}

fn save_and_load(engine: &Engine) -> Result<()> {
    heading("SAVE AND LOAD: the whole engine, in any serde format");
    let saved = postcard::to_allocvec(&engine.snapshot())?;
    println!("saved {} bytes, digest {:032x}", saved.len(), engine.digest());
    let snapshot: Snapshot = postcard::from_bytes(&saved)?;
    let loaded = Engine::restore(Config::new().with_hash_key(*b"another key here"), snapshot)?;
    println!("loaded, all rules checked, digest {:032x}", loaded.digest());
    if loaded.digest() != engine.digest() {
        return Err("the digests differ".into());
    }
    Ok(())
}
