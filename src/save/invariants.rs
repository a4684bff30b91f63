//! The rules that always hold (SPEC 10), as far as they can be seen in a state: for tests after every
//! step, for what a snapshot brings, and for a host that wants to know.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::Engine;
use crate::state::app::{App, GroupNumber};
use crate::state::registry::Registry;
use crate::state::session::{Cursor, Session, SessionStatus};
use crate::state::task::{Ending, Task};
use crate::store::{Slot, Table};
use crate::values::change::RowKey;
use crate::values::limits::Limits;
use crate::values::record::Kind;
use crate::values::text::Rule;

/// A rule that the state breaks. An engine that was only ever given commands breaks none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SPEC {rule} is broken: {detail}")]
#[non_exhaustive]
pub struct BrokenInvariant {
    /// The section of SPEC.
    pub rule: &'static str,
    /// Where, and how.
    pub detail: String,
}

impl BrokenInvariant {
    pub(crate) const fn new(rule: &'static str, detail: String) -> Self {
        Self { rule, detail }
    }
}

type Checked = Result<(), BrokenInvariant>;

fn ensure(holds: bool, rule: &'static str, detail: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(BrokenInvariant::new(rule, detail())) }
}

impl Engine {
    /// Checks the whole state against every rule of SPEC 10 that shows in a state. Costs a few passes
    /// over all records and references.
    ///
    /// # Errors
    /// The first rule that is found broken.
    pub fn check_invariants(&self) -> Result<(), BrokenInvariant> {
        let with_apps: BTreeSet<GroupNumber> = self.apps.values().map(|app| app.group).collect();
        for (number, registry) in &self.groups {
            ensure(with_apps.contains(number), "10.1", || "a clone group has no app".into())?;
            check_registry(registry)?;
        }
        let sum = |of: fn(&App) -> usize| self.apps.values().map(of).sum::<usize>();
        let ids = &self.ids;
        let types = self.groups.values().map(|registry| registry.types().len()).sum::<usize>();
        let are_noted = ids.resource_types.len() == types
            && ids.sessions.len() == sum(|app| app.sessions.len())
            && ids.tasks.len() == sum(|app| app.tasks.len());
        ensure(are_noted, "2", || "the ids in use are not those of the things".into())?;
        for (id, app) in &self.apps {
            let registry = self.groups.get(&app.group);
            let registry =
                registry.ok_or_else(|| BrokenInvariant::new("10.1", format!("{id} has no group")))?;
            check_app(app, registry).map_err(|broken| BrokenInvariant {
                detail: format!("app {id}: {}", broken.detail),
                ..broken
            })?;
        }
        Ok(())
    }
}

/// Texts are held to the ceilings of the limits: what was pushed under limits of before may stay.
fn check_text(rule: Rule, what: &str, text: &str) -> Checked {
    match rule.fault(text) {
        None => Ok(()),
        Some(code) => Err(BrokenInvariant::new("3.3", format!("{what}: {code}"))),
    }
}

const NAME: Rule = Rule::Required { chars_max: Limits::CEILINGS.text_chars_max };
const TEXT: Rule = Rule::Optional { chars_max: Limits::CEILINGS.text_chars_max };
const OPAQUE: Rule = Rule::Opaque { bytes_max: Limits::CEILINGS.opaque_bytes_max };
const REQUIRED_OPAQUE: Rule = Rule::RequiredOpaque { bytes_max: Limits::CEILINGS.opaque_bytes_max };

fn check_registry(registry: &Registry) -> Checked {
    let mut slugs = BTreeSet::new();
    for (number, resource_type) in (0..).zip(registry.types()) {
        let slug = resource_type.slug();
        check_text(Rule::Slug { chars_max: Limits::CEILINGS.slug_chars_max }, "a slug", slug)?;
        check_text(NAME, "a resource type's name", resource_type.name())?;
        ensure(slugs.insert(slug), "10.1", || format!("the slug {slug} stands twice"))?;
        let found = registry.find(slug).map(|(number, _)| number);
        ensure(found == Some(number), "10.1", || format!("the slug {slug} leads to another type"))?;
    }
    Ok(())
}

