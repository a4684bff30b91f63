//! How the command line writes what is more than a word: limits, a guard, a time.

use std::time::Duration;

use headcount::{Config, Guard, Limits};
use serde_json::{Map, Value};

/// The limits and their values, in the order in which they are declared.
fn named(limits: Limits) -> Map<String, Value> {
    match serde_json::to_value(limits) {
        Ok(Value::Object(limits)) => limits,
        _ => unreachable!("limits are written as an object"),
    }
}

/// A name and a value with an equals sign between.
fn pair<'t>(what: &str, text: &'t str) -> Result<(&'t str, &'t str), String> {
    text.split_once('=').ok_or_else(|| format!("{what} {text:?}: found no value, expected NAME=VALUE"))
}

/// Two texts of a command line.
///
/// # Errors
/// In words, where there is no equals sign between.
pub fn tenant_and_key(text: &str) -> Result<(String, String), String> {
    // The key is not to be told.
    let (name, key) = text.split_once('=').ok_or("found no key, expected TENANT=KEY")?;
    Ok((name.to_owned(), key.to_owned()))
}

/// The names of the limits with their defaults, for a help.
pub fn limits_help() -> String {
    let limits: Vec<String> =
        named(Limits::DEFAULTS).iter().map(|(name, default)| format!("{name} ({default})")).collect();
    format!(
        "A limit of the engines, may be given again. Other limits than before hold for what comes, and refuse nothing \
         that is on record. There are, with their defaults: {}",
        limits.join(", ")
    )
}

/// The default limits with some others in their places, each as NAME=VALUE.
///
/// # Errors
/// In words, for a name that there is not, one that is given twice, and a value out of range.
pub fn limits(given: &[String]) -> Result<Limits, String> {
    let (mut limits, ceilings) = (named(Limits::DEFAULTS), named(Limits::CEILINGS));
    let mut names = Vec::new();
    for text in given {
        let (name, value) = pair("limit", text)?;
        let Some(ceiling) = ceilings.get(name).and_then(Value::as_u64) else {
            let known: Vec<&str> = ceilings.keys().map(String::as_str).collect();
            return Err(format!("no limit {name:?}, expected one of {}", known.join(", ")));
        };
        if names.contains(&name) {
            return Err(format!("the limit {name} is given twice"));
        }
        names.push(name);
        let number = value.parse::<u64>().ok().filter(|number| (1..=ceiling).contains(number));
        let number =
            number.ok_or_else(|| format!("limit {name}: found {value:?}, expected 1 to {ceiling}"))?;
        limits.insert(name.to_owned(), number.into());
    }
    let limits: Limits = serde_json::from_value(limits.into()).map_err(|error| error.to_string())?;
    limits.validate().map_err(|error| error.to_string())?;
    Ok(limits)
}

/// The limits of a guard, as a help tells them.
pub const GUARD_HELP: &str = "The guard of new apps, as NAME=VALUE,…: for example max_percent=10,min_count=20. There are \
    max_count, max_percent, max_type_percent, min_count, max_removals and max_removals_percent with a number, and \
    require_pages with true or false. What is not named is not limited";

/// A guard as [`GUARD_HELP`] says.
///
/// # Errors
/// In words, for a name that there is not, one that is given twice, and a value out of range.
pub fn guard(text: &str) -> Result<Guard, String> {
    let mut guard = Guard::NONE;
    let mut names = Vec::new();
    for limit in text.split(',') {
        let (name, value) = pair("guard", limit)?;
        if names.contains(&name) {
            return Err(format!("the guard's {name} is given twice"));
        }
        names.push(name);
        let refused = |expected: &str| format!("guard {name}: found {value:?}, expected {expected}");
        let count = || value.parse::<u64>().map_err(|_| refused("a whole number from 0"));
        let percent = || {
            let percent = value.parse::<u8>().ok().filter(|percent| *percent <= 100);
            percent.ok_or_else(|| refused("a whole number from 0 to 100"))
        };
        match name {
            "max_count" => guard.max_count = Some(count()?),
            "max_percent" => guard.max_percent = Some(percent()?),
            "max_type_percent" => guard.max_type_percent = Some(percent()?),
            "min_count" => guard.min_count = count()?,
            "max_removals" => guard.max_removals = Some(count()?),
            "max_removals_percent" => guard.max_removals_percent = Some(percent()?),
            "require_pages" => guard.require_pages = value.parse().map_err(|_| refused("true or false"))?,
            _ => {
                return Err(format!(
                    "no limit {name:?} of a guard, expected one of max_count, max_percent, max_type_percent, \
                     min_count, max_removals, max_removals_percent, require_pages"
                ));
            }
        }
    }
    Ok(guard)
}

/// The engines' configuration.
///
/// # Errors
/// In words, for a limit or a guard that is none.
pub fn config(given: &[String], default_guard: Option<&str>) -> Result<Config, String> {
    let config = Config::new().with_limits(limits(given)?).map_err(|error| error.to_string())?;
    let guard = default_guard.map_or(Ok(Guard::NONE), guard)?;
    config.with_guard(guard).map_err(|error| error.to_string())
}

