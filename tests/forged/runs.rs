//! Tables as runs of bytes, as binary formats have them, forged (SPEC 9, loading). Each is refused with an error that
//! tells the rule, and none makes the engine reserve more than the snapshot has.

use ciborium::Value;
use headcount::{BrokenInvariant, Config, Engine, Page, RestoreError, Snapshot};
use headcount_testing::small::{self, group, member, push};

use crate::told::heard;

/// Where in the header of a record something stands.
const ROW: usize = 0;
const UNITS: usize = 4;
const SINCE: usize = 8;
const WORDS: usize = 16;
const STATUS: usize = 19;
const LENGTHS: usize = 20;
const HEADER: usize = 32;

/// Two accounts that refer to two teams, of which one is a placeholder.
fn engine() -> Engine {
    let mut engine = small::engine(Config::new());
    for page in [
        Page::groups([group("g1", "One")]),
        Page::accounts([member("u1", ["g1", "g2"]), member("u2", ["g2"])]),
    ] {
        let _ = push(&mut engine, &page).expect("a page");
    }
    engine
}

fn saved(engine: &Engine) -> Value {
    Value::serialized(&engine.snapshot()).expect("a value")
}

fn field<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
    let fields = value.as_map_mut().expect("a map");
    fields.iter_mut().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value).expect(name)
}

fn tables(saved: &mut Value) -> &mut Vec<Value> {
    field(&mut field(saved, "apps").as_array_mut().expect("apps")[0], "tables")
        .as_array_mut()
        .expect("tables")
}

fn bytes<'v>(table: &'v mut Value, name: &str) -> &'v mut Vec<u8> {
    field(table, name).as_bytes_mut().expect("bytes")
}

fn runs(table: &mut Value) -> &mut Vec<Value> {
    field(table, "records").as_array_mut().expect("runs")
}

fn run(table: &mut Value) -> &mut Vec<u8> {
    runs(table)[0].as_bytes_mut().expect("a run")
}

fn restore(saved: &Value) -> Result<Engine, RestoreError> {
    let snapshot: Snapshot = saved.deserialized().expect("a snapshot");
    heard(Engine::restore(Config::new(), snapshot))
}

/// The rule that a snapshot is refused for once one of its tables is forged.
fn rule_of(table: usize, forge: impl FnOnce(&mut Value)) -> String {
    let mut saved = saved(&engine());
    forge(&mut tables(&mut saved)[table]);
    match restore(&saved) {
        Err(RestoreError::Broken(BrokenInvariant { rule, .. })) => rule.to_owned(),
        other => format!("{other:?}"),
    }
}

/// The accounts' run, with a byte that stands somewhere in its first record.
fn rule_of_byte(at: usize, value: u8) -> String {
    rule_of(0, |table| {
        assert_ne!(run(table)[at], value, "byte {at} is not changed");
        run(table)[at] = value;
    })
}

#[test]
pub(crate) fn a_table_is_written_as_runs_and_bits_and_loads() {
    let mut saved = saved(&engine());
    restore(&saved).expect("an engine");
    let tables = tables(&mut saved);
    // Nothing stands for the type that has no records.
    assert_eq!(tables.len(), 2);
    for (table, placeholders, seen) in [(0, vec![], vec![3]), (1, vec![2], vec![1])] {
        let table = &mut tables[table];
        assert_eq!(*field(table, "rows"), Value::from(2));
        assert_eq!(*bytes(table, "active"), [3]);
        assert_eq!(*bytes(table, "placeholder"), placeholders);
        assert_eq!(*bytes(table, "seen"), seen);
        assert_eq!(runs(table).len(), 1);
    }
    // 32 bytes of header, a type, two references and their number, `u1` and `x`, in units of 8 bytes.
    assert_eq!(run(&mut tables[0])[UNITS], (HEADER as u8 + 16 + 3).div_ceil(8));
}

