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
    state: Option<(&'static str, RecordFilter)>,
}

impl Query for RecordQuery {
    const NAMES: &'static [&'static str] = &["state", "limit", "offset"];

    fn read(values: &QueryValues) -> Result<Self, Malformed> {
        let states = [
            ("active", RecordFilter::Active),
            ("inactive", RecordFilter::Inactive),
            ("placeholder", RecordFilter::Placeholder),
        ];
        Ok(Self { state: values.choice("state", &states)?, paging: Paging::read(values)? })
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
