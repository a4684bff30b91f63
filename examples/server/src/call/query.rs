//! What a query says.

use std::str::FromStr;

use axum::response::Response;
use headcount::ParseError;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::refusal::{parsed, quoted};
use super::{Malformed, Rows};

/// The parameters that a call knows.
pub trait Query: Sized + Send + 'static {
    /// Their names.
    const NAMES: &'static [&'static str];

    /// By which names the API's document describes them, in the same order.
    const DESCRIBED: &'static [&'static str] = Self::NAMES;

    /// Reads them.
    ///
    /// # Errors
    /// Where one is malformed.
    fn read(values: &QueryValues) -> Result<Self, Malformed>;
}

/// No parameters.
impl Query for () {
    const NAMES: &'static [&'static str] = &[];

    fn read(_: &QueryValues) -> Result<Self, Malformed> {
        Ok(())
    }
}

/// The parameters as they were sent.
#[derive(Debug)]
pub struct QueryValues(Vec<(String, String)>);

impl QueryValues {
    /// A parameter's value; none if it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// A number; the default if it is absent.
    ///
    /// # Errors
    /// Where it is none, or out of the range.
    pub fn number(&self, name: &str, default: usize, min: usize, max: usize) -> Result<usize, Malformed> {
        let Some(text) = self.get(name) else { return Ok(default) };
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| {
            let expected =
                if max == usize::MAX { format!("a number from {min}") } else { format!("{min} to {max}") };
            Malformed::text(name, text, expected)
        })
    }

    /// A word of the core's; none if it is absent.
    ///
    /// # Errors
    /// Where it is another word.
    pub fn parsed<T: FromStr<Err = ParseError>>(&self, name: &str) -> Result<Option<T>, Malformed> {
        self.get(name).map(|text| parsed(name, text)).transpose()
    }
}

/// Takes a query apart for a call. A parameter that the call does not know would be a filter that is passed over,
/// and of one given twice it would be a guess which is meant.
pub(super) fn read<Q: Query>(query: &str) -> Result<Q, Malformed> {
    let mut values = QueryValues(Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if !Q::NAMES.contains(&name.as_str()) {
            let known = if Q::NAMES.is_empty() { "none".into() } else { Q::NAMES.join(", ") };
            let detail = format!("no query parameter {} in this call, expected {known}", quoted(&name));
            return Err(Malformed::new(detail));
        }
        if values.0.iter().any(|(other, _)| *other == name) {
            return Err(Malformed::new(format!("the query parameter {} is given twice", quoted(&name))));
        }
        values.0.push((name, value));
    }
    Q::read(&values)
}

/// The text that stands in a query.
fn decoded(text: &str) -> Result<String, Malformed> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8().map(String::from);
    decoded.map_err(|_| Malformed::new(format!("the query: {} is no UTF-8", quoted(&text))))
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    /// At most so many, 1 to 1,000.
    pub limit: usize,
    /// How many to skip.
    pub offset: usize,
}

impl Query for Paging {
    const NAMES: &'static [&'static str] = &["limit", "offset"];

    fn read(values: &QueryValues) -> Result<Self, Malformed> {
        Ok(Self { limit: Self::limit(values)?, offset: values.number("offset", 0, 0, usize::MAX)? })
    }
}

impl Paging {
    /// How many are asked for: 50 if that is not said.
    ///
    /// # Errors
    /// Where it is no number, or out of the range.
    pub fn limit(values: &QueryValues) -> Result<usize, Malformed> {
        values.number("limit", 50, 1, 1_000)
    }

    /// What a list says beside its rows: `count`, `next`, which begins behind as many rows as are shown, and
    /// `previous`. `filter` is the other parameter that the list was asked for with; its value needs no encoding.
    pub fn links(
        self,
        count: usize,
        url: &str,
        filter: Option<(&str, &str)>,
        shown: usize,
    ) -> [(&'static str, Value); 3] {
        let filter = filter.map_or(String::new(), |(name, value)| format!("{name}={value}&"));
        let link = |offset: usize| Value::from(format!("{url}?{filter}limit={}&offset={offset}", self.limit));
        let end = self.offset.saturating_add(shown);
        let next = if end < count { link(end) } else { Value::Null };
        let previous =
            if self.offset > 0 { link(self.offset.saturating_sub(self.limit)) } else { Value::Null };
        [("count", count.into()), ("next", next), ("previous", previous)]
    }

    /// The address of the part of a list that begins behind the row with this id. `filter` as in [`links`](Self::links).
    pub fn link_behind(self, url: &str, filter: Option<(&str, &str)>, id: &str) -> String {
        let filter = filter.map_or(String::new(), |(name, value)| format!("{name}={value}&"));
        format!("{url}?{filter}after={}&limit={}", utf8_percent_encode(id, NON_ALPHANUMERIC), self.limit)
    }

    /// The answer that is a list, and nothing else.
    pub fn page(self, count: usize, url: &str, filter: Option<(&str, &str)>, rows: Rows) -> Response {
        let links = self.links(count, url, filter, rows.len());
        rows.answer(&links)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_paging(query: &str) -> Result<(usize, usize), String> {
        let paging = read::<Paging>(query);
        paging.map(|paging| (paging.limit, paging.offset)).map_err(|Malformed(detail)| detail)
    }

    #[test]
    fn what_is_absent_or_empty_has_its_default() {
        for query in ["", "&", "limit=", "limit", "offset=&limit=50"] {
            assert_eq!(read_paging(query), Ok((50, 0)), "{query}");
        }
        assert_eq!(read_paging("%6Cimit=%31&offset=2"), Ok((1, 2)));
    }

    #[test]
    fn what_is_unknown_or_given_twice_is_named() {
        for (query, detail) in [
            ("stat=x", r#"no query parameter "stat" in this call, expected limit, offset"#),
            ("=x", r#"no query parameter "" in this call, expected limit, offset"#),
            ("limit=1&a%0Ab+c", r#"no query parameter "a\nb c" in this call, expected limit, offset"#),
            ("limit=1&limit=1", r#"the query parameter "limit" is given twice"#),
            ("limit=1&%6cimit", r#"the query parameter "limit" is given twice"#),
            ("limit=%FF", r#"the query: "%FF" is no UTF-8"#),
            ("limit=0", r#"limit: found "0", expected 1 to 1000"#),
            ("limit=1001", r#"limit: found "1001", expected 1 to 1000"#),
            ("offset=-1", r#"offset: found "-1", expected a number from 0"#),
        ] {
            assert_eq!(read_paging(query), Err(detail.to_owned()), "{query}");
        }
        let detail = r#"no query parameter "limit" in this call, expected none"#;
        assert_eq!(read::<()>("limit=1").map_err(|Malformed(detail)| detail), Err(detail.to_owned()));
    }
}
