//! Records, to be read.

use axum::response::Response;
use headcount::{AppView, Error, RecordFilter, RecordView, ResourceType};

use crate::answer;
use crate::call::{Malformed, OfMembers, OfRecord, OfType, Paging, Query, QueryValues, Read, Refusal};

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
    ) -> Result<Response, Refusal> {
        let filter = state.map_or(RecordFilter::All, |(_, filter)| filter);
        let slug = resource_type.slug();
        let records =
            app.records(slug, filter).ok_or_else(|| Error::ResourceTypeNotFound { slug: slug.to_owned() })?;
        let count = records.len();
        let results = records.skip(paging.offset).take(paging.limit).map(answer::record).collect();
        Ok(paging.page(count, url, state.map(|(word, _)| ("state", word)), results))
    }
}

/// Reads a record.
#[derive(Debug)]
pub struct Get;

impl Read for Get {
    type Path = OfRecord;
    type Query = ();

    fn answer((_, record): (AppView<'_>, RecordView<'_>), (): (), _: &str) -> Result<Response, Refusal> {
        Ok(answer::ok(answer::record(record)))
    }
}

/// Lists the active members of a group, or the holders of a license.
#[derive(Debug)]
pub struct Members;

impl Read for Members {
    type Path = OfMembers;
    type Query = Paging;

    fn answer(
        (_, record): (AppView<'_>, RecordView<'_>),
        paging: Paging,
        url: &str,
    ) -> Result<Response, Refusal> {
        let members = record.members().skip(paging.offset).take(paging.limit);
        Ok(paging.page(record.member_count() as usize, url, None, members.map(answer::member).collect()))
    }
}