#[test]
pub(crate) fn a_record_that_is_not_as_it_is_written_is_malformed() {
    for (at, value) in [
        (ROW, 1),
        (UNITS, 0),
        (UNITS, 6),
        (UNITS, 8),
        (UNITS + 3, 255),
        (SINCE, 1),
        (WORDS, 0),
        (WORDS, 3),
        (WORDS, 5),
        (WORDS + 2, 255),
        (STATUS, 3 << 6),
        (STATUS, 1),
        (LENGTHS, 255),
        (LENGTHS + 1, 255),
        // Of the run of references, its number; then what is behind the texts.
        (HEADER + 4, 0),
        (HEADER + 4, 1),
        (HEADER + 4, 3),
        (HEADER + 7, 255),
        (HEADER + 16 + 3, 1),
    ] {
        assert_eq!(rule_of_byte(at, value), "9", "byte {at}: {value}");
    }
}

#[test]
pub(crate) fn a_record_that_breaks_a_rule_is_refused_with_the_rule() {
    for (at, value, rule) in [
        // A reference to another type, to the same row twice, to no row.
        (HEADER, 0, "10.3"),
        (HEADER, 9, "10.3"),
        (HEADER + 8, 1, "3.4"),
        (HEADER + 8, 2, "10.3"),
        (HEADER + 11, 255, "10.3"),
        // A NUL in the id, no UTF-8, an id that is the other account's.
        (HEADER + 16, 0, "3.3"),
        (HEADER + 16, 0xFF, "9"),
        (HEADER + 16 + 1, b'2', "1"),
        // A status that an account can have: for the digest to tell.
        (STATUS, 1 << 6, "digest"),
    ] {
        let found = rule_of_byte(at, value);
        let is_told = if rule == "digest" { found.contains("DigestMismatch") } else { found == rule };
        assert!(is_told, "byte {at}: {value}: {found}");
    }
    // All lengths are fine, but a text ends within a character.
    let within_a_character = rule_of(0, |table| {
        let run = run(table);
        let texts = HEADER + 16;
        (run[texts + 1], run[texts + 2]) = (0xC3, 0xA9);
    });
    assert_eq!(within_a_character, "9");
    // Groups: one with a status.
    assert_eq!(rule_of(1, |table| run(table)[STATUS] = 1 << 6), "3.3");
}

