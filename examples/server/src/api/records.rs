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

/// The query of [`Members`].
#[derive(Debug)]
pub struct MembersQuery {
    paging: Paging,
    /// The slug and the id of the account behind which the list begins, in the place of an offset.
    after: Option<(String, String)>,
}

impl Query for MembersQuery {
    const NAMES: &'static [&'static str] = &["limit", "offset", "after_type", "after"];
    const DESCRIBED: &'static [&'static str] = &["limit", "offset", "after_type", "after_member"];

    fn read(values: &QueryValues) -> Result<Self, Malformed> {
        let after = match (values.get("after_type"), values.get("after")) {
            (Some(slug), Some(id)) => Some((slug.to_owned(), id.to_owned())),
            (None, None) => None,
            (Some(_), None) => return Err(Malformed::field("after", "none beside after_type", "one")),
            (None, Some(_)) => return Err(Malformed::field("after_type", "none beside after", "one")),
        };
        if after.is_some() && values.get("offset").is_some() {
            return Err(Malformed::field("offset", "one beside after", "none"));
        }
        Ok(Self { after, paging: Paging::read(values)? })
    }
}

impl Read for Members {
    const NAME: &'static str = "list_members";

    type Path = OfMembers;
    type Query = MembersQuery;

    /// The next part begins behind the last account of this one, and not at an offset: so nobody is passed over, or shown
    /// twice, where members come and go between two parts.
    fn answer(
        (app, record): (AppView<'_>, RecordView<'_>),
        MembersQuery { paging, after }: MembersQuery,
        url: &str,
    ) -> Result<Response, Refusal> {
        let (rows, next) = match after {
            None => members_shown(record.members().skip(paging.offset), paging, url),
            Some((slug, id)) => match record.members_behind(&slug, &id) {
                Some(members) => members_shown(members, paging, url),
                None if app.resource_type(&slug).is_none() => {
                    return Err(Error::ResourceTypeNotFound { slug }.into());
                }
                None => return Err(Error::RecordNotFound { slug, id }.into()),
            },
        };
        let [_, _, previous] = paging.links(0, url, None, 0);
        Ok(rows.answer(&[("count", record.member_count().into()), ("next", next), previous]))
    }
}

/// The next members, at most as many as are asked for, and the link to those behind them.
fn members_shown<'e>(
    members: impl Iterator<Item = RecordView<'e>>,
    paging: Paging,
    url: &str,
) -> (Rows, Value) {
    let (mut members, mut rows, mut last) = (members.peekable(), Rows::default(), None);
    while rows.len() < paging.limit && rows.has_room(0) {
        let Some(account) = members.next() else { break };
        rows.push(&answer::member(account));
        last = Some(account);
    }
    // To look whether there is one more says whether there is a next part.
    let next = last
        .filter(|_| members.peek().is_some())
        .map(|last| paging.link_behind(url, Some(("after_type", last.resource_type().slug())), last.id()));
    (rows, next.into())
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
