//! Rust texts as tokens: comments are gone, strings are told from code, unit tests can be left out.

use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};

use super::{Fault, Sources};

/// The tokens of a file without its unit tests.
pub(super) struct Code<'s> {
    pub(super) file: &'s str,
    pub(super) text: &'s str,
    pub(super) tokens: Vec<TokenTree>,
}

/// The files that are not tests themselves, and a fault for each that is no Rust.
pub(super) fn read(sources: &Sources) -> (Vec<Code<'_>>, Vec<Fault>) {
    let (mut codes, mut faults) = (Vec::new(), Vec::new());
    for (file, text) in sources.iter().filter(|(file, _)| !is_of_tests(file)) {
        match text.parse::<TokenStream>() {
            Ok(stream) => codes.push(Code { file, text, tokens: without_tests(stream) }),
            Err(error) => faults.push(Fault::new(file, 1, format!("this is no Rust: {error}"))),
        }
    }
    (codes, faults)
}

/// `#[cfg(test)] mod tests;` puts them into a file or a folder of this name.
pub(super) fn is_of_tests(file: &str) -> bool {
    file.trim_end_matches(".rs").split('/').any(|part| part == "tests")
}

fn without_tests(stream: TokenStream) -> Vec<TokenTree> {
    let (mut kept, mut tokens) = (Vec::new(), stream.into_iter().peekable());
    while let Some(token) = tokens.next() {
        if is_punct(&token, '#') && tokens.peek().is_some_and(is_cfg_test) {
            // The item ends with its body, or without one.
            let _ = tokens.find(|token| is_punct(token, ';') || body(token).is_some());
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let inner = without_tests(group.stream()).into_iter().collect();
                let mut stripped = Group::new(group.delimiter(), inner);
                stripped.set_span(group.span());
                TokenTree::Group(stripped)
            }
            other => other,
        });
    }
    kept
}

fn is_cfg_test(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Whether the token is this punctuation.
pub(super) fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

/// Whether the token is this word.
pub(super) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// Whether the two tokens from here on are `::`.
pub(super) fn is_path_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [first, second, ..] if is_punct(first, ':') && is_punct(second, ':'))
}

/// The braces that the token is.
pub(super) fn body(token: &TokenTree) -> Option<&Group> {
    group(token, Delimiter::Brace)
}

/// The parentheses that the token is.
pub(super) fn parentheses(token: &TokenTree) -> Option<&Group> {
    group(token, Delimiter::Parenthesis)
}

/// The brackets that the token is.
pub(super) fn brackets(token: &TokenTree) -> Option<&Group> {
    group(token, Delimiter::Bracket)
}

fn group(token: &TokenTree, delimiter: Delimiter) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// The tokens in a group.
pub(super) fn inside(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// The line that a token begins in.
pub(super) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

/// The text of a string literal between its quotes, escapes as they are written.
pub(super) fn string(literal: &Literal) -> Option<String> {
    let written = literal.to_string();
    let (_, rest) = written.split_once('"').filter(|(prefix, _)| !prefix.contains('\''))?;
    rest.rsplit_once('"').map(|(text, _)| text.to_owned())
}

/// Lists of tokens between the commas of this level; `<` and `>` count as brackets.
pub(super) fn between_commas(tokens: &[TokenTree]) -> Vec<&[TokenTree]> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        if is_punct(token, '<') {
            depth += 1;
        } else if is_punct(token, '>') && !(at > 0 && is_punct(&tokens[at - 1], '-')) {
            depth = depth.saturating_sub(1);
        } else if is_punct(token, ',') && depth == 0 {
            parts.push(&tokens[start..at]);
            start = at + 1;
        }
    }
    parts.push(&tokens[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Calls `see` with the tokens of this level and of each group in it, the innermost too.
pub(super) fn walk(tokens: &[TokenTree], see: &mut impl FnMut(&[TokenTree])) {
    see(tokens);
    for token in tokens {
        if let TokenTree::Group(group) = token {
            walk(&inside(group), see);
        }
    }
}

/// The lines of the code, each token where it stands: no comments, no documentation, no texts of strings.
pub(super) fn lines(code: &Code<'_>) -> Vec<String> {
    let mut lines = vec![String::new(); code.text.lines().count() + 1];
    place(&code.tokens, &mut lines);
    lines
}

fn place(tokens: &[TokenTree], lines: &mut [String]) {
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if at > 0 && is_documentation(&tokens[at - 1], group) => {}
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                put(lines, group.span_open().start(), open);
                place(&inside(group), lines);
                put(lines, group.span_close().end(), close);
            }
            TokenTree::Literal(literal) if string(literal).is_some() => {
                put(lines, literal.span().start(), "\"\"");
            }
            other => put(lines, other.span().start(), &other.to_string()),
        }
    }
}

/// Whether a group is the text of a doc comment.
pub(super) fn is_documentation(before: &TokenTree, group: &Group) -> bool {
    (is_punct(before, '#') || is_punct(before, '!'))
        && group.delimiter() == Delimiter::Bracket
        && group.stream().into_iter().next().is_some_and(|first| is_word(&first, "doc"))
}

fn put(lines: &mut [String], place: proc_macro2::LineColumn, text: &str) {
    let Some(line) = lines.get_mut(place.line - 1) else { return };
    let missing = place.column.saturating_sub(line.chars().count());
    line.extend(std::iter::repeat_n(' ', missing));
    line.push_str(text);
}
