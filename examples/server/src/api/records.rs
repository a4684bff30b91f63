//! Records: read, and erased.

use std::iter::Peekable;

use axum::response::Response;
use headcount::{AppView, Command, Error, RecordFilter, RecordView, ResourceType};
use serde_json::Value;

use crate::answer;
use crate::call::{
    Asked, Done, Malformed, OfMembers, OfRecord, OfType, Paging, Query, QueryValues, Read, Refusal, Rows,
    Write,
};

/// Lists the records of a type.
#[derive(Debug)]
pub struct List;

/// The query of [`List`].
#[derive(Debug)]
pub struct RecordQuery {
    paging: Paging,
    /// The id of the record behind which the list begins, in the place of an offset.
    after: Option<String>,
    state: Option<State>,
}

/// A filter and its word.
type State = (&'static str, RecordFilter);

/// The states that can be asked for.
const STATES: &[State] = &[
    ("active", RecordFilter::Active),
    ("inactive", RecordFilter::Inactive),
    ("placeholder", RecordFilter::Placeholder),
    ("dangling", RecordFilter::Dangling),
];

fn state(word: &str) -> Result<State, Malformed> {
    let state = STATES.iter().find(|(other, _)| *other == word).copied();
    state.ok_or_else(|| Malformed::text("state", word, "active, inactive, placeholder or dangling"))
}

impl Query for RecordQuery {
    const NAMES: &'static [&'static str] = &["state", "limit", "offset", "after"];
    const DESCRIBED: &'static [&'static str] = &["state", "limit", "offset", "after_record"];

    fn read(values: &QueryValues) -> Result<Self, Malformed> {
        let (state, after) = (values.get("state").map(state).transpose()?, values.get("after"));
        if after.is_some() && values.get("offset").is_some() {
            return Err(Malformed::field("offset", "one beside after", "none"));
        }
        Ok(Self { state, after: after.map(str::to_owned), paging: Paging::read(values)? })
    }
}

impl Read for List {
    const NAME: &'static str = "list_records";

    type Path = OfType;
    type Query = RecordQuery;

    fn answer(
        (app, resource_type): (AppView<'_>, &ResourceType),
        RecordQuery { paging, after, state }: RecordQuery,
        url: &str,
    ) -> Result<Response, Refusal> {
        let (filter, slug) = (state.map_or(RecordFilter::All, |(_, filter)| filter), resource_type.slug());
        let state = state.map(|(word, _)| ("state", word));
        let records =
            app.records(slug, filter).ok_or_else(|| Error::ResourceTypeNotFound { slug: slug.to_owned() })?;
        let count = records.len();
        let Some(id) = after else {
            let (rows, _) = shown(&mut records.skip(paging.offset).peekable(), paging.limit);
            return Ok(paging.page(count, url, state, rows));
        };
        let Some(behind) = app.records_behind(slug, filter, &id) else {
            return Err(Error::RecordNotFound { slug: slug.to_owned(), id }.into());
        };
        // One more than is shown, which says whether there is a next page.
        let mut behind = behind.peekable();
        let (rows, last) = shown(&mut behind, paging.limit);
        let next =
            last.filter(|_| behind.peek().is_some()).map(|last| paging.link_behind(url, state, last.id()));
        Ok(rows.answer(&[("count", count.into()), ("next", next.into()), ("previous", Value::Null)]))
    }
}

/// The next records, at most so many, for as long as there is room; and the last of them.
fn shown<'e>(
    records: &mut Peekable<impl Iterator<Item = RecordView<'e>>>,
    limit: usize,
) -> (Rows, Option<RecordView<'e>>) {
    let (mut rows, mut last) = (Rows::default(), None);
    while rows.len() < limit {
        let references = |record: &RecordView<'_>| record.reference_count() as usize;
        let Some(record) = records.next_if(|record| rows.has_room(references(record))) else { break };
        rows.push_referring(&answer::record(record), references(&record));
        last = Some(record);
    }
    (rows, last)
}

/// Reads a record.
#[derive(Debug)]
pub struct Get;

impl Read for Get {
    const NAME: &'static str = "read_record";

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
    const NAME: &'static str = "list_members";

    type Path = OfMembers;
    type Query = Paging;

    fn answer(
        (_, record): (AppView<'_>, RecordView<'_>),
        paging: Paging,
        url: &str,
    ) -> Result<Response, Refusal> {
        let members = record.members().skip(paging.offset).take(paging.limit);
        Ok(paging.page(record.member_count() as usize, url, None, Rows::of(members.map(answer::member))))
    }
}

/// Removes an inactive record that nobody refers to: somebody asked to be forgotten.
#[derive(Debug)]
pub struct Erase;

impl Write for Erase {
    const NAME: &'static str = "erase_record";

    type Path = OfRecord;
    type Query = ();
    type Body<'b> = ();

    fn command(Asked { at, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::EraseRecord { app_id: at.app_id, slug: at.slug.as_str().into(), id: at.id.as_str().into() }
    }

    fn answer(_: &Done<'_, Self>) -> Option<Response> {
        Some(answer::no_content())
    }
}
