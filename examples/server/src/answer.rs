//! What calls show.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use headcount::{
    AppView, AttributeView, Fault, Field, Guard, Kind, PageOutcome, RecordView, ResourceType, SessionView,
    TaskView, Timestamp,
};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::feed::{Names, Record, Told};

/// A body with a status.
pub fn json(status: StatusCode, body: impl Serialize) -> Response {
    (status, Json(body)).into_response()
}

/// 200.
pub fn ok(body: impl Serialize) -> Response {
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

/// A record with the fields of its kind. It is written as it is read: an account may have thousands of references.
pub fn record(record: RecordView<'_>) -> impl Serialize {
    Shown(record)
}

struct Shown<'e>(RecordView<'e>);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(record) = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", record.id())?;
        map.serialize_entry("active", &record.is_active())?;
        map.serialize_entry("placeholder", &record.is_placeholder())?;
        map.serialize_entry("inactive_since", &optional_time(record.inactive_since()))?;
        let Some(status) = record.status() else {
            map.serialize_entry("name", &record.name())?;
            map.serialize_entry("description", &record.description())?;
            map.serialize_entry("attributes", &Attributes(record))?;
            return map.end();
        };
        map.serialize_entry("email", &record.email())?;
        map.serialize_entry("username", &record.username())?;
        map.serialize_entry("first_name", &record.first_name())?;
        map.serialize_entry("last_name", &record.last_name())?;
        map.serialize_entry("display_name", &record.display_name())?;
        map.serialize_entry("status", &status)?;
        map.serialize_entry("attributes", &Attributes(record))?;
        let targets: Vec<RecordView<'_>> = record.references().collect();
        map.serialize_entry("memberships", &References { targets: &targets, are_assignments: false })?;
        map.serialize_entry("assignments", &References { targets: &targets, are_assignments: true })?;
        map.end()
    }
}

/// Those of an account's references that are to groups, or to licenses, by type.
struct References<'a, 'e> {
    targets: &'a [RecordView<'e>],
    are_assignments: bool,
}

impl Serialize for References<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        // They come by type.
        for of_type in
            self.targets.chunk_by(|one, next| one.resource_type().id() == next.resource_type().id())
        {
            let Some(first) = of_type.first() else { continue };
            if (first.resource_type().kind() == Kind::License) == self.are_assignments {
                map.serialize_entry(first.resource_type().slug(), &Targets(of_type))?;
            }
        }
        map.end()
    }
}

/// What an account refers to of one type.
struct Targets<'a, 'e>(&'a [RecordView<'e>]);

impl Serialize for Targets<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Target<'e> {
            id: &'e str,
            name: Option<&'e str>,
        }
        serializer.collect_seq(self.0.iter().map(|target| Target { id: target.id(), name: target.name() }))
    }
}

/// A record's attributes by their names.
struct Attributes<'e>(RecordView<'e>);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = |value| -> Value {
            match value {
                AttributeView::Text(text) => text.into(),
                AttributeView::Integer(number) => number.into(),
                AttributeView::Boolean(flag) => flag.into(),
                AttributeView::Texts(texts) => texts.collect(),
            }
        };
        serializer.collect_map(self.0.attributes().map(|(name, shown)| (name, value(shown))))
    }
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

/// A task as a reader sees it now. Payload and result are the bytes that were sent.
pub fn task(task: TaskView<'_>, now: Timestamp) -> impl Serialize {
    ShownTask { task, now }
}

/// A value as it was sent: it was JSON when it was taken.
fn sent(text: Option<&str>) -> Option<&RawValue> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

struct ShownTask<'e> {
    task: TaskView<'e>,
    now: Timestamp,
}

impl Serialize for ShownTask<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { task, now } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &task.id())?;
        map.serialize_entry("action", &task.action())?;
        map.serialize_entry("resource_type", task.resource_type().slug())?;
        map.serialize_entry("status", &task.status(now))?;
        map.serialize_entry("execute_after", &optional_time(task.execute_after()))?;
        map.serialize_entry("created_at", &time(task.created_at()))?;
        map.serialize_entry("payload", &sent(task.payload()))?;
        map.serialize_entry("result", &sent(task.result()))?;
        let error = task.error().map(|(code, message)| json!({"code": code, "message": message}));
        map.serialize_entry("error", &error)?;
        map.end()
    }
}
