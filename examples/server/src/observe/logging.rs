//! The log: which lines are told, and how each is written. It goes to standard error.

use std::env;
use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// Where a filter comes from that no option says.
const VARIABLE: &str = "RUST_LOG";
/// What is told where nothing else is said.
const DEFAULT: &str = "info";

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: a JSON object a line.
    Json,
}

/// What the command line says of the log.
#[derive(Clone, Debug, Args)]
pub struct LogOptions {
    /// What is logged: error, warn, info, debug, trace or off; or levels by target, such as
    /// info,headcount_server::observe=debug, which tells of each request too. [default: what RUST_LOG says, or else info]
    #[arg(long, value_name = "LEVEL", value_parser = filter)]
    log_level: Option<String>,
    /// How a line of the log is written. Either goes to standard error, in colours only where that is a terminal and
    /// NO_COLOR is not set.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: Format,
}

impl LogOptions {
    /// Begins the log of this process. Once: a second one would be a mistake, and is passed over.
    pub fn begin(&self) {
        self.begin_without(&[]);
    }

    /// The same, where nothing is told of these crates unless the option, or the variable, names them.
    pub fn begin_without(&self, crates: &[&str]) {
        let (filter, ignored) = match &self.log_level {
            Some(given) => (EnvFilter::new(without(given, crates)), None),
            None => from_environment(env::var(VARIABLE).ok(), crates),
        };
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        let begun = match self.log_format {
            Format::Text => builder.with_ansi(has_colours()).try_init(),
            Format::Json => builder.json().flatten_event(true).with_span_list(false).try_init(),
        };
        if let Err(error) = begun {
            tracing::warn!(%error, "the log had begun");
        }
        if let Some(ignored) = ignored {
            tracing::warn!(filter = ignored, "{VARIABLE} is no filter, and is passed over");
        }
    }
}

/// What the environment says, and, where that is no filter, what it was. Other programs have the variable too, so it
/// is no reason not to start.
fn from_environment(given: Option<String>, crates: &[&str]) -> (EnvFilter, Option<String>) {
    let default = || EnvFilter::new(without(DEFAULT, crates));
    match given.map(|given| (EnvFilter::try_new(without(&given, crates)), given)) {
        Some((Ok(filter), _)) => (filter, None),
        Some((Err(_), given)) => (default(), Some(given)),
        None => (default(), None),
    }
}

/// A filter that lets nothing of these crates through, but for those that it names.
fn without(filter: &str, crates: &[&str]) -> String {
    let silent = crates.iter().filter(|name| !filter.contains(**name));
    silent.fold(filter.to_owned(), |filter, name| format!("{filter},{name}=off"))
}

/// A file is to have no colour codes.
fn has_colours() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}

/// A filter as the option takes it. A word that is no level would be a target of which everything is told, and a
/// misspelt level so a log that is silent.
fn filter(text: &str) -> Result<String, String> {
    let expected = "expected a level (error, warn, info, debug, trace, off), or TARGET=LEVEL,…";
    for directive in text.split(',') {
        let is_level = !directive.is_empty() && directive.parse::<LevelFilter>().is_ok();
        if !is_level && !directive.contains('=') {
            return Err(format!("found {directive:?}, {expected}"));
        }
    }
    EnvFilter::try_new(text).map_err(|error| format!("{error}, {expected}"))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_levels_by_target() {
        for text in ["info", "OFF", "warn,headcount_server::api=debug", "headcount_server=trace,hyper=off"] {
            assert_eq!(filter(text), Ok(text.to_owned()));
        }
        for text in ["", "inf", "verbose", "info,", "headcount_server", "api=loud"] {
            let refused = filter(text).expect_err(text);
            assert!(refused.contains("expected a level (error, "), "{text}: {refused}");
        }
    }

    #[test]
    fn an_environment_that_is_no_filter_is_passed_over() {
        let told = |given: Option<&str>| {
            let (filter, ignored) = from_environment(given.map(str::to_owned), &[]);
            (filter.to_string(), ignored)
        };
        assert_eq!(told(None), ("info".into(), None));
        assert_eq!(told(Some("warn")), ("warn".into(), None));
        assert_eq!(told(Some("api=loud")), ("info".into(), Some("api=loud".into())));
    }

    #[test]
    fn a_crate_that_says_too_much_is_silent_unless_it_is_named() {
        assert_eq!(without("info", &["openraft"]), "info,openraft=off");
        assert_eq!(without("info,openraft=warn", &["openraft", "hyper"]), "info,openraft=warn,hyper=off");
        let (filter, ignored) = from_environment(Some("api=loud".into()), &["openraft"]);
        assert!(filter.to_string().contains("openraft=off"), "{filter}");
        assert_eq!(ignored, Some("api=loud".into()));
    }
}
