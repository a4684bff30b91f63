//! Texts of a sender in words that are safe to print.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::fmt::{self, Write as _};

/// How many characters of a text that was refused an error repeats.
pub(super) const EXCERPT_CHARS_MAX: usize = 64;

/// The text, if it is short, or its beginning: an error must not be a way to store what was refused.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => {
            let mut beginning = text[..end].to_owned();
            beginning.push('…');
            beginning
        }
    }
}

/// An id as an error tells it: whole within the limit on ids, so that the sender finds the culprit.
pub(crate) fn id_or_excerpt(id: &str, chars_max: u32) -> String {
    if id.chars().nth(chars_max as usize).is_none() { id.to_owned() } else { excerpt(id) }
}

/// A sender's slug as part of a path: an excerpt without line breaks or escape codes, so that a path
/// may be printed as it is.
pub(crate) fn path_segment(slug: &str) -> String {
    Escaped(&excerpt(slug)).to_string()
}

/// A sender's text in quotes, shortened: what an error tells of it.
pub(crate) fn quoted(text: &str) -> String {
    Quoted(&excerpt(text)).to_string()
}

/// Prints a text in quotes, so that no character of it can end the line, hide or colour what follows.
pub(crate) struct Quoted<'t>(pub(crate) &'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Escaped(self.0))
    }
}

struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '\n' => f.write_str("\\n"),
            '\r' => f.write_str("\\r"),
            '\t' => f.write_str("\\t"),
            '"' | '\\' => write!(f, "\\{char}"),
            char if is_unseen(char) => write!(f, "\\u{{{:x}}}", u32::from(char)),
            char => f.write_char(char),
        })
    }
}

/// Control characters, and those that change the direction or the shape of what stands around them. Our own
/// list: that of the compiler's changes with its version, and replicas are to answer alike.
const fn is_unseen(char: char) -> bool {
    matches!(
        char,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_prints_no_line_break_and_no_escape_code_of_the_sender() {
        assert_eq!(path_segment("team"), "team");
        assert_eq!(path_segment("équipe"), "équipe");
        assert_eq!(path_segment("a\0b"), "a\\u{0}b");
        assert_eq!(path_segment("a\nERROR \u{1b}[31m\u{202e}"), "a\\nERROR \\u{1b}[31m\\u{202e}");
    }

    /// Found by the fuzzer, in the model: `char::escape_debug` escapes an apostrophe and accents, too.
    #[test]
    fn a_path_prints_everything_else_as_it_is() {
        for text in ["it's", "e\u{301}", "\u{e000}", "\u{3164}", "a b"] {
            assert_eq!(path_segment(text), text);
        }
        assert_eq!(path_segment("\"\\\t\r"), "\\\"\\\\\\t\\r");
    }

    #[test]
    fn an_excerpt_ends_after_64_characters() {
        assert_eq!(excerpt(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(excerpt(&"é".repeat(65)), "é".repeat(64) + "…");
    }
}
