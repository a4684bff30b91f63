//! Bodies, commands and snapshots that are nested deeper than any stack, in each format: refused, or read as what they
//! are; and a huge body is read.

use headcount::{Command, Config, Engine, Kind, Limits, Page, PageSeed, Snapshot};
use serde::de::DeserializeSeed;
use serde::{Deserialize, Deserializer};

/// Deeper than a stack of 2 MiB has room for, however little a level takes.
const DEPTH: usize = 200_000;

/// A command, and a page, of which nothing is borrowed.
struct Whole<T>(T);

impl<'de> Deserialize<'de> for Whole<Command<'static>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Command::deserialize(deserializer).map(|command| Self(command.into_owned()))
    }
}

impl<'de> Deserialize<'de> for Whole<Page<'static>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Page::deserialize(deserializer).map(|page| Self(page.into_owned()))
    }
}

/// Lists in lists, and maps in maps, in each place of a page; closed or not.
fn nested_json() -> Vec<String> {
    let lists = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let maps = format!("{}1{}", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH));
    let open = "[".repeat(DEPTH);
    let places = [
        "{}",
        "{\"records\":{}}",
        "{\"records\":[{}]}",
        "{\"other\":{},\"records\":[]}",
        "{\"records\":[{\"id\":{}}]}",
        "{\"records\":[{\"other\":{}}]}",
        "{\"records\":[{\"memberships\":{}}]}",
        "{\"records\":[{\"memberships\":{\"team\":{}}}]}",
        "{\"records\":[{\"memberships\":{\"team\":[{}]}}]}",
        "{\"records\":[{\"memberships\":{\"team\":[{\"id\":{}}]}}]}",
        "{\"records\":[{\"attributes\":{}}]}",
        "{\"records\":[{\"attributes\":{\"a\":{}}}]}",
        "{\"records\":[{\"attributes\":{\"a\":[{}]}}]}",
    ];
    let bodies =
        places.iter().flat_map(|place| [&lists, &maps, &open].map(|deep| place.replacen("{}", deep, 1)));
    bodies.collect()
}

