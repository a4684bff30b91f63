//! The rules that always hold, as far as they can be seen in a state: for tests after every step, for
//! what a snapshot brings, and for a host that wants to know.

use alloc::format;

use super::{marks, remembered};
use crate::engine::Engine;
use crate::state::{App, OpenSession, Registry};
use crate::store::{Row, Table, TypeIndex};
use crate::values::{BrokenInvariant, Checked, ensure};

impl Engine {
    /// Checks the whole state against every rule of [SPEC 10](crate::spec#10-rules-that-always-hold) that
    /// shows in a state. Costs a few passes over all records and references.
    ///
    /// # Errors
    /// The first rule that is found broken.
    pub fn check_invariants(&self) -> Result<(), BrokenInvariant> {
        let state = self.state();
        let mut references = 0;
        for (id, app) in state.apps.iter() {
            let checked = app.store().check(&state.groups.get(app.group()).registry().are_accounts());
            references += checked.map_err(|broken| broken.within(format!("app {id}")))?;
        }
        self.check_all_but_records(references)
    }

    /// Checks all that is no record, given how many references the records have, each of which was told by a change.
    pub(super) fn check_all_but_records(&self, references: u64) -> Checked {
        let (state, seq) = (self.state(), self.seq());
        state.groups.validate()?;
        self.check_ids()?;
        let mut told = references;
        for (id, app) in state.apps.iter() {
            let group = state.groups.get(app.group());
            let is_joined = state.apps.ordinal(id).is_some_and(|app| group.has(app));
            ensure(is_joined, "10.1", || format!("app {id} is not of its group"))?;
            let checked = check_app(app, group.registry(), seq);
            checked.map_err(|broken| broken.within(format!("app {id}")))?;
            told += app.changes_told();
        }
        told += self.resource_types() as u64;
        ensure(told <= seq, "7", || format!("the state took {told} changes, yet the newest is {seq}"))
    }

    fn resource_types(&self) -> usize {
        self.state().groups.iter().map(|(_, group)| group.registry().len()).sum()
    }

    /// The ids in use are those of the things that there are.
    fn check_ids(&self) -> Checked {
        let (state, ids) = (self.state(), &self.state().ids);
        let sum = |of: fn(&App) -> usize| state.apps.iter().map(|(_, app)| of(app)).sum::<usize>();
        let are_noted = ids.resource_types.len() == self.resource_types()
            && ids.sessions.len() == sum(|app| app.sessions().len())
            && ids.tasks.len() == sum(|app| app.tasks().len());
        ensure(are_noted, "2", || "the ids in use are not those of the things")
    }
}

fn check_app(app: &App, registry: &Registry, seq: u64) -> Checked {
    app.validate(registry, seq)?;
    for (of, table) in app.store().tables() {
        remembered::check(table).map_err(|broken| broken.within(format!("type {}", of.0)))?;
    }
    marks::check(app)?;
    app.sessions().open().map_or(Ok(()), |session| check_cleanup(session, app, registry))
}

/// What a cleanup passed holds no full record that is stale. (A placeholder may have lost who referred to it since.)
fn check_cleanup(session: &OpenSession, app: &App, registry: &Registry) -> Checked {
    let Some(cursor) = session.cursor() else { return Ok(()) };
    let rows = app.store().table(cursor.of).map_or(0, Table::rows);
    ensure(cursor.row.0 <= rows, "4.6", || "a cleanup is beyond the records")?;
    let in_scope = |of: &TypeIndex| session.scope().contains(*of);
    for (of, table) in app.store().tables().filter(|(of, _)| in_scope(of)) {
        let passed = cursor.rows_passed(of, registry.is_account(of), table.rows());
        let is_stale = |row: Row| {
            let stale = table.stale_word(row.at() / 64) & !table.placeholder().word(row.at() / 64);
            stale >> (row.0 % 64) & 1 == 1
        };
        let has_stale = Row::first(passed).any(is_stale);
        ensure(!has_stale, "10.4", || format!("type {}: the cleanup left a record", of.0))?;
    }
    Ok(())
}
