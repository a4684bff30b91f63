//! How long files and functions are, and how many parameters a function has.

use proc_macro2::TokenTree;

use super::code::{self, between_commas, body, inside, is_punct, is_word, line, parentheses};
use super::{Fault, Sources};

/// Lines of a file at most.
pub const FILE_LINES_MAX: usize = 500;

/// Lines of a function at most, from `fn` to the brace that closes it.
pub const FUNCTION_LINES_MAX: usize = 60;

/// Parameters of a function at most, beside `self`.
pub const PARAMETERS_MAX: usize = 5;

/// Every file and function that is longer than it may be, and every function with too many parameters.
pub fn faults(sources: &Sources) -> Vec<Fault> {
    let (codes, mut faults) = code::read(sources);
    for code in &codes {
        let count = code.text.lines().count();
        if count > FILE_LINES_MAX {
            let what = format!("the file has {count} lines, expected at most {FILE_LINES_MAX}");
            faults.push(Fault::new(code.file, FILE_LINES_MAX + 1, what));
        }
        code::walk(&code.tokens, &mut |tokens| {
            for function in functions(tokens) {
                faults.extend(function.faults().map(|what| Fault::new(code.file, function.line, what)));
            }
        });
    }
    faults.sort();
    faults
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
    parameters: usize,
}

impl Function {
    fn faults(&self) -> impl Iterator<Item = String> {
        let Self { name, lines, parameters, .. } = self;
        let is_long = *lines > FUNCTION_LINES_MAX;
        let long = format!("`{name}` has {lines} lines, expected at most {FUNCTION_LINES_MAX}");
        let is_wide = *parameters > PARAMETERS_MAX;
        let wide = format!("`{name}` has {parameters} parameters, expected at most {PARAMETERS_MAX}");
        [(is_long, long), (is_wide, wide)].into_iter().filter_map(|(is_over, what)| is_over.then_some(what))
    }
}

/// The functions that are declared at this level.
fn functions(tokens: &[TokenTree]) -> Vec<Function> {
    let declared = tokens.windows(2).enumerate().filter_map(|(at, pair)| match &pair[1] {
        TokenTree::Ident(name) if is_word(&pair[0], "fn") => Some((at, name.to_string())),
        // `fn(u32)` is a type.
        _ => None,
    });
    declared.filter_map(|(at, name)| function(name, line(&tokens[at]), &tokens[at + 2..])).collect()
}

fn function(name: String, line: usize, after_name: &[TokenTree]) -> Option<Function> {
    let generics = generics(after_name);
    let parameters = parentheses(after_name.get(generics)?)?;
    let rest = &after_name[generics + 1..];
    let end = rest.iter().find(|token| is_punct(token, ';') || body(token).is_some())?;
    let lines = end.span().end().line + 1 - line;
    let parameters = inside(parameters);
    let parameters = between_commas(&parameters).into_iter().filter(|part| !is_self(part)).count();
    Some(Function { name, line, lines, parameters })
}

/// How many tokens the list of generic parameters has.
fn generics(tokens: &[TokenTree]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if is_punct(token, '<') {
            depth += 1;
        } else if is_punct(token, '>') && !(at > 0 && is_punct(&tokens[at - 1], '-')) {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return if at == 0 && !is_punct(token, '>') { 0 } else { at + 1 };
        }
    }
    tokens.len()
}

fn is_self(parameter: &[TokenTree]) -> bool {
    parameter.iter().take_while(|token| !is_punct(token, ':')).any(|token| is_word(token, "self"))
}
