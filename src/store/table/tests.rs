//! What is kept beside the records, broken in turn: no snapshot holds it, so it is broken from within.

use alloc::string::ToString;

use super::*;
use crate::store::{RowKey, Store, TypeIndex};
use crate::values::{HashKey, Kind};

const ACCOUNTS: TypeIndex = TypeIndex(0);
const TEAMS: TypeIndex = TypeIndex(1);

/// Two teams, of which one is seen, and an account that refers to both; the sums of all are kept.
fn store() -> Store {
    let (mut store, key) = (Store::default(), HashKey::new(&[0; 16]));
    for id in ["g0", "g1"] {
        let draft = Draft { texts: [id, "Name", "", "", "", ""], ..Draft::default() };
        store.insert(TEAMS, Kind::Group, key.id(id), &draft);
    }
    let references = &[RowKey::new(TEAMS, Row(0)), RowKey::new(TEAMS, Row(1))];
    let draft = Draft { texts: ["u0", "", "x", "", "", ""], references, ..Draft::default() };
    store.insert(ACCOUNTS, Kind::Account, key.id("u0"), &draft);
    store.see(TEAMS, &[Row(0)]);
    store.keep_sums();
    store
}

#[test]
fn what_is_kept_beside_the_records_is_held_against_them() {
    let are_accounts = [true, false];
    assert_eq!(store().check(&are_accounts), Ok(2), "references");
    type Break = fn(&mut Table);
    let broken: [(Break, &str); 8] = [
        (|table| table.bytes += 1, "SPEC 3.2 is broken: type 1: its bytes are miscounted"),
        (
            |table| table.set_target(Row(1), Target::new(b"g2", b"Name")),
            "SPEC 3.6 is broken: type 1: references are told of other records",
        ),
        (|table| table.flags.miscount(), "SPEC 4.8 is broken: type 1: its full records are miscounted"),
        (
            |table| *table.referrers.at_mut(Row(0)) += 1,
            "SPEC 3.6 is broken: type 1: its referrers are miscounted",
        ),
        (
            |table| {
                table.bytes -= table.stored(Row(1)).bytes();
                table.gone.set(Row(1));
                table.flags.set_inactive(Row(1));
                table.set_target(Row(1), Target::NONE);
                table.sums = None;
            },
            "SPEC 2 is broken: type 1: a record lies nowhere, or one lies there that went",
        ),
        (
            |table| {
                let mut row_0 = Bits::default();
                row_0.set(Row(0));
                table.roll.load(row_0, Bits::default());
            },
            "SPEC 3.5 is broken: record \"g0\" of type 1 was pushed and is retained",
        ),
        (
            |table| *sums(table).blocks.at_mut(Row(0)) += 1,
            "SPEC 9 is broken: the kept sum of block 0 is not that of its rows",
        ),
        (|table| sums(table).total += 1, "SPEC 9 is broken: the kept sums do not add up"),
    ];
    for (breaks, told) in &broken {
        let mut store = store();
        let table = &mut store.tables[TEAMS.at()];
        // What changed since is summed up.
        let _ = table.sums.as_mut().map(|sums| sums.changed.begin_anew());
        breaks(table);
        let found = store.check(&are_accounts).expect_err(told);
        assert_eq!(found.to_string(), *told);
    }
    let mut store = store();
    store.held[ACCOUNTS.at()] += 1;
    let found = store.check(&are_accounts).expect_err("a count too many");
    let told = "SPEC 4.8 is broken: type 0: the references of its active accounts are miscounted";
    assert_eq!(found.to_string(), told);
}

fn sums(table: &mut Table) -> &mut Sums {
    table.sums.as_mut().expect("they are kept")
}

/// The layout of a group has no place for references, so no snapshot tells of such a record.
#[test]
fn a_record_that_refers_and_is_no_account_is_found() {
    let (mut store, key) = (store(), HashKey::new(&[0; 16]));
    let references = &[RowKey::new(TEAMS, Row(0))];
    let draft = Draft { texts: ["g2", "Name", "", "", "", ""], references, ..Draft::default() };
    store.insert(TEAMS, Kind::Group, key.id("g2"), &draft);
    let found = store.check(&[true, false]).expect_err("a group refers");
    let told = "SPEC 10.3 is broken: record \"g2\" of type 1: a record that is no account refers";
    assert_eq!(found.to_string(), told);
}
