//! The digest, its kept sums, and the parts that tell where two engines differ (SPEC 9).

use headcount::{
    Account, AppId, AttributeValue, Config, DigestParts, Engine, Page, RecordFilter, ResourceTypeId, Scope,
    TableDigests, Timestamp, Uuid,
};
use headcount_testing::generate::{self, config};
use headcount_testing::small::{self, APP, NOW, account, group, member, push, push_in, session};
use headcount_testing::{busy, regression};
use proptest::prelude::*;

/// Two engines that are given the same commands; the digest of the second is refreshed now and then.
fn agree_at_every_step(
    config: Config,
    history: &[(Timestamp, headcount::Command<'static>)],
    refreshes: &[bool],
) -> Result<(), TestCaseError> {
    let (mut plain, mut kept) = (Engine::new(config), Engine::new(config.with_hash_key([3; 16])));
    for ((now, command), refresh) in history.iter().zip(refreshes.iter().cycle()) {
        let _ = (plain.apply(*now, command), kept.apply(*now, command));
        let expected = plain.digest();
        prop_assert_eq!(kept.digest(), expected);
        prop_assert_eq!(kept.digest_parts(), plain.digest_parts());
        prop_assert_eq!(kept.check_invariants(), Ok(()));
        if *refresh {
            prop_assert_eq!(kept.refresh_digest(), expected);
            prop_assert_eq!(kept.digest(), expected);
            prop_assert_eq!(kept.check_invariants(), Ok(()));
        }
    }
    let loaded = small::reload(&kept, config);
    prop_assert_eq!((loaded.digest(), loaded.digest_parts()), (plain.digest(), plain.digest_parts()));
    Ok(())
}

/// The parts of two engines differ just where their digests do, and blocks where records do.
fn tell_alike(a: &Engine, b: &Engine) -> Result<(), TestCaseError> {
    let (parts, others) = (a.digest_parts(), b.digest_parts());
    prop_assert_eq!(parts == others, a.digest() == b.digest());
    for (table, other) in parts.tables.iter().zip(&others.tables) {
        let records = |engine: &Engine, table: &TableDigests| -> Vec<Vec<u128>> {
            let of = |block| engine.record_digests(table.app_id, table.resource_type_id, block);
            (0..table.blocks.len()).map(of).collect()
        };
        prop_assert_eq!(table.blocks == other.blocks, records(a, table) == records(b, other));
    }
    Ok(())
}

proptest! {
    #![proptest_config(regression::config(120))]

    #[test]
    fn a_digest_that_is_refreshed_is_the_one_from_scratch(
        bytes in prop::collection::vec(any::<u8>(), 1..3_000),
        refreshes in prop::collection::vec(any::<bool>(), 1..20),
    ) {
        agree_at_every_step(config(), &generate::history(&bytes), &refreshes)?;
    }

    #[test]
    fn a_digest_that_is_refreshed_is_the_one_from_scratch_on_busy_histories(
        bytes in prop::collection::vec(any::<u8>(), 1..1_500),
        refreshes in prop::collection::vec(any::<bool>(), 1..20),
    ) {
        agree_at_every_step(Config::new(), &busy::history(&bytes), &refreshes)?;
    }

    /// One engine misses a command.
    #[test]
    fn parts_differ_where_digests_do(
        bytes in prop::collection::vec(any::<u8>(), 1..2_000),
        missed in any::<prop::sample::Index>(),
    ) {
        let history = busy::history(&bytes);
        let missed = missed.index(history.len());
        let (mut a, mut b) = (Engine::new(Config::new()), Engine::new(Config::new()));
        for (at, (now, command)) in history.iter().enumerate() {
            let _ = a.apply(*now, command);
            if at != missed {
                let _ = b.apply(*now, command);
            }
            tell_alike(&a, &b)?;
        }
    }
}

fn named(id: &str, name: &str) -> Account<'static> {
    Account { username: Some(name.to_owned().into()), ..account(id) }
}

/// A few thousand accounts, each in a team.
fn many(odd_one: usize) -> Engine {
    let mut engine = small::engine(Config::new());
    let ids: Vec<String> = (0..3_000).map(|number| format!("u{number}")).collect();
    for (page, ids) in ids.chunks(100).enumerate() {
        let name = |at: usize| if page * 100 + at == odd_one { "bob" } else { "alice" };
        let accounts = ids.iter().enumerate().map(|(at, id)| named(id, name(at)));
        let _ = push(&mut engine, &Page::accounts(accounts)).expect("a page");
    }
    engine
}

#[test]
fn one_record_of_many_that_differs_is_found() {
    let (here, mut there) = (many(3_000), many(2_345));
    for _ in 0..2 {
        let (parts, others) = (here.digest_parts(), there.digest_parts());
        assert_eq!(parts.rest, others.rest);
        let [table] = parts.tables.as_slice() else { panic!("one table: {parts:?}") };
        assert_eq!((table.app_id, table.resource_type_id), (APP, ResourceTypeId(Uuid::from_u128(1))));
        assert_eq!((table.records, table.blocks.len()), (3_000, 3));
        let differ: Vec<usize> =
            (0..3).filter(|&block| table.blocks[block] != others.tables[0].blocks[block]).collect();
        assert_eq!(differ, [2_345 / DigestParts::BLOCK_RECORDS]);
        let records = |engine: &Engine| engine.record_digests(APP, table.resource_type_id, differ[0]);
        let (ours, theirs) = (records(&here), records(&there));
        assert_eq!((ours.len(), theirs.len()), (3_000 - 2_048, 3_000 - 2_048));
        let differ: Vec<usize> = (0..ours.len()).filter(|&at| ours[at] != theirs[at]).collect();
        assert_eq!(differ, [2_345 - 2_048]);
        // With kept sums it is the same.
        there.refresh_digest();
    }
}

/// Many readers of JSON would round a number of 128 bits.
#[test]
fn digests_of_parts_are_digits_for_people_and_bytes_for_machines() {
    let parts = many(0).digest_parts();
    let json = serde_json::to_value(&parts).expect("JSON");
    assert_eq!(json["rest"], format!("{:032x}", parts.rest));
    assert_eq!(json["tables"][0]["blocks"][2], format!("{:032x}", parts.tables[0].blocks[2]));
    assert_eq!(serde_json::from_value::<DigestParts>(json.clone()).ok(), Some(parts.clone()));
    let bytes = postcard::to_allocvec(&parts).expect("postcard");
    assert_eq!(bytes[..16], parts.rest.to_be_bytes());
    assert_eq!(bytes[bytes.len() - 16..], parts.tables[0].blocks[2].to_be_bytes());
    assert_eq!(postcard::from_bytes::<DigestParts>(&bytes).ok().as_ref(), Some(&parts));
    let mut other = json;
    other["rest"] = 7.into();
    assert!(serde_json::from_value::<DigestParts>(other.clone()).is_err());
    other["rest"] = "7".into();
    let refused = serde_json::from_value::<DigestParts>(other).expect_err("one digit");
    assert_eq!(refused.to_string(), "digest: found \"7\", expected 32 hexadecimal digits");
}

#[test]
fn what_is_not_there_has_no_digests_of_records() {
    let engine = many(0);
    let of = ResourceTypeId(Uuid::from_u128(1));
    assert_eq!(engine.record_digests(APP, of, 2).len(), 3_000 - 2_048);
    assert!(engine.record_digests(APP, of, 3).is_empty());
    assert!(engine.record_digests(APP, of, usize::MAX).is_empty());
    assert!(engine.record_digests(APP, ResourceTypeId(Uuid::from_u128(2)), 0).is_empty());
    assert!(engine.record_digests(APP, ResourceTypeId(Uuid::nil()), 0).is_empty());
    assert!(engine.record_digests(AppId(Uuid::nil()), of, 0).is_empty());
}

/// What a record says, and what is told of it: each shows in the digest, in its block and in its own digest.
#[test]
fn whatever_is_observed_of_a_record_shows_in_its_digest() {
    let mut engine = small::engine(Config::new());
    let mut digests = vec![engine.refresh_digest()];
    let mut of_record: Vec<u128> = Vec::new();
    let mut note = |engine: &mut Engine, what: &str| {
        let digest = engine.digest();
        assert!(!digests.contains(&digest), "{what} shows in the digest");
        digests.push(digest);
        let parts = engine.digest_parts();
        let team = parts.tables.iter().find(|table| table.resource_type_id.0.as_u128() == 2).expect("teams");
        let [of_team] = engine.record_digests(APP, team.resource_type_id, 0)[..] else { panic!("one team") };
        assert!(!of_record.contains(&of_team), "{what} shows in the digest of the record");
        of_record.push(of_team);
        assert_eq!(engine.refresh_digest(), digest, "{what}");
    };
    let _ = push(&mut engine, &Page::accounts([member("u1", ["g1"])])).expect("a page");
    note(&mut engine, "a placeholder");
    let _ =
        push(&mut engine, &Page::accounts([member("u1", [headcount::Reference::new("g1").with_name("G")])]))
            .expect("a page");
    note(&mut engine, "its name");
    let _ = push(&mut engine, &Page::groups([group("g1", "G")])).expect("a page");
    note(&mut engine, "that it is full, and seen");
    let _ = push(&mut engine, &Page::groups([group("g1", "H")])).expect("a page");
    note(&mut engine, "another name");
    for value in [AttributeValue::from("1"), 1.into(), true.into(), AttributeValue::texts(["1"])] {
        let attributes = Some(vec![headcount::Attribute::new("a", value)]);
        let with = headcount::Group { attributes, ..group("g1", "H") };
        let _ = push(&mut engine, &Page::groups([with])).expect("a page");
        note(&mut engine, "an attribute");
    }
    let _ = push(&mut engine, &Page::groups([group("g1", "H")])).expect("a page");
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    note(&mut engine, "that it was not seen");
    small::complete(&mut engine, session(2), Timestamp(5));
    note(&mut engine, "that it is inactive, and since when");
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let _ = push_in(&mut engine, session(3), &Page::groups([group("g1", "H")])).expect("a page");
    small::complete(&mut engine, session(3), NOW);
    let app = engine.app(APP).expect("an app");
    assert_eq!(app.records("team", RecordFilter::Active).expect("teams").count(), 1);
}

/// References are a set: their order shows nowhere.
#[test]
fn the_order_of_references_shows_in_no_digest() {
    let engine_of = |teams: [&'static str; 3]| {
        let mut engine = small::engine(Config::new());
        let _ = push(&mut engine, &Page::groups(["a", "b", "c"].map(|id| group(id, "G")))).expect("a page");
        let _ = push(&mut engine, &Page::accounts([member("u1", teams)])).expect("a page");
        engine
    };
    let (a, b) = (engine_of(["a", "b", "c"]), engine_of(["c", "a", "b"]));
    assert_eq!((a.digest(), a.digest_parts()), (b.digest(), b.digest_parts()));
    assert_ne!(a.digest(), engine_of(["a", "b", "b"]).digest());
}
