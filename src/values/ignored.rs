//! The names of fields that are not known.

use alloc::string::String;
use alloc::vec::Vec;

use super::quote::{EXCERPT_CHARS_MAX, excerpt};

/// Names of fields that a parser did not know and passed over ([SPEC 11](crate::spec#11-the-http-shape)).
///
/// A misspelt `membership` leaves an account without its groups, and nothing else would tell of it. A name is told
/// without its place, once, in order of first sight: the first 16 of them, and of a longer one the first 64 characters
/// and "…". So it is bounded, whatever is sent, and takes no heap while every field is known.
///
/// [`PageSeed::deserialize_noting`](crate::PageSeed::deserialize_noting) notes those of a page; a host can note those
/// of its other bodies.
///
/// ```
/// let mut ignored = headcount::IgnoredFields::new();
/// ["membership", "team", "membership"].iter().for_each(|name| ignored.note(name));
/// assert_eq!(ignored.iter().collect::<Vec<_>>(), ["membership", "team"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoredFields {
    names: Vec<String>,
}

impl IgnoredFields {
    /// How many names are kept.
    pub const NAMES_MAX: usize = 16;

    /// Of how many characters a name is kept; "…" stands for the others.
    pub const NAME_CHARS_MAX: usize = EXCERPT_CHARS_MAX;

    /// None.
    pub const fn new() -> Self {
        Self { names: Vec::new() }
    }

    /// Keeps a name, unless it is kept already or there are as many as can be.
    pub fn note(&mut self, name: &str) {
        if self.names.len() < Self::NAMES_MAX && !self.has(name) {
            self.names.push(excerpt(name));
        }
    }

    fn has(&self, name: &str) -> bool {
        match name.char_indices().nth(Self::NAME_CHARS_MAX) {
            None => self.names.iter().any(|noted| noted == name),
            Some((end, _)) => self.names.iter().any(|noted| noted.strip_suffix('…') == Some(&name[..end])),
        }
    }

    /// The names, in order of first sight. They are the sender's: any character may be in them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn noted<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
        let mut ignored = IgnoredFields::new();
        names.into_iter().for_each(|name| ignored.note(name));
        ignored.iter().map(String::from).collect()
    }

    #[test]
    fn a_name_is_kept_once_in_order_of_first_sight() {
        assert_eq!(noted(["b", "a", "b", "", "a", ""]), ["b", "a", ""]);
        assert!(IgnoredFields::new().is_empty());
    }

    #[test]
    fn sixteen_names_are_kept_and_no_more() {
        let names: Vec<String> = (0..20).map(|number| format!("x{number}")).collect();
        assert_eq!(noted(names.iter().map(String::as_str)), names[..16]);
    }

    #[test]
    fn of_a_long_name_the_beginning_is_kept_once() {
        let (whole, long) = ("é".repeat(64), "é".repeat(65));
        let longer = format!("{whole}, and more");
        assert_eq!(noted([&*long, &*longer, &*whole, &*long]), [format!("{whole}…"), whole]);
    }
}
