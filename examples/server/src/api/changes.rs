//! What changed, to be read by whoever keeps a copy.

use crate::answer;
use crate::call::{Malformed, OfTenant, Paging, Query, QueryValues, Read, Refusal, Rows};
use crate::tenant::Tenant;
use axum::response::Response;

/// Lists the tenant's changes behind one of them.
#[derive(Debug)]
pub struct List;

/// The query of [`List`].
#[derive(Debug)]
pub struct ChangesQuery {
    after: u64,
    limit: usize,
}

impl Query for ChangesQuery {
    const NAMES: &'static [&'static str] = &["after", "limit"];
    const DESCRIBED: &'static [&'static str] = &["after_change", "limit"];

    fn read(values: &QueryValues) -> Result<Self, Malformed> {
        let after = values.number("after", 0, 0, usize::MAX)?;
        Ok(Self { after: after as u64, limit: Paging::limit(values)? })
    }
}

impl Read for List {
    const NAME: &'static str = "list_changes";

    type Path = OfTenant;
    type Query = ChangesQuery;

    fn answer(Tenant { feed, .. }: &Tenant, query: ChangesQuery, _: &str) -> Result<Response, Refusal> {
        let ChangesQuery { after, limit } = query;
        let mut rows = Rows::default();
        feed.after(after, limit, |seq, told| rows.push(&answer::change(seq, told)))
            .map_err(|forgotten| Refusal::forgotten(forgotten, after))?;
        Ok(rows.answer(&[("last_seq", feed.seq().into())]))
    }
}
