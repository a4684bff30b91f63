//! The records of one table, checked against the rules.

use alloc::format;
use alloc::vec::Vec;

use crate::state::Registry;
use crate::store::{Row, RowKey, Slot, Store, Table, TypeIndex};
use crate::values::{AccountStatus, BrokenInvariant, Checked, Kind, Limits, Rule, ensure, ensure_text};

/// By type and row, the active accounts that refer to it, and how many references there are; each is
/// checked on the way.
pub(super) fn count_referrers(
    store: &Store,
    registry: &Registry,
) -> Result<(Vec<Vec<u32>>, u64), BrokenInvariant> {
    let mut references = 0;
    let mut referrers: Vec<Vec<u32>> =
        store.tables().map(|(_, table)| alloc::vec![0; table.len() as usize]).collect();
    let mut targets: Vec<RowKey> = Vec::new();
    for (of, table) in store.tables() {
        let is_account = registry.is_account(of);
        for row in Row::first(table.len()) {
            targets.clear();
            targets.extend(table.stored(row).references());
            check_references(&mut targets, is_account, store, registry)?;
            references += targets.len() as u64;
            if table.active().contains(row) {
                for target in &targets {
                    referrers[target.of.at()][target.row.at()] += 1;
                }
            }
        }
    }
    Ok((referrers, references))
}

fn check_references(targets: &mut [RowKey], is_account: bool, store: &Store, registry: &Registry) -> Checked {
    ensure(is_account || targets.is_empty(), "10.3", || "a record that is no account refers")?;
    let references_max = Limits::CEILINGS.references_per_account_max as usize;
    ensure(targets.len() <= references_max, "3.3", || "an account has more references than it can")?;
    targets.sort_unstable();
    let is_set = targets.windows(2).all(|pair| pair[0] != pair[1]);
    ensure(is_set, "3.4", || "an account refers to a record twice")?;
    for target in targets {
        let is_target = registry.get(target.of).is_some_and(|of| of.kind() != Kind::Account);
        ensure(is_target, "10.3", || "a reference is of no kind")?;
        let is_there = store.table(target.of).is_some_and(|table| target.row.0 < table.len());
        ensure(is_there, "10.3", || "a reference points at no record")?;
    }
    Ok(())
}

/// Checks the records of a table, given its referrers as they were counted.
pub(super) fn check(table: &Table, index: TypeIndex, registry: &Registry, referrers: &[u32]) -> Checked {
    let is_account = registry.is_account(index);
    let mut bytes = 0;
    for (row, &referrers) in Row::first(table.len()).zip(referrers) {
        let stored = table.stored(row);
        let (id, is_placeholder) = (stored.text(Slot::Id), table.placeholder().contains(row));
        let is_active = table.active().contains(row);
        let at = || format!("record {id:?} of type {}", index.0);
        ensure_text(Rule::Required { chars_max: Limits::CEILINGS.id_chars_max }, "an id", id)?;
        let checked = if is_account { check_account(table, row) } else { check_group(table, row) };
        checked.map_err(|broken| broken.within(at()))?;
        ensure(table.referrers(row) == referrers, "3.6", || format!("{}: referrers miscounted", at()))?;
        ensure(!is_placeholder || is_active || referrers == 0, "4.3", || format!("{} is referred to", at()))?;
        let is_full = is_active && !is_placeholder;
        ensure(!table.seen().contains(row) || is_full, "4.2", || format!("{} was pushed", at()))?;
        bytes += stored.bytes();
    }
    ensure(table.bytes() == bytes, "3.2", || format!("type {}: its bytes are miscounted", index.0))?;
    table.check_sums()
}

fn check_account(table: &Table, row: Row) -> Checked {
    let [_, email, username, first, last, display] = table.stored(row).texts();
    ensure(!table.placeholder().contains(row), "1", || "an account is a placeholder")?;
    ensure(!email.is_empty() || !username.is_empty(), "3.3", || "an account has no login")?;
    ensure_text(Rule::Email { chars_max: Limits::CEILINGS.text_chars_max }, "an email", email)?;
    let rule = Rule::Optional { chars_max: Limits::CEILINGS.text_chars_max };
    [username, first, last, display].into_iter().try_for_each(|text| ensure_text(rule, "an account", text))
}

fn check_group(table: &Table, row: Row) -> Checked {
    let stored = table.stored(row);
    let [_, name, description, rest @ ..] = stored.texts();
    let is_plain = rest.iter().all(|text| text.is_empty()) && stored.status() == AccountStatus::Active;
    ensure(is_plain, "3.3", || "a group or license has fields of an account")?;
    let chars_max = Limits::CEILINGS.text_chars_max;
    if table.placeholder().contains(row) {
        ensure(description.is_empty(), "3.6", || "a placeholder has a description")?;
        ensure_text(Rule::Optional { chars_max }, "a placeholder's name", name)
    } else {
        ensure_text(Rule::Required { chars_max }, "a name", name)?;
        let rule = Rule::Optional { chars_max: Limits::CEILINGS.description_chars_max };
        ensure_text(rule, "a description", description)
    }
}

/// Whether a page could bring the records of a table under these limits.
#[cfg(feature = "serde")]
pub(super) fn are_within(table: &Table, is_account: bool, limits: &Limits) -> bool {
    let second_max = if is_account { limits.text_chars_max } else { limits.description_chars_max };
    let chars_max = |slot| match slot {
        Slot::Id => limits.id_chars_max,
        Slot::UsernameOrDescription => second_max,
        _ => limits.text_chars_max,
    };
    Row::first(table.len()).all(|row| {
        let stored = table.stored(row);
        let fits = |slot| {
            let max = chars_max(slot) as usize;
            // No text has more characters than bytes, so most need no counting.
            stored.slot(slot).len() <= max || stored.text(slot).chars().nth(max).is_none()
        };
        Slot::ALL.into_iter().all(fits)
            && stored.references().count() <= limits.references_per_account_max as usize
    })
}
