//! Resource types.

use axum::http::StatusCode;
use axum::response::Response;
use headcount::{AppView, Command, Engine, Kind, NewResourceType, ResourceTypeId, ResourceTypeUpdate, Uuid};
use serde_json::Value;

use crate::answer;
use crate::call::{
    Asked, Done, Fields, Made, Malformed, Object, OfApp, OfType, Paging, Read, Refusal, Rows, Write,
};

/// Registers a resource type.
#[derive(Debug)]
pub struct Register;

impl Object for NewResourceType<'static> {
    const FIELDS: &'static [&'static str] = &["slug", "name", "type"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let (slug, name) = (fields.text("slug")?, fields.text("name")?);
        let kind = fields.parsed("type")?;
        let kind: Kind = fields.required("type", kind)?;
        Ok(Self::new(slug.unwrap_or_default(), name.unwrap_or_default(), kind))
    }
}

impl Write for Register {
    const NAME: &'static str = "register_resource_type";

    type Path = OfApp;
    type Query = ();
    type Body<'b> = NewResourceType<'static>;

    const MAKES: bool = true;

    fn made(engine: &Engine, at: &OfApp, id: Uuid, body: &NewResourceType<'static>) -> Made {
        let made = engine.app(at.app_id).and_then(|app| app.resource_type_by_id(ResourceTypeId(id)));
        let Some(made) = made else { return Made::Nothing };
        if made.slug() == body.slug && made.name() == body.name && made.kind() == body.kind {
            Made::Same(answer::json(StatusCode::CREATED, answer::resource_type(made)))
        } else {
            Made::Other
        }
    }

    fn command(Asked { at, body: new, fresh_id, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::RegisterResourceType { app_id: at.app_id, resource_type_id: ResourceTypeId(fresh_id), new }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let app = done.engine.app(done.at.app_id)?;
        let created = app.resource_type_by_id(ResourceTypeId(done.fresh_id))?;
        Some(answer::json(StatusCode::CREATED, answer::resource_type(created)))
    }
}

/// Lists the types of an app's clone group.
#[derive(Debug)]
pub struct List;

impl Read for List {
    const NAME: &'static str = "list_resource_types";

    type Path = OfApp;
    type Query = Paging;

    fn answer(app: AppView<'_>, paging: Paging, url: &str) -> Result<Response, Refusal> {
        let types = app.resource_types();
        let results = types.clone().skip(paging.offset).take(paging.limit).map(answer::resource_type);
        Ok(paging.page(types.len(), url, None, Rows::of(results)))
    }
}

/// Changes a type for all apps of the clone group.
#[derive(Debug)]
pub struct Update;

impl Object for ResourceTypeUpdate<'static> {
    const FIELDS: &'static [&'static str] = &["name", "slug", "type"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let mut update = Self::default();
        update.name = fields.text("name")?.map(Into::into);
        update.slug = fields.text("slug")?.map(Into::into);
        update.kind = fields.parsed("type")?;
        Ok(update)
    }
}

impl Write for Update {
    const NAME: &'static str = "update_resource_type";

    type Path = OfType;
    type Query = ();
    type Body<'b> = ResourceTypeUpdate<'static>;

    fn command(Asked { at, body: update, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::UpdateResourceType { app_id: at.app_id, slug: at.slug.as_str().into(), update }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        Some(answer::ok(changed(done.engine, done.at)?))
    }
}

/// The type that a path named, whatever its slug is now.
fn changed(engine: &Engine, at: &OfType) -> Option<Value> {
    engine.app(at.app_id)?.resource_type_by_id(at.resource_type_id).map(answer::resource_type)
}
