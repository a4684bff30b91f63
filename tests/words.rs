//! Ids, words, times and limits as texts: each is read back from what it prints, and what is refused says so.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use headcount::{
    AccountStatus, AppId, Config, ConfigurationStatus, ErrorKind, FaultCode, Field, GuardLimit, Kind, Limits,
    ParseError, RecordFilter, ResourceTypeId, SessionId, SessionStatus, TaskAction, TaskId, TaskStatus,
    Timestamp, Uuid,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The value is read back from what it prints.
fn assert_round_trip<T: Display + FromStr<Err = ParseError> + PartialEq + Debug>(value: &T) {
    assert_eq!(value.to_string().parse::<T>().as_ref(), Ok(value));
}

fn check_id<T>(what: &str, make: fn(Uuid) -> T)
where
    T: Display + FromStr<Err = ParseError> + PartialEq + Debug + Copy + Into<Uuid> + From<Uuid> + Serialize,
{
    for number in [0, 1, 0x0123_4567_89AB_CDEF_0123_4567_89AB_CDEF, u128::MAX] {
        let id = make(Uuid::from_u128(number));
        assert_round_trip(&id);
        assert_eq!(T::from(id.into()), id);
        assert_eq!(serde_json::to_string(&id).expect("text"), format!("\"{id}\""));
    }
    let hyphenated = "01234567-89ab-cdef-0123-456789abcdef";
    let id: T = hyphenated.parse().expect("an id");
    assert_eq!(id.to_string(), hyphenated, "in lower case with hyphens");
    for spelling in [
        hyphenated.to_uppercase(),
        hyphenated.replace('-', ""),
        format!("{{{hyphenated}}}"),
        format!("urn:uuid:{hyphenated}"),
    ] {
        assert_eq!(spelling.parse(), Ok(id), "{spelling}");
    }
    for bad in ["", "1", "01234567-89ab-cdef-0123-456789abcdeg", "01234567-89ab-cdef-0123-456789abcdef0"] {
        let error = bad.parse::<T>().expect_err("no id");
        assert_eq!((error.what, &*error.found, error.expected), (what, bad, "a UUID"));
        assert_eq!(error.to_string(), format!("{what}: found \"{bad}\", expected a UUID"));
    }
}

#[test]
fn an_id_is_read_back_from_what_it_prints_and_from_any_usual_spelling() {
    check_id("app id", AppId);
    check_id("resource type id", ResourceTypeId);
    check_id("session id", SessionId);
    check_id("task id", TaskId);
}

#[test]
fn a_timestamp_is_read_back_from_what_it_prints() {
    for millis in [0, 1, -1, 1_736_935_200_000, i64::MIN, i64::MAX] {
        let at = Timestamp(millis);
        assert_round_trip(&at);
        assert_eq!((at.to_string(), at.as_millis()), (millis.to_string(), millis));
        assert_eq!(serde_json::to_string(&at).expect("text"), millis.to_string());
    }
    for bad in ["", "now", "1.5", "9223372036854775808", "2025-01-15T10:00:00Z"] {
        let error = bad.parse::<Timestamp>().expect_err("no time");
        assert_eq!((error.what, &*error.found), ("timestamp", bad));
    }
}

/// The words and numbers of an enum: each read back, each another one, and serde's the same where there is one.
fn check_words<T>(what: &str, all: &[T], word: fn(T) -> &'static str, number: fn(T) -> u8)
where
    T: Display + FromStr<Err = ParseError> + PartialEq + Debug + Copy,
{
    let words: BTreeSet<&str> = all.iter().map(|&value| word(value)).collect();
    let numbers: Vec<u8> = all.iter().map(|&value| number(value)).collect();
    assert_eq!(words.len(), all.len(), "{what}: a word stands for two");
    assert!(numbers.is_sorted_by(|a, b| a < b), "{what}: in the order of their numbers: {numbers:?}");
    for &value in all {
        assert_round_trip(&value);
        let word = word(value);
        assert_eq!((value.to_string(), format!("{value:>40}")), (word.to_owned(), format!("{word:>40}")));
        let other_case = if word.is_ascii() && word == word.to_lowercase() {
            word.to_uppercase()
        } else {
            word.to_lowercase()
        };
        for bad in [other_case, format!("{word} "), format!("{word}\0"), String::new()] {
            let error = bad.parse::<T>().expect_err("no word");
            assert_eq!((error.what, &error.found), (what, &bad));
        }
    }
    let error = "é".repeat(100).parse::<T>().expect_err("no word");
    assert_eq!(error.found, format!("{}…", "é".repeat(64)), "shortened");
}

/// What serde writes for each is its word.
fn check_serde<T: Serialize + DeserializeOwned + PartialEq + Debug + Copy>(
    all: &[T],
    word: fn(T) -> &'static str,
) {
    for &value in all {
        let text = serde_json::to_string(&value).expect("text");
        assert_eq!(text, format!("\"{}\"", word(value)));
        assert_eq!(serde_json::from_str::<T>(&text).expect("a value"), value);
        let bytes = postcard::to_allocvec(&value).expect("bytes");
        assert_eq!(postcard::from_bytes::<T>(&bytes).expect("a value"), value);
    }
}

macro_rules! check_enums {
    ($($name:ident $what:literal,)+) => {
        $(
            check_words($what, $name::ALL, $name::as_str, $name::number);
            check_serde($name::ALL, $name::as_str);
        )+
    };
}

#[test]
fn each_word_is_read_back_from_what_it_prints_and_is_what_serde_writes() {
    check_enums! {
        AccountStatus "account status",
        ConfigurationStatus "configuration status",
        FaultCode "fault code",
        Field "field",
        GuardLimit "guard limit",
        Kind "kind",
        SessionStatus "session status",
        TaskAction "task action",
        TaskStatus "task status",
        ErrorKind "error kind",
    }
    check_words("record filter", RecordFilter::ALL, RecordFilter::as_str, RecordFilter::number);
}

/// The values in formats for people and for machines.
fn assert_serde_round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("text");
    assert_eq!(&serde_json::from_str::<T>(&text).expect("a value"), value);
    let text = ron::to_string(value).expect("text");
    assert_eq!(&ron::from_str::<T>(&text).expect("a value"), value);
    let bytes = postcard::to_allocvec(value).expect("bytes");
    assert_eq!(&postcard::from_bytes::<T>(&bytes).expect("a value"), value);
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    (limits.records_per_page_max, limits.bytes_per_type_max, limits.slug_chars_max) = (500, 1 << 32, 7);
    limits
}

