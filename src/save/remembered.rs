//! The pages that are remembered by their fingerprints: hashed, checked, saved and loaded.

use alloc::format;

use crate::state::State;
use crate::store::{RememberedPages, Table};
use crate::values::{Checked, DigestHasher, Limits, PageLimits, ensure};

/// Hashes what tables remember: of the pages of each the sum of their hashes, so that it can be kept. A state without
/// any hashes as before there were such.
pub(super) fn digest(state: &State, hasher: &mut DigestHasher) {
    for (number, (_, app)) in (0_u64..).zip(state.apps.iter()) {
        for (of, table) in app.store().tables().filter(|(_, table)| !table.remembered().is_empty()) {
            let pages = table.remembered();
            hasher.bytes(b"sum of remembered pages");
            hasher.u64(number);
            hasher.u32(of.0);
            pages.checked_under().each().into_iter().for_each(|limit| hasher.u32(limit));
            hasher.u64(pages.len() as u64);
            hasher.u128(pages.sum());
        }
    }
}

/// Checks the remembered pages of a table.
pub(super) fn check(table: &Table) -> Checked {
    let pages = table.remembered();
    ensure(pages.is_sum_true(), "9", || "the kept sum of remembered pages is not theirs")?;
    if pages.is_empty() {
        return Ok(());
    }
    check_limits(pages)?;
    ensure(pages.are_disjoint(table.rows()), "3.9", || "remembered pages are not apart")?;
    for (fingerprint, runs) in pages.iter() {
        let at = || format!("the remembered page {fingerprint}");
        let are_full = runs.iter().flat_map(|run| run.rows()).all(|row| {
            row.0 < table.rows() && table.active().contains(row) && !table.placeholder().contains(row)
        });
        ensure(are_full, "3.9", || format!("{} has a record that no push left so", at()))?;
        let records: u64 = runs.iter().map(|run| u64::from(run.len)).sum();
        let records_max = u64::from(pages.checked_under().records_per_page);
        ensure(records <= records_max, "3.2", || format!("{} has too many records", at()))?;
    }
    Ok(())
}

fn check_limits(pages: &RememberedPages) -> Checked {
    let (limits, ceilings) = (pages.checked_under(), PageLimits::of(&Limits::CEILINGS));
    let are_limits = limits.are_within(&ceilings) && !limits.each().contains(&0);
    ensure(are_limits, "1", || "no engine has the limits that a page was held to")
}

#[cfg(feature = "serde")]
pub(super) use saved::{SavedPages, SavedRun};

#[cfg(feature = "serde")]
mod saved {
    use alloc::vec::Vec;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::store::{Row, Run, TypeIndex};
    use crate::values::{BrokenInvariant, Fingerprint};

    /// What a snapshot holds of the pages of one type of one app.
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename = "RememberedPages")]
    pub(in crate::save) struct SavedPages {
        /// The place of the app in the order of apps.
        pub(in crate::save) app: u64,
        pub(in crate::save) of: TypeIndex,
        checked_under: PageLimits,
        pages: Vec<SavedPage>,
    }

    /// A page, and the rows of its records as the fewest runs.
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename = "RememberedPage")]
    struct SavedPage(Fingerprint, Vec<SavedRun>);

    /// The first row, and how many there are.
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename = "Run")]
    pub(in crate::save) struct SavedRun(Row, u32);

    impl From<Run> for SavedRun {
        fn from(Run { first, len }: Run) -> Self {
            Self(first, len)
        }
    }

    impl From<SavedRun> for Run {
        fn from(SavedRun(first, len): SavedRun) -> Self {
            Self { first, len }
        }
    }

    impl SavedPages {
        /// Of all apps, by app and type.
        pub(in crate::save) fn all(state: &State) -> Vec<Self> {
            let mut saved = Vec::new();
            for (app, (_, of_app)) in (0..).zip(state.apps.iter()) {
                let tables = of_app.store().tables();
                let used = tables.filter(|(_, table)| !table.remembered().is_empty());
                saved.extend(used.map(|(of, table)| Self::of(app, of, table.remembered())));
            }
            saved
        }

        fn of(app: u64, of: TypeIndex, pages: &RememberedPages) -> Self {
            let saved_runs = |runs: &[Run]| runs.iter().map(|run| SavedRun::from(*run)).collect();
            Self {
                app,
                of,
                checked_under: pages.checked_under(),
                pages: pages.iter().map(|(page, runs)| SavedPage(page, saved_runs(runs))).collect(),
            }
        }

        /// The pages of a table with so many rows.
        ///
        /// # Errors
        /// If they are none that it could remember, as far as rows and fingerprints tell.
        pub(in crate::save) fn load(self, rows: u32) -> Result<RememberedPages, BrokenInvariant> {
            let Self { app: _, of: _, checked_under, pages } = self;
            ensure(!pages.is_empty(), "9", || "it remembers no page, and says so")?;
            let mut loaded = RememberedPages::under(checked_under);
            for SavedPage(fingerprint, runs) in pages {
                let runs: Vec<Run> = runs.into_iter().map(Run::from).collect();
                let is_added = loaded.load(fingerprint, runs.into_boxed_slice(), rows);
                ensure(is_added, "3.9", || format!("the remembered page {fingerprint} has other rows"))?;
            }
            Ok(loaded)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Draft, Row, Store, TypeIndex};
    use crate::values::{Fingerprint, HashKey, Kind};

    /// No snapshot tells of such pages: loading refuses before.
    #[test]
    fn a_page_of_rows_that_are_not_there_is_found() {
        let (of, mut store, key) = (TypeIndex(0), Store::default(), HashKey::new(&[0; 16]));
        let draft = Draft { texts: ["u1", "", "x", "", "", ""], ..Draft::default() };
        store.insert(of, Kind::Account, key.id("u1"), &draft);
        let limits = PageLimits::of(&Limits::default());
        for (rows, found) in
            [(&[Row(0)][..], Ok(())), (&[Row(0), Row(5)], Err("remembered pages are not apart"))]
        {
            store.remember(of, Fingerprint(1), limits, rows);
            let checked = check(store.table(of).expect("a table"));
            assert_eq!(
                checked.as_ref().map_err(|broken| &*broken.detail),
                found.as_ref().map_err(|words| *words)
            );
        }
    }
}
