//! What the core checks of a state, as its own words: each rule that is held is held by an `ensure`, or by an error of
//! the same kind, whose words are written where it is.

use proc_macro2::TokenTree;

use super::code::{self, inside, is_path_separator, is_punct, is_word, line, parentheses};
use super::{Fault, Sources};

/// A check, and what it says when it finds something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// The path of the file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// As it is written: `{}` and what is in it stands for anything.
    pub words: String,
}

impl Check {
    /// Whether it was this check that said so.
    pub fn said(&self, told: &str) -> bool {
        let parts: Vec<&str> =
            self.words.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
        let (mut rest, mut first) = (told, true);
        for part in &parts {
            let Some((before, behind)) = rest.split_once(part) else { return false };
            // A part of something longer is not this.
            if first && !before.is_empty() && !before.ends_with([' ', ':']) {
                return false;
            }
            (rest, first) = (behind, false);
        }
        // What ends with a part ends so; what names a text is followed by what is wrong with it.
        rest.is_empty() || parts.last().is_some_and(|last| last.is_empty()) || self.words.ends_with(": {}")
    }
}

/// All checks in these files, but for unit tests.
pub fn all(sources: &Sources) -> (Vec<Check>, Vec<Fault>) {
    let (codes, faults) = code::read(sources);
    let mut checks = Vec::new();
    for code in &codes {
        code::walk(&code.tokens, &mut |tokens| {
            for (at, token) in tokens.iter().enumerate() {
                let Some(words) = words_at(tokens, at) else { continue };
                checks.push(Check { file: code.file.to_owned(), line: line(token), words });
            }
        });
    }
    checks.sort();
    (checks, faults)
}

/// The words of the check that is called at this place.
fn words_at(tokens: &[TokenTree], at: usize) -> Option<String> {
    let arguments = inside(parentheses(tokens.get(at + 1)?)?);
    let before = at.checked_sub(1).map(|at| &tokens[at]);
    // Its declaration is not a call.
    if before.is_some_and(|before| is_word(before, "fn")) {
        return None;
    }
    let of_a_path = at.checked_sub(2).is_some_and(|at| is_path_separator(&tokens[at..]));
    let TokenTree::Ident(name) = &tokens[at] else { return None };
    match name.to_string().as_str() {
        // Whether it holds, the rule, the words.
        "ensure" => first_text(&behind_first_text(&arguments)?),
        // What the text is; behind it comes what is wrong.
        "ensure_text" => first_text(&arguments).map(|what| format!("{what}: {{}}")),
        "new" if of_a_path && is_word(tokens.get(at.checked_sub(3)?)?, "BrokenInvariant") => {
            first_text(&behind_first_text(&arguments)?)
        }
        "custom" if of_a_path => first_text(&arguments),
        "ok_or" | "Err" => match arguments.as_slice() {
            [TokenTree::Literal(literal)] => code::string(literal),
            _ => None,
        },
        _ => None,
    }
}

/// What follows the first argument that is a text.
fn behind_first_text(arguments: &[TokenTree]) -> Option<Vec<TokenTree>> {
    let arguments: Vec<&[TokenTree]> = arguments.split(|token| is_punct(token, ',')).collect();
    let rule = arguments.iter().position(|argument| matches!(argument, [TokenTree::Literal(_)]))?;
    Some(arguments[rule + 1..].concat())
}

/// The first text in these tokens, or in what is in them.
fn first_text(tokens: &[TokenTree]) -> Option<String> {
    tokens.iter().find_map(|token| match token {
        TokenTree::Literal(literal) => code::string(literal),
        TokenTree::Group(group) => first_text(&inside(group)),
        _ => None,
    })
}
