//! Places in a text, and the text with the mutants in it.

use std::ops::Range;

use proc_macro2::LineColumn;
use serde_json::Value;

use crate::sites::{Alternative, Form, Site};

/// As `cargo mutants` tells one: lines and columns from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: (usize, usize),
    pub(crate) end: (usize, usize),
}

impl Span {
    pub(crate) fn of(value: &Value) -> Self {
        let number = |value: &Value| value.as_u64().expect("a line or a column") as usize;
        let place = |value: &Value| (number(&value["line"]), number(&value["column"]));
        Self { start: place(&value["start"]), end: place(&value["end"]) }
    }

    pub(crate) fn at(start: LineColumn, end: LineColumn) -> Self {
        Self { start: (start.line, start.column + 1), end: (end.line, end.column + 1) }
    }
}

/// The lines of a text, to find bytes by lines and columns.
pub(crate) struct Lines<'s> {
    source: &'s str,
    starts: Vec<usize>,
}

impl<'s> Lines<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        let behind = source.match_indices('\n').map(|(at, _)| at + 1);
        Self { source, starts: std::iter::once(0).chain(behind).collect() }
    }

    fn byte(&self, (line, column): (usize, usize)) -> usize {
        let start = self.starts[line - 1];
        let chars = self.source[start..].char_indices();
        start + chars.map(|(at, _)| at).nth(column - 1).unwrap_or(self.source.len() - start)
    }

    pub(crate) fn range(&self, span: Span) -> Range<usize> {
        self.byte(span.start)..self.byte(span.end)
    }

    pub(crate) fn text(&self, range: Range<usize>) -> &'s str {
        &self.source[range]
    }
}

/// The text with all sites in it. Sites lie beside or within each other.
pub(crate) fn render(source: &str, sites: &[Site]) -> String {
    let mut sorted: Vec<&Site> = sites.iter().collect();
    sorted.sort_by_key(|site| (site.range.start, usize::MAX - site.range.end));
    let mut rest = sorted.as_slice();
    render_range(source, 0..source.len(), &mut rest)
}

/// The text of a range, with the sites that begin in it, which it takes from the list.
fn render_range(source: &str, range: Range<usize>, sites: &mut &[&Site]) -> String {
    let mut text = String::new();
    let mut at = range.start;
    while let [site, rest @ ..] = *sites
        && site.range.start < range.end
    {
        *sites = rest;
        text.push_str(&source[at..site.range.start]);
        let inner = render_range(source, site.range.clone(), sites);
        text.push_str(&render_site(site, &inner));
        at = site.range.end;
    }
    text.push_str(&source[at..range.end]);
    text
}

fn render_site(site: &Site, inner: &str) -> String {
    let on = |number: usize| format!("crate::woven::on({number})");
    match site.form {
        Form::Expression | Form::Guard | Form::Shorthand => {
            let name = if site.form == Form::Shorthand { format!("{inner}: ") } else { String::new() };
            let mut text = name + "(";
            for Alternative { number, text: instead } in &site.alternatives {
                text += &format!("if {} {{/*M{number}*/ {instead} /*E{number}*/}} else ", on(*number));
            }
            text += &format!("{{ {inner} }})");
            text
        }
        Form::Body => {
            let mut text = String::from("{");
            for Alternative { number, text: instead } in &site.alternatives {
                text += &format!(" if {} {{/*M{number}*/ return {instead}; /*E{number}*/}}", on(*number));
            }
            text + inner.strip_prefix('{').expect("a body is a block")
        }
        Form::End { comma } => format!("{} _ => unreachable!(), ", if comma { "," } else { "" }),
        // Behind the pattern of an arm, with its guard if it has one.
        Form::Arm => {
            let mut text = String::from(" if ");
            for Alternative { number, .. } in &site.alternatives {
                text += &format!("/*M{number}*/!{}/*E{number}*/ && ", on(*number));
            }
            let guard = inner.trim_start();
            text + guard.strip_prefix("if").map_or("true", |guard| guard) + " "
        }
    }
}
