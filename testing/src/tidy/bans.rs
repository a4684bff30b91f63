//! Words and calls that the core must not contain.
//!
//! An impossible state is a panic with a sentence, so that whoever meets it knows what was believed; what cannot be
//! missing is not defaulted in silence.

use proc_macro2::TokenTree;

use super::code::{self, Code, between_commas, brackets, inside, is_punct, is_word, line, parentheses};
use super::{Fault, Sources};

/// What the core must not contain, and why.
pub const WORDS: &[(&str, &str)] = &[
    ("std::", "the core is no_std"),
    ("extern crate std", "the core is no_std"),
    ("HashMap", "its order is random, or depends on the hash key"),
    ("HashSet", "its order is random, or depends on the hash key"),
    ("swap_remove", "it breaks the order of what is left"),
    ("unsafe", "the borrow checker is to see everything"),
    ("static mut", "no state outside of an engine"),
    ("thread_local", "no state outside of an engine"),
    ("Atomic", "no state that changes behind a shared reference"),
    ("RefCell", "no state that changes behind a shared reference"),
    ("todo!", "no stubs"),
    ("unimplemented!", "no stubs"),
    ("dbg!", "no output"),
    ("Instant", "no clock: time is an argument"),
    ("SystemTime", "no clock: time is an argument"),
    ("new_v4", "no randomness: ids are arguments"),
    ("new_v7", "no randomness, no clock: ids are arguments"),
    ("RandomState", "no randomness: the hash key is an argument"),
    ("getrandom", "no randomness: ids are arguments"),
    ("rand::", "no randomness: ids are arguments"),
    ("env!", "no environment"),
    ("cfg(target", "the same on every machine"),
];

/// Text that a banned word is part of without being it.
const FINE: &[&str] = &["unsafe_code"];

/// Words that a sentence has at least.
const SENTENCE_WORDS_MIN: usize = 3;

/// Everything banned in these files, but for [`defaults`] and [`waivers`].
pub fn faults(sources: &Sources) -> Vec<Fault> {
    let (codes, mut faults) = code::read(sources);
    for code in &codes {
        words(code, &mut faults);
        code::walk(&code.tokens, &mut |tokens| panics(code.file, tokens, &mut faults));
    }
    faults.sort();
    faults
}

/// The places where what is missing is defaulted in silence: a number that is only ever to fall.
pub fn defaults(sources: &Sources) -> Vec<Fault> {
    let (codes, mut faults) = code::read(sources);
    for code in &codes {
        code::walk(&code.tokens, &mut |tokens| {
            let silent = tokens
                .iter()
                .filter(|token| is_word(token, "unwrap_or_default") || is_word(token, "or_default"));
            faults.extend(silent.map(|token| Fault::new(code.file, line(token), format!("`{token}`"))));
        });
    }
    faults.sort();
    faults
}

/// Lints that are switched off without a reason, and dead code that is kept with one.
pub fn waivers(sources: &Sources) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (file, text) in sources {
        let Ok(stream) = text.parse::<proc_macro2::TokenStream>() else { continue };
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        code::walk(&tokens, &mut |tokens| {
            for attribute in tokens.windows(2).filter_map(|pair| {
                let is_attribute = is_punct(&pair[0], '#') || is_punct(&pair[0], '!');
                brackets(&pair[1]).filter(|_| is_attribute)
            }) {
                code::walk(&inside(attribute), &mut |tokens| waiver(file, tokens, &mut faults));
            }
        });
    }
    faults.sort();
    faults
}

fn waiver(file: &str, tokens: &[TokenTree], faults: &mut Vec<Fault>) {
    // What is used only with a feature is dead without it, and may say so.
    let is_without_a_feature = tokens.first().is_some_and(|token| is_word(token, "not"));
    for pair in tokens.windows(2).filter(|pair| is_word(&pair[0], "allow") || is_word(&pair[0], "expect")) {
        let Some(lints) = parentheses(&pair[1]) else { continue };
        let lints = inside(lints);
        if !lints.iter().any(|token| is_word(token, "reason")) {
            faults.push(Fault::new(file, line(&pair[0]), "a lint is switched off, but not why"));
        }
        if !is_without_a_feature && lints.iter().any(|token| is_word(token, "dead_code")) {
            faults.push(Fault::new(file, line(&pair[0]), "dead code is taken out"));
        }
    }
}

fn words(code: &Code<'_>, faults: &mut Vec<Fault>) {
    for (number, mut line) in (1..).zip(code::lines(code)) {
        for fine in FINE {
            line = line.replace(fine, "");
        }
        for (word, reason) in WORDS.iter().filter(|(word, _)| line.contains(word)) {
            faults.push(Fault::new(code.file, number, format!("`{word}`: {reason}")));
        }
    }
    // A stub that is marked as one is marked in a comment.
    for (number, _) in (1..).zip(code.text.lines()).filter(|(_, line)| line.contains("FIXME")) {
        faults.push(Fault::new(code.file, number, "`FIXME`: no stubs"));
    }
}

fn panics(file: &str, tokens: &[TokenTree], faults: &mut Vec<Fault>) {
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Ident(word) = token else { continue };
        let mut fault = |what: &str| faults.push(Fault::new(file, line(token), what));
        let before = at.checked_sub(1).map(|at| &tokens[at]);
        let is_called = before.is_some_and(|before| is_punct(before, '.') || is_punct(before, ':'));
        let is_macro = tokens.get(at + 1).is_some_and(|next| is_punct(next, '!'));
        let arguments = tokens.get(at + if is_macro { 2 } else { 1 });
        let arguments = arguments.and_then(parentheses).map(inside);
        match (word.to_string().as_str(), is_macro) {
            ("unwrap" | "unwrap_err", false) if is_called => {
                fault("`unwrap`: an impossible state says why it is one, with `expect`");
            }
            ("expect" | "expect_err", false)
                if is_called && is_text(arguments.as_deref()) && !says(arguments.as_deref(), 0) =>
            {
                fault("`expect`: not a sentence of three words or more");
            }
            ("panic" | "unreachable", true) if !says(arguments.as_deref(), 0) => {
                fault("a panic without a sentence of three words or more");
            }
            ("assert", true) if !says(arguments.as_deref(), 1) => {
                fault("`assert!` without a sentence of three words or more");
            }
            ("assert_eq" | "assert_ne", true) if !says(arguments.as_deref(), 2) => {
                fault("an assertion without a sentence of three words or more");
            }
            _ => {}
        }
    }
}

/// Whether the one argument is a text or refers to one: a method of that name may take something else.
fn is_text(arguments: Option<&[TokenTree]>) -> bool {
    match arguments {
        Some([TokenTree::Literal(_)]) => true,
        Some([first, ..]) => is_punct(first, '&'),
        _ => false,
    }
}

/// Whether the argument at this place is a sentence.
fn says(arguments: Option<&[TokenTree]>, place: usize) -> bool {
    let arguments = arguments.unwrap_or_default();
    let parts = between_commas(arguments);
    let Some([TokenTree::Literal(literal)]) = parts.get(place) else { return false };
    code::string(literal).is_some_and(|text| text.split_whitespace().count() >= SENTENCE_WORDS_MIN)
}
