//! A scenario's text as steps, each with the lines that belong to it.

use std::str::FromStr;

use headcount::Kind;

/// Words that a setting begins with.
pub const SETTINGS: &[&str] = &["rule", "at", "limit", "reload", "source"];

/// Words that a command begins with.
pub const COMMANDS: &[&str] = &[
    "app",
    "update-app",
    "delete",
    "type",
    "update-type",
    "start",
    "push",
    "repeat",
    "complete",
    "cleanup",
    "abandon",
    "fail",
    "task",
    "resolve",
    "purge",
    "expire",
    "checkpoint",
    "exclude",
    "waive",
    "erase",
    "upsert",
    "deactivate",
];

/// Words that a view begins with.
pub const VIEWS: &[&str] = &[
    "apps", "types", "records", "behind", "members", "preview", "sessions", "session", "tasks", "changes",
    "faults", "naive",
];

pub(super) fn number<T: FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word} is no number that fits"))
}

pub(super) fn kind(word: &str) -> Result<Kind, String> {
    Ok(match word {
        "account" => Kind::Account,
        "group" => Kind::Group,
        "license" => Kind::License,
        other => return Err(format!("{other} is no kind")),
    })
}

/// A setting, a command or a view.
#[derive(Debug)]
pub(super) struct Step<'s> {
    /// The place of its line, from 0.
    pub(super) line: usize,
    pub(super) words: Vec<&'s str>,
    /// The indented lines: their places, and what they say.
    pub(super) block: Vec<(usize, &'s str)>,
    /// The place of its answer, and what it says.
    pub(super) answer: Option<(usize, &'s str)>,
}

impl Step<'_> {
    pub(super) fn answer(&self) -> Option<&str> {
        self.answer.map(|(_, answer)| answer)
    }

    pub(super) fn shows(&self, lines: &[String]) -> bool {
        self.block.iter().map(|(_, line)| *line).eq(lines.iter().map(String::as_str))
    }

    /// What is to be said about it, with its line.
    pub(super) fn at(&self, what: &str) -> String {
        format!("line {}: {}: {what}", self.line + 1, self.words.join(" "))
    }

    fn is_of(&self, words: &[&str]) -> bool {
        words.contains(&self.words[0])
    }

    /// Nothing is written down that would be passed over.
    fn check(&self) -> Result<(), String> {
        if ![SETTINGS, COMMANDS, VIEWS].iter().any(|words| self.is_of(words)) {
            return Err(self.at("no setting, command or view begins with this word"));
        }
        if self.answer.is_some() && !self.is_of(COMMANDS) {
            return Err(self.at("only a command has an answer"));
        }
        if !self.block.is_empty() && !self.is_of(VIEWS) && !self.is_of(&["push", "upsert", "source"]) {
            return Err(self.at("only a push, an upsert, a source and a view have indented lines"));
        }
        Ok(())
    }
}

/// The rules of SPEC that the scenario names, one a line.
pub fn rules(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("rule ")?.split_whitespace().next())
}

pub(super) fn parse(text: &str) -> Result<Vec<Step<'_>>, String> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let belongs = || format!("line {}: {trimmed}: nothing before it that it belongs to", at + 1);
        if line.starts_with("  ") {
            steps.last_mut().ok_or_else(belongs)?.block.push((at, trimmed));
        } else if let Some(answer) = line.strip_prefix("= ") {
            let step = steps.last_mut().ok_or_else(belongs)?;
            if step.answer.replace((at, answer.trim())).is_some() {
                return Err(step.at("it has two answers"));
            }
        } else {
            let words = trimmed.split_whitespace().collect();
            steps.push(Step { line: at, words, block: Vec::new(), answer: None });
        }
    }
    steps.iter().try_for_each(Step::check)?;
    Ok(steps)
}