fn check_app(app: &App, registry: &Registry) -> Checked {
    check_text(NAME, "an app's name", &app.name)?;
    let percent = app.guard.max_percent.unwrap_or(0);
    ensure(percent <= 100, "4.8", || format!("the guard's percentage is {percent}"))?;
    ensure(app.tables.len() <= registry.types().len(), "10.3", || "a table has no resource type".into())?;
    let referrers = count_referrers(app, registry)?;
    for ((number, table), referrers) in (0..).zip(&app.tables).zip(&referrers) {
        check_table(table, number, registry, referrers)?;
    }
    for (at, session) in app.sessions.iter().enumerate() {
        let is_newest = at + 1 == app.sessions.len();
        ensure(is_newest || session.status.has_ended(), "10.2", || "an earlier session is open".into())?;
        check_session(session, app, registry)?;
    }
    check_roll(app, registry)?;
    app.tasks.values().try_for_each(|task| check_task(task, registry))
}

/// By table and row, the active accounts that refer to it; each reference is checked on the way.
fn count_referrers(app: &App, registry: &Registry) -> Result<Vec<Vec<u32>>, BrokenInvariant> {
    let mut referrers: Vec<Vec<u32>> =
        app.tables.iter().map(|table| alloc::vec![0; table.len() as usize]).collect();
    let mut targets: Vec<RowKey> = Vec::new();
    for (number, table) in (0..).zip(&app.tables) {
        let is_account = registry.get(number).is_some_and(|found| found.kind() == Kind::Account);
        for row in 0..table.len() {
            targets.clear();
            targets.extend(table.stored(row).references());
            ensure(is_account || targets.is_empty(), "10.3", || "a record that is no account refers".into())?;
            targets.sort_unstable();
            let is_set = targets.windows(2).all(|pair| pair[0] != pair[1]);
            ensure(is_set, "3.4", || "an account refers to a record twice".into())?;
            for target in &targets {
                let kind = registry.get(target.table).map(|found| found.kind());
                ensure(kind.is_some_and(|kind| kind != Kind::Account), "10.3", || {
                    "a reference is of no kind".into()
                })?;
                let counted = referrers
                    .get_mut(target.table as usize)
                    .and_then(|rows| rows.get_mut(target.row as usize));
                let Some(counted) = counted else {
                    return Err(BrokenInvariant::new("10.3", "a reference points at no record".into()));
                };
                *counted += u32::from(table.active().contains(row));
            }
        }
    }
    Ok(referrers)
}

fn check_table(table: &Table, number: u32, registry: &Registry, referrers: &[u32]) -> Checked {
    let kind = registry.get(number).map_or(Kind::Account, |found| found.kind());
    for (row, &referrers) in (0..table.len()).zip(referrers) {
        let id = table.stored(row).text(Slot::Id);
        let is_placeholder = table.placeholder().contains(row);
        let is_active = table.active().contains(row);
        let at = || format!("record {id:?} of type {number}");
        check_text(Rule::Required { chars_max: Limits::CEILINGS.id_chars_max }, "an id", id)?;
        if kind == Kind::Account {
            check_account(table, row)?;
        } else {
            check_group(table, row)?;
        }
        ensure(table.referrers(row) == referrers, "3.6", || format!("{}: referrers miscounted", at()))?;
        ensure(!is_placeholder || is_active || referrers == 0, "4.3", || format!("{} is referred to", at()))?;
        let is_full = is_active && !is_placeholder;
        ensure(!table.seen().contains(row) || is_full, "4.2", || format!("{} was pushed", at()))?;
    }
    Ok(())
}

fn check_account(table: &Table, row: u32) -> Checked {
    let stored = table.stored(row);
    let [_, email, username, first, last, display] = stored.texts();
    ensure(!table.placeholder().contains(row), "1", || "an account is a placeholder".into())?;
    ensure(!email.is_empty() || !username.is_empty(), "3.3", || "an account has no login".into())?;
    check_text(Rule::Email { chars_max: Limits::CEILINGS.text_chars_max }, "an email", email)?;
    [username, first, last, display].into_iter().try_for_each(|text| check_text(TEXT, "an account", text))
}

fn check_group(table: &Table, row: u32) -> Checked {
    let stored = table.stored(row);
    let [_, name, description, rest @ ..] = stored.texts();
    let is_plain = rest.iter().all(|text| text.is_empty()) && stored.status() == crate::AccountStatus::Active;
    ensure(is_plain, "3.3", || "a group or license has fields of an account".into())?;
    if table.placeholder().contains(row) {
        ensure(description.is_empty(), "3.6", || "a placeholder has a description".into())?;
        check_text(TEXT, "a placeholder's name", name)
    } else {
        check_text(NAME, "a name", name)?;
        let rule = Rule::Optional { chars_max: Limits::CEILINGS.description_chars_max };
        check_text(rule, "a description", description)
    }
}