#[test]
fn json_that_is_nested_beyond_any_stack_is_read_or_refused_and_never_a_panic() {
    let limits = Limits::default();
    let (mut read, mut refused) = (0, 0);
    for body in nested_json() {
        for kind in [Kind::Account, Kind::Group] {
            let mut parser = serde_json::Deserializer::from_str(&body);
            let parsed = PageSeed::new(kind, &limits).deserialize(&mut parser);
            match parsed {
                Ok(_) => read += 1,
                Err(_) => refused += 1,
            }
        }
        assert!(serde_json::from_str::<Command<'_>>(&body).is_err());
        assert!(serde_json::from_str::<Snapshot>(&body).is_err());
    }
    assert!(read > 20 && refused > 20, "{read} read, {refused} refused");
}

/// A command or a snapshot with something nested in the place of each of its values.
#[test]
fn commands_and_snapshots_with_something_deep_in_them_are_refused() {
    let lists = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    for (_, command) in headcount_testing::golden::forms::every_command() {
        let text = serde_json::to_string(&command).expect("text");
        let at = text.rfind(':').expect("a field");
        let deep = format!("{}:{lists}{}", &text[..at], "}".repeat(text.matches('{').count()));
        assert!(serde_json::from_str::<Command<'_>>(&deep).is_err());
    }
    let engine = headcount_testing::small::engine_with_an_account();
    let text = serde_json::to_string(&engine.snapshot()).expect("text");
    for field in ["format", "digest", "seq", "groups", "apps", "remembered", "sessions", "marks"] {
        let at = text.find(&format!("\"{field}\":")).expect("a field");
        let deep = format!("{}\"{field}\":{lists}}}", &text[..at]);
        assert!(serde_json::from_str::<Snapshot>(&deep).is_err(), "{field}");
    }
}

#[test]
fn binary_formats_that_are_nested_beyond_any_stack_are_refused_or_read_and_never_a_panic() {
    let limits = Limits::default();
    // A list of one, a map of one with an empty key, and a tag or an extension of something.
    let message_pack: [&[u8]; 3] = [b"\x91", b"\x81\xa0", b"\xdd\x00\x00\x00\x01"];
    let cbor: [&[u8]; 4] = [b"\x81", b"\xa1\x60", b"\xc1", b"\x9f"];
    for deep in message_pack {
        for before in [
            &b""[..],
            b"\x81\xa7records\x91\x81\xa1x",
            b"\x81\xa7records\x91\x81\xaaattributes\x81\xa1a",
            b"\x81\xa7records\x91\x81\xa2id",
        ] {
            let body = [before, &deep.repeat(DEPTH)].concat();
            let mut parser = rmp_serde::Deserializer::from_read_ref(&body);
            assert!(
                PageSeed::new(Kind::Account, &limits).self_describing().deserialize(&mut parser).is_err()
            );
            assert!(rmp_serde::from_slice::<Command<'_>>(&body).is_err());
            assert!(rmp_serde::from_slice::<Snapshot>(&body).is_err());
        }
    }
    for deep in cbor {
        for before in [
            &b""[..],
            b"\xa1\x67records\x81\xa1\x61x",
            b"\xa1\x67records\x81\xa1\x6aattributes\xa1\x61a",
            b"\xa1\x67records\x81\xa1\x62id",
        ] {
            let body = [before, &deep.repeat(DEPTH)].concat();
            let read = ciborium::from_reader::<Whole<Command<'static>>, _>(body.as_slice());
            assert!(read.is_err());
            assert!(ciborium::from_reader::<Snapshot, _>(body.as_slice()).is_err());
            assert!(ciborium::from_reader::<Whole<Page<'static>>, _>(body.as_slice()).is_err());
        }
    }
    // Postcard nests as deep as the types do; what it reads of such bytes is for the digest to refuse.
    for byte in [0_u8, 1, 2, 0x7f, 0x80, 0xff] {
        let body = vec![byte; DEPTH];
        let is_restored = |snapshot: Snapshot| Engine::restore(Config::new(), snapshot).is_ok();
        assert!(!postcard::from_bytes::<Snapshot>(&body).is_ok_and(is_restored));
        let _ = postcard::from_bytes::<Command<'_>>(&body).is_ok();
    }
}

/// Found here: how deep an unknown field may be nested was left to the format, of which some allow more than a stack has.
#[test]
fn what_is_passed_over_may_be_nested_128_deep_in_a_binary_format_and_not_deeper() {
    let limits = Limits::default();
    let read = |before: &[u8], level: &[u8], depth: usize| {
        let body = [b"\x81\xa7records\x91\x81", before, &level.repeat(depth), b"\xc0"].concat();
        let mut parser = rmp_serde::Deserializer::from_read_ref(&body);
        let page = PageSeed::new(Kind::Account, &limits).self_describing().deserialize(&mut parser);
        page.map(|page| page.len()).map_err(|error| error.to_string())
    };
    for level in [&b"\x91"[..], b"\x81\xa0"] {
        // An unknown field, and a list or a map where a text belongs: that is the first level itself.
        for before in [&b"\xa1x"[..], b"\xa2id"] {
            assert_eq!(read(before, level, 128), Ok(1));
            let refused = read(before, level, 129).expect_err("deeper");
            assert_eq!(refused, "record 0: a value is nested more than 128 deep");
        }
    }
}

/// 10 MB of a body, of which most is one text, one list, or nothing that is known.
#[test]
fn a_body_of_ten_megabytes_is_read_and_what_is_wrong_with_it_told_in_few_words() {
    const BYTES: usize = 10_000_000;
    let limits = Limits::default();
    for (what, record, fault) in [
        ("a text", format!("{{\"id\":\"{}\",\"username\":\"x\"}}", "x".repeat(BYTES)), Some("too_long")),
        (
            "escapes",
            format!("{{\"id\":\"u1\",\"username\":\"{}\"}}", "\\u00e9".repeat(BYTES / 6)),
            Some("too_long"),
        ),
        (
            "an unknown text",
            format!("{{\"id\":\"u1\",\"username\":\"x\",\"other\":\"{}\"}}", "x".repeat(BYTES)),
            None,
        ),
        (
            "an unknown list",
            format!("{{\"id\":\"u1\",\"username\":\"x\",\"other\":[{}1]}}", "1,".repeat(BYTES / 2)),
            None,
        ),
        ("blanks", format!("{{\"id\":\"u1\",{}\"username\":\"x\"}}", " \n".repeat(BYTES / 2)), None),
    ] {
        let body = format!("{{\"records\":[{record}]}}");
        let mut parser = serde_json::Deserializer::from_str(&body);
        let page = PageSeed::new(Kind::Account, &limits).deserialize(&mut parser).expect(what);
        let mut engine = headcount_testing::small::engine(Config::new());
        let pushed = headcount_testing::small::push(&mut engine, &page);
        match (pushed, fault) {
            (Ok(outcome), None) => assert_eq!(outcome.created, 1, "{what}"),
            (Err(headcount::Error::PageFaults { faults, .. }), Some(code)) => {
                assert_eq!(faults[0].code.as_str(), code, "{what}");
                assert!(serde_json::to_string(&faults).expect("text").len() < 1_000, "{what}");
            }
            (other, _) => panic!("{what}: {other:?}"),
        }
    }
}