/// A time such as `90s`, which is not 0.
///
/// # Errors
/// In words, where it is none.
pub fn time(text: &str) -> Result<Duration, String> {
    let span: Option<jiff::SignedDuration> = text.parse().ok();
    let span = span.and_then(|span| Duration::try_from(span).ok()).filter(|span| span.as_millis() > 0);
    span.ok_or_else(|| format!("found {text:?}, expected a time such as 90s"))
}

/// A time, or never. (An option of an option would be one that may be left out.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(pub Option<Duration>);

impl Timeout {
    /// As [`timeout`] reads it.
    ///
    /// # Errors
    /// In words, where it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        timeout(text).map(Self)
    }
}

/// A time such as `24h` or `90m`; `0` is never.
///
/// # Errors
/// In words, where it is none.
pub fn timeout(text: &str) -> Result<Option<Duration>, String> {
    if text == "0" {
        return Ok(None);
    }
    time(text)
        .map(Some)
        .map_err(|_| format!("found {text:?}, expected a time such as 24h, 90m or 30s, or 0 for never"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn every_limit_is_set_by_its_name() {
        for (name, ceiling) in named(Limits::CEILINGS) {
            let set = limits(&[format!("{name}=7")]).expect("limits");
            assert_eq!(named(set)[&name], 7, "{name}");
            assert!(limits(&[format!("{name}={ceiling}")]).is_ok(), "{name}");
            assert!(limits_help().contains(&name), "{name}");
        }
        let set = limits(&texts(&["records_per_page_max=500", "text_chars_max=9"])).expect("limits");
        let mut expected = Limits::default();
        (expected.records_per_page_max, expected.text_chars_max) = (500, 9);
        assert_eq!(set, expected);
    }

    #[test]
    fn a_limit_that_is_none_is_refused_in_words() {
        for (given, expected) in [
            (&["text_chars_max"][..], "limit \"text_chars_max\": found no value, expected NAME=VALUE"),
            (&["text_chars_max=0"], "limit text_chars_max: found \"0\", expected 1 to 16383"),
            (&["text_chars_max=16384"], "limit text_chars_max: found \"16384\", expected 1 to 16383"),
            (&["text_chars_max=x"], "limit text_chars_max: found \"x\", expected 1 to 16383"),
            (&["text_chars_max=1", "text_chars_max=1"], "the limit text_chars_max is given twice"),
        ] {
            assert_eq!(limits(&texts(given)), Err(expected.to_owned()));
        }
        let refused = limits(&texts(&["max=1"])).expect_err("no such limit");
        assert!(refused.starts_with("no limit \"max\", expected one of records_per_page_max, "), "{refused}");
    }

    #[test]
    fn a_guard_is_read_as_its_help_says() {
        let all = "max_count=1,max_percent=2,max_type_percent=3,min_count=4,max_removals=5,max_removals_percent=6,require_pages=true";
        let expected = Guard::NONE
            .with_max_count(1)
            .with_max_percent(2)
            .with_max_type_percent(3)
            .with_min_count(4)
            .with_max_removals(5)
            .with_max_removals_percent(6)
            .with_required_pages();
        assert_eq!(guard(all), Ok(expected));
        assert_eq!(guard("require_pages=false,max_count=0"), Ok(Guard::NONE.with_max_count(0)));
        for name in all.split(',').filter_map(|limit| Some(limit.split_once('=')?.0)) {
            assert!(GUARD_HELP.contains(name), "{name}");
        }
        for (text, expected) in [
            ("", "guard \"\": found no value, expected NAME=VALUE"),
            ("max_percent=101", "guard max_percent: found \"101\", expected a whole number from 0 to 100"),
            ("max_count=-1", "guard max_count: found \"-1\", expected a whole number from 0"),
            ("require_pages=1", "guard require_pages: found \"1\", expected true or false"),
            ("max_count=1,max_count=1", "the guard's max_count is given twice"),
        ] {
            assert_eq!(guard(text), Err(expected.to_owned()));
        }
        assert!(guard("max=1").is_err_and(|refused| refused.starts_with("no limit \"max\" of a guard")));
    }

    #[test]
    fn a_timeout_is_a_time_or_never() {
        assert_eq!(timeout("0"), Ok(None));
        assert_eq!((time("90s"), time("0").is_err()), (Ok(Duration::from_secs(90)), true));
        assert_eq!(timeout("24h"), Ok(Some(Duration::from_secs(86_400))));
        assert_eq!(timeout("1h 30m"), Ok(Some(Duration::from_secs(5_400))));
        for text in ["", "24", "-1h", "0s", "soon"] {
            assert!(timeout(text).is_err() && time(text).is_err(), "{text}");
        }
    }
}