#[test]
fn limits_and_a_configuration_are_read_back_from_what_serde_writes() {
    for limits in [Limits::DEFAULTS, Limits::CEILINGS, limits()] {
        assert_serde_round_trip(&limits);
        let config = Config::new().with_hash_key(*b"0123456789abcdef").with_limits(limits).expect("limits");
        assert_serde_round_trip(&config);
        assert_ne!(config, config.with_hash_key([0; 16]), "the key is part of it");
    }
}

#[test]
fn a_limit_that_is_left_out_has_its_default() {
    let read: Limits = serde_json::from_str(
        r#"{"records_per_page_max": 500, "bytes_per_type_max": 4294967296, "slug_chars_max": 7}"#,
    )
    .expect("limits");
    assert_eq!(read, limits());
    assert_eq!(serde_json::from_str::<Limits>("{}").expect("limits"), Limits::DEFAULTS);
    let config: Config = serde_json::from_str(r#"{"limits": {"id_chars_max": 3}}"#).expect("a configuration");
    assert_eq!((config.limits().id_chars_max, config.limits().text_chars_max), (3, 255));
    assert_eq!(config.with_limits(Limits::DEFAULTS), Ok(Config::new()), "the key too");
    assert_eq!(serde_json::from_str::<Config>("{}").expect("a configuration"), Config::new());
}

/// Of each limit: nothing, and one beyond its ceiling.
#[test]
fn a_configuration_with_a_limit_that_cannot_be_kept_is_refused_when_it_is_read() {
    let ceilings = serde_json::to_value(Limits::CEILINGS).expect("a value");
    let ceilings = ceilings.as_object().expect("limits");
    assert_eq!(ceilings.len(), 21);
    for (limit, ceiling) in ceilings {
        let max = ceiling.as_u64().expect("a number");
        for found in [0, max + 1] {
            let text = format!(r#"{{"limits": {{"{limit}": {found}}}}}"#);
            let error = serde_json::from_str::<Config>(&text).expect_err(limit).to_string();
            assert!(error.contains(&format!("{limit}: found {found}, expected 1 to {max}")), "{error}");
            let limits: Limits = serde_json::from_str(&format!(r#"{{"{limit}": {found}}}"#)).expect("limits");
            assert_eq!(limits.validate().expect_err(limit).limit, limit);
            assert!(Config::new().with_limits(limits).is_err());
        }
        let text = format!(r#"{{"limits": {{"{limit}": {max}}}}}"#);
        assert!(serde_json::from_str::<Config>(&text).is_ok(), "{limit}");
    }
    // In a format for machines, where no limit can be left out.
    let mut limits = Limits::default();
    limits.faults_listed_max = 0;
    let bytes = postcard::to_allocvec(&(limits, [0_u8; 16])).expect("bytes");
    assert!(postcard::from_bytes::<Config>(&bytes).is_err());
}

#[test]
fn the_hash_key_is_a_secret_that_a_configuration_does_not_print() {
    let config = Config::new().with_hash_key(*b"\xABSECRET KEY 1234");
    let printed = format!("{config:?} {config:#?}");
    assert!(!printed.contains("SECRET") && !printed.contains("171") && !printed.contains("83"), "{printed}");
    assert!(printed.contains("id_chars_max: 255"), "the limits it does: {printed}");
}
