//! The synthetic directory that benches and `big_roll` use is what it says, and small tables grow well.

use headcount::{Config, Engine, PageOutcome, RecordFilter};
use headcount_testing::directory::{Directory, PAGE, Roll};
use headcount_testing::roll;

/// Calls one roll: the sums over its account pages, the changes, and how many were deactivated.
fn call(
    engine: &mut Engine,
    directory: &Directory,
    number: u32,
    kind: Roll,
    order: &[u32],
) -> (PageOutcome, usize, u64) {
    let session = roll::start(engine, number).expect("a session");
    for numbers in directory.team_pages() {
        let _ = roll::push(engine, session, &directory.teams_page(numbers)).expect("a page");
    }
    let (mut sums, mut changes) = (PageOutcome::default(), 0);
    for numbers in directory.named(kind, order).chunks(PAGE as usize) {
        let outcome = roll::push(engine, session, &directory.accounts_page(kind, numbers)).expect("a page");
        sums.total += outcome.total;
        sums.created += outcome.created;
        sums.unchanged += outcome.unchanged;
        changes += engine.changes().len();
    }
    let deactivated = roll::complete(engine, session).expect("a cleanup");
    engine.check_invariants().expect("every rule");
    (sums, changes, deactivated)
}

#[test]
fn rolls_of_a_directory_do_what_its_figures_say() {
    let directory = Directory::new(3_000);
    let (in_order, shuffled) = (directory.in_order(), directory.shuffled());
    let mut digests = Vec::new();
    for key in [[1; 16], [2; 16]] {
        let mut engine = roll::engine(Config::new().with_hash_key(key)).expect("an engine");
        let (first, changes, _) = call(&mut engine, &directory, 1, Roll::Whole, &in_order);
        assert_eq!((first.created, changes), (3_000, 3_000 * 6));
        for (number, order) in [(2, &in_order), (3, &shuffled)] {
            let (again, changes, deactivated) = call(&mut engine, &directory, number, Roll::Whole, order);
            assert_eq!((again.unchanged, changes, deactivated), (3_000, 0, 0));
        }
        let (later, changes, deactivated) = call(&mut engine, &directory, 9, Roll::Later, &shuffled);
        assert_eq!(later.total - later.unchanged, directory.changed(Roll::Later));
        assert_eq!(
            (changes as u32, deactivated as u32),
            (directory.changed(Roll::Later), directory.gone(Roll::Later))
        );
        digests.push(engine.digest());
    }
    assert_eq!(digests[0], digests[1], "whatever the hash key");
}

/// Segments of the index split, chunks of the arena fill, and every record is still found.
#[test]
fn a_table_of_100_000_records_finds_each_of_them() {
    let directory = Directory::new(100_000);
    let mut engine = roll::engine(Config::new().with_hash_key([5; 16])).expect("an engine");
    let session = roll::start(&mut engine, 1).expect("a session");
    for numbers in directory.shuffled().chunks(PAGE as usize) {
        let _ =
            roll::push(&mut engine, session, &directory.accounts_page(Roll::Whole, numbers)).expect("a page");
    }
    let app = engine.app(roll::APP).expect("an app");
    let records = app.records("account", RecordFilter::All).expect("a type");
    assert_eq!(records.len(), 100_000);
    assert!(
        records
            .into_iter()
            .all(|record| app.record("account", record.id()).is_some_and(|found| found.id() == record.id()))
    );
    assert_eq!(
        app.records("account", RecordFilter::Active)
            .and_then(|mut records| records.nth(99_999))
            .map(|record| record.is_active()),
        Some(true)
    );
    engine.check_invariants().expect("every rule");
}

/// Records that grow and shrink leave garbage behind: it is bounded, and nothing is lost on the way.
#[test]
fn churn_is_compacted_on_the_way() {
    use headcount::{Account, Page};
    let mut engine = roll::engine(Config::new()).expect("an engine");
    let session = roll::start(&mut engine, 1).expect("a session");
    for round in 0..60_usize {
        for page in 0..40 {
            let accounts = (0..100).map(|number| Account {
                id: format!("u{}", page * 100 + number).into(),
                username: Some("x".repeat(1 + (round * 97 + number * 31) % 250).into()),
                ..Account::default()
            });
            let _ = roll::push(&mut engine, session, &Page::accounts(accounts)).expect("a page");
        }
    }
    engine.check_invariants().expect("every rule");
    let app = engine.app(roll::APP).expect("an app");
    for number in 0..4_000 {
        let record = app.record("account", &format!("u{number}")).expect("a record");
        assert_eq!(record.username().map(str::len), Some(1 + (59 * 97 + number % 100 * 31) % 250));
    }
}