fn check_session(session: &Session, app: &App, registry: &Registry) -> Checked {
    let counts = &session.counts;
    let types = registry.types().len();
    let status = session.status;
    ensure(session.ended_at.is_some() == status.has_ended(), "5", || "an ended_at is wrong".into())?;
    ensure(session.reason.is_some() == (status == SessionStatus::Error), "2", || "a reason is wrong".into())?;
    check_text(OPAQUE, "a reason", session.reason.as_deref().unwrap_or_default())?;
    let is_cleaned = matches!(status, SessionStatus::Completing | SessionStatus::Completed);
    ensure(is_cleaned || counts.deactivated == 0, "10.5", || format!("{status}, yet it deactivated"))?;
    ensure(is_cleaned || session.cursor == Cursor::default(), "10.5", || format!("{status}, yet cleaned"))?;
    let is_within = session.cursor.table as usize <= types || status.has_ended();
    ensure(is_within, "4.6", || "a cleanup is beyond the types".into())?;
    let parts = [counts.unchanged, counts.reactivated, counts.filled]
        .iter()
        .try_fold(0_u64, |a, b| a.checked_add(*b));
    ensure(parts.is_some_and(|parts| parts <= counts.updated), "10.8", || "parts exceed the updated".into())?;
    let pushed = counts.created.checked_add(counts.updated);
    let synced = session.synced.iter().try_fold(0_u64, |a, b| a.checked_add(*b));
    let fits = pushed.zip(synced).is_some_and(|(pushed, synced)| synced <= pushed);
    ensure(fits && session.synced.len() <= types, "10.8", || "more was synced than pushed".into())?;
    if let Some(scope) = &session.scope {
        let is_set = scope.windows(2).all(|pair| pair[0] < pair[1]);
        let is_known = scope.last().is_some_and(|&last| (last as usize) < types);
        ensure(is_set && is_known, "4.5", || "a scope is no set of types".into())?;
    }
    let is_synced = status != SessionStatus::Completed || app.last_synced_at.is_some();
    ensure(is_synced, "4.1", || "a session completed, but the app was never synced".into())
}

/// The seen bits are those of the open session, and what its cleanup passed holds nothing stale.
fn check_roll(app: &App, registry: &Registry) -> Checked {
    let open = app.open_session();
    for number in 0..registry.types().len() as u32 {
        let synced = open.map_or(0, |session| session.synced(number));
        let seen = app.table(number).map_or(0, |table| table.seen().ones());
        ensure(seen == synced, "10.8", || format!("type {number}: synced_count is not what was seen"))?;
    }
    let Some(session) = open.filter(|session| session.status == SessionStatus::Completing) else {
        return Ok(());
    };
    for (number, table) in (0..).zip(&app.tables).filter(|(number, _)| session.covers(*number)) {
        let is_account = registry.get(number).is_some_and(|found| found.kind() == Kind::Account);
        let passed = rows_passed(session.cursor, number, is_account, table.len());
        let is_stale = |row: u32| {
            table.stale_word(row as usize / 64) >> (row % 64) & 1 == 1
                && !(table.placeholder().contains(row) && table.referrers(row) > 0)
        };
        ensure(!(0..passed).any(is_stale), "10.4", || format!("type {number}: the cleanup left a record"))?;
    }
    Ok(())
}

/// How many rows of a table a cleanup has passed.
fn rows_passed(cursor: Cursor, number: u32, is_account: bool, rows: u32) -> u32 {
    match (is_account, cursor.accounts_done) {
        (true, true) => rows,
        (false, false) => 0,
        _ if number < cursor.table => rows,
        _ if number == cursor.table => cursor.row.min(rows),
        _ => 0,
    }
}

fn check_task(task: &Task, registry: &Registry) -> Checked {
    ensure(registry.get(task.table).is_some(), "6", || "a task has no resource type".into())?;
    check_text(OPAQUE, "a payload", task.payload.as_deref().unwrap_or_default())?;
    match &task.ending {
        None => Ok(()),
        Some((_, Ending::Completed { result })) => {
            check_text(OPAQUE, "a result", result.as_deref().unwrap_or_default())
        }
        Some((_, Ending::Failed { code, message })) => {
            check_text(REQUIRED_OPAQUE, "an error's code", code)?;
            check_text(REQUIRED_OPAQUE, "an error's message", message)
        }
    }
}
