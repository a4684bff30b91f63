//! Apps and their resource types.

use axum::http::StatusCode;
use headcount::{
    AppId, AppUpdate, Command, Guard, Kind, Reply, ResourceTypeId, ResourceTypeUpdate, Timestamp,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Body, Call, no_content, object, ok};
use crate::answer::{self, Answer};
use crate::refusal::Refusal;

#[derive(Deserialize)]
struct NewApp {
    name: Option<String>,
    clone_from: Option<String>,
}

pub(super) async fn create(call: Call, body: Body) -> Answer {
    let new: NewApp = object(body, false)?;
    let clone_from = new.clone_from.filter(|id| !id.is_empty());
    let clone_from = clone_from.map(|id| {
        Uuid::parse_str(&id)
            .map(AppId)
            .map_err(|_| Refusal::malformed(format!("clone_from: {id:?} is no UUID")))
    });
    let app = AppId(Uuid::new_v4());
    let name = new.name.unwrap_or_default().into();
    let command = Command::CreateApp { app, name, clone_from: clone_from.transpose()? };
    let shown = call.answer_with(&command, app, |app, _| Some(answer::app(app, false))).await?;
    Ok(answer::json(StatusCode::CREATED, shown))
}

pub(super) async fn list(call: Call) -> Answer {
    let paging = call.paging()?;
    let (count, results) = call.read(|engine| {
        let apps = engine.apps().skip(paging.offset).take(paging.limit);
        (engine.apps().count(), apps.map(|app| answer::app(app, true)).collect())
    });
    Ok(paging.page(count, &call.list_url(None), results))
}

pub(super) async fn read(call: Call) -> Answer {
    ok(call.read_app(|app| Ok(answer::app(app, true)))?)
}

#[derive(Deserialize)]
struct AppPatch {
    name: Option<String>,
    /// Null removes the guard; absent leaves it.
    #[serde(default, deserialize_with = "null_is_none")]
    guard: Option<Guard>,
}

#[derive(Default, Deserialize)]
struct GuardBody {
    max_count: Option<u64>,
    max_percent: Option<u64>,
}

fn null_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Guard>, D::Error> {
    let fields = Option::<serde_json::Map<String, Value>>::deserialize(deserializer)?.unwrap_or_default();
    let guard: GuardBody = serde_json::from_value(fields.into()).map_err(serde::de::Error::custom)?;
    // What is beyond a byte is beyond 100, too, and refused as such.
    let max_percent = guard.max_percent.map(|percent| u8::try_from(percent).unwrap_or(u8::MAX));
    Ok(Some(Guard { max_count: guard.max_count, max_percent }))
}

pub(super) async fn update(call: Call, body: Body) -> Answer {
    let app = call.id("app")?;
    call.read_app(|_| Ok(()))?;
    let patch: AppPatch = object(body, false)?;
    let update = AppUpdate { name: patch.name.map(Into::into), guard: patch.guard };
    let command = Command::UpdateApp { app, update };
    ok(call.answer_with(&command, app, |app, _| Some(answer::app(app, true))).await?)
}

pub(super) async fn delete(call: Call) -> Answer {
    call.apply(&Command::DeleteApp { app: call.id("app")? }, |_, _| ()).await?;
    no_content()
}

#[derive(Deserialize)]
struct PurgeBody {
    inactive_before: Option<String>,
}

/// A moment in RFC 3339 with any offset.
pub(super) fn moment(field: &str, text: &str) -> Result<Timestamp, Refusal> {
    let parsed = text.parse::<jiff::Timestamp>();
    let at = parsed.map_err(|error| Refusal::malformed(format!("{field}: {error}")))?;
    Ok(Timestamp(at.as_millisecond()))
}

pub(super) async fn purge(call: Call, body: Body) -> Answer {
    let app = call.id("app")?;
    call.read_app(|_| Ok(()))?;
    let before = object::<PurgeBody>(body, false)?.inactive_before.filter(|text| !text.is_empty());
    let before = before.ok_or_else(|| Refusal::malformed("inactive_before is missing"))?;
    let command = Command::PurgeInactive { app, inactive_before: moment("inactive_before", &before)? };
    let purged = call.apply(&command, |_, reply| match reply {
        Reply::Purge(outcome) => outcome.purged,
        _ => 0,
    });
    ok(json!({"purged": purged.await?}))
}

#[derive(Deserialize)]
struct TypeBody {
    slug: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl TypeBody {
    fn kind(&self) -> Result<Option<Kind>, Refusal> {
        match self.kind.as_deref().filter(|kind| !kind.is_empty()) {
            None => Ok(None),
            Some("account") => Ok(Some(Kind::Account)),
            Some("group") => Ok(Some(Kind::Group)),
            Some("license") => Ok(Some(Kind::License)),
            Some(other) => {
                Err(Refusal::malformed(format!("type: {other:?} is none of account, group, license")))
            }
        }
    }
}

pub(super) async fn register(call: Call, body: Body) -> Answer {
    let app = call.id("app")?;
    call.read_app(|_| Ok(()))?;
    let new: TypeBody = object(body, false)?;
    let kind = new.kind()?.ok_or_else(|| Refusal::malformed("type is missing"))?;
    let id = ResourceTypeId(Uuid::new_v4());
    let (slug, name) = (new.slug.unwrap_or_default().into(), new.name.unwrap_or_default().into());
    let command = Command::RegisterResourceType { app, id, slug, name, kind };
    let show = move |app: headcount::AppView<'_>, _| app.resource_type_by_id(id).map(answer::resource_type);
    Ok(answer::json(StatusCode::CREATED, call.answer_with(&command, app, show).await?))
}

pub(super) async fn types(call: Call) -> Answer {
    let paging = call.paging()?;
    let (count, results) = call.read_app(|app| {
        let types = app.resource_types();
        Ok((
            types.len(),
            types.iter().skip(paging.offset).take(paging.limit).map(answer::resource_type).collect(),
        ))
    })?;
    Ok(paging.page(count, &call.list_url(None), results))
}

pub(super) async fn update_type(call: Call, body: Body) -> Answer {
    let app = call.id("app")?;
    let slug = call.path("slug").to_owned();
    let id =
        call.read_app(|app| app.resource_type(&slug).map(|of| of.id()).ok_or_else(Refusal::not_found))?;
    let patch: TypeBody = object(body, false)?;
    let kind = patch.kind()?;
    let update =
        ResourceTypeUpdate { name: patch.name.map(Into::into), slug: patch.slug.map(Into::into), kind };
    let command = Command::UpdateResourceType { app, slug: slug.into(), update };
    let show = move |app: headcount::AppView<'_>, _| app.resource_type_by_id(id).map(answer::resource_type);
    ok(call.answer_with(&command, app, show).await?)
}

/// Not of the sync API: what two copies of a tenant are compared by.
pub(super) async fn digest(call: Call) -> Answer {
    let (digest, seq) = call.read(|engine| (engine.digest(), engine.seq()));
    ok(json!({"digest": format!("{digest:032x}"), "seq": seq}))
}
