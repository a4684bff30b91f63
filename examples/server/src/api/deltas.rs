//! Deltas: what somebody reports outside of any roll call.

use axum::response::Response;
use headcount::{Command, Reply};
use serde_json::json;

use super::page::PageBody;
use crate::answer;
use crate::call::{Asked, Done, Fields, Malformed, Object, OfType, Write};

/// Upserts records.
#[derive(Debug)]
pub struct Upsert;

impl Write for Upsert {
    const NAME: &'static str = "upsert_records";

    type Path = OfType;
    type Query = ();
    type Body<'b> = PageBody<'b>;

    fn command<'b>(asked: Asked<'b, Self>) -> Command<'b> {
        let Asked { at, body: PageBody(page), .. } = asked;
        Command::UpsertRecords { app_id: at.app_id, slug: at.slug.as_str().into(), page }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let Reply::Page(outcome) = &done.reply else { return None };
        Some(answer::ok(answer::page(outcome)))
    }
}

/// Marks records inactive.
#[derive(Debug)]
pub struct Deactivate;

/// The body of [`Deactivate`].
#[derive(Debug)]
pub struct Leavers(Vec<String>);

impl Object for Leavers {
    const FIELDS: &'static [&'static str] = &["ids"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let ids = fields.texts("ids")?;
        fields.required("ids", ids).map(Self)
    }
}

impl Write for Deactivate {
    const NAME: &'static str = "deactivate_records";

    type Path = OfType;
    type Query = ();
    type Body<'b> = Leavers;

    fn command(Asked { at, body: Leavers(ids), .. }: Asked<'_, Self>) -> Command<'_> {
        let ids = ids.into_iter().map(Into::into).collect();
        Command::DeactivateRecords { app_id: at.app_id, slug: at.slug.as_str().into(), ids }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let Reply::Deactivation(outcome) = &done.reply else { return None };
        Some(answer::ok(json!({
            "total": outcome.total,
            "deactivated": outcome.deactivated,
            "unchanged": outcome.unchanged,
            "unknown": outcome.unknown,
        })))
    }
}
