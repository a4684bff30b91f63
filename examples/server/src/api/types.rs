//! Resource types.

use axum::http::StatusCode;
use axum::response::Response;
use headcount::{AppView, Command, Engine, Error, Kind, ResourceTypeId, ResourceTypeUpdate};
use serde_json::Value;

use crate::answer;
use crate::call::{Asked, Done, Fields, Malformed, Object, OfApp, OfType, Paging, Read, Write};

/// The kinds, as the field `type` has them.
const KINDS: &[(&str, Kind)] =
    &[("account", Kind::Account), ("group", Kind::Group), ("license", Kind::License)];

/// Registers a resource type.
#[derive(Debug)]
pub struct Register;

/// The body of [`Register`].
#[derive(Debug)]
pub struct NewType {
    slug: String,
    name: String,
    kind: Kind,
}

impl Object for NewType {
    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        let (slug, name) = (fields.text("slug")?, fields.text("name")?);
        let kind = fields.choice("type", KINDS)?;
        Ok(Self {
            slug: slug.unwrap_or_default(),
            name: name.unwrap_or_default(),
            kind: fields.required("type", kind)?,
        })
    }
}

impl Write for Register {
    type Path = OfApp;
    type Query = ();
    type Body<'b> = NewType;

    fn command(
        Asked { at, body: NewType { slug, name, kind }, fresh_id, .. }: Asked<'_, Self>,
    ) -> Command<'_> {
        let id = ResourceTypeId(fresh_id);
        Command::RegisterResourceType { app: at.app, id, slug: slug.into(), name: name.into(), kind }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let app = done.engine.app(done.at.app)?;
        let created = app.resource_type_by_id(ResourceTypeId(done.fresh_id))?;
        Some(answer::json(StatusCode::CREATED, answer::resource_type(created)))
    }
}

/// Lists the types of an app's clone group.
#[derive(Debug)]
pub struct List;

impl Read for List {
    type Path = OfApp;
    type Query = Paging;

    fn answer(app: AppView<'_>, paging: Paging, url: &str) -> Result<Response, Error> {
        let types = app.resource_types();
        let results = types.iter().skip(paging.offset).take(paging.limit).map(answer::resource_type);
        Ok(paging.page(types.len(), url, None, results.collect()))
    }
}

/// Changes a type for all apps of the clone group.
#[derive(Debug)]
pub struct Update;

/// The body of [`Update`].
#[derive(Debug)]
pub struct TypePatch {
    name: Option<String>,
    slug: Option<String>,
    kind: Option<Kind>,
}

impl Object for TypePatch {
    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        Ok(Self {
            name: fields.text("name")?,
            slug: fields.text("slug")?,
            kind: fields.choice("type", KINDS)?,
        })
    }
}

impl Write for Update {
    type Path = OfType;
    type Query = ();
    type Body<'b> = TypePatch;

    fn command(Asked { at, body, .. }: Asked<'_, Self>) -> Command<'_> {
        let update = ResourceTypeUpdate {
            name: body.name.map(Into::into),
            slug: body.slug.map(Into::into),
            kind: body.kind,
        };
        Command::UpdateResourceType { app: at.app, slug: at.slug.as_str().into(), update }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        Some(answer::ok(changed(done.engine, done.at)?))
    }
}

/// The type that a path named, whatever its slug is now.
fn changed(engine: &Engine, at: &OfType) -> Option<Value> {
    engine.app(at.app)?.resource_type_by_id(at.id).map(answer::resource_type)
}
