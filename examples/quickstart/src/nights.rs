//! Nights on which something is wrong at the source, or with the connector, and nobody is offboarded by mistake.

use headcount::{AppId, AppUpdate, Completion, Guard, Plan, RecordFilter, Scope, SessionId};
use serde_json::json;

use crate::host::{Host, Result};
use crate::print::{heading, print_json, print_refusal};

const ACCOUNTS: &str = include_str!("../data/second-accounts.json");
const ALICE: &str = r#"{"records": [{"id": "u1", "email": "alice@acme.com", "first_name": "Alice", "last_name": "Smith-Lee",
    "memberships": {"team": [{"id": "g1"}, {"id": "g4"}]}}]}"#;
const BLANK: &str = r#"{"records": [{"id": "u1", "email": "alice@acme.com", "first_name": "Alice", "last_name": "Smith-Lee",
    "memberships": {"team": [{"id": "g1"}, {"id": "g4"}]}}, {"id": "u3", "email": "dana @acme.com"}]}"#;
const DANA: &str =
    r#"{"records": [{"id": "u3", "email": "dana@acme.com", "memberships": {"team": [{"id": "g4"}]}}]}"#;
const ERIK: &str =
    r#"{"records": [{"id": "u4", "email": "erik@acme.com", "memberships": {"team": [{"id": "g1"}]}}]}"#;
const TEAMS_WITHOUT_DESIGN: &str = r#"{"records": [{"id": "g1", "name": "Engineering"},
    {"id": "g4", "name": "Research", "description": "Looks further ahead"}]}"#;

pub(crate) fn nights(host: &mut Host, app: AppId) -> Result<()> {
    one_address_has_a_blank(host, app)?;
    teams_cannot_be_listed(host, app)?;
    somebody_is_asked(host, app)?;
    an_attribute_changes(host, app)?;
    events_come_in_the_middle_of_a_roll(host, app)
}

fn one_address_has_a_blank(host: &mut Host, app: AppId) -> Result<()> {
    heading(
        "THE NIGHTS AFTER. Dana's address has a blank: in a lenient page she is rejected alone, and stays",
    );
    host.wait_until("2025-01-17T02:00:00Z")?;
    let session = host.start(app, &Scope::types(["account"]))?;
    print_json(&host.push_lenient(app, session, "account", BLANK)?);
    host.print_preview(app, session)?;
    host.finish(app, session)
}

fn teams_cannot_be_listed(host: &mut Host, app: AppId) -> Result<()> {
    heading("The application answers 403 for its teams, and the connector says so");
    host.wait_until("2025-01-17T12:00:00Z")?;
    let session = host.start(app, &Scope::All)?;
    println!("Accounts synced: {}", host.push(app, session, "account", ACCOUNTS)?);
    host.print_preview(app, session)?;
    let now = host.now();
    host.engine.exclude_types(now, app, session, &["team"])?;
    println!("Excluded: team");
    host.print_changes();
    host.print_preview(app, session)?;
    host.finish(app, session)
}

fn somebody_is_asked(host: &mut Host, app: AppId) -> Result<()> {
    heading(
        "The next roll lists neither Dana (u3) nor the team Design (g2), and by a new guard nobody goes unasked",
    );
    host.wait_until("2025-01-18T02:00:00Z")?;
    let now = host.now();
    let update = AppUpdate::default().with_guard(Guard::NONE.with_max_count(0));
    host.engine.update_app(now, app, &update)?;
    let session = host.start(app, &Scope::All)?;
    println!("Groups synced: {}", host.push(app, session, "team", TEAMS_WITHOUT_DESIGN)?);
    println!("Accounts synced: {}", host.push(app, session, "account", ALICE)?);
    print_refusal(host.complete(app, session, Completion::GUARDED))?;
    host.print_preview(app, session)?;
    let looked_at = plan(host, app, session)?;

    heading(
        "Somebody approves that. But a late page names Dana: what was looked at is not what would happen",
    );
    println!("Accounts synced: {}", host.push(app, session, "account", DANA)?);
    print_refusal(host.complete(app, session, Completion::FORCED.with_plan(looked_at)))?;

    heading("They look again: Design was dissolved, and that is right");
    host.print_preview(app, session)?;
    let looked_at = plan(host, app, session)?;
    host.complete(app, session, Completion::FORCED.with_plan(looked_at))?;
    host.clean_up_all(app, session)
}

fn an_attribute_changes(host: &mut Host, app: AppId) -> Result<()> {
    heading("Dana's record has attributes now, and one of them changes: her department, and nothing else");
    host.wait_until("2025-01-19T02:00:00Z")?;
    let session = host.start(app, &Scope::types(["account"]))?;
    for department in ["Research", "Sales"] {
        let dana = format!(
            r#"{{"records": [{{"id": "u3", "email": "dana@acme.com", "memberships": {{"team": [{{"id": "g4"}}]}},
            "attributes": {{"department": "{department}", "cost_center": 4711}}}}]}}"#
        );
        println!("Dana synced, in {department}: {}", host.push(app, session, "account", &dana)?);
        host.print_changes();
    }
    println!("Alice synced: {}", host.push(app, session, "account", ALICE)?);
    host.finish(app, session)?;
    let dana = host.app(app)?.record("account", "u3").ok_or("no such record")?;
    for (name, value) in dana.attributes() {
        println!("  Dana's {name}: {}", json!(value));
    }
    Ok(())
}

fn events_come_in_the_middle_of_a_roll(host: &mut Host, app: AppId) -> Result<()> {
    heading(
        "The connector has read the accounts. Before it pushes them Dana leaves, Erik comes, and events tell of it",
    );
    host.wait_until("2025-01-20T02:00:00Z")?;
    let session = host.start(app, &Scope::types(["account"]))?;
    println!("Accounts deactivated: {}", host.deactivate(app, "account", &["u3"])?);
    host.print_changes();
    println!("Accounts upserted: {}", host.upsert(app, "account", ERIK)?);
    host.print_changes();

    heading(
        "Then it pushes what it read. The page is older than the events: Dana does not come back, and Erik stays",
    );
    println!("Accounts synced: {}", host.push(app, session, "account", ACCOUNTS)?);
    let counts = host.app(app)?.session(session).ok_or("no such session")?.counts();
    println!("{} updated, of them {} settled by an event and left alone", counts.updated, counts.settled);
    host.print_preview(app, session)?;
    host.finish(app, session)?;
    for account in host.app(app)?.records("account", RecordFilter::All).into_iter().flatten() {
        let state = if account.is_active() { "active" } else { "inactive" };
        println!("  {} is {state}", account.email().unwrap_or("(no email)"));
    }
    Ok(())
}

fn plan(host: &Host, app: AppId, session: SessionId) -> Result<Plan> {
    Ok(host.app(app)?.preview(session)?.plan())
}