/// The rule that a snapshot is refused for once the attributes of its one account are forged: their length, `a` and `b`,
/// which are true, and `c`, which is the text `x`.
fn rule_of_attributes(forge: impl FnOnce(&mut [u8])) -> String {
    let mut engine = small::engine(Config::new());
    let attributes = ["a", "b"].map(|name| headcount::Attribute::new(name, true)).to_vec();
    let attributes = Some([attributes, vec![headcount::Attribute::new("c", "x")]].concat());
    let account = headcount::Account { attributes, ..small::account("u1") };
    let _ = push(&mut engine, &Page::accounts([account])).expect("a page");
    let mut saved = saved(&engine);
    let run = run(&mut tables(&mut saved)[0]);
    assert_eq!(run[HEADER..][..3], *b"u1x", "an id and a username");
    assert_eq!(run[HEADER + 3..][..13], *b"\x0b\x00\x01a\x01\x01b\x01\x01c\x03\x01x");
    forge(&mut run[HEADER - 12 - 4..]);
    match restore(&saved) {
        Err(RestoreError::Broken(BrokenInvariant { rule, .. })) => rule.to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
pub(crate) fn attributes_that_are_not_as_they_are_written_are_refused() {
    /// From the word of references on.
    const ATTRIBUTES: usize = 16 + 3;
    assert!(rule_of_attributes(|_| {}).contains("Engine"), "nothing is forged");
    for (at, value, rule) in [
        // Said to have none, of another length.
        (3, 0, "9"),
        (ATTRIBUTES, 0, "9"),
        (ATTRIBUTES, 10, "9"),
        (ATTRIBUTES, 12, "9"),
        (ATTRIBUTES + 1, 255, "9"),
        // In no order, a name twice, one that is no text, of no type, and an empty text.
        (ATTRIBUTES + 3, b'd', "9"),
        (ATTRIBUTES + 3, b'b', "9"),
        (ATTRIBUTES + 3, 0xff, "9"),
        (ATTRIBUTES + 4, 5, "9"),
        (ATTRIBUTES + 11, 0, "9"),
        (ATTRIBUTES + 12, 0xff, "9"),
        // A NUL in a text and in a name.
        (ATTRIBUTES + 12, 0, "3.10"),
        (ATTRIBUTES + 3, 0, "3.10"),
    ] {
        assert_eq!(rule_of_attributes(|bytes| bytes[at] = value), rule, "byte {at}: {value}");
    }
}

#[test]
pub(crate) fn sets_of_rows_that_are_not_as_they_are_written_are_refused() {
    for name in ["active", "placeholder", "seen"] {
        // Too long, beyond the rows, without a row.
        for set in [vec![3, 0], vec![7], vec![0x83], vec![0], vec![0; 1 << 16]] {
            assert_eq!(rule_of(0, |table| bytes(table, name).clone_from(&set)), "9", "{name} {set:?}");
        }
    }
    // Accounts that are placeholders, or were pushed and are inactive; a placeholder that was pushed, or is
    // referred to and inactive.
    assert_eq!(rule_of(0, |table| *bytes(table, "placeholder") = vec![1]), "1");
    assert_eq!(rule_of(0, |table| bytes(table, "active").clear()), "4.2");
    assert_eq!(rule_of(1, |table| *bytes(table, "seen") = vec![3]), "4.2");
    assert_eq!(rule_of(1, |table| *bytes(table, "active") = vec![1]), "4.3");
}

#[test]
pub(crate) fn runs_that_hold_other_records_than_are_told_are_refused() {
    // One more is a row that is gone, of which changes told twice; of too many nothing is even reserved.
    for (rows, rule) in
        [(0_u32, "9"), (1, "9"), (3, "7"), (1_000_000, "2"), (3_999_999_999, "2"), (u32::MAX, "3.2")]
    {
        assert_eq!(rule_of(0, |table| *field(table, "rows") = Value::from(rows)), rule, "{rows} rows");
    }
    assert_eq!(rule_of(0, |table| runs(table).clear()), "2");
    assert_eq!(rule_of(0, |table| runs(table).push(Value::Bytes(Vec::new()))), "9");
    assert_eq!(rule_of(0, |table| runs(table).insert(0, Value::Bytes(Vec::new()))), "9");
    // Cut off, with more behind it, and in two where one would do.
    for bytes in [1, 8, 31] {
        assert_eq!(rule_of(0, |table| run(table).truncate(bytes)), "9", "{bytes} bytes");
        assert_eq!(rule_of(0, |table| run(table).extend(vec![0; bytes])), "9", "{bytes} bytes more");
    }
    let in_two = rule_of(0, |table| {
        let first = usize::from(run(table)[UNITS]) * 8;
        let second = run(table).split_off(first);
        runs(table).push(Value::Bytes(second));
    });
    assert_eq!(in_two, "9");
    // An empty table stands as nothing.
    let mut saved = saved(&engine());
    let mut empty = tables(&mut saved)[1].clone();
    *field(&mut empty, "rows") = Value::from(0);
    runs(&mut empty).clear();
    for name in ["active", "placeholder", "seen"] {
        bytes(&mut empty, name).clear();
    }
    tables(&mut saved).push(empty);
    assert!(matches!(restore(&saved), Err(RestoreError::Broken(BrokenInvariant { rule: "9", .. }))));
}

/// Records that do not fit one run, with large ones among them.
#[test]
pub(crate) fn a_table_of_many_runs_is_saved_and_loaded() {
    let mut engine = small::engine(Config::new());
    let long = "d".repeat(4_000);
    for page in 0..12 {
        let groups = (0..100).map(|number| {
            let mut group = group(&format!("g{page}-{number}"), "Name");
            group.description = (number % 3 > 0).then(|| long.clone().into());
            group
        });
        let _ = push(&mut engine, &Page::groups(groups)).expect("a page");
    }
    let mut saved = saved(&engine);
    let lengths: Vec<usize> =
        runs(&mut tables(&mut saved)[1]).iter().map(|run| run.as_bytes().expect("a run").len()).collect();
    assert_eq!(lengths.len(), 4, "{lengths:?}");
    assert!(lengths.iter().all(|length| *length <= 1 << 20), "{lengths:?}");
    let mut loaded = small::reload(&engine, Config::new().with_hash_key([8; 16]));
    assert_eq!((loaded.digest(), loaded.check_invariants()), (engine.digest(), Ok(())));
    // It goes on in the space that it was loaded into.
    for engine in [&mut engine, &mut loaded] {
        let _ = push(engine, &Page::groups((0..100).map(|number| group(&format!("g0-{number}"), "Other"))))
            .expect("a page");
        let _ = push(engine, &Page::groups((0..100).map(|number| group(&format!("new-{number}"), "New"))))
            .expect("a page");
        assert_eq!(engine.check_invariants(), Ok(()));
    }
    assert_eq!(loaded.digest(), engine.digest());
    assert_eq!(postcard::to_allocvec(&loaded.snapshot()), postcard::to_allocvec(&engine.snapshot()));
}

/// An engine whose first account is gone, with an open session that has seen the others.
fn engine_with_a_gap() -> Engine {
    let mut engine = engine();
    small::complete(&mut engine, small::SESSION, small::NOW);
    for number in [2, 3] {
        let session = small::session(number);
        engine.start_session(small::NOW, small::APP, session, &headcount::Scope::All).expect("a session");
        let teams = Page::groups([group("g1", "One")]);
        for page in [teams, Page::accounts([member("u2", ["g2"]), member("u3", ["g1"])])] {
            let _ = small::push_in(&mut engine, session, &page).expect("a page");
        }
        if number == 2 {
            assert_eq!(small::complete(&mut engine, session, headcount::Timestamp(2)), 1);
            let before = headcount::Timestamp(3);
            let outcome = engine.purge_inactive(small::NOW, small::APP, before).expect("a purge");
            assert_eq!(outcome.purged, 1);
        }
    }
    engine
}

#[test]
pub(crate) fn of_a_row_that_is_gone_no_set_tells_and_records_stand_in_the_order_of_rows() {
    let rule_of = |change: &dyn Fn(&mut Value)| {
        let mut saved = saved(&engine_with_a_gap());
        change(&mut tables(&mut saved)[0]);
        match restore(&saved) {
            Err(RestoreError::Broken(BrokenInvariant { rule, .. })) => rule,
            other => panic!("{other:?}"),
        }
    };
    restore(&saved(&engine_with_a_gap())).expect("an engine");
    for name in ["active", "seen", "placeholder"] {
        let told = rule_of(&|table| {
            let set = bytes(table, name);
            *set = vec![set.first().copied().unwrap_or(0) | 1];
        });
        assert_eq!(told, "2", "{name}");
    }
    // The second record's row is the first one's, one before it, and one beyond the rows.
    for (row, rule) in [(1, "9"), (0, "9"), (3, "9"), (255, "9")] {
        let found = rule_of(&|table| {
            let second = usize::from(run(table)[UNITS]) * 8;
            run(table)[second + ROW] = row;
        });
        assert_eq!(found, rule, "row {row}");
    }
    // The first record in the row that is gone, and its own row gone in its place.
    assert_eq!(rule_of(&|table| run(table)[ROW] = 0), "2");
}
