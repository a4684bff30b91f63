//! Apps.

use axum::http::StatusCode;
use axum::response::Response;
use headcount::{AppId, AppUpdate, AppView, Command, Engine, Guard, Reply, Timestamp, Uuid};
use serde_json::json;

use crate::answer;
use crate::call::{
    Asked, Done, Fields, Made, Malformed, Object, OfApp, OfTenant, Paging, Read, Refusal, Rows, Write,
};
use crate::tenant::Tenant;

/// Creates an app.
#[derive(Debug)]
pub struct Create;

/// The body of [`Create`].
#[derive(Debug)]
pub struct NewApp {
    name: String,
    clone_from: Option<AppId>,
}

impl Object for NewApp {
    const FIELDS: &'static [&'static str] = &["name", "clone_from"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        Ok(Self { name: fields.text("name")?.unwrap_or_default(), clone_from: fields.parsed("clone_from")? })
    }
}

impl Write for Create {
    const NAME: &'static str = "create_app";

    type Path = OfTenant;
    type Query = ();
    type Body<'b> = NewApp;

    const MAKES: bool = true;

    fn made(engine: &Engine, _: &OfTenant, id: Uuid, body: &NewApp) -> Made {
        let Some(app) = engine.app(AppId(id)) else { return Made::Nothing };
        let is_clone = |from| app.clone_group().any(|other| other == from);
        if app.name() == body.name && body.clone_from.is_none_or(is_clone) {
            Made::Same(answer::json(StatusCode::CREATED, answer::app(app)))
        } else {
            Made::Other
        }
    }

    fn command(Asked { body, fresh_id, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::CreateApp { app_id: AppId(fresh_id), name: body.name.into(), clone_from: body.clone_from }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let app = done.engine.app(AppId(done.fresh_id))?;
        Some(answer::json(StatusCode::CREATED, answer::app(app)))
    }
}

/// Lists the tenant's apps.
#[derive(Debug)]
pub struct List;

impl Read for List {
    const NAME: &'static str = "list_apps";

    type Path = OfTenant;
    type Query = Paging;

    fn answer(tenant: &Tenant, paging: Paging, url: &str) -> Result<Response, Refusal> {
        let apps = tenant.engine.apps().skip(paging.offset).take(paging.limit);
        Ok(paging.page(tenant.engine.apps().len(), url, None, Rows::of(apps.map(answer::guarded_app))))
    }
}

/// Reads an app.
#[derive(Debug)]
pub struct Get;

impl Read for Get {
    const NAME: &'static str = "read_app";

    type Path = OfApp;
    type Query = ();

    fn answer(app: AppView<'_>, (): (), _: &str) -> Result<Response, Refusal> {
        Ok(answer::ok(answer::guarded_app(app)))
    }
}

/// Changes an app's name or guard.
#[derive(Debug)]
pub struct Update;

/// A guard of null removes it; an absent one leaves it.
impl Object for AppUpdate<'static> {
    const FIELDS: &'static [&'static str] = &["name", "guard"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let mut update = Self::default();
        update.name = fields.text("name")?.map(Into::into);
        update.guard = match (fields.has("guard"), fields.object("guard", GUARD_FIELDS)?) {
            (false, _) => None,
            (true, None) => Some(Guard::NONE),
            (true, Some(mut limits)) => Some(guard(&mut limits)?),
        };
        Ok(update)
    }
}

/// What a guard may set.
const GUARD_FIELDS: &[&str] = &[
    "max_count",
    "max_percent",
    "max_type_percent",
    "min_count",
    "require_pages",
    "max_removals",
    "max_removals_percent",
];

fn guard(limits: &mut Fields<'_>) -> Result<Guard, Malformed> {
    let mut guard = Guard::NONE;
    let mut percent = |name: &str| {
        let percent = limits.number(name, 100)?;
        Ok::<_, Malformed>(percent.and_then(|percent| u8::try_from(percent).ok()))
    };
    guard.max_percent = percent("max_percent")?;
    guard.max_type_percent = percent("max_type_percent")?;
    guard.max_removals_percent = percent("max_removals_percent")?;
    guard.max_count = limits.number("max_count", u64::MAX)?;
    guard.min_count = limits.number("min_count", u64::MAX)?.unwrap_or(0);
    guard.max_removals = limits.number("max_removals", u64::MAX)?;
    guard.require_pages = limits.flag("require_pages")?.unwrap_or(false);
    Ok(guard)
}

impl Write for Update {
    const NAME: &'static str = "update_app";

    type Path = OfApp;
    type Query = ();
    type Body<'b> = AppUpdate<'static>;

    fn command(Asked { at, body: update, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::UpdateApp { app_id: at.app_id, update }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        Some(answer::ok(answer::guarded_app(done.engine.app(done.at.app_id)?)))
    }
}

/// Deletes an app.
#[derive(Debug)]
pub struct Delete;

impl Write for Delete {
    const NAME: &'static str = "delete_app";

    type Path = OfApp;
    type Query = ();
    type Body<'b> = ();

    fn command(Asked { at, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::DeleteApp { app_id: at.app_id }
    }

    fn answer(_: &Done<'_, Self>) -> Option<Response> {
        Some(answer::no_content())
    }
}

/// Removes what has long been inactive.
#[derive(Debug)]
pub struct Purge;

/// The body of [`Purge`].
#[derive(Debug)]
pub struct PurgeBefore(Timestamp);

impl Object for PurgeBefore {
    const FIELDS: &'static [&'static str] = &["inactive_before"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let before = fields.moment("inactive_before")?;
        fields.required("inactive_before", before).map(Self)
    }
}

impl Write for Purge {
    const NAME: &'static str = "purge_inactive";

    type Path = OfApp;
    type Query = ();
    type Body<'b> = PurgeBefore;

    fn command(Asked { at, body: PurgeBefore(inactive_before), .. }: Asked<'_, Self>) -> Command<'_> {
        Command::PurgeInactive { app_id: at.app_id, inactive_before }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let Reply::Purge(outcome) = &done.reply else { return None };
        Some(answer::ok(json!({"purged": outcome.purged})))
    }
}

/// Not of the sync API: what two copies of a tenant are compared by.
#[derive(Debug)]
pub struct Digest;

impl Read for Digest {
    const NAME: &'static str = "read_digest";

    type Path = OfTenant;
    type Query = ();

    fn answer(Tenant { engine, .. }: &Tenant, (): (), _: &str) -> Result<Response, Refusal> {
        Ok(answer::ok(json!({"digest": format!("{:032x}", engine.digest()), "seq": engine.seq()})))
    }
}
