//! What calls show.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use headcount::{
    AppView, AttributeView, Fault, Field, Guard, PageOutcome, RecordView, ResourceType, SessionView,
    TaskView, Timestamp,
};
use serde_json::{Map, Value, json};

use crate::feed::{Names, Record, Told};

/// A body with a status.
pub fn json(status: StatusCode, body: Value) -> Response {
    (status, Json(body)).into_response()
}

/// 200.
pub fn ok(body: Value) -> Response {
    json(StatusCode::OK, body)
}

/// 204: nothing is to be said.
pub fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A moment as RFC 3339 in UTC.
pub fn time(at: Timestamp) -> Value {
    jiff::Timestamp::from_millisecond(at.as_millis()).map_or(Value::Null, |at| at.to_string().into())
}

fn optional_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}

/// An app as its creation answers.
pub fn app(app: AppView<'_>) -> Value {
    json!({
        "id": app.id(),
        "name": app.name(),
        "configuration_status": app.configuration_status(),
        "created_at": time(app.created_at()),
        "last_synced_at": optional_time(app.last_synced_at()),
    })
}

/// An app as all other calls answer: with its guard.
pub fn guarded_app(of: AppView<'_>) -> Value {
    let mut body = app(of);
    body["guard"] = guard(of.guard());
    body
}

/// A guard; null if it limits nothing.
pub fn guard(guard: Guard) -> Value {
    if guard.is_none() {
        Value::Null
    } else {
        json!({
            "max_count": guard.max_count,
            "max_percent": guard.max_percent,
            "max_type_percent": guard.max_type_percent,
            "min_count": guard.min_count,
            "require_pages": guard.require_pages,
            "max_removals": guard.max_removals,
            "max_removals_percent": guard.max_removals_percent,
        })
    }
}

/// A resource type.
pub fn resource_type(of: &ResourceType) -> Value {
    json!({
        "id": of.id(),
        "slug": of.slug(),
        "name": of.name(),
        "type": of.kind(),
        "created_at": time(of.created_at()),
    })
}

/// A session with its progress and counts.
pub fn session(session: SessionView<'_>) -> Value {
    let progress = session.progress().map(|progress| {
        let of = progress.resource_type;
        json!({
            "slug": of.slug(),
            "name": of.name(),
            "type": of.kind(),
            "synced_count": progress.synced_count,
            "retained_count": progress.retained_count,
            "pages": progress.pages,
            "in_scope": progress.in_scope,
        })
    });
    json!({
        "sync_id": session.id(),
        "status": session.status(),
        "progress": progress.collect::<Value>(),
        "started_at": time(session.started_at()),
        "ended_at": optional_time(session.ended_at()),
        "last_activity_at": time(session.last_activity_at()),
        "guard_waived": session.guard_waived(),
        "checkpoint": session.checkpoint(),
        "reason": session.reason(),
        "counts": session.counts(),
    })
}

/// What a page did, in three figures; the rest is in its session's counts.
pub fn page(outcome: &PageOutcome) -> Value {
    json!({"total": outcome.total, "created": outcome.created, "updated": outcome.updated})
}

/// The faults of a page's records.
pub fn faults(faults: &[Fault]) -> Value {
    let fault = |fault: &Fault| {
        json!({
            "index": fault.index,
            "id": fault.id,
            "field": fault.field,
            "code": fault.code,
            "message": format!("found {}, expected {}", fault.found, fault.expected),
        })
    };
    faults.iter().map(fault).collect()
}

/// A record with the fields of its kind.
pub fn record(record: RecordView<'_>) -> Value {
    let mut body = json!({
        "id": record.id(),
        "active": record.is_active(),
        "placeholder": record.is_placeholder(),
        "inactive_since": optional_time(record.inactive_since()),
    });
    let Some(status) = record.status() else {
        body["name"] = json!(record.name());
        body["description"] = json!(record.description());
        body["attributes"] = attributes(record);
        return body;
    };
    body["email"] = json!(record.email());
    body["username"] = json!(record.username());
    body["first_name"] = json!(record.first_name());
    body["last_name"] = json!(record.last_name());
    body["display_name"] = json!(record.display_name());
    body["status"] = json!(status);
    let (mut memberships, mut assignments) = (Map::new(), Map::new());
    for target in record.references() {
        let of = target.resource_type();
        let map = if of.kind() == headcount::Kind::License { &mut assignments } else { &mut memberships };
        let list = map.entry(of.slug()).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(json!({"id": target.id(), "name": target.name()}));
        }
    }
    body["attributes"] = attributes(record);
    body["memberships"] = memberships.into();
    body["assignments"] = assignments.into();
    body
}

/// A record's attributes by their names.
fn attributes(record: RecordView<'_>) -> Value {
    let value = |value| match value {
        AttributeView::Text(text) => text.into(),
        AttributeView::Integer(number) => number.into(),
        AttributeView::Boolean(flag) => flag.into(),
        AttributeView::Texts(texts) => texts.collect(),
    };
    let attributes = record.attributes().map(|(name, shown)| (name.to_owned(), value(shown)));
    attributes.collect::<Map<String, Value>>().into()
}

/// A member of a group, or the holder of a license.
pub fn member(account: RecordView<'_>) -> Value {
    json!({
        "slug": account.resource_type().slug(),
        "id": account.id(),
        "email": account.email(),
        "username": account.username(),
    })
}

/// A record that completing would mark inactive, with what a person knows it by.
pub fn marked(record: RecordView<'_>) -> Value {
    json!({
        "slug": record.resource_type().slug(),
        "id": record.id(),
        "email": record.email(),
        "username": record.username(),
        "name": record.name(),
    })
}

/// A change, with what it names.
pub fn change(seq: u64, told: &Told<'_>) -> Value {
    let mut body = json!({"seq": seq, "at": time(told.at), "app": told.app_id, "kind": told.kind});
    match &told.names {
        Names::App => {}
        Names::NewApp { clone_from } => body["clone_from"] = json!(clone_from),
        Names::ResourceType { id, slug } => body["resource_type"] = json!({"id": id, "slug": slug}),
        Names::Session(id) => body["sync_id"] = json!(id),
        Names::EndedSession(id, status) => {
            body["sync_id"] = json!(id);
            body["status"] = json!(status);
        }
        Names::Record(record) => body["record"] = named(*record),
        Names::UpdatedRecord(record, fields) => {
            body["record"] = named(*record);
            body["fields"] = fields.iter().map(Field::as_str).collect();
        }
        Names::Reference { account, target } => {
            body["account"] = named(*account);
            body["target"] = named(*target);
        }
        Names::Task(id) => body["task_id"] = json!(id),
    }
    body
}

fn named(Record { slug, id }: Record<'_>) -> Value {
    json!({"slug": slug, "id": id})
}

/// A task as a reader sees it now. Its payload and result were stored as JSON.
pub fn task(task: TaskView<'_>, now: Timestamp) -> Value {
    let parsed =
        |text: Option<&str>| text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    json!({
        "id": task.id(),
        "action": task.action(),
        "resource_type": task.resource_type().slug(),
        "status": task.status(now),
        "execute_after": optional_time(task.execute_after()),
        "created_at": time(task.created_at()),
        "payload": parsed(task.payload()),
        "result": parsed(task.result()),
        "error": task.error().map(|(code, message)| json!({"code": code, "message": message})),
    })
}
