//! What is marked in open sessions beside what was seen: the rows that they retain, and what deltas settled. Saved and
//! loaded; what is settled is hashed and checked here too. Rows lie in the store, and ids with the session.

use alloc::format;

use crate::state::{App, SettledIds, State};
use crate::store::{Slot, Table, TypeIndex};
use crate::values::{Checked, DigestHasher, ensure};

/// Hashes the rows that are settled. A state without any hashes as before there were such. (Ids are hashed with their
/// session.)
pub(super) fn digest(state: &State, hasher: &mut DigestHasher) {
    for (number, (_, app)) in (0_u64..).zip(state.apps.iter()) {
        for (of, table) in app.store().tables().filter(|(_, table)| table.settled().ones() > 0) {
            hasher.bytes(b"settled rows");
            hasher.u64(number);
            hasher.u32(of.0);
            hasher.u64(table.settled().ones());
            (0..table.words()).for_each(|at| hasher.u64(table.settled().word(at)));
        }
    }
}

/// Checks what is settled, and that what a page left inactive is among it.
pub(super) fn check(app: &App) -> Checked {
    let open = app.sessions().open();
    let is_in_scope = |of| open.is_some_and(|session| session.scope().contains(of));
    for (of, table) in app.store().tables() {
        let at = |what| format!("type {}: a record is settled {what}", of.0);
        ensure(table.settled().ones() == 0 || is_in_scope(of), "3a.3", || {
            at("in no session, or out of scope")
        })?;
        for word in 0..table.words() {
            let (active, settled) = (table.active().word(word), table.settled().word(word));
            let full = table.record_word(word) & !table.placeholder().word(word);
            ensure(settled & !full == 0, "3a.3", || at("that is not there, or a placeholder"))?;
            let wrong = table.seen().word(word) & !active & !settled;
            ensure(wrong == 0 || !is_in_scope(of), "4.2", || {
                format!("type {}: a record was pushed, yet it is inactive", of.0)
            })?;
        }
    }
    open.map_or(Ok(()), |session| {
        session.settled_ids().iter().try_for_each(|(of, _)| {
            ensure(is_in_scope(of), "3a.3", || "an id is settled out of scope")?;
            let of_table = app.store().table(of).map(|table| check_ids(of, table, session.settled_ids()));
            of_table.unwrap_or(Ok(()))
        })
    })
}

/// No full record has a settled id. (Records are asked: a frozen copy finds no id.)
fn check_ids(of: TypeIndex, table: &Table, ids: &SettledIds) -> Checked {
    let mut full = table.record_rows().filter(|row| !table.placeholder().contains(*row));
    let has_one = full.any(|row| ids.contains(of, table.stored(row).text(Slot::Id)));
    ensure(!has_one, "3a.3", || format!("type {}: an id is settled of which there is a record", of.0))
}

#[cfg(feature = "serde")]
pub(super) use saved::SavedMarks;

#[cfg(feature = "serde")]
mod saved {
    use alloc::borrow::ToOwned;
    use alloc::collections::BTreeMap;
    use alloc::string::String;
    use alloc::vec::Vec;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::save::remembered::SavedRun;
    use crate::store::{Bits, Run};

    /// What a snapshot holds of what is marked of one type of one app, since format 5.
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename = "Marks")]
    pub(in crate::save) struct SavedMarks {
        /// The place of the app in the order of apps.
        pub(in crate::save) app: u64,
        pub(in crate::save) of: TypeIndex,
        /// The rows that are retained, as the fewest runs.
        retained: Vec<SavedRun>,
        /// Likewise, those that are settled.
        settled: Vec<SavedRun>,
        /// The ids that are settled, ascending.
        settled_ids: Vec<String>,
    }

    impl SavedMarks {
        /// Of all apps, by app and type.
        pub(in crate::save) fn all(state: &State) -> Vec<Self> {
            let mut saved = Vec::new();
            for (number, (_, app)) in (0..).zip(state.apps.iter()) {
                saved.extend(Self::of_app(number, app).into_values());
            }
            saved
        }

        fn of_app(number: u64, app: &App) -> BTreeMap<TypeIndex, Self> {
            let mut marks = BTreeMap::new();
            let empty = |of| Self {
                app: number,
                of,
                retained: Vec::new(),
                settled: Vec::new(),
                settled_ids: Vec::new(),
            };
            let runs = |bits: &Bits| Run::of_bits(bits).iter().map(|run| (*run).into()).collect();
            for (of, table) in app.store().tables() {
                if table.retained().ones() > 0 || table.settled().ones() > 0 {
                    let (retained, settled) = (runs(table.retained()), runs(table.settled()));
                    marks.insert(of, Self { retained, settled, ..empty(of) });
                }
            }
            let ids = app.sessions().open().map(|session| session.settled_ids().iter());
            for (of, ids) in ids.into_iter().flatten() {
                marks.entry(of).or_insert_with(|| empty(of)).settled_ids =
                    ids.map(ToOwned::to_owned).collect();
            }
            marks
        }

        /// Marks what is marked in the app.
        ///
        /// # Errors
        /// If it has no such records, or no session in which they could be marked.
        pub(in crate::save) fn load(self, app: &mut App) -> Checked {
            let Self { app: _, of, retained, settled, settled_ids } = self;
            let marks_some = !retained.is_empty() || !settled.is_empty() || !settled_ids.is_empty();
            ensure(marks_some, "9", || "it marks nothing, and says so")?;
            let runs = |saved: Vec<SavedRun>| -> Vec<Run> { saved.into_iter().map(Run::from).collect() };
            app.load_marks(of, (&runs(retained), &runs(settled)), &settled_ids)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Uuid;
    use crate::state::{CloneGroups, Registry, TypeScope};
    use crate::store::{Draft, Row};
    use crate::values::{Guard, HashKey, Kind, SessionId, Timestamp};

    const ACCOUNTS: TypeIndex = TypeIndex(0);
    const TEAMS: TypeIndex = TypeIndex(1);

    /// An app with an account.
    fn app() -> App {
        let key = HashKey::new(&[0; 16]);
        let group = CloneGroups::default().add(Registry::new(key));
        let mut app = App::new("App".into(), Timestamp(0), Guard::NONE, group);
        let draft = Draft { texts: ["u1", "", "x", "", "", ""], ..Draft::default() };
        app.store_and_session().0.insert(ACCOUNTS, Kind::Account, key.id("u1"), &draft);
        app
    }

    /// The same, with a session for teams alone.
    fn app_that_calls_teams() -> App {
        let (mut app, scope) = (app(), TypeScope::new(Some([TEAMS].into())));
        app.start_session(SessionId(Uuid::nil()), scope, Timestamp(0), 2, 100);
        app
    }

    /// No snapshot tells of such a thing: loading refuses before.
    #[test]
    fn what_is_settled_in_no_session_or_out_of_scope_is_found() {
        for mut app in [app(), app_that_calls_teams()] {
            assert_eq!(check(&app), Ok(()));
            app.store_and_session().0.settle(ACCOUNTS, &[Row(0)]);
            let broken = check(&app).expect_err("nobody settled it");
            assert_eq!(broken.detail, "type 0: a record is settled in no session, or out of scope");
        }
        let mut app = app_that_calls_teams();
        app.store_and_session().1.expect("a session").settle_id_of_any(ACCOUNTS, "u2");
        let broken = check(&app).expect_err("nobody settled it");
        assert_eq!(broken.detail, "an id is settled out of scope");
    }
}
