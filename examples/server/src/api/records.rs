//! Records, to be read.

use axum::response::Response;
use headcount::{AppView, Error, RecordFilter, ResourceType};

use crate::answer;
use crate::call::{Malformed, OfType, Paging, Query, QueryValues, Read};

/// Lists the records of a type.
#[derive(Debug)]
pub struct List;

/// The query of [`List`].
#[derive(Debug)]
pub struct RecordQuery {
    paging: Paging,
    state: Option<State>,
}

/// A filter and its word.
type State = (&'static str, RecordFilter);

/// The states that can be asked for.
const STATES: &[State] = &[
    ("active", RecordFilter::Active),
    ("inactive", RecordFilter::Inactive),
    ("placeholder", RecordFilter::Placeholder),
];

fn state(word: &str) -> Result<State, Malformed> {
    let state = STATES.iter().find(|(other, _)| *other == word).copied();
    state.ok_or_else(|| Malformed::text("state", word, "active, inactive or placeholder"))
}

impl Query for RecordQuery {
    const NAMES: &'static [&'static str] = &["state", "limit", "offset"];

    fn read(values: &QueryValues) -> Result<Self, Malformed> {
        Ok(Self { state: values.get("state").map(state).transpose()?, paging: Paging::read(values)? })
    }
}

impl Read for List {
    type Path = OfType;
    type Query = RecordQuery;

    fn answer(
        (app, resource_type): (AppView<'_>, &ResourceType),
        RecordQuery { paging, state }: RecordQuery,
        url: &str,
    ) -> Result<Response, Error> {
        let filter = state.map_or(RecordFilter::All, |(_, filter)| filter);
        let slug = resource_type.slug();
        let records =
            app.records(slug, filter).ok_or_else(|| Error::ResourceTypeNotFound { slug: slug.to_owned() })?;
        let count = records.len();
        let results = records.skip(paging.offset).take(paging.limit).map(answer::record).collect();
        Ok(paging.page(count, url, state.map(|(word, _)| ("state", word)), results))
    }
}
