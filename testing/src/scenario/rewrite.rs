//! Expectations that do not hold, and the text with those that do.

use std::collections::BTreeMap;
use std::fmt;

use super::text::Step;

/// What is to be edited at a step so that it expects what came.
#[derive(Debug)]
pub(super) struct Edit<'s> {
    step: &'s Step<'s>,
    came: Came,
}

#[derive(Debug)]
enum Came {
    Answer { answer: String, words: Option<String> },
    Lines(Vec<String>),
}

impl<'s> Edit<'s> {
    pub(super) fn show(step: &'s Step<'s>, lines: Vec<String>) -> Self {
        Self { step, came: Came::Lines(lines) }
    }

    /// An answer, and the words of an error, which are written down only where words were expected.
    pub(super) fn answer(step: &'s Step<'s>, answer: String, words: Option<String>) -> Self {
        Self { step, came: Came::Answer { answer, words } }
    }

    fn apply(&self, page: &mut Page) {
        match &self.came {
            Came::Answer { answer, words } => {
                let had_words = self.step.answer().is_some_and(is_error_with_words);
                let words = words.iter().filter(|_| had_words).map(|words| format!(" {words}"));
                let line = format!("= {answer}{}", words.collect::<String>());
                match self.step.answer {
                    Some((at, _)) => page.replace(at, line),
                    None => page.insert(self.step.block.last().map_or(self.step.line, |(at, _)| *at), line),
                }
            }
            Came::Lines(lines) => {
                let mut after = self.step.line;
                for change in self.changes(lines) {
                    match change {
                        Change::Same(at) => after = at,
                        Change::Gone(at) => {
                            page.remove(at);
                            after = at;
                        }
                        Change::New(line) => page.insert(after, format!("  {line}")),
                    }
                }
            }
        }
    }

    fn changes<'l>(&self, lines: &'l [String]) -> Vec<Change<'l>> {
        let expected: Vec<&str> = self.step.block.iter().map(|(_, line)| *line).collect();
        let common = common_lengths(&expected, lines);
        let (mut old, mut new, mut changes) = (0, 0, Vec::new());
        while old < expected.len() || new < lines.len() {
            let place = |old: usize| self.step.block[old].0;
            if old < expected.len() && new < lines.len() && expected[old] == lines[new] {
                changes.push(Change::Same(place(old)));
                (old, new) = (old + 1, new + 1);
            } else if new == lines.len()
                || (old < expected.len() && common[old + 1][new] >= common[old][new + 1])
            {
                changes.push(Change::Gone(place(old)));
                old += 1;
            } else {
                changes.push(Change::New(&lines[new]));
                new += 1;
            }
        }
        changes
    }
}

/// Told as a difference: what was expected after `-`, what came after `+`.
impl fmt::Display for Edit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.step.at("not what is expected"))?;
        match &self.came {
            Came::Answer { answer, words } => {
                write!(f, "\n  - {}", self.step.answer().unwrap_or("(it succeeds)"))?;
                write!(f, "\n  + {answer}")?;
                words.iter().try_for_each(|words| write!(f, " {words}"))
            }
            Came::Lines(lines) => self.changes(lines).into_iter().try_for_each(|change| {
                let expected = |at| self.step.block.iter().find(|(place, _)| *place == at);
                match change {
                    Change::Same(at) => write!(f, "\n    {}", expected(at).map_or("", |(_, line)| line)),
                    Change::Gone(at) => write!(f, "\n  - {}", expected(at).map_or("", |(_, line)| line)),
                    Change::New(line) => write!(f, "\n  + {line}"),
                }
            }),
        }
    }
}

fn is_error_with_words(answer: &str) -> bool {
    answer.starts_with("error ") && answer.split_whitespace().count() > 2
}

/// How a line became another list of lines; the places are those of the text.
enum Change<'l> {
    Same(usize),
    Gone(usize),
    New(&'l str),
}

/// For each pair of places, the length of the longest common list of lines from there on.
fn common_lengths(old: &[&str], new: &[String]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i][j] = if old[i] == new[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    lengths
}

/// The lines of a text while they are edited: each place keeps its number.
struct Page {
    lines: Vec<Option<String>>,
    after: BTreeMap<usize, Vec<String>>,
}

impl Page {
    fn replace(&mut self, at: usize, line: String) {
        self.lines[at] = Some(line);
    }

    fn remove(&mut self, at: usize) {
        self.lines[at] = None;
    }

    fn insert(&mut self, after: usize, line: String) {
        self.after.entry(after).or_default().push(line);
    }
}

pub(super) fn rewrite(text: &str, edits: &[Edit<'_>]) -> String {
    if edits.is_empty() {
        return text.to_owned();
    }
    let lines = text.lines().map(|line| Some(line.to_owned())).collect();
    let mut page = Page { lines, after: BTreeMap::new() };
    for edit in edits {
        edit.apply(&mut page);
    }
    let Page { lines, mut after } = page;
    let places = lines.into_iter().enumerate();
    let edited = places.flat_map(|(at, line)| line.into_iter().chain(after.remove(&at).unwrap_or_default()));
    let mut edited = edited.collect::<Vec<_>>().join("\n");
    if text.ends_with('\n') {
        edited.push('\n');
    }
    edited
}
